"""Pages of gatherings: change, put back, publish, discard, cancel."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from circles import people
from circles.base import clock, reading
from circles.base.errors import NotFound, Reason, Refused, refuse_if
from circles.base.reading import Reader
from circles.hosting.change import actions as change_actions
from circles.hosting.change import rules as change_rules
from circles.hosting.change.actions import Consent
from circles.hosting.change.rules import Outcome
from circles.hosting.schedule import actions as schedule_actions
from circles.hosting.schedule import forms as schedule_forms
from circles.hosting.schedule import move_rules
from circles.hosting.schedule import rules as schedule_rules
from circles.hosting.schedule.pages import scale
from circles.hosting.schedule.rules import Terms
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form

SQL = db.queries("hosting/change")

SCOPES = {
    "one": "This gathering alone",
    "following": "This one and all that follow",
    "whole": "The whole schedule",
}
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Planned:
    """What is to change, and how much of it. moment: of one gathering. to: the day it and the others move to."""

    scope: str
    terms: Terms
    moment: clock.Moment | None = None
    to: date | None = None


def _page(
    request: Request,
    row: Row,
    form: Form,
    status: int = 200,
    outcome: Outcome | None = None,
    words: str = "",
) -> Response:
    return render.page(
        request,
        "hosting/change/change.html",
        status,
        form=form,
        gathering=row,
        closed=change_actions.closed(row),
        scopes=list(SCOPES.items()),
        outcome=outcome,
        give_up=_give_up(outcome) if outcome else [],
        words=words,
    )


def _give_up(outcome: Outcome) -> list[tuple[str, str, str]]:
    """Those who can be ticked to give up their seat, when too many are taken."""
    return [
        (str(seat.booking), seat.name, _booked_words(seat, step.row.terms.zone))
        for step in outcome.steps
        if step.too_many
        for seat in step.row.seated
    ]


def _booked_words(seat: change_rules.Seated, zone: str) -> str:
    words = f"Booked {clock.format_short(seat.since, zone)}."
    return f"{words} The booking is not finished yet." if seat.held else words


async def _gathering(request: Request, tx: db.Tx) -> Row:
    return dict(await change_actions.find(tx, request.state.person, access.path_id(request)))


async def change_form(request: Request) -> Response:
    """A gathering as it stands, ready to be changed."""
    async with access.context(request).db.reading() as tx:
        row = await _gathering(request, tx)
    wall: datetime = row["wall_start"]
    terms = schedule_forms.terms_of(row, wall.time())
    typed = schedule_forms.typed_terms(terms) | {"date": wall.date().isoformat(), "scope": "one"}
    return _page(request, row, Form(typed))


def _read(form: Form, row: Row) -> Planned:
    """What is to change, and how much of it. Raises Refused with every reason."""
    reader = Reader(form.values)
    scopes = SCOPES if row["schedule_id"] else {"one": ""}
    scope = reader.choice("scope", scopes, "Please choose what changes.") if row["schedule_id"] else "one"
    zone = row["zone"] if scope == "one" else row["circle_zone"]
    terms = schedule_forms.read_terms(reader, zone, scale(row))
    stays: date = row["wall_start"].date()
    day = reader.take(lambda: clock.parse_date(form.value("date")), stays)
    moment = None
    if scope == "one" or day != stays:
        moment = reader.take(lambda: schedule_forms.read_moment(form.values, terms, clock.now()), None)
    if scope == "whole" and day != stays:
        says = (
            "The whole schedule does not move from here. Choose this one and all that follow, "
            "or change the schedule on its own page."
        )
        reader.reasons.append(Reason("whole_stays", says, "date"))
    reader.reasons += change_actions.closed(row)
    reader.raise_refusals()
    return Planned(scope, terms, moment if scope == "one" else None, day if day != stays else None)


async def _foresee(tx: db.Tx, person: people.Person, row: Row, planned: Planned) -> tuple[Outcome, str]:
    """What a change does; and in words what a schedule becomes that moves to other days."""
    terms = planned.terms
    if planned.moment:
        return change_actions.foresee(row, planned.moment, terms), ""
    stored = schedule_forms.rule_of(await schedule_actions.find(tx, person, row["schedule_id"]))
    if planned.scope == "whole":
        return await schedule_actions.foresee(tx, row["schedule_id"], stored, terms), ""
    whole = move_rules.cut(stored, row["planned_for"], planned.to)
    words = schedule_rules.words(whole.late, terms, clock.now().date()) if whole.moves else ""
    return await schedule_actions.foresee_following(tx, row["schedule_id"], row["id"], whole, terms), words


async def change(request: Request) -> Response:
    """Show what a change does and who is told, or do it when that was seen."""
    form = await Form.read(request)
    async with access.context(request).db.reading() as tx:
        row = await _gathering(request, tx)
        try:
            planned = _read(form, row)
            outcome, words = await _foresee(tx, request.state.person, row, planned)
            refuse_if(change_rules.problems(outcome, choosing=planned.moment is not None))
        except Refused as refused:
            form.add(refused.reasons)
            return _page(request, row, form, 422)
    if form.value("then") != "do":
        return _page(request, row, form, 200, outcome, words)
    try:
        await _do(request, row, planned, _consent(form))
    except Refused as refused:
        form.add(refused.reasons)
        return _page(request, row, form, 422, outcome, words)
    return render.see_other(f"/host/gatherings/{row['id']}", notice=_done_words(outcome))


def _consent(form: Form) -> Consent:
    """What was seen and said. What is no id was never ticked."""
    ids = map(reading.uuid_or_none, form.value("give_up").split(","))
    give_up = frozenset(id for id in ids if id is not None)
    return Consent(form.value("seen"), form.value("overlap_reason"), give_up)


async def _do(request: Request, row: Row, planned: Planned, consent: Consent) -> None:
    context, person = access.context(request), request.state.person
    terms = planned.terms
    if planned.moment:
        await change_actions.change_gathering(context, person, row["id"], planned.moment, terms, consent)
    elif planned.scope == "following":
        await schedule_actions.change_following(context, person, row["id"], terms, consent, to=planned.to)
    else:
        async with context.db.reading() as tx:
            rule = schedule_forms.rule_of(await schedule_actions.find(tx, person, row["schedule_id"]))
        await schedule_actions.change_schedule(context, person, row["schedule_id"], rule, terms, consent)


def _done_words(outcome: Outcome) -> str:
    told = outcome.told + outcome.too_many
    if not told:
        return "It is changed. Nobody needs to be told."
    many = "1 person is" if told == 1 else f"{told} people are"
    return f"It is changed. {many} being told."


# Putting back


async def _as_planned(request: Request, tx: db.Tx) -> tuple[Row, clock.Moment, Terms]:
    """A gathering of a schedule with what the schedule would have made of it. Raises NotFound."""
    row = await _gathering(request, tx)
    if row["schedule_id"] is None:
        raise NotFound
    schedule = await schedule_actions.find(tx, request.state.person, row["schedule_id"])
    terms = schedule_forms.terms_of(schedule)
    return row, terms.moment(row["planned_for"]), terms


def _put_back_problems(row: Row, moment: clock.Moment, outcome: Outcome) -> list[Reason]:
    reasons = change_actions.closed(row)
    if moment.utc <= clock.now():
        reasons.append(Reason("past", "The time its schedule has for it has passed."))
    return reasons + change_rules.problems(outcome)


async def put_back(request: Request) -> Response:
    """Show what putting a gathering back does, or do it when that was seen."""
    form = await Form.read(request) if request.method == "POST" else Form()
    async with access.context(request).db.reading() as tx:
        row, moment, terms = await _as_planned(request, tx)
    outcome = change_actions.foresee(row, moment, terms)
    form.add(_put_back_problems(row, moment, outcome))
    if request.method == "POST" and form.ok:
        consent = Consent(form.value("seen"), form.value("overlap_reason"))
        try:
            await change_actions.change_gathering(
                access.context(request),
                request.state.person,
                row["id"],
                moment,
                terms,
                consent,
                by_hand=False,
            )
            return render.see_other(f"/host/gatherings/{row['id']}", notice="It follows its schedule again.")
        except Refused as refused:
            form.add(refused.reasons)
    status = 200 if form.ok else 422
    return render.page(
        request, "hosting/change/put_back.html", status, form=form, gathering=row, outcome=outcome
    )


# Publish, discard, cancel


_Verb = Callable[..., Awaitable[UUID]]


async def _on_gathering(request: Request, verb: _Verb, says: str) -> Response:
    """Do a verb on the gathering of the address and go back to its circle, with what was said."""
    gathering_id = access.path_id(request)
    try:
        circle_id = await verb(access.context(request), request.state.person, gathering_id)
    except Refused as refused:
        async with access.context(request).db.reading() as tx:
            row = await SQL.hosted_gathering(tx, id=gathering_id, person=request.state.person.id)
        says = " ".join(reason.text for reason in refused.reasons)
        return render.see_other(f"/host/circles/{row['circle_id']}", notice=says, kind="warn")
    return render.see_other(f"/host/circles/{circle_id}", notice=says)


async def publish_gathering(request: Request) -> Response:
    """Open a draft for booking."""
    return await _on_gathering(
        request, change_actions.publish_gathering, "The gathering is open for booking."
    )


async def discard_gathering(request: Request) -> Response:
    """Throw a draft away."""
    return await _on_gathering(request, change_actions.discard_gathering, "The draft is gone.")


async def cancel_form(request: Request) -> Response:
    """Ask once before a gathering is cancelled, and say what will happen."""
    return await _cancel_page(request, Form(), 200)


async def _cancel_page(request: Request, form: Form, status: int) -> Response:
    async with access.context(request).db.reading() as tx:
        row = await SQL.hosted_gathering(tx, id=access.path_id(request), person=request.state.person.id)
    if row is None:
        raise NotFound
    return render.page(request, "hosting/change/cancel.html", status, form=form, gathering=row)


async def cancel_gathering(request: Request) -> Response:
    """Cancel a gathering with the reason given."""
    form = await Form.read(request)
    try:
        circle_id = await change_actions.cancel_gathering(
            access.context(request), request.state.person, access.path_id(request), form.value("reason")
        )
    except Refused as refused:
        form.add(refused.reasons)
        return await _cancel_page(request, form, 422)
    return render.see_other(
        f"/host/circles/{circle_id}",
        notice="The gathering is cancelled. Everybody with a seat is being told.",
    )
