"""What was exported comes in again, and is exported the same."""

from __future__ import annotations

from typing import Any

import pytest

from circles.attendance.register import actions as register
from tests.cast import Cast, add_booking, add_circle, add_gathering, add_person
from tests.conftest import Browser, OpenBrowser
from tests.helpers import change, value
from tests.organizing.moving_in_helpers import move_in, outcomes, previewed

COLUMNS = ("circle", "date", "starts", "name", "email", "mark", "late", "left_early")


async def exported(page: Browser, circle: Any, format: str = "csv") -> bytes:
    """Everybody's attendance of a circle, with names."""
    chosen = {
        "kind": "attendance", "depth": "named", "format": format, "purpose": "To move it", "circle": str(circle),
        "from": "2020-01-01", "to": "2029-12-30", **{f"place-{key}": str(n) for n, key in enumerate(COLUMNS, start=1)},
    }  # fmt: skip
    answer = await page.post("/organize/exports", data=chosen)
    assert answer.status_code == 200, answer.text
    return answer.content


async def fill(cast: Cast) -> None:
    """Three people at two gatherings, with every mark there is."""
    context = cast.context
    twin = await add_person(context, "Mira", email="other.mira@example.org")
    marks = ["came", "came late", "came late left_early", "absent", "excused", "came left_early"]
    for days in (20, 13):
        gathering = await add_gathering(context, cast.circle, days=-days, hour=18 if days == 20 else 10)
        for person in (cast.mira, cast.milo, twin):
            booking = await add_booking(context, gathering, person, kind="paid", amount=4500)
            mark, *marks = marks  # type: ignore[assignment]
            await register.mark(
                context, actor_id=cast.farid, gathering_id=gathering, booking_id=booking, mark=mark
            )


@pytest.mark.parametrize("format", ["csv", "csv_semicolon", "xlsx"])
async def test_an_export_comes_in_and_is_exported_the_same(
    cast: Cast, browser: OpenBrowser, format: str
) -> None:
    context = cast.context
    await fill(cast)
    async with browser(cast.odile) as page:
        before, file = await exported(page, cast.circle), await exported(page, cast.circle, format)
        same = await previewed(cast, "attendance", file)
        assert set((await outcomes(context, same)).values()) == {"same"}
        # Another circle of that name, which has had no gathering yet.
        await change(
            context, "update circles set name = 'Before', discreet_name = 'Before' where id = $1", cast.circle
        )
        other = await add_circle(context, cast.farid)
        await move_in(cast, "attendance", file)
        after = await exported(page, other)
    # The rows of one gathering came in at once, so their order among each other is not kept.
    assert sorted(after.splitlines()) == sorted(before.splitlines())
    assert len(before.splitlines()) == 7
    assert await value(context, "select count(*) from untold_people") == 0
