"""What other rooms ask of people: who this browser is, who has these ids, what is said of a host."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from uuid import UUID

from circles.people.rules import SIGN_IN_LASTS, Credential, Person, Profile
from circles.store import audit, db
from circles.store.context import Context

SQL = db.queries("people/people")


def fingerprint(token: str) -> bytes:
    """How a random token is stored. Plain SHA-256 is enough: a token holds 256 random bits, a guess none."""
    return hashlib.sha256(token.encode()).digest()


async def find_signed_in(context: Context, token: str) -> Person | None:
    """The person a sign-in cookie stands for; None when it is unknown, ended or expired. One query."""
    async with context.db.reading() as tx:
        return _person(await SQL.signed_in(tx, token_hash=fingerprint(token)))


async def start_sign_in(tx: db.Tx, person_id: UUID) -> str:
    """Sign a browser in as a person, in the caller's transaction. Returns the token its cookie is to hold."""
    token = secrets.token_urlsafe(32)
    sign_in = await SQL.start_sign_in(
        tx, person_id=person_id, token_hash=fingerprint(token), lasts=SIGN_IN_LASTS
    )
    await audit.record(tx, "sign_in.started", sign_in, actor_id=person_id, after="signed in")
    return token


async def by_ids(tx: db.Tx, ids: Iterable[UUID]) -> dict[UUID, Person]:
    """People by their ids. Ids nobody has are left out."""
    return {row["id"]: Person(**row) for row in await db.rows(SQL.by_ids(tx, ids=list(ids)))}


async def by_email(tx: db.Tx, email: str) -> Person | None:
    """The person with an address (as `rules.address` gives it back), or None."""
    return _person(await SQL.by_email(tx, email=email))


async def profiles(tx: db.Tx, ids: Iterable[UUID]) -> dict[UUID, Profile]:
    """What circle pages say of facilitators, by their ids. Ids nobody has are left out."""
    return {row["id"]: _profile(row) for row in await db.rows(SQL.profiles(tx, ids=list(ids)))}


def _person(row: db.Record | None) -> Person | None:
    return Person(**row) if row else None


def _profile(row: db.Record) -> Profile:
    told = {name: value for name, value in row.items() if name != "credentials"}
    return Profile(credentials=tuple(Credential.of(each) for each in row["credentials"]), **told)
