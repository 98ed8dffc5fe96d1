"""Dashboard of a host: what is on today and this week, and what is missing in their circles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from circles.base import clock, zones
from circles.base.clock import Viewer
from circles.base.english import plural
from circles.base.row import Row


@dataclass(frozen=True, slots=True)
class Missing:
    """Something to do in a circle: what it is, and the link to where it is done."""

    circle: str
    text: str
    href: str
    label: str


def today_and_later(week: Sequence[Row], zone: str) -> tuple[list[Row], list[Row]]:
    """Split a week at midnight: in the visitor's zone where it is known, else in each gathering's own.

    What began yesterday and is not over belongs to today.
    """
    today = [row for row in week if _is_today(row, zones.of(zone or row["zone"]))]
    return today, [row for row in week if row not in today]


def _is_today(row: Row, zone: ZoneInfo) -> bool:
    return row["starts_at"].astimezone(zone).date() <= row["now"].astimezone(zone).date()


def missing(circles: Sequence[Row], viewer: Viewer = clock.NOBODY) -> list[Missing]:
    """What is missing in somebody's circles: the registers first, since memory fades. Helpers get these alone."""
    registers = [item for circle in circles for item in _registers(circle, viewer)]
    return registers + [
        item for circle in circles if circle["part"] != "helper" for item in _others(circle, viewer)
    ]


def _registers(circle: Row, viewer: Viewer) -> Iterable[Missing]:
    for register in circle["registers"]:
        unmarked, page = register["unmarked"], f"/host/gatherings/{register['id']}"
        text = f"The register of {_when(register, viewer)} is open"
        if unmarked:
            people = "one person is" if unmarked == 1 else f"{unmarked} people are"
            text = f"{text}: {people} not marked yet."
            yield Missing(circle["name"], text, f"{page}#register", "Finish the register")
        elif circle["part"] != "helper":
            text = f"{text}. Everybody is marked, so it can be closed."
            yield Missing(circle["name"], text, f"{page}/after", "Close the register")


def _others(circle: Row, viewer: Viewer) -> Iterable[Missing]:
    page, name = f"/host/circles/{circle['id']}", circle["name"]
    if circle["waiting"]:
        waiting = circle["waiting"]
        text = "A request is waiting." if waiting == 1 else f"{plural(waiting, 'request')} are waiting."
        yield Missing(name, f"{text} Somebody hopes to come.", "/host/requests", "Read and answer")
    if circle["has_guidelines_draft"]:
        text = "A draft of its guidelines is not published yet."
        yield Missing(name, text, f"{page}/guidelines", "Go on with it")
    if circle["state"] == "draft":
        yield Missing(name, "This circle is still a draft. Only its hosts can see it.", page, "Look it over")
    for draft in circle["drafts"]:
        text = f"The gathering of {_when(draft, viewer)} is still a draft, so nobody can book it."
        yield Missing(name, text, f"/host/gatherings/{draft['id']}", "Publish it")
    if not circle["has_ahead"] and circle["state"] != "paused":
        yield Missing(name, "Nothing is planned ahead.", page, "Plan a gathering")
    if not circle["has_co"] and not circle["invitations"]:
        text = "There is no co-facilitator yet, so nobody can step in when you are ill."
        yield Missing(name, text, f"{page}/hosts", "Ask somebody")


def _when(row: dict[str, Any], viewer: Viewer) -> str:
    return clock.format_short(datetime.fromisoformat(row["starts_at"]), row["zone"], viewer)
