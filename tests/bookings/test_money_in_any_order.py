"""Bookings, additional payments, moves and refunds in any order: in the end ours are the books of Stripe."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from circles.base.clock import NOBODY
from circles.base.errors import CirclesError
from circles.bookings import actions, queries
from circles.bookings.amounts import actions as amounts
from circles.bookings.given import actions as given_seats
from circles.bookings.given.actions import TakenOff
from circles.bookings.moving import actions as moving
from circles.bookings.rules import BookingInput
from circles.bookings.several import actions as several
from circles.bookings.waiting_list import actions as waiting_list
from circles.hosting.change import actions as changes
from circles.payments import checkout, gateway, sync
from circles.payments.refunds import actions as refunds
from circles.payments.refunds import disputes, readings, states
from circles.people import Person
from circles.practice.stripe import checkouts as checkout_page
from circles.practice.stripe import disputes as bank
from circles.practice.stripe import faults
from circles.practice.stripe import refunds as dashboard
from circles.practice.stripe.objects import ApiError
from circles.store import checks, jobs
from tests.bookings import helpers
from tests.bookings.helpers import GOOD_CARD, Scene
from tests.cast import add_circle, add_gathering, add_person, version_of
from tests.payments.helpers import let_time_pass

scene = helpers.scene

DATES = 4
AMOUNTS = (3000, 4500, 6000, 8000)
MOVES: tuple[dashboard.RefundStatus, ...] = ("succeeded", "failed", "canceled")
LIVE = ("pending", "requires_action", "succeeded")


class Killed(BaseException):
    """The process ends here: no handler of ours runs."""


class World:
    """Two people, four dates of two seats, and all that both do with them, their banks, their host and Stripe."""

    circle: UUID
    version: UUID
    dates: list[UUID]

    def __init__(self, scene: Scene, people: list[Person], host: Person) -> None:
        self.scene, self.context, self.people, self.host = scene, scene.context, people, host

    @classmethod
    async def begin(cls, scene: Scene) -> World:
        await scene.value("delete from practice_faults")
        people = [
            await scene.person(await add_person(scene.context, f"Somebody {uuid4().hex}")) for _ in range(2)
        ]
        world = cls(scene, people, await scene.person(scene.cast.farid))
        world.circle = await add_circle(scene.context, world.host.id, capacity=2, late_refund_percent=50)
        world.version = await version_of(scene.context, world.circle)
        world.dates = [
            await add_gathering(scene.context, world.circle, days=4 + 7 * week) for week in range(DATES)
        ]
        return world

    async def rows(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        async with self.context.db.reading() as tx:
            return await tx.fetch(query, *arguments)

    async def pick(self, number: int, *states: str) -> tuple[UUID, Person] | None:
        """One of the bookings in these states, with its person."""
        rows = await self.rows(
            "select id, person_id from bookings where gathering_id = any($1) and person_id = any($2) "
            "and state = any($3) order by created_at, id",
            self.dates,
            [person.id for person in self.people],
            list(states),
        )
        if not rows:
            return None
        row = rows[number % len(rows)]
        return row["id"], next(person for person in self.people if person.id == row["person_id"])

    async def do(self, step: str, number: int) -> None:
        """One step. number: which of several, or how much. What is refused changes nothing."""
        with contextlib.suppress(CirclesError):
            await getattr(self, f"_{step}")(number)

    def sent(self, number: int, choice: str = "amount") -> BookingInput:
        return BookingInput(choice, AMOUNTS[number % len(AMOUNTS)], self.version, agreed=True, currency="USD")

    async def _book(self, number: int) -> None:
        person, sent = self.people[number % 2], self.sent(number // 2)
        date = self.dates[number // 3 % DATES]
        for wait in await self.rows(
            "select id from waits where gathering_id = $1 and person_id = $2 and state in ('waiting', 'offered')",
            date,
            person.id,
        ):
            await waiting_list.take(self.context, person, wait["id"])
            return
        try:
            await several.book(self.context, person, self.circle, [date], sent, NOBODY)
        except CirclesError:
            await waiting_list.join(self.context, person, date, sent)

    async def _several(self, number: int) -> None:
        person, dates = self.people[number % 2], self.dates[number % 2 : number % 2 + 2 + number // 6]
        await several.book(self.context, person, self.circle, dates, self.sent(number), NOBODY)

    async def _pay(self, number: int) -> None:
        """Somebody pays at Stripe whatever can be paid there, whether we still want it or not."""
        rows = await self.rows(
            "select id from practice_objects where kind = 'checkout' and body ->> 'status' = 'open' order by id"
        )
        if rows:
            card = checkout_page.BANK_ACCOUNT if number % 5 == 4 else GOOD_CARD
            async with self.context.db.transaction() as tx:
                await checkout_page.pay(tx, rows[number % len(rows)]["id"], card)

    async def _decide_debit(self, number: int) -> None:
        rows = await self.rows(
            "select id from practice_objects where kind = 'checkout' and body ->> 'status' = 'complete' "
            "and body ->> 'payment_status' = 'unpaid' order by id"
        )
        if rows:
            id = rows[number % len(rows)]["id"]
            await self._at_stripe(lambda tx: checkout_page.decide(tx, id, succeeded=number % 3 != 0))

    async def _let_go(self, number: int) -> None:
        if found := await self.pick(number, "held"):
            await actions.let_go(self.context, found[1], found[0])

    async def _end_hold(self, number: int) -> None:
        """A seat is lost on our side while its checkout can still be paid."""
        if found := await self.pick(number, "held"):
            reference = found[0]
            async with self.context.db.transaction() as tx:
                await sync.fail(tx, self.context, reference, "test")

    async def _cancel(self, number: int) -> None:
        if found := await self.pick(number, "confirmed"):
            async with self.context.db.reading() as tx:
                row = await queries.own_booking(tx, found[1], found[0])
            shown = actions.end_rules.refund_for(row).amount
            await actions.cancel(self.context, found[1], found[0], shown=shown)

    async def _change(self, number: int) -> None:
        if found := await self.pick(number // 2, "confirmed"):
            shown = await self.scene.value("select amount from bookings where id = $1", found[0])
            sent = self.sent(number, "community" if number == 11 else "amount")
            await amounts.change_amount(self.context, found[1], found[0], sent, shown=shown)

    async def _move(self, number: int) -> None:
        if found := await self.pick(number // 2, "confirmed"):
            await moving.move(self.context, found[1], found[0], self.dates[number % DATES])

    async def _move_by_host(self, number: int) -> None:
        if found := await self.pick(number // 2, "confirmed"):
            there = self.dates[number % DATES]
            await moving.move_by_host(self.context, self.host, found[0], there, reason="The room is small.")

    async def _take_off(self, number: int) -> None:
        if found := await self.pick(number, "confirmed"):
            how = TakenOff(uuid4(), ("all", "terms", "none")[number % 3], "We are sorry.")
            await given_seats.take_off(self.context, self.host, found[0], how)

    async def _cancel_gathering(self, number: int) -> None:
        await changes.cancel_gathering(
            self.context, self.host, self.dates[number % DATES], "The room flooded. We are sorry."
        )

    async def _start_soon(self, number: int) -> None:
        """A date comes near, and its time for a full refund is over."""
        await self.scene.starts_in(self.dates[number % DATES], timedelta(hours=3 + number))

    async def _grace_is_over(self, _: int) -> None:
        await self.scene.value(
            "update bookings set confirmed_at = confirmed_at - interval '31 minutes' returning 1"
        )

    async def _dashboard(self, number: int) -> None:
        if intent := await self._intent(number):
            params = {"payment_intent": intent, "amount": 500 * (number % 10 + 1)}
            await self._at_stripe(lambda tx: dashboard.create_refund(tx, params))

    async def _dispute(self, number: int) -> None:
        if intent := await self._intent(number):
            await self._at_stripe(lambda tx: bank.open_dispute(tx, intent, inquiry=number % 4 == 0))

    async def _decide(self, number: int) -> None:
        for row in await self.rows(
            "select id, body from practice_objects where kind = 'dispute' order by id"
        ):
            warning = "warning" in row["body"]["status"]
            decision: Any = "warning_closed" if warning else ("won", "lost")[number % 2]
            await self._at_stripe(lambda tx, i=row["id"], d=decision: bank.close_dispute(tx, i, d))

    async def _slow(self, number: int) -> None:
        async with self.context.db.transaction() as tx:
            await faults.plan(tx, "refund", ("pending", "requires_action", "failed")[number % 3])

    async def _refund_moves(self, number: int) -> None:
        rows = await self.rows("select id from practice_objects where kind = 'refund' order by id")
        if rows:
            id, status = rows[number % len(rows)]["id"], MOVES[number % len(MOVES)]
            await self._at_stripe(lambda tx: dashboard.move_refund(tx, id, status))

    async def _broken_call(self, number: int) -> None:
        target = ("create_checkout", "expire_checkout", "create_refund", "retrieve_checkout")[number % 4]
        async with self.context.db.transaction() as tx:
            await faults.plan(tx, target, "500", after_effect=number % 2 == 0)

    async def _broken_webhooks(self, number: int) -> None:
        async with self.context.db.transaction() as tx:
            await faults.plan(tx, "webhook:*", ("lost", "doubled", "reordered")[number % 3])

    async def _killed(self, number: int) -> None:
        """A process is killed after Stripe answered, before it stored the answer."""

        async def end(*_: object, **__: object) -> None:
            raise Killed

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(states, "apply", end)
            patch.setattr(checkout, "_record_open", end)
            with contextlib.suppress(Killed):
                await (self._several if number % 2 else self._change)(number)
            for row in await self.rows("select id from operations where kind = 'refund' and state = 'due'"):
                with contextlib.suppress(Killed):
                    await refunds.send(self.context, operation_id=str(row["id"]))

    async def _work(self, _: int) -> None:
        await jobs.drain(self.context)

    async def _intent(self, number: int) -> str:
        rows = await self.rows(
            "select id from practice_objects where kind = 'payment_intent' "
            "and (body ->> 'amount_received')::int > 0 order by created_at, id"
        )
        return rows[number % len(rows)]["id"] if rows else ""

    async def _at_stripe(self, change: Any) -> None:
        with contextlib.suppress(ApiError):
            async with self.context.db.transaction() as tx:
                await change(tx)

    async def settle_down(self) -> None:
        """Hours pass, and the timetable does what it does every few minutes."""
        await self.scene.value("delete from practice_faults")
        for row in await self.rows(
            "select id from practice_objects where kind = 'checkout' and body ->> 'status' = 'complete' "
            "and body ->> 'payment_status' = 'unpaid'"
        ):
            await self._at_stripe(lambda tx, i=row["id"]: checkout_page.decide(tx, i, succeeded=True))
        for _ in range(3):
            await let_time_pass(self.context, "13 hours")
            await self.scene.value(
                "update bookings set held_until = held_until - interval '13 hours' returning 1"
            )
            for entry in ("payments.reconcile", "bookings.lapse"):
                await jobs.run_timetable(self.context, entry)
            await jobs.drain(self.context)
            for row in await self.rows(
                "select stripe_id from operations where kind = 'refund' and state in ('sent', 'done') "
                "and stripe_id is not null"
            ):
                await states.sync_refund(self.context, stripe_id=row["stripe_id"])
            for row in await self.rows("select id from practice_objects where kind = 'dispute'"):
                await disputes.sync_dispute(self.context, stripe_id=row["id"])
            await readings.read_what_happened(self.context)
            await jobs.drain(self.context)

    async def check(self) -> None:
        """Of every payment our ledger is what Stripe's books say, and every invariant holds."""
        ours = {
            row["payment_intent"]: row["amount"]
            for row in await self.rows(
                "select payment_intent, sum(money_rows.amount)::int as amount from money_rows "
                "join checkouts on checkouts.id = checkout_id group by payment_intent"
            )
        }
        assert ours == await self._books_of_stripe()
        async with self.context.db.reading() as tx:
            assert not [finding.name for finding in await checks.run(tx) if not finding.holds]
        held = await self.rows("select id from bookings where state = 'held'")
        findings = await self.rows("select id from payment_findings where settled_at is null")
        assert not held
        assert not findings

    async def _books_of_stripe(self) -> dict[str, int]:
        books: dict[str, int] = {}
        kinds = ("payment_intent", "refund", "dispute")
        for row in await self.rows("select kind, body from practice_objects where kind = any($1)", kinds):
            body = row["body"]
            if row["kind"] == "payment_intent" and body["amount_received"]:
                books[body["id"]] = books.get(body["id"], 0) + body["amount_received"]
            elif row["kind"] == "refund" and body["status"] in LIVE:
                books[body["payment_intent"]] = books.get(body["payment_intent"], 0) - body["amount"]
            elif row["kind"] == "dispute":
                moved = sum(move["amount"] for move in body["balance_transactions"])
                books[body["payment_intent"]] = books.get(body["payment_intent"], 0) + moved
        return books


STEPS = (
    *("book", "several", "several", "pay", "pay", "pay", "work", "work", "work"),
    *(
        "let_go",
        "end_hold",
        "cancel",
        "cancel",
        "change",
        "change",
        "change",
        "move",
        "move_by_host",
        "take_off",
    ),
    *("cancel_gathering", "start_soon", "grace_is_over", "decide_debit"),
    *("dashboard", "dispute", "decide", "slow", "refund_moves", "broken_call", "broken_webhooks", "killed"),
)
BEGIN = [("several", 7), ("pay", 0), ("work", 0)]
ORDERS = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 11)), min_size=4, max_size=16)
EXAMPLES = 4
QUICK = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


async def play(scene: Scene, steps: list[tuple[str, int]]) -> World:
    world = await World.begin(scene)
    for step, number in [*BEGIN, *steps]:
        await world.do(step, number)
    await world.settle_down()
    await world.check()
    return world


@QUICK
@given(steps=ORDERS)
async def test_the_books_agree_whatever_is_done(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, steps: list[tuple[str, int]]
) -> None:
    monkeypatch.setattr(gateway, "RETRIES", 0)
    await play(scene, steps)
