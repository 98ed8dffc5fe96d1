"""The funder's report: what a period says of the community, with small groups folded. Pure.

A report differs from that of another period by whole groups of at least five people (folding.py), and different people
are counted to the nearest five; so two reports, one taken from the other, say nothing of anybody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from circles.base import money
from circles.base.english import plural
from circles.exports import LEAST, shown
from circles.reports import charts
from circles.reports.funder.folding import Months, fold, plain_total, total
from circles.reports.rules import Period, add_months, month_words
from circles.reports.tables import Column, Table, ratio

MAX_MONTHS: Final = 24
# Who comes back is said of the people who were new in the months of the period, of at least so many months, and without
# the last two: of those nobody knows yet.
_MIN_COHORTS: Final = 6
_TIME_TO_RETURN: Final = 2

TOO_FEW: Final = "too few to say"
SMALL_GROUPS: Final = (
    "Counts and sums are to the nearest five. A month in which a number is of fewer than five people is counted with "
    "the months after it, within the same year. So no number, and no difference of two reports, is of fewer than five."
)


@dataclass(frozen=True, slots=True)
class Figure:
    """A large number and what it is of. of_people: 0 stands for fewer than five."""

    number: int
    label: str
    of_people: bool = True

    @property
    def cell(self) -> int | str:
        """The number, for a spreadsheet."""
        return self.number or (f"Fewer than {LEAST}" if self.of_people else 0)

    @property
    def value(self) -> str:
        """The number in words."""
        return f"{self.cell:,}" if isinstance(self.cell, int) else self.cell


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its name, and what it is made of."""

    value: str
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class FunderReport:
    """All that the two pages say. pool: sentences, one for each currency."""

    period: Period
    figures: tuple[Figure, ...]
    held: str
    visits: charts.Chart
    by_month: tuple[tuple[date, int], ...]
    often: str
    returned: Share
    used: Share
    kept: Share
    scale: charts.Chart | None
    community_seats: Figure
    pool: tuple[str, ...]


def months_needed(period: Period) -> Period:
    """The months whose counts a report needs: folding begins with a January, people were new before the period."""
    first = min(period.first, cohort_months(period)[0])
    return Period(date(first.year, 1, 1), period.last)


def cohort_months(period: Period) -> list[date]:
    """The months of which is said who came back."""
    last = add_months(period.last, -_TIME_TO_RETURN)
    return Period(min(period.first, add_months(last, 1 - _MIN_COHORTS)), last).months


def again_until(period: Period) -> date:
    """The first month of which is not said who came back."""
    return add_months(period.last, 1 - _TIME_TO_RETURN)


