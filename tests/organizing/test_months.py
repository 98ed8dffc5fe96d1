"""Months of the ledger for a bookkeeper: their borders, their sums on pages, and their files."""

from __future__ import annotations

import asyncio
import csv
import io
import re
import shutil
import warnings
from datetime import UTC, date, datetime
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from python_calamine import CalamineWorkbook

from circles.base.reading import number_of
from circles.organizing.bookkeeping.months import rules
from circles.organizing.bookkeeping.months.rules import Month
from circles.payments.balance import readings
from circles.payments.ledger import sums
from circles.practice.stripe import balance as their_balance
from circles.practice.stripe import payouts
from tests.cast import Cast, add_booking, add_circle, add_gathering
from tests.community.test_settings_pages import publish
from tests.conftest import OpenBrowser
from tests.exports.test_workbooks import opened_by_libreoffice
from tests.helpers import change, rows, value
from tests.payments.helpers import booking, outcomes, paid_booking

__all__ = ["booking", "outcomes"]

LIST = "/organize/months"
NOVEMBER = datetime(2025, 11, 12, 12, tzinfo=UTC)
DECEMBER = datetime(2025, 12, 3, 12, tzinfo=UTC)
# Half past eleven in the evening of October 31 in New York.
LATE = datetime(2025, 11, 1, 3, 30, tzinfo=UTC)
TITLES = [title for title, _, _ in rules.MOVEMENT_COLUMNS]
AMOUNTS = (
    "Gross",
    "Refund",
    "Fee",
    "Net",
    "Payout",
    "To facilitators",
    "Income",
    "Due to facilitators",
    "Passes",
)


@pytest.mark.parametrize(
    ("slug", "zone", "begins", "ends"),
    [
        ("2025-11", "UTC", "2025-11-01 00:00", "2025-12-01 00:00"),
        ("2025-11", "America/New_York", "2025-11-01 04:00", "2025-12-01 05:00"),
        ("2025-12", "Asia/Kathmandu", "2025-11-30 18:15", "2025-12-31 18:15"),
        ("2026-02", "Pacific/Auckland", "2026-01-31 11:00", "2026-02-28 11:00"),
    ],
)
def test_a_month_begins_and_ends_on_the_clock_of_its_zone(
    slug: str, zone: str, begins: str, ends: str
) -> None:
    month = Month.read(slug, zone)
    assert month is not None
    assert month.slug == slug
    assert (f"{month.begins:%Y-%m-%d %H:%M}", f"{month.ends:%Y-%m-%d %H:%M}") == (begins, ends)
    assert Month.of(month.begins, zone) == month == month.later(-14).later(14)


@pytest.mark.parametrize(
    "slug", ["", "2025", "2025-13", "2025-00", "25-11", "2025-11-01", "２０２５-11", "1999-12"]
)
def test_what_is_no_month_is_none(slug: str) -> None:
    assert Month.read(slug, "UTC") is None


def test_kinds_of_newer_versions_have_words_too() -> None:
    assert rules.kind_name("refund_returned") == "Refund that came back"
    assert rules.kind_name("something_new") == "Something new"


async def refund(cast: Cast, booking: UUID, amount: int, at: datetime) -> None:
    """A refund that arrived, with its operation and its row of the ledger."""
    await change(
        cast.context,
        "update bookings set state = 'cancelled', ended_at = now(), end_cause = 'by_member' where id = $1",
        booking,
    )
    await change(
        cast.context,
        "insert into events (what, about, after) values ('booking.cancelled', $1, 'cancelled')",
        booking,
    )
    await change(
        cast.context,
        "with paid as (select * from money_rows where booking_id = $1 and kind = 'payment'), sent as ("
        " insert into operations (kind, booking_id, checkout_id, idempotency_key, amount, state, stripe_id, done_at)"
        " select 'refund', booking_id, checkout_id, 'r' || id, $2, 'done', 're_' || id, $3 from paid)"
        " insert into money_rows (at, booking_id, checkout_id, kind, amount, currency, stripe_id)"
        " select $3, booking_id, checkout_id, 'refund', - $2::int, currency, 're_' || id from paid",
        booking,
        amount,
        at,
    )


