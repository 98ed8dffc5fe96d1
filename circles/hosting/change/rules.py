"""What a change does to planted gatherings, who is notified of it, and every reason against it. Pure, no I/O."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from circles.base import clock
from circles.base.clock import Viewer
from circles.base.english import choose, plural
from circles.base.errors import Reason
from circles.base.moves import Moves
from circles.base.row import Row
from circles.hosting.schedule import forms as schedule_forms
from circles.hosting.schedule import rules as schedule_rules
from circles.hosting.schedule.rules import Rule, Terms

# change: gets another time or other terms. remove: nobody has a seat and the rule no longer has its date.
# stay: the rule no longer has its date, but somebody has a seat. by_hand: its hosts changed it; it is left alone.
Effect = Literal["change", "remove", "stay", "by_hand"]
# The states of a gathering. A draft may be discarded as well, which deletes it.
MOVES: Moves = {"draft": {"open"}, "open": {"cancelled"}, "cancelled": set()}
PLACE = ("join_link", "city", "address")
# The longest line of a host in mails about a change, in characters.
MAX_LINE = 500
# The terms of which those with a seat are notified. How many seats there are is no matter of theirs.
NOTIFIED_TERMS = ("length_minutes", "note", *PLACE)
# The terms that differ from one gathering to another beside its time.
TERMS = tuple(field.name for field in fields(Terms) if field.name not in ("at", "zone"))


@dataclass(frozen=True, slots=True)
class SeatHolder:
    """Somebody with a seat, who may have to give it up. held: they have not finished booking it."""

    booking: UUID
    name: str
    since: datetime
    held: bool


@dataclass(frozen=True, slots=True)
class NotifiedHost:
    """Another host of the circle, who is notified of a change. viewer: on whose clock their mail says times."""

    id: UUID
    name: str
    email: str
    viewer: Viewer

    @classmethod
    def of(cls, row: Row) -> NotifiedHost:
        return cls(row["id"], row["name"], row["email"], Viewer.of(row["zone"], row["clock_hours"]))

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> NotifiedHost:
        """A host from the JSON of a query."""
        return cls.of({**row, "id": UUID(row["id"])})


@dataclass(frozen=True, slots=True)
class OtherHosts:
    """The other hosts of a circle, with what their mail says of it."""

    circle_id: UUID
    discreet_name: str
    hosts: tuple[NotifiedHost, ...]

    @classmethod
    def of(cls, row: Row) -> OtherHosts:
        """row: a gathering or a schedule with its circle."""
        return cls(row["circle_id"], row["discreet_name"], tuple(map(NotifiedHost.read, row["other_hosts"])))


@dataclass(frozen=True, slots=True)
class Planted:
    """A planted gathering before the change. people, names: of those with a confirmed seat, who may be notified.

    seat_holders: the newest booking last; only where one gathering alone changes.
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
    people: tuple[UUID, ...] = ()
    names: tuple[str, ...] = ()
    seat_holders: tuple[SeatHolder, ...] = ()

    @classmethod
    def of(cls, row: Any) -> Planted:
        names = (
            "id",
            "planned_for",
            "state",
            "by_hand",
            "starts_at",
            "wall_start",
            "seats_taken",
            "community_taken",
        )
        columns = {name: row[name] for name in names}
        terms = schedule_forms.terms_of(row, row["wall_start"].time())
        return cls(**columns, terms=terms, people=tuple(row["people"]), names=tuple(row["names"]))


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of one gathering. moment, terms: what it gets when it changes."""

    effect: Effect
    gathering: Planted
    moment: clock.Moment
    terms: Terms

    @property
    def moves(self) -> bool:
        return self.effect == "change" and self.moment.utc != self.gathering.starts_at

    @property
    def changes_place(self) -> bool:
        """Whether those booked find it at another link or address."""
        return self.effect == "change" and not set(PLACE).isdisjoint(self.differing)

    @property
    def notifies(self) -> bool:
        """Whether those with a seat are notified: of another time, length, place or note."""
        differs = self.effect == "change" and not set(NOTIFIED_TERMS).isdisjoint(self.differing)
        return bool(self.gathering.seats_taken) and (self.moves or differs)

    @property
    def too_many(self) -> int:
        """How many more seats are taken than it will have."""
        return max(0, self.gathering.seats_taken - self.terms.capacity) if self.effect == "change" else 0

    @property
    def differing(self) -> list[str]:
        return [name for name in TERMS if getattr(self.terms, name) != getattr(self.gathering.terms, name)]

    @property
    def changed(self) -> list[str]:
        names = {"length_minutes": "length", "capacity": "seats"}
        return ["time"] * self.moves + [names.get(name, name.replace("_", " ")) for name in self.differing]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything a change does: the steps, and the dates that are planted anew.

    rule_words: the schedule in words, where it moves to other days. ends: whether the schedule ends.
    others: the other hosts, where they are notified. line: what the host writes in each mail to those booked.
    """

    steps: tuple[Step, ...]
    plants: tuple[date, ...] = ()
    rule_words: str = ""
    ends: bool = False
    others: OtherHosts | None = None
    line: str = ""

    @property
    def hosts(self) -> tuple[NotifiedHost, ...]:
        """The other hosts, who are notified."""
        return self.others.hosts if self.others else ()

    def notifying(self, row: Row) -> Outcome:
        """The same, with the other hosts, who are notified if it concerns them. row: as `OtherHosts.of` reads it."""
        return replace(self, others=OtherHosts.of(row)) if self.concerns_hosts else self

    def steps_that(self, effect: Effect) -> list[Step]:
        return [step for step in self.steps if step.effect == effect]

    @property
    def in_order(self) -> list[Step]:
        """The steps so that none moves onto a time which another has yet to leave."""
        later = [step for step in self.steps_that("change") if step.moment.utc > step.gathering.starts_at]
        others = [step for step in self.steps if step.effect != "remove" and step not in later]
        return [*self.steps_that("remove"), *reversed(later), *others]

    @property
    def concerns_hosts(self) -> bool:
        """Whether other hosts are notified: an open gathering changes or goes, dates are new, the schedule ends."""
        effects = {step.effect for step in self.steps if step.gathering.state == "open"}
        return bool(effects & {"change", "remove"} or self.plants or self.ends)

    @property
    def notified(self) -> int:
        """How many people keep their seat and are notified, each once."""
        return _people(step for step in self.steps if step.notifies)

    @property
    def too_many(self) -> int:
        """How many people have to give up their seat."""
        return sum(step.too_many for step in self.steps)

    @property
    def may_cancel(self) -> int:
        """How many people may cancel with a full refund, since the time moves."""
        return _people(step for step in self.steps if step.moves)

    @property
    def fingerprint(self) -> str:
        """Differs when the change would do another thing than was shown."""
        lines = [
            f"{step.gathering.id} {step.effect} {step.moment.utc} {step.terms} {step.gathering.seats_taken} "
            f"{step.gathering.starts_at} {step.gathering.terms}"
            for step in self.steps
        ]
        # Consent to telling these people, and not just as many others.
        lines += [
            f"{step.gathering.id} {sorted(map(str, step.gathering.people))}"
            for step in self.steps
            if step.notifies
        ]
        lines += sorted(str(host.id) for host in self.hosts)
        # A choice among people holds for these people, not for just as many others.
        lines += [
            f"{holder.booking} {holder.held}"
            for step in self.steps
            if step.too_many
            for holder in step.gathering.seat_holders
        ]
        lines += [f"line {self.line}"] if self.line else []
        return hashlib.sha256("\n".join([*lines, *map(str, self.plants)]).encode()).hexdigest()[:32]


