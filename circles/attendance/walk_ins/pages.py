"""Pages of walk-ins: add somebody by a first name or find them by name, and take them off again."""

from __future__ import annotations

from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from circles.attendance.register import actions as register_actions
from circles.attendance.register.actions import Register
from circles.attendance.register.rules import MAY_RUN
from circles.attendance.walk_ins import actions
from circles.attendance.walk_ins.rules import WalkIn
from circles.base import reading
from circles.base.errors import NotFound, Reason, Refused
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form


async def form(request: Request) -> Response:
    return await _page(request, Form({"id": str(uuid4()), "counts": "on"}))


async def _gathering(request: Request, tx: db.Tx) -> db.Record:
    row = await register_actions.hosted_gathering(tx, access.path_id(request), request.state.person.id)
    if row["part"] not in MAY_RUN:
        raise NotFound
    return row


async def _page(request: Request, form: Form, status: int = 200) -> Response:
    """The page to add somebody. What was looked for stands in the form alone, never in an address."""
    typed = form.value("look").strip()
    async with access.context(request).db.reading() as tx:
        gathering = await _gathering(request, tx)
        people = await actions.find(tx, gathering, typed) if typed else []
    return render.page(
        request,
        "attendance/walk_ins/add.html",
        status,
        form=form,
        gathering=gathering,
        register=Register(gathering, ()),
        closed=actions.closed_refusals(gathering),
        typed=typed,
        people=people,
        asks="over_capacity" in {reason.code for reason in form.reasons} or form.checked("over"),
    )


async def add(request: Request) -> Response:
    """POST: look for somebody, or add them; a full room asks once more with the form as it was."""
    form = await Form.read(request)
    if form.value("then") == "look":
        if not form.value("look").strip():
            form.add(Reason("no_name", "Please type a part of their name.", "look"))
        return await _page(request, form, 200 if form.ok else 422)
    gathering_id = access.path_id(request)
    walk_in = WalkIn(
        form.creation_id(),
        form.value("walk_in"),
        reading.uuid_or_none(form.value("person")),
        counts=form.checked("counts"),
        over=form.checked("over"),
        cash=form.value("cash"),
    )
    try:
        await actions.add(
            access.context(request),
            actor_id=request.state.person.id,
            gathering_id=gathering_id,
            walk_in=walk_in,
        )
    except Refused as refused:
        return await _page(request, form.add(refused.reasons), 422)
    back = "/room#who" if form.value("back") == "room" else "#register"
    return render.see_other(f"/host/gatherings/{gathering_id}{back}", notice="They are on the list.")


async def remove(request: Request) -> Response:
    gathering_id = access.path_id(request)
    try:
        await actions.remove(
            access.context(request),
            actor_id=request.state.person.id,
            gathering_id=gathering_id,
            walk_in_id=access.path_id(request, "walk_in"),
        )
    except Refused as refused:
        return await _page(request, Form({"id": str(uuid4())}).add(refused.reasons), 422)
    return render.see_other(f"/host/gatherings/{gathering_id}#register", notice="They are off the list.")
