"""The page of the hosts' private reflection."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles.attendance.afterwards import reflection_actions as actions
from circles.attendance.afterwards import reflection_rules as rules
from circles.base import reading
from circles.base.errors import OutOfDate, Refused
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form


async def _reflection(request: Request) -> db.Record:
    async with access.context(request).db.reading() as tx:
        return await actions.reflection(tx, access.path_id(request), request.state.person.id)


async def show(request: Request) -> Response:
    row = await _reflection(request)
    names = ("went_well", "carry_on", "version")
    return _page(request, row, Form({name: str(row[name]) for name in names}))


async def save(request: Request) -> Response:
    form = await Form.read(request)
    try:
        await actions.save(
            access.context(request),
            actor_id=request.state.person.id,
            gathering_id=access.path_id(request),
            texts=rules.read(form.values),
            version=reading.whole_number(form.value("version"), 0),
        )
    except Refused as refused:
        row = await _reflection(request)
        if isinstance(refused, OutOfDate):
            form.values["version"] = str(row["version"])
        return _page(request, row, form.add(refused.reasons), 422)
    return render.see_other(
        f"/host/gatherings/{access.path_id(request)}/reflection", notice="Your reflection is kept."
    )


def _page(request: Request, row: db.Record, form: Form, status: int = 200) -> Response:
    return render.page(
        request,
        "attendance/afterwards/reflection.html",
        status,
        about=row,
        form=form,
        closed=rules.refusals(row["state"], row["has_begun"]),
        most=rules.MAX_CHARACTERS,
    )
