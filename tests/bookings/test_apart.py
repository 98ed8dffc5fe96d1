"""Pairs kept apart, on a real database."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from circles.base.errors import NotFound
from circles.bookings import transitions
from circles.bookings.apart import actions as apart_actions
from circles.bookings.screening import actions as screening_actions
from circles.bookings.screening.rules import SEAT_QUESTIONS
from circles.commands import personal_data
from circles.hosting.change import actions as change_actions
from circles.hosting.circle import lifecycle
from circles.people import Person
from tests.bookings import screening_helpers
from tests.bookings.screening_helpers import QUESTIONS, Drain, Scene, form_at, typed
from tests.cast import Cast, add_booking, add_gathering, add_person
from tests.conftest import Browser, OpenBrowser

scene, mira, farid = screening_helpers.scene, screening_helpers.mira, screening_helpers.farid


WHEN_TO_COME = {"time": "", "zone": "America/New_York", "stage": "single", "come": "online", "city": ""}


# The mark of one form on one page, which is another each time it is shown.
FORM_MARK = re.compile(r'value="[\w-]{16}\.[0-9a-f]{24}\.')


async def everything_shown(reader: Browser, cast: Cast, gathering: UUID, other_date: UUID) -> dict[str, str]:
    """Every page and part that says something of a gathering's seats, byte for byte, with its status."""
    pages = {}
    for at in (
        "/",
        "/gatherings",
        "/gatherings?seats=on",
        "/gatherings?means=1",
        f"/circles/{cast.circle}",
        f"/facilitators/{cast.farid}",
        f"/gatherings/{gathering}",
        f"/gatherings/{other_date}",
        f"/gatherings/{gathering}/book",
        "/my/gatherings",
    ):
        for headers in ({}, {"HX-Request": "true"}):
            answer = await reader.get(at, headers=headers)
            pages[f"{at} {headers}"] = f"{answer.status_code} {answer.headers.get('location')} {answer.text}"
    answer = await reader.post(f"/gatherings/{gathering}/book", data=typed(cast))
    pages["book"] = f"{answer.status_code} {answer.text}"
    day = (datetime.now(UTC) + timedelta(days=5)).date().isoformat()
    answer = await reader.post("/guides/when-to-come", data=WHEN_TO_COME | {"date": day})
    pages["when to come"] = f"{answer.status_code} {answer.text}"
    return {at: FORM_MARK.sub("", text) for at, text in pages.items()}


@pytest.mark.parametrize("full", [False, True])
async def test_no_page_depends_on_whether_the_other_of_a_pair_comes(
    scene: Scene, cast: Cast, browser: OpenBrowser, full: bool
) -> None:
    """Both of a pair read every page twice: once the other has a seat, once somebody else has it instead."""
    other_date = await add_gathering(scene.context, cast.circle, days=14, community_seats=8)
    past = await add_gathering(scene.context, cast.circle, days=-7)
    for person in (cast.mira, cast.milo):
        await add_booking(scene.context, past, person)
    guest = await add_person(scene.context, "Guest")
    for i in range(7 if full else 1):
        await add_booking(scene.context, cast.gathering, await add_person(scene.context, f"Guest {i}"))
    await scene.keep_apart(cast.mira, cast.milo)
    for reader, other in ((cast.mira, cast.milo), (cast.milo, cast.mira)):
        shown = []
        for who in (other, guest):
            booking = await add_booking(scene.context, cast.gathering, who)
            async with browser(reader) as page:
                shown.append(await everything_shown(page, cast, cast.gathering, other_date))
            await end_booking(scene, booking)
        with_other, without = shown
        assert with_other.keys() == without.keys()
        for at, text in with_other.items():
            assert text == without[at], at
        form = with_other[f"/gatherings/{cast.gathering}/book {{}}"]
        assert ("Every seat is taken" if full else "Ask for a seat") in form
        assert (
            "Every seat is taken" in form or "seats taken" in with_other[f"/gatherings/{cast.gathering} {{}}"]
        )


