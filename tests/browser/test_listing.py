"""A listing in a browser: written on a phone, looked at by an organizer, shown, complained about, hidden."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from tests.browser.conftest import Visit
from tests.browser.site import Site
from tests.browser.test_organizing import as_organizer
from tests.browser.visitor import Visitor


async def write(visitor: Visitor, name: str, number: str) -> None:
    """Fill in the form, with a second license in a row that is added, and with fees that cannot be at first."""
    page = visitor.page
    await visitor.open("/my/listing")
    await visitor.follow("Write your listing")
    await visitor.fill("Name", name)
    await page.get_by_label("Kind", exact=True).select_option(value="lcsw")
    await page.get_by_label("Where it is valid", exact=True).select_option(label="Florida")
    await visitor.fill("Number", number)
    await visitor.fill("Runs out on", str((datetime.now(UTC) + timedelta(days=500)).date()))
    async with visitor.swapped():
        await visitor.press("Add another license")
    await page.locator("#f-license_2_kind").select_option("lcsw")
    await page.locator("#f-license_2_area").select_option("GA")
    await page.locator("#f-license_2_number").fill(f"G{number}")
    await page.locator("#f-way_1_credential").select_option("kap_trained")
    await visitor.pick("By telehealth")
    await visitor.fill("Lowest full fee", "300")
    await visitor.fill("Highest fee", "200")
    await visitor.press("Send it to the organizers")
    await visitor.sees("The highest fee is below the lowest")
    await visitor.fill("Lowest full fee", "200")
    await visitor.fill("Highest fee", "400")
    await visitor.press("Send it to the organizers")
    await visitor.sees("We write to you when they have looked at it")


async def look_it_up_and_show_it(visitor: Visitor, name: str, number: str) -> None:
    """An organizer checks one of the licenses against its board, then shows the page."""
    await visitor.open("/organize/therapists?show=waiting")
    await visitor.follow(name)
    await visitor.sees("Not checked yet")
    await visitor.press(f"Checked today: Licensed clinical social worker (LCSW), {number}")
    await visitor.sees("Checked by Orla on")
    await visitor.button("Show it to everybody").dblclick()
    await visitor.sees("Shown since")


async def complain(visitor: Visitor, name: str) -> str:
    """Somebody finds the page and says what is wrong with it. Returns the page's address."""
    await visitor.open("/therapists?q=" + name.replace(" ", "+"))
    await visitor.follow(name)
    address = visitor.page.url
    await visitor.follow("Something is wrong with this listing")
    await visitor.fill("What you saw or met", "The number belongs to somebody else.")
    await visitor.button("Tell the organizers").dblclick()
    await visitor.is_told("Thank you. The organizers have it now, and you get an answer by")
    return address


async def test_from_applying_to_being_hidden(visit: Visit, site: Site, live: bool) -> None:
    name = f"Tamsin {uuid4().hex[:8].translate(str.maketrans('0123456789', 'ghijklmnop'))}"
    number = uuid4().hex[:8]
    therapist = await site.member("Tamsin")
    writer = await visit(live=live, phone=True)
    writer.watch.allowed.add(422)
    await writer.come_in(therapist)
    await write(writer, name, number)
    organizer, _ = await as_organizer(visit, site, live=live)
    await look_it_up_and_show_it(organizer, name, number)
    await writer.reads_mail(therapist.email)
    await writer.open("/my/listing")
    await writer.follow("See it as others do")
    for words in ("$200 to $400", "Checked by the organizers", "Not checked by us yet"):
        await writer.sees(words)

    reader = await visit(live=live, phone=True)
    reader.watch.allowed.add(404)
    await reader.come_in(await site.member("Rhea"))
    address = await complain(reader, name)
    await organizer.open("/organize/therapists?show=complaints")
    await organizer.link(f"Answer it: {name}").first.click()
    await organizer.pick("Hide the listing")
    await organizer.fill("What you tell Rhea", "Thank you. We took it off while we ask.")
    await organizer.fill("What you tell the therapist", "Please send us the license.")
    await organizer.button("Close it").dblclick()
    await organizer.sees("Closed: the listing was hidden")
    await organizer.sees("The answer to Rhea")
    assert await site.ask("select state from listings where name = $1", name) == "hidden"
    answer = await reader.page.goto(address)
    assert answer is not None
    assert answer.status == 404
    await reader.open("/my/complaints")
    await reader.page.get_by_role("main").get_by_role("link").filter(has_text=name).click()
    await reader.sees("We took it off while we ask.")
    await writer.open("/my/listing")
    await writer.sees("Only the organizers can show it again.")
