"""Replies of calendar programs, in a mailbox of a real IMAP server."""

from __future__ import annotations

import asyncio
import contextlib
import imaplib
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circles.bookings import actions as booking_actions
from circles.invites.replies import actions, mailbox, rules
from circles.store.context import Context
from tests.cast import Cast, add_booking
from tests.conftest import OpenBrowser
from tests.helpers import change, free_port, person, rows, send_invites, start_in, value

USER, PASSWORD = "circles@example.org", "pass wörd"
MIRA = "mira@example.org"
MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def imap_port() -> Iterator[int]:
    """An IMAP server whose mailbox begins empty. Returns its port."""
    port = free_port()
    # Not the script beside the interpreter: it does not start from a path with a space.
    command = [sys.executable, "-c", "from pymap.main import main; main()"]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    command += [
        "--no-tls",
        "--no-service",
        "managesieve",
        "dict",
        "--demo-user",
        USER,
        "--demo-password",
        PASSWORD,
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            while True:
                assert server.poll() is None, "the IMAP server did not start"
                try:
                    imaplib.IMAP4("127.0.0.1", port).logout()
                    break
                except (OSError, imaplib.IMAP4.error):
                    time.sleep(0.05)
            yield port
        finally:
            server.kill()


@pytest.fixture
def reading(context: Context, imap_port: int, monkeypatch: pytest.MonkeyPatch) -> Context:
    """The context of a site that reads its mailbox, which is empty, and waits for a busy machine."""
    for name in ("CONNECT_SECONDS", "ANSWER_SECONDS"):
        monkeypatch.setattr(mailbox, name, 120)
    with signed_in(imap_port) as client:
        if client.select("INBOX")[1] != [b"0"]:
            client.store("1:*", "+FLAGS", r"(\Deleted)")
            client.expunge()
    given = {
        "imap_host": "127.0.0.1",
        "imap_port": imap_port,
        "imap_user": USER,
        "imap_password": PASSWORD,
        "imap_security": "none",
    }
    return replace(context, environment=type(context.settings)(**(context.settings.model_dump() | given)))


@contextmanager
def signed_in(port: int) -> Iterator[imaplib.IMAP4]:
    with imaplib.IMAP4("127.0.0.1", port) as client:
        client.authenticate("PLAIN", lambda _: f"\0{USER}\0{PASSWORD}".encode())
        yield client


def put(port: int, *mails: bytes) -> None:
    """Deliver mails into the mailbox."""
    with signed_in(port) as client:
        for mail in mails:
            client.append("INBOX", "", "", mail)


def calendar(uid: str, answer: str = "DECLINED", *, at: datetime | None = None, attendee: str = MIRA) -> str:
    stamp = (at or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
    return "\r\n".join(
        (
            *("BEGIN:VCALENDAR", "PRODID:-//Another program//EN", "VERSION:2.0", "METHOD:REPLY"),
            *("BEGIN:VEVENT", f"UID:{uid}", f"DTSTAMP:{stamp}", "SEQUENCE:0"),
            *(f"ORGANIZER:mailto:{USER}", f"ATTENDEE;CN=Mira;\r\n PARTSTAT={answer}:MAILTO:{attendee}"),
            *("DTSTART:20261201T180000Z", "END:VEVENT", "END:VCALENDAR", ""),
        )
    )


def reply(ics: str, *, sender: str = MIRA, header: str = "", tail: str = "") -> bytes:
    """A mail as calendar programs send it: a text and the calendar; tail: what comes after it."""
    head = f"From: Mira <{sender}>\r\nTo: {USER}\r\nSubject: Declined\r\n{header}MIME-Version: 1.0\r\n"
    return (
        f'{head}Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nMira has declined.\r\n"
        '--b\r\nContent-Type: text/calendar; charset="UTF-8"; method=REPLY\r\n'
        f"Content-Transfer-Encoding: base64\r\n\r\n{b64encode(ics.encode()).decode()}\r\n{tail}--b--\r\n"
    ).encode()


async def uid_of(context: Context, booking: UUID) -> str:
    return await value(
        context,
        "select uid from invites join bookings using (gathering_id, person_id) where bookings.id = $1",
        booking,
    )


@pytest.fixture
async def seat(cast: Cast) -> UUID:
    """Mira's seat in a week, with its invite sent."""
    booking = await add_booking(cast.context, cast.gathering, cast.mira, kind="paid", amount=3000)
    await send_invites(cast.context)
    return booking


async def answers(context: Context) -> list[str]:
    return [row["answer"] for row in await rows(context, "select answer from invite_replies")]


async def mails_of(context: Context) -> list[str]:
    return [
        row["text_body"] for row in await rows(context, "select text_body from mails where kind = 'declined'")
    ]


async def test_no_is_answered_with_a_button_and_frees_nothing(
    reading: Context, imap_port: int, seat: UUID
) -> None:
    put(imap_port, reply(calendar(await uid_of(reading, seat))))
    await actions.read_replies(reading)
    await actions.read_replies(reading)
    assert await answers(reading) == ["declined"]
    (text,) = await mails_of(reading)
    assert f"/bookings/{seat}/cancel" in text
    assert await value(reading, "select state from bookings where id = $1", seat) == "confirmed"
    with signed_in(imap_port) as client:
        client.select("INBOX", readonly=True)
        assert client.search(None, "SEEN")[1] == [b""], "nothing in the mailbox changes"


@pytest.mark.parametrize(
    ("answer", "words"), [("TENTATIVE", "maybe"), ("ACCEPTED", "yes"), ("DECLINED", "no")]
)
async def test_hosts_see_what_was_answered_until_the_gathering_changes(
    reading: Context, imap_port: int, seat: UUID, cast: Cast, browser: OpenBrowser, answer: str, words: str
) -> None:
    put(imap_port, reply(calendar(await uid_of(reading, seat), answer)))
    await actions.read_replies(reading)
    assert len(await mails_of(reading)) == int(answer == "DECLINED")
    badge = f"Answered {words} in their calendar"
    async with browser(cast.farid) as page:
        assert badge in (await page.get(f"/host/gatherings/{cast.gathering}")).text
        await change(reading, "update invites set changed_at = now() + interval '1 second'")
        assert badge not in (await page.get(f"/host/gatherings/{cast.gathering}")).text


async def test_what_changes_nothing_and_the_reply_after_it(
    reading: Context, imap_port: int, seat: UUID
) -> None:
    uid = await uid_of(reading, seat)
    genuine = calendar(uid)
    put(
        imap_port,
        reply(genuine, sender="somebody@else.example"),
        reply(calendar(uid, attendee="somebody@else.example")),
        reply(genuine, header="Auto-Submitted: auto-replied (vacation)\r\n"),
        reply(genuine, header="Precedence: bulk\r\n"),
        reply(genuine, header="Return-Path: <>\r\n"),
        reply(genuine, sender=USER),
        reply(genuine, header="From: Another <another@example.org>\r\n"),
        reply(genuine.replace("METHOD:REPLY", "METHOD:REQUEST")),
        reply(genuine.replace("PARTSTAT=DECLINED", "PARTSTAT=DELEGATED")),
        reply(calendar(str(uuid4()))),
        reply(genuine.replace("DTSTAMP", "X-STAMP")),
        reply(genuine.replace("\r\n", "\r\nX-LONG:" + "x" * rules.MAX_CALENDAR + "\r\n", 1)),
        reply("BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nBEGIN:VEVENT\r\nUID;=:\x00"),
        b"\xff\xfe no mail at all",
        b"From: Mira <mira@example.org>\r\nSubject: long\r\n\r\n" + b"x" * 30 * MEGABYTE,
    )
    await actions.read_replies(reading)
    assert await answers(reading) == []
    assert await mails_of(reading) == []
    put(imap_port, reply(genuine, header="Auto-Submitted: auto-generated\r\n"))
    await actions.read_replies(reading)
    assert await answers(reading) == ["declined"]


async def test_a_reply_with_a_large_file_after_it(reading: Context, imap_port: int, seat: UUID) -> None:
    attached = "--b\r\nContent-Type: image/png\r\n\r\n" + "x" * MEGABYTE + "\r\n"
    put(imap_port, reply(calendar(await uid_of(reading, seat), "TENTATIVE"), tail=attached))
    await actions.read_replies(reading)
    assert await answers(reading) == ["tentative"]


async def test_the_latest_answer_counts_whichever_arrives_last(
    reading: Context, imap_port: int, seat: UUID
) -> None:
    uid = await uid_of(reading, seat)
    now = datetime.now(UTC)
    put(imap_port, reply(calendar(uid, "TENTATIVE", at=now)))
    put(imap_port, reply(calendar(uid, "DECLINED", at=now - timedelta(hours=1))))
    await actions.read_replies(reading)
    assert await answers(reading) == ["tentative"]
    assert await mails_of(reading) == []


async def test_a_program_that_declines_again_and_again(reading: Context, imap_port: int, seat: UUID) -> None:
    uid = await uid_of(reading, seat)
    now = datetime.now(UTC)
    times = [now - timedelta(minutes=minutes) for minutes in range(2 * actions.MAX_MAILS, 0, -1)]
    put(imap_port, *(reply(calendar(uid, at=at)) for at in times))
    await actions.read_replies(reading)
    assert len(await mails_of(reading)) == actions.MAX_MAILS


@pytest.mark.parametrize("is_canceled", [True, False])
async def test_no_to_a_seat_that_is_over_needs_no_mail(
    reading: Context, imap_port: int, seat: UUID, cast: Cast, is_canceled: bool
) -> None:
    if is_canceled:
        await booking_actions.cancel(reading, await person(reading, cast.mira), seat, shown=3000)
    else:
        await start_in(reading, cast.gathering, timedelta(minutes=-10))
    put(imap_port, reply(calendar(await uid_of(reading, seat))))
    await actions.read_replies(reading)
    assert await mails_of(reading) == []


async def test_a_mailbox_that_was_made_anew_is_read_again(
    reading: Context, imap_port: int, seat: UUID
) -> None:
    put(imap_port, reply(calendar(await uid_of(reading, seat))))
    await actions.read_replies(reading)
    await change(reading, "update reply_mailboxes set validity = validity + 1, last_uid = 1000000")
    await actions.read_replies(reading)
    assert len(await mails_of(reading)) == 1
    assert await value(reading, "select last_uid < 1000000 from reply_mailboxes")


async def test_more_mails_than_one_reading_takes(
    reading: Context, imap_port: int, seat: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailbox, "MAX_MAILS", 1)
    uid = await uid_of(reading, seat)
    put(imap_port, b"Subject: hello\r\n\r\n", reply(calendar(uid)))
    for expected in ([], ["declined"]):
        await actions.read_replies(reading)
        assert await answers(reading) == expected


@pytest.mark.parametrize("fault", ["ends the connection", "hangs", "is not given"])
async def test_a_mail_that_cannot_be_fetched_keeps_no_other_from_being_read(
    reading: Context, imap_port: int, seat: UUID, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    await actions.read_replies(reading)  # beginning wherever the tests before ended
    bad = b"Subject: bad\r\n\r\n"
    put(imap_port, reply(calendar(await uid_of(reading, seat))), bad, b"Subject: after it\r\n\r\n")
    fetch = mailbox._fetch

    def faulty(client: imaplib.IMAP4, uid: int) -> bytes:
        fetched = fetch(client, uid)
        if fetched != bad:
            return fetched
        if fault == "ends the connection":
            raise imaplib.IMAP4.abort("socket error: EOF")
        if fault == "is not given":
            return fetch(client, uid * 10**12)  # no UID: the server answers BAD
        return client.readline()  # nothing comes

    monkeypatch.setattr(mailbox, "_fetch", faulty)
    if fault == "hangs":
        monkeypatch.setattr(actions, "READ_SECONDS", 1)
        monkeypatch.setattr(mailbox, "ANSWER_SECONDS", 600)  # so it is the closing that ends the wait
    readings = 0
    while not await answers(reading):
        # A reading that takes too long on a busy machine begins again.
        with contextlib.suppress(mailbox.Unreadable):
            await actions.read_replies(reading)
        readings += 1
        assert readings < 100
    if fault == "is not given":
        monkeypatch.setattr(mailbox, "_fetch", fetch)
        uid = await value(reading, "select last_uid from reply_mailboxes")
        await actions.read_replies(reading)
        assert await value(reading, "select last_uid from reply_mailboxes") == uid, "it was passed over"
    else:
        with pytest.raises(mailbox.Unreadable):
            await actions.read_replies(reading)


async def test_without_the_setting_nothing_is_read(context: Context) -> None:
    assert not rules.are_read(context.settings)
    await actions.read_replies(context)


async def test_a_server_that_is_away_hangs_or_refuses(
    reading: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def with_settings(**given: object) -> None:
        settings = reading.settings.model_copy(update=given)
        await actions.read_replies(replace(reading, environment=settings))

    with closing(socket.socket()) as deaf:
        deaf.bind(("127.0.0.1", 0))  # nobody else takes it, and it does not listen
        with pytest.raises(mailbox.Unreadable, match="ConnectionRefusedError"):
            await with_settings(imap_port=deaf.getsockname()[1])
    with pytest.raises(mailbox.Unreadable, match="error"):
        await with_settings(imap_user="nobody")
    monkeypatch.setattr(actions, "READ_SECONDS", 0.05)
    writers: list[asyncio.StreamWriter] = []
    silent = await asyncio.start_server(lambda _, writer: writers.append(writer), "127.0.0.1", 0)
    with closing(silent), pytest.raises(mailbox.Unreadable, match="TimeoutError"):
        await with_settings(imap_port=silent.sockets[0].getsockname()[1])
    for writer in writers:
        writer.close()


@given(st.binary(max_size=400) | st.text(max_size=400).map(lambda body: reply(body)))
def test_no_mail_breaks_the_reading(mail: bytes) -> None:
    assert rules.replies_of(mail, USER) == []
