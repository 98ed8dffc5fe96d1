"""What a circle asks of its host before a room opens: two ticks."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles.attendance.room import readiness_actions as actions
from circles.attendance.room.readiness_rules import Asked
from circles.web import access, render
from circles.web.forms import Form


async def asked_form(request: Request) -> Response:
    """What is asked so far."""
    async with access.context(request).db.reading() as tx:
        row = await actions.asked_of_hosts(tx, access.path_id(request), request.state.person.id)
    ticked = {name: "on" for name in ("co", "card") if row[f"asks_{name}"]}
    return render.page(request, "attendance/room/readiness.html", circle=row, form=Form(ticked))


async def change_asked(request: Request) -> Response:
    """Keep what is asked from now on."""
    form = await Form.read(request)
    circle_id = access.path_id(request)
    await actions.ask_of_hosts(
        access.context(request),
        person_id=request.state.person.id,
        circle_id=circle_id,
        asked=Asked(form.checked("co"), form.checked("card")),
    )
    return render.see_other(f"/host/circles/{circle_id}", notice="Kept. It holds from the next opening on.")
