"""A dozen lists of invented people as offices keep them, and what must come of each."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import xlsxwriter

PEOPLE = (
    ("Renée", "Müller"), ("José", "Patel"), ("Zoë", "Goldberg"), ("Marta", "O’Brien"), ("Łucja", "Kowalska"),
    ("Aisha", "Ito"), ("Björn", "Núñez"), ("Chloé", "García"),
)  # fmt: skip
Rows = list[list[Any]]


@dataclass(frozen=True, slots=True)
class Office:
    """One file. names: of its listings, in order. refused: how many rows are; warned: how many have a warning.

    values: of the first listing, by field of a draft.
    """

    sent: bytes
    names: Sequence[str]
    values: dict[str, Any] = field(default_factory=dict)
    refused: int = 0
    warned: int = 0


def straight(count: int = len(PEOPLE)) -> list[str]:
    """The names as they are shown."""
    return [f"{first} {last}" for first, last in PEOPLE[:count]]


def text_file(rows: Rows, delimiter: str = ",", encoding: str = "utf-8", ends: str = "\r\n") -> bytes:
    """A file with delimiters."""
    out = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if ends == "\r" else csv.QUOTE_MINIMAL
    csv.writer(out, delimiter=delimiter, lineterminator=ends, quoting=quoting).writerows(rows)
    return out.getvalue().encode(encoding)


def workbook(draw: Callable[[xlsxwriter.Workbook], None], **options: Any) -> bytes:
    """A workbook as it is drawn."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, **options}) as book:
        draw(book)
    return out.getvalue()


def semicolons() -> Office:
    """Windows-1252, semicolons, a title over the headings, a group heading, a footer, days of five kinds."""
    days = (
        "31.12.2035",
        "12/2035",
        "6/30/35",
        "2035-06-30",
        "Dec 2035",
        "30 June 2035",
        "03/31/2035",
        "exp 2035",
    )
    fees = (
        "sliding from 90",
        "175",
        "200,00 $",
        "$180/50min",
        "150-200",
        "$150/hr",
        "12,50",
        "free consult, then $220",
    )
    rows: Rows = [["Colleagues of the river valley – updated Oct. (do not forward)", *[""] * 13], [""] * 14]
    rows.append(["Clinician (Last, First)", "Cred.", "Town", "St", "Zip", "Tel", "E-Mail", "Web", "Lic #", "Lic exp",
                 "Modalities / training", "Who I work with", "Ins.", "Fee"])  # fmt: skip
    for n, (first, last) in enumerate(PEOPLE):
        rows.append([
            f"{last}, {first}", ("LCSW", "Ph.D.", "Psy.D., ABPP", "LMFT")[n % 4], "Newark", "NJ", "7102",
            "+1 973 555 0102 x4", f"t{n}@example.org", f"www.example.org/t{n}", f"NJ-{10_000 + n}", days[n],
            ("IFS / Somatic Experiencing", "KAP, IFS", "EMDR; Hakomi", "ACT & mindfulness")[n % 4],
            ("adults; LGBTQ+", "teens 14+", "veterans, trauma", "couples")[n % 4],
            ("Aetna, BCBS", "out of network only", "None - self pay", "superbill")[n % 4], fees[n],
        ])  # fmt: skip
        if n == 3:
            rows.append(["-- Upstream --", *[""] * 13])
    rows.append(["Total: 8", *[""] * 13])
    values = {
        "letters": "LCSW", "zip": "07102", "phone": "+1 973 555 0102 x4", "links": ("https://www.example.org/t0",),
        "sliding_floor": 9_000, "fee_minimum": None, "takes_insurance": True, "insurance_words": "Aetna, BCBS",
        "for_whom": ("adults", "lgbtq"), "room": "", "languages": (), "telehealth": None,
    }  # fmt: skip
    sent = text_file([[str(cell).replace("Łucja", "Lucja") for cell in row] for row in rows], ";", "cp1252")
    return Office(sent, [name.replace("Łucja", "Lucja") for name in straight()], values, warned=1)


def second_sheet() -> Office:
    """Notes first, then the list with merged group headings; formats that show more than the number; a hidden sheet."""

    def draw(book: xlsxwriter.Workbook) -> None:
        notes = book.add_worksheet("Read me")
        notes.write_column(0, 0, ["How to use this list", "Name every provider once", "Do not share"])
        sheet = book.add_worksheet("List 2026")
        bold, padded = book.add_format({"bold": True}), book.add_format({"num_format": '"SW"000000'})
        phone = book.add_format({"num_format": "[<=9999999]###-####;(###) ###-####"})
        sheet.merge_range(0, 0, 0, 7, "Integration providers", bold)
        sheet.merge_range(2, 0, 2, 1, "Clinician", bold)
        sheet.merge_range(2, 2, 2, 5, "License", bold)
        sheet.merge_range(2, 6, 3, 6, "Phone", bold)
        sheet.merge_range(2, 7, 3, 7, "Website", bold)
        sheet.write_row(3, 0, ["First", "Last", "Type", "Number", "State", "Expires"], bold)
        for n, (first, last) in enumerate(PEOPLE):
            sheet.write_row(4 + n, 0, [first, last, "LCSW"])
            sheet.write_number(4 + n, 3, 1234 + n, padded)
            sheet.write_string(4 + n, 4, ("New Jersey", "N.J.", "nj", "NJ ")[n % 4])
            sheet.write_datetime(4 + n, 5, datetime(2035, 6, 30), book.add_format({"num_format": "mmm-yy"}))
            sheet.write_number(4 + n, 6, 9735550100 + n, phone)
            sheet.write_url(4 + n, 7, f"https://t{n}.example.org", None, "Website")
        sheet.write_row(5 + len(PEOPLE), 0, ["Total", len(PEOPLE)])
        book.add_worksheet("Old list").hide()

    values = {"phone": "(973) 555-0100", "links": ("https://t0.example.org",)}
    return Office(workbook(draw), straight(), values)


