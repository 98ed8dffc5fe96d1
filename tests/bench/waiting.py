"""200 seats that come free at once, in gatherings with 50 people waiting at each: until every offer is out."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from circles import people
from circles.bookings import actions
from circles.store import db, jobs
from circles.store.context import Context
from circles.store.db import Database
from tests.bench import stage
from tests.cast import add_circle, add_person

SEATS = 200
AIM_SECONDS = 10
SQL = Path(__file__).with_name("waiting.sql")


def waiting(server: str, data: Path) -> None:
    """Cancel one booking of each gathering, all at once, and mail what is offered."""
    asyncio.run(_waiting(server, data))


async def _waiting(server: str, data: Path) -> None:
    url = await stage.fresh(server, "bench_waiting")
    database = await Database.open(url)
    context = Context(stage.settings_for(url, data), database)
    host = await add_person(context, "Farid", is_facilitator=True)
    await add_circle(context, host, minimum=0, suggested=0, maximum=0, community_seats=0)
    connection = await db.connect(url)
    await connection.execute("set session_replication_role = replica")
    await connection.execute(SQL.read_text())
    await connection.close()
    async with database.reading() as tx:
        rows = await tx.fetch("select id, person_id from bookings where seat = 1")
        known = await people.by_ids(tx, {row["person_id"] for row in rows})
    began = time.perf_counter()
    await asyncio.gather(
        *(actions.cancel(context, known[row["person_id"]], row["id"], shown=0) for row in rows)
    )
    offered = time.perf_counter() - began
    await jobs.drain(context)
    mailed = time.perf_counter() - began
    async with database.reading() as tx:
        offers = await tx.fetchval("select count(*) from waits where state = 'offered'")
        mails = await tx.fetchval("select count(*) from mails where kind = 'waiting_list'")
    await database.close()
    if (offers, mails) != (SEATS, SEATS):
        raise SystemExit(f"{offers} offers and {mails} mails")
    print(
        f"{SEATS} seats freed at once, 50 waiting for each: every offer made after {offered:.1f} s, "
        f"and its mail composed after {mailed:.1f} s (aim {AIM_SECONDS})",
        flush=True,
    )
