"""ASGI middleware: security headers, cross-site posts, a page for large bodies, body deadlines."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# The redirect after "Continue to payment" is a form action too: without Stripe's host it would be blocked. So is that
# to the questions of Stripe Connect.
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "frame-src 'self'; form-action 'self' https://checkout.stripe.com https://connect.stripe.com; "
    "frame-ancestors 'none'; "
    "base-uri 'none'; worker-src 'none'"
)
# The room page may register our service worker, with which a phone loads it again offline.
ROOM_CSP = CSP.replace("worker-src 'none'", "worker-src 'self'")
# A mail's HTML runs nothing and loads nothing, as in a mail program.
MAIL_CSP = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'none'; frame-ancestors 'self'"
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), browsing-topics=()",
    "X-Robots-Tag": "noai, noimageai",
}
_CHARSET = re.compile(rb";\s*charset=[^;]*", re.IGNORECASE)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LARGE_BODY_RESPONSE = "circles.large_body_response"  # the key in an ASGI scope


class SecurityHeaders:
    """Set the headers of every response; a response that has one of them keeps it."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self.app = app
        headers = {**SECURITY_HEADERS, "Content-Security-Policy": CSP, "Cache-Control": "no-cache, private"}
        if https:
            headers["Strict-Transport-Security"] = "max-age=63072000"
        self.headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers: list[tuple[bytes, bytes]] = list(message.get("headers", ()))
                own = {name for name, _ in headers}
                headers += [header for header in self.headers if header[0] not in own]
                message["headers"] = headers
            await send(message)

        await self.app(scope, receive, send_with_headers)


class LargeBodyPage:
    """Replace the framework's plain-text 413 by our error page, for clients that accept HTML.

    page: builds the response. A handler sets another one by `answer_large_body_with`.
    """

    def __init__(self, app: ASGIApp, *, page: Callable[[Scope], Response]) -> None:
        self.app = app
        self.page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or "text/html" not in Headers(scope=scope).get("accept", "text/html"):
            await self.app(scope, receive, send)
            return
        replaced = False

        async def send_or_replace(message: Message) -> None:
            nonlocal replaced
            if message["type"] == "http.response.start" and message["status"] == 413:
                replaced = "text/html" not in Headers(raw=message["headers"]).get("content-type", "")
                if replaced:
                    own = scope.get(LARGE_BODY_RESPONSE)
                    await (own or self.page(scope))(scope, receive, send)
            if not replaced:
                await send(message)

        await self.app(scope, receive, send_or_replace)


def answer_large_body_with(scope: Scope, response: Response) -> Response:
    """Use this response for a body that is too large.

    Returning it is not enough: the framework replaces every response to a body with too large a Content-Length.
    """
    scope[LARGE_BODY_RESPONSE] = response
    return response


class SameSiteOnly:
    """Refuse posts that another site made this browser send (CSRF).

    Sec-Fetch-Site decides where the browser sends it (Fetch Metadata), else Origin. A program that is no browser
    sends neither, and no cookies either.

    open_to: paths that end in a secret key, which alone allows what they do: mail programs post there too (RFC 8058),
    and another site that knows the key needs nobody's browser. No cookie comes with such a post (SameSite=Lax).
    """

    def __init__(self, app: ASGIApp, *, origin: str, open_to: tuple[str, ...] = ()) -> None:
        self.app = app
        self.origin = origin
        self.open_to = open_to

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["type"] == "http"
            and scope["method"] not in SAFE_METHODS
            and not self._is_same_site(Headers(scope=scope))
            and not (self.open_to and scope["path"].startswith(self.open_to))
        ):
            response = PlainTextResponse(
                "This form was sent from another site, so nothing was done. "
                "If it was you, go back: what you typed is still there. Load the page of Circles again, and send it.",
                status_code=403,
            )
            await response(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _is_same_site(self, headers: Headers) -> bool:
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site in ("same-origin", "none")
        origin = headers.get("origin")
        if origin is None:
            return True
        return origin == self.origin or urlsplit(origin).netloc == headers.get("host", "-")


class BodyTooSlow(Exception):
    """The body did not arrive in time. Of a kind of its own: any other deadline is not the visitor's."""


class Utf8Forms:
    """Read every form as UTF-8, as browsers send it, whatever encoding its Content-Type claims.

    Python knows encodings that make characters which no page can be written with.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in SAFE_METHODS:
            scope["headers"] = [
                (name, _CHARSET.sub(b"", value) if name == b"content-type" else value)
                for name, value in scope["headers"]
            ]
        await self.app(scope, receive, send)


class BodyDeadline:
    """A deadline for request bodies, so that a slow client cannot hold a connection for ever.

    seconds: to the last chunk of the body. rate: bytes a second, at which a longer body may take longer.
    """

    def __init__(self, app: ASGIApp, *, seconds: float = 20, rate: int = 20_000) -> None:
        self.app = app
        self.seconds = seconds
        self.rate = rate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS:
            await self.app(scope, receive, send)
            return
        loop = asyncio.get_running_loop()
        until = loop.time() + self.seconds
        whole = started = False

        async def receive_in_time() -> Message:
            nonlocal whole, until
            if whole:
                return await receive()
            try:
                async with asyncio.timeout_at(until):
                    message = await receive()
            except TimeoutError:
                raise BodyTooSlow from None
            until += len(message.get("body", b"")) / self.rate
            whole = not message.get("more_body", False)
            return message

        async def send_tracked(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive_in_time, send_tracked)
        except BodyTooSlow:
            if started:
                raise
            await PlainTextResponse("The request took too long to arrive.", status_code=408)(
                scope, receive, send
            )
