"""How passes follow their checkouts: in use when paid, lapsed when not, refunded when paid too late."""

from __future__ import annotations

from circles import payments, people
from circles.base.errors import Reason, Refused
from circles.bookings.passes import actions, mails, queries, rules
from circles.store import audit, db
from circles.store.context import Context

SQL = db.queries("bookings/passes")

_OVER = Reason("over", "This pass is not waited for any more, so the money is to be sent back.")


async def settle(tx: db.Tx, context: Context, settled: payments.Settled) -> None:
    """Move a pass by the outcome of its checkout, see payments.on_settled. Idempotent.

    Called inside the transaction that moves the checkout, which is locked. Raises Refused when it is "accepted" and the
    pass cannot begin.
    """
    row = await queries.lock(tx, settled.reference)
    if settled.outcome == "accepted":
        if row["state"] not in ("held", "lapsed") or row["let_go_at"] or row["circle_state"] == "archived":
            raise Refused(_OVER)
        await _begin(tx, context, row, "given by an organizer")
    elif settled.outcome == "paid":
        await _settle_paid(tx, context, row)
    elif row["state"] == "held":
        await actions.lapse(tx, row, rules.end_cause(settled.outcome, let_go=row["let_go_at"] is not None))
        if settled.outcome == "debit_failed":
            await mails.send(tx, context, row, "pass_failed", "your payment did not arrive")


async def _settle_paid(tx: db.Tx, context: Context, row: db.Record) -> None:
    if row["state"] not in ("held", "lapsed"):
        return
    reason = await _why_late(tx, row)
    if not reason:
        await _begin(tx, context, row, "paid" if row["state"] == "held" else "paid late")
        return
    if row["state"] == "held":
        await actions.lapse(tx, row, "paid_late")
    else:
        await SQL.paid_late(tx, pass_id=row["id"])
        await audit.record(tx, "pass.paid_late", row["id"], before="lapsed", after="lapsed", why=reason)
    back = await payments.refund_everything(tx, row["id"], reason)
    await mails.send(
        tx, context, row, "pass_back", "your payment comes back to you", reason=reason, amount=back
    )


async def _why_late(tx: db.Tx, row: db.Record) -> str:
    """Why a pass that was paid cannot begin; empty where it can."""
    if await people.stays_suspended(tx, row["person_id"]):
        return "suspended"
    if row["circle_state"] == "archived":
        return "circle_ended"
    if row["state"] == "lapsed" and await SQL.other_usable(tx, pass_id=row["id"]):
        return "paid_twice"
    return ""


async def _begin(tx: db.Tx, context: Context, row: db.Record, why: str) -> None:
    """The weeks of a pass begin, and its person gets a mail that says so."""
    until = await SQL.activate(tx, pass_id=row["id"])
    await audit.record(
        tx, "pass.active", row["id"], actor_id=row["person_id"], before=row["state"], after="active", why=why
    )
    await mails.send(tx, context, row, "pass_bought", f"{row['uses']} gatherings", until=until)
