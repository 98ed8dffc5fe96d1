"""Stripe's webhook events: stored once, each followed by a job that asks Stripe for the object's state."""

from __future__ import annotations

from typing import Any

from circles.payments.connect import jobs as of_connect
from circles.payments.gateway import Event
from circles.payments.refunds import readings
from circles.payments.sync import ASYNC_FAILED
from circles.store import db, jobs
from circles.store.context import Context

SQL = db.queries("payments/events")

_CHECKOUT_EVENTS = frozenset(
    {
        "checkout.session.completed",
        "checkout.session.expired",
        "checkout.session.async_payment_succeeded",
        ASYNC_FAILED,
    }
)


async def receive(context: Context, event: Event) -> None:
    """Store an event and, when it is new, enqueue the sync of what it is about: a checkout, refund, payout, account ...

    Events of other types are stored alone.

    On a connection of its own: Stripe waits a few seconds, while pages may have taken all others.
    """
    async with context.db.reserved.transaction() as tx:
        if not await SQL.add_event(tx, id=event.id, type=event.type, object_id=event.object_id):
            return
        # A key of its own: a sync that is running may have asked Stripe before this happened.
        if event.type in _CHECKOUT_EVENTS and event.object_id and not event.account:
            more: dict[str, Any] = {"event": event.type} if event.type == ASYNC_FAILED else {}
            await jobs.enqueue(tx, "payments.look", stripe_id=event.object_id, key=event.id, **more)
        elif connected := of_connect.job_of_event(event):
            job, stripe_id = connected
            await jobs.enqueue(tx, job, key=event.id, after=None, stripe_id=stripe_id)
        elif event.object_id and not event.account and (follow_up := readings.job_of_event(event.type)):
            job, argument = follow_up
            await jobs.enqueue(tx, job, key=event.id, after=None, **{argument: event.object_id})
