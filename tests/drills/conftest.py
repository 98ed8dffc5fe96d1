"""The stage of each drill, on one PostgreSQL server for a test process."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.drills import figures
from tests.drills import stage as stages
from tests.drills.postgres import Postgres
from tests.drills.stage import Stage


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A server that no other test uses, since the drills break it."""
    if not Path("/proc/self/stat").exists():
        pytest.skip("the drills find processes in /proc, which this system does not have")
    with tempfile.TemporaryDirectory(prefix="circles-drills-") as folder:
        server = Postgres(Path(folder))
        yield server
        server.close()


@pytest_asyncio.fixture
async def stage(postgres: Postgres, tmp_path: Path) -> AsyncIterator[Stage]:
    """A database, a mail server and no process yet."""
    async with stages.opened(postgres, tmp_path) as opened:
        yield opened
        assert stages.tracebacks(opened) == []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the drills measured."""
    if figures.rows:
        terminalreporter.section("what was drilled")
        for line in figures.table():
            terminalreporter.write_line(line)
