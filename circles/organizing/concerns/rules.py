"""What somebody writes to the organizers, and what they answer: the fields of the forms. Pure, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from circles.base import reading
from circles.base.english import Labels
from circles.base.errors import Reason
from circles.base.reading import Reader
from circles.people import parse_address

MAX_CHARACTERS: Final = 4000
# Days until somebody answers: sooner where it is about a person.
DAYS: Final = 7
DAYS_ABOUT_SOMEBODY: Final = 3
# How far ahead the date of an answer may lie.
LATEST_ANSWER: Final = timedelta(days=90)
# A year after it was closed, as the form promises.
FORGOTTEN_AFTER: Final = timedelta(days=365)
PURPOSE: Final = "concern"

STEPS: Final = Labels(
    {
        "reply": "They wrote again",
        "answer": "Answered",
        "note": "Note",
        "date": "Another date",
        "shut": "Closed without an answer",
    }
)


@dataclass(frozen=True, slots=True)
class Concern:
    """What somebody writes. email: of a visitor without an account. about_person: whom it is about, or None."""

    body: str
    email: str = ""
    about_person: UUID | None = None
    is_unnamed: bool = False

    @property
    def days(self) -> int:
        """Days until somebody answers."""
        return DAYS_ABOUT_SOMEBODY if self.about_person else DAYS


def read_concern(reader: Reader, *, signed_in: bool, about: UUID | None, choices: set[UUID]) -> Concern:
    """What was typed. about: whom the page is about; else it may be one of the choices.

    Raises Refused with every reason.
    """
    chosen = about
    typed = reader.value("about")
    if about is None and typed:
        chosen = reading.uuid_or_none(typed)
        if chosen not in choices:
            reader.add(Reason("about", "Please choose somebody from the list, or nobody.", "about"))
    email = "" if signed_in else reader.take(lambda: parse_address(reader.value("email")), "")
    body = reader.body("body", max_length=MAX_CHARACTERS)
    reader.raise_refusals()
    return Concern(body, email, chosen, signed_in and reader.value("unnamed") == "on")


def too_many() -> Reason:
    """The refusal of more in a day than one person or network may write."""
    return Reason(
        "too_many", "You wrote several times today. Nothing is lost: please send this one again tomorrow."
    )
