"""An organizer brings in a list: every fault is named, and what it says, and only that, is written when confirmed."""

from __future__ import annotations

from typing import Any

from playwright.async_api import FilePayload, expect

from tests.browser.conftest import Visit
from tests.browser.site import Site
from tests.browser.test_access import is_for_everybody
from tests.browser.visitor import Visitor
from tests.directory import import_helpers as lists
from tests.directory import office_lists

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def a_list(first: int, name: str) -> FilePayload:
    """A file of three good rows, with five among them that are refused."""
    refused = [lists.FAULTS[n] for n in sorted(lists.REFUSING)]
    faulty = [lists.row(first + n) | {heading: cell} for n, (heading, cell, _) in enumerate(refused, start=3)]
    rows = [lists.row(first), *faulty[:2], lists.row(first + 1), *faulty[2:], lists.row(first + 2)]
    if name.endswith(".csv"):
        return FilePayload(name=name, mimeType=CSV, buffer=lists.csv_file(rows))
    body = lists.xlsx_file([lists.HEADINGS, *(list(row.values()) for row in rows)])
    return FilePayload(name=name, mimeType=XLSX, buffer=body)


async def an_organizer(visit: Visit, site: Site, *, live: bool) -> Visitor:
    """An organizer, signed in; without motion, so that colors are final when they are measured."""
    visitor = await visit(live=live, phone=live, calm=True)
    await visitor.come_in(await site.member("Orla", is_organizer=True))
    return visitor


async def keeps_nobody_out(visitor: Visitor) -> None:
    """The page is for whoever reads it otherwise, at every width and size of text."""
    if visitor.live:
        await is_for_everybody(visitor)


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


async def all_are_named(visitor: Visitor) -> None:
    """Every fault, on the page and in the file: the column, its cell, and what is wrong with it."""
    await visitor.sees("The 5 rows refused stay out.")
    await expect(visitor.link("Refused, 5")).to_be_visible()
    faults = await visitor.page.locator(".import-faults").all_inner_texts()
    refused = [lists.FAULTS[n] for n in sorted(lists.REFUSING)]
    assert len(faults) == len(refused)
    for text, (heading, cell, why) in zip(faults, refused, strict=True):
        assert cell in text, heading
        assert why in text, heading
    name, file = await visitor.downloads("Refused rows as a file")
    assert name == "refused.csv"
    assert all(why in file.decode().replace('""', '"') for _, _, why in refused)


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


async def test_a_list_with_faults_is_looked_at_and_what_is_good_is_written(
    visit: Visit, site: Site, live: bool
) -> None:
    first, file = (6_000, "list.xlsx") if live else (6_100, "list.csv")  # therapists that no other list names
    visitor = await an_organizer(visit, site, live=live)
    await send(visitor, a_list(first, file))
    await all_are_named(visitor)
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


def office_list(first: int) -> FilePayload:
    """A workbook as an office keeps it: notes on the first sheet, a title, headings in two lines, words of its own."""

    def draw(book: Any) -> None:
        book.add_worksheet("Read me").write_column(0, 0, ["How to use this list", "Ask before you share it"])
        sheet = book.add_worksheet("Current")
        sheet.write(0, 0, "Integration providers, updated in October")
        sheet.merge_range(2, 0, 2, 1, "Clinician (Last, First)", book.add_format({"bold": True}))
        sheet.merge_range(2, 2, 2, 4, "License", book.add_format({"bold": True}))
        sheet.write_row(
            3, 0, ["Name", "Cred.", "No.", "State", "Exp", "E-mail", "Who I work with", "Fee", "Notes"]
        )
        numbers = book.add_format({"num_format": "000000"})
        people = (("Whitfield {}, José", "adults; seekers"), ("Whitfield {}, Zoë", "seekers"))
        for n, (name, clients) in enumerate(people):
            sheet.write_row(4 + n, 0, [name.format(first + n), "LCSW"])
            sheet.write_number(4 + n, 2, first + n, numbers)
            sheet.write_row(
                4 + n, 3, ["FL", "12/2040", f"w{first + n}@example.org", clients, "150-200", "paid dues"]
            )
        sheet.write(7, 0, "Total: 2")

    return FilePayload(name="office.xlsx", mimeType=XLSX, buffer=office_lists.workbook(draw))


async def test_a_list_of_an_office_states_only_what_it_says(visit: Visit, site: Site, live: bool) -> None:
    first = 7_200 if live else 7_300
    visitor = await an_organizer(visit, site, live=live)
    await visitor.open("/organize/therapists/import")
    await visitor.page.get_by_label("A CSV or XLSX file, up to 5 MB").set_input_files(
        files=[office_list(first)]
    )
    await visitor.press("Read this file")
    await visitor.reads("What each column is")
    await visitor.sees("sheet “Current”, headings in row 4")
    await visitor.page.get_by_label("The row with the headings").select_option("5")
    await visitor.press("Read it again")
    await visitor.sees("headings in row 5")
    await visitor.page.get_by_label("The row with the headings").select_option("4")
    await visitor.press("Read it again")
    await visitor.sees("headings in row 4")
    await keeps_nobody_out(visitor)
    await visitor.press("Look at every row")
    await visitor.reads("Look at every row")
    await visitor.sees(f"José Whitfield {first}")
    await visitor.sees(f"LCSW FL 00{first}, expires December 31, 2040")
    await visitor.sees("We do not know “seekers”.")
    await keeps_nobody_out(visitor)
    await visitor.follow("Say what these words mean")
    await visitor.page.get_by_label("“seekers”").select_option("young")
    await keeps_nobody_out(visitor)
    await visitor.press("Read every row this way")
    await visitor.sees("Young adults (18 to 25)")
    await visitor.pick("Show new listings at once")
    await visitor.press("Write them")
    await expect(visitor.page.get_by_role("heading", name="2 listings written", exact=True)).to_be_visible()
    other = await visit(live=live, phone=True, calm=True)
    await other.open(f"/therapists?q=Whitfield+{first}")
    await other.follow(f"José Whitfield {first}")
    await other.sees("Not said whether they take new people")
    await other.sees("Its therapist has not confirmed it here yet.")
    await expect(other.page.get_by_text("Takes no insurance")).to_have_count(0)
    await keeps_nobody_out(other)