async def end_booking(scene: Scene, booking: UUID) -> None:
    async with scene.context.db.transaction() as tx:
        await transitions.end(tx, await transitions.lock(tx, booking), "cancelled", "by_member")


async def test_one_answer_on_every_page_for_whoever_is_kept_apart(
    scene: Scene, cast: Cast, mira: Browser
) -> None:
    """One page said that seats are left and another that every seat is taken, and that the other comes."""
    past = await add_gathering(scene.context, cast.circle, days=-7)
    await add_booking(scene.context, past, cast.mira)
    await add_booking(scene.context, cast.gathering, cast.milo)
    await scene.keep_apart(cast.mira, cast.milo)
    gathering = (await mira.get(f"/gatherings/{cast.gathering}")).text
    assert "1 of 8 seats taken" in gathering
    assert "Please ask the hosts for your seat first" in gathering
    assert "Ask for a seat</a>" in gathering
    form = (await mira.get(form_at(cast))).text
    assert "Ask for a seat" in form
    assert SEAT_QUESTIONS[0] in form
    assert await scene.refused(cast.mira) == {"not_approved"}
    assert (await scene.book(await add_person(scene.context, "Other"))).state == "confirmed"


async def ask(browser: Browser, gathering: UUID, answer: str = "") -> UUID:
    form = (await browser.get(f"/gatherings/{gathering}/book")).text
    version = re.search(r'name="version" value="(\d+)"', form)
    assert version
    sent = await browser.post(f"/gatherings/{gathering}/request", data={"version": version[1], "a1": answer})
    assert sent.status_code == 303, sent.text
    return UUID(sent.headers["location"].rsplit("/", 1)[1])


async def test_hosts_see_the_other_before_they_answer_and_seat_one_of_the_two(
    scene: Scene, cast: Cast, mira: Browser, farid: Browser, browser: OpenBrowser
) -> None:
    past = await add_gathering(scene.context, cast.circle, days=-7)
    for person in (cast.mira, cast.milo):
        await add_booking(scene.context, past, person)
    milos = await add_booking(scene.context, cast.gathering, cast.milo)
    await scene.keep_apart(cast.mira, cast.milo)
    request = await ask(mira, cast.gathering)
    inbox = (await farid.get("/host/requests")).text
    assert "asks for a seat" in inbox
    shown = (await farid.get(f"/host/requests/{request}")).text
    assert "They are kept apart from Milo, who has a seat" in shown
    assert "They can book this one date" in shown
    refused = await farid.post(f"/host/requests/{request}", data={"then": "approve"})
    assert refused.status_code == 422
    assert "let them sit together again first" in refused.text
    waiting = (await mira.get(f"/my/requests/{request}")).text
    assert "Milo" not in waiting
    await end_booking(scene, milos)
    approved = await farid.post(f"/host/requests/{request}", data={"then": "approve"})
    assert approved.status_code == 303
    page = (await mira.get(f"/gatherings/{cast.gathering}")).text
    assert "The hosts said yes" in page
    assert f'href="/gatherings/{cast.gathering}/book"' in page
    async with browser(cast.milo) as milo:
        again = await ask(milo, cast.gathering, "Please.")
    refused = await farid.post(f"/host/requests/{again}", data={"then": "approve"})
    assert refused.status_code == 422  # Mira has the yes, though no seat yet
    assert (await scene.book(cast.mira)).state == "confirmed"
    later = await add_gathering(scene.context, cast.circle, days=14, community_seats=8)
    assert await scene.refused(cast.mira, later) == {"not_approved"}  # each date is asked for
    assert "Ask for a seat" in (await mira.get(f"/gatherings/{later}")).text


