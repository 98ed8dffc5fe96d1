"""Messages: to whom of a circle they go, at which set time, and how many a day. Pure, no I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from circles.base import clock, reading
from circles.base.clock import Viewer
from circles.base.errors import Reason, Refused
from circles.base.reading import Reader
from circles.base.row import Row

# By key: its name in the form, and to whom a message went or goes.
AUDIENCES: Final[dict[str, tuple[str, str]]] = {
    "ahead": ("Everybody with a seat ahead", "everybody with a seat ahead"),
    "waiting": ("Everybody on a waiting list", "everybody on the waiting list"),
    "came": ("Those who came last time", "those who came last time"),
    "absent": ("Those who were absent last time", "those who were absent last time"),
    "chosen": ("People I choose", "people who were chosen"),
}
# Organizers read no register.
FOR_ORGANIZERS: Final = ("ahead", "waiting")

# In 24 hours: about one circle, and of one writer in all.
MAX_TO_CIRCLE: Final = 4
MAX_TO_CHOSEN: Final = 12
MAX_BY_WRITER: Final = 60
# Drafts are kept for a month, so a set time lies within it.
MAX_AHEAD: Final = timedelta(days=28)
# After an outage a message that is later than this does not go by itself: what it says may be over.
MAX_LATE: Final = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Timing:
    """How a set time is read: in which zone, on which clock refusals say times, and what time it is now.

    last: until when the writer may write at all; None: for ever.
    """

    zone: str
    hours: int
    now: datetime
    last: datetime | None = None


def audiences_for(part: str) -> dict[str, str]:
    """The audiences that somebody of this part may write to, with their names in the form."""
    return {
        key: label for key, (label, _) in AUDIENCES.items() if part != "organizer" or key in FOR_ORGANIZERS
    }


def audience_text(message: Row) -> str:
    """To whom a message goes, where its recipients are worked out when it goes."""
    if message["audience"] in AUDIENCES:
        return AUDIENCES[message["audience"]][1]
    return "everybody booked"


def read_audience(reader: Reader, audiences: Mapping[str, str]) -> tuple[str, frozenset[UUID]]:
    """The audience of a form and those chosen. Adds a reason where nobody is."""
    audience = reader.choice("audience", audiences, "Please choose to whom you write.")
    if audience != "chosen":
        return audience, frozenset()
    ids = map(reading.uuid_or_none, reader.value("people").split(","))
    chosen = frozenset(person_id for person_id in ids if person_id is not None)
    if not chosen:
        reader.reasons.append(Reason("nobody_chosen", "Please tick at least one person.", "people"))
    return audience, chosen


def read_moment(values: Mapping[str, str], timing: Timing) -> clock.Moment | None:
    """The set time of a form; None where its day is empty. Raises Refused."""
    day, hour = values.get("date", "").strip(), values.get("time", "").strip()
    if not day and not hour:
        return None
    if not day:
        raise Refused(Reason("date_missing", "Please give the day as well, or empty the time.", "date"))
    moment = clock.parse_wall(day, hour, timing.zone, timing.hours)
    for reason in _moment_refusals(moment, timing):
        raise Refused(reason)
    return moment


def _moment_refusals(moment: clock.Moment, timing: Timing) -> Iterator[Reason]:
    if moment.utc <= timing.now:
        yield Reason(
            "past", "This time has passed. Give a later one, or empty the day to send it at once.", "date"
        )
    if moment.utc > timing.now + MAX_AHEAD:
        yield Reason("far", f"Please give a time within the next {MAX_AHEAD.days} days.", "date")
    if timing.last and moment.utc > timing.last:
        yield Reason("too_late", "That is too long after the gathering to write about it still.", "date")


def late_refusals(send_at: datetime, now: datetime) -> list[Reason]:
    """Why a message does not go by itself any more."""
    if now > send_at + MAX_LATE:
        text = "Our site was away at its time, and by now it may say what is over. Please look, then send it."
        return [Reason("late", text)]
    return []


def circle_limit_refusals(audience: str, today: Row) -> list[Reason]:
    """Every reason why not one more goes to people of a circle. today: counts of the last 24 hours."""
    if audience == "chosen" and today["to_one"] >= MAX_TO_CHOSEN:
        text = f"{MAX_TO_CHOSEN} messages went to chosen people of this circle since yesterday."
        return [Reason("too_many", f"{text} Please wait until tomorrow.")]
    if audience != "chosen" and today["to_all"] >= MAX_TO_CIRCLE:
        text = f"{MAX_TO_CIRCLE} messages went to people of this circle since yesterday."
        return [Reason("too_many", f"{text} Please keep the rest for tomorrow.")]
    return []


def writer_limit_refusals(sent: int) -> list[Reason]:
    """Every reason why somebody can send no more today. sent: how many went in the last 24 hours."""
    if sent < MAX_BY_WRITER:
        return []
    return [
        Reason("too_many", f"You sent {MAX_BY_WRITER} messages since yesterday. Please wait until tomorrow.")
    ]


def circle_refusals(circle: Row) -> list[Reason]:
    """Every reason why no message can be written to the people of a circle."""
    if circle["state"] == "draft":
        return [Reason("draft", "This circle is not published, so nobody is booked yet.")]
    return []


def nobody(audience: str) -> Reason:
    """The refusal for an audience that is nobody at present."""
    texts = {
        "ahead": "Nobody has a seat ahead in this circle at present.",
        "waiting": "Nobody is on the waiting list any more.",
        "came": "Nobody is marked as having come last time.",
        "absent": "Nobody is marked as absent last time.",
        "chosen": "None of the people you chose has a seat ahead or a mark in a register of this circle any more.",
    }
    return Reason("nobody", texts.get(audience, "Nobody is booked any more."), "audience")


def set_time_text(message: Row, zone: str, viewer: Viewer) -> str:
    """When a message goes by itself, on its writer's clock and the circle's; empty where it does not."""
    return clock.format_when(message["send_at"], zone, viewer) if message["send_at"] else ""


def typed_time(message: Row) -> dict[str, str]:
    """The fields of a set time in the form."""
    wall: datetime | None = message["send_wall"]
    if wall is None:
        return {}
    return {"date": wall.date().isoformat(), "time": wall.time().isoformat("minutes")}


def part_refusals(audience: str, part: str) -> list[Reason]:
    """Every reason why somebody of this part may not write to an audience."""
    if audience in audiences_for(part):
        return []
    return [Reason("unknown_choice", "Please choose to whom you write.", "audience")]
