"""One send(): a row and a job in the caller's transaction; then SMTP, or the practice mailbox."""

from __future__ import annotations

from datetime import UTC
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache
from uuid import UUID

import aiosmtplib
import css_inline
import structlog

from circles import clock, db, jobs, text
from circles.errors import Refused
from circles.house import House
from circles.settings import Settings
from circles.web import render

SQL = db.queries("mail")
log = structlog.get_logger("mail")

# Errors of SMTP that a later try cannot mend (RFC 5321, 4.2.1: a 5yz reply is final).
_FINAL = range(500, 600)


@cache
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=True)


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
    """Write a mail and the job that carries it, in the caller's transaction.

    kind: the pair of templates, mail/<kind>.html and mail/<kind>.txt. subject: must be discreet; characters
    that a header cannot hold are dropped, so that no mail can stop the queue. calendar, method: an iCalendar
    object and its METHOD (RFC 5546). Returns the mail's id.
    """
    about = {"settings": settings, "subject": subject, "to_name": to_name, **context}
    mail_id = await SQL.write(
        tx,
        kind=kind,
        person_id=person_id,
        to_address=to,
        to_name=_header(to_name),
        subject=_header(subject) or settings.community_name,
        text_body=render.render(f"mail/{kind}.txt", **about),
        html_body=_inliner().inline(render.render(f"mail/{kind}.html", **about)),
        calendar=calendar.decode() if calendar else None,
        calendar_method=method,
        domain=settings.mail_from.rsplit("@", 1)[-1],
    )
    await jobs.enqueue(tx, "mail.deliver", mail_id=mail_id)
    return mail_id


def _header(value: str) -> str:
    """What a header can hold: one line, no control characters (RFC 5322, 2.2)."""
    try:
        return text.line(value, most=200, required=False)
    except Refused:
        return text.line("".join(c if c.isprintable() else " " for c in value)[:200], most=200, required=False)


def message(settings: Settings, row: db.Record) -> EmailMessage:
    """The MIME message of a stored mail: text, HTML, and the calendar part and file where there is one.

    The calendar part's method equals the calendar's own (RFC 6047, 2.4).
    """
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(settings.community_name, addr_spec=settings.mail_from)
    mail["To"] = Address(row["to_name"], addr_spec=row["to_address"])
    mail["Subject"] = row["subject"]
    mail["Date"] = format_datetime(row["created_at"].astimezone(UTC))
    mail["Message-ID"] = row["message_id"]
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(row["text_body"])
    mail.add_alternative(row["html_body"], subtype="html")
    if row["calendar"]:
        mail.add_alternative(row["calendar"], subtype="calendar", params={"method": row["calendar_method"]})
        mail.add_attachment(
            row["calendar"].encode(), maintype="application", subtype="ics", filename="invite.ics"
        )
    return mail


@jobs.job("mail.deliver", attempts=20)
async def deliver(house: House, mail_id: str) -> None:
    """Hand one mail to SMTP, once: the row is locked meanwhile, and a mail that was sent is left alone.

    A passing fault raises and the queue tries again; an address refused for good is marked so.
    """
    async with house.db.transaction() as tx:
        row = await SQL.lock_waiting(tx, id=mail_id)
        if row is None:
            return
        if house.settings.practice_mail:
            await SQL.mark_sent(tx, id=mail_id)
            return
        try:
            await _smtp(house.settings, message(house.settings, row))
        except (aiosmtplib.SMTPRecipientsRefused, aiosmtplib.SMTPResponseException) as error:
            if not _is_final(error):
                raise
            log.warning("mail refused for good", mail=mail_id)
            await SQL.mark_refused(tx, id=mail_id)
            return
        await SQL.mark_sent(tx, id=mail_id)


def _is_final(error: Exception) -> bool:
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return False
    codes = (
        [refused.code for refused in error.recipients]
        if isinstance(error, aiosmtplib.SMTPRecipientsRefused)
        else [getattr(error, "code", 0)]
    )
    return all(code in _FINAL for code in codes)


async def _smtp(settings: Settings, mail: EmailMessage) -> None:
    password = settings.smtp_password.get_secret_value()
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
async def forget(house: House) -> None:
    """Forget mails a month after they went out: what they say is health information."""
    async with house.db.transaction() as tx:
        await SQL.forget_old(tx)


async def recent(tx: db.Tx, most: int = 200) -> list[db.Record]:
    """The newest mails, for the practice mailbox."""
    return await db.rows(SQL.recent(tx, most=most))


async def one(tx: db.Tx, mail_id: UUID) -> db.Record | None:
    """One mail, whole, for the practice mailbox."""
    return await SQL.one(tx, id=mail_id)


def sent_at_words(row: db.Record) -> str:
    """When a mail was written, for the practice mailbox's list."""
    return f"{clock.say_date(row['created_at'].date())} {row['created_at']:%H:%M} UTC"
