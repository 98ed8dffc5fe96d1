"""A change of somebody's role: what they host and would host no more, who leads it instead, every refusal. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from circles.base.errors import Reason
from circles.hosting.hosts.changes import CircleHosts
from circles.people import Person, Role, role_refusals

# The choice that cancels what is ahead in a circle and ends it, instead of another lead.
END: Final = "end"

NOUNS: Final[dict[Role, str]] = {"facilitator": "a facilitator", "organizer": "an organizer"}

# What somebody with the role may do, for the person who gives it and in the mail.
MAY: Final[dict[Role, str]] = {
    "facilitator": "plan circles, host them, and see who comes to them",
    "organizer": (
        "see every person, booking and complaint here, give and remove roles, and cancel or hand over any circle"
    ),
}


@dataclass(frozen=True, slots=True)
class StandIn:
    """A gathering ahead that somebody hosts as its stand-in."""

    gathering_id: UUID
    circle_name: str
    discreet_name: str
    starts_at: datetime
    zone: str


@dataclass(frozen=True, slots=True)
class RoleChange:
    """Somebody gets a role or loses it. circles, stand_ins: what they host, for somebody who may host no more.

    choices: by circle id, who leads it instead, or END.
    """

    person: Person
    role: Role
    on: bool
    circles: tuple[CircleHosts, ...]
    stand_ins: tuple[StandIn, ...]
    choices: Mapping[UUID, UUID | Literal["end"]]

    @property
    def is_done(self) -> bool:
        return self.person.has_role(self.role) == self.on

    @property
    def led(self) -> tuple[CircleHosts, ...]:
        """The circles that need another lead."""
        return tuple(circle for circle in self.circles if circle.lead and circle.lead.id == self.person.id)

    @property
    def co_hosted(self) -> tuple[CircleHosts, ...]:
        """The circles of other leads, which go on without them."""
        return tuple(circle for circle in self.circles if circle not in self.led)

    @property
    def ends_any(self) -> bool:
        """Whether a circle is to end, for which members need a reason."""
        return END in self.choices.values()

    @property
    def is_chosen(self) -> bool:
        """Whether every circle has a new lead or an end."""
        return all(circle.id in self.choices for circle in self.led)

    @property
    def fingerprint(self) -> str:
        """What was shown. When it differs by the time of the confirmation, it is shown again."""
        person, lines = self.person, []
        for circle in self.circles:
            hosts = sorted(f"{host.id} {host.part} {host.may_lead}" for host in circle.hosts)
            lines += [circle.id, circle.state, circle.gatherings, circle.seats, *hosts]
            lines += [self.choices.get(circle.id), len(circle.members)]
        lines += [stand_in.gathering_id for stand_in in self.stand_ins]
        lines += [person.id, person.is_facilitator, person.is_organizer, self.role, self.on]
        return hashlib.sha256("\n".join(map(str, lines)).encode()).hexdigest()[:32]


def ends_hosting(person: Person, role: Role, on: bool) -> bool:
    """Whether a person may host nothing any more without the role."""
    other: Role = "organizer" if role == "facilitator" else "facilitator"
    return not on and person.has_role(role) and not person.has_role(other)


def refusals(change: RoleChange, organizers: int, possible: set[UUID]) -> list[Reason]:
    """Every reason against a change. organizers: how many there are. possible: who may lead a circle."""
    reasons = role_refusals(change.person, organizers, change.role, change.on)
    for circle in change.led:
        choice, field = change.choices.get(circle.id), lead_field(circle.id)
        if choice is None:
            text = f"Please choose who leads {circle.name} instead, or let it end."
            reasons.append(Reason("lead_missing", text, field))
        elif choice != END and (choice not in possible or choice == change.person.id):
            text = f"Whoever leads {circle.name} has to be a facilitator. Please choose somebody else."
            reasons.append(Reason("not_facilitator", text, field))
    return reasons


def lead_field(circle_id: UUID) -> str:
    """The name of the field with the new lead of a circle."""
    return f"lead-{circle_id}"
