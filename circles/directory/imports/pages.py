"""The organizers' pages of imports: send a file, match its columns, preview its rows, confirm, see the outcome."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlencode

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from circles import sheets
from circles.base import clock, reading, text
from circles.base.english import Labels
from circles.base.errors import OutOfDate, Reason, Refused
from circles.directory.imports import actions, fields, queries, rules, word_pages
from circles.store import db
from circles.web import access, headers, limits, render
from circles.web.forms import Form
from circles.web.paging import pager

HOME = word_pages.HOME
# A form of a hundred columns, each with a short answer.
MAX_BODY = sheets.MAX_BYTES + 20_000
STATES = Labels(
    {
        "matching": "Columns not matched yet",
        "preview": "Not confirmed yet",
        "writing": "Being written",
        "done": "Written",
        "dropped": "Discarded",
    }
)
OUTCOMES = {
    "refused": "Refused",
    "new": "New",
    "changed": "Changed",
    "same": "The same",
    "written": "Written",
}
MAX_PAGES = 1_000


@dataclass(frozen=True, slots=True)
class Column:
    """One column on the page that matches them: its number from 0, and what its first rows hold."""

    number: int
    heading: str
    samples: str
    is_hidden: bool


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
        await limits.count_upload(access.context(request), request.state.person.id, "file")
        reading_ = await actions.read(sent)
        import_id = await actions.begin(
            access.context(request),
            actor_id=request.state.person.id,
            file_name=name,
            sent=sent,
            reading=reading_,
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
        raise Refused(sheets.too_large()) from None
    if not name:
        raise Refused(Reason("missing", "Please choose a file first.", "file"))
    return sent, text.tidy_line(name, max_length=200) or "A list"


async def help_page(request: Request) -> Response:
    return render.page(request, "directory/imports/help.html", fields=fields.FIELDS, home=HOME)


async def template(request: Request) -> Response:
    """An empty template: the usual headings, and one invented row."""
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
    return _columns_page(request, file, rows, _columns_values(file))


def _columns_values(file: db.Record) -> Form:
    values = {f"column_{n}": key for n, key in enumerate(queries.matched_keys(file["matches"]))}
    return Form(values | {f"also_{n}": key for n, key in enumerate(file["matches"].get("also", ()))})


async def _columns(request: Request) -> tuple[db.Record, list[db.Record]]:
    async with access.context(request).db.reading() as tx:
        file = await queries.read_import(tx, access.path_id(request))
        return file, await queries.first_rows(tx, file["id"])


def _columns_page(
    request: Request, file: db.Record, rows: list[db.Record], form: Form, status: int = 200
) -> Response:
    notes = file["notes"]
    form.values.setdefault("sheet", str(notes.get("sheet", 0)))
    form.values.setdefault("heading", str(notes.get("heading", "")))
    form.values.setdefault("with_hidden", "on" if notes.get("with_hidden") else "")
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
        columns=[
            Column(n, heading, " · ".join(filter(None, sample)), n in file["notes"].get("hidden_columns", ()))
            for n, (heading, sample) in enumerate(zip(file["headings"], samples, strict=True))
        ],
        options=list(fields.OPTIONS.items()),
        also_options=[(fields.LEFT_OUT, "Nothing else"), *list(fields.OPTIONS.items())[1:]],
        source=_source(file),
        home=HOME,
    )


def _source(file: db.Record) -> dict[str, list[tuple[str, str]]]:
    """What may be chosen of a file: its sheets, and the rows that may be the headings. Empty for one read before."""
    notes = file["notes"]
    if not file["has_content"]:
        return {"sheets": [], "above": []}
    names = notes.get("sheets", [])
    return {
        "sheets": [(str(n), name) for n, name in enumerate(names)] if len(names) > 1 else [],
        "above": [(str(number), f"Row {number}: {text_}") for number, text_ in notes.get("above", [])]
        + [(str(sheets.NO_HEADINGS), "None: the list begins at once")],
    }


async def read_again(request: Request) -> Response:
    """Read the file by another sheet, another row of headings, or with its hidden rows."""
    form = await Form.read(request)
    import_id = access.path_id(request)
    file, rows = await _columns(request)
    heading = reading.whole_number(form.value("heading"), None)
    sheet = reading.whole_number(form.value("sheet"), file["notes"].get("sheet", 0))
    is_other = sheet != file["notes"].get("sheet", 0)
    choice = sheets.Choice(sheet, None if is_other else heading, form.checked("with_hidden"))
    try:
        await limits.count_upload(access.context(request), request.state.person.id, "sheet")
        await actions.read_again(
            access.context(request), actor_id=request.state.person.id, import_id=import_id, choice=choice
        )
    except OutOfDate:
        return render.see_other(f"{HOME}/{import_id}")
    except Refused as refused:
        columns = _columns_values(file)
        columns.values |= form.values
        columns.add(Reason(reason.code, reason.text, "sheet") for reason in refused.reasons)
        return _columns_page(request, file, rows, columns, 422)
    return render.see_other(f"{HOME}/{import_id}/columns")


async def match(request: Request) -> Response:
    form = await Form.read(request)
    import_id = access.path_id(request)
    try:
        await actions.match(
            access.context(request),
            actor_id=request.state.person.id,
            import_id=import_id,
            keys=_keys(form, "column"),
            also=_keys(form, "also"),
        )
    except Refused as refused:
        file, rows = await _columns(request)
        if file["state"] not in ("matching", "preview"):
            return render.see_other(f"{HOME}/{import_id}")
        form.add(refused.reasons)
        return _columns_page(request, file, rows, form, 422)
    return render.see_other(f"{HOME}/{import_id}")


def _keys(form: Form, prefix: str) -> list[str]:
    keys: list[str] = []
    while len(keys) < sheets.MAX_COLUMNS and f"{prefix}_{len(keys)}" in form.values:
        keys.append(form.value(f"{prefix}_{len(keys)}"))
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
        is_preview = file["state"] == "preview"
        warnings = await queries.warnings(tx, file["id"]) if is_preview and file["warned"] else []
        has_unknown = is_preview and (file["warned"] or file["refused"])
        unknown = word_pages.explainable(await queries.unknown_words(tx, file["id"])) if has_unknown else []
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
        warnings=warnings,
        unknown=unknown,
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
    return render.see_other(HOME, notice="The file is discarded. No listing was written.")


async def refused_csv(request: Request) -> Response:
    """The refused rows with the reasons, to be corrected and sent again."""
    async with access.context(request).db.reading() as tx:
        rows = await queries.refused_rows(tx, access.path_id(request))
    return _csv("refused.csv", rows)
