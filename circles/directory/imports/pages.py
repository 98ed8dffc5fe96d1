"""The organizers' pages of imports: send a file, match its columns, preview its rows, confirm, see the outcome."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from functools import partial
from urllib.parse import urlencode

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from circles.base import clock, reading, text
from circles.base.errors import Reason, Refused
from circles.directory.imports import actions, fields, queries, rules
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
    return await _home(request, Form())


async def _home(request: Request, form: Form, status: int = 200) -> Response:
    async with access.context(request).db.reading() as tx:
        files = await queries.all_imports(tx)
    return render.page(
        request, "directory/imports/import.html", status, form=form, imports=files, states=STATES, home=HOME
    )


async def send(request: Request) -> Response:
    """Keep the rows of a file, or show why it cannot be read. No listing is written."""
    form = Form()
    try:
        sent, name = await _sent(request)
        table = await import_reading.read(sent)
        import_id = await actions.begin(
            access.context(request), actor_id=request.state.person.id, file_name=name, table=table
        )
    except Refused as refused:
        form.add(refused.reasons)
        if "too_large" in refused.codes:
            return headers.answer_large_body_with(request.scope, await _home(request, form, 413))
        return await _home(request, form, 422)
    return render.see_other(f"{HOME}/{import_id}/columns")


async def _sent(request: Request) -> tuple[bytes, str]:
    """The uploaded file and its name. Raises Refused for none, or one that is too large."""
    try:
        async with request.form(max_files=1, max_fields=4) as data:
            upload = data.get("file")
            sent = await upload.read() if isinstance(upload, UploadFile) else b""
            name = upload.filename if isinstance(upload, UploadFile) else ""
    except HTTPException as error:
        if error.status_code != 413:
            raise
        raise Refused(import_reading.too_large()) from None
    if not name:
        raise Refused(Reason("missing", "Please choose a file first.", "file"))
    return sent, text.tidy_line(name, max_length=200) or "A list"


async def help_page(request: Request) -> Response:
    return render.page(request, "directory/imports/help.html", fields=fields.FIELDS, home=HOME)


async def template(request: Request) -> Response:
    """A file to begin with: the usual headings, and one invented row."""
    headings, examples = zip(*fields.template(clock.now().date()), strict=True)
    return _csv("therapists.csv", [headings, examples])


def _csv(name: str, rows: Iterable[Sequence[str]]) -> Response:
    """A CSV file. The mark in front tells spreadsheets which character encoding it has."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return Response(
        b"\xef\xbb\xbf" + out.getvalue().encode(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


async def columns_form(request: Request) -> Response:
    file, rows = await _columns(request)
    if file["state"] not in ("matching", "preview"):
        return render.see_other(f"{HOME}/{file['id']}")
    form = Form({f"column_{n}": key for n, key in enumerate(queries.matched_keys(file))})
    return _columns_page(request, file, rows, form)


async def _columns(request: Request) -> tuple[db.Record, list[db.Record]]:
    async with access.context(request).db.reading() as tx:
        file = await queries.read_import(tx, access.path_id(request))
        return file, await queries.first_rows(tx, file["id"])


def _columns_page(
    request: Request, file: db.Record, rows: list[db.Record], form: Form, status: int = 200
) -> Response:
    samples = [
        [text.tidy_line(row["cells"][n], max_length=40) for row in rows if n < len(row["cells"])]
        for n in range(len(file["headings"]))
    ]
    return render.page(
        request,
        "directory/imports/columns.html",
        status,
        file=file,
        form=form,
        columns=list(zip(file["headings"], samples, strict=True)),
        options=list(fields.OPTIONS.items()),
        home=HOME,
    )


async def match(request: Request) -> Response:
    form = await Form.read(request)
    import_id = access.path_id(request)
    try:
        await actions.match(
            access.context(request), actor_id=request.state.person.id, import_id=import_id, keys=_keys(form)
        )
    except Refused as refused:
        file, rows = await _columns(request)
        if file["state"] not in ("matching", "preview"):
            return render.see_other(f"{HOME}/{import_id}")
        form.add(refused.reasons)
        return _columns_page(request, file, rows, form, 422)
    return render.see_other(f"{HOME}/{import_id}")


def _keys(form: Form) -> list[str]:
    keys: list[str] = []
    while len(keys) < import_reading.MAX_COLUMNS and f"column_{len(keys)}" in form.values:
        keys.append(form.value(f"column_{len(keys)}"))
    return keys


async def show(request: Request) -> Response:
    return await _show(request, Form())


async def _show(request: Request, form: Form, status: int = 200) -> Response:
    query = request.query_params
    page = reading.page_number(query.get("page", ""), MAX_PAGES)
    async with access.context(request).db.reading() as tx:
        file = await queries.read_import(tx, access.path_id(request))
        if file["state"] == "matching":
            return render.see_other(f"{HOME}/{file['id']}/columns")
        counts = _counts(file)
        outcome = _outcome(query.get("show", ""), counts)
        rows = await queries.page_of_rows(tx, file["id"], outcome, page) if file["kept"] else []
    here = f"{HOME}/{file['id']}"
    return render.page(
        request,
        "directory/imports/preview.html",
        status,
        form=form,
        file=file,
        counts=counts,
        outcome=outcome,
        rows=rows,
        tabs=[(f"{here}?show={key}", f"{OUTCOMES[key]}, {count:,}") for key, count in counts.items()],
        here=here,
        home=HOME,
        pager=pager(page, counts.get(outcome, 0), queries.PER_PAGE, partial(_address, here, outcome)),
        to_write=file["new"] + file["changed"],
        summary=rules.summary(file),
    )


def _counts(file: db.Record) -> dict[str, int]:
    """The number of rows of each outcome, in the order of the tabs."""
    if file["state"] == "done":
        written = file["written_new"] + file["written_changed"]
        return {"refused": file["refused"], "written": written, "same": file["same"]}
    return {outcome: file[outcome] for outcome in ("refused", "new", "changed", "same")}


def _outcome(chosen: str, counts: dict[str, int]) -> str:
    return chosen if chosen in counts else next((key for key, count in counts.items() if count), "refused")


def _address(here: str, outcome: str, page: int) -> str:
    return f"{here}?" + urlencode({"show": outcome, "page": page})


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
        return await _show(request, form, 422)
    return render.see_other(f"{HOME}/{import_id}")


async def discard(request: Request) -> Response:
    await actions.discard(
        access.context(request), actor_id=request.state.person.id, import_id=access.path_id(request)
    )
    return render.see_other(HOME, notice="The file is left. No listing was written.")


async def refused_csv(request: Request) -> Response:
    """The refused rows with the reasons, to be corrected and sent again."""
    async with access.context(request).db.reading() as tx:
        rows = await queries.refused_rows(tx, access.path_id(request))
    return _csv("refused.csv", rows)
