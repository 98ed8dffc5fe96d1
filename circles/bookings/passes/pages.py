"""Pages of a pass: buying it, to the checkout and back, what is left, giving it back; and the organizers' one."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from circles import payments
from circles.base import money, reading
from circles.base.errors import Refused, or_not_found
from circles.bookings import refund_words, seat_rules
from circles.bookings.passes import actions, ending, queries, rules
from circles.bookings.passes.own import left_text
from circles.bookings.passes.queries import CircleToBuy
from circles.bookings.refund_words import MoneyBack
from circles.bookings.rules import BookingInput
from circles.store import db
from circles.web import access, cookies, render
from circles.web.forms import Form

SQL = db.queries("bookings/passes")

UNREACHABLE = 503  # the one refusal that is an outage, not the person's input


# Buying


async def buy_form(request: Request) -> Response:
    """GET: what the circle sells; or the pass that is being paid for."""
    circle = await _circle(request)
    if circle.held:
        return render.see_other(f"/passes/{circle.held.id}")
    return _buy_page(request, circle, Form(_first_values(circle)))


def _first_values(circle: CircleToBuy) -> dict[str, str]:
    """What the form begins with: the amount that somebody chose before and did not pay, while it is on the scale."""
    offer, amount = circle.offer, circle.last_amount
    if offer is None or amount is None or not offer.scale.minimum <= amount <= offer.scale.maximum:
        return {}
    return {"amount": money.format_plain(amount, offer.scale.currency)}


async def buy(request: Request) -> Response:
    """POST: hold the pass, then on to the checkout."""
    form = await Form.read(request)
    sent = BookingInput(
        "amount",
        form.value("amount"),
        reading.uuid_or_none(form.value("version")),
        form.checked("agreed"),
        form.value("currency"),
    )
    offer_id = reading.uuid_or_none(form.value("offer"))
    try:
        bought = await actions.buy(
            access.context(request),
            request.state.person,
            access.path_id(request),
            offer_id=offer_id,
            sent=sent,
        )
    except Refused as refused:
        form.add(refused.reasons)
        if "guidelines_changed" in refused.codes:
            form.values.pop("agreed", None)
        status = UNREACHABLE if refused.codes == {"no_checkout"} else 422
        return _buy_page(request, await _circle(request), form, status)
    return RedirectResponse(bought.checkout_url or f"/passes/{bought.id}", status_code=303)


async def _circle(request: Request) -> CircleToBuy:
    async with access.context(request).db.reading() as tx:
        return await queries.circle_to_buy(tx, request.state.person.id, access.path_id(request))


def _buy_page(request: Request, circle: CircleToBuy, form: Form, status: int = 200) -> Response:
    viewer = cookies.viewer(request)
    reasons = rules.buy_refusals(
        circle.offer, circle.state, sent_offer=None, own=circle.usable, viewer=viewer
    )
    terms = rules.terms_text(circle.offer.terms, circle.offer.scale.currency) if circle.offer else ""
    return render.page(
        request,
        "bookings/passes/buy.html",
        status,
        circle=circle,
        offer=circle.offer,
        form=form,
        why_not=[*reasons, *queries.admission_refusals(circle)],
        terms=terms,
    )


# One's own


async def show(request: Request) -> Response:
    """GET: a pass: what is left, until when, what it was used for, how it is paid."""
    row = await _own(request)
    async with access.context(request).db.reading() as tx:
        uses = await db.rows(SQL.uses_of(tx, pass_id=row["id"]))
    return render.page(request, "bookings/passes/pass.html", uses=uses, **_values(request, row))


async def _own(request: Request) -> db.Record:
    async with access.context(request).db.reading() as tx:
        return await queries.own_pass(tx, request.state.person, access.path_id(request))


def _values(request: Request, row: db.Record) -> dict[str, Any]:
    money_back = MoneyBack.of(row)
    has_back = money_back.refunded or refund_words.is_disputed(row["disputed"])
    return {
        "row": row,
        "left": left_text(row["uses"] - row["used"]),
        "terms": rules.terms_text(rules.Terms.of(row), row["currency"]),
        "refund": rules.refund_for(row, cookies.viewer(request)),
        "end_text": rules.end_text(row["end_cause"]) if row["ended_at"] else "",
        "money_back": refund_words.refund_text(money_back) if has_back else "",
        "is_back": "paid" in request.query_params,
        "poll_seconds": seat_rules.poll_seconds(row["returned_at"] or row["created_at"], row["now"]),
    }


async def paid(request: Request) -> Response:
    """GET: back from the checkout by the way of those who paid; the page of the pass asks Stripe meanwhile."""
    row = await _own(request)
    return render.see_other(f"/passes/{row['id']}{'?paid=on' if row['state'] == 'held' else ''}")


async def stopped(request: Request) -> Response:
    """GET: back from the checkout by its Cancel: the page of the pass offers to pay after all, or to let it go."""
    return render.see_other(f"/passes/{(await _own(request))['id']}")


async def look(request: Request) -> Response:
    """POST: ask Stripe how the checkout is."""
    form, pass_id = await Form.read(request), access.path_id(request)
    is_back = form.checked("paid")
    await actions.look(access.context(request), request.state.person, pass_id, is_back=is_back)
    return render.see_other(f"/passes/{pass_id}{'?paid=on' if is_back else ''}")


async def pay(request: Request) -> Response:
    """POST: on to the checkout, which is started where nobody has yet."""
    row = await _own(request)
    if row["state"] == "held" and not row["checkout_url"]:
        with suppress(Refused):  # then the pass has lapsed, which its page says
            await actions.start_again(access.context(request), row["id"])
        row = await _own(request)
    if row["state"] != "held" or not row["checkout_url"]:
        return render.see_other(f"/passes/{row['id']}")
    where = payments.pay_address(access.context(request), row["checkout_url"])
    return RedirectResponse(where, status_code=303)


async def let_go(request: Request) -> Response:
    pass_id = access.path_id(request)
    state = await actions.let_go(access.context(request), request.state.person, pass_id)
    text, kind = rules.LET_GO_NOTICES.get(state, ("", "calm"))
    return render.see_other(f"/passes/{pass_id}", notice=text, kind=kind)


async def give_back_form(request: Request) -> Response:
    """GET: what giving the pass back would pay, to the cent."""
    row = await _own(request)
    if row["state"] != "active":
        return render.see_other(f"/passes/{row['id']}")
    return render.page(request, "bookings/passes/give_back.html", form=Form(), **_values(request, row))


async def give_back(request: Request) -> Response:
    form, pass_id = await Form.read(request), access.path_id(request)
    try:
        await ending.give_back(
            access.context(request),
            request.state.person,
            pass_id,
            shown=reading.whole_number(form.value("refund"), -1),
        )
    except Refused as refused:
        form.add(refused.reasons)
        values = _values(request, await _own(request))
        return render.page(request, "bookings/passes/give_back.html", 422, form=form, **values)
    return render.see_other(f"/passes/{pass_id}")


# Organizers


async def organized(request: Request) -> Response:
    """GET: somebody's pass, with its payment and what an organizer may send back."""
    return await _organized_page(request, Form({"what": "terms"}))


