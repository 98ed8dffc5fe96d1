"""The register as a record: marks are rows that are added, closing locks, opening again is logged."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from circles import bookings
from circles.attendance.register import actions as register_actions
from circles.base.errors import Refused
from circles.commands import personal_data
from circles.store import jobs
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_gathering, add_person
from tests.conftest import OpenBrowser
from tests.helpers import change, missing, rows, value

RECORD = "select mark, late, left_early, made_by, source from register_marks order by id"


async def mark(cast: Cast, gathering: UUID, booking: UUID, words: str, actor: UUID | None = None) -> None:
    await register_actions.mark(
        cast.context, actor_id=actor or cast.farid, gathering_id=gathering, booking_id=booking, mark=words
    )


async def record(context: Context) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await rows(context, RECORD)]


async def present(context: Context, booking: UUID) -> tuple[Any, ...] | None:
    found = await rows(
        context, "select mark, late, left_early from attendance where booking_id = $1", booking
    )
    return tuple(found[0]) if found else None


def tap(booking: UUID, ago: timedelta, mark: str = "came", **more: Any) -> dict[str, Any]:
    milliseconds = ago // timedelta(milliseconds=1)
    return {"key": str(uuid4()), "booking": str(booking), "mark": mark, "ago": milliseconds, **more}


async def test_every_mark_is_a_row_and_a_correction_is_another(
    cast: Cast, tonight: UUID, booked: UUID
) -> None:
    helper = await add_person(cast.context, "Hal")
    await change(cast.context, "insert into hosts values ($1, $2, 'helper')", cast.circle, helper)
    await mark(cast, tonight, booked, "absent")
    await mark(cast, tonight, booked, "came late", helper)
    await mark(cast, tonight, booked, "came late left_early")
    await mark(cast, tonight, booked, "")
    assert await record(cast.context) == [
        ("absent", False, False, cast.farid, "tap"),
        ("came", True, False, helper, "tap"),
        ("came", True, True, cast.farid, "tap"),
        ("", False, False, cast.farid, "tap"),
    ]
    assert await present(cast.context, booked) is None
    for statement in ("update register_marks set mark = 'came'", "delete from register_marks"):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await change(cast.context, statement)


async def test_a_tap_that_comes_late_is_kept_with_both_times_and_the_newest_holds(
    cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser
) -> None:
    old, newer = timedelta(minutes=50), timedelta(minutes=20)
    async with browser(cast.farid) as host:
        address = f"/host/gatherings/{tonight}/room/marks"
        first = await host.post(address, json={"taps": [tap(booked, newer, late=True)]})
        assert first.json()["late"] == [str(booked)]
        late = await host.post(address, json={"taps": [tap(booked, old, "absent")]})
        assert late.json()["marks"] == {str(booked): "came"}
        page = (await host.get(f"/host/gatherings/{tonight}/marks?of={booked}")).text
    assert await present(cast.context, booked) == ("came", True, False)
    kept = await rows(
        cast.context, "select mark, received_at - made_at as age from register_marks order by id"
    )
    assert [row["mark"] for row in kept] == ["came", "absent"]
    assert newer <= kept[0]["age"] < newer + timedelta(minutes=5)
    assert old <= kept[1]["age"] < old + timedelta(minutes=5)
    assert not missing(page, "Marks of Mira", "Came, late", "Absent", "came here", "Farid")


@pytest.mark.parametrize(
    "wrong",
    [
        {"mark": "absent", "late": True},
        {"mark": "", "left_early": True},
        {"mark": "came", "walk_in": str(UUID(int=1))},
        {"mark": "came", "booking": None},
        {"mark": "absent", "booking": None, "walk_in": str(UUID(int=1))},
    ],
)
async def test_a_tap_that_makes_no_sense_is_refused(
    cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser, wrong: dict[str, Any]
) -> None:
    async with browser(cast.farid) as host:
        sent = {"taps": [tap(booked, timedelta(0)) | wrong]}
        answer = await host.post(f"/host/gatherings/{tonight}/room/marks", json=sent)
    assert answer.status_code == 422
    assert await record(cast.context) == []


async def test_a_walk_in_is_part_of_the_record(
    cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser
) -> None:
    key = uuid4()
    async with browser(cast.farid) as host:
        await host.post(f"/host/gatherings/{tonight}/walk-ins", data={"id": str(key), "walk_in": "Noor"})
        at = f"/host/gatherings/{tonight}/register"
        assert (
            await host.post(at, data={"walk_in_id": str(key), "mark": "came left_early"})
        ).status_code == 303
        assert (await host.post(at, data={"walk_in_id": str(key), "mark": "absent"})).status_code == 422
        sent = {"taps": [{**tap(booked, timedelta(0), late=True), "booking": None, "walk_in": str(key)}]}
        answer = (await host.post(f"/host/gatherings/{tonight}/room/marks", json=sent)).json()
        assert answer["walk_ins"] == [
            {"id": str(key), "name": "Noor", "seat": None, "late": True, "left_early": False}
        ]
        page = (await host.get(f"/host/gatherings/{tonight}/marks")).text
        assert not missing(page, "Noor", "Came without a booking", "Came, left early", "Came, late")
        await host.post(f"/host/gatherings/{tonight}/walk-ins/{key}/remove")
        assert "Taken off the list" in (await host.get(f"/host/gatherings/{tonight}/marks")).text
    assert [row[:3] for row in await record(cast.context)] == [
        ("came", False, False),
        ("came", False, True),
        ("came", True, False),
        ("", False, False),
    ]


async def test_the_ring_the_counts_and_the_print_say_late(
    cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser
) -> None:
    async with browser(cast.farid) as host:
        at = f"/host/gatherings/{tonight}"
        await host.post(f"{at}/register", data={"booking": str(booked), "mark": "came late"})
        page = (await host.get(at)).text
        assert not missing(page, 'aria-label="Mira, came, late"', "<b>1</b> late", "seat-partly")
        assert '<span class="box box-small is-ticked">late</span>' in page
        await host.post(f"{at}/close")
        assert "Came, late" in (await host.get(at)).text


async def test_the_record_is_for_hosts_and_organizers(
    cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser
) -> None:
    await mark(cast, tonight, booked, "came")
    for reader, status in (
        (cast.farid, 200),
        (cast.odile, 200),
        (cast.fern, 404),
        (cast.mira, 404),
    ):
        async with browser(reader) as page:
            answer = await page.get(f"/host/gatherings/{tonight}/marks")
            assert answer.status_code == status
            assert (await page.get(f"/host/gatherings/{uuid4()}/marks")).status_code == 404


# Closing


async def test_a_closed_register_takes_no_mark_from_any_code(
    cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser
) -> None:
    """The database refuses it: a mark by SQL, by the code of before, a walk-in, and taking a mark away."""
    await mark(cast, tonight, booked, "came")
    async with browser(cast.farid) as host:
        assert (await host.post(f"/host/gatherings/{tonight}/close")).status_code == 303
    with pytest.raises(Refused) as refused:
        await mark(cast, tonight, booked, "absent")
    assert refused.value.codes == {"closed"}
    of_before = "insert into taps (key, booking_id, mark, tapped_at) values ($1, $2, 'absent', now())"
    by_hand = "update attendance set mark = 'absent' where booking_id = $1"
    walk_in = "insert into walk_ins (id, gathering_id, name) values ($1, $2, 'Noor')"
    for statement, arguments in (
        (of_before, (uuid4(), booked)),
        (by_hand, (booked,)),
        ("delete from attendance where booking_id = $1", (booked,)),
        (walk_in, (uuid4(), tonight)),
    ):
        with pytest.raises(asyncpg.CheckViolationError) as violated:
            await change(cast.context, statement, *arguments)
        assert violated.value.constraint_name == "register_takes_no_mark_once_closed"
    assert await present(cast.context, booked) == ("came", False, False)
    assert len(await record(cast.context)) == 1


async def test_a_mark_that_waits_for_the_closing_is_refused(cast: Cast, tonight: UUID, booked: UUID) -> None:
    """As the code of before sends it: it does not lock the gathering, and its tap is older than the closing."""
    await mark(cast, tonight, booked, "came")
    insert = (
        "insert into taps (key, booking_id, mark, tapped_at) values ($1, $2, 'absent', clock_timestamp())"
    )
    async with cast.context.db.transaction() as closing:
        await closing.execute("select from gatherings where id = $1 for no key update", tonight)
        await closing.execute("update gatherings set closed_at = now() where id = $1", tonight)
        waiting = asyncio.create_task(change(cast.context, insert, uuid4(), booked))
        blocked = "select exists (select from pg_locks where not granted)"
        while not (waiting.done() or await closing.fetchval(blocked)):
            await asyncio.sleep(0.01)
    with pytest.raises(asyncpg.CheckViolationError):
        await waiting
    assert await present(cast.context, booked) == ("came", False, False)


async def test_a_seat_that_ends_after_the_closing_takes_its_mark_along(
    cast: Cast, tonight: UUID, booked: UUID
) -> None:
    await mark(cast, tonight, booked, "came")
    await change(cast.context, "update gatherings set closed_at = now() where id = $1", tonight)
    async with cast.context.db.transaction() as tx:
        await bookings.cancel_all(tx, tonight, "I am ill today.", actor_id=cast.farid)
    assert await present(cast.context, booked) is None
    assert (await record(cast.context))[-1] == ("", False, False, None, "seat")


async def test_the_code_of_before_keeps_working_and_its_marks_are_recorded(
    cast: Cast, tonight: UUID, booked: UUID
) -> None:
    """What yesterday's version did with a tap, statement by statement."""
    key = uuid4()
    await mark(cast, tonight, booked, "came late")
    await change(
        cast.context,
        "insert into taps (key, booking_id, mark, tapped_at, who) values ($1, $2, 'excused', clock_timestamp(), $3)",
        key, booked, cast.farid,
    )  # fmt: skip
    newest = "select key from taps where booking_id = $1 order by tapped_at desc, key desc limit 1"
    assert await value(cast.context, newest, booked) == key
    await change(
        cast.context,
        "insert into attendance (booking_id, mark, marked_by) values ($1, 'excused', $2) "
        "on conflict (booking_id) do update "
        "set mark = excluded.mark, marked_by = excluded.marked_by, marked_at = now()",
        booked, cast.farid,
    )  # fmt: skip
    assert await present(cast.context, booked) == ("excused", False, False)
    await change(cast.context, "delete from attendance where booking_id = $1", booked)
    assert [(row[0], row[4]) for row in await record(cast.context)] == [
        ("came", "tap"),
        ("excused", "tap"),
        ("", "other"),
    ]


