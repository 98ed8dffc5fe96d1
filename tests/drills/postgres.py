"""The PostgreSQL server of the drills, to be restarted, killed, frozen and made read-only."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from uuid import uuid4

import asyncpg

from circles.practice.postgres import embedded
from circles.practice.postgres.embedded import Embedded
from circles.store import migrate
from tests.database import with_database

TEMPLATE = "drill_template"


class Postgres:
    """A server whose socket stays where it is when it is started again."""

    def __init__(self, data: Path) -> None:
        data.mkdir(parents=True, exist_ok=True)
        data.chmod(0o711)  # the account that runs it, when we are root, must get in
        self._server = Embedded.start(data, report=lambda _: None)
        self.url = self._server.url
        self._command = Path(f"/proc/{self._server.pid}/cmdline").read_text().strip("\0").split("\0")

    def close(self) -> None:
        self.thaw()
        self._server.stop()

    async def create(self) -> str:
        """A new migrated, empty database. Returns its address."""
        name = f"drill_{uuid4().hex[:12]}"
        connection = await asyncpg.connect(self.url)
        if not await connection.fetchval(
            "select exists (select from pg_database where datname = $1)", TEMPLATE
        ):
            await connection.execute(f"create database {TEMPLATE}")
            await migrate.migrate(with_database(self.url, TEMPLATE))
        await connection.execute(f"create database {name} template {TEMPLATE}")
        await connection.close()
        return with_database(self.url, name)

    async def drop(self, url: str) -> None:
        await self._execute(f"drop database {_name(url)} with (force)")

    # Faults

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: SIGINT ends connections and writes everything, SIGQUIT is a crash."""
        child = self._server._child
        assert child
        child.send_signal(how)
        child.wait(60)

    def has_ended(self) -> bool:
        return self._server._child is None or self._server._child.poll() is not None

    def start(self) -> None:
        """Start the server again, where it was."""
        location = self._server._location
        with embedded.open_log(location) as log:
            child = embedded.start_program(self._command, location, stdout=log, stderr=log)
        self._server._child = child
        assert self._server._wait_ready(monotonic() + 60)

    def freeze(self) -> None:
        """Stop all processes of the server in the middle of whatever they do; connections stay open and silent."""
        for pid in self._processes():
            os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        for pid in self._processes():
            os.kill(pid, signal.SIGCONT)

    def _processes(self) -> Iterator[int]:
        """The server's processes, the first of which accepts connections."""
        yield self._server.pid
        for found in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = found.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == self._server.pid:
                yield int(found.parent.name)

    @asynccontextmanager
    async def read_only(self, url: str) -> AsyncIterator[None]:
        """During the block the database accepts no writes, as a standby after a failover."""
        await self._set_read_only(url, True)
        try:
            yield
        finally:
            await self._set_read_only(url, False)

    async def _set_read_only(self, url: str, is_on: bool) -> None:
        setting = "on" if is_on else "off"
        await self._execute(f"alter database {_name(url)} set default_transaction_read_only = {setting}")
        await self.disconnect(url)

    async def disconnect(self, url: str) -> None:
        """End every connection to a database."""
        await self._execute(
            f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{_name(url)}'"
        )

    async def _execute(self, command: str) -> None:
        connection = await asyncpg.connect(self.url)
        await connection.execute(command)
        await connection.close()


def _name(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]
