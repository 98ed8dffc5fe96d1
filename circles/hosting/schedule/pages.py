"""Pages of schedules: create with a preview of the dates, change, end; and of one date: plan."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from circles.base import clock
from circles.base.errors import NotFound, Refused
from circles.base.money import Scale
from circles.hosting.change.actions import Consent
from circles.hosting.change.rules import Outcome
from circles.hosting.schedule import actions as schedule_actions
from circles.hosting.schedule import calendar as schedule_calendar
from circles.hosting.schedule import forms as schedule_forms
from circles.hosting.schedule import rules as schedule_rules
from circles.hosting.schedule.rules import NTH, WEEKDAYS, Rule, Terms
from circles.store import db
from circles.web import access, htmx, render
from circles.web.forms import Form

CIRCLES = db.queries("hosting/circle")

# What a new schedule's form begins with.
USUAL = {"kind": "weekly", "every": "1", "nth": "1", "end": "open", "time": "18:00"}


def scale(row: Any) -> Scale:
    """The sliding scale of a row that holds one."""
    return Scale(row["minimum"], row["suggested"], row["maximum"], row["currency"])


async def _circle(request: Request) -> dict[str, Any]:
    async with access.context(request).db.reading() as tx:
        row = await CIRCLES.hosted_circle(tx, id=access.path_id(request), person=request.state.person.id)
    if row is None or row["part"] == "helper":
        raise NotFound
    return dict(row)


def _page(request: Request, form: Form, status: int = 200, **more: Any) -> Response:
    """The form with its dates; to htmx the dates alone, which follow the form while it is being filled in."""
    about: dict[str, Any] = {"preview": None, "outcome": None, "schedule_id": None} | more
    own = f"/host/schedules/{about['schedule_id']}"
    about["action"] = own if about["schedule_id"] else f"/host/circles/{about['circle']['id']}/schedules/new"
    if htmx.wants_part(request):
        part = "hosting/schedule/_schedule_dates.html"
        return htmx.vary(render.page(request, part, form=form, follows=True, **about))
    weekdays = [(str(number), name) for number, name in enumerate(WEEKDAYS)]
    page = render.page(
        request,
        "hosting/schedule/schedule_form.html",
        status,
        form=form,
        kinds=list(schedule_forms.KINDS.items()),
        ends=list(schedule_forms.ENDS.items()),
        weekdays=weekdays,
        nths=[(str(number), name.capitalize()) for number, name in NTH.items()],
        follows=False,
        **about,
    )
    return htmx.vary(page)


def _toggle(form: Form) -> str:
    """What was pressed; a date in the calendar is skipped, or no longer skipped, first."""
    then = form.value("then", "look")
    pressed = then.removeprefix("skip:")
    if pressed == then:
        return then
    skipped = {each for each in form.value("skipped").split(",") if each}
    form.values["skipped"] = ",".join(sorted(skipped ^ {pressed}))
    return "look"


async def new_form(request: Request) -> Response:
    """An empty schedule with the circle's own length and seats."""
    row = await _circle(request)
    first = clock.now().date() + timedelta(days=7)
    begin = {"first_date": first.isoformat(), "weekday": str(first.weekday()), "month_day": str(first.day)}
    own = {name: str(row[name]) for name in ("length_minutes", "capacity", "community_seats")}
    return _page(request, Form(USUAL | begin | own | {"weekdays": str(first.weekday())}), circle=row)


async def create(request: Request) -> Response:
    """Show the dates of the schedule as typed, or save it and plant it."""
    form, row = await Form.read(request), await _circle(request)
    then, preview = _toggle(form), None
    try:
        rule, terms = schedule_forms.read_schedule(form.values, row["zone"], scale(row), clock.now())
        preview = schedule_calendar.preview(rule, terms, clock.now())
        if then != "save":
            return _page(request, form, circle=row, preview=preview)
        planted = await schedule_actions.create_schedule(
            access.context(request),
            request.state.person,
            row["id"],
            rule,
            terms,
            overlap_reason=form.value("overlap_reason"),
        )
    except Refused as refused:
        form.add(refused.reasons)
        return _page(request, form, 422, circle=row, preview=preview)
    return render.see_other(f"/host/circles/{row['id']}", notice=_planted_words(planted, row["state"], rule))


def _planted_words(planted: int, state: str, rule: Rule) -> str:
    if state != "published":
        return "The schedule is saved. Its gatherings are planted once the circle takes bookings."
    many = "1 gathering is" if planted == 1 else f"{planted} gatherings are"
    today = clock.now().date()
    more = schedule_rules.dates(rule, today + schedule_rules.HORIZON, today + 4 * schedule_rules.HORIZON)
    rest = "; the next ones follow by themselves." if more else ", and that is all of them."
    return f"The schedule is saved. {many} open for booking{rest}"


async def _schedule(request: Request, tx: db.Tx) -> dict[str, Any]:
    return dict(await schedule_actions.find(tx, request.state.person, access.path_id(request)))


