"""The commands of `python -m circles`: serving, jobs, migrations, checks, time zones, and three about a person."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

import circles
from circles.base.errors import CirclesError, NotFound, Refused

# Other modules are imported where they are used: `assets` need not wait for the whole site.
if TYPE_CHECKING:
    from circles.base.settings import Settings
    from circles.store.context import Context


class StripeRefused(CirclesError):
    """The site must not start with this key of Stripe."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Returns its exit status. Errors that a person can correct are printed without a traceback."""
    given = parser().parse_args(arguments)
    for sign in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, interrupt)
    try:
        return run_command(given)
    except NotFound:
        print("Nobody has an account with that address.", file=sys.stderr)
        return 1
    except Refused as error:
        print("\n".join(reason.text for reason in error.reasons), file=sys.stderr)
        return 1
    except CirclesError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


def run_command(given: argparse.Namespace) -> int:
    """Run the command that was given, with what was given to it."""
    if given.command in CHANGING and not given.embedded:
        refuse_beside_production()
    if given.command == "zones":
        return zones(mend=given.mend)
    if given.command == "end-feeds":
        return end_feeds(is_sure=given.yes)
    if given.command == "organizer":
        return organizer(given.email, remove=given.remove, is_sure=given.yes)
    if given.command in PERSON_COMMANDS:
        return PERSON_COMMANDS[given.command](given.email)
    return COMMANDS[given.command]()


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    parser = argparse.ArgumentParser(prog="python -m circles", description="A site for integration circles.")
    parser.add_argument("--version", action="version", version=f"Circles {circles.VERSION}")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, command in COMMANDS.items():
        commands.add_parser(name, help=command.__doc__, description=command.__doc__)
    subparser = commands.add_parser("zones", help=zones.__doc__, description=zones.__doc__)
    subparser.add_argument("--mend", action="store_true", help="move them, and notify everybody booked")
    for name, command in PERSON_COMMANDS.items():
        subparser = commands.add_parser(name, help=command.__doc__, description=command.__doc__)
        subparser.add_argument("email", help="the mail address")
    subparser = commands.add_parser("organizer", help=organizer.__doc__, description=organizer.__doc__)
    subparser.add_argument(
        "email", nargs="?", help="the address of their account; without it, organizers are listed"
    )
    subparser.add_argument("--remove", action="store_true", help="take the role away from them")
    subparser.add_argument("--yes", action="store_true", help="do not ask")
    subparser = commands.add_parser("end-feeds", help=end_feeds.__doc__, description=end_feeds.__doc__)
    subparser.add_argument("--yes", action="store_true", help="do not ask")
    for name in CHANGING:
        commands.choices[name].add_argument(
            "--embedded",
            action="store_true",
            help="use the embedded database though this machine has another",
        )
    return parser


def interrupt(sign: int, frame: FrameType | None) -> None:
    """Handle SIGTERM and SIGHUP like Ctrl-C, so that everything is shut down."""
    raise KeyboardInterrupt


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
    """The settings, with what is doubtful about them said on standard error. Raises SettingsRefused."""
    from circles.commands import read_settings as settings_file

    settings, doubtful = settings_file.read_settings()
    for text in doubtful:
        print(text, file=sys.stderr)
    return settings


def check_stripe(settings: Settings) -> None:
    """In production, ask Stripe about the key before anything starts. Raises StripeRefused."""
    from circles import payments

    if settings.practice:
        return
    report = asyncio.run(payments.check_key(settings))
    if report.problems:
        raise StripeRefused("\n".join(report.problems))
    for text in report.warnings:
        print(text, file=sys.stderr)


def serve() -> int:
    """Serve the site, and in practice mode carry out its jobs as well."""
    from app import build
    from circles.commands import server

    settings = read_settings()
    check_stripe(settings)
    with server.listen(settings) as listening, database(settings) as settings:
        asyncio.run(prepare(settings))
        server.run(build(settings), settings, listening)
    return 0


def work() -> int:
    """Run jobs and the timetable without serving pages."""
    from app import build
    from circles.commands import server

    async def run() -> None:
        async with context(settings, for_jobs=True) as opened:
            await check_schema(opened)
            await warn(opened)
            await server.work(opened)

    settings = read_settings()
    check_stripe(settings)
    with database(settings, shared=True) as settings:
        build(settings)  # app.py imports every module that declares a job
        asyncio.run(run())
    return 0


def migrate() -> int:
    """Bring the database up to date."""
    from circles.store import migrate

    async def run() -> tuple[list[str], list[str]]:
        applied = await migrate.migrate(settings.worker_url)
        async with context(settings) as opened:
            await warn(opened)
            return applied, await migrate.check(opened.db)

    with database(read_settings(), shared=True, changes_tables=True) as settings:
        applied, newer = asyncio.run(run())
    if newer:
        print(f"A newer Circles has migrated this database ({', '.join(newer)}). Nothing was changed.")
    else:
        print("\n".join(f"Applied {name}." for name in applied) or "The database is up to date.")
    return 0


async def check_schema(opened: Context) -> None:
    """Refuse a database that this code cannot run on. One that a newer Circles has migrated is named."""
    from circles.store import migrate

    if newer := await migrate.check(opened.db):
        print(f"A newer Circles has migrated this database ({', '.join(newer)}). This one runs on it.")


def demo() -> int:
    """Plant the demo community in a database that has nobody in it."""
    from circles.commands.read_settings import SettingsRefused

    settings = read_settings()
    if not settings.practice:
        raise SettingsRefused("The demo community is for practice mode only.")
    with database(settings, shared=True) as settings:
        planted = asyncio.run(prepare(settings))
    print(
        "The demo community is there." if planted else "There are people in the database; nothing was done."
    )
    return 0


