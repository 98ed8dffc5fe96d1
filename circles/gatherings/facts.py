"""What somebody with a seat knows of a gathering, and how two states of it differ: "was ..., now ...". Pure, no I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from typing import Any, Literal, Self
from uuid import UUID

from circles.base import clock
from circles.base.clock import NOBODY, Viewer
from circles.base.english import join_names
from circles.gatherings.rules import FORMATS, PLACES

Kind = Literal["time", "length", "place", "link", "hosts", "discreet_name", "name", "format", "note"]

# The kinds whose values may stand in a mail, which others may see. The rest is named there and shown on the site.
DISCREET: frozenset[Kind] = frozenset(("time", "length", "hosts", "discreet_name"))

LABELS: Mapping[Kind, str] = {
    "time": "When",
    "length": "How long",
    "place": "Where",
    "link": "Join link",
    "hosts": "Hosted by",
    "discreet_name": "Name in your calendar",
    "name": "Name",
    "format": "Format",
    "note": "From your host",
}
# What stands in place of the values where they are not shown.
_CHANGED: Mapping[Kind, str] = {
    "place": "It meets at another place.",
    "link": "The link to join is a new one.",
    "name": "It has another name on the site.",
    "format": "It is held in another way.",
    "note": "There is something new to read.",
}


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of a gathering as the function gathering_facts of the database gives them.

    join_link: a hash of it, empty without one. hosts: ids; of a stand-in alone where there is one.
    """

    starts_at: datetime
    ends_at: datetime
    zone: str
    wall_start: str
    discreet_name: str
    name: str
    format: str
    place: str
    city: str
    address: str
    join_link: str
    note: str
    hosts: tuple[UUID, ...]

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Self:
        """What a newer version of the function adds is left out."""
        times = {name: datetime.fromtimestamp(row[name], UTC) for name in ("starts_at", "ends_at")}
        values = {field.name: row[field.name] for field in fields(cls)}
        return cls(**{**values, **times, "hosts": tuple(map(UUID, row["hosts"]))})

    @classmethod
    def read_stored(cls, row: Mapping[str, Any] | None) -> Self | None:
        """Facts as they were stored once; None for none, and for what this version cannot read."""
        try:
            return cls.read(row) if row else None
        except (KeyError, TypeError, ValueError, AttributeError):
            return None

    @property
    def length_minutes(self) -> int:
        return int((self.ends_at - self.starts_at).total_seconds() // 60)

    def keeps_wall_time(self, other: Facts) -> bool:
        """Whether it starts at another moment by the same clock: a law changed the clocks of its zone."""
        wall, now = (self.wall_start, self.zone), (other.wall_start, other.zone)
        return self.starts_at != other.starts_at and wall == now

    def day(self, viewer: Viewer) -> date:
        """Its day for a reader in another zone; in its own zone for one without."""
        return clock.local_day(self.starts_at, self.zone, viewer)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that changed. was, now: in words; both empty where they are not shown, and then `text` says it all."""

    kind: Kind
    was: str = ""
    now: str = ""

    @property
    def label(self) -> str:
        return LABELS[self.kind]

    @property
    def text(self) -> str:
        """ "was Tuesday, now Wednesday", or that it changed."""
        return f"was {self.was}, now {self.now}" if self.was and self.now else self.now or _CHANGED[self.kind]


def kinds_of(was: Facts, now: Facts) -> list[Kind]:
    """What differs, the weightiest first."""
    pairs: dict[Kind, tuple[object, object]] = {
        "time": (was.starts_at, now.starts_at),
        "length": (was.length_minutes, now.length_minutes),
        "place": ((was.place, was.city, was.address), (now.place, now.city, now.address)),
        "link": (was.join_link, now.join_link),
        "hosts": (set(was.hosts), set(now.hosts)),
        "discreet_name": (was.discreet_name, now.discreet_name),
        "name": (was.name, now.name),
        "format": (was.format, now.format),
        "note": (was.note, now.note),
    }
    kinds: list[Kind] = [kind for kind, (before, after) in pairs.items() if before != after]
    if "place" in kinds and "link" in kinds and was.place != now.place:
        kinds.remove("link")  # a circle that goes online has its first link
    return kinds


def differences(
    was: Facts,
    now: Facts,
    names: Mapping[UUID, str],
    *,
    viewer: Viewer = NOBODY,
    shown: frozenset[Kind] = frozenset(LABELS),
) -> list[Difference]:
    """What differs, in words. names: of the hosts of both; shown: the kinds whose values may be seen."""
    before, after = (_values(facts, names, viewer) for facts in (was, now))
    if was.keeps_wall_time(now):
        before["time"], after["time"] = "", _by_law(now, viewer)
    return [
        Difference(kind, before.get(kind, ""), after.get(kind, "")) if kind in shown else Difference(kind)
        for kind in kinds_of(was, now)
    ]


@dataclass(frozen=True, slots=True)
class UnseenChange:
    """What changed since a person with a seat last saw it, for their own pages. mark: of what is shown."""

    differences: Sequence[Difference]
    mark: str

    @classmethod
    def read(cls, row: Mapping[str, Any] | None, viewer: Viewer, *, shows_place: bool) -> UnseenChange | None:
        """row: as the database function unseen_change gives it. shows_place: whether they may see the address."""
        if row is None:
            return None
        names = {UUID(host): name for host, name in row["names"].items()}
        shown = frozenset(LABELS) - (frozenset() if shows_place else {"place"})
        was, now = Facts.read_stored(row["was"]), Facts.read(row["now"])
        differing = differences(was, now, names, viewer=viewer, shown=shown) if was else []
        return cls(differing, row["mark"]) if differing else None


def _by_law(facts: Facts, viewer: Viewer) -> str:
    when = clock.format_when(facts.starts_at, facts.zone, viewer)
    return (
        f"{when}. The clocks in {clock.city(facts.zone)} have a new law: it still starts at the hour that was planned "
        "there, but calendars may have shown another one."
    )


def _values(facts: Facts, names: Mapping[UUID, str], viewer: Viewer) -> dict[Kind, str]:
    """The values of facts in words. The link has none: those who may see it find it where it is used."""
    return {
        "time": clock.format_when(facts.starts_at, facts.zone, viewer),
        "length": clock.format_length(facts.length_minutes),
        "place": _place(facts),
        "hosts": _host_names(facts.hosts, names),
        "discreet_name": f"“{facts.discreet_name}”",
        "name": f"“{facts.name}”",
        "format": FORMATS[facts.format],
        # A note is shown whole where it stands.
    }


def _place(facts: Facts) -> str:
    if facts.place == "online":
        return PLACES[facts.place].lower()
    has_city = facts.city and facts.city not in facts.address
    return ", ".join(part for part in (facts.address, facts.city if has_city else "") if part) or "in person"


def _host_names(hosts: Sequence[UUID], names: Mapping[UUID, str]) -> str:
    return join_names(sorted(names[host] for host in hosts if host in names)) or "nobody yet"


def host_ids(*facts: Facts) -> list[UUID]:
    """Whose names `differences` of these facts needs: none when their hosts are the same."""
    if len({frozenset(one.hosts) for one in facts}) == 1:
        return []
    return sorted({host for one in facts for host in one.hosts})
