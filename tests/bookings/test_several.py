"""Several dates booked at once: all or none, one checkout, one mail, and each by itself later."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from circles.base.clock import NOBODY
from circles.base.errors import Refused
from circles.bookings import actions
from circles.bookings.rules import Booking, BookingInput
from circles.bookings.several import actions as several
from circles.practice.stripe import faults
from circles.store import jobs
from tests.bookings import helpers
from tests.bookings.helpers import Scene, cancel_gathering, typed
from tests.cast import add_gathering
from tests.conftest import Browser

scene, mira = helpers.scene, helpers.mira


async def dates_of(scene: Scene, count: int, **more: Any) -> list[UUID]:
    """The gathering of the cast, and the same a week later each."""
    ids = [scene.cast.gathering]
    for week in range(1, count):
        ids.append(await add_gathering(scene.context, scene.cast.circle, days=7 + 7 * week, **more))
    return ids


def sent(scene: Scene, choice: str = "amount", amount: str = "45") -> BookingInput:
    return BookingInput(choice, amount, scene.cast.version, True, "USD")


async def book(scene: Scene, dates: list[UUID], person: UUID | None = None, **more: str) -> Booking:
    actor = await scene.person(person or scene.cast.mira)
    return await several.book(scene.context, actor, scene.cast.circle, dates, sent(scene, **more), NOBODY)


async def states(scene: Scene) -> list[str]:
    query = (
        "select array_agg(bookings.state order by starts_at) from bookings "
        "join gatherings on gatherings.id = gathering_id where person_id = $1"
    )
    return await scene.value(query, scene.cast.mira)


async def own(scene: Scene, gathering: UUID) -> UUID:
    return await scene.value(
        "select id from bookings where gathering_id = $1 and person_id = $2", gathering, scene.cast.mira
    )


async def paid(scene: Scene, dates: list[UUID], drain: Callable[[], Any]) -> Booking:
    booking = await book(scene, dates)
    await scene.pay(booking.id)
    await drain()
    return booking


async def test_half_a_year_is_one_checkout_and_one_mail(scene: Scene, drain: Callable[[], Any]) -> None:
    dates = await dates_of(scene, 26)
    booking = await book(scene, dates)
    assert await states(scene) == ["held"] * 26
    assert await scene.count("checkouts") == 1
    assert await scene.value("select amount from checkouts") == 26 * 4500
    assert (
        await scene.value("select body -> 'amount_total' from practice_objects where kind = 'checkout'")
        == 117000
    )
    await scene.pay(booking.id)
    await drain()
    assert await states(scene) == ["confirmed"] * 26
    assert await scene.count("mails where kind like 'invite%'") == 1
    assert await scene.count("sendings where method = 'REQUEST'") == 26
    mail = await scene.value("select subject || text_body from mails where kind = 'invites'")
    assert "Tuesday group, 26 gatherings" in mail
    assert "You paid $45 for each." in mail
    assert await scene.value("select 1 + cardinality(more_calendars) from mails where kind = 'invites'") == 26


async def test_seats_that_cost_nothing_are_confirmed_at_once_with_one_mail(
    scene: Scene, drain: Callable[[], Any]
) -> None:
    dates = await dates_of(scene, 3, community_seats=1)
    await book(scene, dates, choice="community")
    await drain()
    assert await states(scene) == ["confirmed"] * 3
    assert await scene.count("checkouts") == 0
    assert await scene.count("mails where kind = 'invites'") == 1


async def test_community_seats_are_shared_out(scene: Scene) -> None:
    dates = await dates_of(scene, 4, community_seats=1)
    with pytest.raises(Refused) as refused:
        await book(scene, dates, choice="community")
    assert refused.value.codes == {"many_community"}
    assert await scene.count("bookings") == 0


async def test_a_date_that_was_just_taken_is_named_and_nothing_is_booked(
    scene: Scene, mira: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last seat of one date goes between the reading and the taking."""
    dates = await dates_of(scene, 3, capacity=2)
    take, filled = several._take_seats, []

    async def meanwhile(*arguments: Any) -> Any:
        if not filled:
            filled.extend(await scene.fill(dates[1], 2))
        return await take(*arguments)

    monkeypatch.setattr(several, "_take_seats", meanwhile)
    chosen = ",".join(str(date) for date in dates)
    page = await mira.post(f"/circles/{scene.cast.circle}/book", data=typed(scene.cast) | {"dates": chosen})
    assert page.status_code == 422
    assert "was taken a moment ago. Nothing was charged, and your other dates are kept." in page.text
    assert page.text.count("checked") >= 2
    for date in (dates[0], dates[2]):
        assert f'value="{date}" checked' in page.text
    assert str(dates[1]) not in page.text
    assert await scene.count("bookings where person_id = $1", scene.cast.mira) == 0
    assert await scene.count("checkouts where covers = 'bookings'") == 0


