"""The Starlette application, with middleware outside of Starlette's own error handling."""

from __future__ import annotations

import time
from typing import Any

from starlette.applications import Starlette
from starlette.types import ASGIApp

from circles.web import errors, headers
from circles.web.encoding.compression import Compression
from circles.web.monitoring.request_log import RequestLog


class Site(Starlette):
    """Starlette with our headers on every response, its own error responses too."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # Starlette's own redirect is an address made of the Host header, which anybody can write. Ours: web/errors.py
        self.router.redirect_slashes = False
        self.state.started = time.monotonic()
        self.state.shared_pages = {}  # circles/web/render.py
        self.state.seen_full = set()  # circles/bookings/pages.py

    def build_middleware_stack(self) -> ASGIApp:
        """Starlette's stack, wrapped in ours."""
        inner = headers.LargeBodyPage(super().build_middleware_stack(), page=errors.body_too_large)
        return RequestLog(headers.SecurityHeaders(Compression(inner), https=not self.state.settings.practice))
