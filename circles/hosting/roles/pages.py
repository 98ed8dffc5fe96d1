"""The page that says what a change of somebody's role does, and makes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from circles.base import reading
from circles.base.errors import NotFound, Refused
from circles.hosting.hosts import change_actions
from circles.hosting.hosts.rules import lead_options
from circles.hosting.roles import actions, rules
from circles.hosting.roles.actions import Wish
from circles.hosting.roles.rules import RoleChange
from circles.people import Role
from circles.web import access, render
from circles.web.forms import Form
from circles.web.sent import searched

ROLES: Mapping[str, Role] = {"facilitator": "facilitator", "organizer": "organizer"}
# Fields of the search that led here, so that the way back leads to it.
SEARCH = (searched.FIELD, "part", "page")


async def role_form(request: Request) -> Response:
    form = Form(dict(request.query_params))
    return await _page(request, form, _wish(request, form, {}))


def _wish(request: Request, form: Form, choices: Mapping[UUID, UUID | Literal["end"]]) -> Wish:
    """The change that a form asks for. Raises NotFound for one that there is not."""
    role, on = ROLES.get(form.value("role")), form.value("on")
    if role is None or on not in ("yes", "no"):
        raise NotFound
    return Wish(access.path_id(request), role, on == "yes", choices, form.value("reason"))


def _choices(form: Form) -> dict[UUID, UUID | Literal["end"]]:
    """Who leads each circle instead, as chosen; what cannot be read is left out."""
    choices: dict[UUID, UUID | Literal["end"]] = {}
    for name, value in form.values.items():
        circle_id = reading.uuid_or_none(name.removeprefix("lead-")) if name.startswith("lead-") else None
        lead_id = reading.uuid_or_none(value)
        if circle_id and value == rules.END:
            choices[circle_id] = "end"
        elif circle_id and lead_id:
            choices[circle_id] = lead_id
    return choices


async def _page(request: Request, form: Form, wish: Wish) -> Response:
    actor = request.state.person
    async with access.context(request).db.reading() as tx:
        change = await actions.plan(tx, actor, wish)
        leads = await change_actions.possible_leads(tx) if change.led else []
        organizers = await actions.count_organizers(tx)
    if form.ok and not change.is_done:
        form.add(
            reason
            for reason in rules.refusals(change, organizers, {row["id"] for row in leads})
            if reason.code == "last_organizer"
        )
    others = [row for row in leads if row["id"] != change.person.id]
    options = {
        circle.id: [
            ("", "Choose somebody"),
            *lead_options(others, [{"id": str(host.id), "part": host.part} for host in circle.hosts], actor),
            (rules.END, "Nobody: cancel what is ahead, and end the circle"),
        ]
        for circle in change.led
    }
    return render.page(
        request,
        "hosting/roles/role.html",
        200 if form.ok else 422,
        form=form,
        change=change,
        noun=rules.NOUNS[change.role],
        may=rules.MAY[change.role],
        options=options,
        names=_names(change, {row["id"]: row["name"] for row in leads}),
        is_me=change.person.id == actor.id,
        lead_field=rules.lead_field,
        back=_back(form),
    )


def _names(change: RoleChange, names: Mapping[UUID, str]) -> dict[UUID, str]:
    """The name of the chosen lead by circle; empty for a circle that is to end."""
    return {
        circle_id: names.get(choice, "") if isinstance(choice, UUID) else ""
        for circle_id, choice in change.choices.items()
    }


def _back(form: Form) -> str:
    """The list of people, with the search that led here."""
    fields = {name: form.value(name) for name in SEARCH}
    query = urlencode(
        {name: value for name, value in fields.items() if value and (name, value) != ("page", "1")}
    )
    return f"/organize/people?{query}" if query else "/organize/people"


async def change_role(request: Request) -> Response:
    form = await Form.read(request)
    wish = _wish(request, form, _choices(form))
    actor = request.state.person
    if form.value("then") != "do":
        await _add_refusals(request, form, wish)
        return await _page(request, form, wish)
    try:
        change = await actions.change_role(
            access.context(request), actor, wish, fingerprint=form.value("seen")
        )
    except Refused as refused:
        return await _page(request, form.add(refused.reasons), wish)
    return _changed(change, form, is_me=change.person.id == actor.id)


async def _add_refusals(request: Request, form: Form, wish: Wish) -> None:
    """Add every reason against the change to the form, before anything is done."""
    async with access.context(request).db.reading() as tx:
        change = await actions.plan(tx, request.state.person, wish)
        form.add(await actions.refusals(tx, change, wish.reason))


def _changed(change: RoleChange, form: Form, *, is_me: bool) -> Response:
    word = "now" if change.on else "no longer"
    notice = f"{change.person.name} is {word} {rules.NOUNS[change.role]}, and gets a mail."
    loses_this_page = is_me and change.role == "organizer" and not change.on
    return render.see_other("/me" if loses_this_page else _back(form), notice=notice)
