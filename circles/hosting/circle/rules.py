"""What a circle and a gathering may be: the plans as typed and every reason against them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import urlsplit

from circles import guidelines
from circles.base import clock, money
from circles.base.errors import Reason, Refused
from circles.base.money import Scale
from circles.base.reading import Reader
from circles.base.ring import MAX_SEATS
from circles.gatherings import FORMATS, PLACES

CURRENCIES = ("USD", "CAD", "EUR", "GBP", "AUD", "NZD", "CHF")
LENGTHS = (15, 480)

# The discreet name stands where others can see it, so it holds no word that tells what a circle is about.
_OUTING = re.compile(
    r"\bketa|psych|psiloc|mushroom|shroom|mdma|\blsd\b|ayahuasca|iboga|\bdmt\b|mescal|peyote|entheo|ecstasy"
    r"|\bacid\b|\btrip(s|ping|ped)?\b|\bdrugs?\b|medic|therap|integrat|ceremon|trauma|\bptsd\b|depress"
    r"|anxi|\bmental|recover|addict|crisis|heal(ing|th)|sacred"
)


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
        """The plan a stored circle amounts to. row: its columns by name, and its newest `guidelines`."""
        return cls(**{each.name: row[each.name] for each in fields(cls)})

    @property
    def scale(self) -> Scale:
        """The sliding scale."""
        return Scale(self.minimum, self.suggested, self.maximum, self.currency)


def read_circle(values: Mapping[str, str]) -> CirclePlan:
    """Read a circle as typed. What a draft may lack (join link, address) may be empty.

    Raises Refused with every reason at once.
    """
    reader = Reader(values)
    currency = reader.choice("currency", CURRENCIES, "Please choose one of these currencies.")
    capacity, community = _read_seats(reader)
    plan = CirclePlan(
        name=reader.line("name", max_length=80),
        discreet_name=reader.line("discreet_name", max_length=40),
        purpose=reader.body("purpose", max_length=5000),
        format=reader.choice("format", FORMATS, "Please choose one of these formats."),
        place=reader.choice("place", PLACES, "Please choose online or in person."),
        city=reader.line("city", max_length=80, required=False),
        address=reader.line("address", max_length=200, required=False),
        join_link=reader.take(lambda: read_link(values.get("join_link", "")), ""),
        zone=reader.take(lambda: read_zone(values.get("zone", "")), "UTC"),
        capacity=capacity,
        length_minutes=reader.whole("length_minutes", *LENGTHS, "Please give a length of 15 to 480 minutes."),
        currency=currency,
        minimum=reader.take(lambda: money.parse(values.get("minimum", ""), currency, "minimum"), 0),
        suggested=reader.take(lambda: money.parse(values.get("suggested", ""), currency, "suggested"), 0),
        maximum=reader.take(lambda: money.parse(values.get("maximum", ""), currency, "maximum"), 0),
        community_seats=community,
        refund_hours=reader.whole("refund_hours", 0, 720, "Please give 0 to 720 hours."),
        late_refund_percent=reader.whole("late_refund_percent", 0, 100, "Please give 0 to 100 percent."),
        guidelines=reader.take(lambda: guidelines.read_text(values.get("guidelines", "")), ""),
    )
    reader.reasons += _plan_problems(plan, {reason.field for reason in reader.reasons})
    reader.raise_refusals()
    return plan


def _plan_problems(plan: CirclePlan, unread: set[str]) -> list[Reason]:
    """What is wrong with a plan as a whole. unread: fields refused already; nothing more is said of them."""
    reasons = discreet_problems(plan.discreet_name)
    if not unread & {"minimum", "suggested", "maximum"}:
        reasons += scale_problems(plan.scale)
        if not unread & {"capacity", "community_seats"}:
            reasons += community_problems(plan.community_seats, plan.capacity, plan.scale)
    return reasons


def read_link(typed: str) -> str:
    """Read a join link: an https address, or nothing yet. Raises Refused."""
    link = Reader({"join_link": typed})
    found = link.line("join_link", max_length=500, required=False)
    link.raise_refusals()
    try:
        parts = urlsplit(found)
        fine = parts.scheme == "https" and "." in (parts.hostname or "") and not parts.username
    except ValueError:
        fine = False
    if found and (not fine or " " in found):
        raise Refused(Reason("link", "Please give the whole link, beginning with https://", "join_link"))
    return found


def read_zone(typed: str, field: str = "zone") -> str:
    """Read the name of a time zone. Raises Refused."""
    if not clock.is_zone(typed):
        raise Refused(Reason("zone", "Please choose a time zone from the list.", field))
    return typed


def discreet_problems(name: str) -> list[Reason]:
    """Why a name is not discreet. Letters written in another width or case are seen through."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    found = _OUTING.search(plain)
    if not found:
        return []
    return [
        Reason(
            "not_discreet",
            "This name shows in mail and on card statements, where others may see it. "
            f"Please leave out “{_whole_word(plain, found)}”; a day or a place works well.",
            "discreet_name",
        )
    ]


