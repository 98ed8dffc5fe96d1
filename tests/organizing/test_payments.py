"""The organizers' payments: found, summed, told as a story, sent back by hand; and who has to agree to it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest_asyncio

from circles.base.clock import NOBODY
from circles.base.errors import Refused
from circles.base.reading import number_of
from circles.bookings.rules import BookingInput
from circles.bookings.several import actions as several
from circles.organizing.audit.words import words_of
from circles.organizing.payments import actions
from circles.organizing.payments.queries import page as page_of
from circles.organizing.payments.rules import HandRefund, PaymentsFilter
from circles.practice.stripe import disputes as bank
from circles.store import audit
from tests.bookings import helpers
from tests.bookings.helpers import Scene, own_statements, paid_seat
from tests.bookings.passes.helpers import paid_pass
from tests.cast import add_booking, add_gathering, add_person
from tests.conftest import Browser, OpenBrowser

scene, mira = helpers.scene, helpers.mira
Drain = Callable[[], Awaitable[Any]]

LIST = "/organize/payments"


@pytest_asyncio.fixture
async def odile(scene: Scene, browser: OpenBrowser) -> AsyncIterator[Browser]:
    async with browser(scene.cast.odile) as page:
        yield page


async def payment_of(scene: Scene, booking: UUID) -> UUID:
    return await scene.value("select checkout_id from checkout_lines where booking_id = $1", booking)


async def found(page: Browser, **typed: str) -> list[str]:
    """The payments that a search shows, by their addresses."""
    answer = await page.post(LIST, data=typed)
    assert answer.status_code == 303
    assert typed.get("q", "nothing") not in answer.headers["location"], "what is looked for is in no address"
    text = (await page.get(answer.headers["location"])).text
    return re.findall(rf'<th scope="row"><a href="({LIST}/[0-9a-f-]+)"', text)


def refund_form(text: str, **more: str) -> dict[str, str]:
    """The form of a payment's page, as a browser sends it."""
    hidden = dict(re.findall(r'<input type="hidden" name="(id|left)" value="([^"]*)">', text))
    return {**hidden, "what": "all", "reason": "They could not come in"} | more


async def send_back(page: Browser, payment: UUID, **more: str) -> Any:
    text = (await page.get(f"{LIST}/{payment}")).text
    return await page.post(f"{LIST}/{payment}/refund", data=refund_form(text, **more))


def in_order(text: str, *parts: str) -> bool:
    """Whether a page says all of this, in this order."""
    return re.search(".*".join(re.escape(part) for part in parts), text, re.DOTALL) is not None


async def refunded(scene: Scene) -> int:
    """What went back at the look-alike of Stripe, in minor units."""
    return await scene.value(
        "select coalesce(sum((body ->> 'amount')::int), 0) from practice_objects where kind = 'refund'"
    )


# The list


async def test_a_payment_is_found_by_all_that_names_it(
    scene: Scene, odile: Browser, drain: Drain, queries: list[str]
) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain)
    await paid_seat(scene, scene.cast.milo, drain)
    payment = await payment_of(scene, booking)
    own = f"{LIST}/{payment}"
    row = await scene.value("select to_jsonb(checkouts) from checkouts where id = $1", payment)
    for text in ("mira", number_of(booking), number_of(payment), row["stripe_id"], row["payment_intent"]):
        assert await found(odile, q=text) == [own], text
    assert await found(odile, q="mira@example.org") == [own]
    assert await found(odile, q="mira", state="refunded") == []
    assert len(await found(odile, state="paid", circle=str(scene.cast.circle))) == 2
    assert await found(odile, circle=str(scene.cast.other_circle)) == []
    assert len(await found(odile, **{"from": "2020-01-01", "to": "2090-01-01"})) == 2
    assert await found(odile, to="2020-01-01") == []
    queries.clear()
    text = (await odile.get(LIST)).text
    assert len(own_statements(queries)) <= 4, "the sign-in and three more"
    assert "$90" in text


