"""Connections that were used a moment ago, kept for the next request beside their pool, or handed to who waits for one.

Giving a connection back to a pool of asyncpg makes a task, and waiting for one needs a deadline: together a tenth of
the time of a short request, as measured. Nothing of that is needed while one request follows the other.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import Final

from asyncpg import Connection, InterfaceError
from asyncpg.pool import Pool, PoolConnectionProxy

# Seconds after which all are given back: the pool closes idle ones, and those that have carried very many queries.
LASTS: Final = 1.0


class Recent:
    """The connections of one pool that are in use by nobody and not given back to it yet.

    waiting: how many wait for the pool itself, which gives them what others give back; nothing is kept from them.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._kept: list[PoolConnectionProxy] = []
        self._waiters: deque[asyncio.Future[PoolConnectionProxy | None]] = deque()
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

    async def wait(self) -> PoolConnectionProxy:
        """The next connection that is free: one of another request, or of the pool where it has or may open one."""
        while self._pool.get_size() >= self._pool.get_max_size() and not self._pool.get_idle_size():
            waiter: asyncio.Future[PoolConnectionProxy | None] = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            try:
                handed = await waiter
            except BaseException:
                if waiter.done() and not waiter.cancelled():  # handed over just as this one gave up
                    self._pass_on(waiter.result())
                raise
            if handed and not is_closed(handed):
                return handed
        self.waiting += 1
        try:
            return await self._pool.acquire()  # pyright: ignore[reportReturnType]
        finally:
            self.waiting -= 1

    def _pass_on(self, connection: PoolConnectionProxy | None) -> None:
        if connection is None:
            self.wake()
        elif not self._hand(connection):
            self._keep(connection)

    def wake(self) -> None:
        """Have somebody who waits ask the pool: a connection was given back to it, or closed."""
        self._hand(None)

    def _hand(self, connection: PoolConnectionProxy | None) -> bool:
        """Whether somebody waited, who has it now."""
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return True
        return False

    def keep(self, connection: PoolConnectionProxy) -> bool:
        """Keep a connection without a transaction for the next; False where it has to be given back."""
        if self.waiting or self._ending or is_closed(connection):
            return False
        if not self._hand(connection):
            self._keep(connection)
        return True

    def _keep(self, connection: PoolConnectionProxy) -> None:
        if self._ends is None:
            self._ends = asyncio.get_running_loop().call_later(LASTS, self._end)
        self._kept.append(connection)

    def _end(self) -> None:
        self._ending = asyncio.create_task(self.give_back())

    async def give_back(self) -> None:
        """Give all back to the pool."""
        if self._ends:
            self._ends.cancel()
        try:
            while connection := self.take():
                await self._pool.release(connection)
                self.wake()
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
