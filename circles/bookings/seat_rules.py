"""My seat: how somebody's seat at a gathering, or their request for one, is now. Every page that says it reads this."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from circles.base import clock, money
from circles.base.clock import NOBODY, Viewer
from circles.base.row import Row
from circles.bookings import refund_words
from circles.bookings.refund_words import MoneyBack
from circles.bookings.waiting_list.places import OwnWait, seat_of_wait
from circles.gatherings import GatheringTimes, MySeat, Overlap

# So long after somebody came back from the payment page, they are thanked and offered no other way to pay.
CONFIRMING_FOR: Final = timedelta(minutes=1)


def poll_seconds(since: datetime, now: datetime) -> int:
    """How often the page of a held seat looks whether it is settled. since: when its person booked it or came back."""
    age = now - since
    if age < timedelta(minutes=2):
        return 2
    return 5 if age < timedelta(minutes=10) else 15


_LAPSED: Final = {
    "by_host": "The gathering got fewer seats than were planned, and your host had to take back this one. "
    "Nothing was charged. We are sorry.",
    "no_checkout": "The card company could not be reached. Nothing was charged.",
    "let_go": "You let it go before paying. Nothing was charged.",
    "payment_failed": "Your bank did not send the payment, so the seat was let go. Nothing was charged.",
    "payment_differs": "Something about the payment was not as it should be, so the seat could not be confirmed. An "
    "organizer has looked at it, and sees to it that nothing you paid is lost. We are sorry.",
}
_NOT_PAID: Final = "No payment came through in time. Nothing was charged."

_REQUESTS: Final = {
    "waiting": (
        "Your request is with the hosts",
        "You get a mail as soon as they have answered. No seat is kept for you yet.",
        "Request sent",
    ),
    "asked": (
        "The hosts ask you something",
        "Please answer when you have a quiet moment. No seat is kept for you yet.",
        "Hosts ask you",
    ),
    "approved": ("The hosts said yes", "You can book your seat now.", "You can book"),
    "declined": ("The hosts answered your request", "It was not a yes this time.", ""),
}


@dataclass(frozen=True, slots=True)
class OwnBooking:
    """Somebody's latest booking of a gathering. Amounts in minor units; see bookings_with_money.

    payment_waits: "bank" or "person" where one of them decides the payment of a held seat, else empty.
    """

    id: UUID
    state: str
    kind: str
    amount: int
    currency: str
    end_cause: str = ""
    held_until: datetime | None = None
    let_go_at: datetime | None = None
    returned_at: datetime | None = None
    full_refund_until: datetime | None = None
    paid: int = 0
    refunded: int = 0
    refund_done: int = 0
    refund_failed: int = 0
    refund_stuck: int = 0
    refund_settled: int = 0
    kept: int = 0
    disputed: str = ""
    payment_waits: str = ""

    @classmethod
    def of(cls, row: Row) -> OwnBooking:
        """From a row, or from JSON, whose times and ids are text."""
        values: dict[str, Any] = {name: row[name] for name in cls.__slots__}
        values |= {name: _time(values[name]) for name in _TIMES}
        values["id"] = UUID(str(row["id"]))
        return cls(**values)


_TIMES: Final = ("held_until", "let_go_at", "returned_at", "full_refund_until")


def _time(value: datetime | str | None) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class OwnRequest:
    """Somebody's latest request that counts for a gathering."""

    id: UUID
    state: str


def my_seat(
    booking: OwnBooking | None,
    gathering: GatheringTimes,
    now: datetime,
    *,
    viewer: Viewer = NOBODY,
    request: OwnRequest | None = None,
    wait: OwnWait | None = None,
) -> MySeat | None:
    """How the seat is now; None for somebody who has neither a booking nor a request here, and does not wait.

    viewer: on whose clock it says times. An active booking comes before a place on the waiting list, that before a
    request, and an open request before a booking that ended.
    """
    if booking and booking.state in ("held", "confirmed"):
        return _of_booking(booking, gathering, now, viewer)
    if wait and gathering.state == "open" and now < gathering.starts_at:
        return seat_of_wait(wait, now, gathering.zone, viewer)
    ahead = gathering.state == "open" and now < gathering.starts_at
    if request and ahead and not (booking and request.state == "approved"):
        return seat_of_request(request.id, request.state)
    return _of_booking(booking, gathering, now, viewer) if booking else None


