"""What every page says of somebody's own seat: gathering, lists, circle, My gatherings, booking, form."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from circles.bookings.screening import actions as screening_actions
from circles.bookings.screening.rules import Screening
from circles.practice.stripe import disputes
from tests.bookings import helpers
from tests.bookings.helpers import Scene, form_at, paid_seat, typed
from tests.cast import Cast, add_booking, add_gathering
from tests.conftest import Browser, OpenBrowser

scene, mira = helpers.scene, helpers.mira

LEFT = re.compile(r"\b\d+ (?:community )?seats? left\b|seats? left</text>|\bFree\b")


async def page(browser: Browser, at: str) -> str:
    """The words of a page's main part, on one line."""
    answer = await browser.get(at)
    assert answer.status_code == 200, at
    main = answer.text.partition("<main")[2].partition("</main>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


async def test_an_unpaid_hold_is_no_seat_on_any_page(scene: Scene, cast: Cast, mira: Browser) -> None:
    booking = (await scene.book(cast.mira)).id
    for at in (f"/gatherings/{cast.gathering}", f"/bookings/{booking}", "/my/gatherings"):
        words = await page(mira, at)
        assert "Held for you until" in words, at
        assert "Go on to payment" in words, at
        assert f'href="/bookings/{booking}/pay"' in (await mira.get(at)).text, at
        assert "You have a seat" not in words, at
        assert "is confirmed" not in words, at
    for at in ("/", "/gatherings", f"/circles/{cast.circle}"):
        assert (await page(mira, at)).count("Held for you") == 1, at
    answer = await mira.get(form_at(cast))
    assert "held" in answer.headers["set-cookie"]


async def test_after_paying_no_page_offers_to_pay_or_let_go(scene: Scene, cast: Cast, mira: Browser) -> None:
    booking = (await scene.book(cast.mira)).id
    answer = await mira.get(f"/bookings/{booking}/paid")
    back = answer.headers["location"]
    assert back == f"/bookings/{booking}?paid=on"
    # A GET notes nothing; the page says it already, also where no script posts it.
    for at in (back, back.replace("?", "/state?")):
        text = (await mira.get(at, headers={"HX-Request": "true"})).text
        assert "Thank you. Your payment is being confirmed" in text, at
        assert "/pay" not in text, at
    assert (await scene.row(booking))["returned_at"] is None
    for _ in range(2):  # coming back twice is coming back once
        answer = await mira.post(f"/bookings/{booking}/look", data={"paid": "on"})
        assert answer.headers["location"] == back
    answer = await mira.post(f"/bookings/{booking}/look", data={"paid": "on"}, headers={"HX-Request": "true"})
    assert "Thank you. Your payment is being confirmed" in answer.text
    assert "<html" not in answer.text
    for at in (f"/gatherings/{cast.gathering}", f"/bookings/{booking}", "/my/gatherings"):
        text = (await mira.get(at)).text
        assert "Thank you. Your payment is being confirmed" in text, at
        assert f"/bookings/{booking}/pay" not in text, at
        assert f"/bookings/{booking}/let-go" not in text, at
    for at in ("stopped", "pay"):
        assert (await mira.get(f"/bookings/{booking}/{at}")).headers["location"] == f"/bookings/{booking}"
    part = await mira.get(f"/bookings/{booking}/state", headers={"HX-Request": "true"})
    assert "Thank you. Your payment is being confirmed" in part.text
    await scene.value(
        "update bookings set returned_at = now() - interval '61 seconds' where id = $1", booking
    )
    assert "Your payment is not confirmed yet" in (await mira.get(back)).text
    text = (await mira.get(f"/bookings/{booking}")).text
    assert "Your payment is not confirmed yet" in text
    assert f"/bookings/{booking}/pay" in text
    assert f"/bookings/{booking}/let-go" in text
    first = await scene.value("select returned_at from bookings where id = $1", booking)
    await mira.post(f"/bookings/{booking}/look", data={"paid": "on"})
    assert await scene.value("select returned_at from bookings where id = $1", booking) == first


async def test_nobody_notes_the_return_of_another(
    scene: Scene, cast: Cast, browser: OpenBrowser, drain: Callable[[], Any]
) -> None:
    booking = (await scene.book(cast.mira)).id
    async with browser(cast.milo) as other:
        assert (await other.get(f"/bookings/{booking}/paid")).status_code == 404
    async with browser() as stranger:
        assert (await stranger.get(f"/bookings/{booking}/paid")).status_code == 303
    async with browser(cast.milo) as other:
        answer = await other.post(f"/bookings/{booking}/look", data={"paid": "on"})
        assert answer.status_code == 404
    assert (await scene.row(booking))["returned_at"] is None


async def test_a_hold_past_its_time_leads_to_no_dead_checkout(
    scene: Scene, cast: Cast, mira: Browser
) -> None:
    booking = (await scene.book(cast.mira)).id
    await scene.value("update bookings set held_until = now() - interval '1 second' where id = $1", booking)
    for at in (f"/gatherings/{cast.gathering}", f"/bookings/{booking}", "/my/gatherings"):
        text = (await mira.get(at)).text
        assert "The time to pay is over" in text, at
        assert f"/bookings/{booking}/pay" not in text, at
    assert (await mira.get(f"/bookings/{booking}/pay")).headers["location"] == f"/bookings/{booking}"


async def test_own_seats_are_marked_in_every_list_and_for_nobody_else(
    scene: Scene, cast: Cast, mira: Browser, browser: OpenBrowser
) -> None:
    await add_booking(scene.context, cast.gathering, cast.mira)
    later = await add_gathering(scene.context, cast.circle, days=14)
    lists = (
        "/",
        "/gatherings",
        f"/circles/{cast.circle}",
        f"/gatherings/{later}",
        f"/facilitators/{cast.farid}",
    )
    for at in lists:
        assert (await page(mira, at)).count("Your seat") == 1, at
        async with browser(cast.milo) as milo, browser() as stranger:
            for other in (milo, stranger):
                assert "Your seat" not in await page(other, at), at
    part = await mira.get("/gatherings", headers={"HX-Request": "true"})
    assert part.text.count("Your seat") == 1


async def test_a_canceled_seat_says_what_comes_back_and_may_be_booked_again(
    scene: Scene, cast: Cast, mira: Browser, drain: Callable[[], Any]
) -> None:
    booking = await paid_seat(scene, cast.mira, drain)
    assert (await mira.post(f"/bookings/{booking}/cancel", data={"refund": "4500"})).status_code == 303
    for at in (f"/gatherings/{cast.gathering}", f"/bookings/{booking}"):
        text = (await mira.get(at)).text
        assert "Your seat was canceled" in text, at
        assert "All of the $45 you paid is on its way back to your card." in text, at
        assert f'href="/gatherings/{cast.gathering}/book"' in text, at


@pytest.mark.parametrize("decision", ["", "lost"])
async def test_what_a_bank_does_with_the_payment_is_said_once(
    scene: Scene, mira: Browser, drain: Callable[[], Any], decision: str
) -> None:
    booking = await paid_seat(scene, scene.cast.mira, drain)
    intent = await scene.value("select payment_intent from checkouts where booking_id = $1", booking)
    async with scene.context.db.transaction() as tx:
        dispute = await disputes.open_dispute(tx, intent)
    await drain()
    if decision == "lost":
        async with scene.context.db.transaction() as tx:
            await disputes.close_dispute(tx, dispute["id"], "lost")
        await drain()
    text = (await mira.get(f"/bookings/{booking}")).text
    assert (text.count("The bank of your card"), text.count("Cancel my seat")) == (1, 1)


async def test_every_button_that_cancels_a_seat_asks_first(scene: Scene, cast: Cast, mira: Browser) -> None:
    """A moved gathering had a button that canceled at once, with the words that elsewhere lead to a question."""
    booking = await add_booking(scene.context, cast.gathering, cast.mira)
    await scene.value(
        "update bookings set full_refund_until = now() + interval '1 day' where id = $1", booking
    )
    for at in (f"/bookings/{booking}", "/my/gatherings"):
        text = (await mira.get(at)).text
        assert f'href="/bookings/{booking}/cancel"' in text, at
        assert f'action="/bookings/{booking}/cancel"' not in text, at
    assert "The date changed after you booked" in (await mira.get(f"/bookings/{booking}")).text
    assert 'method="post"' in (await mira.get(f"/bookings/{booking}/cancel")).text


@pytest.mark.parametrize("ahead", [timedelta(minutes=-10), timedelta(hours=-3)])
async def test_once_begun_no_page_says_that_seats_are_left(
    scene: Scene, cast: Cast, mira: Browser, browser: OpenBrowser, ahead: timedelta
) -> None:
    booking = await add_booking(scene.context, cast.gathering, cast.mira)
    await scene.starts_in(cast.gathering, ahead)
    for at in (f"/gatherings/{cast.gathering}", f"/bookings/{booking}", "/my/gatherings"):
        assert not LEFT.search((await mira.get(at)).text), at
    async with browser() as stranger:
        assert not LEFT.search((await stranger.get(f"/gatherings/{cast.gathering}")).text)
    async with browser(cast.farid) as farid:
        for at in ("/host", f"/host/circles/{cast.circle}", f"/host/gatherings/{cast.gathering}"):
            text = (await farid.get(at)).text
            for item in re.findall(r"<li class=\"my-gathering.*?</li>", text, re.S):
                assert not (str(cast.gathering) in item and LEFT.search(item)), at


async def test_after_the_end_the_booking_page_speaks_of_the_past(
    scene: Scene, cast: Cast, mira: Browser
) -> None:
    booking = await add_booking(scene.context, cast.gathering, cast.mira)
    await scene.starts_in(cast.gathering, timedelta(hours=-3))
    for at in (f"/gatherings/{cast.gathering}", f"/bookings/{booking}"):
        words = await page(mira, at)
        assert "You had a seat here" in words, at
        for word in ("You have a seat", "is on its way", "Add to calendar", "Cancel my seat", "Please come"):
            assert word not in words, at


async def test_the_booking_page_says_what_became_of_the_invite(
    scene: Scene, cast: Cast, mira: Browser, drain: Callable[[], Any]
) -> None:
    booking = (await scene.book(cast.mira, choice="community")).id
    at = f"/bookings/{booking}"
    assert "An invite for your calendar is on its way by mail." in await page(mira, at)
    await drain()
    assert "The invite for your calendar was sent by mail on" in await page(mira, at)
    mails = "update mails set {} where about = $1 and calendar_method = 'REQUEST'"
    await scene.value(mails.format("state = 'refused', sent_at = null"), booking)
    assert "The mail with your invite did not reach you." in await page(mira, at)
    await scene.value(mails.format("state = 'waiting', created_at = now() - interval '1 hour'"), booking)
    assert "The mail with your invite has not left yet." in await page(mira, at)


# Overlapping hours


async def booked_elsewhere(scene: Scene, cast: Cast, later: timedelta) -> UUID:
    """Mira's seat at a gathering of 90 minutes in another circle, which starts so much later."""
    starts_at = await scene.value("select starts_at from gatherings where id = $1", cast.gathering)
    other = await add_gathering(
        scene.context, cast.other_circle, starts_at=starts_at + later, length_minutes=90
    )
    return await add_booking(scene.context, other, cast.mira, kind="free")


async def test_a_seat_at_overlapping_hours_is_shown_and_both_are_confirmed(
    scene: Scene, cast: Cast, mira: Browser
) -> None:
    """Shown by its discreet name, asked about once, and not forbidden."""
    booked = await booked_elsewhere(scene, cast, timedelta(minutes=30))
    at = f"/gatherings/{cast.gathering}"
    assert "You have a seat at overlapping hours: " in await page(mira, at)
    form = await page(mira, f"{at}/book")
    assert "You have a seat elsewhere at that time" in form
    refused = await mira.post(f"{at}/book", data=typed(cast, choice="community"))
    assert refused.status_code == 422
    assert "Please tick that you want both" in refused.text
    assert 'value="community" checked' in refused.text
    stale = typed(cast, choice="community", both="on", overlaps=str(cast.gathering))
    assert (await mira.post(f"{at}/book", data=stale)).status_code == 422  # not the one that was shown
    sent = typed(cast, choice="community", both="on", overlaps=str(booked))
    assert (await mira.post(f"{at}/book", data=sent)).status_code == 303
    assert await scene.count("bookings where person_id = $1 and state = 'confirmed'", cast.mira) == 2


@pytest.mark.parametrize("minutes", [-90, 90])
async def test_hours_that_only_touch_do_not_overlap(
    scene: Scene, cast: Cast, mira: Browser, minutes: int
) -> None:
    await booked_elsewhere(scene, cast, timedelta(minutes=minutes))
    assert "overlapping" not in await page(mira, f"/gatherings/{cast.gathering}")
    answer = await mira.post(form_at(cast), data=typed(cast, choice="community"))
    assert answer.status_code == 303


async def test_the_overlap_is_shown_by_its_discreet_name_alone(
    scene: Scene, cast: Cast, mira: Browser
) -> None:
    await booked_elsewhere(scene, cast, timedelta(0))
    async with scene.context.db.reading() as tx:
        names = await tx.fetchrow("select name, discreet_name from circles where id = $1", cast.other_circle)
    assert names
    for at in (f"/gatherings/{cast.gathering}", form_at(cast)):
        words = await page(mira, at)
        assert names["discreet_name"] in words, at
        assert names["name"] not in words, at


# The form


async def test_the_form_follows_the_seat_that_is_chosen(scene: Scene, cast: Cast, mira: Browser) -> None:
    """The style sheet shows one or the other (tests/browser/test_seat.py); both are there without JavaScript."""
    text = (await mira.get(form_at(cast))).text
    form = text.partition("data-booking")[2]
    assert 'class="only-amount"' in form
    button = re.search(r"<button[^>]*>(.*?)</button>", form, re.S)
    assert button
    assert re.sub(r"\s+", " ", button[1]) == (
        '<span class="when-paying">Continue to payment</span> <span class="when-free">Book my seat</span>'
    )


async def test_the_chosen_seat_is_kept_when_the_form_comes_back(cast: Cast, mira: Browser) -> None:
    answer = await mira.post(form_at(cast), data=typed(cast, choice="community", agreed=""))
    assert answer.status_code == 422
    assert re.search(r'value="community" checked', answer.text)


# What one meets before booking


async def screen(scene: Scene, cast: Cast, screening: Screening) -> None:
    farid = await scene.person(cast.farid)
    await screening_actions.save_screening(scene.context, farid, cast.circle, screening, version=0)


@pytest.mark.parametrize(
    ("asks", "words"), [("questions", "a few short questions"), ("call", "talk with you on a short call")]
)
async def test_what_a_circle_asks_first_shows_before_the_form(
    scene: Scene, cast: Cast, mira: Browser, browser: OpenBrowser, asks: str, words: str
) -> None:
    questions = ("What brings you?",) if asks == "questions" else ()
    await screen(scene, cast, Screening(asks, questions, None, None))
    async with browser() as stranger:
        for reader in (mira, stranger):
            for at in (f"/gatherings/{cast.gathering}", f"/circles/{cast.circle}"):
                assert words in await page(reader, at), at
    assert "Ask for a seat" in await page(mira, f"/gatherings/{cast.gathering}")
    past = await add_gathering(scene.context, cast.circle, days=-7)
    await add_booking(scene.context, past, cast.mira)
    for at in (f"/gatherings/{cast.gathering}", f"/circles/{cast.circle}"):
        assert words not in await page(mira, at)


async def test_rules_for_newcomers_show_before_the_form(
    scene: Scene, cast: Cast, mira: Browser, browser: OpenBrowser
) -> None:
    await screen(scene, cast, Screening("off", (), 1, 3))
    at = f"/gatherings/{cast.gathering}"
    later = "People who are new to this circle can book from"
    words = await page(mira, at)
    assert later in words
    assert "Book a seat" not in words  # it would lead to a page that says no
    async with browser() as stranger:
        words = await page(stranger, at)
        assert later in words
        assert "It takes at most 1 person who is new to the circle" in words
        assert "Book a seat" in words  # who they are is not known yet
        assert "from 3 days before the start" in await page(stranger, f"/circles/{cast.circle}")
    await scene.value("update screenings set newcomers_days = null")
    await add_booking(scene.context, cast.gathering, cast.milo)
    assert "as many people new to the circle as it takes" in await page(mira, at)
    past = await add_gathering(scene.context, cast.circle, days=-7)
    await add_booking(scene.context, past, cast.mira)
    words = await page(mira, at)
    assert "new to the circle" not in words
    assert "Book a seat" in words


async def test_a_request_shows_on_the_gathering_in_lists_in_my_gatherings_and_by_mail(
    scene: Scene, cast: Cast, mira: Browser
) -> None:
    await screen(scene, cast, Screening("questions", ("What brings you?",), None, None))
    answer = await mira.post(
        f"/gatherings/{cast.gathering}/request", data={"a1": "A long winter.", "version": "1"}
    )
    request = answer.headers["location"]
    later = await add_gathering(scene.context, cast.circle, days=14)
    for at in (f"/gatherings/{cast.gathering}", f"/gatherings/{later}", "/my/gatherings"):
        text = (await mira.get(at)).text
        assert "Your request is with the hosts" in text, at
        assert f'href="{request}"' in text, at
    for at in ("/", "/gatherings", f"/circles/{cast.circle}"):
        assert (await page(mira, at)).count("Request sent") == 1, at
    assert "Your request is with the hosts." in await page(mira, f"/circles/{cast.circle}")
    mails = await scene.value(
        "select array_agg(subject || ' ' || text_body) from mails where to_address like 'mira%'"
    )
    assert len(mails) == 1
    assert "your request is with the hosts" in mails[0].lower()
    assert "winter" not in mails[0]
    farid, request_id = await scene.person(cast.farid), UUID(request.rsplit("/", 1)[1])
    await screening_actions.ask_back(scene.context, farid, request_id, "How are you?")
    assert "The hosts ask you something" in await page(mira, "/my/gatherings")
    await screening_actions.answer(scene.context, await scene.person(cast.mira), request_id, "Well.")
    await screening_actions.decide(scene.context, farid, request_id, approve=True)
    for at in (f"/gatherings/{cast.gathering}", "/my/gatherings"):
        text = (await mira.get(at)).text
        assert "The hosts said yes" in text, at
        assert f'href="/gatherings/{cast.gathering}/book"' in text, at
