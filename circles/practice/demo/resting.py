"""Circles of the demo community that rest: one is paused, one has ended, one is a copy nobody has seen. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from circles.practice.demo.plan import Meeting, Plan, Row

# Nobody books in the last two hours before the plan's minute, so nobody booked after the pause.
PAUSED_AGO: Final = timedelta(hours=1)
ENDED_AGO: Final = timedelta(days=12)
COPIED, COPIED_AGO = "tuesday", timedelta(days=2)


def rest(plan: Plan) -> None:
    """Say when circles were paused and ended, and add the copy."""
    circles = {each.circle.key: each for each in plan.meetings}
    for each in circles.values():
        if each.circle.state != "published":
            ago = PAUSED_AGO if each.circle.state == "paused" else ENDED_AGO
            lead, states = plan.hosts[each.circle.lead], ("published", each.circle.state)
            plan.event(f"circle.{each.circle.state}", each.circle_id, plan.now - ago, lead, states)
    _copy(plan, circles[COPIED])


def _copy(plan: Plan, meeting: Meeting) -> None:
    """The lead copied this circle and has not got round to the copy yet."""
    lead, at = plan.hosts[meeting.circle.lead], plan.now - COPIED_AGO
    source: Row = next(row for row in plan.rows["circles"] if row["id"] == meeting.circle_id)
    words = [
        row for row in plan.rows["guidelines_versions"] if row["guidelines_id"] == source["guidelines_id"]
    ]
    agreement = plan.add("guidelines", created_at=at)
    version = plan.add(
        "guidelines_versions",
        guidelines_id=agreement,
        number=1,
        body=words[-1]["body"],
        published_at=at,
        published_by=lead,
    )
    own = {"id": plan.id(), "name": f"Copy of {source['name']}", "state": "draft"}
    circle_id = plan.add("circles", **source | own | {"guidelines_id": agreement, "created_at": at})
    plan.add("hosts", circle_id=circle_id, person_id=lead, part="lead")
    plan.event("guidelines.published", agreement, at, lead, ("", str(version)))
    plan.event("circle.planned", circle_id, at, lead, ("", "draft"))
