"""Everything that a member can see of a gathering, changed: calendars follow, and one mail says what was and is."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import icalendar
import pytest
import recurring_ical_events
from starlette.applications import Starlette

from circles.base.errors import OutOfDate
from circles.bookings import actions as booking_actions
from circles.commands.personal_data import erase
from circles.gatherings import Facts
from circles.hosting.change import actions as change_actions
from circles.hosting.change import circle_change, planned_change, queries
from circles.hosting.change.circle_change import CircleChange
from circles.hosting.change.planned_change import Consent, FollowingChange
from circles.hosting.circle import actions as circle_actions
from circles.hosting.circle import lifecycle
from circles.hosting.circle.rules import CirclePlan
from circles.hosting.hosts import actions as answering
from circles.hosting.hosts import change_actions as hosts_actions
from circles.hosting.schedule.rules import Terms
from circles.hosting.stand_in import actions as stand_in_actions
from circles.invites import actions, changes
from circles.invites.feeds import make_feed
from circles.store import jobs
from circles.store.context import Context
from circles.store.mail import message
from tests.cast import Cast, add_booking, add_gathering
from tests.conftest import OpenBrowser
from tests.helpers import change, person, rows, send_invites, value
from tests.hosting.helpers import (
    TERMS,
    ZONE,
    apply,
    change_one,
    make_schedule,
    plan_change,
    planted,
    weekly,
)

NEW_LINK = "https://meet.example.org/another"


@dataclass
class Scene:
    """Mira has a seat online, Milo one in person; both got their invites. Fern is co-facilitator of neither circle."""

    context: Context
    cast: Cast
    online: UUID
    there: UUID
    feed: str

    @property
    def farid(self) -> UUID:
        return self.cast.farid

    async def entry(self, app_browser: OpenBrowser, gathering: UUID) -> Any:
        """The entry of a gathering in Mira's feed, as a calendar program reads it."""
        starts_at = await value(self.context, "select starts_at from gatherings where id = $1", gathering)
        async with app_browser() as program:
            calendar = icalendar.Calendar.from_ical((await program.get(self.feed)).content)
        uid = await value(
            self.context,
            "select uid from invites where gathering_id = $1 and person_id = $2",
            gathering,
            self.cast.mira,
        )
        (entry,) = [one for one in recurring_ical_events.of(calendar).all() if one["uid"] == uid]
        assert entry.start == starts_at
        return entry

    async def entries(self, app_browser: OpenBrowser) -> dict[str, Any]:
        """The entries of Mira's feed by their UID."""
        async with app_browser() as program:
            calendar = icalendar.Calendar.from_ical((await program.get(self.feed)).content)
        return {str(entry["uid"]): entry for entry in calendar.events}

    async def changed(self) -> list[asyncpg.Record]:
        await jobs.drain(self.context)
        return await rows(
            self.context,
            "select * from mails where kind = 'changed' and to_address = 'mira@example.org' order by created_at",
        )


@pytest.fixture
async def scene(context: Context, cast: Cast, app: Starlette) -> Scene:
    there = await add_gathering(context, cast.other_circle, days=9)
    await change(
        context, "update hosts set person_id = $1 where circle_id = $2", cast.farid, cast.other_circle
    )
    for gathering, kind in ((cast.gathering, "community"), (there, "free")):
        await add_booking(context, gathering, cast.mira, kind=kind)
    await send_invites(context)
    async with context.db.transaction() as tx:
        feed = (await make_feed(context, tx, cast.mira)).webcal.removeprefix("webcal://circles.test")
    return Scene(context, cast, cast.gathering, there, feed)


async def circle(scene: Scene, circle_id: UUID, **changed: Any) -> None:
    """Save a circle with something changed, after the preview."""
    farid = await person(scene.context, scene.farid)
    async with scene.context.db.transaction() as tx:
        row = await circle_actions.lock_circle(tx, circle_id, farid)
        planned = CircleChange(farid, circle_id, replace(CirclePlan.of(row), **changed), row["version"])
        seen = (await planned.preview(tx)).fingerprint
    await circle_change.apply(scene.context, planned, Consent(seen))


async def gathering(scene: Scene, gathering_id: UUID, **terms: Any) -> None:
    await change_one(scene.context, scene.cast, gathering_id, reason="It is meant.", **terms)


async def joins(scene: Scene, part: str) -> None:
    """Fern accepts an invitation to host the circle."""
    invitation = await value(
        scene.context,
        "insert into host_invitations (circle_id, email, part, token_hash, invited_by, expires_at) "
        "values ($1, 'fern@example.org', $2, 'x', $3, now() + interval '1 day') returning id",
        scene.cast.circle,
        part,
        scene.farid,
    )
    fern = await person(scene.context, scene.cast.fern)
    async with scene.context.db.transaction() as tx:
        row = {"gathering_id": None, "circle_id": scene.cast.circle, "part": part, "id": invitation}
        await answering._add_host(tx, scene.context, fern, row)  # pyright: ignore[reportArgumentType,reportPrivateUsage]


