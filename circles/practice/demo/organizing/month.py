"""The organizer's last weeks in the demo community: concerns, short addresses, a file that was made, an invitation."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Final
from uuid import UUID

from circles.practice.demo import data
from circles.practice.demo.plan import Plan, Row

# The short addresses of circles, with how many days ago their lead chose them; the last of a circle is in force.
ADDRESSES: Final = (("tuesday", "tuesdays", 90), ("tuesday", "first-weeks", 30), ("open", "open-hour", 60))
# Days until somebody is promised an answer.
DAYS: Final = 7


def add_month(plan: Plan) -> None:
    """Add a concern that waits for its answer, one that Mira has an answer to, and what Odile did besides."""
    texts = data.community()["organizing"]
    _add_concerns(plan, texts)
    _add_addresses(plan)
    _add_export(plan, texts["purpose"])
    _invite_facilitator(plan, texts["invited"])


def _add_concerns(plan: Plan, texts: Row) -> None:
    asked_at, raised_at = plan.now - timedelta(days=12), plan.now - timedelta(days=1, hours=3)
    answered_at = asked_at + timedelta(days=2)
    asked: Row = {"person_id": plan.mira, "about_person": None, "body": texts["question"]}
    asked |= {"answer_by": (asked_at + timedelta(days=DAYS)).date(), "created_at": asked_at}
    question = plan.add("concerns", **asked, state="closed", closed_at=answered_at)
    answer: Row = {"who": plan.odile, "what": "answer", "body": texts["answer"], "at": answered_at}
    plan.add("concern_steps", concern_id=question, **answer)
    plan.event("concern.raised", question, asked_at, None, after="open")
    plan.event("concern.answered", question, answered_at, plan.odile, "open", "closed")
    raised: Row = {"person_id": plan.members[5], "about_person": plan.hosts["wren"], "body": texts["concern"]}
    raised |= {"answer_by": (raised_at + timedelta(days=3)).date(), "created_at": raised_at}
    concern = plan.add("concerns", **raised, state="open", closed_at=None)
    plan.event("concern.raised", concern, raised_at, None, after="open")


def _add_addresses(plan: Plan) -> None:
    current: dict[UUID, Row] = {}
    for key, slug, days in ADDRESSES:
        meeting, at = plan.meeting(key), plan.now - timedelta(days=days)
        former = current.get(meeting.circle_id)
        if former:
            former["is_current"] = False
        chosen: Row = {"slug": slug, "circle_id": meeting.circle_id, "is_current": True}
        plan.add("circle_addresses", **chosen, chosen_by=meeting.lead, chosen_at=at)
        current[meeting.circle_id] = plan.rows["circle_addresses"][-1]
        before = former["slug"] if former else ""
        plan.event("circle.address_chosen", meeting.circle_id, at, meeting.lead, before, slug)


def _add_export(plan: Plan, purpose: str) -> None:
    """Names of who came, which those who came read of in their own accounts.

    read_at is left to the database: rows of before a database had them are in no file.
    """
    at = plan.now - timedelta(days=5)
    filters: Row = {"from": str((at - timedelta(days=30)).date()), "to": str(at.date()), "circles": []}
    filters |= {"facilitators": []}
    columns = ["circle", "date", "name", "mark"]
    rows: Row = {"what": "attendance", "who": plan.odile, "at": at, "filters": filters, "columns": columns}
    rows |= {"depth": "named", "purpose": purpose, "format": "xlsx", "made_by": "page"}
    days = ((at - timedelta(days=30)).date(), at.date())
    listed = [meeting for meeting in plan.meetings if days[0] <= meeting.starts_at.date() <= days[1]]
    export = plan.add("exports", **rows, row_count=len(plan.bookings_of(listed)), finished_at=at)
    plan.event("attendance.exported", export, at, plan.odile, **filters, depth="named")


def _invite_facilitator(plan: Plan, email: str) -> None:
    """Invite somebody without an account. The link's token is discarded, so nobody can use it."""
    at = plan.now - timedelta(days=3)
    token_hash = "\\x" + hashlib.sha256(plan.id().bytes).hexdigest()
    row: Row = {"email": email, "invited_by": plan.odile, "created_at": at, "token_hash": token_hash}
    invitation = plan.add("facilitator_invitations", **row, expires_at=at + timedelta(days=14))
    plan.event("person.invited", invitation, at, plan.odile, after="open")
