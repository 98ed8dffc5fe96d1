"""An organizer brings in a list: twenty faults are all twenty named, and what is good is written when confirmed."""

from __future__ import annotations

from playwright.async_api import FilePayload, expect

from tests.browser.conftest import Visit
from tests.browser.site import Site
from tests.browser.test_access import grave, too_wide
from tests.browser.test_organizing import as_organizer
from tests.browser.visitor import Visitor
from tests.directory import import_helpers as lists

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def a_list(first: int, name: str) -> FilePayload:
    """A file of three good rows, with twenty faulty ones among them."""
    faulty = [
        lists.row(first + n) | {heading: cell} for n, (heading, cell, _) in enumerate(lists.FAULTS, start=3)
    ]
    rows = [lists.row(first), *faulty[:10], lists.row(first + 1), *faulty[10:], lists.row(first + 2)]
    if name.endswith(".csv"):
        return FilePayload(name=name, mimeType=CSV, buffer=lists.csv_file(rows))
    body = lists.xlsx_file([lists.HEADINGS, *(list(row.values()) for row in rows)])
    return FilePayload(name=name, mimeType=XLSX, buffer=body)


async def keeps_nobody_out(visitor: Visitor) -> None:
    """Nothing grave is on the page for whoever reads it otherwise, and nothing reaches over its edge."""
    if visitor.live:
        assert await grave(visitor) == []
        assert await too_wide(visitor) == []


async def send(visitor: Visitor, file: FilePayload) -> None:
    """Send a file, and keep the columns as they are guessed."""
    await visitor.open("/organize/therapists")
    await visitor.follow("Bring in a file")
    await visitor.page.get_by_label("A CSV or XLSX file, up to 5 MB").set_input_files(files=[file])
    await visitor.press("Read this file")
    await visitor.reads("What each column is")
    await keeps_nobody_out(visitor)
    await visitor.press("Look at every row")
    await visitor.reads("Look at every row")
    await keeps_nobody_out(visitor)


async def all_twenty_are_named(visitor: Visitor) -> None:
    """Every one of them, on the page and in the file: the column, what stands in it, and what is wrong with it."""
    await visitor.sees("The 20 rows refused stay out.")
    await expect(visitor.link("Refused, 20")).to_be_visible()
    faults = await visitor.page.locator(".import-faults").all_inner_texts()
    assert len(faults) == 20
    for text, (heading, cell, why) in zip(faults, lists.FAULTS, strict=True):
        assert cell in text, heading
        assert why in text, heading
    name, file = await visitor.downloads("Refused rows as a file")
    assert name == "refused.csv"
    assert all(why in file.decode().replace('""', '"') for _, _, why in lists.FAULTS)


async def written(visitor: Visitor) -> None:
    """It is done: the page says so by itself; without JavaScript one looks again before it does."""
    heading = visitor.page.get_by_role("heading", name="3 listings written", exact=True)
    for _ in range(0 if visitor.live else 60):
        if await heading.count():
            break
        await visitor.page.wait_for_timeout(250)
        await visitor.page.goto(visitor.page.url)
    await expect(heading).to_be_visible()


async def listings(site: Site, first: int) -> int:
    """How many listings there are of a list."""
    names = [f"Alma Whitfield {first + n}" for n in range(30)]
    return await site.ask("select count(*) from listings where name = any($1)", names)


async def test_a_list_with_twenty_faults_is_looked_at_and_what_is_good_is_written(
    visit: Visit, site: Site, live: bool
) -> None:
    first, file = (6_000, "list.xlsx") if live else (6_100, "list.csv")  # therapists that no other list names
    visitor, _ = await as_organizer(visit, site, live=live, phone=live)
    await send(visitor, a_list(first, file))
    await all_twenty_are_named(visitor)
    await visitor.follow("New, 3")
    await visitor.sees(f"Alma Whitfield {first + 1}")
    assert await listings(site, first) == 0
    await visitor.pick("Show new listings at once")
    await visitor.button("Write them").dblclick()
    await written(visitor)
    assert await listings(site, first) == 3
    await visitor.follow("Written, 3")
    await visitor.follow(f"Alma Whitfield {first}")
    await visitor.sees(f"{file}, row 2")
    other = await visit(live=live, phone=True)
    await other.open(f"/therapists?q=Alma+Whitfield+{first + 1}")
    await other.follow(f"Alma Whitfield {first + 1}")
    await other.sees("From a list the organizers brought in")
