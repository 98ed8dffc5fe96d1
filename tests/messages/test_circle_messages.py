"""Messages to people of a circle and at a set time: whom they go to is worked out then, and they read them here."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from circles.base.errors import NotFound, Refused
from circles.commands import personal_data
from circles.messages import actions, audience_rules, sending
from circles.messages.rules import Draft
from circles.store import jobs
from circles.store.context import Context
from tests.cast import Cast, accept, add_booking, add_gathering, add_person
from tests.conftest import Browser, OpenBrowser
from tests.helpers import change, demoted, rows, value
from tests.messages.test_messages import form_id


async def mails(context: Context) -> list[Any]:
    return await rows(context, "select * from mails where kind = 'message' order by to_address")


async def recipients(context: Context) -> list[str]:
    return [row["to_address"].partition("@")[0] for row in await mails(context)]


@pytest.fixture
async def last_time(context: Context, cast: Cast) -> dict[str, UUID]:
    """A gathering two days ago at which Came came and Gone was absent, and one before it with other marks."""
    people = {name: await add_person(context, name) for name in ("Came", "Gone", "Earlier", "Unmarked")}
    for days, marks in ((9, {"Earlier": "came"}), (2, {"Came": "came", "Gone": "absent", "Unmarked": ""})):
        gathering = await add_gathering(
            context, cast.circle, starts_at=datetime.now(UTC) - timedelta(days=days)
        )
        for name, mark in marks.items():
            booking = await add_booking(context, gathering, people[name], kind="paid", amount=4500)
            if mark:
                await change(
                    context,
                    "insert into attendance (booking_id, mark, marked_by, marked_at) values ($1, $2, $3, now())",
                    booking,
                    mark,
                    cast.farid,
                )
    return people


async def draft(context: Context, cast: Cast, audience: str = "ahead", **more: Any) -> UUID:
    message_id = uuid4()
    await actions.save_draft(
        context,
        actor_id=more.pop("by", cast.farid),
        circle_id=cast.circle,
        message_id=message_id,
        draft=Draft(None, "Bring socks.", "", audience, **more),
    )
    return message_id


async def send(context: Context, cast: Cast, audience: str = "ahead", **more: Any) -> UUID:
    message_id = await draft(context, cast, audience, **more)
    await sending.send(context, actor_id=more.get("by", cast.farid), message_id=message_id)
    return message_id


async def write(page: Browser, circle: UUID, **fields: Any) -> Any:
    new = f"/host/circles/{circle}/messages/new"
    shown = await page.get(new)
    fields = {"id": form_id(shown.text), "audience": "ahead", "body": "Bring socks.", "reply_to": ""} | fields
    return await page.post(new, data=fields)


async def note_sent(context: Context) -> None:
    """The event rows of messages that were added directly."""
    await change(
        context,
        "insert into events (what, about, after, details) select 'message.sent', id, 'sent', '{\"mails\": 1}' "
        "from messages where state = 'sent' and not exists (select from events where about = messages.id)",
    )


# To whom


@pytest.mark.parametrize(
    ("audience", "expected"), [("ahead", ["mira"]), ("came", ["came"]), ("absent", ["gone"])]
)
async def test_each_audience(
    context: Context, cast: Cast, last_time: dict[str, UUID], audience: str, expected: list[str]
) -> None:
    await add_booking(context, cast.gathering, cast.mira)
    await add_booking(
        context, await add_gathering(context, cast.circle, days=14), cast.mira, kind="paid", amount=4500
    )
    await add_booking(context, cast.gathering, cast.milo, state="held")
    await send(context, cast, audience)
    assert await recipients(context) == expected


async def test_chosen_people_who_belong_to_the_circle(
    context: Context, cast: Cast, last_time: dict[str, UUID], browser: OpenBrowser
) -> None:
    """A stranger's id and somebody who left the circle meanwhile get nothing."""
    seat = await add_booking(context, cast.gathering, cast.mira)
    async with browser(cast.farid) as page:
        shown = (await page.get(f"/host/circles/{cast.circle}/messages/new")).text
        assert f'value="{cast.mira}"' in shown
        assert f'value="{last_time["Gone"]}"' in shown
        assert f'value="{cast.milo}"' not in shown
        chosen = [str(cast.mira), str(cast.milo), str(last_time["Gone"]), str(last_time["Earlier"])]
        saved = await write(page, cast.circle, audience="chosen", people=chosen)
        at = saved.headers["location"]
        assert "Send it to 3 people" in (await page.get(at)).text
        edited = (await page.get(f"{at}/edit")).text
        assert len(re.findall(r'name="people"[^>]*checked', edited)) == 3
        await change(
            context,
            "with gone as (update bookings set state = 'cancelled', ended_at = now(), end_cause = 'by_member' "
            "where id = $1 returning id) insert into events (what, about, after) "
            "select 'booking.cancelled', id, 'cancelled' from gone",
            seat,
        )
        await page.post(f"{at}/send")
        assert await recipients(context) == ["earlier", "gone"]
        nobody = await write(page, cast.circle, audience="chosen", people=str(cast.milo))
        assert "At present this is nobody" in (await page.get(nobody.headers["location"])).text
        refused = await page.post(f"{nobody.headers['location']}/send")
        assert refused.status_code == 422
        untitled = await write(page, cast.circle, audience="chosen", body="Keep me.")
        assert untitled.status_code == 422
        assert "Please tick at least one person." in untitled.text
        assert "Keep me." in untitled.text


