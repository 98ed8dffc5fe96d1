"""An organizer moves in: a spreadsheet of 300 past attendances, with questions; nobody is mailed before "Tell them"."""

from __future__ import annotations

import io
from datetime import UTC, datetime, time, timedelta
from typing import Any

import xlsxwriter
from playwright.async_api import FilePayload, expect

from tests.browser.conftest import Visit
from tests.browser.site import Site
from tests.browser.test_access import is_for_everybody

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PEOPLE, WEEKS = 20, 15


def workbook() -> bytes:
    """300 rows as a spreadsheet has them: days and times as such, words of an office, one name twice."""
    first = datetime.now(UTC).date() - timedelta(days=400)
    rows: list[list[Any]] = []
    for week in range(WEEKS):
        for n in range(PEOPLE):
            name = "Rowan Tally" if n < 2 else f"Tally {n}, Ada"
            came = ("yes", "no show", "late")[(week + n) % 3]
            rows.append(
                [
                    name,
                    f"tally{n}@example.org",
                    "Evening of before",
                    first + timedelta(weeks=week),
                    time(18),
                    came,
                ]
            )
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "default_date_format": "mm/dd/yyyy"}) as book:
        sheet = book.add_worksheet("Attendance")
        hour = book.add_format({"num_format": "h:mm AM/PM"})
        sheet.write_row(0, 0, ["Who", "E-mail", "Group", "Date", "Time", "Attended?"])
        for number, (name, address, group, day, at, came) in enumerate(rows, start=1):
            sheet.write_row(number, 0, [name, address, group])
            sheet.write_datetime(number, 3, datetime.combine(day, time(), UTC).replace(tzinfo=None))
            sheet.write_datetime(number, 4, at, hour)
            sheet.write_string(number, 5, came)
    return out.getvalue()


async def test_a_spreadsheet_of_300_past_attendances_moves_in(visit: Visit, site: Site) -> None:
    visitor = await visit(live=True, phone=True, calm=True)
    await visitor.come_in(await site.member("Orla", is_organizer=True))
    circle = await site.ask("select id from circles where state = 'published' order by name limit 1")
    mails = await site.ask("select count(*) from mails")
    await visitor.open("/organize/people")
    await visitor.follow("Moving in")
    await visitor.pick("Past attendance")
    file = FilePayload(name="attendance.xlsx", mimeType=XLSX, buffer=workbook())
    await visitor.page.get_by_label("A CSV or XLSX file, up to 5 MB").set_input_files(files=[file])
    await visitor.press("Read this file")
    await visitor.reads("What each column is")
    await visitor.press("Look at every row")
    await visitor.reads("Look at every row")
    await is_for_everybody(visitor)
    await visitor.page.get_by_label("Which circle is “Evening of before”?").select_option(str(circle))
    await visitor.page.get_by_label("Who is “Rowan Tally”, tally1@example.org?").select_option("other")
    await visitor.press("Keep these answers")
    await expect(visitor.link("New, 300")).to_be_visible()
    await visitor.button("Write them").dblclick()
    await expect(visitor.page.get_by_role("heading", name="300 rows written", exact=True)).to_be_visible()
    await visitor.sees("Nobody was mailed.")
    made = "select count(*) from bookings join moved_in_seats on booking_id = bookings.id join gatherings on "
    made += "gatherings.id = gathering_id where circle_id = $1 and gatherings.closed_at is not null"
    assert await site.ask(made, circle) == 300
    marks = "select count(*) from register_marks where source = 'brought_in' and mark = 'came' and late"
    assert await site.ask(marks) == 100
    assert await site.ask("select count(*) from mails") == mails
    await visitor.follow("Look at the mail")
    await visitor.sees("20 new people get this mail")
    await is_for_everybody(visitor)
    await visitor.button("Tell them").dblclick()
    await visitor.sees("They were told on")
