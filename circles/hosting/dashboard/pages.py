"""Dashboard page of a host."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles.base.errors import NotFound
from circles.hosting.dashboard import rules
from circles.store import db
from circles.web import access, cookies, render

SQL = db.queries("hosting/dashboard")


async def dashboard(request: Request) -> Response:
    """Today, the week ahead, and what is missing. Two queries, and one for the sign-in."""
    actor = request.state.person
    async with access.context(request).db.reading() as tx:
        week = await db.rows(SQL.week(tx, actor_id=actor.id))
        circles = await db.rows(SQL.hosted_circles(tx, actor_id=actor.id))
    may_plan = actor.is_facilitator or actor.is_organizer
    if not (week or circles or may_plan):
        raise NotFound
    viewer = cookies.viewer(request)
    today, later = rules.today_and_later(week, viewer.zone)
    return render.page(
        request,
        "hosting/dashboard/dashboard.html",
        today=today,
        later=later,
        circles=circles,
        missing=rules.missing(circles, viewer),
        may_plan=may_plan,
    )
