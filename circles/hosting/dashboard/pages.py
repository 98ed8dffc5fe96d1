"""The first page of whoever hosts: what is next, and what is missing."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles.base.errors import NotFound
from circles.hosting.dashboard import rules
from circles.store import db
from circles.web import access, cookies, render

SQL = db.queries("hosting/dashboard")


async def desk(request: Request) -> Response:
    """Today, the week ahead, and the loose ends. Two queries, and one for the sign-in."""
    person = request.state.person
    async with access.context(request).db.reading() as tx:
        week = await db.rows(SQL.week(tx, person=person.id))
        circles = await db.rows(SQL.loose_ends(tx, person=person.id))
    may_plan = person.is_facilitator or person.is_organizer
    if not (week or circles or may_plan):
        raise NotFound
    zone = cookies.viewer_zone(request)
    today, later = rules.today_and_later(week, zone)
    return render.page(
        request,
        "hosting/dashboard/dashboard.html",
        today=today,
        later=later,
        circles=circles,
        missing=rules.missing(circles),
        may_plan=may_plan,
        viewer_zone=zone,
    )
