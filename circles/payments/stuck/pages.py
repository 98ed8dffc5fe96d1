"""The organizers' pages of money: what waits for them, disputes, and what was settled by hand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from circles.base.errors import Reason, Refused, or_not_found
from circles.payments import findings
from circles.payments.stuck import actions, rules, seats
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form

SQL = db.queries("payments/stuck")
PER_PAGE = 100

# Shows one thing that waits, with its forms.
Show = Callable[[Request, Form], Awaitable[Response]]
# Does what a form asks for, and returns the notice of it. Raises NotFound, Refused.
Act = Callable[[Request, Form], Awaitable[str]]
Handler = Callable[[Request], Awaitable[Response]]


async def money(request: Request) -> Response:
    async with access.context(request).db.reading() as tx:
        waiting = await db.rows(SQL.waiting_refunds(tx, most=PER_PAGE))
        from_banks = await db.rows(SQL.bank_payments(tx, most=PER_PAGE))
        values = {
            "stuck": [row for row in waiting if row["is_stuck"]],
            "trying": [row for row in waiting if not row["is_stuck"]],
            "asked": await db.rows(SQL.asked_refunds(tx, most=PER_PAGE)),
            "findings": await findings.open_findings(tx),
            "undecided": [row for row in from_banks if row["is_undecided"]],
            "not_arrived": [row for row in from_banks if not row["is_undecided"]],
            "refused_checkouts": await db.rows(SQL.refused_checkouts(tx, most=PER_PAGE)),
            "disputes": await db.rows(SQL.disputes(tx, most=PER_PAGE)),
            "alarms": [
                rules.ALARMS.get(row["kind"], rules.OTHER_ALARM) for row in await db.rows(SQL.alarms(tx))
            ],
            "on_their_way": await db.rows(SQL.on_their_way(tx)),
            "settled": await db.rows(SQL.settled(tx, most=20)),
        }
    return render.page(request, "payments/stuck/money.html", rules=rules, **values)


def _settled_before() -> Response:
    """Another organizer was faster, or it ended by itself."""
    text = (
        "This was settled already, so nothing was changed. What was settled last is at the end of this page."
    )
    return render.see_other("/organize/money", notice=text, kind="calm")


def _form(show: Show) -> Handler:
    """GET: one thing that waits, with its forms."""

    async def handler(request: Request) -> Response:
        return await show(request, Form())

    return handler


def _verb(show: Show, act: Act) -> Handler:
    """POST: do it and go back to the list; the same page again, with what was typed, where it is refused."""

    async def handler(request: Request) -> Response:
        form = await Form.read(request)
        try:
            notice = await act(request, form)
        except Refused as refused:
            if rules.OVER.code in refused.codes:
                return _settled_before()
            return await show(request, form.add(refused.reasons))
        return render.see_other("/organize/money", notice=notice)

    return handler


# Refunds, and checkouts that Stripe would not open


async def _show_refund(request: Request, form: Form) -> Response:
    async with access.context(request).db.reading() as tx:
        row = or_not_found(await SQL.refund_to_settle(tx, id=access.path_id(request)))
    if row["settled_at"] or row["state"] == "done":
        return _settled_before()
    return render.page(
        request,
        "payments/stuck/refund.html",
        200 if form.ok else 422,
        row=row,
        form=form,
        why=rules.why_refused(row["fault"]) if row["kind"] == "create_checkout" else rules.why_waits(row),
        may_retry=row["kind"] != "create_checkout" and not rules.retry_refusals(row),
    )


async def _settle_refund(request: Request, form: Form) -> str:
    operation_id = access.path_id(request)
    await actions.settle(access.context(request), request.state.person, operation_id, form.reason())
    return "Settled. Nothing more is tried."


async def _retry_refund(request: Request, form: Form) -> str:
    await actions.retry(access.context(request), request.state.person, access.path_id(request))
    return "It is sent once more. Look here again in a minute."


refund_form = _form(_show_refund)
settle_refund = _verb(_show_refund, _settle_refund)
retry_refund = _verb(_show_refund, _retry_refund)


# Findings


async def _show_finding(request: Request, form: Form) -> Response:
    async with access.context(request).db.reading() as tx:
        row = or_not_found(await SQL.finding_to_settle(tx, id=access.path_id(request)))
    if row["settled_at"]:
        return _settled_before()
    asked = {
        "kind": row["booking_kind"],
        "currency": row["booking_currency"],
        "state": row["checkout_state"],
        "covers": row["covers"],
        "amount": row["asked_amount"],
    }
    return render.page(
        request,
        "payments/stuck/finding.html",
        200 if form.ok else 422,
        row=row,
        form=form,
        text=rules.finding_text(row["kind"]),
        title=rules.finding_title(row),
        facts=list(rules.finding_facts(row)),
        may_send_back=bool(row["amount"] and row["payment_intent"]),
        why_no_seat=[reason.text for reason in rules.give_refusals(row, asked)],
    )


async def _settle_finding(request: Request, form: Form) -> str:
    context, actor, finding_id = access.context(request), request.state.person, access.path_id(request)
    send_back = form.checked("send_back")
    if not form.checked("give_seat"):
        await actions.settle_finding(context, actor, finding_id, form.reason(), send_back=send_back)
        return "Settled."
    if send_back:
        text = "Please choose one: give the seat, or send the money back."
        raise Refused(Reason("both", text, "send_back"))
    await seats.give(context, actor, finding_id, form.reason())
    return "The seat is theirs, and they get their invite."


finding_form = _form(_show_finding)
settle_finding = _verb(_show_finding, _settle_finding)


# Payments that a bank has not decided


async def _show_payment(request: Request, form: Form) -> Response:
    async with access.context(request).db.reading() as tx:
        row = or_not_found(await SQL.undecided_payment(tx, id=access.path_id(request)))
    if rules.OVER in rules.undecided_refusals(row):
        return _settled_before()
    return render.page(
        request,
        "payments/stuck/payment.html",
        200 if form.ok else 422,
        row=row,
        form=form,
        title=rules.refund_title(row),
    )


async def _stop_waiting(request: Request, form: Form) -> str:
    checkout_id = access.path_id(request)
    await seats.stop_waiting(access.context(request), request.state.person, checkout_id, form.reason())
    return "The seat was let go, and the member is told."


async def _ask_again(request: Request, form: Form) -> str:
    await seats.ask_again(access.context(request), access.path_id(request))
    return "Stripe is asked again. Look here again in a minute."


payment_form = _form(_show_payment)
stop_waiting = _verb(_show_payment, _stop_waiting)
ask_again = _verb(_show_payment, _ask_again)
