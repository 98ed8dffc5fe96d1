"""The facilitator's desk: what is on today and this week, and what is missing. Pure decisions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from circles.base import clock
from circles.base.row import Row


@dataclass(frozen=True, slots=True)
class Missing:
    """One loose end: which circle, what it is, where it is mended, and the word on the link."""

    circle: str
    says: str
    href: str
    do: str


def today_and_later(week: Sequence[Row], zone: str) -> tuple[list[Row], list[Row]]:
    """Split a week at midnight: of the visitor's clock where it is known, else of each gathering's own.

    What began yesterday and is not over belongs to today.
    """
    today = [row for row in week if _is_today(row, ZoneInfo(zone or row["zone"]))]
    return today, [row for row in week if row not in today]


def _is_today(row: Row, zone: ZoneInfo) -> bool:
    return row["starts_at"].astimezone(zone).date() <= row["now"].astimezone(zone).date()


def missing(circles: Iterable[Row]) -> list[Missing]:
    """What is missing in somebody's circles: the registers first, since memory fades."""
    found = list(circles)
    registers = [each for circle in found for each in _registers(circle)]
    changes = [each for circle in found if circle["part"] != "helper" for each in _to_change(circle)]
    return registers + changes


def _registers(circle: Row) -> Iterable[Missing]:
    for each in circle["registers"]:
        count, page = each["unmarked"], f"/host/gatherings/{each['id']}"
        says = f"The register of {_when(each)} is open"
        if count:
            people = "one person is" if count == 1 else f"{count} people are"
            says = f"{says}: {people} not marked yet."
            yield Missing(circle["name"], says, f"{page}#register", "Finish the register")
        elif circle["part"] != "helper":
            says = f"{says}. Everybody is marked, so it can be closed."
            yield Missing(circle["name"], says, f"{page}/after", "Close the register")


def _to_change(circle: Row) -> Iterable[Missing]:
    page, name = f"/host/circles/{circle['id']}", circle["name"]
    if circle["waiting"]:
        says = (
            "A request is waiting."
            if circle["waiting"] == 1
            else f"{circle['waiting']} requests are waiting."
        )
        yield Missing(name, f"{says} Somebody hopes to come.", "/host/requests", "Read and answer")
    if circle["has_guidelines_draft"]:
        says = "A draft of its guidelines is not published yet."
        yield Missing(name, says, f"{page}/guidelines", "Go on with it")
    if circle["state"] == "draft":
        yield Missing(name, "This circle is still a draft. Only its hosts can see it.", page, "Look it over")
    for each in circle["drafts"]:
        says = f"The gathering of {_when(each)} is still a draft, so nobody can book it."
        yield Missing(name, says, f"/host/gatherings/{each['id']}", "Publish it")
    if not circle["has_ahead"] and circle["state"] != "paused":
        yield Missing(name, "Nothing is planned ahead.", page, "Plan a gathering")
    if not circle["has_co"] and not circle["asked"]:
        says = "There is no co-facilitator yet, so nobody can step in when you are ill."
        yield Missing(name, says, f"{page}/hosts", "Ask somebody")


def _when(row: dict[str, Any]) -> str:
    return clock.format_short(datetime.fromisoformat(row["starts_at"]), row["zone"])
