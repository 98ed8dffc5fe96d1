"""The public page of a listing: the order of its parts, fees and insurance in words."""

from __future__ import annotations

import re
from html import unescape
from uuid import UUID

from circles.directory.listing.values import Way
from circles.directory.listing.words import QUESTIONS
from circles.store.context import Context
from tests.conftest import OpenBrowser
from tests.directory.helpers import add_listing
from tests.helpers import missing


async def words(browser: OpenBrowser, listing: UUID) -> str:
    """The text of the page, without its tags."""
    async with browser() as page:
        answer = await page.get(f"/therapists/{listing}")
    assert answer.status_code == 200
    text = re.sub(r"<[^>]+>", " ", answer.text.partition("<main")[2])
    return re.sub(r"\s+", " ", unescape(text))


async def test_the_three_answers_come_first(context: Context, browser: OpenBrowser) -> None:
    ways = (Way("ifs", "ifs_2", "A school"), Way("kap", "kap_trained", "Fluence", 2022), Way("act"))
    listing = await add_listing(context, ways=ways, answer_medicine="Both matter.")
    text = await words(browser, listing)
    first, second, third = QUESTIONS.values()
    assert f"{first} More than 10 people About thirty people since 2021. {second}" in text
    assert f"{second} IFS Level 2, A school · KAP training, Fluence {third} Both matter." in text
    assert text.index(third) < text.index("Licensed in Florida")


async def test_a_missing_answer_is_shown_as_missing(context: Context, browser: OpenBrowser) -> None:
    listing = await add_listing(context, ways=(), experience="", answer_experience="")
    assert (await words(browser, listing)).count("Not answered here. Ask when you talk.") == 3
    ways = (Way("emdr"), Way("other", school="Hakomi"))
    listing = await add_listing(context, ways=ways, experience="none", answer_experience="")
    text = await words(browser, listing)
    assert "EMDR and Hakomi, with no credential stated" in text
    assert f"{QUESTIONS['answer_experience']} Nobody yet {QUESTIONS['answer_training']}" in text


async def test_fees_are_shown_in_words(context: Context, browser: OpenBrowser) -> None:
    free = await add_listing(context, fee_minimum=0, fee_maximum=0, sliding_floor=None)
    assert "Fee Free of charge Meets" in await words(browser, free)
    down = await add_listing(context, sliding_floor=0)
    assert "Fee $150 to $300, sliding from nothing Meets" in await words(browser, down)
    flat = await add_listing(context, fee_minimum=15_000, fee_maximum=15_000, sliding_floor=None)
    assert "Fee $150 Meets" in await words(browser, flat)


async def test_a_place_keeps_its_capital_letters(context: Context, browser: OpenBrowser) -> None:
    listing = await add_listing(context, telehealth=False, in_person=True, city="Fort Myers")
    assert "Meets In person in Fort Myers, Florida Licensed" in await words(browser, listing)


async def test_insurance_codes_are_explained_where_they_can_be_used(
    context: Context, browser: OpenBrowser
) -> None:
    for insurance, superbills in ((True, False), (False, True)):
        listing = await add_listing(context, takes_insurance=insurance, gives_superbills=superbills)
        text = await words(browser, listing)
        assert not missing(text, "90834 , psychotherapy of about 45 minutes", "90837 , of about 60 minutes")
    neither = await add_listing(context, takes_insurance=False, gives_superbills=False)
    assert "90834" not in await words(browser, neither)
