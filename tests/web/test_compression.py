"""Compressed responses: what is, what must not be, the same content either way, and the weight of the first page."""

from __future__ import annotations

import asyncio
import gzip
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import brotli
import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Mount, Route

from circles import people
from circles.store.context import Context
from circles.store.templates import STATIC
from circles.web.encoding import compression, static
from tests.cast import Cast
from tests.conftest import Browser, OpenBrowser, serve_at_port

UNPACKED = {"br": brotli.decompress, "gzip": gzip.decompress, "": bytes}
BUDGET = 60 * 1024


async def fetch(port: int, path: str, *headers: str) -> tuple[dict[str, str], bytes, int]:
    """The headers in lower case, the body as it was sent, and how many bytes came over the wire."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = (f"GET {path} HTTP/1.1", "Host: circles.test", "Connection: close", *headers)
    writer.write("".join(f"{line}\r\n" for line in (*lines, "")).encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    head, _, body = answer.partition(b"\r\n\r\n")
    pairs = (line.split(": ", 1) for line in head.decode("latin-1").split("\r\n")[1:])
    return {name.lower(): value for name, value in pairs}, body, len(answer)


@pytest.mark.parametrize("coding", ["br", "gzip"])
async def test_the_first_page_is_light(app: Starlette, cast: Cast, coding: str) -> None:
    """With everything it loads: style, scripts, icon."""
    static.pack(STATIC)
    async with serve_at_port(app) as port:
        headers, body, total = await fetch(port, "/", f"Accept-Encoding: {coding}")
        assert headers["content-encoding"] == coding
        page = UNPACKED[coding](body).decode()
        loaded = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page))
        assert len(loaded) >= 4
        for url in loaded:
            headers, _, size = await fetch(port, url.replace("&amp;", "&"), f"Accept-Encoding: {coding}")
            assert "immutable" in headers["cache-control"]
            total += size
    assert total < BUDGET


@pytest.mark.parametrize("path", ["/", "/gatherings", "/static/circles.css", "/no-such-page"])
async def test_the_content_is_the_same_in_every_coding(app: Starlette, cast: Cast, path: str) -> None:
    static.pack(STATIC)
    async with serve_at_port(app) as port:
        bodies = set()
        for coding in UNPACKED:
            headers, body, _ = await fetch(port, path, f"Accept-Encoding: {coding}")
            assert headers.get("content-encoding", "") == coding
            assert "Accept-Encoding" in headers["vary"].split(", ")
            assert headers["content-length"] == str(len(body))
            bodies.add(UNPACKED[coding](body))
    assert len(bodies) == 1


@pytest.mark.parametrize(
    ("header", "codings"),
    [
        ("gzip, deflate, br, zstd", ("br", "gzip")),
        ("GZIP", ("gzip",)),
        ("br;q=0, gzip;q=0.5", ("gzip",)),
        ("br;q=0.000,*", ("gzip",)),
        ("*", ("br", "gzip")),
        ("identity", ()),
        ("", ()),
        ("*;q=0", ()),
        ("gzip;q=abc", ()),
        ("x" * 30_000, ()),
    ],
)
def test_the_codings_a_client_takes(header: str, codings: tuple[str, ...]) -> None:
    assert compression.accepted(header) == codings


@pytest.mark.parametrize(
    ("sec_fetch_site", "is_compressed"),
    [("same-origin", True), ("none", True), ("cross-site", False), ("same-site", False), ("", False)],
)
async def test_a_page_with_a_cookie_is_compressed_only_for_us(
    app: Starlette, context: Context, cast: Cast, sec_fetch_site: str, is_compressed: bool
) -> None:
    """Another site that makes the browser ask for it, with words of its own, learns nothing from its length."""
    async with context.db.transaction() as tx:
        cookie = f"Cookie: sign-in={await people.start_sign_in(tx, cast.odile)}"
    site = [f"Sec-Fetch-Site: {sec_fetch_site}"] if sec_fetch_site else []
    async with serve_at_port(app) as port:
        headers, body, _ = await fetch(port, "/me", cookie, "Accept-Encoding: br", *site)
        assert ("content-encoding" in headers) == is_compressed
        assert (b"<!doctype html>" in body) != is_compressed
        # Without a cookie there is nothing to learn.
        headers, _, _ = await fetch(port, "/gatherings", "Accept-Encoding: br", *site)
        assert headers["content-encoding"] == "br"


async def test_pages_with_a_key_are_sent_as_they_are(
    app: Starlette, context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    async with browser(cast.mira) as page:
        page.headers["Accept-Encoding"] = "br, gzip"
        await page.post("/my/feed", data={"show": "on"})
        mine = await page.get("/my/gatherings")
        assert "feed-address" in mine.text
        link = await page.get("/sign-in/link/" + "a" * 43)
        assert len(link.content) > compression.MIN_BYTES
        for answer in (mine, link):
            assert "content-encoding" not in answer.headers
        assert (await page.get("/me")).headers["content-encoding"] == "br"


async def test_a_feed_is_not_sent_again_while_it_is_the_same(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.mira) as page:
        await page.post("/my/feed", data={"show": "on"})
        text = (await page.get("/my/gatherings")).text
        path = re.search(r'id="feed-address" readonly value="https?://[^/]+([^"]+)"', text)
        assert path
        page.headers["Accept-Encoding"] = "gzip"
        first = await page.get(path[1])
        tag = first.headers["etag"]
        again = await page.get(path[1], headers={"If-None-Match": tag})
        assert again.status_code == 304
        assert again.headers["etag"].removeprefix("W/") == tag.removeprefix("W/")
        assert again.headers["vary"] == "Accept-Encoding"
        page.headers["Accept-Encoding"] = "identity"
        assert (await page.get(path[1], headers={"If-None-Match": tag})).status_code == 304


async def test_a_part_for_htmx_is_compressed_too(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.mira) as page:
        page.headers["Accept-Encoding"] = "br"
        part = await page.get("/therapists", headers={"HX-Request": "true", "HX-Target": "results"})
        assert part.headers["content-encoding"] == "br"
        assert "<html" not in part.text


# Streams and tags, by a small application


async def streamed(_: object) -> StreamingResponse:
    async def pieces() -> AsyncIterator[bytes]:
        for number in range(3):
            yield f"row {number}\r\n".encode() * 1_000

    return StreamingResponse(pieces(), media_type="text/csv")


async def tagged(_: object) -> PlainTextResponse:
    return PlainTextResponse("word " * 1_000, headers={"ETag": '"one"'})


async def small(_: object) -> HTMLResponse:
    return HTMLResponse("small")


@pytest.mark.parametrize("coding", ["br", "gzip"])
async def test_a_stream_is_still_a_stream(coding: str) -> None:
    """Each piece is sent when it is there, and can be read when it has come."""
    sent: list[bytes] = []
    app = compression.Compression(Starlette(routes=[Route("/", streamed)]))
    scope = {
        "type": "http", "method": "GET", "path": "/", "query_string": b"", "http_version": "1.1",
        "headers": [(b"accept-encoding", coding.encode())],
    }  # fmt: skip

    async def send(message: dict[str, object]) -> None:
        if message["type"] == "http.response.body":
            sent.append(bytes(message.get("body", b"")))  # pyright: ignore[reportArgumentType]

    async def receive() -> dict[str, object]:
        await asyncio.Event().wait()
        return {}

    await app(scope, receive, send)  # pyright: ignore[reportArgumentType]
    assert len([piece for piece in sent if piece]) >= 3
    whole = UNPACKED[coding](b"".join(sent))
    assert whole == b"".join(f"row {number}\r\n".encode() * 1_000 for number in range(3))
    assert len(b"".join(sent)) < len(whole) / 10


async def test_a_compressed_body_has_a_weak_tag() -> None:
    routes = [Route("/tagged", tagged), Route("/small", small)]
    async with Browser(
        Starlette(routes=[Mount("/", compression.Compression(Starlette(routes=routes)))])
    ) as page:
        page.headers["Accept-Encoding"] = "br"
        assert (await page.get("/tagged")).headers["etag"] == 'W/"one"'
        assert "content-encoding" not in (await page.get("/small")).headers
        page.headers["Accept-Encoding"] = "identity"
        assert (await page.get("/tagged")).headers["etag"] == '"one"'


async def test_a_changed_static_file_is_never_served_from_an_older_copy(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("a { color: red }\n" * 100)
    assert static.pack(tmp_path) == 2
    site = Starlette(routes=[Mount("/static", static.Static(directory=tmp_path))])
    async with Browser(Starlette(routes=[Mount("/", compression.Compression(site))])) as page:
        page.headers["Accept-Encoding"] = "br"
        first = await page.get("/static/a.css?v=1")
        assert first.headers["content-encoding"] == "br"
        assert first.headers["content-type"] == "text/css; charset=utf-8"
        assert "red" in first.text
        same = await page.get("/static/a.css?v=1", headers={"If-None-Match": first.headers["etag"]})
        assert (same.status_code, same.content) == (304, b"")
        assert same.headers["vary"] == "Accept-Encoding"
        (tmp_path / "a.css").write_text("a { color: green }\n" * 100)
        changed = await page.get("/static/a.css?v=1")
        assert "green" in changed.text
        assert static.pack(tmp_path) == 2
        shutil.rmtree(tmp_path / static.FOLDER)  # while a process still knows the copies
        assert "green" in (await page.get("/static/a.css?v=1")).text
