"""The stretches of way that several journeys share."""

from __future__ import annotations

import re
from uuid import UUID

from tests.browser.conftest import Visit
from tests.browser.site import Member, Site
from tests.browser.visitor import Visitor

AGREE = "I have read these guidelines and agree to them"


def goes_back(money: str) -> re.Pattern[str]:
    """What a page says of a refund: it is on its way until the worker has sent it, at any moment."""
    return re.compile(rf"{re.escape(money)} you paid (is on its way|went) back to your card")


async def as_host(visit: Visit, site: Site, **how: bool) -> tuple[Visitor, Member]:
    """A facilitator, signed in."""
    visitor, host = await visit(**how), await site.member("Farrah", is_facilitator=True, pronouns="she/her")
    await visitor.come_in(host)
    return visitor, host


async def book(visitor: Visitor, gathering: UUID, amount: str = "45") -> None:
    """From the gathering's page to the checkout."""
    await visitor.open(f"/gatherings/{gathering}")
    await visitor.follow("Book a seat")
    await choose(visitor, amount)


async def choose(visitor: Visitor, amount: str = "45") -> None:
    """Choose what you pay for this much, agreed, and on to the payment."""
    if await visitor.page.get_by_label("Choose what you pay", exact=True).count():
        await visitor.pick("Choose what you pay")
    await visitor.fill("Your amount", amount)
    await visitor.pick(AGREE)
    await visitor.press("Continue to payment")


async def pay(visitor: Visitor, card: str = "", button: str = "") -> None:
    """At the checkout page of practice mode; with its first card, unless another is given."""
    await visitor.sees("This page stands in for Stripe")
    if card:
        await visitor.fill("Card number", card)
    pays = visitor.page.get_by_role("main").locator("button[value=pay]")
    await (visitor.button(button) if button else pays).click()
    await visitor.page.wait_for_load_state()


async def code_from_mail(reader: Visitor, email: str) -> str:
    """The six digits, as somebody reads them off the mail."""
    await reader.reads_mail(email)
    text = await reader.page.locator("pre.mail-text").first.inner_text()
    found = re.search(r"code: ([0-9]{6})$", text, re.MULTILINE)
    assert found, text
    return found[1]
