"""Nobody whom a list brought is mailed before an organizer says so, whatever else happens; then each is told once."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from circles import bookings, invites
from circles.base.errors import Refused
from circles.bookings.agreeing import actions as agreeing
from circles.bookings.given.rules import Gift
from circles.invites import changes
from circles.organizing.moving_in import telling
from circles.organizing.people import suspending
from circles.reminders import actions as reminders
from circles.store import jobs, mail
from circles.store.context import Context
from tests.cast import Cast
from tests.conftest import OpenBrowser
from tests.helpers import change, person, rows, start_in, value
from tests.organizing.helpers import suspend
from tests.organizing.moving_in_helpers import ahead, csv_file, move_in, past, previewed

AHEAD = ("Name", "E-mail", "Circle", "Date", "Kind of seat")
ATTENDED = ("Name", "E-mail", "Circle", "Date", "Time")


@pytest.fixture
async def moved(cast: Cast) -> UUID:
    """Ada is new, Mira has an account: both were at a gathering, and have a seat ahead by a list."""
    gone = csv_file(
        ATTENDED,
        [
            ("Ada Osei", "ada@example.org", "Tuesday group", past(7), "18:00"),
            ("Mira", "mira@example.org", "Tuesday group", past(7), "18:00"),
        ],
    )
    await move_in(cast, "attendance", gone)
    coming = csv_file(
        AHEAD,
        [
            ("Ada Osei", "ada@example.org", "Tuesday group", ahead(7), ""),
            ("Mira", "mira@example.org", "Tuesday group", ahead(7), "community"),
        ],
    )
    return await move_in(cast, "bookings", coming)


async def mailed(context: Context) -> dict[str, list[str]]:
    """The kinds of mail that each address got."""
    kept = await rows(
        context, "select to_address, array_agg(kind order by kind) as kinds from mails group by 1"
    )
    return {row["to_address"]: row["kinds"] for row in kept}


async def seat_of(context: Context, name: str) -> UUID:
    """The seat ahead of somebody."""
    return await value(
        context,
        "select bookings.id from bookings join people on people.id = person_id join gatherings on gatherings.id = "
        "gathering_id where people.name = $1 and starts_at > now()",
        name,
    )


async def test_no_invite_goes(cast: Cast, moved: UUID) -> None:
    context = cast.context
    for name in ("Ada Osei", "Mira"):
        async with context.db.transaction() as tx:
            await jobs.enqueue(tx, "invites.send", booking_id=await seat_of(context, name))
    await jobs.drain(context)
    assert await mailed(context) == {}


async def test_no_reminder_goes(cast: Cast, moved: UUID) -> None:
    context = cast.context
    await change(context, "update bookings set confirmed_at = now() - interval '9 days'")
    await change(context, "update people set remind_hour = true")
    for until in (timedelta(hours=23), timedelta(minutes=50)):
        await start_in(context, cast.gathering, until)
        await reminders.plan(context)
        await jobs.drain(context)
    assert await mailed(context) == {}
    # One that was planned by code of before is decided once more.
    await change(
        context,
        "insert into reminders (booking_id, kind, starts_at, batch) select bookings.id, 'hour', starts_at, $1 "
        "from bookings join gatherings on gatherings.id = gathering_id where starts_at > now()",
        batch := uuid4(),
    )
    await reminders.send(context, batch=str(batch))
    assert await mailed(context) == {}


async def test_no_change_and_no_cancelation_is_mailed(cast: Cast, moved: UUID) -> None:
    context = cast.context
    await change(context, "update gatherings set note = 'Bring a blanket' where id = $1", cast.gathering)
    async with context.db.transaction() as tx:
        await invites.announce_changes(tx, [cast.gathering], line="Hello")
        await invites.announce_circle(tx, cast.circle)
    await jobs.drain(context)
    await changes.send_missed_changes(context)
    await jobs.drain(context)
    assert await value(context, "select count(*) from awaited_jobs") == 0
    odile = await person(context, cast.odile)
    how = bookings.TakenOff(uuid4(), "none", "")
    await bookings.given_seats.take_off(context, odile, await seat_of(context, "Ada Osei"), how)
    await jobs.drain(context)
    assert await value(context, "select count(*) from awaited_jobs") == 0
    async with context.db.transaction() as tx:
        await bookings.cancel_all(tx, cast.gathering, actor_id=cast.odile, reason="The room is closed.")
    await change(
        context,
        "update gatherings set state = 'cancelled', cancel_reason = 'Closed' where id = $1",
        cast.gathering,
    )
    await jobs.drain(context)
    assert await mailed(context) == {}


async def test_no_guidelines_are_asked_again(cast: Cast, moved: UUID) -> None:
    context = cast.context
    await change(
        context,
        "insert into guidelines_versions (guidelines_id, number, body, why, material, published_at) "
        "select guidelines_id, 2, 'New', 'Because', true, now() from circles where id = $1",
        cast.circle,
    )
    assert await value(context, "select count(*) from awaited_jobs") == 0
    guidelines = await value(context, "select guidelines_id from circles where id = $1", cast.circle)
    await agreeing.ask_again(context, guidelines_id=str(guidelines))
    await jobs.drain(context)
    assert await mailed(context) == {}


@pytest.mark.parametrize("audience", ["gathering", "ahead", "came", "chosen"])
async def test_no_message_goes(cast: Cast, moved: UUID, audience: str) -> None:
    context = cast.context
    about = {"gathering_id": cast.gathering} if audience == "gathering" else {"circle_id": cast.circle}
    ((column, id_),) = about.items()
    message = await value(
        context,
        f"insert into messages (id, {column}, written_by, body, audience) "
        "values (gen_random_uuid(), $1, $2, 'Hello', $3) returning id",
        id_,
        cast.farid,
        audience,
    )
    if audience == "chosen":
        await change(
            context, "insert into message_people (message_id, person_id) select $1, id from people", message
        )
    assert await rows(context, "select * from message_recipients($1)", message) == []
    # Once they are told, they are written to like everybody.
    await change(context, "update moved_in_seats set told_at = now()")
    await change(context, "delete from untold_people")
    assert len(await rows(context, "select * from message_recipients($1)", message)) == 2


async def test_a_mail_that_is_composed_all_the_same_is_never_sent(cast: Cast, moved: UUID) -> None:
    context = cast.context
    ada = await value(context, "select id from people where email = 'ada@example.org'")
    async with context.db.transaction() as tx:
        composed = mail.ComposedMail("changed", "Ada", "Tuesday group", "text", "html")
        await mail.enqueue(tx, context.settings, composed, to="ada@example.org", person_id=ada)
        about = await seat_of(context, "Mira")
        await mail.enqueue(
            tx, context.settings, composed, to="mira@example.org", person_id=cast.mira, about=about
        )
        await mail.enqueue(tx, context.settings, composed, to="mira@example.org", person_id=cast.mira)
    states = await rows(context, "select state from mails order by about is null, person_id = $1", cast.mira)
    assert [row["state"] for row in states] == ["expired", "expired", "waiting"]


async def test_every_nightly_entry_of_the_timetable_is_silent(cast: Cast, moved: UUID) -> None:
    context = cast.context
    for name in jobs.timetable_names():
        if not name.startswith(("payments.", "checks.", "invites.read_replies")):
            await jobs.run_timetable(context, name)
    await jobs.drain(context)
    got = await mailed(context)
    assert not got.keys() & {"ada@example.org", "mira@example.org"}


async def test_they_are_told_once_the_organizer_says_so(
    cast: Cast, moved: UUID, browser: OpenBrowser
) -> None:
    context = cast.context
    async with browser(cast.odile) as page:
        text = (await page.get(f"/organize/moving-in/{moved}/tell")).text
        assert "1 new person" in text
        assert "2 people" in text
        for _ in range(2):
            assert (await page.post(f"/organize/moving-in/{moved}/tell")).status_code == 303
    await jobs.drain(context)
    await telling.send(context, import_id=str(moved))
    await jobs.drain(context)
    assert await mailed(context) == {
        "ada@example.org": ["invite", "moved_in"],
        "mira@example.org": ["invite"],
    }
    assert await value(context, "select count(*) from untold_people") == 0
    texts = await rows(context, "select kind, subject, text_body from mails")
    for row in texts:
        assert "ketamine" not in row["text_body"].lower() + row["subject"].lower()
        assert "integration" not in row["subject"].lower()
    assert not any("Something changed since you booked" in row["text_body"] for row in texts)
    assert await value(context, "select count(*) from events where what = 'import.told'") == 1


async def test_nobody_is_told_of_a_list_that_is_not_written(cast: Cast) -> None:
    import_id = await previewed(cast, "people", csv_file(("Name", "E-mail"), [("Ada", "ada@example.org")]))
    with pytest.raises(Refused):
        await telling.tell(cast.context, actor_id=cast.odile, import_id=import_id)


async def test_who_signs_in_or_is_given_a_seat_is_known(cast: Cast, moved: UUID) -> None:
    context = cast.context
    odile = await person(context, cast.odile)
    gift = Gift(uuid4(), "ada@example.org", "Ada")
    await bookings.given_seats.give_seat(context, odile, cast.free_gathering, gift)
    await jobs.drain(context)
    # The seat that was given by hand is told of, the one of the list is not.
    assert await mailed(context) == {"ada@example.org": ["invite"]}
    sendings = (
        "select count(*) from sendings join bookings on bookings.id = booking_id where gathering_id = $1"
    )
    assert await value(context, sendings, cast.gathering) == 0
    await move_in(cast, "people", csv_file(("Name", "E-mail"), [("Ben", "ben@example.org")]))
    await change(
        context,
        "insert into sign_ins (person_id, token_hash, expires_at) select id, 'x', now() + interval '1 day' "
        "from people where email = 'ben@example.org'",
    )
    assert await value(context, "select count(*) from untold_people") == 0


async def test_whoever_was_not_told_reads_nothing_of_a_suspension(cast: Cast, moved: UUID) -> None:
    context = cast.context
    ada = await value(context, "select id from people where email = 'ada@example.org'")
    await suspend(context, cast.odile, ada)
    await jobs.drain(context)
    await suspending.lift(context, await person(context, cast.odile), ada)
    await jobs.drain(context)
    kept = await rows(context, "select kind, state from mails where to_address = 'ada@example.org'")
    assert {(row["kind"], row["state"]) for row in kept} == {
        ("suspended", "expired"),
        ("suspension_lifted", "expired"),
    }
