"""Rules of listings: refusals of drafts and of publishing, NPI check digits, valid licenses."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circles.directory.listing import rules
from circles.directory.listing.values import Draft, License, Way
from tests.directory.helpers import RIVER

TODAY = datetime.now(UTC).date()
YESTERDAY = TODAY - timedelta(days=1)


def fields(draft: Draft) -> list[tuple[str, str]]:
    return [(reason.field, reason.code) for reason in rules.publish_refusals(draft)]


def test_a_complete_listing_is_not_refused() -> None:
    assert rules.publish_refusals(RIVER) == []


# The example of the document, and one number for each of the two first digits.
@pytest.mark.parametrize("npi", ["1234567893", "1245319599", "2000000002"])
def test_a_valid_npi(npi: str) -> None:
    assert rules.is_npi(npi)


@pytest.mark.parametrize(
    "npi",
    [
        "",
        "1234567890",
        "123456789",
        "12345678931",
        "3234567899",
        "123456789x",
        "１２３４５６７８９３",
        "-234567893",
    ],
)
def test_an_invalid_npi(npi: str) -> None:
    assert not rules.is_npi(npi)


@given(st.integers(10**8, 3 * 10**8 - 1))
def test_the_npi_check_digit(head: int) -> None:
    right = [f"{head}{last}" for last in range(10) if rules.is_npi(f"{head}{last}")]
    assert len(right) == 1
    other = str((int(right[0][4]) + 1) % 10)
    assert not rules.is_npi(right[0][:4] + other + right[0][5:])


@pytest.mark.parametrize(
    ("license", "does"),
    [
        (License("lmft", "FL", "1"), True),
        (License("lmft", "FL", "1", expires_on=TODAY), True),
        (License("lmft", "FL", "1", expires_on=YESTERDAY), False),
        (License("lmft", "FL", "1", status="restricted"), False),
        (License("lmft", "FL", "1", status="inactive"), False),
    ],
)
def test_license_validity(license: License, does: bool) -> None:
    assert rules.is_license_valid(license, TODAY) is does


def test_all_refusals_at_once_each_with_its_field() -> None:
    refused = fields(
        replace(
            RIVER,
            name=" ",
            area="XX",
            npi="1234567890",
            fee_minimum=20_000,
            fee_maximum=10_000,
            approach="a" * 10_000,
            links=("javascript:alert(1)",),
            licenses=(License("lmft", "ZZ", "1"), License("", "FL", "")),
            ways=(Way("ifs", "sep"), Way("dance")),
            email="nobody",
            zip="123",
        )
    )
    assert set(refused) >= {
        ("name", "missing"),
        ("area", "unknown_choice"),
        ("npi", "npi_wrong"),
        ("fee_maximum", "fees_order"),
        ("approach", "too_long"),
        ("links", "not_a_link"),
        ("license_1_area", "unknown_area"),
        ("license_2_kind", "unknown_license"),
        ("license_2_number", "missing"),
        ("way_1_credential", "unknown_credential"),
        ("way_2_way", "unknown_way"),
        ("email", "address_unreadable"),
        ("zip", "zip_unreadable"),
    }


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)", "data:text/html,x", "//example.org", "example.org", "https://", "https://host",
        "https://a b.org", "https://me@bank.example.org", "https://x.org:99999", "https://[::1", "ftp://x.org",
        "https://x.org/\u202e", "https://x.org/" + "a" * 300,
    ],
)  # fmt: skip
def test_an_invalid_link(link: str) -> None:
    assert not rules.is_link(link)
    assert ("links", "not_a_link") in fields(replace(RIVER, links=(link,)))
    assert ("license_1_source", "not_a_link") in fields(
        replace(RIVER, licenses=(License("lmft", "FL", "1", source=link),))
    )


@pytest.mark.parametrize(
    "link", ["https://river.example.org", "http://example.org/a?b=c#d", "HTTPS://Example.ORG"]
)
def test_a_valid_link(link: str) -> None:
    assert rules.is_link(link)


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"telehealth": False, "in_person": False}, "meets", "met_nowhere"),
        ({"city": ""}, "city", "no_place"),
        ({"licenses": ()}, "license_1_number", "no_license"),
        ({"licenses": (License("lmft", "FL", "1", "inactive"),)}, "license_1_expires_on", "no_license_counts"),
        ({"email": "", "links": ()}, "email", "unreachable"),
    ],
)  # fmt: skip
def test_a_draft_may_lack_what_a_shown_listing_may_not(
    change: dict[str, object], field: str, code: str
) -> None:
    changed = replace(RIVER, **change)  # pyright: ignore[reportArgumentType]
    assert rules.draft_refusals(changed) == []
    assert (field, code) in fields(changed)


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"sliding_floor": 20_000}, "sliding_floor", "floor_above"),
        ({"fee_maximum": 2_000_000}, "fee_maximum", "fee_range"),
        ({"fee_minimum": -1}, "fee_minimum", "fee_range"),
        ({"pro_bono_places": 100}, "pro_bono_places", "number"),
        ({"languages": ("tlh",)}, "languages", "unknown_choice"),
        ({"links": tuple(f"https://{n}.example.org" for n in range(6))}, "links", "too_many"),
        ({"room": "maybe"}, "room", "unknown_choice"),
        ({"name": "\u200d"}, "name", "name_invisible"),
        ({"name": "A\x00B"}, "name", "bad_character"),
        ({"ways": (Way("other"),)}, "way_1_school", "missing"),
        ({"ways": (Way("ifs"), Way("ifs", "ifs_1"))}, "way_2_way", "way_twice"),
        ({"ways": (Way("ifs", year=1900),)}, "way_1_year", "year_unreadable"),
        ({"licenses": (License("abroad", "FL", "1"),)}, "license_1_area", "license_elsewhere"),
        ({"licenses": (License("lmft", "GBR", "1"),)}, "license_1_area", "license_elsewhere"),
        ({"licenses": (License("lmft", "FL", "1"), License("lmft", "FL", " 1 "))}, "license_2_number", "license_twice"),
        ({"licenses": (License("lmft", "FL", "1", expires_on=date(1, 1, 1)),)}, "license_1_expires_on", "date_far"),
    ],
)  # fmt: skip
def test_refusals_of_a_draft(change: dict[str, object], field: str, code: str) -> None:
    reasons = rules.draft_refusals(replace(RIVER, **change))  # pyright: ignore[reportArgumentType]
    assert (field, code) in [(reason.field, reason.code) for reason in reasons]


def test_a_zip_must_be_in_the_state() -> None:
    assert rules.zip_refusals(RIVER, "FL") == []
    assert [reason.code for reason in rules.zip_refusals(RIVER, "NY")] == ["zip_elsewhere"]
    assert [reason.code for reason in rules.zip_refusals(RIVER, None)] == ["zip_unknown"]
    assert [reason.code for reason in rules.zip_refusals(replace(RIVER, zip="09012"), None)] == [
        "zip_military"
    ]
    guam = replace(RIVER, area="GU", zip="96910", licenses=(License("lmft", "GU", "M12"),))
    assert rules.publish_refusals(guam) == rules.zip_refusals(guam, "GU") == []
    assert rules.zip_refusals(replace(RIVER, zip=""), None) == []


def test_tidy_trims_and_keeps_unreadable_text() -> None:
    tidied = rules.tidy(
        replace(
            RIVER,
            name="  River   Stone ",
            email=" River@Example.ORG ",
            npi="1234 567 893",
            links=(" https://a.example.org ", "https://a.example.org", ""),
            headline="two\nlines",
        )
    )
    assert (tidied.name, tidied.email, tidied.npi) == ("River Stone", "river@example.org", "1234567893")
    assert tidied.links == ("https://a.example.org",)
    assert tidied.headline == "two\nlines"


@given(
    st.builds(
        Draft,
        name=st.text(max_size=90),
        approach=st.text(max_size=100),
        email=st.text(max_size=30),
        links=st.tuples(st.text(max_size=40)),
        npi=st.text(max_size=11),
        zip=st.text(max_size=6),
    )
)
def test_any_text_is_refused_with_reasons_and_never_raises(draft: Draft) -> None:
    for reason in rules.publish_refusals(rules.tidy(draft)):
        assert reason.text
        assert reason.field
