"""What a change does to gatherings that are planted already, and who is told: decided before it is done."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from circles.base import clock
from circles.base.errors import Reason, refuse_if
from circles.hosting.schedule import rules as schedule_rules
from circles.hosting.schedule.rules import HORIZON, Rule, Terms

# change: gets another time or other terms. remove: nobody has a seat and the rule has it no more.
# stay: the rule has it no more, but somebody has a seat. by_hand: its hosts changed it, so it is left alone.
What = Literal["change", "remove", "stay", "by_hand"]
PLACE = ("join_link", "city", "address")


@dataclass(frozen=True, slots=True)
class Seated:
    """Somebody with a seat, who may have to give it up. held: they have not finished booking it."""

    booking: UUID
    name: str
    since: datetime
    held: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """A planted gathering as it stands. names: of those with a seat, who may have to be told.

    seated: everybody with a seat, the newest booking last, where one gathering is looked at alone.
    """

    id: UUID
    planned_for: date | None
    state: str
    by_hand: bool
    starts_at: datetime
    wall_start: datetime
    terms: Terms
    seats_taken: int
    community_taken: int
    was_booked: bool
    names: tuple[str, ...] = ()
    seated: tuple[Seated, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of one gathering. moment, terms: what it gets when it changes."""

    what: What
    row: Standing
    moment: clock.Moment
    terms: Terms

    @property
    def moves(self) -> bool:
        """Whether it starts at another time."""
        return self.what == "change" and self.moment.utc != self.row.starts_at

    @property
    def replaced(self) -> bool:
        """Whether its place changes."""
        return self.what == "change" and any(
            getattr(self.terms, name) != getattr(self.row.terms, name) for name in PLACE
        )

    @property
    def tells(self) -> bool:
        """Whether those with a seat are told: of another time, length or place."""
        longer = self.what == "change" and self.terms.length_minutes != self.row.terms.length_minutes
        return bool(self.row.seats_taken) and (self.moves or longer or self.replaced)

    @property
    def too_many(self) -> int:
        """How many more seats are taken than it will have."""
        return max(0, self.row.seats_taken - self.terms.capacity) if self.what == "change" else 0

    @property
    def changed(self) -> list[str]:
        """What changes, in words."""
        names = [name for name in Terms.__slots__ if name not in ("at", "zone")]
        differ = [n for n in names if getattr(self.terms, n) != getattr(self.row.terms, n)]
        return (["time"] if self.moves else []) + [_WORDS[name] for name in differ]

    @property
    def becomes(self) -> list[str]:
        """What its terms become, told so that whoever decides need not look up what they were."""
        return [
            _BECOMES[name].format(new=getattr(self.terms, name), old=getattr(self.row.terms, name))
            for name in _BECOMES
            if getattr(self.terms, name) != getattr(self.row.terms, name)
        ]


