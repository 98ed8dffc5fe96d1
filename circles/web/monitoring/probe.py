"""What the database says of itself, of the queues and of other processes, over connections that no page has."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from uuid import uuid4

import structlog
from starlette.applications import Starlette

from circles.base import errors
from circles.base.settings import Settings
from circles.store import db, jobs, migrate
from circles.store.context import Context
from circles.store.monitoring import heartbeats

SQL = db.queries("store/monitoring")
log = structlog.get_logger("health")

SECONDS = 3  # for all of it: a database that hangs is named by then
PROCESS = uuid4()
FAILURES = (OSError, TimeoutError, db.Unavailable, db.PostgresError, db.InterfaceError)

# By SQLSTATE (PostgreSQL, appendix A), the first of the two or five characters that fit.
WORDS = {
    "25006": "it is read-only",
    "53100": "its disk is full",
    "53300": "it has too many connections",
    "57P03": "it is starting or stopping",
    "28": "it refuses our name or password",
    "3D000": "it has no such database",
    "42501": "it gives us too few rights",
    "42P01": "it is not migrated",
}


@dataclass(frozen=True, slots=True)
class Disk:
    """A folder of this machine, and how many bytes are free below it."""

    name: str
    free: int


@dataclass(frozen=True, slots=True)
class State:
    """What was found out. connection, writing: empty where all is well, else what is wrong, in words."""

    connection: str = ""
    writing: str = ""
    pending: Sequence[str] = ()  # migrations that are not applied
    pooled: bool = False  # whether this connection goes through a pooler
    jobs: Sequence[db.Record] = ()
    counts: Sequence[db.Record] = ()  # what workers did, by kind of job
    mails: Sequence[db.Record] = ()
    others_went: bool = True
    entries: Sequence[db.Record] = ()
    worker: db.Record | None = None
    disks: Sequence[Disk] = ()
    more: dict[str, str] = field(default_factory=dict)

    @property
    def is_ready(self) -> bool:
        """Whether the database can be read and written, and has every migration of this code."""
        return not (self.connection or self.writing or self.pending)


Check = Callable[[db.Tx], Awaitable[str]]
_checks: dict[str, Check] = {}


def check(name: str) -> Callable[[Check], Check]:
    """Declare an item of /healthz: `async def f(tx)`, which returns what is not well in words, or an empty text."""

    def declare(do: Check) -> Check:
        _checks[name] = do
        return do

    return declare


async def shared(app: Starlette, *, only_ready: bool = False) -> State:
    """The state now. Requests that come while it is being found out wait for the same answer."""
    name = "probing_ready" if only_ready else "probing"
    task: asyncio.Task[State] | None = getattr(app.state, name, None)
    if task is None or task.done():
        task = asyncio.create_task(look(app.state.context, only_ready=only_ready))
        setattr(app.state, name, task)
    return await asyncio.shield(task)


async def look(context: Context, *, only_ready: bool = False) -> State:
    """Find out the state, in three seconds at most. only_ready: what /readyz needs."""
    settings = context.settings
    disks = () if only_ready else await asyncio.to_thread(_disks, settings)
    try:
        async with asyncio.timeout(SECONDS):
            state = await _read(context.db.reserved, only_ready=only_ready)
    except FAILURES as error:
        log.warning("the database does not answer", **errors.describe(error))
        state = State(connection=_words(error))
    return replace(state, disks=disks)


async def _read(database: db.Database, *, only_ready: bool) -> State:
    async with database.reading() as tx:
        pending = await _pending(tx)
        if pending:
            return State(pending=pending)
        pooled = await heartbeats.is_pooled(tx)
        state = State(pooled=pooled) if only_ready else await _whole_state(tx, pooled=pooled)
    return replace(state, writing=await _write(database, pooled=pooled))


async def _whole_state(tx: db.Tx, *, pooled: bool) -> State:
    return State(
        pooled=pooled,
        jobs=await db.rows(SQL.waiting_jobs(tx)),
        counts=await db.rows(SQL.job_counts(tx)),
        mails=await db.rows(SQL.waiting_mails(tx)),
        others_went=await SQL.other_mail_went(tx),
        entries=await db.rows(SQL.entries(tx, names=jobs.timetable_names())),
        worker=await SQL.newest_worker(tx),
        more={name: await _checked(tx, do) for name, do in _checks.items()},
    )


async def _pending(tx: db.Tx) -> list[str]:
    if not await SQL.is_migrated(tx):
        return sorted(_migrations())
    return sorted(_migrations() - {row["name"] for row in await db.rows(SQL.migrations(tx))})


@cache
def _migrations() -> frozenset[str]:
    return frozenset(step.name for step in migrate.read(migrate.FOLDER))


async def _write(database: db.Database, *, pooled: bool) -> str:
    """Write this process's heartbeat. A database may be readable and refuse to write: a replica, a full disk."""
    try:
        async with database.transaction() as tx:
            await SQL.beat(tx, id=PROCESS, kind="web", pooled=pooled)
    except FAILURES as error:
        log.warning("the database cannot be written", **errors.describe(error))
        return _words(error)
    return ""


async def _checked(tx: db.Tx, do: Check) -> str:
    try:
        return await do(tx)
    except (db.PostgresError, db.Unavailable) as error:
        log.warning("a health check failed", **errors.describe(error))
        return "this cannot be checked"


def _words(error: BaseException) -> str:
    cause = error.__cause__ if isinstance(error, db.Unavailable) else error
    state = getattr(cause, "sqlstate", None) or ""
    return WORDS.get(state) or WORDS.get(state[:2]) or "it does not answer"


def _disks(settings: Settings) -> list[Disk]:
    """The free space of the folders that are written to; what does not exist (yet) is its parent's."""
    disks = []
    for name, folder in (("DATA_DIR", settings.data_dir), ("temporary files", Path(tempfile.gettempdir()))):
        existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
        if os.access(existing, os.X_OK):
            disks.append(Disk(name, shutil.disk_usage(existing).free))
    return disks
