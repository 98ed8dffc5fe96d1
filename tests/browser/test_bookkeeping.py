"""The month's end for a bookkeeper: from the overview to a month, its sums by circle, and its files."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

from playwright.async_api import expect
from python_calamine import CalamineWorkbook

from circles.base import clock
from circles.base.reading import number_of
from tests.browser.conftest import Visit
from tests.browser.site import Site
from tests.browser.test_access import is_for_everybody

INCOME = """
select - sum(lines.amount) / 100.0 from ledger_lines as lines
where lines.account = 'sales' and lines.currency = 'USD' and lines.entry_id = any($1::bigint[])
"""


async def test_the_month_s_end_for_a_bookkeeper(visit: Visit, site: Site) -> None:
    member = await site.member("Nora")
    booking = await site.paid_seat(await site.gathering(), member)
    # of the month in which it was paid, which the site may have left since
    paid = await site.ask("select at at time zone 'UTC' from ledger_entries where booking_id = $1", booking)
    month = clock.format_month(paid.date())
    visitor = await visit(live=True, phone=True, calm=True)
    await visitor.come_in(await site.member("Orla", is_organizer=True))
    await visitor.open("/organize")
    await visitor.follow("Money")
    await visitor.follow("Months")
    await visitor.open(f"/organize/months?until={paid:%Y-%m}")
    await is_for_everybody(visitor)
    await visitor.follow(month)
    await visitor.reads(month)
    await visitor.sees("no names of people")
    await expect(visitor.page.get_by_role("heading", name="By circle")).to_be_visible()
    await is_for_everybody(visitor)

    name, lines = await visitor.downloads("Every movement (CSV)")
    assert name == f"{paid:%Y-%m}-movements.csv"
    movements = list(csv.DictReader(io.StringIO(lines.decode("utf-8-sig"))))
    # the facilitator's part of it may be a row as well
    [mine] = [row for row in movements if (row["Number"], row["Kind"]) == (number_of(booking), "Payment")]
    assert (mine["Gross"], mine["Date"]) == ("45.00", str(paid.date()))
    assert member.name.encode() not in lines

    name, content = await visitor.downloads("Workbook (XLSX)")
    assert name == f"{paid:%Y-%m}-month.xlsx"
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    head, *rows = book.get_sheet_by_name("Movements").to_python()
    of_dollars = [dict(zip(head, row, strict=True)) for row in rows if row[head.index("Currency")] == "USD"]
    income = sum(Decimal(str(row["Income"])) for row in of_dollars)
    assert income == await site.ask(INCOME, [int(str(row["Entry"]).partition(".")[0]) for row in of_dollars])
    titles, *circles = book.get_sheet_by_name("By circle").to_python()
    [total] = [row for row in circles if row[0] == "Total" and row[titles.index("Currency")] == "USD"]
    assert Decimal(str(total[titles.index("Income")])) == income

    await visitor.open("/organize/exports")
    await visitor.sees("A month for the bookkeeper")
