"""Pages of a host's circles: list, create, edit, publish, pause, end, copy; all circles for organizers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from circles import guidelines
from circles.base import clock, money, reading
from circles.base.errors import NotFound, OutOfDate, Reason, Refused
from circles.gatherings import FORMATS, GatheringDate, HostedDate, terms_words
from circles.hosting.circle import actions, lifecycle, rules
from circles.hosting.circle.rules import CirclePlan
from circles.hosting.schedule import calendar as schedule_calendar
from circles.store import db
from circles.web import access, render
from circles.web.cookies import viewer_zone
from circles.web.forms import Form, zone_options
from circles.web.paging import pager

SQL = db.queries("hosting/circle")
SCHEDULES = db.queries("hosting/schedule")

CIRCLES_PER_PAGE = 50

# What a new circle's form begins with.
USUAL = {
    "place": "online",
    "capacity": "8",
    "length_minutes": "90",
    "currency": "USD",
    "minimum": "30",
    "suggested": "45",
    "maximum": "80",
    "community_seats": "1",
    "refund_hours": "48",
    "late_refund_percent": "50",
}


async def my_circles(request: Request) -> Response:
    """The circles a person hosts, with what is next in each."""
    async with access.context(request).db.reading() as tx:
        rows = await db.rows(SQL.hosted_circles(tx, person=request.state.person.id))
    circles = [dict(row) | {"ahead": GatheringDate.read(row["ahead"])} for row in rows]
    return render.page(request, "hosting/circle/my_circles.html", circles=circles, formats=FORMATS)


async def _hosted(request: Request, *, to_change: bool = False) -> dict[str, Any]:
    """The circle of the address for one of its hosts. Raises NotFound; for a helper too, if to change it."""
    async with access.context(request).db.reading() as tx:
        row = await SQL.hosted_circle(tx, id=access.path_id(request), person=request.state.person.id)
    if row is None or (to_change and row["part"] == "helper"):
        raise NotFound
    return dict(row)


async def host_circle(request: Request) -> Response:
    """One circle for its hosts: what it still lacks, its gatherings, its guidelines."""
    return await _circle_page(request, await _hosted(request), ())


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
        schedules=schedule_calendar.list_schedules(schedules, row["state"], clock.now().date()),
        lacks=rules.publish_problems(CirclePlan.of(row)),
        ahead=HostedDate.read(row["ahead"]),
        lately=GatheringDate.read(row["lately"]),
        may_change=row["part"] != "helper",
        format=FORMATS[row["format"]],
        terms=terms_words(row["refund_hours"], row["late_refund_percent"]),
    )


def _typed(plan: CirclePlan) -> dict[str, str]:
    """A stored circle as its form holds it."""
    values = {name: str(getattr(plan, name)) for name in CirclePlan.__dataclass_fields__}
    for amount in ("minimum", "suggested", "maximum"):
        values[amount] = money.format_plain(getattr(plan, amount), plan.currency)
    return values


def _form_page(
    request: Request,
    form: Form,
    status: int = 200,
    *,
    circle_id: UUID | None = None,
    version: int = 0,
    preview: bool = False,
) -> Response:
    return render.page(
        request,
        "hosting/circle/circle_form.html",
        status,
        form=form,
        circle_id=circle_id,
        version=version,
        preview=form.value("guidelines") if preview else "",
        formats=FORMATS,
        places=rules.PLACES,
        currencies=[(code, code) for code in rules.CURRENCIES],
        zones=zone_options(),
    )


async def new_circle_form(request: Request) -> Response:
    """An empty circle with the starting text of a format."""
    asked = request.query_params.get("format", "")
    format_ = asked if asked in FORMATS else "facilitated"
    zone = viewer_zone(request) or "America/New_York"
    begin = {"format": format_, "zone": zone, "guidelines": guidelines.starting_text(format_, "online")}
    return _form_page(request, Form(USUAL | begin))


def _helped(form: Form) -> bool:
    """Do what the form's own small buttons ask: show the guidelines, or put in a starting text.

    Returns whether one was pressed, so that nothing is to be saved yet.
    """
    then = form.value("then")
    if then == "text":
        form.values["guidelines"] = guidelines.starting_text(form.value("format"), form.value("place"))
    return then in ("text", "preview")


async def create_circle(request: Request) -> Response:
    """Plan a circle from the form."""
    form = await Form.read(request)
    if _helped(form):
        return _form_page(request, form, preview=True)
    try:
        plan = rules.read_circle(form.values)
        circle_id = await actions.create_circle(access.context(request), request.state.person, plan)
    except Refused as refused:
        form.add(refused.reasons)
        return _form_page(request, form, 422)
    return render.see_other(
        f"/host/circles/{circle_id}", notice="The circle is saved as a draft. Only you can see it yet."
    )


async def edit_circle_form(request: Request) -> Response:
    """A circle's form with what is saved."""
    row = await _hosted(request, to_change=True)
    return _form_page(request, Form(_typed(CirclePlan.of(row))), circle_id=row["id"], version=row["version"])


