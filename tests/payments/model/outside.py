"""What Stripe, banks, the network, the clock and the worker do in the model test."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from circles.practice.stripe import checkouts as checkout_page
from circles.practice.stripe import disputes as bank
from circles.practice.stripe import faults
from circles.practice.stripe import refunds as dashboard
from circles.practice.stripe.objects import ApiError, Object
from circles.store import db, jobs
from tests.helpers import start_in
from tests.payments.model.machine import CUTS, NUMBERS, TIMETABLE, Deed, Money, one_of
from tests.payments.model.processes import Cut, outside

CARDS = (
    *(checkout_page.GOOD_CARD,) * 4,
    *checkout_page.CARDS_WITH_LATER,
    checkout_page.LATE_CARD,
    checkout_page.BANK_ACCOUNT,
    checkout_page.FAILING_BANK_ACCOUNT,
    checkout_page.DECLINED_CARD,
)


def objects(kind: str, *statuses: str) -> Callable[[Money], list[Object]]:
    """The look-alike's objects of a kind in one of these states."""
    return lambda machine: [body for body in machine.now.objects[kind] if body["status"] in statuses]


OPEN_CHECKOUTS = objects("checkout", "open")
PAID = objects("payment_intent", "succeeded")
LIVE_REFUNDS = objects("refund", "pending", "requires_action", "succeeded")
OPEN_DISPUTES = objects("dispute", "needs_response", "warning_needs_response")


class Outside(Money):
    def at_stripe(self, name: str, change: Callable[[db.Tx], Awaitable[Any]]) -> None:
        self.act(Deed(name), self._change(change))

    async def _change(self, change: Callable[[db.Tx], Awaitable[Any]]) -> None:
        with suppress(ApiError):
            async with self.site.context.db.transaction() as tx:
                await change(tx)

    @rule(number=NUMBERS, card=st.sampled_from(CARDS))
    def pay(self, number: int, card: str) -> None:
        """Somebody pays at Stripe whatever can be paid there, whether it is still wanted or not."""
        if not (body := one_of(OPEN_CHECKOUTS(self), number)):
            return
        id = body["id"]
        self.at_stripe("pay", lambda tx: checkout_page.pay(tx, id, card))

    @rule(number=NUMBERS)
    def pay_by_card(self, number: int) -> None:
        self.pay(number, checkout_page.GOOD_CARD)

    @rule(number=NUMBERS, succeeded=st.booleans())
    def decide_debit(self, number: int, succeeded: bool) -> None:
        unpaid = [body for body in self.now.objects["checkout"] if body["payment_status"] == "unpaid"]
        if not (body := one_of([body for body in unpaid if body["status"] == "complete"], number)):
            return
        id = body["id"]
        self.at_stripe("decide a debit", lambda tx: checkout_page.decide(tx, id, succeeded=succeeded))

    @rule(number=NUMBERS, amount=st.sampled_from((500, 2000, 3000, 4500, 6000)))
    def refund_at_dashboard(self, number: int, amount: int) -> None:
        if not (body := one_of(PAID(self), number)):
            return
        params = {"payment_intent": body["id"], "amount": amount}
        self.at_stripe("refund at the dashboard", lambda tx: dashboard.create_refund(tx, params))

    @rule(number=NUMBERS, status=st.sampled_from(("succeeded", "failed", "canceled")))
    def move_refund(self, number: int, status: Any) -> None:
        if not (body := one_of(LIVE_REFUNDS(self), number)):
            return
        id = body["id"]
        self.at_stripe("move a refund", lambda tx: dashboard.move_refund(tx, id, status))

    @rule(number=NUMBERS, inquiry=st.booleans())
    def dispute(self, number: int, inquiry: bool) -> None:
        if not (body := one_of(PAID(self), number)):
            return
        id = body["id"]
        self.at_stripe("open a dispute", lambda tx: bank.open_dispute(tx, id, inquiry=inquiry))

    @rule(number=NUMBERS, won=st.booleans())
    def decide_dispute(self, number: int, won: bool) -> None:
        if not (body := one_of(OPEN_DISPUTES(self), number)):
            return
        decision: Any = "warning_closed" if "warning" in body["status"] else ("won" if won else "lost")
        self.at_stripe("decide a dispute", lambda tx: bank.close_dispute(tx, body["id"], decision))

    @rule(
        call=st.sampled_from(
            ("create_checkout", "expire_checkout", "create_refund", "retrieve_checkout", "*")
        ),
        fault=st.sampled_from(("500", "429", "409", "timeout", "401")),
        after_effect=st.booleans(),
    )
    def break_call(self, call: str, fault: Any, after_effect: bool) -> None:
        self.at_stripe(
            "break a call",
            lambda tx: faults.plan(tx, call, fault, after_effect=after_effect and fault != "401"),
        )

    @rule(fault=st.sampled_from(("lost", "doubled", "reordered")), times=st.integers(1, 3))
    def break_webhooks(self, fault: Any, times: int) -> None:
        self.at_stripe("break webhooks", lambda tx: faults.plan(tx, "webhook:*", fault, times=times))

    @rule(fault=st.sampled_from(("pending", "requires_action", "failed", "canceled")))
    def slow_refund(self, fault: Any) -> None:
        self.at_stripe("slow refund", lambda tx: faults.plan(tx, "refund", fault))

    # The clock and the worker

    @rule(wait=st.sampled_from(("3 minutes", "3 minutes", "40 minutes", "13 hours", "3 days")))
    def time_passes(self, wait: str) -> None:
        self.act(Deed("time passes"), self.world.time_passes(wait))

    @rule(where=NUMBERS, hours=st.sampled_from((-3, -1, 1, 5, 30)))
    def date_comes_near(self, where: int, hours: int) -> None:
        """A date begins soon, so that the time for a full refund is over, or has begun."""
        circle = self.world.circles[where % 2]
        date = circle.dates[where // 2 % len(circle.dates)]
        self.act(Deed("date comes near"), start_in(self.site.context, date, timedelta(hours=hours)))

    @rule(number=NUMBERS, cut=CUTS)
    def work(self, number: int, cut: Cut | None) -> None:
        """One of the jobs that are due is carried out."""
        if not (job := one_of(self.now.jobs, number)):
            return
        self.run(self.world.claim(job))
        self.act(Deed(job["entrypoint"], job=job["id"]), self._work_on(job), cut)

    async def _work_on(self, job: Any) -> None:
        wait = await self.world.work_on(job)
        async with outside():
            await self.world.finish(job, wait)

    @rule(cut=CUTS)
    def work_on_oldest(self, cut: Cut | None) -> None:
        self.work(0, cut)

    @rule()
    def work_on_all(self) -> None:
        if self.now.jobs:
            self.act(Deed("work on all"), self._work_on_all())

    @rule(entry=st.sampled_from(TIMETABLE), cut=CUTS)
    def timetable(self, entry: str, cut: Cut | None) -> None:
        self.act(Deed(entry), jobs.run_timetable(self.site.context, entry), cut)
