"""The look-alike of Stripe as a process of its own, which does what it is asked, and kills whoever asked.

    python -m tests.drills.stripe_process PORT CONTROL

CONTROL is a file: a line with a method and a path as a regular expression, and the ids of processes. The next call
that fits is carried out and committed, then those processes get SIGKILL before any answer leaves; the file is removed.
A line that begins with EVENT names a type of events: the processes are killed once they have taken its webhook in.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from circles import payments
from circles.base.settings import Settings
from circles.practice.stripe import api, webhooks
from circles.store.context import Context
from circles.store.db import Database

EVENTS_EVERY = 0.1  # seconds


def take(control: Path, what: str) -> list[int]:
    """The processes to kill for this call or event; once."""
    try:
        pattern, *pids = control.read_text().rsplit(" ", control.read_text().count(" ") - 1)
    except (OSError, ValueError):
        return []
    if not re.fullmatch(pattern, what):
        return []
    control.unlink()
    return [int(pid) for pid in pids]


def kill(pids: list[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


class KillsCallers:
    """The look-alike's answer is ready, so its work is committed: the caller dies before it arrives."""

    def __init__(self, app: ASGIApp, control: Path) -> None:
        self.app, self.control = app, control

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answer: list[Message] = []

        async def keep(message: Message) -> None:
            answer.append(message)

        await self.app(scope, receive, keep)
        kill(take(self.control, f"{scope['method']} {scope['path']}"))
        for message in answer:
            await send(message)


async def send_events(context: Context, control: Path) -> None:
    """Send every event to the site until it takes it, as Stripe does."""
    taken: set[str] = set()
    async with httpx.AsyncClient(timeout=20) as client:
        while True:
            with suppress(Exception):
                async with context.db.reading() as tx:
                    rows = await tx.fetch(
                        "select id, body from practice_objects where kind = 'event' order by created_at"
                    )
                for row in rows:
                    if row["id"] not in taken and await _sent(context, client, row["body"], control):
                        taken.add(row["id"])
            await asyncio.sleep(EVENTS_EVERY)


async def _sent(context: Context, client: httpx.AsyncClient, event: dict[str, Any], control: Path) -> bool:
    body, connected = json.dumps(event).encode(), "account" in event
    secrets = payments.connect_secret if connected else payments.webhook_secret
    signature = webhooks.signature(secrets(context.settings), body, int(time.time()))
    url = f"{context.settings.base_url}/webhooks/stripe{'/connect' if connected else ''}"
    posting = asyncio.create_task(client.post(url, content=body, headers={"Stripe-Signature": signature}))
    pids = take(control, f"EVENT {event['type']}")
    while pids and not posting.done():
        async with context.db.reading() as tx:
            if await tx.fetchval("select exists (select from stripe_events where id = $1)", event["id"]):
                kill(pids)
                break
        await asyncio.sleep(0.001)
    try:
        return (await posting).is_success and not pids
    except httpx.HTTPError:
        return False


async def main(port: int, control: Path) -> None:
    """Serve until killed."""
    settings = Settings()
    database = await Database.open(settings.database_url, size=8)
    context = Context(settings, database)

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        sending = asyncio.create_task(send_events(context, control))
        yield
        sending.cancel()

    app = api.build(context)
    app.router.lifespan_context = lifespan
    config = uvicorn.Config(KillsCallers(app, control), host="127.0.0.1", port=port, log_level="warning")
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2])))
