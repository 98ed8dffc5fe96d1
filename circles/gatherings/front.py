"""What a booking needs to know of a gathering, in one query; and the functions higher rooms hand over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from uuid import UUID

from circles import db
from circles.errors import NotFound
from circles.gatherings.rules import Seats
from circles.house import House
from circles.money import Scale

SQL = db.queries("gatherings")

Cancelled = Callable[[db.Tx, House, UUID, str, UUID], Awaitable[None]]
Moved = Callable[[db.Tx, House, UUID], Awaitable[None]]
TakenBack = Callable[[db.Tx, House, UUID, Sequence[UUID], UUID], Awaitable[None]]
Tightened = Callable[[db.Tx, UUID, int], Awaitable[None]]
FindBooking = Callable[[House, UUID, UUID], Awaitable[UUID | None]]


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


async def _nobody_to_tell(tx: db.Tx, house: House, gathering_id: UUID, reason: str, who: UUID) -> None:
    """Stands in until app.py hands the real one over."""


async def _nobody_moved(tx: db.Tx, house: House, gathering_id: UUID) -> None:
    """Stands in until app.py hands the real one over."""


async def _nobody_gives_up(
    tx: db.Tx, house: House, gathering_id: UUID, booking_ids: Sequence[UUID], who: UUID
) -> None:
    """Stands in until app.py hands the real one over."""


async def _nobody_reseated(tx: db.Tx, gathering_id: UUID, capacity: int) -> None:
    """Stands in until app.py hands the real one over."""


async def _no_booking(house: House, person_id: UUID, gathering_id: UUID) -> UUID | None:
    return None


@dataclass(slots=True)
class _Handed:
    cancelled: Cancelled = _nobody_to_tell
    find_booking: FindBooking = _no_booking
    moved: Moved = _nobody_moved
    taken_back: TakenBack = _nobody_gives_up
    tightened: Tightened = _nobody_reseated


handed = _Handed()


def on_cancelled(func: Cancelled) -> None:
    """Hand over what happens when a gathering is cancelled, inside the transaction that cancels it.

    func: `async def f(tx, house, gathering_id, reason, who)`.
    """
    handed.cancelled = func


def on_moved(func: Moved) -> None:
    """Hand over what happens to bookings when a gathering starts at another time, in that transaction.

    func: `async def f(tx, house, gathering_id)`.
    """
    handed.moved = func


def on_taken_back(func: TakenBack) -> None:
    """Hand over what ends the bookings of those who give up a seat before a gathering has fewer of them.

    func: `async def f(tx, house, gathering_id, booking_ids, who)`.
    """
    handed.taken_back = func


def on_tightened(func: Tightened) -> None:
    """Hand over what moves people onto the seats that are left before a gathering has fewer of them.

    func: `async def f(tx, gathering_id, capacity)`.
    """
    handed.tightened = func


def booking_finder(func: FindBooking) -> None:
    """Hand over what finds somebody's held or confirmed booking, for the gathering's page.

    func: `async def f(house, person_id, gathering_id) -> booking id or None`, with one query at most.
    """
    handed.find_booking = func
