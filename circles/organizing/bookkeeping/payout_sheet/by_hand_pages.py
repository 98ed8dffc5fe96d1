"""One line of the payout sheet: what is owed to somebody, what was paid, and the forms that note it or take it back."""

from __future__ import annotations

from datetime import date
from typing import Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from circles.base import clock, money
from circles.base.errors import NotFound, Reason, Refused, or_not_found
from circles.payments import shares
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form

SQL = db.queries("organizing/payout_sheet")
PAGE: Final = "/organize/payout-sheet"
MAX_SHOWN: Final = 100
WAYS: Final = ("Bank transfer", "Check", "Cash", "Another way")


async def payee(request: Request) -> Response:
    """What is owed to somebody in a currency, what was paid to them, and the form that notes a payout."""
    today = shares.community_today(access.context(request))
    form = Form.shown(request, {"paid_on": today.isoformat(), "way": WAYS[0]})
    form.creation_id()
    return await _page(request, form)


async def note(request: Request) -> Response:
    """Note a payout."""
    form, context = await Form.read(request), access.context(request)
    person_id, currency = _path(request)
    try:
        payout = _read(form, person_id, currency)
        is_new = await shares.note_payout(context, request.state.person, payout)
    except Refused as refused:
        return await _page(request, form.add(refused.reasons))
    notice = "Noted. They are told by mail." if is_new else "This was sent twice, and noted once."
    return render.see_other(f"{PAGE}/{person_id}/{currency}", notice=notice)


def _read(form: Form, person_id: UUID, currency: str) -> shares.Payout:
    """What is to be noted. Raises Refused with every reason."""
    amount = form.take(lambda: money.parse(form.value("amount"), currency), 0)
    if amount > shares.MAX_PAYOUT * money.minor_per_unit(currency):
        form.add(Reason("payout_huge", "That amount is too large. Please check it.", "amount"))
    paid_on = form.take(lambda: clock.parse_date(form.value("paid_on"), "paid_on"), date.min)
    way = form.choice("way", WAYS, "Please choose how it was paid.")
    reference = form.line("reference", max_length=100, required=False)
    reason = form.line("reason", max_length=shares.MAX_REASON, required=False)
    form.raise_refusals()
    return shares.Payout(form.creation_id(), person_id, currency, amount, paid_on, way, reference, reason)


def _path(request: Request) -> tuple[UUID, str]:
    """The person and the currency of an address. Raises NotFound."""
    currency = request.path_params["currency"]
    if currency not in money.CURRENCIES:
        raise NotFound
    return access.path_id(request, "person"), currency


async def _page(request: Request, form: Form) -> Response:
    person_id, currency = _path(request)
    context = access.context(request)
    async with context.db.reading() as tx:
        person = or_not_found(await SQL.payee(tx, person=person_id))
        owed = await shares.owed(tx, person_id, currency)
        payouts = await db.rows(SQL.payouts(tx, person=person_id, currency=currency, most=MAX_SHOWN))
        own = await shares.own_payout_refusals(tx, request.state.person, person_id)
    today = shares.community_today(context)
    if owed.due > 0 and "amount" not in form.values:
        form.values["amount"] = money.format_plain(owed.due, currency)
    return render.page(
        request,
        "organizing/bookkeeping/payee.html",
        200 if form.ok else 422,
        form=form,
        payee=person,
        currency=currency,
        owed=owed,
        ways=[(way, way) for way in WAYS],
        payouts=[(clock.format_date(row["paid_on"], today), row) for row in payouts],
        why_not=own[0].text if own else "",
        least=shares.LEAST,
    )


async def take_back_form(request: Request) -> Response:
    """Ask why a payout that was noted is taken back."""
    form = Form.shown(request, {})
    form.creation_id()
    return await _take_back_page(request, form)


async def take_back(request: Request) -> Response:
    """Take it back, by another row."""
    form, context = await Form.read(request), access.context(request)
    payout_id = access.path_id(request)
    async with context.db.reading() as tx:
        row = or_not_found(await SQL.payout(tx, id=payout_id))
    try:
        reason = form.line("reason", max_length=shares.MAX_REASON, required=False)
        form.raise_refusals()
        await shares.take_payout_back(context, request.state.person, form.creation_id(), payout_id, reason)
    except Refused as refused:
        return await _take_back_page(request, form.add(refused.reasons))
    return render.see_other(
        f"{PAGE}/{row['facilitator_id']}/{row['currency']}", notice="Taken back. They are told by mail."
    )


async def _take_back_page(request: Request, form: Form) -> Response:
    context = access.context(request)
    async with context.db.reading() as tx:
        row = or_not_found(await SQL.payout(tx, id=access.path_id(request)))
    return render.page(
        request,
        "organizing/bookkeeping/payout_back.html",
        200 if form.ok else 422,
        form=form,
        row=row,
        day=clock.format_date(row["paid_on"], shares.community_today(context)),
    )
