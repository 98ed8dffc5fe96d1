"""Public feeds as bytes, cached by all that they show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import urlsplit
from uuid import UUID

from circles.base import text
from circles.base.errors import or_not_found
from circles.base.settings import Settings
from circles.invites import ics, rules
from circles.invites.public_feeds.rules import MAX_DATES, PublicDate, feed_id, timestamp, uid
from circles.store import db, templates

SQL = db.queries("invites/public_feeds")

# Feeds kept in one process. The longest has about 100 kilobytes.
MAX_CACHED = 64


@dataclass(frozen=True, slots=True)
class Feed:
    """What a feed shows. page: the path of the page it belongs to; path: its own, without the ending."""

    id: str
    title: str
    discreet_title: str
    page: str
    path: str
    changed_at: datetime
    dates: tuple[PublicDate, ...]

    @property
    def updated(self) -> str:
        return timestamp(self.changed_at)


async def community_feed(tx: db.Tx, settings: Settings) -> Feed:
    """Everything ahead in published circles, up to MAX_DATES."""
    changed_at = await SQL.community_changed(tx)
    rows = await db.rows(SQL.of_community(tx, most=MAX_DATES))
    return Feed(
        feed_id(settings.base_url),
        settings.community_name,
        settings.community.calendar_name,
        "/gatherings",
        "/gatherings/feed",
        changed_at or datetime.fromtimestamp(0, UTC),
        tuple(map(PublicDate.of, rows)),
    )


async def circle_feed(tx: db.Tx, circle_id: UUID) -> Feed:
    """What is ahead in a published circle, up to MAX_DATES. Raises NotFound for any other."""
    circle = or_not_found(await SQL.circle(tx, circle_id=circle_id))
    rows = await db.rows(SQL.of_circle(tx, circle_id=circle_id, most=MAX_DATES))
    path = f"/circles/{circle_id}"
    return Feed(
        circle_id.urn,
        circle["name"],
        circle["discreet_name"],
        path,
        f"{path}/feed",
        circle["changed_at"],
        tuple(map(PublicDate.of, rows)),
    )


@lru_cache(maxsize=MAX_CACHED)
def as_calendar(feed: Feed, base_url: str) -> tuple[bytes, str]:
    """A feed as iCalendar, and its entity tag."""
    host = urlsplit(base_url).hostname or "localhost"
    entries = [
        ics.Entry(
            uid=uid(date.id, host),
            sequence=date.changes,
            starts_at=date.starts_at,
            ends_at=date.ends_at,
            summary=date.discreet_name,
            description=f"{date.description}\n\n{base_url}/gatherings/{date.id}",
            url=f"{base_url}/gatherings/{date.id}",
            changed_at=date.changed_at,
        )
        for date in feed.dates
    ]
    body = ics.public_feed(entries, feed.discreet_title)
    return body, rules.etag(body)


@lru_cache(maxsize=MAX_CACHED)
def as_atom(feed: Feed, base_url: str) -> tuple[bytes, str]:
    """A feed as Atom (RFC 4287), and its entity tag."""
    body = templates.render(
        "invites/atom.xml", feed=feed, title=text.tidy_line(feed.title), base_url=base_url
    ).encode()
    return body, rules.etag(body)
