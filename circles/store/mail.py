"""Mail: composed from templates, stored and queued in the caller's transaction, sent by SMTP."""

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

# One attempt may take ATTEMPT_SECONDS; meanwhile its claim keeps a second worker off. The claim lasts longer, so that
# it never expires while the first worker still speaks to the server.
ATTEMPT_SECONDS = 120
CLAIM = timedelta(minutes=5)
# Attempts are at most 15 minutes apart, so these last over five days (RFC 5321, 4.5.4.1: at least 4-5 days).
ATTEMPTS = 490


class NotSent(CirclesError):
    """The mail was not sent, and the queue tries again. The message is the type of error, never an address."""


@cache
def _inliner() -> css_inline.CSSInliner:
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
    settings: Settings, kind: str, *, to_name: str = "", subject: str, **context: object
) -> ComposedMail:
    """Render a mail from its templates, mail/<kind>.html and mail/<kind>.txt.

    subject: must be discreet; characters that a header cannot hold are removed, so that no mail can block the queue.
    """
    header = text.tidy_line(subject) or settings.community_name
    common = {"settings": settings, "subject": header, "to_name": to_name, **context}
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
    calendar: bytes | None = None,
    method: str | None = None,
    **context: object,
) -> UUID:
    """Compose and enqueue a mail in the caller's transaction. Returns its id. See `compose` and `enqueue`."""
    composed = compose(settings, kind, to_name=to_name, subject=subject, **context)
    return await enqueue(tx, settings, composed, to=to, person_id=person_id, calendar=calendar, method=method)


async def enqueue(
    tx: db.Tx,
    settings: Settings,
    composed: ComposedMail,
    *,
    to: str,
    person_id: UUID | None = None,
    calendar: bytes | None = None,
    method: str | None = None,
    reply_to: str = "",
) -> UUID:
    """Store a composed mail and enqueue its job in the caller's transaction. Returns the mail's id.

    calendar, method: an iCalendar object and its METHOD (RFC 5546). reply_to: an address, or empty.
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
        calendar=calendar.decode() if calendar else None,
        calendar_method=method,
        reply_to=reply_to,
        domain=settings.mail_from.rsplit("@", 1)[-1],
    )
    await jobs.enqueue(tx, "mail.deliver", mail_id=mail_id)
    return mail_id


def message(settings: Settings, row: db.Record) -> EmailMessage:
    """The MIME message of a stored mail: text, HTML, and the calendar part and file where there is one.

    Mail programs recognize an invite in mixed(alternative(text, html, calendar), file). The calendar part's method
    equals the calendar's own (RFC 6047, 2.4). Both copies are base64, so that no relay changes their line ends.

    Raises ValueError or MessageError for an address that no message can have.
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
    """An address for a header, its domain as IDNA (RFC 5890)."""
    mailbox, _, domain = address.rpartition("@")
    return Address(name, mailbox, domain.encode("idna").decode())


@jobs.job("mail.deliver", attempts=ATTEMPTS)
async def deliver(context: Context, *, mail_id: str) -> None:
    """Send one mail by SMTP. Idempotent: it is claimed first, and one that was sent is skipped.

    No database connection is held while the server is spoken to, so a server that hangs delays mail and nothing
    else. Raises NotSent for a temporary error: the next attempt has the same Message-ID. A permanent refusal is
    stored.
    """
    async with context.db.transaction() as tx:
        row = await SQL.claim(tx, id=mail_id, hold=CLAIM)
        if row is None:
            if await SQL.is_waiting(tx, id=mail_id):
                raise NotSent("another worker claimed it")
            return
        if context.settings.practice_mail:
            await SQL.mark_sent(tx, id=mail_id)
            return
    mark = await _attempt(context, row)
    async with context.db.transaction() as tx:
        await mark(tx, id=mail_id)


async def _attempt(context: Context, row: db.Record) -> Callable[..., Awaitable[str]]:
    """One attempt to send. Returns the query that stores its outcome. Raises NotSent for a temporary error."""
    try:
        mail = message(context.settings, row)
        mail.as_bytes()
    except (ValueError, LookupError, MessageError):
        log.warning("mail cannot be built", mail=str(row["id"]))
        return SQL.mark_refused
    try:
        await _smtp(context.settings, mail)
    except (aiosmtplib.SMTPException, OSError) as error:
        if _is_final(error, row["to_address"]):
            log.warning("mail refused permanently", mail=str(row["id"]))
            return SQL.mark_refused
        async with context.db.transaction() as tx:
            await SQL.release_claim(tx, id=row["id"])
        # Not chained: the error's text may hold the address, and the queue stores texts of exceptions.
        raise NotSent(type(error).__name__) from None
    return SQL.mark_sent


def _is_final(error: Exception, address: str) -> bool:
    """Whether an error is permanent: the recipient or the content was refused with 5yz (RFC 5321, 4.2.1), or the
    server does not support the address's script (RFC 6531, 3.2).

    A 5yz for our own name, password or sender address is a mistake in our settings, which can be corrected.
    """
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return all(refused.code >= 500 for refused in error.recipients)
    if isinstance(error, aiosmtplib.SMTPNotSupported):
        return not address.rpartition("@")[0].isascii()
    return isinstance(error, aiosmtplib.SMTPDataError) and error.code >= 500


async def _smtp(settings: Settings, mail: EmailMessage) -> None:
    password = settings.smtp_password.get_secret_value()
    async with asyncio.timeout(ATTEMPT_SECONDS):
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
    """Delete mails a month after they were written: they hold health information."""
    async with context.db.transaction() as tx:
        await SQL.delete_old(tx)


async def recent(tx: db.Tx, limit: int = 200) -> list[db.Record]:
    """The newest mails, for the practice mailbox."""
    return await db.rows(SQL.recent(tx, limit=limit))


async def one(tx: db.Tx, mail_id: UUID) -> db.Record | None:
    """One mail, for the practice mailbox."""
    return await SQL.one(tx, id=mail_id)


def sent_at_words(row: db.Record) -> str:
    """When a mail was written, for the practice mailbox."""
    return f"{clock.format_date(row['created_at'].date())} {row['created_at']:%H:%M} UTC"
