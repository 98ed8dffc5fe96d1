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
from tests.helpers import change, value


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
    await row.get_by_role("link", name="Make facilitator: Zenobia").click()
    await visitor.sees("Zenobia gets a mail about it.")
    await visitor.button("Make facilitator").dblclick()
    await expect(row.locator(".badge")).to_have_text("Facilitator")
    await theirs.reads_mail(member.email)
    await theirs.sees("made you a facilitator")
    await theirs.open("/gatherings")
    await theirs.page.reload()
    await navigation.get_by_role("link", name="Host").click()
    await theirs.reads("Hosting")


@pytest.mark.parametrize(("live", "phone"), PHONE_AND_DESKTOP)
async def test_no_circle_is_left_without_a_lead(visit: Visit, site: Site, live: bool, phone: bool) -> None:
    """The role of a lead is taken away: first another lead, then everybody concerned is told."""
    lead, heir = (
        await site.member("Lore", is_facilitator=True),
        await site.member("Heike", is_facilitator=True),
    )
    booked = await site.member("Nell")
    circle = await site.circle(host=lead.id, name=f"Evening without a lead {live}")
    for days in (7, 14):
        await add_booking(site.context, await site.gathering(circle, days=days), booked.id)
    visitor, _ = await as_organizer(visit, site, live=live, phone=phone)
    visitor.watch.allowed.add(422)
    await visitor.open(f"/organize/people/{lead.id}/roles?role=facilitator&on=no")
    await visitor.sees("2 gatherings ahead, 2 seats booked")
    await expect(visitor.page.get_by_role("button", name="Remove the role")).to_have_count(0)
    await visitor.press("Show what will happen")
    await visitor.sees("Please choose who leads")
    await visitor.page.get_by_label("Who leads Evening").select_option(str(heir.id))
    await visitor.press("Show what will happen")
    await visitor.sees("1 person with a seat")
    await visitor.button("Remove the role").dblclick()
    await visitor.is_told("Lore is no longer a facilitator, and gets a mail.")
    for member, words in (
        (lead, "you are no longer a facilitator"),
        (heir, "handed the lead over"),
        (booked, "Heike"),
    ):
        await visitor.reads_mail(member.email)
        await visitor.sees(words)
    theirs = await visit(live=live, phone=phone)
    await theirs.come_in(heir)
    await theirs.open(f"/host/circles/{circle}")
    await theirs.sees("Evening without a lead")


@pytest.mark.parametrize(("live", "phone"), PHONE_AND_DESKTOP)
async def test_an_orphaned_circle_is_handed_over(visit: Visit, site: Site, live: bool, phone: bool) -> None:
    """As an older version left it: its lead lost the role. An organizer asks somebody to lead it, who accepts."""
    lead, heir = (
        await site.member("Lore", is_facilitator=True),
        await site.member("Heike", is_facilitator=True),
    )
    name = f"Orphaned {live}{phone}"
    circle = await site.circle(host=lead.id, name=name)
    await add_booking(site.context, await site.gathering(circle), (await site.member("Nell")).id)
    await change(site.context, "update people set is_facilitator = false where id = $1", lead.id)
    visitor, _ = await as_organizer(visit, site, live=live, phone=phone)
    await visitor.open("/organize")
    need = visitor.page.get_by_role("listitem").filter(has_text=f"Nobody can lead {name}")
    await need.get_by_role("link", name="Hand it over").click()
    await visitor.sees("Nobody can lead this circle")
    form = visitor.page.locator(f'form[action="/organize/circles/{circle}/ask"]')
    await form.get_by_label("Who").select_option(str(heir.id))
    await form.get_by_label("Why?").fill("Lore has moved away.")
    await visitor.button("Ask them").dblclick()
    await visitor.is_told("Heike is asked by mail")
    theirs = await visit(live=live, phone=phone)
    await theirs.come_in(heir)
    await theirs.reads_mail(heir.email)
    await theirs.sees("Would you lead")
    invitation = await value(site.context, "select id from host_invitations where circle_id = $1", circle)
    await theirs.open(f"/host/invitations/{invitation}")
    await theirs.sees("you lead it at once")
    await theirs.button("Yes, I will").dblclick()
    await theirs.sees(name)
    await visitor.open("/organize")
    await expect(need).to_have_count(0)
    await visitor.open(f"/organize/circles/{circle}")
    await visitor.sees("Heike")
    await visitor.sees_not("Nobody can lead this circle")


@pytest.mark.parametrize(("live", "phone"), PHONE_AND_DESKTOP)
async def test_taking_the_attendance_home_is_noted(visit: Visit, site: Site, live: bool, phone: bool) -> None:
    name = f"Counted {live}{phone}"
    start = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=5)
    circle = await site.circle(name=name)
    gathering = await site.gathering(circle, starts_at=start)
    await add_booking(site.context, gathering, (await site.member("=HYPERLINK(1)")).id)
    visitor, organizer = await as_organizer(visit, site, live=live, phone=phone)
    # From the list of circles: with many of them the form offers none to pick.
    await visitor.open(f"/organize/exports?circle={circle}")
    await visitor.fill("From", str((start - timedelta(days=2)).date()))
    await visitor.fill("To", str((start + timedelta(days=2)).date()))
    await visitor.pick("Names")
    await visitor.fill("What it is for", "The insurer asks")
    await visitor.page.get_by_text("Columns of a file with rows").click()
    await visitor.fill("Starts, with offset", "20")
    file, body = await visitor.downloads("Make the file")
    assert file.startswith("attendance-")
    rows = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))))
    assert len(rows) == 1
    assert name in rows[0].values()
    assert not [cell for cell in rows[0].values() if cell.startswith(("=", "+", "-", "@"))]
    assert [cell for cell in rows[0].values() if "T" in cell and cell[-6:-3] in ("-05", "-04")]
    await visitor.open("/organize/exports")
    noted = visitor.page.get_by_role("row").filter(has_text=organizer.name).first
    await expect(noted).to_contain_text(name)


@pytest.mark.parametrize(
    ("button", "heading", "name", "live"),
    [
        ("Mira, member", "Gatherings", "Mira", True),
        ("Farid, facilitator", "Hosting", "Farid", False),
        ("Odile, organizer", "The next days", "Odile", True),
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
