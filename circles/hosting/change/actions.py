"""Gatherings: publish, cancel, discard; and the steps of a planned change."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from uuid import UUID

from circles import bookings, invites
from circles.base import clock, text
from circles.base.clock import Viewer
from circles.base.errors import OutOfDate, Reason, Refused, or_not_found, refuse_if
from circles.base.moves import check_move
from circles.hosting.change import cancel_rules, host_news, queries
from circles.hosting.change.rules import MOVES, TERMS, Step
from circles.hosting.hosts import mail as hosts_mail
from circles.hosting.hosts.rules import acted_as
from circles.hosting.organize import acting
from circles.hosting.schedule import rules as schedule_rules
from circles.hosting.stand_in import actions as stand_in_actions
from circles.people import Person
from circles.store import audit, db
from circles.store.context import Context

SQL = db.queries("hosting/change")

# The reason of a gathering that fell out of its rule, when it has bookings in its past and cannot be deleted.
FELL_OUT = "The dates of this circle changed."


async def publish_gathering(context: Context, actor: Person, gathering_id: UUID) -> UUID:
    """Open a draft for booking. Doing it twice does nothing more. Returns the circle's id.

    Raises NotFound, and Refused with every reason: the circle is a draft, the time has passed, or it was
    canceled.
    """
    async with context.db.transaction() as tx:
        row = await queries.lock_gathering(tx, actor, gathering_id)
        if row["state"] == "open":
            return row["circle_id"]
        reasons = schedule_rules.publish_refusals(row["circle_state"])
        if row["state"] == "cancelled":
            reasons.append(Reason("cancelled", "This gathering was canceled. Please plan another one."))
        if row["has_begun"]:
            reasons.append(Reason("past", "The time of this gathering has passed. Please plan another one."))
        refuse_if(reasons)
        check_move(MOVES, row["state"], "open")
        await SQL.set_gathering_state(tx, id=gathering_id, state="open", reason="")
        await audit.record(
            tx, "gathering.published", gathering_id, actor_id=actor.id, before="draft", after="open"
        )
        await acting.note(tx, context, actor, row["circle_id"], "opened a gathering for booking")
        return row["circle_id"]


async def cancel_gathering(
    context: Context, actor: Person, gathering_id: UUID, reason: str, *, fingerprint: str | None = None
) -> db.Record:
    """Cancel an open gathering, once. What follows for those booked is decided in the same transaction.

    reason: what those booked will read. fingerprint: of what was shown; None: nothing was. Returns the gathering as
    it was. Raises NotFound; Refused without a reason, for a draft (which can be discarded) and for one that is over;
    OutOfDate when somebody booked or left meanwhile, or it was moved.
    """
    async with context.db.transaction() as tx:
        await SQL.lock_to_cancel(tx, id=gathering_id, actor_id=actor.id)
        row = or_not_found(await SQL.gathering_to_cancel(tx, id=gathering_id, actor_id=actor.id))
        if row["state"] == "cancelled":
            return row
        why = text.body(reason, "reason", max_length=500)
        refuse_if(cancel_rules.cancel_refusals(row))
        if fingerprint not in (None, cancel_rules.cancel_fingerprint(row)):
            raise OutOfDate(cancel_rules.out_of_date())
        await cancel_locked(tx, context, actor, row, why)
        if row["part"] == "organizer":
            who = await acting.by(tx, actor, row["circle_id"])
            who = who if who.is_organizer else acting.By.organizer(actor, why)
            news = partial(_canceled_news, who, row)
            await hosts_mail.notify_hosts(tx, context, row["circle_id"], actor, news)
        else:
            await host_news.canceled(tx, context, actor, gathering_id)
        return row


def _canceled_news(who: acting.By, row: db.Record, viewer: Viewer) -> str:
    when = clock.format_when(row["starts_at"], row["zone"], viewer)
    return who.says(f"{who.name} canceled the gathering of {when}.")


async def cancel_locked(tx: db.Tx, context: Context, actor: Person, row: db.Record, why: str) -> None:
    """Cancel an open gathering that the caller has locked, and notify those booked and its stand-in."""
    check_move(MOVES, row["state"], "cancelled")
    await SQL.set_gathering_state(tx, id=row["id"], state="cancelled", reason=why)
    await audit.record(
        tx,
        "gathering.cancelled",
        row["id"],
        actor_id=actor.id,
        before="open",
        after="cancelled",
        why=why,
        details=acted_as(row["part"]),
    )
    await bookings.cancel_all(tx, row["id"], why, actor_id=actor.id)
    await invites.tell_hosts(tx, [row["id"]])
    await stand_in_actions.notify_canceled(tx, context, row["id"], actor)


async def discard_gathering(context: Context, actor: Person, gathering_id: UUID) -> UUID:
    """Delete a draft, which only its hosts have read. Returns the circle's id.

    Raises NotFound, and Refused for one that was published.
    """
    async with context.db.transaction() as tx:
        row = await queries.lock_gathering(tx, actor, gathering_id)
        if row["state"] != "draft":
            raise Refused(Reason("not_draft", "This gathering was published. You can cancel it instead."))
        await SQL.delete_draft(tx, id=gathering_id)
        await audit.record(tx, "gathering.discarded", gathering_id, actor_id=actor.id, before="draft")
        await acting.note(tx, context, actor, row["circle_id"], "discarded the draft of a gathering")
        return row["circle_id"]


# The steps of a planned change


async def carry_out(
    tx: db.Tx, actor: Person | None, steps: Iterable[Step], *, by_hand: bool, why: str = "", line: str = ""
) -> None:
    """Do what was decided for each gathering, all of them locked, and notify those booked, each once.

    actor: None when no person makes the change, but new zone data does. line: what the actor writes to them. Raises
    Refused when the circle has another gathering at one of the new times.
    """
    notifying: list[UUID] = []
    try:
        for step in steps:
            await _carry_out(tx, actor, step, by_hand, why)
            notifying += [step.gathering.id] if step.notifies else []
    except db.UniqueViolationError as error:
        if db.violated_constraint(error) != "gathering_once_per_start":
            raise
        message = "This circle has another gathering at that time already."
        raise Refused(Reason("same_time", message, "time")) from None
    await invites.announce_changes(tx, notifying, line=line, actor_id=_id_of(actor))


async def _carry_out(tx: db.Tx, actor: Person | None, step: Step, by_hand: bool, why: str) -> None:
    if step.effect == "change":
        await _change(tx, actor, step, by_hand, why)
    elif step.effect == "remove":
        await remove_gathering(tx, actor, step.gathering.id, step.gathering.state)
    elif step.effect == "stay":
        await SQL.set_by_hand(tx, id=step.gathering.id, by_hand=True)
        await audit.record(
            tx, "gathering.kept", step.gathering.id, actor_id=_id_of(actor), after=step.gathering.state
        )


async def _change(tx: db.Tx, actor: Person | None, step: Step, by_hand: bool, why: str) -> None:
    gathering_id, terms = step.gathering.id, step.terms
    before = step.gathering.terms
    if terms.capacity < before.capacity or terms.community_seats < before.community_seats:
        await bookings.make_room(tx, gathering_id, terms.capacity, terms.community_seats)
    await SQL.save_gathering(
        tx,
        id=gathering_id,
        wall_start=step.moment.wall,
        zone=step.moment.zone,
        starts_at=step.moment.utc,
        oddity=step.moment.oddity,
        by_hand=by_hand,
        place_changes=int(step.changes_place),
        **{name: getattr(terms, name) for name in TERMS},
    )
    await audit.record(
        tx,
        "gathering.changed",
        gathering_id,
        actor_id=_id_of(actor),
        why=why,
        details={"changed": step.changed},
    )
    if step.moves and step.gathering.seats_taken:
        await bookings.allow_full_refunds(tx, gathering_id)
    await bookings.follow_change(tx, gathering_id, moved=step.moves)


def _id_of(actor: Person | None) -> UUID | None:
    return actor.id if actor else None


async def remove_gathering(tx: db.Tx, actor: Person | None, gathering_id: UUID, before: str) -> None:
    """Delete a gathering nobody has a seat in; one that somebody once booked is canceled instead."""
    await bookings.close_for_gathering(tx, gathering_id, actor_id=_id_of(actor))
    if await SQL.delete_unbooked(tx, id=gathering_id):
        await audit.record(tx, "gathering.discarded", gathering_id, actor_id=_id_of(actor), before=before)
        return
    check_move(MOVES, before, "cancelled")
    await SQL.set_gathering_state(tx, id=gathering_id, state="cancelled", reason=FELL_OUT)
    await audit.record(
        tx,
        "gathering.cancelled",
        gathering_id,
        actor_id=_id_of(actor),
        before=before,
        after="cancelled",
        why=FELL_OUT,
    )
