"""The web server: port, uvicorn's limits, messages at the start; and the worker process."""

from __future__ import annotations

import asyncio
import errno
import gc
import math
import resource
import signal
import socket
from contextlib import suppress
from types import FrameType
from typing import Any, cast

import structlog
import uvicorn
from starlette.applications import Starlette
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from circles.base.errors import CirclesError
from circles.base.settings import Settings
from circles.store.context import Context
from circles.web.head_deadline import MAX_CONNECTIONS, HeadDeadlineProtocol
from circles.web.monitoring.request_log import FROM_PROXY

MIN_OPEN_FILES = 4096  # a connection is an open file
# The part of the time to stop in which new requests are still served, while the readiness check says no, so that a
# balancer sends them elsewhere.
NOTICE = 1 / 8
# New objects after which Python looks for cycles among the youngest. Its own 700 are those of a page or two.
NEW_OBJECTS = 20_000


class PortRefused(CirclesError):
    """The site cannot listen on its host and port."""


def listen(settings: Settings) -> socket.socket:
    """Bind the port, before anything else is started. Raises PortRefused."""
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
    """uvicorn, which prints the site's URL once it serves, and gives notice before it stops.

    Its `stopping` is set at the first signal, for the readiness check and the worker in this process.
    """

    def __init__(self, config: uvicorn.Config, settings: Settings, application: Starlette) -> None:
        super().__init__(config)
        self._settings = settings
        self._application = application
        self._stopping: asyncio.Event = application.state.stopping
        self._loop: asyncio.AbstractEventLoop | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Handle a signal: give notice at the first; a second Ctrl-C ends at once whatever runs."""
        if self._loop is None or self._captured_signals:
            self.should_exit = True
            super().handle_exit(sig, frame)
        else:
            self._captured_signals.append(sig)
            self._loop.call_soon_threadsafe(self._give_notice)

    def _give_notice(self) -> None:
        self._stopping.set()
        asyncio.get_running_loop().call_later(self._settings.seconds_to_stop * NOTICE, self._exit)

    def _exit(self) -> None:
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        gc.freeze()  # what the start has loaded stays, and is not gone through again and again
        gc.set_threshold(NEW_OBJECTS)
        if self.started:
            settings = self._application.state.context.settings  # with the community's own name
            announce(settings, "serving", welcome(settings), address=settings.base_url)


def announce(settings: Settings, event: str, text: str, **fields: Any) -> None:
    """Say that a process has started: to a person in practice mode, else as a line of the log."""
    if settings.practice:
        print(text, flush=True)
    else:
        structlog.get_logger("server").info(event, **fields)


def welcome(settings: Settings) -> str:
    """The message at the start."""
    lines = [f"{settings.community_name} is at {settings.base_url}"]
    if settings.practice:
        mail = "and no mail leaves" if settings.practice_mail else "but mail goes out"
        mailbox = f"{settings.base_url}/practice/mail"
        lines.append(f"Practice mode: no card is charged {mail} ({mailbox} has it).")
    return "\n".join([*lines, "Ctrl-C stops it."])


def run(application: Starlette, settings: Settings, listening: socket.socket) -> None:
    """Serve the site until a signal stops it. Raises SiteFailed when it cannot start."""
    raise_file_limit()
    proxied = TrustedProxy(cast(Any, application), settings.trusted_proxy)
    config = uvicorn.Config(
        proxied if settings.trusted_proxy else application,
        http=HeadDeadlineProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="warning",
        access_log=False,  # a path can hold the key of a feed or of a sign-in
        server_header=False,
        proxy_headers=False,
        limit_concurrency=2 * MAX_CONNECTIONS,  # beyond it 503; before, connections that wait are ended
        timeout_keep_alive=5,
        timeout_graceful_shutdown=math.ceil(settings.seconds_to_stop * (1 - NOTICE)),
    )
    server = Server(config, settings, application)
    server.run(sockets=[listening])
    if not server.started:
        raise SiteFailed("The site did not start; the lines above say why.")


class TrustedProxy(ProxyHeadersMiddleware):
    """uvicorn's reader of a proxy's headers, which also notes whether the connection came from that proxy."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Note it before the client's own address takes the place of the proxy's."""
        client = scope.get("client")
        scope[FROM_PROXY] = bool(client) and client[0] in self.trusted_hosts
        await super().__call__(scope, receive, send)


class SiteFailed(CirclesError):
    """The application ended while starting."""


def raise_file_limit() -> None:
    """Raise the limit of open files of this process, if it may; the default is too low."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MIN_OPEN_FILES if hard == resource.RLIM_INFINITY else min(MIN_OPEN_FILES, hard)
    if soft < wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def work(context: Context) -> None:
    """Run jobs until a signal (Ctrl-C, SIGTERM); a second one ends what still runs at once."""
    from circles.store import jobs

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    working = asyncio.create_task(jobs.work(context, stop))

    def handle() -> None:
        if stop.is_set():
            working.cancel()
        stop.set()

    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(sign, handle)
    announce(context.settings, "carrying out jobs", "Carrying out jobs. Ctrl-C stops it.")
    async with context.in_force.followed(context.db):
        with suppress(asyncio.CancelledError):
            await working
