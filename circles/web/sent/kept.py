"""Forms sent without a sign-in: kept for an hour, and shown filled in to the person who then signs in.

Nothing is carried out: the person sends the form again. A form is kept for one browser (its cookie is the key the
values are encrypted with) and for one person (whose sign-in this browser had, though it ended or they signed out).
Another site can plant nothing, because posts of other sites are refused before (SameSiteOnly). Files are not kept.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from circles.base.settings import Settings
from circles.store import db, jobs
from circles.store.context import Context
from circles.web import cookies, limits
from circles.web.sent import fields, origin, searched

SQL = db.queries("web/kept")
COOKIE = "kept"
SIGNED_OUT = "signed-out"
INTERRUPTED = (
    "circles.interrupted_form"  # the key in an ASGI scope: a form of this very request (interrupted.py)
)
LASTS = 3600  # seconds; sql/web/kept.sql says the same
MAX_BYTES = 200_000  # of a body that is read without a sign-in
MAX_KEPT = (60, timedelta(minutes=15))  # forms from one network, of strangers
MAX_KEPT_OF_SIGN_IN = (
    20,
    timedelta(minutes=15),
)  # of a browser whose sign-in ended: no stranger can use these up
FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")


@dataclass(frozen=True, slots=True)
class KeptForm:
    """A kept form. path: it was posted to. page: the form is on. pairs: names and values; None when too large.

    mark: of the person who signed out of this browser before.
    """

    path: str
    page: str
    pairs: list[tuple[str, str]] | None
    has_files: bool
    mark: str


async def keep(request: Request, sign_in: str) -> tuple[str, str]:
    """Keep the form of a request. sign_in: the token of this browser's sign-in so far.

    Returns the page to come back to, and the value of the cookie; empty where nothing was kept.
    """
    is_form = request.headers.get("content-type", "").startswith(FORM_TYPES)
    if not is_form or not await _is_allowed(request, sign_in):
        return origin.page_of(request, origin.Origin()), ""
    context: Context = request.app.state.context
    pairs, has_files = await read_pairs(request)
    sent_from = origin.read(dict(pairs or ()).get(origin.FIELD, ""))
    page = origin.page_of(request, sent_from)
    own = None if pairs is None else [pair for pair in pairs if pair[0] != origin.FIELD]
    form = KeptForm(
        request.url.path, page, own, has_files, "" if sign_in else cookies.read(request, SIGNED_OUT)
    )
    token = secrets.token_urlsafe(32)
    async with context.db.transaction() as tx:
        await SQL.keep(
            tx, token_hash=_hash(token), sealed=_seal(token, _encode(form)), sign_in_hash=_hash(sign_in)
        )
    return page, token


async def read_pairs(request: Request) -> tuple[list[tuple[str, str]] | None, bool]:
    """The fields, or None for a body that is too large or cannot be read; and whether there were files."""
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > MAX_BYTES:
        return None, request.headers["content-type"].startswith("multipart")
    try:
        return await fields.read(request)
    except HTTPException:
        return None, False
    finally:
        await request.close()


async def _is_allowed(request: Request, sign_in: str) -> bool:
    context: Context = request.app.state.context
    network = limits.client_network(request, context.settings)
    async with context.db.transaction() as tx:
        ended = await SQL.sign_in_of(tx, token_hash=_hash(sign_in)) if sign_in else None
        counted = (
            [limits.Limit(f"keep sign-in {ended}", *MAX_KEPT_OF_SIGN_IN)]
            if ended
            else limits.of_network("keep", network, [MAX_KEPT])
        )
        return not await limits.count(tx, context.settings, *counted)


def _encode(form: KeptForm) -> bytes:
    return json.dumps(asdict(form)).encode()


def _decode(sealed: bytes) -> KeptForm:
    values: dict[str, Any] = json.loads(sealed)
    if values["pairs"] is not None:
        values["pairs"] = [(name, value) for name, value in values["pairs"]]
    return KeptForm(**values)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _seal(token: str, data: bytes) -> bytes:
    """Encrypt or decrypt with a random token that is used for one form alone."""
    return searched.encrypt(b"kept form " + token.encode(), data)


async def _load(request: Request) -> tuple[KeptForm, UUID | None] | None:
    """The form this browser has kept, and whose sign-in it had; or None."""
    token = cookies.read(request, COOKIE)
    if not token:
        return None
    context: Context = request.app.state.context
    async with context.db.reading() as tx:
        row = await SQL.kept(tx, token_hash=_hash(token))
    return (_decode(_seal(token, row["sealed"])), row["person_id"]) if row else None


async def is_kept(request: Request) -> bool:
    """Whether this browser has a kept form, of any person."""
    return await _load(request) is not None


async def of(request: Request, person_id: UUID) -> KeptForm | None:
    """The form this browser has kept for a person. One of another person is forgotten."""
    loaded = await _load(request)
    if loaded is None:
        return None
    form, owner = loaded
    if _is_of(request, form, owner, person_id):
        return form
    if request.method == "POST":
        await forget(request)
    else:
        request.state.kept_is_over = True  # a GET writes nothing: the row is deleted in its time
    return None


def _is_of(request: Request, form: KeptForm, owner: UUID | None, person_id: UUID) -> bool:
    """Whether a form is this person's. Of nobody known, it is the next person's who signs in here."""
    if owner is not None:
        return owner == person_id
    keys = request.app.state.context.settings.signing_keys
    return not form.mark or any(hmac.compare_digest(form.mark, _mark(key, person_id)) for key in keys)


def _mark(key: bytes, person_id: UUID) -> str:
    return hmac.digest(key, b"signed out " + person_id.bytes, "sha256").hex()


async def forget(request: Request) -> None:
    """Forget the form this browser has kept. Its cookie goes with the response (`after`)."""
    request.state.kept_is_over = True
    context: Context = request.app.state.context
    async with context.db.transaction() as tx:
        await SQL.forget(tx, token_hash=_hash(cookies.read(request, COOKIE)))


async def find(request: Request) -> None:
    """Before a handler: set `request.state.kept` where this is the page of a kept form. Once it is sent, forget it."""
    if form := request.scope.get(INTERRUPTED):
        request.state.kept = form
        return
    if not cookies.read(request, COOKIE) or not request.state.person:
        return
    form = await of(request, request.state.person.id)
    if form is None:
        return
    if request.method == "POST" and request.url.path == form.path:
        await forget(request)
    elif request.method == "GET" and request.url.path == form.page.partition("?")[0]:
        request.state.kept = form


def after(request: Request, response: Response) -> None:
    """After a handler: delete the cookie of a form that was forgotten meanwhile."""
    if getattr(request.state, "kept_is_over", False):
        cookies.delete(response, request.app.state.context.settings, COOKIE)


async def sign_out(request: Request, response: Response) -> None:
    """As somebody signs out: forget their form, and note in the browser who a form sent from another tab is of."""
    settings: Settings = request.app.state.context.settings
    if cookies.read(request, COOKIE):
        await forget(request)
        cookies.delete(response, settings, COOKIE)
    if request.state.person:
        cookies.write(
            response, settings, SIGNED_OUT, _mark(settings.signing_key(), request.state.person.id), LASTS
        )


def remember(response: Response, settings: Settings, token: str) -> Response:
    """Set the cookie of a kept form."""
    if token:
        cookies.write(response, settings, COOKIE, token, LASTS)
    return response


@jobs.every("kept_forms.tidy", "*/10 * * * *")
async def delete_old(context: Context) -> None:
    """Delete the forms that were kept for an hour."""
    async with context.db.transaction() as tx:
        await SQL.delete_old(tx)
