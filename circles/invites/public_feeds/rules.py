"""Public feeds: what they show of a gathering, and conditional requests. Pure, no I/O."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Self
from uuid import NAMESPACE_URL, UUID, uuid5

from circles.base import clock, money, text
from circles.base.clock import NOBODY
from circles.base.row import Row

# No feed shows more gatherings than this, so none grows without bound.
MAX_DATES = 200
# For how long anybody may keep an answer, in seconds.
MAX_AGE = 900


@dataclass(frozen=True, slots=True)
class PublicDate:
    """One gathering as everybody may see it: no people, no link, no address. Equal dates make equal feeds."""

    id: UUID
    circle_id: UUID
    starts_at: datetime
    ends_at: datetime
    zone: str
    length_minutes: int
    circle_name: str
    discreet_name: str
    format: str
    place: str
    city: str
    currency: str
    minimum: int
    maximum: int
    changed_at: datetime
    changes: int

    @classmethod
    def of(cls, row: Row) -> Self:
        return cls(**{field.name: row[field.name] for field in fields(cls)})

    @property
    def updated(self) -> str:
        return timestamp(self.changed_at)

    @property
    def where(self) -> str:
        return f"In person, {self.city}" if self.place == "in_person" else "Online"

    @property
    def when(self) -> str:
        """On the circle's clock: nobody knows who reads it."""
        return clock.format_named(self.starts_at, self.zone, NOBODY)

    @property
    def price(self) -> str:
        if self.maximum == 0:
            return "Free of charge"
        least, most = (money.format_amount(amount, self.currency) for amount in (self.minimum, self.maximum))
        return least if least == most else f"{least} to {most}"

    @property
    def title(self) -> str:
        """The title in a list of news, where the name of the circle is as public as on its page."""
        return text.tidy_line(f"{self.circle_name}, {clock.format_day(self.starts_at, self.zone, NOBODY)}")

    @property
    def summary(self) -> str:
        length = clock.format_length(self.length_minutes)
        return text.tidy_line(f"{self.when}, {length}. {self.where}. {self.price}.", max_length=400)

    @property
    def description(self) -> str:
        """Of a calendar entry, which others may see: when and where it is, not what it is."""
        return f"{self.when}, {clock.format_length(self.length_minutes)}.\n{self.where}."


def uid(gathering_id: UUID, host: str) -> str:
    """The UID of a gathering in public calendars, which is never that of somebody's seat."""
    return f"{uuid5(gathering_id, 'public')}@{host}"


def feed_id(base_url: str) -> str:
    """The id of the community's Atom feed (RFC 4287, 4.2.6: permanent and the same for ever)."""
    return f"urn:uuid:{uuid5(NAMESPACE_URL, base_url)}"


def timestamp(at: datetime) -> str:
    """A time for Atom (RFC 3339), in UTC and whole seconds."""
    return at.astimezone(UTC).replace(microsecond=0).isoformat()


def http_date(at: datetime) -> str:
    """A time for Last-Modified (RFC 9110, 5.6.7)."""
    return format_datetime(at.astimezone(UTC).replace(microsecond=0), usegmt=True)


def is_unmodified(if_modified_since: str, changed_at: datetime) -> bool:
    """Whether nothing changed since the time of If-Modified-Since (RFC 9110, 13.1.3); False for what is no date."""
    try:
        since = parsedate_to_datetime(if_modified_since)
    except (ValueError, TypeError, IndexError, OverflowError):
        return False
    since = since if since.tzinfo else since.replace(tzinfo=UTC)
    return changed_at.replace(microsecond=0) <= since
