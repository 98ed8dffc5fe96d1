"""Pages of requests for the facilitator's role: the organizers' list, and asking from an invitation."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles.base.errors import Refused
from circles.hosting.hosts.rules import PARTS
from circles.hosting.roles import requests
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form

SQL = db.queries("hosting/roles")


async def ask(request: Request) -> Response:
    """Ask from the page of an invitation, and go back to it."""
    token = request.path_params["token"]
    notice, kind = "You have asked the organizers. Their answer comes by mail.", "good"
    try:
        await requests.ask(access.context(request), request.state.person, token)
    except Refused as refused:
        notice, kind = " ".join(reason.text for reason in refused.reasons), "warn"
    return render.see_other(f"/host/invitations/{token}", notice=notice, kind=kind)


async def list_requests(request: Request) -> Response:
    return await _list(request, Form())


async def _list(request: Request, form: Form) -> Response:
    async with access.context(request).db.reading() as tx:
        rows = await db.rows(SQL.open_requests(tx))
    return render.page(
        request,
        "hosting/roles/requests.html",
        200 if form.ok else 422,
        form=form,
        requests=rows,
        parts=PARTS,
        most=requests.MAX_NOTE,
    )


async def decline(request: Request) -> Response:
    form = await Form.read(request)
    try:
        name = await requests.decline(
            access.context(request),
            request.state.person,
            access.path_id(request),
            note=form.value("note"),
        )
    except Refused as refused:
        return await _list(request, form.add(refused.reasons))
    return render.see_other("/organize/people/requests", notice=f"{name} gets a mail with your answer.")
