"""What a circle and a gathering may be, without a database: plans, discreet names, scales, terms, filters."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circles import guidelines
from circles.base import money, reading
from circles.base.errors import Refused
from circles.base.money import Scale
from circles.gatherings import cards, filters, rules
from circles.gatherings.cards import Card, card_html
from circles.gatherings.filters import Filters
from circles.guidelines import texts as guideline_texts
from circles.hosting.circle import forms as circle_forms
from circles.hosting.circle import rules as circle_rules
from circles.hosting.schedule import forms as schedule_forms

TYPED = {
    "name": "First steps home",
    "discreet_name": "Tuesday group",
    "purpose": "For the weeks after.",
    "format": "facilitated",
    "place": "online",
    "join_link": "https://meet.example.org/tuesday",
    "zone": "America/New_York",
    "capacity": "8",
    "length_minutes": "90",
    "currency": "USD",
    "minimum": "30",
    "suggested": "45",
    "maximum": "80.50",
    "community_seats": "1",
    "refund_hours": "48",
    "late_refund_percent": "50",
    "guidelines": "What is said in the circle stays in the circle. Everybody may pass.",
}
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
FREE = Scale(0, 0, 0, "USD")
PAID = Scale(3000, 4500, 8000, "USD")


def reasons_of(**changed: str) -> dict[str, str]:
    """The codes of the refusals of a circle as typed with these changes, by field."""
    with pytest.raises(Refused) as refused:
        circle_forms.read_circle(TYPED | changed)
    return {reason.field: reason.code for reason in refused.value.reasons}


# Circles


def test_a_whole_circle_is_read() -> None:
    plan = circle_forms.read_circle(TYPED)
    assert plan.scale == Scale(3000, 4500, 8050, "USD")
    assert (plan.capacity, plan.zone, plan.city) == (8, "America/New_York", "")


def test_every_fault_is_said_at_once() -> None:
    found = reasons_of(
        name="",
        discreet_name="Two\nlines",
        format="party",
        zone="Mars/Base",
        capacity="25",
        length_minutes="ten",
        minimum="-5",
        join_link="http://meet.example.org",
        refund_hours="721",
        late_refund_percent="101",
        guidelines="ok",
    )
    assert found == {
        "name": "missing",
        "discreet_name": "line_break",
        "format": "unknown_choice",
        "zone": "zone",
        "capacity": "number",
        "length_minutes": "number",
        "minimum": "amount_unreadable",
        "join_link": "link",
        "refund_hours": "number",
        "late_refund_percent": "number",
        "guidelines": "too_short",
    }


def test_an_empty_form_is_refused_and_nothing_breaks() -> None:
    with pytest.raises(Refused) as refused:
        circle_forms.read_circle({})
    fields = {reason.field for reason in refused.value.reasons}
    assert {"name", "discreet_name", "purpose", "format", "place", "zone", "minimum", "guidelines"} <= fields


@pytest.mark.parametrize(
    "name",
    [
        "Ketamine group",
        "The KAP-ketamine night",
        "Psychedelic Tuesdays",
        "Group therapy",
        "Integration circle",
        "plant medicine people",
        "Mushroom friends",
        "After the trip",
        "MDMA",
        "LSD Sunday",
        "ayahuasca",
        "Ｋｅｔａｍｉｎｅ",
        "psilocybin",
    ],
)
def test_a_discreet_name_outs_nobody(name: str) -> None:
    assert reasons_of(discreet_name=name) == {"discreet_name": "not_discreet"}


@pytest.mark.parametrize(
    "name", ["Tuesday group", "Harbor room", "Triple crossing", "Basket makers", "Instrumental"]
)
def test_plain_names_are_discreet(name: str) -> None:
    assert circle_forms.read_circle(TYPED | {"discreet_name": name}).discreet_name == name


def test_the_refusal_names_the_word() -> None:
    assert "“integration”" in circle_rules.discreet_refusals("My Integration group")[0].text


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Ana\u202eevil", "Anaevil"),
        ("  Wren   and\tBo ", "Wren and Bo"),
        ("Circle \U0001f319", "Circle \U0001f319"),
        ("Cafe\u0301", "Café"),
    ],
)
def test_names_are_tidied(typed: str, stored: str) -> None:
    assert circle_forms.read_circle(TYPED | {"name": typed}).name == stored


@pytest.mark.parametrize(
    ("typed", "code"), [("A\x00B", "bad_character"), ("A\nB", "line_break"), ("x" * 81, "too_long")]
)
def test_names_that_cannot_stand(typed: str, code: str) -> None:
    assert reasons_of(name=typed) == {"name": code}


@pytest.mark.parametrize(
    "link",
    [
        "https://",
        "https://meet",
        "javascript:alert(1)",
        "https://a b.org",
        "https://u:p@meet.org",
        "https://[x",
    ],
)
def test_links_that_cannot_be_joined(link: str) -> None:
    assert reasons_of(join_link=link) == {"join_link": "link"}


def test_a_card_cannot_be_charged_pennies() -> None:
    assert reasons_of(minimum="0.49") == {"minimum": "too_small_to_charge"}
    assert circle_forms.read_circle(TYPED | {"minimum": "0.50"}).minimum == 50
    assert circle_forms.read_circle(TYPED | {"minimum": "0"}).minimum == 0


@given(st.tuples(*[st.integers(0, 200_00)] * 3), st.sampled_from(circle_rules.CURRENCIES))
def test_a_scale_is_refused_exactly_when_it_is_wrong(amounts: tuple[int, ...], currency: str) -> None:
    minimum, suggested, maximum = amounts
    fine = minimum <= suggested <= maximum and not any(0 < a < money.min_charge(currency) for a in amounts)
    assert (circle_rules.scale_refusals(Scale(minimum, suggested, maximum, currency)) == []) is fine


def test_community_seats_fit_the_room() -> None:
    assert reasons_of(community_seats="9") == {"community_seats": "community_seats"}
    assert reasons_of(minimum="0", suggested="0", maximum="0") == {"community_seats": "community_seats"}


def test_publishing_needs_a_place_and_says_all_of_it() -> None:
    online = circle_forms.read_circle(TYPED | {"join_link": ""})
    assert [r.code for r in circle_rules.publish_refusals(online)] == ["no_link"]
    room = circle_forms.read_circle(TYPED | {"place": "in_person"})
    assert [r.code for r in circle_rules.publish_refusals(room)] == ["no_city", "no_address"]
    assert circle_rules.publish_refusals(circle_forms.read_circle(TYPED)) == []


def test_a_circle_does_not_move_under_people_with_seats() -> None:
    old = circle_forms.read_circle(TYPED)
    new = circle_forms.read_circle(TYPED | {"place": "in_person", "name": "Other"})
    assert [r.code for r in circle_rules.change_refusals(old, new, 1)] == ["place_moved"]
    assert circle_rules.change_refusals(old, new, 0) == []
    assert circle_rules.differences(old, new) == ["name", "place"]


@pytest.mark.parametrize("place", sorted(rules.PLACES))
@pytest.mark.parametrize("format_", sorted(rules.FORMATS))
def test_every_format_has_a_starting_text_that_says_what_matters(format_: str, place: str) -> None:
    body = guidelines.read_text(guideline_texts.STARTING_TEXTS[format_, place]).casefold()
    for word in (
        "stays in the circle",
        "pass",
        "advice",
        "sells",
        "clear-headed",
        "while a medicine still acts",
        "own experience",
        "touch",
        "on time",
        "records",
        "hard",
        "if it is about the",
        "988",
        "organizers",
    ):
        assert word in body, word
    assert "{" not in body
    assert ("drive" in body) is (place == "in_person")
    assert ("screen" in body) is (place == "online")


# Gatherings


def gathering(**changed: str) -> dict[str, str]:
    return {
        "date": "2026-03-10",
        "time": "18:00",
        "length_minutes": "90",
        "capacity": "8",
        "community_seats": "1",
    } | changed


def refusals(zone: str = "America/New_York", scale: Scale = PAID, **changed: str) -> dict[str, str]:
    with pytest.raises(Refused) as refused:
        schedule_forms.read_gathering(gathering(**changed), zone, scale, NOW)
    return {reason.field: reason.code for reason in refused.value.reasons}


def test_a_gathering_is_read_in_its_circles_zone() -> None:
    plan = schedule_forms.read_gathering(gathering(), "America/New_York", PAID, NOW)
    assert plan.start.utc == datetime(2026, 3, 10, 22, 0, tzinfo=UTC)
    assert plan.ends_at - plan.start.utc == timedelta(minutes=90)


@pytest.mark.parametrize("length", ["0", "-90"])
def test_a_gathering_ends_after_it_starts(length: str) -> None:
    assert refusals(length_minutes=length) == {"length_minutes": "ends_before_start"}


def test_what_has_passed_cannot_be_planned() -> None:
    assert refusals(date="2026-02-27", capacity="0") == {"date": "past", "capacity": "number"}


def test_a_skipped_time_is_refused_with_the_next_one() -> None:
    with pytest.raises(Refused) as refused:
        schedule_forms.read_gathering(
            gathering(date="2026-03-08", time="02:30"), "America/New_York", PAID, NOW
        )
    assert "03:30" in refused.value.reasons[0].text


def test_a_doubled_time_takes_the_first() -> None:
    plan = schedule_forms.read_gathering(
        gathering(date="2026-11-01", time="01:30"), "America/New_York", PAID, NOW
    )
    assert (plan.start.oddity, plan.start.utc.hour) == ("doubled", 5)


def test_no_community_seats_where_all_are_free() -> None:
    assert refusals(scale=FREE) == {"community_seats": "community_seats"}


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
def test_terms_are_said_in_words_that_fit_them(hours: int, percent: int) -> None:
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
    page=st.integers(1, 40),
)


@given(some_filters)
def test_filters_come_back_from_their_own_address(wanted: Filters) -> None:
    query = urlsplit(wanted.url(wanted.page)).query
    found, reasons = filters.parse(reading.join_fields(parse_qsl(query)))
    assert reasons == []
    assert found == wanted


@given(
    st.dictionaries(
        st.sampled_from(["where", "format", "day", "part", "from", "to", "means", "seats", "page"]), st.text()
    )
)
def test_no_address_breaks_the_filters(values: dict[str, str]) -> None:
    found, reasons = filters.parse(values)
    assert found.page >= 1
    assert {reason.field for reason in reasons} <= set(values)
    assert found.arguments()["offset"] >= 0


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
def test_a_filter_that_cannot_be_read_is_left_out_and_said(name: str, typed: str) -> None:
    found, reasons = filters.parse({name: typed, "seats": "on"})
    assert [reason.field for reason in reasons] == [name]
    assert reasons[0].text.endswith("This filter was left out.")
    assert found.seats
    assert found.count == (2 if name == "day" else 1)


def test_dates_that_cross_are_said() -> None:
    found, reasons = filters.parse({"from": "2026-05-02", "to": "2026-05-01"})
    assert (found.after, found.until) == (date(2026, 5, 2), None)
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


def test_cards_stand_under_the_visitors_days() -> None:
    late = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)  # still the 10th in New York
    early = datetime(2026, 3, 11, 1, 0, tzinfo=UTC)  # the 11th in Berlin
    mixed = [a_card(1, early, "Europe/Berlin"), a_card(2, late)]
    assert [day.date.day for day in cards.by_day(mixed, "")] == [10, 11]
    assert [(day.date.day, len(day.cards)) for day in cards.by_day(mixed, "Europe/Berlin")] == [(11, 2)]


def test_a_card_is_rendered_anew_only_when_it_shows_something_else() -> None:
    at = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)
    first = card_html(a_card(3, at), "")
    assert card_html(a_card(3, at), "") is first
    assert "4 of 8 seats taken" in card_html(a_card(3, at, seats_taken=4), "")
    assert "for you" in card_html(a_card(3, at), "Europe/Berlin")


def test_a_card_says_who_holds_it_and_makes_names_harmless() -> None:
    at = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)
    html = card_html(
        a_card(4, at, host_names=("Ann", "Bo", "<b>Cy</b>"), circle_name="<script>x</script>"), ""
    )
    assert "with Ann, Bo and &lt;b&gt;Cy" in html
    assert "<script>" not in html


def test_a_community_seat_needs_a_free_seat() -> None:
    at = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)
    assert a_card(5, at, seats_taken=8).community_left == 0
    assert a_card(5, at, seats_taken=7).community_left == 1
