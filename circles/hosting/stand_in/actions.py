"""Stand-ins: set one, invite one by mail, give the gathering back; everybody concerned is notified."""

from __future__ import annotations

from uuid import UUID

from circles import invites
from circles.base import clock
from circles.base.errors import NotFound, OutOfDate, or_not_found, refuse_if
from circles.hosting.hosts import mail as hosts_mail
from circles.hosting.hosts import rules as hosts_rules
from circles.hosting.hosts.rules import Host
from circles.hosting.organize import acting
from circles.hosting.organize.acting import By
from circles.hosting.stand_in import rules
from circles.hosting.stand_in.rules import HostChange, HostedGathering, InvitationPlan
from circles.people import Person
from circles.store import audit, db, mail
from circles.store.context import Context

SQL = db.queries("hosting/stand_in")
HOSTS = db.queries("hosting/hosts")


async def hosted_gathering(
    tx: db.Tx, gathering_id: UUID, actor: Person, *, to_change: bool = True
) -> HostedGathering:
    """A gathering with its hosts. Raises NotFound; for its stand-in too, if to_change."""
    row = await SQL.hosted_gathering(tx, id=gathering_id, actor_id=actor.id)
    if row is None or (to_change and row["part"] not in ("lead", "co", "organizer")):
        raise NotFound
    return HostedGathering.read(row)


async def lock_gathering(tx: db.Tx, gathering_id: UUID) -> None:
    """Lock a gathering while its stand-in changes. Always before the invitation's lock."""
    await SQL.lock_gathering(tx, id=gathering_id)


async def _lock(tx: db.Tx, gathering_id: UUID, actor: Person, *, to_change: bool = True) -> HostedGathering:
    await lock_gathering(tx, gathering_id)
    return await hosted_gathering(tx, gathering_id, actor, to_change=to_change)


def plan_stand_in(gathering: HostedGathering, actor: Person, host_id: UUID) -> HostChange:
    """What it does when one of the circle's own hosts becomes the stand-in, or an organizer themselves.

    Raises NotFound and Refused.
    """
    to = next((host for host in gathering.usual if host.id == host_id), None)
    if to is None and host_id == actor.id and gathering.part == "organizer":
        to = Host(actor.id, actor.name, actor.email)
    if to is None:
        raise NotFound
    refuse_if(rules.over_refusals(gathering))
    return HostChange(gathering, to, actor.id)


async def set_stand_in(
    context: Context, actor: Person, gathering_id: UUID, host_id: UUID, *, fingerprint: str, why: str = ""
) -> HostChange:
    """Let one of the circle's own hosts stand in, and notify everybody concerned. Idempotent.

    fingerprint: of what was shown. why: an organizer's reason, unless they act for the circle with one already.
    Raises NotFound for somebody who is no host of it, OutOfDate when it would do another
    thing by now, and Refused for a gathering that is over, or where an organizer gives no reason.
    """
    async with context.db.transaction() as tx:
        change = plan_stand_in(await _lock(tx, gathering_id, actor), actor, host_id)
        await _confirm(tx, context, actor, change, fingerprint, why)
    return change


async def _confirm(
    tx: db.Tx, context: Context, actor: Person, change: HostChange, fingerprint: str, why: str
) -> None:
    if change.is_done:
        return
    if change.fingerprint != fingerprint:
        raise OutOfDate(hosts_rules.out_of_date())
    await _apply(tx, context, actor, change, by=await _by(tx, actor, change.gathering, why))


async def asks_why(tx: db.Tx, actor: Person, gathering: HostedGathering) -> bool:
    """Whether the actor has to say why: an organizer who neither hosts the gathering nor acts for its circle."""
    return await acting.asks_why(tx, actor, gathering.circle_id, _part(actor, gathering))


def _part(actor: Person, gathering: HostedGathering) -> str:
    """The part of the actor; an organizer who stands in here hosts the gathering themselves."""
    return "stand_in" if gathering.stand_in and gathering.stand_in.id == actor.id else gathering.part or ""


async def _by(tx: db.Tx, actor: Person, gathering: HostedGathering, why: str) -> By:
    return await acting.require(tx, actor, gathering.circle_id, _part(actor, gathering), why)


async def _apply(
    tx: db.Tx,
    context: Context,
    actor: Person,
    change: HostChange,
    *,
    by: By | None = None,
    notified: UUID | None = None,
) -> None:
    """Store who hosts, and notify everybody in the same transaction, so once.

    by: the actor, with the reason of an organizer. notified: a host who knows already.
    """
    who = by or By(actor.name)
    before, after, gathering = change.gathering.stand_in, change.to, change.gathering
    if after:
        await SQL.set_stand_in(tx, gathering_id=gathering.id, person_id=after.id, actor_id=actor.id)
    else:
        await SQL.delete_stand_in(tx, gathering_id=gathering.id)
    await audit.record(
        tx,
        "gathering.stand_in",
        gathering.id,
        actor_id=actor.id,
        before=str(before.id) if before else "",
        after=str(after.id) if after else "",
        why=who.why,
        details={"told": {"hosts": len(change.hosts), "members": len(change.members)}}
        | hosts_rules.acted_as(gathering.part),
    )
    await _withdraw_invitations(tx, actor, change)
    for host in change.hosts:
        if host.id != notified:
            when = clock.format_when(gathering.starts_at, gathering.zone, await mail.viewer_of(tx, host.id))
            text = who.says(rules.news_text(change, host, who.name, when))
            await hosts_mail.notify(tx, context, host, gathering.discreet_name, text)
    await invites.announce_changes(tx, [gathering.id])


