"""The pages of a booking: the form, the way to the checkout and back, letting go, cancelling."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from circles import payments
from circles.base import reading
from circles.base.errors import Refused
from circles.bookings import actions, rules
from circles.bookings.rules import AlreadyBooked, Desk, Full
from circles.bookings.screening import pages as screening_pages
from circles.bookings.screening import rules as screening_rules
from circles.gatherings import Offer, terms_words
from circles.store import db
from circles.web import access, htmx, render
from circles.web.forms import Form

UNREACHABLE = 503  # the one refusal that is nobody's fault in this house


async def ask(request: Request) -> Response:
    """GET: the booking form; or the booking, for somebody who has one."""
    offer, desk = await _desk(request)
    if desk.mine:
        notice = "You have a seat here already." if desk.mine.state == "confirmed" else ""
        return render.see_other(f"/bookings/{desk.mine.id}", notice=notice, kind="calm")
    return _form_page(request, offer, desk, Form({"choice": "amount"}))


async def book(request: Request) -> Response:
    """POST: take the seat, then on to the checkout, or to the booking when there is nothing to pay."""
    form = await Form.read(request)
    context, person = access.context(request), request.state.person
    try:
        booking = await actions.book(
            context,
            person,
            access.path_id(request),
            choice=form.value("choice", "amount"),
            amount=form.value("amount"),
            version_id=reading.uuid_or_none(form.value("version")),
            agreed=form.checked("agreed"),
            currency=form.value("currency"),
        )
    except AlreadyBooked as refused:
        return await _booked_already(request, refused)
    except Full as refused:
        return await _full(request, refused.offer)
    except Refused as refused:
        return await _again(request, form, refused)
    return RedirectResponse(booking.checkout_url or f"/bookings/{booking.id}", status_code=303)


async def _booked_already(request: Request, refused: AlreadyBooked) -> Response:
    """A second click leads on to the same checkout; another wish leads to the seat there is."""
    mine = refused.mine
    if mine.state == "held" and refused.same:
        return render.see_other(f"/bookings/{mine.id}/pay")
    if mine.state == "held":
        offer, _ = await _desk(request)
        return render.page(request, "bookings/held.html", 422, offer=offer, mine=mine)
    return render.see_other(f"/bookings/{mine.id}", notice=refused.reasons[0].text, kind="calm")


async def _full(request: Request, offer: Offer) -> Response:
    """No seat is left, so there is no form to fill in again: a short page with the dates that have one."""
    async with access.context(request).db.reading() as tx:
        dates = await actions.other_dates(tx, request.state.person.id, offer)
    return render.page(request, "bookings/full.html", 422, offer=offer, dates=dates)


async def _again(request: Request, form: Form, refused: Refused) -> Response:
    """The form once more, with every reason, and what was typed kept."""
    offer, desk = await _desk(request)
    form.add(refused.reasons)
    if "guidelines_changed" in refused.codes:
        form.values.pop("agreed", None)
    if offer.community_left <= 0:
        form.values["choice"] = "amount"
    status = UNREACHABLE if refused.codes == {"no_checkout"} else 422
    return _form_page(request, offer, desk, form, status)


async def _desk(request: Request) -> tuple[Offer, Desk]:
    async with access.context(request).db.reading() as tx:
        return await actions.desk(tx, request.state.person.id, access.path_id(request))


def _form_page(request: Request, offer: Offer, desk: Desk, form: Form, status: int = 200) -> Response:
    closed = rules.closed(offer, desk.now)
    if not desk.room.approved and not closed:
        return screening_pages.instead(request, offer, desk, status)
    return render.page(
        request,
        "bookings/book.html",
        status,
        offer=offer,
        desk=desk,
        form=form,
        closed=closed,
        not_yet=screening_rules.refusals(desk.room, offer.starts_at, offer.zone, desk.now),
        terms=terms_words(offer.refund_hours, offer.late_refund_percent),
    )


async def show(request: Request) -> Response:
    """GET: how the booking stands. Coming back from the checkout proves nothing, so Stripe is asked."""
    row = await _seen_and_looked(request)
    return render.page(request, "bookings/booking.html", **_about(row))


async def state(request: Request) -> Response:
    """GET: the part of that page which looks by itself until the word has come."""
    if not htmx.wants_part(request):
        return htmx.vary(render.see_other(f"/bookings/{access.path_id(request)}"))
    row = await _seen_and_looked(request)
    return htmx.vary(render.page(request, "bookings/_state.html", **_about(row)))


async def _seen_and_looked(request: Request) -> db.Record:
    async with access.context(request).db.transaction() as tx:
        row = await actions.seen(tx, request.state.person, access.path_id(request))
        if row["state"] == "held":
            await payments.sync_checkout_soon(tx, row["id"])
    return row


def _about(row: db.Record) -> dict[str, Any]:
    return {"row": row, "refund": actions.refund_for(row, row["paid"])}


async def _seen(request: Request) -> db.Record:
    async with access.context(request).db.reading() as tx:
        return await actions.seen(tx, request.state.person, access.path_id(request))


async def stopped(request: Request) -> Response:
    """GET: back from the checkout by its Cancel. The seat is still held: pay after all, or let it go."""
    row = await _seen(request)
    if row["state"] != "held":
        return render.see_other(f"/bookings/{row['id']}")
    return render.page(request, "bookings/stopped.html", **_about(row))


async def pay(request: Request) -> Response:
    """GET: on to the open checkout. While it is being made, the booking's page waits for it."""
    row = await _seen(request)
    if row["state"] == "held" and row["checkout_url"]:
        where = payments.pay_address(access.context(request), row["checkout_url"])
        return RedirectResponse(where, status_code=303)
    if row["state"] == "held":
        return render.page(request, "bookings/making.html", **_about(row))
    return render.see_other(f"/bookings/{row['id']}")


async def let_go(request: Request) -> Response:
    """POST: give up a held seat."""
    booking_id = access.path_id(request)
    found = await actions.let_go(access.context(request), request.state.person, booking_id)
    notices = {
        "lapsed": ("The seat was let go. Nothing was charged.", "calm"),
        "confirmed": ("This seat was paid for already, so it is yours.", "good"),
        "held": (
            "The card company cannot be reached now. The seat frees itself when its time is over.",
            "warn",
        ),
    }
    text, kind = notices.get(found, ("", "calm"))
    return render.see_other(f"/bookings/{booking_id}", notice=text, kind=kind)


async def cancel_form(request: Request) -> Response:
    """GET: asks once, and says what comes back."""
    row = await _seen(request)
    if row["state"] != "confirmed":
        return render.see_other(f"/bookings/{row['id']}")
    return render.page(request, "bookings/cancel.html", form=Form(), **_about(row))


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
        )
    except Refused as refused:
        form.add(refused.reasons)
        return render.page(request, "bookings/cancel.html", 422, form=form, **_about(await _seen(request)))
    return render.see_other(f"/bookings/{booking_id}")
