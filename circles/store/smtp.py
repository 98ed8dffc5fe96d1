"""SMTP: send one message, and decide from a server's answer whether its recipient refused it."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from email.message import EmailMessage
from typing import Literal

import aiosmtplib

from circles.base.settings import Settings

# Deadlines in seconds: for the look-up of the name and the connection, and again for the greeting; for each answer; for
# the whole, so that a server which answers slowly for ever takes no place for longer; for the farewell.
CONNECT_SECONDS, ANSWER_SECONDS, ATTEMPT_SECONDS, QUIT_SECONDS = 15, 30, 90, 2
ERRORS = (aiosmtplib.SMTPException, OSError)

# What a failed attempt says about the recipient's address. refused: it takes no mail, so another attempt is useless.
# full: its mailbox takes none at the moment. later: nothing; the fault is the network's, the server's or ours.
Verdict = Literal["refused", "full", "later"]

# Enhanced status codes (RFC 3463 and the IANA registry) of an address that takes no mail. The class is left out.
# 1.0-1.4, 1.6: the address or its domain does not exist, is ambiguous, or has moved. 1.10: its domain takes no mail.
# 2.0, 2.1, 2.4: the mailbox does not take mail, is disabled, or is a list that cannot be expanded. 7.17, 7.18: the
# mailbox or the domain has another owner.
# Not these: 1.7-1.9 speak of the sender; 2.3 and 3.4 of a message's size; 4.x of the way; 7.x mostly of policy.
_OF_THE_RECIPIENT = frozenset(
    ("1.0", "1.1", "1.2", "1.3", "1.4", "1.6", "1.10", "2.0", "2.1", "2.4", "7.17", "7.18")
)
_FULL = "2.2"  # RFC 3463, 3.3: to be treated as transient even in class 5
_NOT_ASCII = "6.7"  # RFC 6531: an address in another script is not taken

_ENHANCED = re.compile(r"[\s#(<\[]*([245])\.(\d{1,3})\.(\d{1,3})(?!\d)")

# Without an enhanced code the reply code alone does not tell the recipient from a quota or a relay that is not allowed
# (RFC 5321, 4.2.3: 550 is both), so the text must speak of a mailbox that does not exist.
_CODES = frozenset((550, 551, 553))
_NO_MAILBOX = re.compile(
    r"\b(no such|unknown|invalid|bad|nonexist\w*|not (a )?(known|found|valid|exist\w*)|(does|do) ?n.t exist|unrout\w*"
    r"|undeliverable|un-?available|disabled|inactive|no longer|no mailbox|not our|not local)\b"
)
_MAILBOX = re.compile(r"\b(user|mailbox|recipient|address|account|person|addressee|local part)\b")
_OTHER = re.compile(
    r"\b(relay\w*|sender|from|quota|limit\w*|exceed\w*|rate|too many|polic\w+|spam|block\w*|blacklist\w*|listed"
    r"|reputation|authenti\w+|verif\w+|tempora\w*|try again|full)\b"
)


async def send(settings: Settings, mail: EmailMessage) -> None:
    """Hand a message to the server, over a connection of its own. Raises one of ERRORS."""
    password = settings.smtp_password.get_secret_value()
    client = aiosmtplib.SMTP(
        hostname=settings.smtp_host,
        port=settings.smtp_port,
        username=settings.smtp_user or None,
        password=password or None,
        use_tls=settings.smtp_security == "tls",
        start_tls=settings.smtp_security == "starttls",
        timeout=ANSWER_SECONDS,
    )
    try:
        async with asyncio.timeout(ATTEMPT_SECONDS):
            await client.connect(timeout=CONNECT_SECONDS)
            await client.send_message(mail)
        with suppress(*ERRORS):  # it has taken the mail, whatever it answers now
            await client.quit(timeout=QUIT_SECONDS)
    finally:
        client.close()


def verdict(error: Exception, address: str) -> Verdict:
    """What an error of `send` says about the recipient's address.

    Only an answer to RCPT, or to the content of a mail with one recipient, can speak of the recipient. What a server
    answers to our connection, name, password or sender address is for somebody to correct, and the mail waits.
    """
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        (refused,) = error.recipients  # a mail has one recipient
        return _of_reply(refused.code, refused.message, address)
    if isinstance(error, aiosmtplib.SMTPNotSupported):  # RFC 6531, 3.2
        return "later" if _is_ascii(address) else "refused"
    if isinstance(error, aiosmtplib.SMTPDataError):
        return _of_reply(error.code, error.message, address)
    return "later"


def _of_reply(code: int, message: str, address: str) -> Verdict:
    text = message.lower()
    enhanced = _ENHANCED.match(text)
    if enhanced is None:
        return "refused" if code == 556 or (code in _CODES and _has_no_mailbox(text)) else "later"  # RFC 7504
    detail = f"{enhanced[2]}.{enhanced[3]}"
    if detail == _FULL:
        return "full"
    if code < 500 or enhanced[1] != "5":
        return "later"
    if detail == _NOT_ASCII:
        return "later" if _is_ascii(address) else "refused"
    # Postfix answers RCPT with 5.1.0 for an unknown sender as well, and says so in its text.
    about_sender = detail in ("1.0", "2.0") and "sender" in text
    return "refused" if detail in _OF_THE_RECIPIENT and not about_sender else "later"


def _has_no_mailbox(text: str) -> bool:
    return bool(_NO_MAILBOX.search(text) and _MAILBOX.search(text)) and not _OTHER.search(text)


def _is_ascii(address: str) -> bool:
    return address.rpartition("@")[0].isascii()
