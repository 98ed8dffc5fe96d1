"""A TCP tunnel to the tests' PostgreSQL that can fall silent, as a frozen server does: connected, and no answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import parse_qs, urlsplit


class Tunnel:
    """url: of the database through the tunnel."""

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url)
        self._open = asyncio.Event()
        self._open.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator[Tunnel]:
        tunnel = cls(url)
        server = await asyncio.start_server(tunnel._serve, "127.0.0.1", 0)
        tunnel.port = server.sockets[0].getsockname()[1]
        try:
            yield tunnel
        finally:
            server.close()
            for task in tunnel._tasks:
                task.cancel()
            await asyncio.gather(*tunnel._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        user = f"{self._target.username}@" if self._target.username else ""
        return f"postgresql://{user}127.0.0.1:{self.port}{self._target.path}?sslmode=disable"

    def pause(self) -> None:
        self._open.clear()

    def resume(self) -> None:
        self._open.set()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        folder = parse_qs(self._target.query).get("host", [""])[0]
        port = self._target.port or int(parse_qs(self._target.query).get("port", ["5432"])[0])
        if folder.startswith("/"):
            return await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.{port}")
        return await asyncio.open_connection(self._target.hostname or folder, port)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, to = await self._connect()
        for pair in ((reader, to), (there, writer)):
            task = asyncio.create_task(self._pump(*pair))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError):
                while data := await reader.read(65536):
                    await self._open.wait()
                    writer.write(data)
                    await writer.drain()
        finally:
            writer.close()
