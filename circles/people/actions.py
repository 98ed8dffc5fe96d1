"""Profiles, credentials, pictures and roles: the verbs."""

from __future__ import annotations

import hashlib
from uuid import UUID

from circles.base.errors import NotFound, OutOfDate, Reason, Refused, refuse_if
from circles.base.text import parse_address
from circles.people import rules
from circles.people.queries import by_email
from circles.people.rules import Person, Role
from circles.people.suspended import actions as suspended
from circles.store import audit, db
from circles.store.context import Context

SQL = db.queries("people/people")
ROLES = db.queries("people/roles")

OWN_CREDENTIAL = (
    "This is your own, so another organizer has to see the papers. Nobody vouches for themselves."
)
TOO_MANY_CREDENTIALS = f"There is room for {rules.MAX_CREDENTIALS} of these. Remove one first."


async def change_profile(
    context: Context,
    actor: Person,
    *,
    name: str,
    pronouns: str,
    zone: str,
    clock_hours: int | None = None,
    about: str,
    approach: str = "",
    languages: str = "",
) -> None:
    """Change what pages show of the actor. Values as the rules return them.

    clock_hours: 12 or 24; None follows the language of their browser.
    about, approach, languages: kept for facilitators only.
    """
    of_anybody = {"name": name, "pronouns": pronouns, "zone": zone, "clock_hours": clock_hours}
    of_facilitators = {"about": about, "approach": approach, "languages": languages}
    async with context.db.transaction() as tx:
        changed = await SQL.change_profile(tx, id=actor.id, **of_anybody, **of_facilitators)
        if changed is None:
            raise NotFound
        await audit.record(tx, "person.changed", actor.id, actor_id=actor.id)


async def set_access_needs(context: Context, actor: Person, needs: str) -> None:
    """Set what hosts of the actor's gatherings read about their access needs; empty: nothing."""
    async with context.db.transaction() as tx:
        await SQL.set_access_needs(tx, id=actor.id, needs=needs)
        after = "told" if needs else ""
        await audit.record(tx, "person.access_needs", actor.id, actor_id=actor.id, after=after)


async def choose_reminders(context: Context, actor: Person, *, day: bool, hour: bool, alarms: bool) -> None:
    """Choose which reminders the actor gets by mail, and whether their calendar entries have alarms then."""
    async with context.db.transaction() as tx:
        await SQL.choose_reminders(tx, id=actor.id, remind_day=day, remind_hour=hour, calendar_alarms=alarms)
        details = {"day": day, "hour": hour, "alarms": alarms}
        await audit.record(tx, "reminders.chosen", actor.id, actor_id=actor.id, details=details)


async def add_credential(
    context: Context, actor: Person, *, kind: str, body: str, year: int | None, link: str = ""
) -> UUID:
    """Add a credential to the actor's profile. Raises NotFound unless a facilitator, Refused for one too many."""
    if not actor.is_facilitator:
        raise NotFound
    async with context.db.transaction() as tx:
        credential_id = await SQL.add_credential(
            tx,
            person_id=actor.id,
            kind=kind,
            body=body,
            year=year,
            link=link,
            max_credentials=rules.MAX_CREDENTIALS,
        )
        if credential_id is None:
            raise Refused(Reason("too_many", TOO_MANY_CREDENTIALS, "kind"))
        await audit.record(tx, "credential.added", credential_id, actor_id=actor.id)
    return credential_id


async def change_credential(
    context: Context,
    actor: Person,
    credential_id: UUID,
    *,
    kind: str,
    body: str,
    year: int | None,
    link: str,
) -> None:
    """Change one of the actor's credentials, which removes the organizers' mark. Raises NotFound."""
    async with context.db.transaction() as tx:
        changed = await SQL.change_credential(
            tx, id=credential_id, person_id=actor.id, kind=kind, body=body, year=year, link=link
        )
        if changed is None:
            raise NotFound
        before = "seen" if changed["was_seen"] else ""
        await audit.record(
            tx, "credential.changed", credential_id, actor_id=actor.id, before=before, after=""
        )


async def delete_credential(context: Context, actor: Person, credential_id: UUID) -> None:
    """Delete one of the actor's credentials. Raises NotFound."""
    async with context.db.transaction() as tx:
        if await SQL.delete_credential(tx, id=credential_id, person_id=actor.id) is None:
            raise NotFound
        await audit.record(tx, "credential.removed", credential_id, actor_id=actor.id)


async def mark_credential(
    context: Context, actor: Person, credential_id: UUID, *, version: int, seen: bool
) -> UUID:
    """Mark that an organizer saw the papers of a credential, or remove the mark. Returns its owner's id.

    version: of the credential the organizer read. Raises NotFound unless the actor is an organizer, Refused for
    their own, OutOfDate when it was changed meanwhile.
    """
    async with context.db.transaction() as tx:
        owner_id = await SQL.credential_owner(tx, id=credential_id)
        if owner_id is None or not actor.is_organizer:
            raise NotFound
        if owner_id == actor.id:
            raise Refused(Reason("own", OWN_CREDENTIAL))
        marked = await SQL.mark_credential(
            tx, id=credential_id, version=version, actor_id=actor.id, seen=seen
        )
        if marked is None:
            raise OutOfDate(
                Reason("changed_meanwhile", "This credential was changed meanwhile. Please look at it again.")
            )
        after = "seen" if seen else "not seen"
        await audit.record(tx, "credential.seen", credential_id, actor_id=actor.id, after=after)
    return owner_id


