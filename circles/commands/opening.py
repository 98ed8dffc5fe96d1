"""What every command opens: the standard streams, the settings, the database they name, and a context."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, TextIO, cast

from circles.base.errors import CirclesError

# Other modules are imported where they are used: `assets` need not wait for the whole site.
if TYPE_CHECKING:
    from circles.base.settings import Settings
    from circles.store.context import Context

# Exit statuses as a shell gives them: 128 and the number of the signal (SIGINT, SIGPIPE).
INTERRUPTED, UNREAD = 130, 141


class OutputLost(CirclesError):
    """Standard output takes no more. is_unread: because its reader has ended, as `| head` does."""

    def __init__(self, error: OSError) -> None:
        self.is_unread = isinstance(error, BrokenPipeError)
        super().__init__(f"The output cannot be written: {error.strerror}.")


def say(text: str) -> None:
    """Print what a command was asked for. Raises OutputLost."""
    try:
        print(text, flush=True)
    except OSError as error:
        raise OutputLost(error) from None


def write_all(handle: int, chunk: bytes) -> None:
    """Write a part of a file that a command was asked for. Raises OutputLost."""
    rest = memoryview(chunk)
    try:
        while rest:
            rest = rest[os.write(handle, rest) :]
    except OSError as error:
        raise OutputLost(error) from None


def tell(text: str) -> None:
    """Print something for a person on standard error; a command goes on where nobody can read it."""
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def carry_out(command: Callable[[], int]) -> int:
    """Run a command whose standard streams may be closed, full or read by nobody. Returns its exit status."""
    open_streams()
    try:
        status = command()
    except SystemExit as ended:  # argparse's, after its help
        status = ended.code if isinstance(ended.code, int) else 1
    except KeyboardInterrupt:
        status = INTERRUPTED
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError as error:
            status = UNREAD if isinstance(error, BrokenPipeError) else status or 1
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # the interpreter tries once more
    return status


def open_streams() -> None:
    """Open the standard streams that are closed: else a connection gets the number that others print to."""
    while (handle := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(handle, True)
    os.close(handle)
    sys.stdin = sys.stdin or _opened(0, "r")
    sys.stdout = sys.stdout or _opened(1, "w")
    sys.stderr = sys.stderr or _opened(2, "w")


def _opened(handle: int, mode: str) -> TextIO:
    return cast(TextIO, os.fdopen(handle, mode, encoding="utf-8", closefd=False))


class StripeRefused(CirclesError):
    """The site must not start with this key of Stripe."""


def refuse_beside_production() -> None:
    """Raise SettingsRefused for a change to the embedded database of a machine that has production settings."""
    from circles.commands import read_settings as settings_file

    elsewhere = settings_file.production_settings_elsewhere()
    if elsewhere is not None and not settings_file.read_settings()[0].database_url:
        raise settings_file.SettingsRefused(
            f"This would change the embedded database, but {elsewhere} has the settings of production. Use them with "
            f"CIRCLES_ENV_FILE={elsewhere}, or say --embedded."
        )


def read_settings() -> Settings:
    """The settings, by which logging is set up, with what is doubtful about them said. Raises SettingsRefused."""
    from circles.commands import read_settings as settings_file

    return settings_file.use_settings()


def check_stripe(settings: Settings) -> None:
    """In production, ask Stripe about the key before anything starts. Raises StripeRefused."""
    from circles import payments
    from circles.commands.read_settings import warn

    if settings.practice:
        return
    report = asyncio.run(payments.check_key(settings))
    if report.problems:
        raise StripeRefused("\n".join(report.problems))
    warn(settings, report.warnings)


async def check_schema(opened: Context) -> None:
    """Refuse a database that this code cannot run on. One that a newer Circles has migrated is named."""
    from circles.commands.read_settings import warn
    from circles.store import migrate

    if newer := await migrate.check(opened.db):
        text = f"A newer Circles has migrated this database ({', '.join(newer)}). This one runs on it."
        warn(opened.settings, [text])


async def warn_of_zones(opened: Context) -> None:
    """Say what is wrong with the time zones."""
    from circles.commands import zones
    from circles.commands.read_settings import warn

    warn(opened.settings, await zones.warnings(opened))


def warn_of_stored_settings(opened: Context) -> None:
    """Say which values of the environment are no longer in force, since the community has stored its own."""
    from circles.commands.read_settings import not_in_force, warn

    warn(opened.settings, not_in_force(opened.environment, opened.in_force.stored))


@contextmanager
def database(
    settings: Settings, *, shared: bool = False, changes_tables: bool = False
) -> Generator[Settings]:
    """The settings with a database: the one they name, else the embedded one, which runs during the block.

    shared: use the embedded database of a process that runs on the same data folder, if there is one. changes_tables:
    whether the command migrates.
    """
    from circles.commands import database_check
    from circles.commands.read_settings import warn
    from circles.practice.postgres import embedded as postgres

    if settings.database_url:
        warn(settings, asyncio.run(database_check.check_all(settings, changes_tables=changes_tables)))
        yield settings
        return
    tell(f"The embedded database in {settings.data_dir.absolute()}.")
    if url := postgres.running(settings.data_dir) if shared else None:
        yield settings.model_copy(update={"database_url": url})
        return
    with postgres.Embedded.start(settings.data_dir) as embedded:
        try:
            yield settings.model_copy(update={"database_url": embedded.url})
        finally:
            for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(sign, signal.SIG_IGN)  # a second Ctrl-C must not interrupt the shutdown


@asynccontextmanager
async def context(settings: Settings, *, for_jobs: bool = False) -> AsyncGenerator[Context]:
    """A context of its own for the length of a command. for_jobs: with the size and the deadlines of a worker.

    Raises MigrationRefused for a database that lacks migrations.
    """
    from circles.store.context import Context
    from circles.store.db import COMMANDS, JOBS, Database

    size, limits = (settings.pool_size, JOBS) if for_jobs else (2, COMMANDS)
    opened = await Database.open(settings.database_url, size=size, pooler=settings.pooler, limits=limits)
    try:
        ready = Context(settings, opened)
        await check_schema(ready)
        await ready.in_force.refresh(opened)
        yield ready
    finally:
        await opened.close()


async def prepare(settings: Settings) -> bool:
    """Check the database; in practice mode migrate, and load the demo community into a new one.

    In production migrating is a step of its own, so that a process which starts again changes nothing. Returns whether
    the demo community was loaded.
    """
    from circles.store.migrate import migrate

    if settings.practice:
        await migrate(settings.worker_url)
    async with context(settings) as opened:
        await warn_of_zones(opened)
        warn_of_stored_settings(opened)
        if not settings.practice:
            return False
        from circles.practice import demo

        if not await demo.is_new(opened.db):
            return False
        print("Planting the demo community; this happens once ...", flush=True)
        await demo.load(opened)
        await demo.add_books(opened)
    return True
