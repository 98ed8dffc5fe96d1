"""Circles: create, edit, publish."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from circles import guidelines, people
from circles.base.errors import NotAllowed, NotFound, OutOfDate, Reason, Refused, refuse_if
from circles.hosting.circle import rules
from circles.hosting.circle.rules import CirclePlan
from circles.hosting.schedule import planting
from circles.store import audit, db
from circles.store.context import Context

SQL = db.queries("hosting/circle")


def _columns(plan: CirclePlan) -> dict[str, Any]:
    found = asdict(plan)
    del found["guidelines"]
    return found


async def create_circle(context: Context, person: people.Person, plan: CirclePlan) -> UUID:
    """Plan a circle: a draft with its guidelines, led by this person. Returns its id.

    Raises NotAllowed for somebody who is neither facilitator nor organizer.
    """
    if not (person.is_facilitator or person.is_organizer):
        raise NotAllowed
    async with context.db.transaction() as tx:
        guidelines_id = await guidelines.create(tx, plan.guidelines, person.id)
        circle_id = await SQL.add_circle(tx, **_columns(plan), guidelines_id=guidelines_id, by=person.id)
        await SQL.add_host(tx, circle_id=circle_id, person_id=person.id, part="lead")
        await audit.record(tx, "circle.planned", circle_id, actor_id=person.id, after="draft")
    return circle_id


async def edit_circle(
    context: Context, person: people.Person, circle_id: UUID, plan: CirclePlan, *, version: int
) -> None:
    """Save a circle. Its guidelines stay as they are: they have a draft and versions of their own.

    version: the one the person saw. Raises NotFound when it is not theirs to change, OutOfDate when somebody
    saved it meanwhile, and Refused with every reason against the change. Gatherings planned before stay as
    they were planned.
    """
    async with context.db.transaction() as tx:
        row = await _lock_circle(tx, circle_id, person)
        before = CirclePlan.of(row)
        if row["version"] != version:
            raise OutOfDate(_saved_meanwhile(before, plan))
        reasons = rules.change_problems(before, plan, row["seats_ahead"])
        if row["state"] == "published":
            reasons += rules.publish_problems(plan)
        refuse_if(reasons)
        await SQL.save_circle(tx, id=circle_id, **_columns(plan))
        changed = {"changed": rules.differences(before, plan)}
        await audit.record(tx, "circle.saved", circle_id, actor_id=person.id, details=changed)


async def _lock_circle(tx: db.Tx, circle_id: UUID, person: people.Person) -> db.Record:
    row = await SQL.lock_circle(tx, id=circle_id, person=person.id)
    if row is None:
        raise NotFound
    return row


def _saved_meanwhile(saved: CirclePlan, typed: CirclePlan) -> Reason:
    differing = rules.differences(saved, typed)
    says = "Somebody else saved this circle while you were writing. What you typed is kept here."
    if differing:
        says += f" It differs from theirs in: {', '.join(differing)}. Saving again replaces theirs."
    return Reason("out_of_date", says)


async def publish_circle(context: Context, person: people.Person, circle_id: UUID) -> None:
    """Let everybody see a circle. Publishing twice does nothing more.

    Raises NotFound, and Refused with everything the circle still lacks.
    """
    async with context.db.transaction() as tx:
        row = await _lock_circle(tx, circle_id, person)
        if row["state"] == "published":
            return
        if row["state"] != "draft":
            raise Refused(Reason("not_draft", "Only a draft can be published."))
        refuse_if(rules.publish_problems(CirclePlan.of(row)))
        await SQL.set_circle_state(tx, id=circle_id, state="published")
        await audit.record(
            tx, "circle.published", circle_id, actor_id=person.id, before=row["state"], after="published"
        )
        await planting.plant_circle(tx, circle_id)
