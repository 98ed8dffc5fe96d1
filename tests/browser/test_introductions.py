"""Introductions: asked for in a browser, seen as the very mail, answered without signing in, or withdrawn."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from playwright.async_api import expect

from tests.browser.conftest import Visit
from tests.browser.journeys import as_host
from tests.browser.site import Member, Site
from tests.browser.test_access import is_for_everybody
from tests.browser.visitor import Visitor
from tests.cast import add_booking
from tests.directory.helpers import add_listing

SECRET = "It was about the house by the lake."
LOOKING = "Somebody for the weeks after, on weekday evenings."


async def therapist(site: Site, name: str) -> tuple[UUID, str]:
    """A listing, and the address its introductions go to."""
    email = f"{uuid4().hex[:12]}@example.org"
    return await add_listing(site.context, name=name, email=email), email


async def ask(visitor: Visitor, listing: UUID, name: str) -> str:
    """From the therapist's page to the mail as it was sent, which was seen before. Sent by an impatient finger."""
    await visitor.open(f"/therapists/{listing}")
    await visitor.follow("Ask for an introduction")
    await visitor.fill("A mail address, or a phone number and when to call", "555 0101, after six")
    await visitor.pick("What I am looking for")
    await visitor.fill("In a sentence or two", LOOKING)
    await visitor.fill("Your own words", SECRET)
    await visitor.press("Preview the mail")
    await visitor.reads("This is the mail")
    await visitor.sees("You typed this and did not tick it: your own words.")
    seen = await visitor.page.locator("pre.mail-text").first.text_content() or ""
    assert "555 0101, after six" in seen
    assert SECRET not in seen
    await visitor.button(f"Send it to {name}").dblclick()
    await visitor.reads("Waiting for an answer")
    return seen


def without_links(text: str) -> str:
    """A mail but for its links, which are made when it is sent."""
    return re.sub(r"https?://\S+", "", text).strip()


async def mails(site: Site, email: str) -> int:
    return await site.ask("select count(*) from mails where to_address = $1", email)


async def test_an_introduction_from_the_first_word_to_the_answer(
    visit: Visit, site: Site, live: bool
) -> None:
    listing, email = await therapist(site, "Marta Reed")
    visitor, member = await visit(live=live, phone=True), await site.member("Nadia")
    await visitor.come_in(member)
    seen = await ask(visitor, listing, "Marta Reed")
    asked = visitor.page.url

    reader = await visit(live=live)
    await reader.reads_mail(email)
    sent = await reader.page.locator("pre.mail-text").first.inner_text()
    assert without_links(sent) == without_links(seen)
    assert await mails(site, email) == 1
    assert not re.search("ketamine|therap|integration", await reader.page.title(), re.IGNORECASE)
    await reader.page.locator('main a[href*="answer=accepted"]').first.click()
    await reader.reads("Somebody asks for your answer")
    await reader.sees(LOOKING)
    await reader.sees_not("Nadia")
    await reader.sees_not("circle.")
    await reader.fill("A few words, if you like", "I will ring on Thursday.")
    await reader.page.get_by_role("button", name="Yes, I would like to talk with them").dblclick()
    await reader.reads("You said yes")

    await visitor.reads_mail(member.email)
    await visitor.sees_not("Marta")
    await visitor.page.locator('main a[href*="/my/introductions/"]').first.click()
    assert visitor.page.url == asked
    await visitor.reads("Yes, they would like to talk with you")
    await visitor.sees("I will ring on Thursday.")
    await visitor.open("/my/access")
    await expect(visitor.page.locator(".log li").filter(has_text="Marta Reed").first).to_be_visible()
    await visitor.sees_not("555 0101")
    assert await mails(site, member.email) == 1


