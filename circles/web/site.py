"""The Starlette application, with middleware outside of Starlette's own error handling."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.types import ASGIApp

from circles.web import errors, headers


class Site(Starlette):
    """Starlette with our headers on every response, its own error responses too."""

    def build_middleware_stack(self) -> ASGIApp:
        """Starlette's stack, wrapped in ours."""
        inner = headers.LargeBodyPage(super().build_middleware_stack(), page=errors.body_too_large)
        return headers.SecurityHeaders(inner, https=not self.state.settings.practice)
