"""An upload of a hundred megabytes, over a real socket: refused in the form."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from starlette.applications import Starlette

from circles import people
from circles.store.context import Context
from tests.cast import Cast
from tests.conftest import serve_at_port

PART = b'--b\r\nContent-Disposition: form-data; name="picture"; filename="a.jpg"\r\n\r\n'
PIECE = b"x" * 1_000_000
SIZE = len(PART) + 100 * len(PIECE)


@pytest_asyncio.fixture
async def port(app: Starlette) -> AsyncIterator[int]:
    """The port of a server of the whole site, as it is really served."""
    async with serve_at_port(app) as found:
        yield found


async def read_answer(reader: asyncio.StreamReader) -> bytes:
    """An answer with its length in its head, as a browser reads it while it still sends."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    return head + await reader.readexactly(int(length))


async def send(port: int, token: str, path: str, *, announced: bool) -> tuple[str, int]:
    """Send a hundred megabytes. Returns the answer, and how many of them were taken before it came."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    length = f"Content-Length: {SIZE}" if announced else "Transfer-Encoding: chunked"
    head = (
        f"POST {path} HTTP/1.1\r\nHost: circles.test\r\nCookie: sign-in={token}\r\n{length}\r\n"
        "Accept: text/html\r\nSec-Fetch-Site: same-origin\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
    )
    writer.write(head.encode())
    answer = asyncio.create_task(read_answer(reader))
    sent = 0
    with contextlib.suppress(ConnectionError):
        for piece in (PART, *[PIECE] * 100):
            if answer.done():
                break
            writer.write(piece if announced else b"%x\r\n%s\r\n" % (len(piece), piece))
            await writer.drain()
            sent += len(piece)
    async with asyncio.timeout(10):
        said = (await answer).decode()
    writer.close()
    return said, sent


@pytest.mark.parametrize("announced", [True, False])
async def test_the_form_shows_that_it_is_too_large(
    context: Context, cast: Cast, port: int, announced: bool
) -> None:
    async with context.db.transaction() as tx:
        token = await people.start_sign_in(tx, cast.farid)
    said, sent = await send(port, token, "/me/picture", announced=announced)
    assert said.startswith("HTTP/1.1 413 ")
    assert "This file is larger than 5 MB" in said
    assert 'type="file"' in said  # it can be tried again at once
    assert "no-store" in said
    assert sent < 50_000_000
    async with context.db.reading() as tx:
        assert await tx.fetchval("select count(*) from pictures") == 0


@pytest.mark.parametrize("announced", [True, False])
async def test_elsewhere_it_is_too_much_at_once(
    context: Context, cast: Cast, port: int, announced: bool
) -> None:
    async with context.db.transaction() as tx:
        token = await people.start_sign_in(tx, cast.farid)
    said, _ = await send(port, token, "/me/room", announced=announced)
    assert said.startswith("HTTP/1.1 413 ")
    assert "That was too much at once" in said