@pytest.mark.parametrize("of_gathering", [True, False])
async def test_the_waiting_list(
    context: Context, cast: Cast, browser: OpenBrowser, of_gathering: bool
) -> None:
    await add_booking(context, cast.gathering, cast.mira)
    acceptance = await accept(context, cast.milo, cast.version)
    await change(
        context,
        "insert into waits (gathering_id, person_id, line, amount, currency, acceptance_id) "
        "values ($1, $2, 'amount', 4500, 'USD', $3)",
        cast.gathering,
        cast.milo,
        acceptance,
    )
    async with browser(cast.farid) as page:
        if of_gathering:
            new = f"/host/gatherings/{cast.gathering}/messages/new"
            shown = (await page.get(new)).text
            assert "The waiting list, 1 person" in shown
            saved = await page.post(
                new, data={"id": form_id(shown), "to": "waiting", "body": "Soon.", "reply_to": ""}
            )
            at = saved.headers["location"]
            assert 'value="waiting" selected' in (await page.get(f"{at}/edit")).text
        else:
            at = (await write(page, cast.circle, audience="waiting")).headers["location"]
        assert (await page.post(f"{at}/send")).status_code == 303
    (mail,) = await mails(context)
    assert mail["to_address"] == "milo@example.org"
    assert "on a waiting list" in mail["text_body"]
    assert "/bookings/" not in mail["text_body"]
    await change(context, "delete from waits")


async def test_organizers_write_to_seats_ahead_and_read_no_register(
    context: Context, cast: Cast, last_time: dict[str, UUID], browser: OpenBrowser
) -> None:
    await add_booking(context, cast.gathering, cast.mira)
    sent = await send(context, cast, "absent")
    async with browser(cast.odile) as page:
        shown = (await page.get(f"/host/circles/{cast.circle}/messages/new")).text
        assert "absent last time" not in shown
        assert 'name="people"' not in shown
        assert (await write(page, cast.circle, audience="absent")).status_code == 422
        assert (await page.get(f"/host/messages/{sent}")).status_code == 404
        saved = await write(page, cast.circle)
        assert (await page.post(saved.headers["location"] + "/send")).status_code == 303
    assert await recipients(context) == ["gone", "mira"]
    with pytest.raises(Refused):
        await draft(context, cast, "came", by=cast.odile)


