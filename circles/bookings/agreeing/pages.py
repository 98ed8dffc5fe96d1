"""Agreeing again: the page on which a member reads what changed and agrees, and the hosts' list of who has."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles import guidelines, people
from circles.base import reading
from circles.base.errors import Refused
from circles.bookings import end_rules
from circles.bookings.agreeing import actions
from circles.web import access, render
from circles.web.forms import Form


async def guidelines_form(request: Request) -> Response:
    return await _page(request, Form())


async def _page(request: Request, form: Form, status: int = 200) -> Response:
    async with access.context(request).db.reading() as tx:
        row = await actions.to_agree(tx, request.state.person, access.path_id(request))
    if row["state"] != "confirmed" or not row["must_agree"]:
        return render.see_other(f"/bookings/{row['id']}", notice="There is nothing to agree to.", kind="calm")
    return render.page(
        request,
        "bookings/agree.html",
        status,
        row=row,
        form=form,
        # Who was given a seat may have agreed to none before.
        comparison=guidelines.compare(row["agreed_body"], row["body"]) if row["agreed_body"] else None,
        refund=end_rules.refund_for(row),
    )


async def agree(request: Request) -> Response:
    """POST: agree. When the text changed once more, it is shown again, and nothing is agreed to."""
    form = await Form.read(request)
    booking_id = access.path_id(request)
    try:
        took_it = await actions.agree(
            access.context(request),
            request.state.person,
            booking_id,
            version_id=reading.uuid_or_none(form.value("version")),
            agreed=form.checked("agreed"),
        )
    except Refused as refused:
        form.add(refused.reasons)
        form.values.pop("agreed", None)
        return await _page(request, form, 422)
    notice = "Thank you. The seat is yours." if took_it else "Thank you. Your join link shows again."
    return render.see_other(f"/bookings/{booking_id}", notice=notice)


async def agreements(request: Request) -> Response:
    """GET: who of those with a seat ahead has agreed to the guidelines in force, for the hosts of a circle."""
    async with access.context(request).db.reading() as tx:
        circle, rows = await actions.agreements(tx, request.state.person, access.path_id(request))
    return render.page(
        request,
        "bookings/agreements.html",
        circle=circle,
        waiting=[row for row in rows if row["must_agree"]],
        agreed=[row for row in rows if not row["must_agree"]],
        hints=people.same_names.tell_apart(rows),
    )
