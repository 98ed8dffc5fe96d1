"""People for other features: by sign-in, id and address; what pages show of facilitators."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from uuid import UUID

from circles.base.errors import NotFound
from circles.people.rules import Credential, Person, Profile
from circles.people.sign_in_rules import SIGN_IN_LASTS
from circles.store import audit, db
from circles.store.context import Context

SQL = db.queries("people/people")
SIGN_IN = db.queries("people/sign_in")
ROLES = db.queries("people/roles")


def fingerprint(token: str) -> bytes:
    """How a random token is stored. Plain SHA-256 is enough: a token holds 256 random bits, a guess none."""
    return hashlib.sha256(token.encode()).digest()


async def find_signed_in(context: Context, token: str) -> Person | None:
    """The person of a sign-in cookie; None when it is unknown, ended or expired. One query.

    It also says which version of the community's settings is in force, so that nobody signed in sees an older one.
    """
    async with context.db.reading() as tx:
        row = await SIGN_IN.find_signed_in(tx, token_hash=fingerprint(token))
    if row is None:
        return None
    values = dict(row)
    if values.pop("community_number") != context.in_force.number:
        await context.in_force.refresh(context.db)
    return Person(**values)


async def start_sign_in(tx: db.Tx, person_id: UUID) -> str:
    """Sign a browser in as a person, in the caller's transaction. Returns the token for its cookie.

    Raises NotFound for somebody who is suspended.
    """
    token = secrets.token_urlsafe(32)
    sign_in = await SIGN_IN.start_sign_in(
        tx, person_id=person_id, token_hash=fingerprint(token), lasts=SIGN_IN_LASTS
    )
    if sign_in is None:
        raise NotFound
    await audit.record(tx, "sign_in.started", sign_in, actor_id=person_id, after="signed in")
    return token


async def by_ids(tx: db.Tx, ids: Iterable[UUID]) -> dict[UUID, Person]:
    """People by their ids. Unknown ids are left out; an account that was joined to another is that one."""
    found = [dict(row) for row in await db.rows(SQL.by_ids(tx, ids=list(ids)))]
    return {row.pop("asked_id"): Person(**row) for row in found}


async def by_email(tx: db.Tx, email: str) -> Person | None:
    """The person with an address (as `people.parse_address` returns it), or None."""
    return _person(await SQL.by_email(tx, email=email))


async def matching(tx: db.Tx, text: str, most: int) -> list[Person]:
    """People with a part of a name or an address, by name, at most so many."""
    query = ROLES.find_people(tx, text=text, part="", most=most, limit=most, offset=0)
    rows = [dict(row) for row in await db.rows(query)]
    return [Person(**{name: value for name, value in row.items() if name != "total"}) for row in rows]


async def organizers(tx: db.Tx) -> list[Person]:
    """Every organizer, by id."""
    return [Person(**row) for row in await db.rows(ROLES.organizers(tx))]


async def profiles(tx: db.Tx, ids: Iterable[UUID]) -> dict[UUID, Profile]:
    """What pages of circles show of facilitators, by their ids. Unknown ids are left out."""
    return {row["id"]: _profile(row) for row in await db.rows(SQL.profiles(tx, ids=list(ids)))}


def _person(row: db.Record | None) -> Person | None:
    return Person(**row) if row else None


def _profile(row: db.Record) -> Profile:
    values = {name: value for name, value in row.items() if name != "credentials"}
    return Profile(credentials=tuple(Credential.of(item) for item in row["credentials"]), **values)
