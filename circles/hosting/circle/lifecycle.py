"""The states of a circle: publish, pause, resume, end, discard a draft."""

from __future__ import annotations

from uuid import UUID

from circles import bookings, guidelines
from circles.base.errors import Reason, Refused, or_not_found, refuse_if
from circles.base.moves import check_move
from circles.hosting.change.actions import cancel_locked, remove_gathering
from circles.hosting.circle import rules
from circles.hosting.circle.actions import lock_circle
from circles.hosting.circle.rules import MOVES, CirclePlan
from circles.hosting.hosts import mail as hosts_mail
from circles.hosting.hosts.rules import Host
from circles.hosting.organize import acting
from circles.hosting.schedule import planting
from circles.people import Person
from circles.store import audit, db
from circles.store.context import Context

SQL = db.queries("hosting/circle")
SCHEDULES = db.queries("hosting/schedule")
CHANGE = db.queries("hosting/change")

# What the other hosts read. Those with a seat keep it, so none of this concerns them.
PAUSED = "{name} paused this circle. Nobody can book for now; whoever has a seat keeps it."
RESUMED = "{name} resumed this circle. It takes bookings again."
ENDED = "{name} ended this circle. Nobody had a seat ahead."
CANCELED_AND_ENDED = "{name}, an organizer, canceled what was ahead and ended the circle. The reason: {why}"
DISCARDED = (
    "{name} threw this draft away. Nobody but its hosts had seen it, and there is nothing to do for you."
)


async def publish_circle(context: Context, actor: Person, circle_id: UUID) -> None:
    """Publish a draft and plant its schedules. Idempotent.

    Raises NotFound, and Refused with everything the circle still lacks.
    """
    async with context.db.transaction() as tx:
        row = await lock_circle(tx, circle_id, actor)
        if row["state"] == "published":
            return
        if row["state"] != "draft":
            raise Refused(Reason("not_draft", "Only a draft can be published."))
        refuse_if(rules.publish_refusals(CirclePlan.of(row)))
        await _set_state(tx, row, actor, "circle.published", "published")
        await planting.plant_circle(tx, circle_id)
        await acting.note(tx, context, actor, circle_id, "published the circle")


async def _set_state(
    tx: db.Tx, row: db.Record, actor: Person, what: str, state: str, *, why: str = ""
) -> None:
    check_move(MOVES, row["state"], state)
    await SQL.set_circle_state(tx, id=row["id"], state=state)
    await audit.record(tx, what, row["id"], actor_id=actor.id, before=row["state"], after=state, why=why)


async def _tell_hosts(
    tx: db.Tx, context: Context, actor: Person, circle_id: UUID, did: str, news: str
) -> None:
    """Mail the other hosts what the actor did, and why where it was an organizer, which an event row says as well."""
    who = await acting.record(tx, actor, circle_id, did)
    await hosts_mail.notify_hosts(tx, context, circle_id, actor, who.says(news.format(name=who.name)))


async def pause_circle(context: Context, actor: Person, circle_id: UUID) -> None:
    """Take no bookings and plant nothing until it is resumed; confirmed seats stay. Idempotent.

    Raises NotFound, and Refused for a circle that is not published.
    """
    async with context.db.transaction() as tx:
        row = await lock_circle(tx, circle_id, actor)
        if row["state"] == "paused":
            return
        if row["state"] != "published":
            raise Refused(Reason("not_published", "Only a published circle can be paused."))
        await _set_state(tx, row, actor, "circle.paused", "paused")
        await _tell_hosts(tx, context, actor, circle_id, "paused the circle", PAUSED)


async def resume_circle(context: Context, actor: Person, circle_id: UUID) -> int:
    """Resume a paused circle and plant what is due. Returns how many gatherings are new. Idempotent.

    Raises NotFound, and Refused for one that is neither paused nor published.
    """
    async with context.db.transaction() as tx:
        row = await lock_circle(tx, circle_id, actor)
        if row["state"] == "published":
            return 0
        if row["state"] != "paused":
            raise Refused(Reason("not_paused", "This circle is not paused."))
        await _set_state(tx, row, actor, "circle.resumed", "published")
        await _tell_hosts(tx, context, actor, circle_id, "resumed the circle", RESUMED)
        return await planting.plant_circle(tx, circle_id)


