"""The look-alike is as strict as Stripe: its API, its idempotency, its errors, and its checkout page."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from circles.base import clock
from circles.payments import gateway, rules
from circles.practice.stripe import api
from circles.practice.stripe import checkouts as look_alike
from circles.practice.stripe.objects import ApiError
from circles.store.context import Context
from tests.cast import Cast
from tests.conftest import OpenBrowser
from tests.payments import helpers
from tests.payments.helpers import Outcomes, checkout, count, start, stripe_object

booking, outcomes = helpers.booking, helpers.outcomes

CHECKOUT = {
    "mode": "payment",
    "line_items[0][quantity]": "1",
    "line_items[0][price_data][currency]": "usd",
    "line_items[0][price_data][unit_amount]": "4500",
    "line_items[0][price_data][product_data][name]": "Tuesday group",
    "success_url": "http://circles.test/done",
    "cancel_url": "http://circles.test/stopped",
}


async def call(
    context: Context,
    method: str,
    path: str,
    form: dict[str, str] | None = None,
    *,
    key: str = "",
    bearer: str = gateway.PRACTICE_KEY,
) -> tuple[int, dict[str, Any]]:
    """One raw call to the look-alike, as any HTTP client would make it."""
    headers = {"Authorization": f"Bearer {bearer}"} | ({"Idempotency-Key": key} if key else {})
    transport = httpx.ASGITransport(app=api.build(context))
    async with httpx.AsyncClient(transport=transport, base_url="http://stripe.practice") as client:
        if method == "POST":
            answer = await client.post(path, data=form or {}, headers=headers)
        else:
            answer = await client.get(path, params=form, headers=headers)
    assert answer.headers["request-id"].startswith("req_")
    return answer.status_code, answer.json()


async def make(context: Context, **more: str) -> dict[str, Any]:
    status, body = await call(context, "POST", "/v1/checkout/sessions", CHECKOUT | more)
    assert status == 200, body
    return body


async def pay(context: Context, id: str, card: str = look_alike.GOOD_CARD) -> str:
    async with context.db.transaction() as tx:
        return await look_alike.pay(tx, id, card)


async def test_a_checkout_looks_like_stripes(context: Context) -> None:
    made = await make(context, client_reference_id="b1")
    assert made["id"].startswith("cs_test_")
    assert made["object"] == "checkout.session"
    assert (made["status"], made["payment_status"], made["payment_intent"]) == ("open", "unpaid", None)
    assert (made["amount_total"], made["currency"], made["client_reference_id"]) == (4500, "usd", "b1")
    assert made["url"] == f"http://circles.test/practice/checkout/{made['id']}"
    assert made["expires_at"] - made["created"] == 24 * 3600
    assert await call(context, "GET", f"/v1/checkout/sessions/{made['id']}") == (200, made)


async def test_a_payment_leaves_an_intent_a_refund_and_events(context: Context) -> None:
    made = await make(context)
    assert await pay(context, made["id"]) == "paid"
    _, done = await call(context, "GET", f"/v1/checkout/sessions/{made['id']}")
    assert (done["status"], done["payment_status"], done["url"]) == ("complete", "paid", None)
    _, intent = await call(context, "GET", f"/v1/payment_intents/{done['payment_intent']}")
    assert (intent["status"], intent["amount_received"]) == ("succeeded", 4500)
    status, refund = await call(
        context, "POST", "/v1/refunds", {"payment_intent": intent["id"], "amount": "500"}
    )
    assert (status, refund["status"], refund["amount"]) == (200, "succeeded", 500)
    assert (await call(context, "GET", f"/v1/refunds/{refund['id']}"))[1] == refund
    async with context.db.reading() as tx:
        events = await tx.fetch(
            "select id, body from practice_objects where kind = 'event' order by created_at"
        )
    assert [row["body"]["type"] for row in events] == [
        "checkout.session.completed",
        "refund.created",
        "charge.refunded",
    ]
    _, event = await call(context, "GET", f"/v1/events/{events[0]['id']}")
    assert event["data"]["object"] == done


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"custommer_email": "a@example.org"}, "custommer_email"),
        ({"payment_method_types[0]": "card"}, "payment_method_types"),  # gone since API 2026-09-30
        ({"line_items[0][price_data][product_data][nam]": "x"}, "line_items.0.price_data.product_data.nam"),
        ({"line_items[0][quantity]": "one"}, "line_items.0.quantity"),
        ({"expires_at": "soon"}, "expires_at"),
        ({"api_key": "sk_test_x"}, "api_key"),  # an option of the SDK, never a parameter
        ({"idempotency_key": "k"}, "idempotency_key"),
        ({"mode": "subscription"}, "mode"),
        ({"success_url": ""}, "success_url"),
        ({"line_items[0][price_data][unit_amount]": "49"}, None),
        ({"payment_intent_data[statement_descriptor_suffix]": "12345"}, None),
        ({"payment_intent_data[statement_descriptor_suffix]": "A*B"}, None),
        ({"payment_intent_data[statement_descriptor_suffix]": "A" * 23}, None),
    ],
)
async def test_what_stripe_would_refuse_is_refused(
    context: Context, more: dict[str, str], param: str | None
) -> None:
    status, body = await call(context, "POST", "/v1/checkout/sessions", CHECKOUT | more, key="k1")
    assert status == 400
    assert body["error"]["type"] == "invalid_request_error"
    if param:
        assert body["error"]["param"] == param
    assert await count(context, "practice_objects") == 0
    assert await count(context, "practice_keys") == 0, "a refused request does not use up its key"


@pytest.mark.parametrize(
    ("seconds", "status"),
    [(29 * 60, 400), (31 * 60, 200), (24 * 3600 - 60, 200), (24 * 3600 + 60, 400), (-5, 400)],
)
async def test_how_long_a_checkout_may_live(context: Context, seconds: int, status: int) -> None:
    end = int((clock.now() + timedelta(seconds=seconds)).timestamp())
    assert (await call(context, "POST", "/v1/checkout/sessions", CHECKOUT | {"expires_at": str(end)}))[
        0
    ] == status


async def test_our_parameters_are_those_the_sdk_knows(context: Context) -> None:
    parameters = rules.checkout_parameters(
        reference=(id := uuid4()),
        lines=[rules.Line(id, 4500)],
        currency="USD",
        name="Tuesday group",
        statement="Tuesday group",
        success_url="http://circles.test/a",
        cancel_url="http://circles.test/b",
        expires_at=clock.now() + timedelta(minutes=36),
    )
    snapshot = await gateway.create_checkout(context, parameters, "k1")
    assert (snapshot.status, snapshot.paid, snapshot.amount, snapshot.currency) == (
        "open",
        False,
        4500,
        "USD",
    )
    assert str(snapshot.reference) == parameters["client_reference_id"]


async def test_a_key_calls_once(context: Context) -> None:
    first = await call(context, "POST", "/v1/checkout/sessions", CHECKOUT, key="k1")
    assert await call(context, "POST", "/v1/checkout/sessions", CHECKOUT, key="k1") == first
    status, body = await call(
        context, "POST", "/v1/checkout/sessions", CHECKOUT | {"client_reference_id": "other"}, key="k1"
    )
    assert (status, body["error"]["type"]) == (400, "idempotency_error")
    assert (await call(context, "POST", "/v1/checkout/sessions", CHECKOUT, key="k2"))[1]["id"] != first[1][
        "id"
    ]


async def test_a_key_used_many_times_at_once_calls_once(context: Context) -> None:
    calls = (call(context, "POST", "/v1/checkout/sessions", CHECKOUT, key="k1") for _ in range(5))
    answers = await asyncio.gather(*calls)
    assert len({body["id"] for _, body in answers}) == 1
    assert await count(context, "practice_objects where kind = 'checkout'") == 1


async def test_a_refusal_stays_the_answer_to_its_key(context: Context) -> None:
    made = await make(context)
    await pay(context, made["id"])
    intent = (await stripe_object(context, made["id"]))["payment_intent"]
    too_much = {"payment_intent": intent, "amount": "5000"}
    first = await call(context, "POST", "/v1/refunds", too_much, key="k1")
    assert first[0] == 400
    assert await call(context, "POST", "/v1/refunds", too_much, key="k1") == first


async def test_no_more_is_refunded_than_was_paid(context: Context) -> None:
    made = await make(context)
    await pay(context, made["id"])
    back = {"payment_intent": (await stripe_object(context, made["id"]))["payment_intent"]}
    assert (await call(context, "POST", "/v1/refunds", back | {"amount": "4501"}))[0] == 400
    assert (await call(context, "POST", "/v1/refunds", back | {"amount": "0"}))[0] == 400
    assert (await call(context, "POST", "/v1/refunds", back | {"amount": "4000"}))[0] == 200
    assert (await call(context, "POST", "/v1/refunds", back | {"amount": "501"}))[0] == 400
    status, rest = await call(context, "POST", "/v1/refunds", back)
    assert (status, rest["amount"]) == (200, 500)
    status, body = await call(context, "POST", "/v1/refunds", back)
    assert (status, body["error"]["code"]) == (400, "charge_already_refunded")
    _, listed = await call(context, "GET", "/v1/refunds", back)
    assert [row["amount"] for row in listed["data"]] == [500, 4000]


async def test_only_an_open_checkout_can_be_ended(context: Context) -> None:
    made = await make(context)
    path = f"/v1/checkout/sessions/{made['id']}/expire"
    status, ended = await call(context, "POST", path)
    assert (status, ended["status"]) == (200, "expired")
    assert (await call(context, "POST", path))[0] == 400
    assert await pay(context, made["id"]) == "expired"
    paid = await make(context)
    await pay(context, paid["id"])
    assert (await call(context, "POST", f"/v1/checkout/sessions/{paid['id']}/expire"))[0] == 400


async def test_a_checkout_past_its_time_has_ended(context: Context) -> None:
    made = await make(context)
    await helpers.let_time_pass(context, "25 hours")
    assert await pay(context, made["id"]) == "expired"
    assert (await call(context, "GET", f"/v1/checkout/sessions/{made['id']}"))[1]["status"] == "expired"


@pytest.mark.parametrize(
    "path", ["checkout/sessions/cs_none", "payment_intents/pi_none", "refunds/re_none", "events/evt_none"]
)
async def test_unknown_objects_are_not_found(context: Context, path: str) -> None:
    status, body = await call(context, "GET", f"/v1/{path}")
    assert (status, body["error"]["code"]) == (404, "resource_missing")


@pytest.mark.parametrize("bearer", ["", "sk_test_guessed", "sk_live_x"])
async def test_another_secret_key_is_refused(context: Context, bearer: str) -> None:
    assert (await call(context, "POST", "/v1/checkout/sessions", CHECKOUT, bearer=bearer))[0] == 401


@pytest.mark.parametrize(
    ("status", "body", "raised"),
    [
        (500, b"{}", gateway.Unreachable),
        (503, b"<html>", gateway.Unreachable),
        (429, b'{"error": {"type": "invalid_request_error"}}', gateway.Unreachable),
        (409, b'{"error": {"type": "invalid_request_error"}}', gateway.Unreachable),
        (401, b'{"error": {"type": "invalid_request_error"}}', gateway.Unreachable),
        (200, b"not json", gateway.Unreachable),
        (400, b"<html>a proxy says no</html>", gateway.Unreachable),
        (400, b'{"error": {"type": "invalid_request_error", "code": "x"}}', gateway.RefusedByStripe),
        (402, b'{"error": {"type": "card_error", "code": "x"}}', gateway.RefusedByStripe),
    ],
)
async def test_only_a_refusal_in_stripes_own_words_is_a_refusal(
    context: Context,
    outcomes: Outcomes,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    body: bytes,
    raised: type[Exception],
) -> None:
    answer = httpx.MockTransport(lambda request: httpx.Response(status, content=body))
    monkeypatch.setattr(gateway, "_practice_transport", lambda context: answer)
    with pytest.raises(raised):
        await gateway.retrieve_checkout(context, "cs_1")


@given(
    st.recursive(
        st.text(min_size=1, max_size=5),
        lambda inner: (
            st.lists(inner, min_size=1, max_size=3)
            | st.dictionaries(st.from_regex("[a-z_]{1,6}", fullmatch=True), inner, min_size=1, max_size=3)
        ),
        max_leaves=8,
    )
)
def test_brackets_are_read_as_the_sdk_writes_them(value: Any) -> None:
    from urllib.parse import urlencode

    from stripe._encode import _api_encode

    given_ = {"p": value}
    assert api.unbracket(urlencode(list(_api_encode(given_)))) == given_


@pytest.mark.parametrize("text", ["a=1&a[b]=2", "a[b]=1&a[b][c]=2"])
def test_brackets_that_contradict_themselves(text: str) -> None:
    with pytest.raises(ApiError):
        api.unbracket(text)


async def test_the_checkout_page_names_itself_and_its_cards(
    context: Context, booking: UUID, outcomes: Outcomes, browser: OpenBrowser
) -> None:
    url = await start(context, booking)
    async with browser() as page:
        shown = (await page.get(url)).text
    assert "stands in for Stripe" in shown
    assert "$45" in shown
    assert "Tuesday group" in shown
    assert "First steps home" not in shown
    for card in ("4242 4242 4242 4242", "4000 0000 0000 0002", "4000 0000 0000 0077"):
        assert card in shown


async def test_paying_twice_pays_once(
    context: Context, booking: UUID, outcomes: Outcomes, browser: OpenBrowser
) -> None:
    url = await start(context, booking)
    async with browser() as page:
        first = await page.post(url, data={"card": "4242 4242 4242 4242", "do": "pay"})
        second = await page.post(url, data={"card": "4242 4242 4242 4242", "do": "pay"})
        back = await page.get(url)
    for answer in (first, second, back):
        assert (answer.status_code, answer.headers["location"]) == (303, f"/bookings/{booking}")
    assert await count(context, "practice_objects where kind = 'payment_intent'") == 1
    assert await count(context, "practice_objects where kind = 'event'") == 1


async def test_pressing_pay_in_two_tabs_at_once_pays_once(
    context: Context, booking: UUID, outcomes: Outcomes, browser: OpenBrowser
) -> None:
    url = await start(context, booking)
    async with browser() as page:
        await asyncio.gather(
            *(page.post(url, data={"card": "4242424242424242", "do": "pay"}) for _ in range(4))
        )
    assert await count(context, "practice_objects where kind = 'payment_intent'") == 1


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"card": "4000 0000 0000 0002", "do": "pay"}, "was declined"),
        ({"card": "4242 4242 4242 4242", "do": "decline"}, "was declined"),
        ({"card": "1234", "do": "pay"}, "only the cards listed"),
        ({"card": "", "do": "pay"}, "only the cards listed"),
    ],
)
async def test_a_card_that_does_not_go_through(
    context: Context, booking: UUID, outcomes: Outcomes, browser: OpenBrowser, form: dict[str, str], says: str
) -> None:
    url = await start(context, booking)
    async with browser() as page:
        answer = await page.post(url, data=form)
        assert answer.status_code == 422
        assert says in answer.text
        again = await page.post(url, data={"card": "4242424242424242", "do": "pay"})
    assert again.status_code == 303, "another card still goes through"


async def test_cancel_leads_back_and_leaves_the_checkout_open(
    context: Context, booking: UUID, outcomes: Outcomes, browser: OpenBrowser
) -> None:
    url = await start(context, booking)
    async with browser() as page:
        answer = await page.post(url, data={"card": "", "do": "cancel"})
    assert answer.headers["location"] == f"/bookings/{booking}/stopped"
    assert (await stripe_object(context, (await checkout(context, booking))["stripe_id"]))["status"] == "open"


async def test_the_page_of_a_checkout_that_has_ended(
    context: Context, booking: UUID, outcomes: Outcomes, browser: OpenBrowser
) -> None:
    url = await start(context, booking)
    await helpers.let_time_pass(context, "37 minutes")
    async with browser() as page:
        assert "This checkout has ended" in (await page.get(url)).text
        pressed = await page.post(url, data={"card": "4242424242424242", "do": "pay"})
        assert "This checkout has ended" in pressed.text
        assert (await page.get("/practice/checkout/cs_test_none")).status_code == 404
        assert (await page.post("/practice/checkout/cs_test_none", data={"do": "pay"})).status_code == 404
    assert await count(context, "practice_objects where kind = 'payment_intent'") == 0


async def test_the_practice_dashboard_does_what_stripes_own_does(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    made = await make(context)
    await pay(context, made["id"])
    _, session = await call(context, "GET", f"/v1/checkout/sessions/{made['id']}")
    intent = session["payment_intent"]

    async def press(do: str, id: str, value: str = "") -> str:
        async with browser(cast.odile) as page:
            data = {"do": do, "id": id, "value": value}
            assert (await page.post("/practice/stripe", data=data)).status_code == 303
            return (await page.get("/practice/stripe")).text

    async def only(kind: str) -> dict[str, Any]:
        _, listed = await call(context, "GET", f"/v1/{kind}s")
        return listed["data"][0]

    assert "The bank sends it back" in await press("refund", intent, "2250")
    await press("move", (await only("refund"))["id"], "failed")
    assert (await only("refund"))["status"] == "failed"
    assert "Won" in await press("dispute", intent)
    await press("decide", (await only("dispute"))["id"], "lost")
    assert (await only("dispute"))["status"] == "lost"
    assert "This page has no such button." in await press("fly", intent)
