"""Moving a schedule to another day from one of its dates on: every rhythm, every end, every refusal."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import islice
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from circles.base.errors import Refused
from circles.hosting.schedule import moving, rules
from circles.hosting.schedule.rules import Rule

TUESDAY = date(2027, 3, 2)
WEEK = timedelta(days=7)
DAY = timedelta(days=1)


def some(rule: Rule, most: int = 30) -> list[date]:
    return list(islice(rules.all_dates(rule), most))


def weekly(*weekdays: int, every: int = 1, **more: Any) -> Rule:
    return Rule("weekly", TUESDAY, every, weekdays or (1,), **more)


def test_tuesdays_become_wednesdays_and_what_was_before_stays() -> None:
    cut = moving.cut_rule(weekly(), TUESDAY + WEEK, TUESDAY + WEEK + DAY)
    assert some(cut.early) == [TUESDAY]
    assert some(cut.late, 2) == [date(2027, 3, 10), date(2027, 3, 17)]
    assert rules.rhythm(cut.late) == "every Wednesday"


def test_every_other_week_may_change_its_week() -> None:
    cut = moving.cut_rule(weekly(every=2), TUESDAY, TUESDAY + WEEK)
    assert some(cut.late, 3) == [TUESDAY + WEEK, TUESDAY + 3 * WEEK, TUESDAY + 5 * WEEK]


def test_one_weekday_of_two_moves_and_the_other_stays() -> None:
    cut = moving.cut_rule(weekly(1, 3, every=2), TUESDAY, TUESDAY + 3 * DAY)
    assert cut.late.weekdays == (3, 4)
    assert some(cut.late, 3) == [TUESDAY + 2 * DAY, TUESDAY + 3 * DAY, TUESDAY + 16 * DAY]
    assert cut.days([TUESDAY, TUESDAY + 2 * DAY]) == {
        TUESDAY: TUESDAY + 3 * DAY,
        TUESDAY + 2 * DAY: TUESDAY + 2 * DAY,
    }


@pytest.mark.parametrize(
    ("nth", "weekday", "at", "to", "words"),
    [
        (2, 1, date(2027, 3, 9), date(2027, 3, 10), "the second Wednesday of every month"),
        (2, 1, date(2027, 3, 9), date(2027, 3, 16), "the third Tuesday of every month"),
        (-1, 4, date(2027, 3, 26), date(2027, 3, 25), "the last Thursday of every month"),
        (-1, 4, date(2027, 3, 26), date(2027, 3, 19), "the third Friday of every month"),
        (4, 1, date(2027, 3, 23), date(2027, 3, 24), "the fourth Wednesday of every month"),
        (4, 1, date(2027, 3, 23), date(2027, 3, 30), "the last Tuesday of every month"),
    ],
)
def test_a_weekday_of_the_month_moves(nth: int, weekday: int, at: date, to: date, words: str) -> None:
    cut = moving.cut_rule(Rule("monthly_weekday", TUESDAY, 1, (weekday,), nth), at, to)
    assert (some(cut.late, 1), rules.rhythm(cut.late)) == ([to], words)


def test_a_date_of_the_month_moves_and_a_month_without_it_has_none() -> None:
    rule = Rule("monthly_date", date(2027, 1, 15), month_day=15, until=date(2027, 4, 20))
    cut = moving.cut_rule(rule, date(2027, 1, 15), date(2027, 1, 30))
    assert some(cut.late) == [date(2027, 1, 30), date(2027, 3, 30), date(2027, 4, 30)]
    goes = cut.days(some(rule))
    assert (goes[date(2027, 2, 15)], goes[date(2027, 3, 15)]) == (date(2027, 2, 15), date(2027, 3, 30))


def test_listed_dates_move_by_as_many_days() -> None:
    listed = tuple(TUESDAY + n * DAY for n in (0, 5, 6, 40))
    cut = moving.cut_rule(Rule("dates", TUESDAY, dates=listed), listed[1], listed[1] + DAY)
    assert some(cut.early) == [TUESDAY]
    assert some(cut.late) == [day + DAY for day in listed[1:]]


def test_skipped_dates_move_along() -> None:
    cut = moving.cut_rule(weekly(skipped=frozenset({TUESDAY + WEEK}), times=4), TUESDAY, TUESDAY + DAY)
    assert cut.late.skipped == {TUESDAY + WEEK + DAY}
    assert len(some(cut.late)) == 4


rhythms = st.one_of(
    st.builds(lambda every, on: weekly(on, every=every), st.integers(1, 4), st.integers(0, 6)),
    st.builds(
        lambda every, on, nth: Rule("monthly_weekday", TUESDAY, every, (on,), nth),
        st.integers(1, 3),
        st.integers(0, 6),
        st.sampled_from([1, 2, 3, 4, -1]),
    ),
    st.builds(
        lambda gaps: Rule(
            "dates", TUESDAY, dates=tuple(TUESDAY + sum(gaps[: n + 1]) * DAY for n in range(len(gaps)))
        ),
        st.lists(st.integers(1, 60), min_size=8, max_size=20),
    ),
)


@given(rhythms, st.integers(0, 7), st.integers(-40, 40), st.booleans())
def test_each_date_moves_to_its_own_and_none_is_lost(rule: Rule, which: int, shift: int, ends: bool) -> None:
    before = some(rule, 12)
    assume(which < len(before))
    rule = replace(rule, until=before[-1]) if ends else rule
    at = before[which]
    try:
        cut = moving.cut_rule(rule, at, at + shift * DAY)
    except Refused:
        return
    goes = cut.days(before[which:])
    assert list(goes.values()) == some(cut.late, len(goes))
    assert some(cut.early) == before[:which]
    assert min(goes.values()) == at + shift * DAY > max(before[:which], default=date.min)
    if ends:
        assert len(some(cut.late, 99)) == len(goes)


@pytest.mark.parametrize(
    ("rule", "at", "to", "code"),
    [
        (weekly(), TUESDAY, TUESDAY + WEEK, "not_between"),
        (weekly(), TUESDAY + WEEK, TUESDAY, "not_between"),
        (weekly(), TUESDAY + DAY, TUESDAY + 2 * DAY, "off_rule"),
        (weekly(1, 3), TUESDAY, TUESDAY + 2 * DAY, "has_weekday"),
        (weekly(1, 3), TUESDAY, TUESDAY + 6 * DAY, "other_week"),
        (weekly(1, 3), TUESDAY + 2 * DAY, TUESDAY - DAY, "not_between"),
        (Rule("monthly_date", TUESDAY, month_day=2), TUESDAY, date(2027, 4, 3), "not_between"),
        (Rule("dates", TUESDAY, dates=(TUESDAY, TUESDAY + DAY)), TUESDAY + DAY, TUESDAY, "not_between"),
    ],
)
def test_refused_moves(rule: Rule, at: date, to: date, code: str) -> None:
    with pytest.raises(Refused) as refused:
        moving.cut_rule(rule, at, to)
    assert refused.value.codes == {code}


def test_two_gatherings_do_not_meet_on_one_day() -> None:
    cut = moving.cut_rule(weekly(), TUESDAY, TUESDAY + DAY)
    with pytest.raises(Refused) as refused:
        cut.days([TUESDAY, TUESDAY + DAY])  # the second is not of the rule: it was kept there
    assert refused.value.codes == {"same_day"}


def test_a_cut_that_moves_nothing_is_a_cut() -> None:
    cut = moving.cut_rule(weekly(), TUESDAY + WEEK)
    assert (cut.late, cut.moves) == (cut.unmoved, False)
    assert cut.days([TUESDAY + WEEK, TUESDAY + 8 * DAY]) == {
        TUESDAY + WEEK: TUESDAY + WEEK,
        TUESDAY + 8 * DAY: TUESDAY + 8 * DAY,
    }
