"""Pages of somebody's account at Stripe, and what organizers see of accounts and of parts that did not move."""

from __future__ import annotations

from uuid import UUID

import pytest
from starlette.applications import Starlette

from circles import payments
from circles.practice.stripe.connect import transfers as look_alike_transfers
from circles.store import jobs
from circles.store.context import Context
from tests.cast import Cast
from tests.conftest import OpenBrowser
from tests.helpers import change, missing, value
from tests.payments import helpers as of_payments
from tests.payments.connect.helpers import connected, settle, take_step, terms
from tests.payments.helpers import Outcomes, paid_booking

booking, outcomes = of_payments.booking, of_payments.outcomes
PAGE = "/host/payouts"


async def test_from_the_first_press_to_an_account_that_gets_payments(
    context: Context, cast: Cast, browser: OpenBrowser, outcomes: Outcomes
) -> None:
    async with browser(cast.farid) as page:
        text = (await page.get(PAGE)).text
        assert not missing(
            text, "not connected", "Connect an account", "the community does not read your answers"
        )
        onboarding = (await page.post(f"{PAGE}/connect")).headers["Location"]
        assert onboarding.startswith("/practice/connect/link_")
        assert "Go on at Stripe" in (await page.get(PAGE)).text
        back = (await page.post(onboarding, data={"do": "finish"})).headers["Location"]
        assert back == f"{PAGE}?back=on"
        await jobs.drain(context)
        text = (await page.get(back)).text
        assert not missing(text, "connected", "goes straight to your account", "once a month")
        # The link was for one visit.
        again = (await page.get(onboarding)).headers["Location"]
        assert "That link was for one visit" in (await page.get(again)).text
        questions = (await page.post(f"{PAGE}/details")).headers["Location"]
        assert questions.startswith("/practice/connect/link_")
        assert (await page.get(questions)).status_code == 200


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (
            "leave_out",
            ["restricted", "a document that shows who you are", "Go on at Stripe", "owes it to you"],
        ),
        ("other_country", ["another country", "owes it to you", "Disconnect"]),
        ("rejected", ["closed by stripe", "only Stripe can say"]),
    ],
)
async def test_why_an_account_gets_nothing_is_said(
    context: Context, cast: Cast, browser: OpenBrowser, outcomes: Outcomes, step: str, words: list[str]
) -> None:
    await connected(context, cast.farid, step)  # pyright: ignore[reportArgumentType]
    async with browser(cast.farid) as page:
        assert not missing((await page.get(PAGE)).text, *words)
        answer = await page.post(f"{PAGE}/connect")
        assert answer.headers["Location"].startswith(PAGE) == (step in ("other_country", "rejected"))


async def test_disconnecting_says_what_it_means(
    context: Context, cast: Cast, browser: OpenBrowser, booking: UUID, outcomes: Outcomes
) -> None:
    await terms(context)
    await connected(context, cast.farid)
    await paid_booking(context, booking)
    await settle(context)
    async with browser(cast.farid) as page:
        text = (await page.get(f"{PAGE}/disconnect")).text
        assert not missing(text, "stays yours", "owes it to you")
        # With one payment at the account, its amount would be what that member paid.
        assert "$" not in text
        await page.post(f"{PAGE}/disconnect")
        assert not missing((await page.get(PAGE)).text, "disconnected", "Connect again")
        assert (await page.get(f"{PAGE}/disconnect")).status_code == 404


async def test_while_stripe_is_away_the_page_says_so(
    context: Context, app: Starlette, cast: Cast, browser: OpenBrowser, outcomes: Outcomes
) -> None:
    await change(
        context,
        "insert into practice_faults (target, fault, times) values ('create_account', 'timeout', 3)",
    )
    async with browser(cast.farid) as page:
        await page.post(f"{PAGE}/connect")
        assert "press the button again in a minute" in (await page.get(PAGE)).text


async def test_members_have_no_such_page(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.mira) as page:
        assert (await page.get(PAGE)).status_code == 404
        assert (await page.get("/organize/accounts")).status_code == 404


async def test_organizers_see_states_and_settle_what_did_not_move(
    context: Context, cast: Cast, browser: OpenBrowser, booking: UUID, outcomes: Outcomes
) -> None:
    await terms(context)
    account = await connected(context, cast.farid)
    await paid_booking(context, booking)
    await settle(context)
    async with context.db.transaction() as tx:
        await look_alike_transfers.empty(tx, account)
        await payments.refund(tx, booking, 4500, "by_member")
    await jobs.drain(context)
    await settle(context, times=1)
    await take_step(context, account, "restrict")
    operation = await value(context, "select id from connect_operations")
    form = f"/organize/accounts/parts/{operation}"
    async with browser(cast.odile) as page:
        text = (await page.get("/organize/accounts")).text
        assert not missing(
            text, "Farid", "restricted", account, "$36", "back from Farid", "tried again by itself"
        )
        assert "a document that shows who they are" in text
        assert not missing((await page.get(form)).text, "too little", "Members are not affected")
        refused = await page.post(form, data={"reason": ""})
        assert refused.status_code == 422
        assert "Please say what was done" in refused.text
        await page.post(form, data={"reason": "Paid back in cash."})
        assert "Parts that Stripe did not move" not in (await page.get("/organize/accounts")).text
        assert "settled already" in (await page.get((await page.get(form)).headers["Location"])).text
