"""The version of the community's settings that is in force, as one process knows it.

The newest row of `community_versions` is in force everywhere: the query for the signed-in person says its number, and
each process looks every second besides, for visitors and jobs. While the database is away, the last known one stays.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from circles.base.settings import Community, Settings
from circles.store import db

SQL = db.queries("store/community")
EVERY = 1.0  # seconds between two looks


class InForce:
    """The newest version that this process has read; none while none is stored."""

    def __init__(self) -> None:
        self.stored: Community | None = None
        self._over: tuple[Settings, Settings] | None = None

    @property
    def number(self) -> int:
        return self.stored.number if self.stored else 0

    def over(self, environment: Settings) -> Settings:
        """The settings in force: those of the environment, with what is stored over its first values."""
        if self.stored is None:
            return environment
        if self._over is None or self._over[0] is not environment:
            self._over = (environment, environment.with_community(self.stored))
        return self._over[1]

    async def refresh(self, database: db.Database) -> None:
        """Read the newest version, where it is another than the known one. Raises Unavailable."""
        async with database.reading() as tx:
            row = await SQL.newer(tx, known=self.number)
        # Of two that read at once the later one may have the older version.
        if row is not None and row["number"] > self.number:
            self.stored, self._over = Community.of(row), None

    @asynccontextmanager
    async def followed(self, database: db.Database) -> AsyncGenerator[None]:
        """Read it now, and look for a newer one beside the block. Raises Unavailable for the first look alone."""
        await self.refresh(database)
        following = asyncio.create_task(self._follow(database))
        try:
            yield
        finally:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following

    async def _follow(self, database: db.Database) -> None:
        while True:
            await asyncio.sleep(EVERY)
            with suppress(db.Unavailable):  # the last known version stays
                await self.refresh(database)
