"""What programs read of public pages: events of schema.org, the card of a link, the addresses of feeds."""

from __future__ import annotations

import json
import re
from datetime import datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from starlette.applications import Starlette

from circles.store.context import Context
from tests.cast import Cast, add_booking
from tests.conftest import OpenBrowser
from tests.helpers import change, value

ORG = "https://schema.org"
NOT_DISCREET = re.compile(r"ketamine|therap|integration|psychedelic|medicine|first steps", re.IGNORECASE)


class Head(HTMLParser):
    """What a program reads of a page: its data, the properties of its card, its alternate links."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.data: list[Any] = []
        self.card: dict[str, str] = {}
        self.alternates: dict[str, str] = {}
        self._in_data = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "script":
            self._in_data = values.get("type") == "application/ld+json"
        if tag == "meta" and values.get("property", "").startswith("og:"):
            self.card[values["property"]] = values["content"]
        if tag == "link" and values.get("rel") == "alternate":
            self.alternates[values["type"]] = values["href"]

    def handle_endtag(self, tag: str) -> None:
        self._in_data = False

    def handle_data(self, data: str) -> None:
        if self._in_data:
            self.data.append(json.loads(data))


async def head_of(browser: OpenBrowser, path: str) -> Head:
    async with browser() as page:
        answer = await page.get(path)
    assert answer.status_code == 200
    return Head(answer.text)


async def test_a_gathering_is_an_event(context: Context, browser: OpenBrowser, cast: Cast) -> None:
    url = f"http://circles.test/gatherings/{cast.gathering}"
    (event,) = (await head_of(browser, f"/gatherings/{cast.gathering}")).data
    starts_at = await value(context, "select starts_at from gatherings where id = $1", cast.gathering)
    assert event["@context"] == ORG
    assert (event["@type"], event["name"], event["url"]) == ("Event", "First steps home", url)
    assert datetime.fromisoformat(event["startDate"]) == starts_at
    assert (datetime.fromisoformat(event["endDate"]) - starts_at).total_seconds() == 90 * 60
    assert event["eventStatus"] == f"{ORG}/EventScheduled"
    assert event["eventAttendanceMode"] == f"{ORG}/OnlineEventAttendanceMode"
    assert event["location"] == {"@type": "VirtualLocation", "url": url}
    assert event["isAccessibleForFree"] is False
    offers = event["offers"]
    assert (offers["@type"], offers["priceCurrency"]) == ("AggregateOffer", "USD")
    assert (float(offers["lowPrice"]), float(offers["highPrice"])) == (30, 80)
    assert offers["availability"] == f"{ORG}/InStock"
    assert "meet.example" not in json.dumps(event)


async def test_a_free_one_in_person_says_its_city_alone(browser: OpenBrowser, cast: Cast) -> None:
    (event,) = (await head_of(browser, f"/gatherings/{cast.free_gathering}")).data
    assert event["eventAttendanceMode"] == f"{ORG}/OfflineEventAttendanceMode"
    assert event["location"]["address"] == {"@type": "PostalAddress", "addressLocality": "Denver"}
    assert event["isAccessibleForFree"] is True
    assert (event["offers"]["@type"], float(event["offers"]["price"])) == ("Offer", 0)
    assert "Elm Street" not in json.dumps(event)


async def test_full_and_canceled_are_said(context: Context, browser: OpenBrowser, cast: Cast) -> None:
    path = f"/gatherings/{cast.gathering}"
    await add_booking(context, cast.gathering, cast.mira)
    await change(
        context, "update gatherings set capacity = 1, community_seats = 1 where id = $1", cast.gathering
    )
    (event,) = (await head_of(browser, path)).data
    assert event["offers"]["availability"] == f"{ORG}/SoldOut"
    await change(
        context,
        "update bookings set state = 'cancelled', ended_at = now(), end_cause = 'by_member'",
    )
    await change(
        context,
        "insert into events (what, about, before, after) "
        "select 'booking.cancelled', id, 'confirmed', 'cancelled' from bookings",
    )
    await change(
        context,
        "update gatherings set state = 'cancelled', cancel_reason = 'Flooded.' where id = $1",
        cast.gathering,
    )
    (event,) = (await head_of(browser, path)).data
    assert event["eventStatus"] == f"{ORG}/EventCancelled"


async def test_no_name_ends_the_script(context: Context, browser: OpenBrowser, cast: Cast) -> None:
    name = "</script><script>alert(1)</script><!-- &amp; \u2028"
    await change(context, "update circles set name = $2 where id = $1", cast.circle, name)
    for path in (f"/gatherings/{cast.gathering}", f"/circles/{cast.circle}"):
        async with browser() as page:
            text = (await page.get(path)).text
        assert "<script>alert" not in text
        (data,) = Head(text).data
        event = data["@graph"][0] if "@graph" in data else data
        assert event["name"].startswith("</script><script>alert(1)</script>")


async def test_a_circle_lists_its_next_events(browser: OpenBrowser, cast: Cast) -> None:
    (data,) = (await head_of(browser, f"/circles/{cast.circle}")).data
    assert [event["url"] for event in data["@graph"]] == [f"http://circles.test/gatherings/{cast.gathering}"]


@pytest.mark.parametrize(
    "path", ["/", "/gatherings", "/guides", "/gatherings/{g}", "/circles/{c}", "/sign-in"]
)
async def test_the_card_of_a_link_is_discreet(
    browser: OpenBrowser, cast: Cast, app: Starlette, path: str
) -> None:
    head = await head_of(browser, path.format(g=cast.gathering, c=cast.circle))
    assert head.card["og:title"].startswith("Tuesday group" if "{" in path else "Circles")
    assert not NOT_DISCREET.search(" ".join(head.card.values()))
    assert "og:image" not in head.card


async def test_pages_name_their_feeds(context: Context, browser: OpenBrowser, cast: Cast) -> None:
    of_circle, everything = f"/circles/{cast.circle}/feed", "/gatherings/feed"
    for path, feed in (
        ("/", everything),
        ("/gatherings", everything),
        (f"/circles/{cast.circle}", of_circle),
        (f"/gatherings/{cast.gathering}", of_circle),
    ):
        alternates = (await head_of(browser, path)).alternates
        assert alternates == {"text/calendar": f"{feed}.ics", "application/atom+xml": f"{feed}.xml"}, path
        for address in alternates.values():
            async with browser() as program:
                assert (await program.get(address)).status_code == 200
    await change(context, "update circles set state = 'paused' where id = $1", cast.circle)
    assert (await head_of(browser, f"/circles/{cast.circle}")).alternates == {}
