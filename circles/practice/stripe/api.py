"""The look-alike's API as Stripe's SDK calls it: form-encoded, with a secret key, idempotency, Stripe's errors.

Parameters are checked strictly against the SDK's own parameter types, so that a misspelled or misplaced
parameter fails here as it would at Stripe.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from circles import payments
from circles.practice.stripe import balance, checkouts, disputes, faults, objects, payouts, refunds
from circles.practice.stripe.connect import accounts, transfers
from circles.practice.stripe.faults import BrokenCall
from circles.practice.stripe.objects import ApiError, Object, Params
from circles.store import db
from circles.store.context import Context

if TYPE_CHECKING:
    import httpx

SQL = db.queries("practice/stripe")

# The status by which the transport learns that an answer is to be lost; no server sends it.
LOST = 599

# The function of a call: in a transaction, with the checked parameters and the id in its path.
Call = Callable[[db.Tx, Params, str], Awaitable[Object]]


def transport(context: Context) -> httpx.AsyncBaseTransport:
    """The transport by which the gateway reaches the look-alike inside this process, with its timeouts."""
    import httpx

    class Transport(httpx.ASGITransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            wait = request.extensions.get("timeout", {}).get("read")
            try:
                answer = await asyncio.wait_for(super().handle_async_request(request), wait)
            except TimeoutError:
                raise httpx.ReadTimeout("the answer takes too long", request=request) from None
            if answer.status_code == LOST:
                raise httpx.ReadTimeout("there is no answer", request=request)
            return answer

    return Transport(app=build(context))


def build(context: Context) -> Starlette:
    """The API over the database of a context."""
    return Starlette(
        routes=[
            Route(path, _endpoint(context, name, call), methods=[method])
            for method, path, name, call in _calls(context.settings.base_url)
        ]
    )


def _calls(address: str) -> list[tuple[str, str, str, Call]]:
    """The calls: method, path, name (that of its parameters in the gateway, and of its faults), function."""
    return [
        *_checkout_calls(address),
        _retrieval("payment_intent", "/v1/payment_intents"),
        _retrieval("charge", "/v1/charges"),
        ("POST", "/v1/refunds", "create_refund", lambda tx, params, _: refunds.create_refund(tx, params)),
        ("GET", "/v1/refunds", "list_refunds", lambda tx, params, _: refunds.list_refunds(tx, params)),
        _retrieval("refund", "/v1/refunds"),
        ("GET", "/v1/disputes", "list_disputes", lambda tx, params, _: disputes.list_disputes(tx, params)),
        _retrieval("dispute", "/v1/disputes"),
        (
            "POST",
            "/v1/disputes/{id}",
            "update_dispute",
            lambda tx, params, id: disputes.update(tx, id, params),
        ),
        ("POST", "/v1/disputes/{id}/close", "close_dispute", lambda tx, _, id: disputes.accept(tx, id)),
        _retrieval("event", "/v1/events"),
        *_balance_calls(),
        *_account_calls(address),
        *_transfer_calls(),
    ]


def _account_calls(address: str) -> list[tuple[str, str, str, Call]]:
    one = "/v1/accounts/{id}"
    return [
        (
            "POST",
            "/v1/accounts",
            "create_account",
            lambda tx, params, _: accounts.create_account(tx, params),
        ),
        ("GET", "/v1/accounts", "list_accounts", lambda tx, params, _: accounts.list_accounts(tx, params)),
        ("GET", one, "retrieve_account", lambda tx, _, id: accounts.retrieve_account(tx, id)),
        (
            "POST",
            "/v1/account_links",
            "create_account_link",
            lambda tx, params, _: accounts.create_account_link(tx, params, address),
        ),
    ]


def _transfer_calls() -> list[tuple[str, str, str, Call]]:
    reversals = "/v1/transfers/{id}/reversals"
    return [
        (
            "POST",
            "/v1/transfers",
            "create_transfer",
            lambda tx, params, _: transfers.create_transfer(tx, params),
        ),
        (
            "GET",
            "/v1/transfers",
            "list_transfers",
            lambda tx, params, _: transfers.list_transfers(tx, params),
        ),
        _retrieval("transfer", "/v1/transfers"),
        (
            "POST",
            reversals,
            "create_reversal",
            lambda tx, params, id: transfers.create_reversal(tx, id, params),
        ),
        ("GET", reversals, "list_reversals", lambda tx, _, id: transfers.list_reversals(tx, id)),
    ]


def _balance_calls() -> list[tuple[str, str, str, Call]]:
    return [
        ("GET", "/v1/balance", "retrieve_balance", lambda tx, _, id: balance.retrieve_balance(tx)),
        (
            "GET",
            "/v1/balance_transactions",
            "list_balance_transactions",
            lambda tx, params, _: payouts.list_transactions(tx, params),
        ),
        (
            "GET",
            "/v1/balance_transactions/{id}",
            "retrieve_balance_transaction",
            lambda tx, _, id: balance.retrieve_transaction(tx, id),
        ),
        ("GET", "/v1/payouts", "list_payouts", lambda tx, params, _: payouts.list_payouts(tx, params)),
        _retrieval("payout", "/v1/payouts"),
    ]


def _checkout_calls(address: str) -> list[tuple[str, str, str, Call]]:
    return [
        (
            "POST",
            "/v1/checkout/sessions",
            "create_checkout",
            lambda tx, params, _: checkouts.create_checkout(tx, params, address),
        ),
        (
            "GET",
            "/v1/checkout/sessions/{id}",
            "retrieve_checkout",
            lambda tx, _, id: checkouts.retrieve_checkout(tx, id),
        ),
        (
            "POST",
            "/v1/checkout/sessions/{id}/expire",
            "expire_checkout",
            lambda tx, _, id: checkouts.expire_checkout(tx, id),
        ),
        (
            "GET",
            "/v1/payment_intents/search",
            "search_payment_intents",
            lambda tx, params, _: objects.search(tx, "payment_intent", params),
        ),
    ]


def _retrieval(kind: str, path: str) -> tuple[str, str, str, Call]:
    return "GET", f"{path}/{{id}}", f"retrieve_{kind}", lambda tx, _, id: objects.retrieve(tx, kind, id)


def _endpoint(context: Context, name: str, call: Call) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        body = await request.body()
        headers = {"Request-Id": f"req_{secrets.token_hex(8)}"}
        async with context.db.reserved.transaction() as tx:
            fault = await faults.take(tx, name, "*")
        try:
            _check_secret(request)
            status, answer = await faults.call_with(
                fault, lambda: _answer(context, name, call, request, body)
            )
        except ApiError as error:
            status, answer = error.status, error.body
        except BrokenCall as broken:
            status, answer = broken.status or LOST, broken.body
        return JSONResponse(answer, status_code=status, headers=headers)

    return endpoint


def _check_secret(request: Request) -> None:
    given = request.headers.get("authorization", "").encode()
    if not hmac.compare_digest(given, f"Bearer {payments.PRACTICE_KEY}".encode()):
        raise ApiError("Invalid API Key provided.", status=401, kept=False)


async def _answer(
    context: Context, name: str, call: Call, request: Request, body: bytes
) -> tuple[int, Object]:
    """Make one call in one transaction. A call with a key that was answered before gets the same answer."""
    text = body.decode() if request.method == "POST" else request.url.query
    key = request.headers.get("idempotency-key", "") if request.method == "POST" else ""
    digest = hashlib.sha256(f"{request.url.path}?{'&'.join(sorted(text.split('&')))}".encode()).digest()
    async with context.db.reserved.transaction() as tx:
        if key and not await SQL.claim_key(tx, key=key, request_sha256=digest):
            return _repeated(await SQL.answer_of(tx, key=key), digest)
        try:
            params = checked(name, unbracket(text))
            async with tx.transaction():  # whatever a call did that is refused is undone
                made = await call(tx, params, request.path_params.get("id", ""))
            status, answer = 200, await objects.expand(tx, made, params.get("expand", []))
        except ApiError as error:
            if not error.kept:
                raise
            status, answer = error.status, error.body
        if key:
            await SQL.keep_answer(tx, key=key, status=status, answer=answer)
        return status, answer


def _repeated(stored: Any, digest: bytes) -> tuple[int, Object]:
    if stored["request_sha256"] != digest:
        raise ApiError(
            "Keys can only be used with the same parameters they were first used with.",
            type="idempotency_error",
            kept=False,
        )
    return stored["status"], stored["answer"]


def unbracket(text: str) -> Params:
    """Read Stripe's form encoding: `a[b][0][c]=1` is {"a": {"b": [{"c": "1"}]}}. Raises ApiError."""
    root: Params = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        *path, last = name.replace("]", "").split("[")
        node = root
        for step in path:
            node = node.setdefault(step, {})
            if not isinstance(node, dict):
                raise ApiError("Invalid parameters.", param=name, kept=False)
        node[last] = value
    return {name: _lists(value) for name, value in root.items()}


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if all(name.isdecimal() for name in value):
        return [_lists(value[name]) for name in sorted(value, key=int)]
    return {name: _lists(inner) for name, inner in value.items()}


