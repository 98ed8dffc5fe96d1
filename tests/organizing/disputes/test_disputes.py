"""Disputes over HTTP and at the look-alike: told once, evidence as shown, accepted, refused, the deadline."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from circles.commands import personal_data
from circles.organizing.disputes import actions
from circles.payments.refunds import answering
from circles.practice.stripe import disputes as look_alike
from circles.practice.stripe import faults
from circles.store import audit
from tests.bookings import helpers
from tests.bookings.helpers import Scene, paid_seat
from tests.conftest import Browser, OpenBrowser

scene = helpers.scene
Drain = Callable[[], Any]


@pytest_asyncio.fixture
async def odile(scene: Scene, browser: OpenBrowser) -> AsyncIterator[Browser]:
    async with browser(scene.cast.odile) as page:
        yield page


async def disputed(scene: Scene, drain: Drain, *, inquiry: bool = False) -> tuple[str, UUID]:
    """Mira pays $45, and her bank disputes it."""
    booking = await paid_seat(scene, scene.cast.mira, drain)
    intent = await scene.value("select payment_intent from checkouts where booking_id = $1", booking)
    async with scene.context.db.transaction() as tx:
        body = await look_alike.open_dispute(tx, intent, inquiry=inquiry)
    await drain()
    return body["id"], booking


async def state(scene: Scene, dispute: str) -> str:
    return await scene.value("select state from disputes where stripe_id = $1", dispute)


async def told(scene: Scene) -> list[str]:
    async with scene.context.db.reading() as tx:
        rows = await tx.fetch(
            "select text_body from mails "
            "where kind = 'organizers_todo' and text_body like '%disput%' order by created_at"
        )
    return [row["text_body"] for row in rows]


def hidden(page: str, name: str) -> str:
    match = re.search(f'name="{name}" value="([^"]*)"', page)
    assert match
    return match[1]


async def test_evidence_leaves_as_it_was_shown_and_once(scene: Scene, odile: Browser, drain: Drain) -> None:
    dispute, _ = await disputed(scene, drain)
    path = f"/organize/disputes/{dispute}"
    assert path in (await odile.get("/organize/disputes")).text
    page = (await odile.get(path)).text
    assert "did not make the payment" in page
    assert "Guidelines" in page
    answer = await odile.post(
        f"{path}/preview", data={"parts": ["story", "agreement"], "words": "She wrote."}
    )
    assert "Tuesday group" in answer.text
    assert "First steps home" not in answer.text[answer.text.index("<h1") :]
    assert "Mira" not in answer.text[answer.text.index("<h1") :]
    sent = {"parts": "story,agreement", "words": "She wrote.", "shown": hidden(answer.text, "shown")}
    changed = await odile.post(f"{path}/answer", data=sent | {"words": "Something else."})
    assert changed.status_code == 422
    assert "Something changed since you looked" in changed.text
    assert (await odile.post(f"{path}/answer", data=sent)).status_code == 303
    assert (await odile.post(f"{path}/answer", data=sent)).status_code == 422
    await drain()
    assert await state(scene, dispute) == "under_review"
    body = await scene.value("select body from practice_objects where id = $1", dispute)
    assert body["evidence_details"]["submission_count"] == 1
    assert body["evidence"]["uncategorized_text"].endswith("She wrote.")
    assert "customer_name" not in body["evidence"]
    assert (
        await scene.count("events where what = 'dispute.evidence_sent' and who = $1", scene.cast.odile) == 1
    )
    after = (await odile.get(path)).text
    assert "Stripe has it" in after
    assert "Show what would leave" not in after


@pytest.mark.parametrize("fault", ["timeout", "500"])
async def test_an_answer_without_a_clear_one_is_sent_again_with_its_key(
    scene: Scene, odile: Browser, drain: Drain, fault: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispute, _ = await disputed(scene, drain)
    monkeypatch.setattr("circles.payments.gateway.RETRIES", 0)
    async with scene.context.db.transaction() as tx:
        await faults.plan(tx, "close_dispute", fault, after_effect=True, times=5)
    path = f"/organize/disputes/{dispute}"
    wish = {"reason": "They are right.", "confirmed": "on"}
    assert (await odile.post(f"{path}/accept", data=wish)).status_code == 303
    await drain()
    await scene.value("delete from practice_faults returning id")
    await scene.value("update dispute_answers set asked_at = now() - interval '1 hour' returning id")
    await answering.send_due_answers(scene.context)
    await drain()
    assert await scene.value("select state from dispute_answers") == "done"
    assert await state(scene, dispute) == "lost"


async def test_what_stripe_refuses_is_said_and_can_be_sent_anew(
    scene: Scene, odile: Browser, drain: Drain
) -> None:
    dispute, _ = await disputed(scene, drain)
    path = f"/organize/disputes/{dispute}"
    async with scene.context.db.transaction() as tx:
        await look_alike.pass_deadline(tx, dispute)  # and no webhook of it was read yet
    assert (await odile.post(f"{path}/accept", data={"reason": "Late", "confirmed": "on"})).status_code == 303
    await answering.send_answer(
        scene.context, answer_id=str(await scene.value("select id from dispute_answers"))
    )
    assert await scene.value("select state from dispute_answers") == "failed"
    assert "Stripe refused it" in (await odile.get(path)).text
    await drain()
    assert await state(scene, dispute) == "lost"


async def test_organizers_are_told_once_when_it_opens_is_due_and_ends(scene: Scene, drain: Drain) -> None:
    dispute, _ = await disputed(scene, drain)
    await actions.tell(scene.context)
    assert len(await told(scene)) == 1
    await scene.value("update disputes set answer_by = now() + interval '2 days' returning stripe_id")
    for _ in range(2):
        await actions.tell(scene.context)
    assert len(await told(scene)) == 2
    async with scene.context.db.transaction() as tx:
        await look_alike.close_dispute(tx, dispute, "won")
    await drain()
    await actions.tell(scene.context)
    mails = await told(scene)
    assert len(mails) == 3
    assert "was won" in mails[-1]
    assert not [text for text in mails if "Tuesday group" in text or "Mira" in text]


async def test_a_bank_that_asks_is_answered_and_a_member_never_sees_the_page(
    scene: Scene, odile: Browser, browser: OpenBrowser, drain: Drain
) -> None:
    dispute, booking = await disputed(scene, drain, inquiry=True)
    path = f"/organize/disputes/{dispute}"
    assert "Accept the dispute" not in (await odile.get(path)).text
    text = await odile.get(f"{path}/evidence.txt")
    assert text.headers["content-disposition"].startswith("attachment")
    assert "Tuesday group" in text.text
    assert (await odile.post(f"{path}/preview", data={"words": ""})).status_code == 422
    for words in ("the ketamine circle", "x" * 3001, "They wrote\0"):
        refused = await odile.post(f"{path}/preview", data={"parts": "story", "words": words})
        assert refused.status_code == 422
        assert words[:10] in refused.text
    assert (await odile.get("/organize/disputes/du_none")).status_code == 404
    async with browser(scene.cast.mira) as mira:
        assert (await mira.get(path)).status_code == 404
        assert (await mira.get(f"/bookings/{booking}")).status_code == 200


async def test_what_left_about_a_member_is_in_no_export_but_theirs(
    scene: Scene, odile: Browser, drain: Drain
) -> None:
    """Nor is why a dispute was accepted in theirs: it is for the organizers, and ends with an erasure."""
    dispute, _ = await disputed(scene, drain)
    path = f"/organize/disputes/{dispute}"
    parts = {"parts": "story,name,address", "words": ""}
    shown = hidden((await odile.post(f"{path}/preview", data=parts)).text, "shown")
    assert (await odile.post(f"{path}/answer", data=parts | {"shown": shown})).status_code == 303
    await scene.value("update dispute_answers set state = 'done', done_at = now() returning id")
    wish = {"reason": "They sounded unwell.", "confirmed": "on"}
    assert (await odile.post(f"{path}/accept", data=wish)).status_code == 303
    organizer = str(await personal_data.export(scene.context, "odile@example.org"))
    assert "mira@example.org" not in organizer
    own = await personal_data.export(scene.context, "mira@example.org")
    requests = [answer["request"] for answer in own["dispute_answers"]]
    assert "mira@example.org" in [one.get("customer_email_address") for one in requests]
    assert "They sounded unwell." not in str(own)
    async with scene.context.db.transaction() as tx:
        await audit.erase_reasons(tx, scene.cast.mira)
    assert await scene.value("select why from events where what = 'dispute.accepted'") == ""
