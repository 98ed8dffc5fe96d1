"""The organizers' overview, and what can be done from it: put something off, or press its button."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles.base import clock
from circles.base.errors import Refused
from circles.organizing import needs
from circles.organizing.overview import queries, rules
from circles.web import access, cookies, render
from circles.web.forms import Form

HOME = "/organize"


async def overview(request: Request) -> Response:
    viewer, person = cookies.viewer(request), request.state.person
    async with access.context(request).db.reading() as tx:
        glance = await queries.glance(tx, viewer)
        waiting = await needs.waiting(tx, person.id)
    now, counted = clock.now(), waiting.counted
    listed = needs.in_order(waiting.shown, now)[: needs.MAX_LISTED]
    today = clock.wall_time(now, viewer.zone or "UTC").date()
    return render.page(
        request,
        "organizing/overview/overview.html",
        today=today,
        month=clock.format_month(today),
        days=rules.by_day(glance.ahead, lambda row: clock.local_day(row["starts_at"], row["zone"], viewer)),
        glance=glance,
        polylines=rules.polylines,
        chart=(rules.WIDTH, rules.HEIGHT),
        listed=[(level, kind, need, kind.describe(need, viewer)) for level, kind, need in listed],
        pressing=sum(level == "pressing" for level, _, _ in needs.in_order(counted, now)),
        total=len(counted),
        is_cut=len(counted) < len(waiting.needs),
        has_more=len(listed) < len(waiting.needs),
        put_off=[(need, needs.noun_of(need.facts["of"])) for need in waiting.put_off[: needs.MAX_OF_KIND]],
        put_off_more=len(waiting.put_off) > needs.MAX_OF_KIND,
        choices=list(needs.PUT_OFF.items()),
    )


async def put_off(request: Request) -> Response:
    """POST: something comes back in some days."""
    form = await Form.read(request)
    try:
        await needs.put_off(
            access.context(request),
            request.state.person,
            form.value("kind"),
            form.value("about"),
            form.value("until"),
            cookies.viewer(request),
        )
    except Refused as refused:
        return _back(" ".join(reason.text for reason in refused.reasons), "warn")
    return _back("Put off. It comes back here in time.")


async def bring_back(request: Request) -> Response:
    """POST: something that was put off is listed at once."""
    form = await Form.read(request)
    await needs.bring_back(
        access.context(request), request.state.person, form.value("kind"), form.value("about")
    )
    return _back("It is in the list again.")


async def act(request: Request) -> Response:
    """POST: what the button of a need says."""
    form = await Form.read(request)
    try:
        notice = await needs.act(
            access.context(request), request.state.person, form.value("kind"), form.value("about")
        )
    except Refused as refused:
        return _back(" ".join(reason.text for reason in refused.reasons), "warn")
    return _back(notice)


def _back(notice: str, kind: str = "good") -> Response:
    return render.see_other(f"{HOME}#needs", notice=notice, kind=kind)
