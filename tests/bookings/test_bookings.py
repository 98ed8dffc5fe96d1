"""Bookings on a real database: the form, the checkout and back, letting go, cancelling, late money."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette

from circles import bookings, gatherings, guidelines, people
from circles.base.errors import NotFound, OutOfDate, Refused
from circles.bookings import actions
from circles.bookings import actions as booking_actions
from circles.bookings import rules as booking_rules
from circles.guidelines import actions as guideline_actions
from circles.practice.stripe import objects as practice
from circles.practice.stripe import webhooks as practice_hooks
from circles.store import audit, jobs
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_circle, add_gathering, add_person
from tests.conftest import Browser, OpenBrowser

GOOD = "4242 4242 4242 4242"


@dataclass(frozen=True, slots=True)
class Hands:
    """What the tests do again and again."""

    context: Context
    cast: Cast

    async def person(self, person_id: UUID) -> people.Person:
        async with self.context.db.reading() as tx:
            return (await people.by_ids(tx, [person_id]))[person_id]

    async def book(self, person: UUID, gathering: UUID | None = None, **wish: Any) -> booking_rules.Booking:
        values = {"choice": "amount", "amount": "45", "version_id": self.cast.version, "agreed": True} | wish
        return await booking_actions.book(
            self.context, await self.person(person), gathering or self.cast.gathering, **values
        )

    async def row(self, booking: UUID) -> asyncpg.Record:
        async with self.context.db.reading() as tx:
            found = await tx.fetchrow("select * from bookings where id = $1", booking)
        assert found
        return found

    async def value(self, query: str, *arguments: Any) -> Any:
        async with self.context.db.transaction() as tx:
            return await tx.fetchval(query, *arguments)

    async def pay(self, booking: UUID, card: str = GOOD) -> None:
        """Pay at the look-alike of Stripe. Our side hears of it when jobs are carried out."""
        stripe_id = await self.value("select stripe_id from checkouts where booking_id = $1", booking)
        async with self.context.db.transaction() as tx:
            await practice.pay(tx, stripe_id, card)

    async def end_hold(self, booking: UUID) -> None:
        """The hold ends on our side while its checkout can still be paid: what must not happen, and might."""
        async with self.context.db.transaction() as tx:
            await actions.SQL.end(tx, booking_id=booking, state="lapsed", cause="not_paid")
            await audit.record(tx, "booking.lapsed", booking, before="held", after="lapsed")

    async def starts_in(self, gathering: UUID, ahead: timedelta) -> None:
        await self.value(
            "update gatherings set starts_at = $2, "
            "ends_at = $2::timestamptz + make_interval(mins => length_minutes), "
            "wall_start = $2::timestamptz at time zone zone where id = $1",
            gathering,
            datetime.now(UTC) + ahead,
        )

    async def fill(self, gathering: UUID, seats: int) -> list[UUID]:
        """Take this many seats of a gathering for others."""
        return [
            await add_booking(
                self.context,
                gathering,
                await add_person(self.context, f"Guest {uuid4().hex}"),
                kind="paid",
                amount=4500,
            )
            for _ in range(seats)
        ]

    async def seats(self, gathering: UUID | None = None) -> int:
        return await self.value(
            "select seats_taken from gatherings where id = $1", gathering or self.cast.gathering
        )

    async def count(self, query: str, *arguments: Any) -> int:
        return await self.value(f"select count(*) from {query}", *arguments)


@pytest_asyncio.fixture
async def hands(context: Context, cast: Cast, app: Starlette, monkeypatch: pytest.MonkeyPatch) -> Hands:
    """The house with everybody in it; webhooks of the look-alike reach the app."""
    monkeypatch.setattr(practice_hooks, "transport", httpx.ASGITransport(app=app))
    return Hands(context, cast)


@pytest_asyncio.fixture
async def mira(hands: Hands, browser: OpenBrowser) -> AsyncIterator[Browser]:
    """Mira's browser."""
    async with browser(hands.cast.mira) as page:
        yield page


def typed(cast: Cast, **more: str) -> dict[str, str]:
    """What the booking form sends."""
    return {
        "choice": "amount",
        "amount": "45",
        "currency": "USD",
        "version": str(cast.version),
        "agreed": "on",
    } | more


def asked(queries: list[str]) -> list[str]:
    """The statements of the house itself, without BEGIN and COMMIT and what the driver asks about types."""
    frame = ("BEGIN", "COMMIT")
    return [
        q for q in queries if not q.startswith(frame) and "typeinfo_tree" not in q and "set_config" not in q
    ]


def form_at(cast: Cast, gathering: UUID | None = None) -> str:
    return f"/gatherings/{gathering or cast.gathering}/book"


# The form


async def test_the_form_needs_a_sign_in_and_comes_back_to_itself(hands: Hands, browser: OpenBrowser) -> None:
    async with browser() as nobody:
        answer = await nobody.get(form_at(hands.cast))
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"/sign-in?next=/gatherings/{hands.cast.gathering}/book")