async def add_fern(scene: Scene) -> None:
    await change(scene.context, "insert into hosts values ($1, $2, 'co')", scene.cast.circle, scene.cast.fern)
    await told_by_now(scene)


async def told_by_now(scene: Scene) -> None:
    """What holds now is what everybody was told."""
    await change(scene.context, "update invites set told = gathering_facts(gathering_id)")
    await change(scene.context, "update bookings set known = gathering_facts(gathering_id)")


async def leaves(scene: Scene) -> None:
    await add_fern(scene)
    await _hosts(scene, hosts_actions.plan_removal, hosts_actions.remove)


async def another_lead(scene: Scene) -> None:
    await add_fern(scene)
    await _hosts(scene, hosts_actions.plan_lead, hosts_actions.pass_lead)


async def _hosts(scene: Scene, plan: Any, make: Any) -> None:
    farid = await person(scene.context, scene.farid)
    async with scene.context.db.transaction() as tx:
        seen = (await plan(tx, farid, scene.cast.circle, scene.cast.fern)).fingerprint
    await make(scene.context, farid, scene.cast.circle, scene.cast.fern, fingerprint=seen)


async def stands_in(scene: Scene) -> None:
    await add_fern(scene)
    farid = await person(scene.context, scene.farid)
    async with scene.context.db.transaction() as tx:
        row = await stand_in_actions.hosted_gathering(tx, scene.online, farid)
        seen = stand_in_actions.plan_stand_in(row, farid, scene.cast.fern).fingerprint
    await stand_in_actions.set_stand_in(scene.context, farid, scene.online, scene.cast.fern, fingerprint=seen)


async def gives_back(scene: Scene) -> None:
    await change(
        scene.context, "insert into stand_ins values ($1, $2, $3)", scene.online, scene.cast.fern, scene.farid
    )
    await told_by_now(scene)
    farid = await person(scene.context, scene.farid)
    async with scene.context.db.transaction() as tx:
        row = await stand_in_actions.hosted_gathering(tx, scene.online, farid)
        seen = stand_in_actions.plan_giving_back(row, farid).fingerprint
    await stand_in_actions.give_back(scene.context, farid, scene.online, fingerprint=seen)


Verb = Callable[[Scene], Awaitable[None]]

# What changes, in which gathering, by which verb; what its mail says; what a page of the member says beside it.
VISIBLE: dict[str, tuple[str, Verb, str, str]] = {
    "time": ("online", lambda s: gathering(s, s.online, at=time(20)), "When: was ", "8:00"),
    "day": (
        "online",
        lambda s: gathering(s, s.online, day=(datetime.now(UTC) + timedelta(days=11)).date()),
        "When: was ",
        "now",
    ),
    "length": (
        "online",
        lambda s: gathering(s, s.online, length_minutes=60),
        "How long: was 90 minutes, now 60 minutes",
        "60 minutes",
    ),
    "its own link": (
        "online",
        lambda s: gathering(s, s.online, join_link=NEW_LINK),
        "The link to join is a new one.",
        "The link to join is a new one.",
    ),
    "its own city": (
        "there",
        lambda s: gathering(s, s.there, city="Hoboken"),
        "It meets at another place.",
        "Hoboken",
    ),
    "its own address": (
        "there",
        lambda s: gathering(s, s.there, address="3 Oak Lane"),
        "It meets at another place.",
        "3 Oak Lane",
    ),
    "its note": (
        "online",
        lambda s: gathering(s, s.online, note="Bring a blanket."),
        "There is something new to read.",
        "Bring a blanket.",
    ),
    "circle: link": (
        "online",
        lambda s: circle(s, s.cast.circle, join_link=NEW_LINK),
        "The link to join is a new one.",
        "The link to join is a new one.",
    ),
    "circle: city": (
        "there",
        lambda s: circle(s, s.cast.other_circle, city="Hoboken"),
        "It meets at another place.",
        "Hoboken",
    ),
    "circle: address": (
        "there",
        lambda s: circle(s, s.cast.other_circle, address="3 Oak Lane"),
        "It meets at another place.",
        "3 Oak Lane",
    ),
    "circle: discreet name": (
        "online",
        lambda s: circle(s, s.cast.circle, discreet_name="Harbor group"),
        "Name in your calendar: was “Tuesday group”, now “Harbor group”",
        "“Harbor group”",
    ),
    "circle: name": (
        "online",
        lambda s: circle(s, s.cast.circle, name="Ketamine, and after"),
        "It has another name on the site.",
        "Was “First steps home”",
    ),
    "circle: format": (
        "online",
        lambda s: circle(s, s.cast.circle, format="ceremony"),
        "It is held in another way.",
        "Was Facilitated circle",
    ),
    "a co-facilitator joins": (
        "online",
        lambda s: joins(s, "co"),
        "Hosted by: was Farid, now Farid and Fern",
        "Farid and Fern",
    ),
    "a co-facilitator leaves": (
        "online",
        leaves,
        "Hosted by: was Farid and Fern, now Farid",
        "Farid and Fern",
    ),
    "a stand-in": ("online", stands_in, "Hosted by: was Farid and Fern, now Fern", "Farid and Fern"),
    "a stand-in gives back": ("online", gives_back, "Hosted by: was Fern, now Farid", "Was Fern"),
}
# What others could read in a mail: addresses, links and names that are not discreet.
NEVER = re.compile(
    r"meet\.example|Elm Street|Oak Lane|Hoboken|Newark|ketamine|ceremony|blanket", re.IGNORECASE
)