async def test_opening_again_is_logged_with_its_reason(
    cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser
) -> None:
    await mark(cast, tonight, booked, "absent")
    async with browser(cast.farid) as host, browser(cast.odile) as organizer:
        at = f"/host/gatherings/{tonight}"
        await host.post(f"{at}/close")
        await host.post(f"{at}/reopen", data={"why": "Mira came <late>"})
        await mark(cast, tonight, booked, "came late")
        await host.post(f"{at}/close")
        page = (await organizer.get(f"{at}/marks")).text
    assert not missing(page, "Opened again", "Mira came &lt;late&gt;", "by Farid", "Came, late", "Absent")
    assert page.count("<li>Closed") == 2


async def test_who_is_absent_by_closing_is_recorded_so(
    cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser
) -> None:
    async with browser(cast.farid) as host:
        await host.post(f"/host/gatherings/{tonight}/close", data={"rest": "absent"})
        assert "as the register closed" in (await host.get(f"/host/gatherings/{tonight}/marks")).text
    assert await record(cast.context) == [("absent", False, False, cast.farid, "closing")]
    assert await value(
        cast.context, "select closed_at > now() - interval '1 hour' from gatherings where id = $1", tonight
    )


async def test_a_register_closes_by_itself_and_again_after_it_was_opened(
    cast: Cast, browser: OpenBrowser
) -> None:
    now = datetime.now(UTC)
    old = await add_gathering(cast.context, cast.circle, starts_at=now - timedelta(days=14, hours=2))
    young = await add_gathering(cast.context, cast.circle, starts_at=now - timedelta(days=13, hours=20))
    is_closed = "select closed_at is not null from gatherings where id = $1"
    await jobs.run_timetable(cast.context, "attendance.close_registers")
    assert [await value(cast.context, is_closed, one) for one in (old, young)] == [True, False]
    async with browser(cast.farid) as host:
        assert "by itself" in (await host.get(f"/host/gatherings/{old}/after")).text
        await host.post(f"/host/gatherings/{old}/reopen", data={"why": "One mark was missing"})
    await jobs.run_timetable(cast.context, "attendance.close_registers")
    assert not await value(cast.context, is_closed, old)
    await change(
        cast.context, "update gatherings set reopened_at = now() - interval '15 days' where id = $1", old
    )
    await jobs.run_timetable(cast.context, "attendance.close_registers")
    assert await value(cast.context, is_closed, old)


