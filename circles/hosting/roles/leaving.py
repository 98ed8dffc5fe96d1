"""Leaving everything that somebody hosts at once: their circles get another lead or none, their stand-ins end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from circles import invites
from circles.base.errors import Reason, refuse_if
from circles.hosting.hosts import change_actions
from circles.hosting.hosts.changes import CircleHosts, HostsChange
from circles.hosting.hosts.rules import Host
from circles.hosting.roles.rules import StandIn, lead_field
from circles.hosting.stand_in import actions as stand_in_actions
from circles.people import Person
from circles.store import audit, db
from circles.store.context import Context

if TYPE_CHECKING:
    from collections.abc import Iterable

SQL = db.queries("hosting/roles")


@dataclass(frozen=True, slots=True)
class Leaving:
    """What somebody hosts. Of `circles` they lead some; `helps`: circles that they help in without a role."""

    person_id: UUID
    circles: tuple[CircleHosts, ...]
    stand_ins: tuple[StandIn, ...]
    helps: tuple[UUID, ...]

    @property
    def led(self) -> tuple[CircleHosts, ...]:
        return tuple(one for one in self.circles if one.lead and one.lead.id == self.person_id)

    @property
    def co_hosted(self) -> tuple[CircleHosts, ...]:
        return tuple(one for one in self.circles if one not in self.led)

    @property
    def lines(self) -> list[str]:
        """What was shown, for a fingerprint."""
        lines = list[str]()
        for circle in self.circles:
            hosts = sorted(f"{host.id} {host.part} {host.may_lead}" for host in circle.hosts)
            lines += [str(circle.id), circle.state, str(circle.gatherings), str(circle.seats), *hosts]
        return [*lines, *(str(stand_in.gathering_id) for stand_in in self.stand_ins), *map(str, self.helps)]


async def plan_leaving(tx: db.Tx, person_id: UUID, actor_id: UUID | None) -> Leaving:
    """What somebody hosts now. actor_id: None for the site itself."""
    ids = [row["id"] for row in await db.rows(SQL.hosted_ids(tx, person_id=person_id))]
    circles = await change_actions.hosts_of_circles(tx, ids, actor_id)
    stand_ins = [StandIn(**row) for row in await db.rows(SQL.stand_ins_ahead(tx, person_id=person_id))]
    helps = [row["circle_id"] for row in await db.rows(SQL.helped_circles(tx, person_id=person_id))]
    return Leaving(person_id, tuple(circles), tuple(stand_ins), tuple(helps))


async def lead_options(tx: db.Tx, person_id: UUID) -> list[tuple[str, str]]:
    """Who may lead a circle instead of somebody, as choices of a form."""
    leads = await change_actions.possible_leads(tx)
    others = [(str(row["id"]), f"{row['name']}, {row['email']}") for row in leads if row["id"] != person_id]
    return [("", "Nobody yet: list it for organizers"), *others]


async def lock_leaving(tx: db.Tx, leaving: Leaving) -> None:
    """Lock what somebody hosts: circles before gatherings, and the caller locks people after both."""
    await change_actions.lock_circles(tx, [circle.id for circle in leaving.circles])
    ids = [stand_in.gathering_id for stand_in in leaving.stand_ins]
    await SQL.lock_gatherings(tx, ids=ids, ending=[])


async def leave_everything(
    tx: db.Tx, context: Context, actor: Person, leaving: Leaving, leads: Mapping[UUID, UUID]
) -> None:
    """End all hosting of a locked person in the caller's transaction, and notify the other hosts and those with a seat.

    leads: who leads which circle instead. A circle without one shows no host once the person has no role, and is listed
    for organizers. Raises Refused for somebody who may not lead.
    """
    reasons = list[Reason]()
    for circle in leaving.circles:
        row = await change_actions.possible_lead(tx, leads[circle.id]) if circle.id in leads else None
        if circle.id in leads and (row is None or leads[circle.id] == leaving.person_id):
            reasons.append(_not_facilitator(circle))
        elif circle in leaving.led and row is not None:
            lead = Host(row["id"], row["name"], row["email"])
            change = HostsChange.of_lead(circle, lead, actor.id, stays=False)
            await change_actions.apply(tx, context, actor, change, silent=True)
        elif circle in leaving.led:
            # The row stays, as a circle has one lead; without a role it makes nobody a host, and pages name nobody.
            await invites.announce_circle(tx, circle.id)
        else:
            change = HostsChange.without(circle, leaving.person_id, actor.id)
            await change_actions.apply(tx, context, actor, change, silent=True)
    refuse_if(reasons)
    for stand_in in leaving.stand_ins:
        await stand_in_actions.return_to_hosts(tx, context, actor, stand_in.gathering_id)
    await _stop_helping(tx, actor, leaving.helps, leaving.person_id)


def _not_facilitator(circle: CircleHosts) -> Reason:
    text = f"Whoever leads {circle.name} has to be a facilitator. Please choose somebody else."
    return Reason("not_facilitator", text, lead_field(circle.id))


async def _stop_helping(tx: db.Tx, actor: Person, circles: Iterable[UUID], person_id: UUID) -> None:
    for circle_id in circles:
        await SQL.delete_host(tx, circle_id=circle_id, person_id=person_id)
        details = {"host": str(person_id)}
        await audit.record(
            tx, "host.left", circle_id, actor_id=actor.id, before="helper", after="", details=details
        )
