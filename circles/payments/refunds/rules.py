"""Refund and dispute rules: states, what Stripe's answer changes, tries, when Stripe is asked again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from circles.payments.rules import MAX_LINES, to_stripe

# due: to be requested of Stripe. sent: Stripe has it, and it has not arrived. done: arrived.
RefundState = Literal["due", "sent", "done", "failed"]

# failed to due: tried again. done to failed: a bank sent the money back. due or failed to done: the money went back in
# another way. done to sent and to due: the version before called everything done that Stripe had accepted.
REFUND_MOVES: Final[Mapping[RefundState, frozenset[RefundState]]] = {
    "due": frozenset({"sent", "done", "failed"}),
    "sent": frozenset({"done", "failed"}),
    "failed": frozenset({"due", "sent", "done"}),
    "done": frozenset({"sent", "failed"}),
}
# A refund at Stripe takes these in one order, so an answer that is older than the last one is recognized.
_OURS: Final[Mapping[str, RefundState]] = {
    "pending": "sent",
    "requires_action": "sent",
    "succeeded": "done",
    "failed": "failed",
    "canceled": "failed",
}
_ORDER: Final = {"pending": 0, "requires_action": 0, "succeeded": 1, "failed": 2, "canceled": 2}

# How often a refund that failed is tried again; then it stays failed, and a person decides.
MAX_TRIES = 5
# How long a call waits that may have happened, or that our key had no right to.
WAIT = timedelta(minutes=3)
# A refund that is on its way for longer is listed for a person.
LONG_ON_ITS_WAY = timedelta(days=14)
# A bank may send a refund back weeks after it arrived; so long it is read again now and then.
MAY_COME_BACK = timedelta(days=45)
# A refund that somebody made at Stripe, and not by this site.
AT_STRIPE = "at_stripe"

# Disputes that are over, as Stripe says them. Others are open, such as a question of the bank ("warning_...").
DISPUTE_OVER: Final = frozenset(("won", "lost", "warning_closed", "prevented"))


@dataclass(frozen=True, slots=True)
class RefundSnapshot:
    """A refund as Stripe answers it: state in Stripe's word, amount in minor units, fault why it failed.

    operation_id, attempt: from its metadata, when this site made it.
    """

    id: str
    state: str
    fault: str = ""
    amount: int = 0
    currency: str = ""
    payment_intent: str = ""
    operation_id: UUID | None = None
    attempt: str = ""

    @property
    def is_live(self) -> bool:
        """Whether its money is back or on its way."""
        return state_of(self.state) != "failed"


@dataclass(frozen=True, slots=True)
class DisputeMove:
    """Money that a dispute took or gave back. amount: minor units, 0 when only the dispute's own is known."""

    id: str
    withdrawn: bool
    amount: int
    fee: int | None


@dataclass(frozen=True, slots=True)
class DisputeSnapshot:
    """A dispute as Stripe answers it. amount: minor units; made_at, answer_by: UTC."""

    id: str
    state: str
    reason: str
    amount: int
    currency: str
    payment_intent: str
    made_at: datetime
    answer_by: datetime | None
    moves: tuple[DisputeMove, ...] = ()

    @property
    def fee(self) -> int | None:
        """What Stripe keeps for it, None while that is unknown."""
        fees = [move.fee for move in self.moves]
        known = [fee for fee in fees if fee is not None]
        return sum(known) if known and len(known) == len(fees) else None


@dataclass(frozen=True, slots=True)
class OwnRefund:
    """What an operation knows of its refund at Stripe."""

    state: RefundState
    stripe_id: str | None
    stripe_state: str | None
    failed_ids: Collection[str] = ()

    @property
    def is_live(self) -> bool:
        """Whether a refund at Stripe belongs to it that is back or on its way."""
        return self.state in ("sent", "done") and self.stripe_id is not None


def lets_refunds_go_on(dispute: DisputeSnapshot) -> bool:
    """Whether what a dispute kept from going out is to be sent: it is over, and what a lost one took is known."""
    if dispute.state == "lost":
        return any(move.withdrawn for move in dispute.moves)
    return dispute.state in DISPUTE_OVER


def state_of(stripe_state: str) -> RefundState:
    """Our state for Stripe's. A word that Stripe may add counts as on its way, and is read again."""
    return _OURS.get(stripe_state, "sent")


def next_refund_state(ours: OwnRefund, snapshot: RefundSnapshot) -> RefundState | None:
    """The state of a refund of ours now that Stripe has answered; None: the answer changes nothing.

    Answers may come doubled and in any order. One of a try that failed is never followed by another, and one that
    is older than what is known is ignored.
    """
    if snapshot.id in ours.failed_ids:
        return None
    state = state_of(snapshot.state)
    if not ours.is_live:
        # The version before kept the id of a failed try.
        return None if snapshot.id == ours.stripe_id else state
    if snapshot.id != ours.stripe_id:
        return None
    known = _ORDER.get(ours.stripe_state, 0) if ours.stripe_state else -1
    return None if _ORDER.get(snapshot.state, 0) < known else state


def refund_fault(snapshot: RefundSnapshot) -> str:
    """Why a refund failed, in Stripe's word."""
    return snapshot.fault or snapshot.state


