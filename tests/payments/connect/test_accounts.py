"""Accounts of facilitators: opened once whatever happens, followed at Stripe, restricted, of another country, gone."""

from __future__ import annotations

import asyncio
import json
import time
from uuid import UUID

import httpx
import pytest
from starlette.applications import Starlette

from circles.base.errors import Refused
from circles.payments import gateway
from circles.payments.connect import accounts, rules
from circles.practice.stripe import faults, webhooks
from circles.practice.stripe.connect import accounts as look_alike
from circles.practice.stripe.objects import ApiError
from circles.store import jobs
from circles.store.context import Context
from tests.cast import Cast
from tests.helpers import change, missing, value
from tests.payments import helpers as of_payments
from tests.payments.connect.helpers import connected, state_of, take_step
from tests.payments.helpers import Outcomes, count, with_stripe_unreachable

outcomes = of_payments.outcomes
ACCOUNTS = "practice_objects where kind = 'account'"


async def state(context: Context, person: UUID) -> str:
    return rules.account_state(await state_of(context, person), "US")


async def test_a_second_press_leads_to_the_same_account(
    context: Context, cast: Cast, outcomes: Outcomes
) -> None:
    first = await accounts.connect(context, cast.farid)
    second = await accounts.connect(context, cast.farid)
    assert first != second  # links are for one visit
    assert await count(context, ACCOUNTS) == 1
    assert await state(context, cast.farid) == "incomplete"
    told = await value(context, "select request::text from connect_accounts")
    assert "farid" not in told.lower()


@pytest.mark.parametrize("days", [0, 3])
async def test_an_answer_that_is_lost_leaves_one_account(
    context: Context, cast: Cast, outcomes: Outcomes, days: int
) -> None:
    """After a day Stripe has forgotten the key: the account is found by its metadata."""
    async with context.db.transaction() as tx:
        await faults.plan(tx, "create_account", "timeout", after_effect=True)
    with pytest.raises(Refused, match="unreachable"):
        await accounts.connect(context, cast.farid)
    assert await state(context, cast.farid) == "asked"
    await change(
        context,
        "update connect_accounts set called_at = now() - interval '5 minutes', "
        "created_at = created_at - make_interval(days => $1)",
        days,
    )
    if days:
        await change(context, "delete from practice_keys")
    await jobs.run_timetable(context, "payments.connect")
    await jobs.drain(context)
    assert await count(context, ACCOUNTS) == 1
    assert (await state_of(context, cast.farid))["stripe_id"]


async def test_two_presses_at_once_open_one(context: Context, cast: Cast, outcomes: Outcomes) -> None:
    await asyncio.gather(*(accounts.connect(context, cast.farid) for _ in range(4)))
    assert await count(context, ACCOUNTS) == 1
    assert await count(context, "connect_accounts") == 1


@pytest.mark.parametrize(
    ("step", "expected", "due"),
    [
        ("finish", "active", []),
        ("leave_out", "restricted", ["a document that shows who you are"]),
        ("other_country", "other_country", []),
        ("rejected", "rejected", ["a document that shows who you are"]),
    ],
)
async def test_each_end_of_the_onboarding_has_its_state(
    context: Context, cast: Cast, outcomes: Outcomes, step: str, expected: str, due: list[str]
) -> None:
    await connected(context, cast.farid, step)  # type: ignore[arg-type]
    assert await state(context, cast.farid) == expected
    assert rules.due_words((await state_of(context, cast.farid))["due"]) == due


async def test_a_restricted_account_is_told_once_and_discreetly(
    context: Context, cast: Cast, outcomes: Outcomes
) -> None:
    account = await connected(context, cast.farid)
    await take_step(context, account, "restrict")
    await take_step(context, account, "restrict")
    mails = await value(
        context, "select array_agg(subject || text_body) from mails where kind = 'payouts_restricted'"
    )
    assert len(mails) == 1
    assert "About your payouts" in mails[0]
    assert "a document that shows who you are" in mails[0]
    assert "circle" not in mails[0].lower().replace("circles.test", "").replace("circles", "")
    await take_step(context, account, "finish")
    assert await state(context, cast.farid) == "active"


async def test_what_stripe_will_need_is_told_before_it_stops_payments(
    context: Context, cast: Cast, outcomes: Outcomes
) -> None:
    """Stripe tells an account without a dashboard nothing: the community does."""
    account = await connected(context, cast.farid)
    await take_step(context, account, "ask_soon")
    await take_step(context, account, "ask_soon")
    assert await state(context, cast.farid) == "active"
    mails = await value(context, "select array_agg(text_body) from mails where kind = 'payouts_restricted'")
    assert len(mails) == 1
    assert not missing(mails[0], "a document that shows who you are", "goes on getting payments")
    assert "cannot get payments" not in mails[0]


