"""Moving a seat: the other dates of its circle, what moving there means, and the one button that does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from circles.base import clock, reading
from circles.base.errors import NotFound, Refused
from circles.bookings import queries
from circles.bookings.moving import actions, rules
from circles.bookings.rules import Eligibility
from circles.gatherings import BookableGathering
from circles.store import db
from circles.web import access, cookies, render
from circles.web.forms import Form

SQL = db.queries("bookings/moving")

PER_PAGE = 12
MAX_OVERLAPS = 50  # read of one form


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The date that was chosen, and what decides whether the seat may move there."""

    gathering: BookableGathering
    eligibility: Eligibility


async def move_form(request: Request) -> Response:
    """GET: the dates to choose from; with one chosen (`to`), what moving there means."""
    chosen_id = reading.uuid_or_none(request.query_params.get("to", ""))
    return await _page(request, Form(), chosen_id)


async def move(request: Request) -> Response:
    """POST: move the seat. When what it means is other than shown, it is shown again."""
    form, booking_id = await Form.read(request), access.path_id(request)
    to_id = reading.uuid_or_none(form.value("to"))
    if to_id is None:
        return render.see_other(f"/bookings/{booking_id}/move")
    try:
        moved = await actions.move(
            access.context(request),
            request.state.person,
            booking_id,
            to_id,
            shown=reading.whole_number(form.value("refund"), -1),
            version_id=reading.uuid_or_none(form.value("version")),
            agreed=form.checked("agreed"),
            both=_both(form) if form.checked("both") else (),
        )
    except Refused as refused:
        form.add(refused.reasons)
        if "guidelines_changed" in refused.codes:
            form.values.pop("agreed", None)
        if "overlap" in refused.codes:
            form.values.pop("both", None)
        return await _page(request, form, to_id, 422)
    when = clock.format_when(moved.gathering.starts_at, moved.gathering.zone, cookies.viewer(request))
    return render.see_other(f"/bookings/{booking_id}", notice=f"Your seat is at {when} now.")


def _both(form: Form) -> list[UUID]:
    ids = (reading.uuid_or_none(typed) for typed in form.value("overlaps").split(",")[:MAX_OVERLAPS])
    return [booking_id for booking_id in ids if booking_id]


async def _page(request: Request, form: Form, chosen_id: UUID | None, status: int = 200) -> Response:
    booking_id = access.path_id(request)
    after = reading.uuid_or_none(request.query_params.get("after", ""))
    async with access.context(request).db.reading() as tx:
        row = await queries.own_booking(tx, request.state.person, booking_id)
        refusals = rules.seat_refusals(row["state"], row["starts_at"], row["moves"], row["now"])
        chosen = await _chosen(tx, row, chosen_id) if chosen_id and not refusals else None
        reasons = rules.date_refusals(row, chosen.gathering, chosen.eligibility) if chosen else []
        dates = []
        if not refusals and (reasons or not chosen):
            dates = await db.rows(
                SQL.dates_to_move(tx, booking_id=booking_id, after=after, most=PER_PAGE + 1)
            )
    if status == 200:
        form.add([*refusals, *reasons])
    values: dict[str, Any] = {"row": row, "form": form, "may_move": not refusals}
    if chosen and not reasons:
        return render.page(request, "bookings/move.html", status, **values, **_preview(row, chosen))
    return render.page(
        request,
        "bookings/move_dates.html",
        status,
        **values,
        dates=dates[:PER_PAGE],
        next_after=dates[PER_PAGE - 1]["id"] if len(dates) > PER_PAGE else None,
        is_first=after is None,
    )


async def _chosen(tx: db.Tx, row: db.Record, chosen_id: UUID) -> _Chosen | None:
    """The date that was chosen; None for one that does not exist, and for the one where the seat is."""
    if chosen_id == row["gathering_id"]:
        return None
    try:
        return _Chosen(*await queries.eligibility(tx, row["person_id"], chosen_id))
    except NotFound:
        return None


def _preview(row: db.Record, chosen: _Chosen) -> dict[str, Any]:
    eligibility = chosen.eligibility
    return {
        "gathering": chosen.gathering,
        "eligibility": eligibility,
        "overlaps": [overlap for overlap in eligibility.overlaps if overlap.booking_id != row["id"]],
        "refund": rules.refund_after(dict(row), chosen.gathering),
    }
