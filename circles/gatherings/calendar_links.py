"""Links that add an entry to a calendar on the web. Pure, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

from circles.base import text


@dataclass(frozen=True, slots=True)
class CalendarLink:
    """A calendar on the web, and its page on which an entry is filled in already."""

    name: str
    url: str


def calendar_links(discreet_name: str, starts_at: datetime, ends_at: datetime) -> list[CalendarLink]:
    """Google's calendar and both of Outlook's. Their addresses hold the discreet name and the times in UTC, no more."""
    name = text.tidy_line(discreet_name)
    begin, end = (at.astimezone(UTC).replace(microsecond=0) for at in (starts_at, ends_at))
    google = _address(
        "https://calendar.google.com/calendar/render",
        action="TEMPLATE",
        text=name,
        dates=f"{_basic(begin)}/{_basic(end)}",
    )
    outlook = {
        "path": "/calendar/action/compose",
        "rru": "addevent",
        "subject": name,
        "startdt": _extended(begin),
        "enddt": _extended(end),
    }
    return [
        CalendarLink("Google", google),
        CalendarLink(
            "Outlook.com", _address("https://outlook.live.com/calendar/0/action/compose", **outlook)
        ),
        CalendarLink(
            "Microsoft 365", _address("https://outlook.office.com/calendar/0/action/compose", **outlook)
        ),
    ]


def _address(page: str, **values: str) -> str:
    # Outlook shows a plus sign as it is, so blanks are %20.
    return f"{page}?{urlencode(values, quote_via=quote)}"


def _extended(at: datetime) -> str:
    """ISO 8601, as in 2026-11-24T23:00:00Z."""
    return at.isoformat().replace("+00:00", "Z")


def _basic(at: datetime) -> str:
    """The same without separators, as in 20261124T230000Z."""
    return _extended(at).replace("-", "").replace(":", "")
