"""Reads of passes: what buying one takes, one's own pass, a pass that is locked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from circles.base.errors import NotFound, Reason, or_not_found
from circles.bookings.passes.rules import Offer
from circles.bookings.screening import rules as screening_rules
from circles.bookings.screening.rules import Admission
from circles.people import Person
from circles.store import db

SQL = db.queries("bookings/passes")


@dataclass(frozen=True, slots=True)
class HeldPass:
    """A pass that somebody is paying for. amount: minor units."""

    id: UUID
    amount: int
    offer_id: UUID


@dataclass(frozen=True, slots=True)
class CircleToBuy:
    """A circle and what decides whether somebody may buy its pass.

    usable: a pass of theirs with gatherings left, with the circle's zone. version_id, guidelines: those in force.
    last_amount: of their last pass where it was never paid, minor units.
    """

    id: UUID
    name: str
    discreet_name: str
    state: str
    zone: str
    now: datetime
    version_id: UUID
    guidelines: str
    offer: Offer | None
    held: HeldPass | None
    usable: dict[str, Any] | None
    admission: Admission
    last_amount: int | None = None


async def circle_to_buy(tx: db.Tx, actor_id: UUID, circle_id: UUID) -> CircleToBuy:
    """A circle for somebody who wants its pass, in one query. Raises NotFound."""
    row = or_not_found(await SQL.circle_to_buy(tx, circle_id=circle_id, actor_id=actor_id))
    held = row["held"]
    usable = {name: row[name] for name in ("uses", "used", "valid_until", "zone")}
    return CircleToBuy(
        row["circle_id"],
        row["circle_name"],
        row["discreet_name"],
        row["circle_state"],
        row["zone"],
        row["now"],
        row["version_id"],
        row["guidelines"],
        Offer.of(row["offer"]),
        HeldPass(UUID(held["id"]), held["amount"], UUID(held["offer_id"])) if held else None,
        usable if usable["valid_until"] else None,
        screening_rules.admission_of(row),
        row["last_amount"],
    )


def admission_refusals(circle: CircleToBuy) -> list[Reason]:
    """Whom the circle does not admit may not buy its pass. What is of single dates is decided when they are booked."""
    return screening_rules.admission_refusals(circle.admission, circle.now, circle.zone, circle.now)


async def own_pass(tx: db.Tx, actor: Person, pass_id: UUID) -> db.Record:
    """A pass of this person with its money and terms. Raises NotFound."""
    row = await SQL.one(tx, pass_id=pass_id)
    if row is None or row["person_id"] != actor.id:
        raise NotFound
    return row


async def lock(tx: db.Tx, pass_id: UUID) -> db.Record:
    """A pass, locked after its checkout, as every verb that may move its money does. Raises NotFound."""
    await SQL.lock_payment(tx, pass_id=pass_id)
    or_not_found(await SQL.lock(tx, pass_id=pass_id))
    return await SQL.one(tx, pass_id=pass_id)
