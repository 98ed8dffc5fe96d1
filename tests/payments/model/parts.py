"""Refunds by hand, and the parts of facilitators with their accounts at Stripe, in the model test."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from math import floor
from typing import Any
from uuid import UUID, uuid4

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import rule

from circles.organizing.payments import actions as by_hand
from circles.organizing.payments.rules import HandRefund
from circles.payments.connect import accounts
from circles.people import Person
from circles.practice.stripe.connect import accounts as onboarding
from circles.practice.stripe.connect import transfers
from circles.store import db
from tests.payments.model import books
from tests.payments.model.machine import CUTS, NUMBERS, Deed, Money, one_of
from tests.payments.model.outside import Outside
from tests.payments.model.processes import Cut

TERMS = """insert into share_terms (circle_id, currency, percent, flat, starts_at)
values ($1, $2, $3, $4, now() - interval '1 year')"""


# By currency, hundredths of a percent and minor units that the community keeps.
KEPT = {"USD": (2000, 250), "EUR": (1000, 0)}
Due = tuple[UUID, str, int]


def rounded(amount: Fraction) -> int:
    """Half up."""
    return floor(amount + Fraction(1, 2))


def part_of(amount: int, currency: str) -> int:
    """The facilitator's part of an amount that was paid for one seat."""
    percent, flat = KEPT[currency]
    return max(0, amount - rounded(Fraction(amount * percent, 10_000)) - flat)


class Refunders(Money):
    @rule(
        number=NUMBERS,
        amount=st.sampled_from((None, 500, 1000, 3000)),
        whole=st.booleans(),
        frees=st.booleans(),
        twice=st.booleans(),
        member=st.booleans(),
        then=st.sampled_from(("", "agree", "decline")),
        cut=CUTS,
    )
    def refund_by_hand(
        self,
        number: int,
        amount: int | None,
        whole: bool,
        frees: bool,
        twice: bool,
        member: bool,
        then: str,
        cut: Cut | None,
    ) -> None:
        """An organizer sends a payment back, or a part of it, perhaps with the seat, and perhaps by two presses.

        member: the organizer who books as well, and who has to ask the other one where the payment is their own.
        then: what the other one does about it at once.
        """
        if not (line := one_of(self.run(self.site.rows(books.LINES)), number)):
            return
        part = None if whole else line["item"]
        wish = HandRefund(uuid4(), part, amount, line["left"], "They asked.", frees_seat=frees)
        seats = line["together"] if whole else [line["item"]]
        deed = Deed("refund by hand", ends=dict.fromkeys(seats if frees else [], 0))
        for _ in range(1 + twice):
            work = by_hand.refund(self.site.context, self.an_organizer(member), line["checkout_id"], wish)
            self.act(deed, work, cut)
        if then and member:
            self.decide_refund(number, member=False, agrees=then == "agree", cut=None)

    def an_organizer(self, member: bool) -> Person:
        return self.world.people[2] if member else self.world.organizer

    @rule(number=NUMBERS, member=st.booleans(), agrees=st.booleans(), cut=CUTS)
    def decide_refund(self, number: int, member: bool, agrees: bool, cut: Cut | None) -> None:
        """An organizer agrees to what the other one asked for, or declines it; or the one who asked withdraws it."""
        if not (asked := one_of(self.run(self.site.rows(books.ASKED)), number)):
            return
        ends = asked["items"] if asked["frees_seat"] and agrees else []
        work = (by_hand.agree if agrees else by_hand.decline)(
            self.site.context, self.an_organizer(member), asked["id"]
        )
        self.act(Deed("agree" if agrees else "decline", ends=dict.fromkeys(ends, 0)), work, cut)


class Facilitators(Outside):
    def connect_first(self) -> None:
        """The community keeps a share of two circles, and the host of the first has an account at Stripe."""
        for circle in self.world.circles:
            self.run(self.site.do(TERMS, circle.id, circle.currency, *KEPT[circle.currency]))
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
        owed = [*self.parts_of_payments(), *self.parts_of_passes()]
        for row in self.run(self.site.rows(books.TRANSFERS)):
            # Less is owed by the community, on its payout sheet.
            assert row["transferred"] <= row["due"] or row["waits"], f"an account has too much: {dict(row)}"
        for row in self.run(self.site.rows(books.BALANCES)):
            if row["ours"] != row["stripe"]:
                self.tell_of_balance()
            assert row["ours"] == row["stripe"], f"the ledger is not Stripe's balance: {dict(row)}"
        self.compare_owed(owed)

    def parts_of_payments(self) -> list[Due]:
        """What is due of each payment of a booking, by our rows, which must be the same as by the terms."""
        rows = self.run(self.site.rows(books.PARTS))
        for row in rows:
            assert row["part"] is not None, f"a payment without a part: {dict(row)}"
            if not row["is_addition"]:
                part = part_of(row["amount"], row["currency"])
                assert row["part"] == part, f"a part: {dict(row)}, and not {part}"
            due = row["part"] - rounded(Fraction(row["part"] * row["gone"], row["amount"]))
            assert row["due"] == due, f"a part: {dict(row)}, and not {due}"
        return [(row["facilitator_id"], row["currency"], row["due"]) for row in rows]

    def parts_of_passes(self) -> list[Due]:
        """The same of each pass, of which as much is income as its gatherings were used, and as was kept of it."""
        rows = self.run(self.site.rows(books.PASS_PARTS))
        for row in rows:
            waiting = {"active": row["amount"] - row["used"], "ended": row["waiting"]}.get(row["state"], 0)
            income = row["paid"] - max(0, min(row["paid"], waiting))
            assert row["income"] == income, f"income of a pass: {dict(row)}, and not {income}"
            each, more = divmod(row["amount"], row["uses"])
            whole = (row["uses"] - more) * part_of(each, row["currency"]) + more * part_of(
                each + 1, row["currency"]
            )
            gone = min(max(row["amount"] - income, 0), row["amount"])
            due = whole - rounded(Fraction(whole * gone, row["amount"]))
            assert row["due"] == due, f"a part of a pass: {dict(row)}, and not {due}"
        return [(row["facilitator_id"], row["currency"], row["due"]) for row in rows]

    def compare_owed(self, parts: list[Due]) -> None:
        """What the ledger says is owed to each facilitator: their parts, less what they got or keep of cash."""
        owed: Counter[tuple[UUID, str]] = Counter()
        for person, currency, amount in parts:
            owed[person, currency] += amount
        for row in self.run(self.site.rows(books.HAD)):
            owed[row["person_id"], row["currency"]] -= row["amount"]
        ours = {
            (row["owner_id"], row["currency"]): row["amount"] for row in self.run(self.site.rows(books.DEBTS))
        }
        for key in {*owed, *ours}:
            assert ours.get(key, 0) == owed[key], f"owed to {key}: {ours.get(key, 0)} and not {owed[key]}"

    def tell_of_balance(self) -> None:
        """Add Stripe's balance transactions and our entries to the report of a failure."""
        for query in books.BALANCE_STORY:
            for row in self.run(self.site.rows(query)):
                note(str(dict(row)))