def build(period: Period, totals: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> FunderReport:
    """The report of a period. totals, rows: of the queries `funder_totals` and `funder_parts`."""
    said = fold(rows, months_needed(period).months)
    months = period.months
    visits = total(said.get("visits"), months, "visits")
    return FunderReport(
        period,
        _figures(totals, visits, total(said.get("newcomers"), months, "newcomers")),
        _held(totals),
        _visits_chart(period, said.get("visits")),
        tuple((month, total(said.get("visits"), [month], "visits")) for month in months),
        _often(shown(totals["people"], totals["people"]) or 0, visits),
        _returned(said.get("returns"), period),
        _share(
            said.get("visits"),
            months,
            "visits",
            "seats",
            "of the seats were used",
            "{part} visits, {whole} seats.",
        ),
        _kept(said.get("register"), months),
        _scale_chart(said.get("scale"), months),
        Figure(
            sum(total(one, months, "seats") for name, one in said.items() if name.startswith("community ")),
            "community seats, free of charge",
        ),
        tuple(_pool(said, months)),
    )


def _figures(totals: Mapping[str, Any], visits: int, newcomers: int) -> tuple[Figure, ...]:
    return (
        Figure(shown(totals["people"], totals["people"]) or 0, "people came"),
        Figure(visits, "visits"),
        Figure(newcomers, "people were new"),
        Figure(totals["gatherings"], "gatherings were held", of_people=False),
        Figure(round(totals["minutes"] / 60), "hours were held", of_people=False),
        Figure(totals["facilitators"], "facilitators held them", of_people=False),
    )


def _held(totals: Mapping[str, Any]) -> str:
    if not totals["gatherings"]:
        return "No gathering was held in this time."
    circles = plural(totals["circles"], "circle")
    gatherings, online = plural(totals["gatherings"], "gathering"), totals["online"]
    return f"{circles} held {gatherings}: {online:,} online and {totals['in_person']:,} in person."


def _visits_chart(period: Period, said: Months | None) -> charts.Chart:
    values = tuple(float(total(said, [month], "visits")) for month in period.months)
    return charts.columns("visits", "Visits by month", period.labels, [charts.Series("Visits", values)])


def _often(people: int, visits: int) -> str:
    """How often somebody came, of what is said of both, so that it tells no more than they do."""
    if not people or not visits:
        return ""
    return f"That is about {visits / people:,.1f} visits for each person.".replace(".0 ", " ")


def _share(
    said: Months | None, months: Sequence[date], part: str, whole: str, label: str, text: str
) -> Share:
    """A share of what is said, with its two numbers in words."""
    count, of = total(said, months, part), plain_total(said, months, whole)
    rate = ratio(count, of)
    if rate is None or not count:
        return Share(TOO_FEW, label, "")
    return Share(charts.share_words(min(rate, 1.0)), label, text.format(part=f"{count:,}", whole=f"{of:,}"))


def _returned(said: Months | None, period: Period) -> Share:
    months = cohort_months(period)
    again, once = total(said, months, "again"), total(said, months, "once")
    between = f"Of people who first came between {month_words(months[0])} and {month_words(months[-1])}"
    if not again + once:
        return Share(TOO_FEW, "came back", f"{between}.")
    return Share(
        charts.share_words(again / (again + once)),
        "came back",
        f"{between}: {again:,} of {again + once:,}, within two months.",
    )


def _kept(said: Months | None, months: Sequence[date]) -> Share:
    came, absent = total(said, months, "came"), total(said, months, "absent")
    if not came + absent:
        return Share(TOO_FEW, "of the booked seats were used by who booked them", "")
    return Share(
        charts.share_words(came / (came + absent)),
        "of the booked seats were used by who booked them",
        f"In {came:,} cases people came, in {absent:,} they did not.",
    )


_PLACES = {"below": "Below the suggested amount", "suggested": "The suggested amount", "above": "Above it"}


def _scale_chart(said: Months | None, months: Sequence[date]) -> charts.Chart | None:
    rows = [(name, float(total(said, months, part))) for part, name in _PLACES.items()]
    if not any(value for _, value in rows):
        return None
    return charts.bars("scale", "Paid seats by what people chose to pay", rows)


def _pool(said: Mapping[str, Months], months: Sequence[date]) -> list[str]:
    """What went into and out of the pool, for each currency, in whole units."""
    currencies = sorted({name.split()[1] for name in said if " " in name})
    sentences = []
    for currency in currencies:
        unit = money.minor_per_unit(currency)
        paid_in = total(said.get(f"pool {currency}"), months, "paid_in", unit)
        drawn = sum(
            total(said.get(f"{measure} {currency}"), months, "drawn", unit)
            for measure in ("community", "below")
        )
        if paid_in or drawn:
            came, given = money.format_amount(paid_in, currency), money.format_amount(drawn, currency)
            sentences.append(f"In this time {came} came into that pool, and {given} was given from it.")
    return sentences


def tables(report: FunderReport) -> list[tuple[str, Table]]:
    """The numbers of the report for a workbook, as the pages say them."""
    columns = (
        Column("What", "text", ""),
        Column("Number", "count", ""),
        Column("How it comes about", "text", ""),
    )
    figures = tuple(
        (one.label.capitalize(), one.cell, "") for one in (*report.figures, report.community_seats)
    )
    shares = tuple(
        (one.label.capitalize(), one.value, one.text) for one in (report.returned, report.used, report.kept)
    )
    by_month = (Column("Month", "month", ""), Column("Visits", "count", ""))
    return [
        ("Numbers", Table(columns, (*figures, *shares, *(("The pool", None, one) for one in report.pool)))),
        ("Visits by month", Table(by_month, report.by_month)),
    ]
