"""One process of a race to plant: prints "ready", waits for a line, plants every schedule, prints "done".

Started as `python -m tests.races.planter`; its first line of input is a JSON object: {"url", "naive"}.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiosql

from circles.base.settings import Settings
from circles.hosting.schedule import planting
from circles.store import db
from circles.store.context import Context


def plant_without_locks() -> None:
    """Replace the queries of planting by naive ones, which read what is due, lock nothing, then insert."""
    naive: Any = aiosql.from_path(Path(__file__).with_name("naive_planting.sql"), "asyncpg")
    planting.SQL = SimpleNamespace(
        lock_for_planting=naive.lock_for_planting, plant=naive.plant, planted_to=planting.SQL.planted_to
    )


async def main(orders: dict[str, Any]) -> None:
    if orders["naive"]:
        plant_without_locks()
    context = Context(Settings(database_url=orders["url"]), await db.Database.open(orders["url"], size=4))
    async with context.db.reading():
        print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await planting.plant(context)
    print("done", flush=True)
    await context.db.close()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.stdin.readline())))
