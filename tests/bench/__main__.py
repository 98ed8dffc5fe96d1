"""`make bench`: every measurement, as ratios of two sides measured in one run, median of five with min and max."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from circles.practice.postgres.embedded import Embedded
from circles.store import db
from circles.store.context import Context
from circles.store.db import Database
from tests.bench import load, stage
from tests.bench.directory import directory
from tests.bench.exports import exports
from tests.bench.growth import growth
from tests.bench.overview import overview
from tests.bench.payments import payments
from tests.bench.reminders import reminders
from tests.bench.stage import Rush, spread
from tests.bench.waiting import waiting

ROUNDS = 5


def say(text: str) -> None:
    print(text, flush=True)


def pages(server: str, data: Path) -> None:
    """The list and a gathering's page, beside the bare handlers."""
    url = asyncio.run(stage.with_demo(server, data))
    gathering = asyncio.run(_some_gathering(url))
    with (
        stage.running(url, data) as (ours, _),
        stage.running(url, data, "tests.bench.limit.site") as (bare, _),
    ):
        for name, path in (
            ("list of gatherings", "/gatherings"),
            ("gathering page", f"/gatherings/{gathering}"),
        ):
            request = load.get(path)
            asyncio.run(load.rate(ours, lambda request=request: request, seconds=1))
            asyncio.run(load.rate(bare, lambda request=request: request, seconds=1))
            real, limit = [], []
            for _ in range(ROUNDS):
                limit.append(asyncio.run(load.rate(bare, lambda request=request: request)))
                real.append(asyncio.run(load.rate(ours, lambda request=request: request)))
            ratios = [a / b for a, b in zip(real, limit, strict=True)]
            say(
                f"{name}: {spread(ratios)} of the bare handler (aim 0.8); {median(real):.0f} of {median(limit):.0f}/s"
            )


async def _some_gathering(url: str) -> str:
    connection = await db.connect(url)
    try:
        return str(
            await connection.fetchval(
                "select id from gatherings where state = 'open' and starts_at > now() order by starts_at limit 1"
            )
        )
    finally:
        await connection.close()


def bookings(server: str, data: Path, *, persons: int, gatherings: int, seats: int, rushes: int) -> None:
    """Rushes of form posts on too few seats: none oversold, none left unsold; and their rate."""
    asyncio.run(_rushes(server, data, persons, gatherings, seats, rushes))


async def _rushes(server: str, data: Path, persons: int, gatherings: int, seats: int, rushes: int) -> None:
    url = await stage.fresh(server, "bench_bookings")
    database = await Database.open(url)
    rush = await Rush.prepare(
        Context(stage.settings_for(url, data), database), persons=persons, gatherings=gatherings, seats=seats
    )
    real: list[float] = []
    limit: list[float] = []
    batch = max(1, rushes // ROUNDS)
    with (
        stage.running(url, data) as (ours, _),
        stage.running(url, data, "tests.bench.limit.site") as (bare, _),
    ):
        for number in range(rushes):
            real.append(await _one_rush(rush, ours, True, seats))
            if number % batch == 0:
                limit.append(await _one_rush(rush, bare, False, seats))
    await database.close()
    ratios = [median(real[i * batch : (i + 1) * batch]) / limit[i] for i in range(len(limit))]
    say(
        f"bookings, {rushes} rushes of {persons} on {gatherings} x {seats} seats: none oversold, none unsold; "
        f"{spread(ratios)} of the bare transaction (aim 0.7); {median(real):.0f} of {median(limit):.0f}/s"
    )


async def _one_rush(rush: Rush, port: int, real: bool, seats: int) -> float:
    await rush.clear()
    responses, seconds = await load.send_all(port, rush.posts(real))
    taken = await rush.taken()
    if any(count != seats for count in taken):
        raise SystemExit(f"a rush ended with {taken} seats of {seats} each")
    booked = sum(response.status == 303 for response in responses)
    refused = sum(response.status == 422 for response in responses)
    if (booked, refused) != (sum(taken), len(responses) - sum(taken)):
        raise SystemExit(f"a rush ended with {booked} seats and {refused} refusals")
    return len(responses) / seconds


def planting(server: str, schedules: int = 1000) -> None:
    """Planting 26 weeks of many schedules, from nothing."""
    seconds, planted = asyncio.run(stage.plant_many(server, schedules))
    say(f"planting 26 weeks of {schedules:,} schedules, {planted:,} gatherings: {seconds:.2f} s (aim 10)")


def community(server: str, data: Path) -> None:
    seconds = [asyncio.run(stage.timed_demo(server, data))[1] for _ in range(ROUNDS)]
    say(f"loading the demo community: {spread(seconds)} s (aim 3)")


def cold_start(server: str, data: Path) -> None:
    """From the start of the process to its first response, with the database migrated and the modules compiled."""
    url = asyncio.run(stage.with_demo(server, data))
    seconds = []
    with stage.running(url, data):
        pass  # compiles what an earlier measurement did not import
    for _ in range(ROUNDS):
        started = time.perf_counter()
        with stage.running(url, data):
            seconds.append(time.perf_counter() - started)
    say(f"cold start with the database up: {spread(seconds)} s (aim 0.7)")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        data.chmod(0o711)  # as root, the database's account must pass through
        with Embedded.start(data, report=lambda _: None) as embedded:
            pages(embedded.url, data)
            bookings(embedded.url, data, persons=400, gatherings=20, seats=10, rushes=100)
            bookings(embedded.url, data, persons=40, gatherings=1, seats=8, rushes=100)
            exports(embedded.url, data)
            planting(embedded.url)
            reminders(embedded.url, data)
            waiting(embedded.url, data)
            directory(embedded.url, data)
            community(embedded.url, data)
            overview(embedded.url, data)
            payments(embedded.url)
            cold_start(embedded.url, data)
            if "--no-growth" not in sys.argv:
                growth(embedded.url, data)


if __name__ == "__main__":
    main()
