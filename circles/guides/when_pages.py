"""When to come: the form, the result, a calendar file.

The answers arrive in the body of a POST and are in no URL, cookie, log, event or table. No browser may cache a page.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from circles import gatherings, invites
from circles.base import clock, zone_choices
from circles.base.clock import Viewer
from circles.base.errors import Refused
from circles.guides import planning, rules
from circles.guides.planning import Plan
from circles.web import access, cookies, render
from circles.web.forms import Form

_FIELDS = ("date", "time", "zone", "stage", "come", "drives", "city")


def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


def _page(request: Request, form: Form, plan: Plan | None = None, status: int = 200) -> Response:
    values: dict[str, Any] = {
        "form": form,
        "plan": plan,
        "zones": zone_choices.choices(form.value("zone")),
        "rules": rules,
    }
    if plan:
        zone = plan.answers.ends.zone
        viewer = Viewer(zone, cookies.viewer(request).hours)
        values |= {
            "zone": zone,
            "viewer": viewer,
            "form_again": Form(form.values),
            "card_html": lambda card: gatherings.card_html(card, viewer),
            "picks": _picks(plan, viewer),
            "answers": [(name, form.value(name)) for name in _FIELDS],
        }
    return _private(render.page(request, "guides/when_to_come.html", status, **values))


def _picks(plan: Plan, viewer: Viewer) -> list[tuple[str, str]]:
    """The dates for a calendar file, as the choices of a form: each with its day and its name."""
    cards = {card.id: card for card in plan.shown + [date.card for date in plan.dates if date.card]}.values()
    picks = [(card.starts_at, str(card.id), card.circle_name) for card in cards]
    picks += [
        (date.at, planning.pick_value(date), planning.REMINDER_TITLE) for date in plan.dates if not date.card
    ]
    return [(value, f"{clock.format_record(at, viewer)}: {name}") for at, value, name in sorted(picks)]


async def show_form(request: Request) -> Response:
    """The questions. Parameters of the URL are not read."""
    return _page(request, Form({"zone": cookies.viewer_zone(request), "come": "online"}))


async def show(request: Request) -> Response:
    return await _answer(request, await Form.read(request))


async def _answer(request: Request, form: Form, status: int = 200) -> Response:
    now = clock.now()
    # Without a choice it is the one of the browser.
    form.values["zone"] = form.value("zone") or cookies.viewer_zone(request)
    answers = form.take(lambda: rules.read(form.values, now))
    if answers is None:
        return _page(request, form, status=422)
    person = request.state.person
    async with access.context(request).db.reading() as tx:
        plan = await planning.plan(tx, answers, now, person.id if person else None)
    if "pick" not in form.values:
        form.values["pick"] = ",".join(plan.default_picks())
    return _page(request, form, plan, status)


async def calendar(request: Request) -> Response:
    """The chosen dates as a calendar file; the page again when none is chosen."""
    context, form = access.context(request), await Form.read(request)
    ids, moments = planning.read_picks(form.value("pick"))
    try:
        async with context.db.reading() as tx:
            chosen = await planning.suggested_dates(tx, ids, moments, context.settings.base_url, clock.now())
    except Refused as refused:
        form.add(refused.reasons)
        form.values.setdefault("pick", "")
        return await _answer(request, form, 422)
    body = invites.suggested_dates_file(context.settings, chosen, clock.now())
    headers = {"Content-Disposition": 'attachment; filename="dates.ics"'}
    return _private(Response(body, media_type=invites.CALENDAR, headers=headers))
