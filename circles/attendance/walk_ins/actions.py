"""Walk-ins: add somebody who came without a booking, take them off again, forget first names."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid4

from circles import bookings, payments, people
from circles.attendance.register import actions as register_actions
from circles.attendance.register.rules import MAY_RUN
from circles.attendance.walk_ins import rules
from circles.attendance.walk_ins.rules import WalkIn
from circles.base.errors import NotFound, Reason, Refused, or_not_found, refuse_if
from circles.store import audit, db, jobs
from circles.store.context import Context

SQL = db.queries("attendance/walk_ins")

MAX_FOUND = 20


async def add(context: Context, *, actor_id: UUID, gathering_id: UUID, walk_in: WalkIn) -> None:
    """Add a walk-in to the register. Idempotent by its key.

    Raises NotFound for anybody but a host; Refused before the register opens and once it is closed, for a name that
    cannot be read, and "over_capacity" in a full room while `over` is not set.
    """
    async with context.db.transaction() as tx:
        gathering = await lock(tx, gathering_id, actor_id)
        refuse_if(closed_refusals(gathering))
        await add_locked(tx, gathering, walk_in, actor_id=actor_id)


async def lock(tx: db.Tx, gathering_id: UUID, actor_id: UUID) -> db.Record:
    """Lock a gathering, always before any booking of it, and read it for a host who may run it. Raises NotFound."""
    or_not_found(await SQL.lock_gathering(tx, gathering=gathering_id))
    row = await register_actions.hosted_gathering(tx, gathering_id, actor_id)
    if row["part"] not in MAY_RUN:
        raise NotFound
    return row


def closed_refusals(gathering: db.Record) -> list[Reason]:
    """Why nobody can be added to a register now, the same as for marks."""
    return register_actions.mark_refusals(gathering, "came")


async def add_locked(tx: db.Tx, gathering: db.Record, walk_in: WalkIn, *, actor_id: UUID) -> None:
    """Add a walk-in to a gathering that `lock` locked. Idempotent by its key. Raises Refused."""
    if await is_there(tx, gathering, walk_in):
        return
    room = await SQL.lock_gathering(tx, gathering=gathering["id"])
    counts = await SQL.counts(tx, gathering=gathering["id"])
    if counts["total"] >= rules.MAX_OF_GATHERING:
        raise rules.too_many()
    if walk_in.person_id:
        await _check_person(tx, gathering, walk_in.person_id, actor_id)
    name = "" if walk_in.person_id else rules.parse_name(walk_in.name)
    cash = _parse_cash(walk_in.cash, gathering["currency"])
    full = rules.over_capacity(room["capacity"], room["seats_taken"] + counts["beyond"])
    if full and not walk_in.over:
        raise Refused(rules.full_reason(room["capacity"]))
    if walk_in.person_id:
        await bookings.end_wait(tx, gathering["id"], walk_in.person_id)
        # The seat that was offered to them is free.
        room = await SQL.lock_gathering(tx, gathering=gathering["id"])
    seat = room["free_seat"] if walk_in.counts else None
    await SQL.add(
        tx,
        id=walk_in.key,
        gathering=gathering["id"],
        name=name,
        person=walk_in.person_id,
        seat=seat,
        actor_id=actor_id,
        ago=walk_in.ago,
    )
    if walk_in.person_id:
        await bookings.follow_change(tx, gathering["id"], moved=False)
    details = {"seat": seat, "over": full, "account": walk_in.person_id is not None}
    if cash:
        await payments.note_walk_in_cash(
            tx, uuid4(), walk_in.key, cash, gathering["currency"], actor_id=actor_id
        )
    await audit.record(tx, "walk_in.added", walk_in.key, actor_id=actor_id, after="came", details=details)


def _parse_cash(typed: str, currency: str) -> int:
    return payments.parse_cash(typed, currency, instead=", or leave the field empty") if typed.strip() else 0


async def is_there(tx: db.Tx, gathering: db.Record, walk_in: WalkIn) -> bool:
    """Whether a walk-in was added before, by its key. Raises Refused for the key of another gathering."""
    there = await SQL.gathering_of(tx, id=walk_in.key)
    if there not in (None, gathering["id"]):
        raise Refused(Reason("key_used", "This was sent for another gathering before. Please add them anew."))
    return there is not None


async def _check_person(tx: db.Tx, gathering: db.Record, person_id: UUID, actor_id: UUID) -> None:
    """Check that a host may choose this person. Raises Refused."""
    if not await SQL.is_known(tx, person=person_id, circle=gathering["circle_id"], gathering=gathering["id"]):
        text = "Please choose somebody of the list, who is not here yet."
        raise Refused(Reason("person_unknown", text, "person"))
    if await SQL.is_kept_apart(tx, person=person_id, gathering=gathering["id"]):
        may_know = gathering["part"] in ("lead", "co")
        raise Refused(Reason("kept_apart", _APART if may_know else _APART_UNSAID, "person"))


_APART = (
    "They are kept apart from somebody who has a seat here, so they cannot be added. "
    "Please speak with one of them first; the circle’s page says who is kept apart."
)
_APART_UNSAID = "They cannot be added here. Please ask a host of this circle."


async def remove(context: Context, *, actor_id: UUID, gathering_id: UUID, walk_in_id: UUID) -> None:
    """Take a walk-in off the register again; their seat is free. Idempotent. Raises NotFound, Refused once closed."""
    async with context.db.transaction() as tx:
        gathering = await lock(tx, gathering_id, actor_id)
        if await SQL.gathering_of(tx, id=walk_in_id) != gathering_id:
            raise NotFound
        refuse_if(closed_refusals(gathering))
        if await SQL.remove(tx, id=walk_in_id, gathering=gathering_id, actor_id=actor_id):
            await audit.record(
                tx, "walk_in.removed", walk_in_id, actor_id=actor_id, before="came", after="removed"
            )
            await payments.correct_walk_in_cash(tx, walk_in_id, actor_id=actor_id)
            await bookings.follow_change(tx, gathering_id, moved=False)  # a seat is free for who waits


async def find(tx: db.Tx, gathering: db.Record, typed: str) -> Sequence[tuple[str, str]]:
    """People of a circle whose name has what was typed, as (id, label): those who had a seat in it before."""
    rows = await db.rows(
        SQL.known_people(
            tx,
            circle=gathering["circle_id"],
            gathering=gathering["id"],
            typed=typed,
            most=MAX_FOUND,
        )
    )
    hints = people.same_names.tell_apart(rows)
    return [(str(row["person_id"]), people.same_names.label(row, hints)) for row in rows]


@jobs.every("attendance.forget_walk_ins", "44 4 * * *")
async def forget_names(context: Context) -> None:
    """Forget the first names of walk-ins a year after they came; the register keeps that somebody was there."""
    async with context.db.transaction() as tx:
        await SQL.forget_old_names(tx, age=rules.FORGOTTEN_AFTER)
