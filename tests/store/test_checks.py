"""Every invariant of sql/checks.sql detects the damage it is for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiosql
import asyncpg
import pytest
import pytest_asyncio

from circles.base.settings import Settings
from circles.practice import demo
from circles.store import checks, db, migrate
from circles.store.context import Context
from circles.store.db import Database
from tests.database import with_database

NAMES = sorted(name for name in checks.SQL.available_queries if not name.endswith("_cursor"))
# Checked by the program, with its own zone data.
ZONES = ["wall_time_agrees_with_utc", "zone_data_is_current", "zones_are_known"]
DAMAGE: Any = aiosql.from_path(Path(__file__).parents[1] / "sql" / "break_checks.sql", "asyncpg")


class UndoneError(Exception):
    """Raised to roll the damage back."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def community(server: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Database]:
    """A database with the demo community, shared by the tests of this module, which all undo what they do."""
    name = f"t_{uuid4().hex}"
    connection = await asyncpg.connect(server)
    await connection.execute(f'create database "{name}"')
    settings = Settings(database_url=with_database(server, name), data_dir=tmp_path_factory.mktemp("checks"))
    await migrate.migrate(settings.database_url)
    database = await Database.open(settings.database_url, size=2)
    await demo.load(Context(settings, database))
    yield database
    await database.close()
    await connection.execute(f'drop database "{name}" with (force)')
    await connection.close()


async def _broken(tx: db.Tx) -> dict[str, int]:
    return {finding.name: finding.broken for finding in await checks.run(tx) if not finding.holds}


def test_each_invariant_has_its_damage() -> None:
    damaged = sorted(name for name in DAMAGE.available_queries if not name.endswith("_cursor"))
    assert damaged == sorted([*NAMES, "wall_time_agrees_with_utc"])


@pytest.mark.parametrize("name", [*NAMES, "wall_time_agrees_with_utc"])
async def test_damage_is_noticed(community: Database, name: str) -> None:
    with pytest.raises(UndoneError):
        async with community.transaction() as tx:
            assert await _broken(tx) == {}
            await getattr(DAMAGE, name)(tx)
            broken = await _broken(tx)
            assert name in broken, f"{name} did not notice; these did: {broken}"
            raise UndoneError


@pytest.mark.parametrize("name", NAMES)
def test_each_invariant_has_a_description(name: str) -> None:
    description = getattr(checks.SQL, name).__doc__.strip()
    assert description
    assert description[0].islower()
    assert not description.endswith(".")


async def test_an_empty_database_breaks_no_invariant(context: Context) -> None:
    async with context.db.reading() as tx:
        findings = await checks.run(tx)
    assert [finding.name for finding in findings] == sorted([*NAMES, *ZONES, "events_are_chained"])
    assert all(finding.holds for finding in findings)
