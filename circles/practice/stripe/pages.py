"""The look-alike's checkout page: a card field, and the ways it can go."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles import payments
from circles.base.errors import NotFound, Reason
from circles.practice.stripe import objects as practice
from circles.practice.stripe.objects import Fault, Object
from circles.web import access, render
from circles.web.forms import Form

# What the page says when the card did not go through.
_SAYS = {
    "declined": "This card was declined. Nothing was charged, and your seat is still held. Try another card.",
    "unknown_card": "This practice page knows only the cards listed here. Nothing was charged.",
}


async def _details(request: Request) -> Object:
    async with access.context(request).db.transaction() as tx:
        try:
            return await practice.details(tx, request.path_params["id"])
        except Fault:
            raise NotFound from None


async def checkout(request: Request) -> Response:
    """The page itself. A checkout that is paid goes on to where paying leads."""
    found = await _details(request)
    if found["status"] == "complete":
        return render.see_other(_here(request, found["success_url"]))
    return _page(request, found, Form({"card": "4242 4242 4242 4242"}))


async def press(request: Request) -> Response:
    """Pay, Decline or Cancel."""
    found = await _details(request)
    form = await Form.read(request)
    button = form.value("do", "pay")
    if button == "cancel":
        return render.see_other(_here(request, found["cancel_url"]))
    card = practice.DECLINED_CARD if button == "decline" else form.value("card")
    async with access.context(request).db.transaction() as tx:
        outcome = await practice.pay(tx, found["id"], card)
    if outcome == "paid":
        return render.see_other(_here(request, found["success_url"]))
    if outcome == "expired":
        return _page(request, found | {"status": "expired"}, form)
    form.add(Reason(outcome, _SAYS[outcome], "card" if outcome == "unknown_card" else ""))
    return _page(request, found, form, 422)


def _here(request: Request, url: str) -> str:
    """Our own address as a path, so that whoever came by another name of this machine stays signed in."""
    return payments.local_path(url, access.context(request).settings.base_url)


def _page(request: Request, found: Object, form: Form, status: int = 200) -> Response:
    currency = found["currency"].upper()
    return render.page(
        request,
        "practice/stripe/checkout.html",
        status,
        form=form,
        name=found["name"],
        amount=payments.from_stripe(found["amount_total"], currency),
        currency=currency,
        over=found["status"] == "expired",
        back=_here(request, found["cancel_url"]),
        robots="noindex",
    )
