"""The verbs of schedules: make one, change it from a gathering on or as a whole, end it."""

from __future__ import annotations

from uuid import UUID

from circles import audit, clock, db, people
from circles.errors import NotFound, OutOfDate, Reason, Refused, refuse_if
from circles.gatherings import change_actions, change_rules, planting, schedule_forms, schedule_rules
from circles.gatherings.change_actions import Consent
from circles.gatherings.change_rules import Outcome
from circles.gatherings.schedule_rules import Rule, Terms
from circles.house import House

SQL = db.queries("schedules")
GATHERINGS = db.queries("gatherings")


async def _lock_circle(tx: db.Tx, circle_id: UUID, person: people.Person, zone: str) -> db.Record:
    row = await GATHERINGS.lock_circle(tx, id=circle_id, person=person.id)
    if row is None:
        raise NotFound
    if row["zone"] != zone:
        says = "The circle moved to another time zone. Please look at the time again."
        raise OutOfDate(Reason("zone_moved", says, "time"))
    if row["state"] == "archived":
        raise Refused(Reason("archived", "This circle has ended, so it has no schedules."))
    return row


async def create_schedule(
    house: House,
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
    async with house.db.transaction() as tx:
        circle = await _lock_circle(tx, circle_id, person, terms.zone)
        refuse_if(schedule_rules.problems(rule, terms, clock.now()))
        new = change_rules.outcome(rule, terms, (), clock.now())
        consent = Consent(new.seen, overlap_reason)
        why = await change_actions.mind_overlaps(tx, circle_id, new, terms, consent)
        schedule_id = await _add(tx, circle_id, rule, terms, person)
        words = schedule_rules.words(rule, terms, clock.now().date())
        await audit.record(
            tx, "schedule.made", schedule_id, who=person.id, after="active", why=why, details={"words": words}
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


async def foresee(
    tx: db.Tx, schedule_id: UUID, rule: Rule, terms: Terms, *, since: UUID | None = None
) -> Outcome:
    """What a changed rule does to the gatherings ahead. since: the first gathering it touches, else all."""
    rows = await db.rows(SQL.planted_ahead(tx, schedule_id=schedule_id, since=since))
    return change_rules.outcome(rule, terms, map(change_actions.standing, rows), clock.now())


async def change_schedule(
    house: House, person: people.Person, schedule_id: UUID, rule: Rule, terms: Terms, consent: Consent
) -> Outcome:
    """Change a whole schedule and the gatherings ahead that were planted under it.

    What was changed by hand stays; what has bookings and falls out of the rule stays and is marked. Raises
    NotFound; OutOfDate when it does another thing by now than was shown; Refused with every reason.
    """
    async with house.db.transaction() as tx:
        row = await _locked(tx, person, schedule_id, terms.zone)
        refuse_if(schedule_rules.problems(rule, terms, clock.now()))
        found = await _check(tx, row, rule, terms, consent)
        await _save(tx, row, rule, terms, person)
        await _finish(tx, house, person, row, found, consent, terms)
    return found


async def change_following(
    house: House, person: people.Person, gathering_id: UUID, terms: Terms, consent: Consent
) -> Outcome:
    """Change a gathering and all that follow it in its schedule, which is cut in two there.

    Raises NotFound, OutOfDate and Refused as change_schedule does.
    """
    async with house.db.transaction() as tx:
        gathering = await change_actions.find(tx, person, gathering_id)
        if gathering["schedule_id"] is None:
            raise NotFound
        row = await _locked(tx, person, gathering["schedule_id"], terms.zone)
        early, late = schedule_rules.split(schedule_forms.rule_of(row), gathering["planned_for"])
        found = await _check(tx, row, late, terms, consent, since=gathering_id)
        kept = await _cut(tx, row, early, late, terms, person, gathering_id)
        await _finish(tx, house, person, kept, found, consent, terms)
    return found


async def _locked(tx: db.Tx, person: people.Person, schedule_id: UUID, zone: str) -> db.Record:
    """A schedule with its circle and its gatherings ahead, locked in the order that planting locks them."""
    row = await find(tx, person, schedule_id)
    await _lock_circle(tx, row["circle_id"], person, zone)
    await SQL.lock_schedule(tx, id=schedule_id)
    await db.rows(SQL.lock_planted(tx, schedule_id=schedule_id))
    return await find(tx, person, schedule_id)


async def _check(
    tx: db.Tx, row: db.Record, rule: Rule, terms: Terms, consent: Consent, *, since: UUID | None = None
) -> Outcome:
    if row["state"] != "active":
        raise Refused(Reason("ended", "This schedule has ended. Please make another one."))
    found = await foresee(tx, row["id"], rule, terms, since=since)
    change_actions.check_seen(found, consent)
    refuse_if(change_rules.problems(found))
    return found


async def _save(tx: db.Tx, row: db.Record, rule: Rule, terms: Terms, person: people.Person) -> None:
    given = schedule_forms.columns(rule, terms)
    await SQL.save_schedule(tx, id=row["id"], planted_until=None, **given)
    words = schedule_rules.words(rule, terms, clock.now().date())
    await audit.record(tx, "schedule.changed", row["id"], who=person.id, details={"words": words})


async def _cut(
    tx: db.Tx, row: db.Record, early: Rule, late: Rule, terms: Terms, person: people.Person, since: UUID
) -> db.Record:
    """Leave the schedule its dates before, and give those from this gathering on to a new one."""
    ids = [each["id"] for each in await db.rows(SQL.following(tx, schedule_id=row["id"], since=since))]
    if not any(schedule_rules.all_dates(early)):
        await _save(tx, row, late, terms, person)
        return row
    await SQL.save_schedule(
        tx,
        id=row["id"],
        planted_until=row["planted_until"],
        **schedule_forms.columns(early, schedule_forms.terms_of(row)),
    )
    new = await _add(tx, row["circle_id"], late, terms, person)
    await SQL.belongs_to(tx, ids=ids, schedule_id=new)
    await audit.record(tx, "schedule.changed", row["id"], who=person.id, details={"followed_by": str(new)})
    await audit.record(tx, "schedule.made", new, who=person.id, after="active", why="cut in two")
    return await find(tx, person, new)


async def _finish(
    tx: db.Tx,
    house: House,
    person: people.Person,
    row: db.Record,
    found: Outcome,
    consent: Consent,
    terms: Terms,
) -> None:
    """Carry out every step, then plant the dates that are new."""
    why = await change_actions.mind_overlaps(tx, row["circle_id"], found, terms, consent)
    await change_actions.carry_out(tx, house, person, found.steps, by_hand=False, why=why)
    if row["circle_state"] == "published":
        await planting.plant_circle(tx, row["circle_id"])


async def end_schedule(house: House, person: people.Person, schedule_id: UUID, *, remove: bool) -> UUID:
    """End a schedule. What has seats taken stays; the rest goes too when asked. Returns the circle's id.

    remove: whether the gatherings ahead that nobody has a seat in are taken away. Raises NotFound.
    """
    async with house.db.transaction() as tx:
        row = await find(tx, person, schedule_id)
        if row["state"] == "ended":
            return row["circle_id"]
        row = await _locked(tx, person, schedule_id, row["circle_zone"])
        await SQL.end_schedule(tx, id=schedule_id)
        await audit.record(tx, "schedule.ended", schedule_id, who=person.id, before="active", after="ended")
        if remove:
            nothing = Rule("dates", clock.now().date())
            found = await foresee(tx, schedule_id, nothing, schedule_forms.terms_of(row))
            await change_actions.carry_out(tx, house, person, found.those("remove"), by_hand=False)
        return row["circle_id"]
