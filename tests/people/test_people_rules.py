"""The rules of people: addresses, names, codes, links, roles, limits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from circles.base import text
from circles.base.clock import Viewer
from circles.base.errors import Refused
from circles.base.settings import Settings
from circles.people import rules, sign_in_rules
from circles.people.rules import Person, Role
from circles.people.sign_in_rules import RequestState
from circles.practice.mailbox import rules as practice
from circles.web import limits

FRESH = RequestState(expired=False, tries=0, proven=False, used=False)


def codes(do: Callable[[], object]) -> set[str]:
    with pytest.raises(Refused) as caught:
        do()
    return caught.value.codes


# addresses


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("mira@example.org", "mira@example.org"),
        ("  Mira.D+circles@Example.ORG ", "mira.d+circles@example.org"),
        ("mira@bücher.example.org", "mira@xn--bcher-kva.example.org"),
        ("mira@BÜCHER.example.org", "mira@xn--bcher-kva.example.org"),
    ],
)
def test_an_address_is_kept_in_one_form(typed: str, kept: str) -> None:
    assert text.parse_address(typed) == kept
    assert text.parse_address(kept) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "mira",
        "mira@",
        "@example.org",
        "mira@localhost",
        "mi ra@example.org",
        "mira@example..org",
        "mira@example.org, milo@example.org",
        "Mira <mira@example.org>",
        '"mira"@example.org',
        "mira@[127.0.0.1]",
        "müra@example.org",
    ],
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    assert codes(lambda: text.parse_address(typed)) == {"address_unreadable"}


def test_an_address_may_not_smuggle_a_header_line() -> None:
    assert codes(lambda: text.parse_address("mira@example.org\r\nBcc: all@example.org")) == {"line_break"}
    assert codes(lambda: text.parse_address("mira\x00@example.org")) == {"bad_character"}
    assert codes(lambda: text.parse_address("")) == {"missing"}
    assert codes(lambda: text.parse_address("m" * 250 + "@example.org")) == {"too_long"}


@given(st.text(max_size=60))
def test_any_text_is_a_tidy_address_or_refused(typed: str) -> None:
    try:
        found = text.parse_address(typed)
    except Refused:
        return
    assert found == found.lower()
    assert found.isascii()
    assert found.count("@") == 1
    assert not any(c.isspace() for c in found)


# names


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Mira", "Mira"),
        ("  Mira   D ", "Mira D"),
        ("Mira 🌿", "Mira 🌿"),
        ("🌿", "🌿"),
        ("\u202eariM", "ariM"),
        ("\u200fמירה", "מירה"),
        ("José", "José"),
        ("<b>Mira</b>", "<b>Mira</b>"),
    ],
)
def test_a_name_is_kept_tidy(typed: str, kept: str) -> None:
    assert rules.parse_name(typed) == kept


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "missing"),
        ("   ", "missing"),
        ("Mira\nMilo", "line_break"),
        ("Mira\u2028Milo", "line_break"),
        ("Mi\x00ra", "bad_character"),
        ("\u202e", "name_invisible"),
        ("\u200b\u200d", "name_invisible"),
        ("m" * 81, "too_long"),
    ],
)
def test_what_is_no_name_is_refused(typed: str, code: str) -> None:
    assert codes(lambda: rules.parse_name(typed)) == {code}


def test_a_zone_is_known_or_empty() -> None:
    assert rules.parse_zone("") == ""
    assert rules.parse_zone("America/Denver") == "America/Denver"
    assert codes(lambda: rules.parse_zone("Mars/Olympus")) == {"zone_unknown"}
    assert codes(lambda: rules.parse_zone("../../etc/passwd")) == {"zone_unknown"}


def test_the_year_of_a_training_is_a_year_that_was() -> None:
    assert rules.parse_year("") is None
    assert (
        rules.parse_year(" 2019 ") == rules.parse_year("２０１９\u200b") == rules.parse_year("٢٠١٩") == 2019
    )
    for typed in ("19", "1949", "2999", "abcd", "-2019"):
        assert codes(lambda typed=typed: rules.parse_year(typed)) == {"year_unreadable"}


# codes and links


@given(st.integers(0, 999_999), st.sampled_from(["", " ", "-", "\u00a0", "\u2013", "  "]))
def test_a_code_is_read_however_it_is_spaced(number: int, gap: str) -> None:
    digits = f"{number:06}"
    assert sign_in_rules.parse_code(f" {digits[:3]}{gap}{digits[3:]} ") == digits


@pytest.mark.parametrize(
    "typed",
    [
        "Your sign-in code: 123456",
        "123 456 is your code",
        "Code: 123-456. It works once, for 10 minutes.",
        "code 123456 10 minutes",
        "123456 (not 123456 again)",
        "\u200b１２３４５６\u200b",
        "Dein Code: １２３ ４５６.",
        "123 456. 10 minutes",
        "123,456",
        "2026-11-26 123456",
        "Nov 26, 7:05: 123 456",
        "\u0967\u0968\u0969 \u096a\u096b\u096c",
        "\u0661\u0662\u0663\u0664\u0665\u0666",
    ],
)
def test_a_code_is_found_among_the_words_around_it(typed: str) -> None:
    assert sign_in_rules.parse_code(typed) == "123456"


@pytest.mark.parametrize("typed", ["123456 or 654321", "call 0123456789", "code 12 34"])
def test_words_without_one_code_are_refused(typed: str) -> None:
    assert codes(lambda: sign_in_rules.parse_code(typed)) == {"code_unreadable"}


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12.345678", "12345a", "123.4567", "-------"])
def test_what_is_no_code_is_refused_before_it_counts(typed: str) -> None:
    assert codes(lambda: sign_in_rules.parse_code(typed)) == {"code_unreadable"}


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("12345678", "12345678"),
        ("1234 5678", "12345678"),
        ("Your sign-in code: 1234567890", "1234567890"),
        ("12345-67890 (for 10 minutes)", "1234567890"),
        ("\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668", "12345678"),
    ],
)
def test_longer_codes_are_read_as_the_short_ones_are(typed: str, code: str) -> None:
    assert sign_in_rules.parse_code(typed, digits=len(code)) == code
    with pytest.raises(Refused, match="code_unreadable") as refused:
        sign_in_rules.parse_code(code[:-1], digits=len(code))
    assert {8: "eight digits", 10: "ten digits"}[len(code)] in refused.value.reasons[0].text


def test_codes_get_longer_with_wrong_ones() -> None:
    lengths = [sign_in_rules.code_digits(failures) for failures in (0, 9, 10, 49, 50, 100_000)]
    assert lengths == [6, 6, 8, 8, 10, 10]
    assert not sign_in_rules.short_code_refusals(6, 9)
    assert [reason.code for reason in sign_in_rules.short_code_refusals(6, 10)] == ["too_short"]
    assert not sign_in_rules.short_code_refusals(10, 100_000)


def test_full_width_digits_are_digits() -> None:
    assert sign_in_rules.parse_code("１２３ ４５６") == "123456"


def test_a_code_belongs_to_its_request_and_the_signing_key() -> None:
    asking, other = uuid4(), uuid4()
    kept = sign_in_rules.code_hash(b"key", asking, "123456")
    assert kept == sign_in_rules.code_hash(b"key", asking, "123456")
    assert kept != sign_in_rules.code_hash(b"key", other, "123456")
    assert kept != sign_in_rules.code_hash(b"other key", asking, "123456")
    assert kept != sign_in_rules.code_hash(b"key", asking, "123457")
    assert b"123456" not in kept


@pytest.mark.parametrize(
    ("asked", "code", "link"),
    [
        (None, {"nothing_asked"}, {"unknown"}),
        (FRESH, set(), set()),
        (RequestState(False, 4, False, False), set(), set()),
        (RequestState(False, 5, False, False), {"tried_out"}, set()),
        (RequestState(True, 0, False, False), {"expired"}, {"expired"}),
        (RequestState(False, 0, True, False), {"used"}, {"used"}),
        (RequestState(True, 0, True, True), {"used"}, {"used"}),
    ],
)
def test_when_a_code_and_a_link_work(asked: RequestState | None, code: set[str], link: set[str]) -> None:
    assert {reason.code for reason in sign_in_rules.code_refusals(asked)} == code
    assert {reason.code for reason in sign_in_rules.link_refusals(asked)} == link


def test_wrong_codes_in_the_mail_do_not_hurt_the_link() -> None:
    tried_out = RequestState(expired=False, tries=sign_in_rules.MAX_TRIES, proven=False, used=False)
    assert sign_in_rules.code_refusals(tried_out)
    assert not sign_in_rules.link_refusals(tried_out)


@pytest.mark.parametrize(
    ("asked", "may"),
    [
        (RequestState(False, 0, True, False), True),
        (RequestState(True, 0, True, False), False),
        (RequestState(False, 0, True, True), False),
        (FRESH, False),
        (None, False),
    ],
)
def test_a_name_is_taken_only_between_proof_and_use(asked: RequestState | None, may: bool) -> None:
    assert (not sign_in_rules.name_refusals(asked)) is may


def test_a_wrong_code_shows_how_many_tries_are_left() -> None:
    assert "4 more times" in sign_in_rules.wrong_code_refusal(1).text
    assert "one more time" in sign_in_rules.wrong_code_refusal(4).text
    assert sign_in_rules.wrong_code_refusal(5).code == "tried_out"


# parts


@pytest.mark.parametrize(
    ("is_organizer", "organizers", "part", "on", "allowed"),
    [
        (True, 1, "organizer", False, False),
        (True, 2, "organizer", False, True),
        (False, 1, "organizer", False, True),
        (True, 1, "organizer", True, True),
        (True, 1, "facilitator", False, True),
    ],
)
def test_the_last_organizer_stays(
    is_organizer: bool, organizers: int, part: Role, on: bool, allowed: bool
) -> None:
    person = Person(uuid4(), "o@example.org", "Odile", "", "", False, is_organizer)
    assert (not rules.role_refusals(person, organizers, part, on)) is allowed


# limits


@given(
    st.integers(0, 3_000_000_000_000).map(
        lambda ms: datetime(2001, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
    ),
    st.sampled_from([timedelta(minutes=15), timedelta(days=1)]),
)
def test_the_wait_ends_with_the_window(now: datetime, per: timedelta) -> None:
    with time_machine.travel(now, tick=False):
        wait = limits.Limit("key", 1, per).wait
    assert timedelta(0) < wait <= per
    assert (now + wait - datetime(2000, 1, 1, tzinfo=UTC)) % per == timedelta(0)


@pytest.mark.parametrize(
    ("wait", "words"),
    [
        (timedelta(seconds=3), "2 minutes"),
        (timedelta(minutes=14, seconds=30), "15 minutes"),
        (timedelta(hours=20), "20 hours"),
    ],
)
def test_too_many_requests_show_when_to_try_again(wait: timedelta, words: str) -> None:
    assert words in sign_in_rules.TooManyRequests(wait).reasons[0].text


def asking_from(host: str, forwarded: str) -> Request:
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    return Request({"type": "http", "client": (host, 4711), "headers": headers})


@pytest.mark.parametrize(
    ("host", "forwarded", "proxy", "found"),
    [
        ("203.0.113.9", "", "", "203.0.113.9"),
        ("203.0.113.9", "1.2.3.4", "", "203.0.113.9"),
        ("203.0.113.9", "1.2.3.4", "10.0.0.1", "203.0.113.9"),
        ("10.0.0.1", "1.2.3.4, 203.0.113.9", "10.0.0.1", "203.0.113.9"),
        ("10.0.0.7", "203.0.113.9", "10.0.0.0/24, 192.168.0.1", "203.0.113.9"),
        ("10.0.0.1", "", "10.0.0.1", "10.0.0.1"),
        # No proxy is named: one of a private network counts as one, and alone it stands for everybody.
        ("127.0.0.1", "1.2.3.4, 203.0.113.9", "", "203.0.113.9"),
        ("::1", "2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
        ("::ffff:172.18.0.3", "203.0.113.9", "", "203.0.113.9"),
        ("172.18.0.3", "", "", ""),
        ("127.0.0.1", "", "", ""),
        # One is named: no other counts.
        ("10.0.0.2", "203.0.113.9", "10.0.0.1", "10.0.0.2"),
        ("2001:db8:1:2:3:4:5:6", "", "", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "", "", "2001:db8:1:2::/64"),
        ("testclient", "", "10.0.0.1", "testclient"),
    ],
)
def test_whom_tries_are_counted_against(host: str, forwarded: str, proxy: str, found: str) -> None:
    settings = Settings(trusted_proxy=proxy)
    assert limits.client_network(asking_from(host, forwarded), settings) == found


# the practice mailbox


def test_the_links_of_a_mail_are_paths_of_this_site() -> None:
    body = (
        "Open http://circles.test/sign-in/link/abc-_1.\nAgain http://circles.test/sign-in/link/abc-_1 and "
        "<http://circles.test/my/gatherings>, never http://elsewhere.test/x or http://circles.test"
    )
    assert practice.links(body, "http://circles.test") == ["/sign-in/link/abc-_1", "/my/gatherings"]


def test_a_calendar_part_is_described() -> None:
    calendar = (
        "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:Tuesday group\r\n"
        "DTSTART:20261124T230000Z\r\nDESCRIPTION:One\\nTwo\\, and a long li\r\n ne\r\n"
        'ATTENDEE;CN="Mira: D";RSVP=TRUE:mailto:mira@example.org\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n'
    )
    facts = dict(practice.calendar_facts(calendar, Viewer("America/New_York")))
    assert facts["Method"] == "REQUEST"
    assert facts["Title"] == "Tuesday group"
    assert "6:00 pm; 11:00 pm UTC" in facts["Starts"]
    assert facts["Description"] == "One\nTwo, and a long line"
    assert facts["Invited"] == "mailto:mira@example.org"
