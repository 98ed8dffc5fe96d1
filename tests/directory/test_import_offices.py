"""Lists as offices keep them: nearly every row comes in undamaged, with at most a warning a row."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from circles.directory.imports import rules as import_rules
from circles.directory.imports.rules import Decision, Known
from circles.directory.listing import places
from circles.sheets import Choice
from tests.directory import import_helpers as samples
from tests.directory import office_lists
from tests.directory.office_lists import Office


async def decisions(sent: bytes, choice: Choice | None = None) -> list[Decision]:
    """Every row of a file, read by the columns as they are guessed, with an empty directory."""
    table = await samples.read_table(sent, choice)
    rows = samples.read_rows(table)
    same = import_rules.rows_of_same_therapist(rows, Known(()))
    zips = {row.given.get("zip", ""): places.find(row.given.get("zip", "")) for row in rows}
    return [import_rules.decide(row, Known(()), zips, same.get(row.number, ())) for row in rows]


@pytest.mark.parametrize("make", office_lists.OFFICES, ids=lambda make: make.__name__)
async def test_a_list_of_an_office_comes_in(make: Callable[[], Office]) -> None:
    office = make()
    decided = await decisions(office.sent)
    drafts = [one.draft for one in decided if one.draft]
    faults = [fault for one in decided for fault in one.faults]
    warnings = [one.warnings for one in decided]
    assert ([draft.name for draft in drafts], len(decided) - len(drafts)) == (
        list(office.names),
        office.refused,
    ), faults
    assert [len(lines) for lines in warnings if len(lines) > 1] == [], warnings
    assert sum(map(bool, warnings)) == office.warned, warnings
    assert {name: getattr(drafts[0], name) for name in office.values} == office.values


async def test_the_values_of_the_semicolon_list_are_not_damaged() -> None:
    drafts = [one.draft for one in await decisions(office_lists.semicolons().sent) if one.draft]
    ends = [str(draft.licenses[0].expires_on) for draft in drafts]
    assert ends == [
        "2035-12-31",
        "2035-12-31",
        "2035-06-30",
        "2035-06-30",
        "2035-12-31",
        "2035-06-30",
        "2035-03-31",
        "2035-12-31",
    ]
    fees = [(draft.fee_minimum, draft.fee_maximum) for draft in drafts]
    assert fees == [(None, None), (17_500, 17_500), (20_000, 20_000), (18_000, 18_000), (15_000, 20_000),
                    (15_000, 15_000), (1_250, 1_250), (22_000, 22_000)]  # fmt: skip
    kinds = [
        (draft.licenses[0].kind, draft.licenses[0].area, draft.licenses[0].number) for draft in drafts[:4]
    ]
    assert kinds == [("lcsw", "NJ", "NJ-10000"), ("psychologist", "NJ", "NJ-10001"), ("psychologist", "NJ", "NJ-10002"),
                     ("lmft", "NJ", "NJ-10003")]  # fmt: skip
    ways = [[way.school or way.way for way in draft.ways] for draft in drafts[:4]]
    assert ways == [["ifs", "se"], ["kap", "ifs"], ["emdr", "Hakomi"], ["act", "mindfulness"]]
    insurance = [
        (draft.takes_insurance, draft.insurance_words, draft.gives_superbills) for draft in drafts[:4]
    ]
    assert insurance == [(True, "Aetna, BCBS", False), (False, "out of network only", False),
                         (False, "None - self pay", False), (None, "", True)]  # fmt: skip
    assert (drafts[2].for_whom, drafts[2].works_with) == (("veterans",), ("trauma",))


async def test_a_number_keeps_what_its_format_shows() -> None:
    decided = await decisions(office_lists.second_sheet().sent)
    assert [one.draft.licenses[0].number for one in decided if one.draft][:2] == ["SW001234", "SW001235"]
    assert all(str(one.draft.licenses[0].expires_on) == "2035-06-30" for one in decided if one.draft)


async def test_days_are_read_in_both_reckonings() -> None:
    for office, day in (
        (office_lists.days_since_1904(), "2035-01-31"),
        (office_lists.serial_days(), "2035-06-30"),
    ):
        ends = {str(one.draft.licenses[0].expires_on) for one in await decisions(office.sent) if one.draft}
        assert ends == {day}


async def test_hidden_rows_are_named_and_may_be_chosen() -> None:
    office = office_lists.hidden_rows()
    table = await samples.read_table(office.sent)
    assert "Left out, as the workbook hides them: row 4 “Zoë Goldberg”." in table.notes
    assert (table.hidden_rows, table.hidden_columns) == (1, frozenset({4}))
    assert len(await decisions(office.sent, Choice(hidden_rows=True))) == 5


async def test_what_is_no_row_of_a_person_is_named() -> None:
    notes = (await samples.read_table(office_lists.semicolons().sent)).notes
    assert "we read it as Windows Latin" in notes[0]
    assert "row 1 “Colleagues of the river valley – updated" in notes[1]
    assert "row 8 “-- Upstream --”, row 13 “Total: 8”" in notes[2]


async def test_several_licenses_of_a_cell_are_kept_apart() -> None:
    drafts = [one.draft for one in await decisions(office_lists.two_states().sent) if one.draft]
    licenses = [
        [(each.kind, each.area, each.number, str(each.expires_on)) for each in draft.licenses]
        for draft in drafts
    ]
    assert licenses == [
        [("lcsw", "CA", "777", "2035-06-30"), ("lcsw", "NV", "888", "2035-07-31")],
        [("lpc", "NC", "PC 1", "2035-12-31")],
        [("lmft", "WA", "LMFT 11", "None"), ("lmhc", "WA", "LMHC 22", "None")],
    ]


async def test_a_column_that_says_license_is_read_by_what_it_holds() -> None:
    heading = b"Name,License,State,E-mail\n"
    whole = await decisions(
        heading + b"Ann Lee,LCSW FL SW1,FL,a@example.org\nBob Ray,LMFT GA #MT2,GA,b@example.org\n"
    )
    assert [one.draft.licenses[0].number for one in whole if one.draft] == ["SW1", "MT2"]
    numbers = await decisions(
        heading.replace(b"License", b"Cred,License") + b"Ann Lee,LCSW,SW1,FL,a@example.org\n"
    )
    assert [one.draft.licenses[0].kind for one in numbers if one.draft] == ["lcsw"]


async def test_a_copy_of_a_row_is_taken_once() -> None:
    rows = [samples.row(1), samples.row(2), samples.row(1)]
    decided = await decisions(samples.csv_file(rows))
    assert [one.outcome for one in decided] == ["new", "new", "refused"]
    assert "Row 2 says the same in every column" in decided[2].faults[0]["says"]
