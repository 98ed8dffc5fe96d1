"""Sign-in by mail: request a code and a link, use either once, sign out."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

from circles.base.errors import Reason, Refused, refuse_if
from circles.people import sign_in_rules as rules
from circles.people.queries import by_email, fingerprint, start_sign_in
from circles.people.rules import Person
from circles.people.sign_in_rules import RequestState, SignInRequest
from circles.people.suspended import actions as suspended
from circles.store import audit, db, jobs, mail
from circles.store.context import Context
from circles.web import limits
from circles.web.limits import Limit

SQL = db.queries("people/sign_in")
RenewFeed = Callable[[db.Tx, Context, UUID], Awaitable[object]]
_renew_feed: RenewFeed | None = None
PEOPLE = db.queries("people/people")


@dataclass(frozen=True, slots=True)
class SignIn:
    """The result of a right code or link.

    token: for the sign-in cookie; empty while a new person has yet to give a name, in the browser with the key
    `browser`. next_path: the page to continue with. known: for the cookie by which this browser is known from now on.
    suspended: the person, if they are suspended; then there is no token, and they see the page about it.
    """

    token: str
    browser: str
    next_path: str
    known: str = ""
    suspended: UUID | None = None


@dataclass(frozen=True, slots=True)
class BrowserKeys:
    """What the cookies of a browser hold. asked: the key it got with its last request. known: the key by which it is
    known. sign_in: the token of its sign-in so far.
    """

    asked: str = ""
    known: str = ""
    sign_in: str = ""


async def request_mail(
    context: Context, request: SignInRequest, *, keys: BrowserKeys = BrowserKeys(), network: str
) -> str:
    """Mail a code and a link, the same whether or not the address is known.

    network: the client's, for the limits. Returns the browser's new key; the one it had expires. Raises
    TooManyRequests.
    """
    await _count_request(context, request.email, keys.known, network)
    request_id, key, link = uuid4(), secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    async with context.db.transaction() as tx:
        failures = await SQL.failures(tx, address_hash=_address_hash(context, request.email))
        digits = rules.code_digits(failures or 0)
        code = f"{secrets.randbelow(10**digits):0{digits}}"
        await SQL.expire_requests(tx, browser_hash=fingerprint(keys.asked), email=request.email)
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
            code_digits=digits,
            link_hash=fingerprint(link),
            lasts=rules.CODE_LASTS,
        )
        mail_id = await _send_mail(tx, context, request.email, added, code, link)
        await SQL.set_mail(tx, id=request_id, mail_id=mail_id)
    return key


async def _count_request(context: Context, email: str, known_key: str, network: str) -> None:
    """Count one request: of a known browser for itself, else for the address and the network. Raises TooManyRequests.

    Whether a browser is known is looked up for every address, so that the limits tell nobody who has an account.
    """
    async with context.db.transaction() as tx:
        known = await SQL.known_browser(tx, email=email, key=known_key.encode())
        if known["id"]:
            own = [Limit(f"ask browser {known['id']}", *limit) for limit in rules.KNOWN_LIMITS]
            reached = await limits.count(tx, context.settings, *own)
        else:
            reached = await _count_of_stranger(tx, context, email, network)
    if reached:
        raise rules.TooManyRequests(max(limit.wait for limit in reached))


async def _count_of_stranger(tx: db.Tx, context: Context, email: str, network: str) -> list[Limit]:
    """Count one request of a browser that is not known. Returns the limits that are reached."""
    of_network = limits.of_network("ask network", network, rules.NETWORK_LIMITS)
    of_address = [Limit(f"ask {email}", *limit) for limit in rules.MAILBOX_LIMITS]
    # Where nobody knows the network, a stranger's would be the person's own.
    of_address += [Limit(f"ask {email} {network}", *limit) for limit in rules.ADDRESS_LIMITS if network]
    reached = await limits.count(tx, context.settings, *of_network, *of_address)
    if not reached or any(limit in of_network for limit in reached):
        return reached
    spare = Limit(f"ask spare {email}", *rules.SPARE_LIMIT)
    return await limits.count(tx, context.settings, *of_network, spare)


def _address_hash(context: Context, email: str) -> bytes:
    """How an address stands beside its wrong codes, also where nobody has an account with it."""
    return hmac.digest(context.settings.signing_key(), b"wrong codes " + email.encode(), hashlib.sha256)


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


async def use_code(context: Context, *, keys: BrowserKeys, digits: str) -> SignIn:
    """Sign in with the code, in the browser that requested it. Its sign-in so far ends.

    digits: as `parse_code` returns them. Raises Refused for a wrong code (which counts as a try), and for one that is
    expired, used, too short by now, or was wrong too often.
    """
    async with context.db.transaction() as tx:
        row = await SQL.lock_latest_request(tx, browser_hash=fingerprint(keys.asked))
        refusals = rules.code_refusals(request_state(row))
        if row and not refusals:
            address = _address_hash(context, row["email"])
            failures = await SQL.lock_failures(tx, address_hash=address)
            refusals = rules.short_code_refusals(row["code_digits"], failures)
            if not refusals and rules.is_code(
                context.settings.signing_keys, row["id"], digits, row["code_hash"]
            ):
                await SQL.forgive_failures(tx, address_hash=address, tries=row["tries"])
                return await _accept(tx, row, keys, name=row["name"])
            refusals = refusals or [await _count_wrong_code(tx, row, address, failures + 1)]
    # Outside the transaction: a wrong try stays counted.
    raise Refused(refusals)


async def _count_wrong_code(tx: db.Tx, row: db.Record, address: bytes, failures: int) -> Reason:
    """Count a wrong code, and tell the person once a day where somebody tries again and again."""
    await SQL.count_try(tx, id=row["id"])
    await SQL.count_failure(tx, address_hash=address)
    is_often = row["tries"] + 1 >= rules.MAX_TRIES or failures >= rules.TOLD_FROM
    # As a job for every address: what the answer costs must not tell whether it has an account.
    if is_often and await SQL.may_tell(tx, address_hash=address) is not None:
        await jobs.enqueue(tx, "sign_in.tell_of_wrong_codes", request_id=row["id"])
    return rules.wrong_code_refusal(row["tries"] + 1)


@jobs.job("sign_in.tell_of_wrong_codes")
async def tell_of_wrong_codes(context: Context, *, request_id: str) -> None:
    """Mail the person that somebody types wrong codes for their address. Nobody is told where nobody has it."""
    async with context.db.transaction() as tx:
        person = await SQL.person_of_request(tx, id=request_id)
        if person:
            await mail.send(
                tx,
                context.settings,
                "sign_in_tries",
                to=person["email"],
                subject="Somebody tried to sign in as you",
                person_id=person["id"],
            )


async def request_of_link(context: Context, link: str) -> db.Record:
    """The request a link belongs to; changes nothing. Raises Refused when the link no longer works."""
    async with context.db.reading() as tx:
        row = await SQL.request_of_link(tx, link_hash=fingerprint(link))
    refuse_if(rules.link_refusals(request_state(row)))
    return row


async def use_link(context: Context, *, link: str, keys: BrowserKeys) -> SignIn:
    """Sign in with the link, in any browser. Raises Refused when the link no longer works.

    In another browser than the one that requested it, a new person is asked for a name: the name typed there
    may be a stranger's.
    """
    async with context.db.transaction() as tx:
        row = await SQL.lock_request_of_link(tx, link_hash=fingerprint(link))
        refuse_if(rules.link_refusals(request_state(row)))
        same = hmac.compare_digest(row["browser_hash"], fingerprint(keys.asked))
        own = keys if same else replace(keys, asked=secrets.token_urlsafe(32))
        return await _accept(tx, row, own, name=row["name"] if same else "")


async def _accept(tx: db.Tx, row: db.Record, keys: BrowserKeys, *, name: str) -> SignIn:
    """The code or link was right: sign in, or wait for the name of a new person."""
    if name or await by_email(tx, row["email"]):
        return await _sign_in(tx, row, keys, name=name, pronouns=row["pronouns"])
    await SQL.mark_proven(tx, id=row["id"], browser_hash=fingerprint(keys.asked), lasts=rules.NAME_LASTS)
    return SignIn("", keys.asked, row["next_path"])


async def give_name(context: Context, *, keys: BrowserKeys, name: str, pronouns: str) -> SignIn:
    """Finish a new person's sign-in with a name. Raises Refused when the code or link was used too long ago."""
    async with context.db.transaction() as tx:
        row = await SQL.lock_latest_request(tx, browser_hash=fingerprint(keys.asked))
        refuse_if(rules.name_refusals(request_state(row)))
        return await _sign_in(tx, row, keys, name=name, pronouns=pronouns)


