"""The machine of the model test: how something is done, and what must hold after it and in the end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, TypeVar
from uuid import UUID

import asyncpg
from hypothesis import event, note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from circles.base.errors import CirclesError
from circles.payments import sync
from circles.people import Person
from circles.practice.stripe import checkouts as checkout_page
from circles.store import db, jobs
from tests.payments.model import books
from tests.payments.model.books import Snapshot
from tests.payments.model.processes import Cut, Killed, Process
from tests.payments.model.world import MAIL, TELLING, Site, World, due_jobs

T = TypeVar("T")

NUMBERS = st.integers(0, 11)
# Three of four processes are left alone.
CUTS = st.one_of(
    st.none(),
    st.none(),
    st.none(),
    st.builds(
        Cut, st.sampled_from(("statement", "commit", "committed", "call", "answer")), st.integers(0, 4)
    ),
    st.builds(Cut, st.sampled_from(("call", "answer")), st.integers(0, 1), st.just(True)),
)
TIMETABLE = (
    "payments.reconcile",
    "payments.connect",
    "payments.read_balance",
    "ledger.sum_months",
    "organizing.fold_payment_sums",
    "bookings.lapse",
    "payments.read_stripe",
    "waiting_list.offer",
    "passes.lapse",
    "passes.follow",
    "payments.practice_tidy",
)
# How time passes at the end, again and again until nothing changes any more, and how often at most.
WAITS = ("25 minutes", "13 hours")
MAX_ROUNDS = 60
ALL = -1


@dataclass
class Deed:
    """What somebody does now, and what it may change: the bookings that it may end, with what is promised back.

    ends: by booking, in minor units, ALL of it; moves, prices: the bookings that may move, or cost something else.
    cash: of which booking (None: a new one) what is noted. job: the one that is carried out.
    """

    name: str
    ends: dict[UUID, int] = field(default_factory=dict)
    moves: frozenset[UUID] = frozenset()
    prices: frozenset[UUID] = frozenset()
    cash: tuple[UUID | None, str, int] | None = None
    job: int | None = None

    def cash_after(self, booking: UUID, is_new: bool, before: int) -> int:
        """What is noted in cash of a booking once this is done, in minor units."""
        if self.cash is None or self.cash[0] not in ((booking, None) if is_new else (booking,)):
            return before
        kind, amount = self.cash[1:]
        return {"received": before + amount, "given_back": before - amount, "correction": amount}[kind]


def one_of(those: Sequence[T], number: int) -> T | None:
    """One of those there are. What rules draw never depends on that, so that an example is the same in every run."""
    return those[number % len(those)] if those else None


class Stage(Protocol):
    """Where examples are set, each on an empty database."""

    def next_site(self) -> Site: ...


class Money(RuleBasedStateMachine):
    """One example: a world, what was done in it, and a model of who has which seat and what everybody is owed."""

    stage: ClassVar[Stage]

    def __init__(self) -> None:
        super().__init__()
        self.paused: list[tuple[Deed, Process, asyncio.Task[Any]]] = []
        # What the site is to keep of each seat that ended, and what was refunded by hand until then, in minor units.
        self.kept: dict[UUID, tuple[int, int]] = {}
        self.is_whole = False
        self.cash: dict[UUID, int] = {}
        self.lost_holds: set[UUID] = set()
        self.promised_of_pass: dict[UUID, int] = {}

    def run(self, work: Awaitable[Any]) -> Any:
        return self.site.run(work)

    def start(self) -> None:
        """A world in which nothing was done yet."""
        self.site = self.stage.next_site()
        self.world = self.run(World.begin(self.site))
        self.now = self.run(Snapshot.read(self.site))
        self.is_whole = True

    # How something is done

    def act(self, deed: Deed, work: Awaitable[Any], cut: Cut | None = None) -> Any:
        """Have a process do something, and compare what it changed with what it may change."""
        process, self.is_whole = Process(cut), False
        answer = self.run(self._begin_process(deed, process, work))
        self.follow(deed)
        return answer

    async def _begin_process(self, deed: Deed, process: Process, work: Awaitable[Any]) -> Any:
        task = asyncio.create_task(process.run(work))
        pausing = asyncio.create_task(process.paused.wait())
        await asyncio.wait({task, pausing}, return_when=asyncio.FIRST_COMPLETED)
        pausing.cancel()
        if not task.done():
            self.paused.append((deed, process, task))
            self.outcome = "paused"
            return None
        return self._outcome(deed, task)

    def _outcome(self, deed: Deed, task: asyncio.Task[Any]) -> Any:
        try:
            answer = task.result()
        except Killed:
            event(f"{deed.name}: killed")
            self.outcome = "killed"
            return None
        except db.Unavailable:
            raise
        except CirclesError as error:
            event(f"{deed.name}: {type(error).__name__}")
            self.outcome = "refused"
            return None
        event(f"{deed.name}: done")
        self.outcome = "done"
        return answer

    @rule(number=NUMBERS)
    def go_on(self, number: int) -> None:
        """A process that stood still goes on."""
        if not self.paused:
            return
        self.is_whole = False
        deed, process, task = self.paused.pop(number % len(self.paused))
        process.goes_on.set()
        self.run(asyncio.wait({task}))
        self._outcome(deed, task)
        self.follow(deed)

    # The model

    def follow(self, deed: Deed) -> None:
        """Compare every booking with what it was before, and check all invariants that hold at any moment."""
        before, self.now = self.now, self.run(Snapshot.read(self.site))
        deeds = [deed, *(one for one, _, _ in self.paused)]
        if self.outcome == "killed" and deed.job is not None:
            self.run(self.world.free_claim(deed.job))
        for id, row in self.now.bookings.items():
            self._follow_booking(before.bookings.get(id), row, deeds)
            self._follow_cash(id, id not in before.bookings, deeds)
        for id, row in self.now.passes.items():
            self._follow_pass(before.passes.get(id), row, deeds)
        self.check(books.ALWAYS)
        self.is_whole = True

    def _follow_booking(self, before: asyncpg.Record | None, row: asyncpg.Record, deeds: list[Deed]) -> None:
        id, was = row["id"], before["state"] if before else "none"
        what = f"{was} to {row['state']} by {deeds[0].name}: {dict(row)}"
        if row["state"] == "confirmed" and was != "confirmed":
            assert row["kind"] != "paid" or row["is_charged"], f"a seat for which nobody paid: {what}"
            assert was != "cancelled", what
        if was == "cancelled":
            assert row["state"] == "cancelled", f"a canceled seat came back: {what}"
        if before is None or was != "confirmed":
            return
        if row["state"] != "confirmed":
            ending = next((one for one in deeds if id in one.ends), None)
            assert ending, f"a seat was lost that nobody ended: {what}"
            price = before["amount"] if before["kind"] == "paid" else 0
            promised = ending.ends[id]
            self.kept[id] = (0 if promised == ALL else price - promised), self.now.by_hand.get(id, 0)
        if row["gathering_id"] != before["gathering_id"]:
            assert any(id in one.moves for one in deeds), f"a seat moved by itself: {what}"
        if row["amount"] < before["amount"]:
            assert any(id in one.prices for one in deeds), f"a seat became cheaper by itself: {what}"

    def _follow_pass(self, before: asyncpg.Record | None, row: asyncpg.Record, deeds: list[Deed]) -> None:
        id, was = row["id"], before["state"] if before else "none"
        if row["state"] == was:
            return
        what = f"{was} to {row['state']} by {deeds[0].name}: {dict(row)}"
        assert row["state"] != "active" or row["is_charged"], f"a pass for which nobody paid: {what}"
        assert was != "ended", f"a pass that had ended came back: {what}"
        if row["state"] == "ended" and row["end_cause"] != "expired":
            ending = next((one for one in deeds if id in one.ends), None)
            assert ending, f"a pass ended by itself: {what}"
            self.promised_of_pass[id] = ending.ends[id]

    def _follow_cash(self, id: UUID, is_new: bool, deeds: list[Deed]) -> None:
        was, cash = self.cash.get(id, 0), self.now.cash.get(id, 0)
        possible = [deed.cash_after(id, is_new, was) for deed in deeds]
        if self.outcome == "done":
            assert cash == possible[0], f"cash of {id}: {cash} and not {possible[0]}"
        assert cash in (was, *possible), f"cash of {id}: {cash} and not {possible}"
        self.cash[id] = cash

    def check(self, invariants: list[str]) -> None:
        rows = [row for statement in invariants for row in self.run(self.site.rows(statement))]
        broken = [row["name"] for row in rows if row["broken"]]
        if broken:
            self._tell(self.now.bookings)
        assert not broken, f"invariants broken: {broken}"

    def pick(self, number: int, *states: str) -> asyncpg.Record | None:
        """One of the bookings in these states."""
        return one_of(self.now.of_state(*states), number)

    def owner(self, row: asyncpg.Record) -> Person:
        return self.world.person(row["person_id"])

    def host(self, row: asyncpg.Record, number: int = 0) -> Person:
        circle = self.world.circle_of(row["gathering_id"])
        return (circle.host, self.world.organizer)[number % 2]

    # The end

    def teardown(self) -> None:
        if self.is_whole:
            self.run(self._settle_down())
            self.check(books.IN_THE_END)
            self._compare()
            self.compare_parts()
        for _, _, task in self.paused:
            task.cancel()

    async def _settle_down(self) -> None:
        """Everything goes on, time passes, and the timetable does its work until nothing changes any more."""
        for _, process, task in self.paused:
            process.goes_on.set()
            await asyncio.wait({task})
        self.paused.clear()
        await self.site.do("delete from practice_faults")
        same, before = 0, None
        for number in range(MAX_ROUNDS):
            await self._decide_debits()
            await self._tell_of_lost_holds()
            await self.world.time_passes(WAITS[number % len(WAITS)])
            for entry in TIMETABLE:
                await jobs.run_timetable(self.site.context, entry)
            await self._work_on_all(MAIL)
            # So long after a seat ended, but before its checkouts end by themselves.
            assert number or not await self.site.rows(books.USELESS), "more may be paid for a seat that ended"
            after = await self.site.rows(books.STATE)
            same, before = (same + 1, before) if after == before else (0, after)
            if same == len(WAITS):
                await jobs.run_timetable(self.site.context, "payments.reconcile_books")
            elif same > len(WAITS):
                return
        raise AssertionError("the state changes again and again")

    async def _decide_debits(self) -> None:
        for row in await self.site.rows(books.UNDECIDED):
            async with self.site.context.db.transaction() as tx:
                await checkout_page.decide(tx, row["id"], succeeded=True)

    async def _tell_of_lost_holds(self) -> None:
        """Stripe repeats a webhook for days: what was paid by a checkout that was given up is told in the end."""
        for row in await self.site.rows(books.STRIPE_IDS, list(self.lost_holds)):
            await sync.sync_checkout(self.site.context, stripe_id=row["id"])

    async def _work_on_all(self, without: Sequence[str] = TELLING) -> None:
        for _ in range(1000):
            async with self.site.context.db.reading() as tx:
                due = await due_jobs(tx, without)
            if not due:
                return
            await self.world.claim(due[0])
            await self.world.finish(due[0], await self.world.work_on(due[0]))
        raise AssertionError("jobs enqueue jobs again and again")

    def compare_parts(self) -> None:
        """What is compared besides, of the parts of facilitators."""

    def _compare(self) -> None:
        """Ours are the books of Stripe, to the cent, for each payment and each person."""
        self.now = self.run(Snapshot.read(self.site))
        ours = {row["payment_intent"]: row["amount"] for row in self.run(self.site.rows(books.OURS))}
        theirs = self.now.left_at_stripe()
        assert ours == theirs, "our books are not those of Stripe"
        assert not self.now.of_state("held"), "a seat is still held"
        undecided = [dict(row) for row in self.run(self.site.rows(books.OPEN))]
        assert not undecided, f"checkouts that nobody decides: {undecided}"
        owed = {row["item"]: row for row in self.run(self.site.rows(books.OWED))}
        gone = self.now.gone_elsewhere()
        pairs = [(row["payment_intent"], row["item"]) for row in self.run(self.site.rows(books.PAYMENTS))]
        for payments, bookings in books.groups(pairs):
            owing = [owed[id] for id in bookings if id in owed]
            kept = sum(self._price(id) for id in bookings) + sum(row["amount"] for row in owing)
            left = sum(theirs[payment] for payment in payments)
            elsewhere = sum(gone[payment] for payment in payments) + sum(row["elsewhere"] for row in owing)
            if not kept - elsewhere <= left <= kept:
                self._tell(bookings)
                raise AssertionError(
                    f"kept {left} and not {kept} of {bookings}; {elsewhere} went back elsewhere"
                )

    def _price(self, id: UUID) -> int:
        """What the site is to keep of what was paid for a booking."""
        by_hand = self.now.by_hand.get(id, 0)
        if id in self.now.passes:
            return self._price_of_pass(id)
        row = self.now.bookings[id]
        if row["state"] == "confirmed":
            return row["amount"] - by_hand if row["kind"] == "paid" else 0
        kept, before = self.kept.get(id, (0, 0))
        return max(0, kept - before) - (by_hand - before) if kept else 0

    def _price_of_pass(self, id: UUID) -> int:
        """The same of a pass."""
        row, returned = self.now.passes[id], self.now.of_returned_uses.get(id, 0)
        if row["state"] == "lapsed":
            return 0
        return row["amount"] - self.promised_of_pass.get(id, 0) - returned - self.now.by_hand.get(id, 0)

    def _tell(self, bookings: Collection[UUID]) -> None:
        """Add what is stored of some bookings to the report of a failure."""
        for query in books.STORY:
            for row in self.run(self.site.rows(query, list(bookings))):
                note(str(dict(row)))
        for kind in ("payment_intent", "refund", "dispute"):
            for body in self.now.objects[kind]:
                note(f"{kind} {body['id']}: {body['amount']} {body['status']}")