async def note_cash(cast: Cast, booking: UUID, kind: str, amount: int, at: datetime) -> None:
    row = uuid4()
    await change(
        cast.context,
        "insert into cash_rows (id, at, booking_id, kind, amount, currency, noted_by)"
        " select $1, $2, $3, $4, $5, currency, $6 from bookings where id = $3",
        row, at, booking, kind, amount, cast.farid,
    )  # fmt: skip
    await change(cast.context, "insert into events (what, about, after) values ('cash.noted', $1, '')", row)


async def some_months(cast: Cast) -> dict[str, UUID]:
    """Two currencies; paid in November and refunded in December; cash; and one paid late on October 31 in New York."""
    euro = await add_circle(
        cast.context,
        cast.fern,
        name="Ketamine evenings",
        discreet_name="=1+1",
        currency="EUR",
        zone="Europe/Paris",
    )
    evening = await add_gathering(cast.context, euro, days=9)
    booked = {
        "canceled": await add_booking(
            cast.context, cast.gathering, cast.mira, kind="paid", amount=4500, paid_at=NOVEMBER
        ),
        "kept": await add_booking(
            cast.context, cast.gathering, cast.milo, kind="paid", amount=3050, paid_at=DECEMBER
        ),
        "late": await add_booking(
            cast.context, cast.gathering, cast.fern, kind="paid", amount=8000, paid_at=LATE
        ),
        "euro": await add_booking(
            cast.context, evening, cast.mira, kind="paid", amount=6000, paid_at=NOVEMBER
        ),
        "cash": await add_booking(cast.context, cast.free_gathering, cast.mira, kind="free"),
    }
    await refund(cast, booked["canceled"], 4500, DECEMBER)
    await note_cash(cast, booked["cash"], "received", 2000, NOVEMBER)
    await note_cash(cast, booked["cash"], "given_back", -500, NOVEMBER)
    return booked


def words(text: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


def cells(text: str) -> list[list[str]]:
    """The rows of all tables of a page."""
    return [
        [words(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)]
        for row in re.findall(r"<tr>(.*?)</tr>", text, re.DOTALL)
        if "<td" in row
    ]


async def test_the_list_and_a_month_say_what_moved(cast: Cast, browser: OpenBrowser) -> None:
    await some_months(cast)
    async with browser(cast.odile) as page:
        listed = cells((await page.get(f"{LIST}?until=2025-12")).text)
        november = (await page.get(f"{LIST}/2025-11")).text
        december = cells((await page.get(f"{LIST}/2025-12")).text)
    assert listed == [
        ["December 2025", "$30.50", "$45", "-$14.50"],
        ["November 2025 EUR", "€60", "€0", "€60"],
        ["November 2025 USD", "$145", "$5", "$140"],
    ]
    tables = cells(november)
    assert ["All", "$145", "$5", "$140"] in tables
    assert [
        "Open door Wednesday group, " + number_of(cast.other_circle),
        "$20",
        "$5",
        "$15",
    ] in tables
    assert ["Cash 2", "$20", "$5", "$15"] in tables
    assert ["Payment 1", "€60", "€0", "€60"] in tables
    assert ["Cash with hosts", "$0", "$15", "$15"] in tables
    assert ["At Stripe", "$0", "$125", "$125"] in tables
    assert ["At Stripe", "$125", "-$14.50", "$110.50"] in december
    assert ["Income", "$140", "-$14.50", "$125.50"] in december
    assert ["At Stripe", "€60", "€0", "€60"] in december, (
        "a currency in which nothing moved keeps what it has"
    )
    assert not [cell for row in tables for cell in row if "Mira" in cell]


async def test_months_follow_the_clock_of_the_community(cast: Cast, browser: OpenBrowser) -> None:
    """Also those whose sums were kept before, by another clock."""
    await some_months(cast)
    await sums.sum_months(cast.context)
    async with browser(cast.odile) as page:
        assert "No money moved in this month" in (await page.get(f"{LIST}/2025-10")).text
        await publish(page, cast.context, zone="America/New_York")
        for _ in range(2):  # counted now, and as they are kept
            listed = cells((await page.get(f"{LIST}?until=2025-12")).text)
            assert [row[:2] for row in listed] == [
                ["December 2025", "$30.50"], ["November 2025 EUR", "€60"], ["November 2025 USD", "$65"],
                ["October 2025", "$80"],
            ]  # fmt: skip
            assert ["At Stripe", "$80", "$45", "$125"] in cells((await page.get(f"{LIST}/2025-11")).text)
            text = (await page.post(f"{LIST}/2025-10/file", data={"file": "movements"})).text
            assert [row["Date"] for row in csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))] == [
                "2025-10-31"
            ]
            await sums.sum_months(cast.context)


