"""Visitors who load pages all the time, with how long each took; and clients that are slow on purpose."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic

from tests.drills import figures
from tests.drills.figures import Visit
from tests.drills.stage import Member, Program


@dataclass(slots=True)
class Visitors:
    """What visitors saw."""

    visits: list[Visit] = field(default_factory=list[Visit])

    def statuses(self) -> set[int]:
        return {visit.status for visit in self.visits}

    def figures(self, what: str, visits: list[Visit] | None = None) -> str:
        """A line with p50, p95 and the maximum in ms, and how many of each status."""
        visits = self.visits if visits is None else visits
        statuses = dict(sorted(Counter(visit.status for visit in visits).items()))
        return f"{what}: {figures.percentiles(visits)} ms, {statuses}"

    def between(self, start: float, end: float) -> list[Visit]:
        return [visit for visit in self.visits if start <= visit.at < end]

    def well_again(self, since: float) -> float:
        """Seconds from a moment to the first page after which none failed."""
        after = [visit for visit in self.visits if visit.at + visit.seconds >= since]
        bad = [visit.at + visit.seconds for visit in after if visit.status != 200]
        good = [visit for visit in after if visit.status == 200 and visit.at >= max(bad, default=since)]
        return min((visit.at + visit.seconds - since for visit in good), default=float("nan"))

    async def look(self, web: Program, path: str, member: Member | None) -> Visit:
        """Load one page on a connection of its own."""
        start, answer = monotonic(), b""
        cookie = f"Cookie: sign-in={member.token}\r\n" if member else ""
        with suppress(OSError):  # a bare client: one of a library costs more than the page
            reader, writer = await asyncio.open_connection("127.0.0.1", web.port)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: a\r\n{cookie}Connection: close\r\n\r\n".encode())
            try:
                answer = await reader.read()
            finally:
                writer.close()
        status = int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else 0
        visit = Visit(start, status, monotonic() - start)
        self.visits.append(visit)
        return visit

    async def _stroll(self, web: Program, paths: list[str], member: Member | None) -> None:
        while True:
            for path in paths if member else paths[:2]:
                await self.look(web, path, member)
                await asyncio.sleep(0.05)


@asynccontextmanager
async def visiting(web: Program, members: list[Member | None], *paths: str) -> AsyncIterator[Visitors]:
    """Let these people load these pages again and again during the block; visitors only the first two."""
    visitors = Visitors()
    tasks = [asyncio.create_task(visitors._stroll(web, list(paths), member)) for member in members]
    try:
        yield visitors
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


SLOW = (
    b"",
    b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ",
    b"POST /sign-in HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 90\r\n\r\nemail=",
    b"GET /static/circles.css HTTP/1.1\r\nHost: a\r\n\r\n",
)


@asynccontextmanager
async def slow_clients(web: Program, number: int) -> AsyncIterator[None]:
    """So many clients that send nothing, a byte a second, or take nothing; each comes back when it is sent away."""

    async def crawl(kind: bytes) -> None:
        while True:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", web.port, limit=1)
                try:
                    writer.write(kind)
                    while not writer.transport.is_closing():
                        await asyncio.sleep(1)
                        if kind and not kind.startswith(b"GET /static"):
                            writer.write(b"a")
                finally:
                    writer.close()
            await asyncio.sleep(0.1)

    tasks = [asyncio.create_task(crawl(SLOW[i % len(SLOW)])) for i in range(number)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