async def edit_circle(request: Request) -> Response:
    """Save a circle from the form. What was typed is kept when somebody saved it meanwhile."""
    form = await Form.read(request)
    circle_id = access.path_id(request)
    row = await _hosted(request, to_change=True)
    version = reading.whole_number(form.value("version"), 0)
    try:
        # The guidelines are written and published on a page of their own.
        plan = rules.read_circle(form.values | {"guidelines": row["guidelines"]})
        await actions.edit_circle(
            access.context(request), request.state.person, circle_id, plan, version=version
        )
    except OutOfDate as stale:
        form.add(stale.reasons)
        return _form_page(request, form, 422, circle_id=circle_id, version=row["version"])
    except Refused as refused:
        form.add(refused.reasons)
        return _form_page(request, form, 422, circle_id=circle_id, version=version)
    return render.see_other(f"/host/circles/{circle_id}", notice="The circle is saved.")


async def publish_circle(request: Request) -> Response:
    """Let everybody see a circle, or say all that it lacks."""
    circle_id = access.path_id(request)
    try:
        await actions.publish_circle(access.context(request), request.state.person, circle_id)
    except Refused as refused:
        return await _circle_page(request, await _hosted(request), refused.reasons, 422)
    return render.see_other(f"/host/circles/{circle_id}", notice="The circle is published.")


async def pause(request: Request) -> Response:
    """Take no bookings for a while."""
    says = "The circle is paused. Whoever has a seat keeps it; nobody else can book."
    return await _on_circle(request, lifecycle.pause_circle, says)


async def resume(request: Request) -> Response:
    """Take bookings again."""
    return await _on_circle(request, lifecycle.resume_circle, "The circle takes bookings again.")


async def archive(request: Request) -> Response:
    """End the circle for good."""
    return await _on_circle(request, lifecycle.archive_circle, "The circle has ended.")


async def _on_circle(request: Request, verb: Any, says: str) -> Response:
    circle_id, kind = access.path_id(request), "good"
    try:
        await verb(access.context(request), request.state.person, circle_id)
    except Refused as refused:
        says, kind = " ".join(reason.text for reason in refused.reasons), "warn"
    return render.see_other(f"/host/circles/{circle_id}", notice=says, kind=kind)


async def copy(request: Request) -> Response:
    """A new draft made of the same."""
    found = await lifecycle.copy_circle(
        access.context(request), request.state.person, access.path_id(request)
    )
    says = "This is the copy, a draft. Give it a name of its own before you publish it."
    return render.see_other(f"/host/circles/{found}/edit", notice=says)


async def organize_circles(request: Request) -> Response:
    """Every circle there is, for organizers."""
    number = reading.page_number(request.query_params.get("page", ""))
    async with access.context(request).db.reading() as tx:
        rows = await db.rows(
            SQL.every_circle(tx, most=CIRCLES_PER_PAGE, skip=(number - 1) * CIRCLES_PER_PAGE)
        )
    how_many = rows[0]["how_many"] if rows else 0
    return render.page(
        request,
        "hosting/circle/organize_circles.html",
        circles=rows,
        how_many=how_many,
        formats=FORMATS,
        pager=pager(number, how_many, CIRCLES_PER_PAGE, lambda page: f"/organize/circles?page={page}"),
    )
