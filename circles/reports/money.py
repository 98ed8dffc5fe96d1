"""The reports of money: amounts along the scale, and community seats against the pool. Pure.

Each is made of the rows of the query `amounts`, of one currency after the other: amounts of two currencies have no sum.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from circles.reports import charts
from circles.reports.attendance import Groups
from circles.reports.rules import Selection
from circles.reports.tables import Column, Measure, Row, Section, chart_words, measure, share

_PLACES = (
    measure("minimum", "Minimum", "Seats at the least that the scale allows."),
    measure("below", "Below", "Seats between the minimum and the suggested amount."),
    measure("suggested", "Suggested", "Seats at the suggested amount."),
    measure("above", "Above", "Seats between the suggested amount and the maximum."),
    measure("maximum", "Maximum", "Seats at the most that the scale allows."),
)
_SEATS = measure("paid_seats", "Paid seats", "Seats that were paid on the site, and kept.")
_COMMUNITY = measure(
    "community_seats", "Community seats", "Seats that were taken free of charge, no proof asked."
)
_BELOW = share(
    lambda row: row["minimum"] + row["below"],
    lambda row: row["paid_seats"],
    "Below suggested",
    "Seats at the minimum or between it and the suggested amount, of the paid seats.",
)


def _money(currency: str) -> tuple[Measure, Measure, Measure, Measure]:
    return (
        measure("paid", "Paid", "What was paid for these seats.", "money", currency),
        measure(
            "paid_in", "Into the pool", "What members paid above the suggested amount.", "money", currency
        ),
        measure(
            "drawn",
            "Out of the pool",
            "The suggested amount of every community seat, and what was missing to it where somebody paid less.",
            "money",
            currency,
        ),
        Measure(
            Column("Left", "money", "Into the pool, less out of it.", currency),
            lambda row: row["paid_in"] - row["drawn"],
        ),
    )


def _currencies(rows: Sequence[Row]) -> list[str]:
    return sorted({row["currency"] for row in rows}) or ["USD"]


def _groups(rows: Sequence[Row], selection: Selection) -> Iterator[tuple[str, str, Groups]]:
    """For each currency: its code, what titles say of it, and its rows."""
    currencies = _currencies(rows)
    for currency in currencies:
        of_currency = [row for row in rows if row["currency"] == currency]
        yield currency, f", {currency}" if len(currencies) > 1 else "", Groups.of(of_currency, selection)


def amounts(rows: Sequence[Row], selection: Selection) -> Iterator[Section]:
    """Paid seats by where their amount lies on the scale of their circle."""
    for currency, of, groups in _groups(rows, selection):
        measures = (_SEATS, *_PLACES, _BELOW, _money(currency)[0])
        chart = charts.columns(
            f"scale{of[2:]}",
            f"Paid seats along the scale{of}",
            [one.column.label for one in _PLACES],
            [charts.Series("Paid seats", tuple(float(one.value(groups.total) or 0) for one in _PLACES))],
        )
        lines = groups.month_table(measures)
        yield Section(f"Along the scale{of}", f"By month{of}", lines, chart)
        yield from _more(groups, selection, measures, _SEATS, of)


def community_seats(rows: Sequence[Row], selection: Selection) -> Iterator[Section]:
    """What members paid above the suggested amount, and what community seats and amounts below it drew."""
    for currency, of, groups in _groups(rows, selection):
        _, paid_in, drawn, left = _money(currency)
        measures = (_COMMUNITY, drawn, paid_in, left)
        chart = charts.columns(
            f"pool{of[2:]}",
            f"Into and out of the pool by month{of}",
            selection.period.labels,
            [
                charts.Series(
                    one.column.label, tuple(float(one.value(row) or 0) for _, row in groups.months), kind
                )
                for one, kind in ((paid_in, "series-1"), (drawn, "series-2"))
            ],
            words=chart_words(paid_in.column),
        )
        note = "Below zero, more was given than came in: the community carries the rest."
        lines = groups.month_table(measures)
        yield Section(f"The pool by month{of}", f"By month{of}", lines, chart, note)
        yield from _more(groups, selection, measures, _COMMUNITY, of)


def _more(
    groups: Groups, selection: Selection, measures: Sequence[Measure], lead: Measure, of: str
) -> Iterator[Section]:
    for section in groups.sections(selection, measures, lead, of[2:]):
        yield Section(f"{section.title}{of}", f"{section.short}{of}", section.table, section.chart)