async def test_dates_that_cannot_be_are_said_beside_them(odile: Browser) -> None:
    answer = await odile.post(LIST, data={"from": "2026-03-02", "to": "2026-03-01", "q": "Mira"})
    assert answer.status_code == 422
    assert "The last day cannot be before the first." in answer.text
    assert 'value="Mira"' in answer.text


async def test_nobody_else_reads_what_was_paid(scene: Scene, browser: OpenBrowser, drain: Drain) -> None:
    payment = await payment_of(scene, await paid_seat(scene, scene.cast.mira, drain))
    for who in (scene.cast.mira, scene.cast.farid):
        async with browser(who) as page:
            assert (await page.get(LIST)).status_code == 404
            assert (await page.get(f"{LIST}/{payment}")).status_code == 404
            assert (await page.post(f"{LIST}/{payment}/refund", data={"what": "all"})).status_code == 404


async def test_days_are_those_of_the_reader_and_sums_are_of_all_of_them(scene: Scene, odile: Browser) -> None:
    """Whole days come from kept sums, the hours beside them from the payments; folded sums are the same."""
    zone = ZoneInfo("America/New_York")
    times = [(28, 23, 59), (1, 0, 0), (1, 12, 0), (2, 23, 59), (3, 0, 1)]  # February 28, then March
    for number, (day, hour, minute) in enumerate(times):
        at = datetime(2026, 2 if day == 28 else 3, day, hour, minute, tzinfo=zone)
        person = await add_person(scene.context, f"Payer {number}")
        await add_booking(
            scene.context, scene.cast.gathering, person, kind="paid", amount=3000 + number, paid_at=at
        )
    days = PaymentsFilter(first=date(2026, 3, 1), last=date(2026, 3, 2), zone="America/New_York")
    for chosen in (days, replace(days, circle=scene.cast.circle)):
        for _ in range(2):
            async with scene.context.db.reading() as tx:
                page = await page_of(tx, chosen)
            assert [row["gross"] for row in page.rows] == [3003, 3002, 3001]
            assert [(one.payments, one.gross) for one in page.totals] == [(3, 9006)]
            await actions.fold_sums(scene.context)
    assert await scene.count("payment_sums where not is_folded") == 0
    assert await found(odile, **{"from": "2026-03-03", "to": "2026-03-03"}) != []


# Sent back by hand


async def test_a_part_goes_back_and_the_member_reads_it(
    scene: Scene, odile: Browser, mira: Browser, drain: Drain
) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain)
    payment = await payment_of(scene, booking)
    line = "Sorry that the room was cold."
    answer = await send_back(odile, payment, what="part", amount="10,50 $", note=line)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{LIST}/{payment}")
    await drain()
    assert await refunded(scene) == 1050
    story = (await odile.get(f"{LIST}/{payment}")).text
    for words in (
        "Checkout of $45 opened, by Mira", "$45 paid", "Refund of $10.50 asked for, by Odile", "They could not come in",
        "$10.50 sent back", "Refund of $10.50 arrived", "Refunded in part", line,
    ):  # fmt: skip
        assert words in story, words
    assert in_order(
        story, "$45 paid", "Refund of $10.50 asked for", "$10.50 sent back", "Refund of $10.50 arrived"
    )
    assert story.count("<dt>Number</dt>") == 0, "a booking and its payment have different numbers"
    assert await found(odile, state="part") == [f"{LIST}/{payment}"]
    assert (await scene.row(booking))["state"] == "confirmed", "the seat stays"
    page = (await mira.get(f"/bookings/{booking}")).text
    assert page.count("$10.50 of") == 1, "it is said once how much came back"
    assert "$10.50 of the $45 you paid went back to your card" in page
    assert line in page
    assert "They could not come in" not in page
    mail = await scene.value("select text_body from mails where kind = 'refund_by_hand'")
    assert "$10.50" in mail
    assert line in mail
    assert "They could not come in" not in mail
    subject = await scene.value("select subject from mails where kind = 'refund_by_hand'")
    assert subject == "Tuesday group: a refund is on its way"
    event = await scene.value(
        "select array[who::text, why] from events where what = 'refund.by_hand' and about = $1", booking
    )
    assert event == [str(scene.cast.odile), "They could not come in"]
    # What is left goes back when the member cancels, and no more.
    await mira.post(f"/bookings/{booking}/cancel", data={"refund": "3450"})
    await drain()
    assert await refunded(scene) == 4500


