"""A host's page of one gathering: the roster and the register."""

from __future__ import annotations

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from circles.attendance.register import actions, history, rules
from circles.attendance.register.actions import Register
from circles.base import reading
from circles.base.errors import Refused
from circles.web import access, cookies, htmx, render
from circles.web.forms import Form


async def gathering(request: Request) -> Response:
    return _page(request, await _register(request), Form())


async def mark(request: Request) -> Response:
    form = await Form.read(request)
    try:
        booking_id = await save_mark(request, form)
    except Refused as refused:
        return await _refused(request, refused)
    if form.value("back") == "after":
        return render.see_other(f"/host/gatherings/{access.path_id(request)}/after")
    return await _marked(request, booking_id)


async def save_mark(request: Request, form: Form) -> UUID | None:
    """Make the mark of a form. Returns its booking or walk-in. Raises NotFound, and Refused with every reason."""
    booking_id = reading.uuid_or_none(form.value("booking"))
    walk_in_id = reading.uuid_or_none(form.value("walk_in_id"))
    await actions.mark(
        access.context(request),
        actor_id=request.state.person.id,
        gathering_id=access.path_id(request),
        booking_id=booking_id,
        mark=form.value("mark", "none was sent"),
        walk_in_id=walk_in_id,
    )
    return booking_id or walk_in_id


async def _register(request: Request) -> Register:
    async with access.context(request).db.reading() as tx:
        return await actions.register(tx, access.path_id(request), request.state.person.id)


async def _marked(request: Request, booking_id: UUID | None) -> Response:
    """The line and the counts for htmx; a redirect to that line for a browser without JavaScript."""
    register = await _register(request)
    seat = next((seat for seat in register.seats if seat.id == booking_id), None)
    if not htmx.wants_part(request):
        return render.see_other(f"{_address(register)}#{seat.anchor if seat else 'register'}")
    if seat is None:
        return htmx.redirect(_address(register))
    return htmx.vary(render.page(request, "attendance/register/_marked.html", register=register, seat=seat))


async def _refused(request: Request, refused: Refused) -> Response:
    """The page again with the reasons. htmx would swap it into one line, so it loads the page whole."""
    register = await _register(request)
    if htmx.wants_part(request):
        response = htmx.redirect(_address(register))
        cookies.set_notice(response, " ".join(reason.text for reason in refused.reasons), "warn")
        return response
    return _page(request, register, Form().add(refused.reasons), 422)


def _address(register: Register) -> str:
    return f"/host/gatherings/{register.gathering['id']}"


def _page(request: Request, register: Register, form: Form, status: int = 200) -> Response:
    return render.page(
        request,
        "attendance/register/gathering.html",
        status,
        register=register,
        form=form,
        opens_at=rules.opens_at(register.gathering["starts_at"]),
        may_change=register.gathering["part"] in ("lead", "co"),
        is_over=register.gathering["ends_at"] <= register.gathering["now"],
    )


async def record(request: Request) -> Response:
    """The record of a register: every mark, or those of one person, and when it was closed and opened again."""
    line = reading.uuid_or_none(request.query_params.get("of", ""))
    after = reading.whole_number(request.query_params.get("after", ""), 0)
    async with access.context(request).db.reading() as tx:
        shown = await history.history(
            tx, access.path_id(request), request.state.person.id, line=line, after=after
        )
    return render.page(request, "attendance/register/record.html", history=shown, line=line, after=after)
