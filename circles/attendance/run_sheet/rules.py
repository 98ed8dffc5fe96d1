"""The run sheet: what a gathering does with its time. Pure decisions, and sheets to begin with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from circles.base import clock, reading, text
from circles.base.errors import Reason, Refused

MAX_STEPS: Final = 24
MAX_MINUTES: Final = 240
MAX_TITLE: Final = 80
MAX_WORDS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what it is called, how long it takes, and what the host wants to remember or say."""

    title: str
    minutes: int
    words: str = ""


# A sheet to begin with for each format, for 90 minutes. The step that gives or takes time is the sharing.
SHARING: Final = "Sharing rounds"
STARTS: Final[dict[str, tuple[Step, ...]]] = {
    "facilitated": (
        Step("Arriving", 5, "Greet each person by name. Seats in a ring, water within reach, devices away."),
        Step("Opening", 5, "A minute of quiet. Say who holds the room today and how long we have."),
        Step(
            "Agreements",
            5,
            "Read them aloud: what is said stays here; own experience only; no advice unless asked; "
            "anybody may pass. Ask whether everybody can keep them today.",
        ),
        Step(
            "Check-in round",
            15,
            "One or two sentences each: how am I here? Listen for who came straight from a hard week.",
        ),
        Step("Theme", 10, "Name the theme and read one question aloud. Give time to write a few lines."),
        Step(
            SHARING,
            35,
            "Who speaks holds the stone. Divide the time by the number of people and say it. "
            "Thank each one; do not explain what they meant.",
        ),
        Step("Closing", 10, "One word each. Ask for one small step until next time. Say the next date."),
        Step("Afterwards", 5, "Stay for whoever needs a moment. Keep the register. Note what to carry on."),
    ),
    "ceremony": (
        Step(
            "Arriving",
            10,
            "Shoes off, voices low, music already playing. Show each person a place in the ring.",
        ),
        Step("Opening", 10, "Light the candle. Three slow breaths together. Say what this evening is for."),
        Step(
            "Agreements",
            5,
            "Say them slowly, one by one: what is said stays here; we touch nobody without asking; "
            "anybody may pass, rest or step out.",
        ),
        Step("Check-in round", 10, "Each person says their name and one thing they bring into the ring."),
        Step("Theme", 15, "A song, a text or silence. Let it end by itself before anybody speaks."),
        Step(
            SHARING,
            25,
            "One round without hurry. Silence counts as speaking. Sound the bell between two people.",
        ),
        Step("Closing", 10, "Put out the candle together. Each person names what stays with them."),
        Step("Afterwards", 5, "Tea and plain talk, so that nobody walks out half asleep. Keep the register."),
    ),
    "peer": (
        Step("Arriving", 5, "Whoever is first puts the chairs in a ring. Say hello to those who are new."),
        Step(
            "Opening", 5, "Say the purpose in one sentence, who keeps the time today, and that we are peers."
        ),
        Step(
            "Agreements",
            5,
            "Take turns reading one line each. Say aloud that this is no therapy and where help is to be had.",
        ),
        Step("Check-in round", 15, "Name, and how the days since the last time were. Two minutes each."),
        Step("Theme", 5, "Ask what wants to be spoken about. Choose one thing, by show of hands if need be."),
        Step(SHARING, 40, "Three minutes each, then a pause. A second round for whoever has more to say."),
        Step("Closing", 10, "One thing to take home. Choose who opens and keeps the time next week."),
        Step("Afterwards", 5, "Put the room back together. Look after anybody who went quiet."),
    ),
}


def start(format_: str, length_minutes: int) -> list[Step]:
    """The sheet to begin with, for a gathering of this length: the sharing takes the time that is left.

    A short gathering has every step shortened alike, so that the sharing stays the most of it.
    """
    written = STARTS.get(format_, STARTS["facilitated"])
    share = min(1.0, length_minutes / total(written))
    steps = [replace(step, minutes=max(1, round(step.minutes * share))) for step in written]
    spare = length_minutes - total(steps)
    return [
        replace(step, minutes=min(MAX_MINUTES, step.minutes + spare)) if step.title == SHARING else step
        for step in steps
    ]


def total(steps: Iterable[Step]) -> int:
    """The minutes of all steps together."""
    return sum(step.minutes for step in steps)


