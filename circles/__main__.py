"""The commands of `python -m circles`: serving, jobs, migrations, checks, time zones, and three about a person."""

from __future__ import annotations

import signal

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until all is imported, Ctrl-C just ends this

import argparse
import asyncio
import json
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import circles
from circles.base.errors import CirclesError, NotFound, Refused
from circles.commands.opening import (
    INTERRUPTED,
    UNREAD,
    OutputLost,
    carry_out,
    check_stripe,
    context,
    database,
    prepare,
    read_settings,
    refuse_beside_production,
    say,
    tell,
    warn_of_stored_settings,
    warn_of_zones,
    write_all,
)

# Other modules are imported where they are used: `assets` need not wait for the whole site.


def main(arguments: list[str] | None = None) -> int:
    """Run one command (export reads its own options). Returns its exit status. What to correct is said in a line."""
    words = sys.argv[1:] if arguments is None else arguments
    given = parser().parse_args(words[:1] if words[:1] == ["export"] else words)
    given.options = words[1:]
    for sign in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, interrupt)
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return run_command(given)
    except NotFound:
        tell("Nobody has an account with that address.")
        return 1
    except Refused as error:
        tell("\n".join(reason.text for reason in error.reasons))
        return 1
    except OutputLost as error:
        if error.is_unread:
            return UNREAD
        tell(str(error))
        return 1
    except CirclesError as error:
        tell(str(error))
        return 1
    except KeyboardInterrupt:
        return 0 if given.command in SERVICES else INTERRUPTED
    except Exception as error:
        from circles.store import logs

        logs.log_crash(error)
        return 1


def run_command(given: argparse.Namespace) -> int:
    """Run the command that was given, with what was given to it."""
    if given.command in CHANGING and not given.embedded:
        refuse_beside_production()
    if given.command == "check":
        return check(given.link)
    if given.command == "reconcile":
        return reconcile(given.month)
    if given.command == "zones":
        return zones(mend=given.mend)
    if given.command == "end-feeds":
        return end_feeds(is_sure=given.yes)
    if given.command == "jobs":
        return jobs(given.what, given.which, every=given.all, is_sure=given.yes)
    if given.command == "organizer":
        return organizer(given.email, remove=given.remove, is_sure=given.yes)
    if given.command == "export":
        return export(given.options)
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
    subparser = commands.add_parser("reconcile", help=reconcile.__doc__, description=reconcile.__doc__)
    subparser.add_argument("--month", default="", metavar="YYYY-MM", help="compare this month, UTC")
    for name, command in PERSON_COMMANDS.items():
        subparser = commands.add_parser(name, help=command.__doc__, description=command.__doc__)
        subparser.add_argument("email", help="the mail address")
    commands.add_parser("export", help=export.__doc__)
    subparser = commands.add_parser("organizer", help=organizer.__doc__, description=organizer.__doc__)
    subparser.add_argument(
        "email", nargs="?", help="the address of their account; without it, organizers are listed"
    )
    subparser.add_argument("--remove", action="store_true", help="take the role away from them")
    subparser = commands.add_parser("jobs", help=jobs.__doc__, description=jobs.__doc__)
    subparser.add_argument("what", nargs="?", choices=("list", "retry", "drop"), default="list")
    subparser.add_argument("which", nargs="*", help="ids of jobs, or names of jobs that were given up")
    subparser.add_argument("--all", action="store_true", help="every job that was given up")
    commands.add_parser("end-feeds", help=end_feeds.__doc__, description=end_feeds.__doc__)
    for name in ("organizer", "jobs", "end-feeds"):
        commands.choices[name].add_argument("--yes", action="store_true", help="do not ask")
    commands.choices["check"].add_argument("--link", default="", help="a link of the audit chain")
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


def serve() -> int:
    """Serve the site, and in practice mode carry out its jobs as well."""
    from app import build
    from circles.commands import assets, server

    settings = read_settings()
    assets.check()
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
            await warn_of_zones(opened)
            warn_of_stored_settings(opened)
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
            await warn_of_zones(opened)
            return applied, await migrate.check(opened.db)

    with database(read_settings(), shared=True, changes_tables=True) as settings:
        applied, newer = asyncio.run(run())
    if newer:
        say(f"A newer Circles has migrated this database ({', '.join(newer)}). Nothing was changed.")
    else:
        say("\n".join(f"Applied {name}." for name in applied) or "The database is up to date.")
    return 0


def demo() -> int:
    """Plant the demo community in a database that has nobody in it."""
    from circles.commands.read_settings import SettingsRefused

    settings = read_settings()
    if not settings.practice:
        raise SettingsRefused("The demo community is for practice mode only.")
    with database(settings, shared=True) as settings:
        planted = asyncio.run(prepare(settings))
    say("The demo community is there." if planted else "There are people in the database; nothing was done.")
    return 0


def assets() -> int:
    """Create the files of static/vendor/ and the table of ZIP codes, from their locked packages."""
    from circles.commands import assets, zips

    assets.create()
    zips.write()
    return 0


