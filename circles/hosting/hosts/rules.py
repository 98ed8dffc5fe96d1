"""Hosts of a circle: the names of their parts, limits, and every refusal of a change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Self
from uuid import UUID

from circles.base.english import Labels, choose
from circles.base.errors import Reason, Refused
from circles.base.row import Row
from circles.people import Person

PARTS: Final = Labels({"lead": "Lead", "co": "Co-facilitator", "helper": "Helper", "stand_in": "Stand-in"})
INVITED_AS: Final = {
    "co": "co-facilitator",
    "lead": "its lead",
    "helper": "helper, who keeps the register and changes nothing else",
}
CHOICES: Final = (
    (
        "co",
        "Co-facilitator",
        "Holds the circle with you and may change everything. Has to be a facilitator here.",
    ),
    ("helper", "Helper", "Keeps the register at the gatherings and changes nothing else."),
)

# Somebody is asked for more than they do already.
_RANKS: Final = ("helper", "co", "lead")

INVITATION_LASTS: Final = timedelta(days=14)
# Of one circle, with open invitations.
MAX_HOSTS: Final = 12
# Sent by one person.
MAX_INVITATIONS_A_DAY: Final = 30


@dataclass(frozen=True, slots=True)
class Host:
    """A host of a circle or of one gathering."""

    id: UUID
    name: str
    email: str

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Self:
        return cls(UUID(row["id"]), row["name"], row["email"])


def may_lead(person: Person) -> bool:
    """Whether somebody may be lead or co-facilitator of a circle."""
    return person.is_facilitator or person.is_organizer


def read_part(typed: str) -> str:
    """The part an invitation is for. Raises Refused."""
    if typed not in dict.fromkeys(choice[0] for choice in CHOICES):
        raise Refused(Reason("part_unknown", "Please choose one of these.", "part"))
    return typed


def invite_refusals(circle: Row, host: Row | None, count: int, part: str) -> list[Reason]:
    """Refusals of an invitation. host: who has this address already. count: of hosts and open invitations."""
    reasons = []
    if circle["state"] == "archived":
        reasons.append(Reason("ended", "This circle has ended, so it needs no more hosts."))
    if host and _RANKS.index(host["part"]) >= _RANKS.index(part):
        part_now = PARTS[host["part"]].lower()
        reasons.append(
            Reason("hosts_already", f"{host['name']} is {part_now} of this circle already.", "email")
        )
    if count >= MAX_HOSTS:
        reasons.append(
            Reason("too_many", f"A circle has room for {MAX_HOSTS} hosts, with those who are asked.", "email")
        )
    return reasons


def too_often() -> Reason:
    """The reason above MAX_INVITATIONS_A_DAY."""
    return Reason("too_often", "You sent many invitations today. Please send the next one tomorrow.", "email")


def closed_refusals(invitation: Row) -> list[Reason]:
    """Why nobody can answer an invitation any more."""
    if invitation["state"] == "withdrawn":
        return [Reason("withdrawn", "This invitation was withdrawn, or a newer one took its place.")]
    if invitation["state"] != "open":
        return [Reason("answered", "This invitation was answered already.")]
    if invitation["circle_state"] == "archived" or invitation["is_over"]:
        return [Reason("over", "What this invitation was for is over.")]
    if invitation["expired"]:
        return [Reason("expired", "This invitation is older than two weeks. Please ask for a new one.")]
    return []


def answer_refusals(invitation: Row, actor: Person) -> list[Reason]:
    """Every reason why the actor can answer an invitation neither with yes nor with no."""
    reasons = closed_refusals(invitation)
    if invitation["email"] != actor.email:
        reasons.append(
            Reason(
                "other_address",
                f"This invitation went to another address than {actor.email}. Sign in with the address it "
                f"went to, or ask for one to {actor.email}.",
            )
        )
    return reasons


def accept_refusals(invitation: Row, actor: Person) -> list[Reason]:
    """Every reason why the actor cannot say yes to it; they may still say no."""
    if invitation["part"] == "helper" or may_lead(actor):
        return []
    return [
        Reason(
            "not_facilitator",
            "To host a circle here you need the facilitator role, which an organizer gives. "
            "Ask them below. Your invitation waits for you.",
        )
    ]


def members_words(seats: int) -> str:
    """How the members of a gathering are notified when a stand-in accepts, with how many have a seat."""
    if not seats:
        return "Nobody has a seat yet"
    have = choose(seats, "person has a seat", "people have seats")
    return f"{seats} {have}. They are told by mail that you host it this time"


def remove_refusals(part: str, *, is_leading: bool, is_actor: bool) -> list[Reason]:
    """Every reason why a host with this part cannot be removed from a circle.

    is_leading: whether the actor decides who hosts it. is_actor: whether the host leaves by themselves.
    """
    if part == "lead":
        return [Reason("leads", "The lead cannot leave. Hand the lead over first.")]
    if not is_actor and not is_leading:
        return [Reason("not_lead", "Only the lead can remove another host.")]
    return []


def pass_lead_refusals(host: Row, *, is_leading: bool, is_organizer: bool) -> list[Reason]:
    """Every reason why the actor cannot make this host the lead; an organizer may choose any facilitator."""
    if not is_leading:
        return [Reason("not_lead", "Only the lead can hand the lead over.")]
    if host["part"] == "lead":
        return [Reason("leads_already", f"{host['name']} leads this circle already.")]
    if not is_organizer and host["part"] != "co":
        return [Reason("not_co", "The lead goes to a co-facilitator. Ask them to be one first.")]
    if not host["may_lead"]:
        return [
            Reason("not_facilitator", f"{host['name']} is no facilitator at present, so they cannot lead.")
        ]
    return []


def acted_as(part: str | None) -> dict[str, str]:
    """What an event says of an actor with this part: that an organizer acted for the hosts."""
    return {"as": "organizer"} if part == "organizer" else {}


def out_of_date() -> Reason:
    """The reason when a confirmation does not fit what would happen by now."""
    return Reason("out_of_date", "Something changed since you looked. Please see once more what will happen.")


def lead_options(
    people: Iterable[Row], hosts: Iterable[Mapping[str, Any]], actor: Person
) -> list[tuple[str, str]]:
    """Who could lead a circle, as choices of a form: its co-facilitators first, then everybody else, by name.

    hosts: of the circle. The address tells apart two people of one name.
    """
    parts = {UUID(host["id"]): host["part"] for host in hosts}
    options = []
    for row in people:
        part = parts.get(row["id"], "")
        if part == "lead":
            continue
        you = ", that is you" if row["id"] == actor.id else ""
        hosting = f", {PARTS[part].lower()} of it" if part else ""
        options.append((part != "co", str(row["id"]), f"{row['name']}, {row['email']}{hosting}{you}"))
    return [(value, label) for _, value, label in sorted(options, key=lambda option: option[0])]
