"""What needs a hand: its kinds, their words, their order, and until when it can be put off. Pure."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from circles.base import clock
from circles.base.clock import Viewer
from circles.base.english import join_names, plural
from circles.base.errors import Reason, Refused
from circles.base.row import Row
from circles.people import Person
from circles.store.context import Context

# Rows that the query of one kind answers; one more says that there are more.
MAX_OF_KIND: Final = 20
# A page shows so many of one kind, so that many of it hide no other; and so many in all.
MAX_SHOWN: Final = 5
MAX_LISTED: Final = 40

Level = Literal["pressing", "soon", "in time"]
LEVELS: Final[tuple[Level, ...]] = ("pressing", "soon", "in time")


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that waits for a person.

    kind, about: what it is; together its key. at: since when, where that is known. due: until when something must
    happen. not_for: the person whom it is about, who does not read it. facts: what its words are made from.
    """

    kind: str
    about: str
    at: datetime | None
    due: datetime | None
    not_for: UUID | None
    facts: dict[str, Any]

    @classmethod
    def of(cls, row: Row) -> Need:
        return cls(row["source"], row["about"], row["at"], row["due"], row["not_for"], row["facts"])


@dataclass(frozen=True, slots=True)
class Words:
    """What a page says of a need. happened: what it is; safe: what is safe meanwhile; link and button: what to do.

    link: the page that leads to the fix; empty where the button itself does it.
    """

    happened: str
    safe: str
    button: str
    link: str = ""


Describe = Callable[[Need, Viewer], Words]
# Does what the button of a need says. Returns the notice. Raises NotFound, Refused.
Act = Callable[[Context, Person, str], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of needs.

    query: its named query, without parameters, with the columns of sql/organizing/needs.sql. noun: what a mail calls
    one of them. level: how pressing it is; pressing_within: what is due so soon is pressing. act: what its button does
    where no page leads on. is_mailed: whether organizers are told by the daily mail while it is pressing. many: the
    noun for several, where it is not `noun` with an s. holds: whether a row counts, where the query cannot know it.
    """

    name: str
    query: Any
    noun: str
    describe: Describe
    level: Level = "soon"
    pressing_within: timedelta = timedelta(0)
    act: Act | None = None
    is_mailed: bool = True
    many: str = ""
    holds: Callable[[Need], bool] = lambda need: True


def level_of(kind: Kind, need: Need, now: datetime) -> Level:
    """How pressing a need is now."""
    if need.due and need.due <= now + kind.pressing_within:
        return "pressing"
    return kind.level


def _with_level(kind: Kind, need: Need, now: datetime) -> tuple[Level, Kind, Need]:
    return level_of(kind, need, now), kind, need


def in_order(needs: Iterable[tuple[Kind, Need]], now: datetime) -> list[tuple[Level, Kind, Need]]:
    """The most pressing first; of one level what is due first, then what has waited longest."""
    listed = [_with_level(kind, need, now) for kind, need in needs]
    return sorted(
        listed, key=lambda one: (LEVELS.index(one[0]), one[2].due or one[2].at or now, one[2].about)
    )


def daily_text(needs: Iterable[tuple[Kind, Need]], now: datetime) -> str:
    """What organizers are told once a day of what is pressing, without names or amounts; empty for nothing."""
    counts: dict[str, tuple[Kind, int]] = {}
    for kind, need in needs:
        if kind.is_mailed and level_of(kind, need, now) == "pressing":
            counts[kind.name] = (kind, counts.get(kind.name, (kind, 0))[1] + 1)
    parts = [_counted(kind, count) for kind, count in counts.values()]
    total = sum(count for _, count in counts.values())
    return f"{join_names(parts)} {'needs' if total == 1 else 'need'} a person." if parts else ""


def _counted(kind: Kind, count: int) -> str:
    if count > MAX_OF_KIND:
        return f"more than {plural(MAX_OF_KIND, kind.noun, kind.many)}"
    return plural(count, kind.noun, kind.many)


# Putting off

OVER: Final = Reason("over", "This waits for nobody any more, so there is nothing to put off.")
PUT_OFF: Final = {"tomorrow": "Tomorrow", "monday": "Monday", "week": "In a week", "month": "In four weeks"}
# People look at what waits in the morning.
MORNING: Final = time(7)


def until(choice: str, now: datetime, viewer: Viewer) -> datetime:
    """When a need that is put off comes back: a morning on the viewer's clock. Raises Refused for no known choice."""
    if choice not in PUT_OFF:
        raise Refused(Reason("put_off", "Please choose when it comes back.", "until"))
    zone = viewer.zone or "UTC"
    today = clock.wall_time(now, zone).date()
    days = {"tomorrow": 1, "monday": 7 - today.weekday(), "week": 7, "month": 28}[choice]
    return clock.moment(datetime.combine(today + timedelta(days=days), MORNING), zone).utc
