"""Ending a circle for its hosts: cancel what is ahead with full refunds, and archive it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from circles.base import text
from circles.base.errors import OutOfDate, or_not_found
from circles.hosting.circle import lifecycle
from circles.hosting.hosts import change_actions
from circles.hosting.hosts import rules as hosts_rules
from circles.hosting.organize import rules
from circles.people import Person
from circles.store import db
from circles.store.context import Context

SQL = db.queries("hosting/organize")

# Gatherings that one page lists.
PER_PAGE = 120


@dataclass(frozen=True, slots=True)
class EndOfCircle:
    """A circle for an organizer, and what ends with it. ahead: its open gatherings that are not over."""

    circle: db.Record
    ahead: list[db.Record]
    booked: list[db.Record]

    @property
    def gatherings(self) -> int:
        return self.ahead[0]["total"] if self.ahead else 0

    @property
    def fingerprint(self) -> str:
        return rules.end_fingerprint(self.circle, (row["id"] for row in self.booked), self.gatherings)


async def plan_end(tx: db.Tx, actor: Person, circle_id: UUID) -> EndOfCircle:
    """A circle with what is ahead in it. Raises NotFound for everybody but organizers."""
    circle = or_not_found(await SQL.circle(tx, id=circle_id, actor_id=actor.id))
    ahead = await db.rows(SQL.ahead(tx, circle_id=circle_id, most=PER_PAGE))
    return EndOfCircle(circle, ahead, await db.rows(SQL.booked_ahead(tx, circle_id=circle_id)))


async def end(context: Context, actor: Person, circle_id: UUID, reason: str, *, fingerprint: str) -> None:
    """Cancel everything ahead, with full refunds, and end the circle. Idempotent.

    reason: what those booked will read. Raises NotFound, Refused without a reason, and OutOfDate when somebody booked
    or left since the page was shown.
    """
    async with context.db.transaction() as tx:
        await change_actions.lock_circles(tx, [circle_id])
        planned = await plan_end(tx, actor, circle_id)
        if planned.circle["state"] == "archived":
            return
        why = text.body(reason, "reason", max_length=500)
        if planned.fingerprint != fingerprint:
            raise OutOfDate(hosts_rules.out_of_date())
        await lifecycle.cancel_and_end(tx, context, actor, circle_id, why)
