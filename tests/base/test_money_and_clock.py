"""Money, time, text and settings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from circles.base import clock, money, text
from circles.base.errors import Refused
from circles.base.settings import Settings, parse_lines

CURRENCIES = st.sampled_from(["USD", "EUR", "JPY", "GBP"])


def codes(do: Callable[[], object]) -> set[str]:
    with pytest.raises(Refused) as caught:
        do()
    return caught.value.codes


# money


@given(st.integers(0, money.MAX_MINOR), CURRENCIES)
def test_a_formatted_amount_is_read_back(minor: int, currency: str) -> None:
    assert money.parse(money.format_plain(minor, currency), currency) == minor
    said = money.format_amount(minor, currency).lstrip("$€£¥")
    assert money.parse(said, currency) == minor


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "amount_unreadable"),
        ("-3", "amount_unreadable"),
        ("NaN", "amount_unreadable"),
        ("inf", "amount_unreadable"),
        ("1e21", "amount_unreadable"),
        ("45,5", "amount_unreadable"),
        ("٣٠", "amount_unreadable"),
        ("4 5", "amount_unreadable"),
        ("45.005", "amount_fraction"),
        ("999999999", "amount_huge"),
    ],
)
def test_a_bad_amount_is_refused_with_its_reason(typed: str, code: str) -> None:
    assert codes(lambda: money.parse(typed, "USD")) == {code}


def test_a_currency_without_cents_takes_none() -> None:
    assert money.parse("4500", "JPY") == 4500
    assert codes(lambda: money.parse("45.5", "JPY")) == {"amount_fraction"}


@given(st.tuples(*[st.integers(0, 10_000)] * 3).map(sorted), st.integers(-5, 10_005))
def test_the_scale_takes_exactly_what_lies_on_it(marks: list[int], amount: int) -> None:
    scale = money.Scale(marks[0], marks[1], marks[2], "USD")
    assert not scale.refusals()
    assert (not scale.amount_refusals(amount, "USD")) == (marks[0] <= amount <= marks[2])
    assert scale.amount_refusals(amount, "EUR")[0].code == "other_currency"


def test_a_crooked_scale_names_every_fault() -> None:
    assert {r.code for r in money.Scale(-1, -2, -3, "USD").refusals()} == {"scale_negative", "scale_order"}
    assert len(money.Scale(-1, -2, -3, "USD").refusals()) == 3


# time

ZONES = st.sampled_from(["America/New_York", "Europe/London", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"])
WALLS = st.datetimes(datetime(2020, 1, 1), datetime(2045, 1, 1)).map(
    lambda d: d.replace(second=0, microsecond=0)
)


@given(WALLS, ZONES)
def test_a_moment_is_what_the_clock_on_the_wall_shows(wall: datetime, zone: str) -> None:
    found = clock.moment(wall, zone)
    shown = found.utc.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    assert shown == found.wall
    if found.oddity != "missing":
        assert shown == wall
    else:
        assert timedelta(0) < shown - wall <= timedelta(hours=1)


def test_the_missing_hour_moves_forward_by_the_gap() -> None:
    found = clock.moment(datetime(2027, 3, 14, 2, 30), "America/New_York")
    assert (found.oddity, found.wall) == ("missing", datetime(2027, 3, 14, 3, 30))


def test_the_doubled_hour_takes_the_first() -> None:
    found = clock.moment(datetime(2027, 11, 7, 1, 30), "America/New_York")
    assert (found.oddity, found.utc) == ("doubled", datetime(2027, 11, 7, 5, 30, tzinfo=UTC))


def test_a_time_the_clocks_skip_is_refused_with_the_next_one() -> None:
    with pytest.raises(Refused) as caught:
        clock.parse_wall("2027-03-14", "02:30", "America/New_York")
    assert caught.value.codes == {"time_missing"}
    assert "03:30" in caught.value.reasons[0].text


@pytest.mark.parametrize(
    ("day", "time"), [("2027-02-30", "18:00"), ("14.3.2027", "18:00"), ("9999-01-01", "1:00")]
)
def test_a_date_that_is_none_is_refused(day: str, time: str) -> None:
    assert codes(lambda: clock.parse_wall(day, time, "UTC")) & {"date_unreadable", "date_far"}


@pytest.mark.parametrize("time", ["24:00", "18:60", "six", "", "18:00:30"])
def test_a_time_that_is_none_is_refused(time: str) -> None:
    assert codes(lambda: clock.parse_wall("2027-03-10", time, "UTC")) == {"time_unreadable"}


def test_times_in_words() -> None:
    at = datetime(2026, 11, 24, 23, 0, tzinfo=UTC)
    said = clock.format_when(at, "America/New_York", "America/Los_Angeles")
    assert said.startswith("Tuesday 24 November")
    assert said.endswith("6:00 in the evening in New York, 3:00 in the afternoon for you")
    assert "for you" not in clock.format_when(at, "America/New_York", "America/Toronto")
    assert "Wednesday 10:00 in the morning for you" in clock.format_when(
        at, "America/New_York", "Australia/Sydney"
    )


# text


def test_a_name_keeps_its_letters_and_loses_its_tricks() -> None:
    assert text.line("  Zoë   🌱 \u202eevil\u202c ") == "Zoë 🌱 evil"


@pytest.mark.parametrize("bad", ["a\nb", "a\r\nb", "a\u2028b", "a\x85b", "a\x0bb"])
def test_a_line_has_no_line_break(bad: str) -> None:
    assert codes(lambda: text.line(bad)) == {"line_break"}


@pytest.mark.parametrize("bad", ["a\x00b", "a\x07b", "a\x7fb", "a\ud800b"])
def test_hidden_characters_are_refused(bad: str) -> None:
    assert codes(lambda: text.line(bad)) == {"bad_character"}
    assert codes(lambda: text.body(bad)) == {"bad_character"}


def test_lengths_in_words() -> None:
    assert codes(lambda: text.line("x" * 121)) == {"too_long"}
    assert codes(lambda: text.line("   ")) == {"missing"}


@given(st.text())
def test_whatever_a_line_lets_in_fits_a_mail_header(value: str) -> None:
    try:
        found = text.line(value, required=False)
    except Refused:
        return
    assert not any(ord(c) < 32 or ord(c) == 127 or c in "\u2028\u2029\x85" for c in found)


@pytest.mark.parametrize(
    "source",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        '<img src=x onerror="alert(1)">',
        "![x](https://tracker.example/pixel.png)",
        '<https://a.example/?q="onmouseover=alert(1)>',
    ],
)
def test_markdown_can_do_no_harm(source: str) -> None:
    tags: list[tuple[str, list[tuple[str, str | None]]]] = []
    reader = HTMLParser()
    reader.handle_starttag = lambda tag, attrs: tags.append((tag, attrs))
    reader.feed(text.markdown(source))
    for tag, attributes in tags:
        assert tag in {"p", "a"}
        assert {name for name, _ in attributes} <= {"href", "rel"}
        assert all(not (value or "").startswith("javascript") for _, value in attributes)


def test_markdown_keeps_what_it_is_for() -> None:
    html = text.markdown("# One\n\n- **two**\n- [three](https://example.org)")
    assert "<h2>One</h2>" in html
    assert "<strong>two</strong>" in html
    assert 'href="https://example.org"' in html


# settings


def test_production_lists_every_missing_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with pytest.raises(ValidationError) as caught:
        Settings(mode="production")
    said = str(caught.value)
    for name in (
        "DATABASE_URL",
        "CIRCLES_SECRET",
        "CIRCLES_ORIGIN",
        "CIRCLES_SMTP_HOST",
        "CIRCLES_STRIPE_SECRET_KEY",
    ):
        assert name in said


@pytest.mark.parametrize("key", ["sk_live_abc", "rk_live_abc", "sk_test_abc"])
def test_a_key_of_stripe_and_practice_do_not_go_together(key: str) -> None:
    with pytest.raises(ValidationError, match="practice mode is on"):
        Settings(stripe_secret_key=key)  # pyright: ignore[reportArgumentType]


def test_crisis_lines_are_read_from_one_setting() -> None:
    lines = parse_lines("Samaritans | Call 116 123 | tel:116123; Emergency | Call 999;")
    assert [(each.name, each.href) for each in lines] == [("Samaritans", "tel:116123"), ("Emergency", "")]
    with pytest.raises(ValueError, match="name | how"):
        parse_lines("only a name")