async def test_what_is_withdrawn_shows_nothing_any_more(visit: Visit, site: Site, live: bool) -> None:
    listing, email = await therapist(site, "Noor Vale")
    visitor, member = await visit(live=live), await site.member("Nils")
    await visitor.come_in(member)
    await ask(visitor, listing, "Noor Vale")
    reader = await visit(live=live, phone=True)
    reader.watch.allowed.add(404)
    await reader.reads_mail(email)
    await reader.page.locator('main a[href*="answer=accepted"]').first.click()
    await reader.sees(LOOKING)
    await visitor.button("Withdraw it").dblclick()
    await visitor.reads("You withdrew it")
    await visitor.sees_not(LOOKING)
    await reader.page.reload()
    await reader.sees_not(LOOKING)
    await reader.sees_not("555 0101")
    await expect(reader.page.get_by_role("main").get_by_role("button")).to_have_count(0)
    assert await site.ask(
        "select bool_and(reach = '' and looking_for = '') from introductions where person_id = $1", member.id
    )


async def test_the_pages_of_an_introduction_are_for_everybody(visit: Visit, site: Site) -> None:
    listing, email = await therapist(site, "Petra Moss")
    visitor, reader = await visit(calm=True), await visit(calm=True)
    visitor.watch.allowed.add(422)
    await visitor.come_in(await site.member("Noel"))
    await visitor.open(f"/therapists/{listing}/introduction")
    await visitor.press("Preview the mail")
    await visitor.reads("This is the mail")
    await is_for_everybody(visitor)
    await visitor.press("Change it")
    await visitor.page.get_by_role("checkbox", name="How to reach me").press("Space")
    await visitor.press("Preview the mail")
    await visitor.sees("Without a way to reach you no answer can come.")
    await is_for_everybody(visitor)
    await ask(visitor, listing, "Petra Moss")
    await is_for_everybody(visitor)
    await visitor.open("/my/introductions")
    await is_for_everybody(visitor)
    await visitor.open("/my/access")
    await is_for_everybody(visitor)
    await reader.reads_mail(email)
    await reader.page.locator('main a[href*="answer=not_a_fit"]').first.click()
    await reader.fill("Somebody else to try, if you know one", "a")
    await reader.press("Look for this name")
    await reader.sees("Whom do you mean?")
    await is_for_everybody(reader)


# A suggestion after a gathering


async def came(site: Site, host: Member) -> tuple[UUID, Member]:
    """A gathering that is over, and somebody who came to it."""
    circle = await site.circle(host=host.id)
    began = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=3)
    gathering, member = await site.gathering(circle, starts_at=began), await site.member("Noa")
    booking = await add_booking(site.context, gathering, member.id)
    async with site.context.db.transaction() as tx:
        await tx.execute(
            "insert into attendance (booking_id, mark, marked_by) values ($1, 'came', $2)", booking, host.id
        )
    return gathering, member


async def test_a_look_at_the_directory_is_suggested_privately(visit: Visit, site: Site, live: bool) -> None:
    visitor, host = await as_host(visit, site, live=live)
    gathering, member = await came(site, host)
    await visitor.open(f"/host/gatherings/{gathering}/after")
    await visitor.follow("Suggest to Noa")
    await visitor.pick("A look at the directory")
    await visitor.fill("A few words, if you like", "You asked where to go on with this.")
    await visitor.button("Suggest it").dblclick()
    await visitor.reads("Afterwards")
    assert await site.ask("select count(*) from suggestions where person_id = $1", member.id) == 1

    reader = await visit(live=live, phone=True, calm=True)
    await reader.come_in(member)
    await reader.reads_mail(member.email)
    await reader.sees_not("You asked where")
    await reader.page.locator('main a[href$="/my/suggestions"]').first.click()
    await reader.sees("You asked where to go on with this.")
    if live:
        await is_for_everybody(reader)
    await reader.open("/my/access")
    await reader.sees("Farrah")
    await reader.open("/my/suggestions")
    await reader.follow("Help me choose")
    await reader.reads("Help me choose")

    before = await visitor.page.locator("main").inner_text()
    await reader.open("/my/suggestions")
    await reader.press("Remove it")
    await reader.is_told("It is removed. Nobody is told.")
    await visitor.open(f"/host/gatherings/{gathering}/after")
    after = await visitor.page.locator("main").inner_text()
    assert "You asked where" not in before + after
    await visitor.open("/my/suggestions")
    await visitor.sees("Nothing suggested")
    assert await mails(site, member.email) == 1
