"""Schedules on a real database: planting, creating, and their pages; and planning one date."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

import pytest

import app as site
from circles.base import clock
from circles.base.errors import NotFound, OutOfDate
from circles.hosting.change import actions as change_actions
from circles.hosting.change import planned_change
from circles.hosting.change.planned_change import Consent, GatheringChange, ScheduleEnd
from circles.hosting.circle import lifecycle
from circles.hosting.schedule import actions as schedule_actions
from circles.hosting.schedule import forms as schedule_forms
from circles.hosting.schedule import planting
from circles.hosting.schedule import rules as schedule_rules
from circles.hosting.schedule.rules import Terms
from circles.practice import demo
from circles.store import jobs
from circles.store.context import Context
from tests.cast import Cast, add_circle
from tests.conftest import OpenBrowser
from tests.helpers import change, person, rows, value
from tests.hosting.helpers import (
    TERMS,
    change_one,
    events,
    make_schedule,
    planted,
    refusal_codes,
    today,
    typed,
    weekly,
)

site.connect_features()


# Planting


async def test_a_schedule_is_planted_half_a_year_ahead(context: Context, cast: Cast) -> None:
    gatherings = await planted(context, await make_schedule(context, cast))
    assert len(gatherings) == 26
    assert {row["state"] for row in gatherings} == {"open"}
    assert {row["wall_start"].time() for row in gatherings} == {time(11)}
    assert gatherings[-1]["planned_for"] <= clock.now().date() + schedule_rules.HORIZON
    assert len(await events(context, "gathering.planted")) == 26


async def test_a_schedule_with_an_end_is_planted_up_to_it(context: Context, cast: Cast) -> None:
    last = today() + timedelta(days=3, weeks=39)
    gatherings = await planted(context, await make_schedule(context, cast, weekly(until=last)))
    assert (len(gatherings), gatherings[-1]["planned_for"]) == (40, last)


async def test_the_timetable_fills_what_was_planted_to_sixteen_weeks(context: Context, cast: Cast) -> None:
    open_end = await make_schedule(context, cast)
    last = today() + timedelta(days=4, weeks=39)
    ending = await make_schedule(context, cast, weekly(4, until=last))
    async with context.db.transaction() as tx:
        await tx.execute(
            "delete from gatherings where schedule_id is not null and planned_for > current_date + 112"
        )
        await tx.execute("update schedules set planted_until = current_date + 112")
    await jobs.run_timetable(context, "gatherings.plant")
    assert len(await planted(context, open_end)) == 26
    assert [row["planned_for"] for row in await planted(context, ending)][-1] == last


async def test_a_first_date_off_the_ticked_weekday_is_asked_about(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    first = today() + timedelta(days=3)
    begins = first + timedelta(days=2)
    form = typed(weekdays=str(begins.weekday()))
    address = f"/host/circles/{cast.circle}/schedules/new"
    async with browser(cast.farid) as page:
        shown = (await page.post(address, data=form)).text
        assert "When is the first one?" in shown
        assert f'value="begin:{begins}"' in shown
        refused = await page.post(address, data=form | {"then": "save"})
        assert refused.status_code == 422
        assert f"{clock.format_date(first)} is not one of the days it repeats on" in refused.text
        taken = (await page.post(address, data=form | {"then": f"begin:{begins}"})).text
        assert "When is the first one?" not in taken
        assert f'name="first_date" value="{begins}"' in re.sub(r"\s+", " ", taken) or str(begins) in taken
        saved = await page.post(address, data=form | {"first_date": str(begins), "then": "save"})
        assert saved.status_code == 303


async def test_every_date_up_to_the_end_can_be_skipped(cast: Cast, browser: OpenBrowser) -> None:
    last = today() + timedelta(days=3, weeks=25)
    address = f"/host/circles/{cast.circle}/schedules/new"
    async with browser(cast.farid) as page:
        shown = (await page.post(address, data=typed(end="until", until=str(last)))).text
    assert shown.count('value="skip:') == 26
    assert f'value="skip:{last}"' in shown


async def test_the_timetable_plants_up_to_the_horizon_once(context: Context, cast: Cast) -> None:
    schedule = await make_schedule(context, cast)
    async with context.db.transaction() as tx:
        await tx.execute("delete from gatherings where planned_for > current_date + 50")
        await tx.execute("update schedules set planted_until = current_date + 50")
    for _ in range(2):
        await jobs.run_timetable(context, "gatherings.plant")
        assert len(await planted(context, schedule)) == 26


async def test_what_was_cancelled_or_moved_is_not_planted_again(context: Context, cast: Cast) -> None:
    schedule = await make_schedule(context, cast)
    first, second = [row["id"] for row in await planted(context, schedule)][:2]
    await change_actions.cancel_gathering(context, await person(context, cast.farid), first, "ill")
    await change_one(context, cast, second, at=time(13))
    async with context.db.transaction() as tx:
        await tx.execute("update schedules set planted_until = null")
    await planting.plant(context)
    gatherings = await planted(context, schedule)
    assert len(gatherings) == 26
    assert (gatherings[0]["state"], gatherings[1]["wall_start"].time()) == ("cancelled", time(13))


async def test_skipped_dates_are_not_planted(context: Context, cast: Cast) -> None:
    holiday = today() + timedelta(days=10)
    gatherings = await planted(
        context, await make_schedule(context, cast, weekly(skipped=frozenset({holiday})))
    )
    assert holiday not in {row["planned_for"] for row in gatherings}
    assert len(gatherings) == 25


async def test_a_draft_is_planted_when_it_is_published(context: Context, cast: Cast) -> None:
    farid = await person(context, cast.farid)
    circle = await add_circle(context, cast.farid, state="draft")
    how_many = await schedule_actions.create_schedule(context, farid, circle, weekly(), TERMS)
    await planting.plant(context)
    assert how_many == 0
    await lifecycle.publish_circle(context, farid, circle)
    async with context.db.reading() as tx:
        assert await tx.fetchval("select count(*) from gatherings where circle_id = $1", circle) == 26


# Create


@pytest.mark.parametrize("who", ["fern", "mira"])
async def test_a_schedule_is_for_its_hosts_alone(context: Context, cast: Cast, who: str) -> None:
    other = await person(context, getattr(cast, who))
    with pytest.raises(NotFound):
        await schedule_actions.create_schedule(context, other, cast.circle, weekly(), TERMS)
    schedule = await make_schedule(context, cast)
    with pytest.raises(NotFound):
        await planned_change.apply(context, ScheduleEnd(other, schedule, remove=True), Consent(""))
    first = (await planted(context, schedule))[0]
    with pytest.raises(NotFound):
        change = GatheringChange(other, first["id"], TERMS.moment(first["planned_for"]), TERMS)
        await planned_change.apply(context, change, Consent(""))


async def test_a_schedule_is_refused_after_a_change_of_zone(context: Context, cast: Cast) -> None:
    farid = await person(context, cast.farid)
    elsewhere = Terms(TERMS.at, "Asia/Kathmandu", 90, 8, 1)
    with pytest.raises(OutOfDate) as refused:
        await schedule_actions.create_schedule(context, farid, cast.circle, weekly(), elsewhere)
    assert refused.value.codes == {"zone_moved"}
    assert not await rows(context, "select * from schedules")


async def test_a_circle_that_ended_gets_no_schedule(context: Context, cast: Cast) -> None:
    await change(context, "update circles set state = 'archived' where id = $1", cast.circle)
    farid = await person(context, cast.farid)
    doing = schedule_actions.create_schedule(context, farid, cast.circle, weekly(), TERMS)
    assert await refusal_codes(doing) == {"archived"}


# Pages


async def test_a_schedule_is_previewed_then_created(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    address = f"/host/circles/{cast.circle}/schedules/new"
    holiday = (today() + timedelta(days=10)).isoformat()
    async with browser(cast.farid) as page:
        assert "Make a schedule" in (await page.get(f"/host/circles/{cast.circle}")).text
        assert (await page.get(address)).status_code == 200
        shown = (await page.post(address, data=typed(note="Kept <b>"))).text
        assert shown.count('value="skip:') == 26
        assert "Kept &lt;b&gt;" in shown
        skipped = (await page.post(address, data=typed(then=f"skip:{holiday}"))).text
        assert f'name="skipped" value="{holiday}"' in skipped
        assert skipped.count('aria-pressed="true"') == 1
        back = await page.post(address, data=typed(then=f"skip:{holiday}", skipped=holiday))
        assert 'name="skipped" value=""' in back.text
        saved = await page.post(address, data=typed(then="save", skipped=holiday))
        assert saved.headers["Location"] == f"/host/circles/{cast.circle}"
        text = (await page.get(saved.headers["Location"])).text
    assert "11:00 am to 12:30 pm New York time" in text
    assert "25 created ahead" in text
    async with context.db.reading() as tx:
        assert await tx.fetchval("select count(*) from gatherings where schedule_id is not null") == 25


async def test_the_dates_follow_the_form(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    address = f"/host/circles/{cast.circle}/schedules/new"
    holiday = (today() + timedelta(days=10)).isoformat()
    asks = {"HX-Request": "true", "HX-Request-Type": "partial"}
    async with browser(cast.farid) as page:
        assert 'hx-trigger="load, change' in (await page.get(address)).text
        part = await page.post(address, data=typed(then=f"skip:{holiday}"), headers=asks)
        assert (part.status_code, part.headers["Vary"]) == (
            200,
            "HX-Request, HX-Request-Type, Accept-Encoding",
        )
        assert part.text.lstrip().startswith('<section id="dates"')
        assert f'name="skipped" value="{holiday}"' in part.text
        assert "Save the schedule" in part.text
        half = await page.post(address, data=typed(weekdays="", time=""), headers=asks)
        assert half.status_code == 200  # a form that is not finished is no mistake yet
        assert "choose a weekday" in half.text
        assert "Save the schedule" not in half.text
        schedule = await make_schedule(context, cast)
        changed = await page.post(f"/host/schedules/{schedule}", data=typed(time="12:00"), headers=asks)
        assert "26 gatherings change" in changed.text
        assert "<html" not in changed.text


async def test_the_notice_of_a_saved_schedule_names_later_dates(cast: Cast, browser: OpenBrowser) -> None:
    address = f"/host/circles/{cast.circle}/schedules/new"
    listed = {"kind": "dates", "dates": (today() + timedelta(days=5)).isoformat(), "time": "08:00"}
    async with browser(cast.farid) as page:
        saved = await page.post(address, data=typed(then="save"))
        assert "follow by themselves" in (await page.get(saved.headers["Location"])).text
        saved = await page.post(address, data=typed(**listed, then="save"))
        assert (
            "1 gathering is open for booking, and that is all of them."
            in (await page.get(saved.headers["Location"])).text
        )


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"end": "until", "until": "2026-01-01"}, "before the first"),
        ({"end": "until", "until": "2060-01-01"}, "more than 400 gatherings"),
        ({"end": "times", "times": "401"}, "1 to 400 gatherings"),
        ({"kind": "dates", "dates": "2020-01-01"}, "No gathering comes of this"),
        ({"kind": "dates", "dates": "2027-03-14 31.12.2027 2027-02-30"}, "read “31.12.2027”, “2027-02-30”."),
        ({"kind": "dates", "dates": "\n".join("abcdefg")}, "“d” and 3 more"),
        ({"kind": "dates", "dates": ""}, "Please list the dates"),
        ({"weekdays": ""}, "choose a weekday"),
        ({"length_minutes": "-5"}, "ends after it starts"),
        ({"kind": "yearly"}, "choose how it repeats"),
        ({"skipped": "x\x00"}, "write each date as 2027-03-14"),
    ],
)
async def test_refused_schedules_are_shown_with_the_reason(
    context: Context, cast: Cast, browser: OpenBrowser, changed: dict[str, str], message: str
) -> None:
    async with browser(cast.farid) as page:
        answer = await page.post(
            f"/host/circles/{cast.circle}/schedules/new", data=typed(then="save") | changed
        )
    assert answer.status_code == 422
    assert message in answer.text
    async with context.db.reading() as tx:
        assert not await tx.fetchval("select count(*) from schedules")


def _second_tuesday() -> date:
    """The next one that is not today."""
    rule = schedule_rules.Rule("monthly_weekday", today() + timedelta(days=2), 1, (1,), 2)
    return next(schedule_rules.all_dates(rule))


async def test_the_second_tuesday_is_read(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    at = f"/host/circles/{cast.circle}/schedules/new"
    async with browser(cast.farid) as page:
        data = typed(kind="monthly_weekday", nth="2", weekday="1", then="save")
        asked = await page.post(
            at, data=data | {"first_date": (_second_tuesday() - timedelta(days=1)).isoformat()}
        )
        assert asked.status_code == 422
        data["first_date"] = _second_tuesday().isoformat()
        assert (await page.post(at, data=data)).status_code == 303
        for bad in ({"nth": "7"}, {"weekday": "7"}):
            assert (await page.post(at, data=data | bad)).status_code == 422
    schedule = await value(context, "select id from schedules")
    dates = [row["planned_for"] for row in await planted(context, schedule)]
    assert len(dates) >= 3
    assert all(day.weekday() == 1 and 8 <= day.day <= 14 for day in dates)


async def test_too_many_dates_are_refused_whole(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    dates = "\n".join((today() + timedelta(days=n)).isoformat() for n in range(1, 402))
    async with browser(cast.farid) as page:
        data = typed(kind="dates", dates=dates, then="save")
        answer = await page.post(f"/host/circles/{cast.circle}/schedules/new", data=data)
    assert answer.status_code == 422
    assert "These are more than 400 dates. Please list fewer." in answer.text


@pytest.mark.parametrize(
    ("day", "time", "message"),
    [
        ("2035-03-11", "02:30", "the clocks in New York skip 2:30 am. It starts at 3:30 am."),
        ("2035-11-04", "01:30", "the clocks in New York show 1:30 am twice. It is the first."),
    ],
)
async def test_warnings_of_clock_changes(
    cast: Cast, browser: OpenBrowser, day: str, time: str, message: str
) -> None:
    async with browser(cast.farid) as page:
        data = typed(kind="dates", dates=day, time=time)
        shown = await page.post(f"/host/circles/{cast.circle}/schedules/new", data=data)
    assert message in shown.text


@pytest.mark.parametrize("who", ["fern", "mira"])
async def test_the_pages_are_for_hosts(context: Context, cast: Cast, browser: OpenBrowser, who: str) -> None:
    schedule = await make_schedule(context, cast)
    gathering = (await planted(context, schedule))[0]["id"]
    async with browser(getattr(cast, who)) as page:
        for address in (
            f"/host/circles/{cast.circle}/schedules/new",
            f"/host/schedules/{schedule}",
            f"/host/schedules/{schedule}/end",
            f"/host/gatherings/{gathering}/change",
            f"/host/gatherings/{gathering}/put-back",
        ):
            assert (await page.get(address)).status_code == 404
            assert (await page.post(address, data=typed())).status_code == 404
        for verb in ("pause", "resume", "archive", "copy"):
            assert (await page.post(f"/host/circles/{cast.circle}/{verb}")).status_code == 404


async def test_the_pages_run_few_queries(
    context: Context, cast: Cast, browser: OpenBrowser, queries: list[str]
) -> None:
    schedule = await make_schedule(context, cast)
    gathering = (await planted(context, schedule))[0]["id"]
    async with browser(cast.farid) as page:
        for address in (
            f"/host/circles/{cast.circle}",
            f"/host/schedules/{schedule}",
            f"/host/schedules/{schedule}/end",
            f"/host/gatherings/{gathering}/change",
        ):
            await page.get(address)
            queries.clear()
            assert (await page.get(address)).status_code == 200
            assert len(queries) <= 3, address


async def test_the_demo_community_keeps_schedules(context: Context) -> None:
    await demo.load(context)
    async with context.db.reading() as tx:
        rows = await tx.fetch("select * from schedules")
        tied = await tx.fetch("select * from gatherings where schedule_id is not null")
    assert len(rows) == 9
    assert len(tied) > 20
    rule = {row["id"]: schedule_forms.rule_of(row) for row in rows}
    terms = {row["id"]: schedule_forms.terms_of(row) for row in rows}
    for row in tied:
        there = row["schedule_id"]
        assert row["planned_for"] in schedule_rules.dates(rule[there], row["planned_for"], row["planned_for"])
        assert terms[there].moment(row["planned_for"]).utc == row["starts_at"]
    before = len(tied)
    await planting.plant(context)
    async with context.db.reading() as tx:
        doubled = await tx.fetchval(
            "select count(*) - count(distinct (circle_id, starts_at)) from gatherings where state <> 'cancelled'"
        )
        after = await tx.fetchval("select count(*) from gatherings where schedule_id is not null")
        soon = datetime.now(UTC).date() + schedule_rules.HORIZON - timedelta(days=15)
        assert await tx.fetchval("select max(planned_for) from gatherings") > soon
    assert (doubled, after) == (0, before)  # all of it was planted at once


# One date


async def test_a_gathering_lasts_15_minutes_or_longer(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.farid) as page:
        data = typed(date=today().isoformat(), length_minutes="14", then="draft")
        answer = await page.post(f"/host/circles/{cast.circle}/gatherings/new", data=data)
    assert answer.status_code == 422
    assert "Please give 15 minutes or more." in answer.text


async def test_overlaps_of_one_host_need_a_reason(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    second = await add_circle(context, cast.farid, name="Second")
    plan = typed(date=(today() + timedelta(days=7)).isoformat(), time="19:00", then="publish")
    async with browser(cast.farid) as page:
        warned = await page.post(f"/host/circles/{second}/gatherings/new", data=plan)
        assert warned.status_code == 422
        assert "has another gathering then" in warned.text
        plan["overlap_reason"] = "Fern takes this one"
        assert (await page.post(f"/host/circles/{second}/gatherings/new", data=plan)).status_code == 303
