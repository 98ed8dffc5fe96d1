"""Reading files and rows of listings: pure, with any text in any cell."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import date, datetime
from time import process_time
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circles.base import clock
from circles.base.errors import Refused
from circles.directory.imports import cells as import_cells
from circles.directory.imports import fields as import_fields
from circles.directory.imports import reading as import_reading
from circles.directory.imports import rows as import_rows
from circles.directory.imports import rules as import_rules
from circles.directory.imports.rules import Decision, Existing, Known
from circles.directory.listing import rules as listing_rules
from circles.directory.listing.places import Place
from circles.directory.listing.values import Draft, License, Way
from tests.directory import import_helpers as samples

MIAMI = Place("33101", "Miami", "FL", 25.8, -80.2)
DENVER = Place("80202", "Denver", "CO", 39.7, -105.0)
ZIPS = {"33101": MIAMI, "80202": DENVER}
KEYS = import_fields.guess(samples.HEADINGS)


def read(row: dict[str, str], number: int = 2) -> import_rows.Read:
    return import_rows.read_row(number, list(row.values()), list(row), import_fields.guess(list(row)))


def decide(row: dict[str, str], *known: Existing, zips: Any = None) -> Decision:
    return import_rules.decide(read(row), Known(known), ZIPS if zips is None else zips)


def said(found: Decision) -> str:
    return "\n".join(f"{each['column']}|{each['value']}|{each['says']}" for each in found.faults)


def existing(**more: Any) -> Existing:
    draft = decide(samples.GOOD).draft
    assert draft
    return Existing(uuid4(), 3, "shown", False, replace(draft, **more))


# Columns


@pytest.mark.parametrize(
    ("heading", "key"),
    [
        ("Licence #", "license_number_1"),
        ("License number", "license_number_1"),
        ("lic no", "license_number_1"),
        ("LIC. # 2", "license_number_2"),
        ("License 3: State", "license_area_3"),
        ("Full Name", "name"),
        ("E-mail address", "email"),
        ("Zip/Postal Code", ""),
        ("ZIP code", "zip"),
        ("Accepting new clients?", "room"),
        ("Sliding-scale minimum", "sliding_floor"),
        ("Idiomas", ""),
        ("", ""),
    ],
)
def test_headings_are_guessed(heading: str, key: str) -> None:
    assert import_fields.guess([heading]) == [key]


def test_no_field_is_guessed_twice_and_numbers_go_on() -> None:
    assert import_fields.guess(["Name", "name", "License #", "License #"]) == [
        "name",
        "",
        "license_number_1",
        "license_number_2",
    ]


def test_every_name_on_the_page_is_guessed_as_itself() -> None:
    labels = list(import_fields.OPTIONS.items())[1:]
    assert import_fields.guess(label for _, label in labels) == [key for key, _ in labels]


def test_the_template_is_a_file_that_can_be_brought_in() -> None:
    headings, cells = zip(*import_fields.template(clock.now().date()), strict=True)
    keys = import_fields.guess(headings)
    assert all(keys)
    found = import_rules.decide(import_rows.read_row(2, cells, headings, keys), Known(()), ZIPS)
    assert (found.outcome, said(found)) == ("new", "")


def test_columns_are_matched_once_and_one_is_the_name() -> None:
    assert not import_rows.matches_refusals(["name", "", ""], 3)
    assert {each.code for each in import_rows.matches_refusals(["zip", "zip", "nonsense"], 4)} == {
        "twice",
        "unknown_choice",
        "columns",
        "no_name",
    }


# One row


def test_a_good_row_is_a_whole_listing() -> None:
    found = decide(samples.GOOD)
    assert found.outcome == "new"
    draft = found.draft
    assert draft
    assert not listing_rules.publish_refusals(draft)
    assert (draft.fee_minimum, draft.fee_maximum, draft.sliding_floor) == (15_000, 22_000, 7_000)
    assert (draft.telehealth, draft.in_person, draft.city, draft.area, draft.zip) == (
        True,
        True,
        "Miami",
        "FL",
        "33101",
    )
    assert draft.licenses == (License("lcsw", "FL", "SW0012345", expires_on=date(2040, 1, 31)),)
    assert draft.ways == (Way("ifs", "ifs_2"),)
    assert (draft.works_with, draft.languages) == (("trauma", "grief"), ("en", "es"))


@pytest.mark.parametrize(("heading", "cell", "says"), samples.FAULTS)
def test_each_of_twenty_faults_is_named_with_its_column_and_value(heading: str, cell: str, says: str) -> None:
    found = decide(samples.GOOD | {heading: cell})
    assert found.outcome == "refused"
    (fault,) = found.faults
    assert says in fault["says"]
    assert fault["column"] in (heading, "Highest fee")
    assert cell in fault["value"]


def test_every_fault_of_one_row_is_named_at_once() -> None:
    wrong = {
        "License type": "Wizard",
        "License state": "Florado",
        "Telehealth": "perhaps",
        "Lowest fee": "cheap",
    }
    wrong |= {"NPI": "12", "Website": "nowhere", "E-mail": "none", "Accepting": "@SUM(A1)", "ZIP": "1"}
    found = decide(samples.GOOD | wrong)
    assert {each["column"]: each["value"] for each in found.faults} == wrong


def test_a_zero_that_was_dropped_comes_back() -> None:
    zips = {"02139": Place("02139", "Cambridge", "MA", 42.4, -71.1)}
    row = samples.GOOD | {"ZIP": "2139", "City": "", "State": "", "License state": "MA"}
    draft = decide(row, zips=zips).draft
    assert draft
    assert (draft.zip, draft.city, draft.area) == ("02139", "Cambridge", "MA")


def test_a_fee_is_never_made_up() -> None:
    found = decide(samples.GOOD | {"Lowest fee": "", "Highest fee": "", "Sliding scale": ""})
    assert "We would not make one up" in said(found)
    draft = decide(samples.GOOD | {"Highest fee": ""}).draft
    assert draft
    assert (draft.fee_minimum, draft.fee_maximum) == (15_000, 15_000)


def test_more_cells_than_headings_are_named() -> None:
    found = import_rows.read_row(2, [*samples.GOOD.values(), " ", "stray"], samples.HEADINGS, KEYS)
    assert [(each["column"], each["value"]) for each in found.faults] == [("The row", "stray")]


@pytest.mark.parametrize(
    "cell", ["=1+1", "+cmd|' /C calc'!A0", "-2+3+cmd", "@SUM(1)", "＝1", "\t=1", "'=1+1", " =1"]
)
def test_formulas_are_refused(cell: str) -> None:
    found = decide(samples.GOOD | {"City": cell})
    assert [each["column"] for each in found.faults] == ["City"]
    assert "formula" in found.faults[0]["says"]


@pytest.mark.parametrize("cell", ["+1 (305) 555-0101", "-5", "- trauma\n- grief", "'+1 305 555 0101"])
def test_telephones_numbers_and_lists_are_no_formulas(cell: str) -> None:
    assert not import_cells.is_formula(import_cells.tidy(cell))


@pytest.mark.parametrize("cell", ["-", "n/a", " N/A ", "—", ""])
def test_a_dash_is_an_empty_cell(cell: str) -> None:
    assert import_cells.tidy(cell) == ""


def test_licenses_and_ways_in_one_cell() -> None:
    assert import_cells.licenses("LCSW FL SW1; LMFT, New York, 00 12 (expires 2028-01-31)") == (
        License("lcsw", "FL", "SW1"),
        License("lmft", "NY", "00 12", expires_on=date(2028, 1, 31)),
    )
    assert import_cells.ways("IFS: Level 2 (Fluence, 2019); EMDR; SEP; Gestalt") == (
        Way("ifs", "ifs_2", "Fluence", 2019),
        Way("emdr"),
        Way("se", "sep"),
        Way("other", "", "Gestalt"),
    )
    for wrong in ("FL SW1", "LCSW SW1", "LCSW FL", "LCSW FL SW1 (expires 2028-13-31)"):
        with pytest.raises(Refused):
            import_cells.licenses(wrong)


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("0", "none"),
        ("7", "some"),
        ("10", "some"),
        ("10+", "over_10"),
        ("51", "over_50"),
        ("More than 10", "over_10"),
    ],
)
def test_how_many_people_may_be_a_number(cell: str, code: str) -> None:
    row = samples.GOOD | {"Ketamine experience": cell}
    draft = decide(row).draft
    assert (draft.experience if draft else said(decide(row))) == code


# Which listing, and what changes


def test_the_same_row_again_changes_nothing() -> None:
    assert decide(samples.GOOD, existing()).outcome == "same"


def test_an_empty_cell_leaves_what_the_listing_says() -> None:
    there = existing(phone="555", headline="Kept")
    row = dict.fromkeys(samples.GOOD, "") | {
        "Name": "Alma Whitfield",
        "NPI": "1234567893",
        "Lowest fee": "160",
    }
    found = decide(row, there)
    assert found.outcome == "changed"
    assert found.changes == [{"field": "Lowest full fee", "before": "$150", "after": "$160"}]
    assert found.draft == replace(there.draft, fee_minimum=16_000)


def test_a_row_finds_its_listing_by_name_and_license_however_written() -> None:
    there = existing(npi="")
    row = samples.GOOD | {"Name": "ÁLMA whitfield", "License #": "sw-0012345", "NPI": ""}
    found = decide(row, there)
    assert found.existing == there
    assert found.draft
    assert found.draft.licenses == there.draft.licenses
    assert decide(row | {"License #": "SW9"}, there).outcome == "new"


def test_another_license_comes_beside_the_ones_there_are() -> None:
    there = existing()
    found = decide(samples.GOOD | {"License state": "CO", "License #": "CSW1"}, there)
    assert found.draft
    assert [each.area for each in found.draft.licenses] == ["FL", "CO"]
    assert [each["field"] for each in found.changes] == ["License"]


def test_two_listings_that_fit_are_refused() -> None:
    one, two = existing(), existing(npi="", name="Alma Whitfield")
    assert "Two listings fit this row" in said(decide(samples.GOOD, one, two))
    other = existing(npi="1000000004")
    assert "has another NPI, 1000000004" in said(decide(samples.GOOD, other))


def test_a_listing_with_an_owner_is_left_alone() -> None:
    there = replace(existing(), owned=True)
    assert decide(samples.GOOD, there).outcome == "same"
    assert "keeps this listing with an account" in said(decide(samples.GOOD | {"City": "Hialeah"}, there))


def test_two_rows_of_one_therapist_name_each_other() -> None:
    rows = [read(samples.GOOD, 2), read(samples.GOOD | {"Name": "Al Whitfield"}, 5), read(samples.row(3), 7)]
    same = import_rules.rows_of_same_therapist(rows, Known(()))
    found = [import_rules.decide(each, Known(()), ZIPS, same.get(each.number, ())) for each in rows]
    assert [each.outcome for each in found] == ["refused", "refused", "new"]
    assert "The same NPI stands in row 5 too" in said(found[0])
    assert "The same NPI stands in row 2 too" in said(found[1])


def test_rows_of_one_name_and_license_are_twins_too() -> None:
    row = samples.GOOD | {"NPI": ""}
    rows = [read(row, 2), read(row | {"License #": "SW 0012345"}, 3)]
    same = import_rules.rows_of_same_therapist(rows, Known(()))
    assert "name and license stands in row 3" in said(import_rules.decide(rows[0], Known(()), ZIPS, same[2]))


# Any text in any cell


@given(st.lists(st.text(max_size=60), min_size=len(KEYS), max_size=len(KEYS) + 3))
def test_no_text_is_too_odd(cells: list[str]) -> None:
    found = import_rows.read_row(2, cells, samples.HEADINGS, KEYS)
    import_rules.rows_of_same_therapist([found, found], Known([existing()]))
    assert import_rules.decide(found, Known([existing()]), ZIPS).outcome in (
        "refused",
        "new",
        "changed",
        "same",
    )


WORDS = st.sampled_from(
    ("LCSW", "FL", "New York", "SW1", ";", ":", "(", ")", "expires", "2028-01-31", "IFS", "Level 2", "SEP", "150",
     "-", "to", "$", "both", "telehealth", ",", "\n", "9" * 400, "٣", "²", "=", "https://", "[", "a@b.c", "\x00")
)  # fmt: skip


@given(
    st.sampled_from([key for key in import_fields.OPTIONS if key]),
    st.one_of(st.text(), st.lists(WORDS, max_size=8).map(" ".join)),
)
def test_any_text_in_any_field_is_a_value_or_a_reason(key: str, cell: str) -> None:
    keys = ["name", key] if key != "name" else ["name", "zip"]
    cells = ["Alma", cell] if key != "name" else [cell, ""]
    found = import_rows.read_row(2, cells, ["Name", "Other"], keys)
    assert import_rules.decide(found, Known([existing()]), ZIPS).outcome == "refused" or found.cells


@given(st.binary(max_size=400))
async def test_any_bytes_are_a_table_or_a_reason(sent: bytes) -> None:
    try:
        table = await import_reading.read(sent)
    except Refused:
        return
    assert table.headings
    assert table.rows
    assert all("\0" not in cell for row in table.rows for cell in row.cells)


# Files


async def cells_of(sent: bytes) -> list[tuple[str, ...]]:
    table = await import_reading.read(sent)
    return [table.headings, *(row.cells for row in table.rows)]


@pytest.mark.parametrize(
    "sent",
    [
        "a;b\nZoë;1,5",
        "\ufeffa;b\r\nZoë;1,5\r\n",
        "a\tb\nZoë\t1,5",
        'a|b\n"Zoë"|"1,5"',
        'a,b\n"Zoë","1,5"',
        "\n\na;b\n;\nZoë;1,5\n\n",
        "sep=;\na;b\nZoë;1,5",
        "a;b\rZoë;1,5",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "cp1252"])
async def test_text_files_of_many_kinds(sent: str, encoding: str) -> None:
    words = sent.removeprefix("\ufeff") if encoding == "cp1252" else sent
    assert await cells_of(words.encode(encoding)) == [("a", "b"), ("Zoë", "1,5")]


async def test_quotes_breaks_and_ragged_rows() -> None:
    sent = b'a,b,\nx\n"one\ntwo ""three""",2,,\n1,2,3\n'
    table = await import_reading.read(sent)
    assert table.headings == ("a", "b")
    assert [(row.number, row.cells) for row in table.rows] == [
        (2, ("x", "")),
        (3, ('one\ntwo "three"', "2")),
        (4, ("1", "2", "3")),
    ]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"", "empty"),
        (b" \n \n", "empty"),
        (b"a,b\n", "no_rows"),
        (b'a,b\n"1,2\n3,4\n', "open_quote"),
        (b"a\n" + b'"' + b"x" * 200_000, "open_quote"),
        (b"\x00\x01" * 300, "other"),
        (b"PK\x03\x04 broken", "broken"),
        (b"a\n" + b"1\n" * 5_001, "too_many_rows"),
        (b"a," * 100 + b"a\n1\n", "too_many_columns"),
        (b"x" * 5_000_001, "too_large"),
    ],
)
async def test_what_cannot_be_read_says_why(sent: bytes, code: str) -> None:
    with pytest.raises(Refused) as caught:
        await import_reading.read(sent)
    assert caught.value.codes == {code}


