"""A kind of list: what its columns may be, how its file is read, and how its rows are decided."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from circles import sandbox
from circles.base.errors import Reason
from circles.store import db

LEFT_OUT: Final = ""
# A list of 5,000 rows and 100 columns, the most that is taken, needs 3 s of CPU time: 18 to 34 s on two processors with
# ten other processes that want them, since the child lets them go first. Its lines of JSON are 8 MB.
LIMITS: Final = sandbox.Limits(memory=768_000_000, cpu_seconds=20, seconds=100, answer=16_000_000)

Preview = Callable[[db.Tx, db.Record, Mapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class ListKind:
    """name: as stored. options: the fields a column may fill, by key. target: the function that reads a file.

    missing: the reasons against a choice of fields that lacks one. preview: decides every row of a locked import by
    its matches, in the caller's transaction, and keeps the outcomes.
    """

    name: str
    options: Mapping[str, str]
    target: sandbox.Target
    missing: Callable[[Iterable[str]], Sequence[Reason]]
    preview: Preview


def matches_refusals(kind: ListKind, keys: Sequence[str], also: Sequence[str], columns: int) -> list[Reason]:
    """Every reason against a match of columns and fields."""
    reasons = []
    taken: set[str] = set()
    for prefix, chosen in (("column", keys), ("also", also)):
        for n, key in enumerate(chosen):
            if key not in kind.options:
                reasons.append(Reason("unknown_choice", "Please choose one of the list.", f"{prefix}_{n}"))
            elif key != LEFT_OUT and key in taken:
                message = f"Two columns cannot both be “{kind.options[key]}”. Please leave one out."
                reasons.append(Reason("twice", message, f"{prefix}_{n}"))
            taken.add(key)
    if len(keys) != columns:
        reasons.append(
            Reason("columns", "The columns of this form are not those of the file. Please try again.")
        )
    return [*reasons, *kind.missing({*keys, *also})]
