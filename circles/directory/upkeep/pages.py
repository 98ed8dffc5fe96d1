"""The page behind a mailed link that asks whether a listing is current; no sign-in needed."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from circles.base import clock
from circles.base.errors import Refused
from circles.base.reading import Reader
from circles.directory.listing import views as listing_views
from circles.directory.upkeep import actions
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form


async def confirm_form(request: Request) -> Response:
    async with access.context(request).db.reading() as tx:
        row = await _by_token(request, tx)
    return _confirm_page(request, row, Form())


async def _by_token(request: Request, tx: db.Tx) -> db.Record | None:
    settings = access.context(request).settings
    return await actions.read_by_token(tx, settings, request.path_params["token"])


def _confirm_page(request: Request, row: db.Record | None, form: Form, status: int = 200) -> Response:
    if row is None:
        response = render.page(request, "directory/upkeep/confirm_gone.html", 404)
    else:
        form.values.setdefault("room", listing_views.room_value(row))
        response = render.page(
            request,
            "directory/upkeep/confirm.html",
            status,
            listing=row,
            form=form,
            rooms=listing_views.room_options(row),
            ending=listing_views.ending_licenses(row),
            view=listing_views,
            token=request.path_params["token"],
        )
    response.headers["Cache-Control"] = "no-store"
    return response


async def confirm(request: Request) -> Response:
    form = await Form.read(request)
    context = access.context(request)
    try:
        async with context.db.transaction() as tx:
            row = await _by_token(request, tx)
            if row is None:
                return _confirm_page(request, None, form)
            expiries = _expiries(row, form.values)
            room = form.value("room", listing_views.room_value(row))
            is_shown = await actions.confirm(tx, row["id"], actor_id=None, room=room, expiries=expiries)
    except Refused as refused:
        form.add(refused.reasons)
        async with context.db.reading() as tx:
            return _confirm_page(request, await _by_token(request, tx), form, 422)
    if not is_shown:
        notice = "Thank you, that is kept. The page stays hidden until a license on it counts again."
        return render.see_other("/therapists", notice=notice, kind="matters")
    return render.see_other(f"/therapists/{row['id']}", notice="Thank you. Your page says so from today on.")


def _expiries(row: db.Record, values: dict[str, str]) -> dict[UUID, date]:
    """The new last days that were typed. Raises Refused."""
    reader: Any = Reader(values)
    expiries: dict[UUID, date] = {}
    for license in listing_views.ending_licenses(row):
        field = f"expires_{license.id}"
        typed = values.get(field, "").strip()
        if typed:
            day = reader.take(lambda typed=typed, field=field: clock.parse_date(typed, field), None)
            if day and day != license.expires_on:
                expiries[license.id] = day
    reader.raise_refusals()
    return expiries