def assets() -> int:
    """Create the files of static/vendor/ and the table of ZIP codes, from their locked packages."""
    from circles.commands import assets, zips

    assets.fetch()
    zips.write()
    return 0


def check() -> int:
    """Check every invariant of the database; the exit status is 1 when one is broken."""
    from circles.store import checks

    async def run() -> list[checks.Finding]:
        async with context(settings) as opened, opened.db.reading() as tx:
            return await checks.run(tx)

    with database(read_settings(), shared=True) as settings:
        findings = asyncio.run(run())
    for finding in findings:
        state = "holds " if finding.holds else f"BROKEN ({finding.broken})"
        print(f"{state} {finding.name}: {finding.description}")
    return 0 if all(finding.holds for finding in findings) else 1


def zones(*, mend: bool) -> int:
    """List planned gatherings which new zone data has moved; the exit status is 1 when there are any."""
    from circles.commands import zones

    async def run() -> tuple[list[str], bool]:
        async with context(settings) as opened:
            return await zones.report(opened, mend=mend)

    with database(read_settings(), shared=True) as settings:
        lines, is_well = asyncio.run(run())
    print("\n".join(lines))
    return 0 if is_well else 1


async def warn(opened: Context) -> None:
    """Say on standard error what is wrong with the time zones."""
    from circles.commands import zones

    for text in await zones.warnings(opened):
        print(text, file=sys.stderr)


def organizer(email: str | None, *, remove: bool, is_sure: bool) -> int:
    """Make somebody an organizer, take that role away, or list who has it; organizers make others on the site."""
    from circles.commands import organizers

    async def run() -> str:
        async with context(settings) as opened:
            if email is None:
                return await organizers.list_them(opened)
            change = organizers.remove if remove else organizers.appoint
            return await change(opened, email, is_sure=is_sure)

    with database(read_settings(), shared=True) as settings:
        print(asyncio.run(run()))
    return 0


def end_feeds(*, is_sure: bool) -> int:
    """End the address of every calendar feed, after others may have seen CIRCLES_SECRET; people are told by mail."""
    from circles import invites
    from circles.commands import organizers

    async def run() -> int:
        async with context(settings) as opened:
            return await invites.end_feeds(opened)

    with database(read_settings(), shared=True) as settings:
        organizers.confirm("Everybody must subscribe again. End the address of every feed?", is_sure=is_sure)
        print(f"{asyncio.run(run())} feeds have a new address, and their owners are told.")
    return 0


def mail_test(email: str) -> int:
    """Send one mail to an address by the mail server of the settings, and look up what receivers ask of its domain."""
    from circles.commands import mail_test

    lines, is_well = asyncio.run(mail_test.run(read_settings(), email))
    print("\n".join(lines))
    return 0 if is_well else 1


def export(email: str) -> int:
    """Print everything stored about one person, as JSON."""
    from circles.commands import personal_data

    async def run() -> dict[str, list[dict[str, Any]]]:
        async with context(settings) as opened:
            return await personal_data.export(opened, email)

    with database(read_settings(), shared=True) as settings:
        print(json.dumps(asyncio.run(run()), indent=2, ensure_ascii=False))
    return 0


def erase(email: str) -> int:
    """Erase a person: their keys, mails and texts are deleted, and what must stay has no name."""
    from circles.commands import personal_data

    async def run() -> None:
        async with context(settings) as opened:
            await personal_data.erase(opened, email)

    with database(read_settings(), shared=True) as settings:
        asyncio.run(run())
    print("They are forgotten. What had to stay names nobody.")
    return 0


@contextmanager
def database(
    settings: Settings, *, shared: bool = False, changes_tables: bool = False
) -> Generator[Settings]:
    """The settings with a database: the one they name, else the embedded one, which runs during the block.

    shared: use the embedded database of a process that runs on the same data folder, if there is one. changes_tables:
    whether the command migrates.
    """
    from circles.commands import database_check
    from circles.practice.postgres import embedded as postgres

    if settings.database_url:
        for text in asyncio.run(database_check.check_all(settings, changes_tables=changes_tables)):
            print(text, file=sys.stderr)
        yield settings
        return
    print(f"The embedded database in {settings.data_dir.absolute()}.", file=sys.stderr)
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
    """A context of its own for the length of a command. for_jobs: with the size and the deadlines of a worker."""
    from circles.store.context import Context
    from circles.store.db import COMMANDS, JOBS, Database

    size, limits = (settings.pool_size, JOBS) if for_jobs else (2, COMMANDS)
    opened = await Database.open(settings.database_url, size=size, pooler=settings.pooler, limits=limits)
    try:
        yield Context(settings, opened)
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
        await check_schema(opened)
        await warn(opened)
        if not settings.practice:
            return False
        from circles.practice import demo

        if not await demo.is_new(opened.db):
            return False
        print("Planting the demo community; this happens once ...", flush=True)
        await demo.load(opened)
    return True


COMMANDS: dict[str, Callable[[], int]] = {
    "serve": serve,
    "work": work,
    "migrate": migrate,
    "demo": demo,
    "assets": assets,
    "check": check,
}

PERSON_COMMANDS: dict[str, Callable[[str], int]] = {
    "export": export,
    "erase": erase,
    "mail-test": mail_test,
}

# Those that write. On the embedded database of a machine that has production settings they are probably meant for the
# other database.
CHANGING = ("migrate", "demo", "zones", "organizer", "erase", "end-feeds")

if __name__ == "__main__":
    sys.exit(main())
