"""Notices a database that answers nothing any more (frozen, cut off), so that nobody waits for it.

Its connections stay open, so each request would wait for its own deadline. Only asking on a connection of its own tells
such a server from a statement that takes long.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import asyncpg
import structlog

log = structlog.get_logger("database")

EVERY = 0.5  # seconds between two looks
SUSPECT_AFTER = 2.0  # seconds that somebody has had a connection
ANSWER_WITHIN = 1.0  # seconds, twice in a row: once may be this process, which was busy itself


class SilentDatabaseError(Exception):
    """The database answers nothing at the moment."""


@dataclass(slots=True)
class Watch:
    """is_silent: whether it answers nothing. held: the connections in use, each with the time since.

    waits: the deadlines of those who wait for a connection.
    """

    is_silent: bool = False
    held: dict[asyncpg.pool.PoolConnectionProxy, float] = field(default_factory=dict)
    waits: set[asyncio.Timeout] = field(default_factory=set)

    @asynccontextmanager
    async def deadline(self, seconds: float) -> AsyncGenerator[None]:
        """A deadline for waiting for a connection, which passes at once while the database is silent.

        Raises TimeoutError, SilentDatabaseError.
        """
        if self.is_silent:
            raise SilentDatabaseError
        try:
            async with asyncio.timeout(seconds) as timeout:
                self.waits.add(timeout)
                try:
                    yield
                finally:
                    self.waits.discard(timeout)
        except TimeoutError:
            if self.is_silent:
                raise SilentDatabaseError from None
            raise

    async def run(
        self,
        url: str,
        expiries: Iterable[Callable[[], Awaitable[None]]],
        drop: Callable[[asyncpg.pool.PoolConnectionProxy], None],
    ) -> None:
        """Look until canceled.

        expiries: each ends the use of the connections of a pool. drop: closes one without a word to the server.
        """
        misses = 0
        while True:
            await asyncio.sleep(EVERY)
            if not (self.is_silent or misses or self._is_suspect()):
                continue
            misses = 0 if await _answers(url) else misses + 1
            if misses == 0 and self.is_silent:
                self.is_silent = False
                log.warning("the database answers again")
            if misses == 2:
                self.is_silent = True
                log.warning("the database answers nothing")
            if misses >= 2:
                for connection in list(self.held):
                    drop(connection)
                for timeout in [one for one in self.waits if not one.expired()]:
                    timeout.reschedule(0)
                for expire in expiries:
                    await expire()

    def _is_suspect(self) -> bool:
        now = asyncio.get_running_loop().time()
        return any(now - since > SUSPECT_AFTER for since in self.held.values())


async def _answers(url: str) -> bool:
    """Whether the database answers anything, be it a refusal."""
    connection = None
    try:
        async with asyncio.timeout(ANSWER_WITHIN):
            connection = await asyncpg.connect(url, statement_cache_size=0)
            await connection.execute("select")
    except TimeoutError:
        return False
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
        return True
    finally:
        if connection:
            with suppress(asyncpg.InterfaceError):
                connection.terminate()
    return True
