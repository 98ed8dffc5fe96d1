"""Time zones to choose from: usual ones first, then cities with their country, by region."""

from __future__ import annotations

import re

import pytest

from circles.base import clock, zone_choices, zones
from tests.cast import Cast
from tests.conftest import OpenBrowser
from tests.helpers import change


def flat(chosen: str = "") -> dict[str, str]:
    options: dict[str, str] = {}
    for first, second in zone_choices.choices(chosen):
        group = [(first, second)] if isinstance(second, str) else second
        for zone, words in group:
            assert zone not in options, f"{zone} can be chosen twice"
            options[zone] = words
    return options


def test_the_usual_zones_are_first_and_the_rest_by_region() -> None:
    labels = [label for label, _ in zone_choices.choices()]
    assert labels[0] == "Often chosen"
    assert labels[-1] == "Other"
    assert labels[1:-1] == sorted(labels[1:-1])
    assert next(iter(flat())) == "America/New_York"
    for _, group in zone_choices.choices()[1:]:
        assert isinstance(group, list)
        assert [words for _, words in group] == sorted(words for _, words in group)


def test_every_choice_is_a_zone_in_words() -> None:
    options = flat()
    assert options.keys() <= clock.zones()
    assert len(set(options.values())) == len(options)
    assert not [words for words in options.values() if "/" in words or "_" in words]
    assert options["Europe/Oslo"] == "Oslo, Norway"
    assert options["America/Indiana/Knox"] == "Knox, Indiana, United States"
    assert options["America/Argentina/Buenos_Aires"] == "Buenos Aires, Argentina"
    assert options["UTC"] == "UTC"


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ("Asia/Calcutta", "Kolkata, India"),  # what some browsers call Asia/Kolkata
        ("Asia/Katmandu", "Kathmandu, Nepal"),
        ("Pacific/Truk", "Chuuk, Micronesia"),
        ("Africa/Asmera", "Asmara, Eritrea"),
        ("America/Coral_Harbour", "Atikokan, Canada"),
        ("US/Pacific", "US Pacific (Los Angeles)"),
    ],
)
def test_a_name_of_old_stays_with_the_words_of_today(chosen: str, words: str) -> None:
    assert flat(chosen)[chosen] == words
    assert sorted(flat(chosen).values()) == sorted(flat().values())


@pytest.mark.parametrize("chosen", ["", "Europe/Oslo", "Mars/Base"])
def test_what_is_no_name_of_old_changes_nothing(chosen: str) -> None:
    assert zone_choices.choices(chosen) == zone_choices.choices()


def test_every_zone_is_a_choice_by_its_name_of_today() -> None:
    assert {zones.current_name(zone) for zone in clock.zones()} == flat().keys()


@pytest.mark.parametrize(
    ("zone", "city"),
    [
        ("Asia/Katmandu", "Kathmandu"),
        ("Asia/Saigon", "Ho Chi Minh"),
        ("Europe/Kiev", "Kyiv"),
        ("US/Eastern", "New York"),
        ("Europe/Oslo", "Oslo"),
        ("UTC", "UTC"),
    ],
)
def test_the_city_of_a_zone_is_called_as_it_is_today(zone: str, city: str) -> None:
    assert clock.city(zone) == city


@pytest.mark.parametrize("path", ["/zone", "/guides/when-to-come", "/host/circles/new", "/me"])
@pytest.mark.parametrize("zone", ["America/Denver", "Europe/Oslo", "Asia/Calcutta", "Asia/Katmandu"])
async def test_every_form_that_asks_for_a_zone_has_this_list(
    cast: Cast, browser: OpenBrowser, path: str, zone: str
) -> None:
    await change(cast.context, "update people set zone = $2 where id = $1", cast.farid, zone)
    async with browser(cast.farid) as page:
        page.cookies.set("zone", zone.replace("/", "%2F"))
        text = (await page.get(path)).text
    (select,) = re.findall(r'<select id="f-zone".*?</select>', text, re.S)
    assert '<optgroup label="Often chosen">' in select
    assert "Oslo, Norway" in select
    assert "Europe, Oslo" not in select
    assert re.findall(r'value="([^"]*)" selected', select) == [zone]
