"""A real SMTP server that answers as it is told, and mails to send to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any
from uuid import UUID

from aiosmtpd.smtp import SMTP, Envelope, Session

from circles.store import mail
from circles.store.context import Context

SUBJECT = "Tuesday group, Tuesday, November 24"
BOOKING = {
    "discreet_name": "Tuesday group",
    "giver_name": None,
    "starts_at": datetime(2026, 11, 24, 23, 0, tzinfo=UTC),
    "zone": "America/New_York",
    "person_zone": "",
    "length_minutes": 90,
    "place": "online",
    "amount": 0,
    "currency": "USD",
    "is_above": None,
    "receipt": None,
    "booking_id": UUID("00000000-0000-4000-8000-00000000000b"),
}


class Postbox:
    """What the server was given, and what it answers."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.tries = 0
        self.to_sender = "250 OK"
        self.to_recipient = "250 OK"
        self.to_data = "250 OK"
        self.hanging: set[str] = set()  # recipients that are never answered
        self.hangs = asyncio.Event()
        self.hangs.set()

    async def handle_MAIL(
        self, _: SMTP, __: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.to_sender.startswith("250"):
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return self.to_sender

    async def handle_RCPT(  # the name aiosmtpd calls
        self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]
    ) -> str:
        self.tries += 1
        await self.hangs.wait()
        while address in self.hanging:
            await asyncio.sleep(0.02)
        if self.to_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.to_recipient

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:
        if self.to_data.startswith("250"):
            content = envelope.original_content or b""
            assert all(len(line) <= 998 for line in content.split(b"\r\n"))  # RFC 5322, 2.1.1
            assert b"\n" not in content.replace(b"\r\n", b"")
            self.mails.append(BytesParser(EmailMessage, policy=default).parsebytes(content))
            self.recipients += envelope.rcpt_tos
        return self.to_data


@asynccontextmanager
async def serving(postbox: Postbox, port: int, **more: Any) -> AsyncIterator[None]:
    """A real SMTP server on a port of this machine."""
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(postbox, hostname="mx.test", **more), "127.0.0.1", port
    )
    try:
        yield
    finally:
        server.close()
        await server.wait_closed()


async def write(context: Context, **more: Any) -> UUID:
    about: dict[str, Any] = {"to": "mira@example.org", "to_name": "Mira", "subject": SUBJECT} | more
    about |= {"page": "http://circles.test/my/gatherings", "answering": "An answer frees no seat."}
    async with context.db.transaction() as tx:
        return await mail.send(tx, context.settings, "invite", booking=BOOKING, changes=[], **about)


async def state(context: Context, mail_id: UUID) -> str:
    async with context.db.reading() as tx:
        row = await mail.one(tx, mail_id)
    assert row
    return row["state"]


async def an_hour_later(context: Context) -> None:
    """Every waiting job is due, and every claim has run out."""
    async with context.db.transaction() as tx:
        await tx.execute("update pgqueuer set execute_after = now() where status = 'queued'")
        await tx.execute("update mails set claimed_until = claimed_until - interval '1 hour'")
