"""Jobs that were given up and mail that did not arrive: seen, tried again, let be with a reason."""

from __future__ import annotations

import json
from uuid import UUID

import pytest

from circles.organizing.needs import job_words
from circles.store import jobs, templates
from tests.cast import Cast, add_booking
from tests.conftest import OpenBrowser
from tests.helpers import change, missing, rows, value
from tests.hosting.helpers import events

MAIL = (
    "insert into mails (kind, person_id, to_address, to_name, subject, text_body, html_body, message_id, state, "
    "useful_until) values ($1, $2, 'old@example.org', 'Mira', 'Tuesday group', 'Dear Mira', 'x', '<1@x>', 'refused', "
    "now() + $3 * interval '1 hour') returning id"
)


async def give_up(cast: Cast, name: str = "invites.send", **arguments: object) -> int:
    return await value(
        cast.context,
        "insert into pgqueuer (priority, status, entrypoint, payload) values (0, 'failed', $1, $2) returning id",
        name,
        json.dumps(arguments, default=str).encode(),
    )


async def undelivered(cast: Cast, kind: str = "invite", hours: int = 5) -> UUID:
    return await value(cast.context, MAIL, kind, cast.mira, hours)


async def test_a_job_is_listed_in_words_and_tried_again(cast: Cast, browser: OpenBrowser) -> None:
    booking = await add_booking(cast.context, cast.gathering, cast.mira)
    job = await give_up(cast, booking_id=booking)
    await give_up(cast, "of.yesterday", what=[1, None])
    async with browser(cast.odile) as page:
        shown = (await page.get("/organize/jobs")).text
        assert not missing(
            shown, "Composing an invite for a booking", "Mira, First steps home", "Of yesterday"
        )
        for notice in ("A worker tries it again now.", "already"):
            answer = await page.post("/organize/jobs/retry", data={"job": str(job)})
            assert answer.headers["Location"] == "/organize/jobs"
            assert notice in (await page.get("/organize/jobs")).text
        assert "Mira, First" not in (await page.get("/organize/jobs")).text
    await jobs.drain(cast.context)
    assert await value(cast.context, "select count(*) from mails where kind = 'invite'") == 1
    (event,) = await events(cast.context, "job.retried")
    assert (event["who"], event["details"]) == (cast.odile, {"job": "invites.send", "id": job})


async def test_a_job_is_let_be_with_a_reason(cast: Cast, browser: OpenBrowser) -> None:
    job = await give_up(cast, booking_id=cast.circle)
    async with browser(cast.odile) as page:
        refused = await page.post("/organize/jobs/drop", data={"job": str(job), "reason": " "})
        assert refused.status_code == 422
        assert "First steps home" in refused.text
        await page.post("/organize/jobs/drop", data={"job": str(job), "reason": "The booking is gone."})
        assert "No job was given up" in (await page.get("/organize/jobs")).text
        for odd in ("x", "-1", "9" * 30, ""):
            assert (await page.post("/organize/jobs/retry", data={"job": odd})).status_code == 404
    (event,) = await events(cast.context, "job.dropped")
    assert event["why"] == "The booking is gone."


async def test_a_job_that_waits_is_left_alone(cast: Cast, browser: OpenBrowser) -> None:
    job = await give_up(cast)
    await change(cast.context, "update pgqueuer set status = 'queued', attempts = 3")
    async with browser(cast.odile) as page:
        for verb in ("retry", "drop"):
            await page.post(f"/organize/jobs/{verb}", data={"job": str(job), "reason": "No"})
    assert await value(cast.context, "select attempts from pgqueuer") == 3
    assert await value(cast.context, "select count(*) from events where what like 'job.%'") == 0


