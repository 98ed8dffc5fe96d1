"""Rules of a search: reading and writing its URL, its location, its texts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import pytest
import zipcodes
from hypothesis import given
from hypothesis import strategies as st

from circles.base import reading
from circles.directory.listing import places, words
from circles.directory.listing.places import Place
from circles.directory.search import rules as search_rules
from circles.directory.search import short_list_rules, wording
from circles.directory.search.rules import Search

NAMES = [group.name for group in search_rules.GROUPS]
NAMES += ["q", "state", "how", "zip", "within", "fee", "amount", "exp", "page", "t"]
MIAMI = Place("33130", "Miami", "FL", 25.7672, -80.2059)


def read(address: str) -> tuple[Search, list[str]]:
    pairs = parse_qsl(urlsplit(address).query, keep_blank_values=True)
    search, reasons = search_rules.read(reading.join_fields(pairs))
    return search, [reason.field for reason in reasons]


def some(options: Iterable[str]) -> st.SearchStrategy[tuple[str, ...]]:
    """Any of the options, in the order they are listed."""
    listed = list(options)
    return st.sets(st.sampled_from(listed)).map(
        lambda chosen: tuple(option for option in listed if option in chosen)
    )


searches = st.builds(
    Search,
    q=st.text(st.characters(codec="utf-8"), max_size=60).map(
        lambda typed: search_rules.read({"q": typed})[0].q
    ),
    state=st.sampled_from(["", *words.AREAS]),
    how=st.sampled_from(["", *search_rules.HOW]),
    zip=st.sampled_from(["", "33130", "00000"]),
    within=st.sampled_from(search_rules.WITHIN),
    fee=st.none() | st.integers(0, 100_000),
    experience=st.sampled_from(["", *search_rules.EXPERIENCE]),
    kept=st.lists(st.uuids().map(short_list_rules.code), max_size=12, unique=True).map(tuple),
    page=st.integers(1, search_rules.MAX_PAGES),
    **{group.field: some(group.options) for group in search_rules.GROUPS},
)


@given(searches)
def test_a_search_url_round_trips(search: Search) -> None:
    again, reasons = read(search.url(search.page))
    assert (again, reasons) == (search, [])
    assert again.url(again.page) == search.url(search.page)


@given(
    st.dictionaries(
        st.sampled_from(NAMES),
        st.text(),
    )
)
def test_any_query_string_is_read(values: dict[str, str]) -> None:
    search, _ = search_rules.read(values)
    assert read(search.url(search.page)) == (search, [])
    at = search_rules.where(search, None)
    search_rules.arguments(search, at, date(2026, 1, 1))
    assert wording.chips(search) is not None


def test_unknown_values_are_ignored_with_reasons() -> None:
    search, fields = read("/therapists?state=XX&way=ifs&way=magic&zip=12&fee=lots&exp=all")
    assert search == Search(ways=("ifs",))
    assert set(fields) == {"state", "way", "zip", "fee", "exp"}


def test_a_zip_plus_four_is_read() -> None:
    assert read("/therapists?zip=33130-1234")[0].zip == "33130"


def test_a_typed_amount_overrides_the_chosen_step() -> None:
    assert read("/therapists?fee=80&amount=95")[0].fee == 9500


@pytest.mark.parametrize("typed", ["80,50", "$80.50", "８０．５０", " 80.5 ", "80,50 USD"])
def test_a_fee_is_read_as_it_is_typed(typed: str) -> None:
    search, reasons = search_rules.read({"amount": typed})
    assert (search.fee, reasons) == (8050, [])


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("€80", "Please give the amount in US dollars (USD); “€” is another currency. "),
        ("1.500", "1.500 can be read in two ways. Please write 1500 or 1.50. "),
        ("lots", "Please write a plain number, such as 80. "),
    ],
)
def test_a_fee_that_is_left_out_says_why(typed: str, sentence: str) -> None:
    search, reasons = search_rules.read({"amount": typed})
    assert search.fee is None
    assert reasons[0].text.startswith(sentence)


def test_a_zip_in_full_width_is_read() -> None:
    assert search_rules.read({"zip": "３３１３０\u200b"})[0].zip == "33130"


def test_a_zip_gives_the_state() -> None:
    at = search_rules.where(Search(zip="33130"), MIAMI)
    assert (at.area, at.is_searchable, at.reasons) == ("FL", True, ())


def test_contradicting_zip_and_state_are_not_searchable() -> None:
    at = search_rules.where(Search(zip="33130", state="GA"), MIAMI)
    assert not at.is_searchable
    assert "Florida" in at.reasons[0].text
    assert "Georgia" in at.reasons[0].text


@pytest.mark.parametrize("how", search_rules.HOW)
def test_a_way_to_meet_needs_a_place(how: str) -> None:
    assert search_rules.where(Search(how=how), None).lacks_area
    assert search_rules.where(Search(how=how, zip="00000"), None).lacks_area
    assert not search_rules.where(Search(how=how, state="FL"), None).lacks_area


@given(searches, st.sampled_from([None, MIAMI]))
def test_place_facets_are_of_the_members_area(search: Search, place: Place | None) -> None:
    at = search_rules.where(search, place if search.zip else None)
    facets = search_rules.facets(search, at.area, at.near is not None).get("where", [])
    assert all(facet.partition(":")[2] == at.area for facet in facets)
    if search.how == "telehealth" and at.is_searchable:
        assert facets == [f"tele:{at.area}"]
    assert search_rules.arguments(search, at, date(2026, 1, 1))["area"] == at.area


@given(searches)
def test_every_chip_removes_a_filter(search: Search) -> None:
    for chip in wording.chips(search):
        assert set(chip.without.pairs()) < set(search.pairs())
        assert chip.without.page == 1


def test_loosened_searches_are_ordered_by_count() -> None:
    search = Search(q="grief", ways=("ifs",), fee=8000)
    counts = {"without:words": 2, "without:way": 5, "without:fee": 0}
    loosened = wording.loosened(search, counts)
    expected = [(5, replace(search, ways=())), (2, replace(search, q=""))]
    assert [(option.how_many, option.search) for option in loosened] == expected


def test_the_advice_fits_the_filters_that_are_set() -> None:
    alone = wording.without_loosened(Search(state="WY"), "Wyoming")
    assert alone == "Nobody is listed in Wyoming for this yet. Therapists are added by the week."
    assert wording.without_loosened(Search(state="WY", ways=("ifs",)), "Wyoming") == alone
    two = Search(state="WY", ways=("ifs",), fee=8000)
    assert (
        wording.without_loosened(two, "Wyoming") == "No single choice is the reason. Removing two may help."
    )


def test_the_place_is_never_loosened() -> None:
    search = Search(state="FL", how="in_person", ways=("ifs",))
    loosened = wording.loosened(search, {"without:where": 9, "tele:FL": 4}, "FL")
    assert [(option.how_many, option.search) for option in loosened] == [
        (4, replace(search, how="telehealth"))
    ]
    assert wording.loosened(replace(search, how="telehealth"), {"without:where": 9}, "FL") == []


def test_finding_the_place_of_a_zip() -> None:
    miami = places.find("33130")
    assert miami is not None
    assert (miami.area, miami.city) == ("FL", "Miami")
    for typed in ("00000", "99999", "3313", "33130x", "", "³³130", "09001"):
        assert places.find(typed) is None
    denver = places.find("80202")
    assert denver is not None
    assert places.miles(miami, denver) == pytest.approx(1725, abs=15)


def test_every_zip_has_a_known_area_or_is_military() -> None:
    named = {entry["zip_code"]: places.find(entry["zip_code"]) for entry in zipcodes.list_all()}
    areas = {place.area for place in named.values() if place}
    assert areas <= set(words.AREAS)
    assert {"AS", "GU", "MP", "PR", "VI"} <= areas
    assert len(named) > 40_000
    for zip, place in named.items():
        assert places.is_military(zip) == (place is None), zip


@pytest.mark.parametrize(
    ("zip", "area"),
    [("96910", "GU"), ("00802", "VI"), ("96799", "AS"), ("96950", "MP"), ("00901", "PR"), ("96940", "PLW")],
)
def test_a_territory_is_searchable(zip: str, area: str) -> None:
    place = places.find(zip)
    assert place is not None
    at = search_rules.where(Search(zip=zip, how="telehealth"), place)
    assert (at.area, at.is_searchable, at.reasons) == (area, True, ())


@pytest.mark.parametrize("zip", ["09012", "34002", "96201"])
def test_a_military_zip_needs_a_state(zip: str) -> None:
    at = search_rules.where(Search(zip=zip, how="telehealth"), places.find(zip))
    assert at.lacks_area
    assert "choose the state where you are" in at.reasons[0].text
    with_state = search_rules.where(Search(zip=zip, how="telehealth", state="TX"), None)
    assert (with_state.area, with_state.is_searchable) == ("TX", True)


@given(st.lists(st.uuids(), max_size=20))
def test_a_short_list_round_trips(ids: list[UUID]) -> None:
    codes = tuple(short_list_rules.code(listing) for listing in ids)
    once = tuple(dict.fromkeys(codes))[: short_list_rules.MAX_LISTINGS]
    assert short_list_rules.read(",".join(codes)) == once
    assert short_list_rules.read(",".join(map(str, ids))) == once
    assert [short_list_rules.code(listing) for listing in short_list_rules.ids(once)] == list(once)


@given(st.text())
def test_any_text_is_read_as_a_short_list(typed: str) -> None:
    codes = short_list_rules.read(typed)
    assert len(codes) <= short_list_rules.MAX_LISTINGS
    assert short_list_rules.read(",".join(codes)) == codes
    assert len(short_list_rules.ids(codes)) == len(codes)


def test_a_full_short_list_takes_no_more() -> None:
    codes = [short_list_rules.code(UUID(int=n)) for n in range(short_list_rules.MAX_LISTINGS)]
    one = short_list_rules.code(UUID(int=99))
    assert short_list_rules.add(codes, one) == tuple(codes)
    assert short_list_rules.add(codes[:2], one) == (*codes[:2], one)
    assert short_list_rules.remove(codes[:2], codes[0]) == (codes[1],)
