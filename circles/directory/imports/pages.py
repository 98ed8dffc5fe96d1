"""The organizers' pages of imports: send a file, match its columns, look at every row, confirm, see what came of it."""

from __future__ import annotations

import csv
import io
from functools import partial
from urllib.parse import urlencode

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from circles.base import reading, text
from circles.base.errors import Reason, Refused
from circles.directory.imports import actions as import_actions
from circles.directory.imports import fields as import_fields
from circles.directory.imports import reading as import_reading
from circles.store import db
from circles.web import access, headers, render
from circles.web.forms import Form
from circles.web.paging import pager

HOME = "/organize/therapists/import"
# A form of a hundred columns, each with a short answer.
MAX_BODY = import_reading.MAX_BYTES + 20_000
STATES = {
    "matching": "Columns not matched yet",
    "preview": "Not confirmed yet",
    "writing": "Being written",
    "done": "Written",
    "dropped": "Left",
}
OUTCOMES = {
    "refused": "Refused",
    "new": "New",
    "changed": "Changed",
    "same": "The same",
    "written": "Written",
}
MAX_PAGES = 1_000


async def imports(request: Request) -> Response:
    """Send a file; below, the files so far."""
    return await _home(request, Form())


async def _home(request: Request, form: Form, status: int = 200) -> Response:
    async with access.context(request).db.reading() as tx:
        found = await import_actions.all_imports(tx)
    return render.page(
        request, "directory/imports/import.html", status, form=form, imports=found, states=STATES, home=HOME
    )


async def send(request: Request) -> Response:
    """Read a file and keep its rows, or say why it cannot be read. No listing is written."""
    form = Form()
    try:
        sent, name = await _sent(request)
        table = await import_reading.read(sent)
        import_id = await import_actions.begin(
            access.context(request), person_id=request.state.person.id, file_name=name, table=table
        )
    except Refused as refused:
        form.add(refused.reasons)
        if "too_large" in refused.codes:
            return headers.answer_large_body_with(request.scope, await _home(request, form, 413))
        return await _home(request, form, 422)
    return render.see_other(f"{HOME}/{import_id}/columns")


async def _sent(request: Request) -> tuple[bytes, str]:
    """The file that was sent, whole, and its name. Raises Refused for none, or one that is too large."""
    try:
        async with request.form(max_files=1, max_fields=4) as data:
            found = data.get("file")
            sent = await found.read() if isinstance(found, UploadFile) else b""
            name = found.filename if isinstance(found, UploadFile) else ""
    except HTTPException as error:
        if error.status_code != 413:
            raise
        raise Refused(import_reading.too_large()) from None
    if not name:
        raise Refused(Reason("missing", "Please choose a file first.", "file"))
    return sent, text.tidy_line(name, max_length=200) or "A list"


async def help_page(request: Request) -> Response:
    """What each column may hold."""
    return render.page(request, "directory/imports/help.html", fields=import_fields.FIELDS, home=HOME)


async def template(request: Request) -> Response:
    """A file to begin with: the usual headings, and one invented row."""
    found = import_fields.template()
    return _csv("therapists.csv", [[heading for heading, _ in found], [example for _, example in found]])


