"""Signed out while typing: everything is there again after signing in."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import PHONE_AND_DESKTOP, Visit
from tests.browser.journeys import as_host, code_from_mail
from tests.browser.site import Site
from tests.browser.visitor import Visitor

TEXT = "For those who come back.\n\n<b>Bring</b> “tea” & a blanket."


async def sign_in_again(visitor: Visitor, reader: Visitor, email: str, by: str) -> None:
    """From the sign-in page, with the code or the link of the mail, in the same browser."""
    await visitor.sees("What you typed is kept in this browser for an hour.")
    await visitor.fill("Your mail address", email)
    await visitor.press("Send me a code")
    if by == "code":
        await visitor.fill("Your code", await code_from_mail(reader, email))
    else:
        await reader.reads_mail(email)
        text = await reader.page.locator("pre.mail-text").first.inner_text()
        link = next(word for word in text.split() if "/sign-in/link/" in word)
        await visitor.page.goto(link)
    await visitor.press("Sign in")


@pytest.mark.parametrize(("live", "phone"), PHONE_AND_DESKTOP)
async def test_a_form_is_filled_in_again(visit: Visit, site: Site, live: bool, phone: bool) -> None:
    visitor, host = await as_host(visit, site, live=live, phone=phone)
    reader = await visit()
    await visitor.open("/me")
    await visitor.fill("Your name", "Farrah again")
    await visitor.fill("About you", TEXT)
    await visitor.page.get_by_label("Your time zone").select_option("UTC")
    await visitor.context.clear_cookies(name="sign-in")
    await visitor.page.get_by_role("button", name="Save", exact=True).click()
    await sign_in_again(visitor, reader, host.email, "code" if phone else "link")
    await visitor.sees("What you typed is here again.")
    await expect(visitor.page.get_by_label("Your name", exact=True)).to_have_value("Farrah again")
    await expect(visitor.page.get_by_label("About you", exact=True)).to_have_value(TEXT)
    await expect(visitor.page.get_by_label("Your time zone")).to_have_value("UTC")
    await visitor.page.get_by_role("button", name="Save", exact=True).click()
    await visitor.page.wait_for_load_state()
    await visitor.sees_not("You were signed out")
    await expect(visitor.page.get_by_label("About you", exact=True)).to_have_value(TEXT)


async def test_htmx_leads_the_whole_page_to_sign_in(visit: Visit, site: Site) -> None:
    """The preview of guidelines is fetched by htmx; the whole text that was typed is there again."""
    visitor, host = await as_host(visit, site)
    reader = await visit()
    await visitor.open("/host/circles/new")
    await visitor.fill("Name", "Back again")
    await visitor.context.clear_cookies(name="sign-in")
    await visitor.button("Show how it will read").click()
    await sign_in_again(visitor, reader, host.email, "code")
    await visitor.sees("You were signed out")
    await expect(visitor.page.get_by_label("Name", exact=True)).to_have_value("Back again")