@pytest.mark.parametrize("what", VISIBLE)
async def test_what_a_member_can_see_is_told_once_and_calendars_follow(
    scene: Scene, browser: OpenBrowser, what: str
) -> None:
    where, verb, in_mail, on_page = VISIBLE[what]
    which: UUID = getattr(scene, where)
    before = await scene.entry(browser, which)
    await verb(scene)
    after = await scene.entry(browser, which)  # before any mail is sent
    assert after["sequence"] > before["sequence"]
    assert after["dtstamp"].dt > before["dtstamp"].dt
    assert after["last-modified"].dt > before["last-modified"].dt
    (mail,) = await scene.changed()
    (entry,) = icalendar.Calendar.from_ical(mail["calendar"]).events
    assert (entry["uid"], entry["sequence"]) == (after["uid"], after["sequence"])
    assert (entry.start, entry.end, entry["summary"]) == (after.start, after.end, after["summary"])
    assert in_mail in mail["text_body"]
    html = re.sub(r"</?(br|strong)[^>]*>", " ", mail["html_body"])
    assert in_mail.rpartition(": ")[2].strip() in " ".join(html.split())
    for part in ("subject", "text_body", "html_body", "calendar"):
        assert not NEVER.search(re.sub(r"<[^>]*>", " ", mail[part])), part
    booking = await value(
        scene.context,
        "select id from bookings where gathering_id = $1 and person_id = $2",
        which,
        scene.cast.mira,
    )
    async with browser(scene.cast.mira) as page:
        for url in (f"/bookings/{booking}", "/my/gatherings"):
            text = (await page.get(url)).text
            assert "This has changed" in text, url
            if url.startswith("/bookings") or what != "its note":
                assert on_page in text, url
    assert (await scene.entry(browser, which))["sequence"] == after["sequence"]
    await scene.changed()
    await send_invites(scene.context)
    assert len(await scene.changed()) == 1


# What changes nothing for whoever has a seat.
INVISIBLE: dict[str, Verb] = {
    "more seats": lambda s: gathering(s, s.online, capacity=10),
    "community seats": lambda s: gathering(s, s.online, community_seats=2),
    "circle: purpose": lambda s: circle(s, s.cast.circle, purpose="For the weeks and months after."),
    "circle: price": lambda s: circle(s, s.cast.circle, maximum=9000),
    "circle: terms": lambda s: circle(s, s.cast.circle, refund_hours=24),
    "circle: seats of new gatherings": lambda s: circle(s, s.cast.circle, capacity=9, length_minutes=60),
    "circle: zone of new gatherings": lambda s: circle(s, s.cast.circle, zone="America/Denver"),
    "circle: a link where its own counts": lambda s: circle(s, s.cast.other_circle, join_link=NEW_LINK),
    "a helper joins": lambda s: joins(s, "helper"),
    "the lead is handed over": another_lead,
}


@pytest.mark.parametrize("what", INVISIBLE)
async def test_what_changes_nothing_for_a_member_is_not_told(
    scene: Scene, browser: OpenBrowser, what: str
) -> None:
    before = [await scene.entry(browser, which) for which in (scene.online, scene.there)]
    await INVISIBLE[what](scene)
    assert [await scene.entry(browser, which) for which in (scene.online, scene.there)] == before
    assert await scene.changed() == []
    async with browser(scene.cast.mira) as page:
        assert "This has changed" not in (await page.get("/my/gatherings")).text


@pytest.mark.parametrize(
    "verb", [lifecycle.pause_circle, lifecycle.resume_circle, circle_actions.copy_circle]
)
async def test_pausing_and_copying_leaves_the_pages_of_members_alone(
    scene: Scene, browser: OpenBrowser, verb: Any
) -> None:
    if verb is lifecycle.resume_circle:
        await lifecycle.pause_circle(
            scene.context, await person(scene.context, scene.farid), scene.cast.circle
        )
    async with browser(scene.cast.mira) as page:
        before = without_tokens((await page.get("/my/gatherings")).text)
        entry = await scene.entry(browser, scene.online)
        await verb(scene.context, await person(scene.context, scene.farid), scene.cast.circle)
        assert without_tokens((await page.get("/my/gatherings")).text) == before
        assert await scene.entry(browser, scene.online) == entry
    assert await scene.changed() == []


def without_tokens(page: str) -> str:
    """A page without the values of its forms, which differ each time."""
    return re.sub(r'value="[^"]*"', "", page)


