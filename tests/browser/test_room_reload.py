"""A host's phone drops the page of the room while there is no network, and loads it again."""

from __future__ import annotations

import re
from uuid import UUID

from playwright.async_api import expect

from tests.browser.conftest import Visit
from tests.browser.site import Site, until
from tests.browser.test_room import cut, pressed, row_of, with_a_room
from tests.browser.visitor import Visitor

NAMES = ("Ada", "Bela", "Cleo", "I lip-read.")
NO_NETWORK = "There is no network right now."
# All that Cache Storage holds, as one text.
CACHED = """async () => {
  const found = [];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      found.push(request.url, await (await cache.match(request)).text());
    }
  }
  return found.join("\\n");
}"""
LEFT = """async () => ({
  caches: await caches.keys(),
  workers: (await navigator.serviceWorker.getRegistrations()).length,
  phone: Object.keys(localStorage).filter((key) => key.startsWith("room")),
  tab: Object.keys(sessionStorage),
})"""
NOTHING = {"caches": [], "workers": 0, "phone": [], "tab": []}


async def in_the_room(visit: Visit, site: Site) -> tuple[Visitor, UUID, dict[str, UUID]]:
    """A host at the room's page, which is ready to be loaded without a network."""
    visitor, gathering, bookings = await with_a_room(visit, site)
    await visitor.open(f"/host/gatherings/{gathering}/room")
    await expect(visitor.page.get_by_text("This page can be loaded again without it.")).to_be_visible()
    return visitor, gathering, bookings


async def mark_of(site: Site, booking: UUID) -> str | None:
    return await site.ask("select mark from attendance where booking_id = $1", booking)


async def test_a_reload_without_a_network_keeps_the_room(visit: Visit, site: Site) -> None:
    visitor, gathering, bookings = await in_the_room(visit, site)
    page = visitor.page
    await visitor.press("Start")
    await row_of(visitor, "Ada").get_by_role("button", name="Came").click()
    await expect(page.locator("#room-line")).to_have_text("Saved")
    await cut(visitor)
    await row_of(visitor, "Bela").get_by_role("button", name="Absent").click()
    await page.reload()
    await expect(page.get_by_text(NO_NETWORK)).to_be_visible()
    await visitor.sees("I lip-read.")
    await expect(pressed(visitor, "Ada", "came")).to_be_visible()
    await expect(pressed(visitor, "Bela", "absent")).to_be_visible()
    await visitor.sees("1 came")
    await expect(page.locator("#timer-name")).to_have_text("Arriving")
    await expect(page.locator("#timer-left")).to_have_text(re.compile(r"^4:\d\d$"))
    await row_of(visitor, "Cleo").get_by_role("button", name="Excused").click()
    await page.locator(".room-bar").get_by_role("button", name="Crisis card").click()
    card = page.locator("#crisis-card")
    await expect(card.get_by_role("link", name="Call or text 988, day or night")).to_be_visible()
    await card.get_by_role("button", name="Close the card").click()
    await page.reload()  # and once more: what was tapped in the shell is kept as well
    await expect(pressed(visitor, "Cleo", "excused")).to_be_visible()
    assert await mark_of(site, bookings["Cleo"]) is None
    await visitor.context.set_offline(False)
    await expect(page.get_by_text("The network is back.", exact=True)).to_be_visible()
    await expect(page.get_by_text(NO_NETWORK)).to_be_hidden()
    for name, mark in {"Ada": "came", "Bela": "absent", "Cleo": "excused"}.items():
        assert await mark_of(site, bookings[name]) == mark
    taps = "select count(*) from taps join bookings on bookings.id = booking_id where gathering_id = $1"
    assert await site.ask(taps, gathering) == 3
    await visitor.follow("Load the whole page")
    await expect(page.get_by_text("Keep this page open while you host the circle.")).to_be_visible()
    await expect(pressed(visitor, "Cleo", "excused")).to_be_visible()


