"""Forms that add something, done once: a second press of the button leads where the first one did.

A browser gives up on the first answer when a button is pressed again, so both presses must lead to the same page. The
key is a hash over the person, the path and everything sent, with the hash of the page it was sent from; it is unique
in the database, and claimed before the handler runs. A page that has changed since has another hash: sending the same
from there is meant. A form without the field is known for two seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from circles.store import db, jobs
from circles.store.context import Context
from circles.web import cookies
from circles.web.sent import fields, origin

SQL = db.queries("web/sent")
LASTS = timedelta(minutes=10)
LASTS_UNMARKED = timedelta(seconds=2)  # of a form without the hash of its page
WAITS = timedelta(seconds=20)  # for the first press to be done
LOOKS_EVERY = 0.05  # seconds
STILL_RUNNING = "What you sent is still under way. Please look whether it is done before you send it again."
RELEASE_TRIES = 60  # a second apart, while the database is away

Handler = Callable[[Request], Awaitable[Response]]


async def run(request: Request, handler: Handler) -> Response:
    """The handler's response; for a second press a redirect to where the first one led."""
    context: Context = request.app.state.context
    pairs, _ = await fields.read(request)
    sent_from = origin.read(dict(pairs).get(origin.FIELD, ""))
    key = _key(request, pairs)
    lasts = LASTS if sent_from.key else LASTS_UNMARKED
    until = asyncio.get_running_loop().time() + WAITS.total_seconds()
    while not await _claim(context, key, lasts):
        while (location := await _location(context, key)) == "":
            if asyncio.get_running_loop().time() > until:
                return _led_before(origin.page_of(request, sent_from), STILL_RUNNING)
            await asyncio.sleep(LOOKS_EVERY)
        if location:
            return _led_before(location)
    return await _carry_out(request, handler, key)


def _key(request: Request, pairs: list[tuple[str, str]]) -> bytes:
    """The key of a sending. None of these forms has files."""
    sent = [part for pair in pairs for part in pair]
    parts = [str(request.state.person.id), request.url.path, *sent]
    return origin.digest(*(part.encode(errors="surrogatepass") for part in parts))


async def _claim(context: Context, key: bytes, lasts: timedelta) -> bool:
    async with context.db.transaction() as tx:
        return bool(await SQL.claim(tx, key=key, lasts=lasts))


async def _location(context: Context, key: bytes) -> str | None:
    """Where the first press led; empty while it runs, None once it was refused."""
    async with context.db.reading() as tx:
        row = await SQL.location(tx, key=key)
    return (row["location"] or "") if row else None


def _led_before(location: str, text: str = "This was sent twice, and done once.") -> Response:
    response = RedirectResponse(location or "/", status_code=303)
    cookies.set_notice(response, text, "calm")
    return response


async def _carry_out(request: Request, handler: Handler, key: bytes) -> Response:
    """Run the handler. What it refused may be sent again."""
    context: Context = request.app.state.context
    location, unsure = "", False
    try:
        response = await handler(request)
        location = response.headers.get("location", "") if response.status_code == 303 else ""
    except db.Unavailable as error:
        unsure = error.unsure  # it may be done, so a second press right now must not do it again
        raise
    finally:
        if not unsure:
            await _note_end(context, key, location)
    return response


async def _note_end(context: Context, key: bytes, location: str) -> None:
    """Note where a form led, or that it was refused; where the database is away, as soon as it is back."""
    try:
        await _end(context, key, location)
    except db.Unavailable:
        noting = asyncio.create_task(_note_end_later(context, key, location))
        _noting.add(noting)
        noting.add_done_callback(_noting.discard)


async def _note_end_later(context: Context, key: bytes, location: str) -> None:
    for _ in range(RELEASE_TRIES):
        await asyncio.sleep(1)
        with suppress(db.Unavailable):
            return await _end(context, key, location)
    return None


_noting: set[asyncio.Task[None]] = set()  # asyncio itself keeps no task alive


async def _end(context: Context, key: bytes, location: str) -> None:
    async with context.db.transaction() as tx:
        if location:
            await SQL.done(tx, key=key, location=location)
        else:
            await SQL.release(tx, key=key)


@jobs.every("sent_forms.tidy", "41 * * * *")
async def delete_old(context: Context) -> None:
    """Delete the keys of an hour ago."""
    async with context.db.transaction() as tx:
        await SQL.delete_old(tx)
