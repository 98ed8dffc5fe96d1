"""The Starlette application, with middleware outside of Starlette's own error handling."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Match, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from circles.web import errors, headers
from circles.web.encoding.compression import Compression
from circles.web.monitoring.request_log import RequestLog


class Site(Starlette):
    """Starlette with our headers on every response, its own error responses too."""

    def __init__(self, *, routes: Sequence[BaseRoute], lifespan: Any, **options: Any) -> None:
        super().__init__(**options)
        self.router = _Router(routes, lifespan)
        self.state.started = time.monotonic()
        self.state.shared_pages = {}  # circles/web/render.py
        self.state.seen_full = set()  # circles/bookings/pages.py

    def build_middleware_stack(self) -> ASGIApp:
        """Starlette's stack, wrapped in ours."""
        inner = headers.LargeBodyPage(super().build_middleware_stack(), page=errors.body_too_large)
        return RequestLog(headers.SecurityHeaders(Compression(inner), https=not self.state.settings.practice))


class _Router(Router):
    """Starlette's router, which tries only the routes that begin with the first part of the path.

    There are more than 500; each that does not match takes 1 µs.
    """

    def __init__(self, routes: Sequence[BaseRoute], lifespan: Any) -> None:
        # Starlette's own redirect is an address made of the Host header, which anybody can write. Ours: web/errors.py
        super().__init__(routes, redirect_slashes=False, lifespan=lifespan)
        self._by_first: defaultdict[str, list[Route]] = defaultdict(list)
        for route in self.routes:
            if isinstance(route, Route):
                self._by_first[_first_part(route.path)].append(route)

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Carry out the first route that matches in full; what else there is (405, 404, mounts) is Starlette's."""
        if scope["type"] == "http":
            for route in self._by_first.get(_first_part(scope["path"]), ()):
                match, child_scope = route.matches(scope)
                if match is Match.FULL:
                    scope["route"], scope["router"] = route, self
                    scope.update(child_scope)
                    return await route.handle(scope, receive, send)
        return await super().app(scope, receive, send)


def _first_part(path: str) -> str:
    return path[1:].partition("/")[0]
