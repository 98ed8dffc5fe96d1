"""Reminders on a real database: who gets which and when, once, and what they say."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from circles.commands import personal_data
from circles.store import jobs
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_person
from tests.conftest import OpenBrowser
from tests.helpers import change, rows, send_invites, start_in, value
from tests.reminders.helpers import DAY, HOUR, add_seat, choose, remind
from tests.store.postbox import Postbox, serving
from tests.store.test_discreet import TELLING_WORDS, shown_in_a_list


async def test_the_day_before_is_the_default_and_the_hour_a_choice(context: Context, cast: Cast) -> None:
    await add_seat(context, cast.gathering, cast.mira, starts_in=23 * HOUR)
    (mail,) = await remind(context)
    assert mail["to_address"] == "mira@example.org"
    assert "you are reminded the day before" in mail["text_body"]
    await start_in_the_past_minute(context, cast, timedelta(minutes=59))
    assert len(await remind(context)) == 1
    await choose(context, cast.mira, day=True, hour=True)
    _, mail = await remind(context)
    assert "you are reminded an hour before" in mail["text_body"]
    assert len(await remind(context)) == 2


async def start_in_the_past_minute(context: Context, cast: Cast, ahead: timedelta) -> None:
    """Time passes until the gathering is this near; its start stays the one that was told."""
    await start_in(context, cast.gathering, ahead)
    await change(
        context,
        "update reminders set starts_at = gatherings.starts_at from gatherings where gatherings.id = $1",
        cast.gathering,
    )


@pytest.mark.parametrize(
    ("starts_in", "age", "kinds"),
    [
        (24.1 * HOUR, 7 * DAY, []),
        (23.9 * HOUR, 7 * DAY, ["day"]),
        (6.1 * HOUR, 7 * DAY, ["day"]),  # late, after an outage, and still of use
        (5.9 * HOUR, 7 * DAY, []),
        (0.9 * HOUR, 7 * DAY, ["hour"]),
        (0.1 * HOUR, 7 * DAY, ["hour"]),
        (19 * HOUR, HOUR, []),  # booked twenty hours before: the invite has just told them
        (2.9 * HOUR, 0.1 * HOUR, []),  # booked three hours before: none for the day
        (0.9 * HOUR, 2.1 * HOUR, ["hour"]),  # but one for the hour
        (0.3 * HOUR, 0.03 * HOUR, []),  # booked twenty minutes before: none
        (-0.1 * HOUR, 7 * DAY, []),
    ],
)
async def test_what_is_due(
    context: Context, cast: Cast, starts_in: timedelta, age: timedelta, kinds: list[str]
) -> None:
    await choose(context, cast.mira, day=True, hour=True)
    await add_seat(context, cast.gathering, cast.mira, starts_in=starts_in, age=age)
    mails = await remind(context)
    assert [row["kind"] for row in await rows(context, "select kind from reminders")] == kinds
    assert len(mails) == len(kinds)


async def test_what_a_reminder_says_and_what_it_keeps_quiet(context: Context, cast: Cast) -> None:
    """In the reader's zone, then the circle's; a link to the site; nobody else's name, no link to join, no address."""
    await change(
        context, "update people set zone = 'Europe/Berlin', clock_hours = 24 where id = $1", cast.mira
    )
    await add_seat(context, cast.gathering, cast.mira, starts_in=23 * HOUR)
    booking = await add_seat(context, cast.gathering, cast.milo, starts_in=23 * HOUR)
    starts_at: datetime = await value(
        context, "select starts_at from gatherings where id = $1", cast.gathering
    )
    milo, mira = sorted(await remind(context), key=lambda row: row["to_address"])
    assert re.search(r"in New York|New York", mira["text_body"])
    assert re.search(r"\d\d:\d\d", mira["text_body"])
    assert f"http://circles.test/bookings/{booking}" in milo["text_body"]
    for mail, other in ((mira, "Milo"), (milo, "Mira")):
        both = mail["text_body"] + mail["html_body"]
        for hidden in (other, "Farid", "meet.example.org", "First steps home"):
            assert hidden not in both
        assert mail["subject"].startswith("Reminder: Tuesday group, ")
        assert not TELLING_WORDS.search(mail["subject"] + shown_in_a_list(mail["html_body"]))
        assert mail["useful_until"] == starts_at - 6 * HOUR
        assert mail["calendar"] is None


async def test_in_person_the_address_is_on_the_site_alone(context: Context, cast: Cast) -> None:
    await add_seat(context, cast.free_gathering, cast.mira, starts_in=23 * HOUR, kind="free")
    (mail,) = await remind(context)
    assert "In person. The address is on your page." in mail["text_body"]
    assert "Elm Street" not in mail["text_body"] + mail["html_body"]


