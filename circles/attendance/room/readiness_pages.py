"""The form of the checks a circle requires before its room opens."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles.attendance.room import readiness_actions as actions
from circles.attendance.room.readiness_rules import Checks
from circles.web import access, render
from circles.web.forms import Form


async def checks_form(request: Request) -> Response:
    async with access.context(request).db.reading() as tx:
        row = await actions.checks_of_circle(tx, access.path_id(request), request.state.person.id)
    ticked = {name: "on" for name in ("co", "card") if row[f"asks_{name}"]}
    return render.page(request, "attendance/room/readiness.html", circle=row, form=Form(ticked))


async def change_checks(request: Request) -> Response:
    form = await Form.read(request)
    circle_id = access.path_id(request)
    await actions.change_checks(
        access.context(request),
        actor_id=request.state.person.id,
        circle_id=circle_id,
        checks=Checks(form.checked("co"), form.checked("card")),
    )
    return render.see_other(f"/host/circles/{circle_id}", notice="Saved. It counts from the next opening on.")
