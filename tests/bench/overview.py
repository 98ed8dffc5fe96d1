"""The organizers' overview over a million bookings: its queries, its time, and no table read as a whole."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from statistics import median

from circles.base.clock import Viewer
from circles.organizing import needs
from circles.organizing.overview import actions
from circles.organizing.overview import queries as overview_queries
from circles.store import db
from circles.store.context import Context
from circles.store.db import Database
from tests.bench import community, stage

PEOPLE, BOOKINGS = 200_000, 1_000_000
MAX_QUERIES = 3
TIMES = 20

SCANS = "select coalesce(sum(seq_scan), 0)::int from pg_stat_user_tables where relname = any($1::text[])"


def overview(server: str, data: Path) -> None:
    """Fill a community, then read what /organize shows. Ends the run where a large table is read as a whole."""
    print(asyncio.run(_overview(server, data)), flush=True)


async def _overview(server: str, data: Path) -> str:
    url = await community.fill(server, "bench_overview", PEOPLE)
    seen: list[str] = []
    database = await Database.open(url, on_query=lambda record: seen.append(record.query))
    context = Context(stage.settings_for(url, data), database)
    try:
        started = time.perf_counter()
        await actions.count_months(context)
        counted = time.perf_counter() - started
        await _read(database)  # prepares the statements
        before, times = await _scans(url), []
        for _ in range(TIMES):
            seen.clear()
            times.append(await _read(database))
        reads = ("select", "(", "with", "--")
        statements = [
            query
            for query in seen
            if query.lstrip().lower().startswith(reads) and "pg_stat_force" not in query
        ]
        whole = await _scans(url) - before
    finally:
        await database.close()
    if len(statements) > MAX_QUERIES or whole:
        raise SystemExit(
            f"the overview took {len(statements)} queries and read {whole} large tables as a whole"
        )
    return (
        f"overview over {BOOKINGS:,} bookings: {len(statements)} queries, no large table read as a whole, "
        f"{median(times):.1f} ms ({min(times):.1f} to {max(times):.1f}); the months counted in {counted:.1f} s"
    )


async def _read(database: Database) -> float:
    """Read what the page shows. Returns how long it took, in milliseconds."""
    started = time.perf_counter()
    async with database.reading() as tx:
        await overview_queries.glance(tx, Viewer("America/New_York"))
        await needs.waiting(tx)
    async with database.reading() as tx:
        await tx.execute("select pg_stat_force_next_flush()")
    return 1000 * (time.perf_counter() - started)


async def _scans(url: str) -> int:
    """How often one of the large tables was read as a whole."""
    connection = await db.connect(url)
    try:
        return await connection.fetchval(SCANS, community.LARGE)
    finally:
        await connection.close()
