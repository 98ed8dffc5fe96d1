"""Booking several dates of a circle: the form, its sum, and the way to the checkout."""

from __future__ import annotations

from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from circles.base import reading
from circles.base.errors import Refused
from circles.bookings import actions as booking_actions
from circles.bookings.pool import rules as pool_rules
from circles.bookings.rules import AlreadyBooked, BookingInput
from circles.bookings.several import actions, queries, rules
from circles.bookings.several.rules import Date
from circles.gatherings import terms_words
from circles.web import access, cookies, htmx, render
from circles.web.forms import Form

UNREACHABLE = 503  # the one refusal that is an outage, not the person's input


async def several_form(request: Request) -> Response:
    """GET: the coming dates of a circle to choose from."""
    wanted = request.query_params.get("from", "")
    return _page(request, await _dates(request), Form({"choice": "amount", rules.FIELD: wanted}))


async def book_several(request: Request) -> Response:
    """POST: take the seats, then on to the checkout; or show what they cost together ("look", and htmx)."""
    form = await Form.read(request)
    if htmx.wants_part(request):
        text = _sum_text(await _dates(request), form)
        return htmx.vary(render.page(request, "bookings/several/_sum.html", sum_text=text))
    if form.value("then") == "look":
        return _page(request, await _dates(request), form)
    context, person = access.context(request), request.state.person
    try:
        booking = await actions.book(
            context, person, access.path_id(request), _chosen(form), _sent(form), cookies.viewer(request)
        )
    except AlreadyBooked as repeated:
        return await _booked_already(request, form, repeated)
    except Refused as refused:
        return await _refused(request, form, refused)
    return RedirectResponse(booking.checkout_url or f"/bookings/{booking.id}", status_code=303)


async def _booked_already(request: Request, form: Form, repeated: AlreadyBooked) -> Response:
    """A second press leads on to the same checkout, and starts it where the first was interrupted before that."""
    booking = repeated.booking
    if booking.state != "held":
        return render.see_other(f"/bookings/{booking.id}")
    try:
        await booking_actions.start_again(access.context(request), booking.id)
    except Refused as no_checkout:
        return await _refused(request, form, no_checkout)
    return render.see_other(f"/bookings/{booking.id}/pay")


async def _refused(request: Request, form: Form, refused: Refused) -> Response:
    """The form once more, with every reason; a date that cannot be booked is no longer chosen."""
    dates = await _dates(request)
    form.add(refused.reasons)
    if "guidelines_changed" in refused.codes:
        form.values.pop("agreed", None)
    open_ids = {date.id for date in dates if not rules.why_not(date, cookies.viewer(request))}
    form.values[rules.FIELD] = ",".join(str(chosen) for chosen in _chosen(form) if chosen in open_ids)
    return _page(request, dates, form, UNREACHABLE if refused.codes == {"no_checkout"} else 422)


async def _dates(request: Request) -> list[Date]:
    async with access.context(request).db.reading() as tx:
        return await queries.dates(tx, request.state.person.id, access.path_id(request))


def _chosen(form: Form) -> list[UUID]:
    ids = (reading.uuid_or_none(typed) for typed in form.value(rules.FIELD).split(","))
    return list(dict.fromkeys(chosen for chosen in ids if chosen))


def _sent(form: Form) -> BookingInput:
    return BookingInput(
        form.value("choice", "amount"),
        form.value("amount"),
        reading.uuid_or_none(form.value("version")),
        form.checked("agreed"),
        form.value("currency"),
        pass_id=reading.uuid_or_none(form.value("pass")),
    )


def _sum_text(dates: list[Date], form: Form) -> str:
    return rules.sum_text(dates, _chosen(form), _sent(form))


def _page(request: Request, dates: list[Date], form: Form, status: int = 200) -> Response:
    first, viewer = dates[0], cookies.viewer(request)
    if not first.eligibility.admission.approved:  # the hosts are asked on the form of one date
        return render.see_other(f"/gatherings/{first.id}/book")
    notes = {date.id: rules.why_not(date, viewer) for date in dates}
    gathering = first.gathering
    return render.page(
        request,
        "bookings/several/book.html",
        status,
        circle=gathering,
        scale=gathering.scale,
        form=form,
        options=[rules.option(date, viewer) for date in dates if not notes[date.id]],
        closed=[(date, notes[date.id]) for date in dates if notes[date.id]],
        eligibility=first.eligibility,
        own_pass=(own_pass := rules.common_pass(dates, viewer)),
        seat_choices=rules.seat_choices(
            own_pass,
            gathering.zone,
            viewer,
            has_community=any(date.gathering.offers_community for date in dates if not notes[date.id]),
        ),
        pool_empty=pool_rules.EMPTY if gathering.pool_is_empty else "",
        terms=terms_words(gathering.refund_hours, gathering.late_refund_percent),
        sum_text=_sum_text(dates, form) if form.value(rules.FIELD) else "",
    )
