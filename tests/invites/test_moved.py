"""Moved seats in calendars: mails and the feed, read by parsers of others, end with what the database has."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import icalendar
import pytest
import recurring_ical_events
from starlette.applications import Starlette

from circles.base.errors import Refused
from circles.bookings import actions, moving
from circles.invites.actions import send
from circles.invites.feeds import make_feed
from circles.store import jobs
from circles.store.context import Context
from tests.cast import Cast, add_gathering, version_of
from tests.conftest import OpenBrowser
from tests.helpers import person, rows, value


class CalendarStore:
    """A calendar program that takes every mail in any order: by UID it keeps the highest SEQUENCE."""

    def __init__(self, files: Iterable[bytes]) -> None:
        self.entries: dict[str, Any] = {}
        for file in files:
            for entry in icalendar.Calendar.from_ical(file).events:
                kept = self.entries.get(str(entry["uid"]))
                if kept is None or entry.sequence > kept.sequence:
                    self.entries[str(entry["uid"])] = entry

    def starts(self) -> list[datetime]:
        """When the entries that were not withdrawn begin, as a second parser reads them."""
        calendar = icalendar.Calendar()
        for entry in self.entries.values():
            if entry.get("status") != "CANCELLED":
                calendar.add_component(entry)
        return sorted(entry.start for entry in recurring_ical_events.of(calendar).all())


async def mailed(context: Context) -> list[bytes]:
    """Every calendar that was mailed."""
    mails = await rows(context, "select calendar, more_calendars from mails where calendar is not null")
    files = [file for mail in mails for file in [mail["calendar"], *mail["more_calendars"]]]
    return [file.encode() if isinstance(file, str) else file for file in files]


async def booked(context: Context, person_id: UUID) -> list[datetime]:
    found = await rows(
        context,
        "select starts_at from bookings join gatherings on gatherings.id = gathering_id "
        "where person_id = $1 and bookings.state = 'confirmed' order by starts_at",
        person_id,
    )
    return [row["starts_at"] for row in found]


async def feed_store(context: Context, cast: Cast, browser: OpenBrowser) -> CalendarStore:
    async with context.db.transaction() as tx:
        feed = (await make_feed(context, tx, cast.mira)).webcal.removeprefix("webcal://circles.test")
    async with browser() as program:
        return CalendarStore([(await program.get(feed)).content])


async def test_a_moved_seat_is_one_entry_at_its_new_date(
    context: Context, cast: Cast, app: Starlette, browser: OpenBrowser
) -> None:
    later = await add_gathering(context, cast.other_circle, days=15)
    mira = await person(context, cast.mira)
    booking = await book(context, cast, cast.free_gathering)
    await jobs.drain(context)
    (first,) = CalendarStore(await mailed(context)).entries.values()
    await moving.move(context, mira, booking, later)
    await jobs.drain(context)
    for store in (CalendarStore(await mailed(context)), await feed_store(context, cast, browser)):
        (entry,) = store.entries.values()
        assert entry["uid"] == first["uid"]
        assert int(entry["sequence"]) == int(first["sequence"]) + 1
        assert store.starts() == await booked(context, cast.mira)
    mail = await value(context, "select subject || text_body from mails where kind = 'moved'")
    assert "moved to" in mail
    assert mail.index("was ") < mail.index("now ")
    assert await value(context, "select count(*) from mails where kind in ('moved', 'changed')") == 1


async def test_a_feed_read_before_the_first_mail_keeps_the_entry(
    context: Context, cast: Cast, app: Starlette, browser: OpenBrowser
) -> None:
    later = await add_gathering(context, cast.other_circle, days=15)
    booking = await book(context, cast, cast.free_gathering)
    (before,) = (await feed_store(context, cast, browser)).entries.values()
    await moving.move(context, await person(context, cast.mira), booking, later)
    (after,) = (await feed_store(context, cast, browser)).entries.values()
    assert after["uid"] == before["uid"]
    assert int(after["sequence"]) > int(before["sequence"])
    await jobs.drain(context)
    (entry,) = CalendarStore(await mailed(context)).entries.values()
    assert entry["uid"] == before["uid"]
    assert await value(context, "select count(*) from mails where kind <> 'invite'") == 0


async def test_an_invite_job_that_read_the_old_date_mails_none(context: Context, cast: Cast) -> None:
    """The job waits for the move, and then mails where the seat is."""
    later = await add_gathering(context, cast.other_circle, days=15)
    booking = await book(context, cast, cast.free_gathering)
    await moving.move(context, await person(context, cast.mira), booking, later)
    await send(context, booking_id=str(booking))
    assert CalendarStore(await mailed(context)).starts() == await booked(context, cast.mira)


async def test_an_entry_is_withdrawn_though_another_seat_moved_to_its_date(
    context: Context, cast: Cast, app: Starlette
) -> None:
    """The mail of the canceled seat leaves after the move, when another entry is that of the gathering."""
    later = await add_gathering(context, cast.other_circle, days=15)
    canceled, kept = await book(context, cast, cast.free_gathering), await book(context, cast, later)
    await jobs.drain(context)
    mira = await person(context, cast.mira)
    await actions.cancel(context, mira, canceled, shown=0)
    await moving.move(context, mira, kept, cast.free_gathering)
    await jobs.drain(context)
    assert CalendarStore(await mailed(context)).starts() == await booked(context, cast.mira)


async def book(context: Context, cast: Cast, gathering: UUID) -> UUID:
    version = await version_of(context, cast.other_circle)
    mira = await person(context, cast.mira)
    booking = await actions.book(
        context, mira, gathering, choice="amount", amount=0, version_id=version, agreed=True
    )
    return booking.id


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_is_booked_moved_and_canceled_calendars_end_as_the_database(
    context: Context, cast: Cast, app: Starlette, browser: OpenBrowser, seed: int
) -> None:
    chance = random.Random(seed)
    dates = [
        cast.free_gathering,
        *[await add_gathering(context, cast.other_circle, days=10 + i) for i in range(2)],
    ]
    mira = await person(context, cast.mira)
    for _ in range(14):
        seats = await rows(
            context,
            "select id from bookings where person_id = $1 and state = 'confirmed' order by id",
            cast.mira,
        )
        gathering, verb = chance.choice(dates), chance.choice(["book", "move", "move", "cancel"])
        try:
            if verb == "book" or not seats:
                await book(context, cast, gathering)
            elif verb == "move":
                await moving.move(context, mira, chance.choice(seats)["id"], gathering)
            else:
                await actions.cancel(context, mira, chance.choice(seats)["id"], shown=0)
        except Refused:
            continue
        if chance.random() < 0.5:
            await jobs.drain(context)
    await jobs.drain(context)
    files = await mailed(context)
    chance.shuffle(files)
    expected = await booked(context, cast.mira)
    assert CalendarStore(files).starts() == expected
    assert (await feed_store(context, cast, browser)).starts() == expected
