"""The kinds of lists, the fields that their columns may fill, and the headings that match."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

LEFT_OUT: Final = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One field. content: what its column may hold. example: for the template. names: headings that match, folded."""

    key: str
    label: str
    content: str
    example: str = ""
    names: tuple[str, ...] = ()


_NAME: Final = (
    Field("name", "Name", "The whole name of one person: Ada Osei, or Osei, Ada.", "Ada Osei",
          ("name", "full name", "display name", "who", "member", "member name", "participant", "participant name",
           "attendee", "attendee name", "person", "guest", "guest name", "client", "name of participant", "people",
           "members", "participants", "attendees", "customer", "customer name", "registrant", "contact name")),
    Field("first_name", "First name", "Where the name is in two columns.", "",
          ("first name", "given name", "first", "fname", "forename", "preferred name", "participant first name")),
    Field("last_name", "Last name", "Where the name is in two columns.", "",
          ("last name", "family name", "surname", "last", "lname", "participant last name")),
    Field("email", "Mail address", "One mail address. It is how a person is found again.", "ada@example.org",
          ("mail address", "email", "e mail", "mail", "email address", "e mail address", "mails", "emails",
           "participant email", "member email", "attendee email", "contact email", "email id", "your email",
           "customer email", "registrant email")),
)  # fmt: skip
_PRONOUNS: Final = Field("pronouns", "Pronouns", "Such as she/her.", "she/her",
                         ("pronouns", "pronoun", "preferred pronouns", "gender pronouns"))  # fmt: skip
_CIRCLE: Final = Field("circle", "Circle", "The name of a circle here, or its discreet name.", "",
                       ("circle", "circle name", "group", "group name", "event", "event name", "class", "program",
                        "programme", "series", "which group", "which circle", "gathering name", "meeting name",
                        "session name", "workshop"))  # fmt: skip
_DATE: Final = ("date", "day", "when", "session date", "gathering date", "date of gathering", "meeting date",
                "date of session", "event date", "class date", "date and time", "date time", "datetime", "gathering",
                "start date", "session", "meeting", "attended on", "date attended",
                "date held")  # fmt: skip
_TIME: Final = ("starts", "begins", "start", "time", "start time", "starts at", "hour", "at", "begins at",
                "session time", "event time", "time of day", "time start")  # fmt: skip

PEOPLE: Final[Sequence[Field]] = (
    *_NAME,
    _PRONOUNS,
    Field("since", "Since", "The day on which they joined.", "2024-09-03",
          ("since", "member since", "joined", "join date", "date joined", "started", "signed up", "created",
           "registered", "first visit", "first session", "joined on", "start date", "created at", "account since",
           "here since", "member from")),
)  # fmt: skip
ATTENDANCE: Final[Sequence[Field]] = (
    *_NAME,
    _PRONOUNS,
    _CIRCLE,
    Field("date", "Date", "The day of the gathering; its time may follow: 2026-03-03 18:00.", "2026-03-03", _DATE),
    Field("time", "Time", "When the gathering began, on the clocks of its circle: 6:00 pm, 18:00.", "18:00", _TIME),
    Field("mark", "Did they come", "came, absent, excused, late, left early; or yes and no.", "came",
          ("did they come", "mark", "attended", "attendance", "came", "present", "status", "showed up", "show", "here",
           "result", "check in", "checked in", "check in status", "attendance status", "no show", "no shows", "noshow",
           "absent", "missed", "did not attend", "arrived", "attend", "showed", "was there")),
    Field("late", "Late", "yes or no, of those who came.", "", ("late", "came late", "tardy", "arrived late")),
    Field("left_early", "Left early", "yes or no, of those who came.", "", ("left early", "early")),
    Field("state", "Booking", "confirmed; a seat that was canceled stays out.", "",
          ("booking", "booking status", "booking state", "registration status")),
    Field("paid", "Paid", "What was paid elsewhere. It shows with the seat and is in no sum of money.", "20",
          ("paid", "amount", "amount paid", "payment", "price", "fee", "donation", "contribution", "cash",
           "paid elsewhere", "total", "total paid", "sliding scale", "rate", "cost")),
)  # fmt: skip
BOOKINGS: Final[Sequence[Field]] = (
    *_NAME,
    _PRONOUNS,
    _CIRCLE,
    Field("date", "Date", "The day of a gathering that is planned here; its time may follow.", "", _DATE),
    Field("time", "Time", "When the gathering begins, on the clocks of its circle.", "18:00", _TIME),
    Field("seat", "Kind of seat", "usual or community. Without it: usual.", "usual",
          ("kind of seat", "seat", "kind", "type", "ticket", "ticket type", "seat type", "type of seat",
           "booking type")),
    Field("paid", "Paid", "free, or the cash that was paid for it. A payment by card cannot move in.", "free",
          ("paid", "amount", "amount paid", "payment", "price", "fee", "donation", "contribution", "cash",
           "paid how", "how paid", "total", "total paid", "cost", "rate")),
)  # fmt: skip
FIELDS: Final[Mapping[str, Sequence[Field]]] = {
    "people": PEOPLE,
    "attendance": ATTENDANCE,
    "bookings": BOOKINGS,
}
LABELS: Final = {"people": "People", "attendance": "Past attendance", "bookings": "Bookings ahead"}


def options(kind: str) -> dict[str, str]:
    """The fields a column of a list may fill, by key, with the choice of none."""
    return {LEFT_OUT: "Leave this column out"} | {field.key: field.label for field in FIELDS[kind]}