async def _withdraw_invitations(tx: db.Tx, actor: Person, change: HostChange) -> None:
    ids = [invitation.id for invitation in change.withdrawn]
    for row in await db.rows(HOSTS.withdraw_invitations(tx, ids=ids)):
        await audit.record(
            tx, "host.withdrawn", row["id"], actor_id=actor.id, before="open", after="withdrawn", why="held"
        )


def plan_invitation(gathering: HostedGathering, actor: Person, email: str) -> InvitationPlan:
    """What an invitation by mail does. Raises Refused with every reason."""
    refuse_if(rules.invite_refusals(gathering, email))
    return InvitationPlan(gathering, email, actor.id)


async def invite(
    context: Context, actor: Person, gathering_id: UUID, *, email: str, fingerprint: str, why: str = ""
) -> None:
    """Invite a facilitator who is no host of the circle to stand in, by mail. Idempotent.

    fingerprint: of what was shown. why: as of set_stand_in. Raises NotFound; OutOfDate when it would do another thing
    by now; Refused without a reason, for a gathering that is over, for a host of the circle, and above the limit of
    invitations a day.
    """
    async with context.db.transaction() as tx:
        plan = plan_invitation(await _lock(tx, gathering_id, actor), actor, email)
        if plan.replaced and plan.fingerprint_before == fingerprint:
            return
        if plan.fingerprint != fingerprint:
            raise OutOfDate(hosts_rules.out_of_date())
        circle_id = plan.gathering.circle_id
        who = await _by(tx, actor, plan.gathering, why)
        did = "asked somebody to host the gathering"
        about = {"starts_at": plan.gathering.starts_at, "zone": plan.gathering.zone}
        await acting.tell(tx, context, actor, circle_id, who, did, gathering=about)
        await HOSTS.replace_invitation(tx, circle_id=circle_id, gathering_id=gathering_id, email=email)
        await hosts_mail.invite(
            tx,
            context,
            actor,
            circle_id,
            plan.gathering.discreet_name,
            part="stand_in",
            email=email,
            gathering=plan.gathering,
        )


def plan_giving_back(gathering: HostedGathering, actor: Person) -> HostChange:
    """What it does when the usual hosts host it again. Raises NotFound for a former stand-in, and Refused."""
    is_actors = gathering.stand_in is None or gathering.stand_in.id == actor.id
    if not gathering.may_change and not is_actors:
        raise NotFound
    change = HostChange(gathering, None, actor.id)
    refuse_if([] if change.is_done else rules.over_refusals(gathering))
    return change


async def give_back(
    context: Context, actor: Person, gathering_id: UUID, *, fingerprint: str, why: str = ""
) -> HostChange:
    """Let the usual hosts host the gathering again, and notify everybody concerned. Idempotent.

    why: as of set_stand_in. Raises NotFound; OutOfDate when it would do another thing by now; Refused for a gathering
    that is over, and without a reason.
    """
    async with context.db.transaction() as tx:
        change = plan_giving_back(await _lock(tx, gathering_id, actor, to_change=False), actor)
        await _confirm(tx, context, actor, change, fingerprint, why)
    return change


async def return_to_hosts(tx: db.Tx, context: Context, actor: Person, gathering_id: UUID) -> None:
    """Let the usual hosts host a gathering whose stand-in cannot any more; everybody concerned is notified.

    The caller has locked the gathering. A gathering that is over or canceled by now stays as it is.
    """
    row = or_not_found(await SQL.hosted_gathering(tx, id=gathering_id, actor_id=None))
    change = HostChange(HostedGathering.read(row), None, actor.id)
    if not change.is_done and not change.gathering.is_over:
        await _apply(tx, context, actor, change)


async def accept_invitation(tx: db.Tx, context: Context, actor: Person, invitation: db.Record) -> None:
    """Make the actor the stand-in: everybody concerned is notified, other invitations are withdrawn.

    The caller has locked the gathering, ended this invitation, and notifies its inviter.
    """
    row = await SQL.hosted_gathering(tx, id=invitation["gathering_id"], actor_id=None)
    change = HostChange(HostedGathering.read(row), Host(actor.id, actor.name, actor.email), actor.id)
    if not change.is_done:
        await _apply(tx, context, actor, change, notified=invitation["invited_by"])


async def notify_canceled(tx: db.Tx, context: Context, gathering_id: UUID, actor: Person) -> None:
    """Notify the stand-in of a gathering that it was canceled, unless that is the actor."""
    row = await SQL.other_stand_in(tx, gathering_id=gathering_id, actor_id=actor.id)
    if row:
        when = clock.format_when(row["starts_at"], row["zone"], await mail.viewer_of(tx, row["id"]))
        text = f"{actor.name} canceled the gathering of {when}, so you do not have to host it."
        host = Host(row["id"], row["name"], row["email"])
        await hosts_mail.notify(tx, context, host, row["discreet_name"], text)