async def test_the_form_says_all_there_is_to_know(hands: Hands, mira: Browser, queries: list[str]) -> None:
    queries.clear()
    page = await mira.get(form_at(hands.cast))
    assert len(asked(queries)) <= 3
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
    hands: Hands, mira: Browser
) -> None:
    answer = await mira.post(
        form_at(hands.cast), data=typed(hands.cast, choice="community", amount="nonsense")
    )
    assert answer.status_code == 303
    page = await mira.get(answer.headers["location"])
    assert "Your seat is confirmed" in page.text
    assert "Add to calendar" in page.text
    assert await hands.count("checkouts") == 0
    assert await hands.count("pgqueuer where entrypoint = 'invites.send'") == 1
    again = await mira.get(form_at(hands.cast))
    assert again.headers["location"] == answer.headers["location"]


async def test_a_circle_that_asks_nothing_skips_the_checkout(hands: Hands, mira: Browser) -> None:
    cast = hands.cast
    page = await mira.get(form_at(cast, cast.free_gathering))
    version = re.search(r'name="version" value="([^"]+)"', page.text)
    assert version
    assert "Your amount" not in page.text
    assert "12 Elm Street" not in page.text
    answer = await mira.post(form_at(cast, cast.free_gathering), data={"version": version[1], "agreed": "on"})
    confirmed = await mira.get(answer.headers["location"])
    assert "Your seat is confirmed" in confirmed.text
    assert "12 Elm Street" in confirmed.text
    row = await hands.row(UUID(answer.headers["location"].rsplit("/", 1)[1]))
    assert (row["kind"], row["amount"], row["seat"]) == ("free", 0, 1)


async def test_paying_leads_to_the_checkout_and_back_to_a_confirmed_seat(
    hands: Hands, mira: Browser, drain: Callable[[], Any]
) -> None:
    answer = await mira.post(form_at(hands.cast), data=typed(hands.cast, amount="52.50"))
    assert answer.status_code == 303
    checkout = answer.headers["location"]
    assert checkout.startswith("/practice/checkout/")
    booking = await hands.value("select id from bookings where person_id = $1", hands.cast.mira)
    # Coming back proves nothing: without paying, the page only waits.
    waiting = await mira.get(f"/bookings/{booking}")
    await drain()
    assert "Waiting for your payment" in waiting.text
    assert (await hands.row(booking))["state"] == "held"
    paid = await mira.post(checkout, data={"card": GOOD, "do": "pay"})
    assert paid.headers["location"] == f"/bookings/{booking}"
    await mira.get(f"/bookings/{booking}")
    await drain()
    page = await mira.get(f"/bookings/{booking}")
    assert "Your seat is confirmed" in page.text
    assert "$52.50" in page.text
    row = await hands.row(booking)
    assert (row["state"], row["kind"], row["amount"]) == ("confirmed", "paid", 5250)
    assert (row["refund_hours"], row["late_refund_percent"]) == (48, 0)


async def test_only_discreet_words_reach_stripe(hands: Hands) -> None:
    booking = await hands.book(hands.cast.mira)
    request = str(await hands.value("select request from operations where booking_id = $1", booking.id))
    assert "Tuesday group" in request
    for word in ("First steps home", "Mira", "mira@example.org"):
        assert word not in request


async def test_the_checkout_is_made_outside_the_booking_transaction(hands: Hands, queries: list[str]) -> None:
    await hands.person(hands.cast.mira)
    queries.clear()
    await hands.book(hands.cast.mira, choice="community")
    assert sum(query.startswith("BEGIN") for query in queries) == 1
    assert len(asked(queries)) <= 7


# What cannot be booked


@pytest.mark.parametrize("amount", ["29.99", "80.01", "-45", "45.001", "NaN", "1e21", "", "<b>45</b>"])
async def test_a_bad_amount_is_said_beside_the_field_with_what_was_typed_kept(
    hands: Hands, mira: Browser, amount: str
) -> None:
    answer = await mira.post(form_at(hands.cast), data=typed(hands.cast, amount=amount))
    assert answer.status_code == 422
    assert 'id="f-amount-error"' in answer.text
    assert re.search(r'name="agreed" value="on" checked', answer.text)
    if amount and "<" not in amount:
        assert f'value="{amount}"' in answer.text
    assert await hands.count("bookings") == 0
    assert await hands.count("acceptances") == 0


async def test_another_currency_in_a_hidden_field_is_refused(hands: Hands, mira: Browser) -> None:
    answer = await mira.post(form_at(hands.cast), data=typed(hands.cast, currency="JPY", amount="4500"))
    assert answer.status_code == 422
    assert "This circle is paid in USD." in answer.text


