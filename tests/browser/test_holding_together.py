"""Holding a circle with others: a helper is asked by mail and keeps the register alone, somebody stands in once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from playwright.async_api import expect

from tests.browser.conftest import Visit
from tests.browser.journeys import as_host
from tests.browser.site import Member, Site
from tests.browser.visitor import Visitor
from tests.cast import add_booking

OF_CIRCLE = ("edit", "guidelines", "screening", "apart", "room", "schedules/new", "run-sheet/edit")
OF_GATHERING = ("messages", "change", "cancel", "stand-in", "run-sheet/edit", "reflection")


async def says_yes(visitor: Visitor, person: Member, asked: str) -> None:
    """Somebody reads the mail, opens its link and accepts."""
    await visitor.come_in(person)
    await visitor.reads_mail(person.email, subject="an invitation to you")
    await visitor.page.locator('main a[href*="/host/invitations/"]').first.click()
    await visitor.sees(asked)
    await visitor.press("Yes, I will")


async def add_running_gathering(site: Site, host: Member) -> tuple[UUID, UUID]:
    """A circle, and a gathering of it that began ten minutes ago, with Ada booked."""
    circle = await site.circle(host=host.id)
    start = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=10)
    gathering = await site.gathering(circle, starts_at=start)
    ada = await site.member("Ada", pronouns="they/them")
    await add_booking(site.context, gathering, ada.id, kind="paid", amount=4500)
    return circle, gathering


async def test_a_helper_sees_the_register_and_nothing_else(visit: Visit, site: Site, live: bool) -> None:
    host, who = await as_host(visit, site, live=live)
    circle, gathering = await add_running_gathering(site, who)
    person = await site.member("Hale")
    await host.open(f"/host/circles/{circle}")
    await host.follow("Who hosts it")
    await host.fill("Their mail address", person.email)
    await host.pick("Helper")
    await host.press("Send the invitation")
    await host.is_told(f"Asked: {person.email}.")
    await host.sees("Asked, not answered yet")

    helper = await visit(live=live, phone=True)
    await says_yes(helper, person, "who keeps the register and changes nothing else")
    await helper.is_told("Welcome. You help to host")
    await expect(helper.link("Change the circle")).to_have_count(0)
    await helper.open("/host")
    await helper.page.locator(f'main a[href="/host/gatherings/{gathering}"]').first.click()
    async with helper.swapped():
        await helper.page.locator(".register-row").get_by_role("button", name="Came").click()
    await helper.sees("1 came")
    await expect(helper.link("Messages")).to_have_count(0)
    await expect(helper.link("Change this gathering")).to_have_count(0)
    helper.watch.allowed.add(404)
    closed = [f"/host/circles/{circle}/{page}" for page in OF_CIRCLE]
    closed += [f"/host/gatherings/{gathering}/{page}" for page in OF_GATHERING]
    for path in closed:
        assert (await helper.context.request.get(f"{site.address}{path}")).status == 404, path

    await host.reads_mail(who.email, subject="news for its hosts")
    await host.sees("Hale said yes to your invitation.")
    await host.open(f"/host/circles/{circle}/hosts")
    await host.page.get_by_role("link", name=f"Remove {person.name}").click()
    await host.sees(f"{person.name} no longer hosts")
    await host.button(f"Remove {person.name}").dblclick()
    await host.is_told("no longer hosts this circle")
    assert (await helper.open(f"/host/gatherings/{gathering}")).status == 404  # on the next request


async def test_somebody_stands_in_for_one_gathering(visit: Visit, site: Site) -> None:
    host, who = await as_host(visit, site, live=False)
    circle = await site.circle(host=who.id)
    gathering, next_one = await site.gathering(circle), await site.gathering(circle, days=14)
    person = await site.member("Stellan", is_facilitator=True)
    await host.open(f"/host/gatherings/{gathering}")
    await host.follow("Let somebody else host it")
    await host.fill("Their mail address", person.email)
    await host.page.get_by_role("button", name="Show what will happen").last.click()
    await host.sees("Nothing changes before they say yes")
    await host.press("Ask them")
    await host.is_told(f"Asked: {person.email}.")

    other = await visit(live=False)
    await says_yes(other, person, "host one gathering of")
    await other.is_told("Thank you. You host this gathering.")
    await other.sees("Stellan hosts this gathering.")
    other.watch.allowed.add(404)
    assert (await other.open(f"/host/gatherings/{next_one}")).status == 404
    await other.open(f"/gatherings/{gathering}")
    await other.sees("Stellan")
    mira = await site.member("Juno")
    await add_booking(site.context, gathering, mira.id)

    await host.open(f"/host/gatherings/{gathering}/stand-in")
    await host.follow("The usual hosts host it after all")
    await host.sees(f"Told by mail: {person.name}.")
    await host.press("The usual hosts host it")
    await host.is_told("hosts it. 2 people are being told.")
    assert (await other.open(f"/host/gatherings/{gathering}")).status == 404
