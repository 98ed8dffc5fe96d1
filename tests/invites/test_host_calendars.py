"""Calendars of hosts: the choices, the feed with its own address, mail; and the ORGANIZER that stays."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import icalendar
import pytest
import recurring_ical_events
from pydantic import SecretStr
from starlette.applications import Starlette

from circles.commands.personal_data import erase, export
from circles.invites import actions, feeds, rules
from circles.invites.hosts.actions import send_to_host
from circles.store import jobs
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_gathering, add_person
from tests.conftest import OpenBrowser
from tests.helpers import change, rows, start_in, value
from tests.invites.calendar_store import stores_of

NAMES = re.compile(r"mira|milo|farid|first steps|meet\.example", re.IGNORECASE)


async def feed_of(browser: OpenBrowser, address: str) -> list[Any]:
    """The entries of a feed, as a program of others reads it."""
    async with browser() as program:
        answer = await program.get(address.removeprefix("http://circles.test"))
    assert answer.status_code == 200
    return recurring_ical_events.of(icalendar.Calendar.from_ical(answer.content)).all()


async def addresses(context: Context, person: UUID) -> tuple[str, str]:
    """The addresses of a person's feeds: of what they attend, and of what they host."""
    async with context.db.transaction() as tx:
        attended = await feeds.make_feed(context, tx, person)
        hosted, _ = await feeds.hosting_feed_and_choices(context, tx, person)
    assert hosted
    return attended.https, hosted.https


async def settle(context: Context) -> list[Any]:
    """What the timetable and the jobs mail to hosts."""
    await jobs.run_timetable(context, "invites.tell_hosts")
    await jobs.drain(context)
    return await rows(context, "select * from mails where kind = 'hosting' order by created_at, id")


async def test_the_feed_of_what_is_hosted_says_how_full_it_is(
    context: Context, browser: OpenBrowser, cast: Cast, app: Starlette
) -> None:
    _, hosted = await addresses(context, cast.farid)
    (before,) = await feed_of(browser, hosted)
    assert "Hosting: 0 of 8 seats." in before["description"]
    await add_booking(context, cast.gathering, cast.mira)
    (after,) = await feed_of(browser, hosted)
    assert "Hosting: 1 of 8 seats." in after["description"]
    assert (after["uid"], after["sequence"]) == (before["uid"], before["sequence"])
    assert str(after["summary"]) == "Tuesday group"
    assert f"/host/gatherings/{cast.gathering}" in after["description"]
    assert not NAMES.search(after["description"])


async def entry_of_tuesday(browser: OpenBrowser, address: str) -> Any:
    (entry,) = [one for one in await feed_of(browser, address) if str(one["summary"]) == "Tuesday group"]
    return entry


@pytest.mark.parametrize("how", ["removed", "role taken", "stand-in named"])
async def test_somebody_who_hosts_no_more_reads_nothing_of_seats_in_the_feed(
    context: Context, browser: OpenBrowser, cast: Cast, app: Starlette, how: str
) -> None:
    hugo = await add_person(context, "Hugo", is_facilitator=True)
    await change(context, "insert into hosts values ($1, $2, 'co')", cast.circle, hugo)
    _, hosted = await addresses(context, hugo)
    await add_booking(context, cast.gathering, cast.mira, kind="paid", amount=3000)
    entry = await entry_of_tuesday(browser, hosted)
    assert "Hosting: 1 of 8 seats." in entry["description"]
    leaving = {
        "removed": ("delete from hosts where person_id = $1", hugo),
        "role taken": ("update people set is_facilitator = false where id = $1", hugo),
        "stand-in named": (
            "insert into stand_ins (gathering_id, person_id, added_by) values ($1, $2, $2)",
            cast.gathering,
            cast.farid,
        ),
    }
    await change(context, *leaving[how])
    after = await entry_of_tuesday(browser, hosted)
    assert str(after["status"]) == "CANCELLED"
    assert "You no longer host this." in after["description"]
    await add_booking(context, cast.gathering, cast.milo, kind="paid", amount=3000)
    assert await entry_of_tuesday(browser, hosted) == after


