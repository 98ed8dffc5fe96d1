"""Compression of responses (RFC 9110, 8.4): brotli or gzip, and which pages are sent as they are.

The length of a compressed page says how much of it repeats (BREACH). docs/decisions/0022 says what follows from that.
"""

from __future__ import annotations

import re
from typing import Any, Final

import anyio.to_thread
import brotli
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import GZipResponder, IdentityResponder
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MIN_BYTES: Final = 700  # below it the headers cost more than is saved
# A page of 20 kB takes 0.3 ms and becomes 4 kB; the best qualities take thirty times as long for a tenth less.
BROTLI_QUALITY: Final = 4
GZIP_LEVEL: Final = 5
_WINDOW: Final = 18  # 256 kB: no page is larger, and each response of a stream holds one
_LARGE: Final = 131_072  # compressed in a thread from here on

_AS_IT_IS: Final = "circles.sent_as_it_is"  # a key of the scope
_CODING: Final = re.compile(r"\s*([\w*]+)\s*(?:;\s*q\s*=\s*([0-9.]{1,5}))?\s*", re.ASCII)


def send_as_it_is(request: Request) -> None:
    """Do not compress the response to this request: it holds a secret, such as the address of a feed."""
    request.scope[_AS_IT_IS] = True


def accepted(header: str) -> tuple[str, ...]:
    """The codings of ours that Accept-Encoding takes, the best first."""
    named: dict[str, bool] = {}
    for part in header.split(",", 20)[:20]:
        if match := _CODING.fullmatch(part):
            named[match[1].lower()] = bool((match[2] or "1").strip("0."))
    return tuple(coding for coding in ("br", "gzip") if named.get(coding, named.get("*", False)))


class Brotli(IdentityResponder):
    """Starlette's responder, with brotli."""

    content_encoding = "br"

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app, MIN_BYTES)
        self._compressor: Any = None

    async def apply_compression(self, body: bytes, *, more_body: bool) -> bytes:
        """The next compressed bytes; a stream is flushed after each of its pieces."""
        if len(body) >= _LARGE:
            return await anyio.to_thread.run_sync(self._compress, body, more_body)
        return self._compress(body, more_body)

    def _compress(self, body: bytes, more_body: bool) -> bytes:
        if self._compressor is None:
            self._compressor = brotli.Compressor(mode=brotli.MODE_TEXT, quality=BROTLI_QUALITY, lgwin=_WINDOW)
        last = self._compressor.flush if more_body else self._compressor.finish
        return self._compressor.process(body) + last()


class Compression:
    """ASGI middleware: compress what the client takes, unless the length of the page could give a secret away."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        codings = accepted(headers.get("accept-encoding", "")) if _may_compress(headers) else ()

        async def application(inner: Scope, inner_receive: Receive, inner_send: Send) -> None:
            async def send_marked(message: Message) -> None:
                if message["type"] == "http.response.start":
                    _mark(scope, message)
                await inner_send(message)

            await self.app(inner, inner_receive, send_marked)

        async def send_tagged(message: Message) -> None:
            if message["type"] == "http.response.start":
                _tag(message)
            await send(message)

        responder = _responder(application, codings) if codings else IdentityResponder(self.app, MIN_BYTES)
        await responder(scope, receive, send_tagged)


def _responder(app: ASGIApp, codings: tuple[str, ...]) -> ASGIApp:
    return Brotli(app) if codings[0] == "br" else GZipResponder(app, MIN_BYTES, GZIP_LEVEL)


def _may_compress(headers: Headers) -> bool:
    """Whether the page was asked for by itself or by our own pages, or by somebody without any cookie.

    To learn a secret by lengths, another site has to make the browser ask for the page many times, with the cookie.
    """
    return "cookie" not in headers or headers.get("sec-fetch-site") in ("same-origin", "none")


def _mark(scope: Scope, message: Message) -> None:
    """Say of a page with a secret that it has its encoding already, so that the responder leaves it alone."""
    is_secret = scope.get(_AS_IT_IS) or "token" in scope.get("path_params", ())
    headers = MutableHeaders(raw=message["headers"])
    if is_secret and headers.get("content-type", "").startswith("text/html"):
        headers["Content-Encoding"] = "identity"


def _tag(message: Message) -> None:
    """The headers as they go out: no "identity", which RFC 9110 reserves, and a weak ETag for a compressed body."""
    headers = MutableHeaders(raw=message["headers"])
    coding = headers.get("content-encoding", "")
    tag = headers.get("etag", "")
    if coding == "identity":
        del headers["Content-Encoding"]
    elif coding and tag.startswith('"'):
        headers["ETag"] = f"W/{tag}"
    is_varied = coding not in ("", "identity") or message["status"] == 304
    if is_varied and "accept-encoding" not in headers.get("vary", "").lower():
        headers.add_vary_header("Accept-Encoding")