async def test_a_circle_with_its_own_address_elsewhere_is_left_alone(scene: Scene) -> None:
    await gathering(scene, scene.there, address="3 Oak Lane", city="Hoboken")
    assert len(await scene.changed()) == 1
    await circle(scene, scene.cast.other_circle, address="9 Pine Road")
    assert len(await scene.changed()) == 1


async def test_the_old_day_stands_in_the_subject_in_the_reader_s_own_days(scene: Scene) -> None:
    """Late in the evening in New York it is the next day in London."""
    await change(scene.context, "update people set zone = 'Europe/London' where id = $1", scene.cast.mira)
    await gathering(scene, scene.online, at=time(20))
    await scene.changed()
    day = (await value(scene.context, "select wall_start from gatherings where id = $1", scene.online)).date()
    await gathering(scene, scene.online, day=day + timedelta(days=1))
    first, second = await scene.changed()
    london = [f"{day + timedelta(days=ahead):%A}" for ahead in (1, 2)]
    assert re.fullmatch(rf"Tuesday group: .*{london[0]}.* moved to .*{london[1]}.*", second["subject"])
    assert re.fullmatch(r"Tuesday group: .* moved to .*", first["subject"])


async def test_a_new_name_does_not_hide_in_the_subject_that_it_moved(scene: Scene) -> None:
    await circle(scene, scene.cast.circle, discreet_name="Harbor group")
    await gathering(scene, scene.online, at=time(20))
    (mail,) = await scene.changed()
    assert re.fullmatch(r"Tuesday group \(now Harbor group\): .*6:00.* moved to .*8:00.*", mail["subject"])
    await circle(scene, scene.cast.circle, discreet_name="Tuesday group")
    assert (await scene.changed())[-1]["subject"] == "Harbor group is now called Tuesday group"


async def test_a_change_shown_with_other_people_is_shown_again(scene: Scene) -> None:
    """One left and another booked: as many seats, but not those who were named."""
    planned = await plan_change(scene.context, scene.cast, scene.online, at=time(20))
    async with scene.context.db.reading() as tx:
        seen = (await planned.preview(tx)).fingerprint
    booking = await value(scene.context, "select id from bookings where gathering_id = $1", scene.online)
    await booking_actions.cancel(
        scene.context, await person(scene.context, scene.cast.mira), booking, shown=0
    )
    await add_booking(scene.context, scene.online, scene.cast.milo, kind="community")
    with pytest.raises(OutOfDate):
        await planned_change.apply(scene.context, planned, Consent(seen))


async def test_what_was_is_what_was_told_last(scene: Scene) -> None:
    for hour in (19, 20, 21):
        await gathering(scene, scene.online, at=time(hour))
    (mail,) = await scene.changed()
    assert re.search(r"was [^.]*6:00[^.]*,\s+now [^.]*9:00", mail["text_body"])
    await gathering(scene, scene.online, at=time(22))
    await gathering(scene, scene.online, length_minutes=60)
    second = (await scene.changed())[-1]
    assert re.search(r"was [^.]*9:00[^.]*,\s+now [^.]*10:00", second["text_body"])
    assert "How long: was 90 minutes, now 60 minutes" in second["text_body"]


async def test_what_changes_back_before_the_mail_is_not_told_but_calendars_follow(
    scene: Scene, browser: OpenBrowser
) -> None:
    before = await scene.entry(browser, scene.online)
    await gathering(scene, scene.online, at=time(20))
    middle = await scene.entry(browser, scene.online)
    await gathering(scene, scene.online, at=time(18))
    after = await scene.entry(browser, scene.online)
    assert before["sequence"] < middle["sequence"] < after["sequence"]
    assert before["dtstamp"].dt < middle["dtstamp"].dt < after["dtstamp"].dt
    assert await scene.changed() == []
    await gathering(scene, scene.online, at=time(20))
    (mail,) = await scene.changed()
    (entry,) = icalendar.Calendar.from_ical(mail["calendar"]).events
    assert entry["sequence"] > after["sequence"]


