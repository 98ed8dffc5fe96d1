"""Serving: the port, the limits of uvicorn, what is said to whoever started it."""

from __future__ import annotations

import asyncio
import errno
import resource
import signal
import socket
from contextlib import suppress

import uvicorn
from starlette.types import ASGIApp

from circles.base.errors import CirclesError
from circles.base.settings import Settings
from circles.store.context import Context
from circles.web.head_deadline import HeadDeadlineProtocol

AT_ONCE = 1000  # connections, of which each may have one request; more are told to come back
FILES = 4096  # open files: every connection is one
GRACE = 1  # seconds a request under way has when the site is stopped


class PortRefused(CirclesError):
    """The site cannot listen where it was told to."""


def listen(settings: Settings) -> socket.socket:
    """Take the port, before anything else is started. Raises PortRefused."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=2048)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            text = (
                f"Port {settings.port} is in use, perhaps by another Circles. Choose one: make run PORT=8001"
            )
        else:
            text = f"Circles cannot listen on {settings.host}, port {settings.port}: {error.strerror}."
        raise PortRefused(text) from error


class Server(uvicorn.Server):
    """uvicorn, which says in plain words where the site is once it answers."""

    def __init__(self, config: uvicorn.Config, settings: Settings) -> None:
        super().__init__(config)
        self._settings = settings

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start as uvicorn does, then say so."""
        await super().startup(sockets)
        if self.started:
            print(welcome(self._settings), flush=True)


def welcome(settings: Settings) -> str:
    """What whoever started the site needs to know, in three lines."""
    lines = [f"{settings.community_name} is at {settings.base_url}"]
    if settings.practice:
        lines.append(
            f"Practice mode: no card is charged and no mail leaves ({settings.base_url}/practice/mail has it)."
        )
    return "\n".join([*lines, "Ctrl-C stops it."])


def run(application: ASGIApp, settings: Settings, listening: socket.socket) -> None:
    """Serve the site until it is told to stop. Raises SiteFailed when it cannot start."""
    more_files()
    config = uvicorn.Config(
        application,
        http=HeadDeadlineProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="warning",
        access_log=False,  # a path can hold the key of a feed or of a sign-in
        server_header=False,
        proxy_headers=bool(settings.trusted_proxy),
        forwarded_allow_ips=settings.trusted_proxy or None,
        limit_concurrency=AT_ONCE,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=GRACE,
    )
    server = Server(config, settings)
    server.run(sockets=[listening])
    if not server.started:
        raise SiteFailed("The site did not start; the lines above say why.")


class SiteFailed(CirclesError):
    """The application ended before it could answer."""


def more_files() -> None:
    """Let this process open as many files as it may need connections; the usual limit is too low."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft < wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def work(context: Context) -> None:
    """Carry out jobs until told to stop (Ctrl-C, SIGTERM)."""
    from circles.store import jobs

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(sign, stop.set)
    print("Carrying out jobs. Ctrl-C stops it.", flush=True)
    await jobs.work(context, stop)
