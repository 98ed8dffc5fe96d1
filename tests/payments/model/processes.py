"""Processes that end, or stand still, at a chosen await: before a statement, around a commit, around a call to Stripe.

Whatever else a process awaits has no effect outside of it, so that these are all the moments at which it can end.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal

import asyncpg
import httpx
import pytest

from circles.payments import gateway
from circles.practice.stripe import api
from circles.store.context import Context

# commit: before it, so that all of the transaction is lost. committed: the answer of the database is not read any more.
# call: before Stripe gets it. answer: Stripe has done it, and its answer is not read any more.
Place = Literal["statement", "commit", "committed", "call", "answer"]


class Killed(BaseException):
    """The process ends here: no handler of ours catches it, and nothing after it takes effect."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a process ends, at the so-many-th of such places; `pauses`: it stands still there, and goes on later."""

    place: Place
    number: int
    pauses: bool = False


class Process:
    """One process, which carries out one verb or job."""

    def __init__(self, cut: Cut | None) -> None:
        self._cut = cut
        self._places: Counter[str] = Counter()
        self.is_dead = False
        self.paused, self.goes_on = asyncio.Event(), asyncio.Event()

    async def run(self, work: Awaitable[Any]) -> Any:
        _running.set(self)
        return await work

    async def reach(self, place: Place) -> None:
        """Called at each place. Raises Killed where the process ends, and ever after."""
        if self.is_dead:
            raise Killed
        number = self._places[place]
        self._places[place] += 1
        if self._cut is None or (place, number) != (self._cut.place, self._cut.number):
            return
        if not self._cut.pauses:
            self.is_dead = True
            raise Killed
        self.paused.set()
        await self.goes_on.wait()


# The process that runs now; none for whatever Stripe and the test itself do.
_running: ContextVar[Process | None] = ContextVar("running", default=None)


_connection: Any = asyncpg.Connection
_execute, _query = _connection.execute, _connection._execute


def cut_processes(patch: pytest.MonkeyPatch) -> None:
    """Let the statements and calls of every process go through `Process.reach`."""

    async def reach_execute(self: Any, text: str, *args: Any, **options: Any) -> Any:
        if args:  # goes through _execute
            return await _execute(self, text, *args, **options)
        return await _reached(self, text, lambda: _execute(self, text, **options))

    async def reach_query(self: Any, text: str, *args: Any, **options: Any) -> Any:
        return await _reached(self, text, lambda: _query(self, text, *args, **options))

    patch.setattr(asyncpg.Connection, "execute", reach_execute)
    patch.setattr(asyncpg.Connection, "_execute", reach_query)
    patch.setattr(gateway, "_make_practice_transport", _transport)


async def _reached(connection: Any, text: str, send: Callable[[], Awaitable[Any]]) -> Any:
    process = _running.get()
    if process is None or text.startswith("ROLLBACK") or "typeinfo_tree" in text:
        return await send()
    is_commit = text.startswith("COMMIT")
    try:
        if not text.startswith("BEGIN"):
            await process.reach("commit" if is_commit else "statement")
    except Killed:
        if is_commit:  # as the server does, once the connection of a dead process closes
            await _execute(connection, "ROLLBACK;")
        raise
    answer = await send()
    if is_commit or not connection.is_in_transaction():
        await process.reach("committed")
    return answer


def _transport(context: Context) -> httpx.AsyncBaseTransport:
    inner = api.transport(context)

    class Transport(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            process = _running.get()
            if process is None:
                return await inner.handle_async_request(request)
            await process.reach("call")
            async with outside():
                answer = await inner.handle_async_request(request)
            await process.reach("answer")
            return answer

    return Transport()


@asynccontextmanager
async def outside() -> AsyncGenerator[None]:
    """What is done within the block is done by others, such as Stripe."""
    token = _running.set(None)
    try:
        yield
    finally:
        _running.reset(token)
