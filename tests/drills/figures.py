"""What each drill measured, for the table at the end of `make drill`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import isnan


@dataclass(slots=True)
class Visit:
    """One request: when it was sent, its status (0: no answer) and the seconds it took."""

    at: float
    status: int
    seconds: float


@dataclass(slots=True)
class Row:
    """visits: the requests sent while something was broken. well: seconds from its end until all was well, or nan.

    lost, doubled: bookings and mails; doubled mails only where a server had accepted one that it never answered for.
    """

    name: str
    visits: list[Visit]
    well: float
    lost: int = 0
    doubled: int = 0

    def cells(self) -> list[str]:
        failed = Counter(visit.status for visit in self.visits if visit.status not in (200, 303))
        words = ", ".join(f"{times} × {status or 'no answer'}" for status, times in sorted(failed.items()))
        return [
            self.name,
            str(len(self.visits)) if self.visits else "-",
            words or ("none" if self.visits else "-"),
            percentiles(self.visits),
            "-" if isnan(self.well) else f"{self.well:.1f}",
            str(self.lost),
            str(self.doubled),
        ]


HEADINGS = [
    "drill",
    "requests while broken",
    "failed",
    "p50 / p95 / max, ms",
    "well after, s",
    "lost",
    "doubled",
]
rows: list[Row] = []


def percentiles(visits: list[Visit]) -> str:
    if not visits:
        return "-"
    times = sorted(visit.seconds * 1000 for visit in visits)
    return f"{times[len(times) // 2]:.0f} / {times[int(len(times) * 0.95)]:.0f} / {times[-1]:.0f}"


def table() -> list[str]:
    """The rows as the lines of a Markdown table."""
    lines = [HEADINGS, ["---"] * len(HEADINGS), *(row.cells() for row in rows)]
    return [f"| {' | '.join(cells)} |" for cells in lines]
