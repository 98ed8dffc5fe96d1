"""What programs read of public pages: events by schema.org (JSON-LD), and the discreet card of a link. Pure, no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from circles.base import clock, money, text
from circles.base.clock import NOBODY
from circles.base.money import Scale
from circles.base.row import Row
from circles.gatherings.cards import GatheringDate
from circles.gatherings.sharing.rules import circle_path

_ORG = "https://schema.org"
# Schema.org has no word for what is over, so such an event stays scheduled.
_STATUS = {"open": f"{_ORG}/EventScheduled", "cancelled": f"{_ORG}/EventCancelled"}
_MODES = {
    "online": f"{_ORG}/OnlineEventAttendanceMode",
    "in_person": f"{_ORG}/OfflineEventAttendanceMode",
}


@dataclass(frozen=True, slots=True)
class LinkCard:
    """What a chat shows of a link that somebody sends (Open Graph). Others read it too, so it says what mail says."""

    title: str
    description: str
    url: str


def gathering_card(row: Row, base_url: str) -> LinkCard:
    """row: of the query `gathering_page`."""
    day = clock.format_day(row["starts_at"], row["zone"], NOBODY)
    where = "Online" if row["place"] == "online" else "In person"
    return LinkCard(
        f"{row['discreet_name']}, {day}",
        f"{where}, {clock.format_length(row['length_minutes'])}.",
        f"{base_url}/gatherings/{row['id']}",
    )


def circle_card(row: Row, base_url: str) -> LinkCard:
    """row: of the query `circle_page`, or another with its short addresses, the present one first."""
    path = circle_path(row["id"], next(iter(row["slugs"]), None))
    return LinkCard(row["discreet_name"], "When it meets.", f"{base_url}{path}")


def gathering_event(row: Row, scale: Scale, seats_left: int, base_url: str, organizer: str) -> dict[str, Any]:
    """One gathering as an Event. row: of `gathering_page`."""
    event = _event(
        url=f"{base_url}/gatherings/{row['id']}",
        name=row["circle_name"],
        state=row["state"],
        starts_at=row["starts_at"],
        length_minutes=row["length_minutes"],
        place=row["place"],
        city=row["city"],
        scale=scale,
        is_full=seats_left <= 0,
    )
    return {"@context": _ORG, **event, "organizer": _organizer(organizer, base_url)}


def circle_events(
    row: Row, dates: Sequence[GatheringDate], scale: Scale, base_url: str, organizer: str
) -> dict[str, Any]:
    """The next gatherings of a circle as Events. row: of `circle_page`."""
    events = [
        _event(
            url=f"{base_url}/gatherings/{date.id}",
            name=row["name"],
            state=date.state,
            starts_at=date.starts_at,
            length_minutes=date.length_minutes,
            place=row["place"],
            city=row["city"],
            scale=scale,
            is_full=date.seats_left <= 0,
        )
        | {"organizer": _organizer(organizer, base_url)}
        for date in dates
    ]
    return {"@context": _ORG, "@graph": events}


def _organizer(name: str, base_url: str) -> dict[str, str]:
    return {"@type": "Organization", "name": name, "url": base_url}


def _event(
    *,
    url: str,
    name: str,
    state: str,
    starts_at: datetime,
    length_minutes: int,
    place: str,
    city: str,
    scale: Scale,
    is_full: bool,
) -> dict[str, Any]:
    """Where it is stays coarse: the page for one online, the city for one in person."""
    location: dict[str, Any] = {"@type": "VirtualLocation", "url": url}
    if place == "in_person":
        address = {"@type": "PostalAddress", "addressLocality": city}
        location = {"@type": "Place", "name": city, "address": address}
    event = {
        "@type": "Event",
        "name": text.tidy_line(name),
        "url": url,
        "startDate": _utc(starts_at),
        "endDate": _utc(starts_at + timedelta(minutes=length_minutes)),
        # A word of a newer version has no name here, and is left out.
        "eventStatus": _STATUS.get(state),
        "eventAttendanceMode": _MODES.get(place),
        "location": location,
        "isAccessibleForFree": scale.is_free,
        "offers": _offers(url, scale, is_full=is_full),
    }
    return {name: value for name, value in event.items() if value is not None}


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).replace(microsecond=0).isoformat()


def _offers(url: str, scale: Scale, *, is_full: bool) -> dict[str, Any]:
    """The whole scale as a range, or the one price there is."""
    least, most = (money.format_plain(amount, scale.currency) for amount in (scale.minimum, scale.maximum))
    prices = (
        {"@type": "Offer", "price": most}
        if least == most
        else {"@type": "AggregateOffer", "lowPrice": least, "highPrice": most}
    )
    availability = f"{_ORG}/SoldOut" if is_full else f"{_ORG}/InStock"
    return {**prices, "priceCurrency": scale.currency, "availability": availability, "url": url}
