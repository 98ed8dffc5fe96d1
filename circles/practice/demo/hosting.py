"""Who holds the demo community's circles together: a helper, somebody asked, a stand-in; and Farid's page."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from circles.practice.demo.plan import Plan

LEADS_ALONE: Final = "open"
HELD_TOGETHER: Final = "tuesday"
ASKED: Final = "sol.arden@example.org"
APPROACH: Final = (
    "We begin on time and end on time. I ask what you want to be asked, and I never fill a silence that is doing its "
    "work. If something grows too large for the room, I stay with you afterwards, and we look for the next step."
)
LANGUAGES: Final = "English, Dari"
LINK: Final = "https://licenses.example.org/lcsw/farid-nazari"
# Whose first credential the organizers saw, and how many days ago. Wren's waits for them.
SEEN: Final = {"farid": 60, "ruth": 200, "ines": 9}


def hold_together(plan: Plan) -> None:
    """Add the helper, the open invitation, the stand-in, and what Farid's page says."""
    circles = {meeting.circle.key: meeting.circle_id for meeting in plan.meetings}
    _page(plan)
    _helper(plan, circles[LEADS_ALONE])
    _asked(plan, circles[LEADS_ALONE])
    _stand_in(plan)


def _page(plan: Plan) -> None:
    person = next(row for row in plan.rows["people"] if row["id"] == plan.hosts["farid"])
    person |= {"approach": APPROACH, "languages": LANGUAGES}
    odile = _odile(plan)
    for key, days in SEEN.items():
        first = next(row for row in plan.rows["credentials"] if row["person_id"] == plan.hosts[key])
        seen_at = plan.now - timedelta(days=days)
        first |= {"seen_at": seen_at, "seen_by": odile, "link": LINK if key == "farid" else ""}
        plan.event("credential.seen", first["id"], seen_at, odile, ("", "seen"))


def _odile(plan: Plan) -> UUID:
    return next(row["id"] for row in plan.rows["people"] if row["is_organizer"])


def _helper(plan: Plan, circle_id: UUID) -> None:
    here = {meeting.id for meeting in plan.meetings if meeting.circle_id == circle_id}
    seated = {row["person_id"] for row in plan.rows["bookings"] if row["gathering_id"] in here}
    helper = next(each for each in plan.members if each not in seated)
    plan.add("hosts", circle_id=circle_id, person_id=helper, part="helper")
    plan.event("host.joined", circle_id, plan.now - timedelta(days=25), helper, ("", "helper"))


def _asked(plan: Plan, circle_id: UUID) -> None:
    """Somebody without an account; the link in their mail is not among the demo's mails, so nobody holds it."""
    asked_at = plan.now - timedelta(days=2)
    values: dict[str, Any] = {"circle_id": circle_id, "email": ASKED, "part": "co", "created_at": asked_at}
    invitation = plan.add(
        "host_invitations",
        **values,
        token_hash="\\x" + hashlib.sha256(plan.id().bytes).hexdigest(),
        invited_by=plan.hosts["farid"],
        expires_at=asked_at + timedelta(days=14),
    )
    plan.event("host.invited", invitation, asked_at, plan.hosts["farid"], ("", "open"))


def _stand_in(plan: Plan) -> None:
    wanted = next(each for each in plan.meetings if each.circle.key == HELD_TOGETHER and each.index == 2)
    farid, ruth, at = plan.hosts["farid"], plan.hosts["ruth"], plan.now - timedelta(days=1)
    row = {"gathering_id": wanted.id, "person_id": ruth, "added_by": farid, "created_at": at}
    plan.rows["stand_ins"] = [row]
    plan.event("gathering.stand_in", wanted.id, at, farid, ("", str(ruth)))
