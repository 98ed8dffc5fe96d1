"""What is wrong with settings, told before anything starts: each problem is one sentence that says what to do."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from circles.base.settings.model import Settings

# Variables that belong to Circles and are no settings of the site: the file of settings, and two of the tests.
OTHER_NAMES = frozenset(("CIRCLES_ENV_FILE", "CIRCLES_CHROMIUM", "CIRCLES_TEST_DATABASE_URL"))
# How alike a name must be to that of a setting to be taken for a misspelling (difflib's ratio).
_ALIKE = 0.85


def problems(settings: Settings) -> list[str]:
    """Why the site may not start with these settings; empty when it may."""
    found = _of_both_modes(settings)
    if settings.practice:
        return [*found, *_practice_in_public(settings), *_keys_in_practice(settings)]
    return [*found, *_missing(settings), *_unsafe_in_production(settings)]


def warnings(settings: Settings) -> list[str]:
    """What is allowed and probably not meant."""
    found = []
    if not settings.practice and not settings.trusted_proxy:
        found.append(
            "CIRCLES_TRUSTED_PROXY is not set: whatever connects from this machine or a private network is believed "
            "when it says who it forwards for. Set it to the address of the proxy."
        )
    if settings.host not in _LOOPBACK and not settings.trusted_proxy and not settings.practice:
        found.append(
            f"Circles listens on {settings.host} without TLS: make sure that only the proxy reaches it."
        )
    return found


def unknown_names(given: Iterable[str], known: Iterable[str]) -> tuple[list[str], list[str]]:
    """Names that begin with CIRCLES_ and are no settings: sentences on misspelled ones, and on all others.

    A misspelled one stops the start. Another one may belong to a newer version, whose settings must not keep an older
    one from being started again.
    """
    known = set(known)
    misspelled, others = [], []
    for name in sorted(set(given)):
        if not name.startswith("CIRCLES_") or name in known or name in OTHER_NAMES:
            continue
        alike = get_close_matches(name, known - set(given), n=1, cutoff=_ALIKE)
        if alike:
            misspelled.append(f"{name} is no setting. Did you mean {alike[0]}?")
        else:
            others.append(f"{name} is no setting of this version, so it is not used.")
    return misspelled, others


def _of_both_modes(settings: Settings) -> list[str]:
    found = []
    if settings.database_url and not _is_postgresql(settings.database_url):
        found.append("DATABASE_URL must be like postgresql://user:password@host:5432/name.")
    if settings.worker_database_url and not _is_postgresql(settings.worker_database_url):
        found.append("CIRCLES_WORKER_DATABASE_URL must be like postgresql://user:password@host:5432/name.")
    if settings.pooler and not settings.worker_database_url:
        found.append(
            "CIRCLES_POOLER is set: migrations and jobs cannot use a transaction pooler. Set "
            "CIRCLES_WORKER_DATABASE_URL to the address of the database itself."
        )
    for proxy in settings.trusted_proxy.split(","):
        if proxy.strip() and not _is_network(proxy.strip()):
            found.append(
                f"CIRCLES_TRUSTED_PROXY: {proxy.strip()!r} is no address or network. Write it like 127.0.0.1 or "
                "10.0.0.0/8, several with commas between."
            )
    if not _is_mail_address(settings.mail_from):
        found.append(f"CIRCLES_MAIL_FROM: {settings.mail_from!r} is no mail address.")
    if settings.data_dir.exists() and not settings.data_dir.is_dir():
        found.append(f"DATA_DIR: {settings.data_dir} is a file. Name a folder.")
    return found


def _practice_in_public(settings: Settings) -> list[str]:
    """Practice mode signs anybody in as anybody, so it must be reachable from this machine alone."""
    reasons = []
    if settings.host not in _LOOPBACK:
        reasons.append(f"CIRCLES_HOST={settings.host} can be reached from other machines")
    if urlsplit(settings.origin).scheme == "https":
        reasons.append(f"CIRCLES_ORIGIN={settings.origin} is a public address")
    if settings.smtp_host and not is_this_machine(settings.smtp_host):
        reasons.append(f"CIRCLES_SMTP_HOST={settings.smtp_host} would send real mail")
    if not reasons:
        return []
    return [
        f"Practice mode lets anybody in as anybody, and {' and '.join(reasons)}. Set CIRCLES_MODE=production, or take "
        f"{'that setting' if len(reasons) == 1 else 'those settings'} away."
    ]


def _keys_in_practice(settings: Settings) -> list[str]:
    key = settings.stripe_secret_key.get_secret_value()
    if "_live_" in key:
        return ["A live Stripe key is set, but practice mode is on. Set CIRCLES_MODE=production."]
    if key and not settings.stripe_api_base:
        return ["A Stripe key is set, but practice mode is on: unset it, or set CIRCLES_MODE=production."]
    return []


def _missing(settings: Settings) -> list[str]:
    """Every missing setting of production, in one sentence."""
    origin = urlsplit(settings.origin)
    needed = {
        "DATABASE_URL": bool(settings.database_url),
        "CIRCLES_SECRET (32 characters or more)": len(settings.secret.get_secret_value()) >= MIN_SECRET,
        "CIRCLES_ORIGIN (https://your.address, no path)": origin.scheme == "https"
        and bool(origin.netloc)
        and origin.path in ("", "/"),
        "CIRCLES_SMTP_HOST": bool(settings.smtp_host),
        "CIRCLES_MAIL_FROM": settings.mail_from != "circles@example.org",
        "CIRCLES_STRIPE_SECRET_KEY": bool(settings.stripe_secret_key.get_secret_value()),
        "CIRCLES_STRIPE_WEBHOOK_SECRET": bool(settings.stripe_webhook_secret.get_secret_value()),
    }
    missing = [name for name, is_set in needed.items() if not is_set]
    return [f"Production needs: {', '.join(missing)}."] if missing else []


def _unsafe_in_production(settings: Settings) -> list[str]:
    found = []
    if "_test_" in settings.stripe_secret_key.get_secret_value():
        found.append(
            "CIRCLES_STRIPE_SECRET_KEY is a test key: seats would be given away for invented cards. Use the live one."
        )
    if settings.stripe_api_base and urlsplit(settings.stripe_api_base).scheme != "https":
        found.append("CIRCLES_STRIPE_API_BASE must begin with https: the key is sent there.")
    if settings.smtp_security == "none" and settings.smtp_host and not is_this_machine(settings.smtp_host):
        found.append(
            f"CIRCLES_SMTP_SECURITY=none would send mail and password readably to {settings.smtp_host}. Use starttls "
            "or tls, or set it to insecure if nobody can listen between the two machines."
        )
    if settings.old_secret.get_secret_value() and settings.old_secret == settings.secret:
        found.append(
            "CIRCLES_OLD_SECRET is the same as CIRCLES_SECRET: leave it out, or give the one before."
        )
    return found


MIN_SECRET = 32
_LOOPBACK = frozenset(("127.0.0.1", "::1", "localhost"))


def is_this_machine(host: str) -> bool:
    """Whether a host name or address is this very machine's own."""
    if host in _LOOPBACK:
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _is_postgresql(url: str) -> bool:
    return urlsplit(url).scheme in ("postgresql", "postgres")


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _is_mail_address(text: str) -> bool:
    """Whether this looks like one. The mail server has the last word, and `mail-test` asks it."""
    name, at, host = text.rpartition("@")
    return bool(name and at and host.strip(".") == host != "") and text.isprintable() and " " not in text
