"""Writing guidelines: the draft with its preview, the changes it makes, publishing it."""

from __future__ import annotations

from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from circles.base.errors import OutOfDate, Refused, or_not_found
from circles.guidelines import actions, diff, rules, texts
from circles.guidelines.rules import Basis
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form

SQL = db.queries("guidelines/guidelines")


async def _hosted(request: Request) -> dict[str, Any]:
    """The guidelines of the circle of the address. Raises NotFound for anybody but its lead and co-hosts."""
    async with access.context(request).db.reading() as tx:
        row = await SQL.hosted(tx, circle_id=access.path_id(request), actor_id=request.state.person.id)
    return dict(or_not_found(row))


def _basis(row: dict[str, Any]) -> str:
    return str(Basis(row["number"], row["revision"]))


async def write_form(request: Request) -> Response:
    row = await _hosted(request)
    return _write_page(request, row, Form({"guidelines": row["draft"] or row["body"], "seen": _basis(row)}))


def _write_page(
    request: Request, row: dict[str, Any], form: Form, status: int = 200, *, preview: bool = False
) -> Response:
    return render.page(
        request,
        "guidelines/write.html",
        status,
        circle=row,
        form=form,
        preview=form.value("guidelines") if preview else "",
    )


async def write(request: Request) -> Response:
    """Save the draft, or fill in the starting text, or preview: by the button that was pressed."""
    form = await Form.read(request)
    then, row = form.value("then"), await _hosted(request)
    if then == "text":
        form.values["guidelines"] = texts.starting_text(row["format"], row["place"])
    if then in ("text", "preview"):
        form.body(
            "guidelines", max_length=rules.MAX_CHARACTERS, required=False
        )  # else it takes long to render
        return _write_page(request, row, form, 200 if form.ok else 422, preview=form.ok)
    try:
        await actions.save_draft(
            access.context(request),
            request.state.person,
            row["circle_id"],
            form.value("guidelines"),
            basis=Basis.read(form.value("seen")),
        )
    except Refused as refused:
        form.add(refused.reasons)
        if isinstance(refused, OutOfDate):
            row = await _hosted(request)
            form.values["seen"] = _basis(row)
        return _write_page(request, row, form, 422)
    page = f"/host/circles/{row['circle_id']}/guidelines"
    if then == "compare":
        return render.see_other(f"{page}/publish")
    return render.see_other(page, notice="The draft is saved. Only the hosts of this circle see it.")


async def discard(request: Request) -> Response:
    form = await Form.read(request)
    circle_id = access.path_id(request)
    notice, kind = "The draft is gone.", "good"
    try:
        await actions.discard_draft(
            access.context(request), request.state.person, circle_id, basis=Basis.read(form.value("seen"))
        )
    except OutOfDate:
        notice, kind = (
            "Somebody changed the draft meanwhile, so it was kept. Please look at it again.",
            "warn",
        )
    return render.see_other(f"/host/circles/{circle_id}/guidelines", notice=notice, kind=kind)


async def publish_form(request: Request) -> Response:
    row = await _hosted(request)
    if not row["draft"]:
        return render.see_other(f"/host/circles/{row['circle_id']}/guidelines")
    return await _publish_page(request, row, Form({"seen": _basis(row)}))


async def _publish_page(request: Request, row: dict[str, Any], form: Form, status: int = 200) -> Response:
    return render.page(
        request,
        "guidelines/publish.html",
        status,
        circle=row,
        form=form,
        comparison=await to_thread.run_sync(diff.compare, row["body"], row["draft"] or row["body"]),
        seated=rules.seated_sentence(row["seated"]),
    )


async def publish(request: Request) -> Response:
    """Publish the draft. When it changed in the meantime, the page shows the change and keeps the form."""
    form = await Form.read(request)
    circle_id = access.path_id(request)
    try:
        number = await actions.publish_draft(
            access.context(request),
            request.state.person,
            circle_id,
            rules.read_change(form.values),
            basis=Basis.read(form.value("seen")),
        )
    except Refused as refused:
        form.add(refused.reasons)
        row = await _hosted(request)
        if isinstance(refused, OutOfDate):
            form.values["seen"] = _basis(row)
        return await _publish_page(request, row, form, 422)
    notice = f"Version {number} is published."
    if form.value("material") == "yes":
        notice += " Whoever has a seat ahead is asked to read it and agree."
        if (await _hosted(request))["part"] != "organizer":  # who agreed is for hosts to read
            return render.see_other(f"/host/circles/{circle_id}/agreements", notice=notice)
    return render.see_other(f"/host/circles/{circle_id}/guidelines", notice=notice)
