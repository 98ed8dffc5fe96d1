"""Pages of the waiting list: join it, one's own place or offer, and what hosts see of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from circles import people
from circles.base import money, reading
from circles.base.errors import Reason, Refused, or_not_found
from circles.bookings import actions as booking_actions
from circles.bookings import queries as booking_queries
from circles.bookings import rules as booking_rules
from circles.bookings import seat_rules
from circles.bookings.passes.own import OwnPass
from circles.bookings.rules import AlreadyBooked, BookingInput, Eligibility
from circles.bookings.screening import pages as screening_pages
from circles.bookings.waiting_list import actions, places, rules
from circles.gatherings import BookableGathering, terms_words
from circles.store import db
from circles.web import access, cookies, render
from circles.web.forms import Form

SQL = db.queries("bookings/waiting_list")

UNREACHABLE = 503  # the card company is away, which is not the person's input
PER_PAGE: Final = 100
MAX_OVERLAPS: Final = 50  # read of one form


# Joining


async def join_form(request: Request) -> Response:
    """GET: what one chooses beforehand; or the place in line of somebody who waits already."""
    gathering, eligibility, wait_id = await _eligibility(request)
    if eligibility.booking:
        return render.see_other(f"/bookings/{eligibility.booking.id}")
    if wait_id:
        return render.see_other(f"/waits/{wait_id}")
    return await _join_page(request, gathering, eligibility, Form({"choice": "amount"}))


async def join(request: Request) -> Response:
    """POST: join the waiting list. Joining twice leads to the place there is."""
    form = await Form.read(request)
    sent = BookingInput(
        form.value("choice", "amount"),
        form.value("amount"),
        reading.uuid_or_none(form.value("version")),
        form.checked("agreed"),
        form.value("currency"),
    )
    context, person, gathering_id = access.context(request), request.state.person, access.path_id(request)
    try:
        wait_id = await actions.join(context, person, gathering_id, sent)
    except AlreadyBooked as refused:
        return render.see_other(
            f"/bookings/{refused.booking.id}", notice=refused.reasons[0].text, kind="calm"
        )
    except Refused as refused:
        gathering, eligibility, _ = await _eligibility(request)
        form.add(refused.reasons)
        if "guidelines_changed" in refused.codes:
            form.values.pop("agreed", None)
        return await _join_page(request, gathering, eligibility, form, 422)
    return render.see_other(f"/waits/{wait_id}", notice="You are on the waiting list.")


async def _eligibility(request: Request) -> tuple[BookableGathering, Eligibility, UUID | None]:
    gathering_id, actor_id = access.path_id(request), request.state.person.id
    async with access.context(request).db.reading() as tx:
        gathering, eligibility = await booking_queries.eligibility(tx, actor_id, gathering_id)
        wait_id = await SQL.active_wait(tx, gathering_id=gathering_id, person_id=actor_id)
    return gathering, eligibility, wait_id


async def _join_page(
    request: Request, gathering: BookableGathering, eligibility: Eligibility, form: Form, status: int = 200
) -> Response:
    closed = booking_rules.booking_closed(gathering, eligibility.now)
    if not eligibility.admission.approved and (closed is None or closed.code == "full"):
        return screening_pages.instead_of_booking(request, gathering, eligibility, status)
    async with access.context(request).db.reading() as tx:
        line = or_not_found(await SQL.line_of(tx, gathering_id=gathering.gathering_id))
    return render.page(
        request,
        "bookings/waiting_list/join.html",
        status,
        gathering=gathering,
        eligibility=eligibility,
        form=form,
        closed=closed if closed and closed.code != "full" else None,
        is_full=gathering.seats_left <= 0,
        community_waits=not gathering.offers_community,
        line_words=rules.line_text(line["amount_line"]),
        community_words=rules.line_text(line["community_line"]),
        likelihood=rules.likelihood(line["lately"], line["freed"]),
        terms=terms_words(gathering.refund_hours, gathering.late_refund_percent),
    )


# One's own place


async def show(request: Request) -> Response:
    """GET: the place in line, the offer, or how it ended. Nothing changes by looking."""
    row = await _own(request)
    return _own_page(request, row, Form())


async def _own(request: Request) -> db.Record:
    async with access.context(request).db.reading() as tx:
        row = await SQL.own_wait(tx, wait_id=access.path_id(request), actor_id=request.state.person.id)
    return or_not_found(row)


def _own_page(request: Request, row: db.Record, form: Form, status: int = 200) -> Response:
    viewer, scale = cookies.viewer(request), _scale(row)
    seat = places.seat_of_wait(places.OwnWait.of(row), row["now"], row["zone"], viewer)
    kept = rules.is_amount_kept(scale, row["line"], row["amount"], row["currency"])
    return render.page(
        request,
        "bookings/waiting_list/wait.html",
        status,
        row=row,
        seat=seat,
        form=form,
        scale=scale,
        asks_amount=not kept,
        has_ended=row["ended_at"] is not None,
        ended_text=rules.ended_text(row["state"]),
        overlaps=seat_rules.overlaps_of(row["overlaps"]),
        own_pass=OwnPass.of(row["pass"]) if row["amount"] or not kept else None,
        likelihood=rules.likelihood(row["lately"], row["freed"]),
    )


def _scale(row: db.Record) -> money.Scale:
    return money.Scale(row["minimum"], row["suggested"], row["maximum"], row["scale_currency"])


async def take(request: Request) -> Response:
    """POST: book the offered seat, then on to the checkout, or to the booking where there is nothing to pay."""
    form, wait_id = await Form.read(request), access.path_id(request)
    try:
        booking = await actions.take(
            access.context(request),
            request.state.person,
            wait_id,
            amount=form.value("amount"),
            both=_both(form) if form.checked("both") else (),
            pass_id=reading.uuid_or_none(form.value("pass")) if form.checked("use_pass") else None,
        )
    except AlreadyBooked as refused:
        return await _taken_already(request, form, refused)
    except Refused as refused:
        return await _not_taken(request, form, refused)
    return RedirectResponse(booking.checkout_url or f"/bookings/{booking.id}", status_code=303)


async def _taken_already(request: Request, form: Form, refused: AlreadyBooked) -> Response:
    """A second press leads on to the same checkout, and starts it where the first was interrupted before that."""
    booking = refused.booking
    if booking.state != "held":
        return render.see_other(f"/bookings/{booking.id}")
    try:
        await booking_actions.start_again(access.context(request), booking.id)
    except Refused as no_checkout:
        return await _not_taken(request, form, no_checkout)
    return render.see_other(f"/bookings/{booking.id}/pay")


async def _not_taken(request: Request, form: Form, refused: Refused) -> Response:
    form.add(refused.reasons)
    status = UNREACHABLE if refused.codes == {"no_checkout"} else 422
    return _own_page(request, await _own(request), form, status)


def _both(form: Form) -> list[UUID]:
    """The bookings at overlapping hours that the form showed."""
    ids = (reading.uuid_or_none(typed) for typed in form.value("overlaps").split(",")[:MAX_OVERLAPS])
    return [booking_id for booking_id in ids if booking_id]


async def leave(request: Request) -> Response:
    """POST: leave the list, or let an offer go."""
    wait_id = access.path_id(request)
    await actions.leave(access.context(request), request.state.person, wait_id)
    return render.see_other(f"/waits/{wait_id}")


async def agree(request: Request) -> Response:
    """POST: agree to guidelines that changed since."""
    form, wait_id = await Form.read(request), access.path_id(request)
    try:
        await actions.agree(
            access.context(request),
            request.state.person,
            wait_id,
            version_id=reading.uuid_or_none(form.value("version")),
            agreed=form.checked("agreed"),
        )
    except Refused as refused:
        form.add(refused.reasons)
        return _own_page(request, await _own(request), form, 422)
    return render.see_other(f"/waits/{wait_id}", notice="Thank you. You keep your place in line.")


# Hosts


async def hosted(request: Request) -> Response:
    """GET: who waits, first come first."""
    return await _hosted_page(request, Form())


async def _hosted_page(request: Request, form: Form, status: int = 200) -> Response:
    gathering_id = access.path_id(request)
    at, after = _after(request)
    async with access.context(request).db.reading() as tx:
        gathering = or_not_found(
            await SQL.hosted_gathering(tx, gathering_id=gathering_id, actor_id=request.state.person.id)
        )
        rows = await db.rows(
            SQL.hosted_line(tx, gathering_id=gathering_id, after_at=at, after_id=after, most=PER_PAGE + 1)
        )
    more, rows = len(rows) > PER_PAGE, rows[:PER_PAGE]
    return render.page(
        request,
        "bookings/waiting_list/hosted.html",
        status,
        gathering=gathering,
        rows=rows,
        hints=(hints := people.same_names.tell_apart(rows)),
        choices=[
            ("", "Choose somebody"),
            *((row["id"], people.same_names.label(row, hints)) for row in rows if row["state"] == "waiting"),
        ],
        next_page=f"?at={rows[-1]['joined_at'].timestamp()}&after={rows[-1]['id']}" if more else "",
        is_later=after != UUID(int=0),
        form=form,
        max_reason=rules.MAX_REASON,
    )


def _after(request: Request) -> tuple[datetime, UUID]:
    """The last row of the page before, which the address names; anything else is the beginning."""
    values: Any = request.query_params
    after = reading.uuid_or_none(values.get("after", ""))
    try:
        at = datetime.fromtimestamp(float(values.get("at", "0")), UTC)
    except (ValueError, OverflowError, OSError):
        after = None
        at = datetime.fromtimestamp(0, UTC)
    return (at, after) if after else (datetime.fromtimestamp(0, UTC), UUID(int=0))


async def put_first(request: Request) -> Response:
    """POST: offer somebody a seat out of turn, with a reason."""
    form, gathering_id = await Form.read(request), access.path_id(request)
    wait_id = reading.uuid_or_none(form.value("wait"))
    try:
        if wait_id is None:
            raise Refused(Reason("nobody", "Please choose somebody.", "wait"))
        await actions.put_first(
            access.context(request), request.state.person, gathering_id, wait_id, form.value("reason")
        )
    except Refused as refused:
        form.add(refused.reasons)
        return await _hosted_page(request, form, 422)
    notice = "They are next: the seat that is free, or the next one, is offered to them if they can take it."
    return render.see_other(f"/host/gatherings/{gathering_id}/waiting-list", notice=notice)
