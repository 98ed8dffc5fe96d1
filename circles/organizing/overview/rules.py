"""The numbers of a month beside the one before, as words and small charts. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from circles.base import clock, money
from circles.base.row import Row

# How many months a small chart has.
MONTHS: Final = 12


def month_of(day: date) -> date:
    """The first day of its month."""
    return day.replace(day=1)


def months_before(month: date, count: int) -> date:
    """The first day of the month so many months before one."""
    for _ in range(count):
        month = month_of(month - timedelta(days=1))
    return month


def newest_counts(rows: Iterable[Row]) -> dict[date, Row]:
    """The numbers of each month; those counted now where there are both."""
    return {row["month"]: row for row in rows}


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of this month beside that of the last, and a chart of the months up to now.

    now, before: in words; empty where it was not counted yet. points: the months of the chart, None for one that was
    not counted. described: the chart for people who do not see it.
    """

    label: str
    now: str
    before: str
    points: tuple[float | None, ...]
    described: str


Value = Callable[[Row], float]
Say = Callable[[Row], str]


def figures(rows: Mapping[date, Row], this_month: date) -> list[Figure]:
    """Every number of the overview."""
    months = [months_before(this_month, count) for count in range(MONTHS - 1, -1, -1)]
    series = [rows.get(month) for month in months]
    return [
        *(_figure(label, series, months, value, say) for label, value, say in _COUNTS),
        *_sums("Paid by card", "paid", series, months),
        *_sums("Community seats, at the suggested amount", "given", series, months),
    ]


def _filled(row: Row) -> float:
    return 100 * row["taken"] / row["seats"] if row["seats"] else 0


def _number(name: str) -> tuple[Value, Say]:
    return (lambda row: row[name]), (lambda row: f"{row[name]:,}")


_COUNTS: Final[tuple[tuple[str, Value, Say], ...]] = (
    ("People who came", *_number("people")),
    ("Attendances", *_number("came")),
    ("Newcomers", *_number("newcomers")),
    ("Gatherings", *_number("gatherings")),
    ("Seats filled", _filled, lambda row: f"{_filled(row):.0f}%" if row["seats"] else "–"),
)


def _sums(label: str, name: str, series: Sequence[Row | None], months: Sequence[date]) -> list[Figure]:
    """A figure for each currency in which there is anything."""
    currencies = sorted({currency for row in series if row is not None for currency in row[name]})

    def of(currency: str) -> Figure:
        return _figure(
            label if len(currencies) == 1 else f"{label}, {currency}",
            series,
            months,
            lambda row: row[name].get(currency, 0),
            lambda row: money.format_amount(row[name].get(currency, 0), currency),
        )

    return [of(currency) for currency in currencies]


def _figure(
    label: str, series: Sequence[Row | None], months: Sequence[date], value: Value, say: Say
) -> Figure:
    said = ["" if row is None else say(row) for row in series]
    described = ", ".join(
        f"{clock.format_month(month)} {text}" for month, text in zip(months, said, strict=True) if text
    )
    points = tuple(None if row is None else float(value(row)) for row in series)
    return Figure(label, said[-1], said[-2], points, described)


WIDTH, HEIGHT, PAD = 120, 28, 3


def polylines(points: Sequence[float | None]) -> list[str]:
    """The lines of a small chart, as the points of SVG polylines: one for each run of months that were counted."""
    most = max((point for point in points if point is not None), default=0) or 1
    step = (WIDTH - 2 * PAD) / max(1, len(points) - 1)
    lines: list[list[str]] = [[]]
    for place, point in enumerate(points):
        if point is None:
            lines.append([])
            continue
        height = HEIGHT - PAD - max(0.0, point) / most * (HEIGHT - 2 * PAD)
        lines[-1].append(f"{PAD + place * step:.1f},{height:.1f}")
    return [" ".join(line) for line in lines if line]


def by_day(rows: Iterable[Row], day_of: Callable[[Row], date]) -> list[tuple[date, list[Any]]]:
    """Gatherings by the viewer's day, in their order."""
    days: dict[date, list[Any]] = {}
    for row in rows:
        days.setdefault(day_of(row), []).append(row)
    return list(days.items())