async def test_many_gatherings_are_one_mail_with_a_calendar_each(context: Context, cast: Cast) -> None:
    schedule = await make_schedule(context, cast, weekly(times=14))
    ahead = await planted(context, schedule)
    assert len(ahead) == 14
    for row in ahead:
        await add_booking(context, row["id"], cast.mira, kind="paid", amount=4500)
    await add_booking(context, ahead[0]["id"], cast.milo)
    await send_invites(context)
    farid = await person(context, cast.farid)
    to = ahead[0]["planned_for"] + timedelta(days=1)
    planned = FollowingChange(farid, ahead[0]["id"], replace(TERMS, at=time(13)), to)
    async with context.db.reading() as tx:
        outcome = await planned.preview(tx)
    assert outcome.notified == 2  # people, each once, and not fourteen
    await apply(context, planned)
    await jobs.drain(context)
    sent = {
        row["to_address"]: row for row in await rows(context, "select * from mails where kind = 'changed'")
    }
    assert set(sent) == {"mira@example.org", "milo@example.org"}
    mail = sent["mira@example.org"]
    assert re.fullmatch(
        rf"Tuesday group: 14 gatherings changed, .*{ahead[0]['planned_for']:%A}.* moved to .*{to:%A}.*",
        mail["subject"],
    )
    assert mail["text_body"].count("When: was ") == 14
    assert "all you paid comes back" in mail["text_body"]
    whole = message(context.settings, mail)
    assert whole.get_content_type() == "multipart/mixed"
    body, *calendars = whole.iter_parts()
    assert [part.get_content_type() for part in body.iter_parts()] == ["text/plain", "text/html"]
    assert len(calendars) == 14
    starts: list[Any] = []
    uids: set[str] = set()
    for part in calendars:
        assert part.get_content_type() == "text/calendar"
        assert part["Content-Type"].params["method"] == "REQUEST"
        calendar = icalendar.Calendar.from_ical(part.get_content())
        assert calendar["method"] == "REQUEST"
        (entry,) = calendar.events  # one UID in each (RFC 5546, 3.2.2)
        starts.append(entry.start)
        uids.add(str(entry["uid"]))
        assert entry["sequence"] == 1
    assert len(uids) == 14
    assert starts == [row["starts_at"] for row in await _all(context)]
    assert (
        len(list(message(context.settings, sent["milo@example.org"]).iter_parts())) == 2
    )  # as an invite alone


async def _all(context: Context) -> list[Any]:
    return await rows(
        context, "select starts_at from gatherings where schedule_id is not null order by starts_at"
    )


async def test_a_gathering_moved_then_canceled_has_one_time_in_mail_and_calendar(
    scene: Scene, browser: OpenBrowser
) -> None:
    """The move was not mailed yet: both say what the person was told last, and so does the feed."""
    told = (await scene.entry(browser, scene.online)).start
    await gathering(scene, scene.online, at=time(21))
    farid = await person(scene.context, scene.farid)
    await change_actions.cancel_gathering(scene.context, farid, scene.online, "The room is flooded.")
    await jobs.drain(scene.context)
    (mail,) = await rows(
        scene.context, "select * from mails where kind = 'withdrawn' and to_address = 'mira@example.org'"
    )
    assert await scene.changed() == []
    (entry,) = icalendar.Calendar.from_ical(mail["calendar"]).events
    assert (entry["status"], entry.start) == ("CANCELLED", told)
    assert "6:00" in mail["text_body"]
    assert "6:00" in str(entry["description"])
    assert "9:00" not in mail["text_body"] + entry["description"] + mail["subject"]
    async with browser() as program:
        calendar = icalendar.Calendar.from_ical((await program.get(scene.feed)).content)
    (shown,) = [one for one in calendar.events if one["uid"] == entry["uid"]]
    assert (shown["status"], shown.start, shown["sequence"]) == ("CANCELLED", told, entry["sequence"])


async def test_a_gathering_whose_move_was_mailed_is_withdrawn_with_the_new_time(scene: Scene) -> None:
    await gathering(scene, scene.online, at=time(21))
    assert len(await scene.changed()) == 1
    farid = await person(scene.context, scene.farid)
    await change_actions.cancel_gathering(scene.context, farid, scene.online, "The room is flooded.")
    await jobs.drain(scene.context)
    (mail,) = await rows(
        scene.context, "select * from mails where kind = 'withdrawn' and to_address = 'mira@example.org'"
    )
    (entry,) = icalendar.Calendar.from_ical(mail["calendar"]).events
    assert "9:00" in mail["text_body"]
    assert "9:00" in str(entry["description"])
    assert entry.start == await value(
        scene.context, "select starts_at from gatherings where id = $1", scene.online
    )


async def test_gatherings_canceled_together_are_one_mail_with_a_calendar_each(scene: Scene) -> None:
    later = await add_gathering(scene.context, scene.cast.circle, days=14)
    await add_booking(scene.context, later, scene.cast.mira, kind="paid", amount=4500)
    await send_invites(scene.context)
    odile = await person(scene.context, scene.cast.odile)
    async with scene.context.db.transaction() as tx:
        await lifecycle.cancel_and_end(tx, scene.context, odile, scene.cast.circle, "Farid moved away.")
    await jobs.drain(scene.context)
    sent = await rows(
        scene.context, "select * from mails where kind = 'withdrawn' and to_address = 'mira@example.org'"
    )
    (mail,) = sent
    assert mail["subject"] == "Canceled: Tuesday group, 2 gatherings"
    assert "Farid moved away." in mail["text_body"]
    assert "All of the $45 you paid " in mail["text_body"]
    assert mail["text_body"].count("\n- ") == 2
    _, *calendars = message(scene.context.settings, mail).iter_parts()
    events = [icalendar.Calendar.from_ical(part.get_content()).events for part in calendars]
    assert [(len(one), one[0]["status"]) for one in events] == [(1, "CANCELLED"), (1, "CANCELLED")]


