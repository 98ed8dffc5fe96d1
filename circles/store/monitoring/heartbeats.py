"""Heartbeats: each process says every few seconds that it runs."""

from __future__ import annotations

import asyncio
from typing import Literal
from uuid import uuid4

import structlog

from circles.store import db
from circles.store.context import Context

SQL = db.queries("store/monitoring")
log = structlog.get_logger("heartbeats")

SECONDS = 15  # between two


async def is_pooled(connection: db.Tx) -> bool:
    """Whether a connection goes through a pooler: that announces a process of its own, not the server's."""
    return connection.get_server_pid() != await SQL.server_pid(connection)


async def beat_always(context: Context, kind: Literal["web", "worker"], *, pooled: bool = False) -> None:
    """Store a heartbeat every few seconds, until canceled. pooled: this process's connections go through a pooler."""
    process = uuid4()
    while True:
        try:
            async with asyncio.timeout(SECONDS), context.db.transaction() as tx:
                await SQL.beat(tx, id=process, kind=kind, pooled=pooled)
                await SQL.delete_ended(tx)
        except (OSError, TimeoutError, db.Unavailable, db.PostgresError, db.InterfaceError) as error:
            log.warning("a heartbeat was not stored", error=type(error).__name__)
        await asyncio.sleep(SECONDS)
