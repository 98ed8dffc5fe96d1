"""The demo community around gatherings: the live room, notes, messages to members, run sheets."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime, timedelta
from uuid import UUID

from circles.attendance import Step, starting_run_sheet
from circles.base import clock
from circles.messages import STARTING_TEXTS
from circles.practice.demo import data
from circles.practice.demo.plan import Meeting, Plan


def open_room(plan: Plan) -> None:
    """Open the room of the gathering under way, with access needs; add notes after the one before."""
    texts = data.community()["room"]
    meeting = plan.meeting("open")
    at = meeting.starts_at - timedelta(minutes=12)
    checks = {"co": "alone", "why": texts["why_alone"], "card": True}
    plan.find("gatherings", id=meeting.id).update(opened_at=at, opened_by=meeting.lead, checks=checks)
    plan.event("gathering.room_opened", meeting.id, at, meeting.lead, after="opened")
    seated = plan.bookings_of([meeting], confirmed=True)
    for booking, needs in zip(seated[1:], texts["needs"], strict=False):
        plan.find("people", id=booking["person_id"])["access_needs"] = needs
    _write_notes(plan, plan.meeting("tuesday", -1))
    _close_registers(plan)
    _correct_a_register(plan, plan.meeting("tuesday", -2))


def _write_notes(plan: Plan, meeting: Meeting) -> None:
    """A note for the next host about one member, and the hosts' private reflection."""
    texts, writer = data.community()["room"], meeting.lead
    at = min(meeting.ends_at + timedelta(minutes=20), plan.now)
    about = plan.bookings_of([meeting], confirmed=True)[0]["person_id"]
    where = {"circle_id": meeting.circle_id, "gathering_id": meeting.id}
    row = {"about": about, "written_by": writer, "body": texts["note"], "written_at": at}
    plan.event("note.written", plan.add("hand_over_notes", **where, **row), at, writer, after="kept")
    at = min(meeting.ends_at + timedelta(minutes=35), plan.now)
    texts_kept = {"went_well": texts["went_well"], "carry_on": texts["carry_on"]}
    plan.add("reflections", gathering_id=meeting.id, **texts_kept, changed_by=writer, changed_at=at)
    plan.event("reflection.kept", meeting.id, at, writer)


def _close_registers(plan: Plan) -> None:
    """Close the registers of past gatherings, except the newest of each active circle."""
    rows = {row["id"]: row for row in plan.rows["gatherings"]}
    for meeting in plan.meetings:
        newest = meeting.index >= -1 and meeting.circle.state != "archived"
        if meeting.state == "open" and not newest:
            at = meeting.ends_at + timedelta(hours=2)
            rows[meeting.id].update(closed_at=at, closed_by=meeting.lead)
            plan.event("register.closed", meeting.id, at, meeting.lead, "open", "closed")


def _correct_a_register(plan: Plan, meeting: Meeting) -> None:
    """The day after, a closed register is opened again for one mark, and closed."""
    row = plan.find("gatherings", id=meeting.id)
    seat = plan.bookings_of([meeting], confirmed=True)[0]["id"]
    opened = min(row["closed_at"] + timedelta(hours=14), plan.now - timedelta(hours=1))
    marked, closed = opened + timedelta(minutes=1), opened + timedelta(minutes=3)
    before = plan.find("register_marks", booking_id=seat)
    was = f"{before['mark']}{' late' * before['late']}{' left_early' * before['left_early']}"
    mark = {"gathering_id": meeting.id, "booking_id": seat, "mark": "came", "late": True, "left_early": False}
    plan.mark(mark | {"made_at": marked, "received_at": marked, "made_by": meeting.lead, "source": "tap"})
    why = data.community()["room"]["why_opened_again"]
    plan.event("register.reopened", meeting.id, opened, meeting.lead, "closed", "open")
    plan.rows["events"][-1]["why"] = why
    plan.event("attendance.marked", seat, marked, meeting.lead, was, "came late")
    plan.event("register.closed", meeting.id, closed, meeting.lead, "open", "closed")
    row.update(closed_at=closed, reopened_at=opened)


