"""Money, time, text and settings."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
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
    said = money.format_amount(minor, currency)
    if (
        currency != "EUR" or "," not in said or "." in said
    ):  # €1,500 may be 1.50 in Europe, so it is asked about
        assert money.parse(said, currency) == minor


# The same table is read by static/circles.js in tests/browser/test_amounts.py.
AMOUNTS: list[dict[str, Any]] = json.loads(Path(__file__).with_name("amounts.json").read_text())


@pytest.mark.parametrize("row", AMOUNTS, ids=lambda row: f"{row['currency']} {row['typed']!a}")
def test_an_amount_is_read_as_people_type_it(row: dict[str, Any]) -> None:
    if "minor" in row:
        assert money.parse(row["typed"], row["currency"]) == row["minor"]
    else:
        assert codes(lambda: money.parse(row["typed"], row["currency"])) == {row["refused"]}


@given(
    st.integers(0, money.MAX_MINOR),
    st.sampled_from(["USD", "EUR", "CHF", "GBP", "CAD"]),
    st.sampled_from(".,"),
    st.sampled_from(
        ["{}", "{sign}{}", "{} {sign}", "{sign}\u00a0{}", "\u200b{}\u200b", " {} {code} ", "{code}{}"]
    ),
    st.booleans(),
)
def test_every_common_way_to_write_an_amount_means_it(
    minor: int, currency: str, point: str, pattern: str, wide: bool
) -> None:
    number = f"{minor // 100}{point}{minor % 100:02}"
    if wide:
        number = number.translate({ord(digit): 0xFF10 + int(digit) for digit in "0123456789"})
    typed = pattern.format(number, sign=money.SIGNS[currency][0], code=currency)
    assert money.parse(typed, currency) == minor


@given(st.text(st.sampled_from("0123456789.,' -+$€k\u200b５\u00a0"), max_size=12), CURRENCIES)
def test_an_amount_is_never_read_as_another(typed: str, currency: str) -> None:
    """Whatever is read has just the digits that were typed, apart from zeros at its ends."""
    try:
        minor = money.parse(typed, currency)
    except Refused:
        return
    digits = "".join(str(unicodedata.decimal(character)) for character in typed if character.isdecimal())
    assert money.format_plain(minor, currency).replace(".", "").strip("0") == digits.strip("0")


def test_the_refusal_of_an_amount_says_what_to_write() -> None:
    for typed, sentence in (
        ("1.500", "1.500 can be read in two ways. Please write 1500 or 1.50."),
        ("€30", "Please give the amount in US dollars (USD); “€” is another currency."),
        ("-3", "An amount cannot be less than zero."),
        ("", "Please give an amount."),
    ):
        with pytest.raises(Refused) as caught:
            money.parse(typed, "USD")
        assert caught.value.reasons[0].text == sentence


@pytest.mark.parametrize(
    ("typed", "currency"),
    [
        ("€30", "EUR"),
        ("30 EUR", "EUR"),
        ("£30", "GBP"),
        ("30 CHF", "CHF"),
        ("MX$30", "MXN"),
        ("30 pesos", "MXN"),
    ],
)
def test_a_sign_or_code_counts_in_its_own_currency_alone(typed: str, currency: str) -> None:
    assert money.parse(typed, currency) == 3000
    for other in {"USD", "CAD", "EUR", "GBP", "CHF", "JPY"} - {currency}:
        assert codes(lambda other=other: money.parse(typed, other)) == {"amount_currency"}


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
    assert "3:30 am" in caught.value.reasons[0].text


@pytest.mark.parametrize(
    ("day", "time"), [("2027-02-30", "18:00"), ("14.3.2027", "18:00"), ("9999-01-01", "1:00")]
)
def test_a_date_that_is_none_is_refused(day: str, time: str) -> None:
    assert codes(lambda: clock.parse_wall(day, time, "UTC")) & {"date_unreadable", "date_far"}


@pytest.mark.parametrize("time", ["24:00", "18:60", "six", "", "18:00:30"])
def test_a_time_that_is_none_is_refused(time: str) -> None:
    assert codes(lambda: clock.parse_wall("2027-03-10", time, "UTC")) == {"time_unreadable"}


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


BLANKS = (
    "\u2800 \u3164 \u115f \u1160 \uffa0 \u200b \u2060 \u00ad \u034f \u180e \ufeff \U000e0041 \U0001d159 \ufffc "
    "\u3164\ufe0f \u17b4\u200c\u17b4"
)


@pytest.mark.parametrize("blank", BLANKS.split(" "), ids=ascii)
def test_what_looks_blank_is_nothing(blank: str) -> None:
    assert codes(lambda: text.line(blank)) == {"missing"}
    assert codes(lambda: text.body(blank)) == {"missing"}
    assert text.tidy_line(blank) == ""
    assert text.is_blank(blank)
    assert text.line(f"A{blank}da").replace(" ", "") == "Ada"
    assert text.body(f"A{blank}da").replace(" ", "") == "Ada"


def test_marks_without_a_letter_are_refused() -> None:
    assert codes(lambda: text.line("\u0301")) == {"invisible"}


@pytest.mark.parametrize(
    "written",
    [
        "می\u200cخواهم",  # Persian: not joined
        "क\u094d\u200dष",  # Hindi: half a letter
        "ශ\u0dca\u200dරී",  # Sinhala
        "র\u200d\u09cdযাব",  # Bengali
        "👩🏽\u200d🚀",
        "🏳️\u200d🌈",
        "❤️\u200d🔥",
        "👨\u200d👩\u200d👧\u200d👦",
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",  # Scotland's flag
        "1️⃣",
        "葛\U000e0100",  # a name whose letter has two forms
        "ᠮᠣᠩᠭᠣᠯ\u180bᠤᠨ",  # Mongolian
    ],
)
def test_what_a_script_is_written_with_stays(written: str) -> None:
    assert text.line(written) == written
    assert text.tidy_line(written) == written
    assert text.body(written) == written


@pytest.mark.parametrize(
    "twin",
    [
        "A\u200cda",
        "A\u200dda",
        "Ada\ufe0f",
        "Ad\U000e0064a",
        "A\u2063da",
        "\u202eAda",
        "Ada\u115f",
        "Ada\U000e0001",
    ],
)
def test_a_name_has_no_twin(twin: str) -> None:
    assert text.line(twin) == "Ada"


MISCHIEF = st.text(
    st.sampled_from(
        "aé1 م🏴👩🚀♀\u0915\u094d\u0301\u200b\u200c\u200d\ufe0f\u2800\u3164\u17b4\U000e0067\U000e007f\u180b\u1820"
    )
    | st.characters()
)


@given(MISCHIEF)
def test_cleaning_twice_is_cleaning_once(value: str) -> None:
    once = text.without_invisible(value)
    assert text.without_invisible(once) == once
    assert text.is_blank(once) == text.is_blank(value)


def test_every_format_character_of_unicode_is_known() -> None:
    """Those that stay are drawn: signs of Arabic, Syriac, Kaithi and Egyptian, and musical ones have their own."""
    stay = {
        code
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)) == "Cf" and text.without_invisible(f"a{chr(code)}b") != "ab"
    }
    drawn = {
        *range(0x600, 0x606),
        0x6DD,
        0x70F,
        0x890,
        0x891,
        0x8E2,
        0x110BD,
        0x110CD,
        *range(0x13430, 0x13440),
    }
    assert stay <= drawn


def test_typed_digits_are_made_plain() -> None:
    assert text.plain_digits(" \u200b１２３\u3000") == "123"
    assert text.plain_digits("９０２１０-１２３４") == "90210-1234"
    assert text.plain_digits("\u0967\u0968\u06f3\u0664") == "1234"
    assert text.plain_digits("\u0661\u0662\u066b\u0665") == "12.5"


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


MAPS = "https://maps.google.com/maps?q=12+Main+Street,+Durham,+NC&hl=en"


def test_a_bare_address_in_markdown_is_a_link() -> None:
    html = text.markdown(f"We meet here: {MAPS}. Or write to ada@example.org, or see ada.example.org.")
    assert html.count("<a ") == 1
    assert f'<a href="{MAPS.replace("&", "&amp;")}"' in html
    assert "NC&amp;hl=en</a>. Or" in html


@pytest.mark.parametrize(
    "written", ["//example.org/x", "ftp://example.org", "javascript:alert(1)", "example.org"]
)
def test_what_is_no_whole_address_is_no_link(written: str) -> None:
    assert "<a" not in text.markdown(f"See {written} now")


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
