"""Suspending somebody, and lifting it: by an organizer, of an organizer by two, or by the timetable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from circles import bookings, invites, people
from circles.base import clock
from circles.base.errors import NotFound, OutOfDate, Reason, or_not_found, refuse_if
from circles.hosting import leaving
from circles.organizing.people import suspend_rules as rules
from circles.organizing.people.suspend_rules import Plan, Wish
from circles.people import Person
from circles.store import audit, db, jobs, mail
from circles.store.context import Context

SQL = db.queries("organizing/suspensions")
PEOPLE = db.queries("organizing/people")
ROLES = db.queries("people/roles")

_OUT_OF_DATE = Reason(
    "out_of_date", "Something changed since you looked. Please see once more what will happen."
)


async def plan(tx: db.Tx, actor: Person, person_id: UUID) -> Plan:
    """What the suspension of somebody does. Raises NotFound."""
    person = or_not_found(await PEOPLE.person(tx, id=person_id, days=rules.ORGANIZER_DAYS))
    hosting = await leaving.plan_leaving(tx, person_id, actor.id)
    ahead = await bookings.suspended_seats.ahead(tx, person_id)
    return Plan(dict(person), hosting, ahead, len(await db.rows(ROLES.organizers(tx))))


async def suspend(context: Context, actor: Person, wish: Wish, *, fingerprint: str) -> str:
    """Suspend somebody, or ask another organizer to agree where they are one. Returns "active" or "asked".

    fingerprint: of what was shown. Their sign-ins end at once; seats ahead are let go right after, and by the timetable
    where that stops half-way. Sent twice, it is done once. Raises NotFound, OutOfDate, and Refused with every reason.
    """
    async with context.db.transaction() as tx:
        planned, suspension = await _lock(tx, actor, wish.person_id)
        if suspension and planned.fingerprint != fingerprint and wish.is_done(suspension, actor.id):
            return suspension["state"]
        refuse_if(rules.refusals(planned, actor.id, suspension["state"] if suspension else ""))
        if planned.fingerprint != fingerprint:
            raise OutOfDate(_OUT_OF_DATE)
        state = "asked" if planned.needs_second else "active"
        suspension_id = await _add(tx, actor, wish, planned, state)
        if state == "asked":
            await _ask_others(tx, context, actor, wish)
            return state
        await _begin(tx, context, actor, suspension_id, planned, wish.leads)
        await _record(tx, actor, wish.person_id, wish.reason)
    await release(context, suspension_id=str(suspension_id))
    return state


async def _lock(tx: db.Tx, actor: Person, person_id: UUID) -> tuple[Plan, db.Record | None]:
    """Lock what a suspension concerns: circles, gatherings, people; then plan it. Raises NotFound."""
    before = await plan(tx, actor, person_id)
    await leaving.lock_leaving(tx, before.hosting)
    await people.lock_for_role(tx, actor.id, person_id)
    return await plan(tx, actor, person_id), await SQL.open_suspension(tx, person_id=person_id)


async def _add(tx: db.Tx, actor: Person, wish: Wish, planned: Plan, state: str) -> UUID:
    return await SQL.add(
        tx,
        person_id=wish.person_id,
        state=state,
        reason=wish.reason,
        shares_reason=wish.shares_reason,
        refund=wish.refund,
        until=wish.until,
        leads={str(circle): str(lead) for circle, lead in wish.leads.items()},
        actor_id=actor.id,
        was_facilitator=planned.person["is_facilitator"],
        was_organizer=planned.person["is_organizer"],
    )


async def _ask_others(tx: db.Tx, context: Context, actor: Person, wish: Wish) -> None:
    """Ask every organizer but these two to agree. The mail names nobody."""
    await audit.record(
        tx, "person.suspension_asked", wish.person_id, actor_id=actor.id, after="asked", why=wish.reason
    )
    for row in await db.rows(SQL.organizers_to_ask(tx, without=[actor.id, wish.person_id])):
        await mail.send(
            tx,
            context.settings,
            "organizers_todo",
            to=row["email"],
            to_name=row["name"],
            person_id=row["id"],
            subject="Something waits for the organizers",
            text="An organizer asks whether another one is suspended. One more organizer has to agree.",
            link=f"{context.settings.base_url}/organize/people/{wish.person_id}",
        )


async def _begin(
    tx: db.Tx,
    context: Context,
    actor: Person,
    suspension_id: UUID,
    planned: Plan,
    leads: Mapping[UUID, UUID],
) -> None:
    """Carry out a suspension of a locked person: hosting, sign-ins, keys, roles. Seats follow after the commit."""
    person_id = planned.person["id"]
    await leaving.leave_everything(tx, context, actor, planned.hosting, leads)
    for role in ("facilitator", "organizer"):
        if planned.person[f"is_{role}"]:
            await audit.record(tx, f"person.{role}", person_id, actor_id=actor.id, before=role, after="")
    await people.suspend_account(tx, person_id, actor_id=actor.id)
    for row in await db.rows(SQL.close_role_matters(tx, person_id=person_id)):
        await audit.record(
            tx, "role_request.declined", row["id"], actor_id=actor.id, before="open", after="declined"
        )
    key = str(suspension_id)
    await jobs.enqueue(tx, "people.let_go_suspended", suspension_id=key, key=key)


async def _record(tx: db.Tx, actor: Person, person_id: UUID, reason: str) -> None:
    await audit.record(
        tx, "person.suspended", person_id, actor_id=actor.id, before="", after="suspended", why=reason
    )


async def agree(context: Context, actor: Person, person_id: UUID) -> None:
    """Agree, as a second organizer, to what another one asked for, which begins at once.

    Raises NotFound where nothing was asked, and Refused.
    """
    async with context.db.transaction() as tx:
        planned, suspension = await _lock(tx, actor, person_id)
        if suspension and suspension["state"] == "active" and suspension["begun_by"] == actor.id:
            return  # they agreed a moment ago
        if suspension is None or suspension["state"] != "asked":
            raise NotFound
        refuse_if(rules.agree_refusals(suspension, actor.id))
        before = {name: planned.person[name] for name in ("is_facilitator", "is_organizer")}
        await SQL.begin(
            tx,
            id=suspension["id"],
            actor_id=actor.id,
            was_facilitator=before["is_facilitator"],
            was_organizer=before["is_organizer"],
        )
        leads = {UUID(circle): UUID(lead) for circle, lead in suspension["leads"].items()}
        await _begin(tx, context, actor, suspension["id"], planned, leads)
        await _record(tx, actor, person_id, suspension["reason"])
    await release(context, suspension_id=str(suspension["id"]))


async def withdraw(context: Context, actor: Person, person_id: UUID) -> None:
    """Withdraw the request of a suspension that no second organizer agreed to. Raises NotFound, also for its person."""
    async with context.db.transaction() as tx:
        await people.lock_for_role(tx, actor.id, person_id)
        suspension = await SQL.open_suspension(tx, person_id=person_id)
        if suspension is None or suspension["state"] != "asked" or actor.id == person_id:
            raise NotFound
        await SQL.end_suspension(tx, id=suspension["id"], state="withdrawn", actor_id=actor.id)
        await audit.record(
            tx,
            "person.suspension_withdrawn",
            person_id,
            actor_id=actor.id,
            before="asked",
            after="withdrawn",
        )


@jobs.job("people.let_go_suspended", group="money")
async def release(context: Context, *, suspension_id: str) -> None:
    """Let go of everything ahead of a suspended person, and tell them once, with what comes back. Idempotent."""
    async with context.db.reading() as tx:
        suspension = await SQL.by_id(tx, id=suspension_id)
    if suspension is None or suspension["state"] != "active":
        return
    await bookings.suspended_seats.let_all_go(
        context,
        suspension["person_id"],
        refund=suspension["refund"],
        actor_id=suspension["begun_by"],
    )
    async with context.db.transaction() as tx:
        row = await SQL.lock_unreleased(tx, id=suspension_id)
        if row and row["state"] == "active":
            await SQL.note_released(tx, id=suspension_id)
            await _tell(tx, context, row)


async def _tell(tx: db.Tx, context: Context, row: db.Record) -> None:
    """The one mail about a suspension, with the calendars that remove what was ahead."""
    ended = await db.rows(SQL.ended_seats(tx, person_id=row["person_id"], since=row["begun_at"]))
    withdrawal = await invites.withdraw_within(tx, context, [seat["id"] for seat in ended])
    await _mail(
        tx,
        context,
        row,
        "suspended",
        calendars=withdrawal.calendars,
        method="CANCEL" if withdrawal.calendars else None,
        until=row["until"],
        reason=row["reason"] if row["shares_reason"] else "",
        seats=withdrawal.seats,
        refund=withdrawal.refund,
    )


async def _mail(tx: db.Tx, context: Context, person: Any, kind: str, **more: Any) -> None:
    await mail.send(
        tx,
        context.settings,
        kind,
        to=person["email"],
        to_name=person["name"],
        person_id=person["person_id"],
        subject="About your account",
        contact=context.settings.contact,
        **more,
    )


@jobs.every("people.release_suspended", "* * * * *")
async def release_all(context: Context) -> None:
    """What a crash left of a suspension, and seats whose payment was decided since."""
    async with context.db.reading() as tx:
        rows = await db.rows(SQL.to_release(tx))
    for row in rows:
        await release(context, suspension_id=str(row["id"]))


async def lift(context: Context, actor: Person, person_id: UUID) -> None:
    """Lift a suspension. Idempotent. Raises NotFound for somebody who is not there, or an actor without the role."""
    async with context.db.transaction() as tx:
        await people.lock_for_role(tx, actor.id, person_id)
        await _lift(tx, context, person_id, actor.id)


async def _lift(tx: db.Tx, context: Context, person_id: UUID, actor_id: UUID | None) -> None:
    """Lift the suspension of a locked person, if there is one, and tell them."""
    suspension = await SQL.open_suspension(tx, person_id=person_id)
    if suspension is None or suspension["state"] != "active":
        return
    await SQL.end_suspension(tx, id=suspension["id"], state="lifted", actor_id=actor_id)
    await people.lift_suspension(tx, person_id)
    why = "" if actor_id else "its time was over"
    await audit.record(
        tx, "person.lifted", person_id, actor_id=actor_id, before="suspended", after="", why=why
    )
    found = (await people.by_ids(tx, [person_id]))[person_id]
    row = {"email": found.email, "name": found.name, "person_id": person_id}
    had_role = suspension["was_facilitator"] or suspension["was_organizer"]
    await _mail(
        tx, context, row, "suspension_lifted", had_role=had_role, link=f"{context.settings.base_url}/sign-in"
    )


@jobs.every("people.lift_suspensions", "*/5 * * * *")
async def lift_those_over(context: Context) -> None:
    """Lift the suspensions whose time is over."""
    async with context.db.reading() as tx:
        rows = await db.rows(SQL.over(tx))
    for row in rows:
        async with context.db.transaction() as tx:
            await ROLES.lock_person(tx, id=row["person_id"])
            suspension = await SQL.open_suspension(tx, person_id=row["person_id"])
            if suspension and suspension["until"] and suspension["until"] <= clock.now():
                await _lift(tx, context, row["person_id"], None)
