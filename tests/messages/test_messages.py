"""Messages over HTTP on a real database: who may write, what goes out, that it goes once, what stays on record."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from typing import Any
from uuid import UUID, uuid4

import pytest

from circles.base.errors import NotFound, Refused
from circles.commands import personal_data
from circles.messages import actions, sending
from circles.messages.rules import MAX_TO_ALL, Draft
from circles.store import mail
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_gathering, add_person
from tests.conftest import Browser, OpenBrowser
from tests.helpers import change, missing
from tests.hosting.helpers import fingerprint

Drain = Callable[[], Awaitable[object]]


async def fetch(context: Context, sql: str, *arguments: object) -> list[dict[str, Any]]:
    async with context.db.reading() as tx:
        return [dict(row) for row in await tx.fetch(sql, *arguments)]


async def mails(context: Context) -> list[dict[str, Any]]:
    return await fetch(context, "select * from mails where kind = 'message' order by to_address")


async def headers_of(context: Context, mail_id: UUID) -> EmailMessage:
    async with context.db.reading() as tx:
        row = await mail.one(tx, mail_id)
    assert row
    return mail.message(context.settings, row)


async def draft(context: Context, cast: Cast, body: str = "Bring socks.", **more: Any) -> UUID:
    message_id = more.pop("id", uuid4())
    await actions.save_draft(
        context,
        actor_id=more.get("by", cast.farid),
        gathering_id=more.get("gathering", cast.gathering),
        message_id=message_id,
        draft=Draft(more.get("booking"), body, more.get("reply_to", "")),
    )
    return message_id


def form_id(text: str) -> str:
    match = re.search(r'name="id" value="([^"]+)"', text)
    assert match
    return match[1]


async def write(page: Browser, gathering: UUID, **fields: str) -> Any:
    new = f"/host/gatherings/{gathering}/messages/new"
    fields = {"id": form_id((await page.get(new)).text), "to": "all", "reply_to": ""} | fields
    return await page.post(new, data=fields)


# Writing and sending


async def test_from_the_form_to_the_mail(
    context: Context, cast: Cast, browser: OpenBrowser, drain: Drain
) -> None:
    await add_booking(context, cast.gathering, cast.mira)
    await add_booking(context, cast.gathering, cast.milo, kind="paid", amount=4500)
    async with browser(cast.farid) as page:
        kept = await write(page, cast.gathering, body="Bring **socks**.", reply_to="Hello@Farid.example.org")
        assert kept.status_code == 303
        looked = (await page.get(kept.headers["location"])).text
        assert not missing(
            looked, "Nothing is sent yet", "2 people, each in a mail of their own", "hello@farid.example.org"
        )
        shown = await page.get(kept.headers["location"] + "/mail")
        assert "<strong>socks</strong>" in shown.text
        assert "Hello Milo" in shown.text
        assert shown.headers["content-security-policy"].startswith("sandbox;")
        assert await mails(context) == []
        sent = await page.post(kept.headers["location"] + "/send")
        assert sent.headers["location"] == f"/host/gatherings/{cast.gathering}/messages"
        listed = (await page.get(sent.headers["location"])).text
        assert "Farid to 2 people" in listed
        assert "Bring socks" in listed
        assert "on its way to 2 people" in listed
    await drain()
    written = await mails(context)
    assert [(row["to_address"], row["person_id"], row["state"]) for row in written] == [
        ("milo@example.org", cast.milo, "sent"),
        ("mira@example.org", cast.mira, "sent"),
    ]
    # The mail is the one of the preview.
    assert written[0]["html_body"] == shown.text


async def test_a_mail_names_nobody_else_and_has_a_discreet_subject(context: Context, cast: Cast) -> None:
    await add_booking(context, cast.gathering, cast.mira)
    await add_booking(context, cast.gathering, cast.milo, kind="paid", amount=4500)
    message_id = await draft(context, cast, "Ketamine and integration.", reply_to="farid@reply.example.org")
    await sending.send(context, actor_id=cast.farid, message_id=message_id)
    for row, other in zip(await mails(context), ("Mira", "Milo"), strict=True):
        assert other not in row["text_body"] + row["html_body"]
        assert row["subject"].startswith("Tuesday group, ")
        made = await headers_of(context, row["id"])
        assert str(made["Reply-To"]) == "farid@reply.example.org"
        assert made["To"].addresses[0].addr_spec == row["to_address"]
        assert "there is no list to leave" in row["text_body"]
        assert "farid@reply.example.org" in row["text_body"]


async def test_without_a_reply_address_the_mail_has_a_note(context: Context, cast: Cast) -> None:
    booking = await add_booking(context, cast.gathering, cast.mira)
    await sending.send(context, actor_id=cast.farid, message_id=await draft(context, cast))
    (row,) = await mails(context)
    assert "Nobody reads answers" in row["text_body"]
    assert f"/bookings/{booking}" in row["text_body"]
    assert row["reply_to"] == ""


async def test_to_one_person_only(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    booking = await add_booking(context, cast.gathering, cast.mira)
    await add_booking(context, cast.gathering, cast.milo, kind="paid", amount=4500)
    async with browser(cast.farid) as page:
        chosen = (await page.get(f"/host/gatherings/{cast.gathering}/messages/new?to={booking}")).text
        assert f'value="{booking}" selected' in chosen
        kept = await write(page, cast.gathering, body="See you.", to=str(booking))
        assert "Send it to Mira" in (await page.get(kept.headers["location"])).text
        await page.post(kept.headers["location"] + "/send")
        assert "Farid to Mira" in (await page.get(f"/host/gatherings/{cast.gathering}/messages")).text
    assert [row["to_address"] for row in await mails(context)] == ["mira@example.org"]


async def test_only_confirmed_seats_are_written_to(context: Context, cast: Cast) -> None:
    await add_booking(context, cast.gathering, cast.mira)
    await add_booking(context, cast.gathering, cast.milo, state="held")
    await add_booking(context, cast.gathering, cast.fern, state="cancelled")
    sent = await sending.send(context, actor_id=cast.farid, message_id=await draft(context, cast))
    assert sent["mails"] == 1


async def test_a_message_sent_twice_is_mailed_once(context: Context, cast: Cast) -> None:
    await add_booking(context, cast.gathering, cast.mira)
    message_id = await draft(context, cast)
    both = [sending.send(context, actor_id=cast.farid, message_id=message_id) for _ in range(2)]
    results = await asyncio.gather(*both)
    assert [row["state"] for row in results] == ["sent", "sent"]
    assert len(await mails(context)) == 1
    events = await fetch(
        context, "select who, before, after, details from events where what = 'message.sent'"
    )
    assert events == [
        {
            "who": cast.farid,
            "before": "draft",
            "after": "sent",
            "details": {"mails": 1, "gathering": str(cast.gathering)},
        }
    ]


async def test_the_same_form_twice_is_one_draft(context: Context, cast: Cast) -> None:
    await add_booking(context, cast.gathering, cast.mira)
    message_id = await draft(context, cast, "One.")
    await draft(context, cast, "Two.", id=message_id)
    assert [row["body"] for row in await fetch(context, "select body from messages")] == ["Two."]


async def test_a_resent_form_keeps_its_text(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    await add_booking(context, cast.gathering, cast.mira)
    message_id = await draft(context, cast, "One.")
    await sending.send(context, actor_id=cast.farid, message_id=message_id)
    async with browser(cast.farid) as page:
        again = await write(page, cast.gathering, id=str(message_id), body="Two.")
        assert again.status_code == 422
        assert "sent already" in again.text
        assert "Two." in again.text
        assert form_id(again.text) != str(message_id)
        assert (await page.get(f"/host/messages/{message_id}/edit")).status_code == 303
        assert (await page.post(f"/host/messages/{message_id}/discard")).status_code == 404
    assert [row["body"] for row in await fetch(context, "select body from messages")] == ["One."]


async def test_a_draft_is_changed_or_discarded(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    await add_booking(context, cast.gathering, cast.mira)
    message_id = await draft(context, cast, "Bring soks.", reply_to="a@example.org")
    async with browser(cast.farid) as page:
        form = (await page.get(f"/host/messages/{message_id}/edit")).text
        assert form_id(form) == str(message_id)
        assert "Bring soks." in form
        assert 'value="a@example.org"' in form
        # The next form begins with the address of the last.
        new = (await page.get(f"/host/gatherings/{cast.gathering}/messages/new")).text
        assert 'value="a@example.org"' in new
        gone = await page.post(f"/host/messages/{message_id}/discard")
        assert gone.headers["location"] == f"/host/gatherings/{cast.gathering}/messages"
        assert (await page.get(f"/host/messages/{message_id}")).status_code == 404
    assert await fetch(context, "select 1 from messages") == []


async def test_a_text_to_begin_with_loses_nothing(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    await add_booking(context, cast.gathering, cast.mira)
    async with browser(cast.farid) as page:
        shown = await write(page, cast.gathering, body="Dear all,", start="thanks", reply_to="not yet")
        assert shown.status_code == 200
        assert not missing(shown.text, "Dear all,", "Thank you for coming", 'value="not yet"')
    assert await fetch(context, "select 1 from messages") == []


async def test_the_preview_lists_placeholders(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    await add_booking(context, cast.gathering, cast.mira)
    async with browser(cast.farid) as page:
        for body, left in (("Park [where] and <b>[so]</b>.", True), ("Park at the church.", False)):
            shown = await page.get((await write(page, cast.gathering, body=body)).headers["location"])
            assert ("is still in square brackets: [where], [so]." in shown.text) is left


# What is refused


async def test_invalid_values_are_refused(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    await add_booking(context, cast.gathering, cast.mira)
    async with browser(cast.farid) as page:
        for body, words in (
            ("", "Please fill this in."),
            ("a" * 10_000, "10,000 characters long"),
            ("Hi\x00", "hidden character"),
        ):
            answer = await write(page, cast.gathering, body=body, reply_to="nowhere", to="nobody")
            assert answer.status_code == 422
            assert not missing(answer.text, words, "name@example.org", "no seat here any more")
    assert await fetch(context, "select 1 from messages") == []


async def test_gatherings_that_take_no_messages(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    off = await add_gathering(context, cast.circle, days=9, state="cancelled", cancel_reason="Ill.")
    planned = await add_gathering(context, cast.circle, days=10, state="draft")
    past = await add_gathering(context, cast.circle, days=-20)
    await add_booking(context, past, cast.mira)
    async with browser(cast.farid) as page:
        for gathering, words in (
            (off, "was canceled"),
            (planned, "not published"),
            (past, "more than 14 days ago"),
            (cast.gathering, "Nobody is booked yet"),
        ):
            new = f"/host/gatherings/{gathering}/messages/new"
            for text in (
                (await page.get(f"/host/gatherings/{gathering}/messages")).text,
                (await page.get(new)).text,
            ):
                assert words in text
            answer = await page.post(new, data={"body": "Hello", "to": "all"})
            assert (answer.status_code, words in answer.text) == (422, True)


async def test_a_canceled_booking_gets_no_message(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    booking = await add_booking(context, cast.gathering, cast.mira)
    await add_booking(context, cast.gathering, cast.milo, kind="paid", amount=4500)
    message_id = await draft(context, cast, booking=booking)
    async with context.db.transaction() as tx:
        await tx.execute(
            "update bookings set state = 'cancelled', ended_at = now(), end_cause = 'by_member' where id = $1",
            booking,
        )
        await tx.execute(
            "insert into events (what, about, after) values ('booking.cancelled', $1, 'cancelled')", booking
        )
    async with browser(cast.farid) as page:
        assert "Nobody to send it to" in (await page.get(f"/host/messages/{message_id}")).text
        assert (await page.get(f"/host/messages/{message_id}/mail")).status_code == 404
        assert (await page.post(f"/host/messages/{message_id}/send")).status_code == 422
    assert await mails(context) == []


async def test_a_booking_of_another_gathering_is_refused(context: Context, cast: Cast) -> None:
    await add_booking(context, cast.gathering, cast.milo, kind="paid", amount=4500)
    other = await add_booking(context, cast.free_gathering, cast.mira, kind="free")
    with pytest.raises(Refused) as refused:
        await draft(context, cast, booking=other)
    assert refused.value.codes == {"not_booked"}


async def test_a_day_holds_so_many(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    await add_booking(context, cast.gathering, cast.mira)
    for _ in range(MAX_TO_ALL):
        await sending.send(context, actor_id=cast.farid, message_id=await draft(context, cast))
    message_id = await draft(context, cast)
    async with browser(cast.farid) as page:
        answer = await page.post(f"/host/messages/{message_id}/send")
        assert answer.status_code == 422
        assert "keep the rest for tomorrow" in answer.text
    assert len(await mails(context)) == MAX_TO_ALL


# Who may


async def test_only_full_hosts_write_messages(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    await add_booking(context, cast.gathering, cast.mira)
    helper = await add_person(context, "Hana", is_facilitator=True)
    async with context.db.transaction() as tx:
        await tx.execute(
            "insert into hosts (circle_id, person_id, part) values ($1, $2, 'helper')", cast.circle, helper
        )
    message_id = await draft(context, cast)
    for who in (cast.fern, helper, cast.mira):
        async with browser(who) as page:
            for path in ("messages", "messages/new"):
                assert (await page.get(f"/host/gatherings/{cast.gathering}/{path}")).status_code == 404
            sent = await page.post(f"/host/gatherings/{cast.gathering}/messages/new", data={"body": "Hi"})
            assert sent.status_code == 404
            for path in ("", "/edit", "/mail"):
                assert (await page.get(f"/host/messages/{message_id}{path}")).status_code == 404
            for path in ("/send", "/discard"):
                assert (await page.post(f"/host/messages/{message_id}{path}")).status_code == 404
    assert await mails(context) == []


async def test_a_co_host_sees_no_drafts(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    await add_booking(context, cast.gathering, cast.mira)
    async with context.db.transaction() as tx:
        await tx.execute(
            "insert into hosts (circle_id, person_id, part) values ($1, $2, 'co')", cast.circle, cast.fern
        )
    sent, kept = await draft(context, cast, "Went."), await draft(context, cast, "Waits.")
    await sending.send(context, actor_id=cast.farid, message_id=sent)
    async with browser(cast.fern) as page:
        listed = (await page.get(f"/host/gatherings/{cast.gathering}/messages")).text
        assert "Went." in listed
        assert "Waits." not in listed
        assert "Farid sent it to 1 person" in (await page.get(f"/host/messages/{sent}")).text
        assert (await page.get(f"/host/messages/{kept}")).status_code == 404
    # Somebody else's id makes no message of theirs one's own.
    with pytest.raises(Refused):
        await draft(context, cast, "Mine.", by=cast.fern, id=kept)


async def test_a_stand_in_writes_about_their_one_gathering(context: Context, cast: Cast) -> None:
    other = await add_gathering(context, cast.circle, days=14)
    for gathering in (cast.gathering, other):
        await add_booking(context, gathering, cast.mira, kind="paid", amount=4500)
    async with context.db.transaction() as tx:
        await tx.execute(
            "insert into stand_ins (gathering_id, person_id) values ($1, $2)", cast.gathering, cast.fern
        )
    await sending.send(context, actor_id=cast.fern, message_id=await draft(context, cast, by=cast.fern))
    assert "Fern" in (await mails(context))[0]["text_body"]
    with pytest.raises(NotFound):
        await draft(context, cast, by=cast.fern, gathering=other)


async def test_a_demotion_works_at_once(context: Context, cast: Cast) -> None:
    await add_booking(context, cast.gathering, cast.mira)
    message_id = await draft(context, cast)
    async with context.db.transaction() as tx:
        await tx.execute("update hosts set person_id = $1 where person_id = $2", cast.fern, cast.farid)
    with pytest.raises(NotFound):
        await sending.send(context, actor_id=cast.farid, message_id=message_id)


# What stays


async def test_the_pages_are_cheap(
    context: Context, cast: Cast, browser: OpenBrowser, queries: list[str]
) -> None:
    await add_booking(context, cast.gathering, cast.mira)
    await add_booking(context, cast.gathering, cast.milo, kind="paid", amount=4500)
    message_id = await draft(context, cast)
    async with browser(cast.farid) as page:
        for path, most in (
            (f"/host/gatherings/{cast.gathering}/messages", 3),
            (f"/host/gatherings/{cast.gathering}/messages/new", 3),
            (f"/host/messages/{message_id}", 4),
        ):
            await page.get(path)
            queries.clear()
            assert (await page.get(path)).status_code == 200
            assert len(queries) == most, path


async def test_messages_are_exported_and_erased_with_their_people(context: Context, cast: Cast) -> None:
    past = await add_gathering(context, cast.circle, days=-2)
    booking = await add_booking(context, past, cast.mira)
    for to in (booking, None):
        message_id = await draft(context, cast, booking=to, gathering=past, reply_to="farid@example.org")
        await sending.send(context, actor_id=cast.farid, message_id=message_id)
    assert [
        row["mails"] for row in (await personal_data.export(context, "mira@example.org"))["messages"]
    ] == [1, 1]
    assert len((await personal_data.export(context, "farid@example.org"))["messages"]) == 2
    await personal_data.erase(context, "mira@example.org")
    assert [row["booking_id"] for row in await fetch(context, "select booking_id from messages")] == [None]


async def test_drafts_are_deleted_after_a_month(context: Context, cast: Cast) -> None:
    await add_booking(context, cast.gathering, cast.mira)
    await sending.send(context, actor_id=cast.farid, message_id=await draft(context, cast))
    old, new = await draft(context, cast), await draft(context, cast)
    async with context.db.transaction() as tx:
        await tx.execute("update messages set created_at = now() - interval '31 days' where id <> $1", new)
    await actions.forget_drafts(context)
    left = {row["id"] for row in await fetch(context, "select id from messages")}
    assert old not in left
    assert new in left
    assert len(left) == 2


@pytest.mark.parametrize("what", ["text", "recipients"])
async def test_what_is_sent_is_what_was_shown(
    context: Context, cast: Cast, browser: OpenBrowser, what: str
) -> None:
    """Changed in another window, or somebody booked, since the preview was opened: it is shown once more."""
    await add_booking(context, cast.gathering, cast.mira)
    async with browser(cast.farid) as page:
        kept = await write(page, cast.gathering, body="Bring socks.")
        url = kept.headers["location"]
        shown = (await page.get(url)).text
        if what == "text":
            await change(context, "update messages set body = 'Bring nothing.'")
        else:
            await add_booking(context, cast.gathering, cast.milo, kind="paid", amount=4500)
        again = await page.post(f"{url}/send", data={"seen": fingerprint(shown)})
        assert (again.status_code, missing(again.text, "changed since you looked")) == (422, [])
        assert await mails(context) == []
        sent = await page.post(f"{url}/send", data={"seen": fingerprint(again.text)})
        assert sent.status_code == 303
    assert len(await mails(context)) == (1 if what == "text" else 2)