REFUSED: list[tuple[dict[str, str], str]] = [
    ({"what": "part", "amount": "45.01"}, "No more than $45 is left to send back."),
    ({"what": "part", "amount": "100"}, "No more than $45 is left to send back."),
    ({"what": "part", "amount": "€ 10"}, "is another currency"),
    ({"what": "part", "amount": "10.005"}, "at most 2 digits after the point"),
    ({"what": "part", "amount": "-5"}, "An amount cannot be less than zero."),
    ({"what": "part", "amount": "0"}, "Please give an amount above 0."),
    ({"what": "part", "amount": ""}, "Please give an amount."),
    ({"what": "part", "amount": "ten"}, "as a plain number"),
    ({"what": "all", "reason": " "}, "Please say in a few words why."),
    ({"what": ""}, "Please choose how much goes back."),
    ({"what": "most"}, "Please choose how much goes back."),
    ({"left": "9000"}, "This changed since you looked: $45 is left of the payment now."),
    ({"reason": "x" * 501}, "please keep it to 500."),
    ({"what": "all", "amount": "5"}, "You gave an amount, and chose all that is left."),
]


async def test_what_cannot_be_sent_back_is_refused_with_all_that_was_typed(
    scene: Scene, odile: Browser, drain: Drain
) -> None:
    payment = await payment_of(scene, await paid_seat(scene, scene.cast.mira, drain))
    for typed, refusal in REFUSED:
        answer = await send_back(odile, payment, **({"note": "A line to keep"} | typed))
        assert answer.status_code == 422, refusal
        assert refusal in answer.text
        assert "A line to keep" in answer.text
    assert await scene.count("operations where kind = 'refund'") == 0


async def test_an_amount_however_it_is_typed(scene: Scene, odile: Browser, drain: Drain) -> None:
    payment = await payment_of(scene, await paid_seat(scene, scene.cast.mira, drain))
    every = ["2", "$2", "2.00", "2,00", "USD 2", "2 dollars", " \uff12 ", "2.-"]
    for amount in every:
        assert (await send_back(odile, payment, what="part", amount=amount)).status_code == 303, amount
    refunds = "select array_agg(amount) from operations where kind = 'refund'"
    assert await scene.value(refunds) == [200] * len(every)


async def test_a_form_pressed_twice_or_shown_in_two_windows_sends_once(
    scene: Scene, odile: Browser, drain: Drain
) -> None:
    payment = await payment_of(scene, await paid_seat(scene, scene.cast.mira, drain))
    text = (await odile.get(f"{LIST}/{payment}")).text
    other = (await odile.get(f"{LIST}/{payment}")).text
    sent = refund_form(text, what="part", amount="10")
    for _ in range(2):
        assert (await odile.post(f"{LIST}/{payment}/refund", data=sent)).status_code == 303
    late = await odile.post(f"{LIST}/{payment}/refund", data=refund_form(other, what="part", amount="10"))
    assert late.status_code == 422
    assert "This changed since you looked: $35 is left" in late.text
    await drain()
    assert await refunded(scene) == 1000
    # Having looked once more, the same organizer may mean it.
    again = refund_form(late.text, what="part", amount="10")
    assert (await odile.post(f"{LIST}/{payment}/refund", data=again)).status_code == 303
    await drain()
    assert await refunded(scene) == 2000


