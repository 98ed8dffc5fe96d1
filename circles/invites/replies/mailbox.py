"""The mailbox that sends the invites, read by IMAP (RFC 3501). Nothing in it changes: no mail is marked or moved."""

from __future__ import annotations

import imaplib
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta

from circles.base.errors import CirclesError
from circles.base.settings import Settings

CONNECT_SECONDS, ANSWER_SECONDS = 10, 20  # until its greeting; for each answer of the server
# Of a mail only this much is fetched: a reply's calendar is at its beginning, whatever is attached after it.
MAX_BYTES = 256 * 1024
MAX_MAILS = 50
# A mailbox that is read for the first time, or was made anew, is read from this day on.
FIRST_DAYS = timedelta(days=2)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ERRORS = (imaplib.IMAP4.error, OSError, ValueError, EOFError)


class Unreadable(CirclesError):
    """The mailbox could not be read. The message is the kind of error alone."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far a mailbox was read: the UIDVALIDITY it had, and the last UID (RFC 3501, 2.3.1.1)."""

    validity: int
    last_uid: int


class Mailbox:
    """One reading of the mailbox: blocking, so run it in a thread. `close` from another thread ends it at once.

    mails: those read so far. They count whatever comes after them, so that a slow server, or a mail that ends the
    connection, does not keep the others from being read.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.mails: list[tuple[Position, bytes]] = []
        self._client: imaplib.IMAP4 | None = None

    def read(self, before: Position | None, today: date) -> list[tuple[Position, bytes]]:
        """The mails after a position, oldest first, `MAX_MAILS` at most: each with its position and its beginning.

        Raises Unreadable where none was read.
        """
        try:
            self._client = client = self._connect()
            client.sock.settimeout(ANSWER_SECONDS)
            self._sign_in(client)
            client.select("INBOX", readonly=True)
            validity = int(client.response("UIDVALIDITY")[1][0] or 0)
            since = before.last_uid if before and before.validity == validity else None
            for uid in sorted(_search(client, since, today))[:MAX_MAILS]:
                self.mails.append((Position(validity, uid), _fetch(client, uid)))
            with suppress(*_ERRORS):
                client.logout()
        except _ERRORS as error:
            if not self.mails:
                raise Unreadable(type(error).__name__) from None
        finally:
            if self._client is not None:
                with suppress(OSError):
                    self._client.shutdown()
        return self.mails

    def close(self) -> None:
        """End the connection at once. A thread that waits for the server raises Unreadable."""
        if self._client is not None:
            with suppress(OSError):
                # Not the client's own shutdown: it waits for the thread that reads, and the event loop with it.
                socket.socket.shutdown(self._client.sock, socket.SHUT_RDWR)

    def _connect(self) -> imaplib.IMAP4:
        host, port = self._settings.imap_host, self._settings.imap_port
        if self._settings.imap_security == "tls":
            context = ssl.create_default_context()
            return imaplib.IMAP4_SSL(host, port, ssl_context=context, timeout=CONNECT_SECONDS)
        return imaplib.IMAP4(host, port, timeout=CONNECT_SECONDS)

    def _sign_in(self, client: imaplib.IMAP4) -> None:
        user, password = self._settings.imap_user, self._settings.imap_password.get_secret_value()
        if "AUTH=PLAIN" in client.capabilities:  # RFC 4616; LOGIN takes ASCII alone
            client.authenticate("PLAIN", lambda _: f"\0{user}\0{password}".encode())
        else:
            client.login(user, password)


def _search(client: imaplib.IMAP4, since: int | None, today: date) -> Iterator[int]:
    """The UIDs of mails after `since`, or of the last days."""
    if since is None:
        first = today - FIRST_DAYS
        day = f"{first.day}-{_MONTHS[first.month - 1]}-{first.year}"
        _, (answer,) = client.uid("SEARCH", "SINCE", day)
    else:
        # n:* always includes the last mail, also when its UID is below n (RFC 3501, 6.4.8).
        _, (answer,) = client.uid("SEARCH", "UID", f"{since + 1}:*")
    return (uid for uid in map(int, (answer or b"").split()) if since is None or uid > since)


def _fetch(client: imaplib.IMAP4, uid: int) -> bytes:
    """The beginning of a mail; empty when it is gone or the server does not give it. PEEK leaves it unread."""
    try:
        _, parts = client.uid("FETCH", str(uid), f"(BODY.PEEK[]<0.{MAX_BYTES}>)")
    except imaplib.IMAP4.abort:  # the connection ended
        raise
    except imaplib.IMAP4.error:  # answered BAD, for this mail alone
        return b""
    for part in parts:
        if isinstance(part, tuple) and re.search(rb"BODY\[", part[0], re.IGNORECASE):
            return part[1][:MAX_BYTES]
    return b""
