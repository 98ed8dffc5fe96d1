"""One person's page for organizers: suspend, agree, lift."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles.base import clock
from circles.base.english import Labels
from circles.base.errors import Refused
from circles.hosting import leaving
from circles.organizing.audit import words
from circles.organizing.people import queries, suspend_rules, suspending
from circles.organizing.people.queries import Part
from circles.organizing.people.suspend_rules import Plan, Wish
from circles.web import access, cookies, render
from circles.web.forms import Form

STATE_NAMES = Labels(
    {"held": "Held", "confirmed": "Confirmed", "cancelled": "Canceled", "lapsed": "Not taken up"}
)
PART_NAMES = Labels({"lead": "leads", "co": "co-facilitates", "helper": "helps in"})


async def person(request: Request) -> Response:
    part = Part.read(request.query_params)
    async with access.context(request).db.reading() as tx:
        page = await queries.page(tx, access.path_id(request), part)
    if page.person["merged_into"]:
        return render.see_other(f"/organize/people/{page.person['merged_into']}")
    return _show(request, page, part, Form())


def _show(request: Request, page: queries.Page, part: Part, form: Form) -> Response:
    return render.page(
        request,
        "organizing/people/person.html",
        200 if form.ok else 422,
        form=form,
        page=page,
        member=page.person,
        merge=page.person["merge"],
        part=part,
        is_me=page.person["id"] == request.state.person.id,
        state_names=STATE_NAMES,
        part_names=PART_NAMES,
        refunds=suspend_rules.REFUNDS,
        words_of=words.words_of,
        reason_of=words.reason_of,
    )


async def suspend_form(request: Request) -> Response:
    return await _suspend_page(request, Form({"refund": "all"}), None)


async def suspend(request: Request) -> Response:
    """POST: show what a suspension does, or begin it."""
    form, context = await Form.read(request), access.context(request)
    zone = cookies.viewer(request).zone
    wish = suspend_rules.read_wish(form, access.path_id(request), zone, clock.now())
    if not form.ok or form.value("then") != "do":
        return await _suspend_page(request, form, wish)
    try:
        state = await suspending.suspend(context, request.state.person, wish, fingerprint=form.value("seen"))
    except Refused as refused:
        return await _suspend_page(request, form.add(refused.reasons), wish)
    notice = (
        "The account is suspended. A mail says so." if state == "active" else "Other organizers are asked."
    )
    return render.see_other(f"/organize/people/{wish.person_id}", notice=notice)


async def _suspend_page(request: Request, form: Form, wish: Wish | None) -> Response:
    """The form; with a wish that is whole also what it does. Refusals that no choice can change are shown at once."""
    actor = request.state.person
    async with access.context(request).db.reading() as tx:
        plan = await suspending.plan(tx, actor, access.path_id(request))
        options = await leaving.lead_options(tx, plan.person["id"]) if plan.hosting.led else []
    open_state = (plan.person["suspension"] or {}).get("state", "")
    refusals = suspend_rules.refusals(plan, actor.id, open_state)
    form.add(refusals)
    return render.page(
        request,
        "organizing/people/suspend.html",
        200 if form.ok else 422,
        form=form,
        plan=plan,
        member=plan.person,
        ahead_text=suspend_rules.ahead_text(plan),
        is_possible=not refusals,
        preview=wish if wish and form.ok else None,
        lead_names=_lead_names(plan, wish, options),
        options=options,
        refunds=list(suspend_rules.REFUNDS.items()),
        max_reason=suspend_rules.MAX_REASON,
    )


def _lead_names(plan: Plan, wish: Wish | None, options: list[tuple[str, str]]) -> dict[str, str]:
    """By circle, who leads it instead, as chosen."""
    names, leads = dict(options), wish.leads if wish else {}
    return {
        str(circle.id): names.get(str(leads[circle.id]), "") if circle.id in leads else ""
        for circle in plan.hosting.led
    }


async def agree(request: Request) -> Response:
    """POST: a second organizer agrees to a suspension."""
    person_id = access.path_id(request)
    try:
        await suspending.agree(access.context(request), request.state.person, person_id)
    except Refused as refused:
        return await _refused(request, refused)
    return render.see_other(
        f"/organize/people/{person_id}", notice="The account is suspended. A mail says so."
    )


async def _refused(request: Request, refused: Refused) -> Response:
    async with access.context(request).db.reading() as tx:
        page = await queries.page(tx, access.path_id(request), Part())
    return _show(request, page, Part(), Form().add(refused.reasons))


async def withdraw(request: Request) -> Response:
    """POST: withdraw the request of a suspension."""
    person_id = access.path_id(request)
    await suspending.withdraw(access.context(request), request.state.person, person_id)
    return render.see_other(f"/organize/people/{person_id}", notice="Nobody is asked any more.")


async def lift(request: Request) -> Response:
    """POST: lift a suspension."""
    person_id = access.path_id(request)
    await suspending.lift(access.context(request), request.state.person, person_id)
    return render.see_other(f"/organize/people/{person_id}", notice="They can sign in again, and get a mail.")
