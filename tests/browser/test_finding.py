"""Somebody finds therapists: by filters set by hand, on a short list that is printed, and by five questions."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Locator, expect

from circles.directory.listing import words
from circles.directory.search import short_list_rules
from tests.browser.conftest import Visit
from tests.browser.site import Member, Site
from tests.browser.visitor import Visitor
from tests.directory.helpers import RIVER, add_listing

FEE, STATE = "A fee I can pay", "Where you are"


async def therapists(site: Site) -> None:
    """Three in Florida by telehealth under $80, one who costs more, and one who is licensed elsewhere."""
    for name in ("Ada Bay", "Bela Bay", "Cleo Bay"):
        await add_listing(site.context, name=name, letters="LMFT", sliding_floor=5_000)
    await add_listing(
        site.context, name="Dora Bay", fee_minimum=30_000, fee_maximum=30_000, sliding_floor=None
    )
    elsewhere = (replace(RIVER.licenses[0], area="GA"),)
    await add_listing(
        site.context,
        name="Ezra Bay",
        in_person=False,
        city="",
        zip="",
        sliding_floor=5_000,
        licenses=elsewhere,
    )


async def choose(visitor: Visitor, label: str, begins: str) -> None:
    """Choose the option that begins so. What it says there would be is what is found then."""
    select = visitor.page.get_by_label(label, exact=True)
    text = await select.locator("option", has_text=begins).first.inner_text()
    told = re.search(r"\(([0-9]+)\)$", text)
    assert told, text
    async with shown(visitor):
        await select.select_option(label=text)
    found = f"{told[1]} {'therapist' if told[1] == '1' else 'therapists'}"
    await expect(visitor.page.locator(".how-many")).to_contain_text(found)
    if visitor.live:
        await expect(visitor.page.get_by_role("status").filter(has_text=found)).to_have_count(1)


@asynccontextmanager
async def shown(visitor: Visitor) -> AsyncIterator[None]:
    """Choose inside; what is found then is there afterwards. With JavaScript every choice is looked up at once."""
    async with visitor.swapped():
        yield
        if not visitor.live:
            await visitor.press("Show")


async def show(visitor: Visitor) -> None:
    """Press Show, and what is found is there."""
    async with visitor.swapped():
        await visitor.press("Show")


async def put_one_on_the_list(visitor: Visitor) -> None:
    """The first of those found that is not on the short list yet."""
    async with visitor.swapped():
        await visitor.page.get_by_role("link", name="Add to my short list").first.click()


def names(visitor: Visitor) -> Locator:
    """The names on the cards, in their order."""
    return visitor.page.locator(".therapist-name a")


async def kept(site: Site, member: Member) -> int:
    return await site.ask("select count(*) from short_lists where person_id = $1", member.id)


async def pages(visitor: Visitor) -> int:
    """How many pages of paper this is, as most printers are set up."""
    await visitor.page.wait_for_load_state()
    margin: Any = dict.fromkeys(("top", "bottom", "left", "right"), "1.2cm")
    body = await visitor.page.pdf(format="Letter", margin=margin)
    return len(re.findall(rb"/Type\s*/Page\b", body))


async def test_three_in_florida_by_telehealth_under_80_dollars(visit: Visit, site: Site, live: bool) -> None:
    await therapists(site)
    visitor, member = await visit(live=live), await site.member("Nia")
    await visitor.come_in(member)
    await visitor.open("/therapists")
    await choose(visitor, STATE, "Florida")
    async with shown(visitor):
        await visitor.page.locator("label[for=f-how-telehealth]").click()
    await expect(visitor.page).to_have_url(re.compile("how=telehealth"))
    await choose(visitor, FEE, "$80 an hour")
    await visitor.fill("Words", "Bay")
    await show(visitor)
    await expect(names(visitor).filter(has_text="Bela Bay").first).to_be_visible()
    await visitor.sees_not("Dora Bay")
    await visitor.sees_not("Ezra Bay")
    chosen = (await names(visitor).all_inner_texts())[:3]
    for number in range(3):
        await put_one_on_the_list(visitor)
        await visitor.sees(f"Your short list has {number + 1}")
    await print_the_list(visitor, chosen)
    assert await kept(site, member) == 0
    await visitor.press("Save it in my account")
    await visitor.is_told("Your short list is kept in your account.")
    assert await kept(site, member) == 3
    await visitor.open("/therapists/short-list")
    for name in chosen:
        await visitor.sees(name)


async def print_the_list(visitor: Visitor, chosen: list[str]) -> None:
    """From the search to a sheet of paper: three names, three questions beside each."""
    await visitor.follow("Look at it")
    await visitor.reads("Your short list")
    listed = visitor.page.locator(".kept-one")
    await expect(listed).to_have_count(3)
    for name in chosen:
        await expect(listed.filter(has_text=name).first).to_be_visible()
    for question in words.QUESTIONS.values():
        await expect(listed.get_by_text(question, exact=True)).to_have_count(3)
    assert await pages(visitor) == 1


async def test_six_names_are_one_page_and_a_full_list_two(visit: Visit, site: Site) -> None:
    long: dict[str, Any] = {
        "name": "Bartholomea Featherstonehaugh-Montgomery",
        "letters": "PhD, LMFT, ATR-BC",
        "city": "Tallahassee",
    }
    codes = [
        short_list_rules.code(await add_listing(site.context, **long))
        for _ in range(short_list_rules.MAX_LISTINGS)
    ]
    visitor = await visit()
    for many, paper in ((3, 1), (6, 1), (12, 2)):
        await visitor.open(short_list_rules.url(codes[:many]))
        await expect(visitor.page.locator(".kept-one")).to_have_count(many)
        assert await pages(visitor) == paper


async def test_the_last_choice_of_a_fee_holds(visit: Visit, site: Site, live: bool) -> None:
    await therapists(site)
    visitor = await visit(live=live)
    await visitor.open("/therapists?state=FL")
    await visitor.fill("or another amount", "85")
    await show(visitor)
    await expect(visitor.page).to_have_url(re.compile("[?&]fee=85$"))
    await choose(visitor, FEE, "$60 an hour")
    await expect(visitor.page).to_have_url(re.compile("[?&]fee=60$"))
    await visitor.fill("or another amount", "much")
    await show(visitor)
    await visitor.sees("Please write a plain number")
    await visitor.fill("or another amount", "55.50")
    await show(visitor)
    await expect(visitor.page).to_have_url(re.compile("[?&]fee=55.50$"))
    await expect(visitor.page.get_by_label(FEE)).to_have_value("55.50")
    await expect(visitor.page.get_by_label("or another amount")).to_have_value("")
    await visitor.sees_not("Please write a plain number")


async def test_the_short_list_goes_with_one_to_a_page_and_back(visit: Visit, site: Site, live: bool) -> None:
    await therapists(site)
    visitor = await visit(live=live, phone=True)
    await visitor.open("/therapists?q=Bay&state=FL")
    await put_one_on_the_list(visitor)
    await visitor.sees("Your short list has 1 therapist.")
    await names(visitor).nth(1).click()
    await visitor.follow("Add to my short list")
    await visitor.reads("Your short list")
    await expect(visitor.page.locator(".kept-one")).to_have_count(2)
    await visitor.page.locator(".kept-one h2 a").first.click()
    await visitor.follow("See my short list")
    await visitor.follow("Find a therapist")
    await visitor.sees("Your short list has 2 therapists.")
    assert [each.get("name") for each in await visitor.context.cookies()] == (["zone"] if live else [])


async def test_five_questions_lead_to_three(visit: Visit, site: Site, live: bool) -> None:
    await therapists(site)
    visitor = await visit(live=live, phone=True)
    visitor.watch.allowed.add(422)
    await visitor.open("/therapists")
    await visitor.follow("Help me choose")
    await visitor.press("Show me three")
    await visitor.sees("Please say where you are")
    await visitor.page.get_by_label("State or country").select_option(label="Florida")
    await visitor.pick("By video or phone, from home")
    await visitor.pick("Trauma")
    await visitor.pick("Up to $80")
    await visitor.pick("The different sides in me")
    await visitor.page.get_by_role("button", name="Show me three").dblclick()
    await visitor.reads("Three you could write to")
    reasons = visitor.page.locator(".why")
    await expect(reasons).to_have_count(3)
    for why in await reasons.all_inner_texts():
        assert "Licensed in Florida, where you are, and meets by video or phone." in why
        assert "within $80" in why
    await visitor.press("Change my answers")
    await expect(visitor.page.get_by_role("checkbox", name="Trauma")).to_be_checked()
    await visitor.press("Show me three")
    await expect(reasons).to_have_count(3)
    address = urlsplit(visitor.page.url)
    assert (address.path, address.query, address.fragment) == ("/therapists/choose", "", "")
    await visitor.follow("Save them as a short list")
    await expect(visitor.page.locator(".kept-one")).to_have_count(3)
    assert "trauma" not in visitor.page.url.lower()
    await visitor.open("/therapists/choose")
    await expect(visitor.page.get_by_label("State or country")).to_have_value("")
    await expect(visitor.page.get_by_role("checkbox", name="Trauma")).not_to_be_checked()
