"""The payout sheet, payouts that are noted by hand and taken back, and what facilitators read of them."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from python_calamine import CalamineWorkbook

from circles.base.errors import Refused
from circles.payments import shares
from circles.store.context import Context
from tests.cast import Cast, add_person
from tests.helpers import change, person, rows, value
from tests.payments.shares.helpers import Visit, close_months, pay_for, set_terms, visit

__all__ = ["visit"]

OWED = 20_000  # of $250, without a fifth


@pytest_asyncio.fixture
async def stated(context: Context, cast: Cast) -> AsyncIterator[str]:
    """Farid is due $200 by the statement of this month; the month's name in addresses."""
    await set_terms(context, None, 20_00)
    await pay_for(context, cast.gathering, [3000, 4000, 5000, 6000, 7000])
    await close_months(context)
    yield f"{shares.community_today(context):%Y-%m}"


def payout(
    cast: Cast, amount: int, context: Context, reason: str = "", to: UUID | None = None
) -> shares.Payout:
    today = shares.community_today(context)
    return shares.Payout(uuid4(), to or cast.farid, "USD", amount, today, "Check", "No. 7", reason)


async def due(context: Context, cast: Cast) -> int:
    async with context.db.reading() as tx:
        return (await shares.owed(tx, cast.farid, "USD")).due


async def test_sheet_as_page_csv_and_workbook(
    context: Context, cast: Cast, visit: Visit, stated: str
) -> None:
    await change(context, "update circles set name = '=1+1' where id = $1", cast.circle)
    page = await visit(cast.odile)
    text = (await page.get(f"/organize/payout-sheet?month={stated}")).text
    assert "Farid" in text
    assert "$200" in text
    lines = (await page.get(f"/organize/payout-sheet.csv?month={stated}")).text.splitlines()
    assert lines[1] == "Farid,farid@example.org,USD,200,0,200,'=1+1"
    book = CalamineWorkbook.from_filelike(
        io.BytesIO((await page.get(f"/organize/payout-sheet.xlsx?month={stated}")).content)
    )
    assert book.get_sheet_by_index(0).to_python()[1][2:6] == ["USD", 200.0, 0.0, 200.0]
    assert (await page.get("/organize/payout-sheet?month=1999-01")).status_code == 404
    assert (await (await visit(cast.farid)).get("/organize/payout-sheet")).status_code == 404


async def test_a_payout_is_noted_told_and_taken_back(
    context: Context, cast: Cast, visit: Visit, stated: str
) -> None:
    page, path = await visit(cast.odile), f"/organize/payout-sheet/{cast.farid}/USD"
    assert 'value="200"' in (await page.get(path)).text
    today = shares.community_today(context)
    form = {
        "id": str(uuid4()),
        "amount": "$200.00",
        "paid_on": str(today),
        "way": "Check",
        "reference": "No. 7",
    }
    refused = await page.post(
        path, data=form | {"amount": "200,01", "paid_on": str(today + timedelta(days=1))}
    )
    assert refused.status_code == 422
    assert "Only $200 is due now" in refused.text
    assert "still to come" in refused.text
    assert 'value="200,01"' in refused.text
    assert (await page.post(path, data=form)).status_code == 303
    assert (await page.post(path, data=form)).status_code == 303  # twice, and noted once
    assert await rows(context, "select amount from hand_payouts") == [(OWED,)]
    assert await due(context, cast) == 0
    mail = (await rows(context, "select subject, text_body from mails order by created_at desc limit 1"))[0]
    assert mail["subject"] == "A payout to you was noted"
    assert "$200 was paid to you" in mail["text_body"]
    assert "No. 7" in (await (await visit(cast.farid)).get("/host/statements")).text
    noted = await value(context, "select id from hand_payouts")
    back = f"/organize/payout-sheet/payouts/{noted}"
    assert (await page.post(back, data={"id": str(uuid4()), "reason": " "})).status_code == 422
    assert (await page.post(back, data={"id": str(uuid4()), "reason": "It bounced"})).status_code == 303
    assert (await page.get(back)).status_code == 404
    assert await due(context, cast) == OWED
    assert await value(context, "select sum(amount) from ledger_lines where account = 'bank'") == 0


async def test_two_payouts_at_once_pay_no_more_than_is_due(context: Context, cast: Cast, stated: str) -> None:
    odile = await person(context, cast.odile)
    both = await asyncio.gather(
        *(shares.note_payout(context, odile, payout(cast, OWED, context)) for _ in range(2)),
        return_exceptions=True,
    )
    assert [type(one) for one in both if one is not True] == [Refused]
    assert await due(context, cast) == 0


