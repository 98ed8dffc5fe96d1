"""Public feeds over HTTP: of one circle and of the whole community, as iCalendar and as Atom."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from circles.invites import rules
from circles.invites.public_feeds import queries
from circles.invites.public_feeds.queries import Feed
from circles.invites.public_feeds.rules import MAX_AGE, http_date, is_unmodified
from circles.invites.suggested_dates import CALENDAR
from circles.web import access

ATOM = "application/atom+xml; charset=utf-8"

_Body = Callable[[Feed, str], tuple[bytes, str]]


async def community_calendar(request: Request) -> Response:
    return await _community(request, queries.as_calendar, CALENDAR)


async def community_atom(request: Request) -> Response:
    return await _community(request, queries.as_atom, ATOM)


async def _community(request: Request, body_of: _Body, media_type: str) -> Response:
    context = access.context(request)
    async with context.db.reading() as tx:
        feed = await queries.community_feed(tx, context.settings)
    return _answer(request, feed, body_of, media_type)


async def circle_calendar(request: Request) -> Response:
    return await _circle(request, queries.as_calendar, CALENDAR)


async def circle_atom(request: Request) -> Response:
    return await _circle(request, queries.as_atom, ATOM)


async def _circle(request: Request, body_of: _Body, media_type: str) -> Response:
    async with access.context(request).db.reading() as tx:
        feed = await queries.circle_feed(tx, access.path_id(request))
    return _answer(request, feed, body_of, media_type)


def _answer(request: Request, feed: Feed, body_of: _Body, media_type: str) -> Response:
    """The feed, or 304 where the client has it. If-None-Match counts before If-Modified-Since (RFC 9110, 13.2.2)."""
    body, tag = body_of(feed, access.context(request).settings.base_url)
    headers = {
        "ETag": tag,
        "Last-Modified": http_date(feed.changed_at),
        "Cache-Control": f"public, max-age={MAX_AGE}",
    }
    known_tags = request.headers.get("if-none-match")
    unchanged = (
        rules.is_unchanged(known_tags, tag)
        if known_tags is not None
        else is_unmodified(request.headers.get("if-modified-since", ""), feed.changed_at)
    )
    if unchanged:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)
