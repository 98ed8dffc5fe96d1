"""The reports there are: address, title, query, and what makes sections of its rows. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from circles.reports import attendance, hours, money, returning, waiting
from circles.reports.rules import Selection
from circles.reports.tables import Row, Section


@dataclass(frozen=True, slots=True)
class Report:
    """One report. query: its name in sql/reports/reports.sql."""

    slug: str
    title: str
    lede: str
    query: str
    sections: Callable[[Sequence[Row], Selection], Iterator[Section]]


_ALL = (
    Report(
        "people",
        "Who came",
        "Different people, each counted once, and every visit of theirs.",
        "attendance",
        attendance.people,
    ),
    Report(
        "no-shows",
        "Booked and not there",
        "What the register says of every seat that was booked.",
        "attendance",
        attendance.no_shows,
    ),
    Report(
        "seats", "Seats filled", "How many of the seats were taken, and used.", "attendance", attendance.seats
    ),
    Report(
        "newcomers",
        "New people, and who comes back",
        "People by the month in which they first came, and how many of them came again.",
        "returns",
        returning.newcomers,
    ),
    Report(
        "waiting",
        "Waiting lists",
        "When more people want to come than there are seats.",
        "waiting",
        waiting.waiting,
    ),
    Report(
        "amounts",
        "Amounts along the scale",
        "Where on their circle’s scale people chose to pay.",
        "amounts",
        money.amounts,
    ),
    Report(
        "community-seats",
        "Community seats and the pool",
        "What members paid above the suggested amount, and what community seats drew from it.",
        "amounts",
        money.community_seats,
    ),
    Report("hours", "Hours held", "What each facilitator held.", "hours", hours.hours),
)
REPORTS = {report.slug: report for report in _ALL}