async def test_kept_sums_and_what_was_posted_since_are_counted_once(cast: Cast, browser: OpenBrowser) -> None:
    booked = await some_months(cast)
    async with browser(cast.odile) as page:
        before = {slug: cells((await page.get(f"{LIST}/{slug}")).text) for slug in ("2025-11", "2025-12")}
        await sums.sum_months(cast.context)
        for slug, tables in before.items():
            assert cells((await page.get(f"{LIST}/{slug}")).text) == tables
        await note_cash(cast, booked["cash"], "received", 700, NOVEMBER)
        assert ["Cash 3", "$27", "$5", "$22"] in cells((await page.get(f"{LIST}/2025-11")).text)


async def test_only_organizers_open_months_that_have_begun(cast: Cast, browser: OpenBrowser) -> None:
    for who, status in ((cast.odile, 200), (cast.farid, 404), (cast.mira, 404)):
        async with browser(who) as page:
            assert (await page.get(LIST)).status_code == status
            assert (await page.get(f"{LIST}/2025-11")).status_code == status
            assert (await page.post(f"{LIST}/2025-11/file", data={"file": "circles"})).status_code == status
    async with browser(cast.odile) as page:
        for slug in ("2025-13", "2099-01", "november", "2025-11-01"):
            assert (await page.get(f"{LIST}/{slug}")).status_code == 404
        assert (await page.post(f"{LIST}/2025-11/file", data={"file": "names"})).status_code == 404
        for until in ("", "2099-01", "x", "2001-01"):
            assert (await page.get(f"{LIST}?until={until}")).status_code == 200


async def fetched(cast: Cast, browser: OpenBrowser, month: str, file: str) -> bytes:
    async with browser(cast.odile) as page:
        answer = await page.post(f"{LIST}/{month}/file", data={"file": file})
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith(f'attachment; filename="{month}-')
    return answer.content


def table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


async def of_ledger(cast: Cast, begins: date, ends: date) -> dict[str, dict[str, Decimal]]:
    """What accounts changed by in the lines themselves, by currency, in units."""
    found = await rows(
        cast.context,
        "select currency, account, sum(amount) / 100.0 as amount from ledger_lines"
        " where at >= $1::date at time zone 'UTC' and at < $2::date at time zone 'UTC' group by currency, account",
        begins,
        ends,
    )
    sums_of: dict[str, dict[str, Decimal]] = {}
    for row in found:
        sums_of.setdefault(row["currency"], {})[row["account"]] = row["amount"]
    return sums_of


