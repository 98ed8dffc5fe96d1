"""Circles: the plan of one, and every refusal of a plan, a change, a publication and an end."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from circles.base import discreet, money
from circles.base.english import choose, join_names, plural
from circles.base.errors import Reason
from circles.base.money import Scale
from circles.base.moves import Moves
from circles.base.row import Row

# The states of a circle. A draft may be discarded as well, which deletes it.
MOVES: Moves = {
    "draft": {"published", "archived"},
    "published": {"paused", "archived"},
    "paused": {"published", "archived"},
    "archived": set(),
}


@dataclass(frozen=True, slots=True)
class CirclePlan:
    """Everything a circle is made of, as typed. Amounts in minor units, guidelines in Markdown."""

    name: str
    discreet_name: str
    purpose: str
    format: str
    place: str
    city: str
    address: str
    join_link: str
    zone: str
    capacity: int
    length_minutes: int
    currency: str
    minimum: int
    suggested: int
    maximum: int
    community_seats: int
    refund_hours: int
    late_refund_percent: int
    guidelines: str

    @classmethod
    def of(cls, row: Any) -> CirclePlan:
        """The plan of a stored circle. row: its columns by name, and its newest `guidelines`."""
        return cls(**{field.name: row[field.name] for field in fields(cls)})

    @property
    def scale(self) -> Scale:
        return Scale(self.minimum, self.suggested, self.maximum, self.currency)


def where_words(plan: CirclePlan) -> str:
    """Where a circle meets, for its hosts: the join link or the address with the city."""
    parts = ("Online", plan.join_link) if plan.place == "online" else (plan.address, plan.city)
    return ", ".join(part for part in parts if part)


def plan_refusals(plan: CirclePlan, unread: set[str]) -> list[Reason]:
    """Every reason against a plan as a whole. unread: fields refused already, which get no further reason."""
    reasons = discreet.refusals(plan.discreet_name)
    if not unread & {"minimum", "suggested", "maximum"}:
        reasons += money.scale_refusals(plan.scale)
        if not unread & {"capacity", "community_seats"}:
            reasons += community_refusals(plan.community_seats, plan.capacity, plan.scale)
    return reasons


def community_refusals(seats: int, capacity: int, scale: Scale) -> list[Reason]:
    """Why a gathering cannot have that many community seats."""
    if seats > capacity:
        return [
            Reason("community_seats", "There cannot be more community seats than seats.", "community_seats")
        ]
    if seats and scale.is_free:
        text = "Every seat is free here, so please give 0 community seats."
        return [Reason("community_seats", text, "community_seats")]
    return []


def publish_refusals(plan: CirclePlan) -> list[Reason]:
    """Everything a circle still lacks before people can see it."""
    reasons = []
    if plan.place == "online" and not plan.join_link:
        text = "Please give the link people join by. Only those with a seat see it."
        reasons.append(Reason("no_link", text, "join_link"))
    if plan.place == "in_person" and not plan.city:
        reasons.append(Reason("no_city", "Please give the city.", "city"))
    if plan.place == "in_person" and not plan.address:
        text = "Please give the address. Only those with a seat see it."
        reasons.append(Reason("no_address", text, "address"))
    return reasons


def change_refusals(old: CirclePlan, new: CirclePlan, seats_ahead: int) -> list[Reason]:
    """What may not change once members have seats. seats_ahead: seats taken in gatherings ahead.

    Price and terms may: each booking keeps the ones it was made under.
    """
    if not seats_ahead or new.place == old.place:
        return []
    text = "People have seats ahead. A circle cannot move between online and in person under them."
    return [Reason("place_moved", text, "place")]


def differences(one: CirclePlan, other: CirclePlan) -> list[str]:
    """The names of the fields in which two plans differ, for people."""
    return [
        field.name.replace("_", " ")
        for field in fields(CirclePlan)
        if getattr(one, field.name) != getattr(other, field.name)
    ]


def saved_meanwhile(saved: CirclePlan, typed: CirclePlan) -> Reason:
    """The reason when somebody else saved the circle since the form was shown."""
    text = "Somebody else saved this circle while you were writing. What you typed is kept here."
    differing = differences(saved, typed)
    if differing:
        text += f" It differs from theirs in: {', '.join(differing)}. Saving again replaces theirs."
    return Reason("out_of_date", text)


def end_refusals(seats_ahead: int) -> list[Reason]:
    """Why a circle cannot end. seats_ahead: seats taken in gatherings that are not over."""
    if not seats_ahead:
        return []
    taken = f"{plural(seats_ahead, 'seat')} {choose(seats_ahead, 'is', 'are')} taken ahead."
    text = f"{taken} Let these gatherings be over, or cancel them, before the circle ends."
    return [Reason("seats_ahead", text)]


def discard_refusals(circle: Row) -> list[Reason]:
    """Why a circle cannot be discarded."""
    if circle["state"] == "archived":
        return [Reason("archived", "This circle has ended already. What took place in it stays on record.")]
    if circle["state"] != "draft" or circle["was_booked"]:
        text = "This circle was published, so it cannot be deleted. You can end it instead, on its own page."
        return [Reason("published", text)]
    return []


def discarded_words(gatherings: int, schedules: int) -> str:
    """What is discarded along with a circle: "2 planned gatherings and 1 schedule go". Empty for nothing."""
    counts = [(gatherings, "planned gathering"), (schedules, "schedule")]
    parts = [plural(count, noun) for count, noun in counts if count]
    return f"{join_names(parts)} {choose(gatherings + schedules, 'goes', 'go')}" if parts else ""
