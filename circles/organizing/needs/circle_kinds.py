"""Needs of circles and gatherings: nobody to host them, registers with gaps."""

from __future__ import annotations

from datetime import datetime, timedelta

from circles import hosting
from circles.base import clock, reading
from circles.base.clock import Viewer
from circles.base.english import plural
from circles.base.errors import Reason, Refused, or_not_found
from circles.organizing.needs.rules import Kind, Need, Words
from circles.people import Person
from circles.store import audit, db
from circles.store.context import Context

SQL = db.queries("organizing/needs")

# Hosts who were reminded of a register have so long before it comes back here.
REMINDED_FOR = timedelta(days=3)
REMINDER = (
    "{name}, an organizer, asks you to complete the register of {when}: somebody who had a seat is not marked yet. "
    "You find it on the page of the gathering."
)
REMINDED = "Its hosts get a mail. It comes back here in three days if it is not done by then."
NOBODY_HOSTS = Reason(
    "nobody_hosts", "Nobody can host this circle now, so nobody is asked. Please hand it over first."
)


def _orphan(need: Need, viewer: Viewer) -> Words:
    facts = need.facts
    ahead = f"{plural(facts['gatherings'], 'gathering')} ahead, {plural(facts['seats'], 'seat')} booked"
    return Words(
        f"Nobody can lead {facts['circle']}: {ahead}.",
        "Its dates, seats and payments stay as they are.",
        "Hand it over",
        f"/organize/circles/{need.about}",
    )


def _stand_in(need: Need, viewer: Viewer) -> Words:
    when = clock.format_short(need.due, need.facts["zone"], viewer) if need.due else "a date ahead"
    return Words(
        f"The stand-in of {need.facts['circle']}, {when}, can host no more.",
        "The seats stay as they are, and the hosts of the circle can run it.",
        "Find somebody",
        f"/organize/circles/{need.facts['circle_id']}",
    )


def _register(need: Need, viewer: Viewer) -> Words:
    facts = need.facts
    when = clock.format_short(datetime.fromisoformat(facts["starts_at"]), facts["zone"], viewer)
    return Words(
        f"{facts['circle']}, {when}: {facts['unmarked']} of {facts['booked']} not marked yet.",
        "Marks that are there stay. Only its hosts keep the register, so they are asked.",
        "Remind its hosts",
    )


async def _remind_hosts(context: Context, actor: Person, about: str) -> str:
    """Mail who hosts a gathering that its register has a gap, once, and look again in some days."""
    gathering_id = reading.uuid_or_none(about)
    async with context.db.transaction() as tx:
        row = or_not_found(await SQL.gathering_with_gap(tx, id=gathering_id))
        if await SQL.is_put_off(tx, source="register", about=str(row["id"])):
            return REMINDED
        told = await hosting.notify_hosts(
            tx,
            context,
            row["circle_id"],
            None,
            lambda viewer: REMINDER.format(
                name=actor.name, when=clock.format_when(row["starts_at"], row["zone"], viewer)
            ),
            gathering_id=row["id"],
        )
        if not told:
            raise Refused(NOBODY_HOSTS)
        await audit.record(tx, "register.asked_for", row["id"], actor_id=actor.id)
        await SQL.put_off(
            tx,
            source="register",
            about=str(row["id"]),
            until=clock.now() + REMINDED_FOR,
            not_for=None,
            actor_id=actor.id,
        )
    return REMINDED


KINDS = (
    Kind(
        "circle",
        SQL.orphan,
        "circle without a lead",
        _orphan,
        pressing_within=timedelta(days=14),
        many="circles without a lead",
    ),
    Kind(
        "stand_in",
        SQL.stand_in,
        "gathering without a host",
        _stand_in,
        pressing_within=timedelta(days=14),
        many="gatherings without a host",
    ),
    Kind(
        "register",
        SQL.register,
        "register with a gap",
        _register,
        "in time",
        act=_remind_hosts,
        many="registers with gaps",
    ),
)
