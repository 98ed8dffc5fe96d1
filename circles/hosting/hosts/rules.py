"""Who may hold a circle with whom: what each part is called, and every reason against a change. No I/O."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from circles.base.errors import Reason, Refused
from circles.base.row import Row
from circles.people import Person

PARTS: Final = {"lead": "Lead", "co": "Co-facilitator", "helper": "Helper", "stand_in": "Stand-in"}
ASKED_FOR: Final = {
    "co": "co-facilitator",
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

INVITATION_LASTS: Final = timedelta(days=14)
# Hosts of one circle, with those who are asked.
MAX_HOSTS: Final = 12
# Invitations one person may send in a day.
MAX_A_DAY: Final = 30


def may_hold(person: Person) -> bool:
    """Whether somebody may lead or hold a circle at all."""
    return person.is_facilitator or person.is_organizer


def read_part(typed: str) -> str:
    """The part somebody is asked to take. Raises Refused."""
    if typed not in ASKED_FOR:
        raise Refused(Reason("part_unknown", "Please choose one of these.", "part"))
    return typed


def invite_reasons(circle: Row, found: Row | None, how_many: int, part: str) -> list[Reason]:
    """Every reason against asking somebody. found: the host who has this address already, if any."""
    reasons = []
    if circle["state"] == "archived":
        reasons.append(Reason("ended", "This circle has ended, so it needs no more hosts."))
    if found and (found["part"] != "helper" or part == "helper"):
        part_now = PARTS[found["part"]].lower()
        reasons.append(
            Reason("hosts_already", f"{found['name']} is {part_now} of this circle already.", "email")
        )
    if how_many >= MAX_HOSTS:
        reasons.append(
            Reason("too_many", f"A circle has room for {MAX_HOSTS} hosts, with those who are asked.", "email")
        )
    return reasons


def too_often() -> Reason:
    """Said to somebody who asked a great many people in a day."""
    return Reason("too_often", "You sent many invitations today. Please send the next one tomorrow.", "email")


def gone_reasons(asked: Row) -> list[Reason]:
    """Why an invitation cannot be answered any more."""
    if asked["state"] == "withdrawn":
        return [Reason("withdrawn", "This invitation was taken back, or a newer one took its place.")]
    if asked["state"] != "open":
        return [Reason("answered", "This invitation was answered already.")]
    if asked["circle_state"] == "archived" or asked["is_over"]:
        return [Reason("over", "What this invitation was for is over.")]
    if asked["expired"]:
        return [Reason("expired", "This invitation is older than two weeks. Please ask for a new one.")]
    return []


def answer_reasons(asked: Row, person: Person) -> list[Reason]:
    """Every reason why this person cannot answer an invitation."""
    reasons = gone_reasons(asked)
    if asked["email"] != person.email:
        reasons.append(
            Reason(
                "other_address",
                f"This invitation went to another address than {person.email}. Sign in with the address it "
                f"went to, or ask for one to {person.email}.",
            )
        )
    return reasons


def accept_reasons(asked: Row, person: Person) -> list[Reason]:
    """Every reason why this person cannot say yes to it; they may say no."""
    if asked["part"] == "helper" or may_hold(person):
        return []
    return [
        Reason(
            "not_facilitator",
            "Holding a circle here takes the part of facilitator, which an organizer gives. "
            "Ask them for it; your invitation waits for you.",
        )
    ]


def remove_reasons(mine: str, host: Row, *, myself: bool) -> list[Reason]:
    """Every reason why a host cannot be taken out of a circle by one whose part is `mine`."""
    if host["part"] == "lead":
        return [Reason("leads", "The lead cannot leave. Hand the lead over first.")]
    if not myself and mine != "lead":
        return [Reason("not_lead", "Only the lead can take another host out.")]
    return []


def lead_reasons(mine: str, host: Row) -> list[Reason]:
    """Every reason why the lead of a circle cannot be handed to this host."""
    if mine != "lead":
        return [Reason("not_lead", "Only the lead can hand the lead over.")]
    if host["part"] != "co":
        return [Reason("not_co", "The lead goes to a co-facilitator. Ask them to be one first.")]
    if not host["may_lead"]:
        return [
            Reason("not_facilitator", f"{host['name']} is no facilitator at present, so they cannot lead.")
        ]
    return []
