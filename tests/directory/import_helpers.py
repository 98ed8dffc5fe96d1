"""Files of listings for the tests of imports: good ones, and one with twenty faults."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

import xlsxwriter

from circles import sheets
from circles.directory.imports import guessing, rows
from circles.sheets import tables

HEADINGS = (
    *("Name", "License type", "License #", "License state", "Expires", "City", "State", "ZIP", "Telehealth"),
    *(
        "In person",
        "Lowest fee",
        "Highest fee",
        "Sliding scale",
        "Works with",
        "Languages",
        "Website",
        "E-mail",
    ),
    *("NPI", "Way 1", "Way 1: credential", "Accepting"),
)
GOOD = {
    "Name": "Alma Whitfield",
    "License type": "LCSW",
    "License #": "SW0012345",
    "License state": "Florida",
    "Expires": "2040-01-31",
    "City": "Miami",
    "State": "FL",
    "ZIP": "33101",
    "Telehealth": "yes",
    "In person": "yes",
    "Lowest fee": "$150",
    "Highest fee": "220",
    "Sliding scale": "70",
    "Works with": "Trauma; Grief",
    "Languages": "English; Spanish",
    "Website": "https://alma.example.org",
    "E-mail": "alma@example.org",
    "NPI": "1234567893",
    "Way 1": "IFS",
    "Way 1: credential": "IFS Level 2",
    "Accepting": "yes",
}
# Twenty faults, one a row: the column, its cell, and a part of the message. Of the places in REFUSING the name or the
# license is at fault, which refuses the row; the others are left out of it.
REFUSING = frozenset((0, 1, 2, 3, 5))
FAULTS: Sequence[tuple[str, str, str]] = (
    ("Name", "", "Please fill this in"),
    ("License type", "Wizard", "Expected: one of Psychologist, LCSW"),
    ("License #", "", "Please fill this in"),
    ("License state", "Florado", "a state by two letters"),
    ("Expires", "31/31/2040", "a day, such as 2028-01-31"),
    ("Expires", "2020-01-31", "No license here counts today"),
    ("State", "ZZ", "a state by two letters"),
    ("ZIP", "00000", "There is no ZIP code 00000"),
    ("ZIP", "80202", "ZIP 80202 is in Colorado"),
    ("Telehealth", "perhaps", "yes or no"),
    ("Lowest fee", "cheap", "one amount or a range"),
    ("Lowest fee", "300", "The highest fee is below the lowest"),
    ("Sliding scale", "180", "cannot be above the lowest full fee"),
    ("Works with", "Trauma; Broken hearts", "We do not know “Broken hearts”"),
    ("Languages", "Klingon", "We do not know “Klingon”"),
    ("Website", "javascript:alert(1)", "is no web address"),
    ("E-mail", "alma at example", "a mail address such as"),
    ("NPI", "1234567890", "This is no NPI"),
    ("Way 1: credential", "Level 9", "IFS Level 1, IFS Level 2"),
    ("Accepting", '=HYPERLINK("http://evil.example")', "begins like a formula"),
)


def row(n: int = 0, **values: str) -> dict[str, str]:
    """One good row, the nth therapist; `values` by heading, with _ for a space."""
    more = {
        "Name": f"Alma Whitfield {n}",
        "License #": f"SW{n:07}",
        "NPI": npi(n),
        "E-mail": f"alma{n}@example.org",
    }
    return GOOD | more | {key.replace("_", " "): value for key, value in values.items()}


def npi(n: int) -> str:
    """The nth invented NPI, with its check digit (Luhn, with 80840 in front)."""
    stem = f"10000{n:04}"
    total = 24
    for place, digit in enumerate(reversed(stem)):
        value = int(digit) * (2 - place % 2)
        total += value - 9 if value > 9 else value
    return stem + str(-total % 10)


def csv_file(rows: Iterable[dict[str, str]], *, delimiter: str = ",") -> bytes:
    """A CSV file of these rows, in UTF-8."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, HEADINGS, delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


async def read_table(sent: bytes, choice: sheets.Choice | None = None) -> tables.Table:
    """The list in a file, read as an import reads it."""
    return sheets.read(sent, guessing.is_known, choice).table


def read_cells(
    cells: Sequence[str], headings: Sequence[str], keys: Sequence[str] | None = None, number: int = 2
) -> rows.Read:
    """One row, by the keys or as its headings are guessed."""
    guessed, also = guessing.guess(headings)
    match = rows.Match(headings, guessed if keys is None else keys, also if keys is None else ())
    return rows.read_row(sheets.Row(number, tuple(cells)), match)


def read_rows(table: tables.Table) -> list[rows.Read]:
    """Every row of a list, by the columns as they are guessed."""
    keys, also = guessing.guess(table.headings, [row.cells for row in table.rows])
    match = rows.Match(table.headings, keys, also)
    return [rows.read_row(row, match) for row in table.rows]


def twenty_faults() -> bytes:
    """A file of twenty rows, each with one fault."""
    return csv_file(row(n) | {heading: cell} for n, (heading, cell, _) in enumerate(FAULTS))


def xlsx_file(
    rows: Iterable[Sequence[Any]], *, formulas: dict[tuple[int, int], tuple[str, Any]] | None = None
) -> bytes:
    """A workbook of these rows. formulas: by row and column from 0, the formula and what it last showed."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet("Therapists")
        for number, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                if isinstance(cell, str):
                    sheet.write_string(number, column, cell)
                else:
                    sheet.write(number, column, cell)
        for (number, column), (formula, value) in (formulas or {}).items():
            sheet.write_formula(number, column, formula, None, value)
    return out.getvalue()
