"""Invites on a real database: calendar mail sent once, my gatherings, the file, the private feed."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import icalendar
import pytest
from starlette.applications import Starlette

from circles import gatherings
from circles.bookings import actions as booking_actions
from circles.hosting.change.actions import cancel_gathering
from circles.invites import actions, feeds
from circles.invites.feeds import make_feed
from circles.store import audit, jobs
from circles.store.context import Context
from circles.store.mail import message
from tests.cast import Cast, add_booking, add_circle, add_gathering, open_the_room
from tests.conftest import Browser, OpenBrowser
from tests.helpers import change, person, start_in

LINK = "https://meet.example.org/tuesday"
NOT_DISCREET = re.compile(
    r"ketamine|therap|integration|psychedelic|medicine|circle(?!s)|first steps", re.IGNORECASE
)


async def mails(context: Context) -> list[asyncpg.Record]:
    """Every mail written, oldest first."""
    async with context.db.reading() as tx:
        return await tx.fetch("select * from mails order by created_at, id")


async def end(context: Context, booking: UUID, cause: str = "by_member") -> None:
    """A confirmed seat is given back or taken away."""
    async with context.db.transaction() as tx:
        await tx.execute(
            "update bookings set state = 'cancelled', ended_at = now(), end_cause = $2 where id = $1",
            booking,
            cause,
        )
        await audit.record(tx, "booking.cancelled", booking, before="confirmed", after="cancelled", why=cause)


async def send(context: Context, booking: UUID) -> None:
    await actions.send(context, booking_id=str(booking))


async def withdraw(context: Context, booking: UUID, **more: str) -> None:
    await actions.withdraw(context, booking_id=str(booking), **more)


def event(mail: asyncpg.Record) -> Any:
    """The one gathering in a mail's calendar, whose method is the one its part will say."""
    calendar = icalendar.Calendar.from_ical(mail["calendar"])
    assert calendar["method"] == mail["calendar_method"]
    (entry,) = calendar.events
    return entry


# The invite


async def test_an_invite_names_its_member_and_the_discreet_name(context: Context, cast: Cast) -> None:
    booking = await add_booking(context, cast.gathering, cast.mira, kind="paid", amount=4500)
    await add_booking(context, cast.gathering, cast.milo)
    await send(context, booking)
    (mail,) = await mails(context)
    assert (mail["to_address"], mail["to_name"], mail["person_id"]) == ("mira@example.org", "Mira", cast.mira)
    assert re.fullmatch(r"Tuesday group, \w+day, \w+ \d+(, \d{4})?", mail["subject"])
    entry = event(mail)
    assert (entry["summary"], entry["sequence"], entry["status"]) == ("Tuesday group", 0, "CONFIRMED")
    assert entry["organizer"] == "mailto:circles@example.org"
    assert entry["attendee"] == "mailto:mira@example.org"  # one value, not a list
    assert entry["attendee"].params["PARTSTAT"] == "ACCEPTED"
    assert entry["uid"].endswith("@circles.test")
    assert "6:00 pm in New York" in entry["description"]
    for body in (mail["text_body"], mail["html_body"], mail["calendar"].replace("\r\n ", "")):
        assert "http://circles.test/my/gatherings" in body
        assert LINK not in body
        assert not re.search(r"milo|farid", body, re.IGNORECASE)
    assert "$45" in mail["text_body"]
    assert "6:00 pm in New York" in mail["text_body"]


async def test_headers_and_calendar_are_discreet(context: Context, cast: Cast) -> None:
    booking = await add_booking(context, cast.gathering, cast.mira)
    await send(context, booking)
    await end(context, booking)
    await withdraw(context, booking)
    for mail in await mails(context):
        whole = message(context.settings, mail)
        assert not NOT_DISCREET.search(" ".join(f"{name}: {value}" for name, value in whole.items()))
        assert not NOT_DISCREET.search(mail["calendar"].replace("\r\n ", ""))
        assert not NOT_DISCREET.search(re.sub(r"http\S+", "", mail["text_body"]).split("-- \n")[0])


