"""A database that freezes, restarts, is full, or is far behind a pooler, and rows that somebody holds.

Pages answer or say calmly that they cannot; what was sent meanwhile is done once it is sent again, and once.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from uuid import UUID

import pytest

from tests.drills import pooler
from tests.drills import stage as stages
from tests.drills.postgres import Postgres
from tests.drills.stage import Member, Program, Stage, until
from tests.drills.visitors import Visitors, slow_clients, visiting

PAGES = ("/", "/gatherings", "/my/gatherings", "/me")
MEMBERS = 12


async def book_until_done(stage: Stage, web: Program, member: Member, gathering: UUID) -> list[int]:
    """Send the same form until it is accepted. Returns the statuses."""
    statuses: list[int] = []
    while not statuses or statuses[-1] >= 500:
        answer = await stage.book(web, member, gathering)
        statuses.append(answer.status_code)
        assert answer.status_code in (303, 503), answer.text
        if answer.status_code == 503:
            assert answer.headers["retry-after"] == "5"
            assert 'value="45"' in answer.text or ">45<" in answer.text or "\n45</textarea>" in answer.text
            await asyncio.sleep(0.2)
    return statuses


async def assert_each_has_one_seat(stage: Stage, members: list[Member]) -> None:
    """Everybody's booking, paid and confirmed by the worker; then the whole is checked."""
    assert await stage.ask("select count(*) from bookings") == len(members)
    for member in members:
        await stage.pay(await stage.booking_of(member))
    await stage.worker()
    await stage.until_idle()
    assert await stage.ask("select count(*) from bookings where state = 'confirmed'") == len(members)
    await stage.assert_whole()


async def is_silent(visitors: Visitors, since: float) -> bool:
    """Whether pages are answered at once again, with the sentence."""
    return any(visit.status == 503 and visit.seconds < 1 for visit in visitors.between(since, monotonic()))


@pytest.mark.drill
async def test_a_frozen_database_is_a_calm_page_and_loses_nothing(stage: Stage) -> None:
    gathering, web = await stage.gathering(), await stage.web()
    members = await stage.members(MEMBERS)
    async with visiting(web, [None, *members[:4]], *PAGES) as visitors:
        await asyncio.sleep(3)
        frozen = monotonic()
        stage.postgres.freeze()
        booking = [asyncio.create_task(book_until_done(stage, web, member, gathering)) for member in members]
        await until(lambda: is_silent(visitors, frozen), "a page that is answered at once")
        noticed = monotonic()
        guide = await visitors.look(web, "/guides", members[0])
        await asyncio.sleep(3)
        thawed = monotonic()
        stage.postgres.thaw()
        statuses = await asyncio.gather(*booking)
        await asyncio.sleep(2)
    print(visitors.figures("before", visitors.between(0, frozen)))
    print(
        visitors.figures("frozen, unnoticed", visitors.between(frozen, noticed)), f"{noticed - frozen:.1f} s"
    )
    print(visitors.figures("frozen, noticed", visitors.between(noticed, thawed)))
    stage.measured("frozen database", frozen, thawed, visitors.visits, visitors.well_again(thawed))
    print(f"bookings {statuses}")
    assert visitors.statuses() <= {200, 503}
    assert guide.status == 200
    await assert_each_has_one_seat(stage, members)


@pytest.mark.drill
async def test_a_locked_gathering_holds_up_nobody_else(stage: Stage) -> None:
    gathering, other, web = await stage.gathering(), await stage.gathering(days=9), await stage.web()
    members, others = await stage.members(MEMBERS), await stage.members(2)
    async with visiting(web, [None, *members[:4]], *PAGES) as visitors:
        await asyncio.sleep(3)
        locked = monotonic()
        async with stage.context.db.transaction() as tx:
            await tx.execute("select from gatherings where id = $1 for update", gathering)
            booking = [
                asyncio.create_task(book_until_done(stage, web, member, gathering)) for member in members
            ]
            elsewhere = [await book_until_done(stage, web, member, other) for member in others]
            # Of its own: /healthz is 503 where no worker was seen for a minute, and none runs here.
            health = [await Visitors().look(web, "/healthz", None) for _ in range(20)]
            await asyncio.sleep(10)
        freed = monotonic()
        statuses = await asyncio.gather(*booking)
        stage.measured("locked row", locked, freed, visitors.visits, monotonic() - freed)
        print(f"bookings {statuses}, elsewhere {elsewhere}")
    print(visitors.figures("before", visitors.between(0, locked)))
    print(visitors.figures("locked", visitors.between(locked, freed)))
    assert visitors.statuses() == {200}  # nobody else notices
    assert max(visit.seconds for visit in health) < 5
    await assert_each_has_one_seat(stage, [*members, *others])


@pytest.mark.drill
@pytest.mark.parametrize("how", ["restart", "crash"])
async def test_a_database_that_restarts_under_load_loses_nothing(stage: Stage, how: str) -> None:
    gathering, web = await stage.gathering(), await stage.web()
    members = await stage.members(MEMBERS)
    async with visiting(web, [None, *members[:4]], *PAGES) as visitors:
        await asyncio.sleep(2)
        booking = [asyncio.create_task(book_until_done(stage, web, member, gathering)) for member in members]
        stopped = monotonic()
        await asyncio.to_thread(stage.postgres.stop, signal_of(how))
        await asyncio.sleep(3)
        await asyncio.to_thread(stage.postgres.start)
        started = monotonic()
        statuses = await asyncio.gather(*booking)
        await asyncio.sleep(3)
    print(visitors.figures("before", visitors.between(0, stopped)))
    print(visitors.figures("away", visitors.between(stopped, started)))
    stage.measured(f"{how} of the database", stopped, started, visitors.visits, visitors.well_again(started))
    print(f"bookings {statuses}")
    assert visitors.statuses() <= {200, 503}
    await assert_each_has_one_seat(stage, members)


