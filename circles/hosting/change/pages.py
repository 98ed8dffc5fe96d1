"""Pages of gatherings: change, put back, publish, discard, cancel."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from circles.base import clock, reading
from circles.base.errors import Reason, Refused, or_not_found, refuse_if
from circles.base.money import Scale
from circles.base.reading import Reader
from circles.hosting.change import actions, cancel_rules, planned_change, queries, rules, wording
from circles.hosting.change.planned_change import Consent, FollowingChange, GatheringChange, ScheduleChange
from circles.hosting.change.rules import MAX_LINE, Outcome
from circles.hosting.schedule import forms as schedule_forms
from circles.people import Person
from circles.store import db
from circles.web import access, cookies, render
from circles.web.forms import Form

SQL = db.queries("hosting/change")

SCOPES = {
    "one": "This gathering alone",
    "following": "This one and all that follow",
    "whole": "The whole schedule",
}
Row = dict[str, Any]


# Change


async def change_form(request: Request) -> Response:
    async with access.context(request).db.reading() as tx:
        row = await _gathering(request, tx)
    wall: datetime = row["wall_start"]
    terms = schedule_forms.terms_of(row, wall.time())
    typed = schedule_forms.typed_terms(terms) | {"date": wall.date().isoformat(), "scope": "one"}
    return _page(request, row, Form(typed))


async def change(request: Request) -> Response:
    form = await Form.read(request)
    async with access.context(request).db.reading() as tx:
        row = await _gathering(request, tx)
        try:
            planned = _read(form, row, request.state.person)
            outcome = await planned.preview(tx)
            refuse_if(planned.refusals(outcome))
        except Refused as refused:
            return _page(request, row, form.add(refused.reasons), 422)
    if form.value("then") != "do":
        return _page(request, row, form, 200, outcome)
    try:
        await planned_change.apply(access.context(request), planned, _consent(form))
    except Refused as refused:
        return _page(request, row, form.add(refused.reasons), 422, outcome)
    return render.see_other(_home(row), notice=wording.done_notice(outcome))


def _home(row: Row) -> str:
    """The page of a gathering; that of its circle for an organizer, who reads no register."""
    return (
        f"/host/circles/{row['circle_id']}" if row["part"] == "organizer" else f"/host/gatherings/{row['id']}"
    )


async def _gathering(request: Request, tx: db.Tx) -> Row:
    return await queries.gathering_to_change(tx, request.state.person, access.path_id(request))


def _page(
    request: Request, row: Row, form: Form, status: int = 200, outcome: Outcome | None = None
) -> Response:
    return render.page(
        request,
        "hosting/change/change.html",
        status,
        home=_home(row),
        form=form,
        gathering=row,
        closed=rules.closed_refusals(row),
        scopes=list(SCOPES.items()),
        outcome=outcome,
        description=wording.describe(outcome) if outcome else None,
        give_up=wording.give_up_options(outcome, cookies.viewer(request)) if outcome else [],
    )


def _read(form: Form, row: Row, actor: Person) -> GatheringChange | FollowingChange | ScheduleChange:
    """Raises Refused with every reason."""
    reader = Reader(form.values)
    scope = reader.choice("scope", SCOPES, "Please choose what changes.") if row["schedule_id"] else "one"
    zone = row["zone"] if scope == "one" else row["circle_zone"]
    terms = schedule_forms.read_terms(reader, zone, Scale.of(row))
    stays: date = row["wall_start"].date()
    day = reader.take(lambda: clock.parse_date(form.value("date")), stays)
    moment = terms.moment(stays)
    if scope == "one" or day != stays:
        moment = reader.take(lambda: schedule_forms.read_moment(form.values, terms, clock.now()), moment)
    if scope == "whole" and day != stays:
        message = (
            "The whole schedule does not move from here. Choose this one and all that follow, "
            "or change the schedule on its own page."
        )
        reader.reasons.append(Reason("whole_stays", message, "date"))
    line = reader.body("line", max_length=MAX_LINE, required=False)
    reader.reasons += rules.closed_refusals(row)
    reader.raise_refusals()
    if scope == "one":
        return GatheringChange(actor, row["id"], moment, terms, line=line)
    if scope == "following":
        return FollowingChange(actor, row["id"], terms, day if day != stays else None, line=line)
    return ScheduleChange(actor, row["schedule_id"], terms, line=line)


def _consent(form: Form) -> Consent:
    """What the host agreed to; a value that is no id is ignored."""
    ids = map(reading.uuid_or_none, form.value("give_up").split(","))
    give_up = frozenset(booking for booking in ids if booking is not None)
    return Consent(form.value("seen"), form.value("overlap_reason"), give_up)


async def put_back(request: Request) -> Response:
    form = await Form.read(request) if request.method == "POST" else Form()
    async with access.context(request).db.reading() as tx:
        row = await _gathering(request, tx)
        planned = await planned_change.put_back(tx, request.state.person, row)
        outcome = await planned.preview(tx)
    form.add(rules.closed_refusals(row) + planned.refusals(outcome))
    if request.method == "POST" and form.ok:
        try:
            await planned_change.apply(access.context(request), planned, _consent(form))
            return render.see_other(_home(row), notice="It follows its schedule again.")
        except Refused as refused:
            form.add(refused.reasons)
    return render.page(
        request,
        "hosting/change/put_back.html",
        200 if form.ok else 422,
        home=_home(row),
        form=form,
        gathering=row,
        outcome=outcome,
        description=wording.describe(outcome),
    )


# Publish, discard, cancel


async def publish_gathering(request: Request) -> Response:
    return await _on_gathering(request, actions.publish_gathering, "The gathering is open for booking.")


async def discard_gathering(request: Request) -> Response:
    return await _on_gathering(request, actions.discard_gathering, "The draft is gone.")


async def _on_gathering(request: Request, verb: Callable[..., Awaitable[UUID]], notice: str) -> Response:
    """Run a verb on the gathering of the address and go back to its circle, with a notice."""
    gathering_id, kind = access.path_id(request), "good"
    try:
        circle_id = await verb(access.context(request), request.state.person, gathering_id)
    except Refused as refused:
        circle_id = (await _to_cancel(request))["circle_id"]
        notice, kind = " ".join(reason.text for reason in refused.reasons), "warn"
    return render.see_other(f"/host/circles/{circle_id}", notice=notice, kind=kind)


async def _to_cancel(request: Request) -> Row:
    async with access.context(request).db.reading() as tx:
        row = await SQL.gathering_to_cancel(tx, id=access.path_id(request), actor_id=request.state.person.id)
    return dict(or_not_found(row))


async def cancel_form(request: Request) -> Response:
    return await _cancel_page(request, Form(), 200)


async def _cancel_page(request: Request, form: Form, status: int) -> Response:
    row = await _to_cancel(request)
    return render.page(
        request,
        "hosting/change/cancel.html",
        status,
        form=form,
        gathering=row,
        consequences=wording.cancel_sentences(row),
        fingerprint=cancel_rules.cancel_fingerprint(row),
        back=_back(row),
    )


def _back(row: Row | db.Record) -> str:
    """The page of the circle: an organizer who does not host it has one of their own."""
    return f"/{'organize' if row['part'] == 'organizer' else 'host'}/circles/{row['circle_id']}"


async def cancel_gathering(request: Request) -> Response:
    form = await Form.read(request)
    try:
        row = await actions.cancel_gathering(
            access.context(request),
            request.state.person,
            access.path_id(request),
            form.value("reason"),
            fingerprint=form.value("seen"),
        )
    except Refused as refused:
        return await _cancel_page(request, form.add(refused.reasons), 422)
    notice = "The gathering is canceled. Everybody with a seat is being told."
    return render.see_other(_back(row), notice=notice)