def total_words(steps: Sequence[Step], length_minutes: int) -> str:
    """The minutes of all steps, beside the length of the gathering, in words."""
    found = total(steps)
    said = f"{_minutes(found)} in all"
    if found == length_minutes:
        return f"{said}, just as long as the gathering."
    if found < length_minutes:
        free = length_minutes - found
        verb = "is" if free == 1 else "are"
        return f"{said}. The gathering has {_minutes(length_minutes)}, so {_minutes(free)} {verb} free."
    return (
        f"{said}. The gathering has {_minutes(length_minutes)}: the steps take "
        f"{_minutes(found - length_minutes)} more than there are."
    )


def _minutes(count: int) -> str:
    return "1 minute" if count == 1 else f"{count} minutes"


def times(steps: Iterable[Step], starts_at: datetime, zone: str) -> list[str]:
    """When each step begins on the gathering's clock: 6:00 pm, 6:05 pm."""
    found, at = [], starts_at
    for step in steps:
        found.append(clock.say_short(at.astimezone(ZoneInfo(zone)), zone).rpartition(", ")[2])
        at += timedelta(minutes=step.minutes)
    return found


def typed(steps: Sequence[Step]) -> dict[str, str]:
    """A sheet as its form holds it: the fields of each step are numbered from 1."""
    values = {"count": str(len(steps))}
    for number, step in enumerate(steps, start=1):
        values |= {
            f"title-{number}": step.title,
            f"minutes-{number}": str(step.minutes),
            f"words-{number}": step.words,
        }
    return values


def count(values: Mapping[str, str]) -> int:
    """How many steps the form holds."""
    return min(reading.whole(values.get("count", ""), 0), MAX_STEPS)


def version(values: Mapping[str, str]) -> int:
    """Which version of the sheet the form was made with."""
    return reading.whole(values.get("version", ""), 0)


def read(values: Mapping[str, str]) -> list[Step]:
    """Read the form. Raises Refused with every reason at once."""
    reasons: list[Reason] = []
    steps = [_read_step(values, number, reasons) for number in range(1, count(values) + 1)]
    if reasons:
        raise Refused(reasons)
    return steps


def _read_step(values: Mapping[str, str], number: int, reasons: list[Reason]) -> Step:
    title, words = "", ""
    try:
        title = text.line(values.get(f"title-{number}", ""), f"title-{number}", most=MAX_TITLE)
    except Refused as refused:
        reasons.extend(refused.reasons)
    try:
        words = text.body(
            values.get(f"words-{number}", ""), f"words-{number}", most=MAX_WORDS, required=False
        )
    except Refused as refused:
        reasons.extend(refused.reasons)
    whole = reading.whole(values.get(f"minutes-{number}", ""), 0)
    if not 1 <= whole <= MAX_MINUTES:
        reasons.append(
            Reason("minutes", f"Please give whole minutes, from 1 to {MAX_MINUTES}.", f"minutes-{number}")
        )
    return Step(title, whole, words)


def pressed(then: str) -> tuple[str, int]:
    """Which button was pressed and for which step: ("up", 3), ("add", 0), ("save", 0) for anything else."""
    verb, _, number = then.partition("-")
    if verb in ("up", "down", "remove") and reading.whole(number, 0):
        return verb, reading.whole(number, 0)
    return ("add", 0) if verb == "add" else ("save", 0)


def change(steps: Sequence[Step], verb: str, number: int) -> list[Step]:
    """The steps after a button was pressed. What cannot be done (up from the first) changes nothing.

    Raises Refused for one step too many, and for taking the last one away.
    """
    found = list(steps)
    at = number - 1
    if verb == "add":
        if len(found) >= MAX_STEPS:
            raise Refused(Reason("too_many", f"A run sheet has room for {MAX_STEPS} steps."))
        found.append(Step("Another step", 5))
    elif verb == "remove" and 0 <= at < len(found):
        if len(found) == 1:
            raise Refused(Reason("last", "A run sheet keeps at least one step."))
        del found[at]
    elif verb == "up" and 0 < at < len(found):
        found[at - 1], found[at] = found[at], found[at - 1]
    elif verb == "down" and 0 <= at < len(found) - 1:
        found[at + 1], found[at] = found[at], found[at + 1]
    return found


def anchor(steps: Sequence[Step], verb: str, number: int) -> int:
    """The number of the step to go on with after a button was pressed."""
    went = {"up": number - 1, "down": number + 1, "add": len(steps)}.get(verb, number)
    return max(1, min(went, len(steps)))


def stored(rows: Iterable[Mapping[str, Any]]) -> list[Step]:
    """Steps as the database keeps them."""
    return [Step(row["title"], row["minutes"], row["words"]) for row in rows]
