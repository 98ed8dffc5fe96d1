"""What members, hosts and organizers do in the model test."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
from hypothesis import strategies as st
from hypothesis.stateful import rule

from circles.base.clock import NOBODY
from circles.base.errors import CirclesError
from circles.bookings import actions, queries
from circles.bookings.amounts import actions as amounts
from circles.bookings.given import actions as given
from circles.bookings.given.actions import TakenOff
from circles.bookings.given.rules import Gift
from circles.bookings.moving import actions as moving
from circles.bookings.rules import BookingInput
from circles.bookings.several import actions as several
from circles.bookings.waiting_list import actions as waiting_list
from circles.hosting.change import actions as changes
from circles.payments import sync
from circles.payments.stuck import actions as stuck
from circles.people import Person
from tests.helpers import start_in
from tests.payments.model.machine import ALL, CUTS, NUMBERS, Deed, Money, one_of
from tests.payments.model.processes import Cut
from tests.payments.model.world import Circle

# Some of which the parts are to be rounded.
AMOUNTS = (3000, 4507, 6003, 8000)
WHY = "The room flooded. We are sorry."


class Booked(Money):
    def refund_by_terms(self, row: asyncpg.Record) -> int:
        return self.run(self._refund_by_terms(row))

    async def _refund_by_terms(self, row: asyncpg.Record) -> int:
        async with self.site.context.db.reading() as tx:
            own = await queries.own_booking(tx, self.owner(row), row["id"])
        return actions.end_rules.refund_for(own).amount


class Members(Booked):
    def _wish(self, circle: Circle, number: int, choice: str = "amount") -> BookingInput:
        amount = AMOUNTS[number % len(AMOUNTS)]
        return BookingInput(choice, amount, circle.version, agreed=True, currency=circle.currency)

    @rule(who=NUMBERS, where=NUMBERS, wish=NUMBERS, cut=CUTS)
    def book(self, who: int, where: int, wish: int, cut: Cut | None) -> None:
        """Book one date, or take the seat that was offered there, or wait for one."""
        circle = self.world.circles[where % 4 == 3]
        date = circle.dates[where // 4 % len(circle.dates)]
        person, sent = (
            self.world.people[who % 3],
            self._wish(circle, wish, "community" if wish == 11 else "amount"),
        )
        self.act(Deed("book"), self._book(person, circle, date, sent), cut)

    async def _book(self, person: Person, circle: Circle, date: UUID, sent: BookingInput) -> None:
        context = self.site.context
        waits = await self.site.rows(
            "select id from waits where gathering_id = $1 and person_id = $2 and state in ('waiting', 'offered')",
            date,
            person.id,
        )
        if waits:
            await waiting_list.take(context, person, waits[0]["id"])
            return
        try:
            await several.book(context, person, circle.id, [date], sent, NOBODY)
        except CirclesError:
            await waiting_list.join(context, person, date, sent)

    @rule(who=NUMBERS, where=NUMBERS, wish=NUMBERS, cut=CUTS)
    def book_several(self, who: int, where: int, wish: int, cut: Cut | None) -> None:
        circle = self.world.circles[where % 4 == 3]
        first = where // 4 % (len(circle.dates) - 1)
        dates = circle.dates[first : first + 2 + where // 6]
        sent, person = self._wish(circle, wish), self.world.people[who % 3]
        self.act(
            Deed("book several"), several.book(self.site.context, person, circle.id, dates, sent, NOBODY), cut
        )

    @rule(number=NUMBERS, cut=CUTS)
    def let_go(self, number: int, cut: Cut | None) -> None:
        if not (row := self.pick(number, "held")):
            return
        self.act(Deed("let go"), actions.let_go(self.site.context, self.owner(row), row["id"]), cut)

    @rule(number=NUMBERS, cut=CUTS)
    def look(self, number: int, cut: Cut | None) -> None:
        """The page that waits has Stripe asked, or the checkout started that a request left behind."""
        if not (row := self.pick(number, "held")):
            return
        is_back = number % 2 == 0
        work = actions.look(self.site.context, self.owner(row), row["id"], is_back=is_back)
        self.act(Deed("look"), work, cut)

    @rule(number=NUMBERS, cut=CUTS)
    def cancel(self, number: int, cut: Cut | None) -> None:
        if not (row := self.pick(number, "confirmed")):
            return
        shown = self.refund_by_terms(row)
        work = actions.cancel(self.site.context, self.owner(row), row["id"], shown=shown)
        self.act(Deed("cancel", ends={row["id"]: shown}), work, cut)

    @rule(number=NUMBERS, cut=CUTS)
    def cancel_late(self, number: int, cut: Cut | None) -> None:
        """Cancel when only a part comes back: the date is near, and the payment is not of a moment ago."""
        if row := self.pick(number, "confirmed"):
            self.act(
                Deed("date comes near"), start_in(self.site.context, row["gathering_id"], timedelta(hours=5))
            )
            self.act(Deed("time passes"), self.world.time_passes("40 minutes"))
            self.cancel(number, cut)

    @rule(number=NUMBERS, wish=NUMBERS, cut=CUTS)
    def change_amount(self, number: int, wish: int, cut: Cut | None) -> None:
        if not (row := self.pick(number, "confirmed")):
            return
        circle = self.world.circle_of(row["gathering_id"])
        sent = self._wish(circle, wish, "community" if wish == 11 else "amount")
        work = amounts.change_amount(self.site.context, self.owner(row), row["id"], sent, shown=row["amount"])
        self.act(Deed("change amount", prices=frozenset({row["id"]})), work, cut)

    @rule(number=NUMBERS, where=NUMBERS, cut=CUTS)
    def move(self, number: int, where: int, cut: Cut | None) -> None:
        if not (row := self.pick(number, "confirmed")):
            return
        dates = self.world.circle_of(row["gathering_id"]).dates
        work = moving.move(self.site.context, self.owner(row), row["id"], dates[where % len(dates)])
        self.act(Deed("move", moves=frozenset({row["id"]})), work, cut)


class Hosts(Booked):
    @rule(number=NUMBERS, where=NUMBERS, cut=CUTS)
    def move_by_host(self, number: int, where: int, cut: Cut | None) -> None:
        if not (row := self.pick(number, "confirmed")):
            return
        dates = self.world.circle_of(row["gathering_id"]).dates
        there = dates[where % len(dates)]
        work = moving.move_by_host(self.site.context, self.host(row, where), row["id"], there, reason=WHY)
        self.act(Deed("move by host", moves=frozenset({row["id"]})), work, cut)

    @rule(number=NUMBERS, refund=st.sampled_from(("all", "terms", "none")), cash=st.booleans(), cut=CUTS)
    def take_off(self, number: int, refund: str, cash: bool, cut: Cut | None) -> None:
        if not (row := self.pick(number, "confirmed")):
            return
        promised = {"all": ALL, "terms": self.refund_by_terms(row), "none": 0}[refund]
        how = TakenOff(uuid4(), refund, "We are sorry.", cash_back=cash)
        work = given.take_off(self.site.context, self.host(row, number), row["id"], how)
        noted = (row["id"], "correction", 0) if cash and self.cash.get(row["id"], 0) > 0 else None
        self.act(Deed("take off", ends={row["id"]: promised}, cash=noted), work, cut)

    @rule(where=NUMBERS, cut=CUTS)
    def cancel_gathering(self, where: int, cut: Cut | None) -> None:
        circle = self.world.circles[where % 2]
        date = circle.dates[where // 2 % len(circle.dates)]
        booked = [row["id"] for row in self.now.bookings.values() if row["gathering_id"] == date]
        work = changes.cancel_gathering(self.site.context, circle.host, date, WHY)
        self.act(Deed("cancel gathering", ends=dict.fromkeys(booked, ALL)), work, cut)

    @rule(who=NUMBERS, where=NUMBERS, cash=st.sampled_from((0, 2000, 4500)), cut=CUTS)
    def give_seat(self, who: int, where: int, cash: int, cut: Cut | None) -> None:
        circle = self.world.circles[where % 2]
        date, person = circle.dates[where // 2 % len(circle.dates)], self.world.people[who % 3]
        gift = Gift(uuid4(), person.email, person.name, cash, over=True)
        noted = (None, "received", cash) if cash else None
        self.act(
            Deed("give a seat", cash=noted), given.give_seat(self.site.context, circle.host, date, gift), cut
        )

    @rule(
        number=NUMBERS,
        kind=st.sampled_from(("received", "given_back", "correction")),
        typed=st.sampled_from(("0", "20", "45")),
        twice=st.booleans(),
        cut=CUTS,
    )
    def note_cash(self, number: int, kind: str, typed: str, twice: bool, cut: Cut | None) -> None:
        free = [row for row in self.now.of_state("confirmed", "cancelled") if row["kind"] != "paid"]
        if not (row := one_of(free, number)):
            return
        key = uuid4()
        noted = (row["id"], kind, int(typed) * 100)
        for _ in range(1 + twice):
            work = given.note_seat_cash(
                self.site.context, self.host(row, number), row["id"], key, kind, typed, "Counted again"
            )
            self.act(Deed("note cash", cash=noted), work, cut)
            noted = None if self.outcome == "done" else noted

    @rule(number=NUMBERS)
    def lose_hold(self, number: int) -> None:
        """A seat is lost on our side while its checkout can still be paid: only a webhook tells of that money."""
        if row := self.pick(number, "held"):
            self.lost_holds.add(row["id"])
            self.act(Deed("lose hold"), self._lose_hold(row["id"]))

    async def _lose_hold(self, id: UUID) -> None:
        async with self.site.context.db.transaction() as tx:
            await sync.fail(tx, self.site.context, id, "test")


class Organizers(Money):
    @rule(number=NUMBERS, cut=CUTS)
    def retry_refund(self, number: int, cut: Cut | None) -> None:
        if row := one_of(self.now.refunds, number):
            work = stuck.retry(self.site.context, self.world.organizer, row["id"])
            self.act(Deed("retry refund"), work, cut)

    @rule(number=NUMBERS, cut=CUTS)
    def settle_refund(self, number: int, cut: Cut | None) -> None:
        if row := one_of([row for row in self.now.refunds if row["state"] == "failed"], number):
            work = stuck.settle(self.site.context, self.world.organizer, row["id"], "Paid by a check.")
            self.act(Deed("settle refund"), work, cut)

    @rule(number=NUMBERS, send_back=st.booleans(), cut=CUTS)
    def settle_finding(self, number: int, send_back: bool, cut: Cut | None) -> None:
        if not (row := one_of(self.now.findings, number)):
            return
        work = stuck.settle_finding(
            self.site.context, self.world.organizer, row["id"], "It is right.", send_back=send_back
        )
        self.act(Deed("settle finding"), work, cut)
