"""Fixtures of every test: a real PostgreSQL, an empty database, the application, the cast, a browser."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx2
import pytest
import pytest_asyncio
import uvicorn
from hypothesis import HealthCheck
from hypothesis import settings as property_settings
from starlette.applications import Starlette

from app import connect_features
from circles import people
from circles.base.settings import Settings
from circles.organizing.audit import words
from circles.practice.postgres.embedded import Embedded
from circles.store import checks, jobs, migrate
from circles.store.context import Context
from circles.store.db import Database
from circles.web import head_deadline
from tests.cast import Cast, add_booking, add_gathering
from tests.database import ReusedDatabase, make_template, with_database

TEMPLATE = "circles_template"

# The settings of a site, a database, a proxy or a repository that this shell happens to have are nothing to the tests.
FOR_TESTS = ("CIRCLES_CHROMIUM", "CIRCLES_MODEL_EXAMPLES", "CIRCLES_TEST_DATABASE_URL")
for name in set(os.environ) - set(FOR_TESTS):
    if name.startswith(("CIRCLES_", "PG", "GIT_")) or name.lower().endswith("_proxy"):
        del os.environ[name]
for name in ("DATABASE_URL", "PORT", "DATA_DIR"):
    os.environ.pop(name, None)
os.environ["CIRCLES_ENV_FILE"] = ""

# A busy machine is no failure, and what was green stays green: the examples of a test are the same in every run.
property_settings.register_profile(
    "circles", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
property_settings.load_profile("circles")

# As at start-up, for tests of verbs that do not build the application.
connect_features()


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A PostgreSQL with a migrated template database, one for each test process. Yields its URL."""
    given = os.environ.get("CIRCLES_TEST_DATABASE_URL", "")
    with contextlib.ExitStack() as stack:
        url = given
        if not given:
            # Not pytest's own folder: the account that runs the database when we are root cannot read it.
            data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="circles-tests-")))
            data.chmod(0o711)
            started = Embedded.start(data, report=lambda _: None)
            stack.callback(started.stop)
            url = started.url
        asyncio.run(_make_template(url, _template()))
        yield url


def _template() -> str:
    return f"{TEMPLATE}_{os.environ.get('PYTEST_XDIST_WORKER', 'one')}"


async def _make_template(url: str, name: str) -> None:
    connection = await asyncpg.connect(url)
    # Nothing that the tests write needs to survive a crash.
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        await connection.execute(f"alter system set {setting} = off")
    await connection.execute("select pg_reload_conf()")
    await connection.execute(f'drop database if exists "{name}"')
    await connection.execute(f'create database "{name}"')
    await connection.close()
    await migrate.migrate(with_database(url, name))
    await make_template(with_database(url, name))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def reused_database(server: str) -> AsyncIterator[ReusedDatabase]:
    """The database of this test process."""
    reused = ReusedDatabase(server, _template())
    yield reused
    await reused.drop()


@pytest_asyncio.fixture
async def database_url(reused_database: ReusedDatabase) -> AsyncIterator[str]:
    """The URL of a migrated, empty database of this test."""
    yield await reused_database.prepare()
    await reused_database.reset()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Practice settings with this test's database. No worker runs; `drain` runs jobs."""
    return Settings(
        database_url=database_url,
        data_dir=tmp_path / "data",
        origin="http://circles.test",
        run_worker=False,
        pool_size=4,
    )


@pytest.fixture
def queries() -> list[str]:
    """The text of every statement sent through the context's pool, for tests that count them."""
    return []


@pytest_asyncio.fixture
async def context(
    settings: Settings, queries: list[str], reused_database: ReusedDatabase
) -> AsyncIterator[Context]:
    """The settings and the database. After the test every invariant is checked, and that every event has words."""
    database = await Database.open(
        settings.database_url, size=6, on_query=lambda record: queries.append(record.query)
    )
    try:
        yield Context(settings, database)
        async with database.reading() as tx:
            checking = await reused_database.for_checks(settings.database_url) or tx
            broken = [finding.description for finding in await checks.run(checking) if not finding.holds]
            kinds = [row["what"] for row in await tx.fetch("select distinct what from events")]
        assert not broken, f"invariants broken: {broken}"
        wordless = [kind for kind in kinds if not words.has_words(kind)]
        assert not wordless, f"events without words in organizing/audit/words.py: {wordless}"
    finally:
        await database.close()


@pytest_asyncio.fixture
async def cast(context: Context) -> Cast:
    """The permanent cast: Mira, Milo, Farid, Fern, Odile, and Farid's circle with a gathering in a week."""
    return await Cast.assemble(context)


@pytest_asyncio.fixture
async def tonight(cast: Cast) -> UUID:
    """A gathering of Farid's circle that began ten minutes ago."""
    return await add_gathering(cast.context, cast.circle, starts_at=datetime.now(UTC) - timedelta(minutes=10))


@pytest_asyncio.fixture
async def booked(cast: Cast, tonight: UUID) -> UUID:
    """Mira's seat at it, for which she paid $37.50."""
    return await add_booking(cast.context, tonight, cast.mira, kind="paid", amount=3750)


@pytest.fixture
def drain(context: Context) -> Callable[[], object]:
    """Run every job that is due."""
    return lambda: jobs.drain(context)


@pytest_asyncio.fixture
async def app(context: Context) -> AsyncIterator[Starlette]:
    """The application on this test's database."""
    from app import build

    site = build(context.settings)
    site.state.context = context
    yield site


class Browser(httpx2.AsyncClient):
    """A browser without JavaScript: keeps cookies, sends Sec-Fetch-Site, follows no redirect."""

    def __init__(self, app: Starlette) -> None:
        super().__init__(
            transport=httpx2.ASGITransport(app=app, raise_app_exceptions=False),
            base_url="http://circles.test",
            headers={"Sec-Fetch-Site": "same-origin", "Accept": "text/html,*/*;q=0.8"},
        )


class SignalFreeServer(uvicorn.Server):
    """A uvicorn server without signal handlers."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serve_at_port(application: Any) -> AsyncIterator[int]:
    """Serve an application over a real socket, as the site is served. Yields the port."""
    config = uvicorn.Config(
        application,
        port=0,
        http=head_deadline.HeadDeadlineProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
    )
    server = SignalFreeServer(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await serving


OpenBrowser = Callable[..., contextlib.AbstractAsyncContextManager[Browser]]


@pytest.fixture
def browser(app: Starlette, context: Context) -> OpenBrowser:
    """`async with browser(person_id) as page:` a browser signed in as that person, or nobody."""

    @asynccontextmanager
    async def enter(person_id: UUID | None = None) -> AsyncIterator[Browser]:
        async with Browser(app) as client:
            if person_id:
                async with context.db.transaction() as tx:
                    token = await people.start_sign_in(tx, person_id)
                # With the domain a Set-Cookie would give it, so that a later one takes its place.
                client.cookies.set("sign-in", token, domain="circles.test")
            yield client

    return enter