def _whole_word(name: str, found: re.Match[str]) -> str:
    return next(word for word in re.findall(r"\S+", name[name.rfind(" ", 0, found.start()) + 1 :]))


def scale_problems(scale: Scale) -> list[Reason]:
    """Every reason why a circle cannot ask this, with the least amount a card can be charged."""
    reasons = scale.refusals()
    least = money.min_charge(scale.currency)
    for field in ("minimum", "suggested", "maximum"):
        if 0 < getattr(scale, field) < least:
            says = f"A card cannot be charged less than {money.format_amount(least, scale.currency)}. Give more, or 0."
            reasons.append(Reason("too_small_to_charge", says, field))
    return reasons


def community_problems(seats: int, capacity: int, scale: Scale) -> list[Reason]:
    """Why so many community seats cannot be given."""
    if seats > capacity:
        return [
            Reason("community_seats", "There cannot be more community seats than seats.", "community_seats")
        ]
    if seats and scale.is_free:
        says = "Every seat is free here, so please give 0 community seats."
        return [Reason("community_seats", says, "community_seats")]
    return []


def publish_problems(plan: CirclePlan) -> list[Reason]:
    """Everything a circle still lacks before people can see it."""
    reasons = []
    if plan.place == "online" and not plan.join_link:
        says = "Please give the link people join by. Only those with a seat see it."
        reasons.append(Reason("no_link", says, "join_link"))
    if plan.place == "in_person" and not plan.city:
        reasons.append(Reason("no_city", "Please give the city.", "city"))
    if plan.place == "in_person" and not plan.address:
        says = "Please give the address. Only those with a seat see it."
        reasons.append(Reason("no_address", says, "address"))
    return reasons


def change_problems(old: CirclePlan, new: CirclePlan, seats_ahead: int) -> list[Reason]:
    """What may not change under people who have seats. seats_ahead: seats taken in gatherings to come.

    Price and terms may: each booking keeps the ones it was made under.
    """
    if not seats_ahead or new.place == old.place:
        return []
    says = "People have seats ahead. A circle cannot move between online and in person under them."
    return [Reason("place_moved", says, "place")]


def differences(one: CirclePlan, other: CirclePlan) -> list[str]:
    """The names of the fields in which two plans differ, in words."""
    return [
        each.name.replace("_", " ")
        for each in fields(CirclePlan)
        if getattr(one, each.name) != getattr(other, each.name)
    ]


def read_seats(reader: Reader, scale: Scale) -> tuple[int, int]:
    """Read how many seats there are and how many of them are community seats; the reader keeps what cannot stand."""
    capacity, community = _read_seats(reader)
    if not {reason.field for reason in reader.reasons} & {"capacity", "community_seats"}:
        reader.reasons += community_problems(community, capacity, scale)
    return capacity, community


def _read_seats(reader: Reader) -> tuple[int, int]:
    return (
        reader.whole("capacity", 1, MAX_SEATS, f"Please give 1 to {MAX_SEATS} seats."),
        reader.whole("community_seats", 0, MAX_SEATS, "Please give 0 or more seats."),
    )


def read_length(typed: str) -> int:
    """Read the length of a gathering in minutes. Raises Refused."""
    reader = Reader({"length_minutes": typed})
    length = reader.whole("length_minutes", -9999, LENGTHS[1], "Please give a length of 15 to 480 minutes.")
    reader.raise_refusals()
    if length <= 0:
        raise Refused(Reason("ends_before_start", "A gathering ends after it starts.", "length_minutes"))
    if length < LENGTHS[0]:
        raise Refused(Reason("too_short", "Please give 15 minutes or more.", "length_minutes"))
    return length
