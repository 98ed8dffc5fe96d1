"""Whether a text of the settings is an address of the kind that is asked for. None of these asks the network."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

LOOPBACK = frozenset(("127.0.0.1", "::1", "localhost"))
_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?")
_PORT = re.compile(r"(:(?P<port>[0-9]{1,5})?)?")


def is_this_machine(host: str) -> bool:
    """Whether a host name or address is this very machine's own."""
    if host in LOOPBACK:
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_postgresql(url: str) -> bool:
    """Whether this is an address of PostgreSQL as asyncpg reads it: several hosts may stand in it, or none.

    Signs of a password that are not written as %.. end up in another part of the address, which this finds.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if parts.scheme not in ("postgresql", "postgres") or "#" in url or not url.isprintable() or " " in url:
        return False
    if "@" in parts.path or "@" in parts.query or parts.netloc.count("@") > 1:
        return False
    hosts = parts.netloc.rpartition("@")[2]
    return not hosts or all(_is_host_and_port(each) for each in hosts.split(","))


def is_origin(text: str) -> bool:
    """Whether this is http(s)://host[:port] and no more than a slash after it."""
    scheme, _, rest = text.partition("://")
    return (
        scheme in ("http", "https") and _is_host_and_port(rest.removesuffix("/")) and not rest.endswith(":")
    )


def _is_host_and_port(text: str) -> bool:
    if text.startswith("["):
        host, closed, port = text[1:].partition("]")
        if not closed:
            return False
    else:
        host, colon, number = text.partition(":")
        port = colon + number
    found = _PORT.fullmatch(port)
    return found is not None and int(found["port"] or "1") in range(1, 65536) and is_host(host)


def is_host(text: str) -> bool:
    """Whether this is a host name or an address, without a scheme, a port or anything else."""
    try:
        ip_address(text)
    except ValueError:
        return _HOST.fullmatch(_in_ascii(text)) is not None
    return True


def _in_ascii(name: str) -> str:
    try:
        return name.encode("idna").decode()
    except UnicodeError:
        return ""


def is_network(text: str) -> bool:
    """Whether this is an address or a network, such as 10.0.0.0/8."""
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def is_mail_address(text: str) -> bool:
    """Whether this looks like one. The mail server has the last word, and `mail-test` asks it."""
    name, at, host = text.partition("@")
    return bool(name and at and is_host(host)) and text.isprintable() and not set(text) & set(' <>,;"')
