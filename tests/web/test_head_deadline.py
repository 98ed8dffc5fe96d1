"""Deadlines, sizes and places of connections, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from circles.web import head_deadline as head_deadline
from tests.conftest import serve_at_port


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Reads the body, waits where asked to, answers its length."""
    size = 0
    while True:
        message = await receive()
        size += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    if scope["path"] == "/large":
        await send_large(send)
        return
    if scope["path"] == "/slow":
        await asyncio.sleep(0.6)
    body = str(size).encode()
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]}
    )
    await send({"type": "http.response.body", "body": body})


LARGE = 64 * 2**20  # bytes, more than any socket buffers
given_up = asyncio.Event()  # the response of LARGE bytes has ended, one way or the other


async def send_large(send: Any) -> None:
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % LARGE)]}
    )
    for _ in range(LARGE // 2**16):
        await send({"type": "http.response.body", "body": bytes(2**16), "more_body": True})
    await send({"type": "http.response.body"})
    given_up.set()


@pytest_asyncio.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """The port of a server whose door gives a head 0.3 seconds."""
    monkeypatch.setattr(head_deadline, "HEAD_SECONDS", 0.3)
    async with serve_at_port(application) as found:
        yield found


async def talk(port: int, *pieces: bytes, pause: float = 0.0) -> tuple[bytes, float]:
    """Send pieces with pauses; what came back until the other side closed, and after how many seconds."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    begun = time.monotonic()
    with contextlib.suppress(ConnectionError):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)
    try:
        async with asyncio.timeout(3):
            said = await reader.read()
    except ConnectionError:
        said = b""
    finally:
        writer.close()
    return said, time.monotonic() - begun


END = b"Connection: close\r\n\r\n"


async def test_an_ordinary_request_is_answered(port: int) -> None:
    said, _ = await talk(port, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n" + END + b"hello")
    assert said.startswith(b"HTTP/1.1 200")
    assert said.endswith(b"5")


async def test_a_silent_client_is_disconnected(port: int) -> None:
    said, seconds = await talk(port)
    assert said == b""
    assert 0.25 < seconds < 1.5


@pytest.mark.parametrize("drip", [b"X-A: b\r\n", b"a"])
async def test_a_head_that_drips_ends_the_connection(port: int, drip: bytes) -> None:
    said, seconds = await talk(port, b"GET / HTTP/1.1\r\n", *[drip] * 20, pause=0.1)
    assert b"200" not in said
    assert seconds < 2.5


async def test_a_second_head_is_watched_like_the_first(port: int) -> None:
    whole = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    said, seconds = await talk(port, whole, b"GET / HTTP/1.1\r\n", pause=0.1)
    assert said.count(b"HTTP/1.1 200") == 1
    assert seconds < 2


async def test_empty_lines_between_requests_hold_nothing(port: int) -> None:
    said, seconds = await talk(port, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"\r\n", pause=0.1)
    assert said.count(b"HTTP/1.1 200") == 1
    assert seconds < 2


async def test_the_deadline_does_not_count_slow_responses_and_bodies(port: int) -> None:
    said, _ = await talk(port, b"GET /slow HTTP/1.1\r\nHost: a\r\n" + END)
    assert said.startswith(b"HTTP/1.1 200")
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n" + END
    said, _ = await talk(port, head, *[b"a"] * 8, pause=0.1)
    assert said.endswith(b"8")


async def test_a_head_without_end_is_refused(port: int) -> None:
    said, _ = await talk(port, b"GET / HTTP/1.1\r\n", *[b"X-A: " + b"b" * 8000 + b"\r\n"] * 8, pause=0.01)
    assert b"200" not in said
    assert said == b"" or said.startswith(b"HTTP/1.1 400")


async def test_a_large_body_is_no_large_head(port: int) -> None:
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n" + END
    said, _ = await talk(port, head, b"a" * 100_000, b"a" * 100_000)
    assert said.endswith(b"200000")


async def connect(port: int, *pieces: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        writer.write(piece)
    await writer.drain()
    return reader, writer


async def answer(reader: asyncio.StreamReader) -> bytes:
    """What comes back; nothing where the connection was ended."""
    try:
        return await reader.read()
    except ConnectionError:
        return b""


async def test_a_response_that_is_not_taken_ends_the_connection(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(head_deadline, "TAKE_SECONDS", 0.3)
    given_up.clear()
    reader, writer = await connect(port, b"GET /large HTTP/1.1\r\nHost: a\r\n" + END)
    await given_up.wait()  # it reads nothing, so the server gives up
    assert len(await answer(reader)) < LARGE
    writer.close()


async def test_a_large_response_that_is_taken_arrives_whole(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(head_deadline, "TAKE_SECONDS", 60)
    reader, writer = await connect(port, b"GET /large HTTP/1.1\r\nHost: a\r\n" + END)
    size = 0
    while data := await reader.read(2**16):
        size += len(data)
    assert size > LARGE
    writer.close()


SLOW_KINDS = {
    "silent": (),
    "head": (b"GET / HTTP/1.1\r\nHost: a\r\n",),
    "body": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf",),
    "response": (b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n",),
    "idle": (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",),
}


@pytest.mark.parametrize("kind", SLOW_KINDS)
async def test_slow_clients_do_not_take_the_places_of_others(
    port: int, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Without anything but scarcity to end them: the one that waits longest goes, and nobody who is being served."""
    monkeypatch.setattr(head_deadline, "HEAD_SECONDS", 600)
    monkeypatch.setattr(head_deadline, "TAKE_SECONDS", 600)
    monkeypatch.setattr(head_deadline, "MAX_CONNECTIONS", 10)
    monkeypatch.setattr(head_deadline, "MIN_WAIT", 0)
    served, serving = await connect(port, b"GET /slow HTTP/1.1\r\nHost: a\r\n" + END)
    slow = [await connect(port, *SLOW_KINDS[kind]) for _ in range(40)]
    reader, writer = await connect(port, b"GET / HTTP/1.1\r\nHost: a\r\n" + END)
    assert (await answer(reader)).startswith(b"HTTP/1.1 200")
    assert (await answer(served)).startswith(b"HTTP/1.1 200")
    first, _ = slow[0]
    while await asyncio.wait_for(_chunk(first), 60):
        pass
    for _, other in [*slow, (served, serving), (reader, writer)]:
        other.close()


async def _chunk(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read(2**16)
    except ConnectionError:
        return b""


async def test_of_a_rush_everybody_is_served(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than there are places come at once, and send a moment later."""
    monkeypatch.setattr(head_deadline, "HEAD_SECONDS", 600)
    monkeypatch.setattr(head_deadline, "MIN_WAIT", 600)
    monkeypatch.setattr(head_deadline, "MAX_CONNECTIONS", 10)
    rush = [await connect(port) for _ in range(40)]
    for reader, writer in rush:
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n" + END)
        assert (await answer(reader)).startswith(b"HTTP/1.1 200")
        writer.close()
