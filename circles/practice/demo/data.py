"""The texts of the demo community, read from community.toml and therapists.toml. Everything there is invented."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import time
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Circle:
    """A circle and its rhythm. Amounts in minor units of USD; `weekday` 0 is Monday, None: no fixed day.

    every: weeks between gatherings; past, ahead: how many gatherings there are before and after today.
    over_weeks: how many weeks earlier the past ones ended, of a circle that has ended.
    """

    key: str
    name: str
    discreet_name: str
    format: str
    place: str
    zone: str
    lead: str
    purpose: str
    scale: tuple[int, int, int]
    capacity: int
    past: int
    ahead: int
    start: time
    weekday: int | None = None
    every: int = 1
    co: str = ""
    city: str = ""
    address: str = ""
    join_link: str = ""
    length_minutes: int = 90
    community_seats: int = 0
    refund_hours: int = 48
    late_refund_percent: int = 0
    notes: tuple[str, ...] = ()
    state: str = "published"
    over_weeks: int = 0


@cache
def community() -> dict[str, Any]:
    """community.toml as tables and lists."""
    return _read("community.toml")


@cache
def therapists() -> dict[str, Any]:
    """therapists.toml as tables and lists."""
    return _read("therapists.toml")


def circles() -> list[Circle]:
    """The circles, in the order in which they are planted."""
    return [Circle(**values) for values in community()["circles"]]


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))
