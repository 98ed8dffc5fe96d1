"""Pairs kept apart, on a real database."""

from __future__ import annotations

import re
from uuid import UUID

import pytest

from circles.base.errors import NotFound
from circles.bookings import transitions
from circles.bookings.screening import actions as screening_actions
from circles.commands import personal_data
from tests.bookings import screening_helpers
from tests.bookings.screening_helpers import QUESTIONS, Scene, typed
from tests.cast import Cast, add_booking, add_gathering, add_person
from tests.conftest import Browser, OpenBrowser

scene, mira, farid = screening_helpers.scene, screening_helpers.mira, screening_helpers.farid


async def test_the_gathering_is_full_for_the_other_of_a_pair(
    scene: Scene, cast: Cast, mira: Browser, browser: OpenBrowser
) -> None:
    """The page is compared with that of a gathering which is full in truth, word for word."""
    await add_booking(scene.context, cast.gathering, cast.milo)
    past = await add_gathering(scene.context, cast.circle, days=-7)
    await add_booking(scene.context, past, cast.mira)
    await scene.keep_apart(cast.mira, cast.milo)
    full = await add_gathering(scene.context, cast.circle, days=7, hour=10, community_seats=8)
    for i in range(8):
        await add_booking(scene.context, full, await add_person(scene.context, f"Guest {i}"))

    async def open_form(gathering: UUID, *, post: bool) -> tuple[int, str]:
        at = f"/gatherings/{gathering}/book"
        answer = await (mira.post(at, data=typed(cast)) if post else mira.get(at))
        words = answer.text.replace(str(gathering), "ID").replace("10:00 in the morning", "TIME")
        words = words.replace("6:00 in the evening", "TIME").replace("10:00 am", "T").replace("6:00 pm", "T")
        return answer.status_code, re.sub(r'datetime="[^"]+"', "", words)

    for post in (False, True):
        assert await open_form(cast.gathering, post=post) == await open_form(full, post=post)
    status, words = await open_form(cast.gathering, post=True)
    assert status == 422
    assert "The last seat was taken a moment ago" in words
    assert "seats taken" in (await mira.get(f"/gatherings/{cast.gathering}")).text
    other = await add_person(scene.context, "Other")
    assert (await scene.book(other)).state == "confirmed"
    assert await scene.refused(cast.mira) == {"full"}


async def test_a_late_payment_seats_nobody_beside_the_other_of_a_pair(scene: Scene, cast: Cast) -> None:
    late = await add_booking(scene.context, cast.gathering, cast.mira, state="lapsed")
    await add_booking(scene.context, cast.gathering, cast.milo)
    await scene.keep_apart(cast.mira, cast.milo)
    async with scene.context.db.transaction() as tx:
        assert await transitions.SQL.seat_again(tx, booking_id=late) is None
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
    assert "apart" not in register.lower()
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