async def archive_circle(context: Context, actor: Person, circle_id: UUID) -> None:
    """End a circle for good, with its schedules; gatherings ahead without bookings are removed. Idempotent.

    Raises NotFound, and Refused while somebody has a seat ahead.
    """
    async with context.db.transaction() as tx:
        row = await lock_circle(tx, circle_id, actor)
        if row["state"] == "archived":
            return
        await _end(tx, row, actor)
        await _tell_hosts(tx, context, actor, circle_id, "ended the circle", ENDED)


async def _end(tx: db.Tx, row: db.Record, actor: Person, why: str = "") -> None:
    """End a locked circle. Raises Refused while somebody has a seat ahead."""
    ahead = await db.rows(SCHEDULES.open_ahead(tx, circle_id=row["id"]))
    refuse_if(rules.end_refusals(await SCHEDULES.seats_ahead(tx, circle_id=row["id"])))
    for schedule in await db.rows(SCHEDULES.lock_of_circle(tx, circle_id=row["id"])):
        await SCHEDULES.end_schedule(tx, id=schedule["id"])
        await audit.record(
            tx, "schedule.ended", schedule["id"], actor_id=actor.id, before="active", after="ended", why=why
        )
    await bookings.close_of_circle(tx, row["id"], actor_id=actor.id)
    await bookings.end_passes_of_circle(tx, row["id"])
    for gathering in ahead:
        await remove_gathering(tx, actor, gathering["id"], gathering["state"])
    await _set_state(tx, row, actor, "circle.archived", "archived", why=why)


async def cancel_and_end(
    tx: db.Tx, context: Context, actor: Person, circle_id: UUID, why: str, *, but_for: UUID | None = None
) -> None:
    """Cancel every gathering with a seat that is not over, with full refunds, and end the circle. Idempotent.

    why: what those booked will read. but_for: a host who learns it from another mail. The caller has locked the circle
    and may act for it.
    """
    row = or_not_found(await SQL.circle_state(tx, id=circle_id))
    if row["state"] == "archived":
        return
    for gathering in await db.rows(SQL.lock_booked_ahead(tx, circle_id=circle_id)):
        to_cancel = or_not_found(await CHANGE.gathering_to_cancel(tx, id=gathering["id"], actor_id=actor.id))
        await cancel_locked(tx, context, actor, to_cancel, why)
    await _end(tx, row, actor, why)
    news = CANCELED_AND_ENDED.format(name=actor.name, why=why)
    await hosts_mail.notify_hosts(tx, context, circle_id, actor, news, but_for=but_for)


async def led_circle(tx: db.Tx, circle_id: UUID, actor: Person) -> db.Record:
    """A circle for its lead, with what is discarded along with it. Raises NotFound."""
    return or_not_found(await SQL.led_circle(tx, id=circle_id, actor_id=actor.id))


async def discard_circle(context: Context, actor: Person, circle_id: UUID) -> None:
    """Discard a draft circle with its guidelines, gatherings and schedules; notify its other hosts. Idempotent.

    Raises NotFound for everybody but its lead, and Refused for one that was published.
    """
    async with context.db.transaction() as tx:
        await SQL.lock(tx, id=circle_id)
        if await SQL.was_discarded(tx, id=circle_id, actor_id=actor.id):
            return
        row = await led_circle(tx, circle_id, actor)
        refuse_if(rules.discard_refusals(row))
        who = await acting.record(tx, actor, circle_id, "discarded the draft")
        await _delete(tx, row, actor)
        details = {name: row[name] for name in ("name", "gatherings", "schedules")}
        await audit.record(
            tx, "circle.discarded", circle_id, actor_id=actor.id, before=row["state"], details=details
        )
        text = who.says(DISCARDED.format(name=who.name))
        for other in row["others"]:
            await hosts_mail.notify(tx, context, Host.read(other), row["discreet_name"], text)


async def _delete(tx: db.Tx, circle: db.Record, actor: Person) -> None:
    """Delete a draft and all it consists of, with an event for each gathering and schedule."""
    for kind, delete in (("gathering", SQL.delete_gatherings), ("schedule", SQL.delete_schedules)):
        for row in await db.rows(delete(tx, circle_id=circle["id"])):
            await audit.record(tx, f"{kind}.discarded", row["id"], actor_id=actor.id, before=row["state"])
    await SQL.delete_circle(tx, id=circle["id"])
    await guidelines.delete(tx, circle["guidelines_id"])
