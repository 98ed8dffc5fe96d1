"""Withdrawing the invites of several seats of one person in a mail that another feature composes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from circles import bookings
from circles.invites import actions, rules
from circles.store import db
from circles.store.context import Context


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Seats that ended, as their person knew them; the calendars that remove their entries; what is refunded."""

    seats: tuple[dict[str, Any], ...]
    calendars: tuple[bytes, ...]
    refund: str


async def withdraw_within(tx: db.Tx, context: Context, booking_ids: Sequence[UUID]) -> Withdrawal:
    """Withdraw the invites of seats of one person that ended, in the caller's transaction, whose mail tells of it.

    What was withdrawn already is left out.
    """
    for booking_id in sorted(booking_ids)[:1]:
        await actions.lock_of_booking(tx, booking_id)
    ended = [await actions.withdraw_one(tx, context, booking_id, "") for booking_id in booking_ids]
    seats = tuple(one.booking for one in ended if one)
    calendars = tuple(one.calendar for one in ended if one and one.calendar)
    money = bookings.total_of(bookings.MoneyBack.of(seat) for seat in seats) if seats else None
    texts = [bookings.refund_text(money)] if money else []
    uses = [seat["on_pass"] for seat in seats if seat["on_pass"]]
    if uses:
        texts.append(bookings.pass_texts(uses, seats[0]["zone"], rules.viewer(seats[0])))
    return Withdrawal(seats, calendars, " ".join(text for text in texts if text))
