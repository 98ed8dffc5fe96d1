"""The connection pools of a process, and transactions."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import asyncpg
from asyncpg import Connection, InterfaceError
from asyncpg.pool import Pool, PoolConnectionProxy
from asyncpg.transaction import Transaction

from circles.store.db import faults
from circles.store.db.faults import Unavailable
from circles.store.db.limits import COMMANDS, EXPORTS, JOBS, MARGIN, PAGES, RESERVED, Limits
from circles.store.db.recent import Recent, drop, is_closed
from circles.store.db.watch import SilentDatabaseError, Watch

# A connection, usually inside a transaction. A function that takes one runs in its caller's transaction.
Tx = PoolConnectionProxy | Connection

# Connections for reads alone: these wait for no row lock, so pages go on while all transactions wait for one.
FOR_READS = 2

# Dates, and times that become JSON or text, are in UTC, whatever zone the server has. Sent when a connection opens, it
# holds behind a transaction pooler as well (PgBouncer keeps TimeZone apart for each client).
_IN_UTC = {"timezone": "UTC"}

# A peer that vanished without a word is noticed within a minute, a LISTEN that waits for hours too.
_KEEPALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 60_000}


def _to_jsonb(value: Any) -> str:
    """JSON for a jsonb column. A string is JSON already: pgqueuer serializes its own."""
    return value if isinstance(value, str) else json.dumps(value)


def _keep_alive(connection: Any) -> None:
    """Turn on TCP keepalives, which asyncpg does not offer."""
    peer = connection._transport.get_extra_info("socket")
    if peer is None or peer.family not in (socket.AF_INET, socket.AF_INET6):
        return
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        if hasattr(socket, name):  # each system has some of them
            peer.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


async def _leave_as_is(_: Any) -> None:
    """No session state is ever set (settings are transaction-local), so there is none to reset."""


async def connect(url: str, *, prepares: bool = True) -> Connection:
    """A connection outside the pool, for migrations and for the worker's LISTEN.

    prepares: whether its statements are prepared under a name. Behind a transaction pooler those outlive it, and the
    next process, which uses the same names, fails.
    """
    connection = await asyncpg.connect(
        url, timeout=15, server_settings=_IN_UTC, statement_cache_size=100 if prepares else 0
    )
    _keep_alive(connection)
    return connection


@dataclass(frozen=True, slots=True)
class PoolState:
    """How many connections of a pool are in use, are open, and may be open."""

    in_use: int
    size: int
    max_size: int


class Commits:
    """How many transactions were committed, or may have been."""

    def __init__(self) -> None:
        self.count = 0


_commits: ContextVar[Commits | None] = ContextVar("commits", default=None)


@contextmanager
def commits() -> Generator[Commits]:
    """Count the transactions that are committed within the block."""
    counted = Commits()
    token = _commits.set(counted)
    try:
        yield counted
    finally:
        _commits.reset(token)


class Database:
    """A connection pool, with deadlines, and the small pools beside it.

    A verb runs in `async with db.transaction() as tx`: the end commits, an exception rolls back. A page that only
    reads uses `async with db.reading() as tx`. Both raise Unavailable for every fault of the database.

    reserved: for health and webhooks, which must not wait for pages. exports: for what slow browsers download. jobs:
    for the worker in a web process. Each is this database itself where it was opened without.
    """

    def __init__(
        self, pool: Pool, limits: Limits, *, is_pooled: bool = False, keeps_recent: bool = True
    ) -> None:
        self._pool = pool
        self._recent = Recent(pool)
        self._keeps_recent = keeps_recent
        self._limits = limits
        self._is_pooled = is_pooled
        self._writers: asyncio.Semaphore | None = None
        self._watch = Watch()
        self._watching: asyncio.Task[None] | None = None
        self.reserved = self.exports = self.jobs = self

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        size: int = 6,
        pooler: bool = False,
        limits: Limits = COMMANDS,
        on_query: Callable[[Any], None] | None = None,
        connects: bool = True,
    ) -> Database:
        """Open one pool. pooler: behind a transaction pooler, where prepared statements cannot be cached.

        on_query: called with each query, as asyncpg logs it: a moment later, so that each connection then goes back to
        the pool before the next query. connects: open the first connection now.
        """

        async def init(connection: Any) -> None:
            _keep_alive(connection)
            await connection.set_type_codec(
                "jsonb", encoder=_to_jsonb, decoder=json.loads, schema="pg_catalog"
            )
            if on_query:
                connection.add_query_logger(on_query)

        pool = await asyncpg.create_pool(
            url,
            min_size=0,  # with more, asyncpg itself connects again and again while the database is away
            max_size=size,
            init=init,
            reset=_leave_as_is,
            connection_class=_limited(limits) if pooler else Connection,
            server_settings=_IN_UTC if pooler else _IN_UTC | limits.settings(),
            statement_cache_size=0 if pooler else 200,
            command_timeout=limits.statement + MARGIN,
            timeout=15,
        )
        if connects:
            await pool.release(await pool.acquire())
        return cls(pool, limits, is_pooled=pooler, keeps_recent=on_query is None)

    @classmethod
    async def open_for_pages(
        cls, url: str, *, size: int = 6, pooler: bool = False, with_jobs: bool = False
    ) -> Database:
        """Open the pools of a web process.

        Each opens the connections it needs: `size` for transactions, two more for reads, two reserved, two for
        exports, and six for jobs.
        """
        database = await cls.open(url, size=size + FOR_READS, pooler=pooler, limits=PAGES)
        database._writers = asyncio.Semaphore(size)
        database.reserved = await cls.open(url, size=2, pooler=pooler, limits=RESERVED)
        database.exports = await cls.open(url, size=2, pooler=pooler, limits=EXPORTS, connects=False)
        if with_jobs:
            database.jobs = await cls.open(url, pooler=pooler, limits=JOBS)
        # Exports and jobs hold connections for long, and nobody waits for them: they have their own deadlines.
        database.reserved._watch = database._watch
        all_of_them = (database, database.reserved, database.exports, database.jobs)
        expiries = [one._expire for one in all_of_them]
        database._watching = asyncio.create_task(database._watch.run(url, expiries, drop))
        return database

    def pool_states(self) -> dict[str, PoolState]:
        """How many connections each pool has now, by what it is for."""
        pools = {"pages": self, "reserved": self.reserved, "exports": self.exports, "jobs": self.jobs}
        return {
            name: database._state()
            for name, database in pools.items()
            if database is not self or name == "pages"
        }

    def _state(self) -> PoolState:
        size = self._pool.get_size()
        idle = self._pool.get_idle_size() + len(self._recent)
        return PoolState(size - idle, size, self._pool.get_max_size())

    async def _expire(self) -> None:
        """Use none of the connections there are any more."""
        self._recent.drop_all()
        await self._pool.expire_connections()

    async def close(self) -> None:
        """Close every connection, after a short wait for running queries."""
        if self._watching:
            self._watching.cancel()
        for database in {self, self.reserved, self.exports, self.jobs}:
            await database._recent.give_back()
            await database._pool.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Tx]:
        """A transaction: the end of the block commits, an exception rolls back. Raises Unavailable."""
        async with self._connection(self._writers) as connection:
            transaction = connection.transaction()
            await transaction.start()
            try:
                yield connection
            except BaseException as error:
                await _roll_back(connection, transaction, error)
                raise
            await _commit(connection, transaction)

    @asynccontextmanager
    async def one_write(self) -> AsyncGenerator[Tx]:
        """A connection for one statement that writes, which commits by itself. Raises Unavailable.

        No lock is held while an answer travels, as between the statements of a transaction. Behind a pooler it is a
        transaction all the same, whose deadlines can be set for that alone.
        """
        if self._is_pooled:
            async with self.transaction() as tx:
                yield tx
            return
        async with self._connection(self._writers) as connection:
            try:
                yield connection
            except BaseException as error:
                if _is_refusal(error) or not faults.is_fault(error, is_closed=is_closed(connection)):
                    raise
                _note_commit()  # it may have been done
                drop(connection)
                raise Unavailable(error, unsure=True) from error
            _note_commit()

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[Tx]:
        """A connection for reads, each in its own transaction. Raises Unavailable.

        Behind a pooler they share one: its deadlines can be set for a transaction alone.
        """
        async with self._connection() as connection:
            if self._is_pooled:
                async with connection.transaction():
                    yield connection
            else:
                yield connection

    @asynccontextmanager
    async def _connection(
        self, slots: asyncio.Semaphore | None = None
    ) -> AsyncGenerator[PoolConnectionProxy]:
        connection = await self._acquire(slots)
        self._watch.held[connection] = asyncio.get_running_loop().time()
        is_kept = False
        try:
            yield connection
            is_kept = self._keeps_recent and self._recent.keep(connection)
        except BaseException as error:
            if isinstance(error, TimeoutError | asyncio.CancelledError | asyncpg.InternalClientError):
                drop(connection)
            if faults.is_fault(error, is_closed=is_closed(connection)):
                raise Unavailable(error) from error
            raise
        finally:
            del self._watch.held[connection]
            if slots:
                slots.release()
            if not is_kept:
                try:
                    await self._pool.release(connection)
                finally:
                    self._recent.wake()

    async def _acquire(self, slots: asyncio.Semaphore | None) -> PoolConnectionProxy:
        """A connection within the deadline, after one of the slots."""
        has_slot = False
        if not (self._watch.is_silent or (slots and slots.locked())) and (recent := self._recent.take()):
            if slots:
                await slots.acquire()  # it is free, so this waits for nobody
            return recent
        try:
            async with self._watch.deadline(self._limits.connection):
                if slots:
                    has_slot = await slots.acquire()
                return self._recent.take() or await self._recent.wait()
        except BaseException as error:
            if slots and has_slot:
                slots.release()
            if isinstance(error, (*faults.CONNECTING, SilentDatabaseError)):
                raise Unavailable(error) from error
            raise


def _limited(limits: Limits) -> type[Connection]:
    """A connection whose transactions begin with these limits, in the same query."""
    begin = limits.begin()

    class Limited(Connection):
        async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:
            return await super().execute(begin if query == "BEGIN;" else query, *args, timeout=timeout)

    return Limited


async def _roll_back(connection: Tx, transaction: Transaction, error: BaseException) -> None:
    """Roll back; without asking a server that may not answer, which rolls back by itself once the connection closes."""
    if isinstance(error, TimeoutError | asyncio.CancelledError):
        drop(connection)
    elif not is_closed(connection):
        try:
            await transaction.rollback()
        except (*faults.CONNECTING, TimeoutError):
            drop(connection)


async def _commit(connection: Tx, transaction: Transaction) -> None:
    try:
        await transaction.commit()
    except asyncpg.PostgresError as error:
        if (error.sqlstate or "").startswith("08"):  # no answer of the server's, but the connection's end
            raise Unavailable(error, unsure=True) from error
        raise
    except (OSError, InterfaceError) as error:
        drop(connection)
        raise Unavailable(error, unsure=True) from error
    finally:
        _note_commit()  # one that failed counts too: it may have been done


def _note_commit() -> None:
    if counted := _commits.get():
        counted.count += 1


def _is_refusal(error: BaseException) -> bool:
    """Whether the server answered a statement with an error, so that nothing of it was done."""
    return isinstance(error, asyncpg.PostgresError) and not (error.sqlstate or "").startswith("08")
