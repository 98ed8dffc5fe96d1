"""The Starlette application with the middleware that must stand outside of Starlette's own."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.types import ASGIApp

from circles.web import errors, headers


class Site(Starlette):
    """Starlette with our headers around everything, its own answers to faults and large bodies too."""

    def build_middleware_stack(self) -> ASGIApp:
        """The stack as Starlette builds it, within ours."""
        inner = headers.LargeBodyPage(super().build_middleware_stack(), page=errors.too_much)
        return headers.SecurityHeaders(inner, https=not self.state.settings.practice)
