"""What a community says of itself: names, contact, crisis lines, colors, what new circles begin with, what is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from circles.base.settings.colors import OURS, Colors
from circles.base.settings.crisis_lines import UNITED_STATES, CrisisLine

# What the site may ask of people, and a community may not want to: what it is, and where it is asked.
ASKS: Final = {
    "pronouns": ("Pronouns", "When somebody signs in for the first time, and on their own page."),
    "access_needs": (
        "What hosts should know",
        "Such as lip-reading or a seat near the door. Only the hosts of their gatherings read it.",
    ),
    "training": (
        "Training and credentials of facilitators",
        "Shown on their pages and beside their circles.",
    ),
}
# The variables of the environment by the field that they are the first value of.
FIRST_VALUES: Final = ("community_name", "mail_name", "statement_name", "crisis_lines")


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture beside the community's name. hash: of its content, as in its URL. width, height: pixels."""

    hash: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Community:
    """One version of it. number: 0 while none is stored, so that the environment's values are in force.

    minimum, suggested, maximum: the scale of new circles, in minor units. zone: empty for the clock of whoever makes
    one. asks: those of ASKS that are asked.
    """

    community_name: str
    mail_name: str
    calendar_name: str
    statement_name: str
    contact_address: str = ""
    crisis_lines: tuple[CrisisLine, ...] = tuple(UNITED_STATES)
    colors: Colors = OURS
    logo: Logo | None = None
    currency: str = "USD"
    minimum: int = 3000
    suggested: int = 4500
    maximum: int = 8000
    refund_hours: int = 48
    late_refund_percent: int = 50
    zone: str = ""
    asks: tuple[str, ...] = tuple(ASKS)
    mail_footer: str = ""
    number: int = 0

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Community:
        """A stored version."""
        values = {field.name: row[field.name] for field in fields(cls) if field.name in _STORED_AS_THEY_ARE}
        return cls(
            **values,
            crisis_lines=tuple(CrisisLine(**line) for line in row["crisis_lines"]),
            colors=Colors(row["accent"], row["ground"], row["accent_dark"], row["ground_dark"]),
            logo=Logo(row["logo"], row["logo_width"], row["logo_height"]) if row["logo"] else None,
            asks=tuple(ask for ask in ASKS if ask in row["asks"]),
        )

    @property
    def footer_lines(self) -> list[str]:
        """The lines of the foot of a mail."""
        return self.mail_footer.splitlines()


_STORED_AS_THEY_ARE: Final = {field.name for field in fields(Community)} - {
    "crisis_lines",
    "colors",
    "logo",
    "asks",
}
