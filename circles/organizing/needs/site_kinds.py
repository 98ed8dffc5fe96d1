"""Needs of the site itself: workers, jobs, mail, the timetable, the rules of its data."""

from __future__ import annotations

from uuid import uuid4

from circles.base import clock
from circles.base.clock import Viewer
from circles.base.english import choose, plural
from circles.base.errors import NotFound
from circles.organizing.needs.job_words import job_words
from circles.organizing.needs.rules import Kind, Need, Words
from circles.people import Person
from circles.store import audit, db, jobs
from circles.store.context import Context

SQL = db.queries("organizing/needs")


def _worker(need: Need, viewer: Viewer) -> Words:
    since = f"since {clock.format_record(need.at, viewer)}" if need.facts["ever"] and need.at else "so far"
    return Words(
        f"No worker was seen {since}, so no mail leaves and nothing is done in the background.",
        "Everything that is to be done waits in the queue, in its order. Whoever runs the site starts a worker "
        "again: python -m circles work.",
        "See what waits",
        "/organize/jobs",
    )


def _rule(need: Need, viewer: Viewer) -> Words:
    count = len(need.facts["broken"])
    when = clock.format_record(need.at, viewer) if need.at else "lately"
    return Words(
        f"The check of {when} found {plural(count, 'rule')} of the data broken.",
        "Nothing was changed by the check. Whoever runs the site finds which rows with python -m circles check; when "
        "it is mended, check again here.",
        "Check again",
    )


async def _check_again(context: Context, actor: Person, about: str) -> str:
    async with context.db.transaction() as tx:
        await audit.record(tx, "checks.asked", uuid4(), actor_id=actor.id)
        await jobs.enqueue(tx, "checks.run", key="asked")
    return "The data is being checked. Look here again in a minute."


def _timetable(need: Need, viewer: Viewer) -> Words:
    what = "failed" if need.facts["failed"] else "is late"
    return Words(
        f"“{need.about}”, which the site does by itself, {what}.",
        "It is tried again by itself. What it was to do waits until then.",
        "Run it now",
    )


async def _run_entry(context: Context, actor: Person, about: str) -> str:
    if about not in jobs.timetable_names():
        raise NotFound
    async with context.db.transaction() as tx:
        await audit.record(tx, "timetable.asked", uuid4(), actor_id=actor.id, details={"entry": about})
        await jobs.enqueue(tx, "needs.run_entry", key=about, entry=about)
    return "A worker does it now. Look here again in a minute."


@jobs.job("needs.run_entry", attempts=1)
async def run_entry(context: Context, *, entry: str) -> None:
    """Run an entry of the timetable that an organizer asked for. How it went is stored, and a failure is raised."""
    if entry in jobs.timetable_names():
        await jobs.run_timetable(context, entry)


def _job(need: Need, viewer: Viewer) -> Words:
    count = need.facts["count"]
    return Words(
        f"{plural(count, 'job')} {choose(count, 'was', 'were')} given up after many tries: {job_words(need.about)}.",
        "What was done before stays as it is. Trying again does nothing twice.",
        "See and try again",
        "/organize/jobs",
    )


def _mail_waiting(need: Need, viewer: Viewer) -> Words:
    since = clock.format_record(need.at, viewer) if need.at else "an hour ago"
    return Words(
        f"Mail has waited since {since}.",
        "It is tried again for five days. If nothing leaves at all, whoever runs the site looks at the mail server: "
        "python -m circles mail-test.",
        "See the mail",
        "/organize/mail",
    )


def _mail(need: Need, viewer: Viewer) -> Words:
    count, name = need.facts["count"], need.facts["name"] or "an address without an account"
    moved = " They have another address by now." if need.facts["moved"] else ""
    return Words(
        f"{plural(count, 'mail')} to {name} did not arrive.{moved}",
        "Their seats and everything else are as they were; they read the same on the site.",
        "See the mail" if not moved else "Send to the new address",
        "/organize/mail",
    )


KINDS = (
    # A worker that is away mails nothing.
    Kind("worker", SQL.worker, "worker", _worker, "pressing", is_mailed=False),
    # The nightly check tells organizers itself.
    Kind("rule", SQL.broken_rule, "broken rule", _rule, "pressing", act=_check_again, is_mailed=False),
    Kind(
        "timetable",
        SQL.timetable,
        "entry of the timetable",
        _timetable,
        act=_run_entry,
        many="entries of the timetable",
        holds=lambda need: need.about in jobs.timetable_names(),
    ),
    Kind(
        "job",
        SQL.job,
        "kind of job that was given up",
        _job,
        "pressing",
        many="kinds of jobs that were given up",
    ),
    Kind("mail_waiting", SQL.mail_waiting, "queue of mail", _mail_waiting, "pressing", many="queues of mail"),
    Kind("mail", SQL.mail, "mail that did not arrive", _mail, many="mails that did not arrive"),
)
