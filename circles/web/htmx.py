"""What htmx asks and is told."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response


def wants_part(request: Request) -> bool:
    """Whether htmx 4 asks for a part of the page, not for the whole of it.

    What answers by this must vary by these headers, or the browser's Back shows the bare part: `vary` says so.
    """
    return (
        request.headers.get("hx-request") == "true"
        and request.headers.get("hx-request-type", "partial") == "partial"
    )


def vary(response: Response) -> Response:
    """Say that a page answers differently to htmx."""
    response.headers["Vary"] = "HX-Request, HX-Request-Type"
    return response


def redirect(url: str) -> Response:
    """Tell htmx to load another page whole (its HX-Redirect header)."""
    return Response(status_code=200, headers={"HX-Redirect": url})
