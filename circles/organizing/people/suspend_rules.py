"""Suspending somebody: what it does, its terms, every refusal. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from circles.base import clock, money, text
from circles.base.english import plural
from circles.base.errors import Reason, Refused
from circles.base.reading import Reader, uuid_or_none
from circles.base.row import Row
from circles.hosting import leaving

MAX_REASON: Final = 1000
# Days in which somebody whose role of an organizer was taken away by another one is still suspended by two.
ORGANIZER_DAYS: Final = 30

REFUNDS: Final = {
    "all": "All of it comes back",
    "terms": "What the terms of each circle say, as if they had canceled now",
    "none": "Nothing comes back",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """The suspension that an organizer asks for. leads: by circle, who leads it instead."""

    person_id: UUID
    reason: str
    shares_reason: bool
    refund: str
    until: datetime | None
    leads: Mapping[UUID, UUID] = field(default_factory=dict)

    def is_done(self, suspension: Row, actor_id: UUID) -> bool:
        """Whether an open suspension is what this wish of theirs became, as when its button is pressed twice."""
        leads = {str(circle): str(lead) for circle, lead in self.leads.items()}
        return (
            suspension["asked_by"] == actor_id
            and leads == suspension["leads"]
            and all(
                suspension[name] == getattr(self, name)
                for name in ("reason", "shares_reason", "refund", "until")
            )
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """What a suspension does. ahead: seats and places on waiting lists. organizers: how many there are."""

    person: Row
    hosting: leaving.Leaving
    ahead: Sequence[Row]
    organizers: int

    @property
    def seats(self) -> list[Row]:
        return [row for row in self.ahead if not row["is_wait"]]

    @property
    def waits(self) -> list[Row]:
        return [row for row in self.ahead if row["is_wait"]]

    @property
    def paid(self) -> list[str]:
        """What they paid for the seats ahead, by currency, in words."""
        sums: dict[str, int] = {}
        for row in self.seats:
            if row["kept"]:
                sums[row["currency"]] = sums.get(row["currency"], 0) + row["kept"]
        return [money.format_amount(amount, currency) for currency, amount in sorted(sums.items())]

    @property
    def needs_second(self) -> bool:
        """Whether another organizer has to agree: it is about an organizer, or one who lost that role just before.

        Otherwise one organizer alone could take another's role away, and then suspend them.
        """
        return self.person["is_organizer"] or self.person["lost_organizer_lately"]

    @property
    def organizer_text(self) -> str:
        """Why another organizer has to agree, in words that follow the name."""
        if self.person["is_organizer"]:
            return "is an organizer"
        return f"was an organizer in the last {ORGANIZER_DAYS} days"

    @property
    def could_agree(self) -> int:
        """How many organizers could agree with the one who asks."""
        return self.organizers - 1 - self.person["is_organizer"]

    @property
    def fingerprint(self) -> str:
        """What was shown of roles and circles. When that differs by the time of the confirmation, it is shown again.

        Not the seats: who books once more meanwhile does not put it off.
        """
        lines = [self.person["id"], self.person["is_facilitator"], self.person["is_organizer"]]
        text_of_all = "\n".join(map(str, [*lines, *self.hosting.lines]))
        return hashlib.sha256(text_of_all.encode()).hexdigest()[:32]


def read_wish(reader: Reader, person_id: UUID, zone: str, now: datetime) -> Wish:
    """The suspension of a form. Every refusal is kept with the form."""
    reason = reader.take(lambda: text.body(reader.value("reason"), "reason", max_length=MAX_REASON), "")
    refund = reader.value("refund")
    if refund not in REFUNDS:
        reader.add(Reason("refund_missing", "Please choose what comes back of what they paid.", "refund"))
    until = reader.take(lambda: _until(reader.value("until"), zone, now), None)
    leads = dict[UUID, UUID]()
    for name, value in reader.values.items():
        circle_id = uuid_or_none(name.removeprefix("lead-")) if name.startswith("lead-") else None
        lead_id = uuid_or_none(value)
        if circle_id and lead_id:
            leads[circle_id] = lead_id
    return Wish(person_id, reason, reader.value("shares") == "on", refund, until, leads)


def _until(typed: str, zone: str, now: datetime) -> datetime | None:
    """The moment at which a suspension ends: the beginning of a day. None for one that stays until it is lifted."""
    if not typed.strip():
        return None
    day = clock.parse_date(typed, "until")
    at = clock.moment(datetime.combine(day, datetime.min.time()), zone or "UTC").utc
    if at <= now:
        raise Refused(
            Reason("until_past", "Please give a day that is still to come, or leave it empty.", "until")
        )
    return at


def refusals(plan: Plan, actor_id: UUID, open_state: str) -> list[Reason]:
    """Every reason against a suspension. open_state: of one that there is already, else empty."""
    name = plan.person["name"]
    if plan.person["id"] == actor_id:
        return [Reason("oneself", "You cannot suspend yourself. Another organizer can.")]
    if open_state == "active":
        return [Reason("suspended_already", f"{name} is suspended already.")]
    if open_state == "asked":
        return [Reason("asked_already", f"Another organizer is asked already whether {name} is suspended.")]
    if plan.needs_second and plan.could_agree < 1:
        return [
            Reason(
                "no_second",
                f"{name} {plan.organizer_text}, so another organizer has to agree with you, and there is none. "
                "Make somebody else an organizer first.",
            )
        ]
    return []


def agree_refusals(suspension: Row, actor_id: UUID) -> list[Reason]:
    """Why somebody cannot agree to a suspension that another organizer asked for."""
    if actor_id == suspension["person_id"]:
        return [Reason("oneself", "It is about you, so another organizer decides.")]
    if actor_id == suspension["asked_by"]:
        return [Reason("same_organizer", "You asked for it, so another organizer has to agree.")]
    return []


def ahead_text(plan: Plan) -> str:
    """How much is let go, in words."""
    if not plan.ahead:
        return "No seats and no places on waiting lists"
    seats, waits = plural(len(plan.seats), "seat"), plural(len(plan.waits), "place")
    return f"{seats} ahead, {waits} on waiting lists"