async def test_a_person_elsewhere_reads_their_own_hour_first_on_their_own_clock(
    context: Context, cast: Cast
) -> None:
    await change(
        context, "update people set zone = 'America/Los_Angeles', clock_hours = 24 where id = $1", cast.mira
    )
    await send(context, await add_booking(context, cast.gathering, cast.mira))
    (mail,) = await mails(context)
    assert "15:00; 18:00 in New York" in mail["text_body"]


async def test_no_mail_contains_an_address(context: Context, cast: Cast) -> None:
    await send(context, await add_booking(context, cast.free_gathering, cast.mira, kind="free"))
    (mail,) = await mails(context)
    for body in (mail["text_body"], mail["html_body"], mail["calendar"]):
        assert "Elm Street" not in body
        assert "paid" not in body


async def test_sent_twice_and_at_once_is_sent_once(context: Context, cast: Cast) -> None:
    booking = await add_booking(context, cast.gathering, cast.mira)
    await asyncio.gather(*(send(context, booking) for _ in range(4)))
    await send(context, booking)
    assert len(await mails(context)) == 1
    await end(context, booking)
    await asyncio.gather(*(withdraw(context, booking) for _ in range(4)))
    await withdraw(context, booking)
    assert [mail["calendar_method"] for mail in await mails(context)] == ["REQUEST", "CANCEL"]


@pytest.mark.parametrize("state", ["held", "cancelled", "lapsed"])
async def test_only_a_confirmed_seat_is_invited(context: Context, cast: Cast, state: str) -> None:
    await send(context, await add_booking(context, cast.gathering, cast.mira, state=state))
    await send(context, uuid4())
    assert await mails(context) == []


async def test_a_confirmed_seat_is_not_withdrawn(context: Context, cast: Cast) -> None:
    await withdraw(context, await add_booking(context, cast.gathering, cast.mira))
    await withdraw(context, await add_booking(context, cast.gathering, cast.milo, state="lapsed"))
    assert await mails(context) == []


async def test_booking_again_keeps_the_uid_and_raises_the_sequence(context: Context, cast: Cast) -> None:
    for _ in range(2):
        booking = await add_booking(context, cast.gathering, cast.mira)
        await send(context, booking)
        await end(context, booking)
        await withdraw(context, booking)
    entries = [event(mail) for mail in await mails(context)]
    assert [entry["sequence"] for entry in entries] == [0, 1, 2, 3]
    assert [entry["status"] for entry in entries] == ["CONFIRMED", "CANCELLED"] * 2
    assert len({entry["uid"] for entry in entries}) == 1


async def test_a_moved_gathering_is_mailed_with_the_next_sequence(context: Context, cast: Cast) -> None:
    booking = await add_booking(context, cast.gathering, cast.mira)
    await send(context, booking)
    await start_in(context, cast.gathering, timedelta(days=9))
    await send(context, booking)
    await send(context, booking)
    first, second = await mails(context)
    assert re.fullmatch(r"Tuesday group: \w+day.* moved to \w+day.*", second["subject"])
    before, after = event(first), event(second)
    assert (after["uid"], after["sequence"]) == (before["uid"], 1)
    assert after.start - before.start > timedelta(days=1)


async def test_the_uid_stays_when_the_site_moves(context: Context, cast: Cast) -> None:
    booking = await add_booking(context, cast.gathering, cast.mira)
    await send(context, booking)
    moved = Context(context.settings.model_copy(update={"origin": "https://elsewhere.test"}), context.db)
    await end(context, booking)
    await withdraw(moved, booking)
    first, second = await mails(context)
    assert event(first)["uid"] == event(second)["uid"]
    assert "https://elsewhere.test/gatherings" in second["text_body"]


# The withdrawal