def check(link: str = "") -> int:
    """Check every invariant of the database; the exit status is 1 when one is broken."""
    from circles.store import checks

    async def run() -> list[checks.Finding]:
        async with context(settings) as opened, opened.db.reading() as tx:
            return await checks.run(tx, link)

    with database(read_settings(), shared=True) as settings:
        findings = asyncio.run(run())
    say("\n".join(finding.line for finding in findings))
    return 0 if all(finding.holds for finding in findings) else 1


def reconcile(month: str) -> int:
    """Compare what is stored with Stripe's books; the exit status is 1 when something waits for a person."""
    from app import build
    from circles.commands import reconcile

    async def run() -> tuple[list[str], bool]:
        async with context(settings) as opened:
            return await reconcile.run(opened, month)

    with database(read_settings(), shared=True) as settings:
        # It hands payments what listens to them, and in practice mode the look-alike of Stripe.
        build(settings)
        lines, is_well = asyncio.run(run())
    say("\n".join(lines))
    return 0 if is_well else 1


def zones(*, mend: bool) -> int:
    """List planned gatherings which new zone data has moved; the exit status is 1 when there are any."""
    from circles.commands import zones

    async def run() -> tuple[list[str], bool]:
        async with context(settings) as opened:
            return await zones.report(opened, mend=mend)

    with database(read_settings(), shared=True) as settings:
        lines, is_well = asyncio.run(run())
    say("\n".join(lines))
    return 0 if is_well else 1


def organizer(email: str | None, *, remove: bool, is_sure: bool) -> int:
    """Make somebody an organizer, take that role away, or list who has it; organizers make others on the site."""
    from circles.commands import organizers

    async def run() -> str:
        async with context(settings) as opened:
            if email is None:
                return await organizers.list_them(opened)
            if remove:
                return await organizers.remove(opened, email)
            return await organizers.appoint(opened, email, is_sure=is_sure)

    with database(read_settings(), shared=True) as settings:
        say(asyncio.run(run()))
    return 0


def jobs(what: str, which: list[str], *, every: bool, is_sure: bool) -> int:
    """List the jobs in the queue, retry those that were given up, or drop some."""
    from circles.commands import jobs

    async def run() -> str:
        async with context(settings) as opened:
            if what == "list":
                return await jobs.list_them(opened)
            if what == "retry":
                return await jobs.retry(opened, which, every=every)
            return await jobs.drop(opened, which, every=every, is_sure=is_sure)

    with database(read_settings(), shared=True) as settings:
        say(asyncio.run(run()))
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
        say(f"{asyncio.run(run())} feeds have a new address, and their owners are told.")
    return 0


def mail_test(email: str) -> int:
    """Send one mail to an address by the mail server of the settings, and look up what receivers ask of its domain."""
    from circles.commands import mail_test

    lines, is_well = asyncio.run(mail_test.run(read_settings(), email))
    say("\n".join(lines))
    return 0 if is_well else 1


def export(options: list[str]) -> int:
    """Write a file with rows of the community, or everything stored about one person."""
    from circles.exports import command

    given = command.parser().parse_args(options)
    if "@" in given.what:
        return export_person(given.what)
    choices = command.read_options(given)

    async def run() -> None:
        async with context(settings) as opened:
            await command.write(opened, choices, lambda chunk: write_all(handle, chunk))

    with database(read_settings(), shared=True) as settings, command.open_output(given.output) as handle:
        tell(f"Exporting from {command.place_of(settings.database_url)}.")
        asyncio.run(run())
    return 0


def export_person(email: str) -> int:
    """Print everything stored about one person, as JSON."""
    from circles.commands import personal_data

    async def run() -> dict[str, list[dict[str, Any]]]:
        async with context(settings) as opened:
            return await personal_data.export(opened, email)

    with database(read_settings(), shared=True) as settings:
        say(json.dumps(asyncio.run(run()), indent=2, ensure_ascii=False))
    return 0


def erase(email: str) -> int:
    """Erase a person: their keys, mails and texts are deleted, and what must stay has no name."""
    from circles.commands import personal_data

    async def run() -> None:
        async with context(settings) as opened:
            await personal_data.erase(opened, email)

    with database(read_settings(), shared=True) as settings:
        asyncio.run(run())
    say("They are forgotten. What had to stay names nobody.")
    return 0


COMMANDS: dict[str, Callable[[], int]] = {
    "serve": serve,
    "work": work,
    "migrate": migrate,
    "demo": demo,
    "assets": assets,
    "check": check,
}

PERSON_COMMANDS: dict[str, Callable[[str], int]] = {
    "erase": erase,
    "mail-test": mail_test,
}

# A signal ends them in order, so that is no failure.
SERVICES = ("serve", "work")

# Those that write. On the embedded database of a machine that has production settings they are probably meant for the
# other database.
CHANGING = ("migrate", "demo", "zones", "organizer", "erase", "end-feeds", "jobs", "reconcile")

if __name__ == "__main__":
    from circles.store.logs import take_hooks

    take_hooks()
    sys.exit(carry_out(main))
