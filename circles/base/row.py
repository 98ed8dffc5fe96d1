"""A database row as rules read it."""

from __future__ import annotations

from typing import Any, Protocol


class Row(Protocol):
    """A row of the database, or a mapping made for a test, read by the names of its columns."""

    def __getitem__(self, column: str, /) -> Any: ...
