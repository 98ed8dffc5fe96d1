"""What a report consists of: sections with a chart and the table behind it, columns with their meaning. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from circles.base import money
from circles.reports.charts import Chart, bars, count_words
from circles.reports.rules import month_words

Kind = Literal["text", "month", "count", "share", "money", "hours"]
# A share is 0 to 1; money an integer of minor units; hours come as minutes. None: there is nothing to divide by.
Value = str | int | float | None
# A month is its first day.
Cell = Value | date
Row = Mapping[str, Any]

# A chart of circles shows those with most; the table has them all.
MAX_BARS = 12


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. currency: of its amounts. meaning: one sentence, for the page and the file."""

    label: str
    kind: Kind
    meaning: str
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, one for each column. total: a last row that is not the sum where people are counted once."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: tuple[Cell, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a report. short: its name as a sheet of a file. note: what must be known to read it."""

    title: str
    short: str
    table: Table
    chart: Chart | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Measure:
    """A column that is computed of a row of a query."""

    column: Column
    value: Callable[[Row], Value]


def measure(name: str, label: str, meaning: str, kind: Kind = "count", currency: str = "") -> Measure:
    """A column of a query as it is."""
    return Measure(Column(label, kind, meaning, currency), lambda row: row[name])


def share(part: Callable[[Row], int], whole: Callable[[Row], int], label: str, meaning: str) -> Measure:
    """A part of a whole; nothing where the whole is nothing."""
    return Measure(Column(label, "share", meaning), lambda row: ratio(part(row), whole(row)))


def ratio(part: int, whole: int) -> float | None:
    """A part of a whole, 0 to 1; None where the whole is nothing."""
    return part / whole if whole else None


def table(
    first: str,
    rows: Iterable[tuple[str | date, Row]],
    measures: Sequence[Measure],
    total: Row | None = None,
    *,
    kind: Kind = "text",
) -> Table:
    """A table with the names of its rows in front. first, kind: what they are names of."""
    return Table(
        (Column(first, kind, ""), *(one.column for one in measures)),
        tuple((name, *(one.value(row) for one in measures)) for name, row in rows),
        ("All together", *(one.value(total) for one in measures)) if total is not None else (),
    )


def bar_chart(key: str, title: str, rows: Sequence[tuple[str, Row]], lead: Measure) -> Chart:
    """The rows with most of a measure, as bars."""
    values = [(name, float(value)) for name, row in rows if isinstance(value := lead.value(row), int | float)]
    values.sort(key=lambda pair: -pair[1])
    return bars(key, title, values[:MAX_BARS], words=chart_words(lead.column))


def chart_words(column: Column) -> Callable[[float], str]:
    """How the numbers of a column are written in a chart."""
    return count_words if column.kind == "count" else lambda value: cell_words(value, column)


def cell_words(value: Cell, column: Column) -> str:
    """A cell on the page: 1,200, 45%, $37.50, 12.5; a dash where there is nothing to divide by."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if isinstance(value, date):
        return month_words(value)
    if column.kind == "share":
        return f"{value * 100:.0f}%"
    if column.kind == "money":
        return money.format_amount(round(value), column.currency)
    if column.kind == "hours":
        return f"{value / 60:,.1f}".removesuffix(".0")
    return f"{value:,.0f}"
