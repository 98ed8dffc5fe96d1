"""Rules of fewer seats than are taken: how many are too many, who can be chosen, which choices are valid."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circles.hosting.change import rules as change_rules
from circles.hosting.change.rules import Outcome, Planted, SeatHolder, Step
from circles.hosting.schedule.rules import Terms

TERMS = Terms(time(18), "America/New_York", 90, 24, 0)
MOMENT = TERMS.moment(datetime(2027, 3, 2, tzinfo=UTC).date())


def seat_holders(many: int) -> tuple[SeatHolder, ...]:
    first = datetime(2027, 1, 1, tzinfo=UTC)
    return tuple(
        SeatHolder(uuid4(), f"Guest {n}", first + timedelta(hours=n), held=False) for n in range(many)
    )


def cut(taken: int, to: int, *, community: int = 0, offered: int = 0) -> Outcome:
    """A gathering with so many seats taken, and what changing its number of seats does."""
    row = Planted(
        id=uuid4(),
        planned_for=None,
        state="open",
        by_hand=False,
        starts_at=MOMENT.utc,
        wall_start=MOMENT.wall,
        terms=TERMS,
        seats_taken=taken,
        community_taken=community,
        people=tuple(uuid4() for _ in range(taken)),
        seat_holders=seat_holders(taken),
    )
    return Outcome((Step("change", row, MOMENT, replace(TERMS, capacity=to, community_seats=offered)),))


def ids(outcome: Outcome) -> list[UUID]:
    return [seat.booking for seat in outcome.steps[0].gathering.seat_holders]


@given(st.integers(0, 24), st.integers(1, 24), st.data())
def test_a_choice_must_name_as_many_as_needed(taken: int, to: int, data: st.DataObject) -> None:
    outcome = cut(taken, to)
    chosen = set(data.draw(st.lists(st.sampled_from(ids(outcome)), unique=True))) if taken else set()
    needed = max(0, taken - to)
    assert outcome.too_many == needed
    ends = change_rules.bookings_to_end(outcome, chosen)
    assert set(ends) == (chosen if needed else set())
    codes = {reason.code for reason in change_rules.choice_refusals(outcome.too_many, len(ends))}
    fewer, more = (
        {"choose_more"} if len(ends) < needed else set(),
        {"choose_fewer"} if len(ends) > needed else set(),
    )
    assert codes == fewer | more


@pytest.mark.parametrize(
    ("taken", "to", "ticked", "message"),
    [
        (3, 2, 0, "1 person has to give up a seat. Please choose 1, or give more seats."),
        (6, 3, 0, "3 people have to give up their seats. Please choose 3, or give more seats."),
        (6, 3, 1, "3 people have to give up their seats. Please choose 2 more, or give more seats."),
        (3, 2, 2, "Only 1 person has to give up a seat. Please take back 1 tick."),
        (6, 4, 5, "Only 2 people have to give up their seats. Please take back 3 ticks."),
    ],
)
def test_the_reason_names_how_many_more_to_choose(taken: int, to: int, ticked: int, message: str) -> None:
    (reason,) = change_rules.choice_refusals(cut(taken, to).too_many, ticked)
    assert (reason.text, reason.field) == (message, "give_up")


def test_nobody_is_chosen_who_has_no_seat_there() -> None:
    assert change_rules.bookings_to_end(cut(3, 2), {uuid4()}) == []


def test_more_than_one_gathering_is_refused_with_the_way_out() -> None:
    outcome = cut(3, 2)
    (reason,) = change_rules.refusals(outcome)
    assert (reason.code, reason.field) == ("seats_taken", "capacity")
    assert "3 seats are taken, so there cannot be only 2" in reason.text
    assert "one gathering at a time" in reason.text
    assert change_rules.refusals(outcome, choosing=True) == []


def test_the_fingerprint_differs_for_other_people_or_another_state() -> None:
    outcome = cut(3, 2)
    step = outcome.steps[0]
    first, *others = step.gathering.seat_holders
    for instead in (replace(first, booking=uuid4()), replace(first, held=True)):
        gathering = replace(step.gathering, seat_holders=(instead, *others))
        assert Outcome((replace(step, gathering=gathering),)).fingerprint != outcome.fingerprint


@given(st.integers(1, 24), st.integers(1, 24), st.data())
def test_community_seats_fit_and_ignore_the_choice(taken: int, to: int, data: st.DataObject) -> None:
    community = data.draw(st.integers(0, taken))
    outcome = cut(taken, to, community=community, offered=data.draw(st.integers(0, to)))
    reasons = change_rules.refusals(outcome, choosing=True)
    enough = min(community, to)
    assert bool(reasons) == (outcome.steps[0].terms.community_seats < enough)
    # Of those who stay, no more have community seats than there are then.
    assert change_rules.refusals(cut(taken, to, community=community, offered=enough), choosing=True) == []


def test_those_notified_are_those_who_keep_a_seat() -> None:
    outcome = cut(5, 3)
    assert (outcome.notified, outcome.too_many, outcome.may_cancel) == (0, 2, 0)
    step = outcome.steps[0]
    later = replace(step.moment, utc=step.moment.utc + timedelta(hours=1))
    moved = Outcome((replace(step, moment=later),))
    assert (moved.notified, moved.too_many, moved.may_cancel) == (3, 2, 3)