def _people(steps: Iterable[Step]) -> int:
    """How many people have a confirmed seat in these gatherings, without those who give theirs up."""
    known = list(steps)
    people = {person for step in known for person in step.gathering.people}
    return max(0, len(people) - sum(step.too_many for step in known))


def gathering_outcome(row: Mapping[str, Any], moment: clock.Moment, terms: Terms) -> Outcome:
    """What another time and other terms do to one stored gathering."""
    columns = (row[f"seated_{name}"] for name in ("ids", "names", "since", "held"))
    holders = tuple(SeatHolder(*values) for values in zip(*columns, strict=True))
    step = Step("change", replace(Planted.of(row), seat_holders=holders), moment, terms)
    return Outcome((step,) if step.changed else ())


def schedule_outcome(
    rule: Rule, terms: Terms, gatherings: Iterable[Planted], now: datetime, rule_words: str = ""
) -> Outcome:
    """What a rule does to the gatherings ahead that were planted under it before."""
    known = list(gatherings)
    horizon = schedule_rules.horizon(rule, now.date())
    # A gathering at the horizon that moves to a later day lies beyond it.
    furthest = max([horizon, *(one.planned_for for one in known if one.planned_for)])
    wanted = schedule_rules.dates(rule, now.date() - timedelta(days=1), furthest)
    steps = [_step(one, one.planned_for in wanted, terms, now) for one in known if one.state != "cancelled"]
    planned = {one.planned_for for one in known}
    new = [day for day in wanted if day not in planned and day <= horizon and terms.moment(day).utc > now]
    return Outcome(tuple(step for step in steps if step), tuple(new), rule_words)