async def test_nothing_is_left_after_all_went_back(scene: Scene, odile: Browser, drain: Drain) -> None:
    payment = await payment_of(scene, await paid_seat(scene, scene.cast.mira, drain))
    text = (await odile.get(f"{LIST}/{payment}")).text
    assert (await send_back(odile, payment)).status_code == 303
    late = await odile.post(f"{LIST}/{payment}/refund", data=refund_form(text) | {"id": str(uuid4())})
    assert late.status_code == 422, "while it is still on its way"
    assert "Nothing is left to send back: it went back, is on its way" in late.text
    await drain()
    assert await refunded(scene) == 4500


async def test_nothing_goes_back_while_a_bank_decides(scene: Scene, odile: Browser, drain: Drain) -> None:
    """An inquiry takes no money yet, so all of it is left; a dispute has taken it."""
    booking = await paid_seat(scene, scene.cast.mira, drain)
    payment = await payment_of(scene, booking)
    text = (await odile.get(f"{LIST}/{payment}")).text
    intent = await scene.value("select payment_intent from checkouts where id = $1", payment)
    ends: tuple[tuple[bool, bank.Decision], ...] = ((True, "warning_closed"), (False, "won"))
    for inquiry, decision in ends:
        async with scene.context.db.transaction() as tx:
            dispute = await bank.open_dispute(tx, intent, inquiry=inquiry)
        await drain()
        refused = await odile.post(f"{LIST}/{payment}/refund", data=refund_form(text))
        assert refused.status_code == 422
        assert "A bank looks into a dispute of this payment." in refused.text
        assert ("$45 taken by a dispute" in refused.text) == (not inquiry)
        assert ("A bank asked about $45" if inquiry else "A bank disputed $45") in refused.text
        assert "bank says that they did not make the payment." in refused.text
        assert "fraudulent" not in refused.text
        assert await scene.count("operations where kind = 'refund'") == 0
        assert await found(odile, state="disputed") == [f"{LIST}/{payment}"]
        async with scene.context.db.transaction() as tx:
            await bank.close_dispute(tx, dispute["id"], decision)
        await drain()
    assert (await send_back(odile, payment)).status_code == 303
    await drain()
    assert await refunded(scene) == 4500


async def test_the_seat_is_free_again_where_that_is_ticked(
    scene: Scene, odile: Browser, mira: Browser, drain: Drain
) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain)
    payment = await payment_of(scene, booking)
    assert (await send_back(odile, payment, what="part", amount="20", frees_seat="on")).status_code == 303
    await drain()
    row = await scene.row(booking)
    assert (row["state"], row["end_cause"]) == ("cancelled", "taken_off")
    assert await scene.seats() == 0
    assert await refunded(scene) == 2000
    assert await scene.count("mails where calendar_method = 'CANCEL'") == 1
    told = await scene.value(
        "select string_agg(text_body, ' ') from mails where to_address = 'farid@example.org'"
    )
    assert "took somebody off" in told
    assert "They could not come in" not in told
    text = (await odile.get(f"{LIST}/{payment}")).text
    assert "Also free the seat" not in text, "it is free already"
    late = await odile.post(f"{LIST}/{payment}/refund", data=refund_form(text, frees_seat="on"))
    assert (late.status_code, "There is no seat ahead to free." in late.text) == (422, True)


async def test_a_late_cancel_and_a_past_gathering_can_be_refunded(
    scene: Scene, odile: Browser, mira: Browser, drain: Drain
) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain)
    await scene.paid_long_ago(booking)
    await scene.starts_in(scene.cast.gathering, timedelta(hours=2))
    await mira.post(f"/bookings/{booking}/cancel", data={"refund": "0"})
    payment = await payment_of(scene, booking)
    await scene.starts_in(scene.cast.gathering, timedelta(hours=-30))
    assert (await send_back(odile, payment)).status_code == 303
    await drain()
    assert await refunded(scene) == 4500
    assert "All of the $45 you paid went back" in (await mira.get(f"/bookings/{booking}")).text