async def test_the_mail_of_a_canceled_free_seat_mentions_no_money(context: Context, cast: Cast) -> None:
    booking = await add_booking(context, cast.gathering, cast.mira)
    await send(context, booking)
    await end(context, booking)
    await withdraw(context, booking, cause="by_member")
    mail = (await mails(context))[-1]
    assert mail["subject"].startswith("Canceled: Tuesday group, ")
    assert "you have given back your seat" in mail["text_body"]
    assert not re.search(r"refund|paid|\$", mail["text_body"])


async def test_a_withdrawal_before_the_invite_went_out_is_words_alone(context: Context, cast: Cast) -> None:
    booking = await add_booking(context, cast.gathering, cast.mira)
    await end(context, booking)
    await withdraw(context, booking)
    await send(context, booking)
    (mail,) = await mails(context)
    assert (mail["calendar"], mail["calendar_method"]) == (None, None)
    assert "calendar entry" not in mail["text_body"]


async def test_a_withdrawal_that_comes_late_leaves_the_newer_seat_alone(context: Context, cast: Cast) -> None:
    first = await add_booking(context, cast.gathering, cast.mira)
    await send(context, first)
    await end(context, first)
    second = await add_booking(context, cast.gathering, cast.mira)
    await send(context, second)
    await withdraw(context, first)
    assert [mail["calendar_method"] for mail in await mails(context)] == ["REQUEST", "REQUEST", None]
    await end(context, second)
    await withdraw(context, second)
    last = event((await mails(context))[-1])
    assert (last["sequence"], last["status"]) == (3, "CANCELLED")


async def test_a_cancellation_mail_has_reason_and_refund(
    context: Context, cast: Cast, app: Starlette
) -> None:
    paid = await add_booking(context, cast.gathering, cast.mira, kind="paid", amount=4500)
    free = await add_booking(context, cast.gathering, cast.milo)
    for booking in (paid, free):
        await send(context, booking)
    reason = "The <room> is flooded. I am sorry."
    await cancel_gathering(context, await person(context, cast.farid), cast.gathering, reason)
    for booking in (paid, free):
        await withdraw(context, booking, cause="gathering_cancelled", reason=reason)
    by_name = {mail["to_name"]: mail for mail in (await mails(context))[2:]}
    assert set(by_name) == {"Mira", "Milo"}
    assert all(mail["calendar_method"] == "CANCEL" for mail in by_name.values())
    assert all(reason in mail["text_body"] for mail in by_name.values())
    assert "The &lt;room&gt; is flooded." in by_name["Mira"]["html_body"]
    assert "All of the $45 you paid " in by_name["Mira"]["text_body"]
    assert "$" not in by_name["Milo"]["text_body"]
    assert "Milo" not in by_name["Mira"]["text_body"]


async def test_from_booking_to_cancelling_by_the_queue(context: Context, cast: Cast, app: Starlette) -> None:
    mira = await person(context, cast.mira)
    async with context.db.reading() as tx:
        version = (
            (await gatherings.bookable_gatherings(tx, [cast.free_gathering]))[cast.free_gathering]
        ).guidelines_id
        version = await tx.fetchval("select id from guidelines_versions where guidelines_id = $1", version)
    booking = await booking_actions.book(
        context, mira, cast.free_gathering, choice="amount", amount="0", version_id=version, agreed=True
    )
    await jobs.drain(context)
    await booking_actions.cancel(context, mira, booking.id, shown=0)
    await jobs.drain(context)
    sent = await mails(context)
    assert [(mail["kind"], mail["state"]) for mail in sent] == [("invite", "sent"), ("withdrawn", "sent")]
    assert [event(mail)["sequence"] for mail in sent] == [0, 1]
    assert "you have given back your seat" in sent[-1]["text_body"]


# My gatherings


async def my_gatherings(page: Browser) -> str:
    answer = await page.get("/my/gatherings")
    assert answer.status_code == 200
    return answer.text


