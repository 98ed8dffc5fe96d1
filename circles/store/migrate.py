"""The migration runner: forward only, each file of sql/migrations/ once, in its own transaction, in order."""

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
LOCK = int.from_bytes(b"circles", "big")  # any number no other program of the database is likely to use
PATIENCE = 600.0  # seconds to wait while another starter migrates

SQL = db.queries("store/migrate")


class MigrationRefused(CirclesError):
    """The database and the migrations do not fit together. The text says which file, and what to do."""


@dataclass(frozen=True, slots=True)
class Step:
    """One file: its name, its text, the hash of its bytes."""

    name: str
    text: str
    sha256: str


async def migrate(url: str, *, folder: Path = FOLDER, patience: float = PATIENCE) -> list[str]:
    """Bring a database up to date. Returns the names of what was applied now.

    url must lead to the database itself, not to a transaction pooler. Any number of starters may call this at
    once: one works, the others wait, at most `patience` seconds.
    Raises MigrationRefused when a file that was applied has changed, when the database is ahead of the code,
    when a file fails, or when waiting took too long.
    """
    steps = read(folder)
    connection = await db.connect(url)
    try:
        async with _alone(connection, patience):
            await SQL.make_record(connection)
            await _prepare_queue(connection)
            return [await _apply(connection, step) for step in pending(steps, await _applied(connection))]
    finally:
        await connection.close()


def read(folder: Path) -> list[Step]:
    """The files of a folder, in order. Raises MigrationRefused for a bad name or a number given twice."""
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
    """The steps still to do, given the names and hashes of those done. Raises MigrationRefused."""
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
async def _alone(connection: db.Connection, patience: float) -> AsyncGenerator[None]:
    """Hold the runner's lock. It is asked for again and again: waiting in the database could deadlock."""
    end = time.monotonic() + patience
    while not await SQL.try_lock(connection, key=LOCK):
        if time.monotonic() > end:
            raise MigrationRefused(
                f"Another starter has been migrating for more than {patience:.0f} seconds."
            )
        await asyncio.sleep(0.1)
    try:
        yield
    finally:
        await SQL.unlock(connection, key=LOCK)


async def _applied(connection: db.Connection) -> dict[str, str]:
    """Names and hashes of the files applied; the queue's own line is left out."""
    found = await db.rows(SQL.applied(connection))
    return {row["name"]: row["sha256"] for row in found if NAME.fullmatch(row["name"])}


async def _prepare_queue(connection: db.Connection) -> None:
    """Let the queue make its own tables, once for each version of it. It asks to be in no transaction."""
    name = f"pgqueuer {metadata.version('pgqueuer')}"
    if name not in {row["name"] for row in await db.rows(SQL.applied(connection))}:
        await jobs.install(connection)
        await SQL.record(connection, name=name, sha256="")


async def _apply(connection: db.Connection, step: Step) -> str:
    """Apply one file and note it, both or neither."""
    try:
        async with connection.transaction():
            await SQL.be_brief(connection)
            await connection.execute(step.text)
            await SQL.record(connection, name=step.name, sha256=step.sha256)
    except db.PostgresError as error:
        raise MigrationRefused(f"{step.name} failed and nothing of it was kept: {error}") from error
    return step.name