async def test_a_mail_is_sent_again_to_the_address_that_they_have_now(
    cast: Cast, browser: OpenBrowser
) -> None:
    mail = await undelivered(cast)
    async with browser(cast.odile) as page:
        shown = (await page.get("/organize/mail")).text
        assert not missing(
            shown, "An invite", "Mira", "They have another address by now.", "Send to the new address"
        )
        assert not [word for word in ("old@example.org", "Dear Mira", "Tuesday group") if word in shown]
        for _ in range(2):
            assert (await page.post(f"/organize/mail/{mail}/again")).status_code == 303
        assert "All mail arrived" in (await page.get("/organize/mail")).text
    await jobs.drain(cast.context)
    sent = await rows(
        cast.context, "select to_address, state, text_body, message_id from mails order by created_at"
    )
    assert [(row["to_address"], row["state"]) for row in sent] == [
        ("old@example.org", "refused"),
        ("mira@example.org", "sent"),
    ]
    assert sent[1]["text_body"] == "Dear Mira"
    assert sent[1]["message_id"] != sent[0]["message_id"]
    assert [event["details"] for event in await events(cast.context, "mail.sent_again")] == [
        {"kind": "invite"}
    ]


async def test_a_mail_that_is_of_no_use_is_only_let_be(cast: Cast, browser: OpenBrowser) -> None:
    mail = await undelivered(cast, hours=-1)
    async with browser(cast.odile) as page:
        assert "of no use any more" in (await page.get("/organize/mail")).text
        assert (await page.post(f"/organize/mail/{mail}/again")).status_code == 422
        refused = await page.post(f"/organize/mail/{mail}/leave", data={"reason": ""})
        assert refused.status_code == 422
        await page.post(f"/organize/mail/{mail}/leave", data={"reason": "It is over."})
        assert "All mail arrived" in (await page.get("/organize/mail")).text
    assert await value(cast.context, "select settled_reason from mails") == "It is over."
    assert await value(cast.context, "select settled_by from mails") == cast.odile


@pytest.mark.parametrize("kind", ["introduction_asked", "suggestion", "complaint_answer", "of_tomorrow"])
async def test_what_members_ask_in_confidence_is_not_named(
    cast: Cast, browser: OpenBrowser, kind: str
) -> None:
    await undelivered(cast, kind)
    async with browser(cast.odile) as page:
        shown = (await page.get("/organize/mail")).text
    assert "A mail in confidence" in shown
    assert kind not in shown


async def test_others_neither_see_nor_do_it(cast: Cast, browser: OpenBrowser) -> None:
    job, mail = await give_up(cast), await undelivered(cast)
    for person in (cast.mira, cast.farid):
        async with browser(person) as page:
            for path in ("/organize/jobs", "/organize/mail"):
                assert (await page.get(path)).status_code == 404
            for path in ("jobs/retry", "jobs/drop", f"mail/{mail}/again", f"mail/{mail}/leave"):
                answer = await page.post(f"/organize/{path}", data={"job": str(job), "reason": "Because"})
                assert answer.status_code == 404
    assert await value(cast.context, "select count(*) from pgqueuer where status = 'failed'") == 1


def test_every_job_has_words() -> None:
    practice = {name for name in jobs._tasks if ".practice_" in name}  # pyright: ignore[reportPrivateUsage]
    # Other tests declare jobs in this process too.
    practice |= {name for name in jobs._tasks if name.startswith("test.")}  # pyright: ignore[reportPrivateUsage]
    unnamed = jobs._tasks.keys() - practice - job_words._JOBS.keys()  # pyright: ignore[reportPrivateUsage]
    assert unnamed == set()


def test_every_mail_has_words_or_is_in_confidence() -> None:
    kinds = {path.stem for path in (templates.ROOT / "templates/mail").glob("*.txt")}
    confidential = {
        "introduction_asked",
        "introduction_news",
        "introduction_over",
        "suggestion",
        "request",
    } | {"concern_answer", "complaint_answer"}
    named = job_words._MAILS.keys()  # pyright: ignore[reportPrivateUsage]
    assert kinds - named - confidential == {"_booking", "_receipts", "base"}
    assert not named & confidential
