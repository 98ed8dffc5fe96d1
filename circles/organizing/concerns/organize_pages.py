"""Organizers' pages of what people wrote to them: the list, and one with its answer, note and date."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from circles.base import clock, text
from circles.base.errors import NotFound, Refused, or_not_found
from circles.organizing.concerns import actions, rules
from circles.organizing.concerns.pages import steps_of
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form
from circles.web.paging import Window, long_pager

SQL = db.queries("organizing/concerns")

PER_PAGE = 50
MAX_OPEN = 200


async def concerns(request: Request) -> Response:
    """What waits for an answer, and below it what is closed."""
    window, actor_id = Window.read(request.query_params, PER_PAGE), request.state.person.id
    async with access.context(request).db.reading() as tx:
        open_ones = await db.rows(SQL.to_answer(tx, actor_id=actor_id, most=MAX_OPEN))
        closed = await db.rows(SQL.closed_concerns(tx, actor_id=actor_id, **window.arguments(PER_PAGE)))
    return render.page(
        request,
        "organizing/concerns/concerns.html",
        open_ones=open_ones,
        closed=closed,
        pager=long_pager(window, [row["id"] for row in closed], None, PER_PAGE, _url),
    )


def _url(window: Window) -> str:
    query = "&".join(f"{name}={value}" for name, value in window.pairs)
    return f"/organize/concerns?{query}" if query else "/organize/concerns"


async def concern(request: Request) -> Response:
    return await _page(request, Form())


async def _page(request: Request, form: Form) -> Response:
    async with access.context(request).db.reading() as tx:
        row = await SQL.concern(tx, id=access.path_id(request), actor_id=request.state.person.id)
    row = or_not_found(row)
    form.values.setdefault("answer_by", row["answer_by"].isoformat())
    return render.page(
        request,
        "organizing/concerns/concern.html",
        200 if form.ok else 422,
        form=form,
        concern=row,
        steps=steps_of(row),
        rules=rules,
    )


async def act(request: Request) -> Response:
    """Answer, keep a note, set the date, or close it without an answer, as the pressed button says."""
    form = await Form.read(request)
    then = {"answer": _answer, "note": _note, "date": _set_date, "shut": _shut}.get(form.value("then"))
    if then is None:
        raise NotFound
    try:
        notice = await then(request, form)
    except Refused as refused:
        form.add(refused.reasons)
        return await _page(request, form)
    return render.see_other(f"/organize/concerns/{access.path_id(request)}", notice=notice)


async def _answer(request: Request, form: Form) -> str:
    body = text.body(form.value("answer"), "answer", max_length=rules.MAX_CHARACTERS)
    stays_open = form.checked("stays_open")
    await actions.answer(
        access.context(request),
        request.state.person,
        access.path_id(request),
        body=body,
        stays_open=stays_open,
    )
    return "Sent. It stays open." if stays_open else "Sent, and closed."


async def _note(request: Request, form: Form) -> str:
    body = text.body(form.value("note"), "note", max_length=rules.MAX_CHARACTERS)
    await actions.note(access.context(request), request.state.person, access.path_id(request), body=body)
    return "The note is saved. Organizers alone read it."


async def _set_date(request: Request, form: Form) -> str:
    day = clock.parse_date_ahead(
        form.value("answer_by"), "answer_by", clock.now().date(), rules.LATEST_ANSWER
    )
    context = access.context(request)
    await actions.set_answer_by(context, request.state.person, access.path_id(request), day=day)
    return f"They see that you answer by {clock.format_date(day)}."


async def _shut(request: Request, form: Form) -> str:
    body = text.body(form.value("why"), "why", max_length=rules.MAX_CHARACTERS)
    await actions.shut(access.context(request), request.state.person, access.path_id(request), body=body)
    return "Closed. Nobody was written to."
