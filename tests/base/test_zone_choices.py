"""Time zones to choose from: usual ones first, then cities with their country, by region."""

from __future__ import annotations

import re

import pytest

from circles.base import clock, zone_choices
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
    ("chosen", "first"),
    [
        ("", "Often chosen"),
        ("Europe/Oslo", "Often chosen"),
        ("Asia/Calcutta", "Asia/Calcutta"),  # what some browsers call Asia/Kolkata
        ("US/Pacific", "US/Pacific"),
        ("Mars/Base", "Often chosen"),
    ],
)
def test_another_name_of_a_zone_can_stay(chosen: str, first: str) -> None:
    assert zone_choices.choices(chosen)[0][0] == first
    assert len(flat(chosen)) == len(flat()) + (chosen == first)


@pytest.mark.parametrize("path", ["/zone", "/guides/when-to-come", "/host/circles/new", "/me"])
@pytest.mark.parametrize("zone", ["America/Denver", "Europe/Oslo", "Asia/Calcutta"])
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
