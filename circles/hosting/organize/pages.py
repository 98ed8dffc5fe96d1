"""Organizers' page of one circle: who hosts it, what is ahead and what can be done; and ending it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles.base.errors import Refused
from circles.hosting.hosts.rules import PARTS
from circles.hosting.organize import actions
from circles.web import access, render
from circles.web.forms import Form


async def circle(request: Request) -> Response:
    async with access.context(request).db.reading() as tx:
        planned = await actions.plan_end(tx, request.state.person, access.path_id(request))
    return render.page(
        request,
        "hosting/organize/circle.html",
        circle=planned.circle,
        ahead=planned.ahead,
        total=planned.gatherings,
        parts=PARTS,
    )


async def end_form(request: Request) -> Response:
    return await _end_page(request, Form())


async def _end_page(request: Request, form: Form) -> Response:
    async with access.context(request).db.reading() as tx:
        planned = await actions.plan_end(tx, request.state.person, access.path_id(request))
    return render.page(
        request,
        "hosting/organize/end.html",
        200 if form.ok else 422,
        form=form,
        circle=planned.circle,
        gatherings=planned.gatherings,
        seats=len(planned.booked),
        booked_gatherings=len({row["gathering_id"] for row in planned.booked}),
        fingerprint=planned.fingerprint,
    )


async def end(request: Request) -> Response:
    form = await Form.read(request)
    circle_id = access.path_id(request)
    try:
        await actions.end(
            access.context(request),
            request.state.person,
            circle_id,
            form.value("reason"),
            fingerprint=form.value("seen"),
        )
    except Refused as refused:
        return await _end_page(request, form.add(refused.reasons))
    notice = "The circle has ended. Everybody with a seat is being told."
    return render.see_other(f"/organize/circles/{circle_id}", notice=notice)