@pytest.mark.parametrize(
    "end",
    [
        "with ended as (update bookings set state = 'cancelled', ended_at = now(), end_cause = 'by_member' "
        "where id = $1 returning id) "
        "insert into events (what, about, after) select 'booking.cancelled', id, 'cancelled' from ended",
        "update people set remind_day = false where id = (select person_id from bookings where id = $1)",
        "update gatherings set starts_at = starts_at + interval '3 days', ends_at = ends_at + interval '3 days', "
        "wall_start = wall_start + interval '3 days' where id = (select gathering_id from bookings where id = $1)",
    ],
    ids=["given back", "switched off", "moved"],
)
@pytest.mark.parametrize("when", ["before the mail is made", "before it leaves"])
async def test_what_happened_meanwhile_counts(
    context: Context, cast: Cast, posting: Context, postbox: Postbox, port: int, end: str, when: str
) -> None:
    booking = await add_seat(context, cast.gathering, cast.mira, starts_in=23 * HOUR)
    await jobs.run_timetable(context, "reminders.plan")
    assert await value(context, "select count(*) from reminders") == 1
    if when == "before it leaves":  # the mail server is away while the mail is made
        await jobs.drain(posting)
        assert await value(context, "select state from mails where kind = 'reminder'") == "waiting"
        await change(context, "update pgqueuer set execute_after = now()")
    await change(context, end, booking)
    async with serving(postbox, port):
        await jobs.drain(posting)
    assert [mail for mail in postbox.mails if mail["Subject"].startswith("Reminder")] == []
    assert await value(context, "select count(*) from unreached_addresses") == 0


async def test_a_seat_that_is_held_gets_none(context: Context, cast: Cast) -> None:
    await add_booking(context, cast.gathering, cast.mira, state="held")
    await start_in(context, cast.gathering, 23 * HOUR)
    assert await remind(context) == []


async def test_a_new_time_reminds_again_and_once(context: Context, cast: Cast) -> None:
    await add_seat(context, cast.gathering, cast.mira, starts_in=23 * HOUR)
    assert len(await remind(context)) == 1
    await start_in(context, cast.gathering, 20 * HOUR)
    assert len(await remind(context)) == 2
    assert len(await remind(context)) == 2


async def test_somebody_who_left_gets_none(context: Context, cast: Cast) -> None:
    await add_seat(context, cast.gathering, cast.mira, starts_in=23 * HOUR)
    assert len(await remind(context)) == 1
    assert len((await personal_data.export(context, "mira@example.org"))["reminders"]) == 1
    await start_in(context, cast.gathering, -3 * HOUR)
    await personal_data.erase(context, "mira@example.org")
    assert not await value(context, "select remind_day from people where id = $1", cast.mira)


async def test_batches_whose_jobs_are_gone_are_sent_all_the_same(context: Context, cast: Cast) -> None:
    await add_seat(context, cast.gathering, cast.mira, starts_in=23 * HOUR)
    await jobs.run_timetable(context, "reminders.plan")
    await change(context, "delete from pgqueuer")
    assert await remind(context) == []
    await change(context, "update reminders set planned_at = now() - interval '11 minutes'")
    assert len(await remind(context)) == 1


