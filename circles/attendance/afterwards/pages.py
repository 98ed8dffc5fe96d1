"""The page after a gathering: closing its register, notes for the next host."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles.attendance.afterwards import actions, reflection_actions
from circles.base.errors import Refused
from circles.web import access, render
from circles.web.forms import Form


async def after(request: Request) -> Response:
    return await _page(request, Form(), Form())


async def _page(request: Request, closing: Form, note: Form) -> Response:
    async with access.context(request).db.reading() as tx:
        after = await actions.after(tx, access.path_id(request), request.state.person.id)
    status = 200 if closing.ok and note.ok else 422
    return render.page(
        request, "attendance/afterwards/afterwards.html", status, after=after, closing=closing, form=note
    )


async def close(request: Request) -> Response:
    form = await Form.read(request)
    gathering_id = access.path_id(request)
    try:
        await actions.close_register(
            access.context(request),
            actor_id=request.state.person.id,
            gathering_id=gathering_id,
            rest_absent=form.checked("rest", "absent"),
        )
    except Refused as refused:
        return await _page(request, form.add(refused.reasons), Form())
    return render.see_other(f"/host/gatherings/{gathering_id}/after", notice="The register is closed.")


async def reopen(request: Request) -> Response:
    form = await Form.read(request)
    gathering_id = access.path_id(request)
    try:
        await actions.reopen_register(
            access.context(request),
            actor_id=request.state.person.id,
            gathering_id=gathering_id,
            values=form.values,
        )
    except Refused as refused:
        return await _page(request, form.add(refused.reasons), Form())
    return render.see_other(f"/host/gatherings/{gathering_id}/after", notice="The register is open again.")


async def write_note(request: Request) -> Response:
    form = await Form.read(request)
    gathering_id = access.path_id(request)
    try:
        await actions.write_note(
            access.context(request),
            actor_id=request.state.person.id,
            gathering_id=gathering_id,
            values=form.values,
        )
    except Refused as refused:
        return await _page(request, Form(), form.add(refused.reasons))
    return render.see_other(f"/host/gatherings/{gathering_id}/after#notes", notice="The note is kept.")


async def delete_note(request: Request) -> Response:
    gathering_id = await actions.delete_note(
        access.context(request), actor_id=request.state.person.id, note_id=access.path_id(request)
    )
    return render.see_other(f"/host/gatherings/{gathering_id}/after#notes", notice="The note is gone.")


async def notes(request: Request) -> Response:
    async with access.context(request).db.reading() as tx:
        circle, rows = await actions.notes(tx, access.path_id(request), request.state.person.id)
        reflections = await reflection_actions.of_circle(tx, circle["id"])
    return render.page(
        request, "attendance/afterwards/notes.html", circle=circle, notes=rows, reflections=reflections
    )
