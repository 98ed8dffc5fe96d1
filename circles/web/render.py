"""Templates to HTML: the one Jinja environment, its filters, and what every page is given."""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from circles import clock, money, text
from circles.web import cookies, ring

ROOT = Path(__file__).resolve().parent.parent.parent
STATIC = ROOT / "static"


@cache
def static(name: str) -> str:
    """The address of a static file with a version of its content, so that it may be cached for good."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{quote(name)}?v={digest}"


def when(at: datetime, zone: str, viewer_zone: str = "") -> str:
    """A moment in words, in the circle's zone and the visitor's."""
    return clock.say_when(at, zone, viewer_zone)


def markdown(source: str) -> Markup:
    """Markdown made safe to show."""
    return Markup(text.markdown(source))


@cache
def environment() -> Environment:
    """The one Jinja environment: escapes everything, and a name that is not there is an error."""
    env = Environment(
        loader=FileSystemLoader(ROOT / "templates"),
        autoescape=select_autoescape(["html"], default_for_string=True),
        undefined=StrictUndefined,
        auto_reload=False,  # else every page asks the disk about every template it is made of
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters.update(
        money=money.say,
        money_plain=money.plain,
        when=when,
        when_short=clock.say_short,
        city=clock.city,
        date_words=clock.say_date,
        time_words=clock.say_time,
        length_words=clock.say_length,
        span_words=clock.say_span,
        markdown=markdown,
    )
    env.globals.update(static=static, ring_points=ring.ring_points, for_you=clock.say_for_you)
    return env


def render(template: str, **context: Any) -> str:
    """A template as text, for mail and for parts."""
    return environment().get_template(template).render(**context)


def page(request: Request, template: str, status: int = 200, **context: Any) -> Response:
    """A template as a page, given the person, the settings, the visitor's zone and the one-line notice."""
    notice = cookies.notice(request)
    about = {
        "request": request,
        "path": request.url.path,
        "person": getattr(request.state, "person", None),
        "settings": request.app.state.house.settings,
        "viewer_zone": cookies.viewer_zone(request),
        "notice": notice,
        "status": status,
    }
    response = HTMLResponse(render(template, **(about | context)), status_code=status)
    if notice:
        cookies.drop_notice(response)
    return response


def see_other(url: str, *, notice: str = "", kind: str = "good") -> Response:
    """303 See Other (RFC 9110, 15.4.4), with one line to show on the next page."""
    response = RedirectResponse(url, status_code=303)
    if notice:
        cookies.set_notice(response, notice, kind)
    return response


def safe_path(path: str) -> str:
    """A path on this site to go on to, or an empty string: never another host's address."""
    path = unquote(path) if path.startswith("%2F") else path
    if not path.startswith("/") or path.startswith(("//", "/\\")) or any(ord(c) < 33 for c in path):
        return ""
    return path
