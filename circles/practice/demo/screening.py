"""Who comes, in the demo community: what three circles ask and allow, who asked to come, and two kept apart."""

from __future__ import annotations

from datetime import timedelta
from itertools import combinations
from typing import Any, Final
from uuid import UUID

from circles.bookings import CALL_QUESTIONS
from circles.practice.demo.plan import Meeting, Plan

ASKS: Final = "tuesday"
CALLS: Final = "ground"
FEW_NEWCOMERS: Final = ("table", 2)
# Those who have been there may book as soon as a date is planned, newcomers so many days before it.
NEWCOMERS_LATER: Final = 21
QUESTIONS: Final = (
    "How long ago was your medicine session, and what is still moving in you?",
    "Who is there for you between the evenings?",
)
ANSWERS: Final = (
    "Three weeks ago. The grief for my father came up, and since then I wake early and write.",
    "My partner, and a therapist every other week. She knows that I am looking for a circle.",
)
OTHER_ANSWERS: Final = (
    "In spring. Nothing is urgent any more; I would like company in keeping at it.",
    "Two friends, and my sister on the phone.",
)
CALL_ANSWERS: Final = ("555-0147, or a message first.", "On weekdays after six.")
WELCOME: Final = "Yes, gladly. Come five minutes early the first time, so that we can say hello."


def screen(plan: Plan) -> None:
    """Add what circles decided about who comes, who asked to, and who is not seated together."""
    circles = {meeting.circle.key: meeting.circle_id for meeting in plan.meetings}
    few, most = FEW_NEWCOMERS
    plan.rows["screenings"] = [
        _screening(circles[ASKS], "questions", questions=list(QUESTIONS), newcomers_days=NEWCOMERS_LATER),
        _screening(circles[few], "off", newcomers_most=most),
        _screening(circles[CALLS], "call"),
    ]
    waits, welcome, *_ = _without_a_seat(plan, ASKS)
    _ask(plan, ASKS, waits, dict(zip(QUESTIONS, ANSWERS, strict=True)), hours=20)
    said = _ask(plan, ASKS, welcome, dict(zip(QUESTIONS, OTHER_ANSWERS, strict=True)), hours=90)
    _say_yes(plan, said)
    _ask(
        plan,
        CALLS,
        _without_a_seat(plan, CALLS)[0],
        dict(zip(CALL_QUESTIONS, CALL_ANSWERS, strict=True)),
        hours=31,
    )
    _keep_apart(plan, circles[ASKS])


def _screening(circle_id: UUID, asks: str, **more: Any) -> dict[str, Any]:
    usual = {"questions": [], "newcomers_most": None, "newcomers_days": None}
    return {"circle_id": circle_id, "asks": asks, **usual, **more}


def _of(plan: Plan, key: str) -> list[Meeting]:
    return [meeting for meeting in plan.meetings if meeting.circle.key == key]


def _seated(plan: Plan, meetings: list[Meeting]) -> list[UUID]:
    ids = {meeting.id for meeting in meetings}
    return [row["person_id"] for row in plan.rows["bookings"] if row["gathering_id"] in ids]


def _without_a_seat(plan: Plan, key: str) -> list[UUID]:
    seated = set(_seated(plan, _of(plan, key)))
    return [each for each in plan.members if each not in seated]


def _ask(plan: Plan, key: str, person: UUID, said: dict[str, str], *, hours: int) -> UUID:
    wanted = next(each for each in _of(plan, key) if each.index == 1)
    at = plan.now - timedelta(hours=hours)
    request = plan.add(
        "requests",
        circle_id=wanted.circle_id,
        person_id=person,
        gathering_id=wanted.id,
        kind="call" if key == CALLS else "questions",
        state="waiting",
        words="",
        created_at=at,
    )
    rows = plan.rows.setdefault("request_answers", [])
    for number, (question, answer) in enumerate(said.items(), start=1):
        rows.append({"request_id": request, "number": number, "question": question, "answer": answer})
    plan.event("request.waiting", request, at, person, ("", "waiting"))
    return request


def _say_yes(plan: Plan, request: UUID) -> None:
    row = next(each for each in plan.rows["requests"] if each["id"] == request)
    host, at = plan.hosts["farid"], row["created_at"] + timedelta(hours=9)
    row |= {"state": "approved", "words": WELCOME, "decided_at": at, "decided_by": host}
    plan.event("request.approved", request, at, host, ("waiting", "approved"))


def _keep_apart(plan: Plan, circle_id: UUID) -> None:
    """Two who have both been there, and sit together at no gathering ahead."""
    meetings = _of(plan, ASKS)
    ahead = [set(_seated(plan, [each])) for each in meetings if each.index >= 0]
    before = set(_seated(plan, [each for each in meetings if each.index < 0])) - {plan.mira}
    pairs = combinations(sorted(before), 2)
    first, second = next(pair for pair in pairs if not any(seated.issuperset(pair) for seated in ahead))
    odile = next(row["id"] for row in plan.rows["people"] if row["is_organizer"])
    at = plan.now - timedelta(days=12)
    pair = {"first_id": first, "second_id": second, "set_by": odile, "created_at": at}
    made = plan.add("apart", circle_id=circle_id, **pair)
    plan.event("apart.set", made, at, odile, ("", "apart"))
