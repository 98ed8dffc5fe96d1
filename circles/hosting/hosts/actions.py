"""Hosts of a circle: invite, answer, withdraw, remove, pass the lead."""

from __future__ import annotations

from uuid import UUID

from circles import people
from circles.base.errors import NotFound, or_not_found, refuse_if
from circles.hosting.hosts import mail as hosts_mail
from circles.hosting.hosts import rules
from circles.hosting.hosts.rules import Host
from circles.hosting.stand_in import actions as stand_in_actions
from circles.people import Person
from circles.store import audit, db, jobs
from circles.store.context import Context

SQL = db.queries("hosting/hosts")


async def invite(context: Context, actor: Person, circle_id: UUID, *, email: str, part: str) -> UUID:
    """Invite somebody by mail to host a circle. An open invitation to the same address is withdrawn.

    email, part: as the rules read them. Returns the invitation's id. Raises NotFound, and Refused with every reason.
    """
    await hosts_mail.count_invitation(context, actor)
    async with context.db.transaction() as tx:
        circle = await _lock_circle(tx, circle_id, actor)
        await SQL.replace_invitation(tx, circle_id=circle_id, gathering_id=None, email=email)
        host = await SQL.host_by_email(tx, circle_id=circle_id, email=email)
        refuse_if(rules.invite_refusals(circle, host, await SQL.count_hosts(tx, circle_id=circle_id), part))
        return await hosts_mail.invite(
            tx, context, actor, circle_id, circle["discreet_name"], part=part, email=email
        )


async def _lock_circle(tx: db.Tx, circle_id: UUID, actor: Person, *, to_change: bool = True) -> db.Record:
    """A circle of which the actor is host, locked. Raises NotFound; for a helper too, if to_change."""
    row = await SQL.lock_circle(tx, id=circle_id, actor_id=actor.id)
    if row is None or (to_change and row["part"] == "helper"):
        raise NotFound
    return row


async def invitation_by_token(tx: db.Tx, token: str) -> db.Record:
    """The invitation of a link. Raises NotFound for a token that was never given."""
    return or_not_found(await SQL.invitation(tx, token_hash=people.fingerprint(token)))


async def answer(context: Context, actor: Person, token: str, *, accept: bool) -> db.Record:
    """Accept or decline an invitation, once. Returns it. Raises NotFound, and Refused with every reason."""
    async with context.db.transaction() as tx:
        invitation = await _lock_invitation(tx, token)
        reasons = rules.answer_refusals(invitation, actor)
        refuse_if(reasons + rules.accept_refusals(invitation, actor) if accept else reasons)
        state = "accepted" if accept else "declined"
        await SQL.end_invitation(tx, id=invitation["id"], state=state, actor_id=actor.id)
        await audit.record(
            tx, f"host.{state}", invitation["id"], actor_id=actor.id, before="open", after=state
        )
        if accept:
            await _add_host(tx, context, actor, invitation)
        await _notify_inviter(tx, context, actor, invitation, accept=accept)
    return invitation


async def _lock_invitation(tx: db.Tx, token: str) -> db.Record:
    """An invitation, locked and read after the lock; the gathering of a stand-in is locked before it."""
    invitation = await invitation_by_token(tx, token)
    if invitation["gathering_id"]:
        await stand_in_actions.lock_gathering(tx, invitation["gathering_id"])
    await SQL.lock_invitation(tx, token_hash=people.fingerprint(token))
    return await invitation_by_token(tx, token)


async def _add_host(tx: db.Tx, context: Context, actor: Person, invitation: db.Record) -> None:
    if invitation["gathering_id"]:
        await stand_in_actions.accept_invitation(tx, context, actor, invitation)
        return
    circle_id, part = invitation["circle_id"], invitation["part"]
    await SQL.add_host(tx, circle_id=circle_id, person_id=actor.id, part=part)
    await audit.record(tx, "host.joined", circle_id, actor_id=actor.id, after=part)


async def _notify_inviter(
    tx: db.Tx, context: Context, actor: Person, invitation: db.Record, *, accept: bool
) -> None:
    if not invitation["invited_by"]:
        return
    inviters = await people.by_ids(tx, [invitation["invited_by"]])
    text = f"{actor.name} said {'yes' if accept else 'no'} to your invitation."
    for inviter in inviters.values():
        await hosts_mail.notify(tx, context, inviter, invitation["discreet_name"], text)


async def withdraw(context: Context, actor: Person, circle_id: UUID, invitation_id: UUID) -> UUID | None:
    """Withdraw an open invitation. Returns the gathering it was for, None if it was for the circle.

    Raises NotFound for one that is not open, or not of this circle.
    """
    async with context.db.transaction() as tx:
        await _lock_circle(tx, circle_id, actor)
        row = or_not_found(await SQL.withdraw(tx, id=invitation_id, circle_id=circle_id))
        await audit.record(
            tx, "host.withdrawn", invitation_id, actor_id=actor.id, before="open", after="withdrawn"
        )
    return row["gathering_id"]


async def remove(context: Context, actor: Person, circle_id: UUID, host_id: UUID) -> Host:
    """Remove a host from a circle, or leave it oneself. Returns the former host.

    Raises NotFound; Refused for the lead, and when somebody other than the lead removes another host.
    """
    is_actor = host_id == actor.id
    async with context.db.transaction() as tx:
        circle = await _lock_circle(tx, circle_id, actor, to_change=not is_actor)
        row = await _host(tx, circle_id, host_id)
        refuse_if(rules.remove_refusals(circle["part"], row, is_actor=is_actor))
        await SQL.delete_host(tx, circle_id=circle_id, person_id=host_id)
        details = {"host": str(host_id)}
        await audit.record(
            tx, "host.left", circle_id, actor_id=actor.id, before=row["part"], after="", details=details
        )
        host = Host(host_id, row["name"], row["email"])
        if not is_actor:
            text = f"{actor.name} ended your part as {rules.PARTS[row['part']].lower()}."
            await hosts_mail.notify(tx, context, host, circle["discreet_name"], text)
    return host


async def _host(tx: db.Tx, circle_id: UUID, host_id: UUID) -> db.Record:
    return or_not_found(await SQL.host_by_id(tx, circle_id=circle_id, person_id=host_id))


async def pass_lead(context: Context, actor: Person, circle_id: UUID, host_id: UUID) -> Host:
    """Make a co-facilitator the lead; the actor stays as co-facilitator. Returns the new lead.

    Raises NotFound, and Refused with every reason.
    """
    async with context.db.transaction() as tx:
        circle = await _lock_circle(tx, circle_id, actor)
        row = await _host(tx, circle_id, host_id)
        refuse_if(rules.pass_lead_refusals(circle["part"], row))
        await SQL.set_part(tx, circle_id=circle_id, person_id=actor.id, part="co")
        await SQL.set_part(tx, circle_id=circle_id, person_id=host_id, part="lead")
        await audit.record(
            tx, "host.lead", circle_id, actor_id=actor.id, before=str(actor.id), after=str(host_id)
        )
        host = Host(host_id, row["name"], row["email"])
        text = f"{actor.name} handed the lead over to you."
        await hosts_mail.notify(tx, context, host, circle["discreet_name"], text)
    return host


@jobs.every("hosts.forget_invitations", "17 4 * * *")
async def forget_invitations(context: Context) -> None:
    """Delete invitations a month after they ended: they hold addresses of people who may have no account."""
    async with context.db.transaction() as tx:
        await SQL.forget_old_invitations(tx)
