"""The context of verbs and jobs: settings and database."""

from __future__ import annotations

from dataclasses import dataclass

from circles.base.settings import Settings
from circles.store.db import Database


@dataclass(frozen=True, slots=True)
class Context:
    """The settings and the database of one process."""

    settings: Settings
    db: Database
