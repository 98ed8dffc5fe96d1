"""Hosting in the demo community: co-hosts, pictures, paused and ended circles, a copied draft."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from functools import cache
from typing import Any, Final

from circles.practice.demo import data
from circles.practice.demo.plan import Plan, Row
from circles.sandbox import pictures

LEADS_ALONE: Final = "open"
HAS_STAND_IN: Final = ("tuesday", 2)
COPIED: Final = "tuesday"
# How many days ago the organizers checked a host's first credential. Wren's is not checked yet.
CHECKED: Final = {"farid": 60, "ruth": 200, "ines": 9}
# When circles were paused or ended. No booking is later than two hours before the plan's minute.
SINCE: Final = {"paused": timedelta(hours=1), "archived": timedelta(days=12)}


def add_hosts(plan: Plan) -> None:
    """Add the helper, the open invitation, the stand-in, and Farid's profile."""
    texts = data.community()["hosting"]
    profile = {name: texts[name] for name in ("approach", "languages")}
    plan.find("people", id=plan.hosts["farid"]).update(profile)
    for key, days in CHECKED.items():
        credential, at = plan.find("credentials", person_id=plan.hosts[key]), plan.now - timedelta(days=days)
        credential.update(seen_at=at, seen_by=plan.odile, link=texts["link"] if key == "farid" else "")
        plan.event("credential.seen", credential["id"], at, plan.odile, after="seen")
    _add_helper(plan)
    _invite_co_host(plan, texts["invited"])
    stand_in, at, farid = plan.meeting(*HAS_STAND_IN).id, plan.now - timedelta(days=1), plan.hosts["farid"]
    row = {"gathering_id": stand_in, "person_id": plan.hosts["ruth"], "added_by": farid, "created_at": at}
    plan.rows["stand_ins"] = [row]
    plan.event("gathering.stand_in", stand_in, at, farid, after=str(plan.hosts["ruth"]))


def _add_helper(plan: Plan) -> None:
    meetings = plan.meetings_of(LEADS_ALONE)
    seated = {row["person_id"] for row in plan.bookings_of(meetings)}
    circle_id, helper = meetings[0].circle_id, next(person for person in plan.members if person not in seated)
    plan.add("hosts", circle_id=circle_id, person_id=helper, part="helper")
    plan.event("host.joined", circle_id, plan.now - timedelta(days=25), helper, after="helper")


def _invite_co_host(plan: Plan, email: str) -> None:
    """Invite somebody without an account. The link's token is discarded, so nobody can use it."""
    at, farid = plan.now - timedelta(days=2), plan.hosts["farid"]
    circle_id = plan.meeting(LEADS_ALONE).circle_id
    token_hash = "\\x" + hashlib.sha256(plan.id().bytes).hexdigest()
    row: Row = {"circle_id": circle_id, "email": email, "part": "co", "invited_by": farid, "created_at": at}
    invitation = plan.add(
        "host_invitations", **row, token_hash=token_hash, expires_at=at + timedelta(days=14)
    )
    plan.event("host.invited", invitation, at, farid, after="open")


def pause_end_and_copy(plan: Plan) -> None:
    """Add the events of paused and ended circles, and copy one circle as a draft."""
    for meeting in {meeting.circle.key: meeting for meeting in plan.meetings}.values():
        state = meeting.circle.state
        if state != "published":
            at = plan.now - SINCE[state]
            plan.event(f"circle.{state}", meeting.circle_id, at, meeting.lead, "published", state)
    _copy(plan)


def _copy(plan: Plan) -> None:
    """The lead copied this circle and has not changed the copy yet."""
    meeting, at = plan.meeting(COPIED), plan.now - timedelta(days=2)
    source = plan.find("circles", id=meeting.circle_id)
    versions, guidelines_id = plan.rows["guidelines_versions"], source["guidelines_id"]
    bodies = [row["body"] for row in versions if row["guidelines_id"] == guidelines_id]
    agreement = plan.add("guidelines", created_at=at)
    plan.publish_guidelines(agreement, 1, meeting.lead, at, body=bodies[-1])
    own: dict[str, Any] = {"id": plan.id(), "name": f"Copy of {source['name']}", "state": "draft"}
    circle_id = plan.add("circles", **source | own | {"guidelines_id": agreement, "created_at": at})
    plan.add("hosts", circle_id=circle_id, person_id=meeting.lead, part="lead")
    plan.event("circle.planned", circle_id, at, meeting.lead, after="draft")


def add_pictures(plan: Plan) -> None:
    """Give some facilitators a picture: a low sun over hills, drawn by our own code. Wren has sent none yet."""
    for number, key in enumerate(data.community()["pictures"]):
        jpeg, person, at = _draw(key), plan.hosts[key], plan.now - timedelta(days=90 + number)
        digest = hashlib.sha256(jpeg).hexdigest()[:32]
        plan.add("pictures", person_id=person, hash=digest, jpeg=f"\\x{jpeg.hex()}", created_at=at)
        plan.event("picture.kept", person, at, person, after=digest)


@cache
def _draw(key: str) -> bytes:
    land = data.community()["pictures"][key]
    return pictures.draw_hills(tuple(land["sky"]), land["sun"], tuple(land["hills"]), tuple(land["at"]))
