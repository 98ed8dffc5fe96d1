"""Mail: composed from templates, stored and queued in the caller's transaction, sent by SMTP until it is of no use."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from functools import cache
from typing import Any
from uuid import UUID

import structlog

from circles.base import clock, text
from circles.base.clock import Viewer
from circles.base.errors import CirclesError
from circles.base.settings import Settings
from circles.store import db, jobs, smtp, templates
from circles.store.context import Context

SQL = db.queries("store/mail")
log = structlog.get_logger("mail")

# A claim keeps a second worker off. It is renewed while the server is spoken to, and ends soon after its worker was
# killed. Two speak for one mail only after the database was away for longer than a claim.
CLAIM = timedelta(seconds=40)
RENEWED_EVERY = 10.0  # seconds
STORE_ATTEMPTS, STORE_AGAIN = 300, 1.0  # seconds between them
# RFC 5321, 4.5.4.1: at least 4-5 days. Attempts are at most 15 minutes apart, so these last longer.
KEEPS_TRYING = timedelta(days=5)
ATTEMPTS = 1000
# A server that hangs takes this many places of the queue and no more; most providers allow ten connections.
AT_ONCE = 8
# Somebody waits for these in front of the page.
URGENT = frozenset(("sign_in",))
# These end so soon that one which was not sent in time says nothing of its address.
SHORT_LIVED = URGENT | {"reminder"}


class NotSent(CirclesError):
    """The mail was not sent, and the queue tries again. The message is the type of error, never an address."""


@cache
def _inliner() -> Any:  # a CSSInliner; starting is faster without the import
    import css_inline

    return css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=True)


@dataclass(frozen=True, slots=True)
class ComposedMail:
    """A mail ready to enqueue, or to preview."""

    kind: str
    to_name: str
    subject: str
    text: str
    html: str


def compose(
    settings: Settings,
    kind: str,
    *,
    to_name: str = "",
    subject: str,
    viewer: Viewer = clock.NOBODY,
    **context: object,
) -> ComposedMail:
    """Render a mail from its templates, mail/<kind>.html and mail/<kind>.txt.

    viewer: on whose clock it says times. subject: must be discreet; characters that a header cannot hold are removed,
    so that no mail can block the queue.
    """
    header = text.tidy_line(subject) or settings.mail_name
    common = {"settings": settings, "subject": header, "to_name": to_name, "viewer": viewer, **context}
    return ComposedMail(
        kind,
        to_name,
        header,
        templates.render(f"mail/{kind}.txt", **common),
        _inliner().inline(templates.render(f"mail/{kind}.html", **common)),
    )


async def send(
    tx: db.Tx,
    settings: Settings,
    kind: str,
    *,
    to: str,
    to_name: str = "",
    subject: str,
    person_id: UUID | None = None,
    calendars: Sequence[bytes] = (),
    method: str | None = None,
    useful_until: datetime | None = None,
    about: UUID | None = None,
    **context: object,
) -> UUID:
    """Compose and enqueue a mail in the caller's transaction, with times on its recipient's clock. Returns its id.

    See `compose` and `enqueue`.
    """
    viewer = await viewer_of(tx, person_id)
    composed = compose(settings, kind, to_name=to_name, subject=subject, viewer=viewer, **context)
    return await enqueue(
        tx,
        settings,
        composed,
        to=to,
        person_id=person_id,
        calendars=calendars,
        method=method,
        useful_until=useful_until,
        about=about,
    )


async def viewer_of(tx: db.Tx, person_id: UUID | None) -> Viewer:
    """On whose clock mails to a person say times; nobody's for an address without an account."""
    # Without an id too: what a sign-in mail costs must not tell whether its address has an account.
    row = await SQL.viewer(tx, person_id=person_id)
    return Viewer.of(row["zone"], row["clock_hours"]) if row else clock.NOBODY


async def enqueue(
    tx: db.Tx,
    settings: Settings,
    composed: ComposedMail,
    *,
    to: str,
    person_id: UUID | None = None,
    calendars: Sequence[bytes] = (),
    method: str | None = None,
    reply_to: str = "",
    useful_until: datetime | None = None,
    about: UUID | None = None,
    unsubscribe_url: str = "",
) -> UUID:
    """Store a composed mail and enqueue its job in the caller's transaction. Returns the mail's id.

    calendars, method: iCalendar objects and their METHOD (RFC 5546). reply_to: an address, or empty.
    useful_until: when it need not be sent any more, such as the end of its gathering; five days at most.
    about: the id of what it carries, such as a message, or of the booking it invites to. unsubscribe_url: RFC 8058.
    """
    mail_id = await SQL.add(
        tx,
        kind=composed.kind,
        person_id=person_id,
        to_address=to,
        to_name=text.tidy_line(composed.to_name),
        subject=composed.subject,
        text_body=composed.text,
        html_body=composed.html,
        calendar=calendars[0].decode() if calendars else None,
        more_calendars=[calendar.decode() for calendar in calendars[1:]],
        calendar_method=method if calendars else None,
        reply_to=reply_to,
        useful_until=useful_until,
        about=about,
        unsubscribe_url=unsubscribe_url,
        domain=settings.mail_from.rsplit("@", 1)[-1],
    )
    await jobs.enqueue(tx, _job(composed.kind), mail_id=mail_id)
    return mail_id