async def test_guidelines_must_be_agreed_to(hands: Hands, mira: Browser) -> None:
    body = typed(hands.cast, amount="29")
    del body["agreed"]
    answer = await mira.post(form_at(hands.cast), data=body)
    assert answer.status_code == 422
    assert "tick that you agree" in answer.text
    assert "The least one can pay here is $30." in answer.text


async def test_guidelines_that_changed_meanwhile_are_shown_and_asked_again(
    hands: Hands, mira: Browser
) -> None:
    body = typed(hands.cast, amount="61")
    guidelines_id = await hands.value("select guidelines_id from circles where id = $1", hands.cast.circle)
    async with hands.context.db.transaction() as tx:
        newer = await guideline_actions.publish(
            tx, guidelines_id, "A new agreement about phones.", hands.cast.farid
        )
    answer = await mira.post(form_at(hands.cast), data=body)
    assert answer.status_code == 422
    assert "The guidelines changed while this page was open." in answer.text
    assert "A new agreement about phones." in answer.text
    assert 'value="61"' in answer.text
    assert not re.search(r'name="agreed" value="on" checked', answer.text)
    assert f'name="version" value="{newer}"' in answer.text
    booked = await mira.post(form_at(hands.cast), data=body | {"version": str(newer), "amount": "61"})
    assert booked.status_code == 303


async def test_a_full_gathering_says_so_and_shows_the_dates_that_have_a_seat(
    hands: Hands, mira: Browser, queries: list[str]
) -> None:
    await hands.fill(hands.cast.gathering, 8)
    later = [await add_gathering(hands.context, hands.cast.circle, days=days) for days in (14, 21, 28, 35)]
    await hands.fill(later[0], 7)
    await hands.fill(later[1], 8)
    await mira.post(form_at(hands.cast), data=typed(hands.cast))  # a new connection looks up its types first
    queries.clear()
    answer = await mira.post(form_at(hands.cast), data=typed(hands.cast, amount="61", agreed=""))
    assert answer.status_code == 422
    assert "The last seat was taken a moment ago. Nothing was charged." in answer.text
    assert "guidelines" not in answer.text  # what else was wrong does not matter any more
    shown = re.findall(r'<a href="/gatherings/([0-9a-f-]{36})"><time', answer.text)
    assert shown == [str(later[0]), str(later[2]), str(later[3])]
    assert "1 seat left" in answer.text
    assert len([each for each in queries if not each.startswith(("BEGIN", "ROLLBACK"))]) <= 4, queries
    page = await mira.get(form_at(hands.cast))
    assert page.status_code == 200
    assert "Other dates of this circle" in page.text


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(hours=-5)])
async def test_a_gathering_that_has_begun_is_closed(hands: Hands, mira: Browser, ahead: timedelta) -> None:
    await hands.starts_in(hands.cast.gathering, ahead)
    answer = await mira.post(form_at(hands.cast), data=typed(hands.cast))
    assert answer.status_code == 422
    assert "has begun or is over" in answer.text
    assert await hands.count("bookings") == 0


async def test_a_cancelled_gathering_is_closed(hands: Hands, mira: Browser) -> None:
    farid = await hands.person(hands.cast.farid)
    await gatherings_cancel(hands, farid)
    answer = await mira.post(form_at(hands.cast), data=typed(hands.cast))
    assert answer.status_code == 422
    assert "This gathering was cancelled" in answer.text


async def test_drafts_and_unknown_gatherings_are_not_there(hands: Hands, mira: Browser) -> None:
    draft = await add_gathering(hands.context, hands.cast.circle, days=9, state="draft")
    for gathering in (draft, uuid4()):
        assert (await mira.get(form_at(hands.cast, gathering))).status_code == 404
        answer = await mira.post(form_at(hands.cast, gathering), data=typed(hands.cast))
        assert answer.status_code == 404
    assert (await mira.get("/gatherings/nonsense/book")).status_code == 404


async def test_the_last_community_seat_is_given_once(hands: Hands, mira: Browser) -> None:
    await hands.book(hands.cast.milo, choice="community")
    answer = await mira.post(form_at(hands.cast), data=typed(hands.cast, choice="community", amount="31"))
    assert answer.status_code == 422
    assert "There is no community seat left." in answer.text
    assert 'value="31"' in answer.text
    assert (await mira.post(form_at(hands.cast), data=typed(hands.cast, amount="31"))).status_code == 303


# Twice


async def test_the_same_form_sent_twice_leads_to_the_same_checkout(hands: Hands, mira: Browser) -> None:
    first = await mira.post(form_at(hands.cast), data=typed(hands.cast))
    second = await mira.post(form_at(hands.cast), data=typed(hands.cast))
    assert second.status_code == 303
    assert (await mira.get(second.headers["location"])).headers["location"] == first.headers["location"]
    assert await hands.count("bookings") == 1


