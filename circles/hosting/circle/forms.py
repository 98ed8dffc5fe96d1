"""Forms of circles: what was typed, read into a plan; the fields that schedules and gatherings share."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from circles import guidelines
from circles.base import clock, money
from circles.base.errors import Reason, Refused
from circles.base.money import Scale
from circles.base.reading import Reader
from circles.base.ring import MAX_SEATS
from circles.base.settings import Community
from circles.gatherings import FORMATS, PLACES
from circles.hosting.circle.rules import CirclePlan, community_refusals, plan_refusals

# Minutes.
LENGTHS = (15, 480)

# What the form of a new circle begins with, besides what the community's settings say.
DEFAULTS = {"place": "online", "capacity": "8", "length_minutes": "90", "community_seats": "1"}


def first_values(community: Community) -> dict[str, str]:
    """What the form of a new circle begins with: the community's scale and terms."""
    values = {
        name: str(getattr(community, name)) for name in ("currency", "refund_hours", "late_refund_percent")
    }
    for amount in ("minimum", "suggested", "maximum"):
        values[amount] = money.format_plain(getattr(community, amount), community.currency)
    free = {"community_seats": "0"} if community.maximum == 0 else {}
    return DEFAULTS | values | free


def values_of(plan: CirclePlan) -> dict[str, str]:
    """The form values of a stored circle."""
    values = {name: str(getattr(plan, name)) for name in CirclePlan.__dataclass_fields__}
    for amount in ("minimum", "suggested", "maximum"):
        values[amount] = money.format_plain(getattr(plan, amount), plan.currency)
    return values


def read_circle(values: Mapping[str, str]) -> CirclePlan:
    """Read the form of a circle. A draft may lack the join link, the city and the address.

    Raises Refused with every reason at once.
    """
    reader = Reader(values)
    currency = reader.choice("currency", money.CURRENCIES, "Please choose one of these currencies.")
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
        zone=reader.take(lambda: _read_zone(values.get("zone", "")), "UTC"),
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
    reader.reasons += plan_refusals(plan, {reason.field for reason in reader.reasons})
    reader.raise_refusals()
    return plan


def read_link(typed: str) -> str:
    """Read a join link: an https URL, or nothing yet. Raises Refused."""
    reader = Reader({"join_link": typed})
    link = reader.line("join_link", max_length=500, required=False)
    reader.raise_refusals()
    try:
        parts = urlsplit(link)
        is_url = parts.scheme == "https" and "." in (parts.hostname or "") and not parts.username
    except ValueError:
        is_url = False
    if link and (not is_url or " " in link):
        raise Refused(Reason("link", "Please give the whole link, beginning with https://", "join_link"))
    return link


def _read_zone(typed: str) -> str:
    if not clock.is_zone(typed):
        raise Refused(Reason("zone", "Please choose a time zone from the list.", "zone"))
    return typed


def read_seats(reader: Reader, scale: Scale) -> tuple[int, int]:
    """Read how many seats there are, and how many of them are community seats. Refusals are added to the reader."""
    capacity, community = _read_seats(reader)
    if not {reason.field for reason in reader.reasons} & {"capacity", "community_seats"}:
        reader.reasons += community_refusals(community, capacity, scale)
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
