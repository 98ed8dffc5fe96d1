"""Pages of a host's circles: list, create, edit, publish, pause, end, copy; all circles for organizers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from starlette.requests import Request
from starlette.responses import Response

from circles import guidelines, people
from circles.base import clock, money, reading, text, zone_choices
from circles.base.english import MAX_COUNTED
from circles.base.errors import NotFound, OutOfDate, Reason, Refused
from circles.base.reading import Reader
from circles.gatherings import FORMATS, PLACES, GatheringDate, HostedDate, terms_words
from circles.hosting.change import circle_change
from circles.hosting.change.circle_change import CircleChange, CircleOutcome
from circles.hosting.change.planned_change import Consent
from circles.hosting.change.rules import MAX_LINE
from circles.hosting.circle import actions, forms, lifecycle, rules
from circles.hosting.circle.rules import CirclePlan
from circles.hosting.schedule import calendar as schedule_calendar
from circles.store import db
from circles.store.context import Context
from circles.web import access, cookies, render
from circles.web.forms import Form
from circles.web.paging import Window, long_pager

SQL = db.queries("hosting/circle")
SCHEDULES = db.queries("hosting/schedule")
ORGANIZE = db.queries("hosting/organize")

PER_PAGE = 50
MAX_ORPHANS = 20


async def my_circles(request: Request) -> Response:
    async with access.context(request).db.reading() as tx:
        rows = await db.rows(SQL.hosted_circles(tx, actor_id=request.state.person.id))
    circles = [dict(row) | {"ahead": GatheringDate.read(row["ahead"])} for row in rows]
    return render.page(request, "hosting/circle/my_circles.html", circles=circles, formats=FORMATS)


async def _hosted_circle(request: Request, *, to_change: bool = False) -> dict[str, Any]:
    """The circle of the URL for one of its hosts. Raises NotFound; for a helper too, if to_change."""
    async with access.context(request).db.reading() as tx:
        row = await SQL.hosted_circle(tx, id=access.path_id(request), actor_id=request.state.person.id)
    if row is None or (to_change and row["part"] == "helper"):
        raise NotFound
    return dict(row)


async def host_circle(request: Request) -> Response:
    return await _circle_page(request, await _hosted_circle(request), ())


async def _circle_page(
    request: Request, row: dict[str, Any], reasons: tuple[Reason, ...], status: int = 200
) -> Response:
    async with access.context(request).db.reading() as tx:
        schedules = await db.rows(SCHEDULES.schedules_of(tx, circle_id=row["id"]))
    return render.page(
        request,
        "hosting/circle/host_circle.html",
        status,
        circle=row,
        reasons=reasons,
        schedules=schedule_calendar.list_schedules(
            schedules, row["state"], clock.now().date(), cookies.viewer(request).hours
        ),
        lacks=rules.publish_refusals(CirclePlan.of(row)),
        ahead=HostedDate.read(row["ahead"]),
        lately=GatheringDate.read(row["lately"]),
        where=rules.where_words(CirclePlan.of(row)),
        may_change=row["part"] != "helper",
        format=FORMATS[row["format"]],
        terms=terms_words(row["refund_hours"], row["late_refund_percent"]),
        copy_id=uuid4(),  # of the button: each time the page is shown it makes another copy
    )


def _form_page(
    request: Request,
    form: Form,
    status: int = 200,
    *,
    circle_id: UUID | None = None,
    version: int = 0,
    preview: bool = False,
    outcome: CircleOutcome | None = None,
) -> Response:
    return render.page(
        request,
        "hosting/circle/circle_form.html",
        status,
        form=form,
        circle_id=circle_id,
        version=version,
        preview=form.value("guidelines") if preview else "",
        outcome=outcome,
        formats=FORMATS,
        places=PLACES,
        currencies=[(code, code) for code in money.CURRENCIES],
        zones=zone_choices.choices(form.value("zone")),
    )


async def new_circle_form(request: Request) -> Response:
    wanted = request.query_params.get("format", "")
    format_ = wanted if wanted in FORMATS else "facilitated"
    community = access.context(request).settings.community
    zone = community.zone or cookies.viewer_zone(request) or "America/New_York"
    values = {"format": format_, "zone": zone, "guidelines": guidelines.starting_text(format_, "online")}
    return _form_page(request, Form(forms.first_values(community) | values))


async def create_circle(request: Request) -> Response:
    form = await Form.read(request)
    if _pressed_helper(form):
        return _form_page(request, form, preview=True)
    try:
        plan = forms.read_circle(form.values)
        circle_id = await actions.create_circle(access.context(request), request.state.person, plan)
    except Refused as refused:
        return _form_page(request, form.add(refused.reasons), 422)
    return render.see_other(
        f"/host/circles/{circle_id}", notice="The circle is saved as a draft. Only you can see it yet."
    )


def _pressed_helper(form: Form) -> bool:
    """Whether a button inside the form was pressed, which saves nothing; the starting text is put in here."""
    then = form.value("then")
    if then == "text":
        form.values["guidelines"] = guidelines.starting_text(form.value("format"), form.value("place"))
    return then in ("text", "preview")


async def edit_circle_form(request: Request) -> Response:
    row = await _hosted_circle(request, to_change=True)
    form = Form(forms.values_of(CirclePlan.of(row)))
    return _form_page(request, form, circle_id=row["id"], version=row["version"])


async def edit_circle(request: Request) -> Response:
    """Save a circle. When somebody is notified of it, what will happen is shown first, and it is saved when confirmed.

    What was typed is kept when somebody else saved it meanwhile.
    """
    form, context = await Form.read(request), access.context(request)
    circle_id = access.path_id(request)
    row = await _hosted_circle(request, to_change=True)
    version, outcome = reading.whole_number(form.value("version"), 0), None
    try:
        # The guidelines are written and published on a page of their own.
        plan = forms.read_circle(form.values | {"guidelines": row["guidelines"]})
        line = text.body(form.value("line"), "line", max_length=MAX_LINE, required=False)
        change = CircleChange(request.state.person, circle_id, plan, version, line)
        async with context.db.transaction() as tx:
            outcome = await change.preview(tx)
        if outcome.notifies and form.value("then") != "do":
            return _form_page(request, form, circle_id=circle_id, version=version, outcome=outcome)
        outcome = await circle_change.apply(context, change, Consent(form.value("seen")))
    except Refused as refused:
        if isinstance(refused, OutOfDate):
            version = row["version"]
        return _form_page(
            request, form.add(refused.reasons), 422, circle_id=circle_id, version=version, outcome=outcome
        )
    return render.see_other(f"/host/circles/{circle_id}", notice=outcome.notice)


async def publish_circle(request: Request) -> Response:
    circle_id = access.path_id(request)
    try:
        await lifecycle.publish_circle(access.context(request), request.state.person, circle_id)
    except Refused as refused:
        return await _circle_page(request, await _hosted_circle(request), refused.reasons, 422)
    return render.see_other(f"/host/circles/{circle_id}", notice="The circle is published.")


async def pause(request: Request) -> Response:
    notice = "The circle is paused. Whoever has a seat keeps it; nobody else can book."
    return await _change_state(request, lifecycle.pause_circle, notice)


async def resume(request: Request) -> Response:
    return await _change_state(request, lifecycle.resume_circle, "The circle takes bookings again.")


async def archive(request: Request) -> Response:
    return await _change_state(request, lifecycle.archive_circle, "The circle has ended.")


_Verb = Callable[[Context, people.Person, UUID], Awaitable[object]]


async def _change_state(request: Request, verb: _Verb, notice: str) -> Response:
    circle_id, kind = access.path_id(request), "good"
    try:
        await verb(access.context(request), request.state.person, circle_id)
    except Refused as refused:
        notice, kind = " ".join(reason.text for reason in refused.reasons), "warn"
    return render.see_other(f"/host/circles/{circle_id}", notice=notice, kind=kind)


async def copy(request: Request) -> Response:
    copy_id = await actions.copy_circle(
        access.context(request), request.state.person, access.path_id(request)
    )
    notice = "This is the copy, a draft. Give it a name of its own before you publish it."
    return render.see_other(f"/host/circles/{copy_id}/edit", notice=notice)


async def discard_form(request: Request) -> Response:
    return await _discard_page(request, Form())


async def _discard_page(request: Request, form: Form) -> Response:
    async with access.context(request).db.reading() as tx:
        row = await lifecycle.led_circle(tx, access.path_id(request), request.state.person)
    return render.page(
        request,
        "hosting/circle/discard.html",
        200 if form.ok else 422,
        form=form,
        circle=row,
        discarded=rules.discarded_words(row["gatherings"], row["schedules"]),
        refusals=rules.discard_refusals(row) if form.ok else [],
    )


async def discard(request: Request) -> Response:
    try:
        await lifecycle.discard_circle(access.context(request), request.state.person, access.path_id(request))
    except Refused as refused:
        return await _discard_page(request, Form().add(refused.reasons))
    return render.see_other("/host/circles", notice="The draft is gone.")


async def organize_circles(request: Request) -> Response:
    """Every circle, or those with a part of a name."""
    values = request.query_params
    name, window = Reader(values).line("q", max_length=80, required=False), Window.read(values, PER_PAGE)
    async with access.context(request).db.reading() as tx:
        query = SQL.every_circle(tx, name=name, most=MAX_COUNTED + 1, **window.arguments(PER_PAGE))
        rows = await db.rows(query)
        orphans = await db.rows(ORGANIZE.orphans(tx, most=MAX_ORPHANS))
    total = rows[0]["total"] if rows else 0
    return render.page(
        request,
        "hosting/circle/organize_circles.html",
        circles=rows,
        orphans=orphans,
        total=total,
        formats=FORMATS,
        search=Form({"q": name}),
        pager=long_pager(window, [row["id"] for row in rows], total, PER_PAGE, partial(_circles_url, name)),
    )


def _circles_url(name: str, window: Window) -> str:
    query = urlencode([(field, value) for field, value in (("q", name), *window.pairs) if value])
    return f"/organize/circles?{query}" if query else "/organize/circles"
