"""The map of the site: settings, lifespan, every route, middleware, error handlers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount

from circles import jobs, logs, people
from circles.db import Database
from circles.house import House
from circles.settings import Settings
from circles.web import faults, guard, headers, render
from circles.web.guard import Who, route
from circles.web.health import healthz
from circles.web.static import Static

# The largest body a form may have, in bytes; a route may ask for another.
MOST_BODY = 200_000


def routes(settings: Settings) -> list[BaseRoute]:
    """Every address of the site, by room, with who may come in."""
    return [
        route("/healthz", healthz, Who.MACHINE),
        # people
        # guidelines
        # gatherings
        # payments
        # bookings
        # invites
        # attendance
        # practice
        Mount("/static", Static(directory=render.STATIC), name="static"),
    ]


def build(settings: Settings) -> Starlette:
    """The whole site as one ASGI application. Raises RuntimeError when a route says not who may come in."""
    logs.configure(settings)
    every = routes(settings)
    guard.check(every)
    app = Starlette(
        routes=every,
        middleware=[
            Middleware(headers.SecurityHeaders, https=not settings.practice),
            Middleware(headers.SameSiteOnly, origin=settings.address),
            Middleware(headers.BodyDeadline),
        ],
        exception_handlers=faults.handlers,
        lifespan=lambda app: lifespan(app, settings),
        max_body_size=MOST_BODY,
    )
    app.state.find_person = people.signed_in
    return app


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
        await database.close()