async def save_picture(context: Context, actor: Person, jpeg: bytes) -> str:
    """Save the actor's picture, as `picture_upload.normalize` returns it. Returns its hash.

    Raises NotFound unless they are a facilitator.
    """
    digest = hashlib.sha256(jpeg).hexdigest()[:32]
    async with context.db.transaction() as tx:
        if await SQL.save_picture(tx, person_id=actor.id, hash=digest, jpeg=jpeg) is None:
            raise NotFound
        await audit.record(tx, "picture.kept", actor.id, actor_id=actor.id, after=digest)
    return digest


async def delete_picture(context: Context, actor: Person) -> None:
    """Delete the actor's picture. Raises NotFound where there is none."""
    async with context.db.transaction() as tx:
        deleted = await SQL.delete_picture(tx, person_id=actor.id)
        if deleted is None:
            raise NotFound
        await audit.record(tx, "picture.dropped", actor.id, actor_id=actor.id, before=deleted["hash"])


async def lock_for_role(tx: db.Tx, actor_id: UUID, person_id: UUID) -> None:
    """Lock somebody whose role changes, and every organizer.

    Changes of roles happen one after another. Raises NotFound for an unknown id, and when the actor is no organizer by
    now.
    """
    organizers = [row["id"] for row in await db.rows(ROLES.lock_organizers(tx))]
    row = await ROLES.lock_person(tx, id=person_id)
    if row is None or actor_id not in organizers:
        raise NotFound


async def set_role(tx: db.Tx, person: Person, role: Role, on: bool, *, actor_id: UUID | None) -> None:
    """Give a locked person a role, or take it away. It holds from their next request on."""
    if person.has_role(role) == on:
        return
    await ROLES.set_roles(
        tx,
        id=person.id,
        is_facilitator=on if role == "facilitator" else person.is_facilitator,
        is_organizer=on if role == "organizer" else person.is_organizer,
    )
    await audit.record(
        tx,
        f"person.{role}",
        person.id,
        actor_id=actor_id,
        before="" if on else role,
        after=role if on else "",
    )


async def account_for(tx: db.Tx, *, email: str, name: str, actor_id: UUID) -> tuple[Person, bool]:
    """The account of an address, made where there is none, in the caller's transaction; and whether it is new.

    name: of a new account. The actor must not learn which it was.
    """
    row = dict(await SQL.add_or_find_person(tx, email=email, name=name, pronouns="", zone=""))
    is_new = row.pop("is_new")
    await SQL.end_silence(tx, person_id=row["id"])
    if is_new:
        await audit.record(
            tx, "person.joined", row["id"], actor_id=actor_id, after="member", why="given a seat"
        )
    return Person(**row), is_new


async def appoint_organizer(context: Context, *, email: str, name: str = "") -> Person:
    """Make somebody an organizer, with a new account where the address has none.

    For the command line only: for the first organizer, and where none can sign in any more. Raises Refused for an
    address or a name that cannot be read.
    """
    address = parse_address(email)
    account_name = rules.parse_name(name or address.partition("@")[0])
    async with context.db.transaction() as tx:
        await db.rows(ROLES.lock_organizers(tx))
        row = dict(await SQL.add_or_find_person(tx, email=address, name=account_name, pronouns="", zone=""))
        if row.pop("is_new"):
            await audit.record(tx, "person.joined", row["id"], after="member")
        person = Person(**row)
        if await suspended.stays_suspended(tx, person.id):
            text = "This account is suspended. An organizer lifts that first, at /organize/people."
            raise Refused(Reason("suspended", text, "email"))
        await set_role(tx, person, "organizer", True, actor_id=None)
    return person


async def dismiss_organizer(context: Context, *, email: str) -> None:
    """Take the role of an organizer away, by the command line only: on the site organizers do it. One must stay.

    Raises NotFound for an address without an account, Refused for what is no address, and for the last organizer.
    """
    address = parse_address(email)
    async with context.db.transaction() as tx:
        there_are = len(await db.rows(ROLES.lock_organizers(tx)))
        person = await by_email(tx, address)
        if person is None:
            raise NotFound
        refuse_if(rules.role_refusals(person, there_are, "organizer", on=False))
        await set_role(tx, person, "organizer", False, actor_id=None)


async def organizers(context: Context) -> list[Person]:
    """Every organizer."""
    async with context.db.reading() as tx:
        return [Person(**row) for row in await db.rows(ROLES.organizers(tx))]


async def has_account(context: Context, *, email: str) -> bool:
    """Whether somebody has an account with this address. Raises Refused for what is no address."""
    async with context.db.reading() as tx:
        return await by_email(tx, parse_address(email)) is not None
