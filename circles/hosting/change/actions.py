"""Gatherings: change, publish, cancel, discard; and the steps of a schedule's change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from circles import bookings, people
from circles.base import clock, text
from circles.base.errors import NotFound, OutOfDate, Reason, Refused, refuse_if
from circles.hosting.change import rules as change_rules
from circles.hosting.change.rules import Outcome, Standing, Step
from circles.hosting.schedule import forms as schedule_forms
from circles.hosting.schedule import rules as schedule_rules
from circles.hosting.schedule.rules import Terms
from circles.hosting.stand_in import actions as stand_in_actions
from circles.store import audit, db, jobs
from circles.store.context import Context

SQL = db.queries("hosting/change")

# What a gathering that fell out of its rule says of itself, when it cannot be taken away without a trace.
FELL_OUT = "The dates of this circle changed."


@dataclass(frozen=True, slots=True)
class Consent:
    """What the person saw before they said yes, and why gatherings may lie across one another.

    give_up: the bookings of those who give up their seat, when there will be fewer seats than are taken.
    """

    seen: str
    overlap_reason: str = ""
    give_up: frozenset[UUID] = frozenset()


def standing(row: db.Record) -> Standing:
    """A gathering's row as it stands, its time of day as planned."""
    return change_rules.standing(row, schedule_forms.terms_of(row, row["wall_start"].time()))


async def find(tx: db.Tx, person: people.Person, gathering_id: UUID) -> dict[str, Any]:
    """A gathering for somebody who may change it. Raises NotFound."""
    row = await SQL.hosted_for_change(tx, id=gathering_id, person=person.id)
    if row is None:
        raise NotFound
    return dict(row)


def foresee(row: Mapping[str, Any], moment: clock.Moment, terms: Terms) -> Outcome:
    """What changing one gathering does."""
    one = change_rules.standing(
        dict(row) | {"was_booked": row["seats_taken"] > 0},
        schedule_forms.terms_of(row, row["wall_start"].time()),
    )
    step = Step("change", replace(one, seated=change_rules.seated(row)), moment, terms)
    return Outcome((step,) if step.changed else ())


def closed(row: Mapping[str, Any]) -> list[Reason]:
    """Why a gathering can change no more."""
    if row["state"] == "cancelled":
        return [Reason("cancelled", "This gathering was cancelled, so it cannot be changed.")]
    if row["has_begun"]:
        return [Reason("begun", "This gathering has begun, so it cannot be changed.")]
    return []


async def change_gathering(
    context: Context,
    person: people.Person,
    gathering_id: UUID,
    moment: clock.Moment,
    terms: Terms,
    consent: Consent,
    *,
    by_hand: bool = True,
) -> Outcome:
    """Change one gathering; those booked are told, and may cancel with a full refund when the time moves.

    With fewer seats than are taken, those chosen for it lose theirs, are told, and are paid back in full.
    by_hand: False when it is put back as its schedule has it. Raises NotFound; OutOfDate when it does another
    thing by now than was shown; Refused with every reason.
    """
    async with context.db.transaction() as tx:
        await find(tx, person, gathering_id)
        await SQL.lock_for_change(tx, id=gathering_id)
        row = await find(tx, person, gathering_id)
        refuse_if(closed(row))
        found = foresee(row, moment, terms)
        check_seen(found, consent)
        refuse_if(change_rules.problems(found, choosing=by_hand))
        ends = change_rules.giving_up(found, consent.give_up)
        why = await mind_overlaps(tx, row["circle_id"], found, terms, consent)
        if ends:
            await bookings.take_seats_back(tx, gathering_id, ends, actor_id=person.id)
        marked = by_hand and row["schedule_id"] is not None
        await carry_out(tx, context, person, found.steps, by_hand=marked, why=why)
        if not found.steps and row["by_hand"] != marked:
            await SQL.set_by_hand(tx, id=gathering_id, by_hand=marked)
    return found


def check_seen(found: Outcome, consent: Consent) -> None:
    """Raise OutOfDate unless what was shown is what would be done."""
    if found.seen != consent.seen:
        says = "Something changed since you looked. Please see once more what will happen."
        raise OutOfDate(Reason("out_of_date", says))


async def mind_overlaps(tx: db.Tx, circle_id: UUID, found: Outcome, terms: Terms, consent: Consent) -> str:
    """The reason given for gatherings across one another; empty when there are none. Raises Refused."""
    times = change_rules.times(found, terms)
    reasons = await overlaps(tx, circle_id, times, [step.row.id for step in found.steps])
    why = text.line(consent.overlap_reason, "overlap_reason", max_length=200, required=False)
    refuse_if(reasons if not why else [])
    return why if reasons else ""


async def overlaps(
    tx: db.Tx, circle_id: UUID, times: Sequence[tuple[datetime, datetime]], others: Iterable[UUID] = ()
) -> list[Reason]:
    """A warning when hosts of this circle have another gathering at one of these times."""
    if not times:
        return []
    rows = await db.rows(
        SQL.overlapping(
            tx,
            circle_id=circle_id,
            others=list(others),
            starts=[start for start, _ in times],
            ends=[end for _, end in times],
            most=3,
        )
    )
    when = "; ".join(clock.format_short(row["starts_at"], row["zone"]) for row in rows)
    says = f"A host of this circle has another gathering then ({when}). If that is meant, please say why."
    return [Reason("overlaps", says, "overlap_reason")] if rows else []


async def carry_out(
    tx: db.Tx, context: Context, person: people.Person, steps: Iterable[Step], *, by_hand: bool, why: str = ""
) -> None:
    """Do what was decided for each gathering, all of them locked, and tell those booked.

    Raises Refused when the circle has another gathering at one of the new times.
    """
    try:
        for step in steps:
            await _carry_out(tx, context, person, step, by_hand, why)
    except db.UniqueViolationError as error:
        if db.violated_constraint(error) != "gathering_once_per_start":
            raise
        says = "This circle has another gathering at that time already."
        raise Refused(Reason("same_time", says, "time")) from None


