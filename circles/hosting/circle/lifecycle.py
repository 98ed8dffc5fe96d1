"""What becomes of a circle as a whole: paused, taken up again, ended, copied."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from circles import people
from circles.base.errors import NotFound, Reason, Refused, refuse_if
from circles.hosting.change.actions import remove_gathering
from circles.hosting.circle import actions
from circles.hosting.circle.rules import CirclePlan
from circles.hosting.schedule import planting
from circles.store import audit, db
from circles.store.context import Context

SQL = db.queries("hosting/schedule")
CIRCLES = db.queries("hosting/circle")


async def _lock(tx: db.Tx, circle_id: UUID, person: people.Person) -> db.Record:
    row = await CIRCLES.lock_circle(tx, id=circle_id, person=person.id)
    if row is None:
        raise NotFound
    return row


async def _stand(tx: db.Tx, row: db.Record, person: people.Person, what: str, state: str) -> None:
    await CIRCLES.set_circle_state(tx, id=row["id"], state=state)
    await audit.record(tx, what, row["id"], actor_id=person.id, before=row["state"], after=state)


async def pause_circle(context: Context, person: people.Person, circle_id: UUID) -> None:
    """Take no bookings and plant nothing for a while; whoever has a seat keeps it. Twice does nothing more.

    Raises NotFound, and Refused for a circle that is not published.
    """
    async with context.db.transaction() as tx:
        row = await _lock(tx, circle_id, person)
        if row["state"] == "paused":
            return
        if row["state"] != "published":
            raise Refused(Reason("not_published", "Only a published circle can be paused."))
        await _stand(tx, row, person, "circle.paused", "paused")


async def resume_circle(context: Context, person: people.Person, circle_id: UUID) -> int:
    """Take a paused circle up again and plant what is due. Returns how many gatherings are new.

    Raises NotFound, and Refused for one that is neither paused nor published.
    """
    async with context.db.transaction() as tx:
        row = await _lock(tx, circle_id, person)
        if row["state"] == "published":
            return 0
        if row["state"] != "paused":
            raise Refused(Reason("not_paused", "This circle is not paused."))
        await _stand(tx, row, person, "circle.resumed", "published")
        return await planting.plant_circle(tx, circle_id)


async def archive_circle(context: Context, person: people.Person, circle_id: UUID) -> None:
    """End a circle for good: its schedules end, its gatherings ahead that nobody booked are taken away.

    Raises NotFound, and Refused while somebody has a seat ahead.
    """
    async with context.db.transaction() as tx:
        row = await _lock(tx, circle_id, person)
        if row["state"] == "archived":
            return
        ahead = await db.rows(SQL.open_ahead(tx, circle_id=circle_id))
        refuse_if(_seats_ahead(await SQL.seats_ahead(tx, circle_id=circle_id)))
        for schedule in await db.rows(SQL.lock_of_circle(tx, circle_id=circle_id)):
            await SQL.end_schedule(tx, id=schedule["id"])
            await audit.record(
                tx, "schedule.ended", schedule["id"], actor_id=person.id, before="active", after="ended"
            )
        for gathering in ahead:
            await remove_gathering(tx, person, gathering["id"], gathering["state"])
        await _stand(tx, row, person, "circle.archived", "archived")


def _seats_ahead(seats: int) -> list[Reason]:
    if not seats:
        return []
    taken = "1 seat is" if seats == 1 else f"{seats} seats are"
    says = f"{taken} taken ahead. Let these gatherings be over, or cancel them, before the circle ends."
    return [Reason("seats_ahead", says)]


async def copy_circle(context: Context, person: people.Person, circle_id: UUID) -> UUID:
    """A new draft that is made of the same, led by this person. Returns its id. Raises NotFound."""
    async with context.db.transaction() as tx:
        plan = CirclePlan.of(await _lock(tx, circle_id, person))
    return await actions.create_circle(context, person, replace(plan, name=f"Copy of {plan.name}"[:80]))
