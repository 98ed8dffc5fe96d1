"""Planned changes: of one gathering, of those that follow, of a whole schedule, and its end.

Each is shown first (`preview`), then made (`apply`), and made only when it still does what was shown.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from circles import bookings
from circles.base import clock
from circles.base.errors import NotFound, OutOfDate, Reason, Refused, refuse_if
from circles.hosting.change import actions, host_news, queries, rules
from circles.hosting.change.rules import Outcome
from circles.hosting.organize import acting
from circles.hosting.schedule import actions as schedule_actions
from circles.hosting.schedule import forms as schedule_forms
from circles.hosting.schedule import moving, planting
from circles.hosting.schedule import queries as schedule_queries
from circles.hosting.schedule import rules as schedule_rules
from circles.hosting.schedule.moving import Cut
from circles.hosting.schedule.rules import Rule, Terms
from circles.people import Person
from circles.store import db
from circles.store.context import Context

SQL = db.queries("hosting/change")


@dataclass(frozen=True, slots=True)
class Consent:
    """What the host agreed to. fingerprint: of the outcome that was shown to them.

    overlap_reason: why hosts may have another gathering at the same time. give_up: the bookings of those who give up
    their seat, when there will be fewer seats than are taken.
    """

    fingerprint: str
    overlap_reason: str = ""
    give_up: frozenset[UUID] = frozenset()


class PlannedChange(ABC):
    """What a host, the actor, wants to change."""

    actor: Person

    @abstractmethod
    async def preview(self, tx: db.Tx) -> Outcome:
        """What the change does, and who is notified. Raises NotFound, and Refused when there can be no such change."""

    @abstractmethod
    async def apply(self, tx: db.Tx, consent: Consent) -> Outcome:
        """Make the change and notify those booked.

        Raises NotFound; OutOfDate when it does another thing by now than was shown; Refused with every reason.
        """


async def apply(context: Context, change: PlannedChange, consent: Consent) -> Outcome:
    """Make a planned change in a transaction of its own, and notify the other hosts. Raises as `change.apply` does."""
    async with context.db.transaction() as tx:
        outcome = await change.apply(tx, consent)
        if outcome.others is not None:
            who = await acting.by(tx, change.actor, outcome.others.circle_id)
            await host_news.changed(tx, context, who, outcome)
        return outcome


class _TermsChange(PlannedChange):
    """A change of time or terms, made as it was shown. terms: what each gathering gets.

    line: what the host writes in each mail to those booked.
    """

    terms: Terms
    line: str

    def refusals(self, outcome: Outcome) -> list[Reason]:
        """Why this outcome cannot be."""
        return rules.refusals(outcome)

    async def apply(self, tx: db.Tx, consent: Consent) -> Outcome:
        row = await self._lock(tx)
        outcome = await self.preview(tx)
        if outcome.fingerprint != consent.fingerprint:
            message = "Something changed since you looked. Please see once more what will happen."
            raise OutOfDate(Reason("out_of_date", message))
        refuse_if(self.refusals(outcome))
        times, ids = rules.new_times(outcome, self.terms), [step.gathering.id for step in outcome.steps]
        why = await schedule_queries.overlap_reason(
            tx, row["circle_id"], times, consent.overlap_reason, self.actor.viewer, but_for=ids
        )
        await self._make(tx, row, outcome, consent, why)
        await acting.record(tx, self.actor, row["circle_id"], "changed gatherings")
        return outcome

    @abstractmethod
    async def _lock(self, tx: db.Tx) -> db.Record:
        """The gathering or the schedule that changes, locked. Raises NotFound, and Refused when it is closed."""

    @abstractmethod
    async def _make(self, tx: db.Tx, row: db.Record, outcome: Outcome, consent: Consent, why: str) -> None:
        """Write it. row: as locked. why: the reason for the event rows."""


@dataclass(frozen=True)
class GatheringChange(_TermsChange):
    """One gathering gets another time or other terms; by_hand: False when it goes back to what its schedule has.

    With fewer seats than are taken, those the host chose lose theirs, are notified, and are refunded in full.
    """

    actor: Person
    gathering_id: UUID
    moment: clock.Moment
    terms: Terms
    by_hand: bool = True
    line: str = ""

    async def preview(self, tx: db.Tx) -> Outcome:
        row = await queries.gathering_to_change(tx, self.actor, self.gathering_id)
        outcome = rules.gathering_outcome(row, self.moment, self.terms)
        return replace(outcome, line=self.line).notifying(row)

    def refusals(self, outcome: Outcome) -> list[Reason]:
        past = [] if self.by_hand else rules.past_refusals(self.moment, clock.now())
        return past + rules.refusals(outcome, choosing=self.by_hand)

    async def _lock(self, tx: db.Tx) -> db.Record:
        row = await queries.lock_gathering(tx, self.actor, self.gathering_id)
        refuse_if(rules.closed_refusals(row))
        return row

    async def _make(self, tx: db.Tx, row: db.Record, outcome: Outcome, consent: Consent, why: str) -> None:
        ends = rules.bookings_to_end(outcome, consent.give_up)
        refuse_if(rules.choice_refusals(outcome.too_many, len(ends)))
        if ends:
            await bookings.take_seats_back(
                tx, self.gathering_id, ends, actor_id=self.actor.id, line=self.line
            )
        by_hand = self.by_hand and row["schedule_id"] is not None
        await actions.carry_out(tx, self.actor, outcome.steps, by_hand=by_hand, why=why, line=self.line)
        if not outcome.steps and row["by_hand"] != by_hand:
            await SQL.set_by_hand(tx, id=self.gathering_id, by_hand=by_hand)


async def put_back(tx: db.Tx, actor: Person, row: dict[str, Any]) -> GatheringChange:
    """The change that gives a gathering what its schedule has for it. Raises NotFound when it has no schedule."""
    if row["schedule_id"] is None:
        raise NotFound
    terms = schedule_forms.terms_of(await schedule_queries.find_schedule(tx, actor, row["schedule_id"]))
    return GatheringChange(actor, row["id"], terms.moment(row["planned_for"]), terms, by_hand=False)


@dataclass(frozen=True)
class ScheduleChange(_TermsChange):
    """A whole schedule and the gatherings ahead that were planted under it. rule: None keeps its rule.

    A gathering changed by hand stays; one with bookings on a date that the rule no longer has stays, marked.
    """

    actor: Person
    schedule_id: UUID
    terms: Terms
    rule: Rule | None = None
    line: str = ""

    async def preview(self, tx: db.Tx) -> Outcome:
        row = await schedule_queries.find_schedule(tx, self.actor, self.schedule_id)
        planted = await queries.planted_ahead(tx, self.schedule_id)
        outcome = rules.schedule_outcome(self._rule(row), self.terms, planted, clock.now())
        return replace(outcome, line=self.line).notifying(row)

    async def _lock(self, tx: db.Tx) -> db.Record:
        row = await _lock_active(tx, self.actor, self.schedule_id, self.terms.zone)
        refuse_if(schedule_rules.refusals(self._rule(row), self.terms, clock.now()))
        return row

    def _rule(self, row: db.Record) -> Rule:
        return self.rule or schedule_forms.rule_of(row)

    async def _make(self, tx: db.Tx, row: db.Record, outcome: Outcome, consent: Consent, why: str) -> None:
        await schedule_actions.save_schedule(tx, row["id"], self._rule(row), self.terms, self.actor)
        await _change_planted(tx, self.actor, row, outcome, why)


@dataclass(frozen=True)
class FollowingChange(_TermsChange):
    """A gathering and all that follow it in its schedule, which is cut in two there.

    to: the day the gathering moves to; the others move as it does.
    """

    actor: Person
    gathering_id: UUID
    terms: Terms
    to: date | None = None
    line: str = ""

    async def preview(self, tx: db.Tx) -> Outcome:
        schedule, cut = await self._cut(tx)
        planted = await queries.planted_ahead(tx, schedule["id"], since=self.gathering_id)
        days = cut.days(one.planned_for for one in planted if one.planned_for)
        planted = [rules.following(one, self.gathering_id, days, cut.moves) for one in planted]
        hours = self.actor.viewer.hours
        words = schedule_rules.words(cut.late, self.terms, clock.now().date(), hours) if cut.moves else ""
        outcome = rules.schedule_outcome(cut.late, self.terms, planted, clock.now(), words)
        return replace(outcome, line=self.line).notifying(schedule)

    async def _cut(self, tx: db.Tx) -> tuple[db.Record, Cut]:
        gathering = await queries.gathering_to_change(tx, self.actor, self.gathering_id)
        if gathering["schedule_id"] is None:
            raise NotFound
        schedule = await schedule_queries.find_schedule(tx, self.actor, gathering["schedule_id"])
        return schedule, moving.cut_rule(schedule_forms.rule_of(schedule), gathering["planned_for"], self.to)

    async def _lock(self, tx: db.Tx) -> db.Record:
        gathering = await queries.gathering_to_change(tx, self.actor, self.gathering_id)
        if gathering["schedule_id"] is None:
            raise NotFound
        return await _lock_active(tx, self.actor, gathering["schedule_id"], self.terms.zone)

    async def _make(self, tx: db.Tx, row: db.Record, outcome: Outcome, consent: Consent, why: str) -> None:
        _, cut = await self._cut(tx)
        rows = await db.rows(SQL.following(tx, schedule_id=row["id"], since=self.gathering_id))
        days, ids = cut.days(one["planned_for"] for one in rows), [one["id"] for one in rows]
        schedule_id = await schedule_actions.cut_schedule(tx, row, cut, self.terms, self.actor)
        await SQL.detach(tx, ids=ids)
        dates = [days[one["planned_for"]] for one in rows]
        await SQL.attach(tx, ids=ids, dates=dates, schedule_id=schedule_id)
        await _change_planted(tx, self.actor, row, outcome, why)


async def _lock_active(tx: db.Tx, actor: Person, schedule_id: UUID, zone: str) -> db.Record:
    row = await _lock_schedule(tx, actor, schedule_id, zone)
    if row["state"] != "active":
        raise Refused(Reason("ended", "This schedule has ended. Please make another one."))
    return row


async def _lock_schedule(tx: db.Tx, actor: Person, schedule_id: UUID, zone: str) -> db.Record:
    """A schedule with its circle and its gatherings ahead, locked in the order in which planting locks them."""
    row = await schedule_actions.lock_schedule(tx, actor, schedule_id, zone)
    await db.rows(SQL.lock_planted(tx, schedule_id=schedule_id))
    return row


async def _change_planted(tx: db.Tx, actor: Person, row: db.Record, outcome: Outcome, why: str) -> None:
    """Carry out every step, then plant the dates that are new. row: the schedule with its circle."""
    await actions.carry_out(tx, actor, outcome.in_order, by_hand=False, why=why, line=outcome.line)
    if row["circle_state"] == "published":
        await planting.plant_circle(tx, row["circle_id"])


@dataclass(frozen=True)
class ScheduleEnd(PlannedChange):
    """A schedule ends; ending it twice does nothing more. remove: delete the gatherings nobody has a seat in.

    Gatherings with seats taken stay in any case, so the fingerprint in the consent is not compared.
    """

    actor: Person
    schedule_id: UUID
    remove: bool = False

    async def preview(self, tx: db.Tx) -> Outcome:
        row = await schedule_queries.find_schedule(tx, self.actor, self.schedule_id)
        return rules.end_outcome(await queries.planted_ahead(tx, self.schedule_id)).notifying(row)

    async def apply(self, tx: db.Tx, consent: Consent) -> Outcome:
        row = await schedule_queries.find_schedule(tx, self.actor, self.schedule_id)
        if row["state"] == "active":
            row = await _lock_schedule(tx, self.actor, self.schedule_id, row["circle_zone"])
        if row["state"] == "ended":
            return Outcome(())
        await schedule_actions.end_schedule(tx, self.schedule_id, self.actor)
        await acting.record(tx, self.actor, row["circle_id"], "ended a schedule")
        outcome = await self.preview(tx)
        steps = outcome.steps_that("remove") if self.remove else []
        await actions.carry_out(tx, self.actor, steps, by_hand=False)
        return replace(outcome, steps=tuple(steps))
