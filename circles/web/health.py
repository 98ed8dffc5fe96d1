"""Health check of the database, the job queue and the mail."""

from __future__ import annotations

import asyncio

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from circles.base.english import choose, plural
from circles.store import db, mail
from circles.web import access

SQL = db.queries("store/jobs")
log = structlog.get_logger("health")

# A job due for longer than this (seconds) means that no worker runs.
MAX_WAIT = 300.0
# Mail that waits for longer than this is named. It may be one full mailbox, which is nobody's fault, so only where
# nothing at all was accepted for an hour does the check fail.
MAIL_NAMED_AFTER = 15 * 60
MAX_MAIL_WAIT = 60 * 60


async def healthz(request: Request) -> Response:
    """200 when the database answers, the queue moves and mail leaves, else 503, with the state of each."""
    database = queue = post = "well"
    mail_leaves = True
    try:
        async with asyncio.timeout(5), access.context(request).db.reserved.reading() as tx:
            state = await SQL.queue_state(tx)
            waiting = await mail.waiting_state(tx)
        queue = _queue_text(state)
        if waiting["oldest_wait"] > MAIL_NAMED_AFTER:
            post = f"the oldest waiting mail has waited {_duration(waiting['oldest_wait'])}"
            mail_leaves = waiting["oldest_wait"] <= MAX_MAIL_WAIT or waiting["others_went"]
    except (TimeoutError, db.PostgresError, db.Unavailable) as error:
        log.warning("the database does not answer", error=type(error).__name__)
        database = queue = post = "does not answer"
    return JSONResponse(
        {"database": database, "queue": queue, "mail": post},
        status_code=200 if database == queue == "well" and mail_leaves else 503,
        headers={"Cache-Control": "no-store"},
    )


def _queue_text(state: db.Record) -> str:
    if state["oldest_wait"] > MAX_WAIT:
        return f"the oldest due job has waited {state['oldest_wait']:.0f} s"
    if failed := state["failed"]:
        return f"{plural(failed, 'job')} {choose(failed, 'was', 'were')} given up on"
    return "well"


def _duration(seconds: float) -> str:
    """A time in the largest unit of which there are two."""
    for unit, length in (("day", 86400), ("hour", 3600)):
        if seconds >= 2 * length:
            return plural(int(seconds // length), unit)
    return plural(int(seconds // 60), "minute")
