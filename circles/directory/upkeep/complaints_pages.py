"""The form of a complaint about a listing, and the pages of the person who sent it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles.base import clock, text
from circles.base.errors import OutOfDate, Refused, or_not_found
from circles.directory.upkeep import complaints_actions
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form

SQL = db.queries("directory/upkeep")


async def complaint_form(request: Request) -> Response:
    return await _page(request, Form())


async def _page(request: Request, form: Form, status: int = 200) -> Response:
    listing_id = access.path_id(request)
    async with access.context(request).db.reading() as tx:
        name = or_not_found(await SQL.shown_name(tx, listing_id=listing_id))
    form.creation_id()
    return render.page(
        request,
        "directory/upkeep/complaint.html",
        status,
        form=form,
        name=name,
        listing_id=listing_id,
        most=complaints_actions.MAX_CHARACTERS,
    )


async def complain(request: Request) -> Response:
    form = await Form.read(request)
    listing_id = access.path_id(request)
    try:
        body = text.body(form.value("body"), "body", max_length=complaints_actions.MAX_CHARACTERS)
        answer_by = await complaints_actions.complain(
            access.context(request),
            actor_id=request.state.person.id,
            made_with=form.creation_id(),
            listing_id=listing_id,
            body=body,
        )
    except Refused as refused:
        form.add(refused.reasons)
        if isinstance(refused, OutOfDate):
            form.renew_id()
        return await _page(request, form, 429 if "too_many" in refused.codes else 422)
    day = clock.format_date(answer_by)
    notice = f"Thank you. The organizers have it now, and you get an answer by {day}."
    return render.see_other(f"/therapists/{listing_id}", notice=notice)


async def one(request: Request) -> Response:
    async with access.context(request).db.reading() as tx:
        row = await SQL.own_complaint(tx, id=access.path_id(request), person_id=request.state.person.id)
    return render.page(request, "directory/upkeep/my_complaint.html", complaint=or_not_found(row))