async def send_copy(tx: db.Tx, settings: Settings, mail_id: UUID, to: str) -> UUID:
    """Enqueue a stored mail once more, to this address, in the caller's transaction. Returns the copy's id."""
    row = await SQL.add_copy(tx, id=mail_id, address=to, domain=settings.mail_from.rsplit("@", 1)[-1])
    await jobs.enqueue(tx, _job(row["kind"]), mail_id=row["id"])
    return row["id"]


def _job(kind: str) -> str:
    return "mail.deliver_first" if kind in URGENT else "mail.deliver"


def message(settings: Settings, row: db.Record) -> EmailMessage:
    """The MIME message of a stored mail: text, HTML, and its calendars.

    Mail programs recognize an invite in mixed(alternative(text, html, calendar), file). Several calendars are one part
    each beside the text, which none of them alone is an alternative of: mixed(alternative(text, html), calendar ...).
    A part's method equals its calendar's own (RFC 6047, 2.4). All are base64, so that no relay changes their line ends.

    Raises ValueError or MessageError for an address that no message can have.
    """
    to = _address(row["to_name"], row["to_address"])
    mail = EmailMessage(policy=SMTP if to.addr_spec.isascii() else SMTPUTF8)
    mail["From"] = _address(settings.mail_name, settings.mail_from)
    mail["To"] = to
    if reply_to := row["reply_to"] or _contact(settings, row):
        mail["Reply-To"] = _address("", reply_to)
    mail["Subject"] = row["subject"]
    mail["Date"] = format_datetime(row["created_at"].astimezone(UTC))
    mail["Message-ID"] = row["message_id"]
    mail["Auto-Submitted"] = "auto-generated"
    if row["unsubscribe_url"]:
        mail["List-Unsubscribe"] = f"<{row['unsubscribe_url']}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(row["text_body"])
    mail.add_alternative(row["html_body"], subtype="html")
    of_part = {"subtype": "calendar", "params": {"method": row["calendar_method"]}, "cte": "base64"}
    if row["more_calendars"]:
        for number, calendar in enumerate([row["calendar"], *row["more_calendars"]], 1):
            mail.add_attachment(calendar, filename=f"invite-{number}.ics", **of_part)
    elif row["calendar"]:
        mail.add_alternative(row["calendar"], **of_part)
        mail.add_attachment(
            row["calendar"].encode(), maintype="application", subtype="ics", filename="invite.ics"
        )
    return mail


def _contact(settings: Settings, row: db.Record) -> str:
    """Whom answers to a mail reach, where it names nobody: the organizers.

    None for mails with calendars: programs that answer those (RFC 6047) may send to Reply-To, where nobody reads them.
    """
    return "" if row["calendar"] else settings.community.contact_address


def _address(name: str, address: str) -> Address:
    """An address for a header, its domain as IDNA (RFC 5890)."""
    mailbox, _, domain = address.rpartition("@")
    return Address(name, mailbox, domain.encode("idna").decode())


@jobs.job("mail.deliver", attempts=ATTEMPTS, at_once=AT_ONCE, group="mail")
async def deliver(context: Context, *, mail_id: str) -> None:
    """Send one mail by SMTP. Idempotent: it is claimed first, and one that was sent is skipped.

    No database connection is held while the server is spoken to, so a server that hangs delays mail and nothing
    else. Raises NotSent for an error that does not speak of the recipient: the next attempt has the same Message-ID.
    A refusal by the recipient, and the end of the time in which the mail is of use, are stored.
    """
    async with context.db.transaction() as tx:
        row = await SQL.claim(tx, id=mail_id, hold=CLAIM, keeps_trying=KEEPS_TRYING)
        if row is None:
            claimed_for = await SQL.claimed_for(tx, id=mail_id)
            if claimed_for is not None:
                raise jobs.TryAgain(claimed_for)
            return
        if context.settings.practice_mail:
            await SQL.mark_sent(tx, id=mail_id)
            return
        if row["is_late"]:
            await _give_up(tx, row)
            return
    await _attempt(context, row)


