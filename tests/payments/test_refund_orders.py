"""Refunds and disputes in every order: ours and Stripe's books agree, whatever was lost, doubled or killed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from circles import payments
from circles.payments.refunds import actions, disputes, readings, states
from circles.practice.stripe import disputes as bank
from circles.practice.stripe import faults
from circles.practice.stripe import refunds as look_alike
from circles.practice.stripe.objects import ApiError
from circles.store import checks, db, jobs
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_gathering
from tests.payments import helpers
from tests.payments.helpers import Outcomes, balance, checkout, let_time_pass, paid_booking

outcomes = helpers.outcomes

PAID = 4500
REFUNDS = db.queries("payments/refunds")


class Killed(BaseException):
    """The process ends here: no handler of ours runs."""


class Scene:
    """One paid booking, what is done to its payment here and at Stripe, and the events of it not delivered yet."""

    def __init__(self, context: Context, booking: UUID, intent: str) -> None:
        self.context, self.booking, self.intent = context, booking, intent
        self.requested = 0

    @classmethod
    async def pay(cls, context: Context, cast: Cast) -> Scene:
        at = datetime.now(UTC) + timedelta(days=9)
        gathering = await add_gathering(context, cast.circle, starts_at=at)
        booking = await add_booking(context, gathering, cast.mira, kind="paid", amount=PAID, state="held")
        await paid_booking(context, booking)
        return cls(context, booking, (await checkout(context, booking))["payment_intent"])

    async def objects(self, kind: str) -> list[dict[str, Any]]:
        async with self.context.db.reading() as tx:
            rows = await tx.fetch(
                "select body from practice_objects where kind = $1 and body ->> 'payment_intent' = $2 "
                "order by created_at, id",
                kind,
                self.intent,
            )
        return [row["body"] for row in rows]

    async def operations(self) -> list[db.Record]:
        async with self.context.db.reading() as tx:
            return await tx.fetch(
                "select * from operations where booking_id = $1 and kind = 'refund' order by created_at",
                self.booking,
            )

    async def do(self, step: str, number: int) -> None:
        """One step. number: which of several, or how much, as far as it matters."""
        await getattr(self, f"_{step}")(number)

    async def _refund(self, number: int) -> None:
        async with self.context.db.transaction() as tx:
            self.requested += await payments.refund(tx, self.booking, 500 * (number % 10 + 1), "by_member")

    async def _send(self, _: int) -> None:
        for row in await self.operations():
            if row["state"] == "due":
                await actions.send(self.context, operation_id=str(row["id"]))

    async def _kill(self, _: int) -> None:
        """Stripe has answered, and the worker is killed before it commits."""

        async def end(*_: object) -> None:
            raise Killed

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(states, "apply", end)
            for row in await self.operations():
                if row["state"] == "due":
                    with pytest.raises(Killed):
                        await actions.send(self.context, operation_id=str(row["id"]))
                        raise Killed

    async def _forget(self, _: int) -> None:
        """A day later Stripe forgets its keys."""
        async with self.context.db.transaction() as tx:
            await tx.execute("delete from practice_keys")

    async def _dashboard(self, number: int) -> None:
        params = {"payment_intent": self.intent, "amount": 500 * (number % 10 + 1)}
        await self._at_stripe(lambda tx: look_alike.create_refund(tx, params))

    async def _slow(self, number: int) -> None:
        """The next refund begins otherwise than with success."""
        states_of_refunds = ("pending", "requires_action", "failed")
        async with self.context.db.transaction() as tx:
            await faults.plan(tx, "refund", states_of_refunds[number % 3])

    async def _move(self, number: int) -> None:
        refunds = await self.objects("refund")
        if refunds:
            status = ("succeeded", "failed", "canceled")[number % 3]
            id = refunds[number % len(refunds)]["id"]
            await self._at_stripe(lambda tx: look_alike.move_refund(tx, id, status))

    async def _dispute(self, number: int) -> None:
        await self._at_stripe(lambda tx: bank.open_dispute(tx, self.intent, inquiry=number % 4 == 0))

    async def _decide(self, number: int) -> None:
        for dispute in await self.objects("dispute"):
            decision: Any = (
                "warning_closed" if "warning" in dispute["status"] else ("won", "lost")[number % 2]
            )
            await self._at_stripe(lambda tx, i=dispute["id"], d=decision: bank.close_dispute(tx, i, d))

    async def _at_stripe(self, change: Any) -> None:
        try:
            async with self.context.db.transaction() as tx:
                await change(tx)
        except ApiError:
            pass

    async def _deliver(self, number: int) -> None:
        """Any event of this payment, perhaps delivered before: each only has the object read."""
        async with self.context.db.reading() as tx:
            rows = await tx.fetch(
                "select body from practice_objects where kind = 'event' "
                "and body -> 'data' -> 'object' ->> 'payment_intent' = $1 order by created_at, id",
                self.intent,
            )
        if not rows:
            return
        event = rows[number % len(rows)]["body"]
        job = readings.job_of_event(event["type"])
        if job:
            do = {
                "payments.look_at_refund": states.sync_refund,
                "payments.read_charge": readings.sync_charge,
                "payments.read_dispute": disputes.sync_dispute,
            }[job[0]]
            await do(self.context, **{job[1]: event["data"]["object"]["id"]})

    async def _wait(self, _: int) -> None:
        """Hours pass, and the timetable does what it does every few minutes."""
        await let_time_pass(self.context, "13 hours")
        await jobs.run_timetable(self.context, "payments.reconcile")
        await self._send(0)
        for row in await self.operations():
            if row["state"] in ("sent", "done") and row["stripe_id"]:
                await states.sync_refund(self.context, stripe_id=row["stripe_id"])
        for dispute in await self.objects("dispute"):
            await disputes.sync_dispute(self.context, stripe_id=dispute["id"])
        await readings.read_what_happened(self.context)

    async def settle_down(self) -> None:
        for _ in range(4):
            await self._wait(0)

    async def check(self) -> None:
        """Our ledger is what Stripe's books say, and every refund of ours is one there."""
        refunds, opened = await self.objects("refund"), await self.objects("dispute")
        live = {r["id"]: r["amount"] for r in refunds if r["status"] not in ("failed", "canceled")}
        moved = sum(move["amount"] for dispute in opened for move in dispute["balance_transactions"])
        assert await balance(self.context, self.booking) == PAID - sum(live.values()) + moved
        operations = await self.operations()
        followed = {
            row["stripe_id"]: row["amount"] - row["covered"]
            for row in operations
            if row["state"] in ("sent", "done") and row["stripe_id"]
        }
        assert followed == live
        ours = sum(r["amount"] for r in refunds if r["id"] in live and "operation" in r["metadata"])
        assert ours <= self.requested, "more went out than was requested"
        for row in operations:
            at_stripe = next((r["status"] for r in refunds if r["id"] == row["stripe_id"]), None)
            expected = {"pending": "sent", "requires_action": "sent", "succeeded": "done"}.get(
                at_stripe or ""
            )
            assert row["state"] == (expected or row["state"])
        async with self.context.db.reading() as tx:
            broken = [finding.name for finding in await checks.run(tx) if not finding.holds]
        assert not broken


