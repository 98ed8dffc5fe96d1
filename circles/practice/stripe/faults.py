"""Faults of the look-alike on demand: refused, lost and hanging calls; webhooks lost, doubled, late, out of order.

A fault is a row of practice_faults, added by a test or by somebody who practices, and used up `times` times.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from circles.base.errors import CirclesError
from circles.store import db

SQL = db.queries("practice/stripe")

CallFault = Literal["401", "403", "409", "429", "500", "timeout", "hang"]
WebhookFault = Literal["lost", "doubled", "slow", "reordered"]
# How the next refund begins, for the target "refund".
RefundFault = Literal["pending", "requires_action", "failed", "canceled"]

# As Stripe words them: docs.stripe.com/error-handling.
_ERRORS: Final[dict[str, dict[str, str]]] = {
    "401": {"type": "invalid_request_error", "message": "Invalid API Key provided."},
    "403": {
        "type": "invalid_request_error",
        "code": "more_permissions_required",
        "message": "The provided key does not have the required permissions for this endpoint.",
    },
    "409": {
        "type": "idempotency_error",
        "code": "idempotency_key_in_use",
        "message": "There is currently another in-progress request using this Idempotent Key.",
    },
    "429": {
        "type": "invalid_request_error",
        "code": "rate_limit",
        "message": "Too many requests hit the API too quickly.",
    },
    "500": {"type": "api_error", "message": "An unknown error occurred."},
}


@dataclass(frozen=True, slots=True)
class Fault:
    """A planned fault. seconds: how long it takes; after_effect: a call is carried out, and its answer lost."""

    fault: str
    seconds: int
    after_effect: bool


class BrokenCall(CirclesError):
    """A call ends by a planned fault. status: of the answer; 0 when there is none."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        self.status, self.body = status, body
        super().__init__(str(status))


async def plan(
    tx: db.Tx,
    target: str,
    fault: CallFault | WebhookFault | RefundFault,
    *,
    times: int = 1,
    seconds: int = 0,
    after_effect: bool = False,
) -> None:
    """Plan a fault. target: a call (see api.py), "webhook:" with a type of events, or "refund"; "*" is any."""
    await SQL.plan_fault(
        tx, target=target, fault=fault, times=times, seconds=seconds, after_effect=after_effect
    )


async def take(tx: db.Tx, *targets: str) -> Fault | None:
    """Use up the next fault that was planned for one of these targets."""
    row = await SQL.take_fault(tx, targets=list(targets))
    return Fault(**row) if row else None


async def call_with(fault: Fault | None, call: Callable[[], Awaitable[Any]]) -> Any:
    """Make a call with its fault. Raises BrokenCall."""
    if fault is None:
        return await call()
    answer = await call() if fault.after_effect else None
    if fault.fault == "hang":
        await asyncio.sleep(fault.seconds)
        return answer or await call()
    if fault.fault == "timeout":
        raise BrokenCall(0, {})
    raise BrokenCall(int(fault.fault), {"error": dict(_ERRORS[fault.fault])})
