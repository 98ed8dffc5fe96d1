"""New zone data: gatherings keep their wall time and move in UTC, and everybody booked and the hosts are notified."""

from __future__ import annotations

from uuid import UUID

from circles.base import clock, zones
from circles.base.english import choose, join_names, plural
from circles.base.errors import Refused
from circles.hosting.change import actions
from circles.hosting.change.rules import Outcome, Planted, Step
from circles.hosting.hosts import mail as hosts_mail
from circles.store import db, zone_data
from circles.store.context import Context
from circles.store.zone_data import Misplaced

SQL = db.queries("hosting/change")


async def move_misplaced(context: Context) -> tuple[list[Misplaced], list[str]]:
    """Move every planned gathering to the moment that its wall time means under the zone data in use.

    Returns those that were misplaced before, and why circles could not be changed. Idempotent. Each circle has a
    transaction of its own, so it can be interrupted and started again.
    """
    async with context.db.reading() as tx:
        misplaced = await zone_data.misplaced(tx)
    problems: list[str] = []
    for circle_id, name in {one.circle_id: one.circle_name for one in misplaced}.items():
        try:
            await _move_circle(context, circle_id)
        except Refused as refused:
            problems += [f"{name}: {reason.text}" for reason in refused.reasons]
    return misplaced, problems


async def _move_circle(context: Context, circle_id: UUID) -> None:
    async with context.db.transaction() as tx:
        # Locked in the order of their ids, moved in that of their times.
        locked = await db.rows(SQL.lock_ahead(tx, circle_id=circle_id))
        moves = [
            (Planted.of(row), right)
            for row in sorted(locked, key=lambda row: row["starts_at"])
            if (right := zone_data.right_start(row))
        ]
        steps = tuple(Step("change", planted, right, planted.terms) for planted, right in moves)
        for step in Outcome(steps).in_order:
            why = f"the law for clocks in {clock.city(step.moment.zone)} changed (tzdata {zones.version()})"
            await actions.carry_out(tx, None, [step], by_hand=step.gathering.by_hand, why=why)
        if steps:
            await hosts_mail.notify_hosts(tx, context, circle_id, None, _news(steps))


def _news(steps: tuple[Step, ...]) -> str:
    """What the hosts read, who may be elsewhere themselves."""
    cities = join_names(sorted({clock.city(step.moment.zone) for step in steps}))
    keep = choose(len(steps), "keeps", "keep")
    booked = any(step.gathering.seats_taken for step in steps)
    follow_up = " Those booked get a mail with a corrected calendar entry." if booked else ""
    return (
        f"the clocks in {cities} have a new law. {plural(len(steps), 'planned gathering')} {keep} the hour there, "
        f"which is another one elsewhere.{follow_up}"
    )