async def test_a_pair_set_later_takes_back_an_unused_yes(scene: Scene, cast: Cast, mira: Browser) -> None:
    past = await add_gathering(scene.context, cast.circle, days=-7)
    nadia = await add_person(scene.context, "Nadia")
    for person in (cast.mira, cast.milo, nadia):
        await add_booking(scene.context, past, person)
    await scene.keep_apart(cast.mira, nadia)
    request = await ask(mira, cast.gathering)
    await screening_actions.decide(scene.context, await scene.person(cast.farid), request, approve=True)
    await scene.keep_apart(cast.mira, cast.milo)
    assert await scene.value("select state from requests where id = $1", request) == "withdrawn"
    assert await scene.refused(cast.mira) == {"not_approved"}
    assert await ask(mira, cast.gathering) != request


async def test_ending_a_pair_says_yes_to_what_was_asked(scene: Scene, cast: Cast, mira: Browser) -> None:
    past = await add_gathering(scene.context, cast.circle, days=-7)
    for person in (cast.mira, cast.milo):
        await add_booking(scene.context, past, person)
    await scene.keep_apart(cast.mira, cast.milo)
    request = await ask(mira, cast.gathering)
    pair = await scene.value("select id from apart")
    farid = await scene.person(cast.farid)
    await apart_actions.let_together(scene.context, farid, pair)
    assert await scene.value("select state from requests where id = $1", request) == "approved"
    assert "an answer" in (await scene.mails())[-1]["subject"]
    assert "Book a seat" in (await mira.get(f"/gatherings/{cast.gathering}")).text
    assert (await scene.book(cast.mira)).state == "confirmed"


async def test_every_shared_date_is_named_and_each_gathering_warns_its_hosts(
    scene: Scene, cast: Cast, farid: Browser, browser: OpenBrowser
) -> None:
    dates = [cast.gathering, *[await add_gathering(scene.context, cast.circle, days=d) for d in (14, 21)]]
    for gathering in dates:
        for person in (cast.mira, cast.milo):
            await add_booking(scene.context, gathering, person)
    alone = await add_gathering(scene.context, cast.circle, days=28)
    await add_booking(scene.context, alone, cast.mira)
    await scene.keep_apart(cast.mira, cast.milo)
    pairs = (await farid.get(f"/host/circles/{cast.circle}/apart")).text
    for gathering in dates:
        assert f'href="/host/gatherings/{gathering}"' in pairs
        register = (await farid.get(f"/host/gatherings/{gathering}")).text
        assert "Two who are kept apart both have a seat" in register
        assert "Milo and Mira" in register
    assert str(alone) not in pairs
    assert "apart" not in (await farid.get(f"/host/gatherings/{alone}")).text.lower()
    await scene.value("insert into hosts values ($1, $2, 'helper')", cast.circle, cast.fern)
    async with browser(cast.fern) as helper:
        assert "apart" not in (await helper.get(f"/host/gatherings/{cast.gathering}")).text.lower()
    await scene.value("insert into hosts values ($1, $2, 'co')", cast.circle, cast.mira)
    async with browser(cast.mira) as of_the_pair:
        assert "apart" not in (await of_the_pair.get(f"/host/gatherings/{cast.gathering}")).text.lower()


async def test_a_host_who_is_kept_apart_learns_of_no_request_for_a_seat(
    scene: Scene, cast: Cast, mira: Browser, browser: OpenBrowser
) -> None:
    past = await add_gathering(scene.context, cast.circle, days=-7)
    for person in (cast.mira, cast.milo):
        await add_booking(scene.context, past, person)
    await scene.keep_apart(cast.mira, cast.milo)
    await scene.value("update people set is_facilitator = true where id = $1", cast.milo)
    await scene.value("insert into hosts values ($1, $2, 'co')", cast.circle, cast.milo)
    request = await ask(mira, cast.gathering)
    async with browser(cast.milo) as milo:
        assert (await milo.get(f"/host/requests/{request}")).status_code == 404
        assert str(request) not in (await milo.get("/host/requests")).text
        assert (await milo.post(f"/host/requests/{request}", data={"then": "approve"})).status_code == 404
    assert "milo" not in str([row["to_address"] for row in await scene.mails()])


