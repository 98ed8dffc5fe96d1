"""The demo community: its plan, its rows, and the site used with it."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from datetime import time as dt_time
from itertools import pairwise
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette
from time_machine import travel

from circles import people
from circles.base import clock
from circles.base.errors import Refused
from circles.bookings import actions as booking_actions
from circles.directory.listing import places, words
from circles.directory.listing import rules as listing_rules
from circles.hosting.schedule import planting
from circles.payments.refunds.readings import read_what_happened
from circles.people import picture_upload
from circles.practice import demo
from circles.practice.demo import data, therapists
from circles.practice.stripe import objects, refunds, webhooks
from circles.store import checks, db, jobs
from circles.store.context import Context
from tests.conftest import OpenBrowser

Rows = list[dict[str, Any]]

# Gatherings of the plan; schedules plant more.
STUCK = db.queries("payments/stuck")
PLANNED = 77


@pytest_asyncio.fixture
async def demo_context(context: Context) -> Context:
    """A database with the demo community; every invariant is checked after the test."""
    await demo.load(context)
    return context


async def _person(context: Context, name: str) -> people.Person:
    async with context.db.reading() as tx:
        person = await people.by_email(tx, f"{name}@example.org")
    assert person
    return person


async def _fetch(context: Context, sql: str, *arguments: object) -> Rows:
    async with context.db.reading() as tx:
        return [dict(row) for row in await tx.fetch(sql, *arguments)]


async def _value(context: Context, sql: str, *arguments: object) -> Any:
    async with context.db.reading() as tx:
        return await tx.fetchval(sql, *arguments)


# The plan, without a database


def test_the_plan_depends_on_the_date_alone() -> None:
    with travel(datetime(2027, 3, 10, 15, 7, tzinfo=UTC), tick=False):
        first, second = demo.plan().rows, demo.plan().rows
    assert first == second
    with travel(datetime(2027, 5, 10, 15, 7, tzinfo=UTC), tick=False):
        later = demo.plan().rows
    assert [row["email"] for row in later["people"]] == [row["email"] for row in first["people"]]
    assert later["gatherings"][0]["starts_at"] > first["gatherings"][0]["starts_at"]


@pytest.mark.parametrize("hours", range(0, 24 * 7, 5))
def test_a_register_is_open_at_any_hour_of_loading(hours: int) -> None:
    now = datetime(2027, 3, 8, tzinfo=UTC) + timedelta(hours=hours, minutes=hours % 60)
    with travel(now, tick=False):
        plan = demo.plan()
    farid = [
        meeting for meeting in plan.meetings if meeting.circle.lead == "farid" and meeting.state == "open"
    ]
    assert any(timedelta(0) <= now - meeting.starts_at <= timedelta(minutes=15) for meeting in farid)
    assert sum(meeting.starts_at > now for meeting in farid) >= 8
    assert len(plan.rows["gatherings"]) == PLANNED
    assert all(row["created_at"] <= now for row in plan.rows["bookings"])


def test_a_gathering_keeps_its_wall_time_over_a_clock_change() -> None:
    # New York moves its clocks on 14 March 2027.
    with travel(datetime(2027, 3, 12, 12, tzinfo=UTC), tick=False):
        plan = demo.plan()
    tuesdays = [
        (row["wall_start"], row["starts_at"])
        for row, meeting in zip(plan.rows["gatherings"], plan.meetings, strict=True)
        if meeting.circle.key == "tuesday"
    ]
    assert {(wall.weekday(), wall.hour, wall.minute) for wall, _ in tuesdays} == {(1, 18, 0)}
    gaps = {after[1] - before[1] for before, after in pairwise(tuesdays)}
    assert gaps == {timedelta(days=7), timedelta(days=7) - timedelta(hours=1)}


def test_the_plan_has_messages_and_run_sheets() -> None:
    rows = demo.plan().rows
    assert len(rows["messages"]) >= 8
    (scheduled,) = [row for row in rows["messages"] if row.get("is_scheduled")]
    assert scheduled["send_at"] > clock.now()
    sent = [row for row in rows["messages"] if row is not scheduled]
    assert all(row["mails"] >= 1 and row["sent_at"] <= clock.now() for row in sent)
    assert len(rows["message_people"]) == sum(row["mails"] for row in sent)
    own = [row for row in rows["run_sheets"] if row["gathering_id"] is None]
    assert len(own) >= 4
    assert len(rows["run_sheets"]) == len(own) + 1
    for sheet in rows["run_sheets"]:
        assert sum(row["sheet_id"] == sheet["id"] for row in rows["run_steps"]) == 8


def test_the_directory_is_complete_varied_and_invented() -> None:
    today = clock.now().date()
    drafts = [planned.draft for planned in therapists.drafts(today)]
    assert [draft.name for draft in drafts if listing_rules.publish_refusals(draft)] == []
    assert len({draft.name for draft in drafts}) == len(drafts) == 119
    assert len({draft.approach for draft in drafts}) == 119
    assert {draft.area for draft in drafts} == set(data.therapists()["places"])
    assert len(data.therapists()["places"]) == 12
    assert {way.way for draft in drafts for way in draft.ways} == set(words.WAYS)
    assert {way.credential for draft in drafts for way in draft.ways} >= {
        code for known in words.CREDENTIALS.values() for code in known
    }
    assert {license.kind for draft in drafts for license in draft.licenses} == set(words.LICENSES) - {
        "abroad"
    }
    assert {draft.experience for draft in drafts} == {"", *words.EXPERIENCE}
    assert {draft.room for draft in drafts} == set(words.ROOM)
    assert {code for draft in drafts for code in draft.works_with} == set(words.WORKS_WITH)
    assert {code for draft in drafts for code in draft.for_whom} == set(words.FOR_WHOM)
    assert {code for draft in drafts for code in draft.languages} == set(words.LANGUAGES)
    assert {(draft.telehealth, draft.in_person) for draft in drafts} == {
        (True, False),
        (False, True),
        (True, True),
    }
    assert min(draft.sliding_floor or 9_999 for draft in drafts) == 3_000
    assert max(draft.fee_maximum or 0 for draft in drafts) >= 39_000
    assert all(draft.email.endswith("@example.org") and "555-01" in draft.phone for draft in drafts)
    assert all(draft.npi < "1003" for draft in drafts)


async def test_coordinates_of_practices_match_their_zip() -> None:
    for state, practices in data.therapists()["places"].items():
        for city, zip_, latitude, longitude in practices["cities"]:
            place = places.find(zip_)
            assert place
            assert (place.area, place.city) == (state, city)
            assert abs(place.latitude - latitude) + abs(place.longitude - longitude) < 0.01


# What is in the database


async def test_a_database_is_new_until_it_has_people(context: Context) -> None:
    assert await demo.is_new(context.db)
    await demo.load(context)
    assert not await demo.is_new(context.db)


async def test_the_community_has_its_people_circles_and_bookings(demo_context: Context) -> None:
    counts = await _fetch(
        demo_context,
        "select (select count(*) from people where not is_facilitator and not is_organizer) as members, "
        "(select count(*) from people where is_facilitator) as facilitators, "
        "(select count(*) from people where is_organizer) as organizers, "
        "(select count(*) from circles where state = 'published') as circles, "
        "(select count(distinct format) from circles) as formats, "
        "(select count(distinct zone) from circles) as zones, "
        "(select count(distinct person_id) from credentials) as trained, "
        "(select count(*) from gatherings where planned_for is null or created_at < now() - interval '1 hour') "
        "as gatherings, "
        "(select count(*) from gatherings where state = 'cancelled') as cancelled",
    )
    assert counts[0] == {
        "members": 40,
        "facilitators": 4,
        "organizers": 1,
        "circles": 7,
        "formats": 3,
        "zones": 3,
        "trained": 4,
        "gatherings": PLANNED,
        "cancelled": 1,
    }
    states = await _fetch(
        demo_context, "select state, kind, count(*)::int as n from bookings group by state, kind"
    )
    bookings = Counter({(row["state"], row["kind"]): row["n"] for row in states})
    assert bookings["confirmed", "paid"] > 100
    assert bookings["confirmed", "community"] > 5
    assert bookings["confirmed", "free"] > 20
    assert bookings["cancelled", "paid"] > 5
    assert bookings["lapsed", "paid"] > 0
    assert not any(state == "held" for state, _ in bookings)
    assert all(
        email.endswith("@example.org") for email in await _column(demo_context, "select email from people")
    )


async def _column(context: Context, sql: str) -> list[Any]:
    return [next(iter(row.values())) for row in await _fetch(context, sql)]


async def test_circles_have_co_hosts_helpers_and_stand_ins(demo_context: Context) -> None:
    counts = await _fetch(
        demo_context,
        "select (select count(*) from hosts where part = 'co') as co, "
        "(select count(*) from hosts where part = 'helper') as helpers, "
        "(select count(*) from host_invitations where state = 'open' and expires_at > now()) as asked, "
        "(select count(*) from stand_ins join gatherings on gatherings.id = gathering_id "
        "where starts_at > now() and state = 'open') as stand_ins, "
        "(select count(*) from credentials where seen_at is not null and link <> '') as linked, "
        "(select count(distinct person_id) from credentials where seen_at < now() and seen_by in "
        "(select id from people where is_organizer)) as seen",
    )
    assert counts[0] == {"co": 2, "helpers": 1, "asked": 1, "stand_ins": 1, "linked": 1, "seen": 3}


async def test_one_circle_is_paused_one_archived_and_one_a_copy(
    demo_context: Context, browser: OpenBrowser
) -> None:
    rows = await _fetch(
        demo_context,
        "select circles.id, circles.name, state, email as lead, ahead.n, ahead.seats, "
        "(select count(*) from events where about = circles.id and after = state)::int as events "
        "from circles join hosts on hosts.circle_id = circles.id and part = 'lead' "
        "join people on people.id = person_id cross join lateral ("
        "select count(*)::int as n, coalesce(sum(seats_taken), 0)::int as seats "
        "from gatherings where circle_id = circles.id and ends_at > now() - interval '1 hour') as ahead "
        "where state <> 'published'",
    )
    circles = {row["state"]: row for row in rows}
    assert circles.keys() == {"paused", "archived", "draft"}
    shape = {state: (row["n"], row["seats"], row["events"]) for state, row in circles.items()}
    assert shape == {"paused": (1, 3, 1), "archived": (0, 0, 1), "draft": (0, 0, 1)}
    assert (circles["draft"]["name"], circles["draft"]["lead"]) == (
        "Copy of First weeks after",
        "farid@example.org",
    )
    async with browser() as page:
        assert "This circle is paused" in (await page.get(f"/circles/{circles['paused']['id']}")).text
        assert "This circle has ended" in (await page.get(f"/circles/{circles['archived']['id']}")).text
        assert (await page.get(f"/circles/{circles['draft']['id']}")).status_code == 404
    async with browser((await _person(demo_context, "farid")).id) as page:
        assert (await page.get(f"/host/circles/{circles['draft']['id']}/discard")).status_code == 200


async def test_members_of_the_paused_circle_keep_their_seats(
    demo_context: Context, browser: OpenBrowser
) -> None:
    row = (
        await _fetch(
            demo_context,
            "select bookings.gathering_id, person_id from bookings join gatherings on gatherings.id = gathering_id "
            "join circles on circles.id = circle_id where circles.state = 'paused' and bookings.state = 'confirmed' "
            "and ends_at > now() - interval '1 hour'",
        )
    )[0]
    async with browser(row["person_id"]) as page:
        assert "You have a seat here" in (await page.get(f"/gatherings/{row['gathering_id']}")).text
    async with browser(
        await _value(demo_context, "select id from people where email = 'mira@example.org'")
    ) as page:
        assert "takes no bookings at present" in (await page.get(f"/gatherings/{row['gathering_id']}")).text


async def test_facilitators_have_pictures(demo_context: Context, browser: OpenBrowser) -> None:
    rows = await _fetch(
        demo_context, "select hash, jpeg, email from pictures join people on people.id = person_id"
    )
    assert {row["email"] for row in rows} == {f"{name}@example.org" for name in ("farid", "ruth", "ines")}
    assert len({row["hash"] for row in rows}) == 3
    for row in rows:
        assert hashlib.sha256(row["jpeg"]).hexdigest()[:32] == row["hash"]
        # They are made like any picture that is sent, so that one can be sent in its place.
        assert await picture_upload.normalize(bytes(row["jpeg"]))
    async with browser() as page:
        answer = await page.get(f"/pictures/{rows[0]['hash']}.jpg")
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/jpeg")
        assert (
            f"/pictures/{rows[0]['hash']}.jpg"
            in (await page.get(await _page_of(demo_context, rows[0]["email"]))).text
        )


async def _page_of(context: Context, email: str) -> str:
    return f"/facilitators/{await _value(context, 'select id from people where email = $1', email)}"


async def test_a_stand_in_is_shown_to_members(demo_context: Context, browser: OpenBrowser) -> None:
    row = (
        await _fetch(
            demo_context,
            "select stand_ins.gathering_id, bookings.person_id, bookings.id, people.name from stand_ins "
            "join bookings on bookings.gathering_id = stand_ins.gathering_id and bookings.state = 'confirmed' "
            "join people on people.id = stand_ins.person_id",
        )
    )[0]
    async with browser(row["person_id"]) as page:
        for url in (f"/gatherings/{row['gathering_id']}", f"/bookings/{row['id']}", "/my/gatherings"):
            shown = (await page.get(url)).text
            assert "Hosted this time by" in shown
            assert row["name"] in shown


# The nights, at an hour which the clocks skip or show twice


@pytest.mark.parametrize(
    ("month", "start", "odd"),
    [
        (2, dt_time(2, 30), [(3, "missing", dt_time(3, 30))]),
        (9, dt_time(1, 30), [(11, "doubled", dt_time(1, 30))]),
        (5, dt_time(2, 30), []),
    ],
)
async def test_the_small_hours_fall_into_the_next_clock_change(
    context: Context, month: int, start: dt_time, odd: list[tuple[int, str, dt_time]]
) -> None:
    # Next year, since nothing is planted for what the clock of the database calls the past.
    with travel(datetime(clock.now().year + 1, month, 3, 12, tzinfo=UTC), tick=False):
        await demo.load(context)
    rows = await _fetch(context, "select planned_for, oddity, wall_start from gatherings where oddity <> ''")
    assert [(row["planned_for"].month, row["oddity"], row["wall_start"].time()) for row in rows] == odd
    assert start == await _value(
        context,
        "select wall_time from schedules join circles on circles.id = circle_id where name = 'The small hours'",
    )


async def test_the_facilitator_sees_the_clock_change(context: Context, browser: OpenBrowser) -> None:
    """Loaded three months before the clocks of Chicago change next, whenever that is."""
    with travel(_months_before_a_change(), tick=False):
        await demo.load(context)
        wren = await _person(context, "wren")
        circle = await _value(context, "select circle_id from gatherings where oddity <> ''")
        async with browser(wren.id) as page:
            shown = (await page.get(f"/host/circles/{circle}")).text
    assert "since the clocks skip its hour" in shown or "since the clocks show its hour twice" in shown


def _months_before_a_change() -> datetime:
    now = clock.now()
    days = [now + timedelta(days=n) for n in range(90, 400)]
    zone = ZoneInfo("America/Chicago")
    change = next(
        day
        for day in days
        if day.astimezone(zone).utcoffset() != (day + timedelta(days=1)).astimezone(zone).utcoffset()
    )
    return change - timedelta(days=90)


async def test_a_changed_gathering_is_mailed_as_a_change(
    demo_context: Context, browser: OpenBrowser, drain: Callable[[], Any]
) -> None:
    (gathering,) = await _fetch(
        demo_context,
        "select gatherings.id, starts_at, seats_taken from gatherings join circles on circles.id = circle_id "
        "where circles.name = 'First weeks after' and gatherings.state = 'open' and starts_at > now() "
        "order by starts_at limit 1",
    )
    address = f"/host/gatherings/{gathering['id']}/change"
    wall = gathering["starts_at"].astimezone(ZoneInfo("America/New_York")) + timedelta(minutes=30)
    typed = {"scope": "one", "date": f"{wall:%Y-%m-%d}", "time": f"{wall:%H:%M}", "length_minutes": "90"}
    typed |= {"capacity": "8", "community_seats": "1", "overlap_reason": "It is meant."}
    async with browser((await _person(demo_context, "farid")).id) as page:
        shown = await page.post(address, data=typed | {"then": "look"})
        seen = re.search(r'name="seen" value="([^"]+)"', shown.text)
        assert seen
        done = await page.post(address, data=typed | {"then": "do", "seen": seen[1]})
        assert done.status_code == 303
    await drain()
    sent = await _fetch(demo_context, "select subject from mails where kind in ('invite', 'changed')")
    assert len(sent) == gathering["seats_taken"]
    assert all(re.fullmatch(r"Tuesday group: .+ moved to .+", mail["subject"]) for mail in sent)


async def test_the_community_has_every_kind_of_schedule(demo_context: Context) -> None:
    counts = await _fetch(
        demo_context,
        "select array_agg(distinct kind order by kind) as kinds, bool_or(every > 1) as sparse, "
        "count(until) as until, count(times) > 0 as times, bool_or(skipped <> '{}') as skipped from schedules",
    )
    kinds = ["dates", "monthly_date", "monthly_weekday", "weekly"]
    assert counts == [{"kinds": kinds, "sparse": True, "until": 1, "times": True, "skipped": True}]


async def test_planting_adds_gatherings_to_every_schedule(demo_context: Context) -> None:
    await planting.plant(demo_context)
    planted_of = await _fetch(
        demo_context,
        "select schedules.kind, count(gatherings.id) as n from schedules "
        "left join gatherings on schedule_id = schedules.id and starts_at > now() group by schedules.id, kind",
    )
    assert all(row["n"] >= 2 for row in planted_of if row["kind"].startswith("monthly"))


async def test_the_community_has_requests_and_a_pair_kept_apart(demo_context: Context) -> None:
    requests = await _fetch(demo_context, "select kind, state from requests order by kind, state")
    assert requests == [
        {"kind": "call", "state": "waiting"},
        {"kind": "questions", "state": "approved"},
        {"kind": "questions", "state": "waiting"},
    ]
    assert await _value(demo_context, "select count(*) from apart") == 1
    limits = await _fetch(demo_context, "select newcomers_most, newcomers_days from screenings")
    assert {row["newcomers_most"] for row in limits} == {None, 2}
    assert {row["newcomers_days"] for row in limits} == {None, 21}


async def test_registers_of_older_gatherings_are_closed(demo_context: Context) -> None:
    rows = await _fetch(
        demo_context,
        "select closed_at is not null as closed, count(*)::int as n, max(starts_at) as newest from gatherings "
        "where ends_at < now() - interval '1 hour' and state = 'open' group by 1 order by 1",
    )
    (left_open, closed) = rows
    assert left_open["n"] == 8  # the newest of each circle that goes on
    assert closed["n"] > 20
    assert await _value(demo_context, "select count(*) from gatherings where closed_at < ends_at") == 0


async def test_a_register_was_opened_again_for_a_late_mark(demo_context: Context) -> None:
    (row,) = await _fetch(
        demo_context,
        "select events.why, gatherings.closed_at > events.at as closed, ("
        "select array_agg(marks.late order by marks.id) from register_marks as marks "
        "where marks.gathering_id = gatherings.id and marks.made_at > events.at) as late "
        "from events join gatherings on gatherings.id = events.about where events.what = 'register.reopened'",
    )
    assert row["why"].startswith("Came after the break")
    assert (row["closed"], row["late"]) == (True, [True])
    newest = "select max(made_at) from register_marks where late"
    present = f"select count(*) from attendance where late and marked_at = ({newest})"
    assert await _value(demo_context, present) == 1


async def test_the_directory_has_exceptional_listings(demo_context: Context) -> None:
    states = await _fetch(demo_context, "select state, count(*)::int as n from listings group by state")
    assert {row["state"]: row["n"] for row in states} == {"shown": 117, "waiting": 2, "hidden": 1}
    counts = await _fetch(
        demo_context,
        "select (select count(*) from complaints where state = 'open') as complaints, "
        "(select count(*) from listings where marked_at is not null) as marked, "
        "(select count(distinct area) from listings) as states, "
        "(select count(*) from listings join people on people.id = person_id and is_facilitator) as own",
    )
    assert counts[0] == {"complaints": 1, "marked": 1, "states": 12, "own": 1}
    checked = await _value(demo_context, "select avg((checked_at is not null)::int) from licences")
    assert 0.6 < checked < 0.95


async def test_at_least_five_in_florida_by_telehealth_slide_to_less_than_eighty(
    demo_context: Context,
) -> None:
    count = await _value(
        demo_context,
        "select count(*) from listings where state = 'shown' and facets @> '{tele:FL,fee:80}' and lowest_fee < 8000",
    )
    assert count >= 5


async def test_every_invariant_holds(demo_context: Context) -> None:
    async with demo_context.db.reading() as tx:
        assert [finding.name for finding in await checks.run(tx) if not finding.holds] == []


async def test_amounts_cover_the_scale(demo_context: Context) -> None:
    amounts = await _column(
        demo_context,
        "select distinct amount from bookings join gatherings on gatherings.id = gathering_id "
        "join circles on circles.id = circle_id where circles.name = 'First weeks after' and kind = 'paid'",
    )
    assert {2000, 4500, 8000} <= set(amounts)
    assert len(amounts) >= 4


async def test_some_gatherings_ahead_are_full_or_nearly(demo_context: Context) -> None:
    left = await _column(
        demo_context,
        "select capacity - seats_taken from gatherings where state = 'open' and ends_at > now() - interval '1 hour'",
    )
    assert 0 in left
    assert sum(0 < seats <= 2 for seats in left) >= 2
    assert max(left) >= 5


async def test_only_past_gatherings_have_attendance(demo_context: Context) -> None:
    rows = await _fetch(
        demo_context,
        "select gatherings.ends_at < now() as over, attendance.mark is not null as marked, count(*)::int as n "
        "from bookings join gatherings on gatherings.id = gathering_id "
        "left join attendance on attendance.booking_id = bookings.id "
        "where bookings.state = 'confirmed' group by 1, 2",
    )
    assert {(row["over"], row["marked"]) for row in rows} == {(True, True), (False, False)}


async def test_the_canceled_gathering_is_ahead_and_refunded(demo_context: Context) -> None:
    rows = await _fetch(
        demo_context,
        "select gatherings.starts_at > now() as ahead, bookings.state, bookings.end_cause, bookings.kind, "
        "(select coalesce(sum(amount), 0) from money_rows where booking_id = bookings.id)::int as balance, "
        "(select count(*) from money_rows where booking_id = bookings.id)::int as moves "
        "from gatherings join bookings on bookings.gathering_id = gatherings.id where gatherings.state = 'cancelled'",
    )
    assert len(rows) == 5
    assert all(
        row["ahead"] and row["end_cause"] == "gathering_cancelled" and row["balance"] == 0 for row in rows
    )
    assert any(row["kind"] == "paid" and row["moves"] == 2 for row in rows)


async def test_loading_sends_no_mail_and_leaves_no_job(demo_context: Context) -> None:
    assert await _value(demo_context, "select count(*) from mails") == 0
    assert await _value(demo_context, "select count(*) from pgqueuer") == 0


async def test_stripe_has_payouts_fees_and_a_dispute_of_it(demo_context: Context) -> None:
    """As `make run` loads it: the worker reads all of it in its first minute, and nothing differs."""
    await demo.add_books(demo_context)
    await read_what_happened(demo_context)  # as the webhook of the dispute has it read
    await jobs.drain(demo_context)
    (run,) = await _fetch(demo_context, "select outcome, mended from reconciliation_runs")
    assert run == {"outcome": "done", "mended": 0}
    (balance,) = await _fetch(demo_context, "select stripe, listed, ledger from reconciliation_balances")
    assert balance["stripe"] == balance["listed"] == balance["ledger"] > 0
    assert await _value(demo_context, "select count(*) from reconciliation_differences") == 0
    assert {row["state"] for row in await _fetch(demo_context, "select state from payouts")} == {
        "paid",
        "in_transit",
    }
    unread = await _value(
        demo_context,
        "select count(*) from checkouts where state = 'paid' "
        "and not exists (select from payment_fees where checkout_id = checkouts.id)",
    )
    assert unread == 0
    assert await _value(demo_context, "select count(*) from disputes where state = 'needs_response'") == 1


# Planting twice


async def test_loading_twice_is_refused(demo_context: Context) -> None:
    with pytest.raises(Refused) as refused:
        await demo.load(demo_context)
    assert refused.value.codes == {"not_new"}
    assert await _value(demo_context, "select count(*) from people") == 45


async def test_loading_twice_at_once_loads_one_community(context: Context) -> None:
    done = await asyncio.gather(demo.load(context), demo.load(context), return_exceptions=True)
    assert sum(isinstance(result, Refused) for result in done) == 1
    assert await _value(context, "select count(*) from people") == 45


async def test_loading_outside_practice_mode_is_refused(context: Context) -> None:
    live = Context(context.settings.model_copy(update={"mode": "production"}), context.db)
    with pytest.raises(Refused) as refused:
        await demo.load(live)
    assert refused.value.codes == {"not_practice"}
    assert await demo.is_new(context.db)


# What one can do with it


async def _ahead(context: Context, person: people.Person) -> Rows:
    return await _fetch(
        context,
        "select bookings.id, bookings.amount, gatherings.starts_at, gatherings.zone from bookings "
        "join gatherings on gatherings.id = gathering_id "
        "where person_id = $1 and bookings.state = 'confirmed' and starts_at > now()",
        person.id,
    )


async def test_mira_has_one_seat_ahead_and_past_ones(demo_context: Context) -> None:
    mira = await _person(demo_context, "mira")
    (ahead,) = await _ahead(demo_context, mira)
    assert timedelta(days=1) < ahead["starts_at"] - clock.now() < timedelta(days=3)
    came = await _value(
        demo_context,
        "select count(*) from bookings join attendance on attendance.booking_id = bookings.id "
        "where person_id = $1 and mark = 'came'",
        mira.id,
    )
    assert came >= 3


async def test_two_members_must_agree_again_and_mira_need_not(demo_context: Context) -> None:
    async with demo_context.db.reading() as tx:
        waiting = await tx.fetch(
            "select distinct people.email from bookings join people on people.id = person_id "
            "join gatherings on gatherings.id = gathering_id join circles on circles.id = circle_id "
            "where bookings.state = 'confirmed' and gatherings.ends_at > now() "
            "and must_agree_to(person_id, guidelines_id) is not null"
        )
        versions = await tx.fetch("select material, why, number from guidelines_versions where number > 1")
        drafts = await tx.fetchval(
            "select count(*) from guidelines_drafts where not exists (select from guidelines_versions as v "
            "where v.guidelines_id = guidelines_drafts.guidelines_id and v.body = guidelines_drafts.body)"
        )
    assert len(waiting) == 2
    assert "mira@example.org" not in {row["email"] for row in waiting}
    assert sorted(row["material"] for row in versions) == [False, True]
    assert drafts == 1


async def test_canceling_a_demo_booking_refunds_it(
    demo_context: Context, drain: Callable[[], Any], app: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "transport", httpx.ASGITransport(app=app))
    mira = await _person(demo_context, "mira")
    (ahead,) = await _ahead(demo_context, mira)
    refund = await booking_actions.cancel(demo_context, mira, ahead["id"], shown=ahead["amount"])
    assert refund.amount == ahead["amount"] == 3000
    await drain()
    async with demo_context.db.reading() as tx:
        assert await tx.fetchval("select sum(amount) from money_rows where booking_id = $1", ahead["id"]) == 0
        assert await STUCK.waiting_for_a_person(tx) == 0
    assert await _value(demo_context, "select count(*) from mails where person_id = $1", mira.id) == 1


async def test_the_practice_stripe_has_the_refunds(demo_context: Context) -> None:
    intent = await _value(
        demo_context, "select request ->> 'payment_intent' from operations where kind = 'refund' limit 1"
    )
    with pytest.raises(objects.ApiError) as error:
        async with demo_context.db.transaction() as tx:
            await refunds.create_refund(tx, {"payment_intent": intent, "amount": 100})
    assert error.value.body["error"]["code"] == "charge_already_refunded"


async def test_every_page_of_the_demo_people_opens(demo_context: Context, browser: OpenBrowser) -> None:
    paths = {
        "mira": ["/", "/gatherings", "/my/gatherings", "/me"],
        "farid": ["/host"],
        "odile": ["/organize", "/organize/bookings", "/organize/exports", "/organize/people"],
    }
    for name, wanted in paths.items():
        async with browser((await _person(demo_context, name)).id) as page:
            for path in wanted:
                answer = await page.get(path)
                assert answer.status_code == 200, f"{name} {path}"


async def test_farid_marks_the_register_of_the_gathering_under_way(
    demo_context: Context, browser: OpenBrowser
) -> None:
    farid = await _person(demo_context, "farid")
    gathering: UUID = await _value(
        demo_context,
        "select gatherings.id from gatherings join hosts using (circle_id) where person_id = $1 "
        "and starts_at <= now() and ends_at > now() and starts_at > now() - interval '20 minutes'",
        farid.id,
    )
    booking = await _value(
        demo_context, "select id from bookings where gathering_id = $1 and state = 'confirmed'", gathering
    )
    async with browser(farid.id) as page:
        answer = await page.post(
            f"/host/gatherings/{gathering}/register", data={"booking": str(booking), "mark": "came"}
        )
        assert answer.status_code == 303
        # With somebody who came without a booking.
        assert "<b>2</b> came" in (await page.get(f"/host/gatherings/{gathering}")).text


async def test_the_organizer_sees_farids_reflection(demo_context: Context, browser: OpenBrowser) -> None:
    circle = await _value(
        demo_context, "select circle_id from gatherings join reflections on gathering_id = gatherings.id"
    )
    async with browser((await _person(demo_context, "odile")).id) as page:
        text = (await page.get(f"/host/circles/{circle}/notes")).text
        assert "Looking back" in text


async def test_the_organizer_s_pages_have_something_to_show(
    demo_context: Context, browser: OpenBrowser
) -> None:
    async with browser((await _person(demo_context, "odile")).id) as page:
        assert "Wren Halloran" in (await page.get("/organize/concerns")).text
        assert "The insurer asks who came last month." in (await page.get("/organize/exports")).text
        assert "sol@example.org" in (await page.get("/organize/people/invitations")).text
    async with browser((await _person(demo_context, "wren")).id) as page:
        assert "twice why I was so quiet" not in (await page.get("/my/concerns")).text
    async with browser((await _person(demo_context, "mira")).id) as page:
        asked = await _value(demo_context, "select id from concerns where state = 'closed'")
        assert "we look for somebody who hosts in the morning" in (
            (await page.get(f"/my/concerns/{asked}")).text.lower()
        )
        assert "The insurer asks who came last month." in (await page.get("/my/access")).text
        assert (await page.get("/c/tuesdays")).headers["location"].endswith("/c/first-weeks")
        assert "First weeks after" in (await page.get("/c/first-weeks")).text
