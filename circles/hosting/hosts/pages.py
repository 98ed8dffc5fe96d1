"""Pages of hosting together: a circle's hosts, and the answer to an invitation."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from circles import people
from circles.base.errors import NotFound, Reason, Refused
from circles.hosting.hosts import actions, rules
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form

SQL = db.queries("hosting/hosts")


async def hosts(request: Request) -> Response:
    """Who holds a circle, who is asked, and the form that asks one more."""
    return await _hosts(request, Form({"part": "co"}))


async def _hosts(request: Request, form: Form) -> Response:
    async with access.context(request).db.reading() as tx:
        row = await SQL.hosts_page(tx, id=access.path_id(request), person=request.state.person.id)
    if row is None:
        raise NotFound
    return render.page(
        request,
        "hosting/hosts/hosts.html",
        200 if form.ok else 422,
        form=form,
        circle=row,
        may_change=row["part"] != "helper",
        parts=rules.PARTS,
        choices=rules.CHOICES,
        invitations=_until(row["invitations"]),
        me=str(request.state.person.id),
    )


def _until(asked: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each | {"until": datetime.fromisoformat(each["until"]).date()} for each in asked]


async def invite(request: Request) -> Response:
    """Ask somebody by mail."""
    form = await Form.read(request)
    circle_id = access.path_id(request)
    email = form.take(lambda: people.parse_address(form.value("email")))
    part = form.take(lambda: rules.read_part(form.value("part")))
    if email and part:
        try:
            await actions.invite(
                access.context(request), request.state.person, circle_id, email=email, part=part
            )
            return render.see_other(f"/host/circles/{circle_id}/hosts", notice=f"Asked: {email}.")
        except Refused as refused:
            form.add(refused.reasons)
    return await _hosts(request, form)


async def withdraw(request: Request) -> Response:
    """Take an invitation back."""
    circle_id = access.path_id(request)
    gathering_id = await actions.withdraw(
        access.context(request), request.state.person, circle_id, access.path_id(request, "asked")
    )
    back = f"/host/gatherings/{gathering_id}/stand-in" if gathering_id else f"/host/circles/{circle_id}/hosts"
    return render.see_other(back, notice="The invitation is taken back.")


async def remove(request: Request) -> Response:
    """Take a host out, or leave."""
    circle_id, host_id = access.path_id(request), access.path_id(request, "host")
    try:
        host = await actions.remove(access.context(request), request.state.person, circle_id, host_id)
    except Refused as refused:
        return await _refused(request, refused.reasons)
    if host_id == request.state.person.id:
        return render.see_other("/host", notice="You have left the circle.")
    return render.see_other(f"/host/circles/{circle_id}/hosts", notice=f"{host['name']} hosts no more here.")


async def _refused(request: Request, reasons: Iterable[Reason]) -> Response:
    form = Form({"part": "co"})
    form.add(reasons)
    return await _hosts(request, form)


async def hand_over(request: Request) -> Response:
    """Make a co-facilitator the lead."""
    circle_id = access.path_id(request)
    try:
        host = await actions.hand_over(
            access.context(request), request.state.person, circle_id, access.path_id(request, "host")
        )
    except Refused as refused:
        return await _refused(request, refused.reasons)
    return render.see_other(
        f"/host/circles/{circle_id}/hosts", notice=f"{host['name']} is the lead now. You are co-facilitator."
    )


async def invitation(request: Request) -> Response:
    """What the link in the mail opens: what is asked, with a yes and a no."""
    return await _invitation(request, ())


async def _invitation(request: Request, refused: tuple[Reason, ...]) -> Response:
    """The page. What stops an answer, or a yes, is said before it is given."""
    person, token = request.state.person, request.path_params["token"]
    async with access.context(request).db.reading() as tx:
        asked = await actions.look_at(tx, token)
    stops = rules.answer_reasons(asked, person)
    status = 422 if refused else 410 if rules.gone_reasons(asked) else 200
    return render.page(
        request,
        "hosting/hosts/host_invitation.html",
        status,
        asked=asked,
        mine=asked["email"] == person.email,
        asked_for=rules.ASKED_FOR.get(asked["part"], ""),
        stops=stops,
        waits=[] if stops else rules.accept_reasons(asked, person),
        robots="noindex",
    )


async def answer(request: Request) -> Response:
    """Yes or no."""
    form = await Form.read(request)
    accept = form.value("answer") == "accept"
    if not accept and form.value("answer") != "decline":
        return await _invitation(request, (Reason("answer", "Please choose one of the two."),))
    try:
        asked = await actions.answer(
            access.context(request), request.state.person, request.path_params["token"], accept=accept
        )
    except Refused as refused:
        return await _invitation(request, refused.reasons)
    if not accept:
        return render.see_other("/gatherings", notice="You said no. They have been told, and that is all.")
    if asked["gathering_id"]:
        return render.see_other(
            f"/host/gatherings/{asked['gathering_id']}", notice="Thank you. You hold this gathering."
        )
    return render.see_other(
        f"/host/circles/{asked['circle_id']}", notice=f"Welcome. You help to hold {asked['circle_name']} now."
    )
