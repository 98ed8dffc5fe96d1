"""A browser, a site with the demo community for it to visit (one of each for a test process), and visitors."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from circles.store import checks
from tests.browser.find import chromium as find_chromium
from tests.browser.site import PATIENCE, Site, serve
from tests.browser.visitor import Visitor, arrive
from tests.database import with_database

Visit = Callable[..., Awaitable[Visitor]]

# For journeys that are tried once on a phone with JavaScript, and once on a desktop without.
PHONE_AND_DESKTOP = [
    pytest.param(True, True, id="phone-with-javascript"),
    pytest.param(False, False, id="desktop-without"),
]

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def site(server: str) -> AsyncIterator[Site]:
    """The site, its worker and the demo community, on a database of this test process."""
    name = f"browser_{uuid4().hex}"
    connection = await asyncpg.connect(server)
    await connection.execute(f'create database "{name}"')
    with tempfile.TemporaryDirectory(prefix="circles-browser-") as folder:
        async with serve(with_database(server, name), Path(folder)) as running:
            yield running
    await connection.execute(f'drop database "{name}" with (force)')
    await connection.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """One browser; every visitor gets a fresh profile of it."""
    expect.set_options(timeout=PATIENCE * 1000)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_chromium(), args=QUIET)
        yield browser
        await browser.close()


@pytest_asyncio.fixture
async def visit(site: Site, chromium: Browser) -> AsyncIterator[Visit]:
    """`await visit(live=False, phone=True)`: somebody new at a browser. In the end nothing may have gone wrong."""
    came: list[Visitor] = []

    async def come(
        *,
        live: bool = True,
        phone: bool = False,
        zone: str = "America/New_York",
        dark: bool = False,
        calm: bool = False,
    ) -> Visitor:
        visitor = await arrive(chromium, site, live=live, phone=phone, zone=zone, dark=dark, calm=calm)
        came.append(visitor)
        return visitor

    yield come
    for visitor in came:
        await visitor.context.close()
    troubles = [trouble for visitor in came for trouble in visitor.watch.troubles]
    assert not troubles, f"{troubles}\nThe site said last:\n{site.log.read_text()[-3000:]}"


@pytest_asyncio.fixture(scope="module", autouse=True, loop_scope="session")
async def invariants(site: Site) -> AsyncIterator[None]:
    """After every file of journeys, all that must always hold still holds."""
    yield
    async with site.context.db.reading() as tx:
        broken = [finding.description for finding in await checks.run(tx) if not finding.holds]
    assert not broken


@pytest.fixture(params=[True, False], ids=["with-javascript", "without"])
def live(request: pytest.FixtureRequest) -> bool:
    """With JavaScript, and again without."""
    return request.param
