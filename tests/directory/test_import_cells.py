"""Cells as people fill them in, each with the value that is right: names, days, fees, ways, insurance, addresses."""

from __future__ import annotations

from decimal import Decimal
from time import process_time
from typing import Any

import pytest

from circles import sheets
from circles.base.errors import Refused
from circles.directory.imports.reading import cells, fees, insurance, names, quantities, readers
from circles.directory.imports.reading.cells import Notes
from circles.sheets import formats, is_shortened


@pytest.mark.parametrize(
    ("cell", "name", "letters", "pronouns"),
    [
        ("Patel, José", "José Patel", "", ""),
        ("Patel,José, LCSW", "José Patel", "LCSW", ""),
        ("Renée Müller", "Renée Müller", "", ""),
        ("Dr. Jane Doe", "Jane Doe", "", ""),
        ("Doe, Dr. Jane", "Jane Doe", "", ""),
        ("Jane Doe, Ph.D., LCSW", "Jane Doe", "Ph.D., LCSW", ""),
        ("Jane A. Doe PhD", "Jane A. Doe", "PhD", ""),
        ("Jane Doe-Smith, MA, LPC, NCC", "Jane Doe-Smith", "MA, LPC, NCC", ""),
        ("DOE, JANE", "JANE DOE", "", ""),
        ("Ma, Yo", "Yo Ma", "", ""),
        ("Do, Linh", "Linh Do", "", ""),
        ("Jane Doe (she/they)", "Jane Doe", "", "she/they"),
        ("Jane Doe, she/her", "Jane Doe", "", "she/her"),
        ('Jane "JJ" Doe', 'Jane "JJ" Doe', "", ""),
        ("de la Cruz, Ana María", "Ana María de la Cruz", "", ""),
        ("Smith, John, III", "John Smith III", "", ""),
        ("King Jr., Martin", "Martin King Jr.", "", ""),
        ("St. John, Mary", "Mary St. John", "", ""),
        ("An Do MD", "An Do", "MD", ""),
        ("Harbor Wellness, LLC", "Harbor Wellness", "LLC", ""),
        ("Jane Doe, Licensed Clinical Social Worker", "Jane Doe", "Licensed Clinical Social Worker", ""),
        ("Jane Doe, CHTP", "Jane Doe", "CHTP", ""),
        ("Ortega y Gasset, José", "José Ortega y Gasset", "", ""),
        ("Jane Doe*", "Jane Doe", "", ""),
    ],
)
def test_a_name_is_written_as_people_say_it(cell: str, name: str, letters: str, pronouns: str) -> None:
    assert names.read(cell) == names.Name(name, letters, pronouns)


@pytest.mark.parametrize(
    "cell", ["Ann Lee & Bob Ray", "Doe, Jane and John", "Jane Doe\nJohn Roe", "Ann Lee / Bob Ray"]
)
def test_two_people_in_a_cell_are_refused(cell: str) -> None:
    with pytest.raises(Refused) as caught:
        names.read(cell)
    assert caught.value.codes == {"two_people"}


@pytest.mark.parametrize(
    ("letters", "kind"),
    [
        ("LCSW", "lcsw"),
        ("Psy.D., ABPP", "psychologist"),
        ("PhD, LPC", "lpc"),
        ("LPC, CADC", "lpc"),
        ("PMHNP-BC", "pmhnp"),
        ("LCSW-R", "lcsw"),
        ("M.D.", "psychiatrist"),
        ("LMSW", ""),
        ("CADC", ""),
        ("", ""),
    ],
)
def test_letters_say_the_kind_of_a_license(letters: str, kind: str) -> None:
    assert names.kind_of(letters) == kind


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("12/2027", "2027-12-31"), ("6/30/27", "2027-06-30"), ("31.12.2026", "2026-12-31"), ("46752", "2027-12-31"),
        ("2027-06-30", "2027-06-30"), ("6/27", "2027-06-30"), ("Dec-27", "2027-12-31"), ("December 2027", "2027-12-31"),
        ("31 Dec 2027", "2027-12-31"), ("2027", "2027-12-31"), ("exp 2025", "2025-12-31"), ("exp. 6/27", "2027-06-30"),
        ("20271231", "2027-12-31"), ("2027/6/30", "2027-06-30"), ("6-30-27", "2027-06-30"),
        ("Jun 30 '27", "2027-06-30"),
        ("06/30/2027 12:00:00 AM", "2027-06-30"), ("2027-06-30 00:00:00", "2027-06-30"), ("30JUN2027", "2027-06-30"),
        ("renewed 6/30/2027", "2027-06-30"), ("03.04.2027", "2027-04-03"), ("13/6/2027", "2027-06-13"),
        ("1st of May 2028", "2028-05-01"), ("6/30/2025-6/30/2027", "2027-06-30"), ("2/2028", "2028-02-29"),
        ("12/31", ""), ("9/30", ""), ("2/30/2027", ""), ("13/13/2027", ""), ("soon", ""), ("99999", ""),
        ("1/2/3/4", ""),
    ],
)  # fmt: skip
def test_days_of_many_kinds(cell: str, day: str) -> None:
    if day:
        assert str(quantities.day(cell)) == day
    else:
        with pytest.raises(Refused):
            quantities.day(cell)


