"""Introductions of the demo community: Mira's requests and suggestion, and a request to Farid. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from circles.directory import INTRODUCTION_LIFETIME
from circles.practice.demo import data
from circles.practice.demo.plan import Plan, Row


def add_introductions(plan: Plan) -> None:
    """Add three introductions and a suggestion, with the lines of the members' own access logs."""
    texts = data.community()["introductions"]
    own = next(row["id"] for row in plan.rows["listings"] if row["person_id"])
    licensed = {row["listing_id"] for row in plan.rows["licences"] if row["area"] == "NY"}
    others = [row["id"] for row in plan.rows["listings"] if row["id"] in licensed and _is_open(row)]
    answered_at = plan.now - timedelta(days=3)
    _add_introduction(plan, plan.mira, others[0], plan.now - timedelta(days=2, hours=5), texts["asked"])
    created_at = plan.now - timedelta(days=6)
    _add_introduction(plan, plan.mira, others[1], created_at, texts["accepted"], answered_at)
    _add_introduction(plan, plan.members[3], own, plan.now - timedelta(hours=30), texts["of_farid"])
    _add_suggestion(plan, others[2:4], texts["suggested"])
    plan.rows["accesses"].sort(key=lambda row: row["at"])


def _is_open(row: Row) -> bool:
    """Whether a listing takes requests from anywhere in its state."""
    shown = row["room"] == "now" and row["state"] == "shown"
    return bool(shown and row["telehealth"] and not row["person_id"])


def _add_introduction(
    plan: Plan, person: UUID, listing: UUID, at: datetime, texts: Row, answered_at: datetime | None = None
) -> None:
    row: Row = {"person_id": person, "listing_id": listing, "created_at": at, "answered_at": answered_at}
    row |= {"state": "accepted" if answered_at else "asked", "expires_at": at + INTRODUCTION_LIFETIME}
    introduction = plan.add("introductions", **row, **texts)
    plan.event("introduction.asked", introduction, at, person, after="asked")
    _log(plan, person, at, "introduction.asked", listing, details=texts["told"])
    _log(plan, person, at + timedelta(seconds=1), "introduction.mailed", listing)
    if answered_at:
        plan.event("introduction.accepted", introduction, answered_at, None, "asked", "accepted")
        _log(plan, person, answered_at, "introduction.accepted", listing)


def _add_suggestion(plan: Plan, listings: list[UUID], words: str) -> None:
    farid, at = plan.hosts["farid"], plan.now - timedelta(days=1)
    row = {"person_id": plan.mira, "made_by": farid, "words": words, "created_at": at}
    suggestion = plan.add("suggestions", **row, listing_ids=listings)
    plan.event("suggestion.made", suggestion, at, farid, after="made")
    for listing in listings:
        _log(plan, plan.mira, at, "suggestion.listing", listing, who=farid)


def _log(plan: Plan, person: UUID, at: datetime, what: str, listing: UUID, **more: Any) -> None:
    row = {"person_id": person, "at": at, "what": what, "listing_id": listing}
    plan.rows.setdefault("accesses", []).append(row | {"who": None, "details": []} | more)