def this_try(refunds: Collection[RefundSnapshot], ours: OwnRefund, attempt: str) -> RefundSnapshot | None:
    """Which of an operation's refunds at Stripe the present try made: one that lives, or one that failed since."""
    unknown = [refund for refund in refunds if refund.id not in (*ours.failed_ids, ours.stripe_id)]
    live = [refund for refund in unknown if refund.is_live]
    failed = [refund for refund in unknown if refund.attempt == attempt]
    return next(iter(live or failed), None)


def left_to_refund(wanted: int, balance: int, under_way: int) -> int:
    """How much of a wanted refund is possible: never more than was paid and is not being refunded already."""
    return max(0, min(wanted, balance - under_way))


@dataclass(frozen=True, slots=True)
class PaymentPart:
    """What a payment holds of one booking, in minor units.

    owed: of the balance, what is to be refunded. disputed: what disputes took; for `split_refund`, what of that is not
    counted against a refund. is_over: whether the booking has ended.
    """

    booking_id: UUID
    balance: int
    owed: int = 0
    disputed: int = 0
    is_over: bool = False


def split_refund(wanted: int, payments: Sequence[PaymentPart]) -> list[tuple[int, int]]:
    """How much of a booking's refund each of its payments takes: (to be sent, taken by a dispute), in their order.

    The newest payment comes first, and none gives more than what is left of it. What a dispute took is counted last.
    """
    sent, left = [], wanted
    for payment in payments:
        sent.append(left_to_refund(left, payment.balance, payment.owed))
        left -= sent[-1]
    split = []
    for payment, part in zip(payments, sent, strict=True):
        disputed = max(0, min(left, payment.disputed))
        left -= disputed
        split.append((part, disputed))
    return split


def attribute(
    amount: int, parts: Sequence[PaymentPart], *, named: UUID | None = None
) -> list[tuple[UUID, int]]:
    """Of which bookings of a payment money went back that no refund of ours sent: at the dashboard, or by a dispute.

    parts: in the order of the payment's lines. First the booking that Stripe's answer names, then what is to be
    refunded already, then bookings that have ended, then the others; of several, the last first, since its evening is
    the farthest. More than is left is of the first line.
    """
    shares: dict[UUID, int] = {part.booking_id: 0 for part in parts}
    left = amount
    for room in _rooms(parts, named):
        for part in reversed(parts):
            taken = max(0, min(left, room(part) - shares[part.booking_id]))
            shares[part.booking_id] += taken
            left -= taken
    shares[named if named and named in shares else parts[0].booking_id] += left
    return [(booking_id, share) for booking_id, share in shares.items() if share]


def _rooms(parts: Sequence[PaymentPart], named: UUID | None) -> list[Callable[[PaymentPart], int]]:
    return [
        lambda part: part.balance if part.booking_id == named else 0,
        lambda part: min(part.owed, part.balance),
        lambda part: part.balance if part.is_over else 0,
        lambda part: part.balance,
    ]


def give_back(amount: int, parts: Sequence[PaymentPart]) -> list[tuple[UUID, int]]:
    """Of which bookings money is that a dispute gave back: those it was taken of, the first first."""
    shares: dict[UUID, int] = {}
    for part in parts:
        shares[part.booking_id] = max(0, min(amount, part.disputed))
        amount -= shares[part.booking_id]
    shares[parts[0].booking_id] += amount
    return [(booking_id, share) for booking_id, share in shares.items() if share]


def share_id(stripe_id: str, number: int) -> str:
    """The id of a booking's share of an object at Stripe: its own for the first, numbered for the others."""
    return stripe_id if number == 1 else f"{stripe_id}:{number}"


def share_ids(stripe_id: str) -> list[str]:
    """All ids that the shares of an object at Stripe may have."""
    return [share_id(stripe_id, number) for number in range(1, MAX_LINES + 1)]


def id_at_stripe(share: str) -> str:
    """The id that Stripe knows, of a share's."""
    return share.partition(":")[0]


def next_wait(tries: int) -> timedelta | None:
    """How long a refund waits that failed so often: 10 minutes, then twice as long each time; None: given up."""
    return timedelta(minutes=10 * 2 ** max(0, tries - 1)) if tries < MAX_TRIES else None


def next_reading(state: RefundState, age: timedelta) -> timedelta | None:
    """After how long a refund is read again that was sent so long ago; None: never again."""
    if state == "sent":
        return min(max(age / 2, timedelta(minutes=2)), timedelta(hours=6))
    if state == "done" and age < MAY_COME_BACK:
        return max(age, timedelta(days=1))
    return None


def refund_parameters(
    *,
    operation_id: UUID,
    payment_intent: str,
    amount: int,
    currency: str,
    attempt: str = "",
    reverses: bool = False,
) -> dict[str, Any]:
    """What Stripe learns of a refund. It carries our operation's id and try, by which it can be found again.

    reverses: the same share of what went to a connected account comes back with it. A second try leaves that to
    connect/transfers.py: the first may have done it, or been refused for it, and nobody waits for another's account.
    """
    marks = {"operation": str(operation_id)} | ({"attempt": attempt} if attempt else {})
    return {
        "payment_intent": payment_intent,
        "amount": to_stripe(amount, currency),
        "metadata": marks,
    } | ({"reverse_transfer": True} if reverses else {})


def idempotency_key(operation_id: UUID, attempt: str) -> str:
    """The key that all calls of one try share. The first is that of the version before."""
    return f"circles-refund-{operation_id}" + (f"-{attempt}" if attempt else "")
