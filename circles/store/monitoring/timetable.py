"""The timetable's runs: each outcome is stored, and a failure is logged by kind and place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

import structlog

from circles.base import clock, errors
from circles.store import db
from circles.store.context import Context

SQL = db.queries("store/monitoring")
log = structlog.get_logger("timetable")


async def announce(context: Context, crons: Mapping[str, str]) -> None:
    """Store when each entry (name, cron) has to run next, so that one which never runs is noticed."""
    async with context.db.transaction() as tx:
        await SQL.announce(tx, names=list(crons), due=[_next_time(cron) for cron in crons.values()])


async def run(context: Context, name: str, cron: str, do: Callable[[Context], Awaitable[None]]) -> None:
    """Run an entry and store how it went. A failure is logged and raised."""
    try:
        await do(context)
        async with context.db.transaction() as tx:
            await SQL.entry_succeeded(tx, name=name, due_at=_next_time(cron))
    except Exception as error:
        log.error("a timetable entry failed", entry=name, **errors.describe(error))
        await _store_failure(context, name, cron, errors.kind_and_place(error))
        raise


async def _store_failure(context: Context, name: str, cron: str, failure: str) -> None:
    try:
        async with context.db.transaction() as tx:
            await SQL.entry_failed(tx, name=name, due_at=_next_time(cron), failure=failure)
    except (OSError, TimeoutError, db.Unavailable, db.PostgresError, db.InterfaceError) as error:
        log.warning("a failure was not stored", entry=name, error=type(error).__name__)


def _next_time(cron: str) -> datetime:
    """The next time of a cron expression, in UTC."""
    from croniter import croniter  # a worker has it loaded; a page needs it not

    return croniter(cron, clock.now()).get_next(datetime)
