"""Dates for somebody's own calendar before they have a seat: a file, made in the request and kept nowhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from circles.base.settings import Settings
from circles.invites import ics, rules

CALENDAR = "text/calendar; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A date without a seat. key: what its UID is made of; title: what others may see; path: the page to book on."""

    key: str
    starts_at: datetime
    ends_at: datetime
    title: str
    description: str
    path: str


def suggestions_file(settings: Settings, suggestions: Iterable[Suggestion], made_at: datetime) -> bytes:
    """A calendar of tentative dates, each with a UID of its own that no invite shares."""
    host = urlsplit(settings.base_url).hostname or "localhost"
    entries = [
        ics.Entry(
            uid=rules.suggestion_uid(each.key, host),
            sequence=0,
            starts_at=each.starts_at,
            ends_at=each.ends_at,
            summary=each.title,
            description=each.description,
            url=f"{settings.base_url}{each.path}",
            changed_at=made_at,
            tentative=True,
        )
        for each in suggestions
    ]
    return ics.publish(entries, ics.Party(settings.mail_from, settings.community_name))
