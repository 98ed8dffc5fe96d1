"""A circle gets to know people before they come: what it asks, the request and its answer, the first booking."""

from __future__ import annotations

from uuid import UUID

from playwright.async_api import expect

from tests.browser.conftest import Visit
from tests.browser.journeys import as_host, choose
from tests.browser.site import Member, Site
from tests.browser.test_access import NARROW, too_wide
from tests.browser.visitor import PHONE, Visitor

FIRST, SECOND = "What brings you to this circle?", "Who is there for you between the evenings?"
GRIEF = "The grief for my father came up."
MORE = "Do you have somebody to call at night?"
KIND = "We think of you.\n\nThe room is too large for you just now; Ruth's small table may hold you better."


async def that_asks(visit: Visit, site: Site, *, live: bool) -> tuple[Visitor, Member, UUID]:
    """A host whose circle asks two questions, chosen on its page; and a gathering of it."""
    visitor, host = await as_host(visit, site, live=live)
    circle = await site.circle(host=host.id)
    await visitor.open(f"/host/circles/{circle}")
    await visitor.follow("Who comes")
    await visitor.pick("A few short questions")
    for number, question in enumerate((FIRST, SECOND, "", "", "", ""), start=1):
        await visitor.fill(f"Question {number}", question)
    await visitor.press("Save")
    await visitor.is_told("Saved.")
    return visitor, host, await site.gathering(circle)


async def asks_to_come(visit: Visit, site: Site, gathering: UUID, *, live: bool) -> tuple[Visitor, Member]:
    """Somebody at a phone who wants to book and sends a request instead."""
    visitor, member = await visit(live=live, phone=True), await site.member("Juno")
    await visitor.come_in(member)
    await visitor.open(f"/gatherings/{gathering}")
    await visitor.page.locator(f'main a[href="/gatherings/{gathering}/book"]').first.click()
    await visitor.reads("Before your first booking")
    await visitor.fill(FIRST, GRIEF)
    await visitor.fill(SECOND, "My sister.")
    await visitor.press("Send my request")
    await visitor.reads("Your request is with the hosts")
    return visitor, member


async def to_the_request(visitor: Visitor, host: Member, member: Member) -> None:
    """From the host's mail, which says nothing of what was written, to what was written."""
    await visitor.reads_mail(host.email)
    await visitor.sees("there is a request")
    await visitor.sees_not(GRIEF)
    await visitor.sees_not(member.name)
    await visitor.page.locator('main a[href*="/host/requests/"]').first.click()
    await visitor.sees(GRIEF)


async def from_the_mail(visitor: Visitor, member: Member, subject: str, says: str) -> None:
    """From the member's mail of this subject to their request."""
    await visitor.reads_mail(member.email, subject=subject)
    await visitor.sees(says)
    await visitor.page.locator('main a[href*="/my/requests/"]').first.click()


async def test_asked_once_more_then_welcome_and_booked(visit: Visit, site: Site, live: bool) -> None:
    host, who, gathering = await that_asks(visit, site, live=live)
    member, person = await asks_to_come(visit, site, gathering, live=live)
    await to_the_request(host, who, person)
    await host.fill("Your question", MORE)
    await host.press("Ask them")
    await host.is_told("Your question is on its way.")

    await from_the_mail(member, person, "a question for you", "one thing more")
    member.watch.allowed.add(422)
    await member.page.get_by_label(MORE).evaluate("field => field.removeAttribute('required')")
    await member.press("Send my answer")  # with nothing in it
    await expect(member.problems).to_be_visible()
    await member.fill(MORE, "My sister, at any hour.")
    await member.press("Send my answer")
    await member.reads("Your request is with the hosts")

    await host.open("/host/requests")
    await host.follow(person.name)
    await host.sees("My sister, at any hour.")
    await host.fill("A word of welcome", "We look forward to you.")
    await host.press("Welcome them")
    await host.is_told("They can book from now on")

    await from_the_mail(member, person, "an answer", "has been answered")
    await member.reads("You are welcome here")
    await member.sees("We look forward to you.")
    await member.follow("Book your seat")
    await choose(member)
    await member.sees("This page stands in for Stripe")
    assert await site.booked(person.id) == {"held": 1}


async def test_declined_with_kind_words_that_no_mail_repeats(visit: Visit, site: Site) -> None:
    host, who, gathering = await that_asks(visit, site, live=False)
    member, person = await asks_to_come(visit, site, gathering, live=False)
    await member.open("/my/gatherings")
    await member.sees("Your requests to hosts")
    await member.page.set_viewport_size(NARROW)
    assert await too_wide(member) == []
    await member.page.set_viewport_size(PHONE)
    await to_the_request(host, who, person)
    await host.page.get_by_role("main").locator("summary", has_text="Not this time").click()
    await host.fill("What they will read", KIND)
    await host.press("Send this answer")
    await host.is_told("Your answer is on its way.")

    await member.reads_mail(person.email)
    await member.sees("has been answered")
    await member.sees_not("We think of you.")
    await member.page.locator('main a[href*="/my/requests/"]').first.click()
    await member.reads("Not this time")
    await member.sees("We think of you.")
    await member.sees("Ruth's small table may hold you better.")
    await expect(member.link("Other circles")).to_be_visible()
    await member.open(f"/gatherings/{gathering}/book")
    await member.reads("Not this time")
    assert await site.booked(person.id) == {}