def test_a_column_decides_whether_the_day_comes_first() -> None:
    assert sheets.days.is_day_first(["3/4/2027", "31/12/2027"])
    assert not sheets.days.is_day_first(["3/4/2027", "12/31/2027"])
    assert str(quantities.day("3/4/2027", day_first=True)) == "2027-04-03"
    assert str(quantities.day("3/4/2027")) == "2027-03-04"


@pytest.mark.parametrize(
    ("cell", "lowest", "highest", "floor", "currency", "slides", "left"),
    [
        ("$180/50min", 180, 180, None, "USD", False, False),
        ("150-200", 150, 200, None, "", False, False),
        ("12,50", 12.5, 12.5, None, "", False, False),
        ("$150/hr", 150, 150, None, "USD", False, False),
        ("200,00 $", 200, 200, None, "USD", False, False),
        ("$1,200", 1200, 1200, None, "USD", False, False),
        ("sliding from 90", None, None, 90, "", True, False),
        ("150 to 200 sliding to 80", 150, 200, 80, "", True, False),
        ("Sliding Scale $60-$120", 120, 120, 60, "USD", True, False),
        ("$90-150 (sliding)", 90, 150, None, "USD", True, False),
        ("sliding scale", None, None, None, "", True, False),
        ("free consult, then $220", 220, 220, None, "USD", False, True),
        ("$150+", 150, 150, None, "USD", False, True),
        ("from $90", 90, 90, None, "USD", False, True),
        ("$250 intake, $175 session", 175, 250, None, "USD", False, False),
        ("€120", 120, 120, None, "EUR", False, False),
        ("CHF 150", 150, 150, None, "CHF", False, False),
        ("C$150", 150, 150, None, "CAD", False, False),
        ("$125 for 45 min", 125, 125, None, "USD", False, False),
        ("45 min/$125", 125, 125, None, "USD", False, False),
        ("1 hour $200", 200, 200, None, "USD", False, False),
        ("$200 (60 min), $100 (30 min)", 200, 200, None, "USD", False, True),
        ("pro bono", 0, 0, None, "", False, False),
    ],
)
def test_fees_of_many_kinds(
    cell: str,
    lowest: float | None,
    highest: float | None,
    floor: int | None,
    currency: str,
    slides: bool,
    left: bool,
) -> None:
    fee = fees.fee(cell, "")
    amounts = [None if amount is None else amount / 100 for amount in (fee.lowest, fee.highest, fee.floor)]
    assert (amounts, fee.currency, fee.slides, bool(fee.left)) == (
        [lowest, highest, floor],
        currency,
        slides,
        left,
    )


@pytest.mark.parametrize(
    "cell",
    [
        "1.500",
        "call",
        "two hundred",
        "15O",
        "$300/90min",
        "90 minutes - $300",
        "$150 or €140",
        "insurance only",
    ],
)
def test_fees_that_are_none_are_left_out(cell: str) -> None:
    with pytest.raises(Refused):
        fees.fee(cell, "")


def test_an_amount_in_another_currency_is_not_taken_for_the_row_s() -> None:
    with pytest.raises(Refused):
        fees.fee("€120", "USD")
    assert fees.fee("$120", "CAD").currency == "CAD"


@pytest.mark.parametrize(
    ("cell", "ways"),
    [
        ("KAP, IFS", ["kap", "ifs"]),
        ("IFS / Somatic Experiencing", ["ifs", "se"]),
        ("ACT & mindfulness", ["act", "mindfulness"]),
        ("EMDR; Hakomi", ["emdr", "Hakomi"]),
        ("CBT, grief", ["CBT", "grief"]),
        ("Acceptance and Commitment Therapy", ["act"]),
        ("IFS; Internal Family Systems", ["ifs"]),
        ("Mind and body", ["Mind and body"]),
        ("• IFS\n• EMDR", ["ifs", "emdr"]),
        ("psychedelic integration, somatics", ["psychedelic integration", "somatics"]),
        ("IFS (Level 2), EMDR", ["ifs", "emdr"]),
    ],
)
def test_ways_of_working_are_kept_apart(cell: str, ways: list[str]) -> None:
    assert [
        way.school if way.way == "other" else way.way for way in readers.ways(cell, Notes("ways"))
    ] == ways


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("yes", {"takes_insurance": True}),
        ("No", {"takes_insurance": False}),
        ("Aetna, BCBS", {"takes_insurance": True, "insurance_words": "Aetna, BCBS"}),
        ("out of network only", {"takes_insurance": False, "insurance_words": "out of network only"}),
        ("None - self pay", {"takes_insurance": False, "insurance_words": "None - self pay"}),
        ("superbill", {"gives_superbills": True}),
        ("Medicaid (NJ FamilyCare)", {"takes_insurance": True, "insurance_words": "Medicaid (NJ FamilyCare)"}),
        ("Aetna; superbills for others", {
            "takes_insurance": True, "insurance_words": "Aetna, superbills for others", "gives_superbills": True}),
    ],
)  # fmt: skip
def test_insurance_says_only_what_it_says(cell: str, expected: dict[str, Any]) -> None:
    assert insurance.read(cell, Notes("takes_insurance")) == expected


