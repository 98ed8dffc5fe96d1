"""The verbs of circles and gatherings: plan, change, publish, cancel."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from circles import bookings, guidelines, people
from circles.base import text
from circles.base.errors import NotAllowed, NotFound, OutOfDate, Reason, Refused, refuse_if
from circles.hosting.change import actions as change_actions
from circles.hosting.circle import rules
from circles.hosting.circle.rules import CirclePlan, GatheringPlan
from circles.hosting.schedule import planting
from circles.hosting.stand_in import actions as stand_in_actions
from circles.store import audit, db
from circles.store.context import Context

SQL = db.queries("gatherings/gatherings")


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
        await audit.record(tx, "circle.planned", circle_id, who=person.id, after="draft")
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
        await audit.record(tx, "circle.saved", circle_id, who=person.id, details=changed)


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
            tx, "circle.published", circle_id, who=person.id, before=row["state"], after="published"
        )
        await planting.plant_circle(tx, circle_id)


async def plan_gathering(
    context: Context,
    person: people.Person,
    circle_id: UUID,
    plan: GatheringPlan,
    *,
    publish: bool = False,
    overlap_reason: str = "",
) -> UUID:
    """Plan a gathering of a circle, as a draft, or open for booking at once. Returns its id.

    overlap_reason: why another gathering of its hosts may lie across it. Raises NotFound; OutOfDate when the
    circle moved to another zone meanwhile; Refused when it has a gathering at that time, when its hosts have
    one and no reason is given, or when it is not published itself.
    """
    state = "open" if publish else "draft"
    try:
        async with context.db.transaction() as tx:
            row = await _lock_circle(tx, circle_id, person)
            refuse_if(_circle_not_open(row["state"]) if publish else [])
            if row["zone"] != plan.start.zone:
                says = "The circle moved to another time zone. Please look at the time again."
                raise OutOfDate(Reason("zone_moved", says, "time"))
            times = [(plan.start.utc, plan.ends_at)]
            across = await change_actions.overlaps(tx, circle_id, times)
            why = text.line(overlap_reason, "overlap_reason", most=200, required=False)
            gathering_id = await _add_gathering(tx, circle_id, plan, state)
            refuse_if(across if not why else [])
            await audit.record(
                tx, "gathering.planned", gathering_id, who=person.id, after=state, why=why if across else ""
            )
    except db.UniqueViolationError as error:
        if db.broken_rule(error) != "gathering_once_per_start":
            raise
        says = "This circle has a gathering at this time already."
        raise Refused(Reason("same_time", says, "time")) from None
    return gathering_id


async def _add_gathering(tx: db.Tx, circle_id: UUID, plan: GatheringPlan, state: str) -> UUID:
    return await SQL.add_gathering(
        tx,
        circle_id=circle_id,
        wall_start=plan.start.wall,
        zone=plan.start.zone,
        length_minutes=plan.length_minutes,
        starts_at=plan.start.utc,
        ends_at=plan.ends_at,
        capacity=plan.capacity,
        community_seats=plan.community_seats,
        note=plan.note,
        state=state,
    )


def _circle_not_open(circle_state: str) -> list[Reason]:
    if circle_state == "published":
        return []
    return [
        Reason("circle_not_published", "Publish the circle first: people see a gathering through its circle.")
    ]


async def _lock_gathering(tx: db.Tx, gathering_id: UUID, person: people.Person) -> db.Record:
    row = await SQL.lock_gathering(tx, id=gathering_id, person=person.id)
    if row is None:
        raise NotFound
    return row


async def publish_gathering(context: Context, person: people.Person, gathering_id: UUID) -> UUID:
    """Open a draft for booking. Doing it twice does nothing more. Returns the circle's id.

    Raises NotFound, and Refused with every reason: the circle is a draft, the time has passed, or it was
    cancelled.
    """
    async with context.db.transaction() as tx:
        row = await _lock_gathering(tx, gathering_id, person)
        if row["state"] == "open":
            return row["circle_id"]
        reasons = _circle_not_open(row["circle_state"])
        if row["state"] == "cancelled":
            reasons.append(Reason("cancelled", "This gathering was cancelled. Please plan another one."))
        if row["has_begun"]:
            reasons.append(Reason("past", "The time of this gathering has passed. Please plan another one."))
        refuse_if(reasons)
        await SQL.set_gathering_state(tx, id=gathering_id, state="open", reason="")
        await audit.record(
            tx, "gathering.published", gathering_id, who=person.id, before="draft", after="open"
        )
        return row["circle_id"]


async def cancel_gathering(context: Context, person: people.Person, gathering_id: UUID, reason: str) -> UUID:
    """Cancel an open gathering, once. What follows for those booked is decided in the same transaction.

    reason: what those booked will read. Returns the circle's id. Raises NotFound; Refused without a reason,
    for a draft (it can be thrown away) and for one that is over.
    """
    why = text.body(reason, "reason", most=500)
    async with context.db.transaction() as tx:
        row = await _lock_gathering(tx, gathering_id, person)
        if row["state"] == "cancelled":
            return row["circle_id"]
        if row["state"] == "draft":
            raise Refused(Reason("draft", "Nobody has seen this draft yet. You can throw it away instead."))
        if row["is_over"]:
            raise Refused(Reason("over", "This gathering is over, so it cannot be cancelled."))
        await SQL.set_gathering_state(tx, id=gathering_id, state="cancelled", reason=why)
        await audit.record(
            tx, "gathering.cancelled", gathering_id, who=person.id, before="open", after="cancelled", why=why
        )
        await bookings.gathering_cancelled(tx, context, gathering_id, why, person.id)
        await stand_in_actions.called_off(tx, context, gathering_id, person)
        return row["circle_id"]


async def discard_gathering(context: Context, person: people.Person, gathering_id: UUID) -> UUID:
    """Throw away a draft that nobody but its hosts has seen. Returns the circle's id.

    Raises NotFound, and Refused for one that was published.
    """
    async with context.db.transaction() as tx:
        row = await _lock_gathering(tx, gathering_id, person)
        if row["state"] != "draft":
            raise Refused(Reason("not_draft", "This gathering was published. You can cancel it instead."))
        await SQL.drop_draft(tx, id=gathering_id)
        await audit.record(tx, "gathering.discarded", gathering_id, who=person.id, before="draft")
        return row["circle_id"]
