"""The report of hours: what each facilitator held. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from circles.reports.rules import Selection
from circles.reports.tables import Row, Section, bar_chart, measure, table

_HOURS = measure("minutes", "Hours", "The planned length of these gatherings.", "hours")
_MEASURES = (
    measure("gatherings", "Gatherings", "Gatherings that they held: not canceled, and over."),
    _HOURS,
    measure("circles", "Circles", "How many circles these gatherings belong to."),
    measure("stood_in", "Stood in", "Gatherings among them that they held in the place of the usual hosts."),
)


def hours(rows: Sequence[Row], selection: Selection) -> Iterator[Section]:
    """Hours and gatherings of each facilitator, those with most first."""
    del selection  # it is in the rows already
    names = [(row["name"], row) for row in rows]
    chart = bar_chart("hours", "Hours by facilitator", names, _HOURS)
    note = "A gathering that two facilitators held counts for both, so the hours have no sum."
    yield Section("By facilitator", "Hours", table("Facilitator", names, _MEASURES), chart, note)
