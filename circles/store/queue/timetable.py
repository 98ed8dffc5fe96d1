"""The timetable: starts its entries when they are due, on one of the workers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from circles.base import clock
from circles.store import db
from circles.store.context import Context
from circles.store.monitoring import timetable

if TYPE_CHECKING:
    from pgqueuer import Queries
    from pgqueuer.models import CronExpressionEntrypoint
    from pgqueuer.types import ScheduleId

SQL = db.queries("store/worker")

Entry = Callable[[Context], Awaitable[None]]

LOOK = 10.0  # seconds; at least so often it looks for entries of a worker that was killed
# An entry that raised runs again after this time, or at its next time where that comes first.
AGAIN = timedelta(minutes=5)
AT_ONCE = timedelta(0)


class Timetable:
    """The entries of the timetable: name -> (cron expression, function)."""

    def __init__(self, entries: Mapping[str, tuple[str, Entry]]) -> None:
        self.wake: Callable[[], None] = lambda: None
        self._entries = entries
        self._running: dict[ScheduleId, asyncio.Task[None]] = {}
        # How each ended: None is well, else the time after which it is due again.
        self._outcomes: dict[ScheduleId, timedelta | None] = {}
        self._look_at = 0.0

    @property
    def is_running(self) -> bool:
        """Whether an entry runs, or how it ended is not stored yet."""
        return bool(self._running)

    async def announce(self, connection: db.Connection, context: Context) -> None:
        """Add the entries that the database does not know yet, and when each has to run."""
        if self._entries:
            await _queries(connection).insert_schedule(self._next_times())
            await timetable.announce(context, {name: cron for name, (cron, _) in self._entries.items()})
        self._look_at = 0.0

    async def start_due(self, connection: db.Connection, context: Context) -> None:
        """Claim and start the entries that are due."""
        now = asyncio.get_running_loop().time()
        if not self._entries or now < self._look_at:
            return
        times = self._next_times()
        for schedule in await _queries(connection).fetch_schedule(times):
            if schedule.id not in self._running:
                run = self._run(schedule.id, schedule.entrypoint, context)
                self._running[schedule.id] = asyncio.create_task(run)
        self._look_at = now + min(LOOK, min(times.values()).total_seconds() + 1)

    async def _run(self, id: ScheduleId, name: str, context: Context) -> None:
        """Run one entry. Says how it ended and raises nothing."""
        outcome: timedelta | None = None
        try:
            cron, do = self._entries[name]
            await timetable.run(context, name, cron, do)
        except asyncio.CancelledError:
            outcome = AT_ONCE
        except Exception:  # logged and stored already
            outcome = AGAIN
        self._outcomes[id] = outcome
        self.wake()

    async def store_outcomes(self, connection: db.Connection) -> None:
        """Store how entries ended. One that raised or was stopped is due again soon."""
        for id, outcome in list(self._outcomes.items()):
            if outcome is None:
                await _queries(connection).set_schedule_queued({id})
            else:
                await SQL.end_entry(connection, id=id, wait=outcome)
            del self._outcomes[id], self._running[id]

    async def beat(self, connection: db.Connection) -> None:
        """Say that the entries which run here still do."""
        if self._running:
            await _queries(connection).update_schedule_heartbeat(set(self._running))

    def cancel(self) -> None:
        """Cancel the entries that run; each is due again at once, on another worker."""
        for task in self._running.values():
            task.cancel()

    def _next_times(self) -> dict[CronExpressionEntrypoint, timedelta]:
        """When each entry is next due."""
        from croniter import croniter
        from pgqueuer.models import CronExpressionEntrypoint
        from pgqueuer.types import CronEntrypoint, CronExpression

        now = clock.now()
        return {
            CronExpressionEntrypoint(CronEntrypoint(name), CronExpression(expression)): croniter(
                expression, start_time=now
            ).get_next(datetime)
            - now
            for name, (expression, _) in self._entries.items()
        }


def _queries(connection: db.Connection) -> Queries:
    from pgqueuer import AsyncpgDriver, Queries

    return Queries(AsyncpgDriver(connection))
