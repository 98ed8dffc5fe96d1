"""Schedules and changes of them for the tests of hosting."""

from __future__ import annotations

import re
from collections.abc import Awaitable
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from circles.base.errors import Refused
from circles.hosting.change import planned_change, queries
from circles.hosting.change.planned_change import Consent, GatheringChange, PlannedChange
from circles.hosting.change.rules import Outcome
from circles.hosting.schedule import actions as schedule_actions
from circles.hosting.schedule import forms as schedule_forms
from circles.hosting.schedule.rules import Rule, Terms
from circles.store.context import Context
from tests.cast import Cast
from tests.helpers import person, rows

ZONE = "America/New_York"
TERMS = Terms(time(11), ZONE, 90, 8, 1)
LATER = Terms(time(12, 30), ZONE, 60, 10, 1)


def today() -> date:
    return datetime.now(ZoneInfo(ZONE)).date()


def weekly(start: int = 3, **more: Any) -> Rule:
    """Every week from a day soon on."""
    first = today() + timedelta(days=start)
    return Rule("weekly", first, 1, (first.weekday(),), **more)


async def make_schedule(context: Context, cast: Cast, rule: Rule | None = None, terms: Terms = TERMS) -> UUID:
    """A schedule of Farid's circle. Returns its id."""
    farid = await person(context, cast.farid)
    await schedule_actions.create_schedule(context, farid, cast.circle, rule or weekly(), terms)
    async with context.db.reading() as tx:
        return await tx.fetchval("select id from schedules order by created_at desc limit 1")


async def planted(context: Context, schedule: UUID) -> list[Any]:
    """The gatherings of a schedule, in the order of its dates."""
    return await rows(
        context, "select * from gatherings where schedule_id = $1 order by planned_for", schedule
    )


async def events(context: Context, what: str) -> list[Any]:
    """The event rows of a kind, oldest first."""
    return await rows(context, "select * from events where what = $1 order by at", what)


async def refusal_codes(doing: Awaitable[Any]) -> set[str]:
    """The codes of the reasons with which something is refused."""
    with pytest.raises(Refused) as refused:
        await doing
    return refused.value.codes


async def consent_to(
    context: Context, change: PlannedChange, *, reason: str = "", give_up: tuple[UUID, ...] = ()
) -> Consent:
    """The consent of somebody who was shown what a change does."""
    async with context.db.reading() as tx:
        outcome = await change.preview(tx)
    return Consent(outcome.fingerprint, reason, frozenset(give_up))


async def apply(context: Context, change: PlannedChange, *, reason: str = "") -> Outcome:
    """Preview a change, then make it."""
    return await planned_change.apply(context, change, await consent_to(context, change, reason=reason))


async def plan_change(
    context: Context, cast: Cast, gathering: UUID, day: date | None = None, **terms: Any
) -> GatheringChange:
    """Farid's change of one gathering: to another day, to other terms, or both."""
    farid = await person(context, cast.farid)
    async with context.db.reading() as tx:
        row = await queries.gathering_to_change(tx, farid, gathering)
    now = schedule_forms.terms_of(row, row["wall_start"].time())
    new = Terms(**{name: getattr(now, name) for name in Terms.__slots__} | terms)
    return GatheringChange(farid, gathering, new.moment(day or row["wall_start"].date()), new)


async def change_one(
    context: Context, cast: Cast, gathering: UUID, *, reason: str = "", day: date | None = None, **terms: Any
) -> None:
    """Change one gathering as Farid."""
    await apply(context, await plan_change(context, cast, gathering, day, **terms), reason=reason)


def typed(**changed: str) -> dict[str, str]:
    """The form of a schedule: every week from in three days on."""
    first = today() + timedelta(days=3)
    usual = {
        "kind": "weekly",
        "first_date": first.isoformat(),
        "every": "1",
        "weekdays": str(first.weekday()),
        "end": "open",
        "time": "11:00",
        "length_minutes": "90",
        "capacity": "8",
        "community_seats": "1",
        "note": "",
        "then": "look",
    }
    return usual | changed


def fingerprint(text: str) -> str:
    """The fingerprint of the outcome that a page shows."""
    match = re.search(r'name="seen" value="([0-9a-f]+)"', text)
    assert match
    return match[1]