async def test_at_the_same_time_one_person_holds_one_checkout_of_several(scene: Scene) -> None:
    dates = await dates_of(scene, 6)
    presses = (book(scene, dates[start : start + 2]) for start in (0, 2, 4))
    answers = await asyncio.gather(*presses, return_exceptions=True)
    assert sum(isinstance(answer, Booking) for answer in answers) == 1
    refused = [answer for answer in answers if isinstance(answer, Refused)]
    assert [answer.codes for answer in refused] == [{"many_held"}] * 2
    assert await states(scene) == ["held"] * 2


async def test_the_seats_of_one_checkout_count_once(scene: Scene) -> None:
    dates = await dates_of(scene, 7)
    await book(scene, dates[:4])
    for date in dates[4:6]:
        await scene.book(scene.cast.mira, date)
    with pytest.raises(Refused) as refused:
        await scene.book(scene.cast.mira, dates[6])
    assert refused.value.codes == {"many_held"}


async def test_people_who_want_the_same_dates_in_another_order_do_not_block_each_other(scene: Scene) -> None:
    dates = await dates_of(scene, 6)
    people = (scene.cast.mira, scene.cast.milo)
    orders = (dates, dates[::-1])
    answers = await asyncio.gather(
        *(book(scene, order, person) for order, person in zip(orders, people, strict=True))
    )
    assert [answer.state for answer in answers] == ["held", "held"]


async def test_without_stripe_all_seats_are_free_again(scene: Scene, mira: Browser) -> None:
    dates = await dates_of(scene, 3)
    async with scene.context.db.transaction() as tx:
        await faults.plan(tx, "create_checkout", "500", times=9)
    chosen = ",".join(str(date) for date in dates)
    page = await mira.post(f"/circles/{scene.cast.circle}/book", data=typed(scene.cast) | {"dates": chosen})
    assert page.status_code == 503
    assert all(f'value="{date}" checked' in page.text for date in dates)
    assert await states(scene) == ["lapsed"] * 3


async def test_letting_go_of_one_lets_all_go(scene: Scene, mira: Browser, drain: Callable[[], Any]) -> None:
    dates = await dates_of(scene, 3)
    await book(scene, dates)
    last = await own(scene, dates[2])
    assert "Let all 3 seats go" in (await mira.get(f"/bookings/{last}")).text
    page = await mira.post(f"/bookings/{last}/let-go", follow_redirects=True)
    assert "All seats that you booked together were let go. Nothing was charged." in page.text
    assert await states(scene) == ["lapsed"] * 3


@pytest.mark.parametrize("seat_again", [True, False])
async def test_paid_when_one_seat_was_lost(scene: Scene, drain: Callable[[], Any], seat_again: bool) -> None:
    """The others are confirmed; the lost one gets a seat again, or its part of the money goes back."""
    dates = await dates_of(scene, 3, capacity=2)
    booking = await book(scene, dates)
    lost = await own(scene, dates[1])
    await scene.end_hold(lost)
    if not seat_again:
        await scene.fill(dates[1], 2)
    await scene.pay(booking.id)
    await drain()
    assert await states(scene) == ["confirmed", "confirmed" if seat_again else "lapsed", "confirmed"]
    refunds = await scene.value(
        "select coalesce(array_agg(amount), '{}') from operations where kind = 'refund'"
    )
    assert refunds == ([] if seat_again else [4500])
    assert await scene.count("mails where kind = 'apology'") == (0 if seat_again else 1)
    assert await scene.count("mails where kind = 'invites'") == 1


async def test_a_canceled_gathering_leaves_the_other_seats_to_be_paid(
    scene: Scene, drain: Callable[[], Any]
) -> None:
    dates = await dates_of(scene, 3)
    booking = await book(scene, dates)
    await cancel_gathering(scene, await scene.person(scene.cast.farid))
    await drain()
    assert await states(scene) == ["lapsed", "held", "held"]
    await scene.pay(booking.id)
    await drain()
    assert await states(scene) == ["lapsed", "confirmed", "confirmed"]
    assert await scene.value("select sum(amount) from money_rows") == 9000


