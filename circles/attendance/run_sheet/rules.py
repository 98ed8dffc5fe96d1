"""The run sheet: the steps of a gathering with their minutes, its form, and the starting sheets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from circles.base import clock, reading, zones
from circles.base.clock import Viewer
from circles.base.english import choose, plural
from circles.base.errors import Reason, Refused
from circles.base.reading import Reader

MAX_STEPS: Final = 24
MAX_MINUTES: Final = 240
MAX_TITLE: Final = 80
MAX_WORDS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its title, its length in minutes, and what the host wants to remember or say."""

    title: str
    minutes: int
    words: str = ""


# The starting sheet of each format, for 90 minutes. The sharing takes up the difference to another length.
SHARING: Final = "Sharing rounds"
STARTING_SHEETS: Final[dict[str, tuple[Step, ...]]] = {
    "facilitated": (
        Step("Arriving", 5, "Greet each person by name. Seats in a ring, water within reach, devices away."),
        Step("Opening", 5, "A minute of quiet. Say who hosts today and how long we have."),
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
        Step("Theme", 15, "A song, a text or silence. Let it come to its end before anybody speaks."),
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


# What differs in the starting sheets of a circle that meets online.
ONLINE_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "facilitated": {
        "Arriving": "Greet each person by name as they join. Sound and picture work, doors closed, headphones on, "
        "other windows shut.",
        "Opening": "A minute of quiet. Say who hosts today, how long we have, and what to do when a connection drops.",
        "Agreements": "Read them aloud: what is said stays here; nobody records; nobody else listens; own experience "
        "only; no advice unless asked; anybody may pass or turn the camera off.",
        "Check-in round": "Call each person by name, in the order of a list you show. One or two sentences: how am I "
        "here, and am I alone where I sit?",
        "Theme": "Name the theme, read one question aloud and put it into the chat. Give time to write a few lines.",
        SHARING: "Name who speaks and who comes next; the others are muted. Divide the time by the number of people "
        "and say it. Thank each one; do not explain what they meant.",
        "Closing": "One word each, in the chat or aloud. Ask for one small step until next time. Say the next date.",
        "Afterwards": "Stay in the call for those who need a moment. Write to those who left. Keep the register.",
    },
    "ceremony": {
        "Arriving": "Music plays in the call. Each person finds a quiet place, a blanket and water, and sets the phone "
        "aside.",
        "Opening": "Each lights a candle where they are, if they like. Three slow breaths together. Say what this "
        "evening is for.",
        "Agreements": "Say them slowly, one by one: what is said stays here; nobody records; nobody else is near; "
        "anybody may pass, rest or turn the camera off.",
        "Check-in round": "Call each person by name. They say one thing they bring to the circle.",
        "Theme": "A song, with the sound of the computer shared; a text or silence. Let it come to its end before "
        "anybody speaks.",
        SHARING: "One round without hurry, in the order you call. Silence counts as speaking. Sound the bell between "
        "two people.",
        "Closing": "Each puts out their candle. Each person names what stays with them.",
        "Afterwards": "Keep the call open for plain talk. Ask each to eat, drink and move before the next screen. "
        "Keep the register.",
    },
    "peer": {
        "Arriving": "The first to join checks that the link works and greets the others, by name those who are new.",
        "Opening": "Say the purpose in one sentence, who keeps the time and calls the names, and that we are peers.",
        "Agreements": "Take turns reading one line each. Say aloud that nobody records, that this is no therapy, and "
        "where help is to be had.",
        "Check-in round": "The timekeeper calls the names. How the days since the last time were. Two minutes "
        "each.",
        "Theme": "Ask in the chat what wants to be spoken about. Choose one thing, by raised hands if need be.",
        SHARING: "Three minutes each, in the order of the check-in; the others are muted. Then a pause. A second round "
        "for those who have more to say.",
        "Closing": "One thing to take away. Choose who opens the call and keeps the time next week.",
        "Afterwards": "Two people stay until everybody has left. Write to anybody who went quiet or dropped out.",
    },
}


def starting_sheet(format_: str, length_minutes: int, place: str) -> list[Step]:
    """The starting sheet for a gathering of this length and place: the sharing takes the time that is left.

    place: online or in_person, as circles store it. For a short gathering every step is shortened in proportion, so
    that the sharing stays the longest.
    """
    format_ = format_ if format_ in STARTING_SHEETS else "facilitated"
    template = STARTING_SHEETS[format_]
    online = ONLINE_WORDS[format_] if place == "online" else {}
    share = min(1.0, length_minutes / total(template))
    steps = [
        replace(step, minutes=max(1, round(step.minutes * share)), words=online.get(step.title, step.words))
        for step in template
    ]
    spare = length_minutes - total(steps)
    return [
        replace(step, minutes=min(MAX_MINUTES, step.minutes + spare)) if step.title == SHARING else step
        for step in steps
    ]


def total(steps: Iterable[Step]) -> int:
    """The minutes of all steps together."""
    return sum(step.minutes for step in steps)


def total_sentence(steps: Sequence[Step], length_minutes: int) -> str:
    """The minutes of all steps compared with the length of the gathering, as a sentence or two."""
    free = length_minutes - total(steps)
    start = f"{plural(total(steps), 'minute')} in all"
    length = f"The gathering has {plural(length_minutes, 'minute')}"
    if free == 0:
        return f"{start}, just as long as the gathering."
    if free > 0:
        return f"{start}. {length}, so {plural(free, 'minute')} {choose(free, 'is', 'are')} free."
    return f"{start}. {length}: the steps take {plural(-free, 'minute')} more than there are."


def times(steps: Iterable[Step], starts_at: datetime | None, zone: str, viewer: Viewer) -> list[str]:
    """When each step begins on the viewer's clock, else the gathering's: 6:00 pm, 6:05 pm. Empty for a circle."""
    if starts_at is None:
        return []
    starts, at = [], starts_at
    for step in steps:
        starts.append(clock.format_hour(at.astimezone(zones.of(viewer.zone or zone)), viewer.hours))
        at += timedelta(minutes=step.minutes)
    return starts


def form_values(steps: Sequence[Step]) -> dict[str, str]:
    """The values of the form; the fields of each step are numbered from 1."""
    values = {"count": str(len(steps))}
    for number, step in enumerate(steps, start=1):
        values |= {
            f"title-{number}": step.title,
            f"minutes-{number}": str(step.minutes),
            f"words-{number}": step.words,
        }
    return values


def count(values: Mapping[str, str]) -> int:
    """The number of steps in the form."""
    return min(reading.whole_number(values.get("count", ""), 0), MAX_STEPS)


def version(values: Mapping[str, str]) -> int:
    """The version of the sheet that the form was made from."""
    return reading.whole_number(values.get("version", ""), 0)


def read(values: Mapping[str, str]) -> list[Step]:
    """Read the form. Raises Refused with every reason at once."""
    reader = Reader(values)
    steps = [_read_step(reader, number) for number in range(1, count(values) + 1)]
    reader.raise_refusals()
    return steps


def _read_step(reader: Reader, number: int) -> Step:
    title = reader.line(f"title-{number}", max_length=MAX_TITLE)
    words = reader.body(f"words-{number}", max_length=MAX_WORDS, required=False)
    field = f"minutes-{number}"
    message = f"Please give whole minutes, from 1 to {MAX_MINUTES}."
    return Step(title, reader.whole(field, 1, MAX_MINUTES, message), words)


def read_button(then: str) -> tuple[str, int]:
    """The button that was pressed and its step: ("up", 3), ("add", 0), ("save", 0) for anything else."""
    verb, _, number = then.partition("-")
    if verb in ("up", "down", "remove") and reading.whole_number(number, 0):
        return verb, reading.whole_number(number, 0)
    return ("add", 0) if verb == "add" else ("save", 0)


def change(steps: Sequence[Step], verb: str, number: int) -> list[Step]:
    """The steps after a button was pressed. A move past either end changes nothing.

    Raises Refused for one step too many, and for removing the last one.
    """
    changed = list(steps)
    at = number - 1
    if verb == "add":
        if len(changed) >= MAX_STEPS:
            raise Refused(Reason("too_many", f"A run sheet has room for {MAX_STEPS} steps."))
        changed.append(Step("Another step", 5))
    elif verb == "remove" and 0 <= at < len(changed):
        if len(changed) == 1:
            raise Refused(Reason("last", "A run sheet keeps at least one step."))
        del changed[at]
    elif verb == "up" and 0 < at < len(changed):
        changed[at - 1], changed[at] = changed[at], changed[at - 1]
    elif verb == "down" and 0 <= at < len(changed) - 1:
        changed[at + 1], changed[at] = changed[at], changed[at + 1]
    return changed


def anchor(steps: Sequence[Step], verb: str, number: int) -> int:
    """The number of the step to show after a button was pressed."""
    target = {"up": number - 1, "down": number + 1, "add": len(steps)}.get(verb, number)
    return max(1, min(target, len(steps)))


def stored(rows: Iterable[Mapping[str, Any]]) -> list[Step]:
    """Steps from the JSON of a query."""
    return [Step(row["title"], row["minutes"], row["words"]) for row in rows]
