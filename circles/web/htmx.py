"""htmx requests and response headers."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response


def wants_part(request: Request) -> bool:
    """Whether htmx 4 requests a part of the page.

    A response that depends on it needs `vary`, or the browser's Back button shows the bare part.
    """
    return (
        request.headers.get("hx-request") == "true"
        and request.headers.get("hx-request-type", "partial") == "partial"
    )


def vary(response: Response) -> Response:
    """Mark a response as different for htmx requests."""
    response.headers["Vary"] = "HX-Request, HX-Request-Type"
    return response


def redirect(url: str) -> Response:
    """Make htmx load another page whole (HX-Redirect)."""
    return Response(status_code=200, headers={"HX-Redirect": url})
