"""Rules of Stripe Connect: what an account may do, what Stripe still asks for, and what goes back of a part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from circles.base.errors import Reason
from circles.base.row import Row
from circles.payments.rules import to_stripe

# asked: it is being made. incomplete: Stripe's questions are not answered. checking: they are, and Stripe looks at
# them.
AccountState = Literal[
    "none", "asked", "incomplete", "checking", "active", "restricted", "rejected", "other_country", "ended"
]

# How long Stripe keeps an idempotency key, with an hour left for clocks that differ.
KEY_LIFE = timedelta(hours=23)
# How often a call that Stripe refuses is tried; then a person decides.
MAX_TRIES: Final = 5
MAX_REASON: Final = 500
# The day of the month on which Stripe pays out what accounts have: after the statements of the month before are made.
PAYOUT_DAY: Final = 5
# What Stripe answers when nothing is left of a transfer.
NOTHING_LEFT: Final = frozenset(("transfer_already_reversed", "transfer_reversed"))


@dataclass(frozen=True, slots=True)
class AccountSnapshot:
    """A connected account as Stripe answers it. currency: in upper case; due: names of what Stripe still asks for."""

    id: str
    country: str
    currency: str
    charges: bool
    payouts: bool
    details: bool
    transfers: str
    due: tuple[str, ...] = ()
    disabled_reason: str = ""
    operation_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class PaymentSnapshot:
    """What Stripe says of the part of a payment: its account, its amount as Stripe counts, where its transfers are."""

    destination: str
    amount: int | None
    transfer: str
    group: str


@dataclass(frozen=True, slots=True)
class ReversalSnapshot:
    """A reversal of a transfer. amount: minor units."""

    id: str
    amount: int
    made_at: datetime
    operation_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class TransferSnapshot:
    """A transfer to a connected account. amount: minor units."""

    id: str
    destination: str
    amount: int
    currency: str
    made_at: datetime
    reversals: tuple[ReversalSnapshot, ...] = ()
    operation_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a checkout that goes to a connected account. amount: minor units."""

    destination: str
    amount: int


def account_state(row: Row | None, country: str) -> AccountState:
    """What an account may do. country: that of the community's own account, whose accounts alone get payments."""
    if row is None:
        return "none"
    if row["ended_at"]:
        return "ended"
    if row["stripe_id"] is None:
        return "asked"
    if row["country"] and row["country"] != country:
        return "other_country"
    if row["disabled_reason"].startswith("rejected"):
        return "rejected"
    if row["is_active"]:
        return "active"
    if not row["details_submitted"]:
        return "incomplete"
    if row["due"] or row["active_at"]:
        return "restricted"
    return "checking"


STATE_WORDS: Final[Mapping[AccountState, str]] = {
    "none": "Not connected",
    "asked": "Being opened",
    "incomplete": "Not finished",
    "checking": "Being checked",
    "active": "Connected",
    "restricted": "Restricted",
    "rejected": "Closed by Stripe",
    "other_country": "Another country",
    "ended": "Disconnected",
}

# What Stripe asks for, by the beginning of its name for it; the first that fits.
_DUE_WORDS: Final = (
    ("external_account", "a bank account"),
    ("tos_acceptance", "{their} agreement to Stripe’s terms"),
    ("individual.verification", "a document that shows who {they} are"),
    ("individual", "details about {them}"),
    ("person_", "details about a person of {their} business"),
    ("company", "details about {their} business"),
    ("business", "what {they} offer"),
)


_TO_OTHERS: Final = {"their": "their", "they": "they", "them": "them"}
_TO_THEM: Final = {"their": "your", "they": "you", "them": "you"}


def due_words(due: Iterable[str], *, to_others: bool = False) -> list[str]:
    """What Stripe still asks for, in words, each once: as its person reads it, or as organizers do."""
    words = [
        next((text for start, text in _DUE_WORDS if name.startswith(start)), "something more")
        for name in sorted(due)
    ]
    names = _TO_OTHERS if to_others else _TO_THEM
    return [text.format(**names) for text in dict.fromkeys(words)]


def connect_refusals(country: str, state: AccountState) -> list[Reason]:
    """Why somebody cannot go on at Stripe."""
    if not country:
        return [Reason("off", "The community does not pay out by Stripe. Ask an organizer.")]
    if state == "rejected":
        text = "Stripe closed this account, so it cannot get payments. Disconnect it, and ask Stripe why."
        return [Reason("rejected", text)]
    if state == "other_country":
        text = (
            "This account belongs to another country. Disconnect it first, then connect one of this country."
        )
        return [Reason("other_country", text)]
    return []


