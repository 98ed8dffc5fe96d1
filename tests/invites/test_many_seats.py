"""My gatherings, of somebody with more seats than the page lists."""

from __future__ import annotations

import re

import pytest

from circles.invites import pages
from tests.cast import Cast, add_booking, add_gathering
from tests.conftest import OpenBrowser


async def test_the_nearest_seats_are_listed_first_and_never_dropped(
    cast: Cast, browser: OpenBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "MAX_SHOWN", 3)
    booked = {}
    for days in (40, 2, 30, 9, 20, -5):
        gathering = await add_gathering(cast.context, cast.circle, days=days)
        booked[days] = await add_booking(cast.context, gathering, cast.mira)
    async with browser(cast.mira) as page:
        text = (await page.get("/my/gatherings")).text
    shown = list(dict.fromkeys(re.findall(r'href="/bookings/([0-9a-f-]{36})"', text)))
    assert shown == [str(booked[days]) for days in (2, 9, 20)]
