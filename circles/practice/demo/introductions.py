"""Introductions of the demo community: what Mira asked and was suggested, and what is asked of Farid. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from circles.directory import INTRODUCTION_LASTS
from circles.practice.demo.plan import Plan, Row

ASKED: Final[Row] = {
    "told": ["call_name", "reach", "looking_for", "circle"],
    "call_name": "Mira",
    "reach": "mira@example.org, or 555-0142 after six",
    "looking_for": "Somebody for the winter, by telehealth, who knows what comes up after infusions.",
}
ACCEPTED: Final[Row] = {
    "told": ["call_name", "reach", "own_words"],
    "call_name": "Mira",
    "reach": "mira@example.org",
    "own_words": "I finished my induction in the autumn. I sleep better, and I cry more than I used to.\n\n"
    "I would like to go slowly.",
    "answer_words": "Thank you for writing. I have an hour free on Thursdays at five, and I will mail you tomorrow.",
}
OF_FARID: Final[Row] = {
    "told": ["reach", "looking_for"],
    "reach": "Text 555-0177, mornings",
    "looking_for": "A few meetings about a grief that the medicine brought back.",
}
SUGGESTED: Final = (
    "You spoke of wanting somebody of your own for this. These two came to my mind. Only if it helps."
)


def introduce(plan: Plan) -> None:
    """Add three introductions and a suggestion, with the lines of the members' own logs."""
    farids = next(row for row in plan.rows["listings"] if row["person_id"])
    licensed = {row["listing_id"] for row in plan.rows["licences"] if row["area"] == "NY"}
    open_to = [row["id"] for row in plan.rows["listings"] if row["id"] in licensed and _fits(row)]
    _introduction(plan, plan.mira, open_to[0], plan.now - timedelta(days=2, hours=5), ASKED)
    _introduction(
        plan, plan.mira, open_to[1], plan.now - timedelta(days=6), ACCEPTED, plan.now - timedelta(days=3)
    )
    _introduction(plan, plan.members[3], farids["id"], plan.now - timedelta(hours=30), OF_FARID)
    _suggestion(plan, open_to[2:4])
    plan.rows["accesses"].sort(key=lambda row: row["at"])


def _fits(row: Row) -> bool:
    """Whether somebody far away may well ask this one."""
    return bool(
        row["telehealth"] and row["room"] == "now" and row["state"] == "shown" and not row["person_id"]
    )


def _introduction(
    plan: Plan, person: UUID, listing: UUID, at: datetime, told: Row, answered_at: datetime | None = None
) -> None:
    introduction = plan.add(
        "introductions",
        person_id=person,
        listing_id=listing,
        state="accepted" if answered_at else "asked",
        created_at=at,
        expires_at=at + INTRODUCTION_LASTS,
        answered_at=answered_at,
        **told,
    )
    plan.event("introduction.asked", introduction, at, person, ("", "asked"))
    _log(plan, person, at, "introduction.asked", listing_id=listing, details=told["told"])
    _log(plan, person, at + timedelta(seconds=1), "introduction.mailed", listing_id=listing)
    if answered_at:
        plan.event("introduction.accepted", introduction, answered_at, None, ("asked", "accepted"))
        _log(plan, person, answered_at, "introduction.accepted", listing_id=listing)


def _suggestion(plan: Plan, listings: list[UUID]) -> None:
    farid, at = plan.hosts["farid"], plan.now - timedelta(days=1)
    suggestion = plan.add(
        "suggestions",
        person_id=plan.mira,
        made_by=farid,
        listing_ids=[str(each) for each in listings],
        words=SUGGESTED,
        created_at=at,
    )
    plan.event("suggestion.made", suggestion, at, farid, ("", "made"))
    for each in listings:
        _log(plan, plan.mira, at, "suggestion.listing", who=farid, listing_id=each)


def _log(plan: Plan, person: UUID, at: datetime, what: str, **more: Any) -> None:
    plan.rows.setdefault("accesses", []).append({"person_id": person, "at": at, "what": what, **more})
