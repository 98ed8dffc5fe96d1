"""What the community keeps of a payment, and what is due to a facilitator of it."""

from __future__ import annotations

from dataclasses import dataclass

HUNDRED_PERCENT = 100_00


@dataclass(frozen=True, slots=True)
class Terms:
    """What the community keeps of each seat. percent: in hundredths; flat and at_most: minor units."""

    percent: int
    flat: int = 0
    at_most: int | None = None

    def share_of(self, amount: int) -> int:
        """What the community keeps of an amount in minor units, rounded half up; never more than the amount."""
        share = self.flat + (amount * self.percent + HUNDRED_PERCENT // 2) // HUNDRED_PERCENT
        return min(share, amount, amount if self.at_most is None else self.at_most)

    def part_of(self, amount: int) -> int:
        """The facilitator's part of an amount. The same as the SQL function `facilitator_part`."""
        return amount - self.share_of(amount)


def part_left(part: int, amount: int, gone: int) -> int:
    """What is left of a part once `gone` of its payment of `amount` went back, all of it counted together.

    In proportion, rounded half up; nothing once everything went back. The same as the SQL function of that name.
    """
    gone = min(max(gone, 0), amount)
    return part - (2 * part * gone + amount) // (2 * amount)