async def shared_payment(scene: Scene, drain: Drain) -> tuple[list[UUID], UUID]:
    """Two dates of Mira's that one checkout of $90 paid: the bookings by time, and the payment."""
    dates = [scene.cast.gathering, await add_gathering(scene.context, scene.cast.circle, days=14)]
    sent = BookingInput("amount", "45", scene.cast.version, True, "USD")
    actor = await scene.person(scene.cast.mira)
    booking = await several.book(scene.context, actor, scene.cast.circle, dates, sent, NOBODY)
    await scene.pay(booking.id)
    await drain()
    query = "select array_agg(booking_id order by position) from checkout_lines"
    return await scene.value(query), await payment_of(scene, booking.id)


async def test_one_booking_of_a_shared_payment_is_refunded(
    scene: Scene, odile: Browser, mira: Browser, drain: Drain
) -> None:
    """A part names its booking, and no more goes back than that booking brought; all of it is all of both."""
    ids, payment = await shared_payment(scene, drain)
    text = (await odile.get(f"{LIST}/{payment}")).text
    assert "All of them, $90 left" in text
    without = await odile.post(f"{LIST}/{payment}/refund", data=refund_form(text, what="part", amount="10"))
    assert "Please choose the booking that this amount is of." in without.text
    much = refund_form(text, what="part", amount="46", part=str(ids[1]))
    assert "No more than $45 is left" in (await odile.post(f"{LIST}/{payment}/refund", data=much)).text
    other = await odile.post(f"{LIST}/{payment}/refund", data=refund_form(text, part=str(uuid4())))
    assert "Please choose one of the bookings of this payment." in other.text
    assert (await send_back(odile, payment, part=str(ids[1]), frees_seat="on")).status_code == 303
    await drain()
    assert [(await scene.row(id))["state"] for id in ids] == ["confirmed", "cancelled"]
    amounts = "select array_agg(amount) from operations where kind = 'refund' and booking_id = $1"
    assert [await scene.value(amounts, id) for id in ids] == [None, [4500]]
    assert (await send_back(odile, payment)).status_code == 303
    await drain()
    assert await refunded(scene) == 9000
    assert [await scene.value(amounts, id) for id in ids] == [[4500], [4500]]
    story = (await odile.get(f"{LIST}/{payment}")).text
    assert f"booking {number_of(ids[1])}" in story
    assert f'href="/organize/bookings/{ids[0]}"' in story


# An organizer's own payment


async def test_an_organizers_own_payment_waits_for_another_one(
    scene: Scene, odile: Browser, browser: OpenBrowser, drain: Drain
) -> None:
    olaf = await add_person(scene.context, "Olaf", is_organizer=True)
    payment = await payment_of(scene, await paid_seat(scene, scene.cast.odile, drain))
    answer = await send_back(odile, payment, what="part", amount="40")
    assert answer.status_code == 303
    await drain()
    assert await refunded(scene) == 0
    own = (await odile.get(f"{LIST}/{payment}")).text
    assert "Withdraw it" in own
    assert "Agree, send it back" not in own
    asked = await scene.value("select id from refunds_by_hand")
    refused = await odile.post(f"{LIST}/{payment}/agree", data={"asked": str(asked)})
    assert (refused.status_code, "another organizer has to agree" in refused.text) == (422, True)
    again = await send_back(odile, payment)
    assert again.status_code == 422
    assert await refunded(scene) == 0
    assert "asks for a refund of their own payment" not in (await odile.get("/organize")).text
    mail = await scene.value("select text_body from mails where to_address = 'olaf@example.org'")
    assert "One more organizer has to agree." in mail
    assert "Odile" not in mail
    async with browser(olaf) as page:
        assert "Odile asks for a refund of their own payment." in (await page.get("/organize")).text
        assert f'href="{LIST}/{payment}"' in (await page.get("/organize/money")).text, (
            "it waits there as well"
        )
        assert "Odile asks for $40" in (await page.get(f"{LIST}/{payment}")).text
        for _ in range(2):
            agreed = await page.post(f"{LIST}/{payment}/agree", data={"asked": str(asked)})
            assert agreed.status_code == 303
        late = await page.post(f"{LIST}/{payment}/decline", data={"asked": str(asked)})
        assert (late.status_code, "decided already" in late.text) == (422, True)
    await drain()
    assert await refunded(scene) == 4000
    events = await scene.value(
        "select array_agg(what || who::text order by id) from events where what like 'refund.by%'"
    )
    assert events == [f"refund.by_hand_asked{scene.cast.odile}", f"refund.by_hand{olaf}"]
    story = (await odile.get(f"{LIST}/{payment}")).text
    assert in_order(
        story, "Refund of $40 asked of a second organizer, by Odile", "Refund of $40 agreed to, by Olaf",
        "Refund of $40 asked for", "$40 sent back", "Refund of $40 arrived",
    )  # fmt: skip


