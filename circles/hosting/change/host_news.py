"""Mail to the other hosts of a circle when one of them changes or cancels gatherings, or changes the circle."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from circles.base import clock
from circles.hosting.change import wording
from circles.hosting.change.rules import NotifiedHost, Outcome
from circles.hosting.organize.acting import By
from circles.people import Person
from circles.store import db, mail
from circles.store.context import Context

SQL = db.queries("hosting/change")


async def other_hosts(
    tx: db.Tx, circle_id: UUID, actor: Person, gathering_ids: Iterable[UUID] = ()
) -> tuple[NotifiedHost, ...]:
    """The other hosts of a circle, and the stand-ins of these gatherings."""
    rows = SQL.other_hosts(tx, circle_id=circle_id, gathering_ids=list(gathering_ids), actor_id=actor.id)
    return tuple(NotifiedHost.of(row) for row in await db.rows(rows))


async def changed(tx: db.Tx, context: Context, who: By, outcome: Outcome) -> None:
    """Notify the hosts of an outcome what somebody changed."""
    if outcome.others is None:
        return
    name = outcome.others.discreet_name
    for host in outcome.hosts:
        subject = wording.host_subject(outcome, name, host.viewer)
        lines = wording.host_lines(outcome, host.viewer)
        text = who.says(f"{who.name} changed “{name}”.")
        await send(tx, context, host, subject, text, lines, outcome.others.circle_id)


async def canceled(tx: db.Tx, context: Context, actor: Person, gathering_id: UUID) -> None:
    """Notify the other hosts that the actor canceled a gathering; its stand-in is notified by `stand_in`."""
    row = await SQL.canceled_gathering(tx, id=gathering_id)
    name = row["discreet_name"]
    for host in await other_hosts(tx, row["circle_id"], actor):
        day = clock.format_day(row["starts_at"], row["zone"], host.viewer)
        when = clock.format_when(row["starts_at"], row["zone"], host.viewer)
        lines = [f"{when}: canceled. Everybody with a seat is told.", f"The reason: {row['cancel_reason']}"]
        subject = f"{name}: {day} is canceled"
        await send(tx, context, host, subject, f"{actor.name} canceled a gathering.", lines, row["circle_id"])


async def send(
    tx: db.Tx,
    context: Context,
    host: NotifiedHost,
    subject: str,
    text: str,
    lines: Sequence[str],
    circle_id: UUID,
) -> None:
    """Mail one host what changed."""
    await mail.send(
        tx,
        context.settings,
        "host_changes",
        to=host.email,
        to_name=host.name,
        person_id=host.id,
        subject=subject,
        text=text,
        lines=lines,
        link=f"{context.settings.base_url}/host/circles/{circle_id}",
    )
