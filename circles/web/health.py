"""/healthz: how the database and the queue are."""

from __future__ import annotations

import asyncio

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from circles.store import db
from circles.web import access

SQL = db.queries("store/jobs")
log = structlog.get_logger("health")

# A due job that nobody took for this long (seconds) means that no worker is at work.
LONGEST_WAIT = 300.0


async def healthz(request: Request) -> Response:
    """200 when the database answers and the queue moves, else 503; both are named."""
    database, queue = "well", "well"
    try:
        async with asyncio.timeout(5), access.context(request).db.reading() as tx:
            state = await SQL.queue_state(tx)
        if state["oldest_wait"] > LONGEST_WAIT:
            queue = f"the oldest due job has waited {state['oldest_wait']:.0f} s"
        elif state["failed"]:
            queue = (
                "1 job was given up on"
                if state["failed"] == 1
                else f"{state['failed']} jobs were given up on"
            )
    except (OSError, TimeoutError, db.PostgresError, db.InterfaceError) as error:
        log.warning("the database does not answer", error=type(error).__name__)
        database = queue = "does not answer"
    well = database == queue == "well"
    return JSONResponse(
        {"database": database, "queue": queue},
        status_code=200 if well else 503,
        headers={"Cache-Control": "no-store"},
    )
