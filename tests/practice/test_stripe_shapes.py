"""The look-alike's objects have the shapes that Stripe's SDK declares: no key it lacks, no value of another type."""

from __future__ import annotations

import types
import typing
from typing import Any
from uuid import UUID

import pytest
import stripe
from stripe._stripe_object import UntypedStripeObject

from circles.practice.stripe import balance, disputes, payouts, refunds
from circles.practice.stripe import checkouts as look_alike
from circles.store.context import Context
from tests.payments import helpers
from tests.payments.helpers import Outcomes, checkout, start

booking, outcomes = helpers.booking, helpers.outcomes

SHAPES: dict[str, type] = {
    shape.OBJECT_NAME: shape
    for shape in (
        stripe.checkout.Session,
        stripe.PaymentIntent,
        stripe.Refund,
        stripe.Charge,
        stripe.Event,
        stripe.Dispute,
        stripe.BalanceTransaction,
        stripe.Payout,
        stripe.Balance,
    )
}


class _Names(dict[str, Any]):
    """The names that the SDK's annotations refer to, most of which it imports for type checkers alone."""

    def __missing__(self, name: str) -> Any:
        plain = name.removesuffix("Resource")
        for module, kind in ((stripe, plain), (stripe.issuing, plain.removeprefix("Issuing"))):
            if hasattr(module, kind):
                return getattr(module, kind)
        raise KeyError(name)


def _hints(shape: type) -> dict[str, Any]:
    return typing.get_type_hints(shape, localns=_Names())


def faults(value: Any, hint: Any, path: str) -> list[str]:
    """Where a JSON value differs from a type of the SDK."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return []
    if origin in (typing.Union, types.UnionType):
        return _union_faults(value, arguments, path)
    if origin is typing.Literal:
        return [] if value in arguments else [f"{path}: {value!r} is none of {arguments}"]
    if origin is list:
        if not isinstance(value, list):
            return [f"{path}: not a list"]
        return [line for i, item in enumerate(value) for line in faults(item, arguments[0], f"{path}[{i}]")]
    if origin is stripe.ListObject:
        return faults(value.get("data"), list[arguments[0]], f"{path}.data")  # type: ignore[valid-type]
    if origin in (dict, UntypedStripeObject):  # metadata, and other objects with keys of our own
        return [] if isinstance(value, dict) else [f"{path}: not an object"]
    if isinstance(hint, type) and issubclass(hint, stripe.StripeObject):
        return _object_faults(value, hint, path)
    return [] if type(value) is hint else [f"{path}: {value!r} is no {getattr(hint, '__name__', hint)}"]


def _union_faults(value: Any, arguments: tuple[Any, ...], path: str) -> list[str]:
    if any(typing.get_origin(argument) is typing.Literal for argument in arguments):
        # Beside the known words stands str, for those that Stripe adds later: the look-alike has no business with them.
        arguments = tuple(argument for argument in arguments if argument is not str)
    tries = [faults(value, argument, path) for argument in arguments if argument is not type(None)]
    if [] in tries or (value is None and type(None) in arguments):
        return []
    return tries[-1]


def _object_faults(value: Any, shape: type, path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: not an object"]
    hints = _hints(shape)
    lines = [f"{path}.{name}: the SDK has no such key" for name in value.keys() - hints.keys()]
    for name in value.keys() & hints.keys():
        lines += faults(value[name], hints[name], f"{path}.{name}")
    return lines


async def test_every_object_has_the_shape_that_the_sdk_declares(
    context: Context, booking: UUID, outcomes: Outcomes
) -> None:
    cards = (look_alike.DECLINED_CARD, look_alike.BANK_ACCOUNT)
    await start(context, booking)
    stripe_id = (await checkout(context, booking))["stripe_id"]
    async with context.db.transaction() as tx:
        assert [await look_alike.pay(tx, stripe_id, card) for card in cards] == ["declined", "pending"]
        await look_alike.decide(tx, stripe_id, succeeded=True)
        intent = (await look_alike.retrieve_checkout(tx, stripe_id))["payment_intent"]
        refund = await refunds.create_refund(tx, {"payment_intent": intent})
        await refunds.return_refund(tx, refund["id"])
        dispute = await disputes.open_dispute(tx, intent)
        await disputes.close_dispute(tx, dispute["id"], "won")
        await balance.adjust(tx, 500, "usd", "Goodwill")
        await balance.charge_fee(tx, 200, "usd", "Radar")
        (payout,) = await payouts.pay_out(tx, with_pending=True)
        await payouts.decide(tx, payout["id"], "failed")
        funds = await balance.retrieve_balance(tx)
        rows = await tx.fetch("select body from practice_objects where body ? 'object'")
    for row in rows:
        body = row["body"]
        shape = SHAPES[body["object"]]
        assert faults(body, shape, body["object"]) == []
        if body["object"] == "event":
            about = body["data"]["object"]
            assert faults(about, SHAPES[about["object"]], f"event about {about['object']}") == []
    assert faults(funds, stripe.Balance, "balance") == []
    assert {row["body"]["object"] for row in rows} >= {
        "balance_transaction",
        "dispute",
        "payout",
        "checkout.session",
        "payment_intent",
        "refund",
        "charge",
        "event",
    }


@pytest.mark.parametrize(
    ("shape", "body", "says"),
    [
        (stripe.Refund, {"id": "re_1", "amont": 3}, "no such key"),
        (stripe.Refund, {"amount": "3"}, "is no int"),
        (stripe.Charge, {"refunded": 0}, "is no bool"),
        (stripe.PaymentIntent, {"status": "paid"}, "is none of"),
        (stripe.PaymentIntent, {"payment_method_types": "card"}, "not a list"),
        (stripe.PaymentIntent, {"last_payment_error": {"type": "card_error", "cod": "x"}}, "no such key"),
        (stripe.checkout.Session, {"amount_total": 45.0}, "is no "),
    ],
)
def test_another_shape_is_noticed(shape: type, body: dict[str, Any], says: str) -> None:
    assert any(says in line for line in faults(body, shape, ""))