def days_since_1904() -> Office:
    """A workbook that counts days from 1904, with a column of days that lost its format in the other reckoning."""

    def draw(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Name", "License type", "License no.", "License state", "Exp. date", "Email"])
        for n, name in enumerate(straight(3)):
            sheet.write_row(1 + n, 0, [name, "LMFT", f"MT {n}", "FL"])
            sheet.write_datetime(1 + n, 4, datetime(2035, 1, 31), book.add_format({"num_format": "m/d/yy"}))
            sheet.write_string(1 + n, 5, f"t{n}@example.org")

    return Office(workbook(draw, date_1904=True), straight(3))


def serial_days() -> Office:
    """Days as bare numbers, tabs, UTF-16 as a spreadsheet saves “Unicode text”."""
    rows: Rows = [["Name", "Credentials", "Lic. no.", "State", "Lic. exp.", "E-mail", "Telehealth (Y/N)"]]
    rows += [
        [name, "LCSW", f"SW{n:05}", "FL", "49490", f"t{n}@example.org", "JYxN"[n]]
        for n, name in enumerate(straight(4))
    ]
    return Office(text_file(rows, "\t", "utf-16"), straight(4), {"telehealth": True, "in_person": None})


def old_macintosh() -> Office:
    """Macintosh Roman with its line ends, two lines in a cell, headings once more in the middle."""
    head = ["Therapist", "Degree", "License", "State", "Focus", "Contact e-mail"]
    rows: Rows = [head]
    for n, name in enumerate(straight(4)):
        rows.append(
            [name.replace("Ł", "L"), "PsyD", f"PY-{n}{n}{n}", "CA", "Trauma\nGrief", f"t{n}@example.org"]
        )
        if n == 1:
            rows.append(head)
    return Office(text_file(rows, ",", "mac_roman", "\r"), straight(4), {"works_with": ("trauma", "grief")})


def hidden_rows() -> Office:
    """Rows that the workbook hides, and a hidden column: the hidden are named and left out."""

    def draw(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Provider", "Lic type", "Lic number", "Lic state", "Private notes", "Mail"])
        for n, name in enumerate(straight(5)):
            sheet.write_row(1 + n, 0, [name, "LPC", f"PC{n}", "PA", "left in May", f"t{n}@example.org"])
        sheet.set_row(3, None, None, {"hidden": True})
        sheet.set_column(4, 4, None, None, {"hidden": True})

    names = straight(5)
    return Office(workbook(draw), [*names[:2], *names[3:]])


def damaged_numbers() -> Office:
    """Numbers that a spreadsheet has shortened or rounded, an error, a hidden character that makes a twin."""

    def draw(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Name", "Type", "License number", "License state", "Phone", "Email", "NPI"])
        for n, name in enumerate(straight(4)):
            sheet.write_row(1 + n, 0, [name, "LCSW", f"SW{n}", "FL", "305 555 0101", f"t{n}@example.org"])
        sheet.write_number(1, 2, 12345678901234567)  # refused: the last digits are lost
        sheet.write_string(2, 4, "9.73556E+09")
        shown: Any = "#DIV/0!"
        sheet.write_formula(3, 4, "=1/0", None, shown)
        sheet.write_row(
            5, 0, ["Marta\u200b O’Brien\xa0", "LCSW", "SW3", "FL", "305 555 0101", "t3@example.org"]
        )

    return Office(workbook(draw), straight(4)[1:], {"phone": ""}, refused=2, warned=2)


def names_of_all_kinds() -> Office:
    """Letters, titles, pronouns and marks beside names; two people in one row."""
    cells = {
        "Dr. Ada Osei, PhD": "Ada Osei", "Bo Li LMFT (he/him)": "Bo Li", "King, Martin, Jr.": "Martin King Jr.",
        "O'Neil, Mary Ann, LCSW-R": "Mary Ann O'Neil", "van der Berg, Anna": "Anna van der Berg",
        "ELENA FOX*": "ELENA FOX",
    }  # fmt: skip
    rows: Rows = [["Name & credentials", "Profession", "License #", "State of licensure", "Homepage"]]
    rows += [[name, "LMFT", f"MT{n}", "Florida", f"t{n}.example.org/me"] for n, name in enumerate(cells)]
    rows.append(["Ann Lee & Bob Ray", "LMFT", "MT9", "Florida", "both.example.org"])
    values = {"letters": "PhD", "links": ("https://t0.example.org/me",)}
    return Office(text_file(rows), list(cells.values()), values, refused=1)


def two_states() -> Office:
    """Several licenses in the cells of one, states written out, a city with its state and ZIP code."""
    rows: Rows = [
        [
            "Full name",
            "License type",
            "License number",
            "Licensed in",
            "Expiration",
            "City/State",
            "Contact e-mail",
        ]
    ]
    rows += [
        [
            "Hal Hill",
            "LCSW",
            "CA 777; NV 888",
            "CA, NV",
            "6/35; 7/35",
            "Oakland, CA 94612-1234",
            "Hal <hal@example.org>",
        ],
        [
            "Ida Ray",
            "LPC",
            "PC 1",
            "NC/VA",
            "2035",
            "Durham, NC 27701",
            "ida@example.org; office@example.org",
        ],
        ["Jo May", "LMFT", "LMFT 11, LMHC 22", "Washington State", "never", "Seattle WA", "jo@example.org"],
    ]
    values = {"city": "Oakland", "area": "CA", "zip": "94612", "email": "hal@example.org"}
    return Office(text_file(rows), ["Hal Hill", "Ida Ray", "Jo May"], values, warned=1)


def yes_and_no() -> Office:
    """Yes and no in every way; room with remarks; insurance with others."""
    rows: Rows = [["Name", "Lic type", "Lic no", "Lic state", "E-mail", "Telehealth?", "In office?",
                   "Sliding scale Y/N", "Insurance accepted", "Accepting new clients?"]]  # fmt: skip
    marks = (
        ("✓", "x", "Y", "Aetna, Cigna and others", "yes – 2 spots"),
        ("ja", "nein", "N", "Private pay", "waitlist until March"),
        ("tele only", "", "limited", "Medicaid (NJ FamilyCare)", "No (as of 3/1)"),
        ("both", "?", "TBD", "No", "Full"),
    )
    rows += [
        [name, "LCSW", f"SW{n}", "FL", f"t{n}@example.org", *marks[n]] for n, name in enumerate(straight(4))
    ]
    values = {
        "telehealth": True,
        "fee_slides": True,
        "insurance_words": "Aetna, Cigna and others",
        "room": "now",
    }
    return Office(text_file(rows), straight(4), values)


def values_that_contradict() -> Office:
    """What the rules of listings refuse is left out, and the row comes in."""
    rows: Rows = [
        [
            "Name",
            "Lic type",
            "Lic no",
            "Lic state",
            "Website",
            "Lowest fee",
            "Highest fee",
            "ZIP",
            "State",
            "NPI",
        ]
    ]
    rows += [
        ["Ann Lee", "LCSW", "SW1", "FL", "ann.example.org", "200", "150", "33101", "FL", ""],
        ["Bea Lee", "LCSW", "SW2", "FL", "bea.example.org", "150", "", "80202", "FL", ""],
        ["Cy Lee", "LCSW", "SW3", "FL", "cy.example.org", "1.500", "", "", "FL", ""],
        ["Di Lee", "LCSW", "SW4", "FL", "di.example.org", "150", "", "00000", "FL", ""],
        ["Ed Lee", "LCSW", "SW5", "FL", "ed.example.org", "150", "", "", "FL", "123"],
    ]
    values = {"fee_minimum": None, "zip": "33101", "city": "Miami"}
    return Office(text_file(rows), ["Ann Lee", "Bea Lee", "Cy Lee", "Di Lee", "Ed Lee"], values, warned=5)


def merged_cells() -> Office:
    """A state merged down a group, blank lines between groups, a remark to the right of the list, a last remark."""

    def draw(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        middle = book.add_format({"valign": "vcenter"})
        sheet.write_row(1, 1, ["State", "Provider name", "Credential(s)", "License No.", "E-mail", "Rate"])
        for n, name in enumerate(straight(6)):
            row = 2 + n + n // 3
            sheet.write_row(
                row, 2, [name, "LCSW", f"SW{n}", f"t{n}@example.org", (150, "$120-$160", "ask")[n % 3]]
            )
        sheet.merge_range(2, 1, 4, 1, "Florida", middle)
        sheet.merge_range(6, 1, 8, 1, "GA", middle)
        sheet.write_string(3, 9, "call her on Mondays")
        sheet.write_string(11, 1, "* means: not yet asked")

    return Office(workbook(draw), straight(6), {"area": "FL", "fee_minimum": 15_000}, warned=2)


OFFICES = (
    semicolons, second_sheet, days_since_1904, serial_days, old_macintosh, hidden_rows, damaged_numbers,
    names_of_all_kinds, two_states, yes_and_no, values_that_contradict, merged_cells,
)  # fmt: skip