async def test_a_second_tab_with_another_amount_offers_both_ways(hands: Hands, mira: Browser) -> None:
    await mira.post(form_at(hands.cast), data=typed(hands.cast))
    answer = await mira.post(form_at(hands.cast), data=typed(hands.cast, amount="60"))
    assert answer.status_code == 422
    assert "A seat is held for you already" in answer.text
    assert "$45" in answer.text
    assert "Continue to payment" in answer.text
    assert "Let the seat go" in answer.text


async def test_a_double_click_takes_one_seat(hands: Hands, mira: Browser) -> None:
    posts = [mira.post(form_at(hands.cast), data=typed(hands.cast)) for _ in range(4)]
    answers = await asyncio.gather(*posts)
    assert {answer.status_code for answer in answers} == {303}
    assert await hands.count("bookings") == 1
    assert await hands.count("checkouts") == 1
    assert await hands.seats() == 1


async def test_booking_what_one_has_leads_to_it(hands: Hands, mira: Browser) -> None:
    booking = await add_booking(hands.context, hands.cast.gathering, hands.cast.mira)
    answer = await mira.post(form_at(hands.cast), data=typed(hands.cast))
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/bookings/{booking}"
    assert "You have a seat here already" in (await mira.get(f"/bookings/{booking}")).text


async def test_the_database_itself_refuses_a_second_seat_and_a_wrong_amount(hands: Hands) -> None:
    booking = await add_booking(
        hands.context, hands.cast.gathering, hands.cast.mira, kind="paid", amount=4500
    )
    same = "kind, state, currency, scale_minimum, scale_maximum, acceptance_id, confirmed_at, gathering_id"
    copy = (
        f"insert into bookings (person_id, seat, amount, {same}) "
        f"select {{person}}, {{seat}}, {{amount}}, {same} from bookings where id = $1"
    )
    wrong = {
        "booking_once_per_person": {"person": "person_id", "seat": 2, "amount": 4500},
        "booking_seat_once": {"person": f"'{hands.cast.milo}'", "seat": 1, "amount": 4500},
        "booking_amount_within_scale": {"person": f"'{hands.cast.milo}'", "seat": 2, "amount": 8001},
        "gathering_seats_map_fits": {"person": f"'{hands.cast.milo}'", "seat": 9, "amount": 4500},
    }
    for rule, values in wrong.items():
        with pytest.raises(asyncpg.IntegrityConstraintViolationError) as caught:
            await hands.value(copy.format(**values), booking)
        assert caught.value.constraint_name == rule


# When Stripe cannot be reached


async def test_without_stripe_the_seat_is_let_go_and_the_page_says_so(
    hands: Hands, mira: Browser, app: Starlette
) -> None:
    closed = hands.context.settings.model_copy(update={"stripe_api_base": "http://127.0.0.1:9"})
    app.state.context = replace(hands.context, settings=closed)
    answer = await mira.post(form_at(hands.cast), data=typed(hands.cast, amount="61"))
    assert answer.status_code == 503
    assert "Nothing was charged" in answer.text
    assert 'value="61"' in answer.text
    assert re.search(r'name="agreed" value="on" checked', answer.text)
    assert await hands.seats() == 0
    row = await hands.row(await hands.value("select id from bookings"))
    assert (row["state"], row["end_cause"]) == ("lapsed", "no_checkout")
    assert (await mira.get(f"/bookings/{row['id']}")).status_code == 200
    # The rest of the site works, and so does a seat that costs nothing.
    community = await mira.post(form_at(hands.cast), data=typed(hands.cast, choice="community"))
    assert community.status_code == 303


# Letting go


async def test_coming_back_by_cancel_offers_both_ways(hands: Hands, mira: Browser) -> None:
    booking = await hands.book(hands.cast.mira)
    page = await mira.get(f"/bookings/{booking.id}/stopped")
    assert "Your seat is still held" in page.text
    assert f"/bookings/{booking.id}/pay" in page.text
    on = await mira.get(f"/bookings/{booking.id}/pay")
    assert on.headers["location"] == booking.checkout_url


async def test_letting_go_frees_the_seat_for_somebody_else(hands: Hands, mira: Browser) -> None:
    await hands.fill(hands.cast.gathering, 7)
    booking = await hands.book(hands.cast.mira)
    with pytest.raises(Refused):
        await hands.book(hands.cast.milo)
    answer = await mira.post(f"/bookings/{booking.id}/let-go")
    assert answer.headers["location"] == f"/bookings/{booking.id}"
    page = await mira.get(answer.headers["location"])
    assert "Nothing was charged" in page.text
    assert "Book again" in page.text
    row = await hands.row(booking.id)
    assert (row["state"], row["end_cause"]) == ("lapsed", "let_go")
    assert (await hands.book(hands.cast.milo)).seat == booking.seat
    # What was let go can no longer be paid.
    assert (await mira.get(f"/bookings/{booking.id}/pay")).headers["location"] == f"/bookings/{booking.id}"


