"""The context of verbs and jobs: settings and database."""

from __future__ import annotations

from dataclasses import dataclass, field

from circles.base.settings import Settings
from circles.store.db import Database
from circles.store.in_force import InForce


@dataclass(frozen=True, slots=True)
class Context:
    """The settings and the database of one process.

    environment: what the process was started with. in_force: the community's own settings; all contexts of a process
    share it.
    """

    environment: Settings
    db: Database
    in_force: InForce = field(default_factory=InForce)

    @property
    def settings(self) -> Settings:
        """The settings in force: read them anew for each request or job."""
        return self.in_force.over(self.environment)
