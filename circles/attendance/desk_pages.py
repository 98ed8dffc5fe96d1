"""The first page of whoever hosts: what is next, and what is missing."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles import db
from circles.attendance import desk as rules
from circles.errors import NotFound
from circles.web import cookies, guard, render

SQL = db.queries("desk")


async def desk(request: Request) -> Response:
    """Today, the week ahead, and the loose ends. Two queries, and one for the sign-in."""
    person = request.state.person
    async with guard.house(request).db.reading() as tx:
        week = await db.rows(SQL.week(tx, person=person.id))
        circles = await db.rows(SQL.loose_ends(tx, person=person.id))
    may_plan = person.is_facilitator or person.is_organizer
    if not (week or circles or may_plan):
        raise NotFound
    zone = cookies.viewer_zone(request) or person.zone
    today, later = rules.today_and_later(week, zone)
    return render.page(
        request,
        "attendance/desk.html",
        today=today,
        later=later,
        circles=circles,
        missing=rules.missing(circles),
        may_plan=may_plan,
        viewer_zone=zone,
    )
