"""ASGI middleware: the id of a request, one log line for each, and the log of exceptions that nobody caught."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from circles.base.errors import describe
from circles.web.errors import cut_off, log_unexpected, route_of
from circles.web.monitoring import metrics

log = structlog.get_logger("requests")
# Asked before a line is put together: in practice mode most are not written.
_lines = logging.getLogger("circles.requests")

HEADER = "X-Request-ID"
FROM_PROXY = (
    "circles.from_proxy"  # the key in an ASGI scope: whether the connection came from the trusted proxy
)
# Of a proxy: long enough to be an id, and nothing that a log or a page could read as anything else.
WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{7,63}")
METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
# Called every few seconds by machines; their lines would hide the others.
FREQUENT = frozenset(("/livez", "/readyz", "/healthz", "/metrics", "/static"))


class RequestLog:
    """The outermost middleware: nothing that is raised gets past it, so that no server logs its text."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
        elif scope["type"] == "http":
            await self._request(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request=request_id)
        began, status = time.perf_counter(), 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except Exception as error:
            log_unexpected(error, route=route_of(scope))
            if not status:
                text = f"Something went wrong on our side. Reference: {request_id}"
                await PlainTextResponse(text, status_code=500)(scope, receive, send_with_id)
        except asyncio.CancelledError as error:
            # Of the server, whose time to stop is over; the loop goes on for as long as this takes.
            if not scope["app"].state.stopping.is_set():
                raise
            response = await cut_off(Request(scope, receive), error)
            if not status:  # else the connection is closed, so that half a file is not taken for the whole
                await response(scope, receive, send_with_id)
        finally:
            _log_request(scope, status, time.perf_counter() - began)

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Start-up and shutdown: what fails is logged here, and the server gets no traceback to log."""

        async def send_without_text(message: Message) -> None:
            await send({"type": message["type"]})

        try:
            await self.app(scope, receive, send_without_text)
        except Exception as error:
            log.critical("starting or stopping failed", **describe(error))


def _request_id(scope: Scope) -> str:
    """The proxy's id of the request where one is trusted and sent a well-formed one, else a new one."""
    given = Headers(scope=scope).get(HEADER, "") if scope.get(FROM_PROXY) else ""
    return given if WELL_FORMED.fullmatch(given) else uuid4().hex


def _log_request(scope: Scope, status: int, seconds: float) -> None:
    """status: 0 where no response was sent, since the client left or the server stopped."""
    route = route_of(scope)
    method = scope["method"] if scope["method"] in METHODS else "other"
    metrics.observe_request(route, method, status, seconds)
    level = logging.DEBUG if route in FREQUENT and status < 500 else logging.INFO
    if _lines.isEnabledFor(level):
        log.log(level, "request", route=route, method=method, status=status, ms=round(seconds * 1000, 1))
