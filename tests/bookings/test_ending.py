"""Letting a held seat go, canceling a booking, and gatherings that are canceled, on a real database."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from starlette.applications import Starlette

from circles.base.errors import NotFound, Refused
from circles.bookings import actions
from circles.practice.stripe import disputes
from circles.store import jobs
from tests.bookings import helpers
from tests.bookings.helpers import Scene, cancel_gathering, paid_seat
from tests.cast import add_booking
from tests.conftest import Browser, OpenBrowser

scene, mira = helpers.scene, helpers.mira


# Letting go


async def test_coming_back_by_cancel_offers_both_ways(scene: Scene, mira: Browser) -> None:
    booking = await scene.book(scene.cast.mira)
    page = await mira.get(f"/bookings/{booking.id}/stopped")
    assert "Your seat is still held" in page.text
    assert f"/bookings/{booking.id}/pay" in page.text
    on = await mira.get(f"/bookings/{booking.id}/pay")
    assert on.headers["location"] == booking.checkout_url


async def test_letting_go_frees_the_seat_for_somebody_else(scene: Scene, mira: Browser) -> None:
    await scene.fill(scene.cast.gathering, 7)
    booking = await scene.book(scene.cast.mira)
    with pytest.raises(Refused):
        await scene.book(scene.cast.milo)
    answer = await mira.post(f"/bookings/{booking.id}/let-go")
    assert answer.headers["location"] == f"/bookings/{booking.id}"
    page = await mira.get(answer.headers["location"])
    assert "Nothing was charged" in page.text
    assert "Book again" in page.text
    row = await scene.row(booking.id)
    assert (row["state"], row["end_cause"]) == ("lapsed", "let_go")
    assert (await scene.book(scene.cast.milo)).seat == booking.seat
    # What was let go can no longer be paid.
    assert (await mira.get(f"/bookings/{booking.id}/pay")).headers["location"] == f"/bookings/{booking.id}"


async def test_letting_go_what_was_paid_meanwhile_keeps_the_seat(scene: Scene, mira: Browser) -> None:
    booking = await scene.book(scene.cast.mira)
    await scene.pay(booking.id)
    await mira.post(f"/bookings/{booking.id}/let-go")
    assert (await scene.row(booking.id))["state"] == "confirmed"
    page = await mira.get(f"/bookings/{booking.id}")
    assert "paid for already" in page.text


async def test_letting_go_without_stripe_frees_the_seat_once_it_answers(
    scene: Scene, mira: Browser, app: Starlette, drain: Callable[[], Any]
) -> None:
    booking = await scene.book(scene.cast.mira)
    closed = scene.context.settings.model_copy(update={"stripe_api_base": "http://127.0.0.1:9"})
    app.state.context = replace(scene.context, environment=closed)
    answer = await mira.post(f"/bookings/{booking.id}/let-go")
    assert (await scene.row(booking.id))["state"] == "held"
    page = await mira.get(answer.headers["location"])
    assert "let go as soon as it can be" in page.text
    await jobs.run_timetable(scene.context, "bookings.lapse")
    assert await scene.count("pgqueuer") == 0, "the call of the page itself may be under way"
    await scene.value("update bookings set let_go_at = now() - interval '2 minutes'")
    app.state.context = scene.context
    await jobs.run_timetable(scene.context, "bookings.lapse")
    await drain()
    row = await scene.row(booking.id)
    assert (row["state"], row["end_cause"], await scene.seats()) == ("lapsed", "let_go", 0)


async def test_a_seat_let_go_by_a_process_that_died_is_freed(scene: Scene, drain: Callable[[], Any]) -> None:
    """It ended between its commit and the call to Stripe."""
    booking = await scene.book(scene.cast.mira)
    await scene.value("update bookings set let_go_at = now() - interval '2 minutes'")
    await jobs.run_timetable(scene.context, "bookings.lapse")
    await drain()
    assert (await scene.row(booking.id))["state"] == "lapsed"


async def test_a_hold_past_its_time_ends_only_when_stripe_expired_its_checkout(
    scene: Scene, drain: Callable[[], Any]
) -> None:
    booking = await scene.book(scene.cast.mira)
    await scene.value(
        "update bookings set held_until = now() - interval '1 minute' where id = $1", booking.id
    )
    await jobs.run_timetable(scene.context, "bookings.lapse")
    await drain()
    assert (await scene.row(booking.id))["state"] == "held"
    await scene.value(
        "update practice_objects set body = jsonb_set(body, '{expires_at}', "
        "to_jsonb(extract(epoch from now())::bigint - 60)) where kind = 'checkout'"
    )
    await jobs.run_timetable(scene.context, "bookings.lapse")
    await drain()
    row = await scene.row(booking.id)
    assert (row["state"], row["end_cause"]) == ("lapsed", "not_paid")
    assert await scene.seats() == 0


# Canceling


async def test_canceling_confirms_once_refunds_and_frees_the_seat(
    scene: Scene, mira: Browser, drain: Callable[[], Any]
) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain)
    page = await mira.get(f"/bookings/{booking}/cancel")
    assert "You get back all of the $45 you paid." in page.text
    shown = re.search(r'name="refund" value="(\d+)"', page.text)
    assert shown
    assert shown[1] == "4500"
    for _ in range(2):
        answer = await mira.post(f"/bookings/{booking}/cancel", data={"refund": shown[1]})
        assert answer.headers["location"] == f"/bookings/{booking}"
    row = await scene.row(booking)
    assert (row["state"], row["end_cause"]) == ("cancelled", "by_member")
    assert await scene.seats() == 0
    assert await scene.count("operations where kind = 'refund' and amount = 4500") == 1
    assert await scene.count("events where about = $1 and what = 'booking.cancelled'", booking) == 1
    await drain()
    assert await scene.value("select sum(amount) from money_rows where booking_id = $1", booking) == 0
    page = await mira.get(f"/bookings/{booking}")
    assert "Your seat was canceled" in page.text
    assert "$45" in page.text
    assert await scene.count("mails where kind = 'withdrawn'") == 1
    # Free again, also for the one who canceled.
    assert (await scene.book(scene.cast.mira)).seat == 1


async def test_late_canceling_refunds_the_share_agreed_when_booking(
    scene: Scene, mira: Browser, drain: Callable[[], Any]
) -> None:
    await scene.value("update circles set late_refund_percent = 50 where id = $1", scene.cast.circle)
    booking = await paid_seat(scene, scene.cast.mira, drain)
    await scene.value(
        "update circles set late_refund_percent = 0, refund_hours = 720 where id = $1", scene.cast.circle
    )
    await scene.starts_in(scene.cast.gathering, timedelta(hours=20))
    await scene.paid_long_ago(booking)
    page = await mira.get(f"/bookings/{booking}/cancel")
    assert "you get back $22.50, 50% of the $45 you paid." in page.text
    await mira.post(f"/bookings/{booking}/cancel", data={"refund": "2250"})
    await drain()
    assert await scene.value("select sum(amount) from money_rows where booking_id = $1", booking) == 2250


async def test_a_deadline_that_passed_meanwhile_shows_the_new_refund_first(
    scene: Scene, mira: Browser, drain: Callable[[], Any]
) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain)
    await scene.paid_long_ago(booking)
    await mira.get(f"/bookings/{booking}/cancel")
    await scene.starts_in(scene.cast.gathering, timedelta(hours=47))
    answer = await mira.post(f"/bookings/{booking}/cancel", data={"refund": "4500"})
    assert answer.status_code == 422
    assert "This changed since you looked." in answer.text
    assert 'name="refund" value="0"' in answer.text
    assert (await scene.row(booking))["state"] == "confirmed"
    for nonsense in ("", "-1", "x", "99999999999999999999", "²"):
        answer = await mira.post(f"/bookings/{booking}/cancel", data={"refund": nonsense})
        assert answer.status_code == 422


async def test_soon_after_paying_all_of_it_comes_back_and_then_the_page_says_that_it_no_longer_does(
    scene: Scene, mira: Browser, drain: Callable[[], Any]
) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain)
    await scene.starts_in(scene.cast.gathering, timedelta(hours=20))
    for page in (f"/bookings/{booking}/cancel", f"/bookings/{booking}"):
        text = " ".join((await mira.get(page)).text.split())
        assert "You paid a moment ago, so you get back all of the $45 you paid. This holds until" in text
    await scene.paid_long_ago(booking)
    answer = await mira.post(f"/bookings/{booking}/cancel", data={"refund": "4500"})
    assert (answer.status_code, 'name="refund" value="0"' in answer.text) == (422, True)
    await scene.value("update bookings set confirmed_at = now() where id = $1 returning id", booking)
    assert (await mira.post(f"/bookings/{booking}/cancel", data={"refund": "4500"})).status_code == 303
    await drain()
    assert await scene.value("select sum(amount) from money_rows where booking_id = $1", booking) == 0


async def test_after_the_start_nothing_can_be_canceled(scene: Scene, mira: Browser) -> None:
    booking = await add_booking(scene.context, scene.cast.gathering, scene.cast.mira)
    await scene.starts_in(scene.cast.gathering, timedelta(minutes=-1))
    assert "can no longer be canceled" in (await mira.get(f"/bookings/{booking}/cancel")).text
    answer = await mira.post(f"/bookings/{booking}/cancel", data={"refund": "0"})
    assert answer.status_code == 422
    assert (await scene.row(booking))["state"] == "confirmed"


@pytest.mark.parametrize("state", ["held", "lapsed"])
async def test_what_is_not_confirmed_cannot_be_canceled(scene: Scene, state: str) -> None:
    booking = await add_booking(scene.context, scene.cast.gathering, scene.cast.mira, state=state)
    with pytest.raises(Refused) as caught:
        await actions.cancel(scene.context, await scene.person(scene.cast.mira), booking, shown=0)
    assert caught.value.codes <= {"not_paid_yet", "ended_already"}


async def test_the_booking_of_somebody_else_is_not_found(scene: Scene, browser: OpenBrowser) -> None:
    booking = await add_booking(scene.context, scene.cast.gathering, scene.cast.mira)
    paths = ["", "/state", "/stopped", "/pay", "/cancel"]
    async with browser(scene.cast.milo) as milo:
        for known in (booking, uuid4()):
            for path in paths:
                answer = await milo.get(f"/bookings/{known}{path}", headers={"HX-Request": "true"})
                assert answer.status_code == 404, path
            for path in ("/let-go", "/cancel"):
                answer = await milo.post(f"/bookings/{known}{path}", data={"refund": "0"})
                assert answer.status_code == 404, path
    assert (await scene.row(booking))["state"] == "confirmed"


async def test_the_verbs_check_whose_booking_it_is(scene: Scene) -> None:
    booking = await add_booking(scene.context, scene.cast.gathering, scene.cast.mira)
    milo = await scene.person(scene.cast.milo)
    with pytest.raises(NotFound):
        await actions.cancel(scene.context, milo, booking, shown=0)
    held = await add_booking(
        scene.context, scene.cast.gathering, scene.cast.fern, kind="paid", amount=4500, state="held"
    )
    for mine in (booking, held):
        with pytest.raises(NotFound):
            await actions.let_go(scene.context, milo, mine)
    row = await scene.row(held)
    assert (row["state"], row["let_go_at"]) == ("held", None)


async def test_pages_of_another_state_redirect_to_the_booking(scene: Scene, mira: Browser) -> None:
    confirmed = await add_booking(scene.context, scene.cast.gathering, scene.cast.mira)
    await actions.cancel(scene.context, await scene.person(scene.cast.mira), confirmed, shown=0)
    for path in ("stopped", "cancel"):
        answer = await mira.get(f"/bookings/{confirmed}/{path}")
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/bookings/{confirmed}")


@pytest.mark.parametrize(
    ("meanwhile", "kind"),
    [
        ("", "paid"),
        ("state = 'cancelled', cancel_reason = 'Ill.'", "paid"),
        ("community_seats = community_taken", "community"),
    ],
)
async def test_a_change_between_reading_and_booking_gives_no_seat(
    scene: Scene, meanwhile: str, kind: str
) -> None:
    gathering = scene.cast.gathering
    if meanwhile:
        await scene.value(f"update gatherings set {meanwhile} where id = $1", gathering)
    else:
        await scene.starts_in(gathering, timedelta(0))
    async with scene.context.db.transaction() as tx:
        taken = await actions.SQL.take_seat(
            tx,
            gathering_id=gathering,
            person_id=scene.cast.mira,
            kind=kind,
            amount=4500 if kind == "paid" else 0,
            currency="USD",
            minimum=2000,
            maximum=8000,
            refund_hours=48,
            late_percent=50,
            version_id=scene.cast.version,
            hold_minutes=30,
            max_held=3,
        )
    assert taken is None
    assert await scene.seats() == 0


# When the gathering is called off


async def test_canceling_a_gathering_ends_every_booking(
    scene: Scene, mira: Browser, drain: Callable[[], Any]
) -> None:
    paid = await paid_seat(scene, scene.cast.mira, drain)
    community = (await scene.book(scene.cast.milo, choice="community")).id
    held = (await scene.book(scene.cast.odile)).id
    await cancel_gathering(scene, await scene.person(scene.cast.farid))
    assert (await scene.row(held))["state"] == "held"
    await drain()
    ends = [(await scene.row(booking))["state"] for booking in (paid, community, held)]
    assert ends == ["cancelled", "cancelled", "lapsed"]
    assert {(await scene.row(booking))["end_cause"] for booking in (paid, community, held)} == {
        "gathering_cancelled"
    }
    assert await scene.seats() == 0
    assert await scene.value("select sum(amount) from money_rows") == 0
    for person in (scene.cast.mira, scene.cast.odile):  # whoever was paying just now is told as well
        assert await scene.count("mails where kind = 'withdrawn' and person_id = $1", person) == 1
    text = await scene.value(
        "select text_body from mails where kind = 'withdrawn' and person_id = $1", scene.cast.odile
    )
    assert "The room flooded." in text
    assert "You had not finished booking" in text
    page = await mira.get(f"/bookings/{paid}")
    assert "The room flooded." in page.text
    assert "$45" in page.text


async def test_paying_for_a_canceled_gathering_is_refunded(scene: Scene, drain: Callable[[], Any]) -> None:
    booking = await scene.book(scene.cast.mira)
    await cancel_gathering(scene, await scene.person(scene.cast.farid))
    await scene.pay(booking.id)
    await drain()
    row = await scene.row(booking.id)
    assert (row["state"], row["end_cause"]) == ("lapsed", "gathering_cancelled")
    assert await scene.value("select sum(amount) from money_rows where booking_id = $1", booking.id) == 0
    assert await scene.count("mails where kind = 'apology'") == 1
    assert await scene.count("mails where kind = 'withdrawn'") == 0


async def test_who_lets_a_seat_go_while_its_gathering_is_canceled_waits_for_no_job(
    scene: Scene, drain: Callable[[], Any]
) -> None:
    booking = await scene.book(scene.cast.mira)
    await scene.value("update bookings set let_go_at = now() where id = $1 returning 1", booking.id)
    await cancel_gathering(scene, await scene.person(scene.cast.farid))
    await drain()
    assert (await scene.row(booking.id))["end_cause"] == "gathering_cancelled"
    assert await scene.count("awaited_jobs") == 0, "it would be enqueued as one that was lost"


async def test_canceling_a_gathering_while_members_cancel_refunds_each_once(scene: Scene) -> None:
    """Both lock gathering and bookings, in the same order: they never deadlock."""
    guests = await scene.fill(scene.cast.gathering, 8)
    members = [await scene.person((await scene.row(booking))["person_id"]) for booking in guests]
    canceling = [
        actions.cancel(scene.context, member, booking, shown=4500)
        for member, booking in zip(members, guests, strict=True)
    ]
    calling_off = cancel_gathering(scene, await scene.person(scene.cast.farid))
    await asyncio.gather(*canceling[:4], calling_off, *canceling[4:])
    assert await scene.count("bookings where state = 'cancelled'") == 8
    assert await scene.count("operations where kind = 'refund' and amount = 4500") == 8
    assert await scene.seats() == 0


@pytest.mark.parametrize(("decision", "sent"), [("won", 4500), ("lost", 0)])
async def test_canceling_while_a_bank_has_taken_the_money(
    scene: Scene, mira: Browser, drain: Callable[[], Any], decision: disputes.Decision, sent: int
) -> None:
    """Nothing goes out then; what is owed is sent should the money come back."""
    booking = await helpers.paid_seat(scene, scene.cast.mira, drain)
    intent = await scene.value("select payment_intent from checkouts")
    async with scene.context.db.transaction() as tx:
        opened = await disputes.open_dispute(tx, intent)
    await drain()
    form = (await mira.get(f"/bookings/{booking}/cancel")).text
    assert "looking into this payment" in form
    assert "goes to the card" not in form
    assert (await mira.post(f"/bookings/{booking}/cancel", data={"refund": "4500"})).status_code == 303
    await drain()
    assert "Nothing is sent back from here while it does." in (await mira.get(f"/bookings/{booking}")).text
    async with scene.context.db.transaction() as tx:
        await disputes.close_dispute(tx, opened["id"], decision)
    await drain()
    sums = "select coalesce(sum((body ->> 'amount')::int), 0) from practice_objects where kind = 'refund'"
    assert await scene.value(sums) == sent
    assert await scene.count("waiting_refunds where is_stuck") == 0
    text = (await mira.get(f"/bookings/{booking}")).text
    assert ("went back to your card" if sent else "taken the $45 back for you") in text
    assert "did not arrive" not in text
