"""Bookings, waits, offers, cancellations and capacities in any order: after every step the invariants hold."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, TypeVar
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from circles import bookings
from circles.base.errors import Refused
from circles.bookings import actions as booking_actions
from circles.bookings.rules import BookingInput
from circles.bookings.waiting_list import actions, offers
from circles.people import Person
from circles.store import db
from tests.bookings import helpers
from tests.bookings.helpers import Scene
from tests.cast import add_circle, add_gathering, add_person, version_of

scene = helpers.scene
T = TypeVar("T")

PEOPLE = 7
CHECKS = db.queries("checks")
SEAT_CHECKS = (
    CHECKS.no_gathering_is_oversold,
    CHECKS.seats_taken_match_bookings,
    CHECKS.no_more_community_seats_than_offered,
    CHECKS.nobody_booked_waits,
    CHECKS.every_wait_has_an_event,
)


class World:
    """One gathering of a circle where one pays what one can, and seven people, who pay nothing."""

    def __init__(self, scene: Scene, circle: UUID, version: UUID, people: list[Person], host: Person) -> None:
        self.context, self.circle, self.version = scene.context, circle, version
        self.people, self.host = people, host
        self.gathering, self.gatherings = circle, 0

    async def begin(self) -> None:
        self.gatherings += 1
        self.gathering = await add_gathering(
            self.context, self.circle, days=9 + self.gatherings, capacity=2, community_seats=1
        )
        await self.book(self.people[0], "amount")
        await self.book(self.people[1], "community")
        for person, choice in zip(self.people[2:5], ("amount", "community", "amount"), strict=True):
            await self.join(person, choice)

    def sent(self, choice: str) -> BookingInput:
        return BookingInput(choice, 0, self.version, agreed=True)

    async def book(self, person: Person, choice: str) -> None:
        await booking_actions.book(
            self.context,
            person,
            self.gathering,
            choice=choice,
            amount=0,
            version_id=self.version,
            agreed=True,
        )

    async def pick(self, table: str, states: list[str], number: int) -> tuple[UUID, Person] | None:
        """One of the rows in these states, and its person."""
        async with self.context.db.reading() as tx:
            rows = await tx.fetch(
                f"select id, person_id from {table} where gathering_id = $1 and state = any($2) order by state, id",
                self.gathering,
                states,
            )
        if not rows:
            return None
        row = rows[number % len(rows)]
        return row["id"], next(person for person in self.people if person.id == row["person_id"])

    async def cancel(self, number: int) -> None:
        if row := await self.pick("bookings", ["confirmed"], number):
            await booking_actions.cancel(self.context, row[1], row[0], shown=0)

    async def join(self, person: Person, choice: str) -> None:
        await actions.join(self.context, person, self.gathering, self.sent(choice))

    async def press(self, number: int, button: str) -> None:
        """Somebody on the list takes a seat, offered or free for anybody, or leaves; or a host puts them first."""
        row = await self.pick("waits", ["waiting", "offered"], number)
        if row and button == "take":
            await actions.take(self.context, row[1], row[0])
        elif row and button == "leave":
            await actions.leave(self.context, row[1], row[0])
        elif row:
            await actions.put_first(self.context, self.host, self.gathering, row[0], "They asked for it.")

    async def lapse(self) -> None:
        async with self.context.db.transaction() as tx:
            await tx.execute(
                "update waits set offered_at = now() - interval '2 days', offer_ends_at = now() - interval '1 day' "
                "where gathering_id = $1 and state = 'offered'",
                self.gathering,
            )
        await offers.work_on_list(self.context, self.gathering)

    async def change(self, capacity: int, community_seats: int) -> None:
        """As a change by a host, as far as those who keep their seats."""
        async with self.context.db.transaction() as tx:
            await offers.SQL.lock_gathering(tx, gathering_id=self.gathering)
            row: Any = await tx.fetchrow(
                "select count(*) as seats, count(*) filter (where kind = 'community') as community from bookings "
                "where gathering_id = $1 and state in ('held', 'confirmed')",
                self.gathering,
            )
            capacity = max(capacity, row["seats"], 1)
            community_seats = min(capacity, max(community_seats, row["community"]))
            await bookings.make_room(tx, self.gathering, capacity, community_seats)
            await tx.execute(
                "update gatherings set capacity = $2, community_seats = $3 where id = $1",
                self.gathering,
                capacity,
                community_seats,
            )
            await bookings.follow_change(tx, self.gathering, moved=False)

    async def check(self) -> None:
        async with self.context.db.reading() as tx:
            for check in SEAT_CHECKS:
                assert await check(tx) == 0, check
            # No seat is free while somebody who waits could be offered it: not for a minute, not for a moment.
            assert await offers.SQL.next_offer(tx, gathering_id=self.gathering) is None


PERSON = st.integers(0, PEOPLE - 1)
NUMBER = st.integers(0, 3)
CHOICE = st.sampled_from(["amount", "community"])


class Steps(RuleBasedStateMachine):
    """A step of somebody at a time; each runs on the loop of the test, and is over before the next."""

    world: World
    loop: asyncio.AbstractEventLoop

    def __init__(self) -> None:
        super().__init__()
        self.run(self.world.begin())

    def run(self, step: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(step, self.loop).result()

    def attempt(self, step: Coroutine[Any, Any, None]) -> None:
        """Run a step that may be refused, which changes nothing; the invariants are looked at either way."""
        with contextlib.suppress(Refused):
            self.run(step)

    @rule(person=PERSON, choice=CHOICE)
    def book(self, person: int, choice: str) -> None:
        self.attempt(self.world.book(self.world.people[person], choice))

    @rule(number=NUMBER)
    def cancel(self, number: int) -> None:
        self.attempt(self.world.cancel(number))

    @rule(person=PERSON, choice=CHOICE)
    def join(self, person: int, choice: str) -> None:
        self.attempt(self.world.join(self.world.people[person], choice))

    @rule(number=NUMBER, button=st.sampled_from(["take", "take", "leave", "put first"]))
    def press(self, number: int, button: str) -> None:
        self.attempt(self.world.press(number, button))

    @rule()
    def lapse(self) -> None:
        self.run(self.world.lapse())

    @rule(capacity=st.integers(1, 4), community_seats=st.integers(0, 2))
    def change(self, capacity: int, community_seats: int) -> None:
        self.run(self.world.change(capacity, community_seats))

    @invariant()
    def holds(self) -> None:
        self.run(self.world.check())


async def test_any_order_of_steps(scene: Scene) -> None:
    context = scene.context
    circle = await add_circle(context, scene.cast.farid, minimum=0, suggested=1000, community_seats=1)
    ids = [await add_person(context, f"Guest {number}") for number in range(PEOPLE)]
    people = [await scene.person(person_id) for person_id in ids]
    host = await scene.person(scene.cast.farid)
    world = World(scene, circle, await version_of(context, circle), people, host)
    steps = type("Bound", (Steps,), {"world": world, "loop": asyncio.get_running_loop()})
    await asyncio.to_thread(
        run_state_machine_as_test,
        steps,
        settings=settings(
            max_examples=20,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=[
                HealthCheck.too_slow,
                HealthCheck.filter_too_much,
                HealthCheck.data_too_large,
            ],
        ),
    )
    # The steps did lead somewhere.
    async with context.db.reading() as tx:
        states = {
            row["after"]
            for row in await tx.fetch("select distinct after from events where what like 'wait.%'")
        }
    assert states >= {"waiting", "offered", "accepted"}