async def test_the_feed_says_that_a_gathering_is_canceled(
    context: Context, browser: OpenBrowser, cast: Cast, app: Starlette
) -> None:
    _, hosted = await addresses(context, cast.farid)
    await change(
        context,
        "update gatherings set state = 'cancelled', cancel_reason = 'Flooded.' where id = $1",
        cast.gathering,
    )
    (entry,) = await feed_of(browser, hosted)
    assert "Canceled." in entry["description"]


async def test_what_is_hosted_is_beside_or_within_the_feed_of_what_is_attended(
    context: Context, browser: OpenBrowser, cast: Cast, app: Starlette
) -> None:
    await add_booking(context, cast.free_gathering, cast.farid, kind="free")
    attended, hosted = await addresses(context, cast.farid)
    assert [str(one["summary"]) for one in await feed_of(browser, attended)] == ["Wednesday group"]
    assert [str(one["summary"]) for one in await feed_of(browser, hosted)] == ["Tuesday group"]
    async with browser(cast.farid) as page:
        text = (await page.get("/host/calendar")).text
        assert text.index(hosted) < text.index("webcal:")
        assert attended not in text
        answer = await page.post("/host/calendar", data={"feed": "within"})
        assert answer.headers["location"] == "/host/calendar"
        assert hosted not in (await page.get("/host/calendar")).text
    entries = await feed_of(browser, attended)
    assert {str(one["summary"]) for one in entries} == {"Wednesday group", "Tuesday group"}
    assert len({str(one["uid"]) for one in entries}) == 2
    assert await feed_of(browser, hosted) == []


async def test_the_address_of_what_is_hosted_does_not_give_away_the_other(
    context: Context, browser: OpenBrowser, cast: Cast, app: Starlette
) -> None:
    attended, hosted = await addresses(context, cast.farid)
    token = attended.rpartition("/")[2].removesuffix(".ics")
    assert hosted.rpartition("/")[2] == f"{rules.hosting_token(token)}.ics"
    await feeds.renew_feed(context, actor_id=cast.farid)
    for address in (attended, hosted):
        async with browser() as program:
            path = address.removeprefix("http://circles.test")
            assert (await program.get(path)).status_code == 404
    assert len(await feed_of(browser, (await addresses(context, cast.farid))[1])) == 1


