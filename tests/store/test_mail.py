"""Mail from its row to a real SMTP server: once, retried while it is down, never blocked by one bad message."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from email.message import EmailMessage

import pytest

from circles.base import text
from circles.base.settings import Settings
from circles.store import jobs, mail
from circles.store.context import Context
from tests.store.postbox import BOOKING, SUBJECT, Postbox, an_hour_later, serving, state, write

CALENDAR = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nSUMMARY:Grüne Runde\r\nEND:VCALENDAR\r\n"


# the message


async def test_a_mail_with_a_calendar_has_the_shape_of_an_invite(
    posting: Context, postbox: Postbox, port: int
) -> None:
    await write(posting, calendars=[CALENDAR.encode()], method="REQUEST")
    async with serving(postbox, port):
        await jobs.drain(posting)
    (found,) = postbox.mails
    assert postbox.recipients == ["mira@example.org"]
    assert found["Subject"] == SUBJECT
    assert found["From"].addresses[0].addr_spec == "circles@example.org"
    assert found["Auto-Submitted"] == "auto-generated"
    assert found.get_content_type() == "multipart/mixed"
    body, attached = found.iter_parts()
    assert body.get_content_type() == "multipart/alternative"
    assert isinstance(body, EmailMessage)
    plain, html, calendar = body.iter_parts()
    assert [part.get_content_type() for part in (plain, html)] == ["text/plain", "text/html"]
    assert calendar["Content-Type"].params == {"charset": "utf-8", "method": "REQUEST"}
    assert calendar.get_content_type() == "text/calendar"
    assert isinstance(calendar, EmailMessage)
    assert calendar.get_payload(decode=True) == CALENDAR.encode()
    assert (attached.get_content_type(), attached.get_filename()) == ("application/ics", "invite.ics")
    assert attached.get_payload(decode=True) == CALENDAR.encode()


async def test_a_mail_without_a_calendar_is_text_and_html(
    posting: Context, postbox: Postbox, port: int
) -> None:
    await write(posting)
    async with serving(postbox, port):
        await jobs.drain(posting)
    (found,) = postbox.mails
    assert found.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in found.iter_parts()] == ["text/plain", "text/html"]


async def test_the_html_needs_no_other_files(context: Context) -> None:
    mail_id = await write(context, to_name="<b>Mira</b>")
    async with context.db.reading() as tx:
        row = await mail.one(tx, mail_id)
    assert row
    assert "&lt;b&gt;Mira" in row["html_body"]
    assert "<b>Mira" in row["text_body"]
    assert 'style="' in row["html_body"]  # the sheet is inlined
    for fetched in (" src=", "<link", "url(", "@import"):
        assert fetched not in row["html_body"]


@pytest.mark.parametrize(
    "name",
    [
        'Mira "Mi" Delgado',
        "O'Brien, Mira; <the second> (of two)",
        "Zoë 🧑‍🤝‍🧑",
        "名前",
        "back\\slash",
        "",
        "line\r\nBcc: everybody@example.org",
        "n" * 300,
        "é" * 80,
    ],
)
async def test_a_name_of_any_kind_reaches_its_one_address(
    posting: Context, postbox: Postbox, port: int, name: str
) -> None:
    await write(posting, to_name=name)
    async with serving(postbox, port):
        await jobs.drain(posting)
    (found,) = postbox.mails
    (to,) = found["To"].addresses
    assert to.addr_spec == "mira@example.org"
    # The standard library puts spaces between the pieces of a long name that is not ASCII.
    assert to.display_name.replace(" ", "") == text.tidy_line(name).replace(" ", "")
    assert found["Bcc"] is None
    assert postbox.recipients == ["mira@example.org"]


@pytest.mark.parametrize(
    "bad", ["\u2028", "\x85", "\x0b", "\x0c", "\r\nBcc: all@example.org", "\n", "\x00", "\ud800"]
)
async def test_a_subject_with_control_characters_is_cleaned_and_blocks_no_mail(
    posting: Context, postbox: Postbox, port: int, bad: str
) -> None:
    await write(posting, subject=f"Tuesday{bad}group")
    await write(posting)
    async with serving(postbox, port):
        await jobs.drain(posting)
    subjects = {found["Subject"] for found in postbox.mails}
    assert len(postbox.mails) == 2
    assert SUBJECT in subjects
    assert all(found["Bcc"] is None for found in postbox.mails)
    (tidied,) = subjects - {SUBJECT}
    assert tidied.startswith("Tuesday ")
    assert tidied.endswith(("group", "orggroup"))


async def test_an_empty_subject_names_the_community(posting: Context) -> None:
    mail_id = await write(posting, subject="\x00\u2028")
    async with posting.db.reading() as tx:
        row = await mail.one(tx, mail_id)
    assert row
    assert row["subject"] == "Circles"


async def test_an_address_in_another_script_travels_where_it_can(
    posting: Context, postbox: Postbox, port: int
) -> None:
    domain = await write(posting, to="mira@exämple.org")
    mailbox = await write(posting, to="jürgen@example.org")
    async with serving(postbox, port, enable_SMTPUTF8=True):
        await jobs.drain(posting)
    assert sorted(postbox.recipients) == ["jürgen@example.org", "mira@xn--exmple-cua.org"]
    assert {await state(posting, each) for each in (domain, mailbox)} == {"sent"}


async def test_an_invalid_address_is_marked_and_blocks_no_mail(
    posting: Context, postbox: Postbox, port: int
) -> None:
    bad = [
        await write(posting, to=to)
        for to in (
            "jürgen@example.org",
            f"mira@{'x' * 70}é.org",
            "mira@example.org>\r\nRCPT TO:<all@example.org",
        )
    ]
    good = await write(posting)
    async with serving(postbox, port):
        await jobs.drain(posting)
    assert [await state(posting, each) for each in bad] == ["refused"] * 3
    assert await state(posting, good) == "sent"
    assert postbox.recipients == ["mira@example.org"]


# the carrying


async def test_in_practice_mail_stays_in_the_practice_mailbox(context: Context) -> None:
    mail_id = await write(context)
    await jobs.drain(context)
    assert await state(context, mail_id) == "sent"
    async with context.db.reading() as tx:
        assert [row["id"] for row in await mail.recent(tx)] == [mail_id]


async def test_a_mail_belongs_to_its_transaction(context: Context) -> None:
    class Undone(Exception):
        pass

    async def half_done() -> None:
        async with context.db.transaction() as tx:
            await mail.send(
                tx,
                context.settings,
                "invite",
                to="a@example.org",
                subject="a",
                booking=BOOKING,
                page="p",
                answering="",
                changes=[],
            )
            raise Undone

    with pytest.raises(Undone):
        await half_done()
    async with context.db.reading() as tx:
        assert await mail.recent(tx) == []
        assert await tx.fetchval("select count(*) from pgqueuer") == 0


async def test_while_the_server_is_down_mail_waits_and_then_goes_once(
    posting: Context, postbox: Postbox, port: int
) -> None:
    mail_id = await write(posting)
    for _ in range(3):
        await jobs.drain(posting)
        assert await state(posting, mail_id) == "waiting"
        await an_hour_later(posting)
    async with serving(postbox, port):
        await jobs.drain(posting)
        await an_hour_later(posting)
        await jobs.drain(posting)
        await mail.deliver(posting, mail_id=str(mail_id))
    assert len(postbox.mails) == 1
    assert await state(posting, mail_id) == "sent"


@pytest.mark.parametrize("answer", ["451 try again later", "421 going down"])
async def test_a_passing_no_is_tried_again_with_the_same_message_id(
    posting: Context, postbox: Postbox, port: int, answer: str
) -> None:
    mail_id = await write(posting)
    postbox.to_data = answer
    async with serving(postbox, port):
        await jobs.drain(posting)
        assert await state(posting, mail_id) == "waiting"
        postbox.to_data = "250 OK"
        await an_hour_later(posting)
        await jobs.drain(posting)
    (found,) = postbox.mails
    async with posting.db.reading() as tx:
        row = await mail.one(tx, mail_id)
    assert row
    assert found["Message-ID"] == row["message_id"]
    assert found["Message-ID"].endswith("@example.org>")


@pytest.mark.parametrize(
    ("step", "answer"), [("to_recipient", "550 no such mailbox"), ("to_data", "550 5.1.1 unknown user")]
)
async def test_a_final_no_is_marked_and_not_tried_again(
    posting: Context, postbox: Postbox, port: int, step: str, answer: str
) -> None:
    mail_id = await write(posting)
    setattr(postbox, step, answer)
    async with serving(postbox, port):
        await jobs.drain(posting)
        assert await state(posting, mail_id) == "refused"
        await an_hour_later(posting)
        await jobs.drain(posting)
    assert postbox.tries == 1
    assert postbox.mails == []


async def test_a_fault_of_our_own_set_up_waits_for_somebody_to_mend_it(
    posting: Context, postbox: Postbox, port: int
) -> None:
    mail_id = await write(posting)
    async with serving(postbox, port, auth_required=True):
        await jobs.drain(posting)  # 530: we gave no password
    assert await state(posting, mail_id) == "waiting"
    encrypted = Context(
        Settings.model_validate(posting.settings.model_dump() | {"smtp_security": "starttls"}), posting.db
    )
    await an_hour_later(posting)
    async with serving(postbox, port):
        await jobs.drain(encrypted)  # a server that knows no STARTTLS
    assert await state(posting, mail_id) == "waiting"
    await an_hour_later(posting)
    async with serving(postbox, port):
        await jobs.drain(posting)
    assert len(postbox.mails) == 1


async def test_two_carriers_send_once(posting: Context, postbox: Postbox, port: int) -> None:
    mail_id = str(await write(posting))
    postbox.hangs.clear()
    async with serving(postbox, port):
        first = asyncio.create_task(mail.deliver(posting, mail_id=mail_id))
        while not postbox.tries:
            await asyncio.sleep(0.01)
        with pytest.raises(jobs.TryAgain) as refused:
            await mail.deliver(posting, mail_id=mail_id)
        assert timedelta(0) < refused.value.wait <= mail.CLAIM + timedelta(seconds=1)
        postbox.hangs.set()
        await first
        await mail.deliver(posting, mail_id=mail_id)
    assert len(postbox.mails) == 1


async def test_a_carrier_that_died_is_followed_by_another(
    posting: Context, postbox: Postbox, port: int
) -> None:
    mail_id = await write(posting)
    postbox.hangs.clear()
    async with serving(postbox, port):
        died = asyncio.create_task(mail.deliver(posting, mail_id=str(mail_id)))
        while not postbox.tries:
            await asyncio.sleep(0.01)
        died.cancel()
        postbox.hangs.set()  # too late for the one that died
        await asyncio.gather(died, return_exceptions=True)
        assert postbox.mails == []
        await an_hour_later(posting)
        await jobs.drain(posting)
    assert len(postbox.mails) == 1
    assert await state(posting, mail_id) == "sent"


async def test_a_server_that_hangs_holds_no_connection_of_ours(
    posting: Context, postbox: Postbox, port: int
) -> None:
    postbox.hangs.clear()
    written = [str(await write(posting)) for _ in range(12)]  # twice the pool
    async with serving(postbox, port):
        carriers = [asyncio.create_task(mail.deliver(posting, mail_id=each)) for each in written]
        while postbox.tries < len(written):
            await asyncio.sleep(0.01)
        async with asyncio.timeout(5), posting.db.reading() as tx:
            assert await tx.fetchval("select 1") == 1
        postbox.hangs.set()
        await asyncio.gather(*carriers)
    assert len(postbox.mails) == 12


async def test_what_the_queue_keeps_of_a_fault_names_no_address(
    posting: Context, postbox: Postbox, port: int
) -> None:
    await write(posting)
    postbox.to_recipient = "451 mira@example.org is over quota"
    async with serving(postbox, port):
        await jobs.drain(posting)
    async with posting.db.reading() as tx:
        kept = await tx.fetch("select * from pgqueuer_log") + await tx.fetch("select * from pgqueuer")
    assert kept
    assert "mira@" not in str([tuple(row.values()) for row in kept])


async def test_mail_is_forgotten_after_a_month(context: Context) -> None:
    old, new = await write(context), await write(context)
    async with context.db.transaction() as tx:
        await tx.execute(
            "update mails set created_at = now() - $2::interval where id = $1", old, timedelta(days=31)
        )
    await jobs.run_timetable(context, "mail.forget")
    async with context.db.reading() as tx:
        assert [row["id"] for row in await mail.recent(tx)] == [new]
