"""Answering a dispute at Stripe, with evidence or by accepting it: written before the call, which a job makes."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from circles.payments import answers, gateway
from circles.payments.gateway import RefusedByStripe, Unreachable
from circles.payments.refunds import disputes
from circles.payments.refunds.rules import DisputeSnapshot
from circles.store import audit, db, jobs
from circles.store.context import Context

SQL = db.queries("payments/disputes")


async def prepare_answer(
    tx: db.Tx, stripe_id: str, kind: str, request: dict[str, str], *, actor_id: UUID, reason: str = ""
) -> bool:
    """Have an answer to a dispute sent, in the caller's transaction. kind: "evidence" or "accept".

    request: the fields of evidence as they leave. Returns False where another one is on its way.
    """
    answer_id = await SQL.add_answer(
        tx, dispute_id=stripe_id, kind=kind, request=request, reason=reason, actor_id=actor_id
    )
    if answer_id is None:
        return False
    await jobs.enqueue(tx, "payments.answer_dispute", key=str(answer_id), answer_id=str(answer_id))
    return True


@jobs.job("payments.answer_dispute", group="money")
async def send_answer(context: Context, *, answer_id: str) -> None:
    """Job: send an answer that is due. Run twice, Stripe gets it once: both calls have the same key."""
    async with context.db.reading() as tx:
        row = await SQL.due_answer(tx, id=UUID(answer_id))
    if row is None:
        return
    try:
        snapshot = await _call(context, row)
    except Unreachable:
        return  # it may have happened; the timetable makes the same call again
    except RefusedByStripe as error:
        async with context.db.transaction() as tx:
            if await SQL.answer_failed(tx, id=row["id"], fault=error.code):
                await _record(tx, row, "failed", error.code)
        return
    async with context.db.transaction() as tx:
        if await SQL.answer_done(tx, id=row["id"]):
            await _record(tx, row, "done", "")
        await disputes.apply(tx, snapshot)


async def _call(context: Context, row: db.Record) -> DisputeSnapshot:
    calls = gateway.client(context).v1.disputes
    options: Any = {"idempotency_key": f"dispute answer {row['id']}"}
    if row["kind"] == "accept":
        return await gateway.call(
            context, calls.close_async(row["dispute_id"], None, options), answers.dispute
        )
    parameters = {"evidence": row["request"], "submit": True}
    sending = calls.update_async(row["dispute_id"], cast(Any, parameters), options)
    return await gateway.call(context, sending, answers.dispute)


async def _record(tx: db.Tx, row: db.Record, state: str, why: str) -> None:
    await audit.record(tx, f"dispute.answer_{state}", row["about"], before="due", after=state, why=why)


@jobs.every("payments.answer_disputes", "*/5 * * * *")
async def send_due_answers(context: Context) -> None:
    """Send answers whose call had no clear answer, or whose job was lost."""
    async with context.db.transaction() as tx:
        for row in await db.rows(SQL.due_answers(tx, most=50)):
            await jobs.enqueue(tx, "payments.answer_dispute", key=str(row["id"]), answer_id=str(row["id"]))
