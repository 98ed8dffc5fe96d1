"""Letters: make one, show it, withdraw it, check a code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from circles.attendance.hours import queries as hours
from circles.attendance.letters import rules
from circles.attendance.letters.rules import Choice, Said
from circles.attendance.own import queries as own
from circles.attendance.periods import Period
from circles.base.errors import Reason, Refused, or_not_found
from circles.base.row import Row
from circles.people import Person
from circles.store import audit, db, jobs
from circles.store.context import Context
from circles.web import limits
from circles.web.limits import Limit

SQL = db.queries("attendance/letters")

DAY = rules.LIMITS[-1][1]


async def circles_of(tx: db.Tx, person_id: UUID, kind: str) -> dict[UUID, str]:
    """The circles of which somebody may have a letter, by name: those of all their time."""
    rows = await _said(tx, person_id, kind, Period(date(2000, 1, 1), date(2100, 12, 31)))
    return {row["circle_id"]: row["name"] for row in sorted(rows, key=lambda row: row["name"])}


async def _said(tx: db.Tx, person_id: UUID, kind: str, period: Period) -> Sequence[Row]:
    if kind == "hosted":
        return (await hours.months(tx, person_id, period)).rows
    return (await own.totals(tx, person_id, period)).circles


async def make(
    context: Context, actor: Person, letter_id: UUID, kind: str, values: Mapping[str, str], today: date
) -> UUID:
    """Make a letter of what the register says now. Idempotent by its id. Raises Refused with every reason."""
    key = context.settings.signing_key()
    async with context.db.transaction() as tx:
        if await SQL.own(tx, id=letter_id, person=actor.id):
            return letter_id
        choice, reasons = rules.read_choice(values, kind, today, await circles_of(tx, actor.id, kind))
        said = Said.of(await _said(tx, actor.id, kind, choice.period), choice.circle_id)
        if not reasons and not said.gatherings:
            reasons.append(rules.nothing_reason())
        if not reasons:
            reasons += await _too_many(tx, context, actor.id)
        if reasons:
            raise Refused(reasons)
        await _add(tx, actor.id, letter_id, choice, said, rules.code_hash(rules.code_of(key, letter_id)))
        await audit.record(tx, "letter.made", letter_id, actor_id=actor.id, after=kind)
        return letter_id


async def _too_many(tx: db.Tx, context: Context, person_id: UUID) -> list[Reason]:
    if await SQL.own_count(tx, person=person_id) >= rules.MAX_LETTERS:
        text = f"You have {rules.MAX_LETTERS} letters. Please withdraw those that nobody needs."
        return [Reason("many_letters", text)]
    if not await limits.allow(tx, context.settings, f"letters {person_id}", rules.MAX_A_DAY, DAY):
        return [Reason("letters_today", "These were many letters for one day. Please go on tomorrow.")]
    return []


async def _add(
    tx: db.Tx, person_id: UUID, letter_id: UUID, choice: Choice, said: Said, code_hash: bytes
) -> None:
    added = await SQL.add(
        tx,
        id=letter_id,
        person=person_id,
        kind=choice.kind,
        code_hash=code_hash,
        name=choice.name,
        **choice.period.arguments,
        circle=choice.circle_id,
        names_said=choice.names_said,
        kind_said=choice.kind_said,
        hours_said=choice.hours_said,
        gatherings=said.gatherings,
        minutes=said.minutes,
        people=said.people,
        lines=said.named(choice.names_said),
    )
    or_not_found(added)  # the id of somebody else's letter


async def letter(tx: db.Tx, letter_id: UUID, person_id: UUID) -> db.Record:
    """A letter of somebody's own. Raises NotFound."""
    return or_not_found(await SQL.own(tx, id=letter_id, person=person_id))


async def own_letters(tx: db.Tx, person_id: UUID, kind: str) -> list[db.Record]:
    """Somebody's letters of one kind, the newest first."""
    return await db.rows(SQL.own_letters(tx, person=person_id, kind=kind, most=rules.MAX_LETTERS))


async def withdraw(context: Context, *, actor_id: UUID, letter_id: UUID) -> str:
    """Delete a letter of one's own, so that its code says nothing. Returns its kind. Raises NotFound."""
    async with context.db.transaction() as tx:
        kind = or_not_found(await SQL.withdraw(tx, id=letter_id, person=actor_id))
        await audit.record(tx, "letter.withdrawn", letter_id, actor_id=actor_id, before=kind)
        return kind


async def check(context: Context, typed: str, network: str) -> dict[str, Any] | None:
    """What the letter with this code says, and what the register says by now; None where there is none.

    A letter that was withdrawn, whose time is over, or whose person was erased is as one that never was. Raises Refused
    for what is no code, and for a network that types many.
    """
    code = rules.parse_code(typed)
    if code is None:
        raise Refused(rules.code_refusal())
    async with context.db.transaction() as tx:
        every = limits.of_network("check letter", network, rules.LIMITS)
        if reached := await limits.count(tx, context.settings, *every):
            raise Refused(_wait(reached))
        row = await SQL.check(tx, code_hash=rules.code_hash(code))
    return dict(row) if row else None


def _wait(reached: Sequence[Limit]) -> Reason:
    minutes = max(1, -(-max(limit.wait for limit in reached).seconds // 60))
    words = "in a few minutes" if minutes <= 10 else "tomorrow"
    return Reason(
        "too_many_codes", f"These were many codes in a short time. Please try again {words}.", "code"
    )


@jobs.every("attendance.forget_letters", "46 4 * * *")
async def forget_letters(context: Context) -> None:
    """Delete the letters that are too old to be checked."""
    async with context.db.transaction() as tx:
        await SQL.forget_old(tx, age=rules.CHECKED_FOR)
