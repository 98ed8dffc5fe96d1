"""Pages of a booking: the form, the way to the checkout and back, letting go, canceling."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from circles import payments
from circles.base import reading
from circles.base.errors import Refused
from circles.bookings import actions, end_rules, queries, refund_words, rules, seat_rules
from circles.bookings.amounts import rules as amount_rules
from circles.bookings.passes import uses
from circles.bookings.pool import rules as pool_rules
from circles.bookings.rules import AlreadyBooked, Eligibility, Full
from circles.bookings.screening import pages as screening_pages
from circles.bookings.screening import rules as screening_rules
from circles.gatherings import BookableGathering, UnseenChange, calendar_links, terms_words
from circles.store import db
from circles.web import access, cookies, htmx, render
from circles.web.forms import Form

UNREACHABLE = 503  # the one refusal that is an outage, not the person's input
BACK = "?paid=on"  # in the address of the booking, for people who come back from the checkout and have paid
MAX_OVERLAPS = 50  # read of one form
MAX_SEEN_FULL = 1000  # ids


async def booking_form(request: Request) -> Response:
    """GET: the booking form; or the booking, for somebody who has one."""
    gathering, eligibility = await _eligibility(request)
    booking = eligibility.booking
    if booking:
        notice = AlreadyBooked(booking, same=False).reasons[0].text
        return render.see_other(f"/bookings/{booking.id}", notice=notice, kind="calm")
    if (
        eligibility.wait_id and gathering.seats_left <= 0
    ):  # an offered seat is taken on the page of their place
        return render.see_other(f"/waits/{eligibility.wait_id}")
    choice = "pass" if eligibility.own_pass else "amount"
    return _form_page(request, gathering, eligibility, Form({"choice": choice}))


async def book(request: Request) -> Response:
    """POST: take the seat, then on to the checkout, or to the booking when there is nothing to pay."""
    form = await Form.read(request)
    context, person, gathering_id = access.context(request), request.state.person, access.path_id(request)
    if gathering_id in _seen_full(request) and (refusal := await _still_full(request, gathering_id)):
        return refusal
    try:
        booking = await actions.book(
            context,
            person,
            gathering_id,
            choice=form.value("choice", "amount"),
            amount=form.value("amount"),
            version_id=reading.uuid_or_none(form.value("version")),
            agreed=form.checked("agreed"),
            currency=form.value("currency"),
            both=_both(form) if form.checked("both") else (),
            pass_id=reading.uuid_or_none(form.value("pass")),
        )
    except AlreadyBooked as refused:
        return await _booked_already(request, form, refused)
    except Full as refused:
        return await _full(request, refused)
    except Refused as refused:
        return await _form_refused(request, form, refused)
    return RedirectResponse(booking.checkout_url or f"/bookings/{booking.id}", status_code=303)


def _seen_full(request: Request) -> set[UUID]:
    """Gatherings that this process found full. In a rush most attempts are refused, by one query of such a one."""
    return request.app.state.seen_full


async def _still_full(request: Request, gathering_id: UUID) -> Response | None:
    async with access.context(request).db.reading() as tx:
        full = await queries.full_gathering(tx, request.state.person.id, gathering_id)
    if full:
        return render.shared_page(request, "bookings/full.html", 422, gathering=full)
    _seen_full(request).discard(gathering_id)
    return None


def _both(form: Form) -> list[UUID]:
    """The bookings at overlapping hours that the form showed."""
    ids = (reading.uuid_or_none(typed) for typed in form.value("overlaps").split(",")[:MAX_OVERLAPS])
    return [booking_id for booking_id in ids if booking_id]


async def _booked_already(request: Request, form: Form, refused: AlreadyBooked) -> Response:
    """A second click leads on to the same checkout; another choice leads to the seat there is."""
    booking = refused.booking
    if booking.state == "held":
        if refused.same:
            try:
                await actions.start_again(access.context(request), booking.id)
            except Refused as no_checkout:
                return await _form_refused(request, form, no_checkout)
            return render.see_other(f"/bookings/{booking.id}/pay")
        gathering, _ = await _eligibility(request)
        return render.page(request, "bookings/held.html", 422, gathering=gathering, booking=booking)
    return render.see_other(f"/bookings/{booking.id}", notice=refused.reasons[0].text, kind="calm")


async def _full(request: Request, refused: Full) -> Response:
    """No seat is left, so there is no form to fill in again: a short page with the dates that have one.

    Who is on the waiting list is led to their place, where they take the seat that is offered to them.
    """
    if refused.wait_id:
        return render.see_other(f"/waits/{refused.wait_id}")
    seen_full = _seen_full(request)
    if len(seen_full) >= MAX_SEEN_FULL:
        seen_full.clear()
    seen_full.add(refused.gathering.gathering_id)
    async with access.context(request).db.reading() as tx:
        full = await queries.other_dates(tx, refused.gathering)
    return render.shared_page(request, "bookings/full.html", 422, gathering=full)


async def _form_refused(request: Request, form: Form, refused: Refused) -> Response:
    """The form once more, with every reason, and what was typed kept."""
    gathering, eligibility = await _eligibility(request)
    form.add(refused.reasons)
    if "guidelines_changed" in refused.codes:
        form.values.pop("agreed", None)
    if "overlap" in refused.codes:
        form.values.pop("both", None)
    chosen = {"community": gathering.community_left > 0, "pass": eligibility.own_pass is not None}
    if not chosen.get(form.value("choice"), True):
        form.values["choice"] = "amount"
    status = UNREACHABLE if refused.codes == {"no_checkout"} else 422
    return _form_page(request, gathering, eligibility, form, status)


async def _eligibility(request: Request) -> tuple[BookableGathering, Eligibility]:
    async with access.context(request).db.reading() as tx:
        return await queries.eligibility(tx, request.state.person.id, access.path_id(request))


def _form_page(
    request: Request, gathering: BookableGathering, eligibility: Eligibility, form: Form, status: int = 200
) -> Response:
    admission = eligibility.admission
    closed = rules.booking_closed(gathering, eligibility.now)
    if not admission.approved and not closed:
        return screening_pages.instead_of_booking(request, gathering, eligibility, status)
    return render.page(
        request,
        "bookings/book.html",
        status,
        gathering=gathering,
        eligibility=eligibility,
        form=form,
        closed=closed,
        not_yet=screening_rules.admission_refusals(
            admission, gathering.starts_at, gathering.zone, eligibility.now, cookies.viewer(request)
        ),
        pool_empty=pool_rules.EMPTY if gathering.pool_is_empty else "",
        seat_choices=_seat_choices(request, gathering, eligibility, form),
        terms=terms_words(gathering.refund_hours, gathering.late_refund_percent),
    )


def _seat_choices(
    request: Request, gathering: BookableGathering, eligibility: Eligibility, form: Form
) -> list[tuple[str, str, str]]:
    """The kinds of seat that this person can choose from: value, words, hint."""
    own_pass, hint = eligibility.own_pass, rules.community_hint(gathering.community_left)
    choices = [("amount", "Choose what you pay", "You choose the amount below.")]
    if own_pass:
        on_pass = own_pass.hint(gathering.zone, cookies.viewer(request))
        choices.insert(0, ("pass", "Use your pass", on_pass))
    if gathering.offers_community or (
        gathering.community_left > 0 and form.value("choice") == "community"
    ):  # one that was chosen before the pool was empty stays to be seen
        choices.append(("community", "A community seat", hint))
    return choices


async def show(request: Request) -> Response:
    """GET: the booking. Coming back from the checkout proves nothing: the page posts to `look`, which asks Stripe."""
    row = await _own_booking(request)
    return render.page(request, "bookings/booking.html", **await _page_values(request, row))


async def state(request: Request) -> Response:
    """GET: the part of that page which polls until the checkout is settled."""
    if not htmx.wants_part(request):
        return htmx.vary(render.see_other(f"/bookings/{access.path_id(request)}"))
    row = await _own_booking(request)
    return htmx.vary(render.page(request, "bookings/_state.html", **await _page_values(request, row)))


async def _page_values(request: Request, row: db.Record, *, is_back: bool = False) -> dict[str, Any]:
    viewer = cookies.viewer(request)
    is_back = is_back or _is_back(request)
    invite = ""
    if row["confirmed_at"]:
        mail = (row["invite_state"], row["invite_created_at"], row["invite_sent_at"])
        invite = seat_rules.invite_text(row["confirmed_at"], *mail, row["now"], row["zone"], viewer)
    shows_place = row["state"] == "confirmed" and not row["must_agree"]
    together, is_on_pass = queries.booked_together(row), row["pass_id"] is not None
    refund, use_comes_back = end_rules.refund_for(row), False
    if row["use_state"] == "used":
        async with access.context(request).db.reading() as tx:
            refund, use_comes_back = await uses.seat_refund(tx, row["id"])
    seat = seat_rules.seat_of_booking(row, viewer, is_back=is_back, on_pass=is_on_pass)
    is_said = seat.code not in seat_rules.WITHOUT_MONEY
    return {
        "invite_text": invite,
        "calendar_links": calendar_links(row["discreet_name"], row["starts_at"], row["ends_at"]),
        "row": row,
        "is_back": is_back,
        "change": UnseenChange.read(row["unseen_change"], viewer, shows_place=shows_place),
        "together": together,
        "held_together": [one for one in together if one["state"] == "held"],
        "seat": seat,
        "poll_seconds": seat_rules.poll_seconds(row["returned_at"] or row["created_at"], row["now"]),
        "by_hand": refund_words.by_hand_texts(row["by_hand"], row["currency"], is_said=is_said),
        "refund": refund,
        "use_comes_back": use_comes_back,
        "may_change_amount": not amount_rules.change_refusals(row),
    }


def _is_back(request: Request) -> bool:
    """Whether the address says that the person just came back from the checkout, having paid.

    A GET notes nothing, so the address says it until the page has posted it (`look`).
    """
    return "paid" in request.query_params


async def _own_booking(request: Request) -> db.Record:
    async with access.context(request).db.reading() as tx:
        return await queries.own_booking(tx, request.state.person, access.path_id(request))


async def paid(request: Request) -> Response:
    """GET: back from the checkout by the way of those who paid; the booking's page thanks them meanwhile."""
    row = await _own_booking(request)
    return render.see_other(f"/bookings/{row['id']}{BACK if row['state'] == 'held' else ''}")


