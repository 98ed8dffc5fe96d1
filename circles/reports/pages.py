"""The organizers' pages of reports: their list, and each of them."""

from __future__ import annotations

import asyncio
from datetime import date

from starlette.requests import Request
from starlette.responses import Response

from circles.base import clock
from circles.base.errors import NotFound
from circles.base.reading import join_fields
from circles.gatherings import FORMATS, PLACES
from circles.reports import files, queries, rules
from circles.reports.catalog import REPORTS, Report
from circles.reports.tables import Section, cell_words
from circles.store import db
from circles.web import access, cookies, render
from circles.web.forms import Form


async def reports(request: Request) -> Response:
    """The list of reports. The period of the last one is kept in its links."""
    form = Form(join_fields(request.query_params.multi_items()))
    selection = rules.read_selection(form, today(request))
    query = selection.query() if selection and request.query_params else ""
    return render.page(request, "reports/reports.html", reports=REPORTS.values(), query=query)


async def report(request: Request) -> Response:
    """One report: the form with its period and filters, and its sections."""
    shown, form = _report(request), Form(join_fields(request.query_params.multi_items()))
    selection = rules.read_selection(form, today(request))
    async with access.context(request).db.reading() as tx:
        circles = await queries.circle_choices(tx, selection.circle if selection else None)
        selection = _with_known_circle(selection, circles, form)
        sections = await _sections(tx, shown, selection)
    if selection:
        form = Form(dict([*selection.period.pairs, *selection.filters]))
    period = selection.period if selection else rules.default_period(today(request))
    return render.page(
        request,
        "reports/report.html",
        200 if selection else 422,
        report=shown,
        reports=REPORTS.values(),
        form=form,
        selection=selection,
        sections=sections,
        cell_words=cell_words,
        presets=[
            (name, (selection or rules.Selection(period)).query(preset), preset == period)
            for name, preset in rules.presets(today(request))
        ],
        circles=[("", "All circles"), *circles],
        formats=[("", "All formats"), *FORMATS.items()],
        places=[("", "Online and in person"), *PLACES.items()],
    )


async def workbook(request: Request) -> Response:
    """One report as a workbook; the page with the reasons where what was chosen was refused."""
    shown, form = _report(request), Form(join_fields(request.query_params.multi_items()))
    selection = rules.read_selection(form, today(request))
    async with access.context(request).db.reading() as tx:
        circles = await queries.circle_choices(tx, selection.circle if selection else None)
        selection = _with_known_circle(selection, circles, form)
        sections = await _sections(tx, shown, selection)
    if selection is None:
        return await report(request)
    names = {"circle": dict(circles), "format": FORMATS, "place": PLACES}
    filters = [(name.capitalize(), names[name][value]) for name, value in selection.filters]
    notes = files.report_notes(shown, selection.period.words, filters, sections)
    tables = [(section.short, section.table) for section in sections]
    content = await asyncio.to_thread(files.workbook, tables, list(notes))
    return files.download(content, shown.slug, selection.period)


def _report(request: Request) -> Report:
    slug = request.path_params["report"]
    if slug not in REPORTS:
        raise NotFound
    return REPORTS[slug]


def _with_known_circle(
    selection: rules.Selection | None, circles: list[tuple[str, str]], form: Form
) -> rules.Selection | None:
    """The selection, or None where its circle does not exist; the reason is in the form then."""
    if selection and selection.circle and str(selection.circle) not in dict(circles):
        form.add(rules.unknown_circle())
        return None
    return selection


async def _sections(tx: db.Tx, shown: Report, selection: rules.Selection | None) -> list[Section]:
    return await queries.sections(tx, shown, selection) if selection else []


def today(request: Request) -> date:
    """The date on the visitor's clock."""
    viewer = cookies.viewer(request)
    return clock.wall_time(clock.now(), viewer.zone or "UTC").date()