async def test_a_character_that_no_text_has_refuses_its_row_alone() -> None:
    table = await import_reading.read(b"Name\nAl\x00ma\n" + b"Berta, long and plain as any name may be\n" * 3)
    found = import_rows.read_row(2, table.rows[0].cells, table.headings, ["name"])
    assert "hidden character" in said(import_rules.decide(found, Known(()), ZIPS))


async def test_a_workbook_is_read_as_text() -> None:
    rows = [
        ["Name", "ZIP", "NPI", "Expires", "Fee", "Telehealth"],
        ["Zoë", 33101.0, 1234567893, datetime(2028, 1, 31), 150.5, True],
    ]
    table = await import_reading.read(samples.xlsx_file(rows, formulas={(1, 4): ("=100+50.5", 150.5)}))
    assert table.rows[0].cells == ("Zoë", "33101", "1234567893", "2028-01-31", "150.5", "yes")
    assert table.formulas == {2: [4]}
    assert "last showed" in table.notes[0]


def _repacked(sent: bytes, sheet: bytes = b"", **parts: bytes) -> bytes:
    """The same archive with other parts, and another sheet."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sent)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for each in old.infolist():
            other = sheet and "sheet1.xml" in each.filename
            new.writestr(each.filename, sheet if other else old.read(each))
        for name, part in parts.items():
            new.writestr(name, part)
    return out.getvalue()


SHEET = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>'
FAR = b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'


async def test_a_workbook_that_unpacks_to_too_much_is_not_opened() -> None:
    good = samples.xlsx_file([["Name"], ["x" * 30_000]])
    shared = SHEET % (b'<row r="1">' + b'<c t="s"><v>1</v></c>' * 20_000 + b"</row>")
    for sent in (
        _repacked(good, **{"xl/media/zeros.bin": b"\0" * 60_000_000}),
        _repacked(good, sheet=SHEET % FAR),
        _repacked(good, sheet=SHEET % FAR.replace(b"XFD", b"xfd").replace(b'r="', b'r = "')),
        _repacked(good, sheet=SHEET % (b'<row r="20000"/>' + b"<row/><row><c><v>1</v></c></row>")),
        _repacked(good, sheet=SHEET % (b'<row r="1">' + b'<c r="A1"/>' * 1_000_001 + b"</row>")),
        _repacked(good, sheet=shared),
        _repacked(good, **{f"xl/media/{n}": b"" for n in range(1_001)}),
    ):
        assert len(sent) < 1_000_000
        with pytest.raises(Refused) as caught:
            await import_reading.read(sent)
        assert caught.value.codes == {"too_much"}


@pytest.mark.parametrize(
    "tags",
    [
        b"<c" + b' r="A1"' * 400_000,
        b"<c" + b' t="s"' * 400_000,
        b'<c r="A1"' + b" " * 2_000_000,
        b"<c>" * 400_000,
        b'<row r="' + b"9" * 5_000 + b'">',
    ],
)
async def test_no_workbook_takes_long_to_be_refused(tags: bytes) -> None:
    sent = _repacked(samples.xlsx_file([["Name"], ["Alma"]]), sheet=SHEET % tags)
    began = process_time()
    with pytest.raises(Refused):
        await import_reading.read(sent)
    assert process_time() - began < 5


async def test_a_part_that_lies_about_its_size_is_damage() -> None:
    sent = bytearray(
        _repacked(samples.xlsx_file([["Name"], ["x"]]), **{"xl/media/zeros.bin": b"\0" * 60_000_000})
    )
    for at in range(len(sent) - 4):
        if sent[at : at + 4] == (60_000_000).to_bytes(4, "little"):
            sent[at : at + 4] = (1_000).to_bytes(4, "little")
    with pytest.raises(Refused) as caught:
        await import_reading.read(bytes(sent))
    assert caught.value.codes == {"broken"}


async def test_a_workbook_with_entities_is_not_read() -> None:
    laughs = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    with pytest.raises(Refused) as caught:
        await import_reading.read(
            _repacked(samples.xlsx_file([["Name"], ["x"]]), sheet=laughs + SHEET % b"&b;")
        )
    assert caught.value.codes == {"broken"}


async def test_half_a_workbook_is_damage() -> None:
    sent = samples.xlsx_file([list(samples.GOOD), list(samples.GOOD.values())])
    for part in (sent[: len(sent) // 2], sent[:-30], _repacked(sent, sheet=b"<worksheet><sheetData><row")):
        with pytest.raises(Refused):
            await import_reading.read(part)


@pytest.mark.parametrize("key", [each.key for each in import_fields.FIELDS])
@pytest.mark.parametrize(
    "cell", ["1" + " " * 9_990 + "x", "(" * 9_999, "1-" * 4_999 + "x", "a (" + "b, " * 3_000]
)
def test_no_cell_takes_long_to_be_refused(key: str, cell: str) -> None:
    began = process_time()
    import_rows.read_row(2, ["Alma", cell], ["Name", "Other"], ["name", key if key != "name" else "headline"])
    assert process_time() - began < 1


def test_a_thousand_rows_are_read_and_decided_in_a_moment() -> None:
    """Half a second, as measured; a list may have five thousand, and somebody waits for its preview."""
    known, zips = Known([]), {"33101": MIAMI}
    began = process_time()
    for n in range(1_000):
        assert import_rules.decide(read(samples.row(n), n), known, zips).outcome == "new"
    assert process_time() - began < 3


def test_a_cell_that_is_far_too_long_is_a_fault_of_its_row() -> None:
    found = decide(samples.row(1, City="Miami" * 10_000))
    assert found.outcome == "refused"
    assert said(found).startswith("City|MiamiMiami")
    assert "This cell holds 50,000 characters" in said(found)


def test_a_draft_has_a_field_for_every_column_that_is_one() -> None:
    plain = {each.key for each in import_fields.FIELDS if not each.numbered}
    assert set(Draft.__dataclass_fields__) <= plain