_WORDS = {
    "length_minutes": "length",
    "capacity": "seats",
    "community_seats": "community seats",
    "note": "note",
    "join_link": "join link",
    "city": "city",
    "address": "address",
}
_BECOMES = {
    "length_minutes": "{new} minutes instead of {old}",
    "capacity": "seats: {new} instead of {old}",
    "community_seats": "community seats: {new} instead of {old}",
    "note": "a new word about it",
    "join_link": "a new link to join",
    "city": "a new city",
    "address": "a new address",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything a change does: the steps, and the dates that are planted anew."""

    steps: tuple[Step, ...]
    plants: tuple[date, ...] = ()

    def those(self, what: What) -> list[Step]:
        """The steps of one kind."""
        return [step for step in self.steps if step.what == what]

    @property
    def in_order(self) -> list[Step]:
        """The steps so that none moves onto a time which another has yet to leave."""
        later = [step for step in self.those("change") if step.moment.utc > step.row.starts_at]
        others = [step for step in self.steps if step.what != "remove" and step not in later]
        return [*self.those("remove"), *reversed(later), *others]

    @property
    def told(self) -> int:
        """How many seats have somebody who keeps it and is told."""
        return sum(step.row.seats_taken - step.too_many for step in self.steps if step.tells)

    @property
    def too_many(self) -> int:
        """How many people have to give up their seat."""
        return sum(step.too_many for step in self.steps)

    @property
    def may_cancel(self) -> int:
        """How many seats may be given back with all their money, since the time moves."""
        return sum(step.row.seats_taken - step.too_many for step in self.steps if step.moves)

    @property
    def seen(self) -> str:
        """A fingerprint: what was shown is what is done, or it is shown again."""
        lines = [
            f"{step.row.id} {step.what} {step.moment.utc} {step.terms} {step.row.seats_taken} "
            f"{step.row.starts_at} {step.row.terms}"
            for step in self.steps
        ]
        # Whoever decides about people must have seen these people, and not just as many.
        lines += [
            f"{seat.booking} {seat.held}" for step in self.steps if step.too_many for seat in step.row.seated
        ]
        return hashlib.sha256("\n".join([*lines, *map(str, self.plants)]).encode()).hexdigest()[:32]


def standing(row: Any, terms: Terms) -> Standing:
    """A stored gathering as it stands."""
    names = ("id", "planned_for", "state", "by_hand", "starts_at", "wall_start")
    counts = ("seats_taken", "community_taken", "was_booked")
    told = tuple(row["names"])
    return Standing(terms=terms, names=told, **{name: row[name] for name in names + counts})


def seated(row: Mapping[str, Any]) -> tuple[Seated, ...]:
    """Everybody with a seat in one stored gathering, the newest booking last."""
    columns = (row[f"seated_{name}"] for name in ("ids", "names", "since", "held"))
    return tuple(Seated(*each) for each in zip(*columns, strict=True))


def outcome(rule: Rule, terms: Terms, rows: Iterable[Standing], now: datetime) -> Outcome:
    """What a rule does to the gatherings ahead that were planted under it before."""
    known = list(rows)
    today = now.date()
    horizon = today + HORIZON
    # A gathering at the horizon that moves to a later day lies beyond it.
    furthest = max([horizon, *(row.planned_for for row in known if row.planned_for)])
    wanted = schedule_rules.dates(rule, today - timedelta(days=1), furthest)
    steps = [_step(row, row.planned_for in wanted, terms, now) for row in known if row.state != "cancelled"]
    there = {row.planned_for for row in known}
    new = tuple(day for day in wanted if day not in there and day <= horizon and terms.moment(day).utc > now)
    return Outcome(tuple(step for step in steps if step), new)


def following(row: Standing, first: UUID, goes: Mapping[date, date], moves: bool) -> Standing:
    """A gathering that follows the first of them, where it goes.

    The first was asked for by name, so it changes too though it was changed by hand; but one that was moved by hand
    and is not moved now stays where it is.
    """
    day = row.planned_for or row.wall_start.date()
    asked = row.id == first and (moves or row.wall_start.date() == day)
    return replace(row, planned_for=goes[day], by_hand=row.by_hand and not asked)


def _step(row: Standing, wanted: bool, terms: Terms, now: datetime) -> Step | None:
    moment = terms.moment(row.planned_for or row.wall_start.date())
    if row.by_hand:
        return Step("by_hand", row, moment, row.terms)
    if not wanted or moment.utc <= now:
        return Step("stay" if row.seats_taken else "remove", row, moment, row.terms)
    step = Step("change", row, moment, terms)
    return step if step.changed else None


def problems(found: Outcome, *, choosing: bool = False) -> list[Reason]:
    """Why a change cannot be done to people who have seats.

    choosing: whether it is said who gives up a seat when too many are taken, as it can be for one gathering alone.
    """
    reasons = []
    for step in found.those("change"):
        day = schedule_rules.say_day(step.row.wall_start.date(), step.row.wall_start.date())
        taken, community = step.row.seats_taken, step.row.community_taken
        if step.too_many and not choosing:
            says = (
                f"On {day} {_seats(taken)} taken, so there cannot be only {step.terms.capacity}. "
                f"Give {taken} or more, or change one gathering at a time: there you choose who gives up a seat."
            )
            reasons.append(Reason("seats_taken", says, "capacity"))
        # Counted as if all of them kept their seats: who has a community seat is nobody's to find out by choosing.
        needed = min(community, step.terms.capacity)
        if step.terms.community_seats < needed:
            says = f"On {day} {_seats(community, 'community ')} given already. Give {needed} or more."
            reasons.append(Reason("community_taken", says, "community_seats"))
    return reasons


def giving_up(found: Outcome, chosen: Collection[UUID]) -> list[UUID]:
    """The bookings that end, of those chosen: only where too many seats are taken. Raises Refused."""
    here = [seat.booking for step in found.steps if step.too_many for seat in step.row.seated]
    ends = [booking for booking in here if booking in chosen]
    refuse_if(_choice_problems(found.too_many, len(ends)))
    return ends


def _choice_problems(needed: int, chosen: int) -> list[Reason]:
    """Why the choice of those who give up a seat cannot stand: it names just as many as it must."""
    if chosen == needed:
        return []
    must = f"{_people(needed)} {'has to give up a seat' if needed == 1 else 'have to give up their seats'}"
    if chosen < needed:
        more = f"{needed - chosen} more" if chosen else str(needed)
        return [Reason("choose_more", f"{must}. Please choose {more}, or give more seats.", "give_up")]
    says = f"Only {must}. Please take back {_people(chosen - needed, 'tick')}."
    return [Reason("choose_fewer", says, "give_up")]


def _people(number: int, kind: str = "") -> str:
    one, many = (kind, f"{kind}s") if kind else ("person", "people")
    return f"1 {one}" if number == 1 else f"{number} {many}"


def _seats(number: int, kind: str = "") -> str:
    return f"1 {kind}seat is" if number == 1 else f"{number} {kind}seats are"


def times(found: Outcome, terms: Terms) -> Sequence[tuple[datetime, datetime]]:
    """When the gatherings that are new or move will be, to look for others across them."""
    length = timedelta(minutes=terms.length_minutes)
    moved = [step.moment.utc for step in found.those("change") if step.moves or "length" in step.changed]
    return [(at, at + length) for at in (*moved, *(terms.moment(day).utc for day in found.plants))]