async def _organized_page(request: Request, form: Form, status: int = 200) -> Response:
    pass_id = access.path_id(request)
    async with access.context(request).db.reading() as tx:
        row = or_not_found(await SQL.one(tx, pass_id=pass_id))
        uses = await db.rows(SQL.uses_of(tx, pass_id=pass_id))
    offered = rules.REFUNDS if row["state"] == "active" else {"all": rules.REFUNDS["all"]}
    amounts = {what: rules.amount_of(row, what) for what in offered}
    return render.page(
        request,
        "bookings/passes/organized.html",
        status,
        form=form,
        uses=uses,
        amounts=amounts,
        choices=[
            (what, words, money.format_amount(amounts[what], row["currency"]))
            for what, words in offered.items()
        ],
        may_refund=row["state"] in ("active", "ended") and any(amounts.values()),
        max_reason=rules.MAX_REASON,
        **_values(request, row),
    )


async def refund(request: Request) -> Response:
    """POST: send a part of a pass's payment back, with a reason."""
    form, pass_id = await Form.read(request), access.path_id(request)
    what = form.value("what")
    try:
        await ending.refund_by_organizer(
            access.context(request),
            request.state.person,
            pass_id,
            what=what,
            reason=form.reason(),
            shown=reading.whole_number(form.value(f"amount_{what}"), -1),
        )
    except Refused as refused:
        return await _organized_page(request, form.add(refused.reasons), 422)
    return render.see_other(f"/organize/passes/{pass_id}", notice="The refund is on its way.")
