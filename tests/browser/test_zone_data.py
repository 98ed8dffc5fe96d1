"""A gathering where the law changed the clocks lately: the form, the pages, the mail and the feed say the same hour."""

from __future__ import annotations

import re

import pytest

from tests.browser.conftest import Visit
from tests.browser.journeys import as_host
from tests.browser.site import Site


# Vancouver keeps -07:00 and Winnipeg -05:00 all year since November 2026: zone data of 2025 is an hour off in January.
@pytest.mark.parametrize(
    ("zone", "utc"),
    [("America/Vancouver", "20270116T010000Z"), ("America/Winnipeg", "20270115T230000Z")],
)
async def test_an_evening_after_a_change_of_law(visit: Visit, site: Site, zone: str, utc: str) -> None:
    host, farrah = await as_host(visit, site, live=False)
    circle = await site.circle(host=farrah.id, zone=zone)
    await host.open(f"/host/circles/{circle}/gatherings/new")
    await host.fill("Date", "2027-01-15")
    await host.fill("Start", "18:00")
    await host.press("Plan and publish")
    await host.is_told("The gathering is open for booking.")
    city = zone.split("/")[1]
    await host.sees("6:00 pm")
    gathering = await site.ask("select id from gatherings where circle_id = $1", circle)

    visitor, member = await visit(live=False, zone="Europe/Berlin"), await site.member("Mo")
    await visitor.come_in(member)
    await site.paid_seat(gathering, member)
    await visitor.open(f"/gatherings/{gathering}")
    await visitor.sees(f"6:00 pm in {city}")
    await visitor.open("/my/gatherings")
    if await visitor.button("Show me the address").count():  # until the worker has sent the first invite
        await visitor.press("Show me the address")
    address = await visitor.page.get_by_label("The address of your feed").input_value()
    feed = await visitor.page.request.get(re.sub(r"^\w+://[^/]+", site.address, address))
    assert f"DTSTART:{utc}" in await feed.text()
    await visitor.reads_mail(member.email)
    await visitor.sees(f"6:00 pm in {city}")
