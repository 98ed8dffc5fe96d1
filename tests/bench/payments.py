"""The payments of organizers over a million payments: their queries, their time, and no table read as a whole."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

from circles.base.reading import number_of
from circles.organizing.bookings import queries as bookings_queries
from circles.organizing.payments import queries
from circles.organizing.payments.rules import PaymentsFilter
from circles.store import db
from circles.store.db import Database
from circles.web.paging import Window
from tests.bench import community
from tests.bench.community import Community
from tests.bench.overview import SCANS

STATEMENTS = Path(__file__).with_suffix(".sql")
PEOPLE, PAYMENTS = 200_000, 1_000_000
MAX_QUERIES = 3
TIMES = 10

Read = Callable[[db.Tx], Awaitable[Any]]


def payments(server: str) -> None:
    """Fill a community, then read the payments. Ends the run where a large table is read as a whole."""
    print(asyncio.run(_payments(server)), flush=True)


async def fill(server: str, name: str, *, people: int = PEOPLE, payments: int = PAYMENTS) -> str:
    """A new database with so many people and payments. Returns its address."""
    url = await community.fill(server, name, people)
    connection = await db.connect(url)
    try:
        for setting, value in community.FAST.items():
            await connection.execute(f"set {setting} = '{value}'")
        for statement in re.split(r";\n\n", STATEMENTS.read_text().replace(":payments", str(payments))):
            await connection.execute(statement, timeout=3600)
        await connection.execute("vacuum analyze", timeout=3600)
    finally:
        await connection.close()
    return url


async def _payments(server: str) -> str:
    url = await fill(server, "bench_payments")
    seen: list[str] = []
    database = await Database.open(url, on_query=lambda record: seen.append(record.query))
    try:
        async with database.reading() as tx:
            count = await tx.fetchval("select count(*) from payment_facts")
            payment = await tx.fetchval("select checkout_id from payment_facts where state = 'part' limit 1")
        pages = _pages(payment)
        for read in pages.values():  # prepares the statements
            await _timed(database, read)
        before, times, most = await _scans(url), {name: list[float]() for name in pages}, 0
        for _ in range(TIMES):
            for name, read in pages.items():
                seen.clear()
                times[name].append(await _timed(database, read))
                most = max(most, sum(_is_read(query) for query in seen))
        whole = await _scans(url) - before
    finally:
        await database.close()
    if most > MAX_QUERIES or whole or count < PAYMENTS:
        raise SystemExit(
            f"a page of {count:,} payments took {most} queries and read {whole} large tables as a whole"
        )
    shown = ", ".join(f"{name} {median(values):.1f} ms" for name, values in times.items())
    return f"payments page over {count:,} payments: at most {most} queries, all on indexes; {shown}"


def _pages(payment: UUID) -> dict[str, Read]:
    """What is read, by what is looked for."""
    size, today = Community(PEOPLE), datetime.now(UTC).date()
    every = PaymentsFilter(zone="America/New_York")
    dated = replace(every, first=today - timedelta(days=200), last=today - timedelta(days=20))
    of_circle = replace(dated, circle=size.circle, state="part")

    def page(chosen: PaymentsFilter) -> Read:
        async def read(tx: db.Tx) -> None:
            await queries.page(tx, chosen)
            await bookings_queries.circle_choices(tx, [chosen.circle] if chosen.circle else [])

        return read

    return {
        "all": page(every),
        "a later page": page(replace(every, window=Window(2, payment))),
        "some days": page(dated),
        "a circle, days, a state": page(of_circle),
        "a name": page(replace(every, text="lena gjk")),
        "a common name": page(replace(every, text="lena")),
        "a number": page(replace(every, text=number_of(size.booking(107)))),
        "an id at Stripe": page(replace(every, text="pi_extra_3000")),
        "one payment": lambda tx: queries.payment(tx, payment),
    }


def _is_read(query: str) -> bool:
    text = query.lstrip().lower()
    return (
        text.startswith(("select", "(", "with", "--"))
        and "pg_stat_force" not in text
        and "set_config" not in text
    )


async def _timed(database: Database, read: Read) -> float:
    """Read once. Returns how long it took, in milliseconds."""
    started = time.perf_counter()
    async with database.reading() as tx:
        await read(tx)
    took = 1000 * (time.perf_counter() - started)
    async with database.reading() as tx:
        await tx.execute("select pg_stat_force_next_flush()")
    return took


async def _scans(url: str) -> int:
    """How often one of the large tables was read as a whole."""
    connection = await db.connect(url)
    try:
        return await connection.fetchval(SCANS, community.LARGE)
    finally:
        await connection.close()
