"""Changing who hosts a circle: hand the lead over, take a host out, leave; everybody concerned is notified once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from uuid import UUID

from circles import invites
from circles.base.errors import NotFound, OutOfDate, or_not_found, refuse_if
from circles.hosting.hosts import mail as hosts_mail
from circles.hosting.hosts import rules
from circles.hosting.hosts.changes import CircleHosts, HostsChange
from circles.hosting.hosts.rules import Host
from circles.hosting.organize import acting
from circles.people import Person
from circles.store import audit, db
from circles.store.context import Context

SQL = db.queries("hosting/hosts")

# Plans a change of the host with this id in the circle with this id.
_Plan = Callable[[db.Tx, Person, UUID, UUID], Awaitable[HostsChange]]


async def circle_hosts(tx: db.Tx, circle_id: UUID, actor_id: UUID) -> CircleHosts:
    """A circle with its hosts, for one of them or an organizer. Raises NotFound."""
    circles = await hosts_of_circles(tx, [circle_id], actor_id)
    return or_not_found(circles[0] if circles else None)


async def hosts_of_circles(tx: db.Tx, ids: Collection[UUID], actor_id: UUID | None) -> list[CircleHosts]:
    """Circles that the actor may act for, by name; without an actor (None) all of them."""
    return [
        CircleHosts.read(dict(row))
        for row in await db.rows(SQL.circle_hosts(tx, ids=list(ids), actor_id=actor_id))
    ]


async def lock_circles(tx: db.Tx, ids: Collection[UUID]) -> None:
    """Lock circles while their hosts change. Circles are locked before gatherings, and these before people."""
    await SQL.lock(tx, ids=list(ids))


async def possible_leads(tx: db.Tx) -> list[db.Record]:
    """Everybody who may lead a circle, by name."""
    return await db.rows(SQL.possible_leads(tx))


async def possible_lead(tx: db.Tx, person_id: UUID) -> db.Record | None:
    """Somebody who may lead a circle, locked so that they keep the role until the end of the transaction; else None."""
    return await SQL.lock_possible_lead(tx, id=person_id)


async def plan_lead(tx: db.Tx, actor: Person, circle_id: UUID, host_id: UUID) -> HostsChange:
    """What it does when somebody becomes the lead: a co-facilitator, or for organizers any facilitator.

    Raises NotFound, and Refused with every reason.
    """
    circle = await circle_hosts(tx, circle_id, actor.id)
    host = circle.host(host_id)
    row = await SQL.possible_lead(tx, id=host_id)
    if host is None and not (row and circle.is_organizer):
        raise NotFound
    to = Host(row["id"], row["name"], row["email"]) if row else Host(host_id, host.name if host else "", "")
    about = {"part": host.part if host else "", "may_lead": row is not None, "name": to.name}
    refuse_if(rules.pass_lead_refusals(about, is_leading=circle.is_leading, is_organizer=circle.is_organizer))
    return HostsChange.of_lead(circle, to, actor.id)


async def pass_lead(
    context: Context, actor: Person, circle_id: UUID, host_id: UUID, *, fingerprint: str, why: str = ""
) -> HostsChange:
    """Make somebody the lead; the former one stays as co-facilitator.

    fingerprint: of what was shown. why: an organizer's reason, unless they act for the circle with one already. Raises
    NotFound, OutOfDate when it would do another thing by now, and Refused.
    """
    return await _carry_out(plan_lead, context, actor, circle_id, host_id, fingerprint, why)


async def plan_removal(tx: db.Tx, actor: Person, circle_id: UUID, host_id: UUID) -> HostsChange:
    """What it does when somebody hosts a circle no more. Raises NotFound; Refused as the rules say."""
    circle = await circle_hosts(tx, circle_id, actor.id)
    host = or_not_found(circle.host(host_id))
    if circle.part == "helper" and host_id != actor.id:
        raise NotFound
    refuse_if(rules.remove_refusals(host.part, is_leading=circle.is_leading, is_actor=host_id == actor.id))
    return HostsChange.without(circle, host_id, actor.id)


async def remove(
    context: Context, actor: Person, circle_id: UUID, host_id: UUID, *, fingerprint: str, why: str = ""
) -> HostsChange:
    """Remove a host from a circle, or leave it oneself.

    fingerprint, why: as for `pass_lead`. Raises NotFound, OutOfDate when it would do another thing by now, and Refused.
    """
    return await _carry_out(plan_removal, context, actor, circle_id, host_id, fingerprint, why)


async def _carry_out(
    plan: _Plan,
    context: Context,
    actor: Person,
    circle_id: UUID,
    host_id: UUID,
    fingerprint: str,
    typed_why: str,
) -> HostsChange:
    async with context.db.transaction() as tx:
        await lock_circles(tx, [circle_id])
        if plan is plan_lead:  # who could lose the role meanwhile
            await possible_lead(tx, host_id)
        change = await plan(tx, actor, circle_id, host_id)
        if change.fingerprint != fingerprint:
            raise OutOfDate(rules.out_of_date())
        who = await acting.require(tx, actor, circle_id, change.circle.part, typed_why)
        await apply(tx, context, actor, change, why=who.why)
    return change


async def apply(
    tx: db.Tx, context: Context, actor: Person, change: HostsChange, *, silent: bool = False, why: str = ""
) -> None:
    """Store who hosts a circle, with an event each, and notify everybody once. The circle is locked.

    why: of an organizer, for the events and the news. silent: the hosts who are gone learn it from another mail.
    """
    circle = change.circle
    await _store_gone(tx, actor, change, why)
    for host in change.moved:
        await SQL.set_part(tx, circle_id=circle.id, person_id=host.id, part=host.part)
    if change.lead and change.lead in change.moved:
        before = str(circle.lead.id) if circle.lead else ""
        await audit.record(
            tx,
            "host.lead",
            circle.id,
            actor_id=actor.id,
            before=before,
            after=str(change.lead.id),
            why=why,
            details=rules.acted_as(circle.part),
        )
    for host, news in change.notified:
        if not (silent and news == "gone"):
            text = acting.By(actor.name, why).says(change.news(host, news, actor.name))
            await hosts_mail.notify(tx, context, host, circle.discreet_name, text)
    if change.is_seen_by_members:
        await invites.announce_circle(tx, circle.id)


async def _store_gone(tx: db.Tx, actor: Person, change: HostsChange, why: str) -> None:
    """Store that some host the circle no more, with an event each."""
    circle = change.circle
    details = rules.acted_as(circle.part)
    for host in change.gone:
        await SQL.delete_host(tx, circle_id=circle.id, person_id=host.id)
        await audit.record(
            tx,
            "host.left",
            circle.id,
            actor_id=actor.id,
            before=host.part,
            after="",
            why=why,
            details={"host": str(host.id)} | details,
        )