async def test_a_new_secret_leaves_both_addresses_working(
    context: Context, browser: OpenBrowser, cast: Cast, app: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await addresses(context, cast.farid)
    moved = Context(
        context.settings.model_copy(update={"secret": SecretStr("another secret of forty letters, or more")}),
        context.db,
    )
    after = await addresses(moved, cast.farid)
    assert set(after).isdisjoint(before)
    for _, hosted in (before, after):
        assert len(await feed_of(browser, hosted)) == 1


async def test_code_of_before_ends_the_address_of_what_is_hosted_with_the_other(
    context: Context, browser: OpenBrowser, cast: Cast, app: Starlette
) -> None:
    _, hosted = await addresses(context, cast.farid)
    await change(context, "update feeds set number = number + 1, token_hash = '\\x07', former_hashes = '{}'")
    async with browser() as program:
        assert (await program.get(hosted.removeprefix("http://circles.test"))).status_code == 404


async def test_no_host_gets_mail_who_did_not_ask(context: Context, cast: Cast, app: Starlette) -> None:
    await add_gathering(context, cast.circle, days=20)
    await start_in(context, cast.gathering, timedelta(days=9))
    assert await settle(context) == []


async def test_mail_adds_moves_and_removes(
    context: Context, browser: OpenBrowser, cast: Cast, app: Starlette
) -> None:
    async with browser(cast.farid) as page:
        await page.post("/host/calendar", data={"mail": "on", "feed": "own"})
    (added,) = await settle(context)
    assert re.fullmatch(r"Tuesday group, \w+day, \w+ \d+(, \d{4})?: you host", added["subject"])
    assert not NAMES.search(re.sub(r"http\S+", "", added["text_body"]).replace("Hello Farid", ""))
    await start_in(context, cast.gathering, timedelta(days=9))
    (_, moved) = await settle(context)
    assert moved["subject"].endswith(": changed")
    assert "was " in moved["text_body"]
    # Seats are no news.
    await add_booking(context, cast.gathering, cast.mira)
    await change(context, "update gatherings set capacity = 10 where id = $1", cast.gathering)
    assert len(await settle(context)) == 2
    async with browser(cast.farid) as page:
        assert "one last mail" in (await page.get("/host/calendar")).text
        await page.post("/host/calendar", data={"feed": "own"})
    sent = await settle(context)
    assert [mail["calendar_method"] for mail in sent] == ["REQUEST", "REQUEST", "CANCEL"]
    assert "You host as before" in sent[-1]["text_body"]
    assert stores_of(reversed(sent))["farid@example.org"].shown() == []


async def test_feed_and_mail_number_a_change_alike(
    context: Context, browser: OpenBrowser, cast: Cast, app: Starlette
) -> None:
    await change(context, "update people set hosting_mail = true where id = $1", cast.farid)
    _, hosted = await addresses(context, cast.farid)
    await settle(context)
    (before,) = await feed_of(browser, hosted)
    await start_in(context, cast.gathering, timedelta(days=9))
    (ahead_of_mail,) = await feed_of(browser, hosted)
    mail = (await settle(context))[-1]
    (after,) = await feed_of(browser, hosted)
    sent = icalendar.Calendar.from_ical(mail["calendar"]).events[0]
    for name in ("uid", "sequence", "dtstart", "dtstamp"):
        assert str(ahead_of_mail[name]) == str(after[name]) == str(sent[name]), name
    assert after["sequence"] == before["sequence"] + 1
    assert after["dtstamp"].dt > before["dtstamp"].dt


async def test_several_dates_of_a_circle_come_in_one_mail(
    context: Context, cast: Cast, app: Starlette
) -> None:
    for days in (20, 27):
        await add_gathering(context, cast.circle, days=days)
    await change(context, "update people set hosting_mail = true where id = $1", cast.farid)
    (mail,) = await settle(context)
    assert mail["subject"] == "Tuesday group, 3 gatherings: you host"
    assert len(mail["more_calendars"]) == 2


async def test_the_entry_of_a_seat_and_that_of_hosting_are_two(
    context: Context, cast: Cast, app: Starlette
) -> None:
    await change(context, "update people set hosting_mail = true where id = $1", cast.farid)
    booking = await add_booking(context, cast.gathering, cast.farid)
    await actions.send(context, booking_id=str(booking))
    (hosting,) = await settle(context)
    seat = await value(context, "select calendar from mails where kind = 'invite'")
    uids = {
        str(icalendar.Calendar.from_ical(calendar).events[0]["uid"])
        for calendar in (hosting["calendar"], seat)
    }
    assert len(uids) == 2


async def test_hosts_that_a_race_left_behind_are_mended(context: Context, cast: Cast, app: Starlette) -> None:
    await change(context, "update people set hosting_mail = true where id = $1", cast.farid)
    await change(context, "delete from host_entries")
    await jobs.run_timetable(context, "invites.keep_host_entries")
    (mail,) = await settle(context)
    assert mail["to_address"] == "farid@example.org"
    await jobs.run_timetable(context, "invites.keep_host_entries")
    assert len(await settle(context)) == 1


async def test_the_feed_leaves_out_what_was_mailed_if_asked(
    context: Context, browser: OpenBrowser, cast: Cast, app: Starlette
) -> None:
    mailed = await add_booking(context, cast.gathering, cast.mira)
    await actions.send(context, booking_id=str(mailed))
    await add_booking(context, cast.free_gathering, cast.mira, kind="free")
    attended, _ = await addresses(context, cast.mira)
    assert len(await feed_of(browser, attended)) == 2
    async with browser(cast.mira) as page:
        text = (await page.get("/my/gatherings")).text
        assert text.index(attended) < text.index("webcal:")
        await page.post("/my/feed/choices", data={"leaves_out_mailed": "on"})
        assert re.search(r'name="leaves_out_mailed"[^>]* checked', (await page.get("/my/gatherings")).text)
    assert [str(one["summary"]) for one in await feed_of(browser, attended)] == ["Wednesday group"]
    # It leaves the calendar by mail too, so the feed never shows it as canceled either.
    await change(
        context,
        "update bookings set state = 'cancelled', ended_at = now(), end_cause = 'by_member' where id = $1",
        mailed,
    )
    await change(
        context,
        "insert into events (what, about, before, after) values ('booking.cancelled', $1, 'confirmed', 'cancelled')",
        mailed,
    )
    assert len(await feed_of(browser, attended)) == 1
    async with browser(cast.mira) as page:
        await page.post("/my/feed/choices", data={})
    assert len(await feed_of(browser, attended)) == 2


# The organizer


def sending_from(context: Context, address: str) -> Context:
    return Context(context.settings.model_copy(update={"mail_from": address}), context.db)


async def organizers(context: Context) -> list[str]:
    """The ORGANIZER of every calendar mail, oldest first."""
    mails = await rows(
        context, "select calendar from mails where calendar is not null order by created_at, id"
    )
    return [str(icalendar.Calendar.from_ical(mail["calendar"]).events[0]["organizer"]) for mail in mails]


async def test_an_invite_keeps_its_organizer_when_the_mailbox_changes(
    context: Context, browser: OpenBrowser, cast: Cast, app: Starlette
) -> None:
    await change(context, "update people set hosting_mail = true where id = $1", cast.farid)
    booking = await add_booking(context, cast.gathering, cast.mira)
    await actions.send(context, booking_id=str(booking))
    await settle(context)
    moved = sending_from(context, "hello@new.example.org")
    await start_in(context, cast.gathering, timedelta(days=9))
    await actions.send(moved, booking_id=str(booking))
    await settle(moved)
    assert await organizers(context) == ["mailto:circles@example.org"] * 4
    # What is sent for the first time comes from the new one, in mail and feed.
    other = await add_booking(context, cast.free_gathering, cast.mira, kind="free")
    await actions.send(moved, booking_id=str(other))
    assert (await organizers(context))[-1] == "mailto:hello@new.example.org"
    attended, _ = await addresses(context, cast.mira)
    assert {str(one["organizer"]) for one in await feed_of(browser, attended)} == {
        "mailto:circles@example.org",
        "mailto:hello@new.example.org",
    }


async def test_an_invite_of_unknown_organizer_takes_that_of_its_next_mail(
    context: Context, cast: Cast, app: Starlette
) -> None:
    booking = await add_booking(context, cast.gathering, cast.mira)
    await actions.send(context, booking_id=str(booking))
    await change(context, "update invites set organizer = null")
    for address, days in (("second@example.org", 9), ("third@example.org", 10)):
        await start_in(context, cast.gathering, timedelta(days=days))
        await actions.send(sending_from(context, address), booking_id=str(booking))
    assert await organizers(context) == [
        "mailto:circles@example.org",
        "mailto:second@example.org",
        "mailto:second@example.org",
    ]


# Personal data


async def test_host_entries_are_exported_and_erased(context: Context, cast: Cast, app: Starlette) -> None:
    await change(context, "insert into hosts values ($1, $2, 'co')", cast.circle, cast.fern)
    await change(
        context, "update hosts set person_id = $1 where circle_id = $2", cast.farid, cast.other_circle
    )
    exported = await export(context, "fern@example.org")
    assert [row["gathering_id"] for row in exported["host_entries"] if row["hosting"]] == [
        str(cast.gathering)
    ]
    await erase(context, "fern@example.org")
    assert await rows(context, "select * from host_entries where person_id = $1", cast.fern) == []


# Answers in a calendar


@pytest.mark.parametrize("imap_host", ["", "imap.example.org"])
async def test_mails_say_that_an_answer_frees_no_seat_where_nobody_reads_it(
    context: Context, cast: Cast, app: Starlette, imap_host: str
) -> None:
    context = Context(context.settings.model_copy(update={"imap_host": imap_host}), context.db)
    booking = await add_booking(context, cast.gathering, cast.mira)
    await actions.send(context, booking_id=str(booking))
    async with context.db.transaction() as tx:
        await actions.resend(tx, context, booking)
    await start_in(context, cast.gathering, timedelta(days=9))
    await actions.send(context, booking_id=str(booking))
    mails = await rows(
        context, "select * from mails where kind in ('invite', 'changed') order by created_at, id"
    )
    assert [mail["kind"] for mail in mails] == ["invite", "invite", "changed"]
    for mail in mails:
        for body in (mail["text_body"], mail["html_body"]):
            assert ("does not free your seat" in body) == (not imap_host)
            assert ("we mail you a button to give your seat back" in body) == bool(imap_host)
        calendar = mail["calendar"].replace("\r\n ", "")
        assert f"RSVP={'TRUE' if imap_host else 'FALSE'}" in calendar


async def test_answers_to_a_former_mailbox_are_not_awaited(
    context: Context, cast: Cast, app: Starlette
) -> None:
    """Its invites keep their ORGANIZER, to which programs send answers; only the mailbox of now is read."""
    booking = await add_booking(context, cast.gathering, cast.mira)
    await actions.send(context, booking_id=str(booking))
    moved = {"imap_host": "imap.example.org", "mail_from": "new@example.org"}
    context = Context(context.settings.model_copy(update=moved), context.db)
    async with context.db.transaction() as tx:
        await actions.resend(tx, context, booking)
    await start_in(context, cast.gathering, timedelta(days=9))
    await actions.send(context, booking_id=str(booking))
    later = await rows(context, "select * from mails order by created_at, id offset 1")
    assert [mail["kind"] for mail in later] == ["invite", "changed"]
    for mail in later:
        assert "does not free your seat" in mail["text_body"]
        assert "RSVP=FALSE" in mail["calendar"].replace("\r\n ", "")


async def test_a_mail_with_several_invites_says_what_an_answer_does(
    context: Context, cast: Cast, app: Starlette
) -> None:
    bookings = [
        await add_booking(context, gathering, cast.mira)
        for gathering in (cast.gathering, await add_gathering(context, cast.circle, days=20))
    ]
    await actions.send_several(context, booking_ids=[str(booking) for booking in bookings])
    (mail,) = await rows(context, "select * from mails where kind = 'invites'")
    assert "does not free your seats" in mail["text_body"]
    assert "does not free your seats" in mail["html_body"]


async def test_several_workers_send_each_entry_once(context: Context, cast: Cast, app: Starlette) -> None:
    await add_gathering(context, cast.circle, days=20)
    await change(context, "update people set hosting_mail = true where id = $1", cast.farid)
    await asyncio.gather(*(send_to_host(context, person_id=str(cast.farid)) for _ in range(4)))
    (mail,) = await settle(context)
    assert mail["subject"].startswith("Tuesday group, 2 gatherings")


async def test_a_change_while_a_mail_is_written_is_told_after_it(
    context: Context, cast: Cast, app: Starlette
) -> None:
    await change(context, "update people set hosting_mail = true where id = $1", cast.farid)
    async with context.db.transaction() as tx:  # an entry that changes just now is left alone
        await tx.execute(
            "update host_entries set due = due where gathering_id = $1 and person_id = $2",
            cast.gathering,
            cast.farid,
        )
        await send_to_host(context, person_id=str(cast.farid))
    assert await value(context, "select count(*) from mails") == 0
    assert len(await settle(context)) == 1


async def test_a_host_who_wants_alarms_has_them_in_mail_and_feed(
    context: Context, browser: OpenBrowser, cast: Cast, app: Starlette
) -> None:
    await change(
        context,
        "update people set hosting_mail = true, calendar_alarms = true, remind_day = true, remind_hour = false "
        "where id = $1",
        cast.farid,
    )
    (mail,) = await settle(context)
    (entry,) = await feed_of(browser, (await addresses(context, cast.farid))[1])
    for event in (entry, icalendar.Calendar.from_ical(mail["calendar"]).events[0]):
        alarm: Any
        (alarm,) = event.walk("VALARM")
        assert alarm["trigger"].dt == -timedelta(days=1)
