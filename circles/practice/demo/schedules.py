"""The schedules of the demo community, of every kind: rules whose dates are those of the gatherings it has."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from circles.hosting import Rule, rule_dates
from circles.practice.demo.plan import Meeting, Plan

SCHEDULED: Final = ("tuesday", "noon", "ember", "table", "ground", "hours", "letters")
# One ends on a date, one after a number of gatherings, one skips a holiday, one lists its dates.
SEASONAL, COUNTED, RESTING, LISTED = "ember", "table", "noon", "ground"
MORE: Final = 12
# Two monthly ones of the circle without a fixed day, and in how many days they begin.
BY_MONTHS: Final = "open"
BEGINS: Final = timedelta(days=28)


def add_schedules(plan: Plan) -> None:
    """Give some circles a schedule, and link their gatherings to it. A note of its own was added by hand."""
    gatherings = {row["id"]: row for row in plan.rows["gatherings"]}
    for key in SCHEDULED:
        meetings = plan.meetings_of(key)
        rule = _rule(key, meetings)
        schedule_id = _add(plan, meetings[0], rule)
        dates = set(rule_dates(rule, rule.first, _day(meetings[-1])))
        for meeting in (meeting for meeting in meetings if _day(meeting) in dates):
            row = gatherings[meeting.id]
            row.update(schedule_id=schedule_id, planned_for=_day(meeting), by_hand=bool(row["note"]))
    first = (plan.now + BEGINS).date()
    _add(plan, plan.meeting(BY_MONTHS), Rule("monthly_weekday", first, weekdays=(4,), nth=-1))
    _add(plan, plan.meeting(BY_MONTHS), Rule("monthly_date", first, month_day=12, times=6))


def _day(meeting: Meeting) -> date:
    return meeting.starts_at.astimezone(ZoneInfo(meeting.circle.zone)).date()


def _rule(key: str, meetings: list[Meeting]) -> Rule:
    days = [_day(meeting) for meeting in meetings]
    first, last = days[0], days[-1]
    if key == LISTED:
        return Rule("dates", first, dates=tuple(days))
    return Rule(
        "weekly",
        first,
        meetings[0].circle.every,
        (first.weekday(),),
        until=last if key == SEASONAL else None,
        times=len(days) + MORE if key == COUNTED else None,
        skipped=frozenset({last + timedelta(weeks=2)}) if key == RESTING else frozenset(),
    )


def _add(plan: Plan, meeting: Meeting, rule: Rule) -> UUID:
    circle, created_at = meeting.circle, plan.now - timedelta(days=60)
    values = asdict(rule)
    schedule_id = plan.add(
        "schedules",
        circle_id=meeting.circle_id,
        first_date=values.pop("first"),
        **values,
        wall_time=circle.start,
        **{name: getattr(circle, name) for name in ("zone", "length_minutes", "capacity", "community_seats")},
        created_by=meeting.lead,
        created_at=created_at,
    )
    plan.event("schedule.made", schedule_id, created_at, meeting.lead, after="active")
    return schedule_id
