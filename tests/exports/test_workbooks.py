"""Workbooks, opened by LibreOffice and by python-calamine, cell for cell as the database has it."""

from __future__ import annotations

import asyncio
import io
import shutil
import subprocess
import warnings
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from python_calamine import CalamineWorkbook

from circles.exports import kinds, rules, streaming
from circles.exports.kinds import KINDS, Depth
from circles.sheets import CellKind, SheetColumn, WorkbookWriter
from circles.sheets import writing as sheet_writing
from circles.store import db
from tests.cast import Cast, add_booking, add_gathering, add_person
from tests.conftest import OpenBrowser
from tests.helpers import change, rows

# What a spreadsheet would run, open, or read as something else.
NAMES = (
    "=1+1", "+1", "-2", "@sum(a1)", "＝1", "=HYPERLINK(\"http://x.test\")", "https://x.test/a?b=c", "mailto:a@b.test",
    "0123", "1e5", "2026-11-24", "TRUE", "_x0041_", "Zoë 🌿", "two\nlines", 'Ann "Nan", O; Neil', "{=1}", "'quoted",
)  # fmt: skip


async def workbook(browser: OpenBrowser, cast: Cast, kind: str, **query: str) -> bytes:
    """A named export with every column, by default as a workbook."""
    every = ",".join(column.key for column in KINDS[kind].of_depth(Depth.NAMED))
    form = {"kind": kind, "depth": "named", "format": "xlsx", "purpose": "For a test", "columns": every}
    dates = {"from": "2024-01-01", "to": "2029-12-30"}
    async with browser(cast.odile) as page:
        answer = await page.post("/organize/exports", data=form | dates | query)
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].endswith(f'.{(form | query)["format"]}"')
    return answer.content


async def stored(cast: Cast, kind: str, depth: Depth = Depth.NAMED) -> list[list[Any]]:
    """The rows of a kind as the database has them, with every column of a depth."""
    chosen = kinds.KINDS[kind]
    values = {
        "kind": kind, "depth": depth.value, "format": "xlsx", "purpose": "For a test", "from": "2024-01-01",
        "to": "2029-12-30", "columns": ",".join(column.key for column in chosen.of_depth(depth)),
    }  # fmt: skip
    choices = rules.read_choices(values, today=date(2026, 11, 26))
    async with cast.context.db.transaction() as tx:
        part = await streaming.part_of(tx, choices, None, "salt")
        return [list(row) async for batch in db.read_batches(tx, part) for row in batch]


async def plant(cast: Cast) -> None:
    """People with names that a spreadsheet could take for something else, at gatherings of every kind."""
    past = await add_gathering(cast.context, cast.circle, days=-8, capacity=24, community_seats=24)
    for number, name in enumerate(NAMES):
        person = await add_person(cast.context, name, email=f"n{number}@example.org", pronouns="they/them")
        kind, amount = ("paid", 3750 + number) if number % 3 else ("community", 0)
        booking = await add_booking(cast.context, past, person, kind=kind, amount=amount)
        mark = ("came", "absent", "excused")[number % 3]
        if number % 4:
            insert = "insert into attendance (booking_id, mark, late) values ($1, $2, $2 = 'came')"
            await change(cast.context, insert, booking, mark)
    await add_booking(cast.context, cast.gathering, cast.milo, state="cancelled")


def cell(value: Any) -> Any:
    """A value of the database as a cell holds it."""
    if value is None:
        return ""
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Decimal | int):
        return float(value)
    if isinstance(value, datetime):
        return value.replace(microsecond=0) + timedelta(seconds=round(value.microsecond / 1e6))
    return value


def shown(value: Any) -> Any:
    """A cell that was read, to the second."""
    return cell(value)


def columns_of(kind: str) -> list[str]:
    return [column.title for column in KINDS[kind].of_depth(Depth.NAMED)]


@pytest.mark.parametrize("kind", KINDS)
async def test_calamine_reads_what_the_database_has(cast: Cast, browser: OpenBrowser, kind: str) -> None:
    await plant(cast)
    book = CalamineWorkbook.from_filelike(io.BytesIO(await workbook(browser, cast, kind)))
    head, *table = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    expected = [[cell(value) for value in row] for row in await stored(cast, kind)]
    assert head == columns_of(kind)
    assert expected
    assert [[shown(value) for value in row] for row in table] == expected
    notes = {str(row[0]): row[1] for row in book.get_sheet_by_name("About this file").to_python() if row[0]}
    assert (notes["From"], notes["To"], notes["Purpose"]) == ("2024-01-01", "2029-12-30", "For a test")
    assert {column.title for column in KINDS[kind].of_depth(Depth.NAMED)} <= notes.keys()


