"""The site as a program, in which everything fails with a database error that has a row in its text.

Run as `python -m tests.web.leaking serve`; LEAKS names what fails, and JSON is set for the format of production.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys
import threading
import warnings
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

import app
from circles import __main__ as commands
from circles.commands import read_settings
from circles.practice import demo
from circles.store import checks, jobs, logs
from circles.store.context import Context
from circles.store.db import Database, UniqueViolationError
from circles.web import access
from circles.web.access import Access, route

SECRET = "mira.secret@example.org"
DOUBLED = f"""
create temporary table doubled (email text unique) on commit drop;
insert into doubled values ('{SECRET}'), ('{SECRET}');
"""
LEAKS = os.environ.get("LEAKS", "").split()
happened: set[str] = set()


async def leak(database: Database) -> None:
    """Raise UniqueViolationError, with the row in its details."""
    async with database.transaction() as tx:
        await tx.execute(DOUBLED)


async def caught(database: Database) -> Exception:
    try:
        await leak(database)
    except Exception as error:
        if SECRET in str(error):
            return error
    raise AssertionError("PostgreSQL does not say it")


async def handler(request: Request) -> Response:
    await leak(access.context(request).db)
    raise AssertionError


async def streaming(request: Request) -> Response:
    async def body() -> AsyncIterator[bytes]:
        yield b"begun"
        await leak(access.context(request).db)

    return StreamingResponse(body())


async def background(request: Request) -> Response:
    return PlainTextResponse("sent", background=BackgroundTask(leak, access.context(request).db))


class Leaking:
    """ASGI middleware that fails for one address."""

    def __init__(self, inner: ASGIApp) -> None:
        self.inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("path") == "/leak/middleware":
            await leak(scope["app"].state.context.db)
        await self.inner(scope, receive, send)


class Unclosed:
    """An object that cannot be deleted without an exception."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __del__(self) -> None:
        raise self.error


async def others(request: Request) -> Response:
    """Everything that fails outside of a request: a task, a callback, a thread, the interpreter, libraries."""
    database = access.context(request).db
    error = await caught(database)

    def fail() -> None:
        raise error

    loop = asyncio.get_running_loop()
    task = asyncio.create_task(leak(database))
    await asyncio.wait({task})
    del task
    gc.collect()
    loop.call_soon(fail)
    loop.call_exception_handler({"message": f"about {SECRET}", "exception": error})
    thread = threading.Thread(target=fail, name=SECRET)
    thread.start()
    await asyncio.to_thread(thread.join)
    Unclosed(error)
    gc.collect()
    warnings.warn(f"{SECRET}: {error}", stacklevel=1)
    library = logging.getLogger("some.library")
    library.error(error)
    library.error("failed: %s", error, exc_info=error)
    library.error(f"failed: {error}")
    library.error("not %d", SECRET)
    logging.getLogger("stripe").error("%s", error, stack_info=True)
    log = structlog.get_logger("own")
    log.error("failed", why=error, row=[error, {"email": error}], exc_info=error)
    await asyncio.sleep(0)
    return PlainTextResponse("done")


async def behind(request: Request) -> Response:
    """A job for the worker, and an entry of the timetable as a worker runs it."""
    context = access.context(request)
    async with context.db.transaction() as tx:
        await jobs.enqueue(tx, "test.leak")
    with suppress(UniqueViolationError):
        await jobs.run_timetable(context, "test.leak_entry")
    return PlainTextResponse("queued")


async def what_happened(_: Request) -> Response:
    return JSONResponse(sorted(happened))


@jobs.job("test.leak", attempts=0)
async def leaking_job(context: Context) -> None:
    try:
        await leak(context.db)
    finally:
        happened.add("job")


async def leaking_entry(context: Context) -> None:
    try:
        await leak(context.db)
    finally:
        happened.add("timetable")


@asynccontextmanager
async def lifespan(site: Any, settings: Any) -> AsyncGenerator[None]:
    async with real_lifespan(site, settings):
        if "start" in LEAKS:
            await leak(site.state.context.db)
        yield
        if "stop" in LEAKS:
            await leak(site.state.context.db)


async def failing_checks(tx: Any, link: str) -> Any:
    await tx.execute(DOUBLED)


real_lifespan, real_build, real_start, real_warn = app.lifespan, app.build, logs.start, read_settings.warn


def build(settings: Any) -> Any:
    site = real_build(settings)
    site.user_middleware.append(Middleware(Leaking))
    return site


async def is_new(_: Any) -> bool:
    return False


def main() -> int:
    """Run a command of Circles, with what fails put in."""
    app.ROOT += [
        route(f"/leak/{handle.__name__}", handle, Access.PUBLIC)
        for handle in (handler, streaming, background, others, behind, what_happened)
    ]
    app.lifespan, app.build = lifespan, build
    demo.is_new = is_new
    checks.run = failing_checks
    if "JSON" in os.environ:
        logs.start = lambda **_: real_start(readable=False)
        read_settings.warn = lambda settings, texts: real_warn(
            settings.model_copy(update={"mode": "production"}), texts
        )
    jobs.every("test.leak_entry", "0 0 29 2 *")(leaking_entry)
    logs.take_hooks()
    return commands.main()


if __name__ == "__main__":
    sys.exit(main())