def _of_booking(booking: OwnBooking, gathering: GatheringTimes, now: datetime, viewer: Viewer) -> MySeat:
    if booking.state == "held":
        return _held(booking, gathering, now, viewer)
    if booking.state == "confirmed":
        return _confirmed(booking, gathering, now, viewer)
    return _ended(booking, gathering, now)


def seat_of(own: Mapping[str, Any], viewer: Viewer = NOBODY) -> MySeat | None:
    """How the seat is that the SQL function own_seat says."""
    gathering = GatheringTimes(
        UUID(own["gathering_id"]),
        own["gathering_state"],
        datetime.fromisoformat(own["starts_at"]),
        datetime.fromisoformat(own["ends_at"]),
        own["zone"],
    )
    booking, request, wait = own["booking"], own["request"], own.get("wait")
    return my_seat(
        OwnBooking.of(booking) if booking else None,
        gathering,
        datetime.fromisoformat(own["now"]),
        viewer=viewer,
        request=OwnRequest(UUID(request["id"]), request["state"]) if request else None,
        wait=OwnWait.of(wait) if wait else None,
    )


def seat_of_booking(
    row: Row, viewer: Viewer = NOBODY, *, is_back: bool = False, on_pass: bool = False
) -> MySeat:
    """How the seat of one booking is, whatever else its person has there.

    row: the columns of OwnBooking, gathering_id, gathering_state, starts_at, ends_at, zone, and now. is_back: the
    person comes back from the checkout this moment, which may not be noted yet. on_pass: it is a seat on their pass.
    """
    gathering = GatheringTimes(
        row["gathering_id"], row["gathering_state"], row["starts_at"], row["ends_at"], row["zone"]
    )
    booking = OwnBooking.of(row)
    if is_back and booking.returned_at is None:
        booking = replace(booking, returned_at=row["now"])
    if on_pass:
        booking = replace(booking, kind="pass")
    return _of_booking(booking, gathering, row["now"], viewer)


def overlaps_of(rows: Sequence[Mapping[str, Any]]) -> tuple[Overlap, ...]:
    """Somebody's seats at overlapping hours, as the SQL function overlaps_of says them."""
    return tuple(
        Overlap(UUID(row["booking_id"]), row["name"], datetime.fromisoformat(row["starts_at"]), row["zone"])
        for row in rows
    )


def _held(booking: OwnBooking, gathering: GatheringTimes, now: datetime, viewer: Viewer) -> MySeat:
    href = f"/bookings/{booking.id}"
    until = booking.held_until or now
    if gathering.state == "cancelled":
        text = "Nothing more is charged. If you have paid, all of it comes back to your card."
        return MySeat(
            "gathering_canceled", "This gathering was canceled", text, "Canceled", "cancelled", href
        )
    if booking.payment_waits:
        return _undecided(booking, href)
    if booking.let_go_at:
        text = "It is free again as soon as the payment page is closed, in a moment."
        return MySeat("letting_go", "You let this seat go", text, "Letting go", "", href, waits=True)
    if booking.returned_at and now < booking.returned_at + CONFIRMING_FOR:
        title = "Thank you. Your payment is being confirmed"
        text = "This takes a few seconds. Your seat is kept for you."
        return MySeat("confirming", title, text, "Payment being confirmed", "", href, waits=True)
    if now >= until or now >= gathering.ends_at:
        text = (
            "If you paid, your bank is confirming it, and you get a mail once it has. If you did not, nothing is "
            "charged and the seat is let go."
        )
        return MySeat("overdue", "The time to pay is over", text, "Time to pay is over", "", href, waits=True)
    time = clock.format_moment(until, gathering.zone, viewer)
    pay = MySeat("held", f"Held for you until {time}", "", "Held for you", "first", href)
    return _with_payment(pay, booking, gathering, now, time)


