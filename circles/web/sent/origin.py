"""The page a form was sent from: a hidden field of every posted form."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from html import escape
from urllib.parse import unquote, urlsplit
from uuid import UUID

from starlette.requests import Request
from starlette.routing import Match, Route

from circles.base.settings import Settings
from circles.web import htmx

FIELD = "sent-from"
MAX_PATH = 500
_POSTED_FORM = re.compile(r'<form\b[^>]*\bmethod="post"[^>]*>')
_SIGNING_IN = re.compile(r'\baction="/(?:sign-in|sign-out"|practice/)')


@dataclass(frozen=True, slots=True)
class Origin:
    """key: of the page as it was rendered once. mark: of the person it was rendered for; empty for nobody.

    page: its path and query. All empty for a form without the field.
    """

    key: str = ""
    mark: str = ""
    page: str = ""


def safe_path(path: str) -> str:
    """The path, if it leads to this site, else an empty string: an open redirect would lead to another host."""
    path = unquote(path) if path.startswith("%2F") else path
    if not path.startswith("/") or path.startswith(("//", "/\\")) or any(ord(c) < 33 for c in path):
        return ""
    return path


def read(value: str) -> Origin:
    """The origin in the hidden field of a form."""
    key, _, rest = value.partition(".")
    mark, _, page = rest.partition(".")
    page = safe_path(page)
    return Origin(key, mark, page) if key and page and len(page) <= MAX_PATH else Origin()


def mark_of(settings: Settings, person_id: UUID | None, key: str) -> str:
    """The mark of a person on a form: it names nobody, differs from page to page, and cannot be made elsewhere."""
    if person_id is None:
        return ""
    return hmac.digest(settings.signing_key(), b"form " + person_id.bytes + key.encode(), "sha256")[:12].hex()


def add_fields(request: Request, html: str) -> str:
    """The page with the hidden field in each of its posted forms, those of signing in excepted."""
    if 'method="post"' not in html:
        return html
    person = getattr(request.state, "person", None)
    key = secrets.token_urlsafe(12)
    mark = mark_of(request.app.state.context.settings, person.id if person else None, key)
    value = escape(f"{key}.{mark}.{_page_shown(request)}")
    field = f'<input type="hidden" name="{FIELD}" value="{value}">'

    def add(form: re.Match[str]) -> str:
        return form[0] if _SIGNING_IN.search(form[0]) else form[0] + field

    return _POSTED_FORM.sub(add, html)


def _page_shown(request: Request) -> str:
    """The page that the browser shows with this response: its own, or the one that htmx or a refused form is on."""
    before: Origin | None = getattr(request.state, "sent_from", None)
    if before and before.page:
        return before.page
    if htmx.wants_part(request):
        return htmx_page(request) or _path(request)
    return _path(request)


def _path(request: Request) -> str:
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return path if len(path) <= MAX_PATH else request.url.path


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