async def test_letting_go_what_was_paid_meanwhile_keeps_the_seat(hands: Hands, mira: Browser) -> None:
    booking = await hands.book(hands.cast.mira)
    await hands.pay(booking.id)
    await mira.post(f"/bookings/{booking.id}/let-go")
    assert (await hands.row(booking.id))["state"] == "confirmed"
    page = await mira.get(f"/bookings/{booking.id}")
    assert "paid for already" in page.text


async def test_letting_go_without_stripe_keeps_the_hold(hands: Hands, mira: Browser, app: Starlette) -> None:
    booking = await hands.book(hands.cast.mira)
    closed = hands.context.settings.model_copy(update={"stripe_api_base": "http://127.0.0.1:9"})
    app.state.context = replace(hands.context, settings=closed)
    answer = await mira.post(f"/bookings/{booking.id}/let-go")
    assert (await hands.row(booking.id))["state"] == "held"
    page = await mira.get(answer.headers["location"])
    assert "frees itself" in page.text
    assert await hands.seats() == 1


async def test_a_hold_past_its_time_ends_by_stripes_word_alone(
    hands: Hands, drain: Callable[[], Any]
) -> None:
    booking = await hands.book(hands.cast.mira)
    await hands.value(
        "update bookings set held_until = now() - interval '1 minute' where id = $1", booking.id
    )
    await jobs.run_timetable(hands.context, "bookings.lapse")
    await drain()
    assert (await hands.row(booking.id))["state"] == "held"
    await hands.value(
        "update practice_objects set body = jsonb_set(body, '{expires_at}', "
        "to_jsonb(extract(epoch from now())::bigint - 60)) where kind = 'checkout'"
    )
    await jobs.run_timetable(hands.context, "bookings.lapse")
    await drain()
    row = await hands.row(booking.id)
    assert (row["state"], row["end_cause"]) == ("lapsed", "not_paid")
    assert await hands.seats() == 0


# Cancelling


async def paid_seat(hands: Hands, person: UUID, drain: Callable[[], Any], amount: str = "45") -> UUID:
    booking = await hands.book(person, amount=amount)
    await hands.pay(booking.id)
    await drain()
    assert (await hands.row(booking.id))["state"] == "confirmed"
    return booking.id


async def test_cancelling_asks_once_refunds_and_frees_the_seat(
    hands: Hands, mira: Browser, drain: Callable[[], Any]
) -> None:
    booking = await paid_seat(hands, hands.cast.mira, drain)
    page = await mira.get(f"/bookings/{booking}/cancel")
    assert "You get back all of the $45 you paid." in page.text
    shown = re.search(r'name="refund" value="(\d+)"', page.text)
    assert shown
    assert shown[1] == "4500"
    for _ in range(2):
        answer = await mira.post(f"/bookings/{booking}/cancel", data={"refund": shown[1]})
        assert answer.headers["location"] == f"/bookings/{booking}"
    row = await hands.row(booking)
    assert (row["state"], row["end_cause"]) == ("cancelled", "by_member")
    assert await hands.seats() == 0
    assert await hands.count("operations where kind = 'refund' and amount = 4500") == 1
    assert await hands.count("events where about = $1 and what = 'booking.cancelled'", booking) == 1
    await drain()
    assert await hands.value("select sum(amount) from money_rows where booking_id = $1", booking) == 0
    page = await mira.get(f"/bookings/{booking}")
    assert "Your seat was cancelled" in page.text
    assert "$45" in page.text
    assert await hands.count("mails where kind = 'withdrawn'") == 1
    # Free again, also for the one who cancelled.
    assert (await hands.book(hands.cast.mira)).seat == 1


async def test_late_cancelling_pays_back_the_share_agreed_when_booking(
    hands: Hands, mira: Browser, drain: Callable[[], Any]
) -> None:
    await hands.value("update circles set late_refund_percent = 50 where id = $1", hands.cast.circle)
    booking = await paid_seat(hands, hands.cast.mira, drain)
    await hands.value(
        "update circles set late_refund_percent = 0, refund_hours = 720 where id = $1", hands.cast.circle
    )
    await hands.starts_in(hands.cast.gathering, timedelta(hours=20))
    page = await mira.get(f"/bookings/{booking}/cancel")
    assert "you get back $22.50, 50% of the $45 you paid." in page.text
    await mira.post(f"/bookings/{booking}/cancel", data={"refund": "2250"})
    await drain()
    assert await hands.value("select sum(amount) from money_rows where booking_id = $1", booking) == 2250


