"""What a member reads of the money they get back: on its way, arrived, did not arrive, settled, disputed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from circles.base import money
from circles.base.row import Row

BANKS: Final = "Banks take 5 to 10 days to show it."

# Disputes whose money is the community's, as if there had been none.
_DISPUTE_WITHOUT_EFFECT: Final = frozenset(("", "won", "warning_closed", "prevented"))
DISPUTED: Final = (
    "The bank of your card is looking into this payment, since it was disputed there. "
    "Nothing is sent back from here while it does."
)


_STUCK: Final = "did not arrive. The organizers know of it and see to it with you."
_STUCK_AFTER_DISPUTE: Final = (
    "has not been sent back yet. Your bank has decided about the dispute, and the organizers see to it with "
    "you."
)


@dataclass(frozen=True, slots=True)
class MoneyBack:
    """A booking's payment and what of it goes back, in minor units, as the view bookings_with_money says.

    failed: did not arrive; stuck: of that, no further try follows; disputed: the state of its latest dispute; kept:
    what neither went back nor was taken by a dispute.
    """

    paid: int
    refunded: int
    done: int
    failed: int
    stuck: int
    settled: int
    disputed: str
    currency: str
    kept: int = 0

    @classmethod
    def of(cls, row: Row | Any) -> MoneyBack:
        return cls(
            row["paid"],
            row["refunded"],
            row["refund_done"],
            row["refund_failed"],
            row["refund_stuck"],
            row["refund_settled"],
            row["disputed"],
            row["currency"],
            row["kept"],
        )

    @property
    def on_its_way(self) -> int:
        return max(0, self.refunded - self.done - self.failed - self.settled)

    @property
    def taken(self) -> int:
        """What a dispute took."""
        return max(0, self.paid - self.refunded - self.kept)


def total_of(backs: Iterable[MoneyBack]) -> MoneyBack:
    """Several bookings of one person together."""
    every = list(backs)
    disputed = next((back.disputed for back in every if back.disputed not in _DISPUTE_WITHOUT_EFFECT), "")
    return MoneyBack(
        paid=sum(back.paid for back in every),
        refunded=sum(back.refunded for back in every),
        done=sum(back.done for back in every),
        failed=sum(back.failed for back in every),
        stuck=sum(back.stuck for back in every),
        settled=sum(back.settled for back in every),
        disputed=disputed,
        currency=every[0].currency,
        kept=sum(back.kept for back in every),
    )


def is_disputed(state: str) -> bool:
    """Whether a dispute keeps a payment from being refunded: one that is open or lost."""
    return state not in _DISPUTE_WITHOUT_EFFECT


def is_open(state: str) -> bool:
    """Whether a bank still decides a dispute."""
    return is_disputed(state) and state != "lost"


def refund_text(back: MoneyBack) -> str:
    """What comes back of a payment and how far that is, in one sentence or more; empty when nothing was paid."""
    if not back.paid:
        return ""
    whole = money.format_amount(back.paid, back.currency)
    if back.disputed == "lost" and back.taken:
        part = "the " if back.taken == back.paid else ""
        amount = f"{part}{money.format_amount(back.taken, back.currency)}"
        lost = f"The bank of your card has taken {amount} back for you, since the payment was disputed there."
        return " ".join((*_parts(back, f" of the {whole} you paid"), lost))
    if is_open(back.disputed):
        return DISPUTED
    if not back.refunded:
        return f"Under the terms nothing of the {whole} you paid comes back."
    return " ".join(_parts(back, f" of the {whole} you paid"))


def _parts(back: MoneyBack, of_whole: str) -> Iterator[str]:
    """A sentence for each part that has gone a different way; the first that goes to them says of what it is a part."""
    later = f" {BANKS}"
    gone = (
        (
            back.done,
            f"went back to your card and has arrived at your bank.{'' if back.on_its_way else later}",
        ),
        (back.on_its_way, f"is on its way back to your card.{later}"),
        (back.settled, "was settled with you in another way by the organizers."),
    )
    for amount, sentence in gone:
        if amount > 0:
            part = "All" if amount == back.paid else money.format_amount(amount, back.currency)
            yield f"{part}{of_whole} {sentence}"
            of_whole = ""
    not_arrived = (
        (back.failed - back.stuck, "did not arrive. It is sent again, and the organizers know of it."),
        (back.stuck, _STUCK_AFTER_DISPUTE if back.disputed else _STUCK),
    )
    for amount, sentence in not_arrived:
        if amount > 0:
            yield f"Your refund of {money.format_amount(amount, back.currency)} {sentence}"


_BY_HAND: Final = {
    "due": f"is on its way back to your card. {BANKS}",
    "sent": f"is on its way back to your card. {BANKS}",
    "done": "went back to your card and has arrived at your bank.",
    "failed": "was to go back to your card and did not arrive yet. The organizers see to it.",
}


def by_hand_texts(refunds: Iterable[Row | Any], currency: str, *, is_said: bool) -> list[tuple[str, str]]:
    """What a member reads of refunds that organizers made by hand: how far each is, and the line written to them.

    is_said: whether refund_text stands beside it, so that no amount is said twice.
    """
    if is_said:
        return [("", refund["note"]) for refund in refunds if refund["note"]]
    texts = []
    for refund in refunds:
        end = (
            "was settled with you in another way."
            if refund["settled"]
            else _BY_HAND.get(refund["state"], "goes back.")
        )
        texts.append(
            (f"{money.format_amount(refund['amount'], currency)} of what you paid {end}", refund["note"])
        )
    return texts
