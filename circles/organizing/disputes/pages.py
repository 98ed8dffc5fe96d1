"""The organizers' pages of disputes: the list, one with its evidence, what would leave, answering, accepting."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from circles.base.errors import NotFound, OutOfDate, Refused
from circles.organizing.disputes import actions, rules
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form

SQL = db.queries("organizing/disputes")
MAX_OPEN, PER_PAGE = 200, 50


async def disputes(request: Request) -> Response:
    after = request.query_params.get("after") or None
    async with access.context(request).db.reading() as tx:
        opened = [] if after else await db.rows(SQL.open_ones(tx, most=MAX_OPEN))
        closed = await db.rows(SQL.closed_ones(tx, after=after, most=PER_PAGE + 1))
    return render.page(
        request,
        "organizing/disputes/disputes.html",
        opened=opened,
        closed=closed[:PER_PAGE],
        more=closed[PER_PAGE - 1]["stripe_id"] if len(closed) > PER_PAGE else None,
        is_first=after is None,
        rules=rules,
    )


def _stripe_id(request: Request) -> str:
    id = request.path_params["dispute"]
    if not id.isascii() or not id.replace("_", "").isalnum() or len(id) > 255:
        raise NotFound
    return id


async def dispute(request: Request) -> Response:
    return await _page(request, Form({"parts": ",".join(rules.USUAL)}), Form({}))


async def _page(request: Request, form: Form, accept_form: Form) -> Response:
    async with access.context(request).db.reading() as tx:
        row = await actions.read(tx, _stripe_id(request))
    return render.page(
        request,
        "organizing/disputes/dispute.html",
        200 if form.ok and accept_form.ok else 422,
        **_values(row),
        form=form,
        accept_form=accept_form,
        parts=list(rules.PARTS.items()),
    )


def _values(row: db.Record) -> dict[str, Any]:
    return {
        "row": row,
        "rules": rules,
        "facts": rules.facts_of(row),
        "is_sending": any(one["state"] == "due" for one in row["answers"]),
    }


def _chosen(form: Form) -> list[str]:
    return [name for name in form.value("parts").split(",") if name in rules.PARTS]


async def preview(request: Request) -> Response:
    """POST: exactly what would leave. Nothing is sent yet."""
    return await _preview(request, await Form.read(request))


async def _preview(request: Request, form: Form) -> Response:
    context, parts = access.context(request), _chosen(form)
    words = form.body("words", max_length=rules.MAX_WORDS, required=False)
    async with context.db.reading() as tx:
        row = await actions.read(tx, _stripe_id(request))
    form.add([*rules.words_refusals(words), *([] if parts else [rules.EMPTY])])
    if not rules.is_answerable(row["state"]):
        form.add(rules.OVER)
    if form.errors("words") or form.errors("parts") or not rules.is_answerable(row["state"]):
        return await _page(request, form, Form({}))
    evidence = rules.evidence(row, parts, words, context.settings.mail_name)
    return render.page(
        request,
        "organizing/disputes/preview.html",
        200 if form.ok else 422,
        row=row,
        form=form,
        parts=",".join(parts),
        words=words,
        evidence=evidence,
        shown=actions.fingerprint(evidence),
    )


async def submit(request: Request) -> Response:
    """POST: send the evidence that was shown."""
    form, stripe_id = await Form.read(request), _stripe_id(request)
    words = form.body("words", max_length=rules.MAX_WORDS, required=False)
    if not form.ok:
        return await _preview(request, form)
    try:
        await actions.submit(
            access.context(request),
            request.state.person,
            stripe_id,
            _chosen(form),
            words,
            shown=form.value("shown"),
        )
    except OutOfDate as refused:
        return await _preview(request, form.add(refused.reasons))
    except Refused as refused:
        return await _page(request, form.add(refused.reasons), Form({}))
    return render.see_other(f"/organize/disputes/{stripe_id}", notice="The answer is on its way to Stripe.")


async def accept(request: Request) -> Response:
    """POST: accept the dispute as lost."""
    form, stripe_id = await Form.read(request), _stripe_id(request)
    try:
        await actions.accept(
            access.context(request),
            request.state.person,
            stripe_id,
            form.reason(),
            confirmed=form.checked("confirmed"),
        )
    except Refused as refused:
        return await _page(request, Form({"parts": ",".join(rules.USUAL)}), form.add(refused.reasons))
    return render.see_other(f"/organize/disputes/{stripe_id}", notice="Stripe is told that it is accepted.")


async def text(request: Request) -> Response:
    """The usual evidence as one text, to hand in at Stripe's dashboard."""
    context = access.context(request)
    async with context.db.reading() as tx:
        row = await actions.read(tx, _stripe_id(request))
    evidence = rules.evidence(row, rules.USUAL, "", context.settings.mail_name)
    name = f"evidence-{row['stripe_id']}.txt"
    return PlainTextResponse(
        evidence.text(), headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
