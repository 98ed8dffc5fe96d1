"""Reads of bookings: what the booking form and the pages of a booking need."""

from __future__ import annotations

from uuid import UUID

from circles import gatherings
from circles.base.errors import or_not_found
from circles.bookings import seat_rules
from circles.bookings.rules import ActiveBooking, Eligibility
from circles.bookings.screening import rules as screening_rules
from circles.bookings.seat_rules import OwnBooking
from circles.gatherings import BookableGathering
from circles.people import Person
from circles.store import db

SQL = db.queries("bookings/bookings")


async def eligibility(tx: db.Tx, actor_id: UUID, gathering_id: UUID) -> tuple[BookableGathering, Eligibility]:
    """A gathering and what decides whether a person may book it, in two queries. Raises NotFound."""
    gathering = await gatherings.bookable_gathering(tx, gathering_id)
    row = await SQL.eligibility(tx, gathering_id=gathering_id, actor_id=actor_id)
    own = OwnBooking.of(row["own"]["booking"]) if row["own"] and row["own"]["booking"] else None
    booking = None
    if own and own.state in ("held", "confirmed"):
        booking = ActiveBooking(own.id, own.state, own.kind, own.amount, own.currency, own.held_until)
    return gathering, Eligibility(
        row["now"],
        row["version_id"],
        row["guidelines"],
        booking,
        row["held"],
        screening_rules.admission_of(row),
        seat_rules.overlaps_of(row["overlaps"]),
    )


async def other_dates(tx: db.Tx, gathering: BookableGathering) -> list[db.Record]:
    """The next dates of this circle with a free seat."""
    return await db.rows(
        SQL.other_dates(tx, circle_id=gathering.circle_id, gathering_id=gathering.gathering_id)
    )


async def own_booking(tx: db.Tx, actor: Person, booking_id: UUID) -> db.Record:
    """One booking of this person with all that its pages show, in one query. Raises NotFound."""
    return or_not_found(await SQL.own_booking(tx, booking_id=booking_id, actor_id=actor.id))