async def _sign_in(tx: db.Tx, row: db.Record, keys: BrowserKeys, *, name: str, pronouns: str) -> SignIn:
    person = await by_email(tx, row["email"]) or await _add_person(tx, row, name, pronouns)
    await SQL.mark_used(tx, id=row["id"], person_id=person.id)
    if await suspended.stays_suspended(tx, person.id):
        await end_sign_in(tx, keys.sign_in)
        return SignIn("", keys.asked, "", suspended=person.id)
    if row["zone"]:
        await PEOPLE.set_first_zone(tx, id=person.id, zone=row["zone"])
    if row["clock_hours"]:
        await PEOPLE.set_browser_clock(tx, id=person.id, clock_hours=row["clock_hours"])
    await end_sign_in(tx, keys.sign_in)
    known = keys.known or secrets.token_urlsafe(32)
    await SQL.know_browser(tx, person_id=person.id, key=known.encode())
    return SignIn(await start_sign_in(tx, person.id), keys.asked, row["next_path"], known)


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


def on_sign_out_everywhere(renew_feed: RenewFeed) -> None:
    """Set the function that gives a person's calendar feed another address."""
    global _renew_feed
    _renew_feed = renew_feed


async def sign_out_everywhere(context: Context, actor: Person, *, renews_feed: bool = False) -> int:
    """Sign every browser of the actor out, this one too, and know none any more. Returns how many there were.

    renews_feed: also give the actor's calendar feed another address.
    """
    async with context.db.transaction() as tx:
        ended = await db.rows(SQL.end_every_sign_in(tx, person_id=actor.id))
        await SQL.forget_browsers(tx, person_id=actor.id)
        if renews_feed and _renew_feed:
            await _renew_feed(tx, context, actor.id)
        for row in ended:
            await _record_end(tx, row["id"], actor.id, why="everywhere")
    return len(ended)


@jobs.every("people.tidy", "11 * * * *")
async def delete_old(context: Context) -> None:
    """Delete old sign-in requests, sign-ins and wrong codes, and browsers that were not used for long."""
    async with context.db.transaction() as tx:
        await SQL.delete_old_requests(tx)
        await SQL.delete_old_sign_ins(tx)
        await SQL.delete_old_browsers(tx, lasts=rules.KNOWN_LASTS)
        await SQL.delete_old_failures(tx, lasts=rules.FAILURES_LAST)
