"""The funder's report: a period is chosen, and two pages are there to print."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from circles.base.errors import Reason
from circles.base.reading import join_fields
from circles.reports import files, queries, rules
from circles.reports.funder import rules as funder
from circles.reports.pages import today
from circles.web import access, render
from circles.web.forms import Form


async def report(request: Request) -> Response:
    """The report of the chosen months, or of the last one that is over."""
    form = Form(join_fields(request.query_params.multi_items()))
    offered = rules.presets(today(request), only_past=True)
    period = _read(form, offered[0][1])
    made = None
    if period:
        async with access.context(request).db.exports.reading() as tx:
            made = await queries.funder_report(tx, period)
        form = Form(dict(period.pairs))
    return render.page(
        request,
        "reports/funder.html",
        200 if made else 422,
        form=form,
        made=made,
        small_groups=funder.SMALL_GROUPS,
        query=rules.Selection(period).query() if period else "",
        made_in=rules.month_words(today(request)),
        presets=[(name, rules.Selection(preset).query(), preset == period) for name, preset in offered],
    )


async def workbook(request: Request) -> Response:
    """The numbers of the report as a workbook; the page with the reasons where the months were refused."""
    form = Form(join_fields(request.query_params.multi_items()))
    period = _read(form, rules.presets(today(request), only_past=True)[0][1])
    if period is None:
        return await report(request)
    async with access.context(request).db.exports.reading() as tx:
        made = await queries.funder_report(tx, period)
    notes = [("Report", "For a funder"), ("Months", period.words), ("Small groups", funder.SMALL_GROUPS)]
    return files.download(
        await asyncio.to_thread(files.workbook, funder.tables(made), notes), "funder", period
    )


def _read(form: Form, latest: rules.Period) -> rules.Period | None:
    """The period of the form, or None with the reasons in the form. latest: the last month that is over."""
    period = rules.read_period(form, latest, max_months=funder.MAX_MONTHS)
    if period and period.last > latest.last:
        text = (
            f"A funder’s report is of months that are over: {rules.month_words(latest.last)} at the latest."
        )
        form.add(Reason("period_not_over", text, "to"))
        return None
    return period
