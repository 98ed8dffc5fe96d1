"""Hosts' page of the pass that their circle sells."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from circles.base import reading
from circles.base.errors import Refused, or_not_found
from circles.hosting.organize import acting
from circles.hosting.passes import actions, rules
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form

SQL = db.queries("hosting/passes")


async def offer_form(request: Request) -> Response:
    circle = await _circle(request)
    offer = circle["offer"]
    values = rules.values_of(offer, circle) if offer else rules.first_values(circle)
    return _page(request, circle, Form(values))


async def offer(request: Request) -> Response:
    """POST: publish another version of the offer."""
    form, circle = await Form.read(request), await _circle(request)
    try:
        await actions.publish(
            access.context(request),
            request.state.person,
            circle["id"],
            form.values,
            number=reading.whole_number(form.value("number"), -1),
            why=form.value("why"),
        )
    except Refused as refused:
        return _page(request, await _circle(request), form.add(refused.reasons), 422)
    notice = "The pass is offered." if form.checked("is_sold") else "No pass is sold any more."
    return render.see_other(f"/host/circles/{circle['id']}/pass", notice=notice)


async def _circle(request: Request) -> dict[str, Any]:
    """The circle of the URL for somebody who may change it. Raises NotFound."""
    actor, circle_id = request.state.person, access.path_id(request)
    async with access.context(request).db.reading() as tx:
        row = or_not_found(await SQL.offering_circle(tx, id=circle_id, actor_id=actor.id))
        asks_why = await acting.asks_why(tx, actor, circle_id, row["part"])
    return dict(row) | {"asks_why": asks_why}


def _page(request: Request, circle: dict[str, Any], form: Form, status: int = 200) -> Response:
    return render.page(
        request,
        "hosting/passes/offer.html",
        status,
        circle=circle,
        form=form,
        asks_why=circle["asks_why"],
        number=circle["offer"]["number"] if circle["offer"] else 0,
        refund_kinds=rules.REFUND_KINDS,
    )
