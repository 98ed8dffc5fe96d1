"""Signing in without a password: a mail with a code and a link, either of which works once."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from uuid import UUID, uuid4

from circles.base import clock
from circles.base.errors import Refused, refuse_if
from circles.people import rules
from circles.people.queries import by_email, fingerprint, start_sign_in
from circles.people.rules import Asked, Asker, Person
from circles.store import audit, db, jobs, mail
from circles.store.context import Context
from circles.web import limits

SQL = db.queries("people/people")


@dataclass(frozen=True, slots=True)
class Entered:
    """What came of a right code or link.

    token: for the sign-in cookie; empty while somebody new has yet to say what they want to be called, which
    the browser holding the key `browser` then may. next_path: where they wanted to go.
    """

    token: str
    browser: str
    next_path: str


async def ask(context: Context, asker: Asker, *, browser: str, network: str) -> str:
    """Mail a code and a link, the same whether or not the address is known.

    browser: the key this browser got when it last asked; what it asked then works no longer. network: whom to
    count it against. Returns the browser's new key. Raises TooOften.
    """
    await _count(context, asker.email, network)
    request_id, key, link = uuid4(), secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    code = f"{secrets.randbelow(1_000_000):06}"
    async with context.db.transaction() as tx:
        await SQL.forget_asked(tx, browser_hash=fingerprint(browser))
        person_id = await SQL.ask(
            tx,
            id=request_id,
            email=asker.email,
            name=asker.name,
            pronouns=asker.pronouns,
            zone=asker.zone,
            next_path=asker.next_path,
            browser_hash=fingerprint(key),
            code_hash=rules.code_hash(context.settings.signing_key(), request_id, code),
            link_hash=fingerprint(link),
            lasts=rules.CODE_LASTS,
        )
        await _mail(tx, context, asker.email, person_id, code, link)
    return key


async def _count(context: Context, email: str, network: str) -> None:
    waits = [
        rules.wait_of(per, clock.now())
        for key, counted in (
            (f"ask network {network}", rules.NETWORK_LIMITS),
            (f"ask {email}", rules.ADDRESS_LIMITS),
        )
        for most, per in counted
        if not await limits.allow(context, f"{key} {per}", most, per)
    ]
    if waits:
        raise rules.TooOften(max(waits))


async def _mail(
    tx: db.Tx, context: Context, email: str, person_id: UUID | None, code: str, link: str
) -> None:
    await mail.send(
        tx,
        context.settings,
        "sign_in",
        to=email,
        subject="Your sign-in code",
        person_id=person_id,
        code=code,
        link=f"{context.settings.base_url}/sign-in/link/{link}",
    )


async def waiting(context: Context, browser: str) -> db.Record | None:
    """What this browser asked last (its address, and how it stands), or None."""
    async with context.db.reading() as tx:
        return await SQL.asked(tx, browser_hash=fingerprint(browser))


async def enter_code(context: Context, *, browser: str, digits: str, old: str = "") -> Entered:
    """Sign in with the code, in the browser that asked for it.

    digits: as `rules.code` gives them back. old: the sign-in this browser holds already, which ends. Raises
    Refused for a wrong code (which counts as a try), and for one that is expired, used or tried out.
    """
    async with context.db.transaction() as tx:
        row = await SQL.lock_asked(tx, browser_hash=fingerprint(browser))
        reasons = rules.code_reasons(standing(row))
        if row and not reasons:
            right = rules.code_hash(context.settings.signing_key(), row["id"], digits)
            if hmac.compare_digest(right, row["code_hash"]):
                return await _prove(tx, row, browser, name=row["name"], old=old)
            await SQL.count_try(tx, id=row["id"])
            reasons = [rules.wrong_code(row["tries"] + 1)]
    # Out of the transaction: a wrong try stays counted.
    raise Refused(reasons)


async def look_at_link(context: Context, link: str) -> db.Record:
    """The asking a link belongs to; nothing is changed. Raises Refused when the link works no longer."""
    async with context.db.reading() as tx:
        row = await SQL.linked(tx, link_hash=fingerprint(link))
    refuse_if(rules.link_reasons(standing(row)))
    return row


async def use_link(context: Context, *, link: str, browser: str, old: str = "") -> Entered:
    """Sign in with the link, in any browser. Raises Refused when the link works no longer.

    Somebody new is asked for a name where this is not the browser that asked: the name typed there may be
    a stranger's doing.
    """
    async with context.db.transaction() as tx:
        row = await SQL.lock_linked(tx, link_hash=fingerprint(link))
        refuse_if(rules.link_reasons(standing(row)))
        same = hmac.compare_digest(row["browser_hash"], fingerprint(browser))
        key = browser if same else secrets.token_urlsafe(32)
        return await _prove(tx, row, key, name=row["name"] if same else "", old=old)


async def give_name(context: Context, *, browser: str, name: str, pronouns: str, old: str = "") -> Entered:
    """Say what to be called, after the code or link was right. Raises Refused when that was too long ago."""
    async with context.db.transaction() as tx:
        row = await SQL.lock_asked(tx, browser_hash=fingerprint(browser))
        refuse_if(rules.name_reasons(standing(row)))
        return await _enter(tx, row, browser, name=name, pronouns=pronouns, old=old)


def standing(row: db.Record | None) -> Asked | None:
    """How an asking stands, for the rules."""
    if row is None:
        return None
    return Asked(row["expired"], row["tries"], row["proven_at"] is not None, row["used_at"] is not None)


async def _prove(tx: db.Tx, row: db.Record, browser: str, *, name: str, old: str) -> Entered:
    if name or await by_email(tx, row["email"]):
        return await _enter(tx, row, browser, name=name, pronouns=row["pronouns"], old=old)
    await SQL.prove(tx, id=row["id"], browser_hash=fingerprint(browser), lasts=rules.NAME_LASTS)
    return Entered("", browser, row["next_path"])


async def _enter(tx: db.Tx, row: db.Record, browser: str, *, name: str, pronouns: str, old: str) -> Entered:
    person = await by_email(tx, row["email"]) or await _join(tx, row, name, pronouns)
    await SQL.use(tx, id=row["id"], person_id=person.id)
    if row["zone"]:
        await SQL.keep_zone(tx, id=person.id, zone=row["zone"])
    await end_sign_in(tx, old)
    return Entered(await start_sign_in(tx, person.id), browser, row["next_path"])


async def _join(tx: db.Tx, row: db.Record, name: str, pronouns: str) -> Person:
    # The address may have joined a moment ago by another mail: then that person it is.
    found = dict(await SQL.join(tx, email=row["email"], name=name, pronouns=pronouns, zone=row["zone"]))
    if found.pop("is_new"):
        await audit.record(tx, "person.joined", found["id"], actor_id=found["id"], after="member")
    return Person(**found)


async def end_sign_in(tx: db.Tx, token: str) -> None:
    """End one browser's sign-in, in the caller's transaction; none, or one that has ended, is left alone."""
    ended = await SQL.end_sign_in(tx, token_hash=fingerprint(token)) if token else None
    if ended:
        await audit.record(
            tx,
            "sign_in.ended",
            ended["id"],
            actor_id=ended["person_id"],
            before="signed in",
            after="signed out",
        )


async def sign_out(context: Context, token: str) -> None:
    """Sign this browser out."""
    async with context.db.transaction() as tx:
        await end_sign_in(tx, token)


async def sign_out_everywhere(context: Context, person: Person) -> int:
    """Sign every browser of a person out, this one too. Returns how many there were."""
    async with context.db.transaction() as tx:
        ended = await db.rows(SQL.end_every_sign_in(tx, person_id=person.id))
        for row in ended:
            await audit.record(
                tx,
                "sign_in.ended",
                row["id"],
                actor_id=person.id,
                before="signed in",
                after="signed out",
                why="everywhere",
            )
    return len(ended)


@jobs.every("people.tidy", "11 * * * *")
async def tidy(context: Context) -> None:
    """Forget old askings and old sign-ins."""
    async with context.db.transaction() as tx:
        await SQL.forget_old_asked(tx)
        await SQL.forget_old_sign_ins(tx)
