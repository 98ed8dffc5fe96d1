"""Refunds by hand, and the parts of facilitators with their accounts at Stripe, in the model test."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import rule

from circles.organizing.payments import actions as by_hand
from circles.organizing.payments.rules import HandRefund
from circles.payments.connect import accounts
from circles.practice.stripe.connect import accounts as onboarding
from circles.practice.stripe.connect import transfers
from circles.store import db
from tests.payments.model import books
from tests.payments.model.machine import CUTS, NUMBERS, Deed, Money, one_of
from tests.payments.model.outside import Outside
from tests.payments.model.processes import Cut

TERMS = """insert into share_terms (circle_id, currency, percent, flat, starts_at)
values ($1, $2, $3, $4, now() - interval '1 day')"""


class Refunders(Money):
    @rule(
        number=NUMBERS,
        amount=st.sampled_from((None, 500, 1000, 3000)),
        whole=st.booleans(),
        frees=st.booleans(),
        twice=st.booleans(),
        cut=CUTS,
    )
    def refund_by_hand(
        self, number: int, amount: int | None, whole: bool, frees: bool, twice: bool, cut: Cut | None
    ) -> None:
        """An organizer sends a payment back, or a part of it, perhaps with the seat, and perhaps by two presses."""
        if not (line := one_of(self.run(self.site.rows(books.LINES)), number)):
            return
        part = None if whole else line["item"]
        wish = HandRefund(uuid4(), part, amount, line["left"], "They asked.", frees_seat=frees)
        seats = line["together"] if whole else [line["item"]]
        deed = Deed("refund by hand", ends=dict.fromkeys(seats if frees else [], 0))
        for _ in range(1 + twice):
            work = by_hand.refund(self.site.context, self.world.organizer, line["checkout_id"], wish)
            self.act(deed, work, cut)


class Facilitators(Outside):
    def connect_first(self) -> None:
        """The community keeps a share of two circles, and the host of the first has an account at Stripe."""
        first, second = self.world.circles
        self.run(self.site.do(TERMS, first.id, first.currency, 2000, 250))
        self.run(self.site.do(TERMS, second.id, second.currency, 1000, 0))
        self.timetable("payments.read_balance", cut=None)  # later readings begin where this one ended
        self.connect(cut=None)
        self.account_changes("finish")
        self.work_on_all()

    @rule(cut=CUTS)
    def connect(self, cut: Cut | None) -> None:
        self.act(Deed("connect"), accounts.connect(self.site.context, self.world.hosts[0].id), cut)

    def account(self) -> str | None:
        rows = self.run(
            self.site.rows("select id from practice_objects where kind = 'account' order by created_at")
        )
        return rows[-1]["id"] if rows else None

    @rule(step=st.sampled_from(("finish", "finish", "restrict", "left", "other_country")))
    def account_changes(self, step: Any) -> None:
        if (id := self.account()) and not self.run(self.site.rows(books.LEFT, f"left_{id}")):
            self.at_stripe("account", lambda tx: onboarding.step(tx, id, step))

    @rule(filled=st.booleans())
    def account_is_empty(self, filled: bool) -> None:
        """An account has paid out what it had, so that nothing can be reversed; or has money again."""
        if id := self.account():
            self.at_stripe("account", lambda tx: self._fill(tx, id, filled=filled))

    async def _fill(self, tx: db.Tx, id: str, *, filled: bool) -> None:
        await transfers.fill(tx, id)
        if not filled:
            await transfers.empty(tx, id)

    def compare_parts(self) -> None:
        """Parts follow what went back, no account has more than its part, and the ledger is Stripe's balance."""
        for row in self.run(self.site.rows(books.PARTS)):
            due = row["part"] - (2 * row["part"] * row["gone"] + row["amount"]) // (2 * row["amount"])
            assert row["due"] == due, f"a part: {dict(row)}, and not {due}"
        for row in self.run(self.site.rows(books.TRANSFERS)):
            # Less is owed by the community, on its payout sheet.
            assert row["transferred"] <= row["due"] or row["waits"], f"an account has too much: {dict(row)}"
        for row in self.run(self.site.rows(books.BALANCES)):
            if row["ours"] != row["stripe"]:
                self.tell_of_balance()
            assert row["ours"] == row["stripe"], f"the ledger is not Stripe's balance: {dict(row)}"

    def tell_of_balance(self) -> None:
        """Add Stripe's balance transactions and our entries to the report of a failure."""
        for query in books.BALANCE_STORY:
            for row in self.run(self.site.rows(query)):
                note(str(dict(row)))
