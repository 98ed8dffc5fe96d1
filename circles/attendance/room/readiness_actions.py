"""Opening and shutting the room of a gathering, and the checks a circle requires first."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from circles import gatherings
from circles.attendance.room import readiness_rules as rules
from circles.attendance.room.readiness_rules import Checks
from circles.base.errors import or_not_found, refuse_if
from circles.store import audit, db
from circles.store.context import Context

SQL = db.queries("attendance/room")


async def open_room(
    context: Context, *, actor_id: UUID, gathering_id: UUID, answers: Mapping[str, str]
) -> None:
    """Open the room: from now on members with a seat see the join link. Idempotent.

    answers: co (here or alone), why (the reason for going ahead alone), card ("on": read). Raises NotFound for
    anybody but a full host, and Refused with every check that is missing or outside the time for it.
    """
    async with context.db.transaction() as tx:
        row = await _lock_room(tx, gathering_id, actor_id)
        refuse_if(rules.opening_refusals(row["state"], row["starts_at"], row["ends_at"], row["now"]))
        if gatherings.room_is_open(row["opened_at"], row["starts_at"]):
            return
        checks = rules.read_answers(answers, Checks(row["asks_co"], row["asks_card"]))
        await SQL.open_room(tx, id=gathering_id, actor_id=actor_id, checks=checks)
        await audit.record(
            tx,
            "gathering.room_opened",
            gathering_id,
            actor_id=actor_id,
            after="opened",
            why=checks["why"],
            details={"co": checks["co"], "card": checks["card"]},
        )


async def shut_room(context: Context, *, actor_id: UUID, gathering_id: UUID) -> None:
    """Shut an open room: the join link is hidden until the room is opened again, with its checks. Idempotent.

    Raises NotFound for anybody but a full host, and Refused when the gathering is over.
    """
    async with context.db.transaction() as tx:
        row = await _lock_room(tx, gathering_id, actor_id)
        if not gatherings.room_is_open(row["opened_at"], row["starts_at"]):
            return
        refuse_if(rules.shutting_refusals(row["ends_at"], row["now"]))
        await SQL.shut_room(tx, id=gathering_id)
        await audit.record(
            tx, "gathering.room_shut", gathering_id, actor_id=actor_id, before="opened", after="shut"
        )


async def _lock_room(tx: db.Tx, gathering_id: UUID, actor_id: UUID) -> db.Record:
    return or_not_found(await SQL.lock_room(tx, id=gathering_id, actor_id=actor_id))


async def checks_of_circle(tx: db.Tx, circle_id: UUID, actor_id: UUID) -> db.Record:
    """The checks a circle requires before its room opens. Raises NotFound for anybody but its lead and co-hosts."""
    return or_not_found(await SQL.checks_of_circle(tx, id=circle_id, actor_id=actor_id))


async def change_checks(context: Context, *, actor_id: UUID, circle_id: UUID, checks: Checks) -> None:
    """Change the checks a circle requires before its room opens. Raises NotFound."""
    async with context.db.transaction() as tx:
        row = await SQL.change_checks(
            tx, id=circle_id, actor_id=actor_id, asks_co=checks.co, asks_card=checks.card
        )
        or_not_found(row)
        details = {"co": checks.co, "card": checks.card}
        await audit.record(tx, "circle.room_checks", circle_id, actor_id=actor_id, details=details)
