"""Which page of a long list this is, and the ways on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pager:
    """Which page of the list this is, and the addresses of its neighbors; empty where there is none."""

    number: int
    pages: int
    previous: str
    next: str


def pager(number: int, how_many: int, per_page: int, url: Callable[[int], str]) -> Pager:
    """The pager of page `number` of a list of `how_many`. url: gives a page's address."""
    pages = max(1, -(-how_many // per_page))
    return Pager(
        number,
        pages,
        url(min(number - 1, pages)) if number > 1 else "",
        url(number + 1) if number < pages else "",
    )