async def test_more_than_is_due_needs_a_reason_and_carries_over(
    context: Context, cast: Cast, visit: Visit, stated: str
) -> None:
    odile = await person(context, cast.odile)
    assert await shares.note_payout(context, odile, payout(cast, OWED + 500, context, "Rounded up"))
    text = (await (await visit(cast.farid)).get("/host/statements")).text
    assert "You have had $5 more than your part" in text
    assert (
        "$5</span> more was paid than was due"
        in (await (await visit(cast.odile)).get(f"/organize/payout-sheet/{cast.farid}/USD")).text
    )


async def test_nobody_notes_a_payout_to_themselves_beside_another_organizer(
    context: Context, cast: Cast, stated: str
) -> None:
    await change(context, "update people set is_organizer = true where id = $1", cast.farid)
    farid = await person(context, cast.farid)
    with pytest.raises(Refused) as refused:
        await shares.note_payout(context, farid, payout(cast, 100, context))
    assert refused.value.codes == {"payout_own"}
    await change(context, "update people set is_organizer = false where id = $1", cast.odile)
    assert await shares.note_payout(context, farid, payout(cast, 100, context))
    assert await value(context, "select after from events where what = 'payout.noted'") == "to_oneself"


async def test_nothing_is_noted_for_somebody_who_never_was_owed(
    context: Context, cast: Cast, visit: Visit, stated: str
) -> None:
    page = await visit(cast.odile)
    for path in (f"{cast.mira}/USD", f"{cast.farid}/XTS", "nobody/USD"):
        assert (await page.get(f"/organize/payout-sheet/{path}")).status_code == 404


async def test_a_statement_is_its_facilitators_alone(
    context: Context, cast: Cast, visit: Visit, stated: str
) -> None:
    mine, theirs = await visit(cast.farid), await visit(cast.fern)
    page = (await mine.get(f"/host/statements/{stated}")).text
    for words in ("First steps home", "$250", "$50", "$200"):
        assert words in page
    assert "Member" not in page
    csv = (await mine.get(f"/host/statements/{stated}.csv")).text.splitlines()
    assert csv[1] == f"{stated},First steps home,by card,USD,5,250,,50,200,0,0,200"
    assert csv[-1] == f"{stated},Due at the end,,USD,,,,,,,,200"
    for path in (stated, "2001-01", "soon"):
        assert (await theirs.get(f"/host/statements/{path}")).status_code == 404
    assert (await mine.get("/host/statements")).text.count("$200") >= 1


async def test_what_waits_is_shown_as_a_sentence_without_an_amount(
    context: Context, cast: Cast, visit: Visit
) -> None:
    await set_terms(context, None, 20_00)
    await pay_for(context, cast.gathering, [3111])
    await close_months(context)
    text = (await (await visit(cast.farid)).get("/host/statements")).text
    assert "waits for a later statement" in text
    assert "31.11" not in text
    assert "24.89" not in text
    month = f"{shares.community_today(context):%Y-%m}"
    assert (await (await visit(cast.farid)).get(f"/host/statements/{month}")).status_code == 404
    organizers = await (await visit(cast.odile)).get(f"/organize/payout-sheet/{cast.farid}/USD")
    assert "$24.89</span> is in no statement yet" in organizers.text


async def test_joined_accounts_share_what_is_owed(context: Context, cast: Cast, stated: str) -> None:
    other = await add_person(context, "Farid Too", is_facilitator=True)
    await value(context, "select merge_people($1, $2)", other, cast.farid)
    async with context.db.reading() as tx:
        assert (await shares.owed(tx, other, "USD")).due == OWED
    odile = await person(context, cast.odile)
    assert await shares.note_payout(context, odile, payout(cast, OWED, context, to=other))


async def test_what_is_owed_to_an_erased_account_can_be_noted(
    context: Context, cast: Cast, stated: str
) -> None:
    """The amounts stay; nothing is mailed."""
    await change(context, "update people set email = id || '@gone.invalid' where id = $1", cast.farid)
    mails = await value(context, "select count(*) from mails")
    odile = await person(context, cast.odile)
    assert await shares.note_payout(context, odile, payout(cast, OWED, context))
    assert await value(context, "select count(*) from mails") == mails
