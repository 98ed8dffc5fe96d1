"""The guides over HTTP: what fits a medicine session, the calendar, and that not a word of it stays anywhere."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import icalendar
import pytest
import structlog.testing
import vobject
from starlette.applications import Starlette

from circles.base import clock
from circles.base.settings import CrisisLine
from circles.guides import texts
from circles.store.context import Context
from circles.web import errors
from tests.cast import Cast, add_booking, add_gathering
from tests.conftest import Browser, OpenBrowser
from tests.helpers import missing

WHEN = "/guides/when-to-come"
NEW_YORK = ZoneInfo("America/New_York")
HOUR = timedelta(hours=1)


def in_hours(hours: float) -> datetime:
    """A whole minute so many hours from now."""
    return (datetime.now(UTC) + hours * HOUR).replace(second=0, microsecond=0)


def form_fields(ends: datetime, *, zone: str = "America/Phoenix", **more: Any) -> dict[str, Any]:
    """The form for a session that ends then, as the clocks show it there; those of Phoenix never change."""
    wall = ends.astimezone(ZoneInfo(zone))
    given = {
        "date": f"{wall:%Y-%m-%d}",
        "time": f"{wall:%H:%M}",
        "zone": zone,
        "stage": "induction",
        "come": ["online", "in_person"],
    }
    return {name: value for name, value in (given | more).items() if value is not None}


def shown(text: str) -> tuple[list[str], list[str]]:
    """The gatherings in the window, and those of the rhythm."""
    return parts(text)[0], cards_in(text.partition('id="rhythm"')[2])


def cards_in(html: str) -> list[str]:
    return re.findall(r'class="gathering-name"><a href="/gatherings/([0-9a-f-]+)"', html)


def parts(text: str) -> tuple[list[str], list[str], list[str]]:
    """The gatherings in the window, those of the days after, and the next ones there are where both are empty."""
    week = text.partition('id="rhythm"')[0]
    week, _, later = week.partition('id="later"')
    first, _, after = week.partition('id="week"')
    return cards_in(first), cards_in(after), cards_in(later)


async def find(page: Browser, ends: datetime, **more: Any) -> list[str]:
    answer = await page.post(WHEN, data=form_fields(ends, **more))
    assert answer.status_code == 200
    return shown(answer.text)[0]


def picked(text: str) -> list[str]:
    """What is ticked for the calendar."""
    boxes = re.findall(r'<input type="checkbox" id="f-pick[^>]*>', text)
    return [re.findall(r'value="([^"]*)"', box)[0] for box in boxes if " checked" in box]


def events(body: bytes) -> list[Any]:
    """The dates of a calendar, as icalendar reads them."""
    return list(icalendar.Calendar.from_ical(body).events)


# The texts


async def test_every_page_and_every_link_works(browser: OpenBrowser, cast: Cast) -> None:
    async with browser() as page:
        listed = (await page.get("/guides")).text
        slugs = [entry.slug for _, entries in texts.contents() for entry in entries]
        links = set()
        for slug in slugs:
            assert f'href="/guides/{slug}"' in listed
            answer = await page.get(f"/guides/{slug}")
            assert answer.status_code == 200, slug
            assert answer.text.count("<h1") == 1
            links |= set(re.findall(r'href="(/[^"?#]*)"', answer.text.partition("<main")[2]))
        for href in links:
            assert (await page.get(href)).status_code == 200, href


async def test_a_guide_has_one_next_step(browser: OpenBrowser, cast: Cast) -> None:
    async with browser() as page:
        for slug in texts.guides():
            main = (await page.get(f"/guides/{slug}")).text.partition("<main")[2].partition("</main>")[0]
            assert main.count("button-primary") == 1, slug


async def test_an_unknown_guide_is_not_found(browser: OpenBrowser, cast: Cast) -> None:
    async with browser() as page:
        for slug in ("README", "nothing", "10-what-integration-is", "..%2f..%2fapp"):
            assert (await page.get(f"/guides/{slug}")).status_code == 404


async def test_the_texts_need_no_query(browser: OpenBrowser, cast: Cast, queries: list[str]) -> None:
    async with browser() as page:
        queries.clear()
        for path in ("/guides", "/guides/in-a-crisis", "/guides/preparing", "/guides/reflection", WHEN):
            assert (await page.get(path)).status_code == 200
        assert queries == []


async def test_in_a_crisis_the_communitys_own_lines_come_first(
    app: Starlette, browser: OpenBrowser, context: Context, cast: Cast
) -> None:
    own = [
        CrisisLine(name="Telefonseelsorge", how="Call 0800", href="tel:0800"),
        CrisisLine(name="Here", how="Ring"),
    ]
    async with browser() as page:
        usual = (await page.get("/guides/in-a-crisis")).text.partition("<main")[2].partition("</main>")[0]
        assert not missing(
            usual, 'href="tel:988"', "Call 911", "findahelpline.com", "Say what you took and when"
        )
        assert usual.count("findahelpline.com") == 2  # a link and its words: the settings name it already
        app.state.context = Context(context.settings.model_copy(update={"crisis_lines": own}), context.db)
        main = (await page.get("/guides/in-a-crisis")).text.partition("<main")[2].partition("</main>")[0]
        assert main.index("Telefonseelsorge") < main.index("When you call")
        assert not missing(
            main, 'href="tel:0800"', "Ring", 'href="https://findahelpline.com" rel="noopener noreferrer"'
        )
        assert "988" not in main


# The window


async def test_what_begins_24_to_72_hours_after_is_shown_and_nothing_else(
    browser: OpenBrowser, context: Context, cast: Cast
) -> None:
    ends = in_hours(10)
    after = {
        hours: await add_gathering(context, cast.circle, starts_at=ends + hours * HOUR)
        for hours in (-2, 1, 23.9, 24, 48, 72, 72.1)
    }
    async with browser() as page:
        assert await find(page, ends) == [str(after[24]), str(after[48]), str(after[72])]


async def test_in_person_and_driving(browser: OpenBrowser, context: Context, cast: Cast) -> None:
    ends = in_hours(10)
    online = await add_gathering(context, cast.circle, starts_at=ends + 24.5 * HOUR)
    soon = await add_gathering(context, cast.other_circle, starts_at=ends + 24.5 * HOUR)
    later = await add_gathering(context, cast.other_circle, starts_at=ends + 25 * HOUR)
    async with browser() as page:
        assert set(await find(page, ends)) == {str(online), str(soon), str(later)}
        assert set(await find(page, ends, drives="on")) == {str(online), str(later)}
        assert await find(page, ends, come="online", drives="on") == [str(online)]
        assert await find(page, ends, come="in_person") == [str(soon), str(later)]


def midnight(day: date, zone: str) -> datetime:
    """When a day begins on the clocks of a zone, in UTC."""
    return clock.moment(datetime.combine(day, datetime.min.time()), zone).utc


async def test_nobody_drives_on_the_very_day_even_when_it_has_25_hours(
    browser: OpenBrowser, context: Context, cast: Cast
) -> None:
    # The next day of 25 hours, north or south, whichever date this is: it is never a year ahead, which is too far.
    today = datetime.now(NEW_YORK).date()
    zone, begins = next(
        (zone, begins)
        for days, zone in product(range(2, 366), ("America/New_York", "Australia/Sydney"))
        if midnight(today + timedelta(days=days + 1), zone)
        - (begins := midnight(today + timedelta(days=days), zone))
        == 25 * HOUR
    )
    ends = begins + timedelta(minutes=10)
    same_day = await add_gathering(context, cast.other_circle, starts_at=ends + 24.5 * HOUR)
    next_day = await add_gathering(context, cast.other_circle, starts_at=ends + 26 * HOUR)
    async with browser() as page:
        here = {"zone": zone}
        assert set(await find(page, ends, **here)) == {str(same_day), str(next_day)}
        assert await find(page, ends, drives="on", **here) == [str(next_day)]


async def test_only_what_can_be_booked_is_shown(browser: OpenBrowser, context: Context, cast: Cast) -> None:
    ends, at = in_hours(1), in_hours(31)
    full = await add_gathering(context, cast.circle, starts_at=at, capacity=1)
    await add_booking(context, full, cast.mira)
    await add_gathering(context, cast.circle, starts_at=at + HOUR, state="cancelled", cancel_reason="Ill.")
    await add_gathering(context, cast.circle, starts_at=at + 2 * HOUR, state="draft")
    async with browser() as page:
        assert await find(page, ends) == []
        text = (await page.post(WHEN, data=form_fields(ends))).text
        assert "No gathering with a free seat that suits you" in text


async def test_a_city_may_be_named(browser: OpenBrowser, context: Context, cast: Cast) -> None:
    ends = in_hours(1)
    denver = await add_gathering(context, cast.other_circle, starts_at=ends + 30 * HOUR)
    online = await add_gathering(context, cast.circle, starts_at=ends + 31 * HOUR)
    async with browser() as page:
        assert await find(page, ends, city="denv") == [str(denver), str(online)]
        assert await find(page, ends, city="Austin") == [str(online)]
        assert await find(page, ends, city="%") == [str(online)]


async def test_while_the_window_is_open_what_has_begun_is_left_out(
    browser: OpenBrowser, context: Context, cast: Cast
) -> None:
    ends = in_hours(-40)
    await add_gathering(context, cast.circle, starts_at=ends + 30 * HOUR)
    ahead = await add_gathering(context, cast.circle, starts_at=ends + 60 * HOUR)
    async with browser() as page:
        answer = await page.post(WHEN, data=form_fields(ends))
        assert shown(answer.text)[0] == [str(ahead)]
        assert "Now is a good time" in answer.text


async def test_a_session_long_ago_is_no_reproach(browser: OpenBrowser, context: Context, cast: Cast) -> None:
    coming = await add_gathering(context, cast.circle, starts_at=in_hours(50))
    async with browser() as page:
        for ends in (in_hours(-72.1), in_hours(-24 * 400)):
            answer = await page.post(WHEN, data=form_fields(ends))
            assert "Circles still help weeks and months later" in answer.text
            assert parts(answer.text)[1][0] == str(coming)


async def test_planning_a_session_weeks_away(browser: OpenBrowser, context: Context, cast: Cast) -> None:
    ends = in_hours(24 * 30)
    fits = await add_gathering(context, cast.circle, starts_at=ends + 40 * HOUR)
    async with browser() as page:
        answer = await page.post(WHEN, data=form_fields(ends))
        assert shown(answer.text)[0] == [str(fits)]
        assert "Until then, rest." in answer.text


async def test_the_coming_week_is_always_shown_with_the_window_marked(
    browser: OpenBrowser, context: Context, cast: Cast
) -> None:
    """After a session yesterday, with seats three and four days from now alone, the page is not empty."""
    ends = in_hours(-24)
    third = await add_gathering(context, cast.circle, starts_at=in_hours(73))
    fourth = await add_gathering(context, cast.circle, starts_at=in_hours(97))
    await add_gathering(context, cast.circle, starts_at=in_hours(24 * 9))
    async with browser() as page:
        answer = await page.post(WHEN, data=form_fields(ends))
        window, week, _ = parts(answer.text)
        # That of the cast, seven days ahead in the evening, is within the week by the hour of the day.
        assert (window, week[:2]) == ([], [str(third), str(fourth)])
        assert "Those of the days after help as well." in answer.text
        within = await add_gathering(context, cast.circle, starts_at=in_hours(20))
        answer = await page.post(WHEN, data=form_fields(ends))
        window, week, _ = parts(answer.text)
        assert (window, week[:2]) == ([str(within)], [str(third), str(fourth)])


async def test_where_the_week_has_none_the_next_ones_are_shown(
    browser: OpenBrowser, context: Context, cast: Cast
) -> None:
    async with context.db.transaction() as tx:
        await tx.execute("update gatherings set state = 'draft'")
    far = [await add_gathering(context, cast.circle, starts_at=in_hours(24 * days)) for days in (30, 31)]
    async with browser() as page:
        for ends in (in_hours(-24), in_hours(2), in_hours(-24 * 30)):
            answer = await page.post(WHEN, data=form_fields(ends))
            assert parts(answer.text) == ([], [], [str(gathering) for gathering in far])
            assert str(far[0]) in picked(answer.text)
        nowhere = await page.post(WHEN, data=form_fields(in_hours(-24), come="in_person", city="Nowhere"))
        assert "Nothing that suits you is planned yet" in nowhere.text


async def test_nothing_within_the_rest_is_shown_in_any_part(
    browser: OpenBrowser, context: Context, cast: Cast
) -> None:
    ends = in_hours(-1)
    too_early = await add_gathering(context, cast.circle, starts_at=ends + 23 * HOUR)
    async with browser() as page:
        assert str(too_early) not in (await page.post(WHEN, data=form_fields(ends))).text


@pytest.mark.parametrize("stage", [None, "", "single"])
async def test_the_stage_may_be_left_out_and_a_single_session_is_one(
    stage: str | None, browser: OpenBrowser, context: Context, cast: Cast
) -> None:
    await add_gathering(context, cast.circle, starts_at=in_hours(40))
    async with browser() as page:
        assert "A single session" in (await page.get(WHEN)).text
        answer = await page.post(WHEN, data=form_fields(in_hours(1), stage=stage))
        assert answer.status_code == 200
        assert "Then every week, for as long as it helps" in answer.text


async def test_without_a_choice_the_zone_is_that_of_the_browser(
    browser: OpenBrowser, context: Context, cast: Cast
) -> None:
    await add_gathering(context, cast.circle, starts_at=in_hours(40))
    async with browser() as page:
        fields = form_fields(in_hours(1), zone="Europe/Berlin") | {"zone": ""}
        assert (await page.post(WHEN, data=fields)).status_code == 422
        page.cookies.set("zone", "Europe%2FBerlin", domain="circles.test")
        answer = await page.post(WHEN, data=fields)
        assert answer.status_code == 200
        assert 'value="Europe/Berlin" selected' in answer.text


# The rhythm


@pytest.mark.parametrize(("stage", "weeks", "times"), [("induction", 1, 6), ("early", 2, 5), ("later", 4, 3)])
async def test_each_date_of_the_rhythm_has_the_nearest_gathering(
    stage: str, weeks: int, times: int, browser: OpenBrowser, context: Context, cast: Cast
) -> None:
    ends = in_hours(5)
    first = ends + 30 * HOUR
    week = [
        await add_gathering(context, cast.circle, starts_at=first + timedelta(weeks=number))
        for number in range(14)
    ]
    await add_gathering(context, cast.circle, starts_at=first + timedelta(weeks=weeks, days=1))
    async with browser() as page:
        answer = await page.post(WHEN, data=form_fields(ends, stage=stage))
        due = [str(week[weeks * number]) for number in range(1, times + 1)]
        assert shown(answer.text) == ([str(week[0])], due)
        assert picked(answer.text) == [str(week[0]), *due]


async def test_a_calendar_of_dates_without_gatherings(
    browser: OpenBrowser, context: Context, cast: Cast
) -> None:
    ends = in_hours(24 * 60)
    async with browser() as page:
        answer = await page.post(WHEN, data=form_fields(ends, stage="later"))
        assert answer.text.count("Nothing that suits you is planned near this day") == 3
        dates = picked(answer.text)
        assert len(dates) == 3
        file = await page.post(f"{WHEN}/calendar", data=form_fields(ends) | {"pick": dates})
        entries = events(file.content)
        assert {str(event["summary"]) for event in entries} == {"Look for a group"}
        assert [event["dtstart"].dt for event in entries] == [datetime.fromisoformat(day) for day in dates]


# The form


async def test_an_invalid_form_is_refused_and_kept(browser: OpenBrowser, cast: Cast) -> None:
    async with browser() as page:
        answer = await page.post(WHEN, data={"date": "2027-03-10", "time": "later", "city": "Denver"})
        assert answer.status_code == 422
        assert not missing(
            answer.text,
            'value="2027-03-10"',
            'value="Denver"',
            "Please give a time such as 18:00.",
            "Please choose a time zone from the list.",
            "Please choose online, in person, or both.",
        )
        assert answer.headers["cache-control"] == "no-store"


async def test_the_zone_is_the_visitors_own(browser: OpenBrowser, context: Context, cast: Cast) -> None:
    async with browser() as page:
        assert 'value="" selected' in (await page.get(WHEN)).text
        page.cookies.set("zone", "America%2FDenver", domain="circles.test")
        assert 'value="America/Denver" selected' in (await page.get(WHEN)).text
    async with context.db.transaction() as tx:
        await tx.execute("update people set zone = 'Europe/Berlin' where id = $1", cast.mira)
    async with browser(cast.mira) as page:
        assert 'value="Europe/Berlin" selected' in (await page.get(WHEN)).text


@pytest.mark.parametrize("who", ["", "mira"])
async def test_at_most_three_queries(
    who: str, browser: OpenBrowser, context: Context, cast: Cast, queries: list[str]
) -> None:
    for hours in range(26, 70, 4):
        await add_gathering(context, cast.circle, starts_at=in_hours(hours))
    async with browser(getattr(cast, who) if who else None) as page:
        warm = await page.post(WHEN, data=form_fields(in_hours(1)))  # the connection learns its types, once
        await page.post(f"{WHEN}/calendar", data={"pick": picked(warm.text)})
        queries.clear()
        answer = await page.post(WHEN, data=form_fields(in_hours(1)))
        assert len(queries) == (3 if who else 2), queries
        queries.clear()
        assert (await page.post(f"{WHEN}/calendar", data={"pick": picked(answer.text)})).status_code == 200
        assert len(queries) == (2 if who else 1), queries


# The calendar


async def test_the_calendar_holds_only_the_picks(browser: OpenBrowser, context: Context, cast: Cast) -> None:
    ends = in_hours(5)
    first = await add_gathering(context, cast.circle, starts_at=ends + 30 * HOUR)
    other = await add_gathering(context, cast.other_circle, starts_at=ends + 31 * HOUR)
    data = form_fields(ends) | {"pick": [str(first), str(other), str(first), "nonsense", str(uuid4())]}
    async with browser() as page:
        file = await page.post(f"{WHEN}/calendar", data=data)
        again = await page.post(f"{WHEN}/calendar", data=data)
    assert file.headers["content-type"] == "text/calendar; charset=utf-8"
    assert file.headers["cache-control"] == "no-store"
    assert 'filename="dates.ics"' in file.headers["content-disposition"]
    assert b"METHOD:PUBLISH" in file.content
    entries = events(file.content)
    assert [str(event["summary"]) for event in entries] == ["Tuesday group", "Wednesday group"]
    assert [event["dtstart"].dt for event in entries] == [ends + 30 * HOUR, ends + 31 * HOUR]
    for event, id in zip(entries, (first, other), strict=True):
        assert str(event["status"]) == "TENTATIVE"
        assert "attendee" not in event
        assert f"http://circles.test/gatherings/{id}" in str(event["description"])
    uids = [str(event["uid"]) for event in entries]
    assert uids == [str(event["uid"]) for event in events(again.content)]
    assert all(str(first) not in uid and uid.endswith("@circles.test") for uid in uids)
    read = vobject.readOne(file.text)
    assert [entry.summary.value for entry in read.vevent_list] == ["Tuesday group", "Wednesday group"]
    assert not re.search(
        r"ketamin|therap|integrat|medicine|First steps", file.text.replace("\r\n ", ""), re.I
    )


async def test_suggested_dates_replace_no_invite(browser: OpenBrowser, context: Context, cast: Cast) -> None:
    booking = await add_booking(context, cast.gathering, cast.mira)
    async with browser(cast.mira) as page:
        file = await page.post(f"{WHEN}/calendar", data={"pick": str(cast.gathering)})
        invite = await page.get(f"/bookings/{booking}/invite.ics")
    uids = [events(answer.content)[0]["uid"] for answer in (file, invite)]
    assert uids[0] != uids[1]


async def test_a_calendar_needs_a_date(browser: OpenBrowser, context: Context, cast: Cast) -> None:
    past = await add_gathering(context, cast.circle, starts_at=in_hours(-3))
    off = await add_gathering(context, cast.circle, days=9, state="cancelled", cancel_reason="Ill.")
    async with browser() as page:
        for pick in (
            None,
            "",
            [str(past), str(off)],
            "2020-01-01T00:00:00+00:00",
            "0001-01-01T00:00:00+23:00",
        ):
            answer = await page.post(f"{WHEN}/calendar", data=form_fields(in_hours(2), pick=pick))
            assert answer.status_code == 422
            assert answer.text.count("Please choose one date or more that is still ahead.") >= 1
            assert "The best time for you" in answer.text
            assert answer.headers["cache-control"] == "no-store"
        assert (await page.post(f"{WHEN}/calendar", data={})).status_code == 422
        assert (await page.get(f"{WHEN}/calendar")).status_code in (404, 405)


# Nothing of it stays


async def everything(context: Context) -> dict[str, list[str]]:
    """Every row of every table, as text."""
    async with context.db.reading() as tx:
        names = await tx.fetch(
            "select format('%I.%I', schemaname, tablename) as name from pg_tables "
            "where schemaname not in ('pg_catalog', 'information_schema')"
        )
        return {
            row["name"]: sorted(
                record[0] for record in await tx.fetch(f"select t::text from {row['name']} as t")
            )
            for row in names
        }


@pytest.mark.parametrize("who", ["", "mira"])
async def test_nothing_is_written_anywhere(
    who: str, browser: OpenBrowser, context: Context, cast: Cast, capfd: pytest.CaptureFixture[str]
) -> None:
    await add_gathering(context, cast.circle, starts_at=in_hours(40))
    data = form_fields(in_hours(1), city="Zanesville")
    async with browser(getattr(cast, who) if who else None) as page:
        await page.get("/guides")  # a sign-in may note that it was used, once
        before, cookies = await everything(context), dict(page.cookies)
        assert len(before) > 20
        with structlog.testing.capture_logs() as logs:
            answers = [await page.get(WHEN), await page.post(WHEN, data=data)]
            answers.append(await page.post(f"{WHEN}/calendar", data=data | {"pick": picked(answers[1].text)}))
            answers.append(await page.post(WHEN, data=data | {"time": "25:61"}))
        assert await everything(context) == before
        assert dict(page.cookies) == cookies
    assert [answer.status_code for answer in answers] == [200, 200, 200, 422]
    assert logs == []
    assert capfd.readouterr() == ("", "")
    for answer in answers:
        assert "set-cookie" not in answer.headers
        assert "location" not in answer.headers
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"


async def test_no_url_holds_answers_and_none_is_read(browser: OpenBrowser, cast: Cast) -> None:
    data = form_fields(in_hours(1), city="Zanesville")
    async with browser() as page:
        text = (await page.post(WHEN, data=data)).text
        for href in re.findall(r'(?:href|action|formaction|hx-[a-z-]+|src)="([^"]*)"', text):
            assert data["date"] not in href
            assert "Zanesville" not in href
        forms = re.findall(r"<form[^>]*>", text.partition("<main")[2])
        assert len(forms) == 2
        assert all('method="post"' in form and 'autocomplete="off"' in form for form in forms)
        ignored = (await page.get(WHEN, params={"date": "2027-03-10", "city": "Zanesville"})).text
        assert "2027-03-10" not in ignored
        assert "Zanesville" not in ignored


async def test_a_fault_logs_no_answers(
    browser: OpenBrowser,
    context: Context,
    cast: Cast,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    async def broken(*about: object) -> None:
        raise ValueError(f"could not plan {about}")

    monkeypatch.setattr("circles.guides.planning.plan", broken)
    logger = structlog.testing.CapturingLogger()
    renderer = structlog.processors.KeyValueRenderer()
    monkeypatch.setattr(errors, "log", structlog.wrap_logger(logger, processors=[renderer]))
    async with browser() as page:
        answer = await page.post(WHEN, data=form_fields(in_hours(1), city="Zanesville"))
    assert answer.status_code == 500
    assert len(logger.calls) == 1
    logged = f"{logger.calls} {capfd.readouterr()}"
    for words in ("Zanesville", form_fields(in_hours(1))["date"], "could not plan"):
        assert words not in logged


# The sheet and the card


async def test_the_sheet_has_nothing_to_send(browser: OpenBrowser, cast: Cast) -> None:
    async with browser() as page:
        answer = await page.get("/guides/reflection")
        main = answer.text.partition("<main")[2].partition("</main>")[0]
        assert main.count("<textarea") == 8
        for mark in ("<form", "name=", "action=", "hx-", "<input"):
            assert mark not in main
        for area in re.findall(r"<textarea[^>]*>", main):
            assert 'autocomplete="off"' in area
            assert 'spellcheck="false"' in area
        assert answer.headers["cache-control"] == "no-store"
        assert (await page.post("/guides/reflection", data={"x": "y"})).status_code == 405


async def test_the_card_asks_the_three_questions_of_the_directory(browser: OpenBrowser, cast: Cast) -> None:
    async with browser() as page:
        text = (await page.get("/guides/three-questions")).text
        assert not missing(
            text,
            "How many people have you worked with",
            "“You would be my first.”",
            "“The drug is just a tool.”",
        )


def test_ids_are_read_and_nothing_else() -> None:
    from circles.guides import planning

    at = datetime(2027, 1, 5, 23, tzinfo=UTC)
    one = UUID(int=7)
    assert planning.read_picks(f"{one},{at.isoformat()},2027-01-05T10:00,x,,{one}") == ([one], [at])
    assert planning.read_picks("," * 10_000) == ([], [])
