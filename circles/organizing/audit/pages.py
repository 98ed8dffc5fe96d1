"""The audit page, its search by person, and its export."""

from __future__ import annotations

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from circles import people
from circles.base import clock
from circles.base.errors import Reason
from circles.organizing.audit import actions, queries, rules, words
from circles.organizing.audit.rules import Filter
from circles.store import audit as events
from circles.web import access, cookies, render
from circles.web.forms import Form

# People that a search shows, when several have the name.
MAX_MATCHES = 20


async def audit(request: Request) -> Response:
    zone = cookies.viewer(request).zone
    chosen, reasons = rules.read_filter(request.query_params, zone)
    return await _page(request, Form(dict(chosen.pairs)).add(reasons), chosen)


async def search(request: Request) -> Response:
    """POST: a name or an address is typed, so it is not sent in an address; the results name the person by an id."""
    form = await Form.read(request)
    chosen, reasons = rules.read_filter(form.values, cookies.viewer(request).zone)
    typed = form.line("q", max_length=100, required=False)
    form.add(reasons)
    matches: list[people.Person] = []
    if typed and form.ok:
        async with access.context(request).db.reading() as tx:
            matches = await people.matching(tx, typed, MAX_MATCHES)
        if not matches:
            form.add(Reason("nobody", "Nobody has this name or address here.", "q"))
    if form.ok and len(matches) <= 1:
        person_id = matches[0].id if matches else chosen.person_id
        return render.see_other(replace(chosen, person_id=person_id).url)
    return await _page(request, form, chosen, matches)


async def _page(
    request: Request, form: Form, chosen: Filter, matches: list[people.Person] | None = None
) -> Response:
    async with access.context(request).db.reading() as tx:
        entries = await queries.entries(tx, chosen, rules.PER_PAGE + 1, request.state.person.id)
        chain = await events.chain(tx)
    shown = entries[: rules.PER_PAGE]
    of_person = next((one for one in shown if one.subject and one.event["about"] == chosen.person_id), None)
    return render.page(
        request,
        "organizing/audit/audit.html",
        200 if form.ok else 422,
        form=form,
        chosen=chosen,
        entries=shown,
        matches=[(one, replace(chosen, person_id=one.id).url) for one in matches or []],
        groups=[("", "Everything"), *((key, group[0]) for key, group in words.GROUPS.items())],
        without_person=replace(chosen, person_id=None).url,
        person_name=of_person.subject["person_name"] if of_person and of_person.subject else "",
        is_later=chosen.after_id != rules.Filter().after_id,
        older=chosen.url_after(shown[-1].event) if len(entries) > rules.PER_PAGE else "",
        chain=chain,
    )


async def export(request: Request) -> Response:
    """POST: begin an export, which is logged, and stream it."""
    form, context = await Form.read(request), access.context(request)
    chosen, reasons = rules.read_filter(form.values, cookies.viewer(request).zone)
    if reasons:
        return await _page(request, form.add(reasons), chosen)
    export_id = await actions.begin_export(context, request.state.person, chosen)
    chunks = actions.export(context, request.state.person, export_id, chosen)
    return render.Download(chunks, f"audit-{clock.now():%Y-%m-%d}.csv", "text/csv; charset=utf-8")
