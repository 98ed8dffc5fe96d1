"""Pagination."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from circles.base import reading
from circles.base.english import MAX_COUNTED


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a long list that a URL names: after a row (keyset), or so many pages from the beginning.

    number: of the page, from 1. after: the id of the last row of the page before; None where the page is reached by its
    number alone, which is possible among the first MAX_COUNTED rows.
    """

    number: int = 1
    after: UUID | None = None

    @classmethod
    def read(cls, values: Mapping[str, str], per_page: int) -> Window:
        """The window of a query string; what cannot be read is ignored."""
        after = reading.uuid_or_none(values.get("after", ""))
        number = reading.page_number(values.get("page", ""), 1_000_000)
        return cls(number if after else min(number, MAX_COUNTED // per_page + 1), after)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Its fields in a query string; none for the first page."""
        page = [("page", str(self.number))] if self.number > 1 else []
        return page + ([("after", str(self.after))] if self.after else [])

    def arguments(self, per_page: int) -> dict[str, Any]:
        """Its arguments of a query: after, limit, offset."""
        offset = 0 if self.after else (self.number - 1) * per_page
        return {"after": self.after, "limit": per_page, "offset": offset}


FIRST = Window()


@dataclass(frozen=True, slots=True)
class Pager:
    """The number of this page and the URLs of the pages before and after; empty where there is none.

    pages: how many there are; 0 where nobody counted so far. returns: the page before is the first one.
    """

    number: int
    pages: int
    previous: str
    next: str
    returns: bool = False


def pager(number: int, total: int, per_page: int, url: Callable[[int], str]) -> Pager:
    """The pager of page `number` of a list of `total` items. url: returns the URL of a page."""
    pages = max(1, -(-total // per_page))
    return Pager(
        number,
        pages,
        url(min(number - 1, pages)) if number > 1 else "",
        url(number + 1) if number < pages else "",
    )


def long_pager(
    window: Window, ids: Sequence[UUID], total: int | None, per_page: int, url: Callable[[Window], str]
) -> Pager:
    """The pager of a list that is counted up to MAX_COUNTED. ids: of the rows of this page, in their order.

    total: the count, more than MAX_COUNTED where there are more; None where not all were counted. url: returns the URL
    of a window.
    """
    pages = 0 if total is None or total > MAX_COUNTED else max(1, -(-total // per_page))
    has_next = len(ids) == per_page and (not pages or window.number < pages)
    before = min(window.number - 1, pages or window.number)
    returns = before * per_page > MAX_COUNTED
    return Pager(
        window.number,
        pages,
        url(Window(1 if returns else before)) if before else "",
        url(Window(window.number + 1, ids[-1])) if has_next else "",
        returns,
    )
