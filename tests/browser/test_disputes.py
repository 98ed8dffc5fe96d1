"""A dispute from opened to lost: told by mail, its evidence seen and sent, the outcome, and the member's own pages."""

from __future__ import annotations

from playwright.async_api import expect

from circles.practice.stripe import disputes
from tests.browser.conftest import Visit
from tests.browser.site import Site, until
from tests.browser.test_access import is_for_everybody


async def test_a_dispute_from_opened_to_lost(visit: Visit, site: Site) -> None:
    member, organizer = await site.member("Dana"), await site.member("Orell", is_organizer=True)
    booking = await site.paid_seat(await site.gathering(), member)
    intent = await site.ask("select payment_intent from checkouts where booking_id = $1", booking)
    async with site.context.db.transaction() as tx:
        dispute = (await disputes.open_dispute(tx, intent))["id"]

    async def reached(state: str) -> None:
        async def look() -> bool:
            return await site.ask("select state from disputes where stripe_id = $1", dispute) == state

        await until(look, f"a dispute that is {state}")

    await reached("needs_response")
    visitor = await visit(phone=True, calm=True)
    await visitor.come_in(organizer)
    await visitor.reads_mail(organizer.email)
    await visitor.sees("A payment is disputed at a bank.")
    await visitor.open("/organize/disputes")
    await visitor.page.locator(f'a[href="/organize/disputes/{dispute}"]').click()
    await visitor.sees("did not make the payment")
    await visitor.sees("Answer by")
    await is_for_everybody(visitor)
    await visitor.fill("In your own words", "Dana wrote that she would come.")
    await visitor.press("Show what would leave")
    await visitor.sees("This and nothing else goes to Stripe")
    await visitor.sees("Dana wrote that she would come.")
    await is_for_everybody(visitor)
    await visitor.press("Send it to Stripe")
    await visitor.is_told("The answer is on its way to Stripe.")
    await reached("under_review")
    async with site.context.db.transaction() as tx:
        await disputes.close_dispute(tx, dispute, "lost")
    await reached("lost")
    await visitor.open(f"/organize/disputes/{dispute}")
    await visitor.sees("The bank decided for the person, and the money is theirs.")
    await expect(visitor.button("Show what would leave")).to_have_count(0)

    theirs = await visit(phone=True, calm=True)
    await theirs.come_in(member)
    await theirs.open("/my/receipts")
    receipt = "select name from receipts where checkout_id = (select id from checkouts where booking_id = $1)"
    await theirs.follow(await site.ask(receipt, booking))
    await theirs.sees("Paid back by your bank")
    await is_for_everybody(theirs)
