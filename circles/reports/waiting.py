"""The report of waiting lists: on which weekdays and hours more people want to come than there are seats. Pure."""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Sequence

from circles.reports import charts
from circles.reports.rules import Selection
from circles.reports.tables import Row, Section, measure, share, table

_MEASURES = (
    measure("gatherings", "Gatherings", "Gatherings that were held: not canceled, and over."),
    measure("full_ones", "Full", "Those of them whose seats were all taken when they began."),
    measure("waited", "Waited", "People on the waiting lists of these gatherings, once for each gathering."),
    measure("seated", "Got a seat", "Those of them who booked a seat after all."),
    share(
        lambda row: row["seated"],
        lambda row: row["waited"],
        "Seated",
        "Those who got a seat, of those who waited.",
    ),
)
_SUMS = ("gatherings", "full_ones", "waited", "seated")


def waiting(rows: Sequence[Row], selection: Selection) -> Iterator[Section]:
    """A grid of weekdays and hours with the people who waited, and its table."""
    del selection  # it is in the rows already
    hours = sorted({row["hour"] for row in rows})
    by = {(row["weekday"], row["hour"]): row for row in rows}
    chart = charts.grid(
        "hours",
        "People who waited, by weekday and hour",
        [hour_words(hour) for hour in hours],
        list(calendar.day_abbr),
        [
            [by[weekday, hour]["waited"] if (weekday, hour) in by else None for hour in hours]
            for weekday in range(1, 8)
        ],
    )
    names = [(f"{calendar.day_name[row['weekday'] - 1]}, {hour_words(row['hour'])}", row) for row in rows]
    total = {name: sum(row[name] for row in rows) for name in _SUMS}
    note = "Days and hours are those of each circle’s own clock. An empty place had no gathering."
    yield Section(
        "By weekday and hour", "Waiting lists", table("Starts", names, _MEASURES, total), chart, note
    )


def hour_words(hour: int) -> str:
    """An hour of the day: 6 pm."""
    return f"{(hour - 1) % 12 + 1} {'am' if hour < 12 else 'pm'}"
