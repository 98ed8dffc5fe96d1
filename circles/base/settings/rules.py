"""What is wrong with settings, told before anything starts: each problem is one sentence that says what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING

from circles.base.settings import addresses

if TYPE_CHECKING:
    from pathlib import Path

    from circles.base.settings.model import Settings

# Variables that belong to Circles and are no settings of the site: the file of settings, and two of the tests.
OTHER_NAMES = frozenset(("CIRCLES_ENV_FILE", "CIRCLES_CHROMIUM", "CIRCLES_TEST_DATABASE_URL"))
MIN_SECRET = 32
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
    if settings.host not in addresses.LOOPBACK and not settings.trusted_proxy and not settings.practice:
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
        meant = _meant(name, known - set(given))
        if meant:
            misspelled.append(f"{name} is no setting. Did you mean {meant}?")
        else:
            others.append(f"{name} is no setting of this version, so it is not used.")
    return misspelled, others


def foreign_names(in_file: Iterable[str], known: Iterable[str]) -> list[str]:
    """Sentences on names of the file of settings without CIRCLES_ that are nearly those of a setting.

    Only of the file: the environment has the variables of other programs.
    """
    known = set(known)
    given = set(in_file)
    found = []
    for name in sorted(given - known):
        meant = "" if name.startswith("CIRCLES_") else _meant(name, known - given)
        if meant:
            found.append(f"{name} is no setting, so it is not used. Did you mean {meant}?")
    return found


def _meant(name: str, known: set[str]) -> str:
    """The setting that a name is probably meant for, or nothing."""
    for other in (name.removeprefix("CIRCLES_"), f"CIRCLES_{name}"):
        if other in known:
            return other
    return next(iter(get_close_matches(name, known, n=1, cutoff=_ALIKE)), "")


def _of_both_modes(settings: Settings) -> list[str]:
    found = []
    for name in ("database_url", "worker_database_url"):
        url = getattr(settings, name)
        if url and not addresses.is_postgresql(url):
            variable = "DATABASE_URL" if name == "database_url" else "CIRCLES_WORKER_DATABASE_URL"
            found.append(
                f"{variable} must be like postgresql://user:password@host:5432/name (in a password @ is written %40, "
                "/ is %2F, : is %3A, # is %23, ? is %3F, % is %25)."
            )
    if settings.pooler and settings.worker_url == settings.database_url:
        found.append(
            "CIRCLES_POOLER is set: migrations and jobs cannot use a transaction pooler. Set "
            "CIRCLES_WORKER_DATABASE_URL to the address of the database itself."
        )
    if settings.practice and settings.origin and not addresses.is_origin(settings.origin):
        found.append("CIRCLES_ORIGIN must be like http://127.0.0.1:8000, without a path.")
    for proxy in settings.trusted_proxy.split(","):
        if proxy.strip() and not addresses.is_network(proxy.strip()):
            found.append(
                f"CIRCLES_TRUSTED_PROXY: {proxy.strip()!r} is no address or network. Write it like 127.0.0.1 or "
                "10.0.0.0/8, several with commas between."
            )
    if problem := _data_dir_problem(settings.data_dir):
        found.append(problem)
    return [*found, *_names_and_tokens(settings), *_mail(settings)]


def _data_dir_problem(folder: Path) -> str:
    file = next((each for each in (folder, *folder.parents) if each.is_file()), None)
    if file is None:
        return ""
    return (
        f"DATA_DIR: {file} is a file. Name a folder."
        if file == folder
        else (f"DATA_DIR: {folder} cannot be a folder, since {file} is a file. Name another.")
    )


def _names_and_tokens(settings: Settings) -> list[str]:
    found = [
        f"{variable} must be one line without control characters."
        for variable, text in (
            ("CIRCLES_COMMUNITY_NAME", settings.community_name),
            ("CIRCLES_MAIL_NAME", settings.mail_name),
            ("CIRCLES_STATEMENT_NAME", settings.statement_name),
        )
        if not text.isprintable()
    ]
    token = settings.metrics_token.get_secret_value()
    if not token.isascii() or not token.isprintable() or " " in token:
        found.append(
            "CIRCLES_METRICS_TOKEN must be letters, digits and signs without spaces: it is sent in a header."
        )
    return found


def _mail(settings: Settings) -> list[str]:
    found = []
    if not addresses.is_mail_address(settings.mail_from):
        found.append(
            f"CIRCLES_MAIL_FROM: {settings.mail_from!r} is no mail address. Write the address alone, like "
            "circles@example.org; the name beside it is CIRCLES_MAIL_NAME."
        )
    if settings.smtp_host and not addresses.is_host(settings.smtp_host):
        found.append(
            f"CIRCLES_SMTP_HOST: {settings.smtp_host!r} is no host name. Write the name alone; the port is "
            "CIRCLES_SMTP_PORT."
        )
    if settings.smtp_host and bool(settings.smtp_user) != bool(settings.smtp_password.get_secret_value()):
        found.append("CIRCLES_SMTP_USER and CIRCLES_SMTP_PASSWORD belong together: set both or neither.")
    return [*found, *_replies(settings)]


def _replies(settings: Settings) -> list[str]:
    """The mailbox in which replies to invites arrive."""
    if not settings.imap_host:
        return []
    found = []
    if not addresses.is_host(settings.imap_host):
        found.append(
            f"CIRCLES_IMAP_HOST: {settings.imap_host!r} is no host name. Write the name alone; the port is "
            "CIRCLES_IMAP_PORT."
        )
    if not settings.imap_user or not settings.imap_password.get_secret_value():
        found.append(
            "CIRCLES_IMAP_HOST needs CIRCLES_IMAP_USER and CIRCLES_IMAP_PASSWORD: set all three or none."
        )
    if settings.imap_security == "none" and not addresses.is_this_machine(settings.imap_host):
        found.append(
            f"CIRCLES_IMAP_SECURITY=none would send the password readably to {settings.imap_host}. Use tls, or set it "
            "to insecure if nobody can listen between the two machines."
        )
    return found


def _practice_in_public(settings: Settings) -> list[str]:
    """Practice mode signs anybody in as anybody, so it must be reachable from this machine alone."""
    reasons = []
    if settings.host not in addresses.LOOPBACK:
        reasons.append(f"CIRCLES_HOST={settings.host} can be reached from other machines")
    if settings.origin.lower().startswith("https:"):
        reasons.append(f"CIRCLES_ORIGIN={settings.origin} is a public address")
    if settings.smtp_host and not addresses.is_this_machine(settings.smtp_host):
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
    needed = {
        "DATABASE_URL": bool(settings.database_url),
        "CIRCLES_SECRET (32 characters or more)": len(settings.secret.get_secret_value()) >= MIN_SECRET,
        "CIRCLES_ORIGIN (https://your.address, no path)": addresses.is_origin(settings.origin)
        and settings.origin.startswith("https:"),
        "CIRCLES_SMTP_HOST": bool(settings.smtp_host),
        "CIRCLES_MAIL_FROM": settings.mail_from != "circles@example.org",
        "CIRCLES_STRIPE_SECRET_KEY": bool(settings.stripe_secret_key.get_secret_value()),
        "CIRCLES_STRIPE_WEBHOOK_SECRET": bool(settings.stripe_webhook_secret.get_secret_value()),
    }
    missing = [name for name, is_set in needed.items() if not is_set]
    return [f"Production needs: {', '.join(missing)}."] if missing else []


def _unsafe_in_production(settings: Settings) -> list[str]:
    found = _stripe(settings)
    if (
        settings.smtp_security == "none"
        and settings.smtp_host
        and not addresses.is_this_machine(settings.smtp_host)
    ):
        found.append(
            f"CIRCLES_SMTP_SECURITY=none would send mail and password readably to {settings.smtp_host}. Use starttls "
            "or tls, or set it to insecure if nobody can listen between the two machines."
        )
    if settings.old_secret.get_secret_value() and settings.old_secret == settings.secret:
        found.append(
            "CIRCLES_OLD_SECRET is the same as CIRCLES_SECRET: leave it out, or give the one before."
        )
    if 0 < len(settings.old_secret.get_secret_value()) < MIN_SECRET:
        found.append(
            f"CIRCLES_OLD_SECRET has fewer than {MIN_SECRET} characters, so it was no secret of this site: leave "
            "it out, or give the one before."
        )
    return found


def _stripe(settings: Settings) -> list[str]:
    found = []
    key, webhook_secret = (
        secret.get_secret_value() for secret in (settings.stripe_secret_key, settings.stripe_webhook_secret)
    )
    if "_test_" in key:
        found.append(
            "CIRCLES_STRIPE_SECRET_KEY is a test key: seats would be given away for invented cards. Use the live one."
        )
    elif key and not key.startswith(("sk_", "rk_")):
        found.append(
            "CIRCLES_STRIPE_SECRET_KEY must begin with sk_live_ or rk_live_: it is another of Stripe's keys, or none."
        )
    if webhook_secret and not webhook_secret.startswith("whsec_"):
        found.append(
            "CIRCLES_STRIPE_WEBHOOK_SECRET must begin with whsec_: it is the signing secret of the webhook endpoint."
        )
    if settings.stripe_api_base and not settings.stripe_api_base.startswith("https://"):
        found.append("CIRCLES_STRIPE_API_BASE must begin with https: the key is sent there.")
    return found + _stripe_connect(settings)


def _stripe_connect(settings: Settings) -> list[str]:
    secret = settings.stripe_connect_webhook_secret.get_secret_value()
    if not settings.stripe_connect_country and not secret:
        return []
    found = []
    if not re.fullmatch("[A-Z]{2}", settings.stripe_connect_country):
        found.append(
            "CIRCLES_STRIPE_CONNECT_COUNTRY must be the two capital letters of the country of your account at Stripe, "
            "such as US."
        )
    if not secret.startswith("whsec_"):
        found.append(
            "CIRCLES_STRIPE_CONNECT_WEBHOOK_SECRET must begin with whsec_: it is the signing secret of the second "
            "webhook endpoint, the one for connected accounts."
        )
    return found
