"""Connections that were used a moment ago, kept for the next request beside their pool.

Giving a connection back to a pool of asyncpg makes a task, and waiting for one needs a deadline: together a tenth of
the time of a short request, as measured. Nothing of that is needed while one request follows the other.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

from asyncpg import Connection, InterfaceError
from asyncpg.pool import Pool, PoolConnectionProxy

# Seconds after which all are given back: the pool closes idle ones, and those that have carried very many queries.
LASTS: Final = 1.0


class Recent:
    """The connections of one pool that are in use by nobody and not given back to it yet.

    waiting: how many wait for the pool, which gives them what others give back; nothing is kept from them.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._kept: list[PoolConnectionProxy] = []
        self._ends: asyncio.TimerHandle | None = None
        self._ending: asyncio.Task[None] | None = None
        self.waiting = 0

    def __len__(self) -> int:
        return len(self._kept)

    def take(self) -> PoolConnectionProxy | None:
        """The open one that was used last, if any."""
        while self._kept:
            connection = self._kept.pop()
            if not is_closed(connection):
                return connection
            drop(connection)  # so that the pool knows it as well
        return None

    def keep(self, connection: PoolConnectionProxy) -> bool:
        """Keep a connection without a transaction for the next; False where it has to be given back."""
        if self.waiting or self._ending or is_closed(connection):
            return False
        if self._ends is None:
            self._ends = asyncio.get_running_loop().call_later(LASTS, self._end)
        self._kept.append(connection)
        return True

    def _end(self) -> None:
        self._ending = asyncio.create_task(self.give_back())

    async def give_back(self) -> None:
        """Give all back to the pool."""
        if self._ends:
            self._ends.cancel()
        try:
            while connection := self.take():
                await self._pool.release(connection)
        finally:
            self._ends = self._ending = None

    def drop_all(self) -> None:
        """Close all, without a word to a server that may not answer."""
        while self._kept:
            drop(self._kept.pop())


def is_closed(connection: Connection | PoolConnectionProxy) -> bool:
    """Whether a connection is closed, or was dropped and is no longer the pool's."""
    try:
        return connection.is_closed()
    except InterfaceError:
        return True


def drop(connection: Connection | PoolConnectionProxy) -> None:
    """Close a connection at once, without a word to the server."""
    with suppress(InterfaceError):
        connection.terminate()
