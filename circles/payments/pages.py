"""Stripe webhook endpoint."""

from __future__ import annotations

import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from circles.payments import gateway
from circles.payments import webhook as actions
from circles.web import access

log = structlog.get_logger("payments")

# Bytes. Most of Stripe's events are a few KiB; those about large objects are more. One that is refused is sent again
# for three days, and then Stripe closes the endpoint.
MAX_WEBHOOK_BODY = 1024 * 1024


async def webhook(request: Request) -> Response:
    """POST: verify the signature, store the event; a job follows it up."""
    return await _take_in(request, gateway.webhook_secret(access.context(request).settings))


async def connect_webhook(request: Request) -> Response:
    """POST: the same for events of connected accounts, which Stripe sends to an endpoint with a secret of its own."""
    secret = gateway.connect_secret(access.context(request).settings)
    if not secret:
        return PlainTextResponse("Stripe Connect is off here.", status_code=404)
    return await _take_in(request, secret)


async def _take_in(request: Request, secret: str) -> Response:
    context = access.context(request)
    raw = await request.body()
    signature = request.headers.get("stripe-signature", "")
    try:
        event = gateway.read_event(context.settings, raw, signature, secret=secret)
    except gateway.InvalidEvent as error:
        log.warning("a webhook was refused", why=str(error))
        return PlainTextResponse("This is not a signed event.", status_code=400)
    if event is None:
        # It is Stripe's own, so it would only be sent again.
        log.warning("a signed webhook could not be read", bytes=len(raw))
        return Response(status_code=200)
    await actions.receive(context, event)
    return Response(status_code=200)
