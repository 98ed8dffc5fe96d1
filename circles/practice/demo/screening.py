"""Screening in the demo community: settings of three circles, requests, and a pair kept apart."""

from __future__ import annotations

from datetime import timedelta
from itertools import combinations
from typing import Any, Final
from uuid import UUID

from circles.bookings import CALL_QUESTIONS
from circles.practice.demo import data
from circles.practice.demo.plan import Meeting, Plan, Row

ASKS: Final = "tuesday"
CALLS: Final = "ground"
FEW_NEWCOMERS: Final = ("table", 2)
# How many days before a date newcomers may book it; others may book as soon as it is planned.
NEWCOMERS_LATER: Final = 21


def add_screening(plan: Plan) -> None:
    """Add the screening of circles, requests, and a pair kept apart."""
    texts = data.community()["screening"]
    few, most = FEW_NEWCOMERS
    plan.rows["screenings"] = [
        _screening(plan, ASKS, "questions", questions=texts["questions"], newcomers_days=NEWCOMERS_LATER),
        _screening(plan, few, "off", newcomers_most=most),
        _screening(plan, CALLS, "call"),
    ]
    waiting, welcome, *_ = _without_a_seat(plan, ASKS)
    _request(plan, ASKS, waiting, texts["questions"], texts["answers"], hours=20)
    request = _request(plan, ASKS, welcome, texts["questions"], texts["other_answers"], hours=90)
    _approve(plan, request, texts["welcome"])
    _request(plan, CALLS, _without_a_seat(plan, CALLS)[0], CALL_QUESTIONS, texts["call_answers"], hours=31)
    _keep_apart(plan)


def _screening(plan: Plan, key: str, asks: str, **more: Any) -> Row:
    usual = {"questions": [], "newcomers_most": None, "newcomers_days": None}
    return {"circle_id": plan.meeting(key).circle_id, "asks": asks, **usual, **more}


def _seated(plan: Plan, meetings: list[Meeting]) -> set[UUID]:
    return {row["person_id"] for row in plan.bookings_of(meetings)}


def _without_a_seat(plan: Plan, key: str) -> list[UUID]:
    seated = _seated(plan, plan.meetings_of(key))
    return [person for person in plan.members if person not in seated]


def _request(plan: Plan, key: str, person: UUID, questions: Any, answers: list[str], *, hours: int) -> UUID:
    wanted, at = plan.meeting(key, 1), plan.now - timedelta(hours=hours)
    about: Row = {"circle_id": wanted.circle_id, "person_id": person, "gathering_id": wanted.id}
    about |= {"kind": "call" if key == CALLS else "questions", "created_at": at, "moved_at": at}
    request = plan.add("requests", **about, state="waiting", words="", decided_at=None, decided_by=None)
    for number, (question, answer) in enumerate(zip(questions, answers, strict=True), start=1):
        row = {"request_id": request, "number": number, "question": question, "answer": answer}
        plan.rows.setdefault("request_answers", []).append(row)
    plan.event("request.waiting", request, at, person, after="waiting")
    return request


def _approve(plan: Plan, request: UUID, words: str) -> None:
    row, host = plan.find("requests", id=request), plan.hosts["farid"]
    at = row["created_at"] + timedelta(hours=9)
    row.update(state="approved", words=words, decided_at=at, decided_by=host, moved_at=at)
    plan.event("request.approved", request, at, host, "waiting", "approved")


def _keep_apart(plan: Plan) -> None:
    """Two past members of a circle without a seat at the same gathering ahead."""
    meetings = plan.meetings_of(ASKS)
    ahead = [_seated(plan, [meeting]) for meeting in meetings if meeting.index >= 0]
    before = _seated(plan, [meeting for meeting in meetings if meeting.index < 0]) - {plan.mira}
    pairs = combinations(sorted(before), 2)
    first, second = next(pair for pair in pairs if not any(seated.issuperset(pair) for seated in ahead))
    at = plan.now - timedelta(days=12)
    pair = {"first_id": first, "second_id": second, "set_by": plan.odile, "created_at": at}
    apart = plan.add("apart", circle_id=meetings[0].circle_id, **pair)
    plan.event("apart.set", apart, at, plan.odile, after="apart")
