"""One send(): a row and a job in the caller's transaction; then SMTP, or the practice mailbox."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, timedelta
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from functools import cache
from uuid import UUID

import aiosmtplib
import css_inline
import structlog

from circles.base import clock, text
from circles.base.errors import CirclesError
from circles.base.settings import Settings
from circles.store import db, jobs, templates
from circles.store.context import Context

SQL = db.queries("store/mail")
log = structlog.get_logger("mail")

# How long one try may take, in seconds, and how long its claim keeps a second carrier away. The claim is
# longer, so that it never lapses while the first is still talking to the server.
TRY_SECONDS = 120
CLAIM = timedelta(minutes=5)
# Tries wait up to 15 minutes each, so this many reach over five days (RFC 5321, 4.5.4.1: at least 4-5 days).
TRIES = 490


class StillWaiting(CirclesError):
    """The mail has not gone yet; the queue tries again. Says what kind of fault, never an address."""


@cache
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=True)


@dataclass(frozen=True, slots=True)
class ComposedMail:
    """A mail as it will be, not on its way yet."""

    kind: str
    to_name: str
    subject: str
    text: str
    html: str


def compose(
    settings: Settings, kind: str, *, to_name: str = "", subject: str, **context: object
) -> ComposedMail:
    """What a mail says.

    kind: the pair of templates, mail/<kind>.html and mail/<kind>.txt. subject: must be discreet; characters
    that a header cannot hold are dropped, so that no mail can stop the queue.
    """
    header = text.tidy_line(subject) or settings.community_name
    about = {"settings": settings, "subject": header, "to_name": to_name, **context}
    return ComposedMail(
        kind,
        to_name,
        header,
        templates.render(f"mail/{kind}.txt", **about),
        _inliner().inline(templates.render(f"mail/{kind}.html", **about)),
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
    calendar: bytes | None = None,
    method: str | None = None,
    **context: object,
) -> UUID:
    """Write a mail and the job that carries it, in the caller's transaction; see `write` and `post`."""
    written = compose(settings, kind, to_name=to_name, subject=subject, **context)
    return await enqueue(tx, settings, written, to=to, person_id=person_id, calendar=calendar, method=method)


async def enqueue(
    tx: db.Tx,
    settings: Settings,
    written: ComposedMail,
    *,
    to: str,
    person_id: UUID | None = None,
    calendar: bytes | None = None,
    method: str | None = None,
    reply_to: str = "",
) -> UUID:
    """Put a written mail and the job that carries it into the caller's transaction. Returns the mail's id.

    calendar, method: an iCalendar object and its METHOD (RFC 5546). reply_to: where answers go, if anywhere.
    """
    mail_id = await SQL.write(
        tx,
        kind=written.kind,
        person_id=person_id,
        to_address=to,
        to_name=text.tidy_line(written.to_name),
        subject=written.subject,
        text_body=written.text,
        html_body=written.html,
        calendar=calendar.decode() if calendar else None,
        calendar_method=method,
        reply_to=reply_to,
        domain=settings.mail_from.rsplit("@", 1)[-1],
    )
    await jobs.enqueue(tx, "mail.deliver", mail_id=mail_id)
    return mail_id


def message(settings: Settings, row: db.Record) -> EmailMessage:
    """The MIME message of a stored mail: text, HTML, and the calendar part and file where there is one.

    mixed(alternative(text, html, calendar), file) is the shape that mail programs read as an invite.
    The calendar part's method equals the calendar's own (RFC 6047, 2.4). Both copies travel as base64, so
    that no relay can touch their line ends.

    Raises ValueError or MessageError for an address that no mail can go to.
    """
    to = _address(row["to_name"], row["to_address"])
    mail = EmailMessage(policy=SMTP if to.addr_spec.isascii() else SMTPUTF8)
    mail["From"] = _address(settings.community_name, settings.mail_from)
    mail["To"] = to
    if row["reply_to"]:
        mail["Reply-To"] = _address("", row["reply_to"])
    mail["Subject"] = row["subject"]
    mail["Date"] = format_datetime(row["created_at"].astimezone(UTC))
    mail["Message-ID"] = row["message_id"]
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(row["text_body"])
    mail.add_alternative(row["html_body"], subtype="html")
    if row["calendar"]:
        mail.add_alternative(
            row["calendar"], subtype="calendar", params={"method": row["calendar_method"]}, cte="base64"
        )
        mail.add_attachment(
            row["calendar"].encode(), maintype="application", subtype="ics", filename="invite.ics"
        )
    return mail


