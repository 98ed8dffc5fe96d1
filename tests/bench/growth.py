"""Growth: the p95 of pages in a small community and in one of a million people, side by side."""

from __future__ import annotations

import asyncio
import tempfile
import time
from math import inf
from pathlib import Path

import asyncpg

from circles import people
from circles.practice.postgres.embedded import Embedded
from tests.bench import community, directory, load, stage
from tests.bench.community import Community

SMALL, LARGE = 10_000, 1_000_000
TIMES = 60
ROUNDS = 3


def pages(size: Community) -> dict[str, tuple[str, str]]:
    """The pages, by name: who reads it and its address."""
    return {
        "home": ("", "/"),
        "list of gatherings": ("", "/gatherings"),
        "list, filtered": ("", "/gatherings?day=sat&part=evening&where=online"),
        "gathering": ("", f"/gatherings/{size.gathering(107)}"),
        "my gatherings": ("member", "/my/gatherings"),
        "host": ("host", "/host"),
        "organizer's overview": ("organizer", "/organize"),
        "organizer's bookings": ("organizer", "/organize/bookings"),
        "bookings not taken up": ("organizer", "/organize/bookings?state=lapsed"),
        "people, searched": ("organizer", "/organize/people?q=lena+gjk"),
        "my messages": ("member", "/my/messages"),
        "booking several dates": ("member", f"/circles/{size.circle}/book"),
        "waiting list of a gathering": ("host", f"/host/gatherings/{size.gathering(107)}/waiting-list"),
        "payments": ("organizer", "/organize/payments"),
        "cash": ("organizer", "/organize/cash"),
        "money": ("organizer", "/organize/money"),
    }


def growth(server: str, data: Path) -> None:
    """Fill both databases, then measure the same pages in turns. The large one takes some minutes to fill."""
    sizes = [Community(SMALL), Community(LARGE)]
    urls = []
    for size in sizes:
        started = time.perf_counter()
        urls.append(asyncio.run(community.fill(server, f"bench_growth_{size.people}", size.people)))
        print(f"a community of {size.people:,}: filled in {time.perf_counter() - started:.0f} s", flush=True)
    with stage.running(urls[0], data) as (small, _), stage.running(urls[1], data) as (large, _):
        both = list(zip(sizes, urls, (small, large), strict=True))
        measured = asyncio.run(_measured(both))
    for name, (least, most) in measured.items():
        print(
            f"growth, {name}: p95 {least:.1f} ms at {SMALL:,} people, {most:.1f} ms at {LARGE:,}; "
            f"{most / least:.2f} times (aim 1.5, and under 50 ms)",
            flush=True,
        )


async def _measured(both: list[tuple[Community, str, int]]) -> dict[str, tuple[float, float]]:
    """The p95 in ms of each page in each community: the least of several rounds, in turns."""
    cookies = [await _cookies(size, url) for size, url, _ in both]
    least: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for name in pages(both[0][0]):
            for number, (size, _, port) in enumerate(both):
                reader, path = pages(size)[name]
                p95 = await _p95(port, load.get(path, cookies[number].get(reader, "")))
                values = least.setdefault(name, [inf] * len(both))
                values[number] = min(values[number], p95)
    return {name: (values[0], values[1]) for name, values in least.items()}


async def _cookies(size: Community, url: str) -> dict[str, str]:
    connection: asyncpg.Connection = await directory.connected(url)
    try:
        who = {"member": size.member, "host": size.host, "organizer": size.organizer}
        return {
            name: f"sign-in={await people.start_sign_in(connection, person)}" for name, person in who.items()
        }
    finally:
        await connection.close()


async def _p95(port: int, request: bytes) -> float:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
    seconds = []
    for _ in range(TIMES):
        started = time.perf_counter()
        answer = await load.send(reader, writer, request)
        seconds.append(time.perf_counter() - started)
        if answer.status != 200:
            raise SystemExit(f"a page of the large community was answered with {answer.status}")
    writer.close()
    return sorted(seconds[5:])[int(0.95 * (TIMES - 5))] * 1000


def main() -> None:
    """This part alone: python -m tests.bench.growth."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        data.chmod(0o711)
        with Embedded.start(data, report=lambda _: None) as embedded:
            growth(embedded.url, data)


if __name__ == "__main__":
    main()
