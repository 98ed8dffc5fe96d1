"""Periods, charts and folding, without a database."""

from __future__ import annotations

import itertools
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circles.base.errors import Refused
from circles.base.reading import Reader
from circles.reports import charts, rules
from circles.reports.funder.folding import fold, plain_total, total
from circles.reports.rules import Period, Selection
from circles.reports.tables import Column, cell_words

TODAY = date(2026, 2, 27)


@pytest.mark.parametrize(
    ("typed", "month"),
    [
        ("2026-03", date(2026, 3, 1)),
        (" 2026-3 ", date(2026, 3, 1)),
        ("3/2026", date(2026, 3, 1)),
        ("March 2026", date(2026, 3, 1)),
        ("mar 2026", date(2026, 3, 1)),
    ],
)
def test_a_month_is_read_as_people_type_it(typed: str, month: date) -> None:
    assert rules.parse_month(typed, "from") == month


@pytest.mark.parametrize(
    "typed", ["", "2026", "2026-13", "2026-00", "soon", "٢٠٢٦-٠٣", "0026-03", "1926-01", "May"]
)
def test_what_is_no_month_is_refused(typed: str) -> None:
    with pytest.raises(Refused):
        rules.parse_month(typed, "from")


def read(**values: str) -> tuple[Selection | None, list[str]]:
    form = Reader({name.rstrip("_"): value for name, value in values.items()})
    return rules.read_selection(form, TODAY), [reason.code for reason in form.reasons]


def test_nothing_chosen_is_half_a_year() -> None:
    selection, refusals = read()
    assert selection is not None
    assert (selection.period, refusals) == (Period(date(2025, 9, 1), date(2026, 2, 1)), [])


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        ({"from_": "2026-03", "to": "2026-01"}, ["period_backwards"]),
        ({"from_": "2000-01", "to": "2099-12"}, ["period_long"]),
        ({"from_": "x", "to": "y"}, ["month_unreadable", "month_unreadable"]),
        (
            {"circle": "x", "format": "y", "place": "z"},
            ["unknown_circle", "unknown_choice", "unknown_choice"],
        ),
    ],
)
def test_every_reason_against_a_selection_at_once(values: dict[str, str], codes: list[str]) -> None:
    assert read(**values) == (None, codes)


def test_the_periods_that_are_offered() -> None:
    offered = {name: period.words for name, period in rules.presets(TODAY)}
    assert offered == {
        "This month": "February 2026",
        "Last month": "January 2026",
        "This quarter": "January to February 2026",
        "Last quarter": "October to December 2025",
        "This year": "January to February 2026",
        "Last year": "January to December 2025",
    }
    over = [period.last for _, period in rules.presets(date(2026, 1, 1), only_past=True)]
    assert over == [date(2025, 12, 1)] * 3  # in January there is no year so far


def test_a_period_has_its_months_and_ends_the_day_after() -> None:
    period = Period(date(2025, 11, 1), date(2026, 2, 1))
    assert (period.words, period.until) == ("November 2025 to February 2026", date(2026, 3, 1))
    assert period.labels == ["Nov 25", "Dec 25", "Jan 26", "Feb 26"]


@given(st.floats(min_value=0, max_value=1e7), st.booleans())
def test_the_scale_of_a_chart_reaches_its_highest_value(highest: float, whole: bool) -> None:
    steps = charts.ticks(highest, whole=whole)
    assert steps[0] == 0
    assert steps[-1] >= highest or steps[-1] == pytest.approx(highest)
    assert 2 <= len(steps) <= 6
    assert not whole or all(step == int(step) for step in steps)


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=1, max_size=36), st.booleans())
def test_columns_are_as_high_as_their_values_and_stay_inside(
    values: list[tuple[int, int]], stacked: bool
) -> None:
    series = [
        charts.Series("One", tuple(float(one) for one, _ in values), "series-1"),
        charts.Series("Other", tuple(float(other) for _, other in values), "series-2"),
    ]
    chart = charts.columns(
        "key", "Title", [str(number) for number in range(len(values))], series, stacked=stacked
    )
    heights = [[box.height for box in chart.boxes if box.kind == one.kind] for one in series]
    # heights are rounded, so the highest column says best what one of them is
    top, unit = max(
        (value, height)
        for one, drawn in zip(series, heights, strict=True)
        for value, height in zip(one.values, drawn, strict=True)
    )
    unit = unit / top if top else 0
    for one, drawn in zip(series, heights, strict=True):
        assert drawn == pytest.approx([value * unit for value in one.values], abs=0.05) or not unit
    assert all(box.x >= 0 and box.x + box.width <= chart.width + 0.1 for box in chart.boxes)
    assert all(box.y >= 0 and box.y + box.height <= chart.height for box in chart.boxes)


@pytest.mark.parametrize(
    ("first", "count"), [(date(2024, 11, 1), 24), (date(2025, 11, 1), 12), (date(2026, 1, 1), 12)]
)
def test_no_label_of_a_month_runs_into_the_next(first: date, count: int) -> None:
    labels = rules.Period(first, rules.add_months(first, count - 1)).labels
    chart = charts.columns("key", "Visits", labels, [charts.Series("Visits", (1.0,) * count)])
    below = [words for words in chart.words if words.text in labels]
    assert len(below) >= 4
    for one, following in itertools.pairwise(below):
        assert following.x - one.x > 7 * (len(one.text) + len(following.text)) / 2


def test_a_chart_of_one_month_says_its_numbers() -> None:
    chart = charts.columns("key", "Visits", ["Oct"], [charts.Series("Visits", (97.0,))])
    assert chart.description == "Oct. Visits: 97."