def reason_refusals(reason: str) -> list[Reason]:
    """What is wrong with the reason that a person gives."""
    if not reason:
        return [Reason("reason_missing", "Please say what was done, so that it can be read later.", "reason")]
    if len(reason) > MAX_REASON:
        return [
            Reason(
                "reason_long",
                f"Please keep the reason under {MAX_REASON} letters; it has {len(reason)}.",
                "reason",
            )
        ]
    return []


def account_parameters(operation_id: UUID, country: str) -> dict[str, Any]:
    """What Stripe learns when an account is opened: nothing of the person, whom it asks itself.

    The community pays Stripe's fees and answers for what an account owes. There is no dashboard, since it would list
    the payments one by one, and a bank account gets one sum a month. So the community has to collect what the law asks
    for; it does so by Stripe's own pages (`create_account_link`), and reads no answer.
    """
    return {
        "country": country,
        "capabilities": {"transfers": {"requested": True}},
        "controller": {
            "fees": {"payer": "application"},
            "losses": {"payments": "application"},
            "requirement_collection": "application",
            "stripe_dashboard": {"type": "none"},
        },
        "settings": {"payouts": {"schedule": {"interval": "monthly", "monthly_anchor": PAYOUT_DAY}}},
        "metadata": {"operation": str(operation_id)},
    }


def part_parameters(part: Part, currency: str) -> dict[str, Any]:
    """What `payment_intent_data` says of a part."""
    return {"destination": part.destination, "amount": to_stripe(part.amount, currency)}


def payment_differences(
    *, destination: str, amount: int, currency: str, snapshot: PaymentSnapshot
) -> dict[str, tuple[Any, Any]]:
    """Where Stripe's part of a payment is another than was asked: (expected, answered) by name."""
    pairs: dict[str, tuple[Any, Any]] = {
        "account": (destination, snapshot.destination),
        "part": (to_stripe(amount, currency), snapshot.amount),
    }
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


@dataclass(frozen=True, slots=True)
class Call:
    """A call that brings an account to what it should have. kind: reverse or transfer; amount: minor units."""

    kind: Literal["reverse", "transfer"]
    amount: int
    transfer_id: str = ""


def next_call(row: Row, left: Sequence[tuple[str, int]]) -> Call | None:
    """What is to be called so that an account has of a payment what it should; None: nothing.

    row: of `lock_connected`. left: the transfers of the payment with what each left at the account, the newest first.
    What is missing is sent once more only where a dispute or a bank gave money back, and nothing is open: by Stripe's
    rounding a cent per line may be missing, and who takes a part back at Stripe means it. It stays owed, on the
    payout sheet.
    """
    surplus = row["has"] - row["settled"] - row["should_have"]
    if surplus > 0 and left:
        transfer_id, most = left[0]
        return Call("reverse", min(surplus, most), transfer_id)
    may_send = row["has_returned"] and row["is_active"] and not row["is_undecided"]
    if -surplus > row["lines"] and may_send:
        return Call("transfer", -surplus)
    return None


def call_parameters(
    call: Call, operation_id: UUID, currency: str, destination: str, group: str
) -> dict[str, Any]:
    """What Stripe learns of it. It carries our operation's id, by which it can be found again."""
    amount, marks = to_stripe(call.amount, currency), {"operation": str(operation_id)}
    if call.kind == "reverse":
        return {"amount": amount, "metadata": marks}
    return {
        "amount": amount,
        "currency": currency.lower(),
        "destination": destination,
        "transfer_group": group,
        "metadata": marks,
    }


def next_wait(tries: int) -> timedelta | None:
    """How long a refused call waits that was tried so often: 10 minutes, then twice as long; None: given up."""
    return timedelta(minutes=10 * 2 ** max(0, tries - 1)) if tries < MAX_TRIES else None


def idempotency_key(operation_id: UUID, tries: int) -> str:
    """The key that all calls of one try share."""
    return f"circles-part-{operation_id}" + (f"-{tries}" if tries else "")


_REFUSALS: Final = {
    "balance_insufficient": "The account has too little for it.",
    "insufficient_funds": "There is too little for it.",
    "account_invalid": "The account is not connected any more.",
    "insufficient_capabilities_for_transfer": "The account is restricted.",
}


def why_refused(code: str) -> str:
    """Why Stripe would not move a part, in words."""
    return _REFUSALS.get(code, f"Stripe refused it ({code}).")


_DIFFERENCES: Final = {
    "account": "It went to another account.",
    "part": "Another part was sent.",
    "transfer": "Nothing was sent.",
    "currency": "It was sent in another currency.",
}


def difference_words(names: Iterable[str]) -> list[str]:
    """Where Stripe's part of a payment differs, in words."""
    return [_DIFFERENCES.get(name, f"It differs ({name}).") for name in sorted(names)]
