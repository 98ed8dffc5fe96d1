"""What every verb and every job needs to have in hand: the settings and the database."""

from __future__ import annotations

from dataclasses import dataclass

from circles.db import Database
from circles.settings import Settings


@dataclass(frozen=True, slots=True)
class House:
    """The settings and the database of one process."""

    settings: Settings
    db: Database
