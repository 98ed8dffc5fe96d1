"""An HTTP/1.1 load generator: keep-alive connections that send a request after each response."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Response:
    """headers: names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


def get(path: str, cookie: str = "") -> bytes:
    lines = [f"GET {path} HTTP/1.1", "Host: bench", "Accept: text/html"]
    return "\r\n".join([*lines, *([f"Cookie: {cookie}"] if cookie else []), "", ""]).encode()


def post(path: str, form: str, cookie: str = "") -> bytes:
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: bench",
        "Sec-Fetch-Site: same-origin",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(form.encode())}",
    ]
    return ("\r\n".join([*lines, *([f"Cookie: {cookie}"] if cookie else [])]) + "\r\n\r\n" + form).encode()


async def send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> Response:
    """Send one request on an open connection and read its response."""
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in head[1:] if line)
    }
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Response(int(head[0].split()[1]), headers, body)


async def rate(
    port: int, requests: Callable[[], bytes], *, seconds: float = 2.0, connections: int = 8
) -> float:
    """Responses per second with status 200, over `connections` kept-open connections. Raises on any other status."""
    done = 0
    until = time.perf_counter() + seconds

    async def connection() -> None:
        nonlocal done
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            while time.perf_counter() < until:
                response = await send(reader, writer, requests())
                if response.status != 200:
                    raise RuntimeError(f"the load got the status {response.status}")
                done += 1
        finally:
            writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(connection() for _ in range(connections)))
    return done / (time.perf_counter() - started)


async def send_all(
    port: int, requests: list[bytes], *, connections: int = 16
) -> tuple[list[Response], float]:
    """Every request once, spread over the connections. Responses in the order of the requests, and seconds."""
    responses: list[Response | None] = [None] * len(requests)
    queue = iter(enumerate(requests))

    async def connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            for index, request in queue:
                responses[index] = await send(reader, writer, request)
        finally:
            writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(connection() for _ in range(connections)))
    return [response for response in responses if response is not None], time.perf_counter() - started
