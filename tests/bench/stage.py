"""Databases and server processes for the measurements."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from uuid import UUID

import asyncpg

from circles import people
from circles.base.settings import Settings
from circles.hosting.schedule import planting
from circles.practice import demo
from circles.store import migrate
from circles.store.context import Context
from circles.store.db import Database
from tests.bench import load
from tests.cast import add_circle, add_gathering, add_person, version_of
from tests.database import with_database
from tests.helpers import free_port

ROOT = Path(__file__).resolve().parent.parent.parent


def spread(values: list[float]) -> str:
    """A median with its least and most."""
    return f"{median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


async def fresh(server: str, name: str) -> str:
    """A new migrated database. Returns its address."""
    connection = await asyncpg.connect(server)
    await connection.execute(f'drop database if exists "{name}" with (force)')
    await connection.execute(f'create database "{name}"')
    await connection.close()
    url = with_database(server, name)
    await migrate.migrate(url)
    return url


def settings_for(url: str, data: Path) -> Settings:
    return Settings(database_url=url, data_dir=data, run_worker=False)


async def with_demo(server: str, data: Path) -> str:
    url, _ = await timed_demo(server, data)
    return url


async def timed_demo(server: str, data: Path) -> tuple[str, float]:
    """A database with the demo community, and how many seconds loading that took."""
    url = await fresh(server, "bench_pages")
    database = await Database.open(url)
    began = time.perf_counter()
    await demo.load(Context(settings_for(url, data), database))
    seconds = time.perf_counter() - began
    await database.close()
    return url, seconds


@contextmanager
def running(url: str, data: Path, *command: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """A server process without a worker. Yields its port once it answers.

    It runs compiled modules, as an installed site does, wherever Python may not leave them beside their source.
    """
    port = free_port()
    environment = os.environ | {
        "DATABASE_URL": url,
        "DATA_DIR": str(data),
        "PORT": str(port),
        "CIRCLES_RUN_WORKER": "false",
        "PYTHONPYCACHEPREFIX": str(data / "compiled"),
        "PYTHONDONTWRITEBYTECODE": "",
    }
    words = [sys.executable, "-m", *(command or ("circles", "serve"))]
    if command:
        words.append(str(port))
    process = subprocess.Popen(words, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        wait_for(port, process)
        yield port, process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until a port answers a request. Raises RuntimeError when the process ends before."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        try:
            with socket.create_connection(("127.0.0.1", port), 30) as client:
                # The port is taken before the site is ready, so only an answer counts.
                client.sendall(load.get("/livez"))
                if client.recv(1):
                    return
        except OSError:
            time.sleep(0.01)
    raise RuntimeError("the server did not answer within 30 s")


class Rush:
    """People and free gatherings for a rush of bookings, deleted between rushes."""

    def __init__(
        self, context: Context, version: UUID, persons: list[UUID], cookies: list[str], gatherings: list[UUID]
    ) -> None:
        self.context, self.version = context, version
        self.persons, self.cookies, self.gatherings = persons, cookies, gatherings

    @classmethod
    async def prepare(cls, context: Context, *, persons: int, gatherings: int, seats: int) -> Rush:
        """Make `persons` signed-in people and `gatherings` gatherings of `seats` seats that cost nothing."""
        lead = await add_person(context, "Lead", is_facilitator=True)
        circle = await add_circle(
            context, lead, capacity=seats, minimum=0, suggested=0, maximum=0, community_seats=0
        )
        ids = [await add_gathering(context, circle, days=7 + i) for i in range(gatherings)]
        members = [await add_person(context, f"Person {i}") for i in range(persons)]
        async with context.db.transaction() as tx:
            keys = [await people.start_sign_in(tx, person) for person in members]
        return cls(
            context, await version_of(context, circle), members, [f"sign-in={key}" for key in keys], ids
        )

    def posts(self, real: bool) -> list[bytes]:
        """One attempt a person, spread over the gatherings."""
        form = f"version={self.version}&agreed=on&choice=amount&amount=0&currency=USD"
        return [
            load.post(
                f"/gatherings/{self.gatherings[i % len(self.gatherings)]}/book",
                form if real else f"{form}&person={person}",
                self.cookies[i] if real else "",
            )
            for i, person in enumerate(self.persons)
        ]

    async def taken(self) -> list[int]:
        """The number of confirmed bookings of each gathering."""
        async with self.context.db.reading() as tx:
            rows = await tx.fetch(
                "select count(bookings.id) as taken from unnest($1::uuid[]) as room "
                "left join bookings on bookings.gathering_id = room and bookings.state = 'confirmed' group by room",
                self.gatherings,
            )
        return [row["taken"] for row in rows]

    async def clear(self) -> None:
        """Delete the bookings of a rush."""
        async with self.context.db.transaction() as tx:
            await tx.execute("delete from bookings")
            await tx.execute("delete from acceptances")
            await tx.execute("truncate pgqueuer")


async def plant_many(server: str, schedules: int) -> tuple[float, int]:
    """Plant weekly schedules in many zones. Returns the seconds and the number of gatherings."""
    url = await fresh(server, "bench_planting")
    database = await Database.open(url)
    context = Context(Settings(database_url=url, run_worker=False), database)
    circle = await add_circle(context, await add_person(context, "Lead", is_facilitator=True))
    async with database.transaction() as tx:
        await tx.execute(MANY_SCHEDULES, circle, schedules)
    started = time.perf_counter()
    await planting.plant(context)
    seconds = time.perf_counter() - started
    async with database.reading() as tx:
        planted = await tx.fetchval("select count(*) from gatherings")
    await database.close()
    return seconds, planted


MANY_SCHEDULES = (
    "insert into schedules (circle_id, kind, first_date, weekdays, wall_time, zone, length_minutes, capacity) "
    "select $1, 'weekly', current_date + 1 + i % 7, array[extract(isodow from current_date + 1 + i % 7)::int - 1]"
    "::smallint[], time '00:00' + i * interval '1 minute', "
    "(array['America/New_York', 'Europe/Berlin', 'Australia/Sydney', 'America/Denver'])[1 + i % 4], 60, 8 "
    "from generate_series(1, $2::int) as i"
)


async def many_bookings(context: Context, how_many: int) -> str:
    """Past gatherings of 20 seats, all booked and marked. Returns the cookie of an organizer."""
    lead = await add_person(context, "Lead", is_facilitator=True)
    organizer = await add_person(context, "Odile", is_organizer=True)
    circle = await add_circle(
        context, lead, capacity=20, minimum=0, suggested=0, maximum=0, community_seats=0
    )
    version = await version_of(context, circle)
    async with context.db.transaction() as tx:
        values = {"circle": circle, "version": version, "n": how_many}
        # Without the triggers that keep seats and records, which would take an hour.
        await tx.execute("set local session_replication_role = replica")
        for statement, names in MANY.items():
            await tx.execute(statement, *[values[name] for name in names], timeout=1800)
        await tx.execute("analyze")
        return f"sign-in={await people.start_sign_in(tx, organizer)}"


MANY: dict[str, list[str]] = {
    "insert into people (email, name, pronouns) "
    "select 'p' || i || '@example.org', 'Person ' || i, 'they/them' from generate_series(1, 1000) as i": [],
    "insert into acceptances (person_id, version_id, sha256) select people.id, v.id, v.sha256 "
    "from people, guidelines_versions as v where v.id = $1": ["version"],
    "insert into gatherings (circle_id, wall_start, zone, length_minutes, starts_at, ends_at, capacity, "
    "community_seats, state) select $1, s.at at time zone 'America/New_York', 'America/New_York', 90, s.at, "
    "s.at + interval '90 minutes', 20, 0, 'open' from generate_series(1, $2::int / 20) as i, "
    "lateral (select timestamptz '2021-01-01 00:00Z' + i * interval '90 minutes' as at) as s": [
        "circle",
        "n",
    ],
    "with numbered as (select id, row_number() over (order by starts_at) as r from gatherings), "
    "members as (select acceptances.id as acceptance, person_id, row_number() over (order by email) - 1 as m "
    "from acceptances join people on people.id = person_id where email like 'p%@example.org') "
    "insert into bookings (gathering_id, person_id, seat, kind, state, amount, currency, scale_minimum, "
    "scale_maximum, acceptance_id, confirmed_at) select numbered.id, person_id, seat, 'free', 'confirmed', 0, 'USD', "
    "0, 0, acceptance, now() from numbered, generate_series(1, 20) as seat "
    "join members on true where members.m = (numbered.r * 20 + seat) % 1000": [],
    "insert into attendance (booking_id, mark) select id, 'came' from bookings": [],
}
