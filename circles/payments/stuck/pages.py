"""The organizers' pages of money: what waits for them, disputes, and what was settled by hand."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles.base.errors import Refused, or_not_found
from circles.payments import findings
from circles.payments.stuck import actions, rules
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form

SQL = db.queries("payments/stuck")
PER_PAGE = 100


async def money(request: Request) -> Response:
    async with access.context(request).db.reading() as tx:
        waiting = await db.rows(SQL.waiting_refunds(tx, most=PER_PAGE))
        values = {
            "stuck": [row for row in waiting if row["is_stuck"]],
            "trying": [row for row in waiting if not row["is_stuck"]],
            "findings": await findings.open_findings(tx),
            "refused_checkouts": await db.rows(SQL.refused_checkouts(tx, most=PER_PAGE)),
            "disputes": await db.rows(SQL.disputes(tx, most=PER_PAGE)),
            "alarms": [rules.ALARMS[row["kind"]] for row in await db.rows(SQL.alarms(tx))],
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


async def refund_form(request: Request) -> Response:
    return await _refund_page(request, Form())


async def _refund_page(request: Request, form: Form) -> Response:
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


async def settle_refund(request: Request) -> Response:
    """POST: it was settled by hand."""
    form = await Form.read(request)
    try:
        await actions.settle(
            access.context(request),
            request.state.person,
            access.path_id(request),
            form.value("reason").strip(),
        )
    except Refused as refused:
        if any(reason.code == "over" for reason in refused.reasons):
            return _settled_before()
        return await _refund_page(request, form.add(refused.reasons))
    return render.see_other("/organize/money", notice="Settled. Nothing more is tried.")


async def retry_refund(request: Request) -> Response:
    """POST: try a refund once more."""
    form = await Form.read(request)
    try:
        await actions.retry(access.context(request), request.state.person, access.path_id(request))
    except Refused as refused:
        if any(reason.code == "over" for reason in refused.reasons):
            return _settled_before()
        return await _refund_page(request, form.add(refused.reasons))
    return render.see_other("/organize/money", notice="It is sent once more. Look here again in a minute.")


async def finding_form(request: Request) -> Response:
    return await _finding_page(request, Form())


async def _finding_page(request: Request, form: Form) -> Response:
    async with access.context(request).db.reading() as tx:
        row = or_not_found(await SQL.finding_to_settle(tx, id=access.path_id(request)))
    if row["settled_at"]:
        return _settled_before()
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
    )


async def settle_finding(request: Request) -> Response:
    """POST: settle what differed, and send its money back where the form says so."""
    form = await Form.read(request)
    try:
        await actions.settle_finding(
            access.context(request),
            request.state.person,
            access.path_id(request),
            form.value("reason").strip(),
            send_back=form.checked("send_back"),
        )
    except Refused as refused:
        return await _finding_page(request, form.add(refused.reasons))
    return render.see_other("/organize/money", notice="Settled.")
