"""The verbs of hosting together: ask somebody, answer, take back, leave, hand over."""

from __future__ import annotations

from uuid import UUID

from circles import people
from circles.base.errors import NotFound, refuse_if
from circles.hosting.hosts import mail as hosts_mail
from circles.hosting.hosts import rules
from circles.hosting.stand_in import actions as stand_in_actions
from circles.people import Person
from circles.store import audit, db, jobs
from circles.store.context import Context

SQL = db.queries("hosting/hosts")


async def _lock_circle(tx: db.Tx, circle_id: UUID, person: Person, *, to_change: bool = True) -> db.Record:
    """A circle for one of its hosts, locked. Raises NotFound; for a helper too, if to change it."""
    row = await SQL.lock_circle(tx, id=circle_id, person=person.id)
    if row is None or (to_change and row["part"] == "helper"):
        raise NotFound
    return row


async def invite(context: Context, person: Person, circle_id: UUID, *, email: str, part: str) -> UUID:
    """Ask somebody to help hold a circle, by mail. A second asking takes the place of the first.

    email, part: as the rules gave them back. Raises NotFound, and Refused with every reason.
    """
    await hosts_mail.within_limit(context, person)
    async with context.db.transaction() as tx:
        circle = await _lock_circle(tx, circle_id, person)
        await SQL.replace_invitation(tx, circle_id=circle_id, gathering_id=None, email=email)
        found = await SQL.host_with(tx, circle_id=circle_id, email=email)
        refuse_if(rules.invite_reasons(circle, found, await SQL.how_many(tx, circle_id=circle_id), part))
        return await hosts_mail.ask(
            tx, context, person, circle_id, circle["discreet_name"], part=part, email=email
        )


async def look_at(tx: db.Tx, token: str) -> db.Record:
    """What an invitation is about. Raises NotFound for a link nobody made."""
    asked = await SQL.invitation(tx, token_hash=people.fingerprint(token))
    if asked is None:
        raise NotFound
    return asked


async def answer(context: Context, person: Person, token: str, *, accept: bool) -> db.Record:
    """Say yes or no to an invitation, once. Returns it. Raises NotFound, and Refused with every reason."""
    async with context.db.transaction() as tx:
        about = await look_at(tx, token)
        if about["gathering_id"]:  # always before the invitation, as everybody who steps in does
            await SQL.lock_gathering(tx, id=about["gathering_id"])
        await SQL.lock_invitation(tx, token_hash=people.fingerprint(token))
        asked = await look_at(tx, token)
        refuse_if(
            rules.answer_reasons(asked, person) + (rules.accept_reasons(asked, person) if accept else [])
        )
        state = "accepted" if accept else "declined"
        await SQL.end_invitation(tx, id=asked["id"], state=state, who=person.id)
        await audit.record(tx, f"host.{state}", asked["id"], actor_id=person.id, before="open", after=state)
        if accept:
            await _take_part(tx, context, person, asked)
        await _tell_inviter(tx, context, person, asked, accept=accept)
    return asked


async def _take_part(tx: db.Tx, context: Context, person: Person, asked: db.Record) -> None:
    if asked["gathering_id"]:
        await stand_in_actions.accepted(tx, context, person, asked)
        return
    circle_id, part = asked["circle_id"], asked["part"]
    await SQL.join_hosts(tx, circle_id=circle_id, person_id=person.id, part=part)
    await audit.record(tx, "host.joined", circle_id, actor_id=person.id, after=part)


async def _tell_inviter(
    tx: db.Tx, context: Context, person: Person, asked: db.Record, *, accept: bool
) -> None:
    found = await people.by_ids(tx, [asked["invited_by"]] if asked["invited_by"] else [])
    said = f"{person.name} said {'yes' if accept else 'no'} to your invitation."
    for inviter in found.values():
        await hosts_mail.tell(
            tx, context, inviter.email, inviter.name, inviter.id, asked["discreet_name"], said
        )


async def withdraw(context: Context, person: Person, circle_id: UUID, invitation_id: UUID) -> UUID | None:
    """Take an open invitation back. Returns the gathering it was about, if it was about one alone.

    Raises NotFound for one that is not open, or not of this circle.
    """
    async with context.db.transaction() as tx:
        await _lock_circle(tx, circle_id, person)
        gone = await SQL.withdraw(tx, id=invitation_id, circle_id=circle_id)
        if gone is None:
            raise NotFound
        await audit.record(
            tx, "host.withdrawn", invitation_id, actor_id=person.id, before="open", after="withdrawn"
        )
    return gone["gathering_id"]


async def remove(context: Context, person: Person, circle_id: UUID, host_id: UUID) -> db.Record:
    """Take a host out of a circle, or leave it oneself. Returns who they were.

    Raises NotFound; Refused for the lead, and for one who is not the lead and takes another out.
    """
    async with context.db.transaction() as tx:
        circle = await _lock_circle(tx, circle_id, person, to_change=host_id != person.id)
        host = await _host(tx, circle_id, host_id)
        myself = host_id == person.id
        refuse_if(rules.remove_reasons(circle["part"], host, myself=myself))
        await SQL.leave_hosts(tx, circle_id=circle_id, person_id=host_id)
        details = {"host": str(host_id)}
        await audit.record(
            tx, "host.left", circle_id, actor_id=person.id, before=host["part"], after="", details=details
        )
        if not myself:
            said = f"{person.name} ended your part as {rules.PARTS[host['part']].lower()}."
            await hosts_mail.tell(
                tx, context, host["email"], host["name"], host_id, circle["discreet_name"], said
            )
    return host


async def _host(tx: db.Tx, circle_id: UUID, host_id: UUID) -> db.Record:
    found = await SQL.host_of(tx, circle_id=circle_id, person_id=host_id)
    if found is None:
        raise NotFound
    return found


async def hand_over(context: Context, person: Person, circle_id: UUID, host_id: UUID) -> db.Record:
    """Make a co-facilitator the lead; the lead stays as co-facilitator. Returns the new lead.

    Raises NotFound, and Refused with every reason.
    """
    async with context.db.transaction() as tx:
        circle = await _lock_circle(tx, circle_id, person)
        host = await _host(tx, circle_id, host_id)
        refuse_if(rules.lead_reasons(circle["part"], host))
        await SQL.set_part(tx, circle_id=circle_id, person_id=person.id, part="co")
        await SQL.set_part(tx, circle_id=circle_id, person_id=host_id, part="lead")
        await audit.record(
            tx, "host.lead", circle_id, actor_id=person.id, before=str(person.id), after=str(host_id)
        )
        said = f"{person.name} handed the lead over to you."
        await hosts_mail.tell(
            tx, context, host["email"], host["name"], host_id, circle["discreet_name"], said
        )
    return host


@jobs.every("hosts.forget_invitations", "17 4 * * *")
async def forget(context: Context) -> None:
    """Forget invitations a month after they ended: they hold addresses of people who may have no account."""
    async with context.db.transaction() as tx:
        await SQL.forget_old_invitations(tx)