def write_messages_and_run_sheets(plan: Plan) -> None:
    """Messages about the gatherings just past and next, and a run sheet for each circle with a fixed day."""
    for meeting in plan.meetings:
        seats = len(plan.bookings_of([meeting], confirmed=True))
        if meeting.state == "open" and seats:
            _write_message(plan, meeting, seats)
    _schedule_message(plan, plan.meeting("tuesday", 0))
    for meeting in plan.meetings:
        if meeting.circle.weekday is not None and meeting.index == 0:
            _write_run_sheets(plan, meeting)


def _write_message(plan: Plan, meeting: Meeting, mails: int) -> None:
    if meeting.index == -1:
        _add_message(plan, meeting, "thanks", mails, min(meeting.ends_at + timedelta(hours=2), plan.now))
    elif meeting.index == 0 and meeting.circle.weekday is not None:
        key = "tech" if meeting.circle.place == "online" else "bring"
        _add_message(plan, meeting, key, mails, plan.now - timedelta(hours=1))


def _add_message(plan: Plan, meeting: Meeting, key: str, mails: int, at: datetime) -> None:
    message = plan.add(
        "messages",
        gathering_id=meeting.id,
        written_by=meeting.lead,
        body=STARTING_TEXTS[key][1],
        reply_to=f"{meeting.circle.lead}@example.org",
        state="sent",
        mails=mails,
        created_at=at - timedelta(minutes=5),
        sent_at=at,
    )
    details = {"mails": mails, "gathering": str(meeting.id)}
    plan.event("message.sent", message, at, meeting.lead, "draft", "sent", **details)
    for booking in plan.bookings_of([meeting], confirmed=True):
        read_at = min(at + timedelta(hours=3), plan.now) if meeting.index < 0 else None
        row = {"message_id": message, "person_id": booking["person_id"], "gone_at": at, "read_at": read_at}
        plan.rows.setdefault("message_people", []).append(row)


def _schedule_message(plan: Plan, meeting: Meeting) -> None:
    """A message to everybody with a seat ahead that goes by itself in two days."""
    day = clock.wall_time(plan.now + timedelta(days=2), meeting.circle.zone)
    moment = clock.moment(day.replace(hour=18, minute=0, second=0, microsecond=0), meeting.circle.zone)
    message = plan.add(
        "messages",
        circle_id=meeting.circle_id,
        audience="ahead",
        written_by=meeting.lead,
        body=data.community()["room"]["scheduled_message"],
        is_short=True,
        send_wall=moment.wall,
        send_at=moment.utc,
        is_scheduled=True,
        created_at=plan.now - timedelta(minutes=30),
    )
    plan.event("message.scheduled", message, plan.now - timedelta(minutes=30), meeting.lead, "", "draft")


def _write_run_sheets(plan: Plan, meeting: Meeting) -> None:
    """The circle's own sheet, and for one gathering a copy with the question of the evening."""
    steps = starting_run_sheet(meeting.circle.format, meeting.circle.length_minutes, meeting.circle.place)
    _add_sheet(plan, meeting, None, steps)
    if meeting.circle.key == "tuesday":
        theme = data.community()["room"]["theme"]
        themed = [replace(step, words=theme) if step.title == "Theme" else step for step in steps]
        _add_sheet(plan, meeting, meeting.id, themed)


def _add_sheet(plan: Plan, meeting: Meeting, gathering_id: UUID | None, steps: list[Step]) -> None:
    at, about = plan.now - timedelta(days=2), {"circle_id": meeting.circle_id, "gathering_id": gathering_id}
    sheet = plan.add("run_sheets", **about, changed_by=meeting.lead, changed_at=at)
    for number, step in enumerate(steps, start=1):
        row = {"sheet_id": sheet, "position": number, **asdict(step)}
        plan.rows.setdefault("run_steps", []).append(row)
    plan.event("run_sheet.changed", gathering_id or meeting.circle_id, at, meeting.lead)
