"""Screening rules: whom a circle admits, how many newcomers a gathering takes, and the states of a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from circles.base import clock, text
from circles.base.clock import NOBODY, Viewer
from circles.base.english import Labels, choose, join_names, plural
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
# What somebody is asked who asks the hosts for each seat and is known to them.
SEAT_QUESTIONS: Final = ("Is there anything the hosts should know before they answer?",)
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
HOST_LABELS: Final = Labels(
    {
        "waiting": "Waiting for you",
        "asked": "You asked back",
        "approved": "Welcome",
        "declined": "Not this time",
    }
)
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

# The same for a request for one seat, where it differs.
SEAT_TEXTS: Final = OWN_TEXTS | {
    "approved": ("The hosts said yes", "You can book your seat at this date now."),
    "withdrawn": (
        "This request is closed",
        "What was written in it is deleted. You can ask for a seat again whenever you like.",
    ),
}
# The page of a request that is not sent yet, by what is asked: its title and first sentences.
REQUEST_TITLES: Final = {
    "questions": (
        "Before your first booking",
        "This circle gets to know people a little before they come for the first time. You are asked once, not for "
        "every date.",
    ),
    "call": (
        "Before your first booking",
        "This circle talks with people before they come for the first time. Tell the hosts how to reach you. You are "
        "asked once, not for every date.",
    ),
    "seat": ("Ask for a seat", "Please ask the hosts for your seat. They answer you by mail with yes or no."),
}
# What a request is, on the hosts' pages, by its kind.
KINDS: Final = {
    "questions": (
        "What they wrote",
        "answered your questions",
        "They can book every date of this circle from then on.",
    ),
    "call": ("A call, please", "asks for a call", "They can book every date of this circle from then on."),
    "seat": ("What they wrote", "asks for a seat", "They can book this one date from then on."),
}


# Who may book


@dataclass(frozen=True, slots=True)
class Admission:
    """How a circle admits people, and how far one person is admitted.

    asks: off, questions, call; or seat, for somebody who asks the hosts for each seat. circle_asks: what the circle
    asks anybody. admitted: whether the hosts know them; approved: whether they may book. newcomers: how many
    newcomers have a seat at the gathering in question. request_state: of their last request; empty when there is
    none that still counts.
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
    circle_asks: str = "off"
    admitted: bool = True

    @property
    def questions(self) -> tuple[str, ...]:
        """What this person is asked before they may book."""
        if self.answers_optional:
            return SEAT_QUESTIONS
        return CALL_QUESTIONS if "call" in (self.asks, self.circle_asks) else self.own_questions

    @property
    def answers_optional(self) -> bool:
        """Whether the hosts know this person already, who only asks for one more seat."""
        return self.asks == "seat" and (self.admitted or self.circle_asks == "off")


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
        approved=row["approved"],
        newcomer=row["newcomer"],
        newcomers=row["newcomers"],
        newcomers_most=row["newcomers_most"],
        newcomers_days=row["newcomers_days"],
        request_id=row["request_id"],
        request_state=row["request_state"],
        circle_asks=row["circle_asks"],
        admitted=row["admitted"],
    )


def admission_refusals(
    admission: Admission, starts_at: datetime, zone: str, now: datetime, viewer: Viewer = NOBODY
) -> list[Reason]:
    """Every reason why this person is not admitted to this gathering now."""
    reasons = []
    if not admission.approved:
        reasons.append(_not_approved(admission))
    if not admission.newcomer:
        return reasons
    opens = opens_for_newcomers(admission, starts_at)
    if opens and now < opens:
        reasons.append(Reason("newcomers_later", _newcomers_later(opens, zone, viewer)))
    if admission.newcomers_most is not None and admission.newcomers >= admission.newcomers_most:
        reasons.append(_NEWCOMERS_FULL)
    return reasons


_ASKED_ONCE: Final = "You are asked once, not for every date."
_FIRST: Final = {
    "seat": "Please ask the hosts for your seat first. They answer you by mail with yes or no.",
    "questions": f"Before your first booking, the hosts ask you a few short questions and say yes or no. {_ASKED_ONCE}",
    "call": f"Before your first booking, the hosts talk with you on a short call. {_ASKED_ONCE}",
}


def admission_notes(
    admission: Admission, starts_at: datetime, zone: str, now: datetime, viewer: Viewer = NOBODY
) -> tuple[str, ...]:
    """What this person meets before booking this gathering, in sentences; for its page."""
    notes = _first_notes(admission)
    if not admission.newcomer:
        return notes
    opens = opens_for_newcomers(admission, starts_at)
    later = (_newcomers_later(opens, zone, viewer),) if opens and now < opens else ()
    return notes + later + _most_notes(admission)