def _undecided(booking: OwnBooking, href: str) -> MySeat:
    """A held seat whose payment a bank or a person still decides: it can be neither paid nor let go."""
    if booking.payment_waits == "person":
        title = "Your payment is being looked at"
        text = (
            "Something about it was not as it should be, so an organizer looks at it. Your seat is kept until then. If "
            "you have paid, there is nothing more to do, and no money is lost."
        )
        return MySeat("person_decides", title, text, "Payment being looked at", "", href, waits=True)
    end = "if not, nothing is charged and the seat is let go."
    if booking.let_go_at:
        text = f"You let the seat go while a payment for it was on its way. If it arrives, the seat is yours; {end}"
    else:
        text = f"Your bank still decides, which can take days. If it says yes, the seat is yours, by mail too; {end}"
    return MySeat(
        "bank_decides", "Your payment is on its way", text, "Payment on its way", "", href, waits=True
    )


def _with_payment(
    seat: MySeat, booking: OwnBooking, gathering: GatheringTimes, now: datetime, time: str
) -> MySeat:
    """A held seat whose time is not over, with the ways on."""
    code, title, text = seat.code, seat.title, "Go on to payment. Nothing is charged before you pay."
    if booking.returned_at:
        code, title = "unconfirmed", "Your payment is not confirmed yet"
        text = (
            f"Your seat is held for you until {time}. If you have paid, there is nothing more to do: your bank is "
            "confirming it, and nobody pays twice. If you have not, please go on to payment."
        )
    elif now >= gathering.starts_at:
        text = f"The gathering has begun. {text}"
    return MySeat(
        code, title, text, seat.label, seat.mood, seat.href, may_pay=True, may_let_go=True, waits=True
    )


# The codes of seats whose text says nothing of what came back.
WITHOUT_MONEY: Final = frozenset(("past", "now"))


def _confirmed(booking: OwnBooking, gathering: GatheringTimes, now: datetime, viewer: Viewer) -> MySeat:
    href = f"/bookings/{booking.id}"
    if now >= gathering.ends_at:
        return MySeat("past", "You had a seat here", "This gathering is over.", "You had a seat", "", href)
    if now >= gathering.starts_at:
        return MySeat("now", "You have a seat here", "The gathering has begun.", "Your seat", "good", href)
    code, text = "seated", _price_text(booking)
    until = booking.full_refund_until
    if until and now < until:
        back = ", and all you paid comes back" if booking.paid and not _has_gone_back(booking) else ""
        # Who moved their own seat keeps the time that they had at the gathering before.
        end = (
            "the start" if until >= gathering.starts_at else clock.format_when(until, gathering.zone, viewer)
        )
        code = "moved"
        text = f"{text} The date changed after you booked. You can cancel until {end}{back}."
    heading = "Your seat is confirmed"
    return MySeat(
        code, "You have a seat here", text, "Your seat", "good", href, heading=heading, may_cancel=True
    )


def _has_gone_back(booking: OwnBooking) -> bool:
    return booking.refunded > 0 or refund_words.is_disputed(booking.disputed)


def _price_text(booking: OwnBooking) -> str:
    text = refund_words.refund_text(_money_back(booking)) if booking.paid and _has_gone_back(booking) else ""
    if booking.kind == "paid":
        amount = money.format_amount(booking.amount, booking.currency)
        is_lowered = booking.paid > booking.amount
        first = f"Your seat costs {amount} now." if is_lowered else f"Thank you. You paid {amount}."
    elif booking.kind == "community":
        first = "It is a community seat, free of charge."
    elif booking.kind == "pass":
        first = "It is on your pass."
    else:
        first = "It is free of charge."
    return f"{first} {text}".rstrip()