async def test_what_changed_between_the_booking_and_its_invite_is_said(scene: Scene) -> None:
    booking = await add_booking(scene.context, scene.online, scene.cast.milo, kind="paid", amount=4500)
    await gathering(scene, scene.online, at=time(20))
    await actions.send(scene.context, booking_id=str(booking))
    (mail,) = await rows(
        scene.context, "select * from mails where to_address = 'milo@example.org' order by created_at"
    )
    assert mail["kind"] == "invite"
    assert "Something changed since you booked" in mail["text_body"]
    assert re.search(r"When: was [^.]*6:00[^.]*,\s+now [^.]*8:00", mail["text_body"])


async def test_a_seat_whose_invite_was_never_sent_gets_it_with_the_change(scene: Scene) -> None:
    await add_booking(scene.context, scene.online, scene.cast.milo, kind="paid", amount=4500)
    await gathering(scene, scene.online, at=time(20))
    await jobs.drain(scene.context)
    sent = await rows(scene.context, "select kind from mails where to_address = 'milo@example.org'")
    assert [row["kind"] for row in sent] == ["invite"]


async def test_an_invite_of_a_program_without_facts_is_not_told_anything_twice(scene: Scene) -> None:
    await change(scene.context, "update invites set told = null")
    await changes.send_changes(scene.context, person_id=str(scene.cast.mira))
    assert await scene.changed() == []
    await gathering(scene, scene.online, at=time(20))
    (mail,) = await scene.changed()
    assert "8:00" in mail["text_body"]


async def test_a_feed_read_before_the_first_mail_counts_on_from_there(
    scene: Scene, browser: OpenBrowser
) -> None:
    """The worker is behind: nothing was mailed yet, but a calendar program has the seat under a number."""
    soon = await add_gathering(scene.context, scene.cast.circle, days=12)
    booking = await add_booking(scene.context, soon, scene.cast.mira, kind="paid", amount=4500)
    first = await scene.entries(browser)
    await gathering(scene, soon, at=time(20))
    moved = await scene.entries(browser)
    ((uid, before),) = [(uid, one) for uid, one in first.items() if moved[uid] != one]
    assert moved[uid].start > before.start
    for name in ("sequence", "dtstamp", "last-modified"):
        assert stamp(moved[uid], name) > stamp(before, name), name
    await actions.send(scene.context, booking_id=str(booking))
    calendar = await value(
        scene.context, "select calendar from mails where kind = 'invite' order by created_at desc limit 1"
    )
    (entry,) = icalendar.Calendar.from_ical(calendar).events
    assert (entry["uid"], stamp(entry, "sequence"), entry.start) == (
        uid,
        stamp(moved[uid], "sequence"),
        moved[uid].start,
    )


async def test_the_file_of_a_seat_counts_like_its_feed(scene: Scene, browser: OpenBrowser) -> None:
    soon = await add_gathering(scene.context, scene.cast.circle, days=12)
    booking = await add_booking(scene.context, soon, scene.cast.mira, kind="paid", amount=4500)
    numbers = []
    async with browser(scene.cast.mira) as page:
        for hour in (20, 21):
            await gathering(scene, soon, at=time(hour))
            calendar = icalendar.Calendar.from_ical(
                (await page.get(f"/bookings/{booking}/invite.ics")).content
            )
            numbers.append(stamp(calendar.events[0], "sequence"))
    assert numbers[0] < numbers[1]


@pytest.mark.parametrize("mailed", [True, False])
async def test_an_ended_seat_stays_in_the_feed_as_it_ended(
    scene: Scene, browser: OpenBrowser, mailed: bool
) -> None:
    soon = await add_gathering(scene.context, scene.cast.circle, days=12)
    booking = await add_booking(scene.context, soon, scene.cast.mira, kind="paid", amount=4500)
    if mailed:
        await actions.send(scene.context, booking_id=str(booking))
    await scene.entries(browser)
    mira = await person(scene.context, scene.cast.mira)
    await booking_actions.cancel(scene.context, mira, booking, shown=4500)
    ended = await scene.entries(browser)
    await circle(scene, scene.cast.circle, discreet_name="Harbor group")
    await gathering(scene, soon, at=time(20))
    after = await scene.entries(browser)
    for uid, one in ended.items():
        if one["status"] == "CANCELLED":
            assert (after[uid].start, str(after[uid]["summary"])) == (one.start, "Tuesday group")


async def test_mail_and_feed_have_one_time_of_the_last_change(scene: Scene, browser: OpenBrowser) -> None:
    """Two changes within a second: calendars count in whole seconds, so the time runs ahead of the clock."""
    for hour in (19, 20, 21):
        await gathering(scene, scene.online, at=time(hour))
    entry = await scene.entry(browser, scene.online)
    (mail,) = await scene.changed()
    (sent,) = icalendar.Calendar.from_ical(mail["calendar"]).events
    assert stamp(sent, "sequence") == stamp(entry, "sequence")
    assert stamp(sent, "dtstamp") >= stamp(entry, "dtstamp")
    assert stamp(await scene.entry(browser, scene.online), "dtstamp") == stamp(sent, "dtstamp")


