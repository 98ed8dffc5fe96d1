"""PgBouncer in transaction mode, between the site and the PostgreSQL of a drill."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from circles.practice.postgres import embedded
from tests.drills.postgres import Postgres
from tests.drills.stage import free_port, until

CONFIGURATION = """[databases]
* = host={sockets} port={server_port} user=circles
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {size}
logfile = {log}
pidfile =
"""


@asynccontextmanager
async def pooled(postgres: Postgres, url: str, *, size: int = 5) -> AsyncIterator[str]:
    """The address of a database through PgBouncer, which opens `size` connections to the server."""
    program = shutil.which(
        "pgbouncer", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/bin"
    )
    if not program:
        pytest.skip("PgBouncer is not on this machine")
    query, port = parse_qs(urlsplit(url).query), free_port()
    with tempfile.TemporaryDirectory(prefix="circles-pooler-") as folder:
        file, log = Path(folder, "pgbouncer.ini"), Path(folder, "log")
        Path(folder).chmod(0o755)
        log.touch()
        log.chmod(0o666)  # it runs as the account of the database
        file.write_text(
            CONFIGURATION.format(
                sockets=query["host"][0],
                server_port=query.get("port", ["5432"])[0],
                port=port,
                size=size,
                log=log,
            )
        )
        # As the database's own account: its socket is for nobody else, and PgBouncer refuses to run as root.
        process = embedded.start_program([program, "-q", str(file)], postgres._server._location)
        address = f"postgresql://circles@127.0.0.1:{port}{urlsplit(url).path}?sslmode=disable"
        try:
            await until(lambda: _answers(address), "PgBouncer", 60)
            yield address
        finally:
            process.terminate()
            await asyncio.to_thread(process.wait, 30)


async def _answers(address: str) -> bool:
    with suppress(OSError, asyncpg.PostgresError):
        connection = await asyncpg.connect(address, statement_cache_size=0)
        await connection.close()
        return True
    return False
