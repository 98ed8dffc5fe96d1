"""After a gathering: its register is closed, and notes are handed over to whoever holds the circle next."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles.attendance import after_actions as actions
from circles.attendance import reflection_actions
from circles.errors import Refused
from circles.web import guard, render
from circles.web.forms import Form


async def after(request: Request) -> Response:
    """Whoever is not marked yet, and the notes."""
    return await _page(request, Form(), Form())


async def _page(request: Request, closing: Form, note: Form) -> Response:
    async with guard.house(request).db.reading() as tx:
        found = await actions.after(tx, guard.path_id(request), request.state.person.id)
    status = 200 if closing.ok and note.ok else 422
    return render.page(request, "attendance/room_after.html", status, after=found, closing=closing, form=note)


async def close(request: Request) -> Response:
    """Close the register; with "absent", whoever is not marked is marked so first."""
    form = await Form.read(request)
    gathering_id = guard.path_id(request)
    try:
        await actions.close(
            guard.house(request),
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
    gathering_id = guard.path_id(request)
    await actions.reopen(guard.house(request), person_id=request.state.person.id, gathering_id=gathering_id)
    return render.see_other(f"/host/gatherings/{gathering_id}/after", notice="The register is open again.")


async def write_note(request: Request) -> Response:
    """Hand something over."""
    form = await Form.read(request)
    gathering_id = guard.path_id(request)
    try:
        await actions.write_note(
            guard.house(request),
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
        guard.house(request), person_id=request.state.person.id, note_id=guard.path_id(request)
    )
    return render.see_other(f"/host/gatherings/{gathering_id}/after#notes", notice="The note is gone.")


async def notes(request: Request) -> Response:
    """What was handed over in a circle, and where its hosts looked back, for them and the organizers."""
    async with guard.house(request).db.reading() as tx:
        circle, found = await actions.notes(tx, guard.path_id(request), request.state.person.id)
        reflections = await reflection_actions.of_circle(tx, circle["id"])
    return render.page(
        request, "attendance/room_notes.html", circle=circle, notes=found, reflections=reflections
    )
