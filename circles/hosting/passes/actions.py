"""Publishing what a circle offers as a pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from uuid import UUID

from circles.base.errors import OutOfDate, Reason, Refused, or_not_found
from circles.hosting.hosts import mail as hosts_mail
from circles.hosting.hosts.rules import acted_as
from circles.hosting.organize import acting
from circles.hosting.passes import rules
from circles.people import Person
from circles.store import audit, db
from circles.store.context import Context

SQL = db.queries("hosting/passes")

# What the other hosts read.
PUBLISHED = "{name} changed the pass of this circle. Passes that were sold keep their terms."
FREE = Reason("free", "This circle is free, so it sells no pass.")
CHANGED = Reason("offer_changed", "Somebody changed the pass while this page was open. Please look again.")


async def publish(
    context: Context, actor: Person, circle_id: UUID, values: Mapping[str, str], *, number: int, why: str = ""
) -> None:
    """Publish another version of a circle's pass; passes that were sold keep theirs.

    number: of the version that the form was made from. why: an organizer's reason, unless they act for the circle.
    Raises NotFound, OutOfDate when there is a newer version, or Refused with every reason.
    """
    async with context.db.transaction() as tx:
        circle = or_not_found(await SQL.lock_circle(tx, id=circle_id, actor_id=actor.id))
        if not circle["maximum"]:
            raise Refused(FREE)
        plan = rules.read(values, circle["currency"])
        if circle["number"] != number:
            raise OutOfDate(CHANGED)
        who = await acting.require(tx, actor, circle_id, circle["part"], why)
        offer_id = await SQL.publish(
            tx, circle_id=circle_id, number=number + 1, actor_id=actor.id, **asdict(plan)
        )
        await audit.record(
            tx,
            "pass.offered",
            circle_id,
            actor_id=actor.id,
            after="sold" if plan.is_sold else "not_sold",
            why=who.why,
            details={"offer": str(offer_id)} | acted_as(circle["part"]),
        )
        await hosts_mail.notify_hosts(
            tx, context, circle_id, actor, who.says(PUBLISHED.format(name=who.name))
        )
