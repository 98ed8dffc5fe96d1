"""Handlers of the pages of lists: send a file, match its columns, preview its rows, discard it, fetch refused rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from circles import sheets
from circles.base import reading, text
from circles.base.english import Labels
from circles.base.errors import OutOfDate, Reason, Refused
from circles.imports import actions, queries
from circles.imports.kinds import LEFT_OUT, ListKind
from circles.store import db
from circles.web import access, headers, limits, render
from circles.web.forms import Form
from circles.web.paging import pager

# A form of a hundred columns, each with a short answer.
MAX_BODY = sheets.MAX_BYTES + 20_000
MAX_PAGES = 1_000
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
    "doubtful": "To answer",
    "refused": "Refused",
    "new": "New",
    "changed": "Changed",
    "same": "The same",
    "written": "Written",
}

Details = Callable[[db.Tx, db.Record], Awaitable[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Column:
    """One column on the page that matches them: its number from 0, and what its first rows hold."""

    number: int
    heading: str
    samples: str
    is_hidden: bool


@dataclass(frozen=True, slots=True)
class ListPages:
    """The pages of lists of some kinds at one address. templates: the folder of import.html and preview.html.

    details: what the preview of a file shows beside its rows. labels: of the kinds, where there are several.
    back: what the page of all files is called.
    discarded: what is said once a file is discarded.
    """

    home: str
    kinds: Mapping[str, ListKind]
    templates: str
    details: Details
    discarded: str
    labels: Mapping[str, str] = field(default_factory=dict)
    back: str = "Bring in a list"

    def kind_of(self, request: Request, form: Form) -> ListKind:
        """The kind of list that is sent. Raises Refused where it is to be chosen, and is not."""
        del request
        if len(self.kinds) == 1:
            return next(iter(self.kinds.values()))
        if form.value("kind") not in self.kinds:
            raise Refused(Reason("missing", "Please say what the list is of.", "kind"))
        return self.kinds[form.value("kind")]

    async def read(self, tx: db.Tx, import_id: UUID) -> db.Record:
        """One of these imports, with its counts. Raises NotFound."""
        return await queries.read_import(tx, import_id, self.kinds)

    async def imports(self, request: Request) -> Response:
        """The files so far, and the form for another."""
        return await self._home(request, Form({"kind": request.query_params.get("kind", "")}))

    async def _home(self, request: Request, form: Form, status: int = 200) -> Response:
        async with access.context(request).db.reading() as tx:
            files = await queries.all_imports(tx, self.kinds)
        return self._page(request, "import.html", status, form=form, imports=files, states=STATES)

    def _page(self, request: Request, name: str, status: int = 200, **context: Any) -> Response:
        template = name if "/" in name else f"{self.templates}/{name}"
        return render.page(
            request, template, status, home=self.home, back=self.back, labels=self.labels, **context
        )

    async def send(self, request: Request) -> Response:
        """Keep the rows of a file, or show why it cannot be read. Nothing of it is written."""
        context, actor_id, form = access.context(request), request.state.person.id, Form()
        try:
            sent, name = await _sent(request, form)
            kind = self.kind_of(request, form)
            await limits.count_upload(context, actor_id, "file")
            list_file = await actions.read(kind, sent)
            import_id = await actions.begin(
                context, kind, actor_id=actor_id, file_name=name, sent=sent, reading=list_file
            )
        except Refused as refused:
            form.add(refused.reasons)
            if "too_large" in refused.codes:
                return headers.answer_large_body_with(request.scope, await self._home(request, form, 413))
            return await self._home(request, form, 422)
        return render.see_other(f"{self.home}/{import_id}/columns")

    async def columns_form(self, request: Request) -> Response:
        """What each column is."""
        file, rows = await self._columns(request)
        if file["state"] not in ("matching", "preview"):
            return render.see_other(f"{self.home}/{file['id']}")
        return self._columns_page(request, file, rows, _columns_values(file))

    async def _columns(self, request: Request) -> tuple[db.Record, list[db.Record]]:
        async with access.context(request).db.reading() as tx:
            file = await self.read(tx, access.path_id(request))
            return file, await queries.first_rows(tx, file["id"])

    def _columns_page(
        self, request: Request, file: db.Record, rows: list[db.Record], form: Form, status: int = 200
    ) -> Response:
        notes = file["notes"]
        form.values.setdefault("sheet", str(notes.get("sheet", 0)))
        form.values.setdefault("heading", str(notes.get("heading", "")))
        form.values.setdefault("with_hidden", "on" if notes.get("with_hidden") else "")
        options = self.kinds[file["kind"]].options
        return self._page(
            request,
            "imports/columns.html",
            status,
            file=file,
            form=form,
            columns=_shown_columns(file, rows),
            options=list(options.items()),
            also_options=[(LEFT_OUT, "Nothing else"), *list(options.items())[1:]],
            source=_source(file),
        )

    async def read_again(self, request: Request) -> Response:
        """Read the file by another sheet, another row of headings, or with its hidden rows."""
        form = await Form.read(request)
        import_id = access.path_id(request)
        file, rows = await self._columns(request)
        heading = reading.whole_number(form.value("heading"), None)
        sheet = reading.whole_number(form.value("sheet"), file["notes"].get("sheet", 0))
        is_other = sheet != file["notes"].get("sheet", 0)
        choice = sheets.Choice(sheet, None if is_other else heading, form.checked("with_hidden"))
        context, actor_id = access.context(request), request.state.person.id
        try:
            await limits.count_upload(context, actor_id, "sheet")
            await actions.read_again(
                context, self.kinds, actor_id=actor_id, import_id=import_id, choice=choice
            )
        except OutOfDate:
            return render.see_other(f"{self.home}/{import_id}")
        except Refused as refused:
            columns = _columns_values(file)
            columns.values |= form.values
            columns.add(Reason(reason.code, reason.text, "sheet") for reason in refused.reasons)
            return self._columns_page(request, file, rows, columns, 422)
        return render.see_other(f"{self.home}/{import_id}/columns")

    async def match(self, request: Request) -> Response:
        """Keep what each column is, and show the preview."""
        form = await Form.read(request)
        import_id = access.path_id(request)
        try:
            await actions.match(
                access.context(request),
                self.kinds,
                actor_id=request.state.person.id,
                import_id=import_id,
                keys=_keys(form, "column"),
                also=_keys(form, "also"),
            )
        except Refused as refused:
            file, rows = await self._columns(request)
            if file["state"] not in ("matching", "preview"):
                return render.see_other(f"{self.home}/{import_id}")
            form.add(refused.reasons)
            return self._columns_page(request, file, rows, form, 422)
        return render.see_other(f"{self.home}/{import_id}")

    async def show(self, request: Request) -> Response:
        """The preview of a file, or what became of its rows."""
        return await self.preview(request, Form())

    async def preview(self, request: Request, form: Form, status: int = 200) -> Response:
        """The same, with a form that was refused."""
        query = request.query_params
        page = reading.page_number(query.get("page", ""), MAX_PAGES)
        async with access.context(request).db.reading() as tx:
            file = await self.read(tx, access.path_id(request))
            here = f"{self.home}/{file['id']}"
            if file["state"] == "matching":
                return render.see_other(f"{here}/columns")
            counts = _counts(file)
            outcome = _outcome(query.get("show", ""), counts)
            rows = await queries.page_of_rows(tx, file["id"], outcome, page) if file["kept"] else []
            has_warnings = file["state"] == "preview" and file["warned"]
            warnings = await queries.warnings(tx, file["id"]) if has_warnings else []
            details = await self.details(tx, file)
        return self._page(
            request,
            "preview.html",
            status,
            form=form,
            file=file,
            counts=counts,
            outcome=outcome,
            rows=rows,
            warnings=warnings,
            tabs=[(f"{here}?show={key}", f"{OUTCOMES[key]}, {count:,}") for key, count in counts.items()],
            here=here,
            pager=pager(page, counts.get(outcome, 0), queries.PER_PAGE, partial(_address, here, outcome)),
            to_write=file["new"] + file["changed"],
            **details,
        )

    async def discard(self, request: Request) -> Response:
        """Discard a file that is not confirmed."""
        await actions.discard(
            access.context(request),
            self.kinds,
            actor_id=request.state.person.id,
            import_id=access.path_id(request),
        )
        return render.see_other(self.home, notice=self.discarded)

    async def refused_csv(self, request: Request) -> Response:
        """The refused rows with the reasons, to be corrected and sent again."""
        async with access.context(request).db.reading() as tx:
            rows = await queries.refused_rows(tx, access.path_id(request), self.kinds)
        return csv_file("refused.csv", rows)


async def _sent(request: Request, form: Form) -> tuple[bytes, str]:
    """The uploaded file and its name; what was typed beside it goes into the form.

    Raises Refused for no file, or one that is too large.
    """
    try:
        async with request.form(max_files=1, max_fields=4) as data:
            form.values |= {name: value for name, value in data.items() if isinstance(value, str)}
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


def csv_file(name: str, rows: Iterable[Sequence[str]]) -> Response:
    """A CSV file. The mark in front tells spreadsheets which character encoding it has."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return Response(
        b"\xef\xbb\xbf" + out.getvalue().encode(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _columns_values(file: db.Record) -> Form:
    values = {f"column_{n}": key for n, key in enumerate(queries.matched_keys(file["matches"]))}
    return Form(values | {f"also_{n}": key for n, key in enumerate(file["matches"].get("also", ()))})


def _shown_columns(file: db.Record, rows: Sequence[db.Record]) -> list[Column]:
    samples = [
        [text.tidy_line(row["cells"][n], max_length=40) for row in rows if n < len(row["cells"])]
        for n in range(len(file["headings"]))
    ]
    hidden = file["notes"].get("hidden_columns", ())
    return [
        Column(n, heading, " · ".join(filter(None, sample)), n in hidden)
        for n, (heading, sample) in enumerate(zip(file["headings"], samples, strict=True))
    ]


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


def _keys(form: Form, prefix: str) -> list[str]:
    keys: list[str] = []
    while len(keys) < sheets.MAX_COLUMNS and f"{prefix}_{len(keys)}" in form.values:
        keys.append(form.value(f"{prefix}_{len(keys)}"))
    return keys


def _counts(file: db.Record) -> dict[str, int]:
    """The number of rows of each outcome, in the order of the tabs."""
    doubtful = {"doubtful": file["doubtful"]} if file["doubtful"] else {}
    if file["state"] == "done":
        written = file["written_new"] + file["written_changed"]
        return {"refused": file["refused"], "written": written, "same": file["same"]} | doubtful
    return doubtful | {outcome: file[outcome] for outcome in ("refused", "new", "changed", "same")}


def _outcome(chosen: str, counts: dict[str, int]) -> str:
    return chosen if chosen in counts else next((key for key, count in counts.items() if count), "refused")


def _address(here: str, outcome: str, page: int) -> str:
    return f"{here}?" + urlencode({"show": outcome, "page": page})