async def test_my_gatherings_are_for_the_signed_in(browser: OpenBrowser, cast: Cast) -> None:
    async with browser() as page:
        for path in ("/my/gatherings", f"/bookings/{uuid4()}/invite.ics"):
            answer = await page.get(path)
            assert answer.status_code == 303
            assert answer.headers["location"].startswith("/sign-in")


async def test_nothing_booked_leads_to_the_list(browser: OpenBrowser, cast: Cast) -> None:
    async with browser(cast.mira) as page:
        text = await my_gatherings(page)
    assert "No gathering ahead" in text
    assert 'href="/gatherings"' in text
    assert "Past" not in text


async def test_gatherings_ahead_and_past_are_shown(
    context: Context, browser: OpenBrowser, cast: Cast
) -> None:
    seat = await add_booking(context, cast.gathering, cast.mira)
    held = await add_booking(
        context,
        await add_gathering(context, cast.circle, days=14),
        cast.mira,
        kind="paid",
        amount=4500,
        state="held",
    )
    past = await add_booking(context, await add_gathering(context, cast.circle, days=-7), cast.mira)
    others = await add_booking(context, cast.gathering, cast.milo, kind="paid", amount=4500)
    async with browser(cast.mira) as page:
        answer = await page.get("/my/gatherings")
    assert answer.headers["cache-control"] == "no-store"
    ahead, _, behind = answer.text.partition('id="past"')
    assert f"/bookings/{seat}/invite.ics" in ahead
    assert f"/bookings/{seat}/cancel" in ahead
    assert "Held for you until" in ahead
    assert f"/bookings/{held}/pay" in ahead
    assert f"/bookings/{held}/let-go" in ahead
    assert f"/bookings/{held}/cancel" not in ahead
    assert f"/bookings/{past}" in behind
    assert str(past) not in ahead
    assert str(others) not in answer.text
    assert "Milo" not in answer.text


async def test_a_past_time_names_each_city_once(context: Context, browser: OpenBrowser, cast: Cast) -> None:
    await add_booking(context, await add_gathering(context, cast.circle, days=-7), cast.mira)
    for zone, cities in (("", ["New York"]), ("America/Los_Angeles", ["New York"]), ("America/New_York", [])):
        async with browser(cast.mira) as page:
            page.cookies.set("zone", zone)
            past = (await my_gatherings(page)).partition('id="past"')[2]
        when = re.sub("<[^>]*>", "", past.partition('data-label="When"')[2].partition("</td>")[0])
        assert re.findall(" in ([A-Z][a-z]+ ?[A-Z]?[a-z]*)", when) == cities


async def test_what_ended_is_not_ahead(context: Context, browser: OpenBrowser, cast: Cast) -> None:
    await add_booking(context, cast.gathering, cast.mira, state="cancelled")
    await add_booking(context, cast.free_gathering, cast.mira, kind="free", state="lapsed")
    async with browser(cast.mira) as page:
        assert "No gathering ahead" in await my_gatherings(page)


async def test_canceled_gatherings_are_listed(context: Context, browser: OpenBrowser, cast: Cast) -> None:
    booking = await add_booking(context, cast.gathering, cast.mira)
    await change(
        context,
        "update gatherings set state = 'cancelled', cancel_reason = 'Flooded' where id = $1",
        cast.gathering,
    )
    await end(context, booking, "gathering_cancelled")
    async with browser(cast.mira) as page:
        text = await my_gatherings(page)
        assert "Flooded" in text
        assert f"/bookings/{booking}/cancel" not in text
        await start_in(context, cast.gathering, timedelta(days=-2))
        assert "Flooded" not in await my_gatherings(page)