async def test_a_late_payment_seats_nobody_beside_the_other_of_a_pair(scene: Scene, cast: Cast) -> None:
    late = await add_booking(scene.context, cast.gathering, cast.mira, state="lapsed")
    milos = await add_booking(scene.context, cast.gathering, cast.milo)
    await scene.keep_apart(cast.mira, cast.milo)
    for _ in range(2):  # whether or not the other comes
        async with scene.context.db.transaction() as tx:
            assert await transitions.SQL.seat_again(tx, booking_id=late) is None
        if await scene.value("select state from bookings where id = $1", milos) == "confirmed":
            await end_booking(scene, milos)
    await scene.value("delete from apart")
    async with scene.context.db.transaction() as tx:
        assert await transitions.SQL.seat_again(tx, booking_id=late)
        await tx.execute(
            "insert into events (what, about, after) values ('booking.confirmed', $1, 'confirmed')", late
        )


async def test_only_hosts_and_organizers_see_pairs(scene: Scene, cast: Cast, browser: OpenBrowser) -> None:
    for person in (cast.mira, cast.milo, cast.odile):
        await add_booking(scene.context, cast.gathering, person)
    await scene.keep_apart(cast.mira, cast.milo)
    at = f"/host/circles/{cast.circle}/apart"
    for who, status in ((cast.farid, 200), (cast.odile, 200), (cast.fern, 404), (cast.mira, 404)):
        async with browser(who) as page:
            answer = await page.get(at)
            assert answer.status_code == status
            if status == 200:
                assert "<strong>Milo</strong>" in answer.text
                assert "Both have a seat" in answer.text
    await scene.keep_apart(cast.mira, cast.odile)
    async with browser(cast.odile) as page:  # not even an organizer reads of a pair that holds them
        assert "<strong>Odile</strong>" not in (await page.get(at)).text
    await scene.value("update people set is_facilitator = true where id = $1", cast.mira)
    async with browser(cast.mira) as page:
        assert (await page.get(at)).status_code == 404
    async with browser(cast.farid) as page:
        register = (await page.get(f"/host/gatherings/{cast.gathering}")).text
    assert "Milo and Mira" in register
    for email in ("mira", "milo"):
        assert "apart" not in str(await personal_data.export(scene.context, f"{email}@example.org")).replace(
            at, ""
        )


async def test_a_pair_is_set_among_those_known_and_ended(
    scene: Scene, cast: Cast, farid: Browser, browser: OpenBrowser
) -> None:
    await add_booking(scene.context, cast.gathering, cast.mira)
    at = f"/host/circles/{cast.circle}/apart"
    for one, other in ((cast.mira, cast.milo), (cast.mira, cast.mira), (cast.mira, "x"), ("", "")):
        answer = await farid.post(at, data={"one": str(one), "other": str(other)})
        assert answer.status_code == 422
    await add_booking(scene.context, cast.gathering, cast.milo)
    for _ in range(2):
        answer = await farid.post(at, data={"one": str(cast.milo), "other": str(cast.mira)})
        assert answer.status_code == 303
    assert await scene.value("select count(*) from apart") == 1
    pair = await scene.value("select id from apart")
    await scene.value("insert into hosts values ($1, $2, 'helper')", cast.circle, cast.fern)
    for other in (cast.fern, cast.milo):
        async with browser(other) as page:
            assert (await page.post(f"/host/apart/{pair}/end")).status_code == 404
    assert (await farid.post(f"/host/apart/{pair}/end")).status_code == 303
    assert await scene.value("select array_agg(what order by at) from events where about = $1", pair) == [
        "apart.set",
        "apart.ended",
    ]


async def test_erasing_a_person_deletes_their_requests_and_pairs(scene: Scene, cast: Cast) -> None:
    past = await add_gathering(scene.context, cast.circle, days=-7)
    await add_booking(scene.context, past, cast.milo)
    await scene.screen(QUESTIONS)
    await scene.send(cast.mira)
    await scene.keep_apart(cast.mira, cast.milo)
    exported = await personal_data.export(scene.context, "mira@example.org")
    assert [row["answer"] for row in exported["request_answers"]] == ["A long winter.", "My sister."]
    await personal_data.erase(scene.context, "mira@example.org")
    for table in ("requests", "request_answers", "apart"):
        assert await scene.value(f"select count(*) from {table}") == 0


