"""Signing in and out by mail, as a person does it, with JavaScript and without."""

from __future__ import annotations

from urllib.parse import urlsplit
from uuid import uuid4

from playwright.async_api import Locator, expect

from tests.browser.conftest import Visit
from tests.browser.journeys import code_from_mail
from tests.browser.site import Site
from tests.browser.visitor import Visitor


def signed_in_as(visitor: Visitor, name: str) -> Locator:
    """The navigation's link to one's own page."""
    return visitor.page.get_by_role("navigation", name="Main").get_by_role("link", name=name, exact=True)


async def test_somebody_new_comes_in_with_the_code_from_the_mail(visit: Visit, live: bool) -> None:
    visitor, reader = await visit(live=live, phone=True), await visit(live=live)
    email = f"new.{uuid4().hex[:10]}@example.org"
    await visitor.open("/sign-in")
    await visitor.fill("Your mail address", email)
    await visitor.page.get_by_text("New here?").click()
    await visitor.fill("What may we call you?", "Noor")
    await visitor.fill("Your pronouns, if you like", "they/them")
    await visitor.press("Send me a code")
    await visitor.sees(email)
    await visitor.fill("Your code", await code_from_mail(reader, email))
    await visitor.press("Sign in")
    await signed_in_as(visitor, "Noor").click()
    await expect(visitor.page.get_by_label("Your pronouns")).to_have_value("they/them")


async def test_somebody_new_who_gave_no_name_is_asked_for_one(visit: Visit, live: bool) -> None:
    visitor, reader = await visit(live=live), await visit(live=live)
    email = f"shy.{uuid4().hex[:10]}@example.org"
    await visitor.open("/sign-in?next=/me")
    await visitor.fill("Your mail address", email)
    await visitor.press("Send me a code")
    await visitor.fill("Your code", await code_from_mail(reader, email))
    await visitor.press("Sign in")
    await visitor.reads("Welcome")
    await visitor.fill("Your name", "Sasha")
    await visitor.press("Continue")
    await visitor.reads("You")
    assert urlsplit(visitor.page.url).path == "/me"


async def test_a_wrong_code_is_said_and_the_right_one_still_works(
    visit: Visit, site: Site, live: bool
) -> None:
    visitor, reader = await visit(live=live), await visit(live=live)
    visitor.watch.allowed.add(422)
    member = await site.member("Wren")
    await visitor.open("/sign-in")
    await visitor.fill("Your mail address", member.email)
    await visitor.press("Send me a code")
    code = await code_from_mail(reader, member.email)
    await visitor.fill("Your code", f"{(int(code) + 1) % 1_000_000:06}")
    await visitor.press("Sign in")
    await visitor.sees("You can try 4 more times.")
    await visitor.fill("Your code", code)
    await visitor.press("Sign in")
    await expect(signed_in_as(visitor, "Wren")).to_be_visible()


async def test_opening_the_link_changes_nothing_and_its_button_signs_in_once(
    visit: Visit, site: Site, live: bool
) -> None:
    visitor, reader, late = await visit(live=live), await visit(live=live, phone=True), await visit(live=live)
    member = await site.member("Lark")
    await visitor.open("/sign-in")
    await visitor.fill("Your mail address", member.email)
    await visitor.press("Send me a code")
    await reader.reads_mail(member.email)
    links = reader.page.locator('main a[href^="/sign-in/link/"]')
    path = await links.first.get_attribute("href") or ""
    await late.open(path)  # as a mail scanner does
    await links.first.click()
    await reader.sees(member.email)
    await reader.press("Sign in")
    await expect(signed_in_as(reader, "Lark")).to_be_visible()
    late.watch.allowed |= {403, 404, 410, 422}
    await late.press("Sign in")
    await late.sees("This link was used already.")


async def test_signing_out_here_and_everywhere(visit: Visit, site: Site, live: bool) -> None:
    member = await site.member("Robin")
    here, there, lost = [await visit(live=live) for _ in range(3)]
    for visitor in (here, there, lost):
        await visitor.come_in(member)
        await visitor.open("/me")
        await visitor.reads("You")
    await here.press("Sign out")
    await expect(signed_in_as(here, "Sign in")).to_be_visible()
    await there.open("/me")
    await there.press("Sign out everywhere")
    await expect(signed_in_as(there, "Sign in")).to_be_visible()
    await lost.open("/me")
    await lost.reads("Sign in")
