"""Organizers' page of one circle: who hosts it, what is ahead and what can be done; and ending it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles.base import reading
from circles.base.errors import Reason, Refused
from circles.hosting.hosts import actions as host_actions
from circles.hosting.hosts import change_actions
from circles.hosting.hosts.rules import PARTS, lead_options
from circles.hosting.organize import acting, actions
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form

SQL = db.queries("hosting/organize")


async def circle(request: Request) -> Response:
    return await _circle_page(request, Form())


async def _circle_page(request: Request, form: Form) -> Response:
    person, circle_id = request.state.person, access.path_id(request)
    async with access.context(request).db.reading() as tx:
        planned = await actions.plan_end(tx, person, circle_id)
        acts = await acting.by(tx, person, circle_id)
        asked = await db.rows(SQL.asked_to_lead(tx, circle_id=circle_id))
        leads = await change_actions.possible_leads(tx)
    hosts = [host for host in planned.circle["hosts"] if host["part"] == "lead"]
    return render.page(
        request,
        "hosting/organize/circle.html",
        200 if form.ok else 422,
        form=form,
        circle=planned.circle,
        ahead=planned.ahead,
        total=planned.gatherings,
        parts=PARTS,
        acts=acts,
        asked=asked,
        leads=[option for option in lead_options(leads, hosts, person) if option[0] != str(person.id)],
    )


async def act(request: Request) -> Response:
    """POST: act for the circle from now on, with a reason."""
    form, circle_id = await Form.read(request), access.path_id(request)
    form.values["at"] = "act"
    try:
        await acting.begin(access.context(request), request.state.person, circle_id, form.value("why"))
    except Refused as refused:
        return await _circle_page(request, form.add(refused.reasons))
    return render.see_other(
        f"/host/circles/{circle_id}", notice="You can change this circle for a day. Its hosts are told."
    )


async def stop_acting(request: Request) -> Response:
    """POST: act for the circle no more."""
    circle_id = access.path_id(request)
    await acting.end(access.context(request), request.state.person, circle_id)
    return render.see_other(f"/organize/circles/{circle_id}", notice="You no longer act for this circle.")


async def ask_to_lead(request: Request) -> Response:
    """POST: ask a facilitator by mail to lead the circle; they lead it once they accept."""
    form, circle_id = await Form.read(request), access.path_id(request)
    form.values["at"] = "ask"
    person_id = reading.uuid_or_none(form.value("lead"))
    async with access.context(request).db.transaction() as tx:
        lead = await change_actions.possible_lead(tx, person_id) if person_id else None
    if lead is None:
        form.add(Reason("lead", "Please choose who shall lead it.", "lead"))
        return await _circle_page(request, form)
    try:
        await host_actions.invite(
            access.context(request),
            request.state.person,
            circle_id,
            email=lead["email"],
            part="lead",
            why=form.value("why"),
        )
    except Refused as refused:
        return await _circle_page(request, form.add(refused.reasons))
    return render.see_other(
        f"/organize/circles/{circle_id}",
        notice=f"{lead['name']} is asked by mail, and leads it once they say yes.",
    )


async def end_form(request: Request) -> Response:
    return await _end_page(request, Form())


async def _end_page(request: Request, form: Form) -> Response:
    async with access.context(request).db.reading() as tx:
        planned = await actions.plan_end(tx, request.state.person, access.path_id(request))
    return render.page(
        request,
        "hosting/organize/end.html",
        200 if form.ok else 422,
        form=form,
        circle=planned.circle,
        gatherings=planned.gatherings,
        seats=len(planned.booked),
        booked_gatherings=len({row["gathering_id"] for row in planned.booked}),
        fingerprint=planned.fingerprint,
    )


async def end(request: Request) -> Response:
    form = await Form.read(request)
    circle_id = access.path_id(request)
    try:
        await actions.end(
            access.context(request),
            request.state.person,
            circle_id,
            form.value("reason"),
            fingerprint=form.value("seen"),
        )
    except Refused as refused:
        return await _end_page(request, form.add(refused.reasons))
    notice = "The circle has ended. Everybody with a seat is being told."
    return render.see_other(f"/organize/circles/{circle_id}", notice=notice)
