"""A calendar file of suggested dates, for somebody without a seat. Made in the request and not stored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from circles.base.settings import Settings
from circles.invites import ics, rules

CALENDAR = "text/calendar; charset=utf-8"


@dataclass(frozen=True, slots=True)
class SuggestedDate:
    """A date without a seat. key: makes its UID; title: a discreet one; path: of the page to book on."""

    key: str
    starts_at: datetime
    ends_at: datetime
    title: str
    description: str
    path: str


def suggested_dates_file(settings: Settings, dates: Iterable[SuggestedDate], made_at: datetime) -> bytes:
    """A calendar of tentative dates, each with a UID that no invite has."""
    host = urlsplit(settings.base_url).hostname or "localhost"
    entries = [
        ics.Entry(
            uid=rules.suggestion_uid(date.key, host),
            sequence=0,
            starts_at=date.starts_at,
            ends_at=date.ends_at,
            summary=date.title,
            description=date.description,
            url=f"{settings.base_url}{date.path}",
            changed_at=made_at,
            tentative=True,
            organizer=ics.Party(settings.mail_from, settings.mail_name),
        )
        for date in dates
    ]
    return ics.publish(entries)
