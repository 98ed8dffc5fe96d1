"""Cells and layouts that lists of offices also have: nothing is said that nobody said, nothing is lost unsaid."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from circles import sheets
from circles.base.errors import Refused
from circles.directory.imports import fields, guessing, rows
from circles.directory.imports.reading import fees, names, quantities, readers
from circles.directory.imports.rules import Known, decide
from circles.directory.listing import places
from circles.directory.listing.values import Draft
from tests.cast import Cast
from tests.conftest import OpenBrowser
from tests.directory import import_helpers as samples
from tests.directory.test_import import previewed

HEADINGS = ("Name", "License type", "License state", "License #")
GOOD = ("Ada Osei", "LCSW", "NC", "C012345")


def read(heading: str, cell: str) -> tuple[Draft | None, list[str]]:
    """A listing whose row has this cell beside good ones; and the columns of its faults and warnings."""
    row = samples.read_cells([*GOOD, cell], [*HEADINGS, heading])
    zip_ = row.given.get("zip", "")
    decision = decide(row, Known(()), {zip_: places.find(zip_)})
    return decision.draft, [line["column"] for line in (*decision.faults, *decision.warnings)]


def given(key: str, cell: str, heading: str = "Other") -> dict[str, Any]:
    """What one cell gives as this field."""
    return samples.read_cells([*GOOD, cell], [*HEADINGS, heading], [
        "name", "license_kind_1", "license_area_1", "license_number_1", key,
    ]).given  # fmt: skip


def table(*lines: Sequence[str]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(lines)
    return out.getvalue().encode()


async def drafts(sent: bytes) -> list[Draft]:
    read_rows = samples.read_rows(await samples.read_table(sent))
    decided = [decide(row, Known(()), {}) for row in read_rows]
    return [one.draft for one in decided if one.draft]


def test_every_field_is_read() -> None:
    examples = {
        "meets": "both",
        "currency": "EUR",
        "fee": "150",
        "licenses": "LCSW NC 12345",
        "ways": "IFS",
        "license_status": "Active",
        "license_source": "https://example.org",
        "way": "IFS",
        "credential": "SEP",
        "year": "2019",
        "insurance_words": "Aetna",
        "npi": "1234567893",
    }
    for field in fields.FIELDS:
        key = f"{field.key}_2" if field.numbered else field.key
        own = key if key != "name" else "first_name"
        cell = examples.get(field.key) or field.example or "Some words"
        row = samples.read_cells(["Ada Osei", cell], ["Name", "Other"], ["name", own])
        has_more = set(row.given) - {"name"} or row.licenses or row.ways or row.faults or row.warnings
        assert has_more or own in ("first_name", "last_name"), key


@pytest.mark.parametrize(
    ("heading", "cell", "room"),
    [
        ("Waitlist", "Y", "waiting"),
        ("Waitlist", "no", ""),
        ("Wait list?", "3 months", "waiting"),
        ("Waitlist", "full", "closed"),
        ("Accepting?", "0 spots", "closed"),
        ("Accepting?", "2 spots", "now"),
        ("Accepting?", "yes, but not until March", ""),
        ("Accepting?", "Yes/No", ""),
        ("Accepting?", "no answer", ""),
        ("Accepting?", "on sabbatical", "closed"),
        ("Accepting?", "currently full", "closed"),
        ("Accepting?", "yes, no waitlist", "now"),
        ("Accepting?", "✓", "now"),
        ("Accepting?", "☐", "closed"),
        ("Accepting?", "ask", ""),
    ],
)
def test_room_is_what_the_column_asks(heading: str, cell: str, room: str) -> None:
    draft, lines = read(heading, cell)
    assert draft is not None
    assert (draft.room, lines) == (room, [] if room else [heading])


@pytest.mark.parametrize(
    ("cell", "takes", "superbills"),
    [
        ("Aetna, BCBS, self-pay", True, False),
        ("Aetna, does not take Medicare", True, False),
        ("Medicaid (NJ FamilyCare)", True, False),
        ("Aetna, OON for others", True, False),
        ("not in network", False, False),
        ("Not accepting insurance", False, False),
        ("cash, credit card", False, False),
        ("Out-of-network; can provide superbill", False, True),
        ("superbill", None, True),
        ("No superbills", None, False),
        ("No Medicaid", None, False),
        ("call", None, False),
        ("pending", None, False),
        ("BCBS (pending)", None, False),
        ("Venmo, Zelle", None, False),
        ("sliding scale", None, False),
    ],
)
def test_insurance_says_yes_only_of_an_insurer(cell: str, takes: bool | None, superbills: bool) -> None:
    draft, _ = read("Ins.", cell)
    assert draft is not None
    assert (draft.takes_insurance, draft.gives_superbills) == (takes, superbills)


@pytest.mark.parametrize(
    ("cell", "lowest", "highest", "floor"),
    [
        ("$180/50", 180, 180, None),
        ("$180/50-min", 180, 180, None),
        ("150 (as of 2025)", 150, 150, None),
        ("$160 eff. 1/1/2026", 160, 160, None),
        ("$150 (1st session $200)", 150, 200, None),
        ("$150/hour; $75/half hour", 150, 150, None),
        ("90837: $180", 180, 180, None),
        ("$150 ($90 sliding)", 150, 150, 90),
        ("$150, 15 minute free consultation", 150, 150, None),
        ("$50 group, $150 individual", 150, 150, None),
    ],
)
def test_a_fee_is_that_of_an_hour(cell: str, lowest: int, highest: int, floor: int | None) -> None:
    fee = fees.fee(cell, "USD")
    assert (fee.lowest, fee.highest, fee.floor) == (lowest * 100, highest * 100, floor and floor * 100)


@pytest.mark.parametrize(
    "cell",
    [
        "$1200/month",
        "$2,500 package of 3",
        "$30 copay",
        "$50 group",
        "up to 200",
        "$15O",
        "call 973-555-0100",
    ],
)
def test_another_amount_is_no_fee(cell: str) -> None:
    with pytest.raises(Refused):
        fees.fee(cell, "USD")


def test_no_sliding_scale_is_none() -> None:
    fee = fees.fee("$200 (no sliding scale)", "USD")
    assert (fee.lowest, fee.slides, fee.says_none) == (20_000, False, True)
    slides = [given("sliding_floor", cell) for cell in ("1", "0", "N", "60")]
    assert [(values.get("fee_slides"), values.get("sliding_floor")) for values in slides] == [
        (True, None),
        (False, None),
        (False, None),
        (None, 6_000),
    ]


@pytest.mark.parametrize(
    ("cell", "phone", "is_warned"),
    [
        ("P: 973-555-0100 / F: 973-555-0101", "973-555-0100", True),
        ("Fax: 973-555-0101; Phone: 973-555-0100", "973-555-0100", True),
        ("(973) 555-0100 / (973) 555-0101 (fax)", "(973) 555-0100", True),
        ("fax 973-555-0101", "", True),
        ("call office", "", True),
        ("none", "", True),
        ("12345", "", True),
        ("9735550100.0", "9735550100", False),
        ("1-800-FLOWERS", "1-800-FLOWERS", False),
        ("w: 973-555-0100 h: 973-555-0199", "w: 973-555-0100 h: 973-555-0199", False),
    ],
)
def test_a_telephone_is_no_fax_and_no_remark(cell: str, phone: str, is_warned: bool) -> None:
    draft, lines = read("Ph#", cell)
    assert draft is not None
    assert (draft.phone, bool(lines)) == (phone, is_warned)


def test_a_telephone_and_a_mail_address_of_one_cell_are_kept_apart() -> None:
    draft, _ = read("Phone/Email", "973-555-0100 ada@example.org")
    assert draft is not None
    assert (draft.phone, draft.email) == ("973-555-0100", "ada@example.org")


@pytest.mark.parametrize(
    ("cell", "name", "letters"),
    [
        ("JACK MA", "JACK MA", ""),
        ("Kim, Do", "Do Kim", ""),
        ("Mai Le, DO", "Mai Le", "DO"),
        ("Ada Osei - LCSW", "Ada Osei", "LCSW"),
        ("Ada Osei\nLCSW", "Ada Osei", "LCSW"),
        ("Osei, Ada; LCSW", "Ada Osei", "LCSW"),
        ("Osei, Ada (LCSW)", "Ada Osei", "LCSW"),
        ("Ada Osei, LCSW, LLC", "Ada Osei", "LCSW, LLC"),
        ("PhD, Ada Osei", "Ada Osei", "PhD"),
        ("1. Ada Osei", "Ada Osei", ""),
        ("Ada Osei, Founder", "Ada Osei", ""),
        ("Ada Osei <ada@example.org>", "Ada Osei", ""),
        ("Ada Osei, LCSW (NC, VA)", "Ada Osei", "LCSW"),
        ("Osei, Ada, MSW, LCSW, she/her", "Ada Osei", "MSW, LCSW"),
    ],
)
def test_a_name_is_the_name_alone(cell: str, name: str, letters: str) -> None:
    parts = names.read(cell)
    assert (parts.name, parts.letters) == (name, letters)


def test_what_stands_beside_a_name_is_named() -> None:
    assert read("Name", "")[1] == []
    row = samples.read_cells(["Ada Osei (retired)"], ["Name"], ["name"])
    assert [line["says"] for line in row.warnings] == ["“retired” beside the name is left out."]


@pytest.mark.parametrize("cell", ["Ada Osei, Ben Osei", "Example: Doe, Jane"])
def test_two_people_and_an_example_are_refused(cell: str) -> None:
    with pytest.raises(Refused):
        names.read(cell)


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("6/30/2033-6/30/2035", date(2035, 6, 30)),
        ("6/30/33 to 6/30/35", date(2035, 6, 30)),
        ("Last renewed 3/1/2024; exp 3/1/2036", date(2036, 3, 1)),
        ("06302035", date(2035, 6, 30)),
        ("6／30／2035", date(2035, 6, 30)),
        ("Jun-35", date(2035, 6, 30)),
        ("2035-06-30 00:00:00", date(2035, 6, 30)),
        ("renewed 2025", None),
        ("issued 6/30/2019", None),
        ("renewed 6/30/2035", date(2035, 6, 30)),
        ("Q2 2035", None),
        ("renews Oct 31", None),
        ("6/30/2035 (NC); 1/31/2036 (VA)", None),
    ],
)
def test_a_day_is_the_last_of_the_license(cell: str, day: date | None) -> None:
    if day is None:
        with pytest.raises(Refused):
            quantities.day(cell)
    else:
        assert quantities.day(cell) == day


def test_an_expired_license_does_not_count() -> None:
    draft, lines = read("Lic exp", "EXPIRED")
    assert (draft, lines) == (None, ["Lic exp"])


@pytest.mark.parametrize(
    "cell",
    [
        "LCSW C012345 (NC) exp 6/30/37",
        "LCSW #C012345, North Carolina; expires June 30, 2037",
        "LCSW-NC-C012345 (exp 06/30/2037)",
        "NC LCSW #C012345 exp. 6/30/2037",
        "LCSW C012345, exp 6/30/2037 NC",
    ],
)
def test_a_license_of_one_cell_is_taken_apart(cell: str) -> None:
    row = samples.read_cells(
        ["Ada", cell.replace("; exp", ", exp")], ["Name", "License"], ["name", "licenses"]
    )
    assert [parts for _, parts in row.licenses] == [
        {"kind": "lcsw", "area": "NC", "number": "C012345", "expires_on": date(2037, 6, 30)}
    ], row.faults


def test_several_licenses_of_one_cell_are_read() -> None:
    for cell in ("LCSW: C012345 (NC), 0904001 (VA)", "NC: LCSW C012345 / VA: LCSW 0904001"):
        row = samples.read_cells(["Ada", cell], ["Name", "License"], ["name", "licenses"])
        assert [(parts["area"], parts["number"]) for _, parts in row.licenses] == [
            ("NC", "C012345"),
            ("VA", "0904001"),
        ]


def test_a_license_takes_its_state_from_another_column() -> None:
    cells = ["Ada", "LCSW C012345", "NC"]
    keys, _ = guessing.guess(["Name", "License", "State"], [cells])
    row = samples.read_cells(cells, ["Name", "License", "State"], keys)
    assert keys[1] == "licenses"
    assert [parts["area"] for _, parts in row.licenses] == ["NC"]


@pytest.mark.parametrize("cell", ["pending", "none", "see attached", "applied"])
def test_words_are_no_license_number(cell: str) -> None:
    row = samples.read_cells(["Ada Osei", "LCSW", "NC", cell], HEADINGS)
    assert row.faults


def test_a_number_is_parted_from_its_state_and_day() -> None:
    row = samples.read_cells(["Ada Osei", "LCSW", "", "C012345 (NC) exp 6/30/37"], HEADINGS)
    assert [parts for _, parts in row.licenses] == [
        {"kind": "lcsw", "area": "NC", "number": "C012345", "expires_on": date(2037, 6, 30)}
    ]
    row = samples.read_cells(["Ada Osei", "LCSW", "VA", "C012345 (NC)"], HEADINGS)
    assert "The number is of NC" in row.faults[0]["says"]


@pytest.mark.parametrize(
    "cell", ["LCSW-A", "LPCA", "LCMHC-A", "MFT intern", "PhD candidate", "LCSW (supervised)", "AMFT"]
)
def test_a_license_in_training_is_no_license(cell: str) -> None:
    assert names.kind_of(cell) == ""
    row = samples.read_cells(["Ada Osei", cell, "NC", "C1234"], HEADINGS)
    assert "license in training" in row.faults[0]["says"]


def test_ways_are_names_of_ways() -> None:
    notes = readers.Notes("ways")
    assert [way.school or way.way for way in readers.ways("IFS; see website", notes)] == ["ifs"]
    assert notes.warnings == ["“see website” is no way of working."]
    with pytest.raises(Refused):
        readers.ways("varies", readers.Notes("ways"))
    keys, _ = guessing.guess(["Name", "Modality"], [["Ada", "Telehealth"], ["Ben", "In person / telehealth"]])
    assert keys == ["name", "meets"]


@pytest.mark.parametrize(
    ("cell", "values"),
    [
        ("Asheville / Online", {"city": "Asheville", "telehealth": True}),
        ("Virtual (NC, VA)", {"telehealth": True}),
        ("28801", {"zip": "28801"}),
        ("NC", {"area": "NC"}),
        ("Asheville, Durham", {"city": "Asheville"}),
        ("Statewide", {}),
    ],
)
def test_a_place_is_what_the_cell_names(cell: str, values: dict[str, Any]) -> None:
    read_values = given("city", cell)
    assert {
        key: read_values[key] for key in ("city", "area", "zip", "telehealth") if key in read_values
    } == values


def test_a_state_that_has_no_room_is_named() -> None:
    assert read("State", "NC/VA")[1] == ["State"]
    assert [
        given("area", cell).get("area") for cell in ("North Carolina (NC)", "NC only", "N. Carolina")
    ] == ["NC"] * 3


def test_the_first_five_links_are_taken() -> None:
    draft, lines = read("Web", " ".join(f"https://{letter}.example.org" for letter in "abcdefg"))
    assert draft is not None
    assert (len(draft.links), lines) == (5, ["Web"])
    assert given("links", "https://example.org/a,b")["links"] == ("https://example.org/a,b",)


@pytest.mark.parametrize(
    "heading",
    ["$/session", "Cost/hr", "Fee in USD", "Fee per 50 min", "Self-pay", "Rate ($/hr)", "Price ($)"],
)
def test_a_heading_of_a_fee_is_known(heading: str) -> None:
    assert guessing.guess([heading])[0] == ["fee"]


def test_headings_are_guessed_by_their_neighbors() -> None:
    assert guessing.guess(["Name", "License", "Number", "State"])[0][2] == "license_number_1"
    assert guessing.guess(["Suffix", "Credentials"])[0] == ["", "letters"]
    assert guessing.guess(["State(s) Licensed", "Payment", "Waitlist"])[0] == ["license_area_1", "", "room"]


async def test_states_over_groups_of_rows_are_the_states_of_the_licenses() -> None:
    sent = table(
        ("Name", "Type", "Lic #", "Email"),
        ("North Carolina", "", "", ""),
        ("Ada Osei", "LCSW", "C12345", ""),
        ("(new)", "", "", ""),
        ("Ben Osei", "LCSW", "C12346", ""),
        ("Virginia Providers", "", "", ""),
        ("Cy Osei", "LPC", "0701", ""),
    )
    assert (await samples.read_table(sent)).headings[-1] == sheets.GROUP
    assert [draft.licenses[0].area for draft in await drafts(sent)] == ["NC", "NC", "VA"]


async def test_a_list_without_headings_loses_no_row() -> None:
    sent = table(("Ada Osei", "LCSW", "ada@example.org"), ("Ben Osei", "LPC", "ben@example.org"))
    read_table = await samples.read_table(sent)
    assert (read_table.heading, read_table.headings, len(read_table.rows)) == (
        sheets.NO_HEADINGS,
        ("Column A", "Column B", "Column C"),
        2,
    )
    chosen = await samples.read_table(sent, sheets.Choice(heading=1))
    assert (chosen.headings[0], len(chosen.rows)) == ("Ada Osei", 1)


async def test_a_second_person_in_a_row_is_not_mixed_with_the_first() -> None:
    headings = ("Name", "License", "Lic #", "State", "Name", "License", "Lic #", "State")
    sent = table(headings, ("Ada Osei", "LCSW", "C1234", "NC", "Ben Osei", "LPC", "9876", "VA"))
    assert [len(draft.licenses) for draft in await drafts(sent)] == [1]
    assert "second person" in guessing.notes(headings)[0]


async def test_rows_that_begin_like_a_sum_stay() -> None:
    sent = table(
        ("Name", "Licenses", "Email"),
        ("(Last, First)", "(type)", ""),
        ("*Ada Osei", "LCSW NC C01234", "ada@example.org"),
        ("Count Basie", "LPC NC 12345", ""),
        ("Total", "2", ""),
    )
    assert [row.number for row in (await samples.read_table(sent)).rows] == [3, 4]


async def test_dos_letters_are_recognized() -> None:
    sent = "Name;Lic. no.\nZoë Müller;C1\n".encode("cp850")
    assert (await samples.read_table(sent)).rows[0].cells[0] == "Zoë Müller"


def test_a_form_that_nobody_filled_in_says_nothing() -> None:
    row = samples.read_cells([*GOOD, "Yes/No"], [*HEADINGS, "Telehealth"])
    assert "telehealth" not in row.given
    assert isinstance(row, rows.Read)


async def test_the_warnings_at_the_top_are_of_rows_that_come_in(cast: Cast, browser: OpenBrowser) -> None:
    headings = ("Name", "License type", "License state", "License #", "Phone", "Waitlist", "Lic exp")
    sent = table(
        headings,
        ("Ada Osei", "LCSW", "NC", "C1234", "call office", "Y", "6/30/2037"),
        ("Ben Osei", "LCSW-A", "NC", "C1235", "text only", "Y", "6/30/2037"),
    )
    async with browser(cast.odile) as page:
        preview = await previewed(page, sent)
        text = (await page.get(f"{preview}?show=new")).text
        assert "1 warning, in 1 row" in text
        assert "call office" in text
        assert "text only" not in text
        assert "Has a waiting list" in text
        assert "text only" in (await page.get(f"{preview}?show=refused")).text
