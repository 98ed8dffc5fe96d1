"""Who may book in a circle that asks first, and how many newcomers a room takes: pure decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from circles.base import clock, text
from circles.base.errors import Reason, Refused
from circles.base.reading import Reader

MAX_QUESTIONS: Final = 6
MAX_QUESTION: Final = 200
MAX_ANSWER: Final = 2000
# What was said in a request is deleted so long after the decision; from then on one may ask again.
KEEP_DAYS: Final = 30
# How often one request may go back and forth.
MAX_ASKED: Final = 6

ASKS: Final = {
    "off": "Nothing: whoever likes may book",
    "questions": "A few short questions",
    "call": "A short call",
}
# What somebody is asked who is to be called.
CALL: Final = (
    "How can we reach you? A phone number, or a mail address if you would rather have a link.",
    "When would a call suit you?",
)
DECIDED: Final = ("approved", "declined", "withdrawn")

STARTING_QUESTIONS: Final = (
    "What brings you to this circle?",
    "When was your last medicine session, if you had one?",
    "Who or what holds you between the gatherings?",
)
DECLINE_TEXT: Final = (
    "Thank you for telling us so openly. After reading it with care we think that this circle is not the right "
    "place for you just now. That says nothing about you. A smaller setting, or somebody who has time for you "
    "alone, may carry you better at present. You are welcome to ask again later."
)
ASK_TEXT: Final = "Thank you for writing. Could you tell us a little more about one thing?"


@dataclass(frozen=True, slots=True)
class Room:
    """How a circle takes in people, and how one person stands there.

    asks: off, questions or call. newcomers: how many have a seat at the gathering in question.
    request_state: how their last request stands; empty when there is none that still counts.
    """

    asks: str = "off"
    version: int = 0
    questions: tuple[str, ...] = ()
    approved: bool = True
    newcomer: bool = False
    newcomers: int = 0
    newcomers_most: int | None = None
    newcomers_days: int | None = None
    request_id: UUID | None = None
    request_state: str = ""

    @property
    def asked(self) -> tuple[str, ...]:
        """What somebody is asked here."""
        return CALL if self.asks == "call" else self.questions


# A circle that asks nothing and takes everybody.
OPEN_DOOR: Final = Room()


def opens_for_newcomers(room: Room, starts_at: datetime) -> datetime | None:
    """From when on newcomers may book; None when from the first."""
    return starts_at - timedelta(days=room.newcomers_days) if room.newcomers_days else None


def refusals(room: Room, starts_at: datetime, zone: str, now: datetime) -> list[Reason]:
    """Every reason why the rules of the room keep this person from booking now."""
    reasons = []
    if not room.approved:
        reasons.append(_not_approved(room))
    if not room.newcomer:
        return reasons
    opens = opens_for_newcomers(room, starts_at)
    if opens and now < opens:
        text_ = f"People who are new to this circle can book from {clock.format_when(opens, zone)} on."
        reasons.append(Reason("newcomers_later", text_))
    if room.newcomers_most is not None and room.newcomers >= room.newcomers_most:
        text_ = "This gathering has as many people new to the circle as it takes. Another date may have room for you."
        reasons.append(Reason("newcomers_full", text_))
    return reasons


def _not_approved(room: Room) -> Reason:
    says = {
        "waiting": "Your request is with the hosts. You can book as soon as they have said yes.",
        "asked": "The hosts asked you something. Please answer it first.",
        "declined": "The hosts have answered your request, and it was not a yes this time.",
    }
    usual = (
        "This circle gets to know people before their first booking. Please send the hosts a request first."
    )
    return Reason("not_approved", says.get(room.request_state, usual))


# Forms


@dataclass(frozen=True, slots=True)
class Screening:
    """What a circle's hosts decide about who comes."""

    asks: str
    questions: tuple[str, ...]
    newcomers_most: int | None
    newcomers_days: int | None


def read_screening(values: Mapping[str, str]) -> Screening:
    """Read the settings form: asks, q1 to q6, newcomers_most, newcomers_days. Raises Refused with every reason."""
    reader = Reader(values)
    asks = reader.choice("asks", ASKS, "Please choose what you ask first.")
    typed = (
        reader.line(f"q{number}", max_length=MAX_QUESTION, required=False)
        for number in range(1, MAX_QUESTIONS + 1)
    )
    questions = tuple(each for each in typed if each)
    if asks == "questions" and not questions:
        reader.reasons.append(Reason("no_questions", "Please write one question at least.", "q1"))
    most = _limit(reader, "newcomers_most", 0, 24, "Please type a number from 0 to 24, or leave it empty.")
    days = _limit(reader, "newcomers_days", 1, 90, "Please type a number from 1 to 90, or leave it empty.")
    reader.raise_refusals()
    return Screening(asks, questions, most, days)


def _limit(reader: Reader, field: str, low: int, high: int, says: str) -> int | None:
    return reader.whole(field, low, high, says) if reader.values.get(field, "").strip() else None


def read_answers(questions: Sequence[str], values: Mapping[str, str]) -> list[str]:
    """The answers a1, a2, ... to questions. Raises Refused with every reason."""
    reader = Reader(values)
    answers = [reader.body(f"a{number}", max_length=MAX_ANSWER) for number in range(1, len(questions) + 1)]
    reader.raise_refusals()
    return answers


def read_words(values: Mapping[str, str], field: str, *, most: int = MAX_ANSWER) -> str:
    """What a host writes to somebody. Raises Refused."""
    return text.body(values.get(field, ""), field, max_length=most)


# A request's way


def may_decide(state: str) -> None:
    """Raises Refused when a request is decided already."""
    if state in DECIDED:
        says = (
            "This request was taken back."
            if state == "withdrawn"
            else "This request was answered already, perhaps by another host."
        )
        raise Refused(Reason("decided", says))


def may_ask_again(state: str, so_far: int) -> None:
    """Raises Refused when a question back cannot be asked. so_far: questions that stand in the request."""
    may_decide(state)
    if state == "asked":
        raise Refused(Reason("asked_already", "Your last question is not answered yet.", "question"))
    if so_far >= MAX_QUESTIONS + MAX_ASKED:
        raise Refused(
            Reason("asked_enough", "You asked often enough here. Please decide, or call.", "question")
        )


def may_send(room: Room) -> None:
    """Raises Refused when this person need not or cannot send a request now."""
    if room.approved:
        raise Refused(Reason("approved_already", "You can book here already."))
    if room.request_state:
        raise Refused(_not_approved(room))


def room_of(row: Mapping[str, Any]) -> Room:
    """The room as the desk's query tells of it."""
    return Room(
        asks=row["asks"],
        version=row["screening_version"],
        questions=tuple(row["questions"]),
        approved=row["asks"] == "off" or row["approved"],
        newcomer=row["newcomer"],
        newcomers=row["newcomers"],
        newcomers_most=row["newcomers_most"],
        newcomers_days=row["newcomers_days"],
        request_id=row["request_id"],
        request_state=row["request_state"],
    )
