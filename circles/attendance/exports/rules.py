"""The list of bookings: its filter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from circles.base import reading
from circles.web.paging import FIRST, Window

STATES: Final = ("held", "confirmed", "cancelled", "lapsed")
PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class BookingsFilter:
    """The filter of the list of bookings: one state or all, one circle or all, which part of the list."""

    state: str = ""
    circle: UUID | None = None
    window: Window = FIRST

    @classmethod
    def read(cls, values: Mapping[str, str]) -> BookingsFilter:
        """Read the filter of the list of bookings from its address; unknown values are ignored."""
        state = values.get("state", "")
        return cls(
            state if state in STATES else "",
            reading.uuid_or_none(values.get("circle", "")),
            Window.read(values, PER_PAGE),
        )

    def url(self, window: Window) -> str:
        """The address of a part of this list."""
        pairs = [("state", self.state), ("circle", str(self.circle or "")), *window.pairs]
        return "/organize/bookings?" + urlencode([(name, value) for name, value in pairs if value])