@pytest.mark.parametrize("opened", [True, False])
@pytest.mark.parametrize(
    ("ahead", "due"),
    [
        (timedelta(minutes=35), False),
        (timedelta(minutes=29), True),
        (timedelta(minutes=-85), True),
        (timedelta(minutes=-95), False),
    ],
)
async def test_the_join_link_shows_when_it_is_due_and_the_room_is_open(
    context: Context, browser: OpenBrowser, cast: Cast, ahead: timedelta, due: bool, opened: bool
) -> None:
    await add_booking(context, cast.gathering, cast.mira)
    await start_in(context, cast.gathering, ahead)
    if opened:
        await open_the_room(context, cast.gathering)
    async with browser(cast.mira) as page:
        text = await my_gatherings(page)
    assert (LINK in text) is (due and opened)
    assert ("The link opens when your host opens the room" in text) is (due and not opened)
    assert ("The join link shows here from half an hour before" in text) is (ahead > timedelta(minutes=30))
    assert ("Cancel my seat" in text) is (ahead > timedelta(0))


async def test_a_held_seat_shows_neither_link_nor_address(
    context: Context, browser: OpenBrowser, cast: Cast
) -> None:
    paid = await add_circle(
        context,
        cast.fern,
        place="in_person",
        city="Denver",
        address="12 Elm Street",
        discreet_name="Elm group",
    )
    for circle, days in ((cast.circle, 0.0), (paid, 3)):
        gathering = await add_gathering(
            context, circle, starts_at=datetime.now(UTC) + timedelta(days=days, minutes=9)
        )
        await add_booking(context, gathering, cast.mira, kind="paid", amount=4500, state="held")
    async with browser(cast.mira) as page:
        text = await my_gatherings(page)
    assert text.count("Held for you until") == 2
    assert LINK not in text
    assert "Elm Street" not in text


async def test_an_address_shows_once_booked(context: Context, browser: OpenBrowser, cast: Cast) -> None:
    await add_booking(context, cast.free_gathering, cast.mira, kind="free")
    async with browser(cast.mira) as page:
        assert "12 Elm Street, Denver" in await my_gatherings(page)


async def test_the_page_needs_at_most_three_queries(
    context: Context, browser: OpenBrowser, cast: Cast, queries: list[str]
) -> None:
    for days in range(1, 9):
        await add_booking(context, await add_gathering(context, cast.circle, days=days, hour=9), cast.mira)
    async with browser(cast.mira) as page:
        await my_gatherings(page)  # the first visit creates the feed
        queries.clear()
        await my_gatherings(page)
    assert len(queries) == 3, queries


# The file


async def test_the_file_of_one_s_own_seat_publishes_one_gathering(
    context: Context, browser: OpenBrowser, cast: Cast
) -> None:
    booking = await add_booking(context, cast.gathering, cast.mira)
    async with browser(cast.mira) as page:
        answer = await page.get(f"/bookings/{booking}/invite.ics")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
        assert answer.headers["content-disposition"] == 'attachment; filename="gathering.ics"'
        assert answer.headers["cache-control"] == "no-store"
        calendar = icalendar.Calendar.from_ical(answer.content)
        (entry,) = calendar.events
        assert (calendar["method"], entry["summary"], "attendee" in entry) == (
            "PUBLISH",
            "Tuesday group",
            False,
        )
        # The same gathering, whether the file or the mail came first.
        await send(context, booking)
    (mail,) = await mails(context)
    assert event(mail)["uid"] == entry["uid"]


async def test_a_file_needs_an_own_confirmed_seat(context: Context, browser: OpenBrowser, cast: Cast) -> None:
    others = await add_booking(context, cast.gathering, cast.milo)
    held = await add_booking(context, cast.gathering, cast.mira, kind="paid", amount=4500, state="held")
    async with browser(cast.mira) as page:
        for path in (others, held, uuid4(), "not-an-id"):
            assert (await page.get(f"/bookings/{path}/invite.ics")).status_code == 404


# The feed