async def test_one_of_them_is_canceled_by_itself(
    scene: Scene, mira: Browser, drain: Callable[[], Any]
) -> None:
    dates = await dates_of(scene, 3)
    await paid(scene, dates, drain)
    second = await own(scene, dates[1])
    assert "Booked together" in (await mira.get(f"/bookings/{second}")).text
    await actions.cancel(scene.context, await scene.person(scene.cast.mira), second, shown=4500)
    await drain()
    assert await states(scene) == ["confirmed", "cancelled", "confirmed"]
    assert await scene.value("select body -> 'amount' from practice_objects where kind = 'refund'") == 4500
    assert await scene.value("select sum(amount) from money_rows where booking_id = $1", second) == 0


async def test_a_hold_that_runs_out_frees_all(scene: Scene, drain: Callable[[], Any]) -> None:
    dates = await dates_of(scene, 3)
    await book(scene, dates)
    await scene.value("update bookings set held_until = now() - interval '1 minute' returning id")
    await scene.value("update checkouts set expires_at = now() - interval '1 minute' returning id")
    await scene.value(
        "update practice_objects set body = jsonb_set(body, '{expires_at}', '1') where kind = 'checkout' returning id"
    )
    await jobs.run_timetable(scene.context, "bookings.lapse")
    await drain()
    assert await states(scene) == ["lapsed"] * 3
    assert await scene.seats(dates[1]) == 0


async def test_the_sum_is_shown_before_paying(scene: Scene, mira: Browser) -> None:
    dates = await dates_of(scene, 3)
    data = typed(scene.cast) | {"dates": f"{dates[0]},{dates[2]}", "then": "look"}
    page = await mira.post(f"/circles/{scene.cast.circle}/book", data=data)
    assert page.status_code == 200
    assert "2 dates, $45 each: $90 together." in page.text
    part = await mira.post(
        f"/circles/{scene.cast.circle}/book", data=data | {"amount": "30"}, headers={"HX-Request": "true"}
    )
    assert part.text.strip() == '<p class="lede" id="sum" role="status">2 dates, $30 each: $60 together.</p>'
    assert await scene.count("bookings") == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"dates": ""}, "Please choose at least one date."),
        ({"amount": "7"}, "$30"),
        ({"agreed": ""}, "Please read the guidelines and tick that you agree to them."),
    ],
)
async def test_bad_input_keeps_what_was_chosen(
    scene: Scene, mira: Browser, change: dict[str, str], words: str
) -> None:
    dates = await dates_of(scene, 2)
    chosen = ",".join(str(date) for date in dates)
    page = await mira.post(
        f"/circles/{scene.cast.circle}/book", data=typed(scene.cast) | {"dates": chosen} | change
    )
    assert page.status_code == 422
    assert words in page.text
    if "dates" not in change:
        assert all(f'value="{date}" checked' in page.text for date in dates)
    assert await scene.count("bookings") == 0


async def test_full_and_overlapping_dates_are_said(scene: Scene, mira: Browser) -> None:
    dates = await dates_of(scene, 3, capacity=1)
    await scene.fill(dates[1], 1)
    await scene.book(scene.cast.mira, dates[2])
    page = (await mira.get(f"/circles/{scene.cast.circle}/book")).text
    assert "2 dates you cannot choose here" in page
    assert ": full" in page
    assert ": a seat is held for you" in page


async def test_several_dates_lost_of_one_late_payment_are_one_apology(
    scene: Scene, drain: Callable[[], Any]
) -> None:
    dates = await dates_of(scene, 3)
    booking = await book(scene, dates)
    for date in dates:
        await scene.end_hold(await own(scene, date))
        await scene.value("update gatherings set capacity = greatest(seats_taken, 1) where id = $1", date)
        await scene.fill(date, 1 - await scene.seats(date))
    await scene.pay(booking.id)
    await drain()
    assert await states(scene) == ["lapsed"] * 3
    assert await scene.count("mails where kind = 'apology'") == 1
    text = await scene.value("select text_body from mails where kind = 'apology'")
    assert "$135" in text
    starts = [await scene.value("select starts_at from gatherings where id = $1", date) for date in dates]
    missing = [start for start in starts if f"{start:%B} {start.day}" not in text]
    assert missing == []
