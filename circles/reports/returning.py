"""The report of new people: how many came for the first time in a month, and how many of them came again. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from circles.reports import charts
from circles.reports.rules import Selection, add_months, month_short
from circles.reports.tables import Column, Row, Section, Table, ratio

# More months after the first do not fit beside each other; later ones are in "came again".
MAX_LATER = 11

_FIRST = (
    Column("First came in", "month", ""),
    Column("New people", "count", "People whose first visit ever, to any circle, was in this month."),
    Column(
        "Came again", "count", "Those of them who have come at least once more, to any circle, until today."
    ),
    Column("Return rate", "share", "Those who came again, of the new people of the month."),
)


def newcomers(rows: Sequence[Row], selection: Selection) -> Iterator[Section]:
    """New people by month with those who came again; and, month by month, how many of them came."""
    months = selection.period.months
    firsts = {row["month"]: row for row in rows if row["later"] is None}
    new = [_of(firsts, month, "people") for month in months]
    again = [_of(firsts, month, "again") for month in months]
    chart = charts.columns(
        "months",
        "New people by month, and how many of them came again",
        selection.period.labels,
        [
            charts.Series("New people", tuple(map(float, new)), "series-1"),
            charts.Series("Came again", tuple(map(float, again)), "series-2"),
        ],
    )
    lines = tuple((month, *_line(count, back)) for month, count, back in zip(months, new, again, strict=True))
    total = ("All together", *_line(sum(new), sum(again)))
    note = "Those who are new this month have had little time to come again."
    yield Section("By month", "By month", Table(_FIRST, lines, total), chart, note)
    if any(new):
        yield _cohorts(rows, months, dict(zip(months, new, strict=True)), selection.today)


def _of(firsts: dict[date, Row], month: date, name: str) -> int:
    return firsts[month][name] if month in firsts else 0


def _line(new: int, again: int) -> tuple[int, int, float | None]:
    return new, again, ratio(again, new)


def _cohorts(rows: Sequence[Row], months: Sequence[date], new: dict[date, int], today: date) -> Section:
    """Of the new people of each month, how many came in the same month again, in the month after, and so on."""
    later = {(row["month"], row["later"]): row["people"] for row in rows if row["later"] is not None}
    width = min(max((number for _, number in later), default=0), MAX_LATER) + 1
    months = [month for month in months if new[month]]
    counts = [
        [
            later.get((month, number), 0) if add_months(month, number) <= today else None
            for number in range(width)
        ]
        for month in months
    ]
    lines = tuple((month, new[month], *row) for month, row in zip(months, counts, strict=True))
    chart = charts.grid(
        "cohorts",
        "Of the new people of each month, how many came in the months after",
        ["same month", *(f"+{number}" for number in range(1, width))],
        [month_short(month) for month in months],
        [
            [None if count is None else count / new[month] for count in row]
            for month, row in zip(months, counts, strict=True)
        ],
        words=charts.share_words,
        highest=1,
    )
    note = "Each line is the people of one month, each column so many months later. What is still to come is empty."
    table = Table((*_FIRST[:2], *_later_columns(width)), lines)
    return Section("Who comes back, month by month", "Months after", table, chart, note)


def _later_columns(width: int) -> Iterator[Column]:
    yield Column("Same month", "count", "Those of them who came once more in the month of their first visit.")
    for number in range(1, width):
        months = "month" if number == 1 else "months"
        yield Column(f"+{number}", "count", f"Those of them who came {number} {months} later.")
