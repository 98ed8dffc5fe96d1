"""The reports of the register: who came, who did not, and how full gatherings were. Pure.

Each is made of the rows of the query `attendance`, which are counted over all of the period, by month, circle, format
and place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from circles.gatherings import FORMATS, PLACES
from circles.reports import charts
from circles.reports.rules import Selection
from circles.reports.tables import (
    Measure,
    Row,
    Section,
    Table,
    bar_chart,
    chart_words,
    measure,
    share,
    table,
)

_COUNTS = (
    "gatherings minutes capacity taken booked came absent excused walk_ins guests newcomers people paid_seats minimum "
    "below suggested above maximum paid paid_in community_seats drawn"
)
NOTHING: Row = dict.fromkeys(_COUNTS.split(), 0)

GATHERINGS = measure("gatherings", "Gatherings", "Gatherings that were held: not canceled, and over.")
PEOPLE = measure(
    "people",
    "People",
    "Different people who came, each counted once, however often. Guests without an account are not among them.",
)
VISITS = Measure(
    measure(
        "visits", "Visits", "Every time somebody came: booked seats marked as came, and walk-ins."
    ).column,
    lambda row: row["came"] + row["walk_ins"],
)
GUESTS = measure(
    "guests",
    "Guests",
    "Walk-ins without an account, among the visits. Nobody knows whether two of them are one person.",
)
NEWCOMERS = measure("newcomers", "New people", "People who came to any circle for the first time.")
BOOKED = measure("booked", "Booked", "Seats that were booked to the end: not canceled.")
CAME = measure("came", "Came", "Booked seats that the register marks as came.")
ABSENT = measure("absent", "No-shows", "Booked seats that the register marks as absent.")
EXCUSED = measure("excused", "Excused", "Booked seats that the register marks as excused.")
UNMARKED = Measure(
    measure("unmarked", "Not marked", "Booked seats about which the register says nothing.").column,
    lambda row: row["booked"] - row["came"] - row["absent"] - row["excused"],
)
NO_SHOW_RATE = share(
    lambda row: row["absent"],
    lambda row: row["came"] + row["absent"],
    "No-show rate",
    "No-shows among the seats that are marked as came or absent.",
)
CAPACITY = measure("capacity", "Seats", "Seats that these gatherings had.")
TAKEN = measure(
    "taken", "Taken", "Seats that were taken when the gathering began: booked, or given to a walk-in."
)
FILLED = share(lambda row: row["taken"], lambda row: row["capacity"], "Filled", "Seats taken, of all seats.")
USED = share(
    lambda row: row["came"] + row["walk_ins"], lambda row: row["capacity"], "Used", "Visits, of all seats."
)


@dataclass(frozen=True, slots=True)
class Groups:
    """The rows of a query that counts a period by month, circle, format and place."""

    total: Row
    months: list[tuple[date, Row]]
    circles: list[tuple[str, Row]]
    formats: list[tuple[str, Row]]
    places: list[tuple[str, Row]]

    @classmethod
    def of(cls, rows: Sequence[Row], selection: Selection) -> Groups:
        """Sort rows into their groups; a month without a row has zeros."""
        by = {(row["grouping"], row["key"]): row for row in rows}
        return cls(
            by.get(("", ""), NOTHING),
            [(month, by.get(("month", str(month)), NOTHING)) for month in selection.period.months],
            [(row["name"], row) for row in rows if row["grouping"] == "circle"],
            [(FORMATS[row["key"]], row) for row in rows if row["grouping"] == "format"],
            [(PLACES[row["key"]], row) for row in rows if row["grouping"] == "place"],
        )

    def month_table(self, measures: Sequence[Measure]) -> Table:
        return table("Month", self.months, measures, self.total, kind="month")

    def sections(
        self, selection: Selection, measures: Sequence[Measure], lead: Measure, key: str = ""
    ) -> Iterator[Section]:
        """A section for circles, formats and places each, where more than one was asked for."""
        name = lead.column.label
        for title, short, rows, is_chosen in (
            ("By circle", "Circle", self.circles, selection.circle),
            ("By format", "Format", self.formats, selection.circle or selection.format),
            ("Online and in person", "Place", self.places, selection.circle or selection.place),
        ):
            if is_chosen or not rows:
                continue
            chart = bar_chart(f"{short.lower()}{key}", f"{name}, {title[:1].lower()}{title[1:]}", rows, lead)
            yield Section(title, f"By {short.lower()}", table(short, rows, measures), chart)


def people(rows: Sequence[Row], selection: Selection) -> Iterator[Section]:
    """Who came: different people, visits, and new people."""
    groups, measures = Groups.of(rows, selection), (GATHERINGS, PEOPLE, VISITS, GUESTS, NEWCOMERS)
    chart = charts.columns(
        "months",
        "People and visits by month",
        selection.period.labels,
        [_series(PEOPLE, groups.months, "series-1"), _series(VISITS, groups.months, "series-2")],
    )
    note = "Somebody who comes in three months is one person in each of them, and one person in all of them together."
    yield Section("By month", "By month", groups.month_table(measures), chart, note)
    yield from groups.sections(selection, measures, PEOPLE)


def no_shows(rows: Sequence[Row], selection: Selection) -> Iterator[Section]:
    """Booked seats, by what the register says of them."""
    groups = Groups.of(rows, selection)
    measures = (BOOKED, CAME, ABSENT, EXCUSED, UNMARKED, NO_SHOW_RATE)
    kinds = ((CAME, "series-1"), (ABSENT, "series-2"), (EXCUSED, "series-3"), (UNMARKED, "series-4"))
    chart = charts.columns(
        "months",
        "Booked seats by month",
        selection.period.labels,
        [_series(one, groups.months, kind) for one, kind in kinds],
        stacked=True,
    )
    yield Section("By month", "By month", groups.month_table(measures), chart)
    yield from groups.sections(selection, measures, NO_SHOW_RATE)


def seats(rows: Sequence[Row], selection: Selection) -> Iterator[Section]:
    """How many of the seats were taken, and used."""
    groups, measures = Groups.of(rows, selection), (GATHERINGS, CAPACITY, TAKEN, FILLED, VISITS, USED)
    chart = charts.columns(
        "months",
        "Seats filled by month",
        selection.period.labels,
        [_series(FILLED, groups.months, "series-1"), _series(USED, groups.months, "series-2")],
        words=chart_words(FILLED.column),
        highest=1,
    )
    yield Section("By month", "By month", groups.month_table(measures), chart)
    yield from groups.sections(selection, measures, FILLED)


def _series(one: Measure, rows: Sequence[tuple[date, Row]], kind: str) -> charts.Series:
    values = (one.value(row) for _, row in rows)
    return charts.Series(one.column.label, tuple(float(value or 0) for value in values), kind)
