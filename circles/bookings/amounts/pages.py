"""Changing what a confirmed seat costs: the amount chooser, what the change means, and the one button that makes it."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from circles import payments
from circles.base import money, reading
from circles.base.errors import Refused
from circles.bookings import rules as booking_rules
from circles.bookings.amounts import actions, rules
from circles.bookings.pool import rules as pool_rules
from circles.bookings.rules import BookingInput
from circles.web import access, render
from circles.web.forms import Form

UNREACHABLE = 503  # the one refusal that is an outage, not the person's input


async def amount_form(request: Request) -> Response:
    """GET: what the seat costs, and the amount chooser."""
    return await _page(request, Form())


async def change_amount(request: Request) -> Response:
    """POST: first what the change means, then, once the person pressed that button, the change."""
    form, booking_id = await Form.read(request), access.path_id(request)
    context, person, sent = access.context(request), request.state.person, _input(form)
    if not form.checked("seen"):
        return await _page(request, form, sent=sent)
    try:
        address = await actions.change_amount(
            context, person, booking_id, sent, shown=reading.whole_number(form.value("shown"), -1)
        )
    except Refused as refused:
        form.add(refused.reasons)
        status = UNREACHABLE if refused.codes == {"no_checkout"} else 422
        return await _page(request, form, status)
    if address:
        return RedirectResponse(address, status_code=303)
    return render.see_other(f"/bookings/{booking_id}", notice="What you pay for this seat is changed.")


def _input(form: Form) -> BookingInput:
    return BookingInput(
        form.value("choice", "amount"),
        form.value("amount"),
        version_id=None,
        agreed=True,
        currency=form.value("currency"),
    )


async def _page(
    request: Request, form: Form, status: int = 200, *, sent: BookingInput | None = None
) -> Response:
    """The chooser; or what was chosen, where that is possible (sent)."""
    context, booking_id = access.context(request), access.path_id(request)
    async with context.db.reading() as tx:
        row, choices, refusals = await actions.preview(tx, request.state.person, booking_id)
    scale = rules.scale_of(row, choices["suggested"])
    values: dict[str, Any] = {"row": row, "form": form, "scale": scale, "may_change": not refusals}
    if status == 200:
        form.add(refusals)
    if sent and not refusals:
        try:
            change = rules.change_of(row, scale, choices["community_left"], sent)
        except Refused as refused:
            form.add(refused.reasons)
            status = 422
        else:
            return render.page(request, "bookings/amount_seen.html", 200, **values, change=change)
    if row["kind"] == "paid":
        form.values.setdefault("amount", money.format_plain(row["amount"], row["currency"]))
    form.values.setdefault("choice", "community" if row["kind"] == "community" else "amount")
    is_left = choices["community_left"] > 0 and not choices["pool_is_empty"]
    offers_community = row["kind"] == "community" or is_left
    return render.page(
        request,
        "bookings/amount.html",
        status,
        **values,
        offers_community=offers_community,
        pool_empty=pool_rules.EMPTY if choices["pool_is_empty"] else "",
        community_hint=booking_rules.community_hint(max(1, choices["community_left"])),
        addition=choices["addition"],
        pay_address=payments.pay_address(context, choices["addition_url"]) if choices["addition_url"] else "",
    )
