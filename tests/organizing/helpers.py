"""Helpers of the tests about suspensions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from circles.organizing.people import suspending
from circles.organizing.people.suspend_rules import Wish
from circles.store.context import Context
from tests.helpers import person


async def suspend(context: Context, actor: UUID, who: UUID, **more: Any) -> str:
    """Look at a suspension, and begin it."""
    values = {
        "reason": "He shouted at others.",
        "shares_reason": False,
        "refund": "all",
        "until": None,
    } | more
    by = await person(context, actor)
    async with context.db.reading() as tx:
        seen = (await suspending.plan(tx, by, who)).fingerprint
    return await suspending.suspend(context, by, Wish(who, **values), fingerprint=seen)
