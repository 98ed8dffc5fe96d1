"""Sign-in by mail: request a code and a link, use either once, sign out."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from uuid import UUID, uuid4

from circles.base import clock
from circles.base.errors import Refused, refuse_if
from circles.people import sign_in_rules as rules
from circles.people.queries import by_email, fingerprint, start_sign_in
from circles.people.rules import Person
from circles.people.sign_in_rules import RequestState, SignInRequest
from circles.store import audit, db, jobs, mail
from circles.store.context import Context
from circles.web import limits

SQL = db.queries("people/sign_in")
PEOPLE = db.queries("people/people")


@dataclass(frozen=True, slots=True)
class SignIn:
    """The result of a right code or link.

    token: for the sign-in cookie; empty while a new person has yet to give a name, in the browser with the key
    `browser`. next_path: the page to continue with.
    """

    token: str
    browser: str
    next_path: str


async def request_mail(context: Context, request: SignInRequest, *, browser: str, network: str) -> str:
    """Mail a code and a link, the same whether or not the address is known.

    browser: the key this browser got with its last request, which expires. network: the client's, for the
    limits. Returns the browser's new key. Raises TooManyRequests.
    """
    await _count_attempt(context, request.email, network)
    request_id, key, link = uuid4(), secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    code = f"{secrets.randbelow(1_000_000):06}"
    async with context.db.transaction() as tx:
        await SQL.expire_requests(tx, browser_hash=fingerprint(browser))
        added = await SQL.add_request(
            tx,
            id=request_id,
            email=request.email,
            name=request.name,
            pronouns=request.pronouns,
            zone=request.zone,
            clock_hours=request.clock_hours,
            next_path=request.next_path,
            browser_hash=fingerprint(key),
            code_hash=rules.code_hash(context.settings.signing_key(), request_id, code),
            link_hash=fingerprint(link),
            lasts=rules.CODE_LASTS,
        )
        mail_id = await _send_mail(tx, context, request.email, added, code, link)
        await SQL.set_mail(tx, id=request_id, mail_id=mail_id)
    return key


async def _count_attempt(context: Context, email: str, network: str) -> None:
    """Count one request against the address and the network. Raises TooManyRequests."""
    waits = [
        rules.time_left(per, clock.now())
        for key, windows in (
            (f"ask network {network}", rules.NETWORK_LIMITS),
            (f"ask {email}", rules.ADDRESS_LIMITS),
        )
        for most, per in windows
        if not await limits.allow(context, f"{key} {per}", most, per)
    ]
    if waits:
        raise rules.TooManyRequests(max(waits))


async def _send_mail(
    tx: db.Tx, context: Context, email: str, request: db.Record, code: str, link: str
) -> UUID:
    return await mail.send(
        tx,
        context.settings,
        "sign_in",
        to=email,
        subject="Your sign-in code",
        person_id=request["person_id"],
        useful_until=request["expires_at"],
        code=code,
        link=f"{context.settings.base_url}/sign-in/link/{link}",
    )


async def latest_request(context: Context, browser: str) -> db.Record | None:
    """The newest request of this browser, or None."""
    async with context.db.reading() as tx:
        return await SQL.latest_request(tx, browser_hash=fingerprint(browser))


def request_state(row: db.Record | None) -> RequestState | None:
    """The state of a request's row, for the rules."""
    if row is None:
        return None
    return RequestState(
        row["expired"], row["tries"], row["proven_at"] is not None, row["used_at"] is not None
    )


async def use_code(context: Context, *, browser: str, digits: str, old_token: str = "") -> SignIn:
    """Sign in with the code, in the browser that requested it.

    digits: as `parse_code` returns them. old_token: this browser's sign-in so far, which ends. Raises Refused for
    a wrong code (which counts as a try), and for one that is expired, used, or was wrong too often.
    """
    async with context.db.transaction() as tx:
        row = await SQL.lock_latest_request(tx, browser_hash=fingerprint(browser))
        refusals = rules.code_refusals(request_state(row))
        if row and not refusals:
            digest = rules.code_hash(context.settings.signing_key(), row["id"], digits)
            if hmac.compare_digest(digest, row["code_hash"]):
                return await _accept(tx, row, browser, name=row["name"], old_token=old_token)
            await SQL.count_try(tx, id=row["id"])
            refusals = [rules.wrong_code_refusal(row["tries"] + 1)]
    # Outside the transaction: a wrong try stays counted.
    raise Refused(refusals)


