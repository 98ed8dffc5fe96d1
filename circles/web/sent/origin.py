"""The page a form was sent from: a hidden field of every posted form."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from html import escape
from urllib.parse import unquote, urlsplit

from starlette.requests import Request
from starlette.routing import Match, Route

from circles.web import htmx

FIELD = "sent-from"
MAX_PATH = 500
_FORM = "<form"
_POSTED_FORM = re.compile(r'<form\b[^>]*\bmethod="post"[^>]*>')
_ONCE = " data-once"
_AS_SENT = " data-as-sent"  # of a form that has the fields of another one, this one too
_SIGNING_IN = re.compile(r'\baction="/(?:sign-in|sign-out"|practice/)')


@dataclass(frozen=True, slots=True)
class Origin:
    """key: of the page's content, in forms that are done once. page: its path and query. Both may be empty."""

    key: str = ""
    page: str = ""


def safe_path(path: str) -> str:
    """The path, if it leads to this site, else an empty string: an open redirect would lead to another host."""
    path = unquote(path) if path.startswith("%2F") else path
    if not path.startswith("/") or path.startswith(("//", "/\\")) or any(ord(c) < 33 for c in path):
        return ""
    return path


def read(value: str) -> Origin:
    """The origin in the hidden field of a form."""
    key, _, page = value.partition(".")
    page = safe_path(page)
    return Origin(key, page) if page and len(page) <= MAX_PATH else Origin()


def add_fields(request: Request, html: str) -> str:
    """The page with the hidden field in each of its posted forms, those of signing in excepted.

    A form with `data-once` also has a hash of the page, so that a second press is known from a form sent again after
    the page has changed. Two pages that are alike have like fields, so that no field tells more than the page.
    """
    if 'method="post"' not in html:
        return html
    page = escape(_page_shown(request))
    key = digest(html.encode(errors="surrogatepass")).hex()[:24] if _ONCE in html else ""

    def add(form: re.Match[str]) -> str:
        if _SIGNING_IN.search(form[0]) or _AS_SENT in form[0]:
            return form[0]
        return (
            f'{form[0]}<input type="hidden" name="{FIELD}" value="{key if _ONCE in form[0] else ""}.{page}">'
        )

    parts, done, at = [], 0, html.find(_FORM)
    while at >= 0:  # the expression over a whole page takes twenty times as long
        if form := _POSTED_FORM.match(html, at):
            parts += [html[done:at], add(form)]
            done = form.end()
        at = html.find(_FORM, at + 1)
    return "".join([*parts, html[done:]])


def _page_shown(request: Request) -> str:
    """The page that the browser shows with this response: its own, or the one that htmx or a refused form is on."""
    before: Origin | None = getattr(request.state, "sent_from", None)
    if before and before.page:
        return before.page
    if htmx.wants_part(request):
        return htmx_page(request) or _path(request)
    return _path(request)


def _path(request: Request) -> str:
    """The path with its query; without, for a visitor, whose page shows nothing of an address that somebody made."""
    path = f"{request.url.path}?{request.url.query}"
    is_short = getattr(request.state, "person", None) and request.url.query and len(path) <= MAX_PATH
    return path if is_short else request.url.path


def htmx_page(request: Request) -> str:
    """The path of the page that htmx is on (HX-Current-URL); empty for a page of another site."""
    parts = urlsplit(request.headers.get("hx-current-url", ""))
    if parts.netloc and parts.netloc != request.headers.get("host"):
        return ""
    return safe_path(parts.path + (f"?{parts.query}" if parts.query else ""))[:MAX_PATH]


def page_of(request: Request, origin: Origin) -> str:
    """The page to lead back to after a POST: what the form or htmx says, else the nearest page that can be shown."""
    return origin.page or htmx_page(request) or _nearest_page(request)


def _nearest_page(request: Request) -> str:
    """The page a route names, or the first path above that can be shown; empty where there is none."""
    named: str = getattr(request.scope.get("route"), "form_page", "")
    path = named.format(**request.path_params) or request.url.path
    while path.strip("/"):
        scope = {"type": "http", "path": path, "root_path": "", "method": "GET"}
        if any(isinstance(one, Route) and one.matches(scope)[0] is Match.FULL for one in request.app.routes):
            return path
        path = path.rpartition("/")[0]
    return ""


def digest(*parts: bytes) -> bytes:
    """SHA-256 over parts of any length."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(len(part).to_bytes(8) + part)
    return whole.digest()
