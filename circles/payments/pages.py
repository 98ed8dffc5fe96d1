"""The door Stripe knocks at."""

from __future__ import annotations

import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from circles.payments import checkout as actions
from circles.payments import gateway
from circles.web import access

log = structlog.get_logger("payments")

# Stripe's events are a few KiB.
MAX_WEBHOOK_BODY = 64 * 1024


async def webhook(request: Request) -> Response:
    """A hint that something happened at Stripe: proven, stored once, looked into by a job."""
    context = access.context(request)
    raw = await request.body()
    try:
        event = gateway.read_event(context.settings, raw, request.headers.get("stripe-signature", ""))
    except gateway.Forged as error:
        log.warning("a webhook was turned away", why=str(error))
        return PlainTextResponse("This is not a signed event.", status_code=400)
    await actions.take_event(context, event)
    return Response(status_code=200)