def _csv(name: str, rows: list[list[str]]) -> Response:
    """A CSV file. The mark in front tells spreadsheets how its letters are written."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return Response(
        b"\xef\xbb\xbf" + out.getvalue().encode(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


async def columns_form(request: Request) -> Response:
    """Which column is what, as guessed or as chosen before."""
    found, rows = await _columns(request)
    if found["state"] not in ("matching", "preview"):
        return render.see_other(f"{HOME}/{found['id']}")
    form = Form({f"column_{n}": key for n, key in enumerate(import_actions.matched_keys(found))})
    return _columns_page(request, found, rows, form)


async def _columns(request: Request) -> tuple[db.Record, list[db.Record]]:
    async with access.context(request).db.reading() as tx:
        found = await import_actions.one(tx, access.path_id(request))
        return found, await import_actions.first_rows(tx, found["id"])


def _columns_page(
    request: Request, found: db.Record, rows: list[db.Record], form: Form, status: int = 200
) -> Response:
    samples = [
        [text.tidy_line(row["cells"][n], max_length=40) for row in rows if n < len(row["cells"])]
        for n in range(len(found["headings"]))
    ]
    return render.page(
        request,
        "directory/imports/columns.html",
        status,
        found=found,
        form=form,
        columns=list(zip(found["headings"], samples, strict=True)),
        options=list(import_fields.OPTIONS.items()),
        home=HOME,
    )


async def match(request: Request) -> Response:
    """Keep which column is what, and work out the preview."""
    form = await Form.read(request)
    import_id = access.path_id(request)
    try:
        await import_actions.match(
            access.context(request), person_id=request.state.person.id, import_id=import_id, keys=_keys(form)
        )
    except Refused as refused:
        found, rows = await _columns(request)
        if found["state"] not in ("matching", "preview"):
            return render.see_other(f"{HOME}/{import_id}")
        form.add(refused.reasons)
        return _columns_page(request, found, rows, form, 422)
    return render.see_other(f"{HOME}/{import_id}")


def _keys(form: Form) -> list[str]:
    """What was chosen for each column, in the order of the columns."""
    keys: list[str] = []
    while len(keys) < import_reading.MAX_COLUMNS and f"column_{len(keys)}" in form.values:
        keys.append(form.value(f"column_{len(keys)}"))
    return keys


async def show(request: Request) -> Response:
    """Where an import stands: its preview, or what came of it."""
    return await _show(request, Form())


async def _show(request: Request, form: Form, status: int = 200) -> Response:
    query = request.query_params
    page = reading.page_number(query.get("page", ""), MAX_PAGES)
    async with access.context(request).db.reading() as tx:
        found = await import_actions.one(tx, access.path_id(request))
        if found["state"] == "matching":
            return render.see_other(f"{HOME}/{found['id']}/columns")
        counts = _counts(found)
        outcome = _outcome(query.get("show", ""), counts)
        rows = await import_actions.page_of_rows(tx, found["id"], outcome, page) if found["kept"] else []
    here = f"{HOME}/{found['id']}"
    return render.page(
        request,
        "directory/imports/preview.html",
        status,
        form=form,
        found=found,
        counts=counts,
        outcome=outcome,
        rows=rows,
        tabs=[(f"{here}?show={key}", f"{OUTCOMES[key]}, {count:,}") for key, count in counts.items()],
        here=here,
        home=HOME,
        pager=pager(page, counts.get(outcome, 0), import_actions.PER_PAGE, partial(_address, here, outcome)),
        to_write=found["new"] + found["changed"],
    )


def _counts(found: db.Record) -> dict[str, int]:
    """How many rows came to what, the refused first; what was written only once it is."""
    if found["state"] == "done":
        written = found["written_new"] + found["written_changed"]
        return {"refused": found["refused"], "written": written, "same": found["same"]}
    return {outcome: found[outcome] for outcome in import_actions.OUTCOMES}


def _outcome(asked: str, counts: dict[str, int]) -> str:
    """The rows to show: those asked for, or the first there are."""
    return asked if asked in counts else next((key for key, count in counts.items() if count), "refused")


def _address(here: str, outcome: str, page: int) -> str:
    return f"{here}?" + urlencode({"show": outcome, "page": page})


async def confirm(request: Request) -> Response:
    """Write what the preview shows. Pressed twice, it is written once."""
    form = await Form.read(request)
    import_id = access.path_id(request)
    try:
        await import_actions.confirm(
            access.context(request),
            person_id=request.state.person.id,
            import_id=import_id,
            shown=form.checked("shown"),
        )
    except Refused as refused:
        form.add(refused.reasons)
        return await _show(request, form, 422)
    return render.see_other(f"{HOME}/{import_id}")


async def drop(request: Request) -> Response:
    """Leave a file; nothing of it becomes a listing."""
    await import_actions.drop(
        access.context(request), person_id=request.state.person.id, import_id=access.path_id(request)
    )
    return render.see_other(HOME, notice="The file is left. No listing was written.")


async def refused_csv(request: Request) -> Response:
    """The refused rows with the reasons, to be mended and sent again."""
    async with access.context(request).db.reading() as tx:
        rows = await import_actions.refused_rows(tx, access.path_id(request))
    return _csv("refused.csv", rows)
