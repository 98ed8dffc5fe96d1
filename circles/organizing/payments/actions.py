"""The verbs of an organizer for a payment: send money back by hand, agree to that of another organizer, write a note.

Seats that are freed are locked first, then the payment, then what was asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from circles import bookings, hosting, payments
from circles.base import money
from circles.base.errors import Refused, or_not_found, refuse_if
from circles.organizing.payments import rules
from circles.organizing.payments.rules import HandRefund, Part
from circles.people import Person
from circles.store import audit, db, jobs, mail
from circles.store.context import Context

SQL = db.queries("organizing/payments")

REASON = "by_organizer"
# What hosts read of a seat that ended with a refund: what was paid is not theirs to know.
_TOLD_HOSTS = "The organizers settled something with them."
_FOLDED_AT_ONCE = 5_000


async def refund(context: Context, actor: Person, payment_id: UUID, wish: HandRefund) -> str:
    """Send a payment back, all of it or a part. Returns "done", or "asked" where a second organizer has to agree.

    Idempotent by its key. Raises NotFound, and Refused with every reason.
    """
    async with context.db.transaction() as tx:
        seats = await _lock_seats(tx, payment_id, wish.part) if wish.frees_seat else []
        payment = or_not_found(await SQL.lock_payment(tx, id=payment_id))
        before = await SQL.by_hand(tx, id=wish.key)
        if before:  # pressed twice
            return before["state"]
        parts = await _parts(tx, payment_id)
        is_asked = await SQL.is_asked(tx, id=payment_id)
        disputed = payment["is_disputed"]
        refuse_if(
            rules.refund_refusals(wish, parts, payment["currency"], is_disputed=disputed, is_asked=is_asked)
        )
        others = await db.rows(SQL.other_organizers(tx, actor_id=actor.id))
        is_asked = rules.needs_second(parts, actor.id, others=len(others))
        row = await _add(tx, actor, payment, parts, wish, is_asked=is_asked)
        if is_asked:
            await _ask(tx, context, actor, row, others)
            return "asked"
        await _carry_out(tx, context, actor, row, parts, seats)
    return "done"


async def _lock_seats(tx: db.Tx, payment_id: UUID, part: UUID | None) -> list[db.Record]:
    ids = [row["booking_id"] for row in await db.rows(SQL.booking_ids(tx, id=payment_id))]
    return await bookings.given_seats.lock_seats(tx, [id for id in ids if part in (None, id)])


async def _parts(tx: db.Tx, payment_id: UUID) -> list[Part]:
    return [Part.of(row) for row in await db.rows(SQL.lines(tx, id=payment_id))]


async def _add(
    tx: db.Tx, actor: Person, payment: db.Record, parts: Sequence[Part], wish: HandRefund, *, is_asked: bool
) -> db.Record:
    await SQL.add_by_hand(
        tx,
        id=wish.key,
        checkout=payment["id"],
        booking=wish.part,
        amount=rules.left_of(parts, wish.part) if wish.amount is None else wish.amount,
        currency=payment["currency"],
        reason=wish.reason,
        note=wish.note,
        frees_seat=wish.frees_seat,
        actor_id=actor.id,
        is_asked=is_asked,
    )
    return or_not_found(await SQL.by_hand(tx, id=wish.key))


async def _ask(
    tx: db.Tx, context: Context, actor: Person, row: db.Record, others: Sequence[db.Record]
) -> None:
    """Ask the other organizers to agree. The mail names nobody and no amount."""
    await _record(tx, actor, row, "refund.by_hand_asked", after="asked", why=row["reason"])
    for other in others:
        await mail.send(
            tx,
            context.settings,
            "organizers_todo",
            to=other["email"],
            to_name=other["name"],
            person_id=other["id"],
            subject="Something waits for the organizers",
            text="An organizer asks for a refund of their own payment. One more organizer has to agree.",
            link=f"{context.settings.base_url}/organize/payments/{row['checkout_id']}",
        )


async def _carry_out(
    tx: db.Tx,
    context: Context,
    actor: Person,
    row: db.Record,
    parts: Sequence[Part],
    seats: Sequence[db.Record],
) -> None:
    """Send a refund by hand whose payment is locked: its operations, its seats, the member's mail."""
    for seat in seats:
        if seat["state"] == "confirmed" and seat["starts_at"] > seat["now"]:
            await _free(tx, context, actor, seat)
    for part, amount in rules.shares_of(parts, row["booking_id"], row["amount"]):
        await payments.refund_part(tx, row["checkout_id"], part, amount, REASON, by_hand=row["id"])
        details = {"amount": amount, "by_hand": str(row["id"])}
        await audit.record(
            tx, "refund.by_hand", part, actor_id=actor.id, after="done", why=row["reason"], details=details
        )
    await _tell(tx, context, row, parts)


