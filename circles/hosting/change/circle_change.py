"""The planned change of a circle: who is notified of it, shown before it is saved."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from uuid import UUID

from circles import invites
from circles.base.english import choose, join_names, plural
from circles.base.errors import OutOfDate, Reason, refuse_if
from circles.gatherings import FORMATS, PLACES, Facts, kinds_of
from circles.hosting.change import host_news
from circles.hosting.change.planned_change import Consent
from circles.hosting.change.rules import NotifiedHost
from circles.hosting.circle import actions as circle_actions
from circles.hosting.circle import rules as circle_rules
from circles.hosting.circle.rules import CirclePlan
from circles.hosting.organize import acting
from circles.people import Person
from circles.store import audit, db
from circles.store.context import Context

SQL = db.queries("hosting/change")

LABELS = {
    "name": "Name",
    "discreet_name": "Discreet name",
    "format": "Format",
    "place": "Online or in person",
    "city": "City",
    "address": "Address",
    "join_link": "Link to join",
}
# The attributes whose values a mail says. The others are only named, since a mail may be read by others.
DISCREET = ("discreet_name",)


@dataclass(frozen=True, slots=True)
class Booked:
    """A gathering ahead that changes for those with a seat."""

    id: UUID
    people: tuple[UUID, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CircleOutcome:
    """Everything a change of a circle does. Notified are the members of gatherings, and hosts, the others."""

    before: CirclePlan
    after: CirclePlan
    gatherings: tuple[Booked, ...]
    hosts: tuple[NotifiedHost, ...]
    line: str = ""

    @property
    def notifies(self) -> bool:
        """Whether anybody is notified, so that it is shown before it is saved."""
        return bool(self.gatherings or self.hosts)

    @property
    def members(self) -> dict[UUID, str]:
        """Those with a seat who are notified, each once, by name."""
        pairs = (pair for one in self.gatherings for pair in zip(one.people, one.names, strict=True))
        return dict(sorted(pairs, key=lambda pair: (pair[1].casefold(), pair[0])))

    @property
    def lines(self) -> list[str]:
        """What those booked can see of the change: "Address: was 12 Elm Street, now 3 Oak Lane."."""
        return [f"{LABELS[name]}: {_was_now(*self._values(name))}" for name in self._visible]

    @property
    def _visible(self) -> list[str]:
        return [name for name in LABELS if getattr(self.before, name) != getattr(self.after, name)]

    def _values(self, name: str) -> tuple[str, str]:
        return _value(self.before, name), _value(self.after, name)

    @property
    def sentences(self) -> list[str]:
        return list(_sentences(self))

    @property
    def notice(self) -> str:
        """The notice once it is saved."""
        people = len(self.members) + len(self.hosts)
        told = (
            f" {plural(people, 'person', 'people')} {choose(people, 'is', 'are')} being told."
            if people
            else ""
        )
        return f"The circle is saved.{told}"

    @property
    def host_lines(self) -> list[str]:
        """What another host reads. A mail names no address, link or name that others may not read."""
        changed = circle_rules.differences(self.before, self.after)
        lines = [
            f"{LABELS[name]}: {_was_now(*self._values(name))}" for name in self._visible if name in DISCREET
        ]
        hidden = [name for name in changed if name.replace(" ", "_") not in DISCREET]
        return lines + ([f"Changed: {join_names(hidden)}. Its page shows how it is now."] if hidden else [])

    @property
    def fingerprint(self) -> str:
        """Differs when the change would do another thing than was shown."""
        notified = [f"{one.id} {sorted(map(str, one.people))}" for one in self.gatherings]
        hosts = sorted(str(host.id) for host in self.hosts)
        text = "\n".join([str(self.before), str(self.after), *notified, *hosts, self.line])
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def _value(plan: CirclePlan, name: str) -> str:
    value: str = getattr(plan, name)
    words = {"format": FORMATS, "place": PLACES}.get(name, {})
    return words.get(value, value)


def _was_now(was: str, now: str) -> str:
    return f"was {was or 'empty'}, now {now or 'empty'}"


def _sentences(outcome: CircleOutcome) -> Iterator[str]:
    members, count = outcome.members, len(outcome.gatherings)
    if members:
        gets = choose(len(members), "gets a mail", "get one mail each")
        yield (
            f"{plural(len(members), 'person', 'people')} with a seat in {plural(count, 'gathering')} ahead {gets}, "
            f"with the new entry for the calendar: {join_names(members.values())}."
        )
    else:
        yield "Nobody with a seat needs to be told."
    if outcome.hosts:
        yield f"Told by mail as hosts: {join_names(host.name for host in outcome.hosts)}."


@dataclass(frozen=True, slots=True)
class CircleChange:
    """A circle is saved with another plan. version: the one the form was made from.

    line: what the host writes in each mail to those booked. Its guidelines stay as they are, and gatherings planned
    before keep their time, length and seats.
    """

    actor: Person
    circle_id: UUID
    plan: CirclePlan
    version: int
    line: str = ""

    async def preview(self, tx: db.Tx) -> CircleOutcome:
        """What the change does. Raises NotFound, OutOfDate and Refused as `apply` does."""
        row = await circle_actions.lock_circle(tx, self.circle_id, self.actor)
        before = CirclePlan.of(row)
        if row["version"] != self.version:
            raise OutOfDate(circle_rules.saved_meanwhile(before, self.plan))
        reasons = circle_rules.change_refusals(before, self.plan, row["seats_ahead"])
        if row["state"] == "published":
            reasons += circle_rules.publish_refusals(self.plan)
        refuse_if(reasons)
        if row["state"] in ("draft", "archived") or not circle_rules.differences(before, self.plan):
            return CircleOutcome(before, self.plan, (), ())
        rows = await db.rows(SQL.booked_ahead(tx, circle_id=self.circle_id))
        gatherings = tuple(
            Booked(one["id"], tuple(one["people"]), tuple(one["names"]))
            for one in rows
            if kinds_of(Facts.read(one["facts"]), _facts_after(one, self.plan))
        )
        hosts = await host_news.other_hosts(tx, self.circle_id, self.actor, [one.id for one in gatherings])
        return CircleOutcome(before, self.plan, gatherings, hosts, self.line)

    async def apply(self, tx: db.Tx, consent: Consent) -> CircleOutcome:
        """Save the circle and notify those booked ahead.

        Raises NotFound for somebody who may not change it; OutOfDate when somebody saved it meanwhile, or when it would
        notify others than was shown; Refused with every reason.
        """
        await circle_actions.lock_circle(tx, self.circle_id, self.actor)
        await db.rows(SQL.lock_not_over(tx, circle_id=self.circle_id))
        outcome = await self.preview(tx)
        if outcome.notifies and outcome.fingerprint != consent.fingerprint:
            message = "Something changed since you looked. Please see once more what will happen."
            raise OutOfDate(Reason("out_of_date_outcome", message))
        await circle_actions.save_circle(tx, self.circle_id, self.plan)
        details = {"changed": circle_rules.differences(outcome.before, self.plan)}
        await audit.record(tx, "circle.saved", self.circle_id, actor_id=self.actor.id, details=details)
        ids = [one.id for one in outcome.gatherings]
        await invites.announce_changes(tx, ids, line=self.line, actor_id=self.actor.id)
        return outcome


def _facts_after(row: db.Record, plan: CirclePlan) -> Facts:
    """What somebody with a seat sees of a gathering once the circle has this plan."""
    online = plan.place == "online"
    link = row["join_link"] or plan.join_link
    return replace(
        Facts.read(row["facts"]),
        name=plan.name,
        discreet_name=plan.discreet_name,
        format=plan.format,
        place=plan.place,
        city="" if online else row["city"] or plan.city,
        address="" if online else row["address"] or plan.address,
        join_link=hashlib.sha256(link.encode()).hexdigest() if online else "",
    )


async def apply(context: Context, change: CircleChange, consent: Consent) -> CircleOutcome:
    """Save a circle in a transaction of its own, and notify the other hosts. Raises as `CircleChange.apply` does."""
    async with context.db.transaction() as tx:
        outcome = await change.apply(tx, consent)
        name = outcome.before.discreet_name
        who = await acting.record(tx, change.actor, change.circle_id, "changed the circle")
        text = who.says(f"{who.name} changed “{name}”.")
        for host in outcome.hosts:
            subject = f"{name}: the circle changed"
            await host_news.send(tx, context, host, subject, text, outcome.host_lines, change.circle_id)
    return outcome
