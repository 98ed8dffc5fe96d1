"""Whatever happens, a calendar fed with every mail in any order ends equal to the database, for members and hosts."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import time
from typing import Any
from uuid import UUID, uuid4

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette

from circles.base.errors import OutOfDate, Refused
from circles.bookings.moving import actions as moving
from circles.hosting.change.actions import cancel_gathering
from circles.invites import announce_changes, announce_circle
from circles.store import jobs
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_circle, add_gathering, add_person
from tests.helpers import change, person, rows, value
from tests.hosting.helpers import change_one
from tests.invites.calendar_store import CalendarStore, Kept, stores_of

# A step: what happens, to which gathering, member or host.
STEPS = (
    "book",
    "give back",
    "change seat",
    "move",
    "rename",
    "cancel",
    "host joins",
    "host leaves",
    "stand in",
    "give back to the hosts",
    "role lost",
    "role given",
    "mail wanted",
    "mail unwanted",
    "another sender",
    "jobs",
)
Step = tuple[str, int]


@dataclass
class Town:
    """One circle with three gatherings, two members and three hosts, new for every example."""

    context: Context
    cast: Cast
    circle: UUID
    gatherings: list[UUID]
    members: list[UUID]
    hosts: list[UUID]
    moves: int = 0
    canceled: set[UUID] = field(default_factory=set[UUID])

    @classmethod
    async def make(cls, context: Context, cast: Cast) -> Town:
        def address(name: str) -> str:
            return f"{name}.{uuid4().hex[:8]}@example.org"

        lead = await add_person(context, "Lea", email=address("lea"), is_facilitator=True)
        free = {"minimum": 0, "suggested": 0, "maximum": 0, "community_seats": 0}
        circle = await add_circle(context, lead, discreet_name="Tuesday group", **free)
        members = [await add_person(context, name, email=address(name.lower())) for name in ("Ana", "Ben")]
        hosts = [
            await add_person(context, name, email=address(name.lower()), is_facilitator=True)
            for name in ("Hal", "Ida")
        ]
        gatherings = [await add_gathering(context, circle, days=7 + 7 * n) for n in range(3)]
        return cls(context, replace(cast, farid=lead), circle, gatherings, members, [lead, *hosts])

    async def do(self, step: str, number: int) -> None:
        gathering = self.gatherings[number % 3]
        member, host = self.members[number % 2], self.hosts[number % 3]
        open_ = gathering not in self.canceled
        if step == "book" and open_:
            await self._book(gathering, member)
        elif step == "give back":
            await self._give_back(gathering, member)
        elif step == "change seat":
            await self._change_seat(gathering, member, self.gatherings[(number + 1) % 3])
        elif step == "move" and open_:
            self.moves += 1
            at = time(8 + self.moves % 12, number % 2 * 30)
            await change_one(self.context, self.cast, gathering, at=at, reason="It is meant.")
        elif step == "rename":
            await self._circle("update circles set discreet_name = $2 where id = $1", f"{number}. group")
        elif step == "cancel" and open_:
            farid = await person(self.context, self.cast.farid)
            await cancel_gathering(self.context, farid, gathering, "The room is flooded.")
            self.canceled.add(gathering)
        elif step == "host joins":
            await self._circle(
                "insert into hosts values ($1, $2, $3) on conflict do nothing",
                host,
                "helper" if number % 2 else "co",
            )
        elif step == "host leaves" and host != self.cast.farid:
            await self._circle("delete from hosts where circle_id = $1 and person_id = $2", host)
        else:
            await self._do_more(step, number, gathering, host)

    async def _do_more(self, step: str, number: int, gathering: UUID, host: UUID) -> None:
        if step == "stand in":
            await self._gathering(
                "insert into stand_ins values ($1, $2) on conflict (gathering_id) do update "
                "set person_id = excluded.person_id",
                gathering,
                host,
            )
        elif step == "give back to the hosts":
            await self._gathering("delete from stand_ins where gathering_id = $1", gathering)
        elif step in ("role lost", "role given") and host != self.cast.farid:
            await self._circle(
                "update people set is_facilitator = $3 where id = $2 and $1::uuid is not null",
                host,
                step == "role given",
            )
        elif step in ("mail wanted", "mail unwanted"):
            await change(
                self.context,
                "update people set hosting_mail = $2 where id = $1",
                host,
                step == "mail wanted",
            )
        elif step == "another sender":
            self.context = Context(
                self.context.settings.model_copy(update={"mail_from": f"circles-{number}@example.org"}),
                self.context.db,
            )
        elif step == "jobs":
            await self.settle()

    async def _book(self, gathering: UUID, member: UUID) -> None:
        there = (
            "select count(*) from bookings where gathering_id = $1 and person_id = $2 and state = 'confirmed'"
        )
        if await value(self.context, there, gathering, member) == 0:
            booking = await add_booking(self.context, gathering, member, kind="free")
            await self._enqueue("invites.send", booking)

    async def _give_back(self, gathering: UUID, member: UUID) -> None:
        booking = await value(
            self.context,
            "update bookings set state = 'cancelled', ended_at = now(), end_cause = 'by_member' "
            "where gathering_id = $1 and person_id = $2 and state = 'confirmed' returning id",
            gathering,
            member,
        )
        if booking:
            await change(
                self.context,
                "insert into events (what, about, before, after) "
                "values ('booking.cancelled', $1, 'confirmed', 'cancelled')",
                booking,
            )
            await self._enqueue("invites.withdraw", booking)

    async def _change_seat(self, gathering: UUID, member: UUID, to: UUID) -> None:
        booking = await value(
            self.context,
            "select id from bookings where gathering_id = $1 and person_id = $2 and state = 'confirmed'",
            gathering,
            member,
        )
        if booking:
            with suppress(Refused, OutOfDate):  # such as to a gathering that is canceled
                await moving.move(self.context, await person(self.context, member), booking, to, shown=0)

    async def _enqueue(self, name: str, booking: UUID) -> None:
        async with self.context.db.transaction() as tx:
            await jobs.enqueue(tx, name, booking_id=booking)

    async def _circle(self, query: str, *arguments: Any) -> None:
        async with self.context.db.transaction() as tx:
            await tx.execute(query, self.circle, *arguments)
            await announce_circle(tx, self.circle)

    async def _gathering(self, query: str, gathering: UUID, *arguments: Any) -> None:
        async with self.context.db.transaction() as tx:
            await tx.execute(query, gathering, *arguments)
            await announce_changes(tx, [gathering])

    async def settle(self) -> None:
        """Run the timetable of hosts' mail, and every job."""
        await jobs.run_timetable(self.context, "invites.tell_hosts")
        await jobs.drain(self.context)

    async def expected(self) -> dict[str, list[Kept]]:
        """What should be in everybody's calendar, by address, from the tables that people change."""
        gatherings = await rows(
            self.context,
            "select gatherings.id, starts_at, ends_at, discreet_name from gatherings "
            "join circles on circles.id = circle_id where circle_id = $1 and gatherings.state = 'open'",
            self.circle,
        )
        people = {row["id"]: row for row in await rows(self.context, "select * from people")}
        stand_ins = dict(await rows(self.context, "select gathering_id, person_id from stand_ins"))
        hosts = await rows(
            self.context, "select person_id, part from hosts where circle_id = $1", self.circle
        )
        booked = {
            (row["gathering_id"], row["person_id"])
            for row in await rows(self.context, "select * from bookings where state = 'confirmed'")
        }
        shown: dict[str, list[Kept]] = {people[one]["email"]: [] for one in (*self.members, *self.hosts)}
        for row in gatherings:
            entry = Kept(row["starts_at"], row["ends_at"], row["discreet_name"])
            stand_in = people.get(stand_ins.get(row["id"]))
            in_place = stand_in is not None and stand_in["is_facilitator"]
            hosting = {host["person_id"] for host in hosts if host["part"] == "helper"}
            hosting |= (
                {stand_in["id"]}
                if in_place and stand_in
                else {host["person_id"] for host in hosts if people[host["person_id"]]["is_facilitator"]}
            )
            for one in self.members:
                shown[people[one]["email"]] += [entry] * ((row["id"], one) in booked)
            for one in self.hosts:
                wanted = one in hosting and people[one]["hosting_mail"]
                shown[people[one]["email"]] += [entry] * wanted
        return {address: sorted(entries) for address, entries in shown.items()}


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 5)), max_size=14),
    st.integers(0, 1000),
)
# What each kind of step does to a host who wants mail, one after the other.
@example(
    [
        *(("mail wanted", n) for n in range(3)),
        *(("host joins", n) for n in (1, 2)),
        *(("book", n) for n in range(3)),
        ("jobs", 0),
        ("change seat", 1),
        ("move", 1),
        ("stand in", 1),
        ("another sender", 1),
        ("jobs", 0),
        ("give back to the hosts", 1),
        ("rename", 2),
        ("role lost", 2),
        ("cancel", 2),
        ("jobs", 0),
        ("role given", 2),
        ("host leaves", 1),
        ("give back", 0),
        ("book", 0),
        ("mail unwanted", 0),
        ("jobs", 0),
        ("mail wanted", 0),
    ],
    1,
)
async def test_a_calendar_fed_in_any_order_equals_the_database(
    context: Context, cast: Cast, app: Starlette, steps: list[Step], seed: int
) -> None:
    town = await Town.make(context, cast)
    for step, number in steps:
        await town.do(step, number)
    await town.settle()
    expected = await town.expected()
    mails = await rows(
        context,
        "select * from mails where to_address = any($1) "
        "and kind in ('invite', 'changed', 'moved', 'withdrawn', 'hosting')",
        list(expected),
    )
    shuffled = random.Random(seed)
    for _ in range(3):
        shuffled.shuffle(mails)
        stores = stores_of(mails)
        for address, entries in expected.items():
            shown = stores.get(address, CalendarStore(address)).shown()
            assert shown == entries, address
    # Nothing more is due, and every entry has one number in the feed and in the newest mail.
    assert await rows(context, "select * from host_mails_due") == []
    assert await rows(context, "select * from host_entries where mailed_sequence > sequence or due") == []
