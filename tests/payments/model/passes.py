"""What people do with passes in the model test: buy, use, let go, give back; and what is kept of their money."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import asyncpg
from hypothesis import strategies as st
from hypothesis.stateful import rule

from circles.base.clock import NOBODY
from circles.bookings.passes import actions, ending, queries, rules
from circles.bookings.rules import BookingInput
from circles.bookings.several import actions as several
from circles.hosting.passes import actions as hosting
from tests.payments.model.machine import CUTS, NUMBERS, Deed, Money, one_of
from tests.payments.model.processes import Cut

# Three gatherings within six weeks; what is not used comes back.
OFFER = {"is_sold": "on", "uses": "3", "weeks": "6", "minimum": "60", "suggested": "100", "maximum": "180"}
TERMS = {"refund_kind": "percent", "refund_percent": "80", "refund_weeks": "6"}
AMOUNTS = (6000, 10_000, 10_001, 17_999)


class PassHolders(Money):
    def sell_passes(self) -> None:
        for circle in self.world.circles:
            self.run(hosting.publish(self.site.context, circle.host, circle.id, OFFER | TERMS, number=0))

    @rule(who=NUMBERS, where=NUMBERS, amount=st.sampled_from(AMOUNTS), cut=CUTS)
    def buy_pass(self, who: int, where: int, amount: int, cut: Cut | None) -> None:
        self.act(Deed("buy a pass"), self._buy(who % 3, where % 2, amount), cut)

    async def _buy(self, who: int, where: int, amount: int) -> None:
        circle = self.world.circles[where]
        offers = await self.site.rows("select id from pass_offers where circle_id = $1", circle.id)
        sent = BookingInput("amount", amount, circle.version, agreed=True, currency=circle.currency)
        await actions.buy(
            self.site.context, self.world.people[who], circle.id, offer_id=offers[0]["id"], sent=sent
        )

    def pick_pass(self, number: int, state: str) -> asyncpg.Record | None:
        return one_of([row for row in self.now.passes.values() if row["state"] == state], number)

    @rule(number=NUMBERS, where=NUMBERS, count=st.integers(1, 2), cut=CUTS)
    def book_on_pass(self, number: int, where: int, count: int, cut: Cut | None) -> None:
        """Book one date on a pass, or two; now and then at a circle that it is not for."""
        if not (row := self.pick_pass(number, "active")):
            return
        first, second = self.world.circles
        circle = first if (row["circle_id"] == first.id) != (where == 11) else second
        start = where % (len(circle.dates) - 1)
        sent = BookingInput(
            "pass", "", circle.version, agreed=True, currency=circle.currency, pass_id=row["id"]
        )
        person, dates = self.world.person(row["person_id"]), circle.dates[start : start + count]
        work = several.book(self.site.context, person, circle.id, dates, sent, NOBODY)
        self.act(Deed("book on a pass"), work, cut)

    @rule(number=NUMBERS, cut=CUTS)
    def let_pass_go(self, number: int, cut: Cut | None) -> None:
        if row := self.pick_pass(number, "held"):
            person = self.world.person(row["person_id"])
            self.act(Deed("let a pass go"), actions.let_go(self.site.context, person, row["id"]), cut)

    @rule(number=NUMBERS, cut=CUTS)
    def give_pass_back(self, number: int, cut: Cut | None) -> None:
        if row := self.pick_pass(number, "active"):
            shown = rules.refund_for(self.run(self._pass(row["id"]))).amount
            person = self.world.person(row["person_id"])
            work = ending.give_back(self.site.context, person, row["id"], shown=shown)
            self.act(Deed("give a pass back", ends={row["id"]: shown}), work, cut)

    @rule(number=NUMBERS, what=st.sampled_from(("terms", "unused", "all")), cut=CUTS)
    def refund_pass(self, number: int, what: str, cut: Cut | None) -> None:
        if row := self.pick_pass(number, "active"):
            shown = rules.amount_of(self.run(self._pass(row["id"])), what)
            work = ending.refund_by_organizer(
                self.site.context,
                self.world.organizer,
                row["id"],
                what=what,
                reason="They asked.",
                shown=shown,
            )
            self.act(Deed("refund a pass", ends={row["id"]: shown}), work, cut)

    async def _pass(self, id: UUID) -> Any:
        async with self.site.context.db.reading() as tx:
            return await queries.SQL.one(tx, pass_id=id)