@pytest.mark.parametrize(
    ("key", "cell", "value"),
    [
        ("zip", "2116", "02116"), ("zip", "07102-1234", "07102"), ("zip", "71021234", "07102"),
        ("zip", "NJ 07102", "07102"),
        ("email", "Ada <ada@example.org>; office@example.org", "ada@example.org"),
        ("email", "mailto:a@b.org", "a@b.org"),
        ("phone", "+1 973 555 0102 x4", "+1 973 555 0102 x4"), ("phone", "555-0100\n555-0101", "555-0100; 555-0101"),
        ("links", "ada.example.org", ("https://ada.example.org",)),
        ("links", "www.a.org, https://b.org/x;c.org", ("https://www.a.org", "https://b.org/x", "https://c.org")),
        ("room", "yes – 2 spots", "now"), ("room", "waitlist until March", "waiting"),
        ("room", "No (as of 3/1)", "closed"),
        ("license_area", "New Jersey", "NJ"), ("license_area", "Mass.", "MA"), ("license_area", "N.J.", "NJ"),
        ("license_number", "#12345", "12345"), ("license_number", "001234", "001234"),
        ("license_status", "Suspended", "inactive"), ("gives_superbills", "✓", True),
    ],
)  # fmt: skip
def test_cells_of_many_kinds(key: str, cell: str, value: Any) -> None:
    assert readers.READERS[key](cell, Notes(key)) == value


@pytest.mark.parametrize(
    ("key", "cell"),
    [("phone", "9.73556E+09"), ("license_number", "1.23E+11"), ("npi", "1,23457E+09"), ("email", "not-an-email"),
     ("links", "see Facebook"), ("license_kind", "Wizard"), ("license_area", "NC/VA"), ("room", "perhaps")],
)  # fmt: skip
def test_cells_that_cannot_be_read_are_refused(key: str, cell: str) -> None:
    with pytest.raises(Refused):
        readers.READERS[key](cell, Notes(key))


@pytest.mark.parametrize("cell", ["4.08556E+09", "1E5", "9,7E+9"])
def test_a_shortened_number_is_recognized(cell: str) -> None:
    assert is_shortened(cell)
    assert not is_shortened("E12345")


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("Newark, NJ 07102", {"city": "Newark", "area": "NJ", "zip": "07102"}),
        ("123 Main St, Newark, New Jersey", {"city": "Newark", "area": "NJ"}),
        ("San Jose CA", {"city": "San Jose", "area": "CA"}),
        ("Washington, DC", {"city": "Washington", "area": "DC"}),
        ("Newark", {"city": "Newark"}),
    ],
)
def test_a_city_may_bring_its_state(cell: str, expected: dict[str, str]) -> None:
    assert cells.place(cell) == expected


@pytest.mark.parametrize(
    ("number", "code", "shown"),
    [
        ("1234", "000000", "001234"), ("7102", "00000", "07102"), ("71021234", "00000\\-0000", "07102-1234"),
        ("9735550100", "[<=9999999]###\\-####;\\(###\\)\\ ###\\-####", "(973) 555-0100"),
        ("1234", '"NJ-"000000', "NJ-001234"), ("150", "[$€-407] #,##0.00", "€ 150"), ("150", '#,##0 "€"', "€ 150"),
        ("0.5", "0%", "50%"), ("12.5", "0.00", "12.5"), ("1234567", "#,##0", "1234567"),
    ],
)  # fmt: skip
def test_a_number_is_read_as_its_cell_shows_it(number: str, code: str, shown: str) -> None:
    by_style = formats.codes({164: code}, [0, 164])
    assert formats.show(Decimal(number), by_style[1]) == shown if 1 in by_style else number == shown


@pytest.mark.parametrize(
    "text", ["1" * 5_000, "$1 " * 2_000, "1/" * 3_000, "a, " * 3_000, "(" * 5_000, "and " * 2_500]
)
def test_long_cells_take_no_long_time(text: str) -> None:
    began = process_time()
    for read in (names.read, quantities.day, lambda cell: fees.fee(cell, ""), cells.place):
        try:
            read(text)
        except Refused:
            continue
    assert process_time() - began < 1


def test_a_long_cell_is_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("a pattern was tried on it")

    monkeypatch.setattr(quantities.re, "sub", fail)
    with pytest.raises(Refused):
        quantities.whole("- " * 4_000 + "x", 100)