async def _free(tx: db.Tx, context: Context, actor: Person, seat: db.Record) -> None:
    how = bookings.TakenOff(seat["id"], "none", "")
    known = await bookings.given_seats.seat(tx, actor, seat["id"])
    await hosting.told_of_seat(context, actor, known, _TOLD_HOSTS, "took somebody off")(tx)
    await bookings.given_seats.take_off_locked(tx, actor.id, seat, how)


async def _tell(tx: db.Tx, context: Context, row: db.Record, parts: Sequence[Part]) -> None:
    """Mail the member what goes back, and what the organizer writes to them."""
    about = row["booking_id"] or parts[0].id
    whose = await SQL.told_of_refund(tx, item=about)
    if whose is None:
        return
    path = "passes" if whose["is_pass"] else "bookings"
    await mail.send(
        tx,
        context.settings,
        "refund_by_hand",
        to=whose["email"],
        to_name=whose["name"],
        subject=f"{whose['discreet_name']}: a refund is on its way",
        person_id=whose["person_id"],
        about=about,
        row=whose,
        amount=money.format_amount(row["amount"], row["currency"]),
        note=row["note"],
        link=f"{context.settings.base_url}/{path}/{about}",
    )


async def agree(context: Context, actor: Person, by_hand_id: UUID) -> UUID:
    """Agree, as a second organizer, to a refund that another one asked for, which is sent at once.

    Returns the payment's id. Idempotent for the one who agreed. Raises NotFound, and Refused with every reason.
    """
    async with context.db.transaction() as tx:
        asked = await SQL.look_by_hand(tx, id=by_hand_id)
        payment_id = or_not_found(asked)["checkout_id"]
        seats = await _lock_seats(tx, payment_id, asked["booking_id"]) if asked["frees_seat"] else []
        payment, row, parts = await _lock_asked(tx, by_hand_id)
        if row["state"] == "done" and row["decided_by"] == actor.id:
            return payment_id
        refuse_if(rules.agree_refusals(row, actor.id, parts, is_disputed=payment["is_disputed"]))
        await SQL.decide_by_hand(tx, id=by_hand_id, state="done", actor_id=actor.id)
        await _carry_out(tx, context, actor, row, parts, seats)
    return payment_id


async def decline(context: Context, actor: Person, by_hand_id: UUID) -> UUID:
    """Decline a refund that another organizer asked for, or withdraw one's own. Returns the payment's id.

    Raises NotFound, and Refused where it was decided already.
    """
    async with context.db.transaction() as tx:
        _, row, _ = await _lock_asked(tx, by_hand_id)
        state = "withdrawn" if row["asked_by"] == actor.id else "declined"
        if row["state"] == state and row["decided_by"] == actor.id:
            return row["checkout_id"]
        if row["state"] != "asked":
            raise Refused(rules.OVER)
        await SQL.decide_by_hand(tx, id=by_hand_id, state=state, actor_id=actor.id)
        await _record(tx, actor, row, f"refund.by_hand_{state}", before="asked", after=state)
    return row["checkout_id"]


async def _lock_asked(tx: db.Tx, by_hand_id: UUID) -> tuple[db.Record, db.Record, list[Part]]:
    payment_id = or_not_found(await SQL.payment_of_by_hand(tx, id=by_hand_id))
    payment = or_not_found(await SQL.lock_payment(tx, id=payment_id))
    row = or_not_found(await SQL.by_hand(tx, id=by_hand_id))
    return payment, row, await _parts(tx, payment_id)


async def _record(
    tx: db.Tx, actor: Person, row: db.Record, what: str, *, before: str = "", after: str, why: str = ""
) -> None:
    part = row["booking_id"] or (await _parts(tx, row["checkout_id"]))[0].id
    details = {"amount": row["amount"], "by_hand": str(row["id"])}
    await audit.record(
        tx, what, part, actor_id=actor.id, before=before, after=after, why=why, details=details
    )


async def write_note(context: Context, actor: Person, payment_id: UUID, key: UUID, body: str) -> None:
    """Write a note beside a payment. Idempotent by its key. Raises NotFound."""
    async with context.db.transaction() as tx:
        parts = await _parts(tx, payment_id)
        if not parts:
            or_not_found(None)
        if await SQL.add_note(tx, id=key, checkout=payment_id, actor_id=actor.id, body=body):
            await audit.record(
                tx, "payment.noted", parts[0].id, actor_id=actor.id, after="noted", details={"note": str(key)}
            )


@jobs.every("organizing.fold_payment_sums", "38 * * * *")
async def fold_sums(context: Context) -> None:
    """Make one row of the sums of payments with the same day, circle, state and currency."""
    async with context.db.transaction() as tx:
        await SQL.fold_sums(tx, most=_FOLDED_AT_ONCE)
