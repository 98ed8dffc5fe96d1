"""The rules of invites: when one is due, texts, how to join, feeds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circles import bookings
from circles.base.clock import Viewer
from circles.invites import rules
from circles.invites.rules import Cancel, JoinInfo, Sending

START = datetime(2027, 3, 16, 22, 0, tzinfo=UTC)
END = START + timedelta(minutes=90)
FIRST, SECOND = uuid4(), uuid4()
SHOWN = rules.fingerprint(START, END, "Tuesday group")
MOVED = rules.fingerprint(START + timedelta(hours=1), END + timedelta(hours=1), "Tuesday group")

FACTS = {
    "starts_at": int(START.timestamp()),
    "ends_at": int(END.timestamp()),
    "zone": "America/New_York",
    "wall_start": "2027-03-16 18:00",
    "discreet_name": "Tuesday group",
    "name": "First steps home",
    "format": "facilitated",
    "place": "online",
    "city": "",
    "address": "",
    "join_link": "",
    "note": "",
    "hosts": [],
}


def request(booking=FIRST, sequence: int = 0, fingerprint: str = SHOWN) -> Sending:
    return Sending(booking, "REQUEST", sequence, fingerprint)


def cancel(booking=FIRST, sequence: int | None = 1) -> Sending:
    return Sending(booking, "CANCEL", sequence, SHOWN)


# what is due


def test_the_first_invite_has_sequence_zero() -> None:
    assert rules.invite_due([], FIRST, 0) == 0


def test_a_request_is_due_once() -> None:
    assert rules.invite_due([request()], FIRST, 0) is None
    assert rules.cancel_due([request(), cancel()], FIRST, 1) is None


def test_a_change_is_due_when_something_else_was_told() -> None:
    row = {"last_told": FACTS, "facts": FACTS, "fingerprint": SHOWN}
    assert not rules.change_due(row, MOVED)
    assert rules.change_due(row | {"facts": FACTS | {"note": "Bring tea."}}, SHOWN)


def test_what_nobody_sees_is_no_change() -> None:
    """Another zone at the same moment: a mail about it would say that something changed, and not what."""
    there = FACTS | {"zone": "America/Denver", "wall_start": "2027-03-16 16:00"}
    assert not rules.change_due({"last_told": FACTS, "facts": there, "fingerprint": SHOWN}, SHOWN)


def test_an_invite_that_told_no_facts_is_compared_by_its_fingerprint() -> None:
    row = {"last_told": None, "facts": {"note": ""}, "fingerprint": SHOWN}
    assert not rules.change_due(row, SHOWN)
    assert rules.change_due(row, MOVED)


def test_a_withdrawal_has_the_next_number() -> None:
    assert rules.cancel_due([request()], FIRST, 0) == Cancel(1)


def test_a_number_that_rose_before_the_mail_is_the_mails() -> None:
    assert rules.cancel_due([request()], FIRST, 1) == Cancel(1)
    assert rules.cancel_due([request()], FIRST, 3) == Cancel(3)
    assert rules.invite_due([request(), cancel()], SECOND, 4) == 4


def test_booking_again_goes_on_counting() -> None:
    assert rules.invite_due([request(), cancel()], SECOND, 1) == 2


def test_an_invite_that_comes_late_does_not_undo_the_withdrawal() -> None:
    assert rules.invite_due([request(), cancel()], FIRST, 1) is None
    assert rules.invite_due([cancel(sequence=None)], FIRST, 0) is None


def test_a_withdrawal_that_comes_late_leaves_the_newer_booking_in_the_calendar() -> None:
    assert rules.cancel_due([request(), request(SECOND, 1)], FIRST, 1) == Cancel(None)


def test_a_seat_without_a_calendar_entry_is_withdrawn_without_one() -> None:
    assert rules.cancel_due([], FIRST, 0) == Cancel(None)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3)), max_size=30))
def test_in_any_order_the_sequence_rises_and_nothing_repeats(steps: list[tuple[bool, int]]) -> None:
    bookings = [uuid4() for _ in range(4)]
    sent: list[Sending] = []
    for is_request, which in steps:
        booking, raised = bookings[which], max((one.sequence or 0 for one in sent), default=0)
        if is_request:
            due = rules.invite_due(sent, booking, raised)
            if due is not None:
                sent.append(Sending(booking, "REQUEST", due, SHOWN))
            assert rules.invite_due(sent, booking, raised) is None
        else:
            gone = rules.cancel_due(sent, booking, raised)
            if gone:
                sent.append(Sending(booking, "CANCEL", gone.sequence, SHOWN))
            assert rules.cancel_due(sent, booking, raised) is None
    numbers = [sending.sequence for sending in sent if sending.sequence is not None]
    assert numbers == list(range(len(numbers)))
    for booking in bookings:
        assert sum(sending.booking_id == booking and sending.method == "CANCEL" for sending in sent) <= 1


# words


def test_a_uid_is_unique_to_a_seat() -> None:
    gathering, mira, milo = uuid4(), uuid4(), uuid4()
    assert bookings.seat_uid(gathering, mira, "x.org") == bookings.seat_uid(gathering, mira, "x.org")
    assert bookings.seat_uid(gathering, mira, "x.org") != bookings.seat_uid(gathering, milo, "x.org")
    assert str(mira) not in bookings.seat_uid(gathering, mira, "x.org")
    assert bookings.seat_uid(gathering, mira, "x.org").endswith("@x.org")


def test_a_title_names_the_readers_day() -> None:
    late = datetime(2027, 3, 17, 1, 0, tzinfo=UTC)  # still Tuesday evening in New York
    for zone, day in (("", "Tuesday, March 16"), ("Europe/Berlin", "Wednesday, March 17")):
        title = rules.title("Tuesday group", late, "America/New_York", Viewer(zone))
        assert title.startswith(f"Tuesday group, {day}")


# the way in


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("now", "closed", "opened"),
    [
        (at(-60 * 24), JoinInfo(opens_at=at(-30)), JoinInfo(opens_at=at(-30))),
        (at(-30.01), JoinInfo(opens_at=at(-30)), JoinInfo(opens_at=at(-30))),
        (at(-30), JoinInfo(waiting=True), JoinInfo(join_link="https://meet.example.org/a")),
        (at(89.9), JoinInfo(waiting=True), JoinInfo(join_link="https://meet.example.org/a")),
        (at(90), JoinInfo(), JoinInfo()),
    ],
)
def test_the_join_link_shows_while_the_room_is_open(
    now: datetime, closed: JoinInfo, opened: JoinInfo
) -> None:
    link = "https://meet.example.org/a"
    assert rules.join_info("online", link, "", START, END, now) == closed
    assert rules.join_info("online", link, "", START, END, now, room_open=True) == opened


def test_without_a_link_nothing_is_awaited() -> None:
    assert rules.join_info("online", "", "", START, END, at(0)) == JoinInfo()


def test_an_address_shows_from_the_booking_to_the_end_and_no_link_with_it() -> None:
    link = "https://meet.example.org/a"
    assert rules.join_info("in_person", link, "12 Elm Street", START, END, at(-9999)) == JoinInfo(
        address="12 Elm Street"
    )
    assert rules.join_info("in_person", link, "12 Elm Street", START, END, at(91)) == JoinInfo()


# feeds


def test_a_feed_token_hangs_on_the_secret_the_person_and_the_number() -> None:
    mira, milo = uuid4(), uuid4()
    tokens = {
        rules.feed_token(key, person, number)
        for key in (b"one secret", b"another")
        for person in (mira, milo)
        for number in (1, 2)
    }
    assert len(tokens) == 8
    assert all(len(token) == 43 and token.replace("-", "").replace("_", "").isalnum() for token in tokens)
    assert rules.feed_token(b"one secret", mira, 1) in tokens


@pytest.mark.parametrize(
    ("header", "same"),
    [
        ("", False),
        ('"a"', True),
        ('W/"a"', True),
        ('"b", "a"', True),
        ("*", True),
        ('"b"', False),
        ("a", False),
    ],
)
def test_if_none_match(header: str, same: bool) -> None:
    assert rules.is_unchanged(header, '"a"') is same
