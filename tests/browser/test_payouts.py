"""A facilitator connects an account at Stripe, and reads the statement of the month in which their part went there."""

from __future__ import annotations

from datetime import timedelta

from playwright.async_api import expect

from circles.base import clock
from circles.payments.connect import transfers
from circles.payments.shares.closing import close_months_before
from tests.browser.conftest import Visit
from tests.browser.site import Site, until
from tests.browser.test_access import is_for_everybody
from tests.helpers import change

MEMBERS = ("Nora", "Nils", "Noor", "Nell", "Nico")
STATE = "select coalesce(bool_or(is_active), false) from connect_accounts where person_id = $1"


async def test_connecting_an_account_and_reading_the_month_s_statement(visit: Visit, site: Site) -> None:
    host = await site.member("Fay", is_facilitator=True)
    circle = await site.circle(host=host.id)
    await change(
        site.context,
        "insert into share_terms (circle_id, currency, percent, starts_at) values ($1, 'USD', 2000, '-infinity')",
        circle,
    )
    visitor = await visit(live=True, phone=True, calm=True)
    await visitor.come_in(host)
    await visitor.open("/host")
    await visitor.follow("Your payouts")
    await visitor.sees("not connected")
    await is_for_everybody(visitor)
    await visitor.press("Connect an account")
    await visitor.reads("Your account at Stripe")
    await visitor.press("Leave a document out")
    await visitor.reads("Your payouts")
    await expect(visitor.page.get_by_text("a document that shows who you are")).to_be_visible()
    await visitor.press("Go on at Stripe")
    await visitor.press("Answer everything")
    await visitor.reads("Your payouts")

    async def gets_payments() -> bool:
        return await site.ask(STATE, host.id)

    await until(gets_payments, "an account that gets payments")
    await visitor.open("/host/payouts")
    await visitor.sees("goes straight to your account at Stripe")
    await is_for_everybody(visitor)

    # A statement names nobody, so it counts a circle once enough people paid there.
    gathering = await site.gathering(circle)
    members = [await site.member(name) for name in MEMBERS]
    bookings = [await site.paid_seat(gathering, member) for member in members]
    for booking in bookings:
        checkout = await site.ask("select id from checkouts where booking_id = $1", booking)
        await transfers.settle(site.context, checkout_id=str(checkout))
    paid = await site.ask(
        "select max(at) at time zone 'UTC' from money_rows where booking_id = $1", bookings[0]
    )
    await close_months_before(site.context, clock.now() + timedelta(days=40))
    await visitor.follow("Statements")
    await visitor.follow(clock.format_month(paid.date()))
    await visitor.sees("without names")
    row = visitor.page.get_by_role("row").filter(has_text="Evening circle")
    await expect(row).to_contain_text("$225")
    await expect(row.locator("[data-label='Your part']")).to_have_text("$180")
    await expect(row.locator("[data-label='You have']")).to_have_text("$180")
    await expect(row.locator("[data-label='Due']")).to_have_text("$0")
    await visitor.sees_not("Nora")
    await is_for_everybody(visitor)
