"""Schedules: create, change from a gathering on or as a whole, end; and single gatherings: plan."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from circles import people
from circles.base import clock, text
from circles.base.errors import NotFound, OutOfDate, Reason, Refused, refuse_if
from circles.hosting.change import actions as change_actions
from circles.hosting.change import rules as change_rules
from circles.hosting.change.actions import Consent
from circles.hosting.change.rules import Outcome
from circles.hosting.schedule import forms as schedule_forms
from circles.hosting.schedule import move_rules, planting
from circles.hosting.schedule import rules as schedule_rules
from circles.hosting.schedule.forms import GatheringPlan
from circles.hosting.schedule.move_rules import Cut
from circles.hosting.schedule.rules import Rule, Terms
from circles.store import audit, db
from circles.store.context import Context

SQL = db.queries("hosting/schedule")
CIRCLES = db.queries("hosting/circle")


async def _lock_circle(tx: db.Tx, circle_id: UUID, person: people.Person, zone: str) -> db.Record:
    """A circle for somebody who may change it, locked. Raises NotFound; OutOfDate when its zone is another one."""
    row = await CIRCLES.lock_circle(tx, id=circle_id, person=person.id)
    if row is None:
        raise NotFound
    if row["zone"] != zone:
        message = "The circle moved to another time zone. Please look at the time again."
        raise OutOfDate(Reason("zone_moved", message, "time"))
    return row


def _archived_refusals(circle: db.Record) -> list[Reason]:
    message = "This circle has ended, so it has no schedules."
    return [Reason("archived", message)] if circle["state"] == "archived" else []


async def create_schedule(
    context: Context,
    person: people.Person,
    circle_id: UUID,
    rule: Rule,
    terms: Terms,
    *,
    overlap_reason: str = "",
) -> int:
    """Give a circle a schedule and plant it, when the circle is published. Returns how many are planted.

    Raises NotFound; OutOfDate when the circle moved to another zone; Refused with every reason, also when
    gatherings of its hosts lie across one another and no reason is given.
    """
    async with context.db.transaction() as tx:
        circle = await _lock_circle(tx, circle_id, person, terms.zone)
        refuse_if(_archived_refusals(circle))
        refuse_if(schedule_rules.problems(rule, terms, clock.now()))
        new = change_rules.outcome(rule, terms, (), clock.now())
        consent = Consent(new.seen, overlap_reason)
        why = await change_actions.mind_overlaps(tx, circle_id, new, terms, consent)
        schedule_id = await _add(tx, circle_id, rule, terms, person)
        words = schedule_rules.words(rule, terms, clock.now().date())
        await audit.record(
            tx,
            "schedule.made",
            schedule_id,
            actor_id=person.id,
            after="active",
            why=why,
            details={"words": words},
        )
        return await planting.plant_circle(tx, circle_id) if circle["state"] == "published" else 0


async def _add(tx: db.Tx, circle_id: UUID, rule: Rule, terms: Terms, person: people.Person) -> UUID:
    given = schedule_forms.columns(rule, terms)
    return await SQL.add_schedule(tx, circle_id=circle_id, by=person.id, planted_until=None, **given)


async def find(tx: db.Tx, person: people.Person, schedule_id: UUID) -> db.Record:
    """A schedule for somebody who may change it, with its circle. Raises NotFound."""
    row = await SQL.hosted_schedule(tx, id=schedule_id, person=person.id)
    if row is None:
        raise NotFound
    return row


async def foresee(tx: db.Tx, schedule_id: UUID, rule: Rule, terms: Terms) -> Outcome:
    """What a changed rule does to the gatherings ahead."""
    rows = await db.rows(SQL.planted_ahead(tx, schedule_id=schedule_id, since=None))
    return change_rules.outcome(rule, terms, map(change_actions.standing, rows), clock.now())


async def foresee_following(tx: db.Tx, schedule_id: UUID, since: UUID, whole: Cut, terms: Terms) -> Outcome:
    """What becomes of a gathering and all that follow it in its schedule. Raises Refused when two would meet."""
    rows = await db.rows(SQL.planted_ahead(tx, schedule_id=schedule_id, since=since))
    goes = whole.days(row["planned_for"] for row in rows)
    found = [change_rules.following(change_actions.standing(row), since, goes, whole.moves) for row in rows]
    return change_rules.outcome(whole.late, terms, found, clock.now())


async def change_schedule(
    context: Context, person: people.Person, schedule_id: UUID, rule: Rule, terms: Terms, consent: Consent
) -> Outcome:
    """Change a whole schedule and the gatherings ahead that were planted under it.

    What was changed by hand stays; what has bookings and falls out of the rule stays and is marked. Raises
    NotFound; OutOfDate when it does another thing by now than was shown; Refused with every reason.
    """
    async with context.db.transaction() as tx:
        row = await _locked(tx, person, schedule_id, terms.zone)
        refuse_if(schedule_rules.problems(rule, terms, clock.now()))
        found = await foresee(tx, schedule_id, rule, terms)
        _check(row, found, consent)
        await _save(tx, row, rule, terms, person)
        await _finish(tx, context, person, row, found, consent, terms)
    return found


async def change_following(
    context: Context,
    person: people.Person,
    gathering_id: UUID,
    terms: Terms,
    consent: Consent,
    *,
    to: date | None = None,
) -> Outcome:
    """Change a gathering and all that follow it in its schedule, which is cut in two there.

    to: the day this one moves to, and the others as it does. Raises NotFound, OutOfDate and Refused as
    change_schedule does; Refused too when they cannot move so.
    """
    async with context.db.transaction() as tx:
        gathering = await change_actions.find(tx, person, gathering_id)
        if gathering["schedule_id"] is None:
            raise NotFound
        row = await _locked(tx, person, gathering["schedule_id"], terms.zone)
        gathering = await change_actions.find(tx, person, gathering_id)
        whole = move_rules.cut(schedule_forms.rule_of(row), gathering["planned_for"], to)
        found = await foresee_following(tx, row["id"], gathering_id, whole, terms)
        _check(row, found, consent)
        kept = await _cut(tx, row, whole, terms, person, gathering_id)
        await _finish(tx, context, person, kept, found, consent, terms)
    return found


async def _locked(tx: db.Tx, person: people.Person, schedule_id: UUID, zone: str) -> db.Record:
    """A schedule with its circle and its gatherings ahead, locked in the order that planting locks them."""
    row = await find(tx, person, schedule_id)
    refuse_if(_archived_refusals(await _lock_circle(tx, row["circle_id"], person, zone)))
    await SQL.lock_schedule(tx, id=schedule_id)
    await db.rows(SQL.lock_planted(tx, schedule_id=schedule_id))
    return await find(tx, person, schedule_id)


def _check(row: db.Record, found: Outcome, consent: Consent) -> None:
    if row["state"] != "active":
        raise Refused(Reason("ended", "This schedule has ended. Please make another one."))
    change_actions.check_seen(found, consent)
    refuse_if(change_rules.problems(found))


async def _save(tx: db.Tx, row: db.Record, rule: Rule, terms: Terms, person: people.Person) -> None:
    given = schedule_forms.columns(rule, terms)
    await SQL.save_schedule(tx, id=row["id"], planted_until=None, **given)
    words = schedule_rules.words(rule, terms, clock.now().date())
    await audit.record(tx, "schedule.changed", row["id"], actor_id=person.id, details={"words": words})


async def _cut(
    tx: db.Tx, row: db.Record, whole: Cut, terms: Terms, person: people.Person, since: UUID
) -> db.Record:
    """Leave the schedule its dates before, and give those from this gathering on to a new one, where they go."""
    rows = await db.rows(SQL.following(tx, schedule_id=row["id"], since=since))
    goes, ids = whole.days(each["planned_for"] for each in rows), [each["id"] for each in rows]
    if any(schedule_rules.all_dates(whole.early)):
        kept = await _add_following(tx, row, whole, terms, person)
    else:
        await _save(tx, row, whole.late, terms, person)
        kept = row
    await SQL.let_go(tx, ids=ids)
    dates = [goes[each["planned_for"]] for each in rows]
    await SQL.belongs_to(tx, ids=ids, dates=dates, schedule_id=kept["id"])
    return kept


async def _add_following(
    tx: db.Tx, row: db.Record, whole: Cut, terms: Terms, person: people.Person
) -> db.Record:
    """End the schedule before the cut, and make the one that follows it."""
    before = schedule_forms.columns(whole.early, schedule_forms.terms_of(row))
    await SQL.save_schedule(tx, id=row["id"], planted_until=row["planted_until"], **before)
    new = await _add(tx, row["circle_id"], whole.late, terms, person)
    words = schedule_rules.words(whole.late, terms, clock.now().date())
    await audit.record(
        tx, "schedule.changed", row["id"], actor_id=person.id, details={"followed_by": str(new)}
    )
    await audit.record(
        tx,
        "schedule.made",
        new,
        actor_id=person.id,
        after="active",
        why="cut in two",
        details={"words": words},
    )
    return await find(tx, person, new)


async def _finish(
    tx: db.Tx,
    context: Context,
    person: people.Person,
    row: db.Record,
    found: Outcome,
    consent: Consent,
    terms: Terms,
) -> None:
    """Carry out every step, then plant the dates that are new."""
    why = await change_actions.mind_overlaps(tx, row["circle_id"], found, terms, consent)
    await change_actions.carry_out(tx, context, person, found.in_order, by_hand=False, why=why)
    if row["circle_state"] == "published":
        await planting.plant_circle(tx, row["circle_id"])


async def end_schedule(context: Context, person: people.Person, schedule_id: UUID, *, remove: bool) -> UUID:
    """End a schedule. What has seats taken stays; the rest goes too when asked. Returns the circle's id.

    remove: whether the gatherings ahead that nobody has a seat in are taken away. Raises NotFound.
    """
    async with context.db.transaction() as tx:
        row = await find(tx, person, schedule_id)
        if row["state"] == "ended":
            return row["circle_id"]
        row = await _locked(tx, person, schedule_id, row["circle_zone"])
        await SQL.end_schedule(tx, id=schedule_id)
        await audit.record(
            tx, "schedule.ended", schedule_id, actor_id=person.id, before="active", after="ended"
        )
        if remove:
            nothing = Rule("dates", clock.now().date())
            found = await foresee(tx, schedule_id, nothing, schedule_forms.terms_of(row))
            await change_actions.carry_out(tx, context, person, found.those("remove"), by_hand=False)
        return row["circle_id"]


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
            circle = await _lock_circle(tx, circle_id, person, plan.start.zone)
            refuse_if(schedule_rules.publish_refusals(circle["state"]) if publish else [])
            times = [(plan.start.utc, plan.ends_at)]
            across = await change_actions.overlaps(tx, circle_id, times)
            why = text.line(overlap_reason, "overlap_reason", max_length=200, required=False)
            gathering_id = await _add_gathering(tx, circle_id, plan, state)
            refuse_if(across if not why else [])
            await audit.record(
                tx,
                "gathering.planned",
                gathering_id,
                actor_id=person.id,
                after=state,
                why=why if across else "",
            )
    except db.UniqueViolationError as error:
        if db.violated_constraint(error) != "gathering_once_per_start":
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
