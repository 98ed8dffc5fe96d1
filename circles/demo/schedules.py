"""The schedules of the demo community: rules whose dates are those of the gatherings it has."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from circles.demo.plan import Meeting, Plan
from circles.gatherings import schedule_rules
from circles.gatherings.schedule_rules import Rule

# Which circles keep a schedule; the last one is for a season, the others have no end.
SCHEDULED: Final = ("tuesday", "noon", "ember")
SEASONAL: Final = "ember"


def schedule(plan: Plan) -> None:
    """Give some circles a schedule, and tie their gatherings to it. A word of its own was added by hand."""
    gatherings = {row["id"]: row for row in plan.rows["gatherings"]}
    for key in SCHEDULED:
        meetings = [each for each in plan.meetings if each.circle.key == key]
        rule = _rule(meetings, until=key == SEASONAL)
        schedule_id = _add(plan, meetings[0], rule)
        listed = set(schedule_rules.dates(rule, rule.first, _day(meetings[-1])))
        for each in meetings:
            if _day(each) in listed:
                row = gatherings[each.id]
                row |= {"schedule_id": schedule_id, "planned_for": _day(each), "by_hand": bool(row["note"])}


def _day(meeting: Meeting) -> date:
    return meeting.starts_at.astimezone(ZoneInfo(meeting.circle.zone)).date()


def _rule(meetings: list[Meeting], *, until: bool) -> Rule:
    first, circle = _day(meetings[0]), meetings[0].circle
    last = _day(meetings[-1]) if until else None
    return Rule("weekly", first, circle.every, (first.weekday(),), until=last)


def _add(plan: Plan, meeting: Meeting, rule: Rule) -> UUID:
    circle, lead = meeting.circle, plan.hosts[meeting.circle.lead]
    made = plan.now - timedelta(days=60)
    schedule_id = plan.add(
        "schedules",
        circle_id=meeting.circle_id,
        kind=rule.kind,
        first_date=rule.first,
        every=rule.every,
        weekdays=list(rule.weekdays),
        until=rule.until,
        wall_time=circle.start,
        zone=circle.zone,
        length_minutes=circle.length_minutes,
        capacity=circle.capacity,
        community_seats=circle.community_seats,
        created_by=lead,
        created_at=made,
    )
    plan.event("schedule.made", schedule_id, made, lead, ("", "active"))
    return schedule_id
