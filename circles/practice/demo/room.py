"""The rooms of the demo community: the one that is open now, what two people want known, what hosts wrote after one."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from circles.practice.demo.plan import Meeting, Plan

NEEDS: Final = (
    "I lip-read, so please face me and speak one at a time.",
    "I may stand up and walk about. It is my back, not the circle.",
)
WHY_ALONE: Final = "The one I asked to help has not answered yet."
NOTE: Final = (
    "Spoke for the first time since spring, and was glad and tired after it. Please do not call on them first "
    "next time; they will come in when they are ready."
)
WENT_WELL: Final = "Two rounds instead of one. The quiet after the second was the best of the evening."
CARRY_ON: Final = "Ring the bell five minutes before the end, and leave a minute for who drives home."


def open_rooms(plan: Plan) -> None:
    """Open the room of the gathering under way, and say what its host knows of those who come."""
    now = next(each for each in plan.meetings if (each.circle.key, each.index) == ("open", 0))
    _opened(plan, now)
    for row, words in zip(_seated(plan, now)[1:], NEEDS, strict=False):
        plan.add("needs", id=row, access_needs=words)
    before = next(each for each in plan.meetings if (each.circle.key, each.index) == ("tuesday", -1))
    _note(plan, before)
    _looked_back(plan, before)
    _close(plan)


def _close(plan: Plan) -> None:
    """The registers of what is over are closed, but for the newest of each circle that goes on."""
    rows = {row["id"]: row for row in plan.rows["gatherings"]}
    for each in plan.meetings:
        newest = each.index >= -1 and each.circle.state != "archived"
        if each.state == "open" and not newest:
            host, at = plan.hosts[each.circle.lead], each.ends_at + timedelta(hours=2)
            rows[each.id] |= {"closed_at": at, "closed_by": host}
            plan.event("register.closed", each.id, at, host, ("open", "closed"))


def _opened(plan: Plan, meeting: Meeting) -> None:
    host, at = plan.hosts[meeting.circle.lead], meeting.starts_at - timedelta(minutes=12)
    checks = {"co": "alone", "why": WHY_ALONE, "card": True}
    plan.add("rooms", id=meeting.id, opened_at=at, opened_by=host, checks=checks)
    plan.event("gathering.room_opened", meeting.id, at, host, ("", "opened"))


def _seated(plan: Plan, meeting: Meeting) -> list[UUID]:
    rows = plan.rows["bookings"]
    return [
        row["person_id"] for row in rows if row["gathering_id"] == meeting.id and row["state"] == "confirmed"
    ]


def _note(plan: Plan, meeting: Meeting) -> None:
    at = min(meeting.ends_at + timedelta(minutes=20), plan.now)
    writer = plan.hosts[meeting.circle.lead]
    note = plan.add(
        "hand_over_notes",
        circle_id=meeting.circle_id,
        gathering_id=meeting.id,
        about=_seated(plan, meeting)[0],
        written_by=writer,
        body=NOTE,
        written_at=at,
    )
    plan.event("note.written", note, at, writer, ("", "kept"))


def _looked_back(plan: Plan, meeting: Meeting) -> None:
    at = min(meeting.ends_at + timedelta(minutes=35), plan.now)
    writer = plan.hosts[meeting.circle.lead]
    plan.add(
        "reflections",
        gathering_id=meeting.id,
        went_well=WENT_WELL,
        carry_on=CARRY_ON,
        changed_by=writer,
        changed_at=at,
    )
    plan.event("reflection.kept", meeting.id, at, writer, ("", ""))