def checked(name: str, params: Params) -> Params:
    """The parameters of a call, parsed by the SDK's own types. Raises ApiError for any other."""
    model, names = _checker(name)
    for param in params:
        if param not in names:
            raise _unknown(param)
    try:
        parsed = model.model_validate({"given": params})
    except ValidationError as error:
        first = error.errors()[0]
        param = ".".join(str(part) for part in first["loc"][1:])
        if first["type"] == "extra_forbidden":
            raise _unknown(param) from None
        raise ApiError(f"Invalid {param}: {first['msg']}", param=param, kept=False) from None
    return vars(parsed)["given"]


def _unknown(name: str) -> ApiError:
    return ApiError(f"Received unknown parameter: {name}", code="parameter_unknown", param=name, kept=False)


@cache
def _checker(name: str) -> tuple[type[BaseModel], frozenset[str]]:
    """A model with the one field `given`, strict to its innermost part, and the names it takes."""
    shape = payments.accepted_parameters()[name]
    options, names = payments.call_options()
    config = ConfigDict(extra="forbid", arbitrary_types_allowed=True, defer_build=True)
    model = create_model(f"Strict_{name}", __config__=config, given=(shape, ...))
    model.model_rebuild(force=True, _types_namespace=names)
    return model, frozenset(shape.__annotations__) - frozenset(options.__annotations__)