async def test_a_refund_that_was_asked_for_is_declined_or_withdrawn(
    scene: Scene, odile: Browser, browser: OpenBrowser, drain: Drain
) -> None:
    olaf = await add_person(scene.context, "Olaf", is_organizer=True)
    payment = await payment_of(scene, await paid_seat(scene, scene.cast.odile, drain))
    async with browser(olaf) as page:
        for who, state in ((page, "declined"), (odile, "withdrawn")):
            await send_back(odile, payment)
            asked = await scene.value("select id from refunds_by_hand where state = 'asked'")
            answer = await who.post(f"{LIST}/{payment}/decline", data={"asked": str(asked)})
            assert answer.status_code == 303
            assert await scene.value("select state from refunds_by_hand where id = $1", asked) == state
    await drain()
    assert await refunded(scene) == 0


async def test_the_only_organizer_refunds_their_own_payment_at_once(
    scene: Scene, odile: Browser, drain: Drain
) -> None:
    await scene.value("update people set is_organizer = false where id <> $1 returning id", scene.cast.odile)
    payment = await payment_of(scene, await paid_seat(scene, scene.cast.odile, drain))
    assert (await send_back(odile, payment)).status_code == 303
    await drain()
    assert await refunded(scene) == 4500
    assert await scene.count("events where what = 'refund.by_hand' and who = $1", scene.cast.odile) == 1


async def test_agreeing_counts_what_went_back_meanwhile(
    scene: Scene, odile: Browser, browser: OpenBrowser, drain: Drain
) -> None:
    """The asking organizer cancels the seat before another one agrees: nothing goes back twice."""
    olaf = await add_person(scene.context, "Olaf", is_organizer=True)
    booking = await paid_seat(scene, scene.cast.odile, drain)
    payment = await payment_of(scene, booking)
    await send_back(odile, payment)
    asked = await scene.value("select id from refunds_by_hand")
    await odile.post(f"/bookings/{booking}/cancel", data={"refund": "4500"})
    async with browser(olaf) as page:
        answer = await page.post(f"{LIST}/{payment}/agree", data={"asked": str(asked)})
        assert answer.status_code == 422
        assert "Only $0 is left by now." in answer.text
    await drain()
    assert await refunded(scene) == 4500


# At once


