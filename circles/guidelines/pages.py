"""Guidelines for members: their history, and the versions somebody accepted. The preview for hosts."""

from __future__ import annotations

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from circles.base import clock, reading, text
from circles.base.errors import NotFound, Refused, or_not_found
from circles.guidelines import diff, rules
from circles.store import db
from circles.web import access, cookies, htmx, render
from circles.web.forms import Form

SQL = db.queries("guidelines/guidelines")


async def preview(request: Request) -> Response:
    """Guidelines as those who book will read them: a part for htmx, a page of its own otherwise."""
    form = await Form.read(request)
    try:
        body = text.body(form.value("guidelines"), "guidelines", required=False)
    except Refused as refused:
        form.add(refused.reasons)
        body = ""
    template = "guidelines/_preview.html" if htmx.wants_part(request) else "guidelines/preview.html"
    return htmx.vary(render.page(request, template, 200 if form.ok else 422, form=form, preview=body))


async def history(request: Request) -> Response:
    actor, number = request.state.person, request.query_params.get("version", "")
    async with access.context(request).db.reading() as tx:
        rows = await db.rows(
            SQL.history(
                tx,
                circle_id=access.path_id(request),
                actor_id=actor.id if actor else None,
                number=reading.whole_number(number, None),
            )
        )
    bodies = {row["number"]: row["body"] for row in rows}
    chosen = next((row for row in rows if row["is_chosen"]), None)
    if chosen is None:
        raise NotFound
    before = bodies.get(chosen["number"] - 1)
    comparison = await to_thread.run_sync(diff.compare, before, chosen["body"]) if before else None
    return render.page(
        request, "guidelines/history.html", versions=rows, chosen=chosen, comparison=comparison
    )


async def mine(request: Request) -> Response:
    async with access.context(request).db.reading() as tx:
        rows = await db.rows(SQL.accepted(tx, actor_id=request.state.person.id))
    return render.page(request, "guidelines/mine.html", accepted=rows)


async def _accepted(request: Request) -> db.Record:
    async with access.context(request).db.reading() as tx:
        row = await SQL.accepted_one(tx, actor_id=request.state.person.id, version_id=access.path_id(request))
    return or_not_found(row)


async def one_of_mine(request: Request) -> Response:
    return render.page(request, "guidelines/one_of_mine.html", accepted=await _accepted(request))


async def as_file(request: Request) -> Response:
    """The same as a file. Its name does not mention the circle."""
    row = await _accepted(request)
    viewer = clock.Viewer(
        "", cookies.viewer(request).hours
    )  # in UTC: the file is kept, and may be read anywhere
    published, agreed = (
        clock.format_record(row[name], viewer, kept=True) for name in ("published_at", "accepted_at")
    )
    content = rules.file_text(
        row["circle_name"], row["number"], published, agreed, row["sha256"].hex(), row["body"]
    )
    name = f"guidelines-version-{row['number']}-{row['accepted_at']:%Y-%m-%d}.md"
    return PlainTextResponse(
        content,
        media_type="text/markdown; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
