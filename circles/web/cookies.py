"""Cookies: private ones by name, the time zone, the notice for the next page."""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import Response

from circles.base import clock
from circles.base.clock import Viewer
from circles.base.settings import Settings

NOTICE = "notice"
NOTICE_LASTS = 60  # seconds
NOTICE_KINDS = ("good", "calm", "matters", "warn")
KNOWN = "browser"
KNOWN_LENGTH = 43  # of secrets.token_urlsafe(32)
ZONE = "zone"
ZONE_CHOSEN = "zone_chosen"
ZONE_LASTS = 31_536_000  # seconds: a year


@dataclass(frozen=True, slots=True)
class Notice:
    """A line shown once, on the next page. kind: one of NOTICE_KINDS."""

    kind: str
    text: str


def full_name(settings: Settings, name: str) -> str:
    """The name of a private cookie, in production with the __Host- prefix (RFC 6265bis, 4.1.3.2)."""
    return name if settings.practice else f"__Host-{name}"


def read(request: Request, name: str) -> str:
    """The value of a private cookie, or an empty string."""
    return request.cookies.get(full_name(request.app.state.context.settings, name), "")


def write(response: Response, settings: Settings, name: str, value: str, seconds: int) -> None:
    """Set a private cookie: HttpOnly, SameSite=Lax, Secure in production. seconds: its life."""
    response.set_cookie(
        full_name(settings, name),
        value,
        max_age=seconds,
        path="/",
        httponly=True,
        samesite="lax",
        secure=not settings.practice,
    )


def delete(response: Response, settings: Settings, name: str) -> None:
    """Delete a private cookie."""
    write(response, settings, name, "", 0)


def known_key(request: Request) -> str:
    """The key by which accounts know a browser in which they were signed in before; empty where there is none."""
    key = read(request, KNOWN)
    return key if len(key) == KNOWN_LENGTH and key.isascii() else ""


def viewer(request: Request) -> Viewer:
    """On whose clock this page says times: the visitor's zone, and the clock they chose or their language has."""
    person = getattr(request.state, "person", None)
    chosen = person.clock_hours if person and person.clock_chosen else None
    return Viewer(viewer_zone(request), chosen or browser_hours(request) or 12)


def browser_hours(request: Request) -> int | None:
    """12 or 24, the clock of the language that the browser prefers; None when it names none."""
    languages = request.headers.get("accept-language", "")
    return clock.hours_of(languages) if languages else None


def viewer_zone(request: Request) -> str:
    """The visitor's zone, from the zone cookie or else their account; empty when unknown."""
    person = getattr(request.state, "person", None)
    return browser_zone(request) or (person.zone if person else "")


def browser_zone(request: Request) -> str:
    """The zone in the zone cookie; empty when there is none, or an unknown one."""
    zone = unquote(request.cookies.get(ZONE, ""))
    return zone if clock.is_zone(zone) else ""


def set_zone(response: Response, settings: Settings, zone: str, *, chosen: bool = False) -> None:
    """Remember a visitor's zone; empty forgets it.

    static/circles.js sets the same cookie to the browser's own zone, unless the visitor has chosen another one.
    """
    for name, value in ((ZONE, quote(zone, safe="")), (ZONE_CHOSEN, "yes" if chosen and zone else "")):
        response.set_cookie(
            name,
            value,
            max_age=ZONE_LASTS if value else 0,
            path="/",
            samesite="lax",
            secure=not settings.practice,
        )


def set_notice(response: Response, text: str, kind: str) -> None:
    """Set the notice of the next page. The route writes its cookie (`write_notice`)."""
    response.notice = Notice(kind, text)  # pyright: ignore[reportAttributeAccessIssue]


def write_notice(response: Response, settings: Settings) -> None:
    """Write the cookie of a response's notice: signed, since the page shows its text as the site's own."""
    notice: Notice | None = getattr(response, "notice", None)
    if notice:
        value = json.dumps([int(clock.now().timestamp()), notice.kind, notice.text])
        write(
            response,
            settings,
            NOTICE,
            f"{_notice_mark(settings, value)}.{quote(value, safe='')}",
            NOTICE_LASTS,
        )


def notice(request: Request) -> Notice | None:
    """The notice that the last response set, if any."""
    settings = request.app.state.context.settings
    mark, _, quoted = read(request, NOTICE).partition(".")
    value = unquote(quoted)
    if not value or not hmac.compare_digest(mark.encode(), _notice_mark(settings, value).encode()):
        return None
    written, kind, text = json.loads(value)
    is_new = abs(clock.now().timestamp() - written) <= NOTICE_LASTS
    return Notice(kind if kind in NOTICE_KINDS else "calm", text[:300]) if is_new else None


def _notice_mark(settings: Settings, value: str) -> str:
    return hmac.digest(
        settings.signing_key(), b"notice " + value.encode(errors="surrogatepass"), "sha256"
    ).hex()


def delete_notice(response: Response, settings: Settings) -> None:
    """Delete the notice, after it was shown."""
    delete(response, settings, NOTICE)
