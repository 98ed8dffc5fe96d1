"""Schedules: create, cut in two; and single gatherings: plan."""

from __future__ import annotations

from uuid import UUID

from circles.base import clock
from circles.base.errors import OutOfDate, Reason, Refused, or_not_found, refuse_if
from circles.hosting.organize import acting
from circles.hosting.schedule import forms, planting, queries, rules
from circles.hosting.schedule.forms import GatheringPlan
from circles.hosting.schedule.moving import Cut
from circles.hosting.schedule.rules import Rule, Terms
from circles.people import Person
from circles.store import audit, db
from circles.store.context import Context

SQL = db.queries("hosting/schedule")
CIRCLES = db.queries("hosting/circle")


async def create_schedule(
    context: Context, actor: Person, circle_id: UUID, rule: Rule, terms: Terms, *, overlap_reason: str = ""
) -> int:
    """Give a circle a schedule, and plant it when the circle is published. Returns how many gatherings are planted.

    Raises NotFound; OutOfDate when the circle moved to another zone; Refused with every reason, also when its
    hosts have other gatherings at these times and no reason is given.
    """
    async with context.db.transaction() as tx:
        circle = await _lock_circle(tx, circle_id, actor, terms.zone)
        refuse_if(_archived_refusals(circle) or rules.refusals(rule, terms, clock.now()))
        times = rules.planted_times(rule, terms, clock.now())
        why = await queries.overlap_reason(tx, circle_id, times, overlap_reason, actor.viewer)
        await _add_schedule(tx, circle_id, rule, terms, actor, why)
        await acting.note(tx, context, actor, circle_id, "made a schedule")
        return await planting.plant_circle(tx, circle_id) if circle["state"] == "published" else 0


async def _lock_circle(tx: db.Tx, circle_id: UUID, actor: Person, zone: str) -> db.Record:
    row = or_not_found(await CIRCLES.lock_circle(tx, id=circle_id, actor_id=actor.id))
    if row["zone"] != zone:
        message = "The circle moved to another time zone. Please look at the time again."
        raise OutOfDate(Reason("zone_moved", message, "time"))
    return row


def _archived_refusals(circle: db.Record) -> list[Reason]:
    message = "This circle has ended, so it has no schedules."
    return [Reason("archived", message)] if circle["state"] == "archived" else []


async def _add_schedule(
    tx: db.Tx, circle_id: UUID, rule: Rule, terms: Terms, actor: Person, why: str
) -> UUID:
    schedule_id = await SQL.add_schedule(
        tx, circle_id=circle_id, actor_id=actor.id, planted_until=None, **forms.columns(rule, terms)
    )
    details = {"words": rules.words(rule, terms, clock.now().date())}
    await audit.record(
        tx, "schedule.made", schedule_id, actor_id=actor.id, after="active", why=why, details=details
    )
    return schedule_id


# Changed by hosting/change


async def lock_schedule(tx: db.Tx, actor: Person, schedule_id: UUID, zone: str) -> db.Record:
    """A schedule with its circle, locked in the order in which planting locks them. Raises NotFound and Refused."""
    row = await queries.find_schedule(tx, actor, schedule_id)
    refuse_if(_archived_refusals(await _lock_circle(tx, row["circle_id"], actor, zone)))
    await SQL.lock_schedule(tx, id=schedule_id)
    return await queries.find_schedule(tx, actor, schedule_id)


async def save_schedule(tx: db.Tx, schedule_id: UUID, rule: Rule, terms: Terms, actor: Person) -> None:
    """Store another rule and other terms for a schedule the caller has locked; its gatherings are the caller's."""
    await SQL.save_schedule(tx, id=schedule_id, planted_until=None, **forms.columns(rule, terms))
    details = {"words": rules.words(rule, terms, clock.now().date())}
    await audit.record(tx, "schedule.changed", schedule_id, actor_id=actor.id, details=details)


async def cut_schedule(tx: db.Tx, row: db.Record, cut: Cut, terms: Terms, actor: Person) -> UUID:
    """Give the dates from the cut on to a new schedule, or change this one when it has no date before. Returns its id.

    row: the schedule, which the caller has locked.
    """
    if not any(rules.all_dates(cut.early)):
        await save_schedule(tx, row["id"], cut.late, terms, actor)
        return row["id"]
    columns = forms.columns(cut.early, forms.terms_of(row))
    await SQL.save_schedule(tx, id=row["id"], planted_until=row["planted_until"], **columns)
    new = await _add_schedule(tx, row["circle_id"], cut.late, terms, actor, "cut in two")
    details = {"followed_by": str(new)}
    await audit.record(tx, "schedule.changed", row["id"], actor_id=actor.id, details=details)
    return new


async def end_schedule(tx: db.Tx, schedule_id: UUID, actor: Person) -> None:
    """End an active schedule, which the caller has locked. Its gatherings stay."""
    await SQL.end_schedule(tx, id=schedule_id)
    await audit.record(tx, "schedule.ended", schedule_id, actor_id=actor.id, before="active", after="ended")


# One date


async def plan_gathering(
    context: Context,
    actor: Person,
    circle_id: UUID,
    plan: GatheringPlan,
    *,
    publish: bool = False,
    overlap_reason: str = "",
) -> UUID:
    """Plan a gathering of a circle, as a draft, or open for booking at once. Returns its id.

    overlap_reason: why its hosts may have another gathering at that time. Raises NotFound; OutOfDate when the
    circle moved to another zone; Refused when it has a gathering at that time, when its hosts have one and no
    reason is given, or when it is to be open and the circle is not published.
    """
    state = "open" if publish else "draft"
    try:
        async with context.db.transaction() as tx:
            circle = await _lock_circle(tx, circle_id, actor, plan.start.zone)
            refuse_if(rules.publish_refusals(circle["state"]) if publish else [])
            gathering_id = await _add_gathering(tx, circle_id, plan, state)
            times = [(plan.start.utc, plan.ends_at)]
            why = await queries.overlap_reason(
                tx, circle_id, times, overlap_reason, actor.viewer, but_for=[gathering_id]
            )
            await audit.record(tx, "gathering.planned", gathering_id, actor_id=actor.id, after=state, why=why)
            await acting.note(tx, context, actor, circle_id, "planned a gathering")
    except db.UniqueViolationError as error:
        if db.violated_constraint(error) != "gathering_once_per_start":
            raise
        message = "This circle has a gathering at this time already."
        raise Refused(Reason("same_time", message, "time")) from None
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