async def test_two_organizers_at_once_send_it_once(scene: Scene, drain: Drain) -> None:
    olaf = await add_person(scene.context, "Olaf", is_organizer=True)
    payment = await payment_of(scene, await paid_seat(scene, scene.cast.mira, drain))

    async def press(who: UUID, amount: int | None) -> str:
        wish = HandRefund(uuid4(), None, amount, 4500, "They could not come in")
        return await actions.refund(scene.context, await scene.person(who), payment, wish)

    answers = await asyncio.gather(
        press(scene.cast.odile, 3000), press(olaf, 3000), press(olaf, None), return_exceptions=True
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["Refused", "Refused", "str"]
    assert all(isinstance(answer, Refused | str) for answer in answers)
    await drain()
    assert await refunded(scene) in (3000, 4500)


# Notes


async def test_a_note_stands_in_the_story(scene: Scene, odile: Browser, drain: Drain) -> None:
    payment = await payment_of(scene, await paid_seat(scene, scene.cast.mira, drain))
    key = str(uuid4())
    for _ in range(2):
        answer = await odile.post(f"{LIST}/{payment}/note", data={"id": key, "body": "They rang\nabout it."})
        assert answer.status_code == 303
    assert await scene.count("payment_notes") == 1
    assert "They rang\nabout it." in (await odile.get(f"{LIST}/{payment}")).text
    for body, refusal in (("Dear\0all", "Please"), ("x" * 1001, "please keep it to 1,000.")):
        refused = await odile.post(f"{LIST}/{payment}/note", data={"body": body})
        assert (refused.status_code, refusal in refused.text) == (422, True)
    empty = await odile.post(f"{LIST}/{payment}/note", data={"body": "  "})
    assert (empty.status_code, "Please write something." in empty.text) == (422, True)
    assert (await odile.post(f"{LIST}/{uuid4()}/note", data={"body": "Hello"})).status_code == 404


async def test_the_story_says_who_did_what_elsewhere(scene: Scene, odile: Browser, drain: Drain) -> None:
    """What organizers did on the pages of disputes, accounts, receipts and differences with Stripe's books."""
    booking = await paid_seat(scene, scene.cast.mira, drain)
    payment = await payment_of(scene, booking)
    receipt = await scene.value("select id from receipts where checkout_id = $1", payment)
    form = {"form_key": str(uuid4())}
    assert (await odile.post(f"/organize/receipts/{receipt}/send", data=form)).status_code == 303
    acts = (
        "transfer.refused", "transfer.retried", "transfer.settled", "transfer.seen", "dispute.evidence_sent",
        "dispute.accepted", "dispute.answer_failed", "pass.ended", "pass.let_go_asked", "finding.closed",
    )  # fmt: skip
    async with scene.context.db.transaction() as tx:
        for act in acts:
            await audit.record(tx, act, booking, actor_id=scene.cast.odile)
        await tx.execute(
            "insert into reconciliation_differences "
            "(kind, about, checkout_id, currency, at, ended_at, ended, settled_by, reason) "
            "values ('amount_differs', 'pi_1', $1, 'USD', now(), now(), 'settled', $2, 'The bank rang.')",
            payment,
            scene.cast.odile,
        )
    text = (await odile.get(f"{LIST}/{payment}")).text
    name = await scene.value("select name from people where id = $1", scene.cast.odile)
    for act in acts:
        words = words_of(act)
        assert f"{words[0].upper()}{words[1:]}, by {name}" in text, act
    assert f"Sent a receipt again, by {name}" in text
    assert "Stripe’s books differed" in text
    assert f"The difference with Stripe’s books was settled, by {name}" in text
    assert "The bank rang." in text


async def test_nobody_gives_themselves_more_than_the_terms_say(
    scene: Scene, odile: Browser, drain: Drain
) -> None:
    """By taking themselves off the seat, which needs no second organizer."""
    booking = await paid_seat(scene, scene.cast.odile, drain)
    form = {"refund": "all", "message": "", "then": "do", "why": "My own seat"}
    refused = await odile.post(f"/host/seats/{booking}/take-off", data=form)
    assert refused.status_code == 422
    assert "This is your own seat, so no more than the terms say goes back from here." in refused.text
    assert (await scene.row(booking))["state"] == "confirmed"


async def test_an_erasure_empties_why_a_payment_of_a_pass_went_back(
    scene: Scene, odile: Browser, drain: Drain
) -> None:
    bought = await paid_pass(scene)
    await drain()
    payment = await scene.value("select checkout_id from checkout_lines where pass_id = $1", bought)
    assert (await send_back(odile, payment, what="part", amount="10")).status_code == 303
    shown = (await odile.get(f"/organize/passes/{bought}")).text
    assert "$10 of the $160 that was paid went" in shown
    assert "you paid" not in shown, "it is not the organizer’s own"
    async with scene.context.db.transaction() as tx:
        await audit.erase_reasons(tx, scene.cast.mira)
    assert await scene.count("events where why = 'They could not come in'") == 0
