"""The pool on a real database: what comes in and goes out, seats tied to it, its pages, the sentence of thanks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from circles.bookings import actions as booking_actions
from circles.bookings.amounts import actions as amounts
from circles.bookings.pool import actions, rules
from circles.bookings.rules import BookingInput
from circles.hosting.pool import actions as tying
from tests.bookings import helpers
from tests.bookings.helpers import Scene, paid_seat, typed
from tests.cast import add_person
from tests.conftest import Browser, OpenBrowser

scene, mira = helpers.scene, helpers.mira
Drain = Callable[[], Any]
THANKS = "helps somebody come who could not pay it"


async def entry(scene: Scene, booking: UUID) -> tuple[int, int] | None:
    async with scene.context.db.reading() as tx:
        row = await tx.fetchrow("select paid_in, drawn from pool_entries where booking_id = $1", booking)
    return (row["paid_in"], row["drawn"]) if row else None


async def balance(scene: Scene) -> int:
    return await scene.value("select pool_balance($1)", scene.cast.circle)


async def change(scene: Scene, booking: UUID, amount: str, shown: int) -> None:
    actor = await scene.person(scene.cast.mira)
    sent = BookingInput("amount", amount, None, False)
    await amounts.change_amount(scene.context, actor, booking, sent, shown=shown)


async def test_what_is_above_comes_in_and_what_is_below_is_drawn(scene: Scene, drain: Drain) -> None:
    """The circle suggests $45. What goes back leaves the pool, and so does a seat that is canceled."""
    above = await paid_seat(scene, scene.cast.mira, drain, "60")
    below = await paid_seat(scene, scene.cast.milo, drain, "30")
    free = (await scene.book(await add_person(scene.context, "Mo"), choice="community")).id
    assert [await entry(scene, one) for one in (above, below, free)] == [(1500, 0), (0, 1500), (0, 4500)]
    assert await balance(scene) == 1500 - 1500 - 4500
    await change(scene, above, "50", 6000)
    await drain()
    assert await entry(scene, above) == (500, 0)
    row = await scene.row(above)
    actor = await scene.person(scene.cast.mira)
    await booking_actions.cancel(scene.context, actor, above, shown=row["amount"])
    await drain()
    assert await entry(scene, above) is None
    assert await balance(scene) == -6000


async def test_money_that_a_bank_took_is_in_no_pool(scene: Scene, drain: Drain) -> None:
    from circles.practice.stripe import disputes

    booking = await paid_seat(scene, scene.cast.mira, drain, "60")
    intent = await scene.value("select payment_intent from checkouts where booking_id = $1", booking)
    async with scene.context.db.transaction() as tx:
        await disputes.open_dispute(tx, intent)
    await drain()
    assert await entry(scene, booking) == (0, 0)


async def tie(scene: Scene) -> None:
    await tying.tie(scene.context, await scene.person(scene.cast.farid), scene.cast.circle, tied=True)


async def test_tied_seats_are_offered_as_far_as_the_pool_carries(
    scene: Scene, mira: Browser, drain: Drain
) -> None:
    form, gathering = f"/gatherings/{scene.cast.gathering}/book", scene.cast.gathering
    assert "A community seat" in (await mira.get(form)).text
    await tie(scene)
    page = (await mira.get(form)).text
    assert rules.EMPTY in page
    assert 'value="community"' not in page
    # Whose form offered one gets it, for an hour.
    answer = await mira.post(form, data=typed(scene.cast, choice="community"))
    assert answer.headers["location"].startswith("/bookings/")
    booking = await scene.value("select id from bookings where kind = 'community'")
    actor = await scene.person(scene.cast.mira)
    await booking_actions.cancel(scene.context, actor, booking, shown=0)
    # Then gatherings have none left.
    await scene.value(
        "update circles set pool_empty_since = now() - interval '61 minutes' where pool_tied returning id"
    )
    await actions.count_all(scene.context)
    counts = "select (community_seats, community_planned)::text from gatherings where id = $1"
    assert await scene.value(counts, gathering) == "(0,1)"
    refused = await mira.post(form, data=typed(scene.cast, choice="community"))
    assert refused.status_code == 422
    # Three people pay so much above that the pool carries one: the job that their money enqueued gives it back.
    for number in range(3):
        await paid_seat(scene, await add_person(scene.context, f"Giver {number}"), drain, "60")
    assert await scene.value(counts, gathering) == "(1,)"
    assert 'value="community"' in (await mira.get(form)).text
    assert (await mira.post(form, data=typed(scene.cast, choice="community"))).status_code == 303
    await drain()
    assert await scene.value("select pool_empty_since is not null from circles where pool_tied")


async def test_a_host_changes_the_seats_that_are_planned_while_they_are_held_back(
    scene: Scene, browser: OpenBrowser
) -> None:
    await tie(scene)
    await scene.value(
        "update circles set pool_empty_since = now() - interval '2 hours' where pool_tied returning id"
    )
    await actions.count_all(scene.context)
    async with browser(scene.cast.farid) as farid:
        page = (await farid.get(f"/host/gatherings/{scene.cast.gathering}/change")).text
    assert 'name="community_seats" value="1"' in page
    await tying.tie(scene.context, await scene.person(scene.cast.farid), scene.cast.circle, tied=False)
    assert (
        await scene.value("select community_seats from gatherings where id = $1", scene.cast.gathering) == 1
    )


async def test_who_paid_above_is_thanked_once_and_nobody_else_reads_of_it(
    scene: Scene, browser: OpenBrowser, drain: Drain
) -> None:
    booked = {scene.cast.mira: "60", scene.cast.milo: "45"}
    for person, amount in booked.items():
        booking = await paid_seat(scene, person, drain, amount)
        async with browser(person) as page:
            assert (THANKS in (await page.get(f"/bookings/{booking}")).text) is (amount == "60")
    mails = await scene.count("mails where kind = 'invite' and text_body like '%' || $1 || '%'", THANKS)
    assert mails == 1


async def test_organizers_see_the_sums_and_hosts_a_sentence(
    scene: Scene, browser: OpenBrowser, drain: Drain
) -> None:
    await paid_seat(scene, scene.cast.mira, drain, "60")
    month = await scene.value(
        "select to_char(wall_start, 'YYYY-MM') from gatherings where id = $1", scene.cast.gathering
    )
    async with browser(scene.cast.odile) as odile:
        assert "$15" in (await odile.get(f"/organize/pool?month={month}")).text
        assert "$15" in (await odile.get(f"/organize/pool/{scene.cast.circle}")).text
    async with browser(scene.cast.farid) as farid:
        page = (await farid.get(f"/host/circles/{scene.cast.circle}/pool")).text
        assert rules.TOO_FEW in page
        assert "$" not in page[page.index("<main") :]
        assert (await farid.get("/organize/pool")).status_code == 404
        answer = await farid.post(f"/host/circles/{scene.cast.circle}/pool", data={"tied": "on"})
        assert answer.status_code == 303
    async with browser(scene.cast.fern) as fern:
        assert (await fern.get(f"/host/circles/{scene.cast.circle}/pool")).status_code == 404
    assert await scene.count("events where what = 'circle.pool_tied' and who = $1", scene.cast.farid) == 1
