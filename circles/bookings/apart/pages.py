"""The page of the pairs kept apart in a circle."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from circles import people
from circles.base.errors import Refused
from circles.bookings.apart import actions
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form

SQL = db.queries("bookings/apart")


async def pairs(request: Request) -> Response:
    return await _page(request, Form())


async def _page(request: Request, form: Form, status: int = 200) -> Response:
    circle_id, actor = access.path_id(request), request.state.person
    async with access.context(request).db.reading() as tx:
        circle = await actions.circle_for_pairs(tx, actor, circle_id)
        rows = await db.rows(SQL.pairs(tx, circle_id=circle_id, actor_id=actor.id))
        known = await db.rows(SQL.known_people(tx, circle_id=circle_id, actor_id=actor.id))
    hints = people.same_names.tell_apart(known)
    return render.page(
        request,
        "bookings/apart/pairs.html",
        status,
        circle=circle,
        pairs=[dict(row) | {"together": [_date(date) for date in row["together"]]} for row in rows],
        hints=hints,
        people=[
            ("", "Choose somebody"),
            *((row["person_id"], people.same_names.label(row, hints)) for row in known),
        ],
        form=form,
    )


def _date(date: dict[str, Any]) -> dict[str, Any]:
    """A shared date from JSON, whose times are text."""
    return date | {"starts_at": datetime.fromisoformat(date["starts_at"])}


async def keep_apart(request: Request) -> Response:
    form = await Form.read(request)
    circle_id = access.path_id(request)
    try:
        await actions.keep_apart(
            access.context(request), request.state.person, circle_id, form.value("one"), form.value("other")
        )
    except Refused as refused:
        form.add(refused.reasons)
        return await _page(request, form, 422)
    return render.see_other(
        f"/host/circles/{circle_id}/apart", notice="Saved. From now on, each of them asks you for a seat."
    )


async def let_together(request: Request) -> Response:
    circle_id = await actions.let_together(
        access.context(request), request.state.person, access.path_id(request)
    )
    return render.see_other(f"/host/circles/{circle_id}/apart", notice="They can sit together again.")
