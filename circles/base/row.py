"""The type of a database row in rules."""

from __future__ import annotations

from typing import Any, Protocol


class Row(Protocol):
    """A database row, or a mapping in a test: values by column name."""

    def __getitem__(self, column: str, /) -> Any: ...
