"""htmx requests and response headers."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response


def is_htmx(request: Request) -> bool:
    """Whether htmx sent a request, and takes the page or a part of it into the page that is shown."""
    return request.headers.get("hx-request") == "true"


def wants_part(request: Request) -> bool:
    """Whether htmx 4 requests a part of the page.

    A response that depends on it needs `vary`, or the browser's Back button shows the bare part.
    """
    return is_htmx(request) and request.headers.get("hx-request-type", "partial") == "partial"


def vary(response: Response) -> Response:
    """Mark a response as different for htmx requests."""
    response.headers["Vary"] = "HX-Request, HX-Request-Type"
    return response


def keep_page(response: Response) -> Response:
    """Let htmx change nothing of the page."""
    response.headers["HX-Reswap"] = "none"
    return response


def retarget(response: Response, selector: str) -> Response:
    """Make htmx put all of a response into another element, whatever its own attributes say."""
    response.headers.update({"HX-Retarget": selector, "HX-Reswap": "innerHTML", "HX-Reselect": ".notice"})
    return response


def redirect(url: str) -> Response:
    """Make htmx load another page whole (HX-Redirect)."""
    return Response(status_code=200, headers={"HX-Redirect": url})
