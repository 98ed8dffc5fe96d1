"""Listings in a browser: a file with twenty faults, and a therapist's way from applying to being hidden."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import uuid4

from playwright.async_api import FilePayload, expect

from tests.browser.conftest import Visit
from tests.browser.site import Member, Site
from tests.browser.visitor import Visitor
from tests.directory import import_helpers as hands

NUMBERS = count(6_000, 100)  # every list is of therapists that no other one names


async def as_organizer(visit: Visit, site: Site, *, live: bool) -> Visitor:
    visitor = await visit(live=live)
    await visitor.come_in(await site.member("Orla", is_organizer=True))
    return visitor


def a_list(first: int, kind: str) -> FilePayload:
    """A file of three good rows, with twenty faulty ones among them."""
    faulty = [
        hands.row(first + n) | {heading: cell} for n, (heading, cell, _) in enumerate(hands.FAULTS, start=3)
    ]
    rows = [hands.row(first), *faulty[:10], hands.row(first + 1), *faulty[10:], hands.row(first + 2)]
    if kind == "csv":
        return FilePayload(name="list.csv", mimeType="text/csv", buffer=hands.csv_file(rows))
    body = hands.xlsx_file([hands.HEADINGS, *(list(row.values()) for row in rows)])
    sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return FilePayload(name="list.xlsx", mimeType=sheet, buffer=body)


async def test_a_file_with_twenty_faults_gets_all_twenty_named(visit: Visit, site: Site, live: bool) -> None:
    kind = "xlsx" if live else "csv"
    visitor, first = await as_organizer(visit, site, live=live), next(NUMBERS)
    await visitor.open("/organize/therapists")
    await visitor.follow("Bring in a file")
    await visitor.page.get_by_label("A CSV or XLSX file, up to 5 MB").set_input_files(a_list(first, kind))
    await visitor.press("Read this file")
    await visitor.reads("What each column is")
    await visitor.press("Look at every row")
    await visitor.reads("Look at every row")
    await visitor.sees("The 20 rows refused stay out.")
    await all_twenty_are_named(visitor)
    before = await listings(site, first)
    await visitor.pick("Show new listings at once")
    await visitor.button("Write them").dblclick()
    if visitor.live:
        await visitor.reads("3 listings written")
    else:
        await written(visitor)
    assert before == 0
    assert await listings(site, first) == 3
    assert await site.ask("select state from listings where name = $1", f"Alma Whitfield {first}") == "shown"
    other = await visit(live=live, phone=True)
    await other.open(f"/therapists?q=Alma+Whitfield+{first + 1}")
    await other.follow(f"Alma Whitfield {first + 1}")
    await other.sees("From a list the organizers brought in")


async def all_twenty_are_named(visitor: Visitor) -> None:
    """Every one of them: the column, what stands in it, and what is wrong with it."""
    said = await visitor.page.locator(".import-faults").all_inner_texts()
    assert len(said) == 20
    for text, (heading, cell, why) in zip(said, hands.FAULTS, strict=True):
        assert cell in text, heading
        assert why in text, heading


async def written(visitor: Visitor) -> None:
    """Look again until it is done, as somebody without JavaScript does."""
    heading = visitor.page.get_by_role("heading", name="3 listings written", exact=True)
    for _ in range(60):
        if await heading.count():
            return
        await visitor.page.wait_for_timeout(250)
        await visitor.page.goto(visitor.page.url)
    await expect(heading).to_be_visible()


async def listings(site: Site, first: int) -> int:
    """How many listings there are of a list."""
    names = [f"Alma Whitfield {first + n}" for n in range(30)]
    return await site.ask("select count(*) from listings where name = any($1)", names)


# From applying to being hidden


async def apply(visitor: Visitor, name: str) -> None:
    """Write what a listing needs, and send it to the organizers."""
    await visitor.open("/my/listing")
    await visitor.follow("Write your listing")
    await visitor.fill("Name", name)
    await visitor.page.get_by_label("Kind", exact=True).select_option(value="lmft")
    await visitor.page.get_by_label("Where it holds", exact=True).select_option(label="Florida")
    await visitor.fill("Number", "MT9876")
    await visitor.fill("Runs out on", str((datetime.now(UTC) + timedelta(days=500)).date()))
    await expect(visitor.page.get_by_role("checkbox", name="By telehealth")).to_be_checked()
    await visitor.press("Send it to the organizers")


async def look_it_up_and_show_it(visitor: Visitor, name: str) -> None:
    """An organizer checks the license against its board, then shows the page."""
    await visitor.open("/organize/therapists?show=waiting")
    await visitor.follow(name)
    await visitor.sees("Not checked yet")
    await visitor.page.get_by_role("button", name="Checked today").click()
    await visitor.sees("Checked by Orla")
    await visitor.button("Show it to everybody").dblclick()
    await visitor.sees("Shown since")


async def complain(visitor: Visitor, name: str) -> str:
    """Somebody finds the page and says what is wrong with it."""
    await visitor.open("/therapists?" + "q=" + name.replace(" ", "+"))
    await visitor.follow(name)
    await visitor.sees("Checked by the organizers")
    address = visitor.page.url
    await visitor.follow("Something is wrong with this listing")
    await visitor.fill("What you saw or met", "The number belongs to somebody else.")
    await visitor.button("Tell the organizers").dblclick()
    await visitor.is_told("The organizers have it now")
    return address


async def test_from_applying_to_being_hidden(visit: Visit, site: Site, live: bool) -> None:
    name = f"Tamsin {uuid4().hex[:8].translate(str.maketrans('0123456789', 'ghijklmnop'))}"
    therapist: Member = await site.member("Tamsin")
    writer = await visit(live=live, phone=True)
    await writer.come_in(therapist)
    await apply(writer, name)
    await writer.sees("With the organizers.")
    organizer = await as_organizer(visit, site, live=live)
    await look_it_up_and_show_it(organizer, name)
    await writer.reads_mail(therapist.email)
    reader = await visit(live=live, phone=True)
    reader.watch.allowed.add(404)
    await reader.come_in(await site.member("Rhea"))
    address = await complain(reader, name)
    assert await site.ask("select count(*) from complaints where body like 'The number belongs%'") >= 1
    await organizer.open("/organize/therapists?show=complaints")
    await organizer.page.get_by_role("button", name=f"Hide the listing of {name}").first.dblclick()
    await expect(organizer.link(name)).to_have_count(0)
    answer = await reader.page.goto(address)
    assert answer is not None
    assert answer.status == 404
    await writer.open("/my/listing")
    await writer.sees("Only the organizers can show it again.")
