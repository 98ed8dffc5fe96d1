"""After a gathering over HTTP: closing its register, notes for the next host."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

from circles.attendance.afterwards import actions
from circles.commands import personal_data
from circles.store import jobs
from circles.store.context import Context
from tests.cast import Cast, add_booking
from tests.conftest import OpenBrowser
from tests.helpers import change, value

READY = {"co": "here", "card": "on"}
LINK = "https://meet.example.org/tuesday"


async def mark_of(context: Context, booking: UUID) -> str | None:
    return await value(context, "select mark from attendance where booking_id = $1", booking)


async def test_closing_a_register_lists_the_seats_without_a_mark(
    cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser
) -> None:
    milo = await add_booking(cast.context, tonight, cast.milo)
    after, register = f"/host/gatherings/{tonight}/after", f"/host/gatherings/{tonight}/register"
    async with browser(cast.farid) as host:
        mark = {"booking": str(booked), "mark": "came", "back": "after"}
        assert (await host.post(register, data=mark)).headers["location"] == after
        text = (await host.get(after)).text
        assert "Milo" in text[text.index('id="close"') : text.index('id="notes"')]
        assert "Mira" not in text[text.index('id="close"') : text.index('id="notes"')]
        refused = await host.post(f"/host/gatherings/{tonight}/close")
        assert refused.status_code == 422
        assert "One person is not marked yet" in refused.text
        closed = await host.post(f"/host/gatherings/{tonight}/close", data={"rest": "absent"})
        assert closed.status_code == 303
        assert await mark_of(cast.context, milo) == "absent"
        assert "Closed: 1 came, 1 absent." in (await host.get(after)).text
        assert "This register is closed" in (await host.get(f"/host/gatherings/{tonight}")).text
        tap = {"key": str(uuid4()), "booking": str(milo), "mark": "came", "ago": 0}
        late = await host.post(f"/host/gatherings/{tonight}/room/marks", json={"taps": [tap]})
        assert late.status_code == 422
        assert "This register is closed" in late.json()["says"]
        assert (await host.post(register, data={"booking": str(milo), "mark": "came"})).status_code == 422
        unsaid = await host.post(f"/host/gatherings/{tonight}/reopen", data={"why": " "})
        assert unsaid.status_code == 422
        assert 'href="#f-why"' in unsaid.text
        why = {"why": "Milo did come"}
        assert (await host.post(f"/host/gatherings/{tonight}/reopen", data=why)).status_code == 303
        assert (await host.post(register, data={"booking": str(milo), "mark": "came"})).status_code == 303
    assert await mark_of(cast.context, milo) == "came"


async def test_a_register_is_closed_once(cast: Cast, tonight: UUID, booked: UUID) -> None:
    await asyncio.gather(
        *(
            actions.close_register(cast.context, actor_id=cast.farid, gathering_id=tonight, rest_absent=True)
            for _ in range(3)
        )
    )
    assert await value(cast.context, "select count(*) from events where what = 'register.closed'") == 1
    assert await value(cast.context, "select count(*) from events where what = 'attendance.marked'") == 1


async def test_a_helper_writes_no_notes(
    cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser
) -> None:
    await change(cast.context, "insert into hosts values ($1, $2, 'helper')", cast.circle, cast.milo)
    async with browser(cast.milo) as helper:
        assert (await helper.get(f"/host/gatherings/{tonight}/room")).status_code == 200
        assert (await helper.get(f"/host/gatherings/{tonight}/after")).status_code == 404
        assert (await helper.get(f"/host/circles/{cast.circle}/notes")).status_code == 404
        assert (await helper.post(f"/host/gatherings/{tonight}/open", data=READY)).status_code == 404
        note = {"about": str(cast.mira), "body": "x"}
        for path, data in (("close", {"rest": "absent"}), ("reopen", {}), ("notes", note)):
            assert (await helper.post(f"/host/gatherings/{tonight}/{path}", data=data)).status_code == 404


async def test_a_note_is_for_the_circle_s_hosts_and_the_organizers(
    cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser
) -> None:
    note = {"about": str(cast.mira), "body": "Ask after her hands."}
    async with browser(cast.farid) as host:
        assert (await host.post(f"/host/gatherings/{tonight}/notes", data=note)).status_code == 303
        assert "Ask after her hands." in (await host.get(f"/host/gatherings/{tonight}/after")).text
        assert "A note handed over" in (await host.get(f"/host/gatherings/{tonight}/room")).text
        elsewhere = {"about": str(cast.milo), "body": ""}
        assert (await host.post(f"/host/gatherings/{tonight}/notes", data=elsewhere)).status_code == 422
    await change(cast.context, "insert into hosts values ($1, $2, 'helper')", cast.circle, cast.fern)
    address = f"/host/circles/{cast.circle}/notes"
    for person, status in ((cast.farid, 200), (cast.odile, 200), (cast.fern, 404), (cast.mira, 404)):
        async with browser(person) as page:
            answer = await page.get(address)
            assert answer.status_code == status
            assert ("Ask after her hands." in answer.text) is (status == 200)
    exported = await personal_data.export(cast.context, "mira@example.org")
    assert [row["body"] for row in exported["hand_over_notes"]] == ["Ask after her hands."]


async def test_only_the_writer_deletes(cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser) -> None:
    await change(cast.context, "insert into hosts values ($1, $2, 'co')", cast.circle, cast.fern)
    note = {"about": str(cast.mira), "body": "Ask after her hands."}
    await actions.write_note(cast.context, actor_id=cast.farid, gathering_id=tonight, values=note)
    written = await value(cast.context, "select id from hand_over_notes")
    async with browser(cast.fern) as other, browser(cast.farid) as writer:
        assert (await other.post(f"/host/notes/{written}/take-away")).status_code == 404
        assert (await writer.post(f"/host/notes/{written}/take-away")).status_code == 303
    assert await value(cast.context, "select count(*) from hand_over_notes") == 0


async def test_notes_are_deleted_after_thirty_days(cast: Cast, tonight: UUID, booked: UUID) -> None:
    for body in ("old", "new"):
        note = {"about": str(cast.mira), "body": body}
        await actions.write_note(cast.context, actor_id=cast.farid, gathering_id=tonight, values=note)
    await change(
        cast.context, "update hand_over_notes set written_at = now() - interval '30 days' where body = 'old'"
    )
    for _ in range(2):
        await jobs.run_timetable(cast.context, "attendance.forget_notes")
    assert await value(cast.context, "select string_agg(body, ' ') from hand_over_notes") == "new"
    assert await value(cast.context, "select count(*) from events where what = 'note.forgotten'") == 1


async def test_the_page_of_afterwards_needs_at_most_four_queries(
    cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser, queries: list[str]
) -> None:
    async with browser(cast.farid) as page:
        queries.clear()
        assert (await page.get(f"/host/gatherings/{tonight}/after")).status_code == 200
    assert len(queries) <= 4, queries
