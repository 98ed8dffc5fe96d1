"""An organizer gives parts, looks over the bookings, takes the attendance home; and what practice mode offers."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import expect

from tests.browser.conftest import PHONE_AND_DESKTOP, Visit
from tests.browser.site import Member, Site
from tests.browser.visitor import Visitor
from tests.cast import add_booking


async def as_organizer(
    visit: Visit, site: Site, *, live: bool, phone: bool = False
) -> tuple[Visitor, Member]:
    """An organizer, signed in."""
    visitor, organizer = await visit(live=live, phone=phone), await site.member("Orla", is_organizer=True)
    await visitor.come_in(organizer)
    return visitor, organizer


async def test_making_somebody_a_facilitator(visit: Visit, site: Site, live: bool) -> None:
    visitor, _ = await as_organizer(visit, site, live=live)
    member, theirs = await site.member("Zenobia"), await visit(live=live)
    await theirs.come_in(member)
    await theirs.open("/gatherings")
    navigation = theirs.page.get_by_role("navigation", name="Main")
    await expect(navigation.get_by_role("link", name="Host")).to_have_count(0)
    await visitor.open("/organize")
    await visitor.follow("People")
    await visitor.fill("Name or address", member.email)
    await visitor.press("Show")
    row = visitor.page.get_by_role("row").filter(has_text=member.email)
    await row.locator("summary").click()
    await row.get_by_role("button", name="Zenobia: make facilitator").click()
    await expect(row.locator(".badge")).to_have_text("Facilitator")
    await theirs.page.reload()
    await navigation.get_by_role("link", name="Host").click()
    await theirs.reads("Hosting")


@pytest.mark.parametrize(("live", "phone"), PHONE_AND_DESKTOP)
async def test_taking_the_attendance_home_is_noted(visit: Visit, site: Site, live: bool, phone: bool) -> None:
    name = f"Counted {live}{phone}"
    start = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=5)
    gathering = await site.gathering(await site.circle(name=name), starts_at=start)
    await add_booking(site.context, gathering, (await site.member("=HYPERLINK(1)")).id)
    visitor, organizer = await as_organizer(visit, site, live=live, phone=phone)
    await visitor.open("/organize/attendance")
    await visitor.fill("From", str((start - timedelta(days=2)).date()))
    await visitor.fill("To", str((start + timedelta(days=2)).date()))
    await visitor.pick(name)
    file, body = await visitor.downloads("Download attendance.csv")
    assert file.startswith("attendance-")
    rows = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))))
    assert len(rows) == 1
    assert name in rows[0].values()
    assert not [cell for cell in rows[0].values() if cell.startswith(("=", "+", "-", "@"))]
    assert [cell for cell in rows[0].values() if "T" in cell and cell[-6:-3] in ("-05", "-04")]
    await visitor.open("/organize/attendance")
    noted = visitor.page.get_by_role("row").filter(has_text=organizer.name).first
    await expect(noted).to_contain_text(name)


@pytest.mark.parametrize(
    ("button", "heading", "name", "live"),
    [
        ("Mira, member", "Gatherings", "Mira", True),
        ("Farid, facilitator", "Hosting", "Farid", False),
        ("Odile, organizer", "This week", "Odile", True),
    ],
)
async def test_the_practice_bar_signs_one_in(
    visit: Visit, live: bool, button: str, heading: str, name: str
) -> None:
    visitor = await visit(live=live)
    await visitor.open("/")
    await visitor.page.get_by_role("button", name=button).click()
    await visitor.reads(heading)
    await visitor.is_told(f"You are signed in as {name}")
