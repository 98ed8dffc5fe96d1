"""Who comes, in the demo community: one circle asks first and has a request waiting, one takes few newcomers."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from circles.demo.plan import Plan

ASKS: Final = "tuesday"
QUESTIONS: Final = (
    "How long ago was your medicine session, and what is still moving in you?",
    "Who is there for you between the evenings?",
)
ANSWERS: Final = (
    "Three weeks ago. The grief for my father came up, and since then I wake early and write.",
    "My partner, and a therapist every other week. She knows that I am looking for a circle.",
)
FEW_NEWCOMERS: Final = ("table", 2)


def screen(plan: Plan) -> None:
    """Add what two circles decided about who comes, and the request that waits."""
    circles = {meeting.circle.key: meeting.circle_id for meeting in plan.meetings}
    key, most = FEW_NEWCOMERS
    plan.rows["screenings"] = [
        {
            "circle_id": circles[ASKS],
            "asks": "questions",
            "questions": list(QUESTIONS),
            "newcomers_most": None,
        },
        {"circle_id": circles[key], "asks": "off", "questions": [], "newcomers_most": most},
    ]
    of_circle = {meeting.id for meeting in plan.meetings if meeting.circle.key == ASKS}
    seated = {row["person_id"] for row in plan.rows["bookings"] if row["gathering_id"] in of_circle}
    person = next(each for each in plan.members if each not in seated)
    wanted = next(each for each in plan.meetings if each.circle.key == ASKS and each.index == 1)
    at = plan.now - timedelta(hours=20)
    request = plan.add(
        "requests", circle_id=circles[ASKS], person_id=person, gathering_id=wanted.id, created_at=at
    )
    plan.rows["request_answers"] = [
        {"request_id": request, "number": number, "question": question, "answer": answer}
        for number, (question, answer) in enumerate(zip(QUESTIONS, ANSWERS, strict=True), start=1)
    ]
    plan.event("request.waiting", request, at, person, ("", "waiting"))
