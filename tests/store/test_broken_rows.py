"""A row with values that the code cannot read breaks no page, feed, list, export or job, and a check names it."""

from __future__ import annotations

from uuid import UUID

import pytest

from circles.invites import feeds
from circles.store import checks
from tests.cast import Cast, add_booking
from tests.conftest import OpenBrowser
from tests.helpers import change, rows, send_invites, value

BROKEN = {
    "the zone of a gathering": "update gatherings set zone = 'Nowhere/Atlantis'",
    "the zone of a circle": "update circles set zone = '../etc/passwd'",
    "the zone of a person": "update people set zone = 'Mars'",
    "an unknown currency": "update circles set currency = 'ZZZ'",
    "what a member knew": "update bookings set known = '{}'",
    "something else that a member knew": "update bookings set known = '[1]'",
}

# Words of columns that a newer version may store, with the constraints that refuse them today.
NEWER = (
    ("circles", "format", "circle_format_known"),
    ("circles", "place", "circle_place_known"),
    ("bookings", "kind", "booking_kind_known, drop constraint booking_amount_within_scale"),
    ("hosts", "part", "host_part_known"),
)


@pytest.mark.parametrize("statement", BROKEN.values(), ids=BROKEN.keys())
async def test_a_broken_row_breaks_nothing_else(cast: Cast, browser: OpenBrowser, statement: str) -> None:
    booking = await add_booking(cast.context, cast.gathering, cast.mira, kind="paid", amount=3750)
    before = await rows(
        cast.context, "select id, zone from gatherings union all select id, zone from circles"
    )
    await change(cast.context, statement)
    try:
        await send_invites(cast.context)
        async with cast.context.db.transaction() as tx:
            feed = (await feeds.make_feed(cast.context, tx, cast.mira)).webcal
        paths = _pages(cast, booking, feed)
        for who, every in paths.items():
            async with browser(who) as page:
                for path in every:
                    answer = await page.get(path)
                    assert answer.status_code < 500, path
        async with browser(cast.odile) as page:
            form = {"from": "2020-01-01", "to": "2099-12-31"}
            answer = await page.post("/organize/attendance.csv", data=form)
            assert "Mira" in answer.text
        async with cast.context.db.reading() as tx:
            broken = [finding.name for finding in await checks.run(tx) if not finding.holds]
        assert broken == (["zones_are_known"] if " zone " in statement else [])
        assert await value(cast.context, "select count(*) from mails where kind = 'invite'") == 1
    finally:
        for row in before:
            for table in ("gatherings", "circles"):
                await change(
                    cast.context, f"update {table} set zone = $2 where id = $1", row["id"], row["zone"]
                )
        await change(cast.context, "update circles set currency = 'USD'")
        await change(cast.context, "update people set zone = ''")


def _pages(cast: Cast, booking: UUID, feed: str) -> dict[UUID | None, tuple[str, ...]]:
    bookings = f"/bookings/{booking}"
    return {
        None: ("/", "/gatherings", f"/gatherings/{cast.gathering}", f"/circles/{cast.circle}",
               f"/facilitators/{cast.farid}", feed.removeprefix("webcal://circles.test")),
        cast.mira: ("/me", "/my/gatherings", bookings, f"{bookings}/invite.ics", f"{bookings}/cancel"),
        cast.farid: ("/host", "/host/circles", f"/host/circles/{cast.circle}", f"/host/gatherings/{cast.gathering}",
                     f"/host/gatherings/{cast.gathering}/room", f"/host/circles/{cast.circle}/run-sheet",
                     f"/host/circles/{cast.circle}/edit", f"/host/circles/{cast.circle}/schedules"),
        cast.odile: ("/organize", "/organize/bookings", "/organize/people", "/organize/circles"),
    }  # fmt: skip


@pytest.mark.parametrize(("table", "column", "constraint"), NEWER)
async def test_a_word_of_a_newer_version_breaks_no_page(
    cast: Cast, browser: OpenBrowser, table: str, column: str, constraint: str
) -> None:
    """Its code may run beside ours on one database, and write what we do not know."""
    booking = await add_booking(cast.context, cast.gathering, cast.mira, kind="paid", amount=3750)
    async with cast.context.db.transaction() as tx:
        feed = (await feeds.make_feed(cast.context, tx, cast.mira)).webcal
    before = await rows(cast.context, f"select {column} as word from {table}")
    await change(cast.context, f"alter table {table} drop constraint {constraint}")
    await change(cast.context, f"update {table} set {column} = 'silent'")
    for who, paths in _pages(cast, booking, feed).items():
        async with browser(who) as page:
            for path in paths:
                assert (await page.get(path)).status_code < 500, path
    await change(cast.context, f"update {table} set {column} = $1", before[0]["word"])
