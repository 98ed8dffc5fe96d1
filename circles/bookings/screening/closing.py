"""Requests whose gathering, circle or person is gone: closed, and their people notified."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from circles.store import audit, db, jobs, mail
from circles.store.context import Context

SQL = db.queries("bookings/screening")


async def close_for_gathering(tx: db.Tx, gathering_id: UUID, *, actor_id: UUID | None) -> None:
    """Close the requests for a seat at a gathering that is canceled or removed. The caller has locked it."""
    rows = await db.rows(SQL.open_for_seat(tx, gathering_id=gathering_id))
    await _close(tx, rows, "the gathering does not take place", actor_id)


async def close_of_circle(tx: db.Tx, circle_id: UUID, *, actor_id: UUID | None) -> None:
    """Close every request that waits for an answer of a circle which ended. The caller has locked it."""
    rows = await db.rows(SQL.open_of_circle(tx, circle_id=circle_id))
    await _close(tx, rows, "the circle ended", actor_id)


async def close_of_person(tx: db.Tx, person_id: UUID, *, actor_id: UUID | None) -> None:
    """Close every request of somebody who is suspended that waits for an answer; no host answers it any more."""
    rows = await db.rows(SQL.open_of_person(tx, person_id=person_id))
    await _close(tx, rows, "the account was suspended", actor_id)


async def _close(tx: db.Tx, rows: Iterable[db.Record], why: str, actor_id: UUID | None) -> None:
    """Close requests and delete what was written in them. Who has the seat, or is suspended, gets a mail about that."""
    for row in rows:
        await SQL.withdraw(tx, id=row["id"])
        await audit.record(
            tx,
            "request.withdrawn",
            row["id"],
            actor_id=actor_id,
            before=row["state"],
            after="withdrawn",
            why=why,
            details={} if row["has_seat"] else {"mail": "due"},
        )
        if not row["has_seat"]:
            await jobs.enqueue(tx, "bookings.request_closed", request_id=row["id"], key=str(row["id"]))


@jobs.job("bookings.request_closed")
async def mail_closed(context: Context, *, request_id: str) -> None:
    """Mail somebody that their request is closed, since what they asked for does not take place. Idempotent."""
    async with context.db.transaction() as tx:
        row = await SQL.lock_request(tx, id=UUID(request_id))
        if row is None or row["state"] != "withdrawn" or await SQL.was_told(tx, id=row["id"]):
            return
        name = row["discreet_name"]
        await mail.send(
            tx,
            context.settings,
            "request",
            to=row["email"],
            to_name=row["name"],
            subject=f"About {name}: your request is closed",
            person_id=row["person_id"],
            what="gone",
            discreet_name=name,
            link=f"{context.settings.base_url}/gatherings",
        )
        await audit.record(tx, "request.told", row["id"], before="withdrawn", after="withdrawn")