async def look(request: Request) -> Response:
    """POST: ask Stripe how the checkout is, and note that the person came back from it where the form says so."""
    form, booking_id = await Form.read(request), access.path_id(request)
    is_back = form.checked("paid")
    await actions.look(access.context(request), request.state.person, booking_id, is_back=is_back)
    if htmx.wants_part(request):
        values = await _page_values(request, await _own_booking(request), is_back=is_back)
        return htmx.vary(render.page(request, "bookings/_state.html", **values))
    return render.see_other(f"/bookings/{booking_id}{BACK if is_back else ''}")


async def stopped(request: Request) -> Response:
    """GET: back from the checkout by its Cancel. The seat is still held: pay after all, or let it go."""
    row = await _own_booking(request)
    values = await _page_values(request, row)
    if not values["seat"].may_pay:
        return render.see_other(f"/bookings/{row['id']}")
    return render.page(request, "bookings/stopped.html", **values)


async def pay(request: Request) -> Response:
    """GET: on to the open checkout. While it is being made, the booking's page waits for it."""
    row = await _own_booking(request)
    values = await _page_values(request, row)
    if not values["seat"].may_pay:
        return render.see_other(f"/bookings/{row['id']}")
    if row["checkout_url"]:
        where = payments.pay_address(access.context(request), row["checkout_url"])
        return RedirectResponse(where, status_code=303)
    return render.page(request, "bookings/making.html", **values)


