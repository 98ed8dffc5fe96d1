"""My seat as a table: every state of a booking or a request, before, during and after the gathering."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from circles.base.clock import Viewer
from circles.bookings.rules import MOVES
from circles.bookings.screening.rules import MOVES as REQUEST_MOVES
from circles.bookings.seat_rules import OwnBooking, OwnRequest, invite_text, my_seat
from circles.gatherings import GatheringTimes, MySeat

START = datetime(2027, 3, 2, 23, 0, tzinfo=UTC)  # 6:00 pm in New York
GATHERING = GatheringTimes(UUID(int=1), "open", START, START + timedelta(minutes=90), "America/New_York")
CANCELED = replace(GATHERING, state="cancelled")
BEFORE, DURING, AFTER = START - timedelta(days=1), START + timedelta(minutes=10), START + timedelta(hours=3)
PHASES = {"before": BEFORE, "during": DURING, "after": AFTER}
ID = UUID(int=2)


def seat(now: datetime, gathering: GatheringTimes = GATHERING, **more: Any) -> MySeat:
    """The seat of a booking; a held one is held for nine minutes more."""
    values: dict[str, Any] = {"state": "confirmed", "kind": "paid", "amount": 4500, "currency": "USD"} | more
    if values["state"] == "held":
        values.setdefault("held_until", now + timedelta(minutes=9))
    result = my_seat(OwnBooking(ID, **values), gathering, now, viewer=Viewer("America/New_York"))
    assert result
    return result


# The booking, then its code before, during and after.
TABLE: list[tuple[dict[str, Any], tuple[str, str, str]]] = [
    ({"state": "held"}, ("held", "held", "overdue")),
    ({"state": "held", "let_go_at": BEFORE}, ("letting_go", "letting_go", "letting_go")),
    ({"state": "held", "payment_waits": "bank"}, ("bank_decides", "bank_decides", "bank_decides")),
    (
        {"state": "held", "payment_waits": "bank", "let_go_at": BEFORE},
        ("bank_decides", "bank_decides", "bank_decides"),
    ),
    (
        {"state": "held", "payment_waits": "person", "returned_at": BEFORE},
        ("person_decides", "person_decides", "person_decides"),
    ),
    ({"kind": "paid", "paid": 4500}, ("seated", "now", "past")),
    ({"kind": "community", "amount": 0}, ("seated", "now", "past")),
    ({"kind": "free", "amount": 0}, ("seated", "now", "past")),
    ({"kind": "paid", "paid": 4500, "full_refund_until": START}, ("moved", "now", "past")),
    ({"state": "cancelled", "end_cause": "by_member"}, ("canceled", "canceled", "canceled")),
    ({"state": "cancelled", "end_cause": "by_host"}, ("taken_back", "taken_back", "taken_back")),
    (
        {"state": "cancelled", "end_cause": "gathering_cancelled"},
        ("gathering_canceled", "gathering_canceled", "gathering_canceled"),
    ),
    ({"state": "lapsed", "end_cause": "not_paid"}, ("lapsed", "lapsed", "lapsed")),
    ({"state": "lapsed", "end_cause": "let_go"}, ("lapsed", "lapsed", "lapsed")),
    ({"state": "lapsed", "end_cause": "no_checkout"}, ("lapsed", "lapsed", "lapsed")),
    ({"state": "lapsed", "end_cause": "by_host"}, ("lapsed", "lapsed", "lapsed")),
    (
        {"state": "lapsed", "end_cause": "gathering_cancelled"},
        ("gathering_canceled", "gathering_canceled", "gathering_canceled"),
    ),
    (
        {"state": "lapsed", "end_cause": "paid_late", "paid": 4500, "refunded": 4500},
        ("paid_late", "paid_late", "paid_late"),
    ),
]


@pytest.mark.parametrize(("booking", "codes"), TABLE)
def test_every_state_before_during_and_after(booking: dict[str, Any], codes: tuple[str, str, str]) -> None:
    for (phase, now), code in zip(PHASES.items(), codes, strict=True):
        shown = seat(now, **booking)
        assert shown.code == code, phase
        assert shown.title, phase
        assert shown.text, phase
        # Only a confirmed seat is somebody's seat, and after the end it was one.
        owns = "have a seat here" in shown.title or shown.label == "Your seat"
        assert owns == (booking.get("state", "confirmed") == "confirmed" and phase != "after"), phase
        assert shown.may_cancel == (code in ("seated", "moved")), phase
        assert shown.may_pay == shown.may_let_go == (code == "held"), phase
        assert shown.waits == (booking.get("state") == "held"), phase
        ended = booking.get("state") in ("cancelled", "lapsed") and code != "gathering_canceled"
        assert shown.may_book == (ended and phase == "before"), phase


def test_the_table_has_every_state_of_a_booking() -> None:
    assert {booking.get("state", "confirmed") for booking, _ in TABLE} == set(MOVES)


def test_a_hold_says_until_when_on_the_visitors_clock() -> None:
    booking = OwnBooking(ID, "held", "paid", 4500, "USD", held_until=datetime(2027, 3, 1, 21, 49, tzinfo=UTC))
    now = datetime(2027, 3, 1, 21, 20, tzinfo=UTC)
    for zone, title in {
        "America/New_York": "Held for you until 4:49 pm",
        "America/Los_Angeles": "Held for you until 1:49 pm",
        "": "Held for you until 4:49 pm in New York",
    }.items():
        shown = my_seat(booking, GATHERING, now, viewer=Viewer(zone))
        assert shown
        assert shown.title == title
        assert shown.text == "Go on to payment. Nothing is charged before you pay."


def test_the_first_minute_after_paying_offers_no_way_to_pay_or_let_go() -> None:
    returned = BEFORE
    for seconds, code in ((0, "confirming"), (59, "confirming"), (60, "unconfirmed"), (300, "unconfirmed")):
        shown = seat(returned + timedelta(seconds=seconds), state="held", returned_at=returned)
        assert (shown.code, shown.waits) == (code, True)
        assert (shown.may_pay, shown.may_let_go) == ((code == "unconfirmed"),) * 2
    assert seat(returned, state="held", returned_at=returned).title.startswith("Thank you.")


@pytest.mark.parametrize("returned", [None, BEFORE - timedelta(minutes=5)])
def test_a_hold_whose_time_is_over_leads_to_no_payment(returned: datetime | None) -> None:
    shown = seat(BEFORE, state="held", held_until=BEFORE, returned_at=returned)
    assert (shown.code, shown.may_pay, shown.may_let_go, shown.waits) == ("overdue", False, False, True)


def test_a_hold_at_a_canceled_gathering_cannot_be_paid() -> None:
    shown = seat(BEFORE, CANCELED, state="held")
    assert (shown.code, shown.may_pay, shown.may_let_go) == ("gathering_canceled", False, False)


@pytest.mark.parametrize(
    ("money", "text"),
    [
        ({}, "Nothing was charged."),
        ({"kind": "community", "amount": 0}, "It was free of charge."),
        ({"paid": 4500}, "Under the terms nothing of the $45 you paid comes back."),
        (
            {"paid": 4500, "refunded": 2250},
            "$22.50 of the $45 you paid is on its way back to your card. Banks take 5",
        ),
        (
            {"paid": 4500, "refunded": 4500},
            "All of the $45 you paid is on its way back to your card. Banks take 5",
        ),
        (
            {"paid": 4500, "refunded": 4500, "refund_done": 4500},
            "All of the $45 you paid went back to your card and has arrived at your bank. Banks take 5",
        ),
        (
            {"paid": 4500, "refunded": 4500, "refund_failed": 4500},
            "Your refund of $45 did not arrive. It is sent again, and the organizers know of it.",
        ),
        (
            {"paid": 4500, "refunded": 4500, "refund_failed": 4500, "refund_stuck": 4500},
            "Your refund of $45 did not arrive. The organizers know of it and see to it with you.",
        ),
        (
            {
                "paid": 4500,
                "refunded": 4500,
                "refund_done": 2000,
                "refund_failed": 1500,
                "refund_settled": 1000,
            },
            "$20 of the $45 you paid went back to your card and has arrived at your bank. Banks take 5 to 10 days to "
            "show it. $10 was settled with you in another way by the organizers. Your refund of $15 did not arrive. "
            "It is sent again",
        ),
        (
            {"paid": 4500, "refunded": 4500, "refund_done": 2000},
            "$20 of the $45 you paid went back to your card and has arrived at your bank. $25 is on its way back to "
            "your card. Banks take 5 to 10 days to show it.",
        ),
        ({"paid": 4500, "disputed": "needs_response"}, "The bank of your card is looking into this payment"),
        ({"paid": 4500, "disputed": "lost"}, "The bank of your card has taken the $45 back for you"),
        (
            {"paid": 4500, "disputed": "lost", "kept": 2000},
            "The bank of your card has taken $25 back for you",
        ),
        (
            {"paid": 4500, "refunded": 1000, "refund_done": 1000, "disputed": "lost"},
            "$10 of the $45 you paid went back to your card and has arrived at your bank. Banks take 5 to 10 days "
            "to show it. The bank of your card has taken $35 back for you",
        ),
        ({"paid": 4500, "disputed": "won"}, "Under the terms nothing of the $45 you paid comes back."),
    ],
)
def test_a_canceled_seat_says_what_comes_back(money: dict[str, Any], text: str) -> None:
    assert seat(BEFORE, state="cancelled", end_cause="by_member", **money).text.startswith(text)


@pytest.mark.parametrize(
    ("state", "title", "label"),
    [
        ("waiting", "Your request is with the hosts", "Request sent"),
        ("asked", "The hosts ask you something", "Hosts ask you"),
        ("approved", "The hosts said yes", "You can book"),
        ("declined", "The hosts answered your request", ""),
        ("withdrawn", None, None),
    ],
)
def test_a_request_shows_until_the_start(state: str, title: str | None, label: str | None) -> None:
    request = OwnRequest(UUID(int=3), state)
    shown = my_seat(None, GATHERING, BEFORE, request=request)
    assert (shown and shown.title, shown and shown.label) == (title, label)
    assert shown is None or shown.href == f"/my/requests/{request.id}"
    assert shown is None or shown.may_book == (state == "approved")
    for gathering, now in ((GATHERING, DURING), (GATHERING, AFTER), (CANCELED, BEFORE)):
        assert my_seat(None, gathering, now, request=request) is None
    assert state in REQUEST_MOVES


def test_an_active_booking_comes_before_a_request_and_an_open_request_before_an_ended_booking() -> None:
    waiting, approved = OwnRequest(UUID(int=3), "waiting"), OwnRequest(UUID(int=3), "approved")
    confirmed = OwnBooking(ID, "confirmed", "free", 0, "USD")
    ended = replace(confirmed, state="cancelled", end_cause="by_member")
    for booking, request, code in (
        (confirmed, waiting, "seated"),
        (confirmed, approved, "seated"),
        (ended, waiting, "request_waiting"),
        (ended, approved, "canceled"),
    ):
        shown = my_seat(booking, GATHERING, BEFORE, request=request)
        assert shown
        assert shown.code == code
    assert my_seat(None, GATHERING, BEFORE) is None


@pytest.mark.parametrize(
    ("mail", "minutes", "text"),
    [
        ((None, None, None), 1, "An invite for your calendar is on its way by mail."),
        (("waiting", BEFORE, None), 14, "An invite for your calendar is on its way by mail."),
        (("waiting", BEFORE, None), 15, "The mail with your invite has not left yet. You can add"),
        (("sent", BEFORE, BEFORE), 1, "The invite for your calendar was sent by mail on Monday"),
        (("sent", BEFORE, BEFORE), 90_000, "The invite for your calendar was sent by mail on Monday"),
        (("refused", BEFORE, None), 1, "The mail with your invite did not reach you. You can add"),
        (("expired", BEFORE, None), 1, "The mail with your invite did not reach you. You can add"),
        ((None, None, None), 15, ""),
    ],
)
def test_an_invite_is_not_on_its_way_for_ever(
    mail: tuple[str | None, datetime | None, datetime | None], minutes: int, text: str
) -> None:
    now = BEFORE + timedelta(minutes=minutes)
    shown = invite_text(BEFORE, *mail, now, "America/New_York")
    assert shown.startswith(text)
    assert bool(shown) == bool(text)
