"""The migration runner: each file of sql/migrations/ once, in order, in its own transaction. Forward only.

Code runs on a database that a newer Circles has migrated, unless a file there has the line of INCOMPATIBLE.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from circles.base.errors import CirclesError
from circles.store import db, jobs

FOLDER = db.SQL / "migrations"
NAME = re.compile(r"\d{4}_[a-z0-9_]+\.sql")
INCOMPATIBLE = "-- incompatible-with-older-code"  # a line of a file on which code without it cannot run
HINT = "Run `python -m circles migrate` first."
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

    @property
    def incompatible(self) -> bool:
        """Whether code that lacks this file cannot run on it."""
        return INCOMPATIBLE in self.text.splitlines()


@dataclass(frozen=True, slots=True)
class Applied:
    """One applied migration: the hash of its bytes, and whether it was marked as incompatible with older code."""

    sha256: str
    incompatible: bool = False


async def migrate(url: str, *, folder: Path = FOLDER, max_wait: float = MAX_WAIT) -> list[str]:
    """Bring a database up to date. Returns the names of the migrations applied now.

    url: of the database itself, not of a transaction pooler. Any number of processes may call this at once: one
    migrates, the others wait at most `max_wait` seconds.
    Nothing is changed where a newer Circles has migrated before.
    Raises MigrationRefused when an applied file has changed, when a newer Circles has applied a file that this code
    cannot run on, when a file fails, or when the wait took too long.
    """
    steps = read(folder)
    connection = await db.connect(url)
    try:
        async with _locked(connection, max_wait):
            applied = await _applied(connection) if await SQL.has_table(connection) else {}
            todo = pending(steps, applied)
            if newer(steps, applied):
                return []
            await _prepare_table(connection)
            await _prepare_queue(connection)
            return [await _apply(connection, step) for step in todo]
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


def pending(steps: list[Step], applied: Mapping[str, Applied]) -> list[Step]:
    """The migrations not applied yet. Raises MigrationRefused.

    None where a newer Circles has migrated further, unless one of its migrations is marked as incompatible.
    """
    known = {step.name: step.sha256 for step in steps}
    if barrier := [name for name in newer(steps, applied) if applied[name].incompatible]:
        raise MigrationRefused(
            f"The database is ahead of this code: {', '.join(barrier)} was applied by a newer Circles, and this one "
            "cannot run on it. Start that one, or a newer one still."
        )
    changed = sorted(name for name in applied.keys() & known.keys() if known[name] != applied[name].sha256)
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
    if todo and (ahead := newer(steps, applied)):
        raise MigrationRefused(
            f"The database has {', '.join(ahead)}, which this code does not know, and lacks {todo[0].name}: they are "
            "of two lines of development. Start the Circles that has both."
        )
    return todo


def newer(steps: list[Step], applied: Mapping[str, Applied]) -> list[str]:
    """The names of the migrations that a newer Circles has applied."""
    return sorted(applied.keys() - {step.name for step in steps})


async def check(database: db.Database, *, folder: Path = FOLDER) -> list[str]:
    """Check that this code can run on a database, and change nothing. Returns the migrations of a newer Circles.

    Raises MigrationRefused where migrations are missing, and as `migrate` does.
    """
    steps = read(folder)
    async with database.reading() as tx:
        applied = await _applied(tx) if await SQL.has_table(tx) else {}
        queue = await SQL.has_record(tx, name=_queue_name()) if applied else False
    missing = [step.name for step in pending(steps, applied)]
    if not applied:
        raise MigrationRefused(f"The database has no tables of Circles yet. {HINT}")
    if missing:
        more = f" and {len(missing) - 1} more" if missing[1:] else ""
        raise MigrationRefused(f"The database lacks {missing[0]}{more}. {HINT}")
    ahead = newer(steps, applied)
    if not queue and not ahead:  # a newer Circles may have brought a newer queue
        raise MigrationRefused(f"The database lacks the tables of this queue ({_queue_name()}). {HINT}")
    return ahead


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


async def _applied(connection: db.Tx) -> dict[str, Applied]:
    """The applied files, without the rows of the queue's own schema."""
    rows = await db.rows(SQL.applied(connection))
    return {
        row["name"]: Applied(row["sha256"], row["incompatible"])
        for row in rows
        if NAME.fullmatch(row["name"])
    }


async def _prepare_table(connection: db.Connection) -> None:
    """The runner's own table. An older runner made it without its last column."""
    await SQL.create_table(connection)
    if not await SQL.has_incompatible(
        connection
    ):  # asked first: altering waits for a backup that reads the table
        await SQL.add_incompatible(connection)


def _queue_name() -> str:
    return f"pgqueuer {metadata.version('pgqueuer')}"


async def _prepare_queue(connection: db.Connection) -> None:
    """Let pgqueuer create its tables, once for each version of it. It must run outside a transaction."""
    name = _queue_name()
    if not await SQL.has_record(connection, name=name):
        await jobs.install(connection)
        await SQL.record(connection, name=name, sha256="", incompatible=False)


async def _apply(connection: db.Connection, step: Step) -> str:
    """Apply one file and record it, in one transaction."""
    try:
        async with connection.transaction():
            await SQL.limit_lock_wait(connection)
            await connection.execute(step.text)
            await SQL.record(connection, name=step.name, sha256=step.sha256, incompatible=step.incompatible)
    except db.PostgresError as error:
        # Not its text: that of a constraint which rows break has a row in it.
        raise MigrationRefused(f"{step.name} failed and nothing of it was kept: {_reason(error)}") from None
    return step.name


# Classes of errors (PostgreSQL, appendix A) whose message names objects of the schema at most: syntax and names, lack
# of resources, locks, shutdown. Others have values of rows in it.
_WITHOUT_VALUES = ("42", "53", "55", "57")


def _reason(error: db.PostgresError) -> str:
    """."""
    if (error.sqlstate or "").startswith(_WITHOUT_VALUES):
        return error.message or type(error).__name__
    names = {name: getattr(error, f"{name}_name", None) for name in ("table", "column", "constraint")}
    about = ", ".join(f"{name} {value}" for name, value in names.items() if value)
    return f"{type(error).__name__} ({about})" if about else type(error).__name__