async def start_paying(request: Request) -> Response:
    """POST: start the checkout where nobody has yet, then on to it."""
    row = await _own_booking(request)
    with suppress(Refused):  # then the seat is free again, which the page of the booking says
        await actions.start_again(access.context(request), row["id"])
    return render.see_other(f"/bookings/{row['id']}/pay")


async def let_go(request: Request) -> Response:
    booking_id = access.path_id(request)
    state_then = await actions.let_go(access.context(request), request.state.person, booking_id)
    row = await _own_booking(request)
    notices = end_rules.LET_GO_NOTICES if len(row["together_ids"]) < 2 else end_rules.LET_ALL_GO_NOTICES
    text, kind = notices.get(state_then, ("", "calm"))
    return render.see_other(f"/bookings/{booking_id}", notice=text, kind=kind)


async def seen(request: Request) -> Response:
    """POST: the person has seen what changed of their booking. Back to the page they were on."""
    form, booking_id = await Form.read(request), access.path_id(request)
    await actions.note_seen(access.context(request), request.state.person, booking_id, form.value("mark"))
    own = f"/my/gatherings#booking-{booking_id}" if form.value("back") == "all" else f"/bookings/{booking_id}"
    return render.see_other(own)


async def cancel_form(request: Request) -> Response:
    row = await _own_booking(request)
    if row["state"] != "confirmed":
        return render.see_other(f"/bookings/{row['id']}")
    return render.page(request, "bookings/cancel.html", form=Form(), **await _page_values(request, row))


async def cancel(request: Request) -> Response:
    """POST: cancel. When the refund is another than the one shown, ask again."""
    form = await Form.read(request)
    booking_id = access.path_id(request)
    try:
        await actions.cancel(
            access.context(request),
            request.state.person,
            booking_id,
            shown=reading.whole_number(form.value("refund"), -1),
            shown_back=form.checked("back"),
        )
    except Refused as refused:
        form.add(refused.reasons)
        values = await _page_values(request, await _own_booking(request))
        return render.page(request, "bookings/cancel.html", 422, form=form, **values)
    return render.see_other(f"/bookings/{booking_id}")