async def test_many_are_planned_in_batches(
    context: Context, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("circles.reminders.actions.PER_BATCH", 2)
    monkeypatch.setattr("circles.reminders.actions.PER_TRANSACTION", 4)
    starts_at = datetime.now(UTC) + 23 * HOUR
    for number in range(5):
        guest = await add_person(context, f"Guest {number}")
        await add_booking(context, cast.gathering, guest, kind="paid", amount=4500)
    await send_invites(context)
    await change(
        context,
        "update gatherings set starts_at = $2, ends_at = $2::timestamptz + interval '90 minutes', "
        "wall_start = $2::timestamptz at time zone 'UTC', zone = 'UTC' where id = $1",
        cast.gathering,
        starts_at,
    )
    await change(context, "update bookings set confirmed_at = now() - interval '7 days'")
    await jobs.run_timetable(context, "reminders.plan")
    assert await value(context, "select count(distinct batch) from reminders") == 3
    assert len(await remind(context)) == 5


async def test_it_is_forgotten_a_month_later(context: Context, cast: Cast) -> None:
    await add_seat(context, cast.gathering, cast.mira, starts_in=23 * HOUR)
    await remind(context)
    for days, left in ((29, 1), (31, 0)):
        await change(
            context, "update reminders set sent_at = $1, starts_at = $1", datetime.now(UTC) - days * DAY
        )
        await jobs.run_timetable(context, "reminders.forget")
        assert await value(context, "select count(*) from reminders") == left


# Switching them off


async def test_one_request_of_a_mail_program_switches_them_off(
    context: Context, cast: Cast, posting: Context, postbox: Postbox, port: int, browser: OpenBrowser
) -> None:
    """RFC 8058: the headers as the server gets them, and the POST of a program without cookies, from another site."""
    settings = posting.settings.model_copy(
        update={"origin": "https://circles.of-a-rather-long-name.example.org"}
    )
    await choose(context, cast.mira, day=True, hour=True)
    await add_seat(context, cast.gathering, cast.mira, starts_in=23 * HOUR)
    async with serving(postbox, port):
        await remind(Context(settings, posting.db))
    (mail,) = [mail for mail in postbox.mails if mail["Subject"].startswith("Reminder")]
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    match = re.fullmatch(
        r"<https://circles\.of-a-rather-long-name\.example\.org(/reminders/[\w-]+)>", mail["List-Unsubscribe"]
    )
    assert match
    path = match[1]
    (raw,) = [line for line in mail.as_string().splitlines() if path in line][:1]
    assert "=?" not in raw
    for other in postbox.mails:
        assert (other is mail) == bool(other["List-Unsubscribe"])
    async with browser() as page:
        shown = await page.get(path)
        assert "We remind you the day before and an hour before." in shown.text
        assert "mira@" not in shown.text
        assert await chosen(context, cast.mira) == (True, True)  # a GET changes nothing
        page.headers["Sec-Fetch-Site"] = "cross-site"
        page.headers["Origin"] = "https://webmail.example.com"
        answer = await page.post(path, data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
        assert await chosen(context, cast.mira) == (False, False)
        again = await page.post(path, data={"List-Unsubscribe": "One-Click"})
        assert again.status_code == 200


async def chosen(context: Context, person: UUID) -> tuple[bool, bool]:
    (row,) = await rows(context, "select remind_day, remind_hour from people where id = $1", person)
    return tuple(row)


async def link_of(context: Context, cast: Cast) -> str:
    await add_seat(context, cast.gathering, cast.mira, starts_in=23 * HOUR)
    (mail,) = await remind(context)
    match = re.search(r"http://circles\.test(/reminders/\S+)", mail["text_body"])
    assert match
    assert mail["unsubscribe_url"].endswith(match[1])
    return match[1]


async def test_the_page_offers_every_choice_without_a_sign_in(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    path = await link_of(context, cast)
    async with browser() as page:
        for kinds, expected in (
            (["day", "hour"], (True, True)),
            (["hour"], (False, True)),
            ([], (False, False)),
            (["day"], (True, False)),
        ):
            answer = await page.post(path, data={"then": "choose", "kinds": kinds})
            assert answer.headers["location"] == path
            assert await chosen(context, cast.mira) == expected
        assert (await page.post(path)).status_code == 303  # the button
        assert await chosen(context, cast.mira) == (False, False)
        shown = await page.get(path, headers={"Accept-Encoding": "gzip"})
        assert "Turn reminders off" not in shown.text
        # Its address is a key.
        assert shown.headers["cache-control"] == "no-store"
        assert "content-encoding" not in shown.headers


async def test_a_link_that_opens_nothing_says_what_to_do(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    path = await link_of(context, cast)
    async with browser() as page:
        for wrong in ("/reminders/x", path[:-3] + "AAA", "/reminders/" + "A" * 43):
            for answer in (await page.get(wrong), await page.post(wrong, data={"then": "choose"})):
                assert answer.status_code == 404
                assert "sign in and choose there" in answer.text
    assert await chosen(context, cast.mira) == (True, False)


async def test_the_account_shows_and_changes_the_choice(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    async with browser(cast.mira) as page:
        shown = (await page.get("/me")).text
        assert re.search(r'value="day" checked', shown)
        assert not re.search(r'value="hour" checked', shown)
        answer = await page.post("/me/reminders", data={"kinds": "hour", "alarms": "on"})
        assert answer.headers["location"] == "/me#reminders"
        shown = (await page.get("/me")).text
        assert not re.search(r'value="day" checked', shown)
        assert re.search(r'value="hour" checked', shown)
    assert await value(context, "select calendar_alarms from people where id = $1", cast.mira)


# Alarms in calendars


@pytest.mark.parametrize(
    ("alarms", "day", "hour", "triggers"),
    [
        (False, True, True, []),
        (True, True, False, ["-P1D"]),
        (True, True, True, ["-P1D", "-PT1H"]),
        (True, False, False, []),
    ],
)
async def test_the_calendar_has_alarms_for_who_wants_them(
    context: Context, cast: Cast, alarms: bool, day: bool, hour: bool, triggers: list[str]
) -> None:
    await choose(context, cast.mira, day=day, hour=hour)
    await change(context, "update people set calendar_alarms = $2 where id = $1", cast.mira, alarms)
    await add_booking(context, cast.gathering, cast.mira)
    await send_invites(context)
    calendar: str = await value(context, "select calendar from mails where kind = 'invite'")
    assert re.findall(r"TRIGGER:(\S+)", calendar) == triggers
    assert re.findall(r"BEGIN:VALARM\s+ACTION:(\w+)\s+DESCRIPTION:([^\r\n]+)", calendar) == [
        ("DISPLAY", "Tuesday group")
    ] * len(triggers)
