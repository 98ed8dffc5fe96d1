"""The cookies of the site: the sign-in, the browser that asked for a code, the zone, the one-line notice."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import Response

from circles.base import clock
from circles.base.settings import Settings

NOTICE = "notice"
ZONE = "zone"
ZONE_LASTS = 31_536_000  # seconds: a year


@dataclass(frozen=True, slots=True)
class Notice:
    """One line shown once, on the next page."""

    kind: str
    text: str


def name(settings: Settings, short: str) -> str:
    """A cookie's full name: outside practice it has the __Host- prefix (RFC 6265bis, 4.1.3.2)."""
    return short if settings.practice else f"__Host-{short}"


def read(request: Request, short: str) -> str:
    """The value of one of our private cookies, or an empty string."""
    return request.cookies.get(name(request.app.state.context.settings, short), "")


def write(response: Response, settings: Settings, short: str, value: str, seconds: int) -> None:
    """Set a private cookie: HttpOnly, SameSite=Lax, Secure outside practice. seconds: how long it lives."""
    response.set_cookie(
        name(settings, short),
        value,
        max_age=seconds,
        path="/",
        httponly=True,
        samesite="lax",
        secure=not settings.practice,
    )


def delete(response: Response, settings: Settings, short: str) -> None:
    """Take a private cookie away."""
    write(response, settings, short, "", 0)


def viewer_zone(request: Request) -> str:
    """The visitor's zone: as their browser or they themselves said, else as their account says; may be empty."""
    person = getattr(request.state, "person", None)
    return browser_zone(request) or (person.zone if person else "")


def browser_zone(request: Request) -> str:
    """The zone that the browser told or its visitor chose; empty when unknown."""
    zone = unquote(request.cookies.get(ZONE, ""))
    return zone if clock.is_zone(zone) else ""


def set_zone(response: Response, settings: Settings, zone: str) -> None:
    """Remember the zone a visitor chose. static/circles.js sets the same cookie to the browser's own zone."""
    response.set_cookie(
        ZONE,
        quote(zone, safe=""),
        max_age=ZONE_LASTS,
        path="/",
        samesite="lax",
        secure=not settings.practice,
    )


def set_notice(response: Response, text: str, kind: str) -> None:
    """Leave one line for the next page."""
    response.set_cookie(NOTICE, quote(f"{kind}:{text}"), max_age=60, path="/", httponly=True, samesite="lax")


def notice(request: Request) -> Notice | None:
    """The line the last page left, if any."""
    kind, _, text = unquote(request.cookies.get(NOTICE, "")).partition(":")
    return (
        Notice(kind if kind in ("good", "calm", "matters", "warn") else "calm", text[:300]) if text else None
    )


def delete_notice(response: Response) -> None:
    """The line has been shown."""
    response.delete_cookie(NOTICE, path="/", httponly=True, samesite="lax")
