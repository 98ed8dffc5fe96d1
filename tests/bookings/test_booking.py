"""Booking a seat on a real database: the form, refusals, sending it twice, an outage of Stripe."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from starlette.applications import Starlette

from circles import gatherings
from circles.base.errors import OutOfDate, Refused
from circles.bookings import actions
from circles.guidelines import actions as guideline_actions
from circles.store import audit
from tests.bookings import helpers
from tests.bookings.helpers import GOOD_CARD, Scene, cancel_gathering, form_at, own_statements, typed
from tests.cast import Cast, add_booking, add_circle, add_gathering, version_of
from tests.conftest import Browser, OpenBrowser

scene, mira = helpers.scene, helpers.mira


# The form


async def test_the_form_needs_a_sign_in_and_comes_back_to_itself(scene: Scene, browser: OpenBrowser) -> None:
    async with browser() as nobody:
        answer = await nobody.get(form_at(scene.cast))
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"/sign-in?next=/gatherings/{scene.cast.gathering}/book")


async def test_the_form_shows_scale_guidelines_and_terms(
    scene: Scene, mira: Browser, queries: list[str]
) -> None:
    queries.clear()
    page = await mira.get(form_at(scene.cast))
    assert len(own_statements(queries)) <= 3
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    for words in (
        "$30",
        "$45",
        "$80",
        "suggested",
        "What is said here stays here.",
        "I have read these guidelines",
    ):
        assert words in page.text
    assert "no proof is asked" in page.text
    assert "48 hours" in page.text
    assert "Continue to payment" in page.text
    assert "meet.example.org" not in page.text


async def test_a_community_seat_is_confirmed_at_once_and_never_touches_stripe(
    scene: Scene, mira: Browser
) -> None:
    answer = await mira.post(
        form_at(scene.cast), data=typed(scene.cast, choice="community", amount="nonsense")
    )
    assert answer.status_code == 303
    page = await mira.get(answer.headers["location"])
    assert "Your seat is confirmed" in page.text
    assert "Add to calendar" in page.text
    assert await scene.count("checkouts") == 0
    assert await scene.count("pgqueuer where entrypoint = 'invites.send'") == 1
    again = await mira.get(form_at(scene.cast))
    assert again.headers["location"] == answer.headers["location"]


async def test_a_circle_that_asks_nothing_skips_the_checkout(scene: Scene, mira: Browser) -> None:
    cast = scene.cast
    page = await mira.get(form_at(cast, cast.free_gathering))
    version = re.search(r'name="version" value="([^"]+)"', page.text)
    assert version
    assert "Your amount" not in page.text
    assert "12 Elm Street" not in page.text
    answer = await mira.post(form_at(cast, cast.free_gathering), data={"version": version[1], "agreed": "on"})
    confirmed = await mira.get(answer.headers["location"])
    assert "Your seat is confirmed" in confirmed.text
    assert "12 Elm Street" in confirmed.text
    row = await scene.row(UUID(answer.headers["location"].rsplit("/", 1)[1]))
    assert (row["kind"], row["amount"], row["seat"]) == ("free", 0, 1)


async def test_paying_leads_to_the_checkout_and_back_to_a_confirmed_seat(
    scene: Scene, mira: Browser, drain: Callable[[], Any]
) -> None:
    answer = await mira.post(form_at(scene.cast), data=typed(scene.cast, amount="52.50"))
    assert answer.status_code == 303
    checkout = answer.headers["location"]
    assert checkout.startswith("/practice/checkout/")
    booking = await scene.value("select id from bookings where person_id = $1", scene.cast.mira)
    # Coming back proves nothing: without paying, the page only waits.
    waiting = await mira.get(f"/bookings/{booking}")
    await drain()
    assert "Held for you until" in waiting.text
    assert (await scene.row(booking))["state"] == "held"
    paid = await mira.post(checkout, data={"card": GOOD_CARD, "do": "pay"})
    assert paid.headers["location"] == f"/bookings/{booking}/paid"
    back = (await mira.get(f"/bookings/{booking}/paid")).headers["location"]
    assert back == f"/bookings/{booking}?paid=on"
    thanks = await mira.get(back)
    assert "Thank you. Your payment is being confirmed" in thanks.text
    for word in ("Let the seat go", "payment</a>", "Not paid yet"):
        assert word not in thanks.text
    await drain()
    page = await mira.get(f"/bookings/{booking}")
    assert "Your seat is confirmed" in page.text
    assert "$52.50" in page.text
    row = await scene.row(booking)
    assert (row["state"], row["kind"], row["amount"]) == ("confirmed", "paid", 5250)
    assert (row["refund_hours"], row["late_refund_percent"]) == (48, 0)


async def test_only_discreet_words_reach_stripe(scene: Scene) -> None:
    booking = await scene.book(scene.cast.mira)
    request = str(await scene.value("select request from operations where booking_id = $1", booking.id))
    assert "Tuesday group" in request
    for word in ("First steps home", "Mira", "mira@example.org"):
        assert word not in request


async def test_the_checkout_is_made_outside_the_booking_transaction(scene: Scene, queries: list[str]) -> None:
    await scene.person(scene.cast.mira)
    queries.clear()
    await scene.book(scene.cast.mira)
    taking, *calling = [i for i, query in enumerate(queries) if query.startswith("BEGIN")]
    assert queries.index("COMMIT;", taking) < min(calling)
    assert len(own_statements(queries[: min(calling)])) <= 4


# What cannot be booked


@pytest.mark.parametrize("amount", ["29.99", "80.01", "-45", "45.001", "NaN", "1e21", "", "<b>45</b>"])
async def test_a_bad_amount_is_refused_beside_the_field_and_typed_values_stay(
    scene: Scene, mira: Browser, amount: str
) -> None:
    answer = await mira.post(form_at(scene.cast), data=typed(scene.cast, amount=amount))
    assert answer.status_code == 422
    assert 'id="f-amount-error"' in answer.text
    assert re.search(r'name="agreed" value="on" checked', answer.text)
    if amount and "<" not in amount:
        assert f'value="{amount}"' in answer.text
    assert await scene.count("bookings") == 0
    assert await scene.count("acceptances") == 0


@pytest.mark.parametrize("amount", ["37,50", "$37.50", " 37.5 ", "３７．５０", "\u200b37,50 USD"])
async def test_an_amount_is_read_as_it_is_typed(scene: Scene, mira: Browser, amount: str) -> None:
    answer = await mira.post(form_at(scene.cast), data=typed(scene.cast, amount=amount))
    assert answer.status_code == 303
    assert await scene.value("select amount from bookings") == 3750


async def test_a_sign_of_another_currency_is_refused_with_a_sentence(scene: Scene, mira: Browser) -> None:
    answer = await mira.post(form_at(scene.cast), data=typed(scene.cast, amount="45 €"))
    assert answer.status_code == 422
    assert "Please give the amount in US dollars (USD); “€” is another currency." in answer.text
    assert 'value="45 €"' in answer.text


async def test_another_currency_in_a_hidden_field_is_refused(scene: Scene, mira: Browser) -> None:
    answer = await mira.post(form_at(scene.cast), data=typed(scene.cast, currency="JPY", amount="4500"))
    assert answer.status_code == 422
    assert "This circle is paid in USD." in answer.text


async def test_guidelines_must_be_agreed_to(scene: Scene, mira: Browser) -> None:
    body = typed(scene.cast, amount="29")
    del body["agreed"]
    answer = await mira.post(form_at(scene.cast), data=body)
    assert answer.status_code == 422
    assert "tick that you agree" in answer.text
    assert "The least one can pay here is $30." in answer.text


async def test_guidelines_that_changed_meanwhile_are_shown_and_must_be_agreed_to(
    scene: Scene, mira: Browser
) -> None:
    body = typed(scene.cast, amount="61")
    guidelines_id = await scene.value("select guidelines_id from circles where id = $1", scene.cast.circle)
    async with scene.context.db.transaction() as tx:
        newer = await guideline_actions.publish(
            tx, guidelines_id, "A new agreement about phones.", scene.cast.farid
        )
    answer = await mira.post(form_at(scene.cast), data=body)
    assert answer.status_code == 422
    assert "The guidelines changed while this page was open." in answer.text
    assert "A new agreement about phones." in answer.text
    assert 'value="61"' in answer.text
    assert not re.search(r'name="agreed" value="on" checked', answer.text)
    assert f'name="version" value="{newer}"' in answer.text
    booked = await mira.post(form_at(scene.cast), data=body | {"version": str(newer), "amount": "61"})
    assert booked.status_code == 303


async def test_a_full_gathering_shows_other_dates_with_a_seat(
    scene: Scene, mira: Browser, queries: list[str]
) -> None:
    await scene.fill(scene.cast.gathering, 8)
    later = [await add_gathering(scene.context, scene.cast.circle, days=days) for days in (14, 21, 28, 35)]
    await scene.fill(later[0], 7)
    await scene.fill(later[1], 8)
    await mira.post(form_at(scene.cast), data=typed(scene.cast))  # a new connection looks up its types first
    queries.clear()
    answer = await mira.post(form_at(scene.cast), data=typed(scene.cast, amount="61", agreed=""))
    assert answer.status_code == 422
    assert "The last seat was taken a moment ago. Nothing was charged." in answer.text
    assert "guidelines" not in answer.text  # what else was wrong does not matter any more
    shown = re.findall(r'<a href="/gatherings/([0-9a-f-]{36})"><time', answer.text)
    assert shown == [str(later[0]), str(later[2]), str(later[3])]
    assert "1 seat left" in answer.text
    assert len(own_statements(queries)) <= 4, queries
    page = await mira.get(form_at(scene.cast))
    assert page.status_code == 200
    assert "Other dates of this circle" in page.text


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(hours=-5)])
async def test_a_gathering_that_has_begun_is_closed(scene: Scene, mira: Browser, ahead: timedelta) -> None:
    await scene.starts_in(scene.cast.gathering, ahead)
    answer = await mira.post(form_at(scene.cast), data=typed(scene.cast))
    assert answer.status_code == 422
    assert "has begun or is over" in answer.text
    assert await scene.count("bookings") == 0


async def test_a_canceled_gathering_is_closed(scene: Scene, mira: Browser) -> None:
    farid = await scene.person(scene.cast.farid)
    await cancel_gathering(scene, farid)
    answer = await mira.post(form_at(scene.cast), data=typed(scene.cast))
    assert answer.status_code == 422
    assert "This gathering was canceled" in answer.text


async def test_drafts_and_unknown_gatherings_are_not_found(scene: Scene, mira: Browser) -> None:
    draft = await add_gathering(scene.context, scene.cast.circle, days=9, state="draft")
    for gathering in (draft, uuid4()):
        assert (await mira.get(form_at(scene.cast, gathering))).status_code == 404
        answer = await mira.post(form_at(scene.cast, gathering), data=typed(scene.cast))
        assert answer.status_code == 404
    assert (await mira.get("/gatherings/nonsense/book")).status_code == 404


async def test_the_last_community_seat_is_booked_once(scene: Scene, mira: Browser) -> None:
    await scene.book(scene.cast.milo, choice="community")
    answer = await mira.post(form_at(scene.cast), data=typed(scene.cast, choice="community", amount="31"))
    assert answer.status_code == 422
    assert "There is no community seat left." in answer.text
    assert 'value="31"' in answer.text
    assert (await mira.post(form_at(scene.cast), data=typed(scene.cast, amount="31"))).status_code == 303


# Twice


async def test_the_same_form_sent_twice_leads_to_the_same_checkout(scene: Scene, mira: Browser) -> None:
    first = await mira.post(form_at(scene.cast), data=typed(scene.cast))
    second = await mira.post(form_at(scene.cast), data=typed(scene.cast))
    assert second.status_code == 303
    assert (await mira.get(second.headers["location"])).headers["location"] == first.headers["location"]
    assert await scene.count("bookings") == 1


async def test_a_second_tab_with_another_amount_offers_both_ways(scene: Scene, mira: Browser) -> None:
    await mira.post(form_at(scene.cast), data=typed(scene.cast))
    answer = await mira.post(form_at(scene.cast), data=typed(scene.cast, amount="60"))
    assert answer.status_code == 422
    assert "A seat is held for you already" in answer.text
    assert "$45" in answer.text
    assert "Go on to payment" in answer.text
    assert "Let the seat go" in answer.text


async def test_a_double_click_takes_one_seat(scene: Scene, mira: Browser) -> None:
    posts = [mira.post(form_at(scene.cast), data=typed(scene.cast)) for _ in range(4)]
    answers = await asyncio.gather(*posts)
    assert {answer.status_code for answer in answers} == {303}
    assert await scene.count("bookings") == 1
    assert await scene.count("checkouts") == 1
    assert await scene.seats() == 1


async def test_booking_again_leads_to_the_existing_booking(scene: Scene, mira: Browser) -> None:
    booking = await add_booking(scene.context, scene.cast.gathering, scene.cast.mira)
    answer = await mira.post(form_at(scene.cast), data=typed(scene.cast))
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/bookings/{booking}"
    assert "You have a seat here already" in (await mira.get(f"/bookings/{booking}")).text


async def test_the_database_itself_refuses_a_second_seat_and_a_wrong_amount(scene: Scene) -> None:
    booking = await add_booking(
        scene.context, scene.cast.gathering, scene.cast.mira, kind="paid", amount=4500
    )
    same = "kind, state, currency, scale_minimum, scale_maximum, acceptance_id, confirmed_at, gathering_id"
    copy = (
        f"insert into bookings (person_id, seat, amount, {same}) "
        f"select {{person}}, {{seat}}, {{amount}}, {same} from bookings where id = $1"
    )
    wrong = {
        "booking_once_per_person": {"person": "person_id", "seat": 2, "amount": 4500},
        "booking_seat_once": {"person": f"'{scene.cast.milo}'", "seat": 1, "amount": 4500},
        "booking_amount_within_scale": {"person": f"'{scene.cast.milo}'", "seat": 2, "amount": 8001},
        "gathering_seats_map_fits": {"person": f"'{scene.cast.milo}'", "seat": 9, "amount": 4500},
    }
    for rule, values in wrong.items():
        with pytest.raises(asyncpg.IntegrityConstraintViolationError) as caught:
            await scene.value(copy.format(**values), booking)
        assert caught.value.constraint_name == rule


# When Stripe cannot be reached


async def test_without_stripe_the_seat_is_let_go_and_the_page_says_so(
    scene: Scene, mira: Browser, app: Starlette
) -> None:
    closed = scene.context.settings.model_copy(update={"stripe_api_base": "http://127.0.0.1:9"})
    app.state.context = replace(scene.context, environment=closed)
    answer = await mira.post(form_at(scene.cast), data=typed(scene.cast, amount="61"))
    assert answer.status_code == 503
    assert "Nothing was charged" in answer.text
    assert 'value="61"' in answer.text
    assert re.search(r'name="agreed" value="on" checked', answer.text)
    assert await scene.seats() == 0
    row = await scene.row(await scene.value("select id from bookings"))
    assert (row["state"], row["end_cause"]) == ("lapsed", "no_checkout")
    assert (await mira.get(f"/bookings/{row['id']}")).status_code == 200
    # The rest of the site works, and so does a seat that costs nothing.
    community = await mira.post(form_at(scene.cast), data=typed(scene.cast, choice="community"))
    assert community.status_code == 303


# Smaller things


async def test_seats_are_numbered_from_the_lowest_free_one(scene: Scene) -> None:
    for person in ("mira", "milo", "odile"):
        await scene.book(getattr(scene.cast, person))
    taken = await scene.value("select array_agg(seat order by seat) from bookings")
    assert taken == [1, 2, 3]
    middle = await scene.value("select id from bookings where seat = 2")
    await actions.let_go(scene.context, await scene.person(scene.cast.milo), middle)
    assert (await scene.book(scene.cast.fern)).seat == 2


async def test_zero_on_a_scale_from_zero_is_free(scene: Scene) -> None:
    circle = await add_circle(
        scene.context, scene.cast.farid, name="Pay what you can", minimum=0, suggested=2000, maximum=4000
    )
    gathering = await add_gathering(scene.context, circle, days=3)
    version = await scene.value(
        "select guidelines_versions.id from guidelines_versions join circles using (guidelines_id) "
        "where circles.id = $1",
        circle,
    )
    booking = await scene.book(scene.cast.mira, gathering, amount="0", version_id=version)
    assert (booking.kind, booking.state) == ("free", "confirmed")
    with pytest.raises(Refused) as caught:
        await scene.book(scene.cast.milo, gathering, amount="0.49", version_id=version)
    assert caught.value.codes == {"below_card"}


async def test_a_person_holds_three_unpaid_seats_at_most(scene: Scene) -> None:
    more = [await add_gathering(scene.context, scene.cast.circle, days=10 + i) for i in range(3)]
    for gathering in (scene.cast.gathering, *more[:2]):
        await scene.book(scene.cast.mira, gathering)
    with pytest.raises(Refused) as caught:
        await scene.book(scene.cast.mira, more[2])
    assert caught.value.codes == {"many_held"}
    await scene.book(scene.cast.milo, more[2])


async def test_booking_with_old_guidelines_raises_out_of_date(scene: Scene) -> None:
    with pytest.raises(OutOfDate):
        await scene.book(scene.cast.mira, version_id=uuid4())


async def test_an_offer_counts_held_seats_as_taken(scene: Scene) -> None:
    await scene.book(scene.cast.mira)
    await scene.book(scene.cast.milo, choice="community")
    async with scene.context.db.reading() as tx:
        gathering = (await gatherings.bookable_gatherings(tx, [scene.cast.gathering]))[scene.cast.gathering]
    assert (gathering.seats_taken, gathering.community_taken, gathering.seats_left) == (2, 1, 6)


async def test_a_full_gathering_is_refused_by_one_query(
    cast: Cast, browser: OpenBrowser, queries: list[str]
) -> None:
    """In a rush most come too late. Somebody who has a seat there is led to it, full or not."""
    full = await add_gathering(cast.context, cast.other_circle, days=9, capacity=1, community_seats=0)
    own = await add_booking(cast.context, full, cast.milo, kind="free")
    other = await add_gathering(cast.context, cast.other_circle, days=16, capacity=2, community_seats=0)
    form = {"version": str(uuid4()), "agreed": "on", "choice": "amount", "amount": "0", "currency": "USD"}
    async with browser(cast.mira) as page:
        await page.post(f"/gatherings/{full}/book", data=form)
        queries.clear()
        answer = await page.post(f"/gatherings/{full}/book", data=form)
        assert answer.status_code == 422
        assert "Every seat is taken" in answer.text
        assert f'href="/gatherings/{other}"' in answer.text
        assert "2 seats left" in answer.text
        assert len(own_statements(queries)) == 2, "the sign-in and the gathering"
        assert f'href="/gatherings/{full}"' in answer.text
    async with browser(cast.milo) as page:
        assert (await page.post(f"/gatherings/{full}/book", data=form)).headers[
            "location"
        ] == f"/bookings/{own}"
    async with cast.context.db.transaction() as tx:
        cancel = (
            "update bookings set state = 'cancelled', ended_at = now(), end_cause = 'by_member' where id = $1"
        )
        await tx.execute(cancel, own)
        await audit.record(tx, "booking.cancelled", own, before="confirmed", after="cancelled")
    async with browser(cast.mira) as page:
        form |= {"version": str(await version_of(cast.context, cast.other_circle))}
        booked = await page.post(f"/gatherings/{full}/book", data=form)
    assert booked.headers["location"].startswith("/bookings/"), "full a moment ago, and free now"


async def test_the_page_of_a_full_gathering_is_kept_but_for_the_name(
    cast: Cast, browser: OpenBrowser
) -> None:
    full = await add_gathering(cast.context, cast.other_circle, days=9, capacity=1, community_seats=0)
    await add_booking(cast.context, full, cast.milo, kind="free")
    other = await add_gathering(cast.context, cast.other_circle, days=16, capacity=2, community_seats=0)
    async with cast.context.db.transaction() as tx:
        await tx.execute("update people set name = 'A <b> & co' where id = $1", cast.mira)

    async def refused(person: UUID, zone: str = "") -> str:
        async with browser(person) as page:
            if zone:
                page.cookies.set("zone", zone)
            answer = await page.post(f"/gatherings/{full}/book", data={"agreed": "on"})
        assert answer.status_code == 422
        return answer.text

    first, again = await refused(cast.mira), await refused(cast.mira)
    assert first == again
    assert ">A &lt;b&gt; &amp; co</a>" in first
    host = await refused(cast.farid)
    assert ">Farid" in host
    assert 'href="/host"' in host
    assert "A &lt;b&gt;" not in host
    assert 'href="/host"' not in first
    assert await refused(cast.mira, "Asia%2FTokyo") not in (first, host)
    await add_booking(cast.context, other, cast.milo, kind="free")
    assert "1 seat left" in await refused(cast.mira)


async def test_a_seat_that_costs_nothing_is_taken_by_one_statement(
    cast: Cast, browser: OpenBrowser, queries: list[str]
) -> None:
    """The seat, the agreement, the event and the job of the invite; so the gathering is locked for that long alone."""
    free = await add_gathering(cast.context, cast.other_circle, days=9, capacity=2, community_seats=0)
    version = await version_of(cast.context, cast.other_circle)
    form = {"version": str(version), "agreed": "on", "choice": "amount", "amount": "0", "currency": "USD"}
    async with browser(cast.mira) as page:
        queries.clear()
        booked = await page.post(f"/gatherings/{free}/book", data=form)
    booking = booked.headers["location"].rpartition("/")[2]
    assert not [query for query in queries if query.startswith(("BEGIN", "COMMIT"))]
    assert len(own_statements(queries)) == 3, "the sign-in, the gathering, the seat"
    async with cast.context.db.reading() as tx:
        job = "select payload from pgqueuer where dedupe_key = 'invites.send:' || $1::text"
        assert json.loads(await tx.fetchval(job, booking)) == {"booking_id": booking}


async def test_nobody_agreed_whose_seat_was_refused(scene: Scene) -> None:
    before = await scene.count("acceptances")
    async with scene.context.db.one_write() as tx:
        taken = await actions.SQL.take_seat(
            tx,
            gathering_id=scene.cast.gathering,
            person_id=scene.cast.milo,
            kind="paid",
            amount=4500,
            currency="USD",
            minimum=2000,
            maximum=8000,
            refund_hours=48,
            late_percent=50,
            version_id=scene.cast.version,
            hold_minutes=30,
            max_held=0,
        )
    assert taken is None
    assert await scene.count("acceptances") == before
