"""Small groups in what leaves the community: months with too few people are counted later, with the next ones. Pure.

A count of a month is said only if it is of at least five different people. One of fewer is carried to the next
month, until there are enough; what is left at the end of a year is never said. Every count of a period is then a sum of
whole groups of at least five, whichever months it has, and so is the difference of two periods: nobody is in a
number alone. Numbers are multiples of five, by the rule of the totals of exports. Where a measure has several groups
(came back, did not), each of them is empty or large enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from circles.exports import LEAST, shown

Months = dict[date, dict[str, int]]


@dataclass(slots=True)
class _Carried:
    """What is not said yet: the value of each group, and its people where they are few."""

    values: dict[str, int] = field(default_factory=dict)
    people: dict[str, set[Any]] = field(default_factory=dict)

    def add(self, row: Mapping[str, Any]) -> None:
        part = row["part"]
        self.values[part] = self.values.get(part, 0) + row["value"]
        if row["is_of_nobody"]:
            return
        people = self.people.setdefault(part, set())
        people.update(range(LEAST) if row["people"] is None else row["people"])

    @property
    def is_large(self) -> bool:
        """Whether every group has enough people, and there is one."""
        return bool(self.people) and all(len(people) >= LEAST for people in self.people.values())


def fold(rows: Iterable[Mapping[str, Any]], months: Sequence[date]) -> dict[str, Months]:
    """What may be said of each measure: the months in which something is said, with the value of each group.

    rows: of the query `funder_parts`, from January of the first month on. The same month of another period is the same.
    """
    by: dict[str, dict[date, list[Mapping[str, Any]]]] = {}
    for row in rows:
        by.setdefault(row["measure"], {}).setdefault(row["month"], []).append(row)
    return {name: _fold_one(of_months, months) for name, of_months in by.items()}


def _fold_one(of_months: Mapping[date, Sequence[Mapping[str, Any]]], months: Sequence[date]) -> Months:
    said: Months = {}
    carried = _Carried()
    for month in months:
        if month.month == 1:
            carried = _Carried()
        for row in of_months.get(month, ()):
            carried.add(row)
        if carried.is_large:
            said[month] = carried.values
            carried = _Carried()
    return said


def total(said: Months | None, months: Iterable[date], part: str, unit: int = 1) -> int:
    """What is said of a group in these months: the sum of what each says, to the nearest five. unit: of money."""
    values = ((said or {}).get(month, {}).get(part, 0) for month in months)
    return sum((shown(LEAST, round(value / unit)) or 0) * unit for value in values if value)


def plain_total(said: Months | None, months: Iterable[date], part: str) -> int:
    """The same of what is about nobody, such as the seats of a room."""
    return sum((said or {}).get(month, {}).get(part, 0) for month in months)
