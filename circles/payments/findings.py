"""Findings: answers of Stripe that differ from what was asked. Recorded, listed for a person, refunded, settled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID, uuid4

import structlog

from circles.base.errors import Reason, Refused, or_not_found
from circles.payments import rules
from circles.payments.refunds.rules import refund_parameters
from circles.payments.rules import CheckoutSnapshot
from circles.store import audit, db

log = structlog.get_logger("payments")
SQL = db.queries("payments/findings")

MAX_LISTED = 200

# differs: our own checkout, answered otherwise than asked; foreign: money at a checkout that we did not create and that
# names a booking of ours; unknown: our checkout, which Stripe does not know (keys or account changed).
FindingKind = Literal["differs", "foreign", "unknown"]


async def record(
    tx: db.Tx,
    kind: FindingKind,
    booking_id: UUID,
    snapshot: CheckoutSnapshot,
    differences: Mapping[str, tuple[Any, Any]],
) -> None:
    """Record what Stripe answered for a booking and what was expected, once, and raise an alarm in the log."""
    amount = rules.from_stripe(snapshot.amount, snapshot.currency) if snapshot.paid else 0
    await _record(
        tx,
        kind=kind,
        booking_id=booking_id,
        stripe_id=snapshot.id,
        payment_intent=snapshot.payment_intent,
        amount=amount,
        currency=snapshot.currency,
        expected={name: expected for name, (expected, _) in differences.items()},
        answered={name: answered for name, (_, answered) in differences.items()},
    )


async def record_unknown(tx: db.Tx, booking_id: UUID, stripe_id: str, code: str) -> None:
    """Record that Stripe does not know a checkout of ours. code: Stripe's own."""
    await _record(
        tx,
        kind="unknown",
        booking_id=booking_id,
        stripe_id=stripe_id,
        payment_intent="",
        amount=0,
        currency="",
        expected={"checkout": stripe_id},
        answered={"error": code},
    )


async def _record(tx: db.Tx, **row: Any) -> None:
    finding_id = await SQL.record_finding(tx, **row)
    if finding_id:
        what = f"finding.{row['kind']}"
        await audit.record(tx, what, row["booking_id"], after="open", why=",".join(sorted(row["answered"])))
        log.error(
            "an answer of stripe differs from what was asked: the seat is held, and a person is needed",
            finding=str(finding_id),
            kind=row["kind"],
            booking=str(row["booking_id"]),
            differs=sorted(row["answered"]),
        )


async def known_again(tx: db.Tx, stripe_id: str) -> None:
    """Close the finding that Stripe does not know a checkout of ours: it answers for it again."""
    booking_id = await SQL.known_again(tx, stripe_id=stripe_id)
    if booking_id:
        await audit.record(
            tx, "finding.closed", booking_id, before="open", after="settled", why="known_again"
        )


async def open_findings(tx: db.Tx) -> list[db.Record]:
    """The findings that nobody settled, oldest first."""
    return await db.rows(SQL.open_findings(tx, most=MAX_LISTED))


async def settle(tx: db.Tx, actor_id: UUID, finding: db.Record, reason: str) -> None:
    """Note that a person has settled a locked finding. Raises Refused without a reason."""
    if not reason.strip():
        raise Refused(Reason("no_reason", "Please say in a few words how it was settled.", "reason"))
    await SQL.settle_finding(tx, id=finding["id"], actor_id=actor_id, reason=reason.strip())
    await audit.record(
        tx,
        "finding.settled",
        finding["about"],
        actor_id=actor_id,
        before="open",
        after="settled",
        why=reason.strip(),
    )


async def booking_of(tx: db.Tx, finding_id: UUID) -> UUID:
    """The booking that a finding is about. Raises NotFound."""
    return or_not_found(await SQL.booking_of_finding(tx, id=finding_id))


async def reference_of(tx: db.Tx, finding_id: UUID) -> UUID:
    """The reference of the checkout or booking that a finding is about. Raises NotFound."""
    return or_not_found(await SQL.reference_of_finding(tx, id=finding_id))


async def lock(tx: db.Tx, finding_id: UUID) -> db.Record:
    """A finding, locked, after its checkout. Raises NotFound."""
    return or_not_found(await SQL.lock_finding(tx, id=finding_id))


async def add_refund(tx: db.Tx, finding: db.Record, reason: str) -> UUID | None:
    """Add the refund of all the money of a locked finding; None when it brought none."""
    if not finding["amount"] or not finding["payment_intent"]:
        return None
    operation_id = uuid4()
    await SQL.add_finding_refund(
        tx,
        id=operation_id,
        finding_id=finding["id"],
        amount=finding["amount"],
        reason=reason,
        request=refund_parameters(
            operation_id=operation_id,
            payment_intent=finding["payment_intent"],
            amount=finding["amount"],
            currency=finding["currency"],
        ),
    )
    return operation_id
