"""Calls to Stripe that end badly: answers that cannot be read, that come byte by byte, or that never end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from circles.payments import deadline, gateway
from circles.payments.gateway import Unreachable
from circles.store.context import Context

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def stripe_that(context: Context, answer: Answer) -> AsyncIterator[Context]:
    """A context whose Stripe answers every request so."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await answer(writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the gateway hung up
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    settings = context.settings.model_copy(update={"stripe_api_base": address})
    try:
        yield replace(context, environment=settings)
    finally:
        server.close()


def with_body(body: bytes, status: int = 200) -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 {status} Answer\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()

    return answer


CALLS: dict[str, Callable[[Context], Awaitable[Any]]] = {
    "create_checkout": lambda context: gateway.create_checkout(context, {}, "key"),
    "retrieve_checkout": lambda context: gateway.retrieve_checkout(context, "cs_1"),
    "expire_checkout": lambda context: gateway.expire_checkout(context, "cs_1"),
    "create_refund": lambda context: gateway.create_refund(context, {}, "key"),
    "retrieve_refund": lambda context: gateway.retrieve_refund(context, "re_1"),
    "list_refunds": lambda context: gateway.list_refunds(context, payment_intent="pi_1"),
    "retrieve_dispute": lambda context: gateway.retrieve_dispute(context, "du_1"),
    "list_disputes": lambda context: gateway.list_disputes(context, payment_intent="pi_1"),
}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{}", 200),
        (b"[]", 200),
        (b"null", 200),
        (b"\xff\xfe", 200),
        (b'{"id": "cs_1", "status": "open", "expires_at": null, "currency": null}', 200),
        (b'{"id": "cs_1", "data": [{}]}', 200),
        (b'{"error": "no"}', 400),
        (b'{"error": []}', 400),
        (b'{"error": null}', 402),
        (b'{"error": {}}', 404),
        (b"<html>", 404),
    ],
)
async def test_an_answer_that_cannot_be_read_is_no_answer(
    context: Context, monkeypatch: pytest.MonkeyPatch, body: bytes, status: int
) -> None:
    """It may have happened: neither a refusal, after which a seat is freed, nor a fault of our own."""
    monkeypatch.setattr(gateway, "RETRIES", 0)
    async with stripe_that(context, with_body(body, status)) as away:
        for name, call in CALLS.items():
            with pytest.raises(Unreachable):
                assert not await call(away), name


async def test_bytes_that_come_one_by_one_do_not_hold_a_call(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = asyncio.Event()

    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not gone.is_set():
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.01)

    monkeypatch.setattr(deadline, "SECONDS", 0.2)
    async with stripe_that(context, drip) as away:
        with pytest.raises(Unreachable):
            await gateway.retrieve_checkout(away, "cs_1")
        gone.set()


async def test_a_list_that_never_ends_is_no_answer(context: Context) -> None:
    refund = {"id": "re_1", "object": "refund", "amount": 1, "currency": "usd", "status": "pending"}
    page = {"object": "list", "data": [refund], "has_more": True, "url": "/v1/refunds"}
    async with stripe_that(context, with_body(json.dumps(page).encode())) as away:
        with pytest.raises(Unreachable):
            await gateway.list_refunds(away, payment_intent="pi_1")
