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


async def _found(request: Request) -> db.Record:
    async with access.context(request).db.reading() as tx:
        return await actions.reflection(tx, access.path_id(request), request.state.person.id)


async def show(request: Request) -> Response:
    """What was kept, in the form for hosts, to read for organizers."""
    found = await _found(request)
    names = ("went_well", "carry_on", "version")
    return _page(request, found, Form({name: str(found[name]) for name in names}))


async def keep(request: Request) -> Response:
    """Keep what was typed."""
    form = await Form.read(request)
    try:
        await actions.keep(
            access.context(request),
            person_id=request.state.person.id,
            gathering_id=access.path_id(request),
            words=rules.read(form.values),
            version=reading.whole(form.value("version"), 0),
        )
    except Refused as refused:
        found = await _found(request)
        if isinstance(refused, OutOfDate):
            form.values["version"] = str(found["version"])
        form.add(refused.reasons)
        return _page(request, found, form, 422)
    return render.see_other(
        f"/host/gatherings/{access.path_id(request)}/reflection", notice="Your reflection is kept."
    )


def _page(request: Request, found: db.Record, form: Form, status: int = 200) -> Response:
    return render.page(
        request,
        "attendance/afterwards/reflection.html",
        status,
        about=found,
        form=form,
        closed=rules.refusals(found["state"], found["has_begun"]),
        most=rules.MAX_CHARACTERS,
    )
