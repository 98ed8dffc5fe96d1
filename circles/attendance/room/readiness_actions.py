"""Opening the room of a gathering, and what a circle asks of its host first."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from circles import gatherings
from circles.attendance.room import readiness_rules as rules
from circles.attendance.room.readiness_rules import Asked
from circles.base.errors import NotFound, refuse_if
from circles.store import audit, db
from circles.store.context import Context

SQL = db.queries("attendance/readiness")


async def open_room(
    context: Context, *, person_id: UUID, gathering_id: UUID, answers: Mapping[str, str]
) -> None:
    """Open the room: from now on those booked see the way in. Opening it twice changes nothing.

    answers: co (here or alone), why (the reason for going ahead alone), card ("on": read). Raises NotFound for
    whoever may not open it, and Refused with every check that is missing or the reason why it is not the time.
    """
    async with context.db.transaction() as tx:
        row = await SQL.lock_room(tx, id=gathering_id, person=person_id)
        if row is None:
            raise NotFound
        refuse_if(rules.opening_problems(row["state"], row["starts_at"], row["ends_at"], row["now"]))
        if gatherings.room_is_open(row["opened_at"], row["starts_at"]):
            return
        checks = rules.read_checks(answers, Asked(row["asks_co"], row["asks_card"]))
        await SQL.open_room(tx, id=gathering_id, who=person_id, checks=checks)
        await audit.record(
            tx,
            "gathering.room_opened",
            gathering_id,
            who=person_id,
            after="opened",
            why=checks["why"],
            details={"co": checks["co"], "card": checks["card"]},
        )


async def shut_room(context: Context, *, person_id: UUID, gathering_id: UUID) -> None:
    """Shut an open room: those booked see the way in no more until it is opened again, with its checks.

    Shutting it twice changes nothing. Raises NotFound for whoever may not open it, and Refused when it is over.
    """
    async with context.db.transaction() as tx:
        row = await SQL.lock_room(tx, id=gathering_id, person=person_id)
        if row is None:
            raise NotFound
        if not gatherings.room_is_open(row["opened_at"], row["starts_at"]):
            return
        refuse_if(rules.shutting_problems(row["ends_at"], row["now"]))
        await SQL.shut_room(tx, id=gathering_id)
        await audit.record(
            tx, "gathering.room_shut", gathering_id, who=person_id, before="opened", after="shut"
        )


async def asked_of_hosts(tx: db.Tx, circle_id: UUID, person_id: UUID) -> db.Record:
    """What a circle asks before its room opens. Raises NotFound for whoever may not change it."""
    row = await SQL.asked_of_hosts(tx, id=circle_id, person=person_id)
    if row is None:
        raise NotFound
    return row


async def ask_of_hosts(context: Context, *, person_id: UUID, circle_id: UUID, asked: Asked) -> None:
    """Change what a circle asks of its host before a room opens. Raises NotFound."""
    async with context.db.transaction() as tx:
        changed = await SQL.ask_of_hosts(
            tx, id=circle_id, person=person_id, asks_co=asked.co, asks_card=asked.card
        )
        if changed is None:
            raise NotFound
        details = {"co": asked.co, "card": asked.card}
        await audit.record(tx, "circle.room_checks", circle_id, who=person_id, details=details)