async def test_when_the_deadline_passed_while_reading_it_asks_again(
    hands: Hands, mira: Browser, drain: Callable[[], Any]
) -> None:
    booking = await paid_seat(hands, hands.cast.mira, drain)
    await mira.get(f"/bookings/{booking}/cancel")
    await hands.starts_in(hands.cast.gathering, timedelta(hours=47))
    answer = await mira.post(f"/bookings/{booking}/cancel", data={"refund": "4500"})
    assert answer.status_code == 422
    assert "Time has passed since you looked." in answer.text
    assert 'name="refund" value="0"' in answer.text
    assert (await hands.row(booking))["state"] == "confirmed"
    for nonsense in ("", "-1", "x", "99999999999999999999", "²"):
        answer = await mira.post(f"/bookings/{booking}/cancel", data={"refund": nonsense})
        assert answer.status_code == 422


async def test_after_the_start_nothing_can_be_cancelled(hands: Hands, mira: Browser) -> None:
    booking = await add_booking(hands.context, hands.cast.gathering, hands.cast.mira)
    await hands.starts_in(hands.cast.gathering, timedelta(minutes=-1))
    assert "can no longer be cancelled" in (await mira.get(f"/bookings/{booking}/cancel")).text
    answer = await mira.post(f"/bookings/{booking}/cancel", data={"refund": "0"})
    assert answer.status_code == 422
    assert (await hands.row(booking))["state"] == "confirmed"


@pytest.mark.parametrize("state", ["held", "lapsed"])
async def test_what_is_not_confirmed_cannot_be_cancelled(hands: Hands, state: str) -> None:
    booking = await add_booking(hands.context, hands.cast.gathering, hands.cast.mira, state=state)
    with pytest.raises(Refused) as caught:
        await booking_actions.cancel(hands.context, await hands.person(hands.cast.mira), booking, shown=0)
    assert caught.value.codes <= {"not_paid_yet", "ended_already"}


async def test_the_booking_of_somebody_else_is_not_there(hands: Hands, browser: OpenBrowser) -> None:
    booking = await add_booking(hands.context, hands.cast.gathering, hands.cast.mira)
    paths = ["", "/state", "/stopped", "/pay", "/cancel"]
    async with browser(hands.cast.milo) as milo:
        for known in (booking, uuid4()):
            for path in paths:
                answer = await milo.get(f"/bookings/{known}{path}", headers={"HX-Request": "true"})
                assert answer.status_code == 404, path
            for path in ("/let-go", "/cancel"):
                answer = await milo.post(f"/bookings/{known}{path}", data={"refund": "0"})
                assert answer.status_code == 404, path
    assert (await hands.row(booking))["state"] == "confirmed"


async def test_the_verbs_check_whose_booking_it_is(hands: Hands) -> None:
    booking = await add_booking(hands.context, hands.cast.gathering, hands.cast.mira)
    milo = await hands.person(hands.cast.milo)
    with pytest.raises(NotFound):
        await booking_actions.cancel(hands.context, milo, booking, shown=0)
    held = await add_booking(
        hands.context, hands.cast.gathering, hands.cast.fern, kind="paid", amount=4500, state="held"
    )
    for mine in (booking, held):
        with pytest.raises(NotFound):
            await booking_actions.let_go(hands.context, milo, mine)
    row = await hands.row(held)
    assert (row["state"], row["let_go_at"]) == ("held", None)


async def test_pages_of_another_state_lead_to_the_booking(hands: Hands, mira: Browser) -> None:
    confirmed = await add_booking(hands.context, hands.cast.gathering, hands.cast.mira)
    await booking_actions.cancel(hands.context, await hands.person(hands.cast.mira), confirmed, shown=0)
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
async def test_what_changes_between_looking_and_taking_gives_no_seat(
    hands: Hands, meanwhile: str, kind: str
) -> None:
    gathering = hands.cast.gathering
    if meanwhile:
        await hands.value(f"update gatherings set {meanwhile} where id = $1", gathering)
    else:
        await hands.starts_in(gathering, timedelta(0))
    async with hands.context.db.transaction() as tx:
        taken = await actions.SQL.take_seat(
            tx,
            gathering_id=gathering,
            person_id=hands.cast.mira,
            kind=kind,
            amount=4500 if kind == "paid" else 0,
            currency="USD",
            minimum=2000,
            maximum=8000,
            refund_hours=48,
            late_percent=50,
            acceptance_id=await guidelines.accept(tx, hands.cast.mira, hands.cast.version),
            hold_minutes=30,
        )
    assert taken is None
    assert await hands.seats() == 0


# Money that comes late


async def test_money_for_a_lost_seat_takes_a_free_one(hands: Hands, drain: Callable[[], Any]) -> None:
    booking = await hands.book(hands.cast.mira)
    await hands.end_hold(booking.id)
    assert (await hands.book(hands.cast.milo)).seat == booking.seat
    await hands.pay(booking.id)
    await drain()
    row = await hands.row(booking.id)
    assert (row["state"], row["seat"], row["end_cause"]) == ("confirmed", 2, "")
    assert await hands.count("operations where kind = 'refund'") == 0


