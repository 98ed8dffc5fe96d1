"""Pages that say what a change of a circle's hosts does, and make it: another lead, a host less."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from circles.base import reading
from circles.base.errors import Refused
from circles.hosting.hosts import change_actions, rules
from circles.hosting.hosts.changes import HostsChange
from circles.hosting.organize import acting
from circles.people import Person
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form

Plan = Callable[[db.Tx, Person, UUID, UUID], Awaitable[HostsChange]]
Verb = Callable[..., Awaitable[HostsChange]]


async def choose_lead(request: Request) -> Response:
    """To the page of the person an organizer chose as the lead."""
    circle_id = access.path_id(request)
    host_id = reading.uuid_or_none(request.query_params.get("host", ""))
    hosts = f"/host/circles/{circle_id}/hosts"
    if host_id is None:
        return render.see_other(f"{hosts}#lead", notice="Please choose who leads it.", kind="warn")
    return render.see_other(f"{hosts}/{host_id}/lead")


async def lead_form(request: Request) -> Response:
    return await _page(request, Form(), change_actions.plan_lead)


async def remove_form(request: Request) -> Response:
    return await _page(request, Form(), change_actions.plan_removal)


async def _page(request: Request, form: Form, plan: Plan) -> Response:
    """What the change does, or why it cannot be made."""
    actor, circle_id, host_id = request.state.person, access.path_id(request), access.path_id(request, "host")
    context, change = access.context(request), None
    async with context.db.transaction() as tx:
        circle = await change_actions.circle_hosts(tx, circle_id, actor.id)
        asks_why = await acting.asks_why(tx, actor, circle_id, circle.part)
        try:
            change = await plan(tx, actor, circle_id, host_id)
        except Refused as refused:
            form.add(reason for reason in refused.reasons if reason not in form.reasons)
    host = circle.host(host_id)
    return render.page(
        request,
        "hosting/hosts/hosts_change.html",
        200 if form.ok else 422,
        form=form,
        circle=circle,
        change=change,
        host=(change and change.lead) if plan is change_actions.plan_lead else host,
        is_lead=plan is change_actions.plan_lead,
        is_me=host_id == actor.id,
        asks_why=asks_why,
        parts=rules.PARTS,
    )


async def pass_lead(request: Request) -> Response:
    return await _make(request, change_actions.plan_lead, change_actions.pass_lead)


async def remove(request: Request) -> Response:
    return await _make(request, change_actions.plan_removal, change_actions.remove)


async def _make(request: Request, plan: Plan, verb: Verb) -> Response:
    form, actor = await Form.read(request), request.state.person
    context, circle_id, host_id = (
        access.context(request),
        access.path_id(request),
        access.path_id(request, "host"),
    )
    if not form.value("seen"):
        return await _page(request, form, plan)
    try:
        change = await verb(
            context, actor, circle_id, host_id, fingerprint=form.value("seen"), why=form.value("why")
        )
    except Refused as refused:
        return await _page(request, form.add(refused.reasons), plan)
    return _made(change, host_id, is_lead=plan is change_actions.plan_lead)


def _made(change: HostsChange, host_id: UUID, *, is_lead: bool) -> Response:
    """Back to the hosts, or to where somebody who left may go."""
    if not is_lead and host_id == change.actor_id:
        return render.see_other("/host", notice="You have left the circle.")
    name = change.lead.name if is_lead and change.lead else change.gone[0].name
    notice = f"{name} leads this circle now." if is_lead else f"{name} no longer hosts this circle."
    return render.see_other(f"/host/circles/{change.circle.id}/hosts", notice=notice)