async def test_a_file_has_every_movement_and_no_name(cast: Cast, browser: OpenBrowser) -> None:
    booked = await some_months(cast)
    content = await fetched(cast, browser, "2025-11", "movements")
    lines = table(content)
    assert [list(line) for line in lines] == [TITLES] * 5
    by_number = {(line["Number"], line["Kind"], line["Gross"]): line for line in lines}
    payment = by_number[number_of(booked["canceled"]), "Payment", "45.00"]
    assert (payment["Date"], payment["Circle"], payment["Net"], payment["Currency"]) == (
        "2025-11-12", "Tuesday group", "45.00", "USD",
    )  # fmt: skip
    assert payment["Reference"].startswith("cs_test_")
    assert by_number[number_of(booked["euro"]), "Payment", "60.00"]["Circle"] == "'=1+1", (
        "no spreadsheet runs it"
    )
    back = by_number[number_of(booked["cash"]), "Cash", "0.00"]
    assert (back["Refund"], back["Net"]) == ("5.00", "-5.00")
    for word in (b"Mira", b"Milo", b"Ketamine", b"First steps", b"example.org"):
        assert word not in content
    december = table(await fetched(cast, browser, "2025-12", "movements"))
    assert [(line["Kind"], line["Net"]) for line in december] == [("Payment", "30.50"), ("Refund", "-45.00")]
    assert table(await fetched(cast, browser, "2025-09", "movements")) == []


@pytest.mark.usefixtures("outcomes")
async def test_a_payment_has_its_fee_beside_it(cast: Cast, browser: OpenBrowser, booking: UUID) -> None:
    """A payout and a fee of Stripe's own have rows of their own, and no number of a booking."""
    await paid_booking(cast.context, booking)
    async with cast.context.db.transaction() as tx:
        await their_balance.charge_fee(tx, 200, "usd", "Radar")
        await payouts.pay_out(tx, with_pending=True)
    await readings.read_books(cast.context)
    month = await value(
        cast.context, "select to_char(at at time zone 'UTC', 'YYYY-MM') from ledger_entries limit 1"
    )
    lines = table(await fetched(cast, browser, month, "movements"))
    columns = ("Kind", "Number", "Gross", "Refund", "Fee", "Net", "Payout")
    assert sorted(tuple(line[name] for name in columns) for line in lines) == [
        ("Payment", number_of(booking), "45.00", "0.00", "1.61", "43.39", "0.00"),
        ("Payout", "", "0.00", "0.00", "0.00", "0.00", "41.39"),
        ("Stripe fee", "", "0.00", "0.00", "2.00", "-2.00", "0.00"),
    ]
    async with browser(cast.odile) as page:
        tables = cells((await page.get(f"{LIST}/{month}")).text)
    assert ["All", "$45", "$0", "$3.61", "$41.39", "$41.39"] in tables
    assert ["At Stripe", "$0", "$0", "$0"] not in tables, "nothing was there, and nothing is"
    assert ["Paid out to the bank", "$0", "$41.39", "$41.39"] in tables


async def test_the_sums_of_a_file_are_those_of_the_ledger(cast: Cast, browser: OpenBrowser) -> None:
    await some_months(cast)
    for month, begins, ends in (
        ("2025-11", date(2025, 11, 1), date(2025, 12, 1)), ("2025-12", date(2025, 12, 1), date(2026, 1, 1)),
    ):  # fmt: skip
        lines = table(await fetched(cast, browser, month, "movements"))
        circles = table(await fetched(cast, browser, month, "circles"))
        for currency, accounts in (await of_ledger(cast, begins, ends)).items():
            of = [line for line in lines if line["Currency"] == currency]
            added = {title: sum(Decimal(line[title]) for line in of) for title in AMOUNTS}
            held = sum(accounts.get(account, Decimal()) for account in ("stripe", "bank", "cash"))
            assert added["Net"] - added["To facilitators"] == held
            assert added["Income"] == -accounts["sales"]
            assert added["Fee"] == accounts.get("fees", 0)
            [whole] = [row for row in circles if row["Circle"] == "Total" and row["Currency"] == currency]
            assert {title: Decimal(whole[title]) for title in AMOUNTS} == added
            assert int(whole["Entries"]) == len(of)
            parts = [row for row in circles if row["Circle"] != "Total" and row["Currency"] == currency]
            assert {title: sum(Decimal(row[title]) for row in parts) for title in AMOUNTS} == added


