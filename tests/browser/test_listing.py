"""A listing in a browser: written on a phone, looked at by an organizer, shown, complained about, hidden."""

from __future__ import annotations

from uuid import uuid4

from tests.browser.conftest import Visit
from tests.browser.site import Site
from tests.browser.visitor import Visitor
from tests.directory.helpers import add_listing


async def write(visitor: Visitor, name: str, number: str) -> None:
    """Fill in the form, with a second license in a row that is added."""
    page = visitor.page
    await visitor.open("/my/listing")
    await visitor.follow("Write your listing")
    await visitor.fill("Name", name)
    await page.locator("#f-license_1_kind").select_option("lcsw")
    await page.locator("#f-license_1_area").select_option("FL")
    await page.locator("#f-license_1_number").fill(number)
    async with visitor.swapped():
        await visitor.press("Add another license")
    await page.locator("#f-license_2_kind").select_option("lcsw")
    await page.locator("#f-license_2_area").select_option("GA")
    await page.locator("#f-license_2_number").fill(f"G{number}")
    await page.locator("#f-way_1_credential").select_option("kap_trained")
    await visitor.fill("Lowest full fee", "300")
    await visitor.fill("Highest fee", "200")


async def test_a_therapist_applies_and_an_organizer_shows_the_page(
    visit: Visit, site: Site, live: bool
) -> None:
    name, number = f"Wren {uuid4().hex[:8]}", uuid4().hex[:8]
    visitor = await visit(live=live, phone=True)
    visitor.watch.allowed.add(422)
    await visitor.come_in(await site.member("Wren"))
    await write(visitor, name, number)
    await visitor.press("Send it to the organizers")
    await visitor.sees("The highest fee is below the lowest")
    await visitor.fill("Lowest full fee", "")
    await visitor.fill("Highest fee", "")
    await visitor.press("Send it to the organizers")
    await visitor.sees("We write to you when they have looked at it")

    organizer = await visit(live=live)
    await organizer.come_in(await site.member("Odine", is_organizer=True))
    await organizer.open("/organize/therapists")
    await organizer.follow(name)
    await organizer.press(f"Checked today: Licensed clinical social worker (LCSW), {number}")
    await organizer.sees("Checked by Odine on")
    await organizer.press("Show it to everybody")
    await organizer.is_told("Everybody can see it now.")

    await visitor.open("/my/listing")
    await visitor.follow("See it as others do")
    await visitor.sees("$200 to $400")
    await visitor.sees("Checked by the organizers")
    await visitor.sees("Not checked by us yet")


async def test_a_complaint_takes_a_page_off_at_once(visit: Visit, site: Site, live: bool) -> None:
    name = f"Linden {uuid4().hex[:8]}"
    listing = await add_listing(site.context, name=name)
    member = await visit(live=live, phone=True)
    await member.come_in(await site.member("Nell"))
    await member.open(f"/therapists/{listing}")
    await member.follow("Something is wrong with this listing")
    await member.fill("What you saw or met", "The license belongs to somebody else.")
    await member.press("Tell the organizers")
    await member.is_told("Thank you. The organizers have it now, and look into it.")

    organizer = await visit(live=live)
    await organizer.come_in(await site.member("Odine", is_organizer=True))
    await organizer.open("/organize/therapists?show=complaints")
    await organizer.press(f"Hide the listing of {name}")
    await organizer.is_told("The listing is hidden.")
    assert await site.ask("select state from listings where id = $1", listing) == "hidden"
