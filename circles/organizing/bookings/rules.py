"""The filter of the list of bookings, and the words of a booking's story. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from circles.base import clock, money, reading
from circles.base.english import Labels
from circles.base.errors import Refused
from circles.base.row import Row
from circles.organizing.audit import words as audit_words
from circles.organizing.needs.job_words import mail_words
from circles.web.paging import FIRST, Window
from circles.web.sent import searched

STATES: Final = ("held", "confirmed", "cancelled", "lapsed")
TIMES: Final = {"": "Ahead", "past": "Past"}
PER_PAGE: Final = 50

STATE_NAMES: Final = Labels(
    {"held": "Held", "confirmed": "Confirmed", "cancelled": "Canceled", "lapsed": "Not taken up"}
)
SEAT_NAMES: Final = Labels({"paid": "Paid", "community": "Community", "free": "Free"})


@dataclass(frozen=True, slots=True)
class BookingsFilter:
    """The filter of the list: text in a name, a day, ahead or past, one state or all, one circle or all, which part.

    sealed: the text as it is in the address (web.sent.searched).
    """

    text: str = ""
    sealed: str = ""
    day: date | None = None
    is_past: bool = False
    state: str = ""
    circle: UUID | None = None
    window: Window = FIRST

    @classmethod
    def read(cls, values: Mapping[str, str], text: str) -> BookingsFilter:
        """Read the filter from its address; values that cannot be read are ignored."""
        state, sealed = values.get("state", ""), values.get(searched.FIELD, "")
        return cls(
            text,
            sealed if text else "",
            _day(values.get("day", "")),
            values.get("time", "") == "past",
            state if state in STATES else "",
            reading.uuid_or_none(values.get("circle", "")),
            _window(values, text),
        )

    def url(self, window: Window) -> str:
        """The address of a part of this list. What matches a name goes by its number, the rest after a row."""
        place = replace(window, after=None) if self.text else window
        pairs = [
            (searched.FIELD, self.sealed),
            ("day", str(self.day or "")),
            ("time", "past" if self.is_past else ""),
            ("state", self.state),
            ("circle", str(self.circle or "")),
            *place.pairs,
        ]
        query = urlencode([(name, value) for name, value in pairs if value])
        return f"/organize/bookings?{query}" if query else "/organize/bookings"

    @property
    def states(self) -> list[str]:
        return [self.state] if self.state else list(STATES)


def _window(values: Mapping[str, str], text: str) -> Window:
    """What matches a name goes by the numbers of its pages, everything else after a row."""
    if text:
        return Window.read({"page": values.get("page", "")}, PER_PAGE)
    window = Window.read(values, PER_PAGE)
    return window if window.after else FIRST


def _day(typed: str) -> date | None:
    try:
        return clock.parse_date(typed) if typed else None
    except Refused:
        return None


# The story


@dataclass(frozen=True, slots=True)
class Chapter:
    """One line of the story: when, what happened, who did it (empty where that is not known), and why."""

    at: datetime
    what: str
    who: str
    why: str


_MONEY: Final = {
    "payment": "{amount} paid by card",
    "refund": "{amount} sent back",
    "refund_returned": "{amount} of a refund came back",
    "dispute": "{amount} taken by a dispute",
    "dispute_returned": "{amount} came back from a dispute",
}
CASH_WORDS: Final = {
    "received": "{amount} in cash noted",
    "given_back": "{amount} given back in cash",
    "correction": "Cash corrected by {amount}",
}
_MARKS: Final = {
    "came": "Marked as there",
    "absent": "Marked as absent",
    "excused": "Marked as excused",
    "": "Mark removed",
}
_DISPUTES: Final = {
    "opened": "The bank asked about the payment: {amount}",
    "won": "The dispute was won",
    "lost": "The dispute was lost",
}
_CALENDAR: Final = {
    "REQUEST": "A calendar invite was mailed",
    "CANCEL": "The calendar entry was withdrawn by mail",
}


def story(rows: list[Row]) -> list[Chapter]:
    """What happened, in words, oldest first."""
    return [Chapter(row["at"], what, row["who_name"], row["why"]) for row in rows for what in _words(row)]


def _words(row: Row) -> Iterator[str]:
    source, what = row["source"], row["what"]
    amount = money.format_amount(abs(row["amount"]), row["currency"]) if row["amount"] is not None else ""
    if source == "event":
        if what in audit_words.SHOWN:
            text = audit_words.words_of(what)
            yield text[0].upper() + text[1:]
    elif source == "mail":
        yield f"Mail: {mail_words(what)}{MAIL_STATES.get(row['why'], '')}"
    else:
        said = _BY_SOURCE[source].get(what, f"{source}: {what}".replace("_", " ").capitalize())
        yield said.format(amount=amount)


MAIL_STATES: Final = {
    "waiting": ", not sent yet",
    "refused": ", refused by its address",
    "expired": ", not delivered",
}
_BY_SOURCE: Final[dict[str, dict[str, str]]] = {
    "money": _MONEY,
    "cash": CASH_WORDS,
    "mark": _MARKS,
    "dispute": _DISPUTES,
    "calendar": _CALENDAR,
    "agreed": {"": "Agreed to the guidelines"},
    "given": {"": "The seat was given"},
}