@pytest.mark.parametrize("why", ["full", "begun", "another"])
async def test_money_for_a_seat_that_is_gone_goes_back_with_an_apology(
    hands: Hands, mira: Browser, drain: Callable[[], Any], why: str
) -> None:
    booking = await hands.book(hands.cast.mira)
    await hands.end_hold(booking.id)
    if why == "full":
        await hands.fill(hands.cast.gathering, 8)
    elif why == "begun":
        await hands.starts_in(hands.cast.gathering, timedelta(minutes=-1))
    else:
        await hands.book(hands.cast.mira, choice="community")
    await hands.pay(booking.id)
    await drain()
    row = await hands.row(booking.id)
    assert (row["state"], row["end_cause"]) == ("lapsed", "paid_late")
    assert await hands.value("select sum(amount) from money_rows where booking_id = $1", booking.id) == 0
    mail = await hands.value("select subject || text_body from mails where kind = 'apology'")
    assert "Tuesday group" in mail
    assert "$45" in mail
    assert "First steps home" not in mail
    assert "All of it goes back" in (await mira.get(f"/bookings/{booking.id}")).text
    # Told once more, nothing moves a second time.
    async with hands.context.db.transaction() as tx:
        await bookings.settle(tx, hands.context, booking.id, "paid")
    assert await hands.count("operations where kind = 'refund'") == 1
    assert await hands.count("mails where kind = 'apology'") == 1


async def test_settling_twice_is_settling_once(hands: Hands, drain: Callable[[], Any]) -> None:
    booking = await paid_seat(hands, hands.cast.mira, drain)
    for outcome in ("paid", "expired", "failed", "paid"):
        async with hands.context.db.transaction() as tx:
            await bookings.settle(tx, hands.context, booking, outcome)
    assert (await hands.row(booking))["state"] == "confirmed"
    assert await hands.count("events where about = $1 and what = 'booking.confirmed'", booking) == 1
    assert await hands.count("mails where kind = 'invite'") == 1


async def test_what_a_member_cancelled_is_not_paid_back_again(hands: Hands, drain: Callable[[], Any]) -> None:
    booking = await paid_seat(hands, hands.cast.mira, drain)
    await hands.starts_in(hands.cast.gathering, timedelta(hours=20))
    await booking_actions.cancel(hands.context, await hands.person(hands.cast.mira), booking, shown=0)
    async with hands.context.db.transaction() as tx:
        await bookings.settle(tx, hands.context, booking, "paid")
    assert await hands.count("operations where kind = 'refund'") == 0


# When the gathering is called off


async def gatherings_cancel(hands: Hands, host: people.Person) -> None:
    from circles.hosting.change import actions as gathering_actions

    await gathering_actions.cancel_gathering(
        hands.context, host, hands.cast.gathering, "The room flooded. We are sorry."
    )


async def test_a_gathering_called_off_ends_every_booking(
    hands: Hands, mira: Browser, drain: Callable[[], Any]
) -> None:
    paid = await paid_seat(hands, hands.cast.mira, drain)
    community = (await hands.book(hands.cast.milo, choice="community")).id
    held = (await hands.book(hands.cast.odile)).id
    await gatherings_cancel(hands, await hands.person(hands.cast.farid))
    assert (await hands.row(held))["state"] == "held"
    await drain()
    ends = [(await hands.row(each))["state"] for each in (paid, community, held)]
    assert ends == ["cancelled", "cancelled", "lapsed"]
    assert {(await hands.row(each))["end_cause"] for each in (paid, community, held)} == {
        "gathering_cancelled"
    }
    assert await hands.seats() == 0
    assert await hands.value("select sum(amount) from money_rows") == 0
    assert await hands.count("mails where kind = 'withdrawn' and person_id = $1", hands.cast.mira) == 1
    page = await mira.get(f"/bookings/{paid}")
    assert "The room flooded." in page.text
    assert "$45" in page.text


async def test_paying_while_the_gathering_is_called_off_is_paid_back(
    hands: Hands, drain: Callable[[], Any]
) -> None:
    booking = await hands.book(hands.cast.mira)
    await gatherings_cancel(hands, await hands.person(hands.cast.farid))
    await hands.pay(booking.id)
    await drain()
    row = await hands.row(booking.id)
    assert (row["state"], row["end_cause"]) == ("lapsed", "gathering_cancelled")
    assert await hands.value("select sum(amount) from money_rows where booking_id = $1", booking.id) == 0
    assert await hands.count("mails where kind = 'apology'") == 1


