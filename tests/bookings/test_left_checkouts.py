"""Checkouts whose request was interrupted around its call to Stripe: a second press, the page, or a job finishes it.

Nobody is left with a seat that is held, and a payment page that nobody is making.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from circles import payments
from circles.payments import checkout, gateway
from circles.practice.stripe import faults
from circles.store import jobs
from tests.bookings import helpers
from tests.bookings.helpers import Scene, paid_seat, typed
from tests.bookings.test_interrupted import Conflicting
from tests.bookings.test_several import dates_of
from tests.bookings.waiting_list import helpers as waiting
from tests.bookings.waiting_list.helpers import Line
from tests.conftest import Browser

Drain = Callable[[], Any]
Press = tuple[str, dict[str, str]]
scene, mira, line = helpers.scene, helpers.mira, waiting.line

# A person waits for a checkout of Stripe in each of these ways.
WAYS = ["one", "several", "offered", "addition"]
# The calls at which a lock is not free: both that store what Stripe answered. The checkout exists at Stripe then.
AFTER_THE_CALL = {2, 3}


async def press_of(way: str, scene: Scene, line: Line, drain: Drain) -> Press:
    """The form that begins a payment."""
    if way == "several":
        dates = await dates_of(scene, 3)
        chosen = ",".join(str(date) for date in dates)
        return f"/circles/{scene.cast.circle}/book", typed(scene.cast) | {"dates": chosen}
    if way == "offered":
        wait = await line.join(scene.cast.mira)
        await line.cancel()
        return f"/waits/{wait}/take", {}
    if way == "addition":
        booking = await paid_seat(scene, scene.cast.mira, drain)
        sent = {"seen": "on", "shown": "4500", "choice": "amount", "amount": "60", "currency": "USD"}
        return f"/bookings/{booking}/amount", sent
    return f"/gatherings/{scene.cast.gathering}/book", typed(scene.cast)


async def interrupted(mira: Browser, press: Press, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as busy:
        busy.setattr(checkout, "SQL", Conflicting(checkout.SQL, AFTER_THE_CALL))
        assert (await mira.post(press[0], data=press[1])).status_code == 503


async def led_to(mira: Browser, location: str) -> str:
    """Where one is led in the end: on from pages of ours that only lead on."""
    while not location.startswith("/practice/checkout/"):
        answer = await mira.get(location)
        assert answer.status_code == 303, answer.text
        location = answer.headers["location"]
    return location


async def the_open_one(scene: Scene) -> str:
    """The address of the one checkout that is open."""
    return await scene.value(
        "select '/practice/checkout/' || stripe_id from checkouts where state = 'open' "
        "and (select count(*) from practice_objects where kind = 'checkout' and body ->> 'status' = 'open') = 1"
    )


async def made_ago(scene: Scene, ago: str) -> None:
    """The request that was interrupted began so long ago."""
    await scene.value(
        "update checkouts set created_at = now() - $1::text::interval where state = 'asked'", ago
    )


@pytest.mark.parametrize("way", WAYS)
async def test_a_second_press_finishes_what_the_first_left(
    scene: Scene, line: Line, mira: Browser, drain: Drain, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    press = await press_of(way, scene, line, drain)
    await interrupted(mira, press, monkeypatch)
    assert await scene.count("checkouts where state = 'asked' and stripe_id is null") == 1
    again = await mira.post(press[0], data=press[1])
    assert again.status_code == 303
    assert await led_to(mira, again.headers["location"]) == await the_open_one(scene)


@pytest.mark.parametrize("way", WAYS)
async def test_a_job_finishes_it_though_nobody_presses_again(
    scene: Scene, line: Line, mira: Browser, drain: Drain, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    press = await press_of(way, scene, line, drain)
    await interrupted(mira, press, monkeypatch)
    for ago in ("0 seconds", "20 seconds"):
        assert await scene.count("checkouts where state = 'asked'") == 1, "the request may still be under way"
        await made_ago(scene, ago)
        await jobs.run_timetable(scene.context, "bookings.lapse")
        await drain()
    address = await the_open_one(scene)
    if way == "addition":
        assert address in (await mira.get(press[0])).text
    else:
        booking = await scene.value(
            "select booking_id from checkout_lines order by booking_id = any("
            "select booking_id from checkouts where state = 'open') desc limit 1"
        )
        assert await led_to(mira, f"/bookings/{booking}/pay") == address


async def test_the_button_of_the_page_that_waits_finishes_it(
    scene: Scene, line: Line, mira: Browser, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    await interrupted(mira, await press_of("one", scene, line, drain), monkeypatch)
    booking = await scene.value("select id from bookings where state = 'held'")
    page = await mira.get(f"/bookings/{booking}/pay")
    assert "The payment page is being made." in page.text
    assert f'<form method="post" action="/bookings/{booking}/pay">' in page.text
    await made_ago(scene, "20 seconds")
    await mira.post(f"/bookings/{booking}/look")  # as the page does by itself
    assert await scene.value("select entrypoint from pgqueuer") == "bookings.start_checkout"
    pressed = await mira.post(f"/bookings/{booking}/pay")
    assert await led_to(mira, pressed.headers["location"]) == await the_open_one(scene)


@pytest.mark.parametrize("way", WAYS)
async def test_a_second_press_waits_for_a_call_that_is_under_way(
    scene: Scene, line: Line, mira: Browser, drain: Drain, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """Stripe answers the second call with 409 while it still answers the first, which gets the address."""
    press = await press_of(way, scene, line, drain)
    is_called, may_answer, create = asyncio.Event(), asyncio.Event(), gateway.create_checkout
    monkeypatch.setattr(gateway, "RETRIES", 0)

    async def slow(*arguments: Any) -> Any:
        if is_called.is_set():
            async with scene.context.db.transaction() as tx:
                await faults.plan(tx, "create_checkout", "409")
            return await create(*arguments)
        is_called.set()
        await may_answer.wait()
        return await create(*arguments)

    monkeypatch.setattr(gateway, "create_checkout", slow)
    await gateway.close(scene.context.db)  # the client that was opened tries again by itself
    first = asyncio.create_task(mira.post(press[0], data=press[1]))
    await is_called.wait()
    second = await mira.post(press[0], data=press[1])
    assert second.status_code == 303
    waiting_page = await mira.get(second.headers["location"])
    assert "The payment page is being made." in waiting_page.text
    assert '<meta http-equiv="refresh"' in waiting_page.text
    may_answer.set()
    assert (await first).headers["location"] == await the_open_one(scene)


@pytest.mark.parametrize("way", WAYS)
async def test_what_a_second_press_opened_is_not_taken_away_by_the_first(
    scene: Scene, line: Line, mira: Browser, drain: Drain, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """The first call gets no answer in time, after the second got one, and somebody is on the way to pay."""
    press = await press_of(way, scene, line, drain)
    create, others = gateway.create_checkout, []

    async def unanswered(*arguments: Any) -> Any:
        if others:
            return await create(*arguments)
        others.append(True)
        others.append(await mira.post(press[0], data=press[1]))
        raise payments.Unreachable("Stripe does not answer in time.")

    monkeypatch.setattr(gateway, "create_checkout", unanswered)
    first = await mira.post(press[0], data=press[1])
    address = await the_open_one(scene)
    assert await led_to(mira, others[1].headers["location"]) == address
    assert first.headers["location"] == address


@pytest.mark.parametrize("way", ["one", "several", "offered"])
async def test_nobody_is_sent_to_pay_for_a_seat_that_the_other_press_freed(
    scene: Scene, line: Line, mira: Browser, drain: Drain, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """The second call is answered after the first failed and let the seat go."""
    press = await press_of(way, scene, line, drain)
    create, is_called, is_freed = gateway.create_checkout, asyncio.Event(), asyncio.Event()
    calls = 0

    async def overtaken(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 1:
            await is_called.wait()
            raise payments.Unreachable("Stripe does not answer in time.")
        is_called.set()
        snapshot = await create(*arguments)
        await is_freed.wait()
        return snapshot

    monkeypatch.setattr(gateway, "create_checkout", overtaken)

    async def first() -> int:
        answer = await mira.post(press[0], data=press[1])
        is_freed.set()
        return answer.status_code

    pressed = asyncio.create_task(first())
    while not calls:
        await asyncio.sleep(0)
    second = await mira.post(press[0], data=press[1])
    assert (await pressed, second.status_code) == (503, 503)
    assert await scene.count("bookings where state = 'held'") == 0
    assert await scene.count("checkouts where state = 'open'") == 0
    assert await scene.count("practice_objects where kind = 'checkout' and body ->> 'status' = 'open'") == 0


async def test_a_job_frees_the_seat_where_stripe_is_away_as_well(
    scene: Scene, line: Line, mira: Browser, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    await interrupted(mira, await press_of("one", scene, line, drain), monkeypatch)
    monkeypatch.setattr(gateway, "RETRIES", 0)
    await gateway.close(scene.context.db)
    async with scene.context.db.transaction() as tx:
        await faults.plan(tx, "create_checkout", "500", times=9)
    await made_ago(scene, "20 seconds")
    await jobs.run_timetable(scene.context, "bookings.lapse")
    await drain()
    ended = "select state || ', ' || end_cause from bookings where person_id = $1"
    assert await scene.value(ended, scene.cast.mira) == "lapsed, no_checkout"


async def test_seats_that_cost_nothing_and_are_booked_twice_lead_to_the_booking(
    scene: Scene, mira: Browser
) -> None:
    dates = await dates_of(scene, 3, community_seats=1)
    chosen = ",".join(str(date) for date in dates)
    press = f"/circles/{scene.cast.circle}/book", typed(scene.cast, choice="community") | {"dates": chosen}
    first, second = [await mira.post(press[0], data=press[1]) for _ in range(2)]
    assert first.headers["location"] == second.headers["location"]
    fewer = await mira.post(press[0], data=press[1] | {"dates": chosen.rsplit(",", 1)[0]})
    assert fewer.status_code == 422, "other dates than those of one step"
