"""The form of a circle: what is read, what is refused, what may change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circles.base import discreet, money
from circles.base.errors import Refused
from circles.base.money import Scale
from circles.hosting.circle import forms as circle_forms
from circles.hosting.circle import rules as circle_rules

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


def reasons_of(**changed: str) -> dict[str, str]:
    """The codes of the refusals of a circle as typed with these changes, by field."""
    with pytest.raises(Refused) as refused:
        circle_forms.read_circle(TYPED | changed)
    return {reason.field: reason.code for reason in refused.value.reasons}


def test_a_whole_circle_is_read() -> None:
    plan = circle_forms.read_circle(TYPED)
    assert plan.scale == Scale(3000, 4500, 8050, "USD")
    assert (plan.capacity, plan.zone, plan.city) == (8, "America/New_York", "")


def test_every_refusal_is_given_at_once() -> None:
    codes = reasons_of(
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
    assert codes == {
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
def test_a_discreet_name_reveals_nothing(name: str) -> None:
    assert reasons_of(discreet_name=name) == {"discreet_name": "not_discreet"}


@pytest.mark.parametrize(
    "name", ["Tuesday group", "Harbor room", "Triple crossing", "Basket makers", "Instrumental"]
)
def test_plain_names_are_discreet(name: str) -> None:
    assert circle_forms.read_circle(TYPED | {"discreet_name": name}).discreet_name == name


def test_the_refusal_names_the_word() -> None:
    assert "“integration”" in discreet.refusals("My Integration group")[0].text


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
def test_names_that_are_refused(typed: str, code: str) -> None:
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


def test_amounts_and_numbers_are_read_as_they_are_typed() -> None:
    plan = circle_forms.read_circle(
        TYPED | {"minimum": "$12,50", "suggested": "４５", "maximum": "80.- ", "capacity": "１０\u200b"}
    )
    assert (plan.minimum, plan.suggested, plan.maximum, plan.capacity) == (1250, 4500, 8000, 10)
    assert circle_forms.read_circle(TYPED | {"currency": "EUR", "minimum": "12 €"}).minimum == 1200
    refused = {"minimum": "amount_currency", "suggested": "amount_ambiguous"}
    assert reasons_of(minimum="12 €", suggested="1.500") == refused


@given(st.tuples(*[st.integers(0, 200_00)] * 3), st.sampled_from(money.CURRENCIES))
def test_a_scale_is_refused_exactly_when_it_is_wrong(amounts: tuple[int, ...], currency: str) -> None:
    minimum, suggested, maximum = amounts
    fine = minimum <= suggested <= maximum and not any(0 < a < money.min_charge(currency) for a in amounts)
    assert (money.scale_refusals(Scale(minimum, suggested, maximum, currency)) == []) is fine


def test_community_seats_fit_the_seats() -> None:
    assert reasons_of(community_seats="9") == {"community_seats": "community_seats"}
    assert reasons_of(minimum="0", suggested="0", maximum="0") == {"community_seats": "community_seats"}


def test_publishing_lists_everything_that_is_missing() -> None:
    online = circle_forms.read_circle(TYPED | {"join_link": ""})
    assert [r.code for r in circle_rules.publish_refusals(online)] == ["no_link"]
    room = circle_forms.read_circle(TYPED | {"place": "in_person"})
    assert [r.code for r in circle_rules.publish_refusals(room)] == ["no_city", "no_address"]
    assert circle_rules.publish_refusals(circle_forms.read_circle(TYPED)) == []


def test_a_circle_with_seats_ahead_keeps_its_place() -> None:
    old = circle_forms.read_circle(TYPED)
    new = circle_forms.read_circle(TYPED | {"place": "in_person", "name": "Other"})
    assert [r.code for r in circle_rules.change_refusals(old, new, 1)] == ["place_moved"]
    assert circle_rules.change_refusals(old, new, 0) == []
    assert circle_rules.differences(old, new) == ["name", "place"]