async def test_names_are_kept_in_the_tab_alone(visit: Visit, site: Site) -> None:
    visitor, gathering, _ = await in_the_room(visit, site)
    await row_of(visitor, "Ada").get_by_role("button", name="Came").click()
    await expect(visitor.page.locator("#room-line")).to_have_text("Saved")
    held = await visitor.page.evaluate(CACHED)
    assert "/host/room-shell" in held
    assert "Crisis card" in held
    held += await visitor.page.evaluate("() => JSON.stringify(localStorage)")
    for private in (*NAMES, "Farrah", "meet.example.org"):
        assert private not in held, private
    await cut(visitor)
    other = await visitor.context.new_page()
    await other.goto(f"{site.address}/host/gatherings/{gathering}/room")
    await expect(other.get_by_text("This tab does not hold who is expected")).to_be_visible()
    await expect(other.get_by_role("button", name="Crisis card")).to_be_visible()
    for name in NAMES:
        await expect(other.get_by_text(name)).to_have_count(0)


async def test_signing_out_leaves_nothing(visit: Visit, site: Site) -> None:
    visitor, gathering, _ = await in_the_room(visit, site)
    await row_of(visitor, "Ada").get_by_role("button", name="Came").click()
    await expect(visitor.page.locator("#room-line")).to_have_text("Saved")
    await visitor.open("/me")
    assert "Ada" in await visitor.page.evaluate("() => JSON.stringify(sessionStorage)")
    await visitor.press("Sign out")
    await visitor.is_told("You are signed out.")
    assert await visitor.page.evaluate(LEFT) == NOTHING
    await visitor.open(f"/host/gatherings/{gathering}/room")
    await visitor.reads("Sign in")


async def test_closing_the_register_forgets_the_room(visit: Visit, site: Site) -> None:
    visitor, gathering, _ = await in_the_room(visit, site)
    async with site.context.db.transaction() as tx:
        await tx.execute(
            "update gatherings set starts_at = starts_at - interval '20 minutes', "
            "ends_at = ends_at - interval '20 minutes', wall_start = wall_start - interval '20 minutes' where id = $1",
            gathering,
        )
    await visitor.open(f"/host/gatherings/{gathering}/after")
    await visitor.press("Mark the rest absent and close")
    await visitor.sees("Closed: 0 came, 3 absent.")

    async def forgotten() -> bool:
        left = await visitor.page.evaluate(LEFT)
        return left["workers"] == 0 and left["tab"] == []

    await until(forgotten, "the room to be forgotten")


async def test_a_page_kept_too_long_is_not_shown(visit: Visit, site: Site) -> None:
    visitor, _, _ = await in_the_room(visit, site)
    await cut(visitor)
    await visitor.page.evaluate(
        """() => { for (const key of Object.keys(sessionStorage)) {
          const page = JSON.parse(sessionStorage.getItem(key));
          sessionStorage.setItem(key, JSON.stringify({ ...page, until: Date.now() - 1 }));
        } }"""
    )
    await visitor.page.reload()
    await visitor.sees("This tab does not hold who is expected")
    assert await visitor.page.evaluate("() => Object.keys(sessionStorage)") == []


async def test_a_new_worker_throws_away_what_an_old_one_kept(visit: Visit, site: Site) -> None:
    visitor, gathering, _ = await with_a_room(visit, site)
    await visitor.open("/host")
    old = f"{site.address}/static/circles.css?v=old"
    await visitor.page.evaluate(
        "async (old) => (await caches.open('room')).put(old, new Response('old'))", old
    )
    await visitor.open(f"/host/gatherings/{gathering}/room")
    await expect(visitor.page.get_by_text("This page can be loaded again without it.")).to_be_visible()

    async def gone() -> bool:
        return old not in await visitor.page.evaluate(CACHED)

    await until(gone, "the old file to go")
    assert "/host/room-shell" in await visitor.page.evaluate(CACHED)


async def test_no_other_page_is_answered_by_the_worker(visit: Visit, site: Site) -> None:
    visitor, gathering, _ = await in_the_room(visit, site)
    for path in (f"/host/gatherings/{gathering}", f"/host/gatherings/{gathering}/after", "/host", "/"):
        await visitor.open(path)
        assert await visitor.page.evaluate("() => navigator.serviceWorker.controller") is None, path
