"""What the hosts of the demo community wrote: messages to those booked, and run sheets. Pure: adds to a plan."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from circles.attendance import Step, starting_run_sheet
from circles.messages import STARTS
from circles.practice.demo.plan import Meeting, Plan

# The question of the evening, on the copy that one gathering has of its circle's run sheet.
THEME = (
    "What did you want to change, and what has changed without you? Five minutes to write, then the round."
)


def write(plan: Plan) -> None:
    """Messages about the gatherings just past and next, and a run sheet for each circle with a fixed day."""
    booked = _booked(plan)
    for meeting in plan.meetings:
        if meeting.state == "open" and booked.get(meeting.id):
            _messages(plan, meeting, booked[meeting.id])
    for meeting in plan.meetings:
        if meeting.circle.weekday is not None and meeting.index == 0:
            _run_sheets(plan, meeting)


def _booked(plan: Plan) -> dict[UUID, int]:
    """How many confirmed seats each gathering has."""
    found: dict[UUID, int] = {}
    for row in plan.rows["bookings"]:
        if row["state"] == "confirmed":
            found[row["gathering_id"]] = found.get(row["gathering_id"], 0) + 1
    return found


def _messages(plan: Plan, meeting: Meeting, mails: int) -> None:
    if meeting.index == -1:
        _message(plan, meeting, "thanks", mails, min(meeting.ends_at + timedelta(hours=2), plan.now))
    elif meeting.index == 0 and meeting.circle.weekday is not None:
        key = "tech" if meeting.circle.place == "online" else "bring"
        _message(plan, meeting, key, mails, plan.now - timedelta(hours=1))


def _message(plan: Plan, meeting: Meeting, key: str, mails: int, at: datetime) -> None:
    host = plan.hosts[meeting.circle.lead]
    message = plan.add(
        "messages",
        gathering_id=meeting.id,
        written_by=host,
        body=STARTS[key][1],
        reply_to=f"{meeting.circle.lead}@example.org",
        mails=mails,
        created_at=at - timedelta(minutes=5),
        sent_at=at,
    )
    plan.event("message.sent", message, at, host, ("draft", "sent"))
    plan.rows["events"][-1]["details"] = {"mails": mails, "gathering": str(meeting.id)}


def _run_sheets(plan: Plan, meeting: Meeting) -> None:
    """The circle's own sheet, and for its next gathering a copy with the question of the evening."""
    steps = starting_run_sheet(meeting.circle.format, meeting.circle.length_minutes)
    _sheet(plan, meeting, None, steps)
    if meeting.circle.key == "tuesday":
        themed = [replace(step, words=THEME) if step.title == "Theme" else step for step in steps]
        _sheet(plan, meeting, meeting.id, themed)


def _sheet(plan: Plan, meeting: Meeting, gathering_id: UUID | None, steps: list[Step]) -> None:
    host, at = plan.hosts[meeting.circle.lead], plan.now - timedelta(days=2)
    sheet = plan.add(
        "run_sheets",
        circle_id=meeting.circle_id,
        gathering_id=gathering_id,
        changed_by=host,
        changed_at=at,
    )
    for number, step in enumerate(steps, start=1):
        plan.rows.setdefault("run_steps", []).append(
            {
                "sheet_id": sheet,
                "position": number,
                "title": step.title,
                "minutes": step.minutes,
                "words": step.words,
            }
        )
    plan.event("run_sheet.changed", gathering_id or meeting.circle_id, at, host, ("", ""))
