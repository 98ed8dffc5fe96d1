"""Gatherings without a database: when booking is closed, terms, filters, cards."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circles.base import reading
from circles.base.clock import NOBODY, Viewer
from circles.base.english import MAX_COUNTED
from circles.gatherings import cards, filters, rules
from circles.gatherings.cards import Card, card_html
from circles.gatherings.filters import Filters
from circles.web.paging import Window

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "starts", "left", "code"),
    [
        ("cancelled", 1, 3, "cancelled"),
        ("open", 0, 3, "past"),
        ("open", -1, 0, "past"),
        ("open", 1, 0, "full"),
        ("open", 1, 1, ""),
    ],
)
def test_why_no_seat_can_be_booked(state: str, starts: int, left: int, code: str) -> None:
    closed = rules.why_closed(state, NOW + timedelta(hours=starts), left, NOW)
    assert (closed.code if closed else "") == code


@given(st.integers(0, 720), st.integers(0, 100))
def test_the_text_of_terms_fits_them(hours: int, percent: int) -> None:
    words = rules.terms_words(hours, percent)
    always = hours == 0 or percent == 100
    assert ("any time" in words) is always
    assert ("nothing comes back" in words) is (not always and percent == 0)
    if not always and percent not in (0, 50):
        assert f"{percent} percent" in words


def test_terms_read_well() -> None:
    assert rules.terms_words(1, 0) == (
        "Cancel 1 hour or more before the start and all you paid comes back. After that, nothing comes back."
    )
    assert rules.terms_words(48, 0).endswith(
        "Within 30 minutes of paying all of it comes back too, unless the start is less than an hour away."
    )
    assert "48 hours" in rules.terms_words(48, 50)
    assert "half of it" in rules.terms_words(48, 50)


# Filters

days = st.lists(st.sampled_from(list(filters.DAYS)), unique=True).map(
    lambda d: tuple(x for x in filters.DAYS if x in d)
)
some_filters = st.builds(
    Filters,
    where=st.sampled_from(["", *rules.PLACES]),
    format=st.sampled_from(["", *rules.FORMATS]),
    days=days,
    parts=st.sampled_from([(), ("morning",), ("morning", "evening")]),
    after=st.none() | st.dates(date(2026, 1, 1), date(2026, 6, 1)),
    until=st.none() | st.dates(date(2026, 6, 1), date(2026, 12, 1)),
    means=st.none() | st.integers(0, 10_000),
    seats=st.booleans(),
    window=st.builds(Window, st.integers(1, 40)) | st.builds(Window, st.integers(2, 9_000), st.uuids()),
)


@given(some_filters)
def test_filters_are_read_back_from_their_url(wanted: Filters) -> None:
    parsed, reasons = filters.parse(reading.join_fields(parse_qsl(urlsplit(wanted.url(wanted.window)).query)))
    assert reasons == []
    assert parsed == wanted


@given(
    st.dictionaries(
        st.sampled_from(["where", "format", "day", "part", "from", "to", "means", "seats", "page", "after"]),
        st.text(),
    )
)
def test_no_query_string_breaks_the_filters(values: dict[str, str]) -> None:
    parsed, reasons = filters.parse(values)
    assert parsed.window.number >= 1
    assert {reason.field for reason in reasons} <= set(values)
    assert 0 <= parsed.arguments()["offset"] <= MAX_COUNTED


@pytest.mark.parametrize("typed", ["12,50", "12.50", "12,50 $", "$12.50", "１２，５０", "\u200b12.5"])
def test_the_most_one_can_pay_is_read_as_it_is_typed(typed: str) -> None:
    parsed, reasons = filters.parse({"means": typed})
    assert (parsed.means, reasons) == (1250, [])


def test_an_amount_with_two_meanings_is_asked_about() -> None:
    parsed, reasons = filters.parse({"means": "1.500"})
    assert parsed.means is None
    assert reasons[0].text.startswith("1.500 can be read in two ways. Please write 1500 or 1.50.")


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("where", "moon"),
        ("format", "x"),
        ("day", "mon,xyz"),
        ("part", "noon"),
        ("from", "soon"),
        ("to", "2026-02-30"),
        ("means", "-1"),
    ],
)
def test_a_filter_that_cannot_be_read_is_left_out_with_a_reason(name: str, typed: str) -> None:
    parsed, reasons = filters.parse({name: typed, "seats": "on"})
    assert [reason.field for reason in reasons] == [name]
    assert reasons[0].text.endswith("This filter was left out.")
    assert parsed.seats
    assert parsed.count == (2 if name == "day" else 1)


def test_dates_that_cross_are_refused() -> None:
    parsed, reasons = filters.parse({"from": "2026-05-02", "to": "2026-05-01"})
    assert (parsed.after, parsed.until) == (date(2026, 5, 2), None)
    assert reasons[0].field == "to"


# Cards


def a_card(number: int, starts_at: datetime, zone: str = "America/New_York", **changed: object) -> Card:
    values: dict[str, object] = {
        "id": UUID(int=number), "starts_at": starts_at, "zone": zone, "length_minutes": 90, "capacity": 8,
        "seats_taken": 3, "community_seats": 1, "community_taken": 0, "state": "open", "circle_name": "Home",
        "place": "online", "city": "", "format": "peer", "currency": "USD", "minimum": 0, "suggested": 0,
        "maximum": 0, "host_names": ("Ann", "Bo", "Cy"),
    }  # fmt: skip
    return Card(**(values | changed))  # pyright: ignore[reportArgumentType]


def test_cards_are_listed_under_the_visitors_days() -> None:
    late = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)  # still the 10th in New York
    early = datetime(2026, 3, 11, 1, 0, tzinfo=UTC)  # the 11th in Berlin
    mixed = [a_card(1, early, "Europe/Berlin"), a_card(2, late)]
    assert [day.date.day for day in cards.by_day(mixed, NOBODY)] == [10, 11]
    assert [(day.date.day, len(day.cards)) for day in cards.by_day(mixed, Viewer("Europe/Berlin"))] == [
        (11, 2)
    ]


def test_a_card_is_rendered_anew_only_when_it_shows_something_else() -> None:
    at = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)
    first = card_html(a_card(3, at), NOBODY)
    assert card_html(a_card(3, at), NOBODY) is first
    assert "4 of 8 seats taken" in card_html(a_card(3, at, seats_taken=4), NOBODY)
    assert "in New York" in card_html(a_card(3, at), Viewer("Europe/Berlin"))


def test_a_card_names_its_hosts_and_escapes_names() -> None:
    at = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)
    html = card_html(
        a_card(4, at, host_names=("Ann", "Bo", "<b>Cy</b>"), circle_name="<script>x</script>"), NOBODY
    )
    assert "with Ann, Bo and &lt;b&gt;Cy" in html
    assert "<script>" not in html


def test_a_community_seat_needs_a_free_seat() -> None:
    at = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)
    assert a_card(5, at, seats_taken=8).community_left == 0
    assert a_card(5, at, seats_taken=7).community_left == 1
