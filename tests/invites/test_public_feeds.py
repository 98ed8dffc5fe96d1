"""Public feeds, read by parsers of others: what they show, what they never show, conditional requests."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from uuid import uuid4

import httpx2
import icalendar
import pytest
import recurring_ical_events
from starlette.applications import Starlette

from circles.invites.public_feeds import queries
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_circle, add_gathering
from tests.conftest import OpenBrowser
from tests.helpers import change, start_in, value

ATOM = "{http://www.w3.org/2005/Atom}"
NEVER = re.compile(r"mira|milo|farid|fern|meet\.example|elm street|circles@example", re.IGNORECASE)


async def fetched(browser: OpenBrowser, path: str, **headers: str) -> httpx2.Response:
    async with browser() as program:
        return await program.get(path, headers=headers)


def events_of(answer: httpx2.Response) -> list[Any]:
    return recurring_ical_events.of(icalendar.Calendar.from_ical(answer.content)).all()


def entries_of(answer: httpx2.Response) -> list[ET.Element]:
    return ET.fromstring(answer.content).findall(f"{ATOM}entry")


@pytest.fixture
async def dates(context: Context, cast: Cast, app: Starlette) -> None:
    """One gathering of each circle is public; a draft, a canceled one, one that is over, and two circles are not."""
    for state, reason in (("draft", ""), ("cancelled", "The room is flooded.")):
        await add_gathering(context, cast.circle, days=20, state=state, cancel_reason=reason)
    await add_gathering(context, cast.circle, days=-3)
    for state in ("draft", "archived"):
        await add_gathering(context, await add_circle(context, cast.farid, state=state), days=5)
    await add_booking(context, cast.gathering, cast.mira)


async def test_the_calendar_of_the_community_has_what_is_ahead(
    browser: OpenBrowser, cast: Cast, dates: None
) -> None:
    answer = await fetched(browser, "/gatherings/feed.ics")
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    calendar = icalendar.Calendar.from_ical(answer.content)
    assert "method" not in calendar
    events = events_of(answer)
    assert {str(event["url"]) for event in events} == {
        f"http://circles.test/gatherings/{one}" for one in (cast.gathering, cast.free_gathering)
    }
    assert [str(event["summary"]) for event in sorted(events, key=lambda one: one.start)] == [
        "Tuesday group",
        "Wednesday group",
    ]
    assert all(event["class"] == "PUBLIC" and "organizer" not in event for event in events)
    assert not NEVER.search(answer.text.replace("\r\n ", ""))
    assert "First steps" not in answer.text


async def test_the_calendar_of_a_circle_follows_its_changes(
    context: Context, browser: OpenBrowser, cast: Cast, dates: None
) -> None:
    path = f"/circles/{cast.circle}/feed.ics"
    (before,) = events_of(await fetched(browser, path))
    await start_in(context, cast.gathering, timedelta(days=9))
    await change(context, "update circles set discreet_name = 'Harbor group' where id = $1", cast.circle)
    (after,) = events_of(await fetched(browser, path))
    assert after["uid"] == before["uid"]
    assert after["sequence"] == before["sequence"] + 2
    assert after["last-modified"].dt > before["last-modified"].dt
    assert after.start == await at(context, cast)
    assert after["summary"] == "Harbor group"


async def at(context: Context, cast: Cast) -> datetime:
    starts_at = await value(context, "select starts_at from gatherings where id = $1", cast.gathering)
    return starts_at.replace(microsecond=0)


@pytest.mark.parametrize("ending", ["ics", "xml"])
async def test_a_circle_that_is_not_published_has_no_feed(
    context: Context, browser: OpenBrowser, cast: Cast, app: Starlette, ending: str
) -> None:
    for state in ("draft", "paused", "archived"):
        await change(context, "update circles set state = $2 where id = $1", cast.circle, state)
        assert (await fetched(browser, f"/circles/{cast.circle}/feed.{ending}")).status_code == 404
    assert (await fetched(browser, f"/circles/{uuid4()}/feed.{ending}")).status_code == 404


async def test_atom_has_what_rfc_4287_requires(browser: OpenBrowser, cast: Cast, dates: None) -> None:
    for path, count in (("/gatherings/feed.xml", 2), (f"/circles/{cast.circle}/feed.xml", 1)):
        answer = await fetched(browser, path)
        assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
        feed = ET.fromstring(answer.content)
        assert feed.tag == f"{ATOM}feed"
        entries = feed.findall(f"{ATOM}entry")
        assert len(entries) == count
        for element in (feed, *entries):  # 4.1.1 and 4.1.2: exactly one of each
            for name in ("id", "title", "updated"):
                (child,) = element.findall(f"{ATOM}{name}")
                assert child.text
            assert datetime.fromisoformat(element.findtext(f"{ATOM}updated") or "").tzinfo
        assert feed.findtext(f"{ATOM}author/{ATOM}name")
        links = {link.get("rel"): link.get("href") for link in feed.findall(f"{ATOM}link")}
        assert links["self"] == f"http://circles.test{path}"
        assert len({entry.findtext(f"{ATOM}id") for entry in entries}) == count
        assert all(entry.find(f"{ATOM}link[@rel='alternate']") is not None for entry in entries)
        assert not NEVER.search(answer.text)


async def test_atom_takes_every_name(context: Context, browser: OpenBrowser, cast: Cast, dates: None) -> None:
    name = "<b>Tea & \"cake\"</b> ]]> 'tonight'"
    await change(context, "update circles set name = $2 where id = $1", cast.circle, name)
    answer = await fetched(browser, f"/circles/{cast.circle}/feed.xml")
    feed = ET.fromstring(answer.content)
    assert feed.findtext(f"{ATOM}title") == name
    (entry,) = entries_of(answer)
    assert (entry.findtext(f"{ATOM}title") or "").startswith(name)


@pytest.mark.parametrize("ending", ["ics", "xml"])
async def test_nothing_is_sent_again_that_did_not_change(
    context: Context, browser: OpenBrowser, cast: Cast, dates: None, ending: str
) -> None:
    for path in (f"/gatherings/feed.{ending}", f"/circles/{cast.circle}/feed.{ending}"):
        await change(context, "update gatherings set public_changed_at = now() - interval '1 day'")
        await change(context, "update circles set public_changed_at = now() - interval '1 day'")
        first = await fetched(browser, path)
        tag, modified = first.headers["etag"], first.headers["last-modified"]
        assert first.headers["cache-control"] == "public, max-age=900"
        for headers in (
            {"If-None-Match": tag},
            {"If-Modified-Since": modified},
            {"If-None-Match": tag, "If-Modified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"},
        ):
            again = await fetched(browser, path, **headers)
            assert (again.status_code, again.content) == (304, b""), headers
        for headers in (
            {"If-None-Match": '"x"', "If-Modified-Since": modified},
            {"If-Modified-Since": "yesterday"},
        ):
            assert (await fetched(browser, path, **headers)).status_code == 200, headers
        # Whatever leaves the feed changes it too.
        await change(
            context,
            "update gatherings set state = 'cancelled', cancel_reason = 'Flooded.' where id = $1",
            cast.gathering,
        )
        later = await fetched(browser, path, **{"If-Modified-Since": modified})
        assert later.status_code == 200
        assert later.headers["etag"] != tag
        await change(
            context, "update gatherings set state = 'open', cancel_reason = '' where id = $1", cast.gathering
        )


async def test_a_gathering_that_begins_leaves_the_feed_and_changes_it(
    context: Context, browser: OpenBrowser, cast: Cast, app: Starlette
) -> None:
    for table in ("gatherings", "circles"):
        await change(context, f"update {table} set public_changed_at = now() - interval '1 day'")
    path = f"/circles/{cast.circle}/feed.ics"
    long_ago = await value(context, "select now() - interval '3 hours'")
    first = await fetched(browser, path)
    assert len(events_of(first)) == 1
    await add_gathering(
        context,
        cast.circle,
        starts_at=long_ago + timedelta(hours=2),
        public_changed_at=long_ago - timedelta(days=1),
    )
    later = await fetched(browser, path)
    first_at, later_at = (parsedate_to_datetime(one.headers["last-modified"]) for one in (first, later))
    assert later_at - first_at > timedelta(hours=20)


async def test_drafts_change_no_public_feed(
    context: Context, browser: OpenBrowser, cast: Cast, dates: None
) -> None:
    draft = await value(context, "select id from circles where state = 'draft'")
    before = {path: await fetched(browser, path) for path in paths_of(cast)}
    await change(context, "update circles set name = 'Another name' where id = $1", draft)
    await change(
        context,
        "update gatherings set length_minutes = 45, ends_at = starts_at + interval '45 minutes' where circle_id = $1",
        draft,
    )
    await change(
        context,
        "update gatherings set length_minutes = 45, ends_at = starts_at + interval '45 minutes' where state = 'draft'",
    )
    await add_gathering(context, draft, days=9)
    await add_gathering(context, cast.circle, days=9, state="draft")
    for path, answer in before.items():
        again = await fetched(browser, path)
        assert again.content == answer.content
        assert again.headers["last-modified"] == answer.headers["last-modified"]
    await change(context, "update circles set state = 'published' where id = $1", draft)
    assert (await fetched(browser, "/gatherings/feed.xml")).content != before["/gatherings/feed.xml"].content


async def test_nobody_who_subscribes_is_busy(browser: OpenBrowser, cast: Cast, dates: None) -> None:
    for event in events_of(await fetched(browser, "/gatherings/feed.ics")):
        assert str(event["transp"]) == "TRANSPARENT"


def paths_of(cast: Cast) -> list[str]:
    return [
        f"{base}/feed.{ending}"
        for base in ("/gatherings", f"/circles/{cast.circle}")
        for ending in ("ics", "xml")
    ]


async def test_a_feed_has_a_largest_size(
    context: Context, browser: OpenBrowser, cast: Cast, app: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MAX_DATES", 2)
    for days in (30, 31):
        await add_gathering(context, cast.circle, days=days)
    answer = await fetched(browser, "/gatherings/feed.ics")
    assert [str(event["url"]).rpartition("/")[2] for event in events_of(answer)] == [
        str(cast.gathering),
        str(cast.free_gathering),
    ]


async def test_a_booking_changes_no_public_feed(
    context: Context, browser: OpenBrowser, cast: Cast, app: Starlette
) -> None:
    before = await fetched(browser, "/gatherings/feed.ics")
    await add_booking(context, cast.gathering, cast.mira)
    after = await fetched(browser, "/gatherings/feed.ics")
    assert (after.content, after.headers["last-modified"]) == (
        before.content,
        before.headers["last-modified"],
    )
