"""The room on a host's phone: opening it, who is expected, the timer, the crisis card, taps sent later."""

from __future__ import annotations

import hashlib
import json
import re
from uuid import UUID

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from circles import gatherings
from circles.attendance.register.pages import keep_mark
from circles.attendance.room import actions as room_actions
from circles.attendance.room import readiness_actions
from circles.attendance.room import rules as room_rules
from circles.attendance.room.actions import Room
from circles.base.errors import Refused
from circles.base.settings import Settings
from circles.store import templates
from circles.web import access, headers, render
from circles.web.forms import Form

SHELL = "/host/room-shell"


async def room(request: Request) -> Response:
    """The room, made for a phone that may lose its network."""
    return _page(request, await _room(request), Form())


async def open_room(request: Request) -> Response:
    """Open the room, with what its circle asks first."""
    form = await Form.read(request)
    gathering_id = access.path_id(request)
    try:
        await readiness_actions.open_room(
            access.context(request),
            person_id=request.state.person.id,
            gathering_id=gathering_id,
            answers=form.values,
        )
    except Refused as refused:
        form.add(refused.reasons)
        return _page(request, await _room(request), form, 422)
    return render.see_other(f"/host/gatherings/{gathering_id}/room", notice="The room is open.")


async def shut_room(request: Request) -> Response:
    """Shut the room again."""
    gathering_id = access.path_id(request)
    try:
        await readiness_actions.shut_room(
            access.context(request), person_id=request.state.person.id, gathering_id=gathering_id
        )
    except Refused as refused:
        form = Form()
        form.add(refused.reasons)
        return _page(request, await _room(request), form, 422)
    return render.see_other(f"/host/gatherings/{gathering_id}/room", notice="The room is shut.")


async def send_marks(request: Request) -> Response:
    """Taps kept on a phone, as JSON, or one tap of a browser without JavaScript, as a form."""
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        return await _one_mark(request)
    gathering_id, person_id = access.path_id(request), request.state.person.id
    try:
        taps = room_rules.read_taps(await request.body())
        found = await room_actions.take_taps(
            access.context(request), person_id=person_id, gathering_id=gathering_id, taps=taps
        )
    except Refused as refused:
        async with access.context(request).db.reading() as tx:
            found = await room_actions.marks(tx, gathering_id, person_id)
        says = " ".join(reason.text for reason in refused.reasons)
        return JSONResponse({"says": says, "marks": _by_text(found)}, status_code=422)
    return JSONResponse({"says": "", "marks": _by_text(found)})


def _by_text(found: dict[UUID, str]) -> dict[str, str]:
    return {str(booking): mark for booking, mark in found.items()}


async def _one_mark(request: Request) -> Response:
    form = await Form.read(request)
    try:
        booking_id = await keep_mark(request, form)
    except Refused as refused:
        form.add(refused.reasons)
        return _page(request, await _room(request), form, 422)
    found = await _room(request)
    line = next((seat.anchor for seat in found.seats if seat.id == booking_id), "who")
    return render.see_other(f"/host/gatherings/{found.gathering['id']}/room#{line}")


async def _room(request: Request) -> Room:
    async with access.context(request).db.reading() as tx:
        return await room_actions.room(tx, access.path_id(request), request.state.person.id)


def _page(request: Request, found: Room, form: Form, status: int = 200) -> Response:
    response = render.page(
        request,
        "attendance/room/room.html",
        status,
        room=found,
        form=form,
        opens_at=found.gathering["starts_at"] - gatherings.ROOM_OPENS_BEFORE,
    )
    response.headers["Content-Security-Policy"] = headers.ROOM_CSP
    return response


async def shell(request: Request) -> Response:
    """What stands for the room's page while there is no network: nobody's, so it names nobody."""
    return HTMLResponse(_shell(access.context(request).settings))


def _shell(settings: Settings) -> str:
    return templates.render(
        "attendance/room/shell.html", settings=settings, person=None, notice=None, path="", robots="noindex"
    )


async def worker(request: Request) -> Response:
    """The script that answers with the shell, told what to keep of it; another shell makes another script."""
    page = _shell(access.context(request).settings)
    drawn = re.findall(r'url\("(icons/[^"]+)"\)', (templates.STATIC / "circles.css").read_text())
    files = {*re.findall(r'"(/static/[^"]+)"', page), *(f"/static/{icon}" for icon in drawn)}
    version = hashlib.sha256(page.encode()).hexdigest()[:12]
    keeps = {"shell": SHELL, "files": sorted(files), "version": version}
    script = (templates.STATIC / "room-worker.js").read_text()
    return Response(f"const KEEPS = {json.dumps(keeps)};\n\n{script}", media_type="text/javascript")