async def test_others_find_nothing(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    await add_booking(context, cast.gathering, cast.mira)
    message = await draft(context, cast)
    for person in (cast.fern, cast.mira):
        async with browser(person) as page:
            for path in (f"/host/circles/{cast.circle}/messages", f"/host/messages/{message}"):
                assert (await page.get(path)).status_code == 404
            assert (await page.post(f"/host/messages/{message}/schedule")).status_code == 404


async def test_limits_of_a_day(context: Context, cast: Cast) -> None:
    await add_booking(context, cast.gathering, cast.mira)
    for _ in range(audience_rules.MAX_TO_CIRCLE):
        await send(context, cast)
    with pytest.raises(Refused) as refused:
        await send(context, cast)
    assert "since yesterday" in refused.value.reasons[0].text
    await change(context, "update messages set sent_at = now() - interval '25 hours' where state = 'sent'")
    await send(context, cast)
    await change(
        context,
        "insert into messages (id, circle_id, audience, written_by, body, state, mails, sent_at) "
        "select gen_random_uuid(), $1, 'chosen', $2, 'x', 'sent', 1, now() - interval '1 hour' "
        "from generate_series(1, $3::integer)",
        cast.circle,
        cast.farid,
        audience_rules.MAX_BY_WRITER - 1,
    )
    await note_sent(context)
    with pytest.raises(Refused) as refused:
        await send(context, cast)
    assert "You sent 60 messages" in refused.value.reasons[0].text


# At a set time


async def scheduled(context: Context, cast: Cast, page: Browser, **fields: Any) -> str:
    """A message that goes tomorrow at 18:00. Returns its address."""
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date()
    saved = await write(page, cast.circle, date=tomorrow.isoformat(), time="18:00", **fields)
    assert saved.status_code == 303, saved.text
    at: str = saved.headers["location"]
    assert (await page.post(f"{at}/schedule")).status_code == 303
    return at


async def time_comes(context: Context, *, late: timedelta = timedelta(minutes=1)) -> None:
    await change(context, "update messages set send_at = now() - $1::interval", late)
    await jobs.run_timetable(context, "messages.send_due")
    await jobs.drain(context)


async def test_it_goes_at_its_time_to_those_who_are_booked_then(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    await add_booking(context, cast.gathering, cast.mira)
    async with browser(cast.farid) as page:
        at = await scheduled(context, cast, page)
        shown = (await page.get(at)).text
        assert "It goes by itself on" in shown
        assert "Scheduled" in (await page.get(f"/host/circles/{cast.circle}/messages")).text
    wall, zone, send_at = (
        await rows(context, "select send_wall, 'America/New_York' as zone, send_at from messages")
    )[0]
    assert wall.strftime("%H:%M") == "18:00"
    assert send_at.hour in (22, 23)
    await jobs.run_timetable(context, "messages.send_due")
    await jobs.drain(context)
    assert await mails(context) == []
    await add_booking(context, cast.gathering, cast.milo, kind="paid", amount=4500)
    await time_comes(context)
    await time_comes(context)
    assert await recipients(context) == ["milo", "mira"]
    assert zone


async def test_two_workers_at_its_time_send_it_once(context: Context, cast: Cast) -> None:
    await add_booking(context, cast.gathering, cast.mira)
    message = await draft(context, cast)
    await change(
        context,
        "update messages set send_wall = now(), send_at = now() - interval '1 minute', is_scheduled = true",
    )
    await asyncio.gather(*(sending.send_scheduled(context, message_id=str(message)) for _ in range(4)))
    assert await recipients(context) == ["mira"]
    assert await value(context, "select count(*) from events where what = 'message.held'") == 0


async def test_until_it_goes_it_can_be_changed_and_discarded(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    await add_booking(context, cast.gathering, cast.mira)
    async with browser(cast.farid) as page:
        at = await scheduled(context, cast, page)
        form = (await page.get(f"{at}/edit")).text
        assert 'value="18:00"' in form
        fields = {"id": at.rpartition("/")[2], "audience": "ahead", "body": "Bring none.", "reply_to": ""}
        when = re.search(r'name="date"[^>]*value="([\d-]+)"', form) or re.search(
            r'value="(\d{4}-\d\d-\d\d)"', form
        )
        assert when
        new = f"/host/circles/{cast.circle}/messages/new"
        await page.post(new, data=fields | {"date": when[1], "time": "19:00"})
        assert await value(context, "select is_scheduled from messages")  # a change of it keeps it going
        await page.post(new, data=fields)
        assert not await value(context, "select is_scheduled from messages")
        assert (await page.post(f"{at}/discard")).status_code == 303
    assert await value(context, "select count(*) from messages") == 0


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"date": "2020-03-01", "time": "18:00"}, "This time has passed."),
        ({"date": "", "time": "18:00"}, "Please give the day as well"),
        ({"date": "2099-03-01", "time": "18:00"}, "within the next 28 days"),
        ({"date": "tomorrow", "time": "18:00"}, "Please give a date as year-month-day"),
        ({"date": "2099-03-01", "time": ""}, "Please give a time such as 18:00."),
    ],
)
async def test_times_that_cannot_be(
    cast: Cast, browser: OpenBrowser, fields: dict[str, str], text: str
) -> None:
    async with browser(cast.farid) as page:
        refused = await write(page, cast.circle, body="Keep me.", **fields)
    assert refused.status_code == 422
    assert text in refused.text
    assert "Keep me." in refused.text