async def test_each_file_is_noted_before_it_leaves(cast: Cast, browser: OpenBrowser) -> None:
    await some_months(cast)
    await fetched(cast, browser, "2025-11", "workbook")
    event = await rows(cast.context, "select about, who, details from events where what = 'months.exported'")
    logged = await rows(cast.context, "select * from exports where what = 'months'")
    assert [(row["about"], row["who"]) for row in event] == [(logged[0]["id"], cast.odile)]
    assert (logged[0]["row_count"], logged[0]["format"], logged[0]["filters"]["from"]) == (
        5,
        "xlsx",
        "2025-11-01",
    )
    async with browser(cast.odile) as page:
        log = words((await page.get("/organize/exports")).text)
    assert "A month for the bookkeeper" in log
    assert await value(cast.context, "select count(*) from exports_about($1)", cast.mira) == 0


async def test_calamine_reads_the_workbook(cast: Cast, browser: OpenBrowser) -> None:
    await some_months(cast)
    book = CalamineWorkbook.from_filelike(io.BytesIO(await fetched(cast, browser, "2025-11", "workbook")))
    assert book.sheet_names == ["Movements", "By circle", "Accounts", "About this file"]
    lines = table(await fetched(cast, browser, "2025-11", "movements"))
    check_movements(book.get_sheet_by_name("Movements").to_python(skip_empty_area=False), lines)
    _, *circles = book.get_sheet_by_name("By circle").to_python()
    assert [row[0] for row in circles] == ["=1+1", "Total", "Tuesday group", "Wednesday group", "Total"]
    _, *accounts = book.get_sheet_by_name("Accounts").to_python()
    assert ["At Stripe", "USD", 0, 125, 125] in accounts
    notes = {str(row[0]): row[1] for row in book.get_sheet_by_name("About this file").to_python() if row[0]}
    assert (notes["From"], notes["To"], notes["Time zone"]) == ("2025-11-01", "2025-11-30", "UTC")


def check_movements(sheet: list[list[Any]], lines: list[dict[str, str]]) -> None:
    """A sheet has typed cells, and the rows of the file of lines."""
    head, *table_rows = sheet
    assert head == TITLES
    assert len(table_rows) == len(lines) > 0
    for row, line in zip(table_rows, lines, strict=True):
        cell = dict(zip(head, row, strict=True))
        assert cell["Date"] == date.fromisoformat(line["Date"])
        assert {title: Decimal(str(cell[title])) for title in AMOUNTS} == {
            title: Decimal(line[title]) for title in AMOUNTS
        }
        assert cell["Circle"] == line["Circle"].removeprefix("'")
        assert [cell[title] for title in ("Number", "Kind", "Currency", "Reference")] == [
            line[title] for title in ("Number", "Kind", "Currency", "Reference")
        ]


async def test_libreoffice_opens_the_files(cast: Cast, browser: OpenBrowser, tmp_path: Path) -> None:
    """Dates and numbers are such, and their sums are those of the ledger."""
    if shutil.which("soffice") is None:
        warnings.warn("LibreOffice (soffice) is not installed: no file was opened with it", stacklevel=1)
        pytest.skip("LibreOffice (soffice) is not installed")
    await some_months(cast)
    (tmp_path / "workbook.xlsx").write_bytes(await fetched(cast, browser, "2025-11", "workbook"))
    lines = await fetched(cast, browser, "2025-11", "movements")
    (tmp_path / "lines.csv").write_bytes(lines)
    opened = await asyncio.to_thread(opened_by_libreoffice, tmp_path)
    check_movements(opened["workbook"], table(lines))
    ledger = await of_ledger(cast, date(2025, 11, 1), date(2025, 12, 1))
    for name in ("workbook", "lines"):
        head, *found = opened[name]
        place = {title: number for number, title in enumerate(head)}
        for currency, accounts in ledger.items():
            of = [row for row in found if row[place["Currency"]] == currency]
            assert sum(Decimal(str(row[place["Income"]])) for row in of) == -accounts["sales"]
            assert {row[place["Date"]] for row in of} <= {date(2025, 11, 1), date(2025, 11, 12)}
        assert all(
            "1+1" in str(row[place["Circle"]]) or "group" in str(row[place["Circle"]]) for row in found
        )
