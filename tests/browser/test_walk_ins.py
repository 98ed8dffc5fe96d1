"""Somebody comes without a booking while the host's phone has no network."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.conftest import Visit
from tests.browser.site import Site, until
from tests.browser.test_room import cut, row_of
from tests.browser.test_room_reload import in_the_room

ADDED = "select count(*) from walk_ins where gathering_id = $1"
PHONE = "() => JSON.stringify(localStorage)"


async def test_a_walk_in_without_a_network_is_sent_once(visit: Visit, site: Site) -> None:
    visitor, gathering, _ = await in_the_room(visit, site)
    page = visitor.page
    await cut(visitor)
    name = page.get_by_label("Somebody came without a booking")
    await name.fill("Noor")
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(row_of(visitor, "Noor")).to_contain_text("Not sent yet")
    await expect(name).to_have_value("")
    await visitor.sees("1 came")
    await page.reload()
    await expect(row_of(visitor, "Noor")).to_contain_text("Not sent yet")
    await visitor.sees("1 came")
    assert await site.ask(ADDED, gathering) == 0
    await visitor.context.set_offline(False)
    await expect(row_of(visitor, "Noor")).to_contain_text("Came without a booking")
    await expect(page.get_by_text("Not sent yet")).to_have_count(0)
    await visitor.sees("1 came")
    assert await site.ask(ADDED, gathering) == 1
    assert "Noor" not in await page.evaluate(PHONE)
    await cut(visitor)
    await row_of(visitor, "Noor").get_by_role("button", name="Left early").click()
    await visitor.sees("1 left early")
    await visitor.context.set_offline(False)
    await until(
        lambda: site.ask("select left_early from walk_ins where gathering_id = $1", gathering), "the mark"
    )
    async with page.expect_response("**/room/marks"):
        await page.evaluate("() => dispatchEvent(new Event('online'))")
    assert await site.ask(ADDED, gathering) == 1


async def test_a_full_room_asks_before_somebody_joins(visit: Visit, site: Site) -> None:
    visitor, gathering, _ = await in_the_room(visit, site)
    async with site.context.db.transaction() as tx:
        await tx.execute("update gatherings set capacity = 3, community_seats = 0 where id = $1", gathering)
    page = visitor.page
    name = page.get_by_label("Somebody came without a booking")
    for first in ("Noor", "Tove"):
        await name.fill(first)
        await page.get_by_role("button", name="Add", exact=True).click()
        await expect(row_of(visitor, first)).to_contain_text("All 3 seats are taken.")
    await visitor.sees("0 came")
    await row_of(visitor, "Tove").get_by_role("button", name="Leave it").click()
    await expect(row_of(visitor, "Tove")).to_have_count(0)
    await row_of(visitor, "Noor").get_by_role("button", name="Add all the same").click()
    await expect(row_of(visitor, "Noor")).to_contain_text("beyond the seats")
    await visitor.sees("1 came")
    assert await site.ask(ADDED, gathering) == 1
