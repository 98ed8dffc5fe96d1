"""Seats on a pass: taking a use with a seat, and what becomes of it when the seat ends.

A seat takes its gathering's lock first and its pass's last, so that two verbs never deadlock.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from circles import payments
from circles.base.errors import OutOfDate, Reason, Refused, or_not_found, refuse_if
from circles.bookings.end_rules import Refund
from circles.bookings.passes import queries, rules, use_rules
from circles.gatherings import BookableGathering
from circles.store import audit, db

SQL = db.queries("bookings/passes")


async def check(
    tx: db.Tx, actor_id: UUID, pass_id: UUID | None, gatherings: Sequence[BookableGathering]
) -> None:
    """Raises Refused with every reason why a pass cannot be used for these gatherings."""
    row = await SQL.pass_to_use(tx, pass_id=pass_id, actor_id=actor_id) if pass_id else None
    reasons = [
        reason for gathering in gatherings for reason in rules.use_refusals(row, gathering, len(gatherings))
    ]
    refuse_if(list(dict.fromkeys(reasons)))


async def take(tx: db.Tx, pass_id: UUID, booking_ids: Sequence[UUID]) -> None:
    """Take a use of a pass for each of these seats, which were just taken in this transaction.

    Raises Refused when fewer are left by now, or the pass is not for such a gathering: then no seat is taken either.
    """
    row = await SQL.lock_to_use(tx, pass_id=pass_id)
    if row is None:
        raise Refused(rules.NO_PASS)
    values = rules.use_values(row["amount"], row["uses"])
    for booking_id in booking_ids:
        place = await SQL.take_use(tx, pass_id=pass_id, booking_id=booking_id, place_values=values)
        if place is None:
            raise Refused(rules.USED_MEANWHILE)
        await audit.record(tx, "pass.used", pass_id, details={"booking": str(booking_id), "place": place})


async def follow_end(tx: db.Tx, booking_id: UUID, cause: str, *, actor_id: UUID | None = None) -> None:
    """A seat that cost nothing has ended: where it was on a pass, its use comes back to it or does not. Idempotent."""
    use = await SQL.use_of(tx, booking_id=booking_id)
    if use is None or use["use_state"] != "used":
        return
    row = await queries.lock(tx, use["pass_id"])
    back = use_rules.comes_back(use, cause)
    returned = 0
    if back and row["state"] == "ended":  # it cannot be used again, so what it is worth goes back
        amount = use_rules.returned_value(use, use["value"], cause)
        returned = await payments.refund(tx, row["id"], amount, "pass_use_returned") if amount else 0
    state = "given_back" if back else "spent"
    await SQL.decide_use(tx, booking_id=booking_id, state=state, returned=returned)
    what = "pass.given_back" if back else "pass.spent"
    await audit.record(
        tx, what, row["id"], actor_id=actor_id, why=cause, details={"booking": str(booking_id)}
    )
    if back and row["state"] == "active" and cause in use_rules.BY_OTHERS:
        await _prolong(tx, row, use)


async def _prolong(tx: db.Tx, row: db.Record, use: db.Record) -> None:
    until = use["starts_at"] + rules.PROLONGED
    if await SQL.prolong(tx, pass_id=row["id"], until=until):
        await audit.record(
            tx, "pass.prolonged", row["id"], before=row["state"], after=row["state"], why="canceled by others"
        )


async def move_refusals(tx: db.Tx, booking_id: UUID, starts_at: datetime, zone: str) -> list[Reason]:
    """Why a seat cannot move there: it is on a pass that ends before."""
    use = await SQL.use_of(tx, booking_id=booking_id)
    if use is None or use["use_state"] != "used" or starts_at <= use["valid_until"]:
        return []
    return [rules.too_late(use["valid_until"], zone)]


async def seat_refund(tx: db.Tx, booking_id: UUID) -> tuple[Refund, bool]:
    """What letting go of a seat on a pass brings its person now, and whether the gathering goes back on the pass."""
    use = or_not_found(await SQL.use_of(tx, booking_id=booking_id))
    return use_rules.seat_refund(use), use_rules.goes_back_on(use)


async def check_shown(tx: db.Tx, booking_id: UUID, *, shown: int, shown_back: bool) -> Refund | None:
    """What letting go of a seat brings its person; None for one that is on no pass.

    shown: the money they saw, in minor units; shown_back: whether they saw that the gathering goes back on the pass.
    Raises OutOfDate where it is another thing by now.
    """
    use = await SQL.use_of(tx, booking_id=booking_id)
    if use is None or use["use_state"] != "used":
        return None
    refund = use_rules.seat_refund(use)
    if refund.amount != shown or (shown_back and not use_rules.goes_back_on(use)):
        raise OutOfDate(Reason("refund_changed", f"This changed since you looked. {refund.sentence}"))
    return refund