def _of_schedule(row: dict[str, Any]) -> dict[str, Any]:
    circle = row | {"id": row["circle_id"], "name": row["circle_name"], "zone": row["circle_zone"]}
    return {"circle": circle, "schedule_id": row["id"]}


async def change_form(request: Request) -> Response:
    """A schedule's form with what is saved, and its dates."""
    async with access.context(request).db.reading() as tx:
        row = await _schedule(request, tx)
    rule, terms = schedule_forms.rule_of(row), schedule_forms.terms_of(row)
    preview = schedule_calendar.preview(rule, terms, clock.now())
    return _page(request, Form(schedule_forms.typed(rule, terms)), preview=preview, **_of_schedule(row))


async def change(request: Request) -> Response:
    """Show what a changed schedule does and who is told, or do it."""
    form = await Form.read(request)
    then, shown = _toggle(form), {}
    async with access.context(request).db.reading() as tx:
        row = await _schedule(request, tx)
        try:
            rule, terms = schedule_forms.read_schedule(
                form.values, row["circle_zone"], scale(row), clock.now()
            )
            shown = await _shown(tx, row, rule, terms)
        except Refused as refused:
            form.add(refused.reasons)
            return _page(request, form, 422, **_of_schedule(row))
    if then == "save":
        return await _save(request, form, row, rule, terms, shown)
    return _page(request, form, **shown, **_of_schedule(row))


async def _shown(tx: db.Tx, row: dict[str, Any], rule: Rule, terms: Terms) -> dict[str, Any]:
    """The dates of a changed schedule, and what becomes of those that are planted."""
    outcome: Outcome = await schedule_actions.foresee(tx, row["id"], rule, terms)
    return {"preview": schedule_calendar.preview(rule, terms, clock.now()), "outcome": outcome}


async def _save(
    request: Request, form: Form, row: dict[str, Any], rule: Rule, terms: Terms, shown: dict[str, Any]
) -> Response:
    consent = Consent(form.value("seen"), form.value("overlap_reason"))
    try:
        await schedule_actions.change_schedule(
            access.context(request), request.state.person, row["id"], rule, terms, consent
        )
    except Refused as refused:
        form.add(refused.reasons)
        return _page(request, form, 422, **shown, **_of_schedule(row))
    says = "The schedule is changed. Whoever is to be told is being told."
    return render.see_other(f"/host/circles/{row['circle_id']}", notice=says)


async def end_form(request: Request) -> Response:
    """Ask once before a schedule ends, and say what becomes of its gatherings."""
    async with access.context(request).db.reading() as tx:
        row = await _schedule(request, tx)
        rule, terms = schedule_forms.rule_of(row), schedule_forms.terms_of(row)
        outcome = await schedule_actions.foresee(tx, row["id"], Rule("dates", clock.now().date()), terms)
    words = schedule_calendar.preview(rule, terms, clock.now()).words
    return render.page(
        request, "hosting/schedule/schedule_end.html", schedule=row, words=words, outcome=outcome
    )


async def end(request: Request) -> Response:
    """End a schedule; what nobody booked goes with it, or stays."""
    form = await Form.read(request)
    circle_id = await schedule_actions.end_schedule(
        access.context(request),
        request.state.person,
        access.path_id(request),
        remove=form.value("then") == "remove",
    )
    return render.see_other(f"/host/circles/{circle_id}", notice="The schedule has ended.")


# One date


def _gathering_form(request: Request, row: dict[str, Any], form: Form, status: int = 200) -> Response:
    return render.page(
        request, "hosting/schedule/gathering_form.html", status, form=form, circle=row, scale=scale(row)
    )


async def new_gathering_form(request: Request) -> Response:
    """A gathering's form, with the circle's own length and seats."""
    row = await _circle(request)
    usual = ("length_minutes", "capacity", "community_seats")
    return _gathering_form(request, row, Form({name: str(row[name]) for name in usual}))


async def create_gathering(request: Request) -> Response:
    """Plan a gathering from the form, as a draft or open at once."""
    form = await Form.read(request)
    row = await _circle(request)
    publish = form.value("then") == "publish"
    try:
        plan = schedule_forms.read_gathering(form.values, row["zone"], scale(row), clock.now())
        await schedule_actions.plan_gathering(
            access.context(request),
            request.state.person,
            row["id"],
            plan,
            publish=publish,
            overlap_reason=form.value("overlap_reason"),
        )
    except Refused as refused:
        form.add(refused.reasons)
        return _gathering_form(request, row, form, 422)
    says = "The gathering is open for booking." if publish else "The gathering is planned, as a draft."
    if plan.start.oddity == "doubled":
        city = clock.city(row["zone"])
        says += f" That night the clocks in {city} show {plan.start.wall:%H:%M} twice; it is the first."
    return render.see_other(f"/host/circles/{row['id']}", notice=says)
