"""Give somebody a role or take it away, with another lead for every circle they would leave behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from circles import people
from circles.base import text
from circles.base.errors import OutOfDate, Reason, Refused, or_not_found, refuse_if
from circles.hosting.circle import lifecycle
from circles.hosting.hosts import change_actions
from circles.hosting.hosts import rules as hosts_rules
from circles.hosting.hosts.changes import CircleHosts, HostsChange
from circles.hosting.hosts.rules import Host
from circles.hosting.roles import mail as roles_mail
from circles.hosting.roles import rules
from circles.hosting.roles.rules import RoleChange, StandIn
from circles.hosting.stand_in import actions as stand_in_actions
from circles.people import Person, Role
from circles.store import audit, db
from circles.store.context import Context

SQL = db.queries("hosting/roles")


@dataclass(frozen=True, slots=True)
class Wish:
    """The change of a role that an organizer asks for. reason: what members of a circle that ends will read."""

    person_id: UUID
    role: Role
    on: bool
    choices: Mapping[UUID, UUID | Literal["end"]] = field(default_factory=dict)
    reason: str = ""


async def plan(tx: db.Tx, actor: Person, wish: Wish) -> RoleChange:
    """What a change does. Raises NotFound."""
    found = await people.by_ids(tx, [wish.person_id])
    person = or_not_found(found.get(wish.person_id))
    circles: list[CircleHosts] = []
    stand_ins: list[StandIn] = []
    if rules.ends_hosting(person, wish.role, wish.on):
        ids = [row["id"] for row in await db.rows(SQL.hosted_ids(tx, person_id=person.id))]
        circles = await change_actions.hosts_of_circles(tx, ids, actor.id)
        rows = await db.rows(SQL.stand_ins_ahead(tx, person_id=person.id))
        stand_ins = [StandIn(**row) for row in rows]
    return RoleChange(person, wish.role, wish.on, tuple(circles), tuple(stand_ins), wish.choices)


async def count_organizers(tx: db.Tx) -> int:
    """How many organizers there are."""
    return await SQL.count_organizers(tx)


async def refusals(tx: db.Tx, change: RoleChange, reason: str) -> list[Reason]:
    """Every reason against a change. reason: what members of a circle that ends will read."""
    possible = {row["id"] for row in await change_actions.possible_leads(tx)}
    reasons = rules.refusals(change, await count_organizers(tx), possible)
    if change.on and await people.is_suspended(tx, change.person.id):
        text_of = f"{change.person.name} is suspended. Lift that first, then give the role."
        reasons.append(Reason("suspended", text_of))
    try:
        if change.ends_any:
            text.body(reason, "reason", max_length=500)
    except Refused as refused:
        reasons += refused.reasons
    return reasons


async def change_role(context: Context, actor: Person, wish: Wish, *, fingerprint: str) -> RoleChange:
    """Give the role or take it away, and notify everybody concerned, in one transaction. Idempotent.

    fingerprint: of what was shown. Raises NotFound for an unknown person, and when the actor is no organizer by now;
    OutOfDate when it would do another thing by now; Refused when no organizer would be left, or a circle no lead.
    """
    async with context.db.transaction() as tx:
        change = await _lock(tx, actor, wish)
        if change.is_done:
            return change
        refuse_if(await refusals(tx, change, wish.reason))
        why = text.body(wish.reason, "reason", max_length=500) if change.ends_any else ""
        if change.fingerprint != fingerprint:
            raise OutOfDate(hosts_rules.out_of_date())
        for circle in change.circles:
            await _leave(tx, context, actor, change, circle, why)
        for stand_in in change.stand_ins:
            await stand_in_actions.return_to_hosts(tx, context, actor, stand_in.gathering_id)
        await people.set_role(tx, change.person, wish.role, wish.on, actor_id=actor.id)
        await _grant_requests(tx, context, actor, change)
    return change


async def _lock(tx: db.Tx, actor: Person, wish: Wish) -> RoleChange:
    """Lock what the change concerns, circles before gatherings before people as everywhere, and plan it again."""
    before = await plan(tx, actor, wish)
    await change_actions.lock_circles(tx, [circle.id for circle in before.circles])
    ending = [circle.id for circle in before.led if wish.choices.get(circle.id) == rules.END]
    ids = [stand_in.gathering_id for stand_in in before.stand_ins]
    await SQL.lock_gatherings(tx, ids=ids, ending=ending)
    await people.lock_for_role(tx, actor.id, wish.person_id)
    return await plan(tx, actor, wish)


async def _leave(
    tx: db.Tx, context: Context, actor: Person, change: RoleChange, circle: CircleHosts, why: str
) -> None:
    """Let a circle go on without the person: with another lead, without a co-facilitator, or not at all."""
    choice = change.choices.get(circle.id) if circle in change.led else None
    if choice == rules.END:
        await lifecycle.cancel_and_end(tx, context, actor, circle.id, why, but_for=change.person.id)
        return
    if choice is None:
        left = HostsChange.without(circle, change.person.id, actor.id)
    else:
        row = or_not_found(await change_actions.possible_lead(tx, choice))
        lead = Host(row["id"], row["name"], row["email"])
        left = HostsChange.of_lead(circle, lead, actor.id, stays=False)
    await change_actions.apply(tx, context, actor, left, silent=True)


async def _grant_requests(tx: db.Tx, context: Context, actor: Person, change: RoleChange) -> None:
    """Mail the person about their role, and close what they asked for."""
    path = "/organize" if change.role == "organizer" and change.on else "/host" if change.on else "/me"
    if change.on:
        for row in await db.rows(SQL.grant_requests(tx, person_id=change.person.id, actor_id=actor.id)):
            await audit.record(
                tx, "role_request.granted", row["id"], actor_id=actor.id, before="open", after="granted"
            )
            if row["invitation_id"]:
                path = f"/host/invitations/{row['invitation_id']}"
    await roles_mail.notify_person(tx, context, actor, change, path)
