"""A concern about a facilitator, raised by a member and answered by an organizer."""

from __future__ import annotations

import pytest

from tests.browser.conftest import PHONE_AND_DESKTOP, Visit
from tests.browser.site import Site
from tests.cast import add_booking


@pytest.mark.parametrize(("live", "phone"), PHONE_AND_DESKTOP)
async def test_a_concern_about_a_facilitator(visit: Visit, site: Site, live: bool, phone: bool) -> None:
    host = await site.member("Fabian", is_facilitator=True)
    circle = await site.circle(host=host.id, name=f"An evening that hurt {live}")
    member, organizer = await site.member("Nele"), await site.member("Orla", is_organizer=True)
    await add_booking(site.context, await site.gathering(circle, days=7), member.id)
    writer, reader = await visit(live=live, phone=phone), await visit(live=live, phone=phone)
    await writer.come_in(member)
    await writer.open(f"/facilitators/{host.id}")
    await writer.follow("Tell the organizers something about Fabian")
    await writer.fill("What you want to say", "He told others what I had said.")
    await writer.button("Send it").dblclick()
    await writer.is_told("you get an answer by")
    await writer.page.get_by_role("link", name="About Fabian").click()
    await writer.sees("Fabian does not learn of it.")

    await reader.come_in(organizer)
    await reader.reads_mail(organizer.email)
    await reader.sees("Somebody wrote to you.")
    await reader.open("/organize/concerns")
    await reader.page.get_by_role("link", name="About Fabian").first.click()
    await reader.sees("He told others what I had said.")
    await reader.fill("What you tell them", "We talked with him, and somebody else leads next week.")
    await reader.button("Send the answer").dblclick()
    await reader.sees("Answered")

    await writer.reads_mail(member.email)
    await writer.sees("There is an answer for you")
    await writer.open("/my/concerns")
    await writer.page.get_by_role("link", name="About Fabian").click()
    await writer.sees("We talked with him, and somebody else leads next week.")

    theirs = await visit(live=live, phone=phone)
    await theirs.come_in(host)
    await theirs.open("/my/concerns")
    await theirs.sees("Nothing yet")
