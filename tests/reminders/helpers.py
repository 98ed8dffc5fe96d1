"""Seats that were booked long ago, for tests of reminders."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from circles.store import jobs
from circles.store.context import Context
from tests.cast import add_booking
from tests.helpers import change, rows, send_invites, start_in

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


async def add_seat(
    context: Context,
    gathering: UUID,
    person: UUID,
    *,
    starts_in: timedelta,
    age: timedelta = 7 * DAY,
    kind: str = "paid",
) -> UUID:
    """A confirmed seat that was booked so long ago, at a gathering that starts so soon."""
    booking = await add_booking(context, gathering, person, kind=kind, amount=4500 if kind == "paid" else 0)
    await send_invites(context)
    await start_in(context, gathering, starts_in)
    await change(
        context, "update bookings set confirmed_at = now() - $2::interval where id = $1", booking, age
    )
    return booking


async def choose(context: Context, person: UUID, *, day: bool, hour: bool) -> None:
    await change(
        context, "update people set remind_day = $2, remind_hour = $3 where id = $1", person, day, hour
    )


async def remind(context: Context) -> list[dict[str, Any]]:
    """A minute passes at the worker. Returns every reminder that was mailed so far, the oldest first."""
    await jobs.run_timetable(context, "reminders.plan")
    await jobs.drain(context)
    return await reminder_mails(context)


async def reminder_mails(context: Context) -> list[dict[str, Any]]:
    query = "select * from mails where kind = 'reminder' order by created_at, id"
    return [dict(row) for row in await rows(context, query)]
