"""Stand-ins: who hosts one gathering in place of its usual hosts, what that changes, and who is notified."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final, Self
from uuid import UUID

from circles.base.clock import Viewer
from circles.base.english import choose, join_names
from circles.base.errors import Reason
from circles.hosting.hosts.rules import Host

OVER: Final = "This gathering is over or was canceled, so who hosts it stays as it is."


@dataclass(frozen=True, slots=True)
class Seat:
    """A confirmed booking, and its person."""

    booking: UUID
    person: UUID
    name: str
    email: str
    viewer: Viewer

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Self:
        viewer = Viewer.of(row["zone"], row["clock_hours"])
        return cls(UUID(row["booking"]), UUID(row["person"]), row["name"], row["email"], viewer)


@dataclass(frozen=True, slots=True)
class Invitation:
    """An open invitation to stand in."""

    id: UUID
    email: str

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Self:
        return cls(UUID(row["id"]), row["email"])


@dataclass(frozen=True, slots=True)
class HostedGathering:
    """One gathering with its usual hosts, its stand-in, its seats and the open invitations.

    part: the part of the actor, None without one.
    """

    id: UUID
    circle_id: UUID
    circle_name: str
    discreet_name: str
    starts_at: datetime
    zone: str
    is_over: bool
    part: str | None
    usual: tuple[Host, ...]
    stand_in: Host | None
    seats: tuple[Seat, ...]
    invitations: tuple[Invitation, ...]

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Self:
        plain = {field.name: row[field.name] for field in fields(cls)[:8]}
        return cls(
            **plain,
            usual=tuple(map(Host.read, row["usual"])),
            stand_in=Host.read(row["stand_in"]) if row["stand_in"] else None,
            seats=tuple(map(Seat.read, row["seats"])),
            invitations=tuple(map(Invitation.read, row["invitations"])),
        )

    @property
    def may_change(self) -> bool:
        """Whether the actor chooses the stand-in; a stand-in may only give the gathering back."""
        return self.part in ("lead", "co", "organizer")

    @property
    def choices(self) -> tuple[Host, ...]:
        """The circle's own hosts who could stand in; nobody where a single one hosts it anyway."""
        if self.stand_in is None and len(self.usual) < 2:
            return ()
        return tuple(host for host in self.usual if host.id != _id(self.stand_in))


@dataclass(frozen=True, slots=True)
class HostChange:
    """A change of who hosts a gathering. to: the new stand-in; None: the usual hosts again."""

    gathering: HostedGathering
    to: Host | None
    actor_id: UUID

    @property
    def is_done(self) -> bool:
        return _id(self.gathering.stand_in) == _id(self.to)

    @property
    def hosts(self) -> tuple[Host, ...]:
        """The hosts who are notified: the new stand-in, the former one and the usual hosts, without the actor."""
        everybody = (self.to, self.gathering.stand_in, *self.gathering.usual)
        return tuple({host.id: host for host in everybody if host and host.id != self.actor_id}.values())

    @property
    def members(self) -> tuple[Seat, ...]:
        """The members who are notified: those with a seat who are not notified as hosts."""
        hosts = {self.actor_id, *(host.id for host in self.hosts)}
        return tuple(seat for seat in self.gathering.seats if seat.person not in hosts)

    @property
    def withdrawn(self) -> tuple[Invitation, ...]:
        """The invitations that end with it: all, once there is a stand-in."""
        return self.gathering.invitations if self.to else ()

    @property
    def host_words(self) -> str:
        """Who hosts then, as a part of a sentence: "Farid and Ruth hold it"."""
        return f"{self.to.name} hosts it" if self.to else hold_words(self.gathering.usual)

    @property
    def host_sentence(self) -> str:
        return self.host_words[:1].upper() + self.host_words[1:]

    @property
    def member_words(self) -> str:
        return mail_words(self.members)

    @property
    def relieved(self) -> Host | None:
        """The former stand-in, if they do not host this gathering any more."""
        before = self.gathering.stand_in
        after = (self.to,) if self.to else self.gathering.usual
        return before if before and before.id not in {host.id for host in after if host} else None

    @property
    def fingerprint(self) -> str:
        """What was shown. When it differs by the time of the confirmation, it is shown again."""
        withdrawn = (invitation.id for invitation in self.withdrawn)
        return _fingerprint(self.gathering, "to", _id(self.to), *withdrawn)

    @property
    def done_text(self) -> str:
        """The notice once it is done, with how many people are notified."""
        notified = 0 if self.is_done else len(self.members) + len(self.hosts)
        if not notified:
            return f"{self.host_sentence}."
        return f"{self.host_sentence}. {notified} {choose(notified, 'person is', 'people are')} being told."