async def address_of(context: Context, person_id: UUID) -> str:
    """The path of a person's feed."""
    async with context.db.transaction() as tx:
        url = (await make_feed(context, tx, person_id)).webcal
    assert url.startswith("webcal://circles.test/feeds/")
    return url.removeprefix("webcal://circles.test")


async def test_the_page_shows_the_feed_and_a_calendar_program_reads_it(
    context: Context, browser: OpenBrowser, cast: Cast
) -> None:
    await add_booking(context, cast.gathering, cast.mira)
    await add_booking(context, cast.free_gathering, cast.milo, kind="free")
    async with browser(cast.mira) as page:
        text = await my_gatherings(page)
        assert "webcal:" not in text  # a GET makes none
        answer = await page.post("/my/feed", data={"show": "on"})
        assert answer.headers["location"] == "/my/gatherings#feed"
        text = await my_gatherings(page)
    path = await address_of(context, cast.mira)
    assert f'href="webcal://circles.test{path}"' in text
    assert f'value="http://circles.test{path}"' in text
    async with browser() as program:
        answer = await program.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert "private" in answer.headers["cache-control"]
    calendar = icalendar.Calendar.from_ical(answer.content)
    (entry,) = calendar.events
    assert (calendar["method"], calendar["x-wr-calname"]) == ("PUBLISH", "Circles")
    assert (entry["summary"], entry["status"], "attendee" in entry) == ("Tuesday group", "CONFIRMED", False)
    assert not NOT_DISCREET.search(re.sub(r"http\S+", "", answer.text.replace("\r\n ", "")))
    assert LINK not in answer.text


async def test_an_unknown_feed_is_not_found(browser: OpenBrowser, cast: Cast) -> None:
    async with browser() as program:
        for token in ("a" * 43, "x", "%00", "é"):
            assert (await program.get(f"/feeds/{token}.ics")).status_code == 404


async def test_an_empty_feed_is_a_calendar(context: Context, browser: OpenBrowser, cast: Cast) -> None:
    async with browser() as program:
        answer = await program.get(await address_of(context, cast.mira))
    assert answer.status_code == 200
    assert icalendar.Calendar.from_ical(answer.content).events == []


async def test_an_unchanged_feed_is_not_sent_again(
    context: Context, browser: OpenBrowser, cast: Cast, queries: list[str]
) -> None:
    booking = await add_booking(context, cast.gathering, cast.mira)
    path = await address_of(context, cast.mira)
    async with browser() as program:
        first = await program.get(path)
        tag = first.headers["etag"]
        assert (await program.get(path)).content == first.content
        queries.clear()
        again = await program.get(path, headers={"If-None-Match": f'"other", {tag}'})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert len(queries) == 1
        # Every change that the calendar shows changes the tag: a name, a seat given back.
        await change(
            context, "update circles set discreet_name = 'Dienstagsrunde' where id = $1", cast.circle
        )
        renamed = await program.get(path, headers={"If-None-Match": tag.removeprefix("W/")})
        assert renamed.status_code == 200
        await end(context, booking)
        ended = await program.get(path, headers={"If-None-Match": renamed.headers["etag"]})
    assert ended.status_code == 200
    (entry,) = icalendar.Calendar.from_ical(ended.content).events
    # An ended seat says what its person was last told; of this name nobody was told.
    assert (entry["summary"], entry["status"]) == ("Tuesday group", "CANCELLED")


async def test_a_feed_and_an_invite_agree(context: Context, browser: OpenBrowser, cast: Cast) -> None:
    booking = await add_booking(context, cast.gathering, cast.mira)
    await send(context, booking)
    await end(context, booking)
    await withdraw(context, booking)
    await send(context, await add_booking(context, cast.gathering, cast.mira))
    async with browser() as program:
        answer = await program.get(await address_of(context, cast.mira))
    (entry,) = icalendar.Calendar.from_ical(answer.content).events
    mailed = event((await mails(context))[-1])
    for name in ("uid", "sequence", "status", "summary", "description"):
        assert entry[name] == mailed[name]
    assert entry["sequence"] == 2


