"""Health check of the database and the job queue."""

from __future__ import annotations

import asyncio

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from circles.base.english import choose, plural
from circles.store import db
from circles.web import access

SQL = db.queries("store/jobs")
log = structlog.get_logger("health")

# A job due for longer than this (seconds) means that no worker runs.
MAX_WAIT = 300.0


async def healthz(request: Request) -> Response:
    """200 when the database answers and the queue moves, else 503, with the state of both."""
    database, queue = "well", "well"
    try:
        async with asyncio.timeout(5), access.context(request).db.reading() as tx:
            state = await SQL.queue_state(tx)
        if state["oldest_wait"] > MAX_WAIT:
            queue = f"the oldest due job has waited {state['oldest_wait']:.0f} s"
        elif state["failed"]:
            failed = state["failed"]
            queue = f"{plural(failed, 'job')} {choose(failed, 'was', 'were')} given up on"
    except (OSError, TimeoutError, db.PostgresError, db.InterfaceError) as error:
        log.warning("the database does not answer", error=type(error).__name__)
        database = queue = "does not answer"
    well = database == queue == "well"
    return JSONResponse(
        {"database": database, "queue": queue},
        status_code=200 if well else 503,
        headers={"Cache-Control": "no-store"},
    )
