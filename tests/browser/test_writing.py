"""A host writes to those who are booked: from a template, looked at as mail, sent once, each in a mail of their own."""

from __future__ import annotations

import re
from uuid import UUID

from playwright.async_api import expect

from tests.browser.conftest import Visit
from tests.browser.journeys import as_host
from tests.browser.site import Member, Site, until
from tests.browser.visitor import Visitor
from tests.cast import add_booking

ANSWERS_TO = "desk@example.org"


async def with_two_booked(visit: Visit, site: Site, *, live: bool) -> tuple[Visitor, UUID, list[Member]]:
    """A host, a gathering of theirs, and two people with a seat at it."""
    visitor, host = await as_host(visit, site, live=live)
    gathering = await site.gathering(await site.circle(host=host.id))
    people = [await site.member(name) for name in ("Ada", "Bela")]
    for person in people:
        await add_booking(site.context, gathering, person.id, kind="paid", amount=4500)
    return visitor, gathering, people


async def mails(site: Site, people: list[Member]) -> int:
    """How many mails these people have, waiting or sent."""
    return await site.ask(
        "select count(*) from mails where kind = 'message' and to_address = any($1)",
        [each.email for each in people],
    )


async def test_from_a_template_to_a_mail_for_each(visit: Visit, site: Site, live: bool) -> None:
    visitor, gathering, (ada, bela) = await with_two_booked(visit, site, live=live)
    await visitor.open(f"/host/gatherings/{gathering}")
    await visitor.follow("Messages")
    await visitor.follow("Write a message")
    words = visitor.page.get_by_label("Your words", exact=True)
    await words.fill("I look forward to seeing you.")
    await visitor.press("What to bring")
    await expect(words).to_have_value(re.compile(r"^I look forward to seeing you\.\n\nA few things"))
    await visitor.fill("Answers go to", ANSWERS_TO)
    await visitor.press("Preview the mail")
    await visitor.reads("This is the mail")
    await visitor.sees("Nothing is sent yet.")
    shown = visitor.page.frame_locator("iframe").locator("body")
    await expect(shown).to_contain_text("Hello Ada")
    await expect(shown).to_contain_text("I look forward to seeing you.")
    assert await mails(site, [ada, bela]) == 0
    await visitor.button("Send it to 2 people").dblclick()
    await visitor.is_told("Your message is on its way to 2 people.")

    for person, other in ((ada, bela), (bela, ada)):
        await visitor.reads_mail(person.email)
        await visitor.sees(f"Hello {person.name}")
        await visitor.sees("something warm to sit in")
        await visitor.sees_not(other.name)
        await expect(visitor.page.locator("dl.facts").last).to_contain_text(ANSWERS_TO)
        assert await mails(site, [person]) == 1
    await visitor.open(f"/host/gatherings/{gathering}/messages")
    await visitor.sees("Farrah to 2 people")


async def test_to_one_person_from_their_line_in_the_roster(visit: Visit, site: Site) -> None:
    visitor, gathering, (ada, bela) = await with_two_booked(visit, site, live=False)
    await visitor.open(f"/host/gatherings/{gathering}")
    await visitor.follow(f"Write to {bela.name}")
    await visitor.fill("Your words", "You left your scarf here.")
    await visitor.fill("Answers go to", "")
    await visitor.press("Preview the mail")
    await visitor.sees("Nobody. The mail says so.")
    await visitor.press(f"Send it to {bela.name}")
    await visitor.is_told(f"Your message is on its way to {bela.name}.")

    async def there() -> bool:
        return await mails(site, [bela]) == 1

    await until(there, "the mail")
    assert await mails(site, [ada]) == 0


async def test_a_long_address_in_a_mail_is_a_link_and_breaks_nothing(visit: Visit, site: Site) -> None:
    """At 320 px, where an address from a map is three times as long as a line."""
    visitor, gathering, (ada, _) = await with_two_booked(visit, site, live=False)
    address = f"https://maps.example.org/place/{'Meetinghouse' * 12}?entry=ttu&g_ep=1"
    await visitor.open(f"/host/gatherings/{gathering}/messages/new")
    await visitor.fill("Your words", f"We meet here: {address}")
    await visitor.press("Preview the mail")
    await visitor.press("Send it to 2 people")
    mail = await site.mail_to(ada.email)
    await visitor.page.set_viewport_size({"width": 320, "height": 640})
    await visitor.open(f"/practice/mail/{mail}/html")
    await expect(visitor.page.get_by_role("link", name="Meetinghouse")).to_have_attribute("href", address)
    assert await visitor.page.evaluate("() => document.documentElement.scrollWidth") <= 320
