"""Payment rules: the states of checkouts and refunds, amounts and parameters as Stripe takes them, retries."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from circles.base.money import minor_per_unit
from circles.base.text import normalized

CheckoutState = Literal["asked", "open", "paid", "expired", "failed"]
Outcome = Literal["paid", "expired", "failed", "differs", "debit_failed", "accepted"]
# What a checkout pays: one seat, several held seats, more for a confirmed booking, or a pass.
Covers = Literal["booking", "bookings", "addition", "pass"]
# Bookings that one checkout pays at most: half a year of weekly evenings.
MAX_LINES = 26
StripeStatus = Literal["open", "complete", "expired"]

# asked: requested of Stripe, not yet confirmed. Paid is reached from everywhere: money that came late is still money.
CHECKOUT_MOVES: Final[Mapping[CheckoutState, frozenset[CheckoutState]]] = {
    "asked": frozenset({"open", "paid", "failed"}),
    "open": frozenset({"paid", "expired"}),
    "expired": frozenset({"paid"}),
    "failed": frozenset({"paid"}),
    "paid": frozenset(),
}

# Stripe takes checkouts that end 30 minutes to 24 hours from its own now. Its clock and ours may differ by five
# minutes, and a minute is left for the call itself.
CLOCK_MARGIN = timedelta(minutes=5)
MIN_CHECKOUT = timedelta(minutes=31) + CLOCK_MARGIN
MAX_CHECKOUT = timedelta(hours=23, minutes=59) - CLOCK_MARGIN
# A seat is held as long as its checkout can be paid.
HOLD_MINUTES = MIN_CHECKOUT // timedelta(minutes=1)

# How Stripe counts (docs.stripe.com/currencies): no decimals here, three there, else two.
_NO_DECIMALS = frozenset(
    ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF")
)
_THREE_DECIMALS = frozenset(("BHD", "JOD", "KWD", "OMR", "TND"))


@dataclass(frozen=True, slots=True)
class CheckoutSnapshot:
    """A checkout as Stripe answers it.

    amount: as Stripe counts, see from_stripe. currency: in upper case. expires_at: UTC. reference: of our checkout or
    booking that it names, which proves nothing: a payment link takes it from its address. mode, livemode: None where
    the answer lacks them. intent_status: of its payment, read where the checkout is complete and not paid.
    """

    id: str
    status: StripeStatus
    paid: bool
    payment_intent: str
    amount: int
    currency: str
    url: str
    expires_at: datetime
    reference: UUID | None
    mode: str | None = None
    livemode: bool | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    intent_status: str = ""

    @property
    def payment_failed(self) -> bool:
        """Whether a payment that was under way (a bank's debit) has failed."""
        return self.status == "complete" and not self.paid and self.intent_status in _FAILED_INTENTS

    @property
    def payment_pending(self) -> bool:
        """Whether the money is under way and a bank still decides."""
        return self.status == "complete" and not self.paid and not self.payment_failed


_FAILED_INTENTS = frozenset({"requires_payment_method", "canceled"})


@dataclass(frozen=True, slots=True)
class Line:
    """A booking that a checkout pays, and how much for it, in minor units."""

    booking_id: UUID
    amount: int


@dataclass(frozen=True, slots=True)
class Settled:
    """A checkout that was settled, as bookings learn of it.

    reference: the id of the booking or additional payment that it is known by. lines: what it pays, in their order.
    """

    reference: UUID
    covers: Covers
    lines: tuple[Line, ...]
    outcome: Outcome

    @property
    def booking_ids(self) -> tuple[UUID, ...]:
        return tuple(line.booking_id for line in self.lines)


@dataclass(frozen=True, slots=True)
class AskedCheckout:
    """What a checkout was asked for. amount: minor units; livemode: whether our key moves real money."""

    reference: UUID
    amount: int
    currency: str
    livemode: bool


def differences(asked: AskedCheckout, snapshot: CheckoutSnapshot) -> dict[str, tuple[Any, Any]]:
    """Where Stripe's answer differs from what was asked: (expected, answered) by name. Empty where it is equal."""
    pairs = {
        "amount": (to_stripe(asked.amount, asked.currency), snapshot.amount),
        "currency": (asked.currency.upper(), snapshot.currency),
        "mode": ("payment", snapshot.mode or "payment"),
        "livemode": (asked.livemode, asked.livemode if snapshot.livemode is None else snapshot.livemode),
        "booking": (str(asked.reference), str(snapshot.reference or asked.reference)),
    }
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def next_state(ours: CheckoutState, snapshot: CheckoutSnapshot) -> CheckoutState:
    """The state of a checkout of ours, now that Stripe has answered its own.

    A move that CHECKOUT_MOVES lacks changes nothing, so answers that arrive in the wrong order do no harm. A
    checkout that expired before anybody was given its address has failed. The caller has compared it: see differences.
    """
    if snapshot.status == "complete" and snapshot.paid:
        wanted: CheckoutState = "paid"
    elif snapshot.status == "expired" or snapshot.payment_failed:
        wanted = "failed" if ours == "asked" else "expired"
    else:
        return ours
    return wanted if wanted in CHECKOUT_MOVES.get(ours, ()) else ours


def checkout_end(wanted: datetime, now: datetime) -> datetime:
    """When the checkout shall end at Stripe: as wanted, within what Stripe takes. Whole seconds."""
    end = min(max(wanted, now + MIN_CHECKOUT), now + MAX_CHECKOUT)
    return end.replace(microsecond=0)


# Parameters of calls


def checkout_parameters(
    *,
    reference: UUID,
    lines: Sequence[Line],
    currency: str,
    name: str,
    statement: str,
    success_url: str,
    cancel_url: str,
    expires_at: datetime,
    transfer: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """What Stripe learns of a checkout: amounts, a discreet name and our bookings' ids.

    Neither the person's name nor their address: Stripe asks the payer for what it needs. Cards only, since a
    slow payment method would hold a seat for days; and no conversion, so that the amount is the one they chose. The
    ids are in the metadata of the checkout and of its payment, which is found by them at Stripe. Bookings that cost
    the same are one line with their number: no dates of somebody's evenings. transfer: the part of a facilitator.
    """
    suffix = statement_suffix(statement)
    metadata = checkout_metadata(reference, lines)
    amounts = Counter(line.amount for line in lines)
    payment: dict[str, Any] = {"description": name, "metadata": metadata}
    payment |= {"statement_descriptor_suffix": suffix} if suffix else {}
    payment |= {"transfer_data": transfer} if transfer else {}
    return {
        "mode": "payment",
        "submit_type": "book",
        "allowed_payment_method_types": ["card"],
        "adaptive_pricing": {"enabled": False},
        "client_reference_id": str(reference),
        "metadata": metadata,
        "line_items": [_line_item(name, amount, currency, number) for amount, number in amounts.items()],
        "payment_intent_data": payment,
        "success_url": success_url,
        "cancel_url": cancel_url,
        "expires_at": int(expires_at.timestamp()),
    }


def checkout_metadata(reference: UUID, lines: Sequence[Line]) -> dict[str, str]:
    """The ids of a checkout's bookings, one a key since Stripe takes 500 letters of each, and of what is added."""
    ids = {
        f"booking_{number}" if number > 1 else "booking": str(line.booking_id)
        for number, line in enumerate(lines, 1)
    }
    is_booking = reference == lines[0].booking_id
    return ids if is_booking else ids | {"additional_payment": str(reference)}


def _line_item(name: str, amount: int, currency: str, number: int) -> dict[str, Any]:
    price = {
        "currency": currency.lower(),
        "unit_amount": to_stripe(amount, currency),
        "product_data": {"name": name},
    }
    return {"quantity": number, "price_data": price}


def statement_suffix(text: str) -> str:
    """A name as it may appear on a card statement after the account's own, or nothing.

    Stripe joins prefix, "* " and suffix to at most 22 letters, and a prefix has up to 10; it forbids < > \\
    ' " * and wants a letter in it.
    """
    plain = normalized("NFKD", text).encode("ascii", "ignore").decode().upper()
    kept = re.sub(r"[^A-Z0-9 .\-]+", " ", plain)
    short = " ".join(kept.split())[:10].strip()
    return short if re.search(r"[A-Z]", short) else ""


def to_stripe(minor: int, currency: str) -> int:
    """Our minor units as Stripe counts them. They differ for a few currencies, such as ISK."""
    return minor * _stripe_per_unit(currency) // minor_per_unit(currency)


def from_stripe(amount: int, currency: str) -> int:
    """Stripe's amount in our minor units."""
    return amount * minor_per_unit(currency) // _stripe_per_unit(currency)


def _stripe_per_unit(currency: str) -> int:
    if currency in _NO_DECIMALS:
        return 1
    return 1000 if currency in _THREE_DECIMALS else 100


def local_path(url: str, address: str) -> str:
    """The path of an address of this site, so that a browser which uses another name of the host stays there."""
    return url[len(address) :] if url.startswith(f"{address}/") else url