async def test_two_hosts_who_mark_at_once_and_a_third_who_closes_agree(
    cast: Cast, tonight: UUID, browser: OpenBrowser
) -> None:
    """Every order gives a register that closed after its last mark; the invariants hold after the test."""
    co = await add_person(cast.context, "Cora", is_facilitator=True)
    await change(cast.context, "insert into hosts values ($1, $2, 'co')", cast.circle, co)
    seats = [
        await add_booking(
            cast.context, tonight, await add_person(cast.context, f"Guest {n}"), kind="paid", amount=3000
        )
        for n in range(6)
    ]
    async with browser(cast.farid) as lead, browser(co) as other:
        at = f"/host/gatherings/{tonight}"
        answers = await asyncio.gather(
            *(
                host.post(f"{at}/room/marks", json={"taps": [tap(seat, timedelta(0), word)]})
                for seat in seats
                for host, word in ((lead, "came"), (other, "absent"))
            ),
            other.post(f"{at}/close", data={"rest": "absent"}),
        )
    assert {answer.status_code for answer in answers} <= {200, 303, 422}
    assert answers[-1].status_code == 303
    assert await value(cast.context, "select count(*) from attendance") == 6
    newest = "select max(received_at) from register_marks"
    closed = "select closed_at from gatherings where id = $1"
    assert await value(cast.context, newest) < await value(cast.context, closed, tonight)


async def test_own_marks_are_in_the_export_of_personal_data(cast: Cast, tonight: UUID, booked: UUID) -> None:
    await mark(cast, tonight, booked, "came late")
    own = await personal_data.export(cast.context, "mira@example.org")
    assert [(row["mark"], row["late"]) for row in own["register_marks"]] == [("came", True)]