@pytest.mark.parametrize("column", ["zone", "clock_hours"])
async def test_an_entry_that_says_its_time_on_another_clock_has_changed(
    scene: Scene, browser: OpenBrowser, column: str
) -> None:
    other: dict[str, Any] = {"zone": "Europe/London", "clock_hours": 24}
    before = await scene.entry(browser, scene.online)
    await change(
        scene.context, f"update people set {column} = $2 where id = $1", scene.cast.mira, other[column]
    )
    after = await scene.entry(browser, scene.online)
    assert after["description"] != before["description"]
    for name in ("dtstamp", "last-modified"):
        assert stamp(after, name) > stamp(before, name), name
    assert await scene.changed() == []
    await change(scene.context, "update people set name = 'Mira B' where id = $1", scene.cast.mira)
    assert stamp(await scene.entry(browser, scene.online), "dtstamp") == stamp(after, "dtstamp")


def stamp(entry: Any, name: str) -> Any:
    """A property of an entry as something that can be compared."""
    return entry[name] if name == "sequence" else entry[name].dt


async def test_two_workers_tell_once(scene: Scene) -> None:
    await gathering(scene, scene.online, at=time(20))
    await asyncio.gather(
        *(changes.send_changes(scene.context, person_id=str(scene.cast.mira)) for _ in range(4)),
        circle(scene, scene.cast.circle, discreet_name="Harbor group"),
    )
    sent = await scene.changed()
    numbers: list[Any] = [
        icalendar.Calendar.from_ical(mail["calendar"]).events[0]["sequence"] for mail in sent
    ]
    assert 1 <= len(sent) <= 2
    assert numbers == sorted(set(numbers))
    facts = Facts.read(
        await value(scene.context, "select told from invites where person_id = $1 limit 1", scene.cast.mira)
    )
    assert facts.discreet_name in ("Harbor group", "Wednesday group")


# Until it is seen


async def test_was_and_now_stay_until_they_are_seen(scene: Scene, browser: OpenBrowser) -> None:
    booking = await value(scene.context, "select id from bookings where gathering_id = $1", scene.online)
    async with browser(scene.cast.mira) as page:
        await gathering(scene, scene.online, at=time(19))
        await scene.changed()
        first = (await page.get(f"/bookings/{booking}")).text
        mark = re.search(r'name="mark" value="(\w+)"', first)
        assert mark
        assert re.search(r"Was [^<]*6:00[^<]*,<br>now <strong>[^<]*7:00", first)
        # It changes once more before they press: what they have not seen stays.
        await gathering(scene, scene.online, at=time(20))
        await page.post(f"/bookings/{booking}/seen", data={"mark": mark[1]})
        second = (await page.get(f"/bookings/{booking}")).text
        assert re.search(r"Was [^<]*6:00[^<]*,<br>now <strong>[^<]*8:00", second)
        mark = re.search(r'name="mark" value="(\w+)"', second)
        assert mark
        done = await page.post(f"/bookings/{booking}/seen", data={"mark": mark[1], "back": "all"})
        assert done.headers["Location"] == f"/my/gatherings#booking-{booking}"
        for url in (f"/bookings/{booking}", "/my/gatherings"):
            assert "This has changed" not in (await page.get(url)).text
    async with browser(scene.cast.milo) as other:
        await gathering(scene, scene.online, at=time(21))
        await other.post(f"/bookings/{booking}/seen", data={"mark": mark[1]})
    async with browser(scene.cast.mira) as page:
        assert "This has changed" in (await page.get("/my/gatherings")).text


async def test_the_new_address_shows_to_nobody_who_may_not_see_it(scene: Scene, browser: OpenBrowser) -> None:
    await circle(scene, scene.cast.other_circle, address="3 Oak Lane")
    booking = await value(scene.context, "select id from bookings where gathering_id = $1", scene.there)
    async with browser(scene.cast.mira) as page:
        assert "3 Oak Lane" in (await page.get(f"/bookings/{booking}")).text
    async with browser(scene.cast.milo) as page:
        assert "3 Oak Lane" not in (await page.get(f"/gatherings/{scene.there}")).text
        assert (await page.get(f"/bookings/{booking}")).status_code == 404


# Other hosts


async def with_co(scene: Scene) -> None:
    await add_fern(scene)
    await change(
        scene.context, "insert into hosts values ($1, $2, 'co')", scene.cast.other_circle, scene.cast.fern
    )
    await told_by_now(scene)


async def cancels(scene: Scene) -> None:
    farid = await person(scene.context, scene.farid)
    await change_actions.cancel_gathering(scene.context, farid, scene.online, "The room is flooded.")


async def changes_schedule(scene: Scene) -> None:
    schedule = await make_schedule(scene.context, scene.cast, weekly(times=3))
    first = (await planted(scene.context, schedule))[0]
    farid = await person(scene.context, scene.farid)
    later = Terms(time(13), ZONE, 90, 8, 1)
    await apply(scene.context, FollowingChange(farid, first["id"], later), reason="It is meant.")


