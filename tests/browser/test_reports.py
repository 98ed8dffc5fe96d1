"""The funder's report: from the overview to two pages of paper; and a report with its chart and table."""

from __future__ import annotations

import re
from typing import Any

from playwright.async_api import expect

from tests.browser.conftest import Visit
from tests.browser.site import Site
from tests.browser.test_organizing import as_organizer
from tests.browser.visitor import Visitor

# As printers are set up: without margins, with those that browsers propose, and with wide ones.
PAPERS = (("Letter", "0"), ("Letter", "0.4in"), ("A4", "1cm"), ("A4", "2cm"))


async def pages_of_paper(visitor: Visitor) -> list[int]:
    """How many pages this is on each paper."""
    counts = []
    for paper, edge in PAPERS:
        margin: Any = dict.fromkeys(("top", "bottom", "left", "right"), edge)
        body = await visitor.page.pdf(format=paper, margin=margin)
        counts.append(len(re.findall(rb"/Type\s*/Page\b", body)))
    return counts


async def test_the_funder_s_report_is_two_pages(visit: Visit, site: Site) -> None:
    visitor, _ = await as_organizer(visit, site, live=False)
    await visitor.open("/organize")
    await visitor.page.get_by_role("navigation", name="Organize").get_by_role("link", name="Reports").click()
    await visitor.reads("Reports")
    await visitor.follow("The funder’s report")
    await visitor.reads("The funder’s report")
    await visitor.follow("Last month")
    report = visitor.page.get_by_role("article", name="The report")
    await expect(report).to_contain_text("Who was served")
    await expect(report).to_contain_text("Community seats")
    assert await pages_of_paper(visitor) == [2, 2, 2, 2]
    # two years: as many months as there may be
    await visitor.open("/organize/reports/funder?from=2024-01&to=2025-12")
    assert await pages_of_paper(visitor) == [2, 2, 2, 2]
    # a time in which there was nobody
    await visitor.fill("From", "2005-01")
    await visitor.fill("To", "2005-03")
    await visitor.press("Show the report")
    await expect(report).to_contain_text("No gathering was held in this time.")
    await expect(report).to_contain_text("Fewer than 5")
    assert await pages_of_paper(visitor) == [2, 2, 2, 2]


async def test_a_report_has_its_chart_its_table_and_its_file(visit: Visit, site: Site) -> None:
    visitor, _ = await as_organizer(visit, site, live=True, phone=True)
    await visitor.open("/organize/reports")
    await visitor.follow("Who came")
    chart = visitor.page.get_by_role("img", name="People and visits by month")
    await expect(chart).to_be_visible()
    await expect(visitor.page.get_by_role("rowheader", name="All together")).to_be_visible()
    await visitor.page.get_by_label("Where", exact=True).select_option("Online")
    await visitor.press("Show")
    await expect(visitor.page.locator(".report-period")).to_contain_text("Online")
    name, content = await visitor.downloads("As a spreadsheet")
    assert re.fullmatch(r"people-\d{4}-\d\d-\d{4}-\d\d\.xlsx", name)
    assert content.startswith(b"PK")
