"""Whether a database can be used, asked before anything starts on it: one sentence for each thing that is wrong."""

from __future__ import annotations

import socket
import ssl
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

from circles.base.errors import CirclesError
from circles.base.settings import Settings
from circles.store import db

SQL = db.queries("commands/database_check")

OLDEST = 15  # PostgreSQL's version
MAX_CLOCK_DIFFERENCE = timedelta(minutes=1)

# What a server answers to somebody who wants to connect (PostgreSQL, appendix A).
_ANSWERS = {
    "28P01": "refuses this password, or has no role {user}. Correct the address in {setting}.",
    "28000": "does not let the role {user} in from here. Its pg_hba.conf says who may, or there is no such role.",
    "3D000": "has no database {name}. Create it (docs/operations.md), or correct the address in {setting}.",
    "42704": "does not know one of the parameters after the ? of the address. Take it out of {setting}.",
    "42501": "does not let the role {user} connect to {name}: grant connect on database {name} to {user}.",
    "53300": "has no connection free. Raise max_connections, or lower CIRCLES_POOL_SIZE (docs/operations.md).",
    "57P03": "is just starting or stopping. Try again in a moment.",
}


class DatabaseUnusable(CirclesError):
    """The site cannot run on this database. The text is one sentence that says what to do."""


def describe(url: str) -> str:
    """A database in words, without its password: `circles at db.example.org:5432, role circles`."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2] or (parse_qs(parts.query).get("host") or ["this machine"])[0]
    user = unquote(parts.username or "")
    return f"{_name(url)} at {host}{f', role {user}' if user else ''}"


def _name(url: str) -> str:
    parts = urlsplit(url)
    return unquote(parts.path.lstrip("/") or parts.username or "") or "(the default one)"


async def check_all(settings: Settings, *, changes_tables: bool = False) -> list[str]:
    """Which database the settings name, and what is doubtful about it, in sentences. Raises DatabaseUnusable.

    Migrations and jobs may have an address of their own, past the pooler. changes_tables: whether the command
    migrates, which needs that address alone.
    """
    found = [f"The database {describe(settings.worker_url if changes_tables else settings.database_url)}."]
    worker = "CIRCLES_WORKER_DATABASE_URL" if settings.worker_database_url else "DATABASE_URL"
    if not changes_tables:
        found += await check(settings.database_url, pooler=settings.pooler)
    if changes_tables or settings.worker_url != settings.database_url:
        found += await check(settings.worker_url, pooler=False, setting=worker, changes_tables=changes_tables)
    return found


async def check(
    url: str, *, pooler: bool, setting: str = "DATABASE_URL", changes_tables: bool = False
) -> list[str]:
    """Whether the site can use a database. Returns what is doubtful, in sentences.

    pooler: whether the settings call it a transaction pooler. setting: the variable that holds the address.
    changes_tables: whether the command migrates. Raises DatabaseUnusable.
    """
    try:
        connection = await db.connect(url, prepares=False)
    except (*db.CONNECTING, ValueError, OverflowError) as error:
        raise DatabaseUnusable(_why(error, url, setting)) from None
    try:
        facts = await SQL.server_facts(connection)
        _refuse_unusable(facts, url, setting)
        await _refuse_without_rights(connection, url, changes_tables)
        found = _clock(facts["now"])
        if not pooler and facts["process"] != connection.get_server_pid():
            found += await _pooler(connection, url, setting)
        return found
    except db.PostgresError as error:
        raise DatabaseUnusable(_why(error, url, setting)) from None
    finally:
        await connection.close(timeout=5)


def _refuse_unusable(facts: db.Record, url: str, setting: str) -> None:
    if facts["version"] < OLDEST * 10_000:
        raise DatabaseUnusable(
            f"The database {describe(url)} is PostgreSQL {facts['version_text']}; Circles needs {OLDEST} or newer."
        )
    if facts["is_replica"]:
        raise DatabaseUnusable(
            f"The database {describe(url)} is a replica, which takes no writes. Name the primary in {setting}; with "
            "several hosts add target_session_attrs=read-write."
        )
    if facts["is_read_only"]:
        raise DatabaseUnusable(
            f"The database {describe(url)} takes no writes now: default_transaction_read_only is on. Switch it off for "
            "the role or the database."
        )


async def _refuse_without_rights(connection: db.Connection, url: str, changes_tables: bool) -> None:
    if changes_tables and not await SQL.may_create(connection):
        raise DatabaseUnusable(
            f"The role may not create tables in {describe(url)}. As its owner: grant create on schema public to that "
            "role, or migrate with a role that may (docs/operations.md)."
        )
    if (
        missing := []
        if changes_tables
        else [row["name"] async for row in SQL.tables_without_rights(connection)]
    ):
        raise DatabaseUnusable(
            f"The role may not read and write {', '.join(missing[:3])}{' and others' if len(missing) > 3 else ''} in "
            f"{describe(url)}. Grant it select, insert, update and delete on tables, and usage on sequences "
            "(docs/operations.md)."
        )


def _clock(server: datetime) -> list[str]:
    """When one of the two clocks is wrong, holds and codes end too early or too late."""
    difference = server - datetime.fromtimestamp(time.time(), UTC)
    if abs(difference) <= MAX_CLOCK_DIFFERENCE:
        return []
    ahead = "ahead of" if difference > timedelta(0) else "behind"
    return [
        f"The clock of the database is {abs(difference).total_seconds():.0f} seconds {ahead} that of this machine: "
        "set both by NTP, or seats are held and codes are taken for too short or too long."
    ]


async def _pooler(connection: db.Connection, url: str, setting: str) -> list[str]:
    """Called when the process that answers is not the one that was announced: something is in between.

    A transaction pooler gives a connection of the server to another client as soon as this one is idle.
    """
    other = await db.connect(url, prepares=False)
    try:
        for _ in range(5):
            if await SQL.server_process(connection) == await SQL.server_process(other):
                raise DatabaseUnusable(
                    f"{setting} leads to a transaction pooler. Set CIRCLES_POOLER=true, and "
                    "CIRCLES_WORKER_DATABASE_URL to the address of the database itself, for migrations and jobs."
                    if setting == "DATABASE_URL"
                    else f"{setting} leads to a transaction pooler, where jobs and migrations do not work. Set it to "
                    "the address of the database itself."
                )
    finally:
        await other.close(timeout=5)
    return [
        f"{setting} leads to a pooler. It seems to keep connections apart, so CIRCLES_POOLER can stay off."
    ]


def _why(error: Exception, url: str, setting: str) -> str:
    """Why a database cannot be reached, in a sentence. The error's own text is left out: it can hold the address."""
    sqlstate = getattr(error, "sqlstate", "") or ""
    names = {"user": unquote(urlsplit(url).username or ""), "name": _name(url), "setting": setting}
    if answer := _ANSWERS.get(sqlstate):
        return f"The server of {describe(url)} {answer.format(**names)}"
    if isinstance(error, db.PostgresError):
        return f"The database {describe(url)} answered with an error ({sqlstate or type(error).__name__})."
    return f"The database {describe(url)} cannot be reached: {_obstacle(error)} {setting} holds its address."


def _obstacle(error: Exception) -> str:
    if isinstance(error, socket.gaierror):
        return "its host name is not known."
    if isinstance(error, ssl.SSLError):
        return "its certificate or its TLS is not accepted."
    if isinstance(error, db.TargetServerAttributeNotMatched):
        return (
            "no host of it is what target_session_attrs asks for; a primary that takes writes is read-write."
        )
    if type(error) is ConnectionError:  # asyncpg's own
        return "the server does not offer TLS, which sslmode asks for, or it is no PostgreSQL."
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return "the server ends the connection at once. Does PostgreSQL listen on that port?"
    if isinstance(error, ConnectionRefusedError | FileNotFoundError):
        return "nothing listens there. Is PostgreSQL running?"
    if isinstance(error, TimeoutError):
        return "it does not answer. Does it hang, or is a firewall in between?"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}."
    if isinstance(error, ValueError | OverflowError | db.InterfaceError):
        return "the address is not one (a character such as @ or / in the password is written %40 or %2F)."
    return f"{type(error).__name__}."
