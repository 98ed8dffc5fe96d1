"""What was paid to a facilitator by hand: noted by an organizer, corrected by another row, told to the facilitator."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from circles.base import clock, money
from circles.base.errors import Reason, Refused, or_not_found, refuse_if
from circles.payments.shares import rules
from circles.payments.shares.actions import community_today
from circles.payments.shares.rules import Owed
from circles.people import Person
from circles.store import audit, db, mail
from circles.store.context import Context

SQL = db.queries("payments/statements")

_OWN = Reason("payout_own", "This is paid to yourself. Please ask another organizer to note it.")
_CORRECTED = Reason("payout_corrected", "This payout was taken back already.")
_NO_REASON = Reason("no_reason", "Please say why it is taken back.", "reason")


@dataclass(frozen=True, slots=True)
class Payout:
    """What is to be noted. id: of the form, so that one sent twice is one. amount: minor units."""

    id: UUID
    person_id: UUID
    currency: str
    amount: int
    paid_on: date
    way: str
    reference: str
    reason: str


async def owed(tx: db.Tx, person_id: UUID, currency: str) -> Owed:
    """What is owed to somebody in a currency now."""
    row = await SQL.owed(tx, person=person_id, currency=currency)
    return Owed(row["due"], row["held_back"])


async def note_payout(context: Context, actor: Person, payout: Payout) -> bool:
    """Note what was paid out, and tell the facilitator. False where this form noted it before.

    Raises Refused; NotFound for somebody to whom nothing was ever owed.
    """
    async with context.db.transaction() as tx:
        person = or_not_found(await SQL.payee(tx, id=payout.person_id))
        await SQL.lock_payee(tx, person=payout.person_id)
        if await SQL.is_noted(tx, id=payout.id):
            return False
        refuse_if(await own_payout_refusals(tx, actor, payout.person_id))
        now = await owed(tx, payout.person_id, payout.currency)
        today = community_today(context)
        refuse_if(
            rules.payout_refusals(payout.amount, now, payout.currency, payout.paid_on, today, payout.reason)
        )
        await _add(tx, actor, payout, payout.amount, None)
        lines = [
            f"{money.format_amount(payout.amount, payout.currency)} was paid to you on "
            f"{clock.format_date(payout.paid_on, today)}.",
        ]
        if payout.way or payout.reference:
            lines.append(" · ".join(part for part in (payout.way, payout.reference) if part))
        await _tell(tx, context, person["id"], person, "A payout to you was noted", lines)
    return True


async def own_payout_refusals(tx: db.Tx, actor: Person, person_id: UUID) -> list[Reason]:
    """Nobody notes a payout to themselves where another organizer can; who is alone can, and the event says so."""
    return [_OWN] if actor.id == person_id and await SQL.other_organizers(tx, person=actor.id) else []


async def _add(tx: db.Tx, actor: Person, payout: Payout, amount: int, corrects: UUID | None) -> None:
    await SQL.add_payout(
        tx,
        id=payout.id,
        person=payout.person_id,
        currency=payout.currency,
        amount=amount,
        paid_on=payout.paid_on,
        way=payout.way,
        reference=payout.reference,
        reason=payout.reason,
        corrects=corrects,
        actor_id=actor.id,
    )
    await audit.record(
        tx,
        "payout.corrected" if corrects else "payout.noted",
        payout.person_id,
        actor_id=actor.id,
        after="to_oneself" if actor.id == payout.person_id else "",
        why=payout.reason,
        details={"payout": str(payout.id)},
    )


async def take_payout_back(
    context: Context, actor: Person, correction_id: UUID, payout_id: UUID, reason: str
) -> UUID:
    """Take back a payout that was noted wrongly, whole, by another row. Returns whose it was.

    Raises Refused without a reason, and for one that was taken back; NotFound.
    """
    if not reason:
        raise Refused(_NO_REASON)
    async with context.db.transaction() as tx:
        row = or_not_found(await SQL.payout(tx, id=payout_id))
        if row["amount"] < 0:
            raise Refused(_CORRECTED)
        await SQL.lock_payee(tx, person=row["facilitator_id"])
        row = or_not_found(await SQL.payout(tx, id=payout_id))
        if row["is_corrected"]:
            raise Refused(_CORRECTED)
        refuse_if(await own_payout_refusals(tx, actor, row["facilitator_id"]))
        correction = Payout(
            correction_id, row["facilitator_id"], row["currency"], row["amount"], row["paid_on"], row["way"],
            row["reference"], reason,
        )  # fmt: skip
        await _add(tx, actor, correction, -row["amount"], payout_id)
        amount = money.format_amount(row["amount"], row["currency"])
        day = clock.format_date(row["paid_on"], community_today(context))
        lines = [
            f"{amount} of {day} was noted as paid to you. That note was taken back.",
            f"The reason: {reason}",
        ]
        await _tell(tx, context, row["facilitator_id"], row, "A payout to you was corrected", lines)
    return row["facilitator_id"]


async def _tell(
    tx: db.Tx, context: Context, person_id: UUID, to: db.Record, title: str, lines: list[str]
) -> None:
    if to["email"].endswith("@gone.invalid"):  # an erased account, to which something may still be owed
        return
    await mail.send(
        tx,
        context.settings,
        "payout_news",
        to=to["email"],
        to_name=to["name"],
        person_id=person_id,
        subject=title,
        title=title,
        lines=lines,
        link=f"{context.settings.base_url}/host/statements",
    )
