"""The look-alike's accounts, transfers and reversals have the shapes that Stripe's SDK declares."""

from __future__ import annotations

from uuid import UUID

import stripe

from circles.practice.stripe.connect import accounts as look_alike
from circles.practice.stripe.connect import transfers as look_alike_transfers
from circles.store.context import Context
from tests.cast import Cast
from tests.payments import helpers as of_payments
from tests.payments.connect.helpers import connected, take_step, terms
from tests.payments.helpers import Outcomes, paid_booking
from tests.practice.test_stripe_shapes import SHAPES, faults

booking, outcomes = of_payments.booking, of_payments.outcomes

OURS = SHAPES | {
    shape.OBJECT_NAME: shape
    for shape in (
        stripe.Account,
        stripe.AccountLink,
        stripe.Application,
        stripe.Transfer,
        stripe.TransferReversal,
    )
}


async def test_accounts_and_transfers(
    context: Context, cast: Cast, booking: UUID, outcomes: Outcomes
) -> None:
    await terms(context)
    account = await connected(context, cast.farid)
    await paid_booking(context, booking)
    async with context.db.transaction() as tx:
        transfer = await tx.fetchval("select id from practice_objects where kind = 'transfer'")
        await look_alike_transfers.create_reversal(tx, transfer, {"amount": "100"})
        links = [
            await look_alike.create_account_link(
                tx,
                {"account": account, "type": "account_onboarding", "return_url": "/", "refresh_url": "/"},
                "https://circles.test",
            ),
        ]
    await take_step(context, account, "left")
    async with context.db.reading() as tx:
        rows = await tx.fetch("select body from practice_objects where body ? 'object'")
    bodies = [row["body"] for row in rows] + links
    bodies += [body["data"]["object"] for body in bodies if body["object"] == "event"]
    for body in bodies:
        assert faults(body, OURS[body["object"]], body["object"]) == []
    assert {body["object"] for body in bodies} >= {"account", "transfer", "transfer_reversal", "application"}