async def test_calling_off_while_everybody_cancels_pays_back_each_once(hands: Hands) -> None:
    """Both lock gathering and bookings, in the same order: nobody waits for each other in a ring."""
    guests = await hands.fill(hands.cast.gathering, 8)
    members = [await hands.person((await hands.row(booking))["person_id"]) for booking in guests]
    cancelling = [
        booking_actions.cancel(hands.context, member, booking, shown=4500)
        for member, booking in zip(members, guests, strict=True)
    ]
    calling_off = gatherings_cancel(hands, await hands.person(hands.cast.farid))
    await asyncio.gather(*cancelling[:4], calling_off, *cancelling[4:])
    assert await hands.count("bookings where state = 'cancelled'") == 8
    assert await hands.count("operations where kind = 'refund' and amount = 4500") == 8
    assert await hands.seats() == 0


# The page that looks by itself


async def test_the_waiting_page_looks_by_itself_until_the_word_has_come(
    hands: Hands, mira: Browser, drain: Callable[[], Any], queries: list[str]
) -> None:
    booking = await hands.book(hands.cast.mira)
    queries.clear()
    page = await mira.get(f"/bookings/{booking.id}")
    assert len(asked(queries)) <= 3
    assert f'hx-get="/bookings/{booking.id}/state"' in page.text
    assert '<noscript><meta http-equiv="refresh"' in page.text
    assert await hands.count("pgqueuer where entrypoint = 'payments.look'") == 1
    await mira.get(f"/bookings/{booking.id}")
    assert await hands.count("pgqueuer where entrypoint = 'payments.look'") == 1
    await hands.pay(booking.id)
    await drain()
    headers = {"HX-Request": "true", "HX-Request-Type": "partial"}
    part = await mira.get(f"/bookings/{booking.id}/state", headers=headers)
    assert "Your seat is confirmed" in part.text
    assert "hx-get" not in part.text
    assert "<html" not in part.text
    assert (await mira.get(f"/bookings/{booking.id}/state")).headers["location"] == f"/bookings/{booking.id}"


async def test_while_the_checkout_is_being_made_the_way_to_it_waits(hands: Hands, mira: Browser) -> None:
    booking = await add_booking(hands.context, hands.cast.gathering, hands.cast.mira, state="held")
    page = await mira.get(f"/bookings/{booking}/pay")
    assert page.status_code == 200
    assert "The payment page is being made." in page.text


# Smaller things


async def test_seats_are_numbered_from_the_lowest_free_one(hands: Hands) -> None:
    for person in ("mira", "milo", "odile"):
        await hands.book(getattr(hands.cast, person))
    taken = await hands.value("select array_agg(seat order by seat) from bookings")
    assert taken == [1, 2, 3]
    middle = await hands.value("select id from bookings where seat = 2")
    await booking_actions.let_go(hands.context, await hands.person(hands.cast.milo), middle)
    assert (await hands.book(hands.cast.fern)).seat == 2


async def test_zero_on_a_scale_from_zero_is_free(hands: Hands) -> None:
    circle = await add_circle(
        hands.context, hands.cast.farid, name="Pay what you can", minimum=0, suggested=2000, maximum=4000
    )
    gathering = await add_gathering(hands.context, circle, days=3)
    version = await hands.value(
        "select guidelines_versions.id from guidelines_versions join circles using (guidelines_id) "
        "where circles.id = $1",
        circle,
    )
    booking = await hands.book(hands.cast.mira, gathering, amount="0", version_id=version)
    assert (booking.kind, booking.state) == ("free", "confirmed")
    with pytest.raises(Refused) as caught:
        await hands.book(hands.cast.milo, gathering, amount="0.49", version_id=version)
    assert caught.value.codes == {"below_card"}


async def test_a_person_holds_three_unpaid_seats_at_most(hands: Hands) -> None:
    more = [await add_gathering(hands.context, hands.cast.circle, days=10 + i) for i in range(3)]
    for gathering in (hands.cast.gathering, *more[:2]):
        await hands.book(hands.cast.mira, gathering)
    with pytest.raises(Refused) as caught:
        await hands.book(hands.cast.mira, more[2])
    assert caught.value.codes == {"many_held"}
    await hands.book(hands.cast.milo, more[2])


async def test_the_verb_says_that_guidelines_are_out_of_date(hands: Hands) -> None:
    with pytest.raises(OutOfDate):
        await hands.book(hands.cast.mira, version_id=uuid4())


async def test_the_gathering_page_finds_ones_own_booking(hands: Hands) -> None:
    cast = hands.cast
    assert await bookings.find_active(hands.context, cast.mira, cast.gathering) is None
    booking = await add_booking(hands.context, cast.gathering, cast.mira)
    assert await bookings.find_active(hands.context, cast.mira, cast.gathering) == booking


async def test_an_offer_counts_held_seats_as_taken(hands: Hands) -> None:
    await hands.book(hands.cast.mira)
    await hands.book(hands.cast.milo, choice="community")
    async with hands.context.db.reading() as tx:
        offer = await gatherings.offer(tx, hands.cast.gathering)
    assert (offer.seats_taken, offer.community_taken, offer.seats_left) == (2, 1, 6)
