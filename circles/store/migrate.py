"""The migration runner: each file of sql/migrations/ once, in order, in its own transaction. Forward only."""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from circles.base.errors import CirclesError
from circles.store import db, jobs

FOLDER = db.SQL / "migrations"
NAME = re.compile(r"\d{4}_[a-z0-9_]+\.sql")
LOCK = int.from_bytes(b"circles", "big")  # the advisory lock; any number that no other program uses
MAX_WAIT = 600.0  # seconds to wait while another process migrates

SQL = db.queries("store/migrate")


class MigrationRefused(CirclesError):
    """The database and the migrations do not fit together. The text says which file, and what to do."""


@dataclass(frozen=True, slots=True)
class Step:
    """One migration: the file's name, its text, the hash of its bytes."""

    name: str
    text: str
    sha256: str


async def migrate(url: str, *, folder: Path = FOLDER, max_wait: float = MAX_WAIT) -> list[str]:
    """Bring a database up to date. Returns the names of the migrations applied now.

    url: of the database itself, not of a transaction pooler. Any number of processes may call this at once: one
    migrates, the others wait at most `max_wait` seconds.
    Raises MigrationRefused when an applied file has changed, when the database is ahead of the code, when a file
    fails, or when the wait took too long.
    """
    steps = read(folder)
    connection = await db.connect(url)
    try:
        async with _locked(connection, max_wait):
            await SQL.create_table(connection)
            await _prepare_queue(connection)
            return [await _apply(connection, step) for step in pending(steps, await _applied(connection))]
    finally:
        await connection.close()


def read(folder: Path) -> list[Step]:
    """The migrations of a folder, in order. Raises MigrationRefused for a bad name or a repeated number."""
    steps: list[Step] = []
    for path in sorted(folder.glob("*.sql")):
        if not NAME.fullmatch(path.name):
            raise MigrationRefused(f"{path.name} is no name for a migration: write 0012_what_it_does.sql.")
        if steps and steps[-1].name[:4] == path.name[:4]:
            raise MigrationRefused(f"{steps[-1].name} and {path.name} have the same number.")
        content = path.read_bytes()
        steps.append(Step(path.name, content.decode(), hashlib.sha256(content).hexdigest()))
    return steps


def pending(steps: list[Step], applied: dict[str, str]) -> list[Step]:
    """The migrations not applied yet, given names and hashes of those applied. Raises MigrationRefused."""
    known = {step.name: step.sha256 for step in steps}
    ahead = sorted(applied.keys() - known.keys())
    if ahead:
        raise MigrationRefused(
            f"The database is ahead of this code: {', '.join(ahead)} was applied by a newer Circles. Start "
            "that one, or a newer one still."
        )
    changed = sorted(name for name, sha256 in applied.items() if known[name] != sha256)
    if changed:
        raise MigrationRefused(
            f"{', '.join(changed)} has changed since it was applied. Put it back as it was, and write what "
            "is new in a new file."
        )
    todo = [step for step in steps if step.name not in applied]
    last = max(applied, default="")
    if todo and todo[0].name < last:
        raise MigrationRefused(
            f"{todo[0].name} comes before {last}, which is applied: give it a higher number."
        )
    return todo


@asynccontextmanager
async def _locked(connection: db.Connection, max_wait: float) -> AsyncGenerator[None]:
    """Hold the advisory lock. Polled, because waiting for it in the database could deadlock."""
    end = time.monotonic() + max_wait
    while not await SQL.try_lock(connection, key=LOCK):
        if time.monotonic() > end:
            raise MigrationRefused(
                f"Another process has been migrating for more than {max_wait:.0f} seconds."
            )
        await asyncio.sleep(0.1)
    try:
        yield
    finally:
        await SQL.unlock(connection, key=LOCK)


async def _applied(connection: db.Connection) -> dict[str, str]:
    """Names and hashes of the applied files, without the rows of the queue's own schema."""
    rows = await db.rows(SQL.applied(connection))
    return {row["name"]: row["sha256"] for row in rows if NAME.fullmatch(row["name"])}


async def _prepare_queue(connection: db.Connection) -> None:
    """Let pgqueuer create its tables, once for each version of it. It must run outside a transaction."""
    name = f"pgqueuer {metadata.version('pgqueuer')}"
    if name not in {row["name"] for row in await db.rows(SQL.applied(connection))}:
        await jobs.install(connection)
        await SQL.record(connection, name=name, sha256="")


async def _apply(connection: db.Connection, step: Step) -> str:
    """Apply one file and record it, in one transaction."""
    try:
        async with connection.transaction():
            await SQL.limit_lock_wait(connection)
            await connection.execute(step.text)
            await SQL.record(connection, name=step.name, sha256=step.sha256)
    except db.PostgresError as error:
        raise MigrationRefused(f"{step.name} failed and nothing of it was kept: {error}") from error
    return step.name
