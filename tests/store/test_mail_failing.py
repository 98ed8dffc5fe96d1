"""Mail that fails: what a server's answer means, how long a mail waits, and that codes never wait for others."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import aiosmtplib
import pytest
from starlette.applications import Starlette

from circles.store import jobs, mail, smtp
from circles.store.context import Context
from circles.store.queue.worker import GROUPS
from tests.cast import Cast
from tests.conftest import Browser
from tests.helpers import change, rows, value
from tests.store.postbox import Postbox, an_hour_later, serving, state, write

# (where it is answered, the answer, what it says about the recipient). RCPT unless said otherwise.
ANSWERS = [
    # The recipient's: no such mailbox, domain or address.
    ("rcpt", "550 5.1.1 The email account that you tried to reach does not exist", "refused"),
    ("rcpt", "550 5.1.1 <mira@example.org>: Recipient address rejected: User unknown", "refused"),
    ("rcpt", "553 5.1.2 We weren't able to find the recipient domain", "refused"),
    ("rcpt", "501 5.1.3 Bad recipient address syntax", "refused"),
    ("rcpt", "550 5.1.4 ambiguous", "refused"),
    ("rcpt", "551 5.1.6 has moved", "refused"),
    ("rcpt", "556 5.1.10 Recipient address has a null MX", "refused"),
    ("rcpt", "550 #5.1.0 Address rejected.", "refused"),
    ("rcpt", "550 5.2.1 The email account that you tried to reach is disabled", "refused"),
    ("rcpt", "550 5.2.0 mailbox unavailable", "refused"),
    ("rcpt", "550 5.7.17 mailbox owner has changed", "refused"),
    ("data", "550 5.1.1 User unknown", "refused"),
    ("data", "554 5.2.1 mailbox disabled, not accepting messages", "refused"),
    ("rcpt", "556 domain does not accept mail", "refused"),
    # Without an enhanced code the text decides.
    ("rcpt", "550 no such user here", "refused"),
    ("rcpt", "550 Unknown user", "refused"),
    ("rcpt", "550 Requested action not taken: mailbox unavailable", "refused"),
    ("rcpt", "550 mira@example.org... User unknown", "refused"),
    ("rcpt", "550 Unrouteable address", "refused"),
    ("rcpt", "550 mailbox not found", "refused"),
    ("rcpt", "551 User not local", "refused"),
    ("rcpt", "550 relaying denied", "later"),
    ("rcpt", "550 relay not permitted for this address: unknown sender", "later"),
    ("rcpt", "550 Domain example.org has exceeded the max emails per hour (50/50) allowed", "later"),
    ("rcpt", "550 Address rejected by policy", "later"),
    ("rcpt", "550 Sender verify failed: unknown user", "later"),
    ("rcpt", "550", "later"),
    ("rcpt", "550 no", "later"),
    ("rcpt", "552 exceeded storage allocation", "later"),
    ("rcpt", "554 no SMTP service here", "later"),
    ("rcpt", "503 bad sequence of commands", "later"),
    ("data", "554 transaction failed", "later"),
    # The provider's: quota, verification, relaying, policy, reputation.
    ("rcpt", "550 5.4.5 Daily user sending limit exceeded", "later"),
    ("data", "550 5.4.5 Daily sending quota exceeded", "later"),
    ("rcpt", "554 5.7.1 Email address is not verified", "later"),
    ("data", "554 5.7.1 not verified", "later"),
    ("rcpt", "550 5.7.1 relaying denied", "later"),
    ("rcpt", "554 5.7.1 <mira@example.org>: Relay access denied", "later"),
    ("rcpt", "550 5.7.1 Service unavailable; client host blocked", "later"),
    ("data", "550 5.7.26 unauthenticated mail is prohibited", "later"),
    ("data", "552 5.7.0 content refused", "later"),
    ("data", "552 5.3.4 Message size exceeds fixed limit", "later"),
    ("rcpt", "552 5.2.3 message too long for this mailbox", "later"),
    ("data", "554 5.6.0 message content refused", "later"),
    ("rcpt", "550 5.3.0 other mail system status", "later"),
    ("rcpt", "550 5.3.2 System not accepting network messages", "later"),
    ("rcpt", "550 5.4.1 no answer from host", "later"),
    ("rcpt", "554 5.4.6 routing loop", "later"),
    ("rcpt", "452 4.5.3 too many recipients", "later"),
    ("rcpt", "550 5.5.1 invalid command", "later"),
    # Of the sender, though it is answered to RCPT (as Postfix does).
    ("rcpt", "550 5.1.0 <circles@example.org>: Sender address rejected: User unknown", "later"),
    ("rcpt", "553 5.1.8 Sender address rejected: Domain not found", "later"),
    ("rcpt", "550 5.1.7 bad sender address syntax", "later"),
    # A full mailbox passes, whichever class is given (RFC 3463, 3.3).
    ("rcpt", "552 5.2.2 mailbox full", "full"),
    ("rcpt", "452 4.2.2 The email account that you tried to reach is over quota", "full"),
    # Transient by one of the two codes.
    ("rcpt", "450 4.2.0 Greylisted", "later"),
    ("rcpt", "451 5.1.1 unknown user", "later"),
    ("rcpt", "550 4.1.1 unknown user", "later"),
    ("rcpt", "421 4.7.0 too many connections", "later"),
    # Before the recipient is named, nothing speaks of them.
    ("mail", "550 5.1.1 unknown user", "later"),
    ("mail", "550 5.1.8 sender domain does not exist", "later"),
    ("mail", "552 5.3.4 message size exceeds limit", "later"),
    ("mail", "553 unknown user", "later"),
]


def error_of(step: str, answer: str) -> Exception:
    code, text = int(answer[:3]), answer[4:]
    if step == "mail":
        return aiosmtplib.SMTPSenderRefused(code, text, "circles@example.org")
    if step == "data":
        return aiosmtplib.SMTPDataError(code, text)
    return aiosmtplib.SMTPRecipientsRefused([aiosmtplib.SMTPRecipientRefused(code, text, "mira@example.org")])


@pytest.mark.parametrize(("step", "answer", "expected"), ANSWERS)
def test_an_answer_is_final_only_where_it_speaks_of_the_recipient(
    step: str, answer: str, expected: str
) -> None:
    assert smtp.verdict(error_of(step, answer), "mira@example.org") == expected


@pytest.mark.parametrize(
    "error",
    [
        aiosmtplib.SMTPConnectResponseError(554, "5.1.1 no user of this service"),
        aiosmtplib.SMTPHeloError(550, "5.1.1 unknown"),
        aiosmtplib.SMTPAuthenticationError(535, "5.1.1 unknown user"),
        aiosmtplib.SMTPResponseException(550, "5.1.1 unknown user"),
        aiosmtplib.SMTPServerDisconnected("Connection lost"),
        aiosmtplib.SMTPReadTimeoutError("Timed out"),
        aiosmtplib.SMTPNotSupported("SMTPUTF8 is not supported by this server"),
        ConnectionRefusedError(),
        TimeoutError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_comes_before_the_recipient_is_never_theirs(error: Exception) -> None:
    assert smtp.verdict(error, "mira@example.org") == "later"


def test_an_address_in_another_script_is_refused_where_the_server_cannot_carry_it() -> None:
    for error in (
        aiosmtplib.SMTPNotSupported("SMTPUTF8 is not supported by this server"),
        error_of("rcpt", "550 5.6.7 non-ASCII addresses not permitted"),
    ):
        assert smtp.verdict(error, "jürgen@example.org") == "refused"
        assert smtp.verdict(error, "jurgen@example.org") == "later"


# A server that answers so


@pytest.mark.parametrize(
    ("step", "answer"),
    [
        ("to_recipient", "550 5.4.5 Daily sending quota exceeded"),
        ("to_recipient", "554 5.7.1 Email address is not verified"),
        ("to_recipient", "550 5.7.1 relaying denied"),
        ("to_data", "550 5.4.5 Daily sending quota exceeded"),
        ("to_data", "552 5.3.4 message too big"),
        ("to_sender", "550 5.1.8 sender domain not found"),
        ("to_sender", "421 4.3.2 shutting down"),
    ],
)
async def test_a_quota_is_waited_for_and_the_mail_arrives(
    posting: Context, postbox: Postbox, port: int, step: str, answer: str
) -> None:
    mail_id = await write(posting)
    setattr(postbox, step, answer)
    async with serving(postbox, port):
        for _ in range(3):
            await jobs.drain(posting)
            assert await state(posting, mail_id) == "waiting"
            await an_hour_later(posting)
        assert await unreached(posting) == {}
        setattr(postbox, step, "250 OK")
        await jobs.drain(posting)
    assert await state(posting, mail_id) == "sent"
    assert len(postbox.mails) == 1


@contextlib.asynccontextmanager
async def greeting(port: int, first_line: str) -> AsyncIterator[None]:
    """A server that says one line, if any, and closes the connection."""

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(first_line.encode())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    async with server:
        yield


@pytest.mark.parametrize(
    "line", ["", "554 5.1.1 no\r\n", "421 busy\r\n", "521 5.3.2 no mail here\r\n", "HTTP\r\n"]
)
async def test_a_server_that_turns_us_away_says_nothing_of_the_recipient(
    posting: Context, port: int, line: str
) -> None:
    mail_id = await write(posting)
    async with greeting(port, line):
        await jobs.drain(posting)
    assert await state(posting, mail_id) == "waiting"
    assert await unreached(posting) == {}


async def unreached(context: Context) -> dict[str, str]:
    found = await rows(context, "select address, because from unreached_addresses")
    return {row["address"]: row["because"] for row in found}


async def test_a_refusal_is_noted_until_a_later_mail_is_accepted(
    posting: Context, postbox: Postbox, port: int
) -> None:
    postbox.to_recipient = "550 5.1.1 unknown user"
    mail_id = await write(posting, to="mira@example.org")
    async with serving(postbox, port):
        await jobs.drain(posting)
        assert await state(posting, mail_id) == "refused"
        assert await unreached(posting) == {"mira@example.org": "refused"}
        postbox.to_recipient = "250 OK"
        await write(posting, to="Mira@example.org")
        await jobs.drain(posting)
    assert await unreached(posting) == {}


async def test_a_full_mailbox_is_noted_and_its_mail_waits(
    posting: Context, postbox: Postbox, port: int
) -> None:
    postbox.to_recipient = "552 5.2.2 mailbox full"
    mail_id = await write(posting)
    async with serving(postbox, port):
        await jobs.drain(posting)
        assert await state(posting, mail_id) == "waiting"
        assert await unreached(posting) == {"mira@example.org": "full"}
        postbox.to_recipient = "250 OK"
        await an_hour_later(posting)
        await jobs.drain(posting)
    assert await state(posting, mail_id) == "sent"
    assert await unreached(posting) == {}


# How long a mail waits


async def test_after_five_days_a_mail_is_given_up_and_its_address_noted(
    posting: Context, postbox: Postbox, port: int
) -> None:
    mail_id = await write(posting)
    await change(posting, "update mails set created_at = now() - interval '119 hours'")
    await jobs.drain(posting)
    assert await state(posting, mail_id) == "waiting"
    await change(posting, "update mails set created_at = now() - interval '121 hours'")
    await an_hour_later(posting)
    async with serving(postbox, port):
        await jobs.drain(posting)
    assert await state(posting, mail_id) == "expired"
    assert postbox.tries == 0
    assert await unreached(posting) == {"mira@example.org": "expired"}
    assert await value(posting, "select count(*) from pgqueuer") == 0


async def test_a_mail_is_not_sent_once_its_gathering_is_over(
    posting: Context, postbox: Postbox, port: int
) -> None:
    over = datetime.now(UTC) - timedelta(minutes=1)
    late = await write(posting, useful_until=over)
    timely = await write(posting, to="milo@example.org", useful_until=over + timedelta(hours=1))
    async with serving(postbox, port):
        await jobs.drain(posting)
    assert (await state(posting, late), await state(posting, timely)) == ("expired", "sent")
    assert postbox.recipients == ["milo@example.org"]


async def test_a_mail_whose_job_is_gone_is_enqueued_again_once(
    posting: Context, postbox: Postbox, port: int
) -> None:
    lost, kept = await write(posting), await write(posting, to="milo@example.org")
    await change(posting, "update mails set created_at = now() - interval '2 hours'")
    await change(posting, "delete from pgqueuer where convert_from(payload, 'UTF8') like $1", f"%{lost}%")
    for _ in range(2):
        await jobs.run_timetable(posting, "mail.requeue")
        assert await value(posting, "select count(*) from pgqueuer") == 2
    async with serving(postbox, port):
        await jobs.drain(posting)
    assert {await state(posting, mail_id) for mail_id in (lost, kept)} == {"sent"}


async def test_addresses_that_nobody_has_are_forgotten(context: Context, cast: Cast) -> None:
    for address in ("nobody@example.org", "mira@example.org"):
        await change(
            context,
            "insert into unreached_addresses values ($1, 'refused', now() - interval '2 days')",
            address,
        )
    await jobs.run_timetable(context, "mail.forget_unreached")
    assert await unreached(context) == {"mira@example.org": "refused"}


# Sign-in codes


async def test_a_code_goes_while_every_other_mail_hangs(
    posting: Context, postbox: Postbox, port: int, app: Starlette
) -> None:
    for _ in range(30):  # more than the worker does at once
        await write(posting, to="hang@example.org")
    stop = asyncio.Event()
    async with serving(postbox, port):
        postbox.hanging = {"hang@example.org"}
        worker = asyncio.create_task(jobs.work(posting, stop))
        async with asyncio.timeout(20):
            while postbox.tries < mail.AT_ONCE:
                await asyncio.sleep(0.02)
            async with Browser(app) as page:
                await page.post("/sign-in", data={"email": "mira@example.org"})
            while postbox.recipients != ["mira@example.org"]:
                await asyncio.sleep(0.02)
        assert postbox.tries == mail.AT_ONCE + 1
        postbox.hanging = set()
        stop.set()
        await worker


async def test_a_code_goes_while_jobs_that_hang_fill_the_worker(
    posting: Context, postbox: Postbox, port: int, app: Starlette
) -> None:
    name, hung, released = f"test.{uuid4().hex}", 0, asyncio.Event()

    async def hang(_: Context) -> None:
        nonlocal hung
        hung += 1
        await released.wait()

    jobs.job(name)(hang)
    async with posting.db.transaction() as tx:
        for _ in range(30):
            await jobs.enqueue(tx, name)
    stop = asyncio.Event()
    worker = asyncio.create_task(jobs.work(posting, stop))
    try:
        async with serving(postbox, port), asyncio.timeout(30):
            while hung < GROUPS["other"]:  # all that the worker runs of this group at once
                await asyncio.sleep(0.02)
            async with Browser(app) as page:
                await page.post("/sign-in", data={"email": "mira@example.org"})
            while not postbox.recipients:
                await asyncio.sleep(0.02)
    finally:
        released.set()
        stop.set()
        await worker
        del jobs._tasks[name]


async def test_a_code_is_taken_before_mail_that_was_written_earlier(
    posting: Context, postbox: Postbox, port: int, app: Starlette
) -> None:
    for _ in range(12):
        await write(posting, to="milo@example.org")
    async with Browser(app) as page:
        await page.post("/sign-in", data={"email": "mira@example.org"})
    async with serving(postbox, port):
        await jobs.drain(posting)
    assert len(postbox.recipients) == 13
    assert "mira@example.org" in postbox.recipients[:10]


async def test_an_expired_code_is_not_sent(
    posting: Context, postbox: Postbox, port: int, app: Starlette
) -> None:
    async with Browser(app) as page:
        await page.post("/sign-in", data={"email": "mira@example.org"})
    await jobs.drain(posting)  # nobody answers
    assert [row["state"] for row in await rows(posting, "select state from mails")] == ["waiting"]
    await change(posting, "update mails set useful_until = useful_until - interval '1 day'")
    await an_hour_later(posting)
    async with serving(postbox, port):
        await jobs.drain(posting)
    assert [row["state"] for row in await rows(posting, "select state from mails")] == ["expired"]
    assert postbox.tries == 0
    assert await unreached(posting) == {}


async def test_a_code_that_a_newer_one_replaced_is_not_sent(
    posting: Context, postbox: Postbox, port: int, app: Starlette
) -> None:
    async with Browser(app) as page:
        for _ in range(2):
            await page.post("/sign-in", data={"email": "mira@example.org"})
    async with serving(postbox, port):
        await jobs.drain(posting)
    states = [row["state"] for row in await rows(posting, "select state from mails order by created_at")]
    assert states == ["expired", "sent"]
    assert len(postbox.mails) == 1


async def test_a_code_enqueued_by_an_older_release_still_goes(
    posting: Context, postbox: Postbox, port: int, app: Starlette
) -> None:
    async with Browser(app) as page:
        await page.post("/sign-in", data={"email": "mira@example.org"})
    await change(posting, "update pgqueuer set entrypoint = 'mail.deliver', priority = 0")
    await change(posting, "update mails set useful_until = null")
    async with serving(postbox, port):
        await jobs.drain(posting)
    assert len(postbox.mails) == 1


# /healthz

# The next try of every mail is not due yet.
LATER = "update pgqueuer set execute_after = now() + interval '1 day'"


@pytest.mark.parametrize(
    ("minutes", "text", "status"),
    [
        (14, "well", 200),
        (50, "the oldest waiting mail (invite) has waited 50 minutes", 200),
        (61, "the oldest waiting mail (invite) has waited 61 minutes", 503),
        (60 * 30, "the oldest waiting mail (invite) has waited 30 hours", 503),
        (60 * 24 * 3, "the oldest waiting mail (invite) has waited 3 days", 503),
    ],
)
async def test_the_oldest_waiting_mail_shows_in_the_health_check(
    posting: Context, app: Starlette, minutes: int, text: str, status: int
) -> None:
    await write(posting)
    await change(posting, LATER)
    await change(posting, "update mails set created_at = now() - make_interval(mins => $1)", minutes)
    async with Browser(app) as page:
        answer = await page.get("/healthz")
        assert answer.json() | {"mail": text} == answer.json()
        assert answer.json()["state"] == ("well" if status == 200 else "not well")
        assert answer.status_code == status
    assert "@" not in answer.text


async def test_one_full_mailbox_does_not_fail_the_health_check(posting: Context, app: Starlette) -> None:
    stuck, sent = await write(posting), await write(posting)
    await change(posting, LATER)
    await change(posting, "update mails set created_at = now() - interval '2 hours' where id = $1", stuck)
    await change(posting, "update mails set state = 'sent', sent_at = now() where id = $1", sent)
    async with Browser(app) as page:
        answer = await page.get("/healthz")
    assert answer.status_code == 200
    assert answer.json()["mail"] == "the oldest waiting mail (invite) has waited 2 hours"