async def test_nobody_sees_single_payments_at_stripe(
    context: Context, cast: Cast, outcomes: Outcomes
) -> None:
    """A dashboard would list them, and a payout each day would often be one. Stripe refuses a link to a dashboard."""
    await connected(context, cast.farid)
    account = await value(context, f"select body from {ACCOUNTS}")
    assert account["controller"]["stripe_dashboard"] == {"type": "none"}
    assert account["controller"]["requirement_collection"] == "application"
    assert account["settings"]["payouts"]["schedule"] == {
        "delay_days": 2,
        "interval": "monthly",
        "monthly_anchor": rules.PAYOUT_DAY,
    }
    assert "/practice/connect/link_" in await accounts.update_link(context, cast.farid)


async def test_the_look_alike_refuses_what_stripe_refuses_of_a_controller(context: Context) -> None:
    asked = rules.account_parameters(UUID(int=1), "US")
    with_dashboard = {**asked["controller"], "stripe_dashboard": {"type": "express"}}
    async with context.db.transaction() as tx:
        with pytest.raises(ApiError, match="dashboard must be"):
            await look_alike.create_account(tx, asked | {"controller": with_dashboard})
        theirs = await look_alike.create_account(
            tx, asked | {"controller": {**with_dashboard, "requirement_collection": "stripe"}}
        )
        link = {"account": theirs["id"], "type": "account_update", "return_url": "/", "refresh_url": "/"}
        with pytest.raises(ApiError, match="account_update"):
            await look_alike.create_account_link(tx, link, "https://circles.test")


def signed(context: Context, type: str, about: dict[str, str], account: str) -> tuple[bytes, str]:
    body = json.dumps(
        {
            "id": f"evt_{account}",
            "object": "event",
            "type": type,
            "account": account,
            "data": {"object": about},
        }
    ).encode()
    secret = gateway.connect_secret(context.settings)
    return body, webhooks.signature(secret, body, int(time.time()))


async def test_its_webhook_has_a_secret_of_its_own(
    context: Context, app: Starlette, cast: Cast, outcomes: Outcomes
) -> None:
    account = await connected(context, cast.farid)
    await jobs.drain(context)  # its own webhooks
    await change(
        context,
        "update practice_objects set body = body || '{\"payouts_enabled\": false}' where kind = 'account'",
    )
    body, signature = signed(context, "account.updated", {"id": account, "object": "account"}, account)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://circles.test"
    ) as client:
        headers = {"Stripe-Signature": signature}
        assert (await client.post("/webhooks/stripe", content=body, headers=headers)).status_code == 400
        answer = await client.post("/webhooks/stripe/connect", content=body, headers=headers)
        assert answer.status_code == 200
    await jobs.drain(context)
    assert await state(context, cast.farid) == "restricted"


async def test_events_of_an_account_move_nothing_of_ours(
    context: Context, app: Starlette, cast: Cast, outcomes: Outcomes
) -> None:
    """A connected account has checkouts and refunds of its own, of which we know nothing."""
    body, signature = signed(
        context, "checkout.session.completed", {"id": "cs_of_another"}, "acct_of_another"
    )
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://circles.test"
    ) as client:
        headers = {"Stripe-Signature": signature}
        answer = await client.post("/webhooks/stripe/connect", content=body, headers=headers)
        assert answer.status_code == 200
    assert await count(context, "stripe_events") == 1
    assert await count(context, "pgqueuer where entrypoint like 'payments.%'") == 0


async def test_who_leaves_at_stripe_gets_no_more_and_may_come_again(
    context: Context, cast: Cast, outcomes: Outcomes
) -> None:
    """Stripe answers 403 for such an account, as for a key without rights, which it is not."""
    account = await connected(context, cast.farid)
    await take_step(context, account, "left")
    assert await state(context, cast.farid) == "ended"
    assert await count(context, "stripe_alarms") == 0
    await accounts.connect(context, cast.farid)
    assert await count(context, ACCOUNTS) == 2
    assert await count(context, "connect_accounts where ended_at is null") == 1


async def test_who_disconnected_gets_the_same_account_again(
    context: Context, cast: Cast, outcomes: Outcomes
) -> None:
    await connected(context, cast.farid)
    await accounts.disconnect(context, cast.farid)
    assert await state(context, cast.farid) == "ended"
    await accounts.connect(context, cast.farid)
    assert await state(context, cast.farid) == "active"
    assert await count(context, ACCOUNTS) == 1


async def test_while_stripe_is_away_nothing_is_lost(context: Context, cast: Cast, outcomes: Outcomes) -> None:
    with pytest.raises(Refused, match="unreachable"):
        await accounts.connect(with_stripe_unreachable(context), cast.farid)
    await accounts.connect(context, cast.farid)
    assert await count(context, "connect_accounts") == 1


async def test_it_is_off_until_the_community_turns_it_on(context: Context, cast: Cast) -> None:
    off = context.settings.model_copy(update={"mode": "production"})
    assert off.connect_country == ""
    assert [reason.code for reason in rules.connect_refusals("", "none")] == ["off"]


async def test_joined_accounts_keep_one(context: Context, cast: Cast, outcomes: Outcomes) -> None:
    await connected(context, cast.farid)
    await connected(context, cast.fern)
    await change(
        context, "update connect_accounts set person_id = $1 where person_id = $2", cast.farid, cast.fern
    )
    assert await count(context, "connect_accounts where ended_at is null") == 1
