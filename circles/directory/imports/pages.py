"""The organizers' pages of imports of therapists: send a file, match its columns, preview its rows, confirm."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from circles.base import clock
from circles.base.errors import Refused
from circles.directory.imports import actions, fields, rules, word_pages
from circles.imports import MAX_BODY as MAX_BODY
from circles.imports import ListPages, csv_file, queries
from circles.store import db
from circles.web import access, render
from circles.web.forms import Form

HOME = word_pages.HOME


async def _details(tx: db.Tx, file: db.Record) -> dict[str, Any]:
    """What the preview shows beside the rows: words that nobody knows, and what would be written."""
    has_unknown = file["state"] == "preview" and (file["warned"] or file["refused"])
    unknown = word_pages.explainable(await queries.unknown_words(tx, file["id"])) if has_unknown else []
    return {"unknown": unknown, "summary": rules.summary(file)}


PAGES = ListPages(
    HOME, actions.KINDS, "directory/imports", _details, "The file is discarded. No listing was written."
)
imports, send, show = PAGES.imports, PAGES.send, PAGES.show
columns_form, match, read_again = PAGES.columns_form, PAGES.match, PAGES.read_again
discard, refused_csv = PAGES.discard, PAGES.refused_csv


async def help_page(request: Request) -> Response:
    return render.page(request, "directory/imports/help.html", fields=fields.FIELDS, home=HOME)


async def template(request: Request) -> Response:
    """An empty template: the usual headings, and one invented row."""
    del request
    headings, examples = zip(*fields.template(clock.now().date()), strict=True)
    return csv_file("therapists.csv", [headings, examples])


async def confirm(request: Request) -> Response:
    form = await Form.read(request)
    import_id = access.path_id(request)
    try:
        await actions.confirm(
            access.context(request),
            actor_id=request.state.person.id,
            import_id=import_id,
            shown=form.checked("shown"),
        )
    except Refused as refused:
        form.add(refused.reasons)
        return await PAGES.preview(request, form, 422)
    return render.see_other(f"{HOME}/{import_id}")