async def ends_schedule(scene: Scene) -> None:
    schedule = await make_schedule(scene.context, scene.cast, weekly(times=3))
    farid = await person(scene.context, scene.farid)
    await apply(scene.context, planned_change.ScheduleEnd(farid, schedule, remove=True))


HOST_NEWS: dict[str, tuple[Verb, str, str]] = {
    "moves": (lambda s: gathering(s, s.online, at=time(20)), "moved to", "Was .*6:00.*, now .*8:00"),
    "more seats": (lambda s: gathering(s, s.online, capacity=10), "changed", "Seats: 10 instead of 8"),
    "address": (
        lambda s: gathering(s, s.there, address="3 Oak Lane"),
        "changed",
        "A new address",
    ),
    "cancels": (cancels, "is canceled", "The reason: The room is flooded."),
    "schedule": (changes_schedule, "3 gatherings changed", "(?s)Was .*11:00.*, now .*1:00"),
    "schedule ends": (ends_schedule, "its schedule has ended", "no more gatherings are planned"),
    "circle": (
        lambda s: circle(s, s.cast.circle, discreet_name="Harbor group", purpose="More."),
        "the circle changed",
        "Discreet name: was Tuesday group, now Harbor group",
    ),
    "circle: price alone": (
        lambda s: circle(s, s.cast.circle, maximum=9000),
        "the circle changed",
        "Changed: maximum",
    ),
}


@pytest.mark.parametrize("what", HOST_NEWS)
async def test_co_facilitators_are_told_what_the_lead_does(scene: Scene, what: str) -> None:
    verb, subject, text = HOST_NEWS[what]
    await with_co(scene)
    await verb(scene)
    await jobs.drain(scene.context)
    sent = await rows(scene.context, "select * from mails where kind = 'host_changes'")
    assert [row["to_address"] for row in sent] == ["fern@example.org"]
    (mail,) = sent
    assert re.search(subject, mail["subject"])
    assert re.search(text, mail["text_body"])
    for part in ("subject", "text_body", "html_body"):
        assert not NEVER.search(re.sub(r"<[^>]*>", " ", mail[part])), part


@pytest.mark.parametrize(
    ("verb", "text"),
    [
        (lifecycle.pause_circle, "Farid paused this circle."),
        (lifecycle.resume_circle, "Farid resumed this circle."),
    ],
)
async def test_co_facilitators_are_told_of_a_pause_and_its_end(scene: Scene, verb: Any, text: str) -> None:
    await with_co(scene)
    farid = await person(scene.context, scene.farid)
    await lifecycle.pause_circle(scene.context, farid, scene.cast.circle)
    await verb(scene.context, farid, scene.cast.circle)
    sent = await rows(scene.context, "select to_address, text_body from mails where kind = 'host_news'")
    assert {row["to_address"] for row in sent} == {"fern@example.org"}
    assert text in "".join(row["text_body"] for row in sent)


async def test_members_are_told_when_the_account_of_a_co_facilitator_is_erased(scene: Scene) -> None:
    await with_co(scene)
    await erase(scene.context, "fern@example.org")
    (mail,) = [one for one in await scene.changed() if one["subject"].startswith("Tuesday group")]
    assert "was Farid and Somebody who left, now Farid" in mail["text_body"]


async def test_the_one_who_changes_it_is_not_told(scene: Scene) -> None:
    await gathering(scene, scene.online, at=time(20))
    await jobs.drain(scene.context)
    assert await value(scene.context, "select count(*) from mails where kind = 'host_changes'") == 0


async def test_the_stand_in_is_told_of_a_change(scene: Scene) -> None:
    await change(
        scene.context, "insert into stand_ins values ($1, $2, $3)", scene.online, scene.cast.fern, scene.farid
    )
    await gathering(scene, scene.online, at=time(20))
    await jobs.drain(scene.context)
    sent = await rows(scene.context, "select to_address from mails where kind = 'host_changes'")
    assert [row["to_address"] for row in sent] == ["fern@example.org"]


async def test_putting_back_is_told_like_any_change(context: Context, cast: Cast, app: Starlette) -> None:
    schedule = await make_schedule(context, cast, weekly(times=3))
    first = (await planted(context, schedule))[0]
    await add_booking(context, first["id"], cast.mira)
    await send_invites(context)
    await change_one(context, cast, first["id"], at=time(13))
    await jobs.drain(context)
    farid = await person(context, cast.farid)
    async with context.db.reading() as tx:
        row = await queries.gathering_to_change(tx, farid, first["id"])
        planned = await planned_change.put_back(tx, farid, row)
    await apply(context, planned)
    await jobs.drain(context)
    sent = await rows(context, "select text_body from mails where kind = 'changed' order by created_at")
    assert re.search(r"was [^.]*1:00[^.]*,\s+now [^.]*11:00", sent[-1]["text_body"])
