"""Dispute rules: reasons and outcomes in plain words, evidence as it leaves, who may answer.

Whatever leaves goes to a bank: a group has its discreet name there, and nothing says what it is about.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from circles import bookings
from circles.base import clock, discreet, money
from circles.base.english import plural
from circles.base.errors import Reason
from circles.gatherings import terms_words

# A row of a query, or the JSON of one.
Row = Any

MAX_WORDS: Final = 3000
MAX_REASON: Final = 1000

# docs.stripe.com/disputes/categories
REASONS: Final[Mapping[str, str]] = {
    "bank_cannot_process": "The bank could not process the payment.",
    "check_returned": "A check was returned.",
    "credit_not_processed": "The person says that a refund they were promised did not come.",
    "customer_initiated": "The person asked their bank to take the payment back.",
    "debit_not_authorized": "The person says that they did not allow the debit.",
    "duplicate": "The person says that they were charged twice.",
    "fraudulent": "The person’s bank says that they did not make the payment.",
    "general": "The bank gives no reason.",
    "incorrect_account_details": "The bank says that the account was wrong.",
    "insufficient_funds": "There was not enough money in the account.",
    "noncompliant": "The bank says that a rule of the card network was not kept.",
    "product_not_received": "The person says that what they paid for did not take place.",
    "product_unacceptable": "The person says that what they paid for was not as described.",
    "subscription_canceled": "The person says that they had canceled.",
    "unrecognized": "The person does not recognize the payment. The name on the statement may be new to them.",
}

STATES: Final[Mapping[str, str]] = {
    "needs_response": "Wants an answer",
    "warning_needs_response": "A bank asks",
    "under_review": "The bank decides",
    "warning_under_review": "The bank reads the answer",
    "warning_closed": "The bank asked no further",
    "won": "Won",
    "lost": "Lost",
    "prevented": "Prevented",
}

OUTCOMES: Final[Mapping[str, str]] = {
    "won": "The bank decided for the community. The money is back.",
    "lost": "The bank decided for the person, and the money is theirs.",
    "warning_closed": "The bank asked no further. No money moved.",
    "prevented": "It was settled before it became a dispute.",
}

# Which evidence may be sent, each with its words; the last two say who the person is, and go only where that is ticked.
PARTS: Final[Mapping[str, str]] = {
    "story": "When it was booked, paid, and what became of it",
    "agreement": "That the person agreed to the written guidelines, and when",
    "terms": "The refund terms that were shown before paying",
    "invites": "When the calendar entry was mailed, and what the person answered",
    "register": "Whether the host marked the person as there",
    "receipt": "The number of the receipt, and what was refunded",
    "messages": "When the host wrote to those booked, without the words",
    "name": "The person’s name",
    "address": "The person’s mail address",
}
USUAL: Final = ("story", "agreement", "terms", "invites", "register", "receipt")

# What Stripe calls the fields, for the preview.
FIELDS: Final[Mapping[str, str]] = {
    "product_description": "What was paid for",
    "service_date": "Date",
    "customer_name": "Name",
    "customer_email_address": "Mail address",
    "refund_policy_disclosure": "How the refund terms were shown",
    "access_activity_log": "What was sent and answered",
    "uncategorized_text": "What happened",
}

OVER: Final = Reason("over", "This dispute waits for no answer any more.")
LATE: Final = Reason("late", "The time to answer is over. The bank decides without an answer.")
SENDING: Final = Reason(
    "sending", "An answer is on its way to Stripe already. Please look again in a minute."
)
OWN: Final = Reason("own", "This payment is your own. Another organizer answers its dispute.")
CHANGED: Final = Reason(
    "changed", "Something changed since you looked. Please read once more what would leave."
)
EMPTY: Final = Reason("empty", "Please tick at least one thing to send.", "parts")
NO_REASON: Final = Reason("no_reason", "Please say why the dispute is accepted.", "reason")
NOT_CONFIRMED: Final = Reason(
    "not_confirmed", "Please tick that the money stays with the person. It cannot be undone.", "confirmed"
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What would leave: the fields as Stripe gets them."""

    fields: dict[str, str]

    @property
    def shown(self) -> list[tuple[str, str]]:
        """Each field with its words."""
        return [(FIELDS[name], value) for name, value in self.fields.items()]

    def text(self) -> str:
        """All of it as one text, to hand in by hand."""
        return "\n\n".join(f"{label}\n{value}" for label, value in self.shown) + "\n"


