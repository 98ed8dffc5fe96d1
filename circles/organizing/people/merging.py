"""Joining two accounts of one person: asked by an organizer, agreed to from both addresses, one transaction."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from uuid import UUID

from circles import bookings, directory, invites, people
from circles.base.errors import OutOfDate, Reason, or_not_found, refuse_if
from circles.organizing.people import merge_rules as rules
from circles.people import Person
from circles.store import audit, db, jobs, mail
from circles.store.context import Context

SQL = db.queries("organizing/merges")
ROLES = db.queries("people/roles")

_CHANGED = Reason("changed", "Something changed in this very moment. Please press once more.")
_ASKED = Reason("asked_already", "Both addresses are asked already. Withdraw that first.", "other")
MAX_TRIES = 3


@dataclass(frozen=True, slots=True)
class Plan:
    """What joining two accounts does. both: seats ahead that both have, of which one is let go with a full refund."""

    standing: db.Record
    counts: db.Record
    both: list[db.Record]
    reasons: list[Reason]


async def plan(tx: db.Tx, kept_id: UUID, gone_id: UUID) -> Plan:
    """What it does, and every reason against it. Raises NotFound, and Refused for an account with itself."""
    if kept_id == gone_id:
        refuse_if([rules.SAME])
    standing = or_not_found(await SQL.standing(tx, kept_id=kept_id, gone_id=gone_id))
    counts = or_not_found(await SQL.counts(tx, person_id=gone_id))
    both = await db.rows(SQL.both_booked(tx, kept_id=kept_id, gone_id=gone_id))
    return Plan(standing, counts, both, rules.merge_refusals(kept_id, gone_id, standing))


async def ask(context: Context, actor: Person, kept_id: UUID, gone_id: UUID, why: str) -> None:
    """Ask both addresses whether they are one person's. Neither mail names the other.

    Raises NotFound, and Refused with every reason.
    """
    tokens = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    async with context.db.transaction() as tx:
        await people.lock_for_role(tx, actor.id, kept_id)
        planned = await plan(tx, kept_id, gone_id)
        refuse_if(planned.reasons)
        merge_id = await SQL.add(
            tx,
            kept_id=kept_id,
            gone_id=gone_id,
            actor_id=actor.id,
            why=why,
            kept_token_hash=people.fingerprint(tokens[0]),
            gone_token_hash=people.fingerprint(tokens[1]),
        )
        refuse_if([] if merge_id else [_ASKED])
        for person_id in (kept_id, gone_id):
            await audit.record(tx, "person.merge_asked", person_id, actor_id=actor.id, after="asked", why=why)
        for name, person_id, token in (("kept", kept_id, tokens[0]), ("gone", gone_id, tokens[1])):
            await _send(tx, context, planned.standing, name, person_id, token)


async def _send(
    tx: db.Tx, context: Context, standing: db.Record, name: str, person_id: UUID, token: str
) -> None:
    await mail.send(
        tx,
        context.settings,
        "join_accounts",
        to=standing[f"{name}_email"],
        to_name=standing[f"{name}_name"],
        person_id=person_id,
        subject="A question about your account",
        link=f"{context.settings.base_url}/join-accounts/{token}",
    )


async def of_person(tx: db.Tx, person_id: UUID) -> db.Record | None:
    """The open request that an account is part of."""
    return await SQL.of_person(tx, person_id=person_id)


async def withdraw(context: Context, actor: Person, person_id: UUID) -> None:
    """Withdraw the open request of an account. Raises NotFound."""
    async with context.db.transaction() as tx:
        await people.lock_for_role(tx, actor.id, person_id)
        row = or_not_found(await SQL.of_person(tx, person_id=person_id))
        await _end(tx, row, "withdrawn", actor.id)


async def _end(tx: db.Tx, row: db.Record, state: str, actor_id: UUID | None) -> None:
    await SQL.end_merge(tx, id=row["id"], state=state, actor_id=actor_id)
    for name in ("kept_id", "gone_id"):
        await audit.record(
            tx, f"person.merge_{state}", row[name], actor_id=actor_id, before="asked", after=state
        )


async def of_token(tx: db.Tx, token: str) -> db.Record:
    """The request that a link belongs to. Raises NotFound."""
    return or_not_found(await SQL.of_token(tx, token_hash=people.fingerprint(token)))


async def answer(context: Context, token: str, *, agrees: bool) -> bool:
    """Agree, or decline. Returns whether the accounts are one now: once both addresses agreed.

    Agreeing twice is agreeing once. Raises NotFound; Refused where it is over, or cannot be done now: then what was
    agreed stays, and an organizer can carry it out later.
    """
    async with context.db.transaction() as tx:
        row = await of_token(tx, token)
        locked = or_not_found(await SQL.lock(tx, id=row["id"]))
        if locked["state"] == "done":
            return True
        refuse_if(rules.answer_refusals(locked))
        own_id = row["kept_id"] if row["is_kept"] else row["gone_id"]
        if not agrees:
            await _end(tx, locked, "declined", own_id)
            return False
        await SQL.note_agreed(tx, id=row["id"], is_kept=row["is_kept"])
        await audit.record(tx, "person.merge_agreed", own_id, actor_id=own_id, before="asked", after="agreed")
        locked = or_not_found(await SQL.lock(tx, id=row["id"]))
    if not (locked["kept_agreed_at"] and locked["gone_agreed_at"]):
        return False
    await carry_out(context, row["id"], actor_id=own_id)
    return True


async def carry_out(context: Context, merge_id: UUID, *, actor_id: UUID) -> None:
    """Join two accounts that both agreed to. Raises NotFound, and Refused with every reason. Idempotent."""
    for _ in range(MAX_TRIES):
        async with context.db.transaction() as tx:
            row = or_not_found(await SQL.lock(tx, id=merge_id))
            if row["state"] == "done":
                return
            refuse_if(rules.answer_refusals(row))
            or_not_found((row["kept_agreed_at"] and row["gone_agreed_at"]) or None)
            if await _merge(tx, context, row, actor_id):
                return
    raise OutOfDate(_CHANGED)


async def _merge(tx: db.Tx, context: Context, row: db.Record, actor_id: UUID) -> bool:
    """Lock circles, gatherings, bookings, people, as everywhere, and join them.

    False where one of both booked just before the locks.
    """
    two = {"kept_id": row["kept_id"], "gone_id": row["gone_id"]}
    await SQL.lock_circles_of(tx, **two)
    locked = {each["gathering_id"] for each in await db.rows(SQL.gatherings_of(tx, **two))}
    await SQL.lock_gatherings(tx, ids=list(locked))
    await SQL.lock_bookings_of(tx, **two)
    await db.rows(ROLES.lock_organizers(tx))
    await db.rows(SQL.lock_two(tx, **two))
    # From here on neither can book: that waits for the lock of their row.
    if {each["gathering_id"] for each in await db.rows(SQL.gatherings_of(tx, **two))} - locked:
        return False
    planned = await plan(tx, **two)
    refuse_if([*planned.reasons, *rules.late_refusals(planned.standing)])
    await directory.end_double_introductions(tx, context, row["kept_id"], row["gone_id"])
    for seat in planned.both:
        await bookings.suspended_seats.end_double(tx, seat["id"], actor_id=actor_id)
    withdrawal = await invites.withdraw_within(tx, context, [seat["id"] for seat in planned.both])
    hosted = [each["circle_id"] for each in await db.rows(SQL.hosted_by(tx, person_id=row["gone_id"]))]
    await SQL.merge(tx, **two)
    await SQL.end_merge(tx, id=row["id"], state="done", actor_id=actor_id)
    for name, other in (("kept_id", "gone_id"), ("gone_id", "kept_id")):
        details = {"with": str(row[other])}
        await audit.record(tx, "person.merged", row[name], actor_id=actor_id, after=name[:4], details=details)
    for gathering_id in sorted(locked):
        await bookings.suspended_seats.offer_free_seats(tx, gathering_id)
    for circle_id in hosted:
        await invites.announce_circle(tx, circle_id)
    await _tell(tx, context, planned, row["kept_id"], withdrawal)
    return True


async def _tell(
    tx: db.Tx, context: Context, planned: Plan, kept_id: UUID, withdrawal: invites.Withdrawal
) -> None:
    """One mail to each address that both are one account now; that of the account that went has its calendars."""
    for name in ("kept", "gone"):
        calendars = withdrawal.calendars if name == "gone" else ()
        await mail.send(
            tx,
            context.settings,
            "accounts_joined",
            to=planned.standing[f"{name}_email"],
            to_name=planned.standing["kept_name"],
            person_id=kept_id,
            subject="About your account",
            calendars=calendars,
            method="CANCEL" if calendars else None,
            seats=withdrawal.seats,
            refund=withdrawal.refund,
            kept_email=planned.standing["kept_email"],
            gone_email=planned.standing["gone_email"],
            link=f"{context.settings.base_url}/me",
        )


@jobs.every("people.expire_merges", "43 * * * *")
async def expire(context: Context) -> None:
    """End the requests that nobody answered in time, and delete old ones."""
    async with context.db.transaction() as tx:
        for row in await db.rows(SQL.expire(tx)):
            for name in ("kept_id", "gone_id"):
                await audit.record(tx, "person.merge_expired", row[name], before="asked", after="expired")
        await SQL.forget_old(tx)
