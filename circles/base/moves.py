"""State machines: a table of the moves that a stored state may make, and the check of one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

# state: the states that may follow it. One that nothing follows is final.
Moves = Mapping[Any, Collection[Any]]


def check_move(moves: Moves, before: str, after: str) -> None:
    """Raise RuntimeError for a move that the table lacks: no person can cause one, only a fault of ours."""
    if after not in moves.get(before, ()):
        raise RuntimeError(f"there is no move from {before} to {after}")
