"""A small HTTP/1.1 load: so many kept-open connections, each asking again as soon as it is answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: its status, its headers (names in lower case), its body."""

    status: int
    headers: dict[str, str]
    body: bytes


def get(path: str, cookie: str = "") -> bytes:
    """The bytes of a GET."""
    lines = [f"GET {path} HTTP/1.1", "Host: bench", "Accept: text/html"]
    return "\r\n".join([*lines, *([f"Cookie: {cookie}"] if cookie else []), "", ""]).encode()


def post(path: str, form: str, cookie: str = "") -> bytes:
    """The bytes of a form post from the site itself."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: bench",
        "Sec-Fetch-Site: same-origin",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(form.encode())}",
    ]
    return ("\r\n".join([*lines, *([f"Cookie: {cookie}"] if cookie else [])]) + "\r\n\r\n" + form).encode()


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> Answer:
    """Send one request on an open connection and read its whole answer."""
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in head[1:] if line)
    }
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Answer(int(head[0].split()[1]), headers, body)


async def rate(
    port: int, requests: Callable[[], bytes], *, seconds: float = 2.0, connections: int = 8
) -> float:
    """Answers per second with status 200, over `connections` kept-open connections. Raises on any other status."""
    done = 0
    until = time.perf_counter() + seconds

    async def one() -> None:
        nonlocal done
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            while time.perf_counter() < until:
                answer = await ask(reader, writer, requests())
                if answer.status != 200:
                    raise RuntimeError(f"the load was answered with {answer.status}")
                done += 1
        finally:
            writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(connections)))
    return done / (time.perf_counter() - started)


async def each(port: int, requests: list[bytes], *, connections: int = 16) -> tuple[list[Answer], float]:
    """Every request once, spread over the connections. Answers in the order of the requests, and seconds."""
    answers: list[Answer | None] = [None] * len(requests)
    waiting = iter(enumerate(requests))

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            for index, request in waiting:
                answers[index] = await ask(reader, writer, request)
        finally:
            writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(connections)))
    return [answer for answer in answers if answer is not None], time.perf_counter() - started
