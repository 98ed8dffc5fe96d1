"""What money may do: how a checkout moves, how amounts are told to Stripe, what may still go back."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from circles.base.money import minor_per_unit

State = Literal["asked", "open", "paid", "expired", "failed"]
Outcome = Literal["paid", "expired", "failed"]
Status = Literal["open", "complete", "expired"]

# Stripe takes checkouts that end 30 minutes to 24 hours from its own now; a minute is left for the way there.
SHORTEST_CHECKOUT = timedelta(minutes=31)
LONGEST_CHECKOUT = timedelta(hours=23, minutes=55)
# How often a refund that Stripe refused outright is tried again by itself, before only an organizer can help.
MAX_TRIES = 5

# How Stripe counts (docs.stripe.com/currencies): no decimals here, three there, else two.
_NO_DECIMALS = frozenset(
    ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF")
)
_THREE_DECIMALS = frozenset(("BHD", "JOD", "KWD", "OMR", "TND"))


@dataclass(frozen=True, slots=True)
class Seen:
    """A checkout as Stripe tells it. amount: minor units of the currency; expires_at: UTC."""

    id: str
    status: Status
    paid: bool
    payment_intent: str
    amount: int
    currency: str
    url: str
    expires_at: datetime
    booking_id: UUID | None


@dataclass(frozen=True, slots=True)
class Returned:
    """A refund as Stripe tells it. moved: the money is back or on its way; else Stripe or a bank said no."""

    id: str
    moved: bool
    fault: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """A call that Stripe refused, for an organizer to look into. amount: minor units, 0 for a checkout."""

    operation_id: UUID
    kind: str
    booking_id: UUID
    amount: int
    currency: str
    fault: str
    since: datetime
    tries_again: bool


def next_state(ours: State, seen: Seen) -> State:
    """Where a checkout of ours goes, now that Stripe has told its state.

    Paid is paid, whatever we thought before: money that came late is still money. The other ends are final,
    and news that comes in the wrong order changes nothing. A checkout whose address nobody was given has
    failed.
    """
    if ours == "paid" or (seen.status == "complete" and seen.paid):
        return "paid"
    if seen.status == "expired" and ours in ("asked", "open"):
        return "expired" if ours == "open" else "failed"
    return ours


def checkout_end(wanted: datetime, now: datetime) -> datetime:
    """When the checkout shall end at Stripe: as wanted, within what Stripe takes. Whole seconds."""
    end = min(max(wanted, now + SHORTEST_CHECKOUT), now + LONGEST_CHECKOUT)
    return end.replace(microsecond=0)


def left_to_refund(wanted: int, balance: int, under_way: int) -> int:
    """How much of a wanted refund can go back: never more than what came and is not yet on its way back."""
    return max(0, min(wanted, balance - under_way))


def wait_after(tries: int) -> timedelta:
    """How long a refused refund rests before its next try: 10 minutes, then twice as long each time."""
    return timedelta(minutes=10 * 2 ** max(0, tries - 1))


def _stripe_per_unit(currency: str) -> int:
    if currency in _NO_DECIMALS:
        return 1
    return 1000 if currency in _THREE_DECIMALS else 100


def to_stripe(minor: int, currency: str) -> int:
    """Our minor units as Stripe counts them. They differ for a few currencies, such as ISK."""
    return minor * _stripe_per_unit(currency) // minor_per_unit(currency)


def from_stripe(amount: int, currency: str) -> int:
    """Stripe's amount in our minor units."""
    return amount * minor_per_unit(currency) // _stripe_per_unit(currency)


def statement_suffix(text: str) -> str:
    """A name as it may stand on a card statement after the account's own, or nothing.

    Stripe joins prefix, "* " and suffix to at most 22 letters, and a prefix has up to 10; it forbids < > \\
    ' " * and wants a letter in it.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().upper()
    kept = re.sub(r"[^A-Z0-9 .\-]+", " ", plain)
    short = " ".join(kept.split())[:10].strip()
    return short if re.search(r"[A-Z]", short) else ""


def on_this_site(url: str, address: str) -> str:
    """The path of one of our own addresses, so that whoever came by another name of this host stays there."""
    return url[len(address) :] if url.startswith(f"{address}/") else url
