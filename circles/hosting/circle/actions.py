"""Circles: create, save, copy. A change of one is planned in hosting/change."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

from circles import guidelines
from circles.base.errors import NotAllowed, or_not_found
from circles.hosting.circle.rules import CirclePlan
from circles.people import Person
from circles.store import audit, db
from circles.store.context import Context

SQL = db.queries("hosting/circle")
HOSTS = db.queries("hosting/hosts")


async def create_circle(context: Context, actor: Person, plan: CirclePlan) -> UUID:
    """Create a circle: a draft with its guidelines, led by the actor. Returns its id.

    Raises NotAllowed for somebody who is neither facilitator nor organizer by now.
    """
    async with context.db.transaction() as tx:
        # Locked, so that nobody takes the role away between this and the circle, which would then have no lead.
        if await HOSTS.lock_possible_lead(tx, id=actor.id) is None:
            raise NotAllowed
        guidelines_id = await guidelines.create(tx, plan.guidelines, actor.id)
        circle_id = await SQL.add_circle(tx, **_columns(plan), guidelines_id=guidelines_id, actor_id=actor.id)
        await SQL.add_lead(tx, circle_id=circle_id, person_id=actor.id)
        await audit.record(tx, "circle.planned", circle_id, actor_id=actor.id, after="draft")
    return circle_id


def _columns(plan: CirclePlan) -> dict[str, Any]:
    columns = asdict(plan)
    del columns["guidelines"]
    return columns


async def save_circle(tx: db.Tx, circle_id: UUID, plan: CirclePlan) -> None:
    """Store the plan of a circle the caller has locked; its guidelines have a draft and versions of their own."""
    await SQL.save_circle(tx, id=circle_id, **_columns(plan))


async def lock_circle(tx: db.Tx, circle_id: UUID, actor: Person) -> db.Record:
    """A circle, locked, for somebody who may change it. Raises NotFound."""
    return or_not_found(await SQL.lock_circle(tx, id=circle_id, actor_id=actor.id))


async def copy_circle(context: Context, actor: Person, circle_id: UUID) -> UUID:
    """Create a draft with the same plan, led by the actor. Returns its id. Raises NotFound."""
    async with context.db.transaction() as tx:
        plan = CirclePlan.of(await lock_circle(tx, circle_id, actor))
    return await create_circle(context, actor, replace(plan, name=f"Copy of {plan.name}"[:80]))
