"""The site as one ASGI application: what stands around every request, and what opens and closes with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.types import ASGIApp

from circles import jobs, payments
from circles.db import Database
from circles.house import House
from circles.settings import Settings
from circles.web import faults, headers


class Site(Starlette):
    """Starlette with our headers around everything, its own answers to faults and large bodies too."""

    def build_middleware_stack(self) -> ASGIApp:
        """The stack as Starlette builds it, within ours."""
        inner = headers.PlainTooMuch(super().build_middleware_stack(), page=faults.too_much)
        return headers.SecurityHeaders(inner, https=not self.state.settings.practice)


@asynccontextmanager
async def lifespan(app: Starlette, settings: Settings) -> AsyncGenerator[None]:
    """Open the database, and run the worker beside the pages where the settings say so."""
    database = await Database.open(settings.database_url, size=settings.pool_size, pooler=settings.pooler)
    app.state.house = House(settings, database)
    stop = asyncio.Event()
    worker = asyncio.create_task(jobs.work(app.state.house, stop)) if settings.works_here else None
    try:
        yield
    finally:
        stop.set()
        if worker:
            with suppress(TimeoutError, asyncio.CancelledError):
                await asyncio.wait_for(worker, 5)
        await payments.close(database)
        await database.close()
