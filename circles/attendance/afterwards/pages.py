"""After a gathering: its register is closed, and notes are handed over to whoever holds the circle next."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles.attendance.afterwards import actions, reflection_actions
from circles.base.errors import Refused
from circles.web import access, render
from circles.web.forms import Form


async def after(request: Request) -> Response:
    """Whoever is not marked yet, and the notes."""
    return await _page(request, Form(), Form())


async def _page(request: Request, closing: Form, note: Form) -> Response:
    async with access.context(request).db.reading() as tx:
        found = await actions.after(tx, access.path_id(request), request.state.person.id)
    status = 200 if closing.ok and note.ok else 422
    return render.page(
        request, "attendance/afterwards/afterwards.html", status, after=found, closing=closing, form=note
    )


async def close(request: Request) -> Response:
    """Close the register; with "absent", whoever is not marked is marked so first."""
    form = await Form.read(request)
    gathering_id = access.path_id(request)
    try:
        await actions.close(
            access.context(request),
            person_id=request.state.person.id,
            gathering_id=gathering_id,
            absent=form.checked("rest", "absent"),
        )
    except Refused as refused:
        form.add(refused.reasons)
        return await _page(request, form, Form())
    return render.see_other(f"/host/gatherings/{gathering_id}/after", notice="The register is closed.")


async def reopen(request: Request) -> Response:
    """Open the register again."""
    gathering_id = access.path_id(request)
    await actions.reopen(
        access.context(request), person_id=request.state.person.id, gathering_id=gathering_id
    )
    return render.see_other(f"/host/gatherings/{gathering_id}/after", notice="The register is open again.")


async def write_note(request: Request) -> Response:
    """Hand something over."""
    form = await Form.read(request)
    gathering_id = access.path_id(request)
    try:
        await actions.write_note(
            access.context(request),
            person_id=request.state.person.id,
            gathering_id=gathering_id,
            values=form.values,
        )
    except Refused as refused:
        form.add(refused.reasons)
        return await _page(request, Form(), form)
    return render.see_other(f"/host/gatherings/{gathering_id}/after#notes", notice="The note is kept.")


async def take_note_away(request: Request) -> Response:
    """Take away a note one wrote."""
    gathering_id = await actions.take_note_away(
        access.context(request), person_id=request.state.person.id, note_id=access.path_id(request)
    )
    return render.see_other(f"/host/gatherings/{gathering_id}/after#notes", notice="The note is gone.")


async def notes(request: Request) -> Response:
    """What was handed over in a circle, and where its hosts looked back, for them and the organizers."""
    async with access.context(request).db.reading() as tx:
        circle, found = await actions.notes(tx, access.path_id(request), request.state.person.id)
        reflections = await reflection_actions.of_circle(tx, circle["id"])
    return render.page(
        request, "attendance/afterwards/notes.html", circle=circle, notes=found, reflections=reflections
    )
