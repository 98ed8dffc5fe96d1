"""An organizer changes how the community is called and looks: preview, publish, and back again."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.conftest import Visit
from tests.browser.site import Site

ACCENT = "rgb(29, 77, 122)"


async def test_settings_are_changed_with_a_preview_and_put_back(visit: Visit, site: Site) -> None:
    visitor, organizer = await visit(live=False, phone=True), await site.member("Orla", is_organizer=True)
    passer_by = await visit(live=True)
    await visitor.come_in(organizer)
    await visitor.open("/organize")
    await visitor.page.get_by_role("navigation", name="Organize").get_by_role("link", name="Settings").click()
    await visitor.press("See the preview")
    await visitor.sees("Nothing is different yet")
    await visitor.press("Publish")
    await visitor.is_told("Published. It is in force now.")

    await visitor.fill("Name of your community", "Circles of the lake")
    await visitor.fill("Links and buttons, by day", "#ffcc00")
    visitor.watch.allowed.add(422)
    await visitor.press("See the preview")
    await expect(visitor.problems).to_contain_text("The nearest color that passes is")
    await visitor.fill("Links and buttons, by day", "#1d4d7a")
    await visitor.press("See the preview")
    sample = visitor.page.get_by_role("region", name="By day")
    await expect(sample.get_by_role("link", name="a link")).to_have_css("color", ACCENT)
    await passer_by.open("/gatherings")
    await expect(passer_by.page.locator(".brand")).to_have_text("Circles")
    await visitor.button("Publish").dblclick()
    await visitor.is_told("Published. It is in force now.")
    await expect(visitor.page.locator(".brand")).to_have_text("Circles of the lake")
    await expect(visitor.page.locator(".nav-me a")).to_have_css("color", ACCENT)

    await visitor.follow("Earlier versions")
    await visitor.follow("Version 1")
    await visitor.follow("Put it back")
    await visitor.press("See the preview")
    await visitor.press("Publish")
    await expect(visitor.page.locator(".brand")).to_have_text("Circles")
    await expect(visitor.page.locator(".nav-me a")).not_to_have_css("color", ACCENT)
