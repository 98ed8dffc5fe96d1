"""Pages of standing in: choose who holds one gathering, see whom it concerns, do it; and step back."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from circles import people
from circles.base import reading
from circles.base.errors import Reason, Refused
from circles.hosting.stand_in import actions, rules
from circles.hosting.stand_in.rules import Asking, Held, Swap
from circles.store.mail import ComposedMail
from circles.web import access, render
from circles.web.forms import Form


async def _held(request: Request, *, to_change: bool = True) -> Held:
    async with access.context(request).db.reading() as tx:
        return await actions.look(tx, access.path_id(request), request.state.person, to_change=to_change)


async def choose(request: Request) -> Response:
    """Who holds one gathering, and who else could."""
    return _page(request, await _held(request), Form())


def _page(request: Request, held: Held, form: Form, plan: Swap | Asking | None = None) -> Response:
    swap = plan if isinstance(plan, Swap) else None
    return render.page(
        request,
        "hosting/stand_in/stand_in.html",
        200 if form.ok else 422,
        form=form,
        gathering=held,
        over=rules.over_reasons(held),
        choices=[(str(each.id), each.name) for each in held.choices],
        swap=swap,
        asking=plan if isinstance(plan, Asking) else None,
        sample=_sample(request, swap),
        names=rules.names,
    )


def _sample(request: Request, swap: Swap | None) -> ComposedMail | None:
    """The mail that the first of those with a seat gets, but for their own clock, which is no host's to know."""
    if not swap or not swap.members:
        return None
    return actions.member_mail(access.context(request).settings, swap, replace(swap.members[0], zone=""))


async def put(request: Request) -> Response:
    """Show what it does and who is told, or do it when that was seen."""
    form, held = await Form.read(request), await _held(request)
    plan = None
    try:
        plan = _foresee(request, form, held)
        if form.value("then") != "do":
            return _page(request, held, form, plan)
        return await _do(request, form, plan)
    except Refused as refused:
        form.add(refused.reasons)
        return _page(request, held, form, plan)


def _foresee(request: Request, form: Form, held: Held) -> Swap | Asking:
    person = request.state.person
    if form.value("who") == "mail":
        return actions.foresee_asking(held, person, people.parse_address(form.value("email")))
    return actions.foresee(held, person, _host_id(form))


def _host_id(form: Form) -> UUID:
    host_id = reading.uuid_or_none(form.value("host"))
    if host_id is None:
        raise Refused(Reason("host_unknown", "Please choose who holds it.", "host"))
    return host_id


async def _do(request: Request, form: Form, plan: Swap | Asking) -> Response:
    context, person, seen = access.context(request), request.state.person, form.value("seen")
    here = f"/host/gatherings/{plan.held.id}"
    if isinstance(plan, Asking):
        await actions.ask(context, person, plan.held.id, email=plan.email, seen=seen)
        says = f"Asked: {plan.email}. They hold it once they say yes."
        return render.see_other(f"{here}/stand-in", notice=says)
    to = plan.to.id if plan.to else person.id
    done = await actions.step_in(context, person, plan.held.id, to, seen=seen)
    return render.see_other(here, notice=_done_words(done))


def _done_words(swap: Swap) -> str:
    told = len(swap.members) + len(swap.hosts)
    says = f"{swap.holds[:1].upper()}{swap.holds[1:]}."
    if swap.nothing or not told:
        return says
    return f"{says} {'1 person is' if told == 1 else f'{told} people are'} being told."


async def back(request: Request) -> Response:
    """What it does when the usual hosts hold a gathering again, and who is told."""
    return _back_page(request, await _held(request, to_change=False), Form())


def _back_page(request: Request, held: Held, form: Form) -> Response:
    swap = None
    try:
        swap = actions.foresee_back(held, request.state.person)
    except Refused as refused:
        form.add(refused.reasons)
    return render.page(
        request,
        "hosting/stand_in/stand_in_back.html",
        200 if form.ok else 422,
        form=form,
        gathering=held,
        swap=swap,
        mine=held.stand_in is not None and held.stand_in.id == request.state.person.id,
        sample=_sample(request, swap if swap and not swap.nothing else None),
        names=rules.names,
    )


async def step(request: Request) -> Response:
    """The circle's own hosts hold it again, when what it does was seen."""
    form = await Form.read(request)
    context, person = access.context(request), request.state.person
    try:
        done = await actions.step_back(context, person, access.path_id(request), seen=form.value("seen"))
    except Refused as refused:
        form.add(refused.reasons)
        return _back_page(request, await _held(request, to_change=False), form)
    to = f"/host/gatherings/{done.held.id}" if done.held.may_change else "/host"
    return render.see_other(to, notice=_done_words(done))