def _address(name: str, address: str) -> Address:
    """A header's address; a domain in another script travels as IDNA (RFC 5890)."""
    mailbox, _, domain = address.rpartition("@")
    return Address(name, mailbox, domain.encode("idna").decode())


@jobs.job("mail.deliver", attempts=TRIES)
async def deliver(context: Context, *, mail_id: str) -> None:
    """Hand one mail to SMTP, once: it is claimed first, and one that went is left alone.

    No connection to the database is held while the server is spoken to, so a server that hangs slows mail
    and nothing else. Raises StillWaiting for a passing fault, and the queue tries again with the same
    Message-ID; an address refused for good is marked so.
    """
    async with context.db.transaction() as tx:
        row = await SQL.claim(tx, id=mail_id, hold=CLAIM)
        if row is None:
            if await SQL.is_waiting(tx, id=mail_id):
                raise StillWaiting("another carrier has it")
            return
        if context.settings.practice_mail:
            await SQL.mark_sent(tx, id=mail_id)
            return
    mark = await _carry(context, row)
    async with context.db.transaction() as tx:
        await mark(tx, id=mail_id)


async def _carry(context: Context, row: db.Record) -> Callable[..., Awaitable[str]]:
    """Speak to the server; the answer is the query that marks what became of the mail."""
    try:
        mail = message(context.settings, row)
        mail.as_bytes()
    except (ValueError, LookupError, MessageError):
        log.warning("mail cannot be written", mail=str(row["id"]))
        return SQL.mark_refused
    try:
        await _smtp(context.settings, mail)
    except (aiosmtplib.SMTPException, OSError) as error:
        if _is_final(error, row["to_address"]):
            log.warning("mail refused for good", mail=str(row["id"]))
            return SQL.mark_refused
        async with context.db.transaction() as tx:
            await SQL.let_go(tx, id=row["id"])
        # Without the cause: its text may hold the address, and the queue keeps the texts of faults.
        raise StillWaiting(type(error).__name__) from None
    return SQL.mark_sent


def _is_final(error: Exception, address: str) -> bool:
    """Whether a later try cannot mend it: the recipient or the text was refused with 5yz (RFC 5321, 4.2.1),
    or the address is in a script that the server does not carry (RFC 6531, 3.2).

    A 5yz to our own name, password or sender address is a fault of our set-up, which somebody can mend.
    """
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return all(refused.code >= 500 for refused in error.recipients)
    if isinstance(error, aiosmtplib.SMTPNotSupported):
        return not address.rpartition("@")[0].isascii()
    return isinstance(error, aiosmtplib.SMTPDataError) and error.code >= 500


async def _smtp(settings: Settings, mail: EmailMessage) -> None:
    password = settings.smtp_password.get_secret_value()
    async with asyncio.timeout(TRY_SECONDS):
        await aiosmtplib.send(
            mail,
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_user or None,
            password=password or None,
            use_tls=settings.smtp_security == "tls",
            start_tls=settings.smtp_security == "starttls",
            timeout=30,
        )


@jobs.every("mail.forget", "41 3 * * *")
async def forget(context: Context) -> None:
    """Forget mails a month after they were written: what they say is health information."""
    async with context.db.transaction() as tx:
        await SQL.forget_old(tx)


async def recent(tx: db.Tx, most: int = 200) -> list[db.Record]:
    """The newest mails, for the practice mailbox."""
    return await db.rows(SQL.recent(tx, most=most))


async def one(tx: db.Tx, mail_id: UUID) -> db.Record | None:
    """One mail, whole, for the practice mailbox."""
    return await SQL.one(tx, id=mail_id)


def sent_at_words(row: db.Record) -> str:
    """When a mail was written, for the practice mailbox's list."""
    return f"{clock.format_date(row['created_at'].date())} {row['created_at']:%H:%M} UTC"
