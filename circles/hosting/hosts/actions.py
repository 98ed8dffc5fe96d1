"""Invitations to host a circle or a gathering: send, answer, withdraw."""

from __future__ import annotations

from uuid import UUID

from circles import invites, people
from circles.base import reading
from circles.base.errors import NotFound, or_not_found, refuse_if
from circles.hosting.hosts import change_actions, rules
from circles.hosting.hosts import mail as hosts_mail
from circles.hosting.hosts.changes import HostsChange
from circles.hosting.hosts.rules import Host
from circles.hosting.organize import acting
from circles.hosting.stand_in import actions as stand_in_actions
from circles.people import Person
from circles.store import audit, db, jobs
from circles.store.context import Context

SQL = db.queries("hosting/hosts")


async def invite(
    context: Context, actor: Person, circle_id: UUID, *, email: str, part: str, why: str = ""
) -> UUID:
    """Invite somebody by mail to host a circle, or, as an organizer, to lead it.

    An open invitation to the same address is withdrawn. email, part: as the rules read them. why: an organizer's
    reason, unless they act for the circle with one already. Returns the invitation's id. Raises NotFound, and Refused
    with every reason.
    """
    async with context.db.transaction() as tx:
        circle = await _lock_circle(tx, circle_id, actor)
        await SQL.replace_invitation(tx, circle_id=circle_id, gathering_id=None, email=email)
        host = await SQL.host_by_email(tx, circle_id=circle_id, email=email)
        refuse_if(rules.invite_refusals(circle, host, await SQL.count_hosts(tx, circle_id=circle_id), part))
        if part == "lead" and circle["part"] != "organizer":
            raise NotFound
        who = await acting.require(tx, actor, circle_id, circle["part"], why)
        await acting.tell(
            tx, context, actor, circle_id, who, f"invited somebody to be {rules.PARTS[part].lower()}"
        )
        return await hosts_mail.invite(
            tx, context, actor, circle_id, circle["discreet_name"], part=part, email=email
        )


async def _lock_circle(tx: db.Tx, circle_id: UUID, actor: Person) -> db.Record:
    """A circle that the actor hosts or organizes, locked. Raises NotFound, for a helper too."""
    row = await SQL.lock_circle(tx, id=circle_id, actor_id=actor.id)
    if row is None or row["part"] == "helper":
        raise NotFound
    return row


async def invitation_by_token(tx: db.Tx, token: str, actor: Person) -> db.Record:
    """The invitation of a link. Raises NotFound for a token that was never given.

    token: of the link in the mail, or the id of an invitation to the actor's own address.
    """
    return or_not_found(await SQL.invitation(tx, token_hash=await _token_hash(tx, token, actor)))


async def _token_hash(tx: db.Tx, token: str, actor: Person) -> bytes:
    invitation_id = reading.uuid_or_none(token)
    own = await SQL.own_token_hash(tx, id=invitation_id, email=actor.email) if invitation_id else None
    return own or people.fingerprint(token)


async def answer(context: Context, actor: Person, token: str, *, accept: bool) -> db.Record:
    """Accept or decline an invitation, once. Returns it. Raises NotFound, and Refused with every reason."""
    async with context.db.transaction() as tx:
        invitation = await _lock_invitation(tx, token, actor)
        reasons = rules.answer_refusals(invitation, actor)
        refuse_if(reasons + rules.accept_refusals(invitation, actor) if accept else reasons)
        state = "accepted" if accept else "declined"
        await SQL.end_invitation(tx, id=invitation["id"], state=state, actor_id=actor.id)
        await audit.record(
            tx, f"host.{state}", invitation["id"], actor_id=actor.id, before="open", after=state
        )
        if accept:
            await _add_host(tx, context, actor, invitation)
            await _notify_hosts(tx, context, actor, invitation)
        await _notify_inviter(tx, context, actor, invitation, accept=accept)
    return invitation


async def _lock_invitation(tx: db.Tx, token: str, actor: Person) -> db.Record:
    """An invitation, locked and read after the lock; the gathering of a stand-in is locked before it."""
    invitation = await invitation_by_token(tx, token, actor)
    if invitation["gathering_id"]:
        await stand_in_actions.lock_gathering(tx, invitation["gathering_id"])
    elif invitation["part"] == "lead":
        await change_actions.lock_circles(tx, [invitation["circle_id"]])
        await change_actions.possible_lead(tx, actor.id)
    await SQL.lock_invitation(tx, token_hash=await _token_hash(tx, token, actor))
    return await invitation_by_token(tx, token, actor)


async def _add_host(tx: db.Tx, context: Context, actor: Person, invitation: db.Record) -> None:
    if invitation["gathering_id"]:
        await stand_in_actions.accept_invitation(tx, context, actor, invitation)
        return
    circle_id, part = invitation["circle_id"], invitation["part"]
    if part == "lead":
        await _take_lead(tx, context, actor, circle_id)
        return
    await SQL.add_host(tx, circle_id=circle_id, person_id=actor.id, part=part)
    await audit.record(tx, "host.joined", circle_id, actor_id=actor.id, after=part)
    if part != "helper":  # whom no page shows
        await invites.announce_circle(tx, circle_id)


async def _take_lead(tx: db.Tx, context: Context, actor: Person, circle_id: UUID) -> None:
    """Make the actor the lead, as an organizer asked them. Everybody concerned is notified."""
    (circle,) = await change_actions.hosts_of_circles(tx, [circle_id], None)
    lead = Host(actor.id, actor.name, actor.email)
    await change_actions.apply(tx, context, actor, HostsChange.of_lead(circle, lead, actor.id))


async def _notify_hosts(tx: db.Tx, context: Context, actor: Person, invitation: db.Record) -> None:
    """Notify the other hosts of a circle that the actor hosts it too. Of a stand-in they are notified elsewhere."""
    if invitation["gathering_id"] or invitation["part"] == "lead":
        return
    news = f"{actor.name} hosts it from now on, as {rules.PARTS[invitation['part']].lower()}."
    inviter = invitation["invited_by"]
    await hosts_mail.notify_hosts(tx, context, invitation["circle_id"], actor, news, but_for=inviter)


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


@jobs.every("hosts.forget_invitations", "17 4 * * *")
async def forget_invitations(context: Context) -> None:
    """Delete invitations a month after they ended: they hold addresses of people who may have no account."""
    async with context.db.transaction() as tx:
        await SQL.forget_old_invitations(tx)