STEPS = (
    *(
        "refund",
        "send",
        "kill",
        "forget",
        "dashboard",
        "slow",
        "move",
        "dispute",
        "decide",
        "deliver",
        "deliver",
    ),
    "wait",
)
ORDERS = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 11)), min_size=3, max_size=12)
QUICK = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


async def play(context: Context, cast: Cast, steps: list[tuple[str, int]]) -> Scene:
    async with context.db.transaction() as tx:
        await tx.execute("delete from practice_faults")
    scene = await Scene.pay(context, cast)
    for step, number in steps:
        await scene.do(step, number)
    await scene.settle_down()
    await scene.check()
    return scene


@QUICK
@given(steps=ORDERS)
@example(steps=[("refund", 8), ("slow", 0), ("kill", 0), ("move", 1), ("deliver", 2), ("send", 0)])
@example(steps=[("refund", 8), ("dashboard", 3), ("send", 0), ("deliver", 0)])
@example(steps=[("refund", 8), ("dispute", 1), ("deliver", 0), ("send", 0), ("decide", 0)])
@example(steps=[("refund", 8), ("dispute", 1), ("wait", 0), ("send", 0), ("decide", 1)])
@example(steps=[("dispute", 1), ("deliver", 0), ("refund", 8), ("decide", 0), ("deliver", 3)])
async def test_the_books_agree_in_the_end(
    context: Context, cast: Cast, outcomes: Outcomes, steps: list[tuple[str, int]]
) -> None:
    await play(context, cast, steps)


# What happens to one refund: each order of these events, with the worker killed before, between or after them.
EVENTS = {
    "arrives": [("move", 0)],
    "fails": [("move", 1)],
    "is canceled": [("move", 2)],
    "arrives and comes back": [("move", 0), ("move", 1)],
}
TELLING = {
    "told at once": [("deliver", 0), ("deliver", 1), ("deliver", 2)],
    "told twice, the last first": [("deliver", 2), ("deliver", 0), ("deliver", 2), ("deliver", 1)],
    "never told": [],
}
CRASHES = {
    "no crash": ([("send", 0)], []),
    "killed before it knew": ([("kill", 0)], [("send", 0)]),
    "killed, and the key is forgotten": ([("kill", 0), ("forget", 0)], [("send", 0)]),
    "sent three times": ([("send", 0), ("send", 0), ("send", 0)], []),
}


@pytest.mark.parametrize("crash", CRASHES)
@pytest.mark.parametrize("telling", TELLING)
@pytest.mark.parametrize("event", EVENTS)
async def test_one_refund_ends_the_same_however_it_is_told(
    context: Context, cast: Cast, outcomes: Outcomes, event: str, telling: str, crash: str
) -> None:
    before, after = CRASHES[crash]
    steps = [("refund", 8), ("slow", 0), *before, *EVENTS[event], *TELLING[telling], *after]
    scene = await play(context, cast, steps)
    (operation,) = await scene.operations()
    assert operation["state"] == "done", "one that failed is tried again"
    assert await balance(context, scene.booking) == 0
    made = await scene.objects("refund")
    assert [refund["status"] for refund in made].count("succeeded") == 1
    assert len(made) == (1 if event == "arrives" else 2)
    assert len(operation["failed_ids"]) == len(made) - 1
