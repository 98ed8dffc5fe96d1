"""Rules of /healthz: what is well, and what is wrong in words."""

from __future__ import annotations

from collections.abc import Iterable

from circles.base.english import choose, plural
from circles.base.settings import Settings
from circles.store import db
from circles.web.monitoring.probe import State

WELL = "well"
# Seconds. A job that is due for so long means that no worker carries out its kind.
MAX_WAIT = 300
# Mail that waits for longer than the first is named. It may be one full mailbox, which is nobody's fault, so only where
# nothing at all was accepted meanwhile does the check fail.
MAIL_NAMED_AFTER = 15 * 60
MAX_MAIL_WAIT = 60 * 60
MAX_SILENCE = 60  # a worker's heartbeat comes every 15
MAX_LATE = 600  # an entry of the timetable may take a while
MIN_FREE = 256 * 1024 * 1024  # bytes


def items(state: State, settings: Settings, *, up: float) -> dict[str, str]:
    """Every item with `well`, or what is wrong. up: for how many seconds this process has run."""
    if state.connection:
        wrong = {"database": state.connection}
    elif state.pending:
        wrong = {"database": f"it is not migrated: {state.pending[0]} is missing"}
    else:
        wrong = {
            "database": state.writing,
            "queue": _queue(state.jobs),
            "given up": _given_up(state.jobs),
            "mail": _mail(state.mails),
            "timetable": "; ".join(_timetable(state.entries)),
            "worker": _worker(state.worker, up),
            **state.more,
        }
    wrong |= {"pooler": _pooler(state, settings), "disk": "; ".join(_disks(state))}
    return {name: text or WELL for name, text in wrong.items()}


def is_well(state: State, found: dict[str, str]) -> bool:
    """Whether a monitor should be quiet. One mailbox that accepts nothing is no reason to wake anybody."""
    ill = {name for name, text in found.items() if text != WELL}
    mail_leaves = all(row["oldest_wait"] <= MAX_MAIL_WAIT for row in state.mails) or state.others_went
    return not (ill - {"mail"}) and ("mail" not in ill or mail_leaves)


def _queue(rows: Iterable[db.Record]) -> str:
    late = [row for row in rows if row["oldest_wait"] > MAX_WAIT]
    return "; ".join(f"{row['kind']} has waited {duration(row['oldest_wait'])}" for row in late)


def _given_up(rows: Iterable[db.Record]) -> str:
    given_up = {row["kind"]: row["given_up"] for row in rows if row["given_up"]}
    if not given_up:
        return ""
    count = sum(given_up.values())
    return f"{plural(count, 'job')} {choose(count, 'was', 'were')} given up on: {', '.join(given_up)}"


def _mail(rows: Iterable[db.Record]) -> str:
    late = [row for row in rows if row["oldest_wait"] > MAIL_NAMED_AFTER]
    return "; ".join(
        f"the oldest waiting mail ({row['kind']}) has waited {duration(row['oldest_wait'])}" for row in late
    )


def _timetable(rows: Iterable[db.Record]) -> Iterable[str]:
    for row in rows:
        if row["is_failing"]:
            yield f"{row['name']} failed {duration(row['since_failure'])} ago ({row['failure']})"
        elif row["late"] > MAX_LATE:
            yield f"{row['name']} should have run {duration(row['late'])} ago"


def _worker(row: db.Record | None, up: float) -> str:
    silence = up if row is None else row["silence"]
    if min(silence, up) > MAX_SILENCE:
        return f"no worker was seen for {duration(silence)}" if row else "no worker was ever seen"
    return "its connections go through a pooler, which hands over no notifications" if _is_pooled(row) else ""


def _is_pooled(row: db.Record | None) -> bool:
    return bool(row and row["pooled"])


def _pooler(state: State, settings: Settings) -> str:
    is_wrong = state.pooled and not settings.pooler
    return "connections go through a pooler, but CIRCLES_POOLER is not set" if is_wrong else ""


def _disks(state: State) -> Iterable[str]:
    for disk in state.disks:
        if disk.free < MIN_FREE:
            yield f"{disk.free // 1024 // 1024} MB are left for {disk.name}"


def duration(seconds: float) -> str:
    """A time in the largest unit of which there are two."""
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= 2 * length:
            return plural(int(seconds // length), unit)
    return plural(int(seconds), "second")