def reason_words(reason: str) -> str:
    """Why a bank disputes a payment."""
    return REASONS.get(reason, "The bank gives a reason that is new here. See it at Stripe.")


def state_words(state: str) -> str:
    """How a dispute is. Stripe may add a word."""
    return STATES.get(state, "Open")


def is_answerable(state: str) -> bool:
    """Whether a bank waits for an answer."""
    return state in ("needs_response", "warning_needs_response")


def answer_refusals(row: Row, actor_id: object) -> Iterator[Reason]:
    """Why somebody cannot answer a dispute now. row: of the query `lock`."""
    if not is_answerable(row["state"]):
        yield OVER
    elif row["answer_by"] and row["answer_by"] <= row["now"]:
        yield LATE
    if row["is_sending"]:
        yield SENDING
    if row["person_id"] == actor_id and row["has_others"]:
        yield OWN


def accept_refusals(row: Row, actor_id: object, reason: str, *, confirmed: bool) -> Iterator[Reason]:
    """Why a dispute cannot be accepted as lost. A bank that only asks is answered, or the payment refunded."""
    if row["state"] != "needs_response":
        yield OVER
    if row["is_sending"]:
        yield SENDING
    if row["person_id"] == actor_id and row["has_others"]:
        yield OWN
    if not reason:
        yield NO_REASON
    elif len(reason) > MAX_REASON:
        yield Reason("long", f"Please keep the reason to {MAX_REASON:,} characters.", "reason")
    if not confirmed:
        yield NOT_CONFIRMED


def words_refusals(words: str) -> list[Reason]:
    """Why an organizer's own words cannot leave."""
    if len(words) > MAX_WORDS:
        return [Reason("long", f"Please keep it to {MAX_WORDS:,} characters.", "words")]
    return discreet.refusals(words, "words", shows="What you write goes to a bank and a card network")


def evidence(row: Row, parts: Collection[str], words: str, sender: str) -> Evidence:
    """What leaves of a dispute. row: of the query `dispute`; parts: of PARTS; sender: the community's discreet name."""
    days = ", ".join(_day(one["starts_at"], one["zone"]) for one in row["bookings"])
    what = "A pass for several dates of" if row["pass_id"] else "A place in"
    fields = {
        "product_description": f"{what} the group “{row['discreet_name']}” of {sender}"
        f"{f', on {days}' if days else ''}. The number of places is small, and each is kept for one person."
    }
    if days:
        fields["service_date"] = days
    if "name" in parts:
        fields["customer_name"] = row["name"]
    if "address" in parts:
        fields["customer_email_address"] = row["email"]
    if "terms" in parts and (terms := _terms(row)):
        fields["refund_policy_disclosure"] = terms
    log = [line for one in row["bookings"] for line in _log(one, parts)]
    if log:
        fields["access_activity_log"] = "\n".join(log)
    if text := [*_story(row, parts), *([words] if words else [])]:
        fields["uncategorized_text"] = "\n".join(text)
    return Evidence(fields)


def _terms(row: Row) -> str:
    """How the refund terms were shown; those of a pass are its own, and not those of the places booked on it."""
    if bought := row["bought"]:
        terms = bookings.pass_terms_text(bookings.PassTerms.of(bought), row["currency"])
    elif row["bookings"]:
        first = row["bookings"][0]
        terms = terms_words(first["refund_hours"], first["late_percent"])
    else:
        return ""
    return f"The form showed these terms before the payment: “{terms}”"


def _story(row: Row, parts: Collection[str]) -> list[str]:
    """What happened, in the order of time; the receipt's number last."""
    moments = [(_at(at), zone, text) for at, zone, text in _moments(row, parts)]
    lines = [f"{_moment(at, zone)}: {text}" for at, zone, text in sorted(moments, key=lambda one: one[0])]
    if "story" in parts:
        held = [
            one
            for one in row["bookings"]
            if one["is_over"] and not one["is_canceled"] and not one["ended_at"]
        ]
        lines += [f"The group met on {_day(one['starts_at'], one['zone'])} as planned." for one in held]
    if "receipt" in parts and row["receipt_name"]:
        lines.append(f"Receipt {row['receipt_name']}.")
    return lines


