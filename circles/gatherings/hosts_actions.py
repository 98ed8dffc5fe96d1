"""The verbs of hosting together: ask somebody, answer, take back, leave, hand over, step in for one gathering."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

from circles import audit, clock, db, jobs, mail, people
from circles.errors import NotFound, Reason, Refused, refuse_if
from circles.gatherings import hosts_rules as rules
from circles.house import House
from circles.people import Person
from circles.web import limits

SQL = db.queries("hosts")


async def _lock_circle(tx: db.Tx, circle_id: UUID, person: Person, *, to_change: bool = True) -> db.Record:
    """A circle for one of its hosts, locked. Raises NotFound; for a helper too, if to change it."""
    row = await SQL.lock_circle(tx, id=circle_id, person=person.id)
    if row is None or (to_change and row["part"] == "helper"):
        raise NotFound
    return row


async def invite(house: House, person: Person, circle_id: UUID, *, email: str, part: str) -> UUID:
    """Ask somebody to help hold a circle, by mail. A second asking takes the place of the first.

    email, part: as the rules gave them back. Raises NotFound, and Refused with every reason.
    """
    await _within_limit(house, person)
    async with house.db.transaction() as tx:
        circle = await _lock_circle(tx, circle_id, person)
        await SQL.replace_invitation(tx, circle_id=circle_id, gathering_id=None, email=email)
        found = await SQL.host_with(tx, circle_id=circle_id, email=email)
        refuse_if(rules.invite_reasons(circle, found, await SQL.how_many(tx, circle_id=circle_id), part))
        return await _ask(tx, house, person, circle, part=part, email=email)


async def _within_limit(house: House, person: Person) -> None:
    if not await limits.within(house, f"host invitation {person.id}", rules.MOST_A_DAY, timedelta(days=1)):
        raise Refused(rules.too_often())


async def _ask(
    tx: db.Tx,
    house: House,
    person: Person,
    circle: Any,
    *,
    part: str,
    email: str,
    gathering: db.Record | None = None,
) -> UUID:
    """Write the invitation and the mail with its link. The link is stored as its hash."""
    token = secrets.token_urlsafe(32)
    circle_id = gathering["circle_id"] if gathering else circle["id"]
    asked = await SQL.invite(
        tx,
        circle_id=circle_id,
        gathering_id=gathering["id"] if gathering else None,
        email=email,
        part=part,
        token_hash=people.fingerprint(token),
        by=person.id,
        lasts=rules.INVITATION_LASTS,
    )
    await audit.record(tx, "host.invited", asked["id"], who=person.id, after="open", details={"part": part})
    await mail.send(
        tx,
        house.settings,
        "host_invitation",
        to=email,
        subject=f"{circle['discreet_name']}: an invitation to you",
        circle=circle["discreet_name"],
        inviter=person.name,
        part=part,
        gathering=gathering,
        until=asked["expires_at"],
        link=f"{house.settings.address}/host/invitations/{token}",
    )
    return asked["id"]


async def look_at(tx: db.Tx, token: str) -> db.Record:
    """What an invitation is about. Raises NotFound for a link nobody made."""
    asked = await SQL.invitation(tx, token_hash=people.fingerprint(token))
    if asked is None:
        raise NotFound
    return asked


async def answer(house: House, person: Person, token: str, *, accept: bool) -> db.Record:
    """Say yes or no to an invitation, once. Returns it. Raises NotFound, and Refused with every reason."""
    async with house.db.transaction() as tx:
        await SQL.lock_invitation(tx, token_hash=people.fingerprint(token))
        asked = await look_at(tx, token)
        refuse_if(
            rules.answer_reasons(asked, person) + (rules.accept_reasons(asked, person) if accept else [])
        )
        state = "accepted" if accept else "declined"
        await SQL.end_invitation(tx, id=asked["id"], state=state, who=person.id)
        await audit.record(tx, f"host.{state}", asked["id"], who=person.id, before="open", after=state)
        if accept:
            await _take_part(tx, person, asked)
        await _tell_inviter(tx, house, person, asked, accept=accept)
    return asked


async def _take_part(tx: db.Tx, person: Person, asked: db.Record) -> None:
    if asked["gathering_id"]:
        await _put_stand_in(tx, asked["gathering_id"], person.id, by=person.id)
        return
    circle_id, part = asked["circle_id"], asked["part"]
    await SQL.join_hosts(tx, circle_id=circle_id, person_id=person.id, part=part)
    await audit.record(tx, "host.joined", circle_id, who=person.id, after=part)


async def _tell_inviter(tx: db.Tx, house: House, person: Person, asked: db.Record, *, accept: bool) -> None:
    found = await people.by_ids(tx, [asked["invited_by"]] if asked["invited_by"] else [])
    said = f"{person.name} said {'yes' if accept else 'no'} to your invitation."
    for inviter in found.values():
        await _tell(tx, house, inviter.email, inviter.name, inviter.id, asked, said)


async def _tell(tx: db.Tx, house: House, to: str, name: str, person_id: UUID, circle: Any, said: str) -> None:
    """One line of news to a host, under the discreet name."""
    discreet = circle["discreet_name"]
    await mail.send(
        tx,
        house.settings,
        "host_news",
        to=to,
        to_name=name,
        person_id=person_id,
        subject=f"{discreet}: news for its hosts",
        circle=discreet,
        said=said,
        link=f"{house.settings.address}/host",
    )


async def withdraw(house: House, person: Person, circle_id: UUID, invitation_id: UUID) -> None:
    """Take an open invitation back. Raises NotFound for one that is not open, or not of this circle."""
    async with house.db.transaction() as tx:
        await _lock_circle(tx, circle_id, person)
        if await SQL.withdraw(tx, id=invitation_id, circle_id=circle_id) is None:
            raise NotFound
        await audit.record(
            tx, "host.withdrawn", invitation_id, who=person.id, before="open", after="withdrawn"
        )


async def remove(house: House, person: Person, circle_id: UUID, host_id: UUID) -> db.Record:
    """Take a host out of a circle, or leave it oneself. Returns who they were.

    Raises NotFound; Refused for the lead, and for one who is not the lead and takes another out.
    """
    async with house.db.transaction() as tx:
        circle = await _lock_circle(tx, circle_id, person, to_change=host_id != person.id)
        host = await _host(tx, circle_id, host_id)
        myself = host_id == person.id
        refuse_if(rules.remove_reasons(circle["part"], host, myself=myself))
        await SQL.leave_hosts(tx, circle_id=circle_id, person_id=host_id)
        details = {"host": str(host_id)}
        await audit.record(
            tx, "host.left", circle_id, who=person.id, before=host["part"], after="", details=details
        )
        if not myself:
            said = f"{person.name} ended your part as {rules.PARTS[host['part']].lower()}."
            await _tell(tx, house, host["email"], host["name"], host_id, circle, said)
    return host


async def _host(tx: db.Tx, circle_id: UUID, host_id: UUID) -> db.Record:
    found = await SQL.host_of(tx, circle_id=circle_id, person_id=host_id)
    if found is None:
        raise NotFound
    return found


async def hand_over(house: House, person: Person, circle_id: UUID, host_id: UUID) -> db.Record:
    """Make a co-facilitator the lead; the lead stays as co-facilitator. Returns the new lead.

    Raises NotFound, and Refused with every reason.
    """
    async with house.db.transaction() as tx:
        circle = await _lock_circle(tx, circle_id, person)
        host = await _host(tx, circle_id, host_id)
        refuse_if(rules.lead_reasons(circle["part"], host))
        await SQL.set_part(tx, circle_id=circle_id, person_id=person.id, part="co")
        await SQL.set_part(tx, circle_id=circle_id, person_id=host_id, part="lead")
        await audit.record(
            tx, "host.lead", circle_id, who=person.id, before=str(person.id), after=str(host_id)
        )
        said = f"{person.name} handed the lead over to you."
        await _tell(tx, house, host["email"], host["name"], host_id, circle, said)
    return host


async def stand_in_page(tx: db.Tx, gathering_id: UUID, person: Person) -> db.Record:
    """A gathering with who can step in at it. Raises NotFound for whoever may not change it."""
    row = await SQL.stand_in_page(tx, id=gathering_id, person=person.id)
    if row is None:
        raise NotFound
    return row


async def step_in(house: House, person: Person, gathering_id: UUID, host_id: UUID) -> str:
    """Let one of the circle's facilitators hold this gathering. Returns their name.

    Raises NotFound for somebody who is none of them, and Refused for a gathering that is over.
    """
    async with house.db.transaction() as tx:
        await SQL.lock_gathering(tx, id=gathering_id)
        row = await stand_in_page(tx, gathering_id, person)
        refuse_if(rules.stand_in_reasons(row))
        if str(host_id) not in {each["id"] for each in row["hosts"] or []}:
            raise NotFound
        await _put_stand_in(tx, gathering_id, host_id, by=person.id)
        host = await _host(tx, row["circle_id"], host_id)
        if host_id != person.id:
            when = clock.say_when(row["starts_at"], row["zone"])
            said = f"{person.name} asks you to hold one gathering: {when}."
            await _tell(tx, house, host["email"], host["name"], host_id, row, said)
    return host["name"]


async def _put_stand_in(tx: db.Tx, gathering_id: UUID, person_id: UUID, *, by: UUID) -> None:
    await SQL.put_stand_in(tx, gathering_id=gathering_id, person_id=person_id, by=by)
    await audit.record(tx, "gathering.stand_in", gathering_id, who=by, after=str(person_id))


async def ask_stand_in(house: House, person: Person, gathering_id: UUID, *, email: str) -> UUID:
    """Ask a facilitator who is no host of the circle to hold one gathering, by mail.

    Raises NotFound; Refused for a gathering that is over, and for a host, who can be put in at once.
    """
    await _within_limit(house, person)
    async with house.db.transaction() as tx:
        await SQL.lock_gathering(tx, id=gathering_id)
        row = await stand_in_page(tx, gathering_id, person)
        found = await SQL.host_with(tx, circle_id=row["circle_id"], email=email)
        reasons = rules.stand_in_reasons(row)
        if found and found["may_lead"]:
            says = f"{found['name']} hosts this circle already: choose them above."
            reasons.append(Reason("hosts_already", says, "email"))
        refuse_if(reasons)
        await SQL.replace_invitation(tx, circle_id=row["circle_id"], gathering_id=gathering_id, email=email)
        return await _ask(tx, house, person, row, part="stand_in", email=email, gathering=row)


async def step_back(house: House, person: Person, gathering_id: UUID) -> UUID:
    """The circle's own hosts hold the gathering again. Returns the circle. Raises NotFound."""
    async with house.db.transaction() as tx:
        gone = await SQL.drop_stand_in(tx, gathering_id=gathering_id, person=person.id)
        if gone is None:
            raise NotFound
        await audit.record(
            tx, "gathering.stand_in", gathering_id, who=person.id, before=str(gone["person_id"]), after=""
        )
    return gone["circle_id"]


@jobs.every("hosts.forget_invitations", "17 4 * * *")
async def forget(house: House) -> None:
    """Forget invitations a month after they ended: they hold addresses of people who may have no account."""
    async with house.db.transaction() as tx:
        await SQL.forget_old_invitations(tx)