@pytest.mark.parametrize(
    ("before", "late", "because"),
    [
        ("delete from events", timedelta(hours=7), "Our site was away at its time"),
        ("update circles set state = 'draft'", timedelta(minutes=1), "not published"),
        ("delete from hosts where part = 'lead'", timedelta(minutes=1), "You may not write to these people"),
    ],
)
async def test_what_cannot_go_stays_a_draft_and_its_writer_is_told(
    context: Context, cast: Cast, browser: OpenBrowser, before: str, late: timedelta, because: str
) -> None:
    async with browser(cast.farid) as page:
        await scheduled(context, cast, page)
    hosts = await rows(context, "select * from hosts")
    if "events" not in before:
        await change(context, before)
    await time_comes(context, late=late)
    await time_comes(context, late=late)
    assert await value(context, "select held_because from messages") != ""
    (told,) = await rows(context, "select * from mails where kind = 'role_news'")
    assert because in told["text_body"]
    assert told["to_address"] == "farid@example.org"
    await change(context, "update circles set state = 'published'")
    for host in hosts:
        await change(
            context,
            "insert into hosts (circle_id, person_id, part) values ($1, $2, $3) on conflict do nothing",
            host["circle_id"],
            host["person_id"],
            host["part"],
        )


async def test_nobody_to_send_it_to_at_its_time(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.farid) as page:
        at = await scheduled(context, cast, page)
        await time_comes(context)
        shown = (await page.get(at)).text
    assert "It was not sent at its time" in shown
    assert "Nobody has a seat ahead" in shown