async def test_a_feed_goes_back_thirty_days_and_leaves_out_what_was_never_confirmed(
    context: Context, browser: OpenBrowser, cast: Cast
) -> None:
    for days in (-40, -20, 20):
        await add_booking(context, await add_gathering(context, cast.circle, days=days), cast.mira)
    await add_booking(context, cast.gathering, cast.mira, kind="paid", amount=4500, state="held")
    await add_booking(context, cast.free_gathering, cast.mira, kind="free", state="lapsed")
    async with browser() as program:
        answer = await program.get(await address_of(context, cast.mira))
    starts = [entry.start for entry in icalendar.Calendar.from_ical(answer.content).events]
    assert len(starts) == 2
    assert starts[0] < datetime.now(UTC) < starts[1]


async def test_a_new_address_ends_the_old_one(context: Context, browser: OpenBrowser, cast: Cast) -> None:
    old = await address_of(context, cast.mira)
    milos = await address_of(context, cast.milo)
    async with browser(cast.mira) as page:
        answer = await page.post("/my/feed")
        assert (answer.status_code, answer.headers["location"]) == (303, "/my/gatherings#feed")
        new = await address_of(context, cast.mira)
        assert old not in await my_gatherings(page)
        assert new in await my_gatherings(page)
    async with browser() as program:
        assert [(await program.get(path)).status_code for path in (old, new, milos)] == [404, 200, 200]


async def test_concurrent_renewals_leave_one_feed(context: Context, browser: OpenBrowser, cast: Cast) -> None:
    old = await address_of(context, cast.mira)
    await asyncio.gather(*(feeds.renew_feed(context, actor_id=cast.mira) for _ in range(3)))
    new = await address_of(context, cast.mira)
    async with browser() as program:
        assert [(await program.get(path)).status_code for path in (old, new)] == [404, 200]


async def test_a_token_is_stored_as_its_hash_alone(context: Context, cast: Cast) -> None:
    token = (await address_of(context, cast.mira)).removeprefix("/feeds/").removesuffix(".ics")
    async with context.db.reading() as tx:
        stored = str([tuple(row.values()) for row in await tx.fetch("select * from feeds")])
    assert token not in stored


async def test_with_a_new_secret_a_feed_lives_on_and_gets_another_address(
    context: Context, app: Starlette, browser: OpenBrowser, cast: Cast, tmp_path: Any
) -> None:
    old = await address_of(context, cast.mira)
    other = Context(context.settings.model_copy(update={"data_dir": tmp_path / "other"}), context.db)
    app.state.context = other
    async with browser(cast.mira) as page, browser() as program:
        text = await my_gatherings(page)
        assert "Its address cannot be shown again" in text
        assert "webcal:" not in text
        assert (await program.get(old)).status_code == 200
        await page.post("/my/feed", data={"show": "on"})
        new = await address_of(other, cast.mira)
        assert new in await my_gatherings(page)
        assert [(await program.get(path)).status_code for path in (old, new)] == [200, 200]
        await page.post("/my/feed")
        assert [(await program.get(path)).status_code for path in (old, new)] == [404, 404]


async def test_signing_out_everywhere_renews_the_feed_where_it_is_ticked(
    context: Context, browser: OpenBrowser, cast: Cast
) -> None:
    old = await address_of(context, cast.mira)
    async with browser(cast.mira) as page:
        assert 'name="feed" value="on" checked' in (await page.get("/me")).text
        await page.post("/sign-out/everywhere")
    async with browser() as program:
        assert (await program.get(old)).status_code == 200
    async with browser(cast.mira) as page:
        await page.post("/sign-out/everywhere", data={"feed": "on"})
    async with browser() as program:
        assert (await program.get(old)).status_code == 404
        assert (await program.get(await address_of(context, cast.mira))).status_code == 200
