"""The model test of money, in two sizes: a short one of always the same operations, and `make model`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import initialize, run_state_machine_as_test

from app import build
from circles.base.settings import Settings
from circles.payments import deadline, gateway
from circles.practice.stripe import webhooks
from circles.store.context import Context
from circles.store.db import Database
from tests.conftest import _template
from tests.database import EMPTY, ReusedDatabase
from tests.payments.model.doings import Hosts, Members, Organizers
from tests.payments.model.machine import NUMBERS, Money
from tests.payments.model.parts import Facilitators, Refunders
from tests.payments.model.passes import PassHolders
from tests.payments.model.payouts import Payouts
from tests.payments.model.processes import cut_processes
from tests.payments.model.world import Site


class Everybody(Members, Hosts, Organizers, Refunders, Payouts, Facilitators, PassHolders):
    """All rules together."""


# A database grows though it is emptied, so that now and then a new one is faster.
EXAMPLES_OF_A_DATABASE = 25
QUICK = settings(
    max_examples=4,
    stateful_step_count=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    phases=(Phase.generate,),
    report_multiple_bugs=False,
)
# `make model` sets how many; --hypothesis-seed repeats a run.
EXAMPLES = int(os.environ.get("CIRCLES_MODEL_EXAMPLES", "100"))
LONG = settings(QUICK, max_examples=EXAMPLES, stateful_step_count=80, derandomize=False)


class Databases:
    """The databases of the examples, one after the other, in a loop of their own, since rules are no coroutines."""

    def __init__(self, server: str, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self._loop = asyncio.new_event_loop()
        self._reused = ReusedDatabase(server, _template())
        self._folder, self._patch = folder, patch
        self._site: Site | None = None
        self._examples = 0

    def next_site(self) -> Site:
        """An application on an empty database."""
        self._examples += 1
        if self._site and self._examples % EXAMPLES_OF_A_DATABASE == 0:
            self.close_site()
            self.run(self._reused.drop())
        if site := self._site:
            self.run(site.do(EMPTY))
        else:
            site = self._site = self.run(self._open())
        return site

    async def _open(self) -> Site:
        url = await self._reused.prepare()
        # The planner knows nothing of the few rows that there are, and would compile each statement.
        connection = await asyncpg.connect(url)
        await connection.execute(
            "do $$ begin execute format('alter database %I set jit = off', current_database()); end $$"
        )
        await connection.close()
        settings = Settings(
            database_url=url, data_dir=self._folder, origin="http://circles.test", run_worker=False
        )
        context = Context(settings, await Database.open(url, size=12))
        app = build(settings)
        app.state.context = context
        self._patch.setattr(webhooks, "transport", httpx.ASGITransport(app=app))
        cut_processes(self._patch)
        return Site(context, app, self.run)

    def run(self, work: Awaitable[Any]) -> Any:
        return self._loop.run_until_complete(work)

    def close_site(self) -> None:
        if self._site:
            self.run(gateway.close(self._site.context.db))
            self.run(self._site.context.db.close())
            self._site = None

    def close(self) -> None:
        self.close_site()
        self.run(self._reused.drop())
        self._loop.close()


@pytest.fixture
def machine(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Money]]:
    monkeypatch.setattr(gateway, "RETRIES", 0)
    # A process that stands still does so for other operations, however long they take.
    monkeypatch.setattr(deadline, "SECONDS", 3600.0)
    stage = Databases(server, tmp_path, monkeypatch)

    class Everybody(Members, Hosts, Organizers, Refunders, Payouts, Facilitators, PassHolders):
        @initialize(first=NUMBERS, second=NUMBERS)
        def begin(self, first: int, second: int) -> None:
            """Two people have seats, which one payment each paid, and a pass. One of the two is an organizer too."""
            self.start()
            self.connect_first()
            self.sell_passes()
            self.book_several(who=0, where=first, wish=first, cut=None)
            self.book(who=2, where=second, wish=second, cut=None)
            self.buy_pass(who=0, where=first, amount=10_001, cut=None)
            for _ in self.now.objects["checkout"]:
                self.pay_by_card(0)
            self.work_on_all()

    Everybody.stage = stage
    yield Everybody
    stage.close()


@pytest.mark.timeout(600)
def test_the_books_agree_whatever_is_done(machine: type[Money]) -> None:
    run_state_machine_as_test(machine, settings=QUICK)


@pytest.mark.model
@pytest.mark.timeout(0)
def test_the_books_agree_after_thousands_of_operations(machine: type[Money]) -> None:
    run_state_machine_as_test(machine, settings=LONG)
