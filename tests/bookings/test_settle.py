"""Bookings follow their checkouts, on a real database: payments in time and late, the page that polls."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from circles import bookings, payments
from circles.base import clock
from circles.bookings import actions, seat_rules
from circles.payments import sync
from tests.bookings import helpers
from tests.bookings.helpers import Scene, own_statements, paid_seat
from tests.cast import add_booking, settled
from tests.conftest import Browser

scene, mira = helpers.scene, helpers.mira


# Money that comes late


async def test_a_late_payment_takes_a_free_seat(scene: Scene, drain: Callable[[], Any]) -> None:
    booking = await scene.book(scene.cast.mira)
    await scene.end_hold(booking.id)
    assert (await scene.book(scene.cast.milo)).seat == booking.seat
    await scene.pay(booking.id)
    await drain()
    row = await scene.row(booking.id)
    assert (row["state"], row["seat"], row["end_cause"]) == ("confirmed", 2, "")
    assert await scene.count("operations where kind = 'refund'") == 0


@pytest.mark.parametrize("why", ["full", "begun", "another"])
async def test_a_late_payment_without_a_free_seat_is_refunded_with_an_apology(
    scene: Scene, mira: Browser, drain: Callable[[], Any], why: str
) -> None:
    booking = await scene.book(scene.cast.mira)
    await scene.end_hold(booking.id)
    if why == "full":
        await scene.fill(scene.cast.gathering, 8)
    elif why == "begun":
        await scene.starts_in(scene.cast.gathering, timedelta(minutes=-1))
    else:
        await scene.book(scene.cast.mira, choice="community")
    await scene.pay(booking.id)
    await drain()
    row = await scene.row(booking.id)
    assert (row["state"], row["end_cause"]) == ("lapsed", "paid_late")
    assert await scene.value("select sum(amount) from money_rows where booking_id = $1", booking.id) == 0
    mail = await scene.value("select subject || text_body from mails where kind = 'apology'")
    assert "Tuesday group" in mail
    assert "$45" in mail
    assert "First steps home" not in mail
    assert (
        "All of the $45 you paid went back to your card and has arrived at your bank."
        in (await mira.get(f"/bookings/{booking.id}")).text
    )
    # Settled once more, nothing moves a second time.
    async with scene.context.db.transaction() as tx:
        await bookings.settle(tx, scene.context, settled(booking.id, "paid"))
    assert await scene.count("operations where kind = 'refund'") == 1
    assert await scene.count("mails where kind = 'apology'") == 1


async def test_settling_twice_is_settling_once(scene: Scene, drain: Callable[[], Any]) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain)
    for outcome in ("paid", "expired", "failed", "paid"):
        async with scene.context.db.transaction() as tx:
            await bookings.settle(tx, scene.context, settled(booking, outcome))
    assert (await scene.row(booking))["state"] == "confirmed"
    assert await scene.count("events where about = $1 and what = 'booking.confirmed'", booking) == 1
    assert await scene.count("mails where kind = 'invite'") == 1


async def test_settling_a_canceled_booking_refunds_nothing_more(
    scene: Scene, drain: Callable[[], Any]
) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain)
    await scene.starts_in(scene.cast.gathering, timedelta(hours=20))
    await scene.paid_long_ago(booking)
    await actions.cancel(scene.context, await scene.person(scene.cast.mira), booking, shown=0)
    async with scene.context.db.transaction() as tx:
        await bookings.settle(tx, scene.context, settled(booking, "paid"))
    assert await scene.count("operations where kind = 'refund'") == 0


# The page that polls


async def test_the_waiting_page_polls_until_the_checkout_is_settled(
    scene: Scene, mira: Browser, drain: Callable[[], Any], queries: list[str]
) -> None:
    booking = await scene.book(scene.cast.mira)
    queries.clear()
    page = await mira.get(f"/bookings/{booking.id}")
    assert len(own_statements(queries)) <= 3
    assert f'hx-post="/bookings/{booking.id}/look"' in page.text
    assert '<noscript><meta http-equiv="refresh"' in page.text
    await scene.pay(booking.id)
    await drain()
    headers = {"HX-Request": "true", "HX-Request-Type": "partial"}
    part = await mira.get(f"/bookings/{booking.id}/state", headers=headers)
    assert "Your seat is confirmed" in part.text
    assert "hx-get" not in part.text
    assert "hx-post" not in part.text
    assert "<html" not in part.text
    assert (await mira.get(f"/bookings/{booking.id}/state")).headers["location"] == f"/bookings/{booking.id}"


async def test_an_open_page_has_stripe_asked_a_few_times_at_growing_intervals(
    scene: Scene, mira: Browser
) -> None:
    """A page that looks again and again for half an hour; each look is a transaction, whose clock stands still."""
    booking = await scene.book(scene.cast.mira)
    asked: list[int] = []
    for second in range(5, 30 * 60, 15):
        async with scene.context.db.transaction() as tx:
            await tx.execute(
                "update checkouts set looked_at = now() - make_interval(secs => $1), "
                "page_asked_at = now() - make_interval(secs => $2)",
                second,
                second - asked[-1] if asked else None,
            )
            await payments.sync_checkout_for_page(tx, booking.id)
            if await tx.fetchval("with gone as (delete from pgqueuer returning 1) select count(*) from gone"):
                asked.append(second)
    gaps = [after - before for before, after in itertools.pairwise([0, *asked])]
    assert len(asked) == sync.MAX_PAGE_ASKS
    assert gaps[0] >= 10
    assert gaps == sorted(gaps)
    await mira.get(f"/bookings/{booking.id}")
    assert await scene.count("pgqueuer") == 0


async def test_a_page_does_not_wait_while_an_answer_of_stripe_is_taken_in(
    scene: Scene, mira: Browser
) -> None:
    booking = await scene.book(scene.cast.mira)
    await scene.value("update checkouts set looked_at = now() - interval '1 hour'")
    async with scene.context.db.transaction() as tx:
        await tx.execute("select from checkouts for update")
        answer = await mira.post(f"/bookings/{booking.id}/look", data={})
        assert answer.status_code == 303
    assert await scene.count("pgqueuer where entrypoint = 'payments.look'") == 0
    await mira.post(f"/bookings/{booking.id}/look", data={})
    assert await scene.count("pgqueuer where entrypoint = 'payments.look'") == 1


async def test_coming_back_as_having_paid_has_stripe_asked_once(scene: Scene, mira: Browser) -> None:
    booking = await scene.book(scene.cast.mira)
    for _ in range(3):
        await mira.post(f"/bookings/{booking.id}/look", data={"paid": "on"})
        await scene.value("update pgqueuer set dedupe_key = null")
    assert await scene.count("pgqueuer where entrypoint = 'payments.look'") == 1


@pytest.mark.parametrize(("minutes", "seconds"), [(0, 2), (1, 2), (2, 5), (9, 5), (10, 15), (300, 15)])
def test_a_page_polls_less_often_the_longer_it_takes(minutes: int, seconds: int) -> None:
    now = clock.now()
    assert seat_rules.poll_seconds(now - timedelta(minutes=minutes), now) == seconds


# Money for a gathering that is over


@pytest.mark.parametrize("held", [True, False])
async def test_paying_after_the_gathering_is_over_pays_back(
    scene: Scene, mira: Browser, drain: Callable[[], Any], held: bool
) -> None:
    booking = await scene.book(scene.cast.mira)
    await scene.starts_in(scene.cast.gathering, timedelta(days=-1))
    if not held:
        await scene.end_hold(booking.id)
    await scene.pay(booking.id)
    await drain()
    row = await scene.row(booking.id)
    assert (row["state"], row["end_cause"]) == ("lapsed", "paid_late")
    assert await scene.value("select sum(amount) from money_rows where booking_id = $1", booking.id) == 0
    mail = await scene.value("select text_body from mails where kind = 'apology'")
    assert "came when this gathering was over" in mail
    assert await scene.count("mails where kind = 'invite'") == 0


async def test_paying_while_the_gathering_goes_on_still_seats(scene: Scene, drain: Callable[[], Any]) -> None:
    booking = await scene.book(scene.cast.mira)
    await scene.starts_in(scene.cast.gathering, timedelta(minutes=-5))
    await scene.pay(booking.id)
    await drain()
    assert (await scene.row(booking.id))["state"] == "confirmed"


async def test_the_pay_page_waits_while_the_checkout_is_created(scene: Scene, mira: Browser) -> None:
    booking = await add_booking(scene.context, scene.cast.gathering, scene.cast.mira, state="held")
    page = await mira.get(f"/bookings/{booking}/pay")
    assert page.status_code == 200
    assert "The payment page is being made." in page.text
