"""The last gathering of a pass, wanted for two seats at once; and the same without the guards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
import pytest_asyncio

from circles.base.errors import Refused
from circles.base.settings import Settings
from circles.bookings.passes import uses
from circles.store.context import Context
from circles.store.db import Database
from tests.cast import add_booking, add_circle, add_gathering, add_person, version_of

WITHOUT_GUARDS = """
drop trigger pass_uses_count on pass_uses;
drop index pass_use_once;
"""
PAID = """
with paid as (
    insert into checkouts (covers, booking_id, amount, currency, state, stripe_id, expires_at)
    values ('pass', $1, 6000, 'USD', 'paid', 'cs_pass', now()) returning id
), line as (
    insert into checkout_lines (checkout_id, position, pass_id, amount) select id, 1, $1, 6000 from paid
)
insert into money_rows (checkout_id, pass_id, kind, amount, currency, stripe_id)
select id, $1, 'payment', 6000, 'USD', 'cs_pass' from paid
"""
WAITS = (
    "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
)


class LastUse:
    """A pass for two gatherings of which one is taken, and two seats that want the other."""

    def __init__(self, context: Context) -> None:
        self.context = context

    async def prepare(self) -> None:
        farid, mira = (
            await add_person(self.context, "Farid", is_facilitator=True),
            await add_person(self.context, "Mira"),
        )
        circle = await add_circle(self.context, farid, minimum=0)
        version = await version_of(self.context, circle)
        dates = [await add_gathering(self.context, circle, days=7 + day) for day in range(3)]
        self.seats = [await add_booking(self.context, date, mira, kind="free") for date in dates]
        async with self.context.db.transaction() as tx:
            self.id: UUID = await tx.fetchval(
                "with offer as (insert into pass_offers (circle_id, number, is_sold, uses, weeks, currency, minimum, "
                "suggested, maximum, refund_kind, refund_weeks) "
                "values ($1, 1, true, 2, 8, 'USD', 3000, 6000, 9000, 'percent', 8) returning id), "
                "agreed as (select id from acceptances where version_id = $3 and person_id = $2) "
                "insert into passes (offer_id, circle_id, person_id, state, amount, currency, uses, acceptance_id, "
                "paid_at, valid_until) select offer.id, $1, $2, 'active', 6000, 'USD', 2, agreed.id, now(), "
                "now() + interval '8 weeks' from offer cross join agreed returning id",
                circle,
                mira,
                version,
            )
            await tx.execute(PAID, self.id)
            await uses.take(tx, self.id, self.seats[:1])

    async def second(self) -> str:
        try:
            async with self.context.db.transaction() as tx:
                await uses.take(tx, self.id, self.seats[2:])
        except Refused as refused:
            return ",".join(refused.codes)
        return "taken"

    async def taken(self) -> int:
        async with self.context.db.reading() as tx:
            return await tx.fetchval("select count(*) from pass_uses where state <> 'given_back'")

    async def waits(self) -> None:
        """Until a transaction waits for a lock that another holds."""
        async with asyncio.timeout(60):
            while True:
                async with self.context.db.reading() as tx:
                    if await tx.fetchval(WAITS):
                        return
                await asyncio.sleep(0.01)


@pytest_asyncio.fixture
async def last_use(database_url: str, settings: Settings) -> AsyncIterator[LastUse]:
    """In a database of its own: the invariants are not checked, since the control breaks them."""
    database = await Database.open(database_url, size=4)
    race = LastUse(Context(settings, database))
    await race.prepare()
    yield race
    await database.close()


async def test_the_last_gathering_of_a_pass_is_taken_once(last_use: LastUse) -> None:
    async with last_use.context.db.transaction() as tx:
        await uses.take(tx, last_use.id, last_use.seats[1:2])
        second = asyncio.create_task(last_use.second())
        await last_use.waits()
    assert await second == "pass_used_up"
    assert await last_use.taken() == 2


async def test_without_the_guards_it_is_taken_twice(
    last_use: LastUse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the same two seats, and a pass that is read without being locked."""
    monkeypatch.setattr(uses.SQL, "lock_to_use", uses.SQL.one)
    async with last_use.context.db.transaction() as tx:
        await tx.execute(WITHOUT_GUARDS)
    async with last_use.context.db.transaction() as tx:
        await uses.take(tx, last_use.id, last_use.seats[1:2])
        assert await last_use.second() == "taken"
    assert await last_use.taken() == 3
