"""Reads of bookings: what the booking form and the pages of a booking need."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from circles import gatherings
from circles.base.errors import or_not_found
from circles.bookings import seat_rules
from circles.bookings.passes.own import OwnPass
from circles.bookings.rules import ActiveBooking, Eligibility
from circles.bookings.screening import rules as screening_rules
from circles.bookings.seat_rules import OwnBooking
from circles.gatherings import BookableGathering
from circles.people import Person
from circles.store import db

SQL = db.queries("bookings/bookings")


class FreeDate(NamedTuple):
    """Another gathering of a circle, with a free seat."""

    id: UUID
    starts_at: datetime
    zone: str
    seats_left: int


class FullGathering(NamedTuple):
    """What the short page says: the gathering, and the next dates of its circle with a free seat."""

    gathering_id: UUID
    circle_id: UUID
    circle_name: str
    starts_at: datetime
    zone: str
    dates: tuple[FreeDate, ...]


async def eligibility(tx: db.Tx, actor_id: UUID, gathering_id: UUID) -> tuple[BookableGathering, Eligibility]:
    """A gathering and what decides whether a person may book it, in one query. Raises NotFound."""
    return eligibility_of(
        or_not_found(await SQL.eligibility(tx, gathering_id=gathering_id, actor_id=actor_id))
    )


def eligibility_of(row: db.Record) -> tuple[BookableGathering, Eligibility]:
    """The same from a row with the columns of the query `eligibility`."""
    own = OwnBooking.of(row["own"]["booking"]) if row["own"] and row["own"]["booking"] else None
    wait = (row["own"] or {}).get("wait")
    booking = None
    if own and own.state in ("held", "confirmed"):
        booking = ActiveBooking(own.id, own.state, own.kind, own.amount, own.currency, own.held_until)
    return gatherings.bookable_of(row), Eligibility(
        row["now"],
        row["version_id"],
        row["guidelines"],
        booking,
        row["held"],
        screening_rules.admission_of(row),
        seat_rules.overlaps_of(row["overlaps"]),
        UUID(wait["id"]) if wait else None,
        is_offered=bool(wait) and wait["state"] == "offered",
        own_pass=OwnPass.of(row["pass"]),
    )


async def other_dates(tx: db.Tx, gathering: BookableGathering) -> FullGathering:
    """A gathering that was just found full, with the next dates of its circle that have a free seat."""
    query = SQL.other_dates(tx, circle_id=gathering.circle_id, gathering_id=gathering.gathering_id)
    return FullGathering(
        gathering.gathering_id,
        gathering.circle_id,
        gathering.circle_name,
        gathering.starts_at,
        gathering.zone,
        tuple(FreeDate(**row) for row in await db.rows(query)),
    )


async def full_gathering(tx: db.Tx, actor_id: UUID, gathering_id: UUID) -> FullGathering | None:
    """A gathering ahead without a free seat, for somebody with no seat and no place in line there; None otherwise."""
    row = await SQL.full_gathering(tx, gathering_id=gathering_id, actor_id=actor_id)
    if row is None:
        return None
    dates = map(FreeDate, row["ids"], row["starts"], row["zones"], row["seats"])
    return FullGathering(
        row["gathering_id"],
        row["circle_id"],
        row["circle_name"],
        row["starts_at"],
        row["zone"],
        tuple(dates),
    )


def booked_together(row: db.Record) -> list[dict[str, Any]]:
    """The bookings that were made in one step with one's own, itself included, in the order of time; else none."""
    columns = zip(
        row["together_ids"],
        row["together_states"],
        row["together_starts"],
        row["together_zones"],
        strict=True,
    )
    return [dict(zip(("id", "state", "starts_at", "zone"), values, strict=True)) for values in columns]


async def own_booking(tx: db.Tx, actor: Person, booking_id: UUID) -> db.Record:
    """One booking of this person with all that its pages show, in one query. Raises NotFound."""
    return or_not_found(await SQL.own_booking(tx, booking_id=booking_id, actor_id=actor.id))
