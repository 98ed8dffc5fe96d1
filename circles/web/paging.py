"""Pagination."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pager:
    """The number of this page and of pages, and the URLs of the pages before and after; empty where there is none."""

    number: int
    pages: int
    previous: str
    next: str


def pager(number: int, total: int, per_page: int, url: Callable[[int], str]) -> Pager:
    """The pager of page `number` of a list of `total` items. url: returns the URL of a page."""
    pages = max(1, -(-total // per_page))
    return Pager(
        number,
        pages,
        url(min(number - 1, pages)) if number > 1 else "",
        url(number + 1) if number < pages else "",
    )
