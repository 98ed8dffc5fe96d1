"""`python -m circles mail-test`: does the mail server take a mail, and may it speak for the domain of the sender?"""

from __future__ import annotations

from email.message import EmailMessage
from email.utils import formatdate, make_msgid

import aiosmtplib

from circles.base.settings import Settings
from circles.people import parse_address
from circles.store import smtp


async def run(settings: Settings, email: str) -> tuple[list[str], bool]:
    """Send one mail to an address. Returns what happened, a line each, and whether all is well.

    Raises Refused for what is no address.
    """
    email = parse_address(email)
    if not settings.smtp_host:
        return ["CIRCLES_SMTP_HOST is not set: in practice mode mail stays at /practice/mail."], False
    sent, is_sent = await _send(settings, email)
    found, is_found = await _domain(settings.mail_from.rpartition("@")[2])
    return [sent, *found], is_sent and is_found


async def _send(settings: Settings, email: str) -> tuple[str, bool]:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = settings.mail_from, email, "A test"
    message["Date"], message["Message-ID"] = (
        formatdate(),
        make_msgid(domain=settings.mail_from.rpartition("@")[2]),
    )
    message.set_content("This is a test of the mail server. Nothing needs to be done.\n")
    server = f"{settings.smtp_host}:{settings.smtp_port} ({settings.smtp_security})"
    try:
        await smtp.send(settings, message)
    except smtp.ERRORS as error:
        return f"Not sent. {server}: {_why(error)}", False
    return (
        f"{server} took the mail to {email}. Look whether it arrives, and in its headers (Authentication-Results) for "
        "spf=pass, dkim=pass and dmarc=pass.",
        True,
    )


def _why(error: BaseException) -> str:
    """What a server answered; the operator reads this, and it is not logged."""
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return (
            f"it does not accept CIRCLES_SMTP_USER and CIRCLES_SMTP_PASSWORD ({error.code} {error.message})."
        )
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return (
            f"it does not accept this recipient ({error.recipients[0].code} {error.recipients[0].message})."
        )
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return f"it answers {error.code} {error.message}."
    if isinstance(error, TimeoutError | aiosmtplib.SMTPTimeoutError):
        return "it does not answer in time. Is the port right, and is a firewall in between?"
    return f"{str(error).rstrip('.') or type(error).__name__}. Are the name, the port and CIRCLES_SMTP_SECURITY right?"


async def _domain(domain: str) -> tuple[list[str], bool]:
    """What receivers look up of the domain of the sender: SPF (RFC 7208) and DMARC (RFC 7489)."""
    spf = await _record("SPF", "v=spf1", [domain])
    dmarc = await _record("DMARC", "v=DMARC1", [f"_dmarc.{name}" for name in _with_parents(domain)])
    return [spf[0], dmarc[0]], spf[1] and dmarc[1]


def _with_parents(domain: str) -> list[str]:
    """A domain and those above it but for the topmost: a policy of the organization holds for its subdomains."""
    labels = domain.split(".")
    return [".".join(labels[index:]) for index in range(max(1, len(labels) - 1))]


async def _record(what: str, mark: str, names: list[str]) -> tuple[str, bool]:
    """The first of these names which has a record that begins with a mark, in a line; False where none has."""
    for name in names:
        texts = await _texts(name)
        if texts is None:
            return f"{what}: {name} could not be looked up from here.", True
        if found := [text for text in texts if text.lower().startswith(mark.lower())]:
            return f"{what}: {name} says {found[0]}", True
    return (
        f"{what}: {names[0]} has no record that begins with {mark}; many receivers then refuse mail.",
        False,
    )


async def _texts(name: str) -> list[str] | None:
    """The TXT records of a name; None when the DNS does not answer."""
    import dns.asyncresolver
    import dns.exception
    import dns.resolver

    try:
        answer = await dns.asyncresolver.resolve(name, "TXT", lifetime=5)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except (dns.exception.DNSException, OSError):
        return None
    return [b"".join(record.strings).decode(errors="replace") for record in answer]
