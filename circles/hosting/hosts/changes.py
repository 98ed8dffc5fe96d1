"""A change of who hosts a circle: what it does, who is notified, and the news for each of them. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self
from uuid import UUID

from circles.base.english import choose, join_names, plural
from circles.hosting.hosts.rules import PARTS, Host


@dataclass(frozen=True, slots=True)
class CircleHost(Host):
    """A host of a circle with their part. may_lead: whether they are a facilitator or an organizer."""

    part: str
    may_lead: bool

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Self:
        return cls(UUID(row["id"]), row["name"], row["email"], row["part"], row["may_lead"])


@dataclass(frozen=True, slots=True)
class CircleHosts:
    """A circle with its hosts, the members with a confirmed seat ahead, and how much is ahead.

    part, is_organizer: of the actor. members: without those whose every gathering has a stand-in.
    """

    id: UUID
    name: str
    discreet_name: str
    state: str
    part: str
    is_organizer: bool
    hosts: tuple[CircleHost, ...]
    members: tuple[Host, ...]
    gatherings: int
    seats: int

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Self:
        hosts, members = map(CircleHost.read, row["hosts"]), map(Host.read, row["members"])
        return cls(**{**row, "hosts": tuple(hosts), "members": tuple(members)})

    @property
    def lead(self) -> CircleHost | None:
        return next((host for host in self.hosts if host.part == "lead"), None)

    @property
    def is_leading(self) -> bool:
        """Whether the actor decides who hosts the circle: as its lead, or as an organizer."""
        return self.part == "lead" or self.is_organizer

    def host(self, person_id: UUID) -> CircleHost | None:
        """The host with this id, None for anybody else."""
        return next((host for host in self.hosts if host.id == person_id), None)

    @property
    def ahead_words(self) -> str:
        """How much is ahead: "33 gatherings ahead, 12 seats booked"."""
        if not self.gatherings:
            return "Nothing planned ahead"
        ahead = f"{plural(self.gatherings, 'gathering')} ahead"
        return f"{ahead}, {plural(self.seats, 'seat')} booked" if self.seats else f"{ahead}, no seat booked"


@dataclass(frozen=True, slots=True)
class HostsChange:
    """A change of the hosts of one circle. after: its hosts then. Hosts without a role are not shown to members."""

    circle: CircleHosts
    after: tuple[CircleHost, ...]
    actor_id: UUID

    @classmethod
    def of_lead(cls, circle: CircleHosts, to: Host, actor_id: UUID, *, stays: bool = True) -> Self:
        """Somebody becomes the lead. stays: the former lead stays as co-facilitator, if they may still host."""
        others = [host for host in circle.hosts if host.id != to.id]
        after = [CircleHost(to.id, to.name, to.email, "lead", True)]
        for host in others:
            if host.part != "lead":
                after.append(host)
            elif stays and host.may_lead:
                after.append(replace(host, part="co"))
        return cls(circle, tuple(after), actor_id)

    @classmethod
    def without(cls, circle: CircleHosts, host_id: UUID, actor_id: UUID) -> Self:
        """Somebody hosts the circle no more."""
        return cls(circle, tuple(host for host in circle.hosts if host.id != host_id), actor_id)

    @property
    def lead(self) -> CircleHost | None:
        """The lead afterwards."""
        return next((host for host in self.after if host.part == "lead"), None)

    @property
    def moved(self) -> tuple[CircleHost, ...]:
        """Those whose part changes or begins, as they are afterwards."""
        before = {host.id: host.part for host in self.circle.hosts}
        return tuple(host for host in self.after if before.get(host.id) != host.part)

    @property
    def gone(self) -> tuple[CircleHost, ...]:
        """Those who host it no more."""
        after = {host.id for host in self.after}
        return tuple(host for host in self.circle.hosts if host.id not in after)

    @property
    def is_done(self) -> bool:
        return not self.moved and not self.gone

    @property
    def notified(self) -> tuple[tuple[CircleHost, str], ...]:
        """The hosts who are notified, each with the code of their news; without the actor and without helpers."""
        concerned = [(host, "gone") for host in self.gone]
        concerned += [(host, "lead" if host.part == "lead" else "moved") for host in self.moved]
        ids = {host.id for host, _ in concerned}
        others = (host for host in self.after if host.id not in ids and host.part != "helper")
        concerned += [(host, "other") for host in others if host.may_lead]
        return tuple((host, news) for host, news in concerned if host.id != self.actor_id)

    def news(self, host: CircleHost, news: str, actor_name: str) -> str:
        """What one of the hosts is notified of."""
        lead = self.lead
        if news == "gone":
            return f"{actor_name} ended your part as {PARTS[host.part].lower()}."
        if news == "lead":
            return f"{actor_name} handed the lead over to you. {self.circle.ahead_words}."
        if news == "moved":
            leads = f" to {lead.name}" if lead else ""
            return (
                f"{actor_name} handed the lead over{leads}. You are {PARTS[host.part].lower()} from now on."
            )
        has_left = any(gone.id == self.actor_id for gone in self.gone)
        return f"{actor_name} {'left' if has_left else 'changed who hosts it'}. {self.host_sentence}."

    @property
    def hosts_before(self) -> tuple[str, ...]:
        """The names that members saw."""
        return _shown(self.circle.hosts)

    @property
    def hosts_after(self) -> tuple[str, ...]:
        """The names that members see afterwards."""
        return _shown(self.after)

    @property
    def host_sentence(self) -> str:
        """Who hosts it afterwards, for hosts: "Fern leads it, with Ruth"."""
        others = [host.name for host in self.after if host.part == "co"]
        beside = f", with {join_names(others)}" if others else ""
        return f"{self.lead.name} leads it{beside}" if self.lead else "Nobody leads it"

    @property
    def is_seen_by_members(self) -> bool:
        """Whether members see other hosts afterwards; two people may have one name."""
        return set(_seen(self.circle.hosts)) != set(_seen(self.after))

    @property
    def members(self) -> tuple[Host, ...]:
        """The members who are notified: with a seat ahead, where the hosts they see change, and no hosts themselves."""
        if not self.is_seen_by_members:
            return ()
        hosts = {self.actor_id, *(host.id for host in (*self.circle.hosts, *self.after))}
        return tuple(member for member in self.circle.members if member.id not in hosts)

    @property
    def member_words(self) -> str:
        """How many members get a mail: "3 people with a seat get a mail"."""
        count = len(self.members)
        return f"{count} {choose(count, 'person with a seat gets', 'people with a seat get')} a mail"

    @property
    def fingerprint(self) -> str:
        """What was shown. When it differs by the time of the confirmation, it is shown again."""
        before = sorted(f"{host.id} {host.part} {host.may_lead}" for host in self.circle.hosts)
        after = sorted(f"{host.id} {host.part}" for host in self.after)
        members = sorted(str(member.id) for member in self.members)
        lines = [self.circle.id, self.circle.state, self.circle.gatherings, *before, "to", *after, *members]
        return hashlib.sha256("\n".join(map(str, lines)).encode()).hexdigest()[:32]


def _seen(hosts: Iterable[CircleHost]) -> list[UUID]:
    return [host.id for host in hosts if host.part in ("lead", "co")]


def _shown(hosts: Iterable[CircleHost]) -> tuple[str, ...]:
    return tuple(host.name for host in hosts if host.part in ("lead", "co"))