async def request_of_link(context: Context, link: str) -> db.Record:
    """The request a link belongs to; changes nothing. Raises Refused when the link no longer works."""
    async with context.db.reading() as tx:
        row = await SQL.request_of_link(tx, link_hash=fingerprint(link))
    refuse_if(rules.link_refusals(request_state(row)))
    return row


async def use_link(context: Context, *, link: str, browser: str, old_token: str = "") -> SignIn:
    """Sign in with the link, in any browser. Raises Refused when the link no longer works.

    In another browser than the one that requested it, a new person is asked for a name: the name typed there
    may be a stranger's.
    """
    async with context.db.transaction() as tx:
        row = await SQL.lock_request_of_link(tx, link_hash=fingerprint(link))
        refuse_if(rules.link_refusals(request_state(row)))
        same = hmac.compare_digest(row["browser_hash"], fingerprint(browser))
        key = browser if same else secrets.token_urlsafe(32)
        return await _accept(tx, row, key, name=row["name"] if same else "", old_token=old_token)


async def _accept(tx: db.Tx, row: db.Record, browser: str, *, name: str, old_token: str) -> SignIn:
    """The code or link was right: sign in, or wait for the name of a new person."""
    if name or await by_email(tx, row["email"]):
        return await _sign_in(tx, row, browser, name=name, pronouns=row["pronouns"], old_token=old_token)
    await SQL.mark_proven(tx, id=row["id"], browser_hash=fingerprint(browser), lasts=rules.NAME_LASTS)
    return SignIn("", browser, row["next_path"])


async def give_name(
    context: Context, *, browser: str, name: str, pronouns: str, old_token: str = ""
) -> SignIn:
    """Finish a new person's sign-in with a name. Raises Refused when the code or link was used too long ago."""
    async with context.db.transaction() as tx:
        row = await SQL.lock_latest_request(tx, browser_hash=fingerprint(browser))
        refuse_if(rules.name_refusals(request_state(row)))
        return await _sign_in(tx, row, browser, name=name, pronouns=pronouns, old_token=old_token)


async def _sign_in(
    tx: db.Tx, row: db.Record, browser: str, *, name: str, pronouns: str, old_token: str
) -> SignIn:
    person = await by_email(tx, row["email"]) or await _add_person(tx, row, name, pronouns)
    await SQL.mark_used(tx, id=row["id"], person_id=person.id)
    if row["zone"]:
        await PEOPLE.set_first_zone(tx, id=person.id, zone=row["zone"])
    if row["clock_hours"]:
        await PEOPLE.set_browser_clock(tx, id=person.id, clock_hours=row["clock_hours"])
    await end_sign_in(tx, old_token)
    return SignIn(await start_sign_in(tx, person.id), browser, row["next_path"])


async def _add_person(tx: db.Tx, row: db.Record, name: str, pronouns: str) -> Person:
    """A new account; the existing one where the address got one a moment ago by another mail."""
    found = dict(
        await PEOPLE.add_or_find_person(
            tx, email=row["email"], name=name, pronouns=pronouns, zone=row["zone"]
        )
    )
    if found.pop("is_new"):
        await audit.record(tx, "person.joined", found["id"], actor_id=found["id"], after="member")
    return Person(**found)


async def end_sign_in(tx: db.Tx, token: str) -> None:
    """End one browser's sign-in, in the caller's transaction. Idempotent; no token is fine."""
    ended = await SQL.end_sign_in(tx, token_hash=fingerprint(token)) if token else None
    if ended:
        await _record_end(tx, ended["id"], ended["person_id"])


async def _record_end(tx: db.Tx, sign_in_id: UUID, actor_id: UUID, why: str = "") -> None:
    await audit.record(
        tx, "sign_in.ended", sign_in_id, actor_id=actor_id, before="signed in", after="signed out", why=why
    )


async def sign_out(context: Context, token: str) -> None:
    """Sign this browser out."""
    async with context.db.transaction() as tx:
        await end_sign_in(tx, token)


async def sign_out_everywhere(context: Context, actor: Person) -> int:
    """Sign every browser of the actor out, this one too. Returns how many there were."""
    async with context.db.transaction() as tx:
        ended = await db.rows(SQL.end_every_sign_in(tx, person_id=actor.id))
        for row in ended:
            await _record_end(tx, row["id"], actor.id, why="everywhere")
    return len(ended)


@jobs.every("people.tidy", "11 * * * *")
async def delete_old(context: Context) -> None:
    """Delete old sign-in requests and old sign-ins."""
    async with context.db.transaction() as tx:
        await SQL.delete_old_requests(tx)
        await SQL.delete_old_sign_ins(tx)
