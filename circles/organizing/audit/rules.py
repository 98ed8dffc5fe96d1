"""What the audit page shows: its filters, its windows, and the cells of its export."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from circles.base import clock, reading
from circles.base.errors import Reason
from circles.base.reading import Reader
from circles.base.row import Row
from circles.organizing.audit import words

PER_PAGE = 50
# Beyond every event, where a list begins.
_END = datetime(9999, 1, 1, tzinfo=UTC)
_LAST_ID = 2**62
MAX_DAY = date(2100, 12, 31)
MIN_DAY = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which events. group: one of words.GROUPS, or nothing. first, last: days on the viewer's calendar."""

    person_id: UUID | None = None
    group: str = ""
    first: date | None = None
    last: date | None = None
    zone: str = ""
    after_at: datetime = _END
    after_id: int = _LAST_ID

    @property
    def kinds(self) -> tuple[str, ...]:
        return words.GROUPS[self.group][1] if self.group else tuple(words.SHOWN)

    @property
    def bounds(self) -> dict[str, Any]:
        """The moments between which the events lie, as arguments of a query."""
        zone = self.zone or "UTC"
        first = clock.moment(datetime.combine(self.first or MIN_DAY, datetime.min.time()), zone).utc
        after = (self.last or MAX_DAY) + timedelta(days=1)
        last = clock.moment(datetime.combine(after, datetime.min.time()), zone).utc
        return {"first": first, "last": last, "after_at": self.after_at, "after_id": self.after_id}

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Its fields in a query string, without the window."""
        fields = [("person", str(self.person_id or "")), ("group", self.group)]
        fields += [("from", str(self.first or "")), ("to", str(self.last or ""))]
        return [(name, value) for name, value in fields if value]

    @property
    def url(self) -> str:
        return _url(self.pairs)

    def url_after(self, event: Row) -> str:
        """The URL of the events before one."""
        place = f"{int(event['at'].timestamp() * 1_000_000)}.{event['id']}"
        return _url([*self.pairs, ("after", place)])


def _url(pairs: list[tuple[str, str]]) -> str:
    return f"/organize/audit?{urlencode(pairs)}" if pairs else "/organize/audit"


def read_filter(values: Mapping[str, str], zone: str) -> tuple[Filter, list[Reason]]:
    """The filter of a query string or a form, with every reason against it; what is wrong is left out."""
    reader = Reader(dict(values))
    first = reader.take(lambda: _day(values.get("from", ""), "from"), None)
    last = reader.take(lambda: _day(values.get("to", ""), "to"), None)
    reasons = list(reader.reasons)
    if first and last and last < first:
        reasons.append(Reason("dates_order", "The last day cannot be before the first.", "to"))
        first = last = None
    group = values.get("group", "")
    at, event_id = _place(values.get("after", ""))
    person_id = reading.uuid_or_none(values.get("person", ""))
    known = group if group in words.GROUPS else ""
    return Filter(person_id, known, first, last, zone, at, event_id), reasons


def _day(typed: str, field: str) -> date | None:
    return clock.parse_date(typed, field) if typed.strip() else None


def _place(typed: str) -> tuple[datetime, int]:
    micros, _, event_id = typed.partition(".")
    if not (micros.isascii() and micros.isdigit() and event_id.isascii() and event_id.isdigit()):
        return _END, _LAST_ID
    if len(micros) > 17 or len(event_id) > 18:
        return _END, _LAST_ID
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(micros)), int(event_id)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the page. subject: what it is about, None where it is gone or has no page of its own.

    reader_id: who reads it. Nobody reads what other organizers wrote about suspending them.
    """

    event: Row
    who: str
    subject: Row | None
    reader_id: UUID

    @property
    def what(self) -> str:
        return words.words_of(self.event["what"])

    @property
    def why(self) -> str:
        is_about_reader = self.event["about"] == self.reader_id
        if is_about_reader and self.event["what"].startswith(words.SUSPENSIONS):
            return ""
        return words.reason_of(self.event["why"])


HEADINGS = ("number", "time (UTC)", "who", "what", "person", "circle", "gathering (UTC)", "why", "kind")


def cells(entry: Entry) -> list[str]:
    """A row of the export."""
    subject = entry.subject
    starts_at = subject["starts_at"] if subject else None
    return [
        str(entry.event["id"]),
        _utc(entry.event["at"]),
        entry.who,
        entry.what,
        subject["person_name"] if subject else "",
        subject["circle_name"] if subject else "",
        _utc(starts_at) if starts_at else "",
        entry.why,
        entry.event["what"],
    ]


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")


def harmless(cell: str) -> str:
    """A cell that no spreadsheet runs as a formula (as the SQL function of that name)."""
    return f"'{cell}" if cell.lstrip()[:1] in _FORMULA else cell


_FORMULA = frozenset("-=+@\t\r\uff1d\uff0b\uff0d\uff20")