async def test_marks_and_amounts_are_those_of_the_tables(cast: Cast, browser: OpenBrowser) -> None:
    """Against the tables themselves, with no query of ours between."""
    await plant(cast)
    people = await rows(
        cast.context,
        "select people.name, attendance.mark, attendance.late, bookings.kind, bookings.amount, bookings.state, "
        "gatherings.wall_start from bookings join people on people.id = person_id "
        "join gatherings on gatherings.id = gathering_id left join attendance on booking_id = bookings.id",
    )
    chosen = {"columns": "name,starts,seat,booking,mark,late"}
    book = CalamineWorkbook.from_filelike(io.BytesIO(await workbook(browser, cast, "attendance", **chosen)))
    late = {True: "yes", False: "no"}
    state = {"cancelled": "canceled"}
    assert sorted(book.get_sheet_by_index(0).to_python(skip_empty_area=False)[1:]) == sorted(
        [
            *(
                row["name"],
                row["wall_start"],
                row["kind"],
                state.get(row["state"], row["state"]),
                row["mark"] or "",
            ),
            late[row["late"]] if row["mark"] == "came" else "",
        ]
        for row in people
    )
    chosen = {"columns": "name,amount,currency"}
    book = CalamineWorkbook.from_filelike(io.BytesIO(await workbook(browser, cast, "bookings", **chosen)))
    assert sorted(book.get_sheet_by_index(0).to_python(skip_empty_area=False)[1:]) == sorted(
        [row["name"], row["amount"] / 100, "USD"] for row in people
    )


async def test_libreoffice_reads_what_the_database_has(
    cast: Cast, browser: OpenBrowser, tmp_path: Path
) -> None:
    """Workbooks and CSV of every kind, each opened by it: dates and numbers are such, and text is text."""
    if shutil.which("soffice") is None:
        warnings.warn("LibreOffice (soffice) is not installed: no file was opened with it", stacklevel=1)
        pytest.skip("LibreOffice (soffice) is not installed")
    await plant(cast)
    for kind in KINDS:
        (tmp_path / f"{kind}.xlsx").write_bytes(await workbook(browser, cast, kind))
        (tmp_path / f"{kind}-lines.csv").write_bytes(await workbook(browser, cast, kind, format="csv"))
    opened = await asyncio.to_thread(opened_by_libreoffice, tmp_path)
    for kind in KINDS:
        expected = [[cell(value) for value in row] for row in await stored(cast, kind)]
        head, *table = opened[kind]
        assert head == columns_of(kind)
        assert expected
        assert [[shown(value) for value in row] for row in table] == expected
        head, *table = opened[f"{kind}-lines"]
        assert head == columns_of(kind)
        typed = [
            number
            for number, column in enumerate(KINDS[kind].of_depth(Depth.NAMED))
            if column.cell is not CellKind.TEXT
        ]
        assert typed
        # CSV says no types: a name such as "0123" becomes a number there, so text is left out, but for what would run.
        assert [[shown(row[number]) for number in typed] for row in table] == [
            [row[number] for number in typed] for row in expected
        ]
        if kind in ("attendance", "bookings"):
            names = [str(row[head.index("Name")]) for row in table]
            assert not {"2", "1", "-2", "2.0", "-2.0"} & set(names), "nothing was computed"
            assert any(name.endswith("=1+1") for name in names)


def opened_by_libreoffice(folder: Path) -> dict[str, list[list[Any]]]:
    """The first sheet of each file of a folder as LibreOffice has it, saved again with the types of its cells."""
    options = [f"-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to", "xlsx"]
    # CSV as its window would read it: commas, quotes, UTF-8. Without a window it takes another character set.
    for ending, filters in (("xlsx", []), ("csv", ["--infilter=Text - txt - csv (StarCalc):44,34,76"])):
        paths = [str(path) for path in sorted(folder.glob(f"*.{ending}"))]
        command = ["soffice", *options, *filters, "--outdir", str(folder / "opened"), *paths]
        done = subprocess.run(command, capture_output=True, timeout=240)
        assert done.returncode == 0, done.stderr
    opened = sorted((folder / "opened").glob("*.xlsx"))
    return {
        path.stem: CalamineWorkbook.from_path(str(path))
        .get_sheet_by_index(0)
        .to_python(skip_empty_area=False)
        for path in opened
    }


async def test_a_table_longer_than_a_sheet_goes_on_in_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheet_writing, "MAX_SHEET_ROWS", 4)
    path = tmp_path / "long.xlsx"
    with WorkbookWriter(path) as book:
        table = book.table("Attendance", [SheetColumn("Number", CellKind.INTEGER), SheetColumn("Word")])
        table.add([number, f"=word {number}"] for number in range(8))
    book = CalamineWorkbook.from_path(str(path))
    assert book.sheet_names == ["Attendance", "Attendance 2", "Attendance 3"]
    found = [row for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python()[1:]]
    assert found == [[float(number), f"=word {number}"] for number in range(8)]
    assert [file.name for file in tmp_path.iterdir()] == ["long.xlsx"], "no temporary file is left"
