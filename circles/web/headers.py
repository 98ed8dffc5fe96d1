"""What stands around every request, as pure ASGI: headers, the cross-site door, deadlines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# The redirect after "Continue to payment" is a form action too: without Stripe's host it would be blocked.
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "frame-src 'self'; form-action 'self' https://checkout.stripe.com; frame-ancestors 'none'; "
    "base-uri 'none'; worker-src 'none'"
)
# One page may start a worker of ours: the room, which a phone can load again without a network.
ROOM_CSP = CSP.replace("worker-src 'none'", "worker-src 'self'")
# A mail's HTML is shown as a mail program would: it runs nothing and loads nothing.
MAIL_CSP = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'none'; frame-ancestors 'self'"
FIXED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), browsing-topics=()",
    "X-Robots-Tag": "noai, noimageai",
}
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
TOO_MUCH = "circles.too_much"


class SecurityHeaders:
    """Set the headers every response carries; a response that brings its own policy keeps it."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self.app = app
        self.https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; put the headers on its answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in FIXED.items():
                    headers.setdefault(name, value)
                headers.setdefault("Content-Security-Policy", CSP)
                headers.setdefault("Cache-Control", "no-cache, private")
                if self.https:
                    headers.setdefault("Strict-Transport-Security", "max-age=63072000")
            await send(message)

        await self.app(scope, receive, send_with_headers)


class LargeBodyPage:
    """Say "too much" in our own page, where the framework's limit on bodies would say it in two bare words.

    page: makes the response that takes its place, for a browser that takes HTML. A handler that has a page of its
    own to say it with keeps that by `answer_large_body_with`.
    """

    def __init__(self, app: ASGIApp, *, page: Callable[[Scope], Response]) -> None:
        self.app = app
        self.page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; take the place of a bare 413."""
        if scope["type"] != "http" or "text/html" not in Headers(scope=scope).get("accept", "text/html"):
            await self.app(scope, receive, send)
            return
        replaced = False

        async def send_or_replace(message: Message) -> None:
            nonlocal replaced
            if message["type"] == "http.response.start" and message["status"] == 413:
                replaced = "text/html" not in Headers(raw=message["headers"]).get("content-type", "")
                if replaced:
                    own = scope.get(TOO_MUCH)
                    await (own or self.page(scope))(scope, receive, send)
            if not replaced:
                await send(message)

        await self.app(scope, receive, send_or_replace)


def answer_large_body_with(scope: Scope, response: Response) -> Response:
    """Answer a body that is too large with this response.

    The framework takes the place of any answer to a body whose announced length is too large, even of this one.
    """
    scope[TOO_MUCH] = response
    return response


class SameSiteOnly:
    """Refuse posts that another site made this browser send.

    Sec-Fetch-Site decides where the browser sends it (Fetch Metadata); else Origin must be ours. A program
    that is no browser sends neither, and carries no cookie it did not mean to.
    """

    def __init__(self, app: ASGIApp, *, origin: str) -> None:
        self.app = app
        self.origin = origin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let in what comes from this site, refuse the rest."""
        if scope["type"] == "http" and scope["method"] not in SAFE and not self._ours(Headers(scope=scope)):
            answer = PlainTextResponse(
                "This form was sent from another site, so nothing was done. "
                "Please open Circles itself and try again.",
                status_code=403,
            )
            await answer(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _ours(self, headers: Headers) -> bool:
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site in ("same-origin", "none")
        origin = headers.get("origin")
        if origin is None:
            return True
        return origin == self.origin or urlsplit(origin).netloc == headers.get("host", "-")


class BodyDeadline:
    """Give a request body a deadline, so that a slow sender cannot hold a place for good.

    seconds: for the whole body, from the first read to the last piece.
    """

    def __init__(self, app: ASGIApp, *, seconds: float = 20) -> None:
        self.app = app
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; the deadline runs while its body is read."""
        if scope["type"] != "http" or scope["method"] in SAFE:
            await self.app(scope, receive, send)
            return
        loop = asyncio.get_running_loop()
        until = loop.time() + self.seconds
        whole = started = False

        async def receive_in_time() -> Message:
            nonlocal whole
            if whole:
                return await receive()
            async with asyncio.timeout_at(until):
                message = await receive()
            whole = not message.get("more_body", False)
            return message

        async def send_noting(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive_in_time, send_noting)
        except TimeoutError:
            if whole or started:
                raise
            await PlainTextResponse("The request took too long to arrive.", status_code=408)(
                scope, receive, send
            )