@jobs.job("mail.deliver_first", attempts=ATTEMPTS, group="codes")
async def deliver_first(context: Context, *, mail_id: str) -> None:
    """Send one mail before all others, in a queue of its own. See `deliver`."""
    await deliver(context, mail_id=mail_id)


async def _give_up(tx: db.Tx, row: db.Record) -> None:
    """Store that a mail was not sent while it was of use. A code that ended says nothing of its address."""
    log.warning("mail expired unsent", mail=str(row["id"]))
    await SQL.mark_undelivered(tx, id=row["id"], state="expired")
    if row["kind"] not in SHORT_LIVED:
        await SQL.note_unreached(tx, address=row["to_address"], because="expired")


async def _attempt(context: Context, row: db.Record) -> None:
    """Try to send once, and store the outcome. Raises NotSent when it is to be tried again."""
    try:
        mail = message(context.settings, row)
        mail.as_bytes()
    except (ValueError, LookupError, MessageError):
        log.warning("mail cannot be built", mail=str(row["id"]))
        await _store_failure(context, row, "refused")
        return
    try:
        async with _renewed(context, row["id"]):
            await smtp.send(context.settings, mail)
    except smtp.ERRORS as error:
        verdict = smtp.verdict(error, row["to_address"])
        await _store_failure(context, row, verdict)
        if verdict != "refused":
            # Not chained: the error's text may hold the address, and the queue stores texts of exceptions.
            raise NotSent(type(error).__name__) from None
        log.warning("mail refused by its recipient", mail=str(row["id"]))
    else:
        await _store_sent(context, row["id"])


async def _store_sent(context: Context, mail_id: UUID) -> None:
    """Store that the server took a mail. While the database is away it is tried again, else the mail would go twice."""
    for left in reversed(range(STORE_ATTEMPTS)):
        try:
            async with context.db.transaction() as tx:
                await SQL.mark_sent(tx, id=mail_id)
            return
        except db.Unavailable as error:
            if not left or not error.is_outage:
                raise
        await asyncio.sleep(STORE_AGAIN)


@asynccontextmanager
async def _renewed(context: Context, mail_id: UUID) -> AsyncIterator[None]:
    """Renew the claim of a mail during the block, and release it when the block is canceled."""

    async def renew() -> None:
        while True:
            await asyncio.sleep(RENEWED_EVERY)
            with suppress(Exception):  # the next time, or the claim ends
                async with context.db.transaction() as tx:
                    await SQL.renew_claim(tx, id=mail_id, hold=CLAIM)

    renewing = asyncio.create_task(renew())
    try:
        yield
    except asyncio.CancelledError:
        renewing.cancel()
        with suppress(Exception):  # the claim ends by itself
            async with context.db.transaction() as tx:
                await SQL.release_claim(tx, id=mail_id)
        raise
    finally:
        renewing.cancel()


async def _store_failure(context: Context, row: db.Record, verdict: smtp.Verdict) -> None:
    async with context.db.transaction() as tx:
        if verdict == "refused":
            await SQL.mark_undelivered(tx, id=row["id"], state="refused")
        else:
            await SQL.release_claim(tx, id=row["id"])
        if verdict != "later":
            await SQL.note_unreached(tx, address=row["to_address"], because=verdict)


@jobs.every("mail.requeue", "*/10 * * * *")
async def requeue(context: Context) -> None:
    """Enqueue waiting mails whose job is gone, such as after one that was given up on. No mail is left lying."""
    async with context.db.transaction() as tx:
        for row in await db.rows(SQL.without_job(tx, jobs=["mail.deliver", "mail.deliver_first"])):
            await jobs.enqueue(tx, _job(row["kind"]), mail_id=row["id"])


@jobs.every("mail.forget_unreached", "43 3 * * *")
async def forget_unreached(context: Context) -> None:
    """Delete what is stored of addresses that nobody has any more."""
    async with context.db.transaction() as tx:
        await SQL.forget_unreached(tx)


@jobs.every("mail.forget", "41 3 * * *")
async def forget(context: Context) -> None:
    """Delete mails a month after they were written: they hold health information."""
    async with context.db.transaction() as tx:
        await SQL.delete_old(tx)


async def recent(tx: db.Tx, limit: int = 200) -> list[db.Record]:
    """The newest mails, for the practice mailbox."""
    return await db.rows(SQL.recent(tx, limit=limit))


async def one(tx: db.Tx, mail_id: UUID) -> db.Record | None:
    """One mail, for the practice mailbox."""
    return await SQL.one(tx, id=mail_id)


def sent_at_words(row: db.Record, viewer: Viewer) -> str:
    """When a mail was written, for the practice mailbox."""
    return clock.format_record(row["created_at"], viewer)
