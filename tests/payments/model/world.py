"""The world of the model test: a database, its people, circles and dates, the passing of time, jobs one at a time."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
from starlette.applications import Starlette

from circles.base import clock
from circles.payments.gateway import Unreachable
from circles.people import Person, by_ids
from circles.store import db, jobs
from circles.store.context import Context
from circles.store.queue import worker
from tests.cast import add_circle, add_gathering, add_person, version_of

# The zone has no summer time, so that a date may move to any other without another wall time.
ZONE = "America/Phoenix"
DATES = 4
FEW_DATES = 2
# Jobs that only tell people wait until the end, and the mails stay: none of them is about money.
MAIL = ("mail.%",)
TELLING = (
    *MAIL,
    "invites.%",
    "waiting_list.tell",
    "bookings.ask_again",
    "people.%",
    "hosts.%",
    "reminders.%",
)

# What gets older as time passes: whatever waits for something. Records of the past, and what is derived of them, keep
# their dates.
AGING = (
    *("gatherings", "bookings", "checkouts", "operations", "disputes", "waits", "passes", "pgqueuer"),
    *("practice_objects", "practice_keys", "stripe_readings", "balance_transactions", "payouts"),
    *("connect_accounts", "connected_payments", "connect_operations"),
)
OLDER = """do $$
declare
    one record;
    filled boolean;
begin
    set local session_replication_role = replica;
    for one in
        select
            format('%I.%I', table_schema, table_name) as name,
            string_agg(format('%I = %I - interval ''{wait}''', column_name, column_name), ', ') as changes
        from information_schema.columns join pg_tables on schemaname = table_schema and tablename = table_name
        where table_schema = 'public' and data_type like 'timestamp%' and is_generated = 'NEVER'
            and table_name in ({tables})
        group by 1
    loop
        execute 'select exists (select 1 from ' || one.name || ')' into filled;
        if filled then
            execute 'update ' || one.name || ' set ' || one.changes;
        end if;
    end loop;
    update practice_objects set body = body || jsonb_build_object(
        'created', (body ->> 'created')::bigint - extract(epoch from interval '{wait}')::bigint
    ) where jsonb_typeof(body) = 'object' and body ->> 'created' is not null;
    update practice_objects set body = body || jsonb_build_object(
        'expires_at', (body ->> 'expires_at')::bigint - extract(epoch from interval '{wait}')::bigint
    ) where kind = 'checkout';
end
$$"""


@dataclass
class Site:
    """The application of the test, with its database, which is emptied between two examples."""

    context: Context
    app: Starlette
    run: Callable[[Awaitable[Any]], Any]

    async def rows(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        async with self.context.db.reading() as tx:
            return await tx.fetch(query, *arguments)

    async def do(self, query: str, *arguments: Any) -> None:
        async with self.context.db.transaction() as tx:
            await tx.execute(query, *arguments)


@dataclass
class Circle:
    id: UUID
    version: UUID
    host: Person
    currency: str
    dates: list[UUID] = field(default_factory=list)


@dataclass
class World:
    """Three people, two circles with a host each, an organizer, and some dates of two and three seats."""

    site: Site
    people: list[Person]
    hosts: list[Person]
    organizer: Person
    circles: list[Circle]

    @classmethod
    async def begin(cls, site: Site) -> World:
        context = site.context
        # Ids in an order of their own: whoever locks several gatherings does so by their ids.
        # The last is an organizer too.
        members = [
            await add_person(context, f"Member {n}", id=UUID(int=n), is_organizer=n == 2) for n in range(3)
        ]
        hosts = [
            await add_person(context, f"Host {n}", id=UUID(int=10 + n), is_facilitator=True) for n in range(2)
        ]
        organizer = await add_person(context, "Organizer", id=UUID(int=20), is_organizer=True)
        async with context.db.reading() as tx:
            known = await by_ids(tx, [*members, *hosts, organizer])
        world = cls(site, [known[id] for id in members], [known[id] for id in hosts], known[organizer], [])
        await world._add_circle(world.hosts[0], "USD", DATES, capacity=2, late_refund_percent=50)
        await world._add_circle(
            world.hosts[1], "EUR", FEW_DATES, capacity=3, late_refund_percent=0, community_seats=0
        )
        return world

    async def _add_circle(self, host: Person, currency: str, dates: int, **more: Any) -> None:
        context = self.site.context
        id = await add_circle(context, host.id, currency=currency, zone=ZONE, **more)
        circle = Circle(id, await version_of(context, id), host, currency)
        self.circles.append(circle)
        for week in range(dates):
            # So far ahead to the second, whatever hour it is now.
            date, starts_at = (
                UUID(int=len(self.circles) * 100 + week),
                clock.now() + timedelta(days=4 + 7 * week),
            )
            circle.dates.append(await add_gathering(context, id, starts_at=starts_at, id=date))

    def person(self, id: UUID) -> Person:
        return next(one for one in [*self.people, *self.hosts, self.organizer] if one.id == id)

    def circle_of(self, gathering: UUID) -> Circle:
        return next(circle for circle in self.circles if gathering in circle.dates)

    async def time_passes(self, wait: str) -> None:
        await self.site.do(OLDER.format(wait=wait, tables=str(AGING)[1:-1]))

    # Jobs

    async def claim(self, job: asyncpg.Record) -> None:
        await self.site.do("update pgqueuer set status = 'picked' where id = $1", job["id"])

    async def work_on(self, job: asyncpg.Record) -> timedelta | None:
        """Do one job, as the worker does. How long it is to wait for its next attempt; None: it is done."""
        try:
            await jobs._tasks[job["entrypoint"]].run(self.site.context, **json.loads(job["payload"] or b"{}"))
        except jobs.TryAgain as error:
            return error.wait
        except Unreachable:
            return worker.wait_after(job["attempts"])
        return None

    async def finish(self, job: asyncpg.Record, wait: timedelta | None) -> None:
        if wait is None:
            await self.site.do("delete from pgqueuer where id = $1", job["id"])
        else:
            change = "status = 'queued', attempts = attempts + 1, execute_after = now() + $2"
            await self.site.do(f"update pgqueuer set {change} where id = $1", job["id"], wait)

    async def free_claim(self, job: int) -> None:
        """The job of a process that ended is queued again."""
        await self.site.do("update pgqueuer set status = 'queued' where id = $1 and status = 'picked'", job)


async def due_jobs(tx: db.Tx, without: Sequence[str] = TELLING) -> Sequence[asyncpg.Record]:
    """The jobs that are due, the oldest first."""
    return await tx.fetch(
        "select id, entrypoint, payload, attempts from pgqueuer where status = 'queued' "
        "and execute_after <= now() and not entrypoint like any($1) order by id",
        list(without),
    )
