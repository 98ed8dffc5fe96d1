"""The live page of a gathering on a host's phone, its service worker, and the taps it sends."""

from __future__ import annotations

import hashlib
import json
import re
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from circles import gatherings
from circles.attendance.register.pages import save_mark
from circles.attendance.register.rules import Marking, WalkInRow
from circles.attendance.room import actions, readiness_actions, rules
from circles.attendance.room.actions import Room
from circles.base.errors import Refused
from circles.base.settings import Settings
from circles.store import templates
from circles.web import access, headers, render
from circles.web.forms import Form

SHELL = "/host/room-shell"


async def room(request: Request) -> Response:
    return _page(request, await _room(request), Form())


async def open_room(request: Request) -> Response:
    form = await Form.read(request)
    gathering_id = access.path_id(request)
    try:
        await readiness_actions.open_room(
            access.context(request),
            actor_id=request.state.person.id,
            gathering_id=gathering_id,
            answers=form.values,
        )
    except Refused as refused:
        return _page(request, await _room(request), form.add(refused.reasons), 422)
    return render.see_other(f"/host/gatherings/{gathering_id}/room", notice="The room is open.")


async def shut_room(request: Request) -> Response:
    gathering_id = access.path_id(request)
    try:
        await readiness_actions.shut_room(
            access.context(request), actor_id=request.state.person.id, gathering_id=gathering_id
        )
    except Refused as refused:
        return _page(request, await _room(request), Form().add(refused.reasons), 422)
    return render.see_other(f"/host/gatherings/{gathering_id}/room", notice="The room is shut.")


async def send_marks(request: Request) -> Response:
    """Taps and walk-ins stored on a phone, as JSON; or one mark of a browser without JavaScript, as a form."""
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        return await _one_mark(request)
    context, gathering_id, actor_id = (
        access.context(request),
        access.path_id(request),
        request.state.person.id,
    )
    message, status, sent = "", 200, rules.Sent()
    try:
        sent = rules.read_sent(await request.body())
        if sent.taps:
            await actions.save_taps(context, actor_id=actor_id, gathering_id=gathering_id, taps=sent.taps)
    except Refused as refused:
        message, status = " ".join(reason.text for reason in refused.reasons), 422
    answers = {}
    if sent.walk_ins:
        answers = await actions.save_walk_ins(
            context,
            actor_id=actor_id,
            gathering_id=gathering_id,
            walk_ins=[sent_walk_in.walk_in for sent_walk_in in sent.walk_ins],
        )
    async with context.db.reading() as tx:
        marks, walk_ins = await actions.shown(tx, gathering_id, actor_id)
    return JSONResponse(
        {
            "says": message,
            "marks": {str(booking): marking.mark for booking, marking in marks.items()},
            "late": [str(booking) for booking, marking in marks.items() if marking.late],
            "left_early": [str(booking) for booking, marking in marks.items() if marking.left_early],
            "answers": answers,
            "walk_ins": [_as_sent(row) for row in walk_ins],
        },
        status_code=status,
    )


def _as_sent(row: WalkInRow) -> dict[str, object]:
    """A walk-in, as the phone shows it."""
    return {
        "id": str(row.id),
        "name": row.name,
        "seat": row.seat,
        "late": row.late,
        "left_early": row.left_early,
    }


async def _one_mark(request: Request) -> Response:
    form = await Form.read(request)
    try:
        line_id = await save_mark(request, form)
    except Refused as refused:
        return _page(request, await _room(request), form.add(refused.reasons), 422)
    room = await _room(request)
    line = next((row.anchor for row in (*room.seats, *room.walk_ins) if row.id == line_id), "who")
    return render.see_other(f"/host/gatherings/{room.gathering['id']}/room#{line}")


async def _room(request: Request) -> Room:
    async with access.context(request).db.reading() as tx:
        return await actions.room(tx, access.path_id(request), request.state.person.id)


def _page(request: Request, room: Room, form: Form, status: int = 200) -> Response:
    response = render.page(
        request,
        "attendance/room/room.html",
        status,
        room=room,
        form=form,
        came=Marking("came"),
        walk_in_form=Form({"id": str(uuid4()), "counts": "on"}),
        opens_at=room.gathering["starts_at"] - gatherings.ROOM_OPENS_BEFORE,
    )
    response.headers["Content-Security-Policy"] = headers.ROOM_CSP
    return response


async def shell(request: Request) -> Response:
    """The offline fallback of the room's page. It is the same for everybody, so it holds no names."""
    return HTMLResponse(_shell(access.context(request).settings))


def _shell(settings: Settings) -> str:
    return templates.render(
        "attendance/room/shell.html", settings=settings, person=None, notice=None, path="", robots="noindex"
    )


async def worker(request: Request) -> Response:
    """The service worker with its list of files to cache. Its version changes with the fallback page."""
    page = _shell(access.context(request).settings)
    icons = re.findall(r'url\("(icons/[^"]+)"\)', (templates.STATIC / "circles.css").read_text())
    files = {*re.findall(r'"(/(?:static|colors|logo)/[^"]+)"', page), *(f"/static/{icon}" for icon in icons)}
    version = hashlib.sha256(page.encode()).hexdigest()[:12]
    keeps = {"shell": SHELL, "files": sorted(files), "version": version}
    script = (templates.STATIC / "room-worker.js").read_text()
    return Response(f"const KEEPS = {json.dumps(keeps)};\n\n{script}", media_type="text/javascript")