def signal_of(how: str) -> signal.Signals:
    return signal.SIGINT if how == "restart" else signal.SIGQUIT


async def test_behind_a_pooler_the_same_holds(stage: Stage) -> None:
    """Deadlines are those of a transaction, and nothing of one client is left for the next."""
    async with pooler.pooled(stage.postgres, stage.url) as address:
        behind = {
            "DATABASE_URL": address,
            "CIRCLES_WORKER_DATABASE_URL": stage.url,
            "CIRCLES_POOLER": "true",
        }
        gathering, web = await stage.gathering(), await stage.web(**behind)
        members = await stage.members(4)
        async with stage.context.db.transaction() as tx:
            await tx.execute("select from gatherings where id = $1 for update", gathering)
            locked = await stage.book(web, members[0], gathering)
            assert locked.status_code == 503
            assert "so this was not saved" in locked.text
        await asyncio.gather(*(book_until_done(stage, web, member, gathering) for member in members))
        assert await stage.ask("select count(*) from bookings") == len(members)
        for member in members:
            await stage.pay(await stage.booking_of(member))
        await stage.worker(**behind)
        await stage.until_idle()
        assert await stage.ask("select count(*) from bookings where state = 'confirmed'") == len(members)
    await stage.assert_whole()


@pytest.mark.drill
async def test_a_frozen_database_behind_a_pooler_is_a_calm_page(stage: Stage) -> None:
    async with pooler.pooled(stage.postgres, stage.url) as address:
        gathering = await stage.gathering()
        web = await stage.web(
            DATABASE_URL=address, CIRCLES_WORKER_DATABASE_URL=stage.url, CIRCLES_POOLER="true"
        )
        members = await stage.members(MEMBERS)
        async with visiting(web, [None, *members[:4]], *PAGES) as visitors:
            await asyncio.sleep(2)
            frozen = monotonic()
            stage.postgres.freeze()
            await until(lambda: is_silent(visitors, frozen), "a page that is answered at once")
            print(f"noticed after {monotonic() - frozen:.1f} s")
            stage.postgres.thaw()
            thawed = monotonic()
            for member in members:
                await book_until_done(stage, web, member, gathering)
            await asyncio.sleep(2)
        stage.measured("frozen behind a pooler", frozen, thawed, visitors.visits, visitors.well_again(thawed))
        assert visitors.statuses() <= {200, 503}
        await assert_each_has_one_seat(stage, members)


@pytest.mark.drill
async def test_many_slow_clients_keep_nobody_out(stage: Stage) -> None:
    gathering, web = await stage.gathering(), await stage.web()
    members = await stage.members(MEMBERS)
    async with visiting(web, [None, *members[:4]], *PAGES) as visitors:
        await asyncio.sleep(3)
        begun = monotonic()
        async with slow_clients(web, 1100):
            await asyncio.sleep(15)
            statuses = [await book_until_done(stage, web, member, gathering) for member in members]
            health = await visitors.look(web, "/healthz", None)
        ended = monotonic()
    print(visitors.figures("before", visitors.between(0, begun)))
    stage.measured("1,100 slow clients", begun, ended, visitors.visits)
    print(f"bookings {statuses}")
    assert health.status == 200
    assert visitors.statuses() == {200}
    assert all(answers == [303] for answers in statuses)
    await assert_each_has_one_seat(stage, members)


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A folder on a disk of its own, of 400 MB."""
    if os.geteuid():
        pytest.skip("only root may mount a small disk")
    with tempfile.TemporaryDirectory(prefix="circles-disk-") as folder:
        try:
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400m", "tmpfs", folder], check=True)
        except (OSError, subprocess.CalledProcessError):
            pytest.skip("this machine mounts no small disk")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "-l", folder], check=True)


@asynccontextmanager
async def full(disk: Path) -> AsyncIterator[None]:
    """During the block the disk has no byte left."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        size = 2**20
        while size:
            try:
                file.write(bytes(size))
            except OSError:
                size //= 2
    try:
        yield
    finally:
        filler.unlink()


@pytest.mark.drill
async def test_a_full_disk_loses_nothing(small_disk: Path, tmp_path: Path) -> None:
    server = Postgres(small_disk)
    try:
        async with stages.opened(server, tmp_path) as stage:
            gathering, web = await stage.gathering(), await stage.web()
            members = await stage.members(MEMBERS)
            async with visiting(web, [None, *members[:4]], *PAGES) as visitors:
                await asyncio.sleep(2)
                filled = monotonic()
                async with full(small_disk):
                    booking = [
                        asyncio.create_task(book_until_done(stage, web, member, gathering))
                        for member in members
                    ]
                    await asyncio.sleep(6)
                freed = monotonic()
                if server.has_ended():  # it ends itself where it cannot write its log
                    await asyncio.to_thread(server.start)
                statuses = await asyncio.gather(*booking)
                await asyncio.sleep(3)
            print(visitors.figures("before", visitors.between(0, filled)))
            stage.measured("full disk", filled, freed, visitors.visits, visitors.well_again(freed))
            print(f"bookings {statuses}")
            assert visitors.statuses() <= {200, 503}
            await assert_each_has_one_seat(stage, members)
    finally:
        server.close()
