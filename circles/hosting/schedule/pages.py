"""Pages of schedules: create with a preview of the dates, change, end; and of one date: plan."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from circles.base import clock, text
from circles.base.errors import NotFound, Refused, refuse_if
from circles.base.money import Scale
from circles.hosting.change import planned_change, wording
from circles.hosting.change import queries as change_queries
from circles.hosting.change import rules as change_rules
from circles.hosting.change.planned_change import Consent, ScheduleChange, ScheduleEnd
from circles.hosting.schedule import actions, calendar, forms, queries, rules
from circles.hosting.schedule.rules import NTH, WEEKDAYS
from circles.store import db
from circles.web import access, cookies, htmx, render
from circles.web.forms import Form

CIRCLES = db.queries("hosting/circle")

# What a new schedule's form begins with.
USUAL = {"kind": "weekly", "every": "1", "nth": "1", "end": "open", "time": "18:00"}


async def _circle(request: Request) -> dict[str, Any]:
    async with access.context(request).db.reading() as tx:
        row = await CIRCLES.hosted_circle(tx, id=access.path_id(request), actor_id=request.state.person.id)
    if row is None or row["part"] == "helper":
        raise NotFound
    return dict(row)


def _page(request: Request, form: Form, status: int = 200, **more: Any) -> Response:
    """The form with its dates; to htmx the dates alone, which follow the form while it is being filled in."""
    about: dict[str, Any] = {
        "preview": None,
        "outcome": None,
        "description": None,
        "schedule_id": None,
    } | more
    own = f"/host/schedules/{about['schedule_id']}"
    about["action"] = own if about["schedule_id"] else f"/host/circles/{about['circle']['id']}/schedules/new"
    if htmx.wants_part(request):
        part = "hosting/schedule/_schedule_dates.html"
        return htmx.vary(render.page(request, part, form=form, follows=True, **about))
    page = render.page(
        request,
        "hosting/schedule/schedule_form.html",
        status,
        form=form,
        kinds=list(forms.KINDS.items()),
        ends=list(forms.ENDS.items()),
        weekdays=[(str(number), name) for number, name in enumerate(WEEKDAYS)],
        nths=[(str(number), name.capitalize()) for number, name in NTH.items()],
        follows=False,
        **about,
    )
    return htmx.vary(page)


def _toggle(form: Form) -> str:
    """The button pressed. It skips a date or takes it back, or sets the first date; then the dates are shown."""
    then = form.value("then", "look")
    begin = then.removeprefix("begin:")
    if begin != then:
        form.values["first_date"] = begin
        return "look"
    pressed = then.removeprefix("skip:")
    if pressed == then:
        return then
    skipped = set(filter(None, form.value("skipped").split(",")))
    form.values["skipped"] = ",".join(sorted(skipped ^ {pressed}))
    return "look"


async def new_form(request: Request) -> Response:
    row = await _circle(request)
    first = clock.now().date() + timedelta(days=7)
    begin = {"first_date": first.isoformat(), "weekday": str(first.weekday()), "month_day": str(first.day)}
    begin["nth"] = str((first.day - 1) // 7 + 1) if first.day <= 28 else "-1"
    own = {name: str(row[name]) for name in ("length_minutes", "capacity", "community_seats")}
    return _page(request, Form(USUAL | begin | own | {"weekdays": str(first.weekday())}), circle=row)


async def create(request: Request) -> Response:
    form, row = await Form.read(request), await _circle(request)
    then, preview = _toggle(form), None
    try:
        rule, terms = forms.read_schedule(form.values, row["zone"], Scale.of(row), clock.now())
        preview = calendar.preview(rule, terms, clock.now(), cookies.viewer(request).hours)
        if then != "save":
            return _page(request, form, circle=row, preview=preview)
        refuse_if(rules.first_meeting_refusals(rule))
        planted = await actions.create_schedule(
            access.context(request),
            request.state.person,
            row["id"],
            rule,
            terms,
            overlap_reason=form.value("overlap_reason"),
        )
    except Refused as refused:
        return _page(request, form.add(refused.reasons), 422, circle=row, preview=preview)
    notice = rules.saved_notice(rule, planted, row["state"], clock.now().date())
    return render.see_other(f"/host/circles/{row['id']}", notice=notice)


async def _schedule(request: Request, tx: db.Tx) -> dict[str, Any]:
    return dict(await queries.find_schedule(tx, request.state.person, access.path_id(request)))


def _of_schedule(row: dict[str, Any]) -> dict[str, Any]:
    circle = row | {"id": row["circle_id"], "name": row["circle_name"], "zone": row["circle_zone"]}
    return {"circle": circle, "schedule_id": row["id"]}


async def change_form(request: Request) -> Response:
    async with access.context(request).db.reading() as tx:
        row = await _schedule(request, tx)
    rule, terms = forms.rule_of(row), forms.terms_of(row)
    preview = calendar.preview(rule, terms, clock.now(), cookies.viewer(request).hours)
    return _page(request, Form(forms.typed(rule, terms)), preview=preview, **_of_schedule(row))


async def change(request: Request) -> Response:
    form = await Form.read(request)
    then = _toggle(form)
    async with access.context(request).db.reading() as tx:
        row = await _schedule(request, tx)
        shown = _of_schedule(row)
        try:
            rule, terms = forms.read_schedule(form.values, row["circle_zone"], Scale.of(row), clock.now())
            line = text.body(form.value("line"), "line", max_length=change_rules.MAX_LINE, required=False)
            planned = ScheduleChange(request.state.person, row["id"], terms, rule, line)
            outcome = await planned.preview(tx)
        except Refused as refused:
            return _page(request, form.add(refused.reasons), 422, **shown)
    preview = calendar.preview(rule, terms, clock.now(), cookies.viewer(request).hours)
    shown |= {"preview": preview, "outcome": outcome, "description": wording.describe(outcome)}
    if then != "save":
        return _page(request, form, **shown)
    try:
        stored = forms.rule_of(row)
        refuse_if([] if rules.first_meeting(stored) else rules.first_meeting_refusals(rule))
        consent = Consent(form.value("seen"), form.value("overlap_reason"))
        await planned_change.apply(access.context(request), planned, consent)
    except Refused as refused:
        return _page(request, form.add(refused.reasons), 422, **shown)
    notice = "The schedule is changed. Everybody concerned is told by mail."
    return render.see_other(f"/host/circles/{row['circle_id']}", notice=notice)


async def end_form(request: Request) -> Response:
    async with access.context(request).db.reading() as tx:
        row = await _schedule(request, tx)
        outcome = change_rules.end_outcome(await change_queries.planted_ahead(tx, row["id"]))
    rule, terms = forms.rule_of(row), forms.terms_of(row)
    return render.page(
        request,
        "hosting/schedule/schedule_end.html",
        schedule=row,
        words=calendar.preview(rule, terms, clock.now(), cookies.viewer(request).hours).words,
        removable=len(outcome.steps_that("remove")),
        sentences=wording.end_sentences(outcome, [host["name"] for host in row["other_hosts"]]),
    )


async def end(request: Request) -> Response:
    """End a schedule; gatherings nobody booked go with it, or stay."""
    form = await Form.read(request)
    async with access.context(request).db.reading() as tx:
        row = await _schedule(request, tx)
    planned = ScheduleEnd(request.state.person, row["id"], remove=form.value("then") == "remove")
    await planned_change.apply(access.context(request), planned, Consent(""))
    return render.see_other(f"/host/circles/{row['circle_id']}", notice="The schedule has ended.")


# One date


def _gathering_form(request: Request, row: dict[str, Any], form: Form, status: int = 200) -> Response:
    return render.page(
        request, "hosting/schedule/gathering_form.html", status, form=form, circle=row, scale=Scale.of(row)
    )


async def new_gathering_form(request: Request) -> Response:
    row = await _circle(request)
    usual = ("length_minutes", "capacity", "community_seats")
    return _gathering_form(request, row, Form({name: str(row[name]) for name in usual}))


async def create_gathering(request: Request) -> Response:
    form = await Form.read(request)
    row = await _circle(request)
    publish = form.value("then") == "publish"
    try:
        plan = forms.read_gathering(form.values, row["zone"], Scale.of(row), clock.now())
        await actions.plan_gathering(
            access.context(request),
            request.state.person,
            row["id"],
            plan,
            publish=publish,
            overlap_reason=form.value("overlap_reason"),
        )
    except Refused as refused:
        return _gathering_form(request, row, form.add(refused.reasons), 422)
    notice = "The gathering is open for booking." if publish else "The gathering is planned, as a draft."
    if plan.start.oddity == "doubled":
        city, usual = (
            clock.city(row["zone"]),
            clock.format_hour(plan.start.wall, cookies.viewer(request).hours),
        )
        notice += f" That night the clocks in {city} show {usual} twice; it is the first."
    return render.see_other(f"/host/circles/{row['id']}", notice=notice)
