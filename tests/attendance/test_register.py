"""The register over HTTP, on a real database."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from circles.attendance.register import actions as register_actions
from circles.attendance.walk_ins import actions as walk_ins
from circles.attendance.walk_ins.rules import WalkIn
from circles.base.errors import NotFound, Refused
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_gathering, add_person
from tests.conftest import OpenBrowser
from tests.helpers import change, value

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


async def marks(context: Context) -> dict[UUID, str]:
    async with context.db.reading() as tx:
        return {
            row["booking_id"]: row["mark"]
            for row in await tx.fetch("select booking_id, mark from attendance")
        }


# The roster


async def test_the_roster_has_no_payments(
    cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser
) -> None:
    await add_booking(cast.context, tonight, cast.milo)
    async with browser(cast.farid) as page:
        answer = await page.get(f"/host/gatherings/{tonight}")
    text = answer.text[answer.text.index("<main") : answer.text.index("</main>")]
    assert answer.status_code == 200
    assert "Mira" in text
    assert "she/her" in text
    assert "Milo" in text
    assert "First time" in text
    for private in ("37.5", "3750", "$", "@", "paid", "Paid", "community"):
        assert private not in text, private


async def test_somebody_who_came_before_is_not_here_for_the_first_time(
    cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser
) -> None:
    """Only having come to an earlier gathering of this very circle counts."""
    before = await add_gathering(cast.context, cast.circle, starts_at=datetime.now(UTC) - timedelta(days=7))
    elsewhere = await add_gathering(
        cast.context, cast.other_circle, starts_at=datetime.now(UTC) - timedelta(days=7)
    )
    missed = await add_booking(cast.context, before, cast.milo)
    await add_booking(cast.context, tonight, cast.milo)
    other = await add_booking(cast.context, elsewhere, cast.mira, kind="free")
    await register_actions.mark(
        cast.context, actor_id=cast.farid, gathering_id=before, booking_id=missed, mark="absent"
    )
    await register_actions.mark(
        cast.context, actor_id=cast.fern, gathering_id=elsewhere, booking_id=other, mark="came"
    )
    assert await _firsts(cast, tonight) == {"Mira": True, "Milo": True}
    await register_actions.mark(
        cast.context, actor_id=cast.farid, gathering_id=before, booking_id=missed, mark="came"
    )
    assert await _firsts(cast, tonight) == {"Mira": True, "Milo": False}
    assert await _firsts(cast, before) == {"Milo": True}


async def _firsts(cast: Cast, gathering: UUID) -> dict[str, bool]:
    async with cast.context.db.reading() as tx:
        register = await register_actions.register(tx, gathering, cast.farid)
    return {seat.name: seat.first_time for seat in register.seats}


async def test_the_roster_lists_only_confirmed_seats(cast: Cast, tonight: UUID, browser: OpenBrowser) -> None:
    await add_booking(cast.context, tonight, cast.mira, state="cancelled")
    await add_booking(cast.context, tonight, cast.milo, kind="paid", amount=3000, state="held")
    async with browser(cast.farid) as page:
        text = (await page.get(f"/host/gatherings/{tonight}")).text
    assert "Nobody is booked yet" in text
    assert "1 of them is kept for somebody who pays now" in text
    assert "Milo" not in text


async def test_the_page_needs_at_most_three_queries(
    cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser, queries: list[str]
) -> None:
    for n in range(6):
        await add_booking(
            cast.context, tonight, await add_person(cast.context, f"Guest {n}"), kind="paid", amount=3000
        )
    async with browser(cast.farid) as page:
        queries.clear()
        assert (await page.get(f"/host/gatherings/{tonight}")).status_code == 200
    assert len(queries) <= 3, queries


# Who may see and keep it


async def test_only_hosts_see_it(cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser) -> None:
    for person in (cast.fern, cast.mira, cast.odile):
        async with browser(person) as page:
            foreign = await page.get(f"/host/gatherings/{tonight}")
            unknown = await page.get(f"/host/gatherings/{uuid4()}")
            assert foreign.status_code == unknown.status_code == 404
            assert foreign.text == unknown.text
            post = await page.post(
                f"/host/gatherings/{tonight}/register", data={"booking": str(booked), "mark": "came"}
            )
            assert post.status_code == 404
    assert await marks(cast.context) == {}


async def test_a_helper_keeps_the_register_and_cannot_cancel(cast: Cast, browser: OpenBrowser) -> None:
    ahead = await add_gathering(
        cast.context, cast.circle, starts_at=datetime.now(UTC) + timedelta(minutes=10)
    )
    seat = await add_booking(cast.context, ahead, cast.mira)
    await change(cast.context, "insert into hosts values ($1, $2, 'helper')", cast.circle, cast.fern)
    async with browser(cast.fern) as page:
        assert f"/host/gatherings/{ahead}/cancel" not in (await page.get(f"/host/gatherings/{ahead}")).text
        answer = await page.post(
            f"/host/gatherings/{ahead}/register", data={"booking": str(seat), "mark": "came"}
        )
    assert answer.status_code == 303
    assert await marks(cast.context) == {seat: "came"}
    async with browser(cast.farid) as page:
        assert f"/host/gatherings/{ahead}/cancel" in (await page.get(f"/host/gatherings/{ahead}")).text


async def test_a_draft_can_be_published_or_discarded_from_its_page(cast: Cast, browser: OpenBrowser) -> None:
    draft = await add_gathering(cast.context, cast.circle, days=9, state="draft")
    async with browser(cast.farid) as page:
        text = (await page.get(f"/host/gatherings/{draft}")).text
        assert f'action="/host/gatherings/{draft}/discard"' in text
        assert f"/host/gatherings/{draft}/cancel" not in text
        assert (await page.post(f"/host/gatherings/{draft}/publish")).status_code == 303
        text = (await page.get(f"/host/gatherings/{draft}")).text
    assert f"/host/gatherings/{draft}/discard" not in text
    assert f"/host/gatherings/{draft}/cancel" in text


async def test_a_foreign_post_is_refused(
    cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser
) -> None:
    async with browser(cast.farid) as page:
        answer = await page.post(
            f"/host/gatherings/{tonight}/register",
            data={"booking": str(booked), "mark": "came"},
            headers={"Sec-Fetch-Site": "cross-site"},
        )
    assert answer.status_code == 403
    assert await marks(cast.context) == {}


# Keeping it


async def test_one_tap_marks_another_changes_and_the_same_again_removes_it(
    cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser
) -> None:
    async with browser(cast.farid) as page:
        for mark, message in (
            ("came", "<b>1</b> came"),
            ("absent", "<b>1</b> absent"),
            ("excused", "<b>1</b> excused"),
            ("", "<b>1</b> not marked yet"),
        ):
            answer = await page.post(
                f"/host/gatherings/{tonight}/register", data={"booking": str(booked), "mark": mark}
            )
            assert answer.status_code == 303
            assert answer.headers["location"] == f"/host/gatherings/{tonight}#seat-1"
            assert message in (await page.get(f"/host/gatherings/{tonight}")).text
            assert await marks(cast.context) == ({booked: mark} if mark else {})
    async with cast.context.db.reading() as tx:
        events = await tx.fetch(
            "select who, before, after from events where what = 'attendance.marked' order by id"
        )
    assert [(row["before"], row["after"]) for row in events] == [
        ("", "came"),
        ("came", "absent"),
        ("absent", "excused"),
        ("excused", ""),
    ]
    assert {row["who"] for row in events} == {cast.farid}


async def test_a_mark_can_be_removed(cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser) -> None:
    await register_actions.mark(
        cast.context, actor_id=cast.farid, gathering_id=tonight, booking_id=booked, mark="came"
    )
    async with browser(cast.farid) as page:
        text = (await page.get(f"/host/gatherings/{tonight}")).text
    button = text[text.index('id="seat-1-came"') :].split(">")[0]
    assert 'value=""' in button
    assert 'aria-pressed="true"' in button


async def test_a_double_tap_is_one_mark(cast: Cast, tonight: UUID, booked: UUID) -> None:
    """Two hosts at two phones, or one nervous thumb: the same mark twice changes nothing the second time."""
    await change(cast.context, "insert into hosts values ($1, $2, 'co')", cast.circle, cast.fern)
    await asyncio.gather(
        *(
            register_actions.mark(
                cast.context, actor_id=person, gathering_id=tonight, booking_id=booked, mark="came"
            )
            for person in (cast.farid, cast.fern, cast.farid, cast.fern)
        )
    )
    assert await marks(cast.context) == {booked: "came"}
    assert await value(cast.context, "select count(*) from events where what = 'attendance.marked'") == 1


async def test_htmx_gets_line_and_counts(
    cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser
) -> None:
    await add_booking(cast.context, tonight, cast.milo)
    async with browser(cast.farid) as page:
        answer = await page.post(
            f"/host/gatherings/{tonight}/register",
            data={"booking": str(booked), "mark": "came"},
            headers=HTMX,
        )
    assert answer.status_code == 200
    assert "HX-Request" in answer.headers["vary"]
    assert "<html" not in answer.text
    assert "Milo</strong>" not in answer.text
    assert answer.text.count('class="register-row"') == 1
    assert answer.text.count('hx-swap-oob="true"') == 2
    assert "<b>1</b> came" in answer.text


async def test_a_refused_mark_redirects_htmx(cast: Cast, tonight: UUID, browser: OpenBrowser) -> None:
    async with browser(cast.farid) as page:
        answer = await page.post(
            f"/host/gatherings/{tonight}/register",
            data={"booking": str(uuid4()), "mark": "came"},
            headers=HTMX,
        )
        assert answer.headers["hx-redirect"] == f"/host/gatherings/{tonight}"
        assert "given back in the meantime" in (await page.get(f"/host/gatherings/{tonight}")).text


async def test_before_it_opens_there_is_a_roster_and_no_register(cast: Cast, browser: OpenBrowser) -> None:
    later = await add_gathering(
        cast.context, cast.circle, starts_at=datetime.now(UTC) + timedelta(minutes=45)
    )
    seat = await add_booking(cast.context, later, cast.mira)
    async with browser(cast.farid) as page:
        text = (await page.get(f"/host/gatherings/{later}")).text
        assert "The register opens" in text
        assert "Mira" in text
        assert f"/host/gatherings/{later}/register" not in text
        answer = await page.post(
            f"/host/gatherings/{later}/register", data={"booking": str(seat), "mark": "came"}
        )
        assert answer.status_code == 422
        assert "opens 30 minutes before the start" in answer.text
    assert await marks(cast.context) == {}


async def test_it_stays_open_long_after(cast: Cast) -> None:
    old = await add_gathering(cast.context, cast.circle, starts_at=datetime.now(UTC) - timedelta(days=40))
    seat = await add_booking(cast.context, old, cast.mira)
    await register_actions.mark(
        cast.context, actor_id=cast.farid, gathering_id=old, booking_id=seat, mark="excused"
    )
    assert await marks(cast.context) == {seat: "excused"}


async def test_a_cancelled_gathering_has_no_register(cast: Cast, tonight: UUID, browser: OpenBrowser) -> None:
    await change(
        cast.context,
        "update gatherings set state = 'cancelled', cancel_reason = 'I am ill.' where id = $1",
        tonight,
    )
    async with browser(cast.farid) as page:
        assert "I am ill." in (await page.get(f"/host/gatherings/{tonight}")).text
        answer = await page.post(
            f"/host/gatherings/{tonight}/register", data={"booking": str(uuid4()), "mark": "came"}
        )
    assert answer.status_code == 422


@pytest.mark.parametrize("booking", ["", "x", "0" * 32, "' or 1=1 --"])
@pytest.mark.parametrize("mark", ["came", "late", "", "came\x00"])
async def test_what_is_no_mark_or_no_booking_changes_nothing(
    cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser, booking: str, mark: str
) -> None:
    async with browser(cast.farid) as page:
        answer = await page.post(
            f"/host/gatherings/{tonight}/register", data={"booking": booking, "mark": mark}
        )
    assert answer.status_code == 422
    assert await marks(cast.context) == {}


async def test_a_form_with_two_lines_or_without_a_mark_changes_nothing(
    cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser
) -> None:
    walk_in = uuid4()
    added = WalkIn(walk_in, "Wren")
    await walk_ins.add(cast.context, actor_id=cast.farid, gathering_id=tonight, walk_in=added)
    async with browser(cast.farid) as page:
        address = f"/host/gatherings/{tonight}/register"
        assert (await page.post(address, data={"booking": str(booked), "mark": "came"})).status_code == 303
        both = {"booking": str(booked), "walk_in_id": str(walk_in), "mark": "came late"}
        assert (await page.post(address, data=both)).status_code == 422
        assert (await page.post(address, data={"booking": str(booked)})).status_code == 422
    assert await marks(cast.context) == {booked: "came"}


async def test_a_seat_of_another_gathering_cannot_be_marked_here(cast: Cast, tonight: UUID) -> None:
    seat = await add_booking(cast.context, cast.gathering, cast.mira)
    with pytest.raises(Refused) as refused:
        await register_actions.mark(
            cast.context, actor_id=cast.farid, gathering_id=tonight, booking_id=seat, mark="came"
        )
    assert refused.value.codes == {"not_booked"}


async def test_a_mark_is_deleted_with_its_seat(cast: Cast) -> None:
    """The register is open for half an hour in which a seat can still be given back."""
    soon = await add_gathering(cast.context, cast.circle, starts_at=datetime.now(UTC) + timedelta(minutes=20))
    seat = await add_booking(cast.context, soon, cast.mira)
    await register_actions.mark(
        cast.context, actor_id=cast.farid, gathering_id=soon, booking_id=seat, mark="excused"
    )
    await change(
        cast.context,
        "update bookings set state = 'cancelled', ended_at = now(), end_cause = 'by_member' where id = $1",
        seat,
    )
    await change(
        cast.context,
        "insert into events (what, about, after) values ('booking.cancelled', $1, 'cancelled')",
        seat,
    )
    assert await marks(cast.context) == {}
    with pytest.raises(Refused):
        await register_actions.mark(
            cast.context, actor_id=cast.farid, gathering_id=soon, booking_id=seat, mark="came"
        )


async def test_a_former_host_makes_no_marks(cast: Cast, tonight: UUID, booked: UUID) -> None:
    await change(cast.context, "update hosts set person_id = $2 where person_id = $1", cast.farid, cast.fern)
    with pytest.raises(NotFound):
        await register_actions.mark(
            cast.context, actor_id=cast.farid, gathering_id=tonight, booking_id=booked, mark="came"
        )
