"""Replies: which mails are one, what it answers, and whether it counts. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from email import message_from_bytes
from email.errors import MessageError
from email.message import Message
from email.utils import parseaddr

from circles.base.settings import Settings
from circles.invites import ics

# The calendar part of a reply is a kilobyte or two.
MAX_CALENDAR = 64 * 1024
MAX_FROM = 1_000
# RFC 3834, 5: what a program sends by itself. A calendar program that answers for its person may say auto-generated.
_AUTOMATIC = "auto-replied"
_BULK = frozenset(("bulk", "junk", "list", "auto_reply"))
_CALENDARS = frozenset(("text/calendar", "application/ics"))


def are_read(settings: Settings, organizer: str | None = None) -> bool:
    """Whether somebody who answers No in their calendar program hears of it.

    organizer: the mailbox of their invite, to which programs send answers; None: the one that sends invites now. One
    that sent them formerly is not read.
    """
    return (
        bool(settings.imap_host)
        and (organizer or settings.mail_from).casefold() == settings.mail_from.casefold()
    )


def answering_text(settings: Settings, organizers: Iterable[str | None]) -> str:
    """What a mail with invites says of answers in a calendar program. organizers: of its invites, one for each seat."""
    known = list(organizers)
    if all(are_read(settings, organizer) for organizer in known):
        seat = "your seat" if len(known) == 1 else "that seat"
        return f"If you answer No in your calendar, we mail you a button to give {seat} back."
    return f"Answering in your calendar does not free {'your seat' if len(known) == 1 else 'your seats'}."


def replies_of(mail: bytes, own_address: str) -> list[ics.Reply]:
    """What a mail answers for the person who sent it; empty for whatever is no reply.

    mail: its beginning is enough, as long as the calendar part is in it. Left out: what is answered for somebody other
    than the sender (RFC 5546, 3.2.3: a reply is the attendee's own), mails that a program sent by itself, and our own.
    """
    try:
        # Not the newer policy: the time it takes for a header grows with the square of its length.
        message = message_from_bytes(mail)
        sender = _sender(message)
        if not sender or sender == own_address.casefold() or _is_automatic(message):
            return []
        replies = [reply for part in _calendars(message) for reply in ics.read_replies(part)]
    except (MessageError, ValueError, LookupError, AttributeError, TypeError, IndexError, RecursionError):
        # The standard library raises any of these for a header or a part that is malformed.
        return []
    return [reply for reply in replies if reply.attendee == sender]


def _sender(message: Message) -> str:
    senders = [str(value) for value in message.get_all("from", [])]
    return parseaddr(senders[0])[1].casefold() if len(senders) == 1 and len(senders[0]) <= MAX_FROM else ""


def _is_automatic(message: Message) -> bool:
    return (
        str(message.get("auto-submitted", "")).strip().casefold().startswith(_AUTOMATIC)
        or str(message.get("precedence", "")).strip().casefold() in _BULK
        or str(message.get("return-path", "")).strip() == "<>"
    )


def _calendars(message: Message) -> Iterator[bytes]:
    for part in message.walk():
        if part.get_content_type() in _CALENDARS:
            content = part.get_payload(decode=True)
            if isinstance(content, bytes) and len(content) <= MAX_CALENDAR:
                yield content
