"""What the demo community keeps of its seats, and what it paid out of the last month that is over."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from circles.base import clock
from circles.payments import shares
from circles.practice.demo.plan import Plan
from circles.store import db

SQL = db.queries("practice/demo")
CURRENCY = "USD"


def add_terms(plan: Plan) -> None:
    """A default from before the first payment, a circle with terms of its own, and a change ahead."""
    began = plan.now - timedelta(days=200)
    winter = datetime.combine(
        shares.month_after(shares.month_after(plan.now.date())), datetime.min.time(), plan.now.tzinfo
    )
    _add(plan, None, began, began, percent=20_00, flat=100, at_most=1500)
    table = plan.meetings_of("noon")[0].circle_id
    _add(plan, table, began, began + timedelta(days=3), percent=10_00, flat=0, at_most=None)
    _add(plan, table, winter, plan.now - timedelta(days=4), percent=12_50, flat=0, at_most=None)


def _add(plan: Plan, circle: UUID | None, starts_at: datetime, at: datetime, **terms: Any) -> None:
    row = {"circle_id": circle, "currency": CURRENCY, "starts_at": starts_at, "set_by": plan.odile}
    id = plan.add("share_terms", **row, **terms, reason="", created_at=at)
    plan.event("share.set", circle or id, at, plan.odile, terms=str(id))


async def close_months(tx: db.Tx, zone: str) -> None:
    """Make the statements of the months that are over, and note that the largest of what is due was paid out."""
    await shares.state_months(tx, zone, clock.now())
    await SQL.pay_out(tx)
