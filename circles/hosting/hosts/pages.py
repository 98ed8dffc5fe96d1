"""Pages of a circle's hosts, and of an invitation to be one."""

from __future__ import annotations

from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from circles import people
from circles.base.errors import Reason, Refused, or_not_found
from circles.hosting.hosts import actions, change_actions, rules
from circles.hosting.organize import acting
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form

SQL = db.queries("hosting/hosts")
ROLES = db.queries("hosting/roles")


async def hosts(request: Request) -> Response:
    return await _hosts_page(request, Form({"part": "co"}))


async def _hosts_page(request: Request, form: Form) -> Response:
    async with access.context(request).db.reading() as tx:
        row = or_not_found(
            await SQL.hosts_page(tx, id=access.path_id(request), actor_id=request.state.person.id)
        )
        leads = await change_actions.possible_leads(tx) if row["is_organizer"] else []
        asks_why = await acting.asks_why(tx, request.state.person, row["id"], row["part"])
    return render.page(
        request,
        "hosting/hosts/hosts.html",
        200 if form.ok else 422,
        form=form,
        circle=row,
        may_change=row["may_change"],
        asks_why=asks_why,
        is_leading=row["part"] == "lead" or row["is_organizer"],
        leads=rules.lead_options(leads, row["hosts"], request.state.person),
        parts=rules.PARTS,
        choices=rules.CHOICES,
        invitations=[
            invitation | {"until": datetime.fromisoformat(invitation["until"]).date()}
            for invitation in row["invitations"]
        ],
        me=str(request.state.person.id),
    )


async def invite(request: Request) -> Response:
    form = await Form.read(request)
    circle_id = access.path_id(request)
    email = form.take(lambda: people.parse_address(form.value("email")))
    part = form.take(lambda: rules.read_part(form.value("part")))
    if email and part:
        try:
            await actions.invite(
                access.context(request),
                request.state.person,
                circle_id,
                email=email,
                part=part,
                why=form.value("why"),
            )
            return render.see_other(f"/host/circles/{circle_id}/hosts", notice=f"Asked: {email}.")
        except Refused as refused:
            form.add(refused.reasons)
    return await _hosts_page(request, form)


async def withdraw(request: Request) -> Response:
    circle_id = access.path_id(request)
    gathering_id = await actions.withdraw(
        access.context(request), request.state.person, circle_id, access.path_id(request, "asked")
    )
    back = f"/host/gatherings/{gathering_id}/stand-in" if gathering_id else f"/host/circles/{circle_id}/hosts"
    return render.see_other(back, notice="The invitation is withdrawn.")


async def invitation(request: Request) -> Response:
    return await _invitation_page(request, ())


async def _invitation_page(request: Request, refused: tuple[Reason, ...]) -> Response:
    actor, token = request.state.person, request.path_params["token"]
    async with access.context(request).db.reading() as tx:
        row = await actions.invitation_by_token(tx, token, actor)
        asked = await ROLES.open_request(tx, person_id=actor.id)
    answer_refusals = rules.answer_refusals(row, actor)
    return render.page(
        request,
        "hosting/hosts/host_invitation.html",
        422 if refused else 410 if rules.closed_refusals(row) else 200,
        invitation=row,
        is_mine=row["email"] == actor.email,
        part=rules.INVITED_AS.get(row["part"], ""),
        asked=asked,
        answer_refusals=answer_refusals,
        accept_refusals=[] if answer_refusals else rules.accept_refusals(row, actor),
        members=rules.members_words(row["seats"]),
        robots="noindex",
    )


async def answer(request: Request) -> Response:
    form = await Form.read(request)
    accept = form.value("answer") == "accept"
    if not accept and form.value("answer") != "decline":
        return await _invitation_page(request, (Reason("answer", "Please choose one of the two."),))
    try:
        row = await actions.answer(
            access.context(request), request.state.person, request.path_params["token"], accept=accept
        )
    except Refused as refused:
        return await _invitation_page(request, refused.reasons)
    if not accept:
        return render.see_other("/gatherings", notice="You said no. They have been told, and that is all.")
    if row["gathering_id"]:
        return render.see_other(
            f"/host/gatherings/{row['gathering_id']}", notice="Thank you. You host this gathering."
        )
    return render.see_other(
        f"/host/circles/{row['circle_id']}", notice=f"Welcome. You help to host {row['circle_name']} now."
    )