def _moments(row: Row, parts: Collection[str]) -> Iterator[tuple[datetime | str, str, str]]:
    """What happened, each with its time and the zone it is said in."""
    if bought := row["bought"]:
        if "story" in parts:
            text = f"the person bought a pass for {bought['uses']} dates, signed in to their account."
            yield bought["created_at"], row["zone"], text
        if "agreement" in parts:
            yield bought["agreed_at"], row["zone"], _agreed(bought["version"])
    for one in row["bookings"]:
        if "story" in parts:
            yield from _of_booking(one)
        if "agreement" in parts and one["agreed_at"]:
            yield one["agreed_at"], one["zone"], _agreed(one["version"])
    if "story" in parts and row["paid_at"]:
        amount = money.format_amount(int(row["paid"]), row["currency"])
        yield row["paid_at"], row["zone"], f"{amount} was paid."
    if "receipt" in parts:
        for back in row["refunds"]:
            amount = money.format_amount(back["amount"], row["currency"])
            yield back["at"], row["zone"], f"{amount} was refunded."


def _agreed(version: int) -> str:
    return f"the person agreed to the group’s written guidelines, version {version}."


_ENDS: Final[Mapping[str, str]] = {
    "by_member": "the person gave the place back",
    "by_host": "the host took the place back",
    "taken_off": "the host took the place back",
    "gathering_cancelled": "the date was canceled by the host",
}


def _of_booking(one: Row) -> Iterator[tuple[datetime | str, str, str]]:
    day, zone = _day(one["starts_at"], one["zone"]), one["zone"]
    yield one["created_at"], zone, f"the person booked a place for {day}, signed in to their account."
    if one["confirmed_at"]:
        yield one["confirmed_at"], zone, f"the place for {day} was confirmed."
    if one["ended_at"]:
        yield one["ended_at"], zone, f"{_ENDS.get(one['end_cause'], 'the place ended')}."


_REPLIES: Final = {"accepted": "accepted", "tentative": "answered “maybe”", "declined": "declined"}
_MARKS: Final = {
    "came": "The host marked the person as present.",
    "absent": "The host marked the person as absent. The place was kept for them.",
    "excused": "The person told the host before that they could not come.",
}


def _log(one: Row, parts: Collection[str]) -> Iterator[str]:
    zone = one["zone"]
    if "invites" in parts:
        for at in one["invites"]:
            day = _day(one["starts_at"], zone)
            yield f"{_moment(at, zone)}: the calendar entry for {day} was mailed to the person."
        if one["reply"]:
            answered = _REPLIES.get(one["reply"], "answered")
            yield f"{_moment(one['replied_at'], zone)}: the person’s calendar {answered} it."
    if "messages" in parts:
        for at in one["messages"]:
            yield f"{_moment(at, zone)}: the host wrote to the person about this date."
    if "register" in parts and one["mark"] in _MARKS:
        yield _MARKS[one["mark"]]


def _at(value: datetime | str) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


def _day(value: datetime | str, zone: str) -> str:
    return clock.format_day_of_year(clock.local_day(_at(value), zone), date.min)


def _moment(value: datetime | str, zone: str) -> str:
    return clock.format_record(_at(value), zone=zone, kept=True)


def facts_of(row: Row) -> list[tuple[str, str]]:
    """What there is as evidence and what lacks, for the page: a part with a short answer."""
    booked = row["bookings"]
    agreed = sum(bool(one["agreed_at"]) for one in booked)
    invites = sum(len(one["invites"]) for one in booked)
    replies = [_REPLIES[one["reply"]] for one in booked if one["reply"] in _REPLIES]
    marks = [one["mark"] for one in booked if one["mark"]]
    return [
        (
            "Guidelines",
            f"Agreed to at {agreed} of {plural(len(booked), 'booking')}"
            if booked
            else "Agreed to with the pass",
        ),
        ("Calendar entries mailed", str(invites)),
        ("Answers of the calendar", ", ".join(replies) or "None"),
        ("Register", ", ".join(marks) or "No mark"),
        ("Messages of the host", str(sum(len(one["messages"]) for one in booked))),
        ("Refunds", str(len(row["refunds"]))),
    ]


def news_text(kind: str, state: str, answer_by: datetime | None, zone: str) -> str:
    """What a mail to the organizers says. It names nobody and no group."""
    if kind == "closed":
        ends = {"won": "was won", "lost": "was lost", "warning_closed": "is closed, and no money moved"}
        return f"A dispute of a payment {ends.get(state, 'is over')}."
    until = f" Answer it by {clock.format_record(answer_by, zone=zone or 'UTC')}." if answer_by else ""
    if kind == "due":
        return f"A dispute of a payment still waits for an answer.{until} Without one it is lost."
    return (
        f"A payment is disputed at a bank.{until}"
        if is_answerable(state)
        else "A payment is disputed at a bank."
    )