def test_a_long_name_ends_where_its_chart_does() -> None:
    chart = charts.bars("key", "People", [("L" * 80, 3.0)])
    assert chart.words[0].text == "L" * 63 + "…"
    assert "L" * 80 in chart.description


def test_a_cell_of_a_grid_is_the_darker_the_higher_its_value() -> None:
    chart = charts.grid("key", "Waits", ["6 pm"], ["Mon", "Tue", "Wed"], [[0], [2], [8]])
    assert [(box.kind, box.words) for box in chart.boxes] == [
        ("heat-0", "0"),
        ("heat-2", "2"),
        ("heat-4", "8"),
    ]
    assert chart.description == "Highest: 8, Wed, 6 pm."


@pytest.mark.parametrize(
    ("value", "column", "words"),
    [
        (1200, Column("People", "count", ""), "1,200"),
        (0.455, Column("Filled", "share", ""), "46%"),
        (3750, Column("Paid", "money", "", "USD"), "$37.50"),
        (-2000, Column("Left", "money", "", "USD"), "-$20"),
        (90, Column("Hours", "hours", ""), "1.5"),
        (60_000, Column("Hours", "hours", ""), "1,000"),
        (None, Column("Filled", "share", ""), "–"),
    ],
)
def test_cells_are_written_as_people_write_numbers(value: float | None, column: Column, words: str) -> None:
    assert cell_words(value, column) == words


MONTHS = Period(date(2025, 1, 1), date(2026, 6, 1)).months
# Of each month, who came and how often, by a small number for each person; and who did not, of those booked.
ATTENDED = st.lists(
    st.tuples(
        st.dictionaries(st.integers(0, 15), st.integers(1, 4), max_size=9),
        st.sets(st.integers(0, 15), max_size=7),
    ),
    min_size=len(MONTHS),
    max_size=len(MONTHS),
)
Attended = list[tuple[dict[int, int], set[int]]]


def rows_of(attended: Attended) -> list[dict[str, object]]:
    """As the query gives them: the people of a group where they are few."""
    rows = []
    for month, (came, absent) in zip(MONTHS, attended, strict=True):
        for measure, part, value, who in (
            ("visits", "visits", sum(came.values()), came),
            ("visits", "seats", 24, None),
            ("register", "came", sum(came.values()), came),
            ("register", "absent", len(absent), absent),
        ):
            if who is None or who:
                people = sorted(who) if who and len(who) < 9 else None
                row = {"measure": measure, "part": part, "month": month, "value": value, "people": people}
                rows.append(row | {"is_of_nobody": who is None})
    return rows


@settings(max_examples=20)
@given(ATTENDED)
def test_no_number_and_no_difference_of_two_reports_is_of_fewer_than_five(attended: Attended) -> None:
    """Whoever subtracts one period from another gets sums of whole groups, each of at least five people."""
    said = fold(rows_of(attended), MONTHS)
    ranges = [
        range(first, last + 1)
        for first, last in itertools.combinations_with_replacement(range(len(MONTHS)), 2)
    ]
    visits = {one: total(said.get("visits"), [MONTHS[place] for place in one], "visits") for one in ranges}
    for one, more in visits.items():
        assert more % 5 == 0
        for other, fewer in visits.items():
            if set(other) < set(one):
                # what is left is what the other months say by themselves: subtracting tells nothing new
                rest = [MONTHS[place] for place in one if place not in other]
                assert more - fewer == total(said.get("visits"), rest, "visits")


@settings(max_examples=20)
@given(ATTENDED)
def test_what_is_said_is_of_at_least_five_people_in_each_group(attended: Attended) -> None:
    """Each group that is said, recounted from who came since the one before."""
    said = fold(rows_of(attended), MONTHS)
    for measure, parts in (("visits", ("visits",)), ("register", ("came", "absent"))):
        since: dict[str, list[int]] = {part: [] for part in parts}
        for place, month in enumerate(MONTHS):
            if month.month == 1:
                since = {part: [] for part in parts}
            came, absent = attended[place]
            for part in parts:
                since[part] += (
                    absent if part == "absent" else [who for who, times in came.items() for _ in range(times)]
                )
            groups = {part: who for part, who in since.items() if who}
            is_large = bool(groups) and all(len(set(who)) >= 5 for who in groups.values())
            assert (month in said.get(measure, {})) == is_large
            if is_large:
                assert {part: said[measure][month][part] for part in groups} == {
                    part: len(who) for part, who in groups.items()
                }
                since = {part: [] for part in parts}


def test_a_small_month_is_counted_with_the_next_but_not_over_new_year() -> None:
    def row(month: date, people: list[int]) -> dict[str, object]:
        kept = {"measure": "visits", "part": "visits", "month": month, "is_of_nobody": False}
        return kept | {"value": len(people), "people": people}

    november, december, january = date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 1)
    both = fold([row(november, [1, 2, 3]), row(december, [3, 4, 5, 6])], [november, december])["visits"]
    assert [total(both, [month], "visits") for month in (november, december)] == [0, 5]
    apart = fold([row(december, [1, 2, 3]), row(january, [4, 5, 6])], [december, january])["visits"]
    assert apart == {}


def test_five_visits_of_one_person_are_not_five_people() -> None:
    row = {"measure": "visits", "part": "visits", "month": MONTHS[0], "is_of_nobody": False}
    rows = [row | {"value": 9, "people": [1]}]
    assert fold(rows, MONTHS[:1])["visits"] == {}


def test_seats_of_a_room_are_said_as_they_are() -> None:
    rows = rows_of([({1: 1, 2: 1, 3: 1, 4: 1, 5: 3}, set()), *[({}, set())] * (len(MONTHS) - 1)])
    said = fold(rows, MONTHS)["visits"]
    assert (total(said, MONTHS, "visits"), plain_total(said, MONTHS, "seats")) == (5, 24)
