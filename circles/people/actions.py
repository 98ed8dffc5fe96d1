"""What people change: how they are shown, their training, and who has which part in the community."""

from __future__ import annotations

import hashlib
from uuid import UUID

from circles.base.errors import NotFound, OutOfDate, Reason, Refused, refuse_if
from circles.people import rules
from circles.people.rules import Part, Person
from circles.store import audit, db
from circles.store.context import Context

SQL = db.queries("people/people")
OWN_CREDENTIAL = (
    "This is your own, so another organizer has to see the papers. Nobody vouches for themselves."
)


async def change_me(
    context: Context,
    person: Person,
    *,
    name: str,
    pronouns: str,
    zone: str,
    about: str,
    approach: str = "",
    languages: str = "",
) -> None:
    """Change how a person is shown. Values as the rules give them back.

    about, approach, languages: kept for facilitators only.
    """
    said = {"name": name, "pronouns": pronouns, "zone": zone}
    held = {"about": about, "approach": approach, "languages": languages}
    async with context.db.transaction() as tx:
        changed = await SQL.change_me(tx, id=person.id, **said, **held)
        if changed is None:
            raise NotFound
        await audit.record(tx, "person.changed", person.id, actor_id=person.id)


async def add_credential(
    context: Context, person: Person, *, kind: str, body: str, year: int | None, link: str = ""
) -> UUID:
    """Add one training to what a facilitator's circles say of them.

    Raises NotFound for somebody who is no facilitator, Refused for one too many.
    """
    if not person.is_facilitator:
        raise NotFound
    async with context.db.transaction() as tx:
        added = await SQL.add_credential(
            tx,
            person_id=person.id,
            kind=kind,
            body=body,
            year=year,
            link=link,
            most=rules.MAX_CREDENTIALS,
        )
        if added is None:
            raise Refused(
                Reason(
                    "too_many",
                    f"There is room for {rules.MAX_CREDENTIALS} of these. Take one away first.",
                    "kind",
                )
            )
        await audit.record(tx, "credential.added", added, actor_id=person.id)
    return added


async def remove_credential(context: Context, person: Person, credential_id: UUID) -> None:
    """Take one of the person's own trainings away. Raises NotFound."""
    async with context.db.transaction() as tx:
        if await SQL.remove_credential(tx, id=credential_id, person_id=person.id) is None:
            raise NotFound
        await audit.record(tx, "credential.removed", credential_id, actor_id=person.id)


async def change_credential(
    context: Context,
    person: Person,
    credential_id: UUID,
    *,
    kind: str,
    body: str,
    year: int | None,
    link: str,
) -> None:
    """Change one of the person's own trainings. The organizers' mark goes with it. Raises NotFound."""
    async with context.db.transaction() as tx:
        changed = await SQL.change_credential(
            tx, id=credential_id, person_id=person.id, kind=kind, body=body, year=year, link=link
        )
        if changed is None:
            raise NotFound
        before = "seen" if changed["was_seen"] else ""
        await audit.record(
            tx, "credential.changed", credential_id, actor_id=person.id, before=before, after=""
        )


async def see_credential(
    context: Context, organizer: Person, credential_id: UUID, *, version: int, seen: bool
) -> UUID:
    """Note that the organizers saw the papers of a credential, or take that back. Returns whose it is.

    version: the one the organizer looked at. Raises NotFound, Refused for their own, and OutOfDate when it was
    changed meanwhile.
    """
    async with context.db.transaction() as tx:
        owner = await SQL.credential_owner(tx, id=credential_id)
        if owner is None or not organizer.is_organizer:
            raise NotFound
        if owner == organizer.id:
            raise Refused(Reason("own", OWN_CREDENTIAL))
        noted = await SQL.see_credential(tx, id=credential_id, version=version, who=organizer.id, on=seen)
        if noted is None:
            raise OutOfDate(
                Reason("changed_meanwhile", "This credential was changed meanwhile. Please look at it again.")
            )
        after = "seen" if seen else "not seen"
        await audit.record(tx, "credential.seen", credential_id, actor_id=organizer.id, after=after)
    return owner


async def keep_picture(context: Context, person: Person, jpeg: bytes) -> str:
    """Keep a facilitator's picture, as `pictures.remake` made it. Returns its hash. Raises NotFound."""
    found = hashlib.sha256(jpeg).hexdigest()[:32]
    async with context.db.transaction() as tx:
        if await SQL.keep_picture(tx, person_id=person.id, hash=found, jpeg=jpeg) is None:
            raise NotFound
        await audit.record(tx, "picture.kept", person.id, actor_id=person.id, after=found)
    return found


async def drop_picture(context: Context, person: Person) -> None:
    """Take the picture away. Raises NotFound where there is none."""
    async with context.db.transaction() as tx:
        gone = await SQL.drop_picture(tx, person_id=person.id)
        if gone is None:
            raise NotFound
        await audit.record(tx, "picture.dropped", person.id, actor_id=person.id, before=gone["hash"])


async def set_part(context: Context, organizer: Person, person_id: UUID, *, part: Part, on: bool) -> Person:
    """Make somebody facilitator or organizer, or no longer. It holds from their next request on.

    Returns the person as they were. Raises NotFound for an id that is nobody's, and when the one who asks is
    no organizer by now; Refused when the last organizer would be gone.
    """
    async with context.db.transaction() as tx:
        organizers = [row["id"] for row in await db.rows(SQL.lock_organizers(tx))]
        row = await SQL.lock_person(tx, id=person_id)
        if row is None or organizer.id not in organizers:
            raise NotFound
        person = Person(**row)
        refuse_if(rules.part_reasons(person, len(organizers), part, on))
        await _set_part(tx, person, part, on, who=organizer.id)
    return person


async def _set_part(tx: db.Tx, person: Person, part: Part, on: bool, *, who: UUID | None) -> None:
    before = person.is_facilitator if part == "facilitator" else person.is_organizer
    if before == on:
        return
    await SQL.set_parts(
        tx,
        id=person.id,
        is_facilitator=on if part == "facilitator" else person.is_facilitator,
        is_organizer=on if part == "organizer" else person.is_organizer,
    )
    words = ("", part) if on else (part, "")
    await audit.record(tx, f"person.{part}", person.id, actor_id=who, before=words[0], after=words[1])


async def appoint_first_organizer(context: Context, *, email: str, name: str = "") -> Person:
    """Make somebody the community's first organizer, with a new account where the address has none.

    For the command line only. Raises Refused when there is an organizer already, who can make more on the
    site, and for an address or a name that cannot be read.
    """
    address = rules.parse_address(email)
    called = rules.name(name or address.partition("@")[0])
    async with context.db.transaction() as tx:
        if await db.rows(SQL.lock_organizers(tx)):
            raise Refused(
                Reason(
                    "has_organizer", "There is an organizer already. They can make more at /organize/people."
                )
            )
        found = dict(await SQL.join(tx, email=address, name=called, pronouns="", zone=""))
        if found.pop("is_new"):
            await audit.record(tx, "person.joined", found["id"], after="member")
        person = Person(**found)
        await _set_part(tx, person, "organizer", True, who=None)
    return person
