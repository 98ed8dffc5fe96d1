"""The page on which a host suggests something, privately, to one member who came."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles import directory
from circles.attendance.afterwards import suggest_actions as actions
from circles.base.errors import Refused
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form


async def suggest_form(request: Request) -> Response:
    return await _page(request, Form({"what": "directory"}))


async def _page(request: Request, form: Form, status: int = 200) -> Response:
    booking_id = access.path_id(request, "booking")
    async with access.context(request).db.reading() as tx:
        member = await actions.member_who_came(
            tx, access.path_id(request), booking_id, request.state.person.id
        )
        listings = await _listings(tx, form)
    return render.page(
        request,
        "attendance/afterwards/suggest.html",
        status,
        member=member,
        form=form,
        options=directory.listing_options(listings),
    )


async def _listings(tx: db.Tx, form: Form) -> list[db.Record]:
    ticked = await directory.read_nameable(tx, directory.read_ids(form.value("listings"))[:12])
    return ticked + await directory.find_nameable(tx, form.value("name"), [row["id"] for row in ticked])


async def suggest(request: Request) -> Response:
    form = await Form.read(request)
    if form.value("do") == "find":
        form.values["what"] = "listings"
        return await _page(request, form)
    gathering_id = access.path_id(request)
    try:
        member = await actions.suggest(
            access.context(request),
            actor_id=request.state.person.id,
            gathering_id=gathering_id,
            booking_id=access.path_id(request, "booking"),
            suggestion=directory.read_suggestion(form.values),
        )
    except Refused as refused:
        return await _page(request, form.add(refused.reasons), 422)
    return render.see_other(
        f"/host/gatherings/{gathering_id}/after#suggest",
        notice=f"{member['name']} gets a mail that there is a note.",
    )
