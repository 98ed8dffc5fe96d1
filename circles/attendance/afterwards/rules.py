"""After a gathering: when its register can be closed, and notes for the next host."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from circles.base.english import choose
from circles.base.errors import Reason
from circles.base.reading import Reader

MAX_NOTE = 2000
MIN_REASON, MAX_REASON = 3, 300
# A register closes by itself so long after its gathering ended, or after it was opened again.
CLOSES_AFTER = timedelta(days=14)


def closing_refusals(state: str, begun: bool, unmarked: int) -> list[Reason]:
    """Every reason why a register cannot be closed now. unmarked: how many seats have no mark."""
    if state != "open":
        return [Reason("no_register", "This gathering has no register to close.")]
    if not begun:
        return [Reason("too_early", "The register can be closed once the gathering has begun.")]
    if unmarked:
        people = choose(unmarked, "One person is", f"{unmarked} people are")
        return [Reason("gaps", f"{people} not marked yet. Please say of each whether they came.")]
    return []


def read_reason(values: Mapping[str, str]) -> str:
    """Why a register is opened again. Raises Refused."""
    reader = Reader(values)
    reason = reader.line("why", max_length=MAX_REASON)
    if not reader.reasons and len(reason) < MIN_REASON:
        reader.reasons.append(Reason("no_reason", "Please say why, in a few words.", "why"))
    reader.raise_refusals()
    return reason


def read_note(values: Mapping[str, str], members: Iterable[UUID]) -> dict[str, Any]:
    """A note for the next host: about which of the members, and its text. Raises Refused with every reason."""
    reader = Reader(values)
    about = next((member for member in members if str(member) == values.get("about")), None)
    if about is None:
        reader.reasons.append(Reason("about_nobody", "Please choose who the note is about.", "about"))
    body = reader.body("body", max_length=MAX_NOTE)
    reader.raise_refusals()
    return {"about": about, "body": body}