def seat_of_request(request_id: UUID | str, state: str) -> MySeat | None:
    """How a request is, on any page but its own; None for one that counts no more."""
    if state not in _REQUESTS:
        return None
    title, text, label = _REQUESTS[state]
    return MySeat(
        f"request_{state}",
        title,
        text,
        label,
        "first" if label else "",
        f"/my/requests/{request_id}",
        "Answer them" if state == "asked" else "See your request",
        may_book=state == "approved",
    )


def _ended(booking: OwnBooking, gathering: GatheringTimes, now: datetime) -> MySeat:
    """A booking that ended: why, and what happens to its money."""
    href = f"/bookings/{booking.id}"
    if booking.end_cause == "gathering_cancelled" or gathering.state == "cancelled":
        title, code, label = "This gathering was canceled", "gathering_canceled", "Canceled"
        return MySeat(code, title, _money_text(booking), label, "cancelled", href)
    again = gathering.state == "open" and now < gathering.starts_at
    if booking.state == "cancelled" and booking.end_cause == "by_host":
        text = (
            "The gathering got fewer seats than were planned, and your host had to take back this one. We are sorry. "
            "You did nothing wrong."
        )
        title = "Your seat was canceled"
        return MySeat("taken_back", title, f"{text} {_money_text(booking)}", href=href, may_book=again)
    if booking.state == "cancelled" and booking.end_cause == "taken_off":
        text = "Your host has taken this seat back. If you have a question, please speak with them."
        title = "Your seat was canceled"
        return MySeat("taken_off", title, f"{text} {_money_text(booking)}", href=href, may_book=again)
    if booking.state == "cancelled":
        return MySeat("canceled", "Your seat was canceled", _money_text(booking), href=href, may_book=again)
    if _has_gone_back(booking):
        text = f"Your payment came when the seat was gone. {_money_text(booking)} We are sorry."
        return MySeat("paid_late", "The seat was let go", text, href=href, may_book=again)
    text = _LAPSED.get(booking.end_cause, _NOT_PAID)
    return MySeat("lapsed", "The seat was let go", text, href=href, may_book=again)


def _money_text(booking: OwnBooking) -> str:
    """What of the payment comes back, and how far that is."""
    if booking.kind == "pass":
        return "It was on your pass."
    if not booking.paid:
        return "Nothing was charged." if booking.kind == "paid" else "It was free of charge."
    return refund_words.refund_text(_money_back(booking))


def _money_back(booking: OwnBooking) -> MoneyBack:
    return MoneyBack(
        booking.paid,
        booking.refunded,
        booking.refund_done,
        booking.refund_failed,
        booking.refund_stuck,
        booking.refund_settled,
        booking.disputed,
        booking.currency,
        booking.kept,
    )


# So long an invite may be on its way before its page says that it has not left.
INVITE_LEAVES_WITHIN: Final = timedelta(minutes=15)


def invite_text(
    confirmed_at: datetime,
    state: str | None,
    created_at: datetime | None,
    sent_at: datetime | None,
    now: datetime,
    zone: str,
    viewer: Viewer = NOBODY,
) -> str:
    """What became of the mail with a confirmed seat's invite.

    state, created_at, sent_at: of its latest mail, None before there is one and once it was deleted. Empty where
    nothing is known of it any more.
    """
    if state == "sent" and sent_at:
        day = clock.format_day(sent_at, zone, viewer)
        return f"The invite for your calendar was sent by mail on {day}."
    if state in ("refused", "expired"):
        return "The mail with your invite did not reach you. You can add the gathering to your calendar here."
    if now - (created_at or confirmed_at) < INVITE_LEAVES_WITHIN:
        return "An invite for your calendar is on its way by mail."
    if state == "waiting":
        return "The mail with your invite has not left yet. You can add the gathering to your calendar here."
    return ""
