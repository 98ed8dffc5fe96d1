"""What a booking needs to know of a gathering, in one query; and the functions higher rooms hand over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from uuid import UUID

from circles.base.errors import NotFound
from circles.base.money import Scale
from circles.gatherings.rules import Seats
from circles.store import db
from circles.store.context import Context

SQL = db.queries("gatherings/gatherings")

FindBooking = Callable[[Context, UUID, UUID], Awaitable[UUID | None]]


@dataclass(frozen=True, slots=True)
class Offer(Seats):
    """One gathering with all a booking needs of it and of its circle. Amounts in minor units.

    hosts: (id, name), the lead first. address and join_link are for those booked and nobody else.
    """

    gathering_id: UUID
    circle_id: UUID
    circle_name: str
    discreet_name: str
    state: str
    circle_state: str
    starts_at: datetime
    ends_at: datetime
    zone: str
    wall_start: datetime
    length_minutes: int
    capacity: int
    seats_taken: int
    community_seats: int
    community_taken: int
    place: str
    city: str
    address: str
    join_link: str
    format: str
    scale: Scale
    refund_hours: int
    late_refund_percent: int
    guidelines_id: UUID
    note: str
    cancel_reason: str
    hosts: tuple[tuple[UUID, str], ...]


_PLAIN = [each.name for each in fields(Offer) if each.name not in ("scale", "hosts")]


def _offer(row: db.Record) -> Offer:
    return Offer(
        **{name: row[name] for name in _PLAIN},
        scale=Scale(row["minimum"], row["suggested"], row["maximum"], row["currency"]),
        hosts=tuple(zip(row["host_ids"], row["host_names"], strict=True)),
    )


async def offers(tx: db.Tx, ids: Sequence[UUID]) -> dict[UUID, Offer]:
    """Several gatherings at once, in one query; drafts and unknown ids are left out."""
    found = await db.rows(SQL.offers(tx, ids=list(ids)))
    return {row["gathering_id"]: _offer(row) for row in found}


async def offer(tx: db.Tx, gathering_id: UUID) -> Offer:
    """One gathering. Raises NotFound for a draft, a circle's draft, and an unknown id alike."""
    try:
        return (await offers(tx, [gathering_id]))[gathering_id]
    except KeyError:
        raise NotFound from None


async def _no_booking(context: Context, person_id: UUID, gathering_id: UUID) -> UUID | None:
    return None


# Bookings stand above gatherings, so app.py hands over the one query that a gathering's page needs of them.
_find_booking: FindBooking = _no_booking


async def booking_of(context: Context, person_id: UUID, gathering_id: UUID) -> UUID | None:
    """The id of somebody's held or confirmed booking of a gathering, or None. One query at most."""
    return await _find_booking(context, person_id, gathering_id)


def booking_finder(func: FindBooking) -> None:
    """Hand over what finds somebody's held or confirmed booking, for the gathering's page.

    func: `async def f(house, person_id, gathering_id) -> booking id or None`, with one query at most.
    """
    global _find_booking
    _find_booking = func
