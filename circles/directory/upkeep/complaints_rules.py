"""What an organizer types about a complaint: the closing with its two notes, and the date of an answer. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from circles.base.english import Labels
from circles.base.errors import Reason
from circles.base.reading import Reader

MAX_ANSWER: Final = 2000
# As the page of a hidden listing has room for.
MAX_TO_THERAPIST: Final = 500
MAX_NOTE: Final = 2000
# How far ahead the date of an answer may lie.
LATEST_ANSWER: Final = timedelta(days=90)

STEPS: Final = Labels(
    {
        "note": "Note",
        "date": "Another date",
        "hidden": "Closed: the listing was hidden",
        "kept": "Closed: the listing stays as it is",
    }
)


@dataclass(frozen=True, slots=True)
class Closing:
    """How a complaint is closed. answer: for the person who wrote. note: for the therapist, empty if is_silent."""

    decision: Literal["hidden", "kept"]
    answer: str
    note: str
    is_silent: bool = False


def read_closing(reader: Reader) -> Closing:
    """The closing of a form. Raises Refused with every reason."""
    decision = reader.value("decision")
    if decision not in ("hidden", "kept"):
        reader.reasons.append(Reason("decision", "Please choose one of the two.", "decision"))
    answer = reader.body("answer", max_length=MAX_ANSWER)
    is_silent = decision == "kept" and reader.value("silent") == "on"
    note = "" if is_silent else reader.body("to_therapist", max_length=MAX_TO_THERAPIST)
    reader.raise_refusals()
    return Closing("hidden" if decision == "hidden" else "kept", answer, note, is_silent)
