"""Pages of stand-ins: choose who hosts one gathering, see what it does, confirm it; and give it back."""

from __future__ import annotations

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from circles import people
from circles.base import reading
from circles.base.errors import Reason, Refused
from circles.hosting.stand_in import actions, rules
from circles.hosting.stand_in.rules import HostChange, HostedGathering, InvitationPlan
from circles.people import Person
from circles.web import access, render
from circles.web.forms import Form


async def choose(request: Request) -> Response:
    return await _choose_page(request, await _gathering(request), Form())


async def _gathering(request: Request, *, to_change: bool = True) -> HostedGathering:
    async with access.context(request).db.reading() as tx:
        return await actions.hosted_gathering(
            tx, access.path_id(request), request.state.person, to_change=to_change
        )


async def _asks_why(request: Request, gathering: HostedGathering) -> bool:
    async with access.context(request).db.reading() as tx:
        return await actions.asks_why(tx, request.state.person, gathering)


async def _choose_page(
    request: Request, gathering: HostedGathering, form: Form, plan: HostChange | InvitationPlan | None = None
) -> Response:
    change = plan if isinstance(plan, HostChange) else None
    return render.page(
        request,
        "hosting/stand_in/stand_in.html",
        200 if form.ok else 422,
        form=form,
        gathering=gathering,
        over=rules.over_refusals(gathering),
        choices=_choices(gathering, request.state.person),
        change=change,
        invitation=plan if isinstance(plan, InvitationPlan) else None,
        names_of=rules.names_of,
        asks_why=await _asks_why(request, gathering),
    )


def _choices(gathering: HostedGathering, actor: Person) -> list[tuple[str, str]]:
    """Who can be chosen at once: the circle's own hosts, and an organizer themselves."""
    choices = [(str(host.id), host.name) for host in gathering.choices]
    is_stand_in = gathering.stand_in is not None and gathering.stand_in.id == actor.id
    if gathering.part == "organizer" and not is_stand_in:
        choices.append((str(actor.id), f"{actor.name}, that is you"))
    return choices


async def change(request: Request) -> Response:
    form, gathering = await Form.read(request), await _gathering(request)
    form.values["at"] = form.value("who")
    plan = None
    try:
        plan = _plan(request, form, gathering)
        if form.value("then") != "do":
            return await _choose_page(request, gathering, form, plan)
        return await _apply(request, form, plan)
    except Refused as refused:
        return await _choose_page(request, gathering, form.add(refused.reasons), plan)


def _plan(request: Request, form: Form, gathering: HostedGathering) -> HostChange | InvitationPlan:
    actor = request.state.person
    if form.value("who") == "mail":
        return actions.plan_invitation(gathering, actor, people.parse_address(form.value("email")))
    return actions.plan_stand_in(gathering, actor, _host_id(form))


def _host_id(form: Form) -> UUID:
    host_id = reading.uuid_or_none(form.value("host"))
    if host_id is None:
        raise Refused(Reason("host_unknown", "Please choose who hosts it.", "host"))
    return host_id


async def _apply(request: Request, form: Form, plan: HostChange | InvitationPlan) -> Response:
    context, actor, shown, why = (
        access.context(request),
        request.state.person,
        form.value("seen"),
        form.value("why"),
    )
    gathering_id = plan.gathering.id
    page = f"/host/gatherings/{gathering_id}"
    after = f"/organize/circles/{plan.gathering.circle_id}" if plan.gathering.part == "organizer" else page
    if isinstance(plan, InvitationPlan):
        await actions.invite(context, actor, gathering_id, email=plan.email, fingerprint=shown, why=why)
        notice = f"Asked: {plan.email}. They host it once they say yes."
        return render.see_other(f"{page}/stand-in", notice=notice)
    host_id = plan.to.id if plan.to else actor.id
    done = await actions.set_stand_in(context, actor, gathering_id, host_id, fingerprint=shown, why=why)
    return render.see_other(after, notice=done.done_text)


async def giving_back(request: Request) -> Response:
    return await _giving_back_page(request, await _gathering(request, to_change=False), Form())


async def _giving_back_page(request: Request, gathering: HostedGathering, form: Form) -> Response:
    change = None
    try:
        change = actions.plan_giving_back(gathering, request.state.person)
    except Refused as refused:
        form.add(refused.reasons)
    return render.page(
        request,
        "hosting/stand_in/stand_in_back.html",
        200 if form.ok else 422,
        form=form,
        gathering=gathering,
        change=change,
        is_mine=gathering.stand_in is not None and gathering.stand_in.id == request.state.person.id,
        names_of=rules.names_of,
        asks_why=await _asks_why(request, gathering),
    )


async def give_back(request: Request) -> Response:
    form = await Form.read(request)
    context, actor = access.context(request), request.state.person
    try:
        done = await actions.give_back(
            context, actor, access.path_id(request), fingerprint=form.value("seen"), why=form.value("why")
        )
    except Refused as refused:
        return await _giving_back_page(
            request, await _gathering(request, to_change=False), form.add(refused.reasons)
        )
    to = f"/host/gatherings/{done.gathering.id}" if done.gathering.may_change else "/host"
    if done.gathering.part == "organizer":
        to = f"/organize/circles/{done.gathering.circle_id}"
    return render.see_other(to, notice=done.done_text)