async def test_one_about_a_gathering_goes_at_a_set_time_too(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    await add_booking(context, cast.gathering, cast.mira)
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
    new = f"/host/gatherings/{cast.gathering}/messages/new"
    async with browser(cast.farid) as page:
        fields = {"id": form_id((await page.get(new)).text), "to": "all", "body": "Hello.", "reply_to": ""}
        after = datetime.now(UTC) + timedelta(days=26)
        late = await page.post(new, data=fields | {"date": after.date().isoformat(), "time": "10:00"})
        assert "too long after the gathering" in late.text
        saved = await page.post(new, data=fields | {"date": tomorrow, "time": "10:00"})
        assert (await page.post(saved.headers["location"] + "/schedule")).status_code == 303
    await time_comes(context)
    assert await recipients(context) == ["mira"]


# On the site


async def test_they_read_it_on_the_site_and_nobody_is_told(
    context: Context, cast: Cast, browser: OpenBrowser, last_time: dict[str, UUID]
) -> None:
    await add_booking(context, cast.gathering, cast.mira)
    message = await send(context, cast, is_short=True)
    (mail,) = await mails(context)
    assert "socks" not in mail["text_body"] + mail["html_body"]
    assert f"http://circles.test/my/messages/{message}" in mail["text_body"]
    assert mail["subject"] == "Tuesday group: a message"
    async with browser(cast.mira) as page:
        assert "1 new message" in (await page.get("/my/gatherings")).text
        listed = (await page.get("/my/messages")).text
        assert "Bring socks." in listed
        assert "New" in listed
        one = await page.get(f"/my/messages/{message}")
        assert "Bring socks." in one.text
        assert "1 new message" in (await page.get("/my/gatherings")).text  # a GET changes nothing
        await page.post("/my/messages/read", data={"ids": f"{message},x,{uuid4()}"})
        assert "1 new message" not in (await page.get("/my/gatherings")).text
        assert "Mark as read" not in (await page.get(f"/my/messages/{message}")).text
    async with browser(cast.farid) as page:
        shown = []
        for read_at in (datetime.now(UTC), None):
            await change(context, "update message_people set read_at = $1", read_at)
            main = (
                (await page.get(f"/host/messages/{message}"))
                .text.partition("<main")[2]
                .partition("</main>")[0]
            )
            shown.append(main)
        assert "Farid sent it to 1 person" in shown[0]
        assert shown[0] == shown[1]
    for person in (cast.milo, last_time["Came"], cast.farid):
        async with browser(person) as page:
            assert (await page.get(f"/my/messages/{message}")).status_code == 404
            assert "socks" not in (await page.get("/my/messages")).text


async def test_long_lists_go_on_after_the_last_row(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    await add_booking(context, cast.gathering, cast.mira)
    await change(
        context,
        "with sent as (insert into messages (id, circle_id, audience, written_by, body, state, mails, sent_at) "
        "select gen_random_uuid(), $1, 'ahead', $2, 'Text ' || number || '.', 'sent', 1, "
        "now() - make_interval(hours => number) from generate_series(1, 45) as number returning id, sent_at) "
        "insert into message_people (message_id, person_id, gone_at) select id, $3, sent_at from sent",
        cast.circle,
        cast.farid,
        cast.mira,
    )
    await note_sent(context)
    for person, start in ((cast.mira, "/my/messages"), (cast.farid, f"/host/circles/{cast.circle}/messages")):
        texts: list[str] = []
        path = start
        async with browser(person) as page:
            while path:
                shown = (await page.get(path)).text
                texts += re.findall(r"Text (\d+)\.", shown)
                further = re.search(r'href="([^"]+\?after=[^"]+)"', shown)
                path = further[1] if further else ""
        assert texts == [str(number) for number in range(1, 46)]


async def test_export_erasure_and_retention(context: Context, cast: Cast, last_time: dict[str, UUID]) -> None:
    await send(context, cast, "came")
    alone = await send(context, cast, "chosen", chosen=frozenset({last_time["Came"]}))
    exported = await personal_data.export(context, "came@example.org")
    assert len(exported["messages"]) == len(exported["message_people"]) == 2
    await personal_data.erase(context, "came@example.org")
    assert await value(context, "select count(*) from message_people") == 0
    assert not await rows(context, "select from messages where id = $1", alone)
    assert await value(context, "select count(*) from messages") == 1
    for days, left in ((360, 1), (370, 0)):
        await change(context, "update messages set sent_at = now() - make_interval(days => $1)", days)
        await jobs.run_timetable(context, "messages.forget_drafts")
        assert await value(context, "select count(*) from messages") == left


async def test_somebody_whose_role_is_gone_writes_nothing(context: Context, cast: Cast) -> None:
    await add_booking(context, cast.gathering, cast.mira)
    message = await draft(context, cast)
    async with demoted(context, cast.farid):
        with pytest.raises(NotFound):
            await sending.send(context, actor_id=cast.farid, message_id=message)
