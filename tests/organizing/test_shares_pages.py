"""What the community keeps: typed in every way, previewed, set for a day ahead, and told to facilitators."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from circles.base.errors import Refused
from circles.payments import shares
from circles.store.context import Context
from tests.cast import Cast
from tests.helpers import change, rows, value
from tests.payments.shares.helpers import Visit, visit

__all__ = ["visit"]

DEFAULT = "/organize/shares/community/USD"


def fields(context: Context, days: int = 10, **values: str) -> dict[str, str]:
    starts_on = shares.community_today(context) + timedelta(days=days)
    return {
        "kind": "terms",
        "percent": "20",
        "flat": "1",
        "starts_on": str(starts_on),
        "then": "preview",
    } | values


def hidden(text: str) -> dict[str, str]:
    """The hidden fields of the form."""
    return dict(re.findall(r'<input type="hidden" name="(basis|shown)" value="([^"]*)">', text))


@pytest.mark.parametrize(
    ("typed", "hundredths"),
    [
        ("20", 2000), ("20%", 2000), (" 12.5 % ", 1250), ("12,5", 1250), ("% 7", 700), (".5", 50), ("0", 0),
        ("100", 10000), ("20 percent", 2000), ("+5", 500), ("٢٠", 2000), ("12.50", 1250), ("7.25pct", 725),
    ],
)  # fmt: skip
def test_percent_as_people_type_it(typed: str, hundredths: int) -> None:
    assert shares.parse_percent(typed) == hundredths


@pytest.mark.parametrize(
    "typed", ["", "-5", "101", "100.01", "1.234", "a fifth", "20 €", "1 000", "1e2", "5%%", "9" * 200]
)
def test_what_is_no_percentage(typed: str) -> None:
    with pytest.raises(Refused):
        shares.parse_percent(typed)


async def test_terms_are_previewed_then_set_and_told(context: Context, cast: Cast, visit: Visit) -> None:
    page = await visit(cast.odile)
    preview = await page.post(DEFAULT, data=fields(context))
    assert "Of $40 the community keeps $9, and the facilitator gets $31." in preview.text
    assert await value(context, "select count(*) from share_terms") == 0
    form = fields(context, then="set") | hidden(preview.text)
    changed = await page.post(
        DEFAULT, data=form | {"percent": "30"}
    )  # other than what was shown: shown first
    assert "Of $40 the community keeps $13" in changed.text
    assert (await page.post(DEFAULT, data=form)).status_code == 303
    terms = await rows(context, "select circle_id, percent, flat, at_most from share_terms")
    assert [tuple(row) for row in terms] == [(None, 2000, 100, None)]
    mails = await rows(context, "select to_address, text_body from mails")
    assert [mail["to_address"] for mail in mails] == [
        "farid@example.org"
    ]  # of the one circle that takes money in USD
    assert "Tuesday group" in mails[0]["text_body"]
    assert "20% and $1 of each seat" in mails[0]["text_body"]
    text = (await (await visit(cast.farid)).get("/host/statements")).text
    assert "The community keeps everything." in text
    assert "20% and $1 of each seat" in text


async def test_every_reason_against_terms_and_what_was_typed(
    context: Context, cast: Cast, visit: Visit
) -> None:
    page = await visit(cast.odile)
    today = fields(context, 0, percent="120", flat="€3", at_most="many")
    refused = await page.post(DEFAULT, data=today)
    assert refused.status_code == 422
    for words in (
        "100% at most",
        "another currency",
        "plain number",
        'value="120"',
        'value="€3"',
        'value="many"',
    ):
        assert words in refused.text
    past = await page.post(DEFAULT, data=fields(context, 0))
    assert past.status_code == 422
    assert "from tomorrow" in past.text
    same = await page.post(DEFAULT, data=fields(context, kind="none"))
    assert "already" in same.text


async def test_terms_that_somebody_else_set_meanwhile(context: Context, cast: Cast, visit: Visit) -> None:
    page = await visit(cast.odile)
    preview = await page.post(DEFAULT, data=fields(context))
    form = fields(context, then="set") | hidden(preview.text)
    await change(
        context,
        "insert into share_terms (currency, percent, starts_at) values ('USD', 500, now() + interval '3 days')",
    )
    late = await page.post(DEFAULT, data=form)
    assert late.status_code == 422
    assert "Somebody else set terms meanwhile" in late.text
    again = form | hidden(late.text)
    assert (await page.post(DEFAULT, data=again)).status_code == 303


async def test_a_circle_has_its_own_terms_and_follows_the_default_again(
    context: Context, cast: Cast, visit: Visit
) -> None:
    page, path = await visit(cast.odile), f"/organize/shares/circles/{cast.circle}"
    for values in ({"percent": "10", "flat": ""}, {"kind": "none"}):
        days = 10 if values.get("percent") else 20
        empty = hidden((await page.get(path)).text)
        preview = await page.post(path, data=fields(context, days, **values) | empty)
        form = fields(context, days, then="set", **values) | hidden(preview.text)
        assert (await page.post(path, data=form)).status_code == 303
    terms = await rows(context, "select circle_id, percent from share_terms order by starts_at")
    assert [tuple(row) for row in terms] == [(cast.circle, 1000), (cast.circle, None)]
    assert "The default counts." in (await page.get(path)).text
    draft = await value(
        context, "update circles set state = 'draft' where id = $1 returning id", cast.other_circle
    )
    assert (await page.get(f"/organize/shares/circles/{draft}")).status_code == 404
