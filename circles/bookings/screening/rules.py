"""Screening rules: whom a circle admits, how many newcomers a gathering takes, and the states of a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from circles.base import clock, text
from circles.base.errors import Reason
from circles.base.reading import Reader
from circles.base.row import Row

State = Literal["waiting", "asked", "approved", "declined", "withdrawn"]

# asked: a host asked a question back. A request that no move leads on from is decided.
MOVES: Final[Mapping[State, frozenset[State]]] = {
    "waiting": frozenset({"asked", "approved", "declined", "withdrawn"}),
    "asked": frozenset({"waiting", "approved", "declined", "withdrawn"}),
    "approved": frozenset(),
    "declined": frozenset(),
    "withdrawn": frozenset(),
}

MAX_QUESTIONS: Final = 6
# How many letters a question and an answer have at most.
MAX_QUESTION: Final = 200
MAX_ANSWER: Final = 2000
MAX_QUESTION_BACK: Final = 500
# How often hosts may ask back in one request.
MAX_ASKED: Final = 6
# What was written in a request is deleted so long after the decision; from then on one may send another.
KEEP_DAYS: Final = 30

# What a circle may ask before a first booking: title and hint of each choice.
ASKS: Final = {
    "off": ("Nothing", "Whoever likes may book."),
    "questions": ("A few short questions", "People answer in writing. You say yes or no, or ask back."),
    "call": ("A short call", "People say how to reach them and when. You call, then say yes or no."),
}
CALL_QUESTIONS: Final = (
    "How can we reach you? A phone number, or a mail address if you would rather have a link.",
    "When would a call suit you?",
)
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
QUESTION_BACK_TEXT: Final = "Thank you for writing. Could you tell us a little more about one thing?"

# What the hosts' pages say of a request, by its state.
HOST_LABELS: Final = {
    "waiting": "Waiting for you",
    "asked": "You asked back",
    "approved": "Welcome",
    "declined": "Not this time",
}
# Title and first sentence of a request's page for the person who sent it, by its state.
OWN_TEXTS: Final = {
    "waiting": (
        "Your request is with the hosts",
        "You get a mail as soon as they have answered. There is nothing more to do.",
    ),
    "asked": ("The hosts ask you something", "Please answer when you have a quiet moment."),
    "approved": (
        "You are welcome here",
        "You can book any date of this circle from now on. You will not be asked again.",
    ),
    "declined": ("Not this time", "The hosts read your request with care."),
    "withdrawn": (
        "This request is closed",
        "What was written in it is deleted. You can send another one whenever you like.",
    ),
}


# Who may book


@dataclass(frozen=True, slots=True)
class Admission:
    """How a circle admits people, and how far one person is admitted.

    asks: off, questions or call. newcomers: how many newcomers have a seat at the gathering in question.
    request_state: of their last request; empty when there is none that still counts.
    """

    asks: str = "off"
    version: int = 0
    own_questions: tuple[str, ...] = ()
    approved: bool = True
    newcomer: bool = False
    newcomers: int = 0
    newcomers_most: int | None = None
    newcomers_days: int | None = None
    request_id: UUID | None = None
    request_state: str = ""

    @property
    def questions(self) -> tuple[str, ...]:
        """What this person is asked before their first booking."""
        return CALL_QUESTIONS if self.asks == "call" else self.own_questions


# A circle that asks nothing and admits everybody.
OPEN: Final = Admission()
_NEWCOMERS_FULL: Final = Reason(
    "newcomers_full",
    "This gathering has as many people new to the circle as it takes. Another date may have room for you.",
)


def admission_of(row: Row) -> Admission:
    """The admission in a row of the query `eligibility`."""
    return Admission(
        asks=row["asks"],
        version=row["screening_version"],
        own_questions=tuple(row["questions"]),
        approved=row["asks"] == "off" or row["approved"],
        newcomer=row["newcomer"],
        newcomers=row["newcomers"],
        newcomers_most=row["newcomers_most"],
        newcomers_days=row["newcomers_days"],
        request_id=row["request_id"],
        request_state=row["request_state"],
    )


def admission_refusals(admission: Admission, starts_at: datetime, zone: str, now: datetime) -> list[Reason]:
    """Every reason why this person is not admitted to this gathering now."""
    reasons = []
    if not admission.approved:
        reasons.append(_not_approved(admission))
    if not admission.newcomer:
        return reasons
    opens = opens_for_newcomers(admission, starts_at)
    if opens and now < opens:
        sentence = f"People who are new to this circle can book from {clock.format_when(opens, zone)} on."
        reasons.append(Reason("newcomers_later", sentence))
    if admission.newcomers_most is not None and admission.newcomers >= admission.newcomers_most:
        reasons.append(_NEWCOMERS_FULL)
    return reasons


def opens_for_newcomers(admission: Admission, starts_at: datetime) -> datetime | None:
    """From when on newcomers may book; None when from the first."""
    return starts_at - timedelta(days=admission.newcomers_days) if admission.newcomers_days else None


def _not_approved(admission: Admission) -> Reason:
    by_state = {
        "waiting": "Your request is with the hosts. You can book as soon as they have said yes.",
        "asked": "The hosts asked you something. Please answer it first.",
        "declined": "The hosts have answered your request, and it was not a yes this time.",
    }
    no_request = (
        "This circle gets to know people before their first booking. Please send the hosts a request first."
    )
    return Reason("not_approved", by_state.get(admission.request_state, no_request))


def request_refusals(admission: Admission) -> list[Reason]:
    """Why this person need not or cannot send a request now."""
    if admission.approved:
        return [Reason("approved_already", "You can book here already.")]
    return [_not_approved(admission)] if admission.request_state else []


# The states of a request


def is_decided(state: State) -> bool:
    """Whether a request was answered with yes or no, or taken back."""
    return not MOVES[state]


def decision_refusals(state: State) -> list[Reason]:
    """Why a request cannot be decided or withdrawn any more."""
    if not is_decided(state):
        return []
    if state == "withdrawn":
        return [Reason("decided", "This request was withdrawn.")]
    return [Reason("decided", "This request was answered already, perhaps by another host.")]


def question_back_refusals(state: State, asked: int) -> list[Reason]:
    """Why a host cannot ask something back. asked: how many questions the request has so far."""
    if is_decided(state):
        return decision_refusals(state)
    if "asked" not in MOVES[state]:
        return [Reason("asked_already", "Your last question is not answered yet.", "question")]
    if asked >= MAX_QUESTIONS + MAX_ASKED:
        return [Reason("asked_enough", "You asked often enough here. Please decide, or call.", "question")]
    return []


def answer_refusals(state: State) -> list[Reason]:
    """Why the person cannot answer a question of the hosts."""
    if is_decided(state):
        return decision_refusals(state)
    if "waiting" not in MOVES[state]:
        return [Reason("not_asked", "Your answer is with the hosts already.")]
    return []


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
    questions = tuple(question for question in typed if question)
    if asks == "questions" and not questions:
        reader.reasons.append(Reason("no_questions", "Please write one question at least.", "q1"))
    most = _read_limit(
        reader, "newcomers_most", 0, 24, "Please type a number from 0 to 24, or leave it empty."
    )
    days = _read_limit(
        reader, "newcomers_days", 1, 90, "Please type a number from 1 to 90, or leave it empty."
    )
    reader.raise_refusals()
    return Screening(asks, questions, most, days)


def _read_limit(reader: Reader, field: str, low: int, high: int, refusal: str) -> int | None:
    return reader.whole(field, low, high, refusal) if reader.values.get(field, "").strip() else None


def screening_values(row: Row) -> dict[str, str]:
    """The fields of the settings form, from a row of the query `hosted_circle`."""
    questions = row["questions"] or ([] if row["version"] else STARTING_QUESTIONS)
    values = {f"q{number}": question for number, question in enumerate(questions, start=1)}
    limits = ("newcomers_most", "newcomers_days")
    return values | {"asks": row["asks"]} | {name: str(row[name]) for name in limits if row[name] is not None}


def read_answers(questions: Sequence[str], values: Mapping[str, str]) -> list[str]:
    """The answers a1, a2, ... to questions. Raises Refused with every reason."""
    reader = Reader(values)
    answers = [reader.body(f"a{number}", max_length=MAX_ANSWER) for number in range(1, len(questions) + 1)]
    reader.raise_refusals()
    return answers


def read_text(typed: str, field: str, *, max_length: int = MAX_ANSWER) -> str:
    """What a host or a person writes in a request. Raises Refused."""
    return text.body(typed, field, max_length=max_length)