@dataclass(frozen=True, slots=True)
class InvitationPlan:
    """An invitation by mail for somebody who is no host of the circle. Nothing changes before they accept."""

    gathering: HostedGathering
    email: str
    actor_id: UUID

    @property
    def replaced(self) -> Invitation | None:
        """The open invitation to the same address, which is withdrawn for the new one."""
        return next((one for one in self.gathering.invitations if one.email == self.email), None)

    @property
    def has_rivals(self) -> bool:
        """Whether others are invited too, so that the first to accept hosts it."""
        return len(self.gathering.invitations) > (1 if self.replaced else 0)

    @property
    def members(self) -> tuple[Seat, ...]:
        """The members who are notified once the invitation is accepted."""
        return HostChange(self.gathering, None, self.actor_id).members

    @property
    def member_words(self) -> str:
        return mail_words(self.members)

    @property
    def fingerprint(self) -> str:
        """What was shown. When it differs by the time of the confirmation, it is shown again."""
        return self._fingerprint(self.replaced)

    @property
    def fingerprint_before(self) -> str:
        """What was shown before this address had an invitation: a repeated confirmation carries it."""
        return self._fingerprint(None)

    def _fingerprint(self, replaced: Invitation | None) -> str:
        return _fingerprint(self.gathering, "ask", self.email, replaced and replaced.id)


def _fingerprint(gathering: HostedGathering, *more: object) -> str:
    bookings = sorted(str(seat.booking) for seat in gathering.seats)
    lines = [gathering.id, gathering.starts_at, gathering.zone, _id(gathering.stand_in), *bookings, *more]
    return hashlib.sha256("\n".join(map(str, lines)).encode()).hexdigest()[:32]


def _id(host: Host | None) -> UUID | None:
    return host.id if host else None


def over_refusals(gathering: HostedGathering) -> list[Reason]:
    """Why nobody can stand in or give the gathering back any more."""
    return [Reason("over", OVER)] if gathering.is_over else []


def invite_refusals(gathering: HostedGathering, email: str) -> list[Reason]:
    """Why this address cannot be invited: it is over, or they host the circle and can be chosen at once."""
    return over_refusals(gathering) + [
        Reason("hosts_already", f"{host.name} hosts this circle already: choose them above.", "email")
        for host in gathering.usual
        if host.email == email
    ]


def names_of(people: Iterable[Host | Seat]) -> str:
    """Names as a sentence lists them: Farid, Ruth and Wren."""
    return join_names(person.name for person in people)


def hold_words(hosts: tuple[Host, ...]) -> str:
    """That these hosts host it, as a part of a sentence: "Farid and Ruth hold it"."""
    if not hosts:
        return "the usual hosts host it"
    return f"{names_of(hosts)} {choose(len(hosts), 'hosts', 'host')} it"


def mail_words(members: tuple[Seat, ...]) -> str:
    """How many members get a mail: "1 person with a seat gets a mail"."""
    count = len(members)
    return f"{count} {choose(count, 'person with a seat gets', 'people with a seat get')} a mail"


def news_text(change: HostChange, to: Host, actor_name: str, when: str) -> str:
    """What one of the hosts is notified of. when: the gathering's day and hour."""
    if to.id == _id(change.to):
        return f"{actor_name} asks you to host one gathering: {when}. It is yours from now on."
    if change.to is None and _id(change.gathering.stand_in) == change.actor_id:
        return f"{actor_name} gave back the gathering of {when}. {change.host_sentence} again."
    stepped_in = _id(change.to) == change.actor_id
    first = f"{actor_name} stepped in" if stepped_in else f"{actor_name} changed who hosts it"
    if to.id == _id(change.relieved):
        return f"The gathering of {when}: {first}. {change.host_sentence}, so you do not have to."
    how = " this time" if change.to else " as usual"
    return f"The gathering of {when}: {first}. {change.host_sentence}{how}."
