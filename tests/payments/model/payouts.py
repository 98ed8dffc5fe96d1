"""Payouts in the model test: what organizers note as paid to facilitators by hand, and what Stripe pays to the bank."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID, uuid4

from hypothesis import strategies as st
from hypothesis.stateful import rule

from circles.payments import shares
from circles.practice.stripe import payouts
from tests.payments.model import books
from tests.payments.model.machine import CUTS, NUMBERS, Deed, one_of
from tests.payments.model.outside import Outside, objects
from tests.payments.model.processes import Cut

UNDECIDED = objects("payout", "in_transit", "paid")


class Payouts(Outside):
    def __init__(self) -> None:
        super().__init__()
        # What was to be noted, in minor units, and whether somebody read that it was.
        self.noted: dict[UUID, tuple[int, bool]] = {}

    @rule(who=NUMBERS, amount=st.sampled_from((1, 2150, 50_000)), twice=st.booleans(), cut=CUTS)
    def note_payout(self, who: int, amount: int, twice: bool, cut: Cut | None) -> None:
        """An organizer notes what they paid to a facilitator, perhaps more than was due, perhaps by two presses."""
        host, currency, id = self.world.hosts[who % 2], self.world.circles[who % 2].currency, uuid4()
        day = shares.community_today(self.site.context)
        paid = shares.Payout(id, host.id, currency, amount, day, "Check", "", "They asked.")
        for _ in range(1 + twice):
            self._note(id, amount, shares.note_payout(self.site.context, self.world.organizer, paid), cut)

    @rule(number=NUMBERS, cut=CUTS)
    def take_payout_back(self, number: int, cut: Cut | None) -> None:
        if not (row := one_of(self.run(self.site.rows(books.NOTED)), number)):
            return
        id = uuid4()
        work = shares.take_payout_back(self.site.context, self.world.organizer, id, row["id"], "A typo.")
        self._note(id, -row["amount"], work, cut)

    def _note(self, id: UUID, amount: int, work: Any, cut: Cut | None) -> None:
        self.noted[id] = amount, self.noted.get(id, (0, False))[1]
        self.act(Deed("payout by hand"), work, cut)
        if self.outcome == "done":
            self.noted[id] = amount, True

    def compare_parts(self) -> None:
        ours = {row["id"]: row["amount"] for row in self.run(self.site.rows(books.NOTED))}
        for id, (amount, is_sure) in self.noted.items():
            assert ours.pop(id, None if is_sure else amount) == amount, f"a payout by hand of {amount}"
        assert not ours, f"payouts that nobody noted: {ours}"
        super().compare_parts()

    @rule(
        number=NUMBERS, step=st.sampled_from(("pay out", "and pending", "by hand", "paid", "paid", "failed"))
    )
    def payouts_at_stripe(self, number: int, step: str) -> None:
        """Stripe pays what is available to the bank, or a part of it; a payout arrives, or comes back even after it."""
        currency = self.world.circles[number % 2].currency.lower()
        if step in ("pay out", "and pending"):
            self.at_stripe(step, lambda tx: payouts.pay_out(tx, with_pending=step == "and pending"))
        elif step == "by hand":
            self.at_stripe("pay out by hand", lambda tx: payouts.pay_out_by_hand(tx, 700, currency))
        elif body := one_of(UNDECIDED(self), number):
            id, decision = body["id"], cast("payouts.Decision", step)
            self.at_stripe("decide a payout", lambda tx: payouts.decide(tx, id, decision))
