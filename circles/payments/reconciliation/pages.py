"""The organizers' pages of the reconciliation: what differs from Stripe's books, one difference, what was mended."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from circles.base import reading
from circles.base.errors import Refused, or_not_found
from circles.payments.reconciliation import actions, rules, runs
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form

SQL = db.queries("payments/reconciliation")
HERE: Final = "/organize/reconciliation"
ENDED: Final = 30


async def reconciliation(request: Request) -> Response:
    """GET: the newest run, what differs still, and what was mended or settled last."""
    after = reading.uuid_or_none(request.query_params.get("after", ""))
    async with access.context(request).db.reading() as tx:
        run = await SQL.newest_run(tx)
        rows = await db.rows(SQL.open_differences(tx, after=after, most=rules.PER_PAGE + 1))
        ended = await db.rows(SQL.ended_differences(tx, most=ENDED))
    return render.page(
        request,
        "payments/reconciliation/reconciliation.html",
        run=run,
        differences=rows[: rules.PER_PAGE],
        after=rows[rules.PER_PAGE - 1]["id"] if len(rows) > rules.PER_PAGE else None,
        ended=ended,
        rules=rules,
    )


async def compare_now(request: Request) -> Response:
    """POST: have a worker compare now."""
    async with access.context(request).db.transaction() as tx:
        await runs.compare_soon(tx)
    return render.see_other(HERE, notice="A worker compares now. Look here again in a minute.")


async def difference_form(request: Request) -> Response:
    """GET: one difference, with what it means."""
    return await _page(request, Form())


async def _page(request: Request, form: Form) -> Response:
    async with access.context(request).db.reading() as tx:
        row = or_not_found(await SQL.difference(tx, id=access.path_id(request)))
    return render.page(
        request,
        "payments/reconciliation/difference.html",
        200 if form.ok else 422,
        row=row,
        kind=rules.kind_of(row["kind"]),
        form=form,
        rules=rules,
    )


async def settle(request: Request) -> Response:
    """POST: settle a difference by hand, and the others of its kind where that is wished."""
    form, settled = await Form.read(request), 1
    context, actor, id = access.context(request), request.state.person, access.path_id(request)
    try:
        reason = form.reason()
        if form.checked("others"):
            settled = await actions.settle_with_others(context, actor, id, reason)
        else:
            await actions.settle(context, actor, id, reason)
    except Refused as refused:
        if rules.OVER.code in refused.codes:
            return render.see_other(HERE, notice="This was settled or mended already.", kind="calm")
        return await _page(request, form.add(refused.reasons))
    return render.see_other(
        HERE, notice="Settled." if settled == 1 else f"{settled} differences are settled."
    )
