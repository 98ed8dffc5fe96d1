"""Throwing away a draft circle, which nobody but its hosts has seen."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from circles import guidelines
from circles.base.errors import NotFound, Reason, refuse_if
from circles.hosting.hosts import mail as hosts_mail
from circles.hosting.hosts.rules import Host
from circles.people import Person
from circles.store import audit, db
from circles.store.context import Context

SQL = db.queries("hosting/discard")

SAID = "{name} threw this draft away. Nobody but its hosts had seen it, and there is nothing to do for you."


async def look(tx: db.Tx, circle_id: UUID, person: Person) -> db.Record:
    """A circle with what would go with it, for the one who leads it. Raises NotFound."""
    row = await SQL.led_circle(tx, id=circle_id, person=person.id)
    if row is None:
        raise NotFound
    return row


def problems(circle: Any) -> list[Reason]:
    """Why this circle cannot be thrown away."""
    if circle["state"] == "archived":
        return [Reason("archived", "This circle has ended already. What took place in it stays on record.")]
    if circle["state"] != "draft" or circle["was_booked"]:
        says = (
            "This circle was published, so it cannot be thrown away. You can end it instead, on its own page."
        )
        return [Reason("published", says)]
    return []


async def discard_circle(context: Context, person: Person, circle_id: UUID) -> None:
    """Throw a draft circle away with all that was planned and written for it. Twice does nothing more.

    Its other hosts are told. Raises NotFound for whoever does not lead it, and Refused for one that was published.
    """
    async with context.db.transaction() as tx:
        await SQL.lock(tx, id=circle_id)
        if await SQL.threw_away(tx, id=circle_id, person=person.id):
            return
        row = await look(tx, circle_id, person)
        refuse_if(problems(row))
        await _drop(tx, row, person)
        details = {name: row[name] for name in ("name", "gatherings", "schedules")}
        await audit.record(
            tx, "circle.discarded", circle_id, actor_id=person.id, before=row["state"], details=details
        )
        said = SAID.format(name=person.name)
        for other in row["others"]:
            await hosts_mail.notify(tx, context, Host.read(other), row["discreet_name"], said)


async def _drop(tx: db.Tx, circle: db.Record, person: Person) -> None:
    """Everything the draft is made of, with a line for each gathering and schedule."""
    for what, drop in (("gathering", SQL.drop_gatherings), ("schedule", SQL.drop_schedules)):
        for gone in await db.rows(drop(tx, circle_id=circle["id"])):
            await audit.record(tx, f"{what}.discarded", gone["id"], actor_id=person.id, before=gone["state"])
    await SQL.drop_circle(tx, id=circle["id"])
    await guidelines.delete(tx, circle["guidelines_id"])
