"""A pass that somebody can use, as the forms of booking show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from circles.base import clock
from circles.base.clock import Viewer
from circles.base.english import choose


@dataclass(frozen=True, slots=True)
class OwnPass:
    """A pass that its person can use for a gathering. left: how many gatherings of it are not taken."""

    id: UUID
    left: int
    valid_until: datetime

    @classmethod
    def of(cls, value: Mapping[str, Any] | None) -> OwnPass | None:
        """From JSON, whose times and ids are text."""
        if value is None:
            return None
        return cls(UUID(value["id"]), value["left"], datetime.fromisoformat(value["valid_until"]))

    def hint(self, zone: str, viewer: Viewer) -> str:
        """What the form of booking says beside the choice."""
        return f"{left_text(self.left)}, until {clock.format_when(self.valid_until, zone, viewer)}. Nothing to pay now."


def left_text(left: int) -> str:
    """How many gatherings of a pass are left."""
    return choose(left, "One gathering left", f"{left} gatherings left") if left else "No gathering left"