def circle_notes(admission: Admission) -> tuple[str, ...]:
    """What this person meets before booking any date of a circle, in sentences; for the circle's page."""
    notes = _first_notes(admission)
    if admission.request_state in ("waiting", "asked"):
        notes = ("Your request is with the hosts. See My gatherings.",)
    if not admission.newcomer:
        return notes
    days = admission.newcomers_days
    later = ()
    if days:
        span = plural(days, "day")
        later = (f"People who are new to this circle can book from {span} before the start on.",)
    return notes + later + _most_notes(admission)


def _first_notes(admission: Admission) -> tuple[str, ...]:
    if admission.approved or admission.request_state:
        return ()
    return (_FIRST[admission.asks],)


def _most_notes(admission: Admission) -> tuple[str, ...]:
    most = admission.newcomers_most
    if most is None:
        return ()
    if most == 0:
        return ("It takes nobody new to the circle at present.",)
    if admission.newcomers >= most:
        return (_NEWCOMERS_FULL.text,)
    people = plural(most, "person who is new", "people who are new")
    return (f"It takes at most {people} to the circle at one gathering.",)


def _newcomers_later(opens: datetime, zone: str, viewer: Viewer) -> str:
    return f"People who are new to this circle can book from {clock.format_when(opens, zone, viewer)} on."


def opens_for_newcomers(admission: Admission, starts_at: datetime) -> datetime | None:
    """From when on newcomers may book; None when from the first."""
    return starts_at - timedelta(days=admission.newcomers_days) if admission.newcomers_days else None


def _not_approved(admission: Admission) -> Reason:
    by_state = {
        "waiting": "Your request is with the hosts. You can book as soon as they have said yes.",
        "asked": "The hosts asked you something. Please answer it first.",
        "declined": "The hosts have answered your request, and it was not a yes this time.",
    }
    no_request = "Please ask the hosts for your seat first. They answer you with yes or no."
    if admission.asks != "seat":
        first = "This circle gets to know people before their first booking."
        no_request = f"{first} Please send the hosts a request first."
    return Reason("not_approved", by_state.get(admission.request_state, no_request))


def request_refusals(admission: Admission) -> list[Reason]:
    """Why this person need not or cannot send a request now."""
    if admission.approved:
        return [Reason("approved_already", "You can book here already.")]
    return [_not_approved(admission)] if admission.request_state else []


# The states of a request


def is_decided(state: State) -> bool:
    """Whether a request was answered with yes or no, or taken back."""
    return not MOVES.get(state, ())


def decision_refusals(state: State) -> list[Reason]:
    """Why a request cannot be decided or withdrawn any more."""
    if not is_decided(state):
        return []
    if state == "withdrawn":
        return [Reason("decided", "This request was withdrawn.")]
    return [Reason("decided", "This request was answered already, perhaps by another host.")]


def seat_refusals(kept_from: Sequence[str]) -> list[Reason]:
    """Why a seat cannot be approved. kept_from: the names of those kept apart from them who are to come."""
    if not kept_from:
        return []
    has = choose(len(kept_from), "has", "have")
    text = (
        f"They are kept apart from {join_names(kept_from)}, who {has} a seat at this gathering or your yes to one. "
        "You can decline, or let them sit together again first."
    )
    return [Reason("kept_apart", text)]


def question_back_refusals(state: State, asked: int) -> list[Reason]:
    """Why a host cannot ask something back. asked: how many questions the request has so far."""
    if is_decided(state):
        return decision_refusals(state)
    if "asked" not in MOVES.get(state, ()):
        return [Reason("asked_already", "Your last question is not answered yet.", "question")]
    if asked >= MAX_QUESTIONS + MAX_ASKED:
        return [Reason("asked_enough", "You asked often enough here. Please decide, or call.", "question")]
    return []


def answer_refusals(state: State) -> list[Reason]:
    """Why the person cannot answer a question of the hosts."""
    if is_decided(state):
        return decision_refusals(state)
    if "waiting" not in MOVES.get(state, ()):
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


def read_answers(questions: Sequence[str], values: Mapping[str, str], *, optional: bool = False) -> list[str]:
    """The answers a1, a2, ... to questions. optional: whether they may be empty. Raises Refused with every reason."""
    reader = Reader(values)
    answers = [
        reader.body(f"a{number}", max_length=MAX_ANSWER, required=not optional)
        for number in range(1, len(questions) + 1)
    ]
    reader.raise_refusals()
    return answers


def read_text(typed: str, field: str, *, max_length: int = MAX_ANSWER) -> str:
    """What a host or a person writes in a request. Raises Refused."""
    return text.body(typed, field, max_length=max_length)