async def _carry_out(
    tx: db.Tx, context: Context, person: people.Person, step: Step, by_hand: bool, why: str
) -> None:
    if step.what == "change":
        await _change(tx, context, person, step, by_hand, why)
    elif step.what == "remove":
        await take_away(tx, person, step.row.id, step.row.state)
    elif step.what == "stay":
        await SQL.set_by_hand(tx, id=step.row.id, by_hand=True)
        await audit.record(tx, "gathering.kept", step.row.id, actor_id=person.id, after=step.row.state)


async def _change(
    tx: db.Tx, context: Context, person: people.Person, step: Step, by_hand: bool, why: str
) -> None:
    gathering_id, terms = step.row.id, step.terms
    if step.row.seats_taken and terms.capacity < step.row.terms.capacity:
        await bookings.reseat(tx, gathering_id, terms.capacity)
    given = {name: getattr(terms, name) for name in Terms.__slots__ if name not in ("at", "zone")}
    await SQL.change(
        tx,
        id=gathering_id,
        wall_start=step.moment.wall,
        zone=step.moment.zone,
        starts_at=step.moment.utc,
        oddity=step.moment.oddity,
        by_hand=by_hand,
        told=int(step.replaced),
        **given,
    )
    await audit.record(
        tx, "gathering.changed", gathering_id, actor_id=person.id, why=why, details={"changed": step.changed}
    )
    if step.moves and step.row.seats_taken:
        await bookings.allow_full_refunds(tx, gathering_id)
    if step.tells:
        for booking in await db.rows(SQL.to_invite(tx, gathering_id=gathering_id)):
            await jobs.enqueue(tx, "invites.send", booking_id=booking["id"])


async def take_away(tx: db.Tx, person: people.Person, gathering_id: UUID, before: str) -> None:
    """Take away a gathering nobody has a seat in; one that somebody once booked is cancelled instead."""
    if await SQL.drop_unbooked(tx, id=gathering_id):
        await audit.record(tx, "gathering.discarded", gathering_id, actor_id=person.id, before=before)
        return
    await SQL.set_gathering_state(tx, id=gathering_id, state="cancelled", reason=FELL_OUT)
    await audit.record(
        tx,
        "gathering.cancelled",
        gathering_id,
        actor_id=person.id,
        before=before,
        after="cancelled",
        why=FELL_OUT,
    )


async def _lock_gathering(tx: db.Tx, gathering_id: UUID, person: people.Person) -> db.Record:
    row = await SQL.lock_gathering(tx, id=gathering_id, person=person.id)
    if row is None:
        raise NotFound
    return row


async def publish_gathering(context: Context, person: people.Person, gathering_id: UUID) -> UUID:
    """Open a draft for booking. Doing it twice does nothing more. Returns the circle's id.

    Raises NotFound, and Refused with every reason: the circle is a draft, the time has passed, or it was
    cancelled.
    """
    async with context.db.transaction() as tx:
        row = await _lock_gathering(tx, gathering_id, person)
        if row["state"] == "open":
            return row["circle_id"]
        reasons = schedule_rules.publish_refusals(row["circle_state"])
        if row["state"] == "cancelled":
            reasons.append(Reason("cancelled", "This gathering was cancelled. Please plan another one."))
        if row["has_begun"]:
            reasons.append(Reason("past", "The time of this gathering has passed. Please plan another one."))
        refuse_if(reasons)
        await SQL.set_gathering_state(tx, id=gathering_id, state="open", reason="")
        await audit.record(
            tx, "gathering.published", gathering_id, actor_id=person.id, before="draft", after="open"
        )
        return row["circle_id"]


async def cancel_gathering(context: Context, person: people.Person, gathering_id: UUID, reason: str) -> UUID:
    """Cancel an open gathering, once. What follows for those booked is decided in the same transaction.

    reason: what those booked will read. Returns the circle's id. Raises NotFound; Refused without a reason,
    for a draft (it can be thrown away) and for one that is over.
    """
    why = text.body(reason, "reason", max_length=500)
    async with context.db.transaction() as tx:
        row = await _lock_gathering(tx, gathering_id, person)
        if row["state"] == "cancelled":
            return row["circle_id"]
        if row["state"] == "draft":
            raise Refused(Reason("draft", "Nobody has seen this draft yet. You can throw it away instead."))
        if row["is_over"]:
            raise Refused(Reason("over", "This gathering is over, so it cannot be cancelled."))
        await SQL.set_gathering_state(tx, id=gathering_id, state="cancelled", reason=why)
        await audit.record(
            tx,
            "gathering.cancelled",
            gathering_id,
            actor_id=person.id,
            before="open",
            after="cancelled",
            why=why,
        )
        await bookings.cancel_all(tx, gathering_id, why, actor_id=person.id)
        await stand_in_actions.called_off(tx, context, gathering_id, person)
        return row["circle_id"]


async def discard_gathering(context: Context, person: people.Person, gathering_id: UUID) -> UUID:
    """Throw away a draft that nobody but its hosts has seen. Returns the circle's id.

    Raises NotFound, and Refused for one that was published.
    """
    async with context.db.transaction() as tx:
        row = await _lock_gathering(tx, gathering_id, person)
        if row["state"] != "draft":
            raise Refused(Reason("not_draft", "This gathering was published. You can cancel it instead."))
        await SQL.drop_draft(tx, id=gathering_id)
        await audit.record(tx, "gathering.discarded", gathering_id, actor_id=person.id, before="draft")
        return row["circle_id"]