async def test_screening_and_pairs_are_not_found_by_others(scene: Scene, cast: Cast) -> None:
    fern = await scene.person(cast.fern)
    with pytest.raises(NotFound):
        await screening_actions.save_screening(scene.context, fern, cast.circle, QUESTIONS, version=0)
    with pytest.raises(NotFound):
        await scene.keep_apart(cast.mira, cast.milo, by=cast.fern)


async def test_an_organizer_reaches_the_pairs_of_a_circle_they_do_not_host(
    scene: Scene, cast: Cast, browser: OpenBrowser
) -> None:
    at = f"/host/circles/{cast.circle}/apart"
    async with browser(cast.odile) as page:
        assert at in (await page.get("/organize/circles")).text
        shown = (await page.get(at)).text
    assert "/organize/circles" in shown
    assert f"/host/circles/{cast.circle}/screening" not in shown


async def kept_apart(scene: Scene, cast: Cast) -> tuple[Person, Person]:
    """Mira and Milo, who know the circle, are kept apart. Returns Mira and their host."""
    past = await add_gathering(scene.context, cast.circle, days=-7)
    for person in (cast.mira, cast.milo):
        await add_booking(scene.context, past, person)
    await scene.keep_apart(cast.mira, cast.milo)
    return await scene.person(cast.mira), await scene.person(cast.farid)


@pytest.mark.parametrize("what", ["canceled", "removed", "ended"])
async def test_a_request_for_a_date_that_is_gone_is_closed_and_told(
    scene: Scene, cast: Cast, drain: Drain, what: str
) -> None:
    """Nobody waits for an answer about a date that does not take place, and no host is asked about it."""
    mira, farid = await kept_apart(scene, cast)
    request = await screening_actions.send_request(
        scene.context, mira, cast.gathering, {"a1": "May I?"}, version=0
    )
    await drain()
    if what == "canceled":
        await change_actions.cancel_gathering(scene.context, farid, cast.gathering, "The room is flooded.")
    elif what == "ended":
        await lifecycle.archive_circle(scene.context, farid, cast.circle)
    else:
        async with scene.context.db.transaction() as tx:
            await change_actions.remove_gathering(tx, farid, cast.gathering, "open")
    await drain()
    assert await scene.value("select state from requests where id = $1", request) == "withdrawn"
    assert await scene.value("select count(*) from request_answers where request_id = $1", request) == 0
    (mail,) = [row for row in await scene.mails() if row["subject"].endswith("your request is closed")]
    assert mail["to_address"] == "mira@example.org"
    assert "does not take place" in mail["text_body"]
    assert "/gatherings" in mail["text_body"]


async def test_a_yes_that_became_a_seat_is_told_once(scene: Scene, cast: Cast, drain: Drain) -> None:
    mira, farid = await kept_apart(scene, cast)
    request = await screening_actions.send_request(
        scene.context, mira, cast.gathering, {"a1": "May I?"}, version=0
    )
    await screening_actions.decide(scene.context, farid, request, approve=True)
    await scene.book(cast.mira)
    await change_actions.cancel_gathering(scene.context, farid, cast.gathering, "The room is flooded.")
    await drain()
    assert not [row for row in await scene.mails() if "closed" in row["subject"]]
    assert await scene.value("select count(*) from mails where kind = 'withdrawn'") == 1


async def test_a_circle_that_ends_leaves_no_question_open(scene: Scene, cast: Cast, drain: Drain) -> None:
    await scene.screen(QUESTIONS)
    request = await scene.send(cast.mira)
    await lifecycle.archive_circle(scene.context, await scene.person(cast.farid), cast.circle)
    await drain()
    assert await scene.value("select state from requests where id = $1", request) == "withdrawn"
    assert [row["to_address"] for row in await scene.mails() if "closed" in row["subject"]] == [
        "mira@example.org"
    ]
