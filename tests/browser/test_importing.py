"""An organizer brings in a list: twenty faults are all twenty named, and what is good is written when confirmed."""

from __future__ import annotations

import pytest
from playwright.async_api import FilePayload, expect

from tests.browser.conftest import Visit
from tests.browser.site import Site
from tests.browser.test_access import grave, too_wide
from tests.browser.test_organizing import as_organizer
from tests.browser.visitor import Visitor
from tests.directory import import_helpers as hands

# Therapists of their own for each journey, since all journeys share one directory.
BASE = 5_000


async def send(visitor: Visitor, name: str, sent: bytes) -> None:
    """Send a file, and keep the columns as they are guessed."""
    await visitor.open("/organize/therapists")
    await visitor.follow("Bring in a file")
    file: FilePayload = {"name": name, "mimeType": "text/csv", "buffer": sent}
    await visitor.page.get_by_label("A CSV or XLSX file").set_input_files(files=[file])
    await visitor.press("Read this file")
    await visitor.reads("What each column is")
    await keeps_nobody_out(visitor)
    await visitor.press("Look at every row")
    await visitor.reads("Look at every row")
    await keeps_nobody_out(visitor)


async def keeps_nobody_out(visitor: Visitor) -> None:
    """Nothing grave is on the page for whoever reads it otherwise, and nothing reaches over its edge."""
    if visitor.live:
        assert await grave(visitor) == []
        assert await too_wide(visitor) == []


async def test_twenty_faults_are_all_twenty_named(visit: Visit, site: Site, live: bool) -> None:
    visitor, _ = await as_organizer(visit, site, live=live)
    await send(visitor, "faults.csv", hands.twenty_faults())
    page = visitor.page
    await expect(page.get_by_role("link", name="Refused, 20")).to_be_visible()
    for number, (_, cell, says) in enumerate(hands.FAULTS, start=2):
        row = page.locator(f"#row-{number}")
        await expect(row).to_contain_text(says)
        await expect(row).to_contain_text(cell)
    await visitor.sees("Nothing to write")
    name, file = await visitor.downloads("Refused rows as a file")
    assert name == "refused.csv"
    assert all(says in file.decode().replace('""', '"') for _, _, says in hands.FAULTS)


@pytest.mark.parametrize("phone", [True, False], ids=["phone", "desktop"])
async def test_a_list_is_looked_at_and_written(visit: Visit, site: Site, live: bool, phone: bool) -> None:
    first = BASE + 10 * (live + 2 * phone)
    people = [hands.row(first), hands.row(first + 1), hands.row(first + 2, Telehealth="perhaps")]
    visitor, _ = await as_organizer(visit, site, live=live, phone=phone)
    await send(visitor, "colleagues.csv", hands.csv_file(people))
    await visitor.sees("Write 2 listings")
    await visitor.follow("New, 2")
    await visitor.sees(f"Alma Whitfield {first + 1}")
    await visitor.press("Write them")
    await visitor.reads("2 listings written")
    await visitor.sees("2 new, waiting for an organizer’s look; 0 changed; 0 the same; 1 refused.")
    await visitor.follow("Written, 2")
    await visitor.follow(f"Alma Whitfield {first}")
    await visitor.sees("colleagues.csv, row 2")
