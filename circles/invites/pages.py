""" "My gatherings", the calendar file of a booking, the private feed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from circles import bookings, gatherings
from circles.base import clock
from circles.base.clock import Viewer
from circles.invites import actions, feeds, rules
from circles.invites.suggested_dates import CALENDAR
from circles.store import db
from circles.web import access, cookies, render
from circles.web.encoding import compression
from circles.web.forms import Form

SQL = db.queries("invites/invites")

# How many gatherings the page lists, past and ahead.
MAX_SHOWN = 120


async def my_gatherings(request: Request) -> Response:
    context, actor = access.context(request), request.state.person
    compression.send_as_it_is(request)  # the page holds the address of the feed, which is a key
    async with context.db.reading() as tx:
        rows = await db.rows(SQL.mine(tx, actor_id=actor.id, most=MAX_SHOWN))
        feed, more = await feeds.feed_and_more(context, tx, actor.id)
    return render.page(
        request,
        "invites/my_gatherings.html",
        ahead=[_shown(row, cookies.viewer(request)) for row in rows if row["ends_at"] > row["now"]],
        past=[row for row in rows if row["ends_at"] <= row["now"] and row["state"] == "confirmed"],
        feed=feed,
        has_feed=more["number"] is not None,
        suggested=more["suggested"],
        unread=more["unread"],
        requests=[_requested(row) for row in more["requests"]],
        waits=[_waited(row, clock.now(), cookies.viewer(request)) for row in more["waits"]],
        passes=[_pass_shown(row) for row in more["passes"]],
        choices=Form({"leaves_out_mailed": "on" if more["leaves_out_mailed"] else ""}),
    )


def _requested(row: dict[str, Any]) -> dict[str, Any]:
    """A request as the page shows it, from JSON, whose times are text."""
    starts_at = datetime.fromisoformat(row["starts_at"]) if row["starts_at"] else None
    return {**row, "starts_at": starts_at, "seat": bookings.seat_of_request(row["id"], row["state"])}


def _waited(row: dict[str, Any], now: datetime, viewer: Viewer) -> dict[str, Any]:
    """A place on a waiting list as the page shows it, from JSON, whose times are text."""
    seat = bookings.seat_of_wait(bookings.OwnWait.of(row), now, row["zone"], viewer)
    return {**row, "starts_at": datetime.fromisoformat(row["starts_at"]), "seat": seat}


def _pass_shown(row: dict[str, Any]) -> dict[str, Any]:
    """A pass as the page shows it, from JSON, whose times are text."""
    until = datetime.fromisoformat(row["valid_until"]) if row["valid_until"] else None
    return {**row, "valid_until": until, "left": bookings.left_text(row["uses"] - row["used"])}


def _shown(row: db.Record, viewer: Viewer) -> dict[str, Any]:
    seat = bookings.seat_of_booking(row, viewer)
    join_info = rules.join_info(
        row["place"],
        row["join_link"],
        row["address"],
        row["starts_at"],
        row["ends_at"],
        row["now"],
        room_open=gatherings.room_is_open(row["opened_at"], row["starts_at"]),
    )
    return {
        **row,
        # Guidelines that changed must be accepted first.
        "join_info": join_info if row["state"] == "confirmed" and not row["must_agree"] else rules.JoinInfo(),
        "seat": seat,
        "change": gatherings.UnseenChange.read(
            row["unseen_change"],
            viewer,
            shows_place=row["state"] == "confirmed" and not row["must_agree"],
        ),
    }


async def renew_feed(request: Request) -> Response:
    """POST: make the address of the feed, or another one in its place."""
    form, context, actor = await Form.read(request), access.context(request), request.state.person
    if form.checked("show"):
        await feeds.show_feed(context, actor_id=actor.id)
        notice = "Your feed has an address. Subscribe to it below."
    else:
        await feeds.renew_feed(context, actor_id=actor.id)
        notice = "Your feed has a new address. The old one has stopped working. Please subscribe again."
    back = "/host/calendar" if form.value("back") == "host" else "/my/gatherings#feed"
    return render.see_other(back, notice=notice)


async def choose_feed(request: Request) -> Response:
    """POST: whether the feeds leave out what came by mail."""
    form, actor = await Form.read(request), request.state.person
    leaves_out = form.checked("leaves_out_mailed")
    await feeds.choose(access.context(request), actor_id=actor.id, leaves_out_mailed=leaves_out)
    notice = (
        "Your feed leaves out what came by mail."
        if leaves_out
        else "Your feed shows everything, mailed or not."
    )
    return render.see_other("/my/gatherings#feed", notice=notice)


async def invite_file(request: Request) -> Response:
    context = access.context(request)
    async with context.db.reading() as tx:
        body = await actions.invite_file(context, tx, access.path_id(request), request.state.person.id)
    return Response(
        body, media_type=CALENDAR, headers={"Content-Disposition": 'attachment; filename="gathering.ics"'}
    )


async def feed(request: Request) -> Response:
    """A private feed for calendar programs. Its URL is the only credential."""
    context = access.context(request)
    async with context.db.reading() as tx:
        body, tag = await feeds.feed(context, tx, request.path_params["token"])
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "X-Robots-Tag": "noindex"}
    if rules.is_unchanged(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=CALENDAR, headers=headers)
