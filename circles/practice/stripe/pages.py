"""The checkout page of the look-alike."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles import payments
from circles.base.errors import NotFound, Reason
from circles.practice.stripe import checkouts
from circles.practice.stripe.objects import ApiError, Object
from circles.web import access, render
from circles.web.forms import Form

# What the page says when the card was not accepted.
_REFUSALS = {
    "declined": "This card was declined. Nothing was charged, and your seat is still held. Try another card.",
    "unknown_card": "This practice page knows only the cards listed here. Nothing was charged.",
}


async def _checkout(request: Request) -> Object:
    async with access.context(request).db.transaction() as tx:
        try:
            return await checkouts.for_page(tx, request.path_params["id"])
        except ApiError:
            raise NotFound from None


async def checkout(request: Request) -> Response:
    """GET: the page; for a checkout that is paid, a redirect to its success address."""
    session = await _checkout(request)
    if session["status"] == "complete":
        return render.see_other(_local_url(request, session["success_url"]))
    return _page(request, session, Form({"card": "4242 4242 4242 4242"}))


async def press(request: Request) -> Response:
    session = await _checkout(request)
    form = await Form.read(request)
    button = form.value("do", "pay")
    if button == "cancel":
        return render.see_other(_local_url(request, session["cancel_url"]))
    card = checkouts.DECLINED_CARD if button == "decline" else form.value("card")
    async with access.context(request).db.transaction() as tx:
        outcome = await checkouts.pay(tx, session["id"], card)
    if outcome in ("paid", "pending"):
        return render.see_other(_local_url(request, session["success_url"]))
    if outcome == "expired":
        return _page(request, session | {"status": "expired"}, form)
    form.add(Reason(outcome, _REFUSALS[outcome], "card" if outcome == "unknown_card" else ""))
    return _page(request, session, form, 422)


def _local_url(request: Request, url: str) -> str:
    """An address of this site as a path, so that a browser which uses another host name stays signed in."""
    return payments.local_path(url, access.context(request).settings.base_url)


def _page(request: Request, session: Object, form: Form, status: int = 200) -> Response:
    currency = session["currency"].upper()
    return render.page(
        request,
        "practice/stripe/checkout.html",
        status,
        form=form,
        name=session["name"],
        amount=payments.from_stripe(session["amount_total"], currency),
        currency=currency,
        over=session["status"] == "expired",
        back=_local_url(request, session["cancel_url"]),
        robots="noindex",
    )
