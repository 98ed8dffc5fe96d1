"""When to come: a form, what fits, a calendar file. What is typed arrives in a body and leaves with the answer.

Nothing of it stands in an address, a cookie, a log, an event or a table, and no browser is to keep a copy.
"""

from __future__ import annotations

from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from circles import gatherings, invites
from circles.base import clock
from circles.base.errors import Refused
from circles.guides import planning, rules
from circles.guides.planning import Plan
from circles.web import access, cookies, render
from circles.web.forms import Form

_ASKED = ("date", "time", "zone", "stage", "come", "drives", "city")


@cache
def _zones() -> list[tuple[str, str]]:
    return [(zone, zone.replace("_", " ").replace("/", ", ")) for zone in sorted(clock.zones())]


def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


def _page(request: Request, form: Form, plan: Plan | None = None, status: int = 200) -> Response:
    shown: dict[str, Any] = {"form": form, "plan": plan, "zones": _zones(), "rules": rules}
    if plan:
        zone = plan.answers.ends.zone
        shown |= {
            "zone": zone,
            "form_again": Form(form.values),
            "day": lambda at: clock.format_date(at.astimezone(ZoneInfo(zone)).date()),
            "card_html": lambda card: gatherings.card_html(card, zone),
            "picks": _picks(plan),
            "asked": [(name, form.value(name)) for name in _ASKED],
        }
    return _private(render.page(request, "guides/when_to_come.html", status, **shown))


def _picks(plan: Plan) -> list[tuple[str, str]]:
    """What may go into a calendar, as the choices of a form: each with its day and its name."""
    zone = plan.answers.ends.zone
    cards = plan.first + [date.card for date in plan.dates if date.card]
    found = [(card.starts_at, str(card.id), card.circle_name) for card in cards]
    found += [(date.at, planning.pick_of(date), "Look for a group") for date in plan.dates if not date.card]
    return [(value, f"{clock.format_short(at, zone)}: {name}") for at, value, name in sorted(found)]


async def form(request: Request) -> Response:
    """The questions. An address is not read: whatever stands in it is left alone."""
    zone = cookies.viewer_zone(request)
    return _page(request, Form({"zone": zone, "come": "online"}))


async def show(request: Request) -> Response:
    """What fits these answers."""
    asked = await Form.read(request)
    return await _answer(request, asked)


async def _answer(request: Request, asked: Form, status: int = 200) -> Response:
    now = clock.now()
    answers = asked.take(lambda: rules.read(asked.values, now))
    if answers is None:
        return _page(request, asked, status=422)
    async with access.context(request).db.reading() as tx:
        plan = await planning.plan(tx, answers, now)
    if "pick" not in asked.values:
        asked.values["pick"] = ",".join(plan.pick())
    return _page(request, asked, plan, status)


async def calendar(request: Request) -> Response:
    """The chosen dates as a calendar file; with none chosen, the page again."""
    context, asked = access.context(request), await Form.read(request)
    ids, moments = planning.read_picks(asked.value("pick"))
    try:
        async with context.db.reading() as tx:
            chosen = await planning.suggestions(tx, ids, moments, context.settings.base_url, clock.now())
    except Refused as refused:
        asked.add(refused.reasons)
        asked.values.setdefault("pick", "")
        return await _answer(request, asked, 422)
    body = invites.suggested_dates_file(context.settings, chosen, clock.now())
    headers = {"Content-Disposition": 'attachment; filename="dates.ics"'}
    return _private(Response(body, media_type=invites.CALENDAR, headers=headers))
