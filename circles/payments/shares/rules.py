"""What the community keeps of a payment, what is due to a facilitator of it, and when that is stated and paid out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from circles.base import clock, money, text
from circles.base.errors import Reason, Refused

HUNDRED_PERCENT: Final = 100_00
# How far ahead terms can be set.
MAX_AHEAD: Final = timedelta(days=366)
# A month's statements are made so long after it is over: by then Stripe's fees of its last payments are known.
CLOSES_AFTER: Final = timedelta(days=2)
# Whose money a line of a statement holds at least, so that it says of nobody what they paid: so many people; or fewer,
# where some of it has waited for so long. What even fewer paid is in no statement by itself.
LEAST: Final = 5
FEWEST: Final = 3
WAITS_FOR_FEWEST: Final = timedelta(days=90)
# The most that is noted as paid out at once, in whole units of the currency. More is a typing error.
MAX_PAYOUT: Final = 100_000
MAX_REASON: Final = 300

_MAX_TYPED = 40
_PERCENT = re.compile(
    r"\s*(?:percent|per cent|%)?\s*\+?(?=[.,]?[0-9])(?P<whole>[0-9]{0,9})(?:[.,](?P<part>[0-9]*))?\s*"
    r"(?:percent|per cent|pct\.?|%)?\s*"
)
_PERCENT_HELP = "Please write the percentage as a plain number, such as 20 or 12.5."


@dataclass(frozen=True, slots=True)
class ShareTerms:
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


def parse_percent(typed: str, field: str = "percent") -> int:
    """Read a percentage as people type it into hundredths: 20, 20%, 12.5 %, 12,5 percent. Raises Refused."""
    match = _PERCENT.fullmatch(text.plain_digits(typed[:_MAX_TYPED]).casefold())
    if not match:
        negative = re.match(r"\s*[-−–]\s*[0-9]", typed[:_MAX_TYPED])
        message = "A percentage cannot be less than zero." if negative else _PERCENT_HELP
        raise Refused(Reason("percent_unreadable", message, field))
    whole, part = match["whole"] or "0", (match["part"] or "").rstrip("0")
    if len(part) > 2:
        raise Refused(
            Reason(
                "percent_fraction", "Please give at most two digits after the point, such as 12.25.", field
            )
        )
    hundredths = int(whole) * 100 + int(part.ljust(2, "0"))
    if hundredths > HUNDRED_PERCENT:
        raise Refused(
            Reason("percent_much", "The community can keep 100% at most. Please check the percentage.", field)
        )
    return hundredths


def format_percent(hundredths: int) -> str:
    """A percentage in words: 20%, 12.5%."""
    return f"{hundredths / 100:.2f}".rstrip("0").rstrip(".") + "%"


def describe(terms: ShareTerms | None, currency: str) -> str:
    """What the community keeps of each seat, as a sentence. None: no terms, so that it keeps everything."""
    if terms is None or (terms.percent == HUNDRED_PERCENT and terms.at_most is None):
        return "The community keeps everything."
    flat = money.format_amount(terms.flat, currency) if terms.flat else ""
    percent = format_percent(terms.percent) if terms.percent or not flat else ""
    if (not terms.percent and not terms.flat) or terms.at_most == 0:
        return "The community keeps nothing: the facilitator gets all of it."
    keeps = " and ".join(part for part in (percent, flat) if part)
    limit = f", at most {money.format_amount(terms.at_most, currency)}" if terms.at_most is not None else ""
    return f"The community keeps {keeps} of each seat{limit}."


def example(terms: ShareTerms | None, amount: int, currency: str) -> str:
    """What becomes of one amount: "Of $40 the community keeps $9, and the facilitator gets $31."."""
    share = amount if terms is None else terms.share_of(amount)
    of, kept, part = (money.format_amount(one, currency) for one in (amount, share, amount - share))
    return f"Of {of} the community keeps {kept}, and the facilitator gets {part}."


def terms_refusals(
    terms: ShareTerms | None, in_force: ShareTerms | None, starts_on: date, today: date
) -> list[Reason]:
    """Every reason against new terms. in_force: those that would count on that day without them."""
    reasons = []
    if not today < starts_on <= today + MAX_AHEAD:
        soonest, last = (
            clock.format_date(day, today) for day in (today + timedelta(days=1), today + MAX_AHEAD)
        )
        reasons.append(
            Reason(
                "terms_start",
                f"Please give a day from tomorrow, {soonest}, to {last}: what was paid before keeps its terms.",
                "starts_on",
            )
        )
    if terms == in_force:
        reasons.append(
            Reason("terms_same", "These terms are the ones that count on that day already.", "percent")
        )
    return reasons


# Statements of months


def months_to_close(
    first: date, closed: date | None, now: datetime, zone: str
) -> list[tuple[date, datetime]]:
    """The months that are over for CLOSES_AFTER and not closed, the first one first, each with its end in UTC.

    first: the month of the first movement. closed: the last month that is closed. zone: the community's.
    """
    month, months = (month_after(closed) if closed else first.replace(day=1)), []
    while (end := month_end(month, zone)) + CLOSES_AFTER <= now:
        months.append((month, end))
        month = month_after(month)
    return months


def month_end(month: date, zone: str) -> datetime:
    """When a month ends on the clock of a zone, in UTC."""
    return day_start(month_after(month), zone)


def day_start(day: date, zone: str) -> datetime:
    """When a day begins on the clock of a zone, in UTC."""
    return clock.moment(datetime.combine(day, time()), zone).utc


def month_after(month: date) -> date:
    """The first day of the next month."""
    return (month.replace(day=1) + timedelta(days=31)).replace(day=1)


# What was paid out by hand


@dataclass(frozen=True, slots=True)
class Owed:
    """What is owed to a facilitator now, in minor units. due: by statements; held_back: in none yet."""

    due: int
    held_back: int


def payout_refusals(
    amount: int, owed: Owed, currency: str, paid_on: date, today: date, reason: str
) -> list[Reason]:
    """Every reason against noting that so much was paid out."""
    reasons = []
    if amount <= 0:
        reasons.append(Reason("payout_nothing", "Please give an amount above 0.", "amount"))
    if paid_on > today:
        reasons.append(
            Reason("payout_ahead", "Please note it once it is paid: this day is still to come.", "paid_on")
        )
    if amount > max(0, owed.due) and not reason:
        due = money.format_amount(max(0, owed.due), currency)
        reasons.append(
            Reason("payout_more", f"Only {due} is due now. To note more than that, please say why.", "reason")
        )
    return reasons