def _step(gathering: Planted, wanted: bool, terms: Terms, now: datetime) -> Step | None:
    moment = terms.moment(gathering.planned_for or gathering.wall_start.date())
    if gathering.by_hand or not wanted or moment.utc <= now:
        return _off_rule(gathering)
    step = Step("change", gathering, moment, terms)
    return step if step.changed else None


def _off_rule(gathering: Planted) -> Step:
    effect: Effect = "by_hand" if gathering.by_hand else "stay" if gathering.seats_taken else "remove"
    return Step(effect, gathering, gathering.terms.moment(gathering.wall_start.date()), gathering.terms)


def end_outcome(gatherings: Iterable[Planted]) -> Outcome:
    """What becomes of the gatherings ahead of a schedule that ends."""
    return Outcome(tuple(_off_rule(one) for one in gatherings if one.state != "cancelled"), ends=True)


def following(gathering: Planted, first: UUID, days: Mapping[date, date], moves: bool) -> Planted:
    """A gathering from the first on, planned for the day it goes to.

    The host chose the first itself, so it changes too though it was changed by hand; but when one that was moved by
    hand is not moved now, it stays where it is.
    """
    day = gathering.planned_for or gathering.wall_start.date()
    chosen = gathering.id == first and (moves or gathering.wall_start.date() == day)
    return replace(gathering, planned_for=days[day], by_hand=gathering.by_hand and not chosen)


def new_times(outcome: Outcome, terms: Terms) -> list[tuple[datetime, datetime]]:
    """When the gatherings that are new, move or change their length will be: start and end, in UTC."""
    length = timedelta(minutes=terms.length_minutes)
    changed = [
        step.moment.utc
        for step in outcome.steps_that("change")
        if step.moves or "length_minutes" in step.differing
    ]
    return [(at, at + length) for at in (*changed, *(terms.moment(day).utc for day in outcome.plants))]


# Reasons against a change


def closed_refusals(row: Any) -> list[Reason]:
    """Why a stored gathering can no longer change."""
    if row["state"] == "cancelled":
        return [Reason("cancelled", "This gathering was canceled, so it cannot be changed.")]
    if row["has_begun"]:
        return [Reason("begun", "This gathering has begun, so it cannot be changed.")]
    return []


def refusals(outcome: Outcome, *, choosing: bool = False) -> list[Reason]:
    """Why a change cannot be made while people have seats.

    choosing: whether the host chooses who gives up a seat when too many are taken, which is for one gathering alone.
    """
    reasons = []
    for step in outcome.steps_that("change"):
        wall, taken = step.gathering.wall_start.date(), step.gathering.seats_taken
        day, community = clock.format_day_of_year(wall), step.gathering.community_taken
        if step.too_many and not choosing:
            message = (
                f"On {day} {plural(taken, 'seat')} {choose(taken, 'is', 'are')} taken, so there cannot be only "
                f"{step.terms.capacity}. Give {taken} or more, or change one gathering at a time: there you choose "
                "who gives up a seat."
            )
            reasons.append(Reason("seats_taken", message, "capacity"))
        # Counted as if all of them kept their seats: choosing must not reveal who has a community seat.
        needed = min(community, step.terms.capacity)
        if step.terms.community_seats < needed:
            given = f"{plural(community, 'community seat')} {choose(community, 'is', 'are')} given already"
            reasons.append(
                Reason("community_taken", f"On {day} {given}. Give {needed} or more.", "community_seats")
            )
    return reasons


def past_refusals(moment: clock.Moment, now: datetime) -> list[Reason]:
    """Why a gathering cannot go back to the time its schedule has for it."""
    passed = Reason("past", "The time its schedule has for it has passed.")
    return [passed] if moment.utc <= now else []


def bookings_to_end(outcome: Outcome, chosen: Collection[UUID]) -> list[UUID]:
    """The chosen bookings that really are in a gathering with too many seats taken."""
    return [
        holder.booking
        for step in outcome.steps
        if step.too_many
        for holder in step.gathering.seat_holders
        if holder.booking in chosen
    ]


def choice_refusals(needed: int, chosen: int) -> list[Reason]:
    """Why so many chosen people cannot give up their seats: it must be just as many as needed."""
    if chosen == needed:
        return []
    people = plural(needed, "person", "people")
    must = f"{people} {choose(needed, 'has to give up a seat', 'have to give up their seats')}"
    if chosen < needed:
        more = f"{needed - chosen} more" if chosen else str(needed)
        return [Reason("choose_more", f"{must}. Please choose {more}, or give more seats.", "give_up")]
    message = f"Only {must}. Please take back {plural(chosen - needed, 'tick')}."
    return [Reason("choose_fewer", message, "give_up")]
