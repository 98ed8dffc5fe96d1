"""Receipt rules: sums by currency and year, numbers of refunds, bounds of a year."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circles.base.errors import NotFound
from circles.bookings.receipts import rules

KINDS = [*rules.KINDS, "a kind of later"]
at = st.datetimes(datetime(2023, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))
line = st.fixed_dictionaries(
    {
        "at": at,
        "kind": st.sampled_from(KINDS),
        "amount": st.integers(-100_000, 100_000),
        "currency": st.sampled_from(["USD", "EUR"]),
    }
)


@given(st.lists(line), st.sampled_from(["", "America/Los_Angeles", "Pacific/Auckland", "Europe/Berlin"]))
def test_the_years_add_up_to_all_that_there_is(lines: list[dict[str, object]], zone: str) -> None:
    """Every line counts in exactly one year, so that the sums of the years are those of all receipts."""
    by_year: dict[str, int] = {}
    for year in range(2022, 2029):
        since, until = rules.year_bounds(year, zone)
        for sums in rules.sums_by_currency([one for one in lines if since <= one["at"] < until]):  # type: ignore[operator]
            assert sums.kept == sums.paid - sums.back
            by_year[sums.currency] = by_year.get(sums.currency, 0) + sums.kept
    assert by_year == {one.currency: one.kept for one in rules.sums_by_currency(lines)}


@pytest.mark.parametrize(
    ("zone", "since"),
    [
        ("America/Los_Angeles", datetime(2026, 1, 1, 8, tzinfo=UTC)),
        ("Pacific/Auckland", datetime(2025, 12, 31, 11, tzinfo=UTC)),
        ("", datetime(2026, 1, 1, 5, tzinfo=UTC)),
    ],
)
def test_a_year_begins_on_the_community_s_calendar(zone: str, since: datetime) -> None:
    assert rules.year_bounds(2026, zone)[0] == since
    assert rules.day_of(since, zone).year == 2026
    assert rules.day_of(since - timedelta(seconds=1), zone).year == 2025


def test_refunds_have_numbers_of_their_own() -> None:
    now = datetime(2026, 11, 26, tzinfo=UTC)
    kinds = ["payment", "refund", "refund_returned", "refund", "dispute"]
    rows = [{"at": now.isoformat(), "kind": kind, "amount": 1} for kind in kinds]
    assert [one.name for one in rules.lines_of("R-1", rows)] == ["R-1", "R-1-1", "R-1", "R-1-2", "R-1"]


@pytest.mark.parametrize("typed", ["", "20x6", "1999", "3000", "²026", "9" * 5000, "-2026"])
def test_no_other_year_has_a_page(typed: str) -> None:
    with pytest.raises(NotFound):
        rules.read_year(typed)
