"""Reads of bookings: what the booking form and the pages of a booking need."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from circles import gatherings
from circles.base.errors import or_not_found
from circles.bookings.rules import ActiveBooking, Eligibility
from circles.bookings.screening import rules as screening_rules
from circles.gatherings import BookableGathering
from circles.people import Person
from circles.store import db
from circles.store.context import Context

SQL = db.queries("bookings/bookings")


async def eligibility(tx: db.Tx, actor_id: UUID, gathering_id: UUID) -> tuple[BookableGathering, Eligibility]:
    """A gathering and what decides whether a person may book it, in two queries. Raises NotFound."""
    gathering = await gatherings.bookable_gathering(tx, gathering_id)
    row = await SQL.eligibility(tx, gathering_id=gathering_id, actor_id=actor_id)
    booking = None
    if row["id"]:
        booking = ActiveBooking(**{name: row[name] for name in ActiveBooking.__slots__})
    if row["kept_apart"]:  # to them it is a gathering like any other that is full
        gathering = replace(gathering, seats_taken=gathering.capacity)
    admission = screening_rules.admission_of(row)
    return gathering, Eligibility(
        row["now"], row["version_id"], row["guidelines"], booking, row["held"], admission
    )


async def other_dates(tx: db.Tx, actor_id: UUID, gathering: BookableGathering) -> list[db.Record]:
    """The next dates of this circle at which this person can still have a seat."""
    return await db.rows(
        SQL.other_dates(
            tx, circle_id=gathering.circle_id, gathering_id=gathering.gathering_id, actor_id=actor_id
        )
    )


async def find_active(context: Context, person_id: UUID, gathering_id: UUID) -> UUID | None:
    """The held or confirmed booking of a person at a gathering, in one query."""
    async with context.db.reading() as tx:
        return await SQL.active_booking(tx, gathering_id=gathering_id, person_id=person_id)


async def own_booking(tx: db.Tx, actor: Person, booking_id: UUID) -> db.Record:
    """One booking of this person with all that its pages show, in one query. Raises NotFound."""
    return or_not_found(await SQL.own_booking(tx, booking_id=booking_id, actor_id=actor.id))
