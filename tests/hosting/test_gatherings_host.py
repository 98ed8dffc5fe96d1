"""What hosts and organizers do with circles and gatherings: the verbs, and their pages over HTTP."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from circles import bookings
from circles.base.errors import NotAllowed, NotFound, OutOfDate, Refused
from circles.hosting.change import actions as change_actions
from circles.hosting.change import circle_change
from circles.hosting.change.circle_change import CircleChange
from circles.hosting.change.planned_change import Consent
from circles.hosting.circle import actions, forms, lifecycle
from circles.hosting.schedule import actions as schedule_actions
from circles.hosting.schedule import forms as schedule_forms
from circles.store.context import Context
from circles.store.db import Tx
from tests.cast import Cast, add_booking, add_circle, add_gathering, add_person
from tests.conftest import Browser, OpenBrowser
from tests.helpers import missing, person
from tests.hosting.helpers import fingerprint
from tests.hosting.test_circle_rules import TYPED

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


def in_days(days: int, zone: str = "America/New_York") -> str:
    return (datetime.now(ZoneInfo(zone)).date() + timedelta(days=days)).isoformat()


def dated(**changed: str) -> dict[str, str]:
    """A gathering in nine days as typed."""
    usual = {
        "date": in_days(9),
        "time": "18:00",
        "length_minutes": "90",
        "capacity": "8",
        "community_seats": "1",
    }
    return usual | {"note": "", "then": "draft"} | changed


async def circle_row(context: Context, circle_id: UUID) -> dict[str, object]:
    async with context.db.reading() as tx:
        row = await tx.fetchrow(
            "select circles.*, (select count(*) from guidelines_versions as v "
            "where v.guidelines_id = circles.guidelines_id) as versions from circles where id = $1",
            circle_id,
        )
    assert row is not None
    return dict(row)


async def gathering_state(context: Context, gathering_id: UUID) -> str | None:
    async with context.db.reading() as tx:
        return await tx.fetchval("select state from gatherings where id = $1", gathering_id)


async def plan_circle(page: Browser, **changed: str) -> UUID:
    """Plan a circle through the form. Returns its id."""
    answer = await page.post("/host/circles/new", data=TYPED | {"then": "save"} | changed)
    assert answer.status_code == 303, answer.text
    return UUID(answer.headers["Location"].rsplit("/", 1)[1])


# Planning a circle


async def test_a_circle_from_form_to_public_list(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.farid) as page:
        assert "Plan a circle" in (await page.get("/host")).text
        circle = await plan_circle(page, name="Harbor circle")
        assert (await page.get(f"/circles/{circle}")).status_code == 404
        assert "Until then only its hosts" in (await page.get(f"/host/circles/{circle}")).text
        await page.post(f"/host/circles/{circle}/publish")
        assert (await page.get(f"/circles/{circle}")).status_code == 200
        answer = await page.post(f"/host/circles/{circle}/gatherings/new", data=dated(then="publish"))
        assert answer.headers["Location"] == f"/host/circles/{circle}"
        assert "Harbor circle" in (await page.get("/gatherings")).text
        assert "Harbor circle" in (await page.get("/host")).text
    row = await circle_row(context, circle)
    assert (row["state"], row["maximum"], row["versions"], row["created_by"]) == (
        "published",
        8050,
        1,
        cast.farid,
    )


async def test_the_form_begins_with_the_text_of_a_format(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.farid) as page:
        assert "simple ritual" in (await page.get("/host/circles/new?format=ceremony")).text
        again = await page.post(
            "/host/circles/new", data=TYPED | {"format": "peer", "then": "text", "name": "Kept <name>"}
        )
    assert again.status_code == 200
    assert "The host is a peer" in again.text
    assert "Kept &lt;name&gt;" in again.text


async def test_every_refusal_is_shown_and_the_form_kept(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.farid) as page:
        answer = await page.post(
            "/host/circles/new",
            data=TYPED | {"discreet_name": "Ketamine club", "capacity": "30", "maximum": "1e21"},
        )
    assert answer.status_code == 422
    assert not missing(answer.text, "leave out “ketamine”", "1 to 24 seats", 'value="1e21"', "Ketamine club")


@pytest.mark.parametrize("name", ["A\x00B", "two\nlines", "two\u2028lines"])
async def test_invalid_names_are_refused_with_a_reason(cast: Cast, browser: OpenBrowser, name: str) -> None:
    async with browser(cast.farid) as page:
        answer = await page.post("/host/circles/new", data=TYPED | {"name": name})
    assert answer.status_code == 422
    assert 'href="#f-name"' in answer.text


async def test_odd_names_are_tidied_and_shown(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.farid) as page:
        circle = await plan_circle(page, name="Moon \U0001f319 \u202eElcric")
    assert (await circle_row(context, circle))["name"] == "Moon \U0001f319 Elcric"


async def test_the_guidelines_can_be_looked_at_before_saving(cast: Cast, browser: OpenBrowser) -> None:
    words = {"guidelines": "## Ours\n\n<script>x</script> **Stay**"}
    async with browser(cast.farid) as page:
        part = await page.post("/host/guidelines/preview", data=words, headers=HTMX)
        whole = await page.post("/host/guidelines/preview", data=words)
        form = await page.post("/host/circles/new", data=TYPED | words | {"then": "preview"})
        bad = await page.post("/host/guidelines/preview", data={"guidelines": "a\x00b"}, headers=HTMX)
    assert "<html" not in part.text
    for answer in (part, whole, form):
        assert "<strong>Stay</strong>" in answer.text
        assert "<script>x" not in answer.text
    assert "First steps home" in form.text
    assert (bad.status_code, "hidden character" in bad.text) == (422, True)


async def test_who_may_plan_circles(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.mira) as page:
        assert (await page.get("/host")).status_code == 404
        assert (await page.post("/host/circles/new", data=TYPED)).status_code == 404
    async with browser() as page:
        assert (await page.get("/host/circles/new")).headers["Location"].startswith("/sign-in?next=")
    with pytest.raises(NotAllowed):
        await actions.create_circle(context, await person(context, cast.mira), forms.read_circle(TYPED))


# Publishing a circle


async def test_publishing_names_everything_that_is_missing(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    async with browser(cast.farid) as page:
        circle = await plan_circle(page, place="in_person", join_link="")
        answer = await page.post(f"/host/circles/{circle}/publish")
    assert answer.status_code == 422
    assert "Please give the city." in answer.text
    assert "Please give the address." in answer.text
    assert (await circle_row(context, circle))["state"] == "draft"


async def test_publishing_twice_is_publishing_once(context: Context, cast: Cast) -> None:
    farid = await person(context, cast.farid)
    circle = await actions.create_circle(context, farid, forms.read_circle(TYPED))
    await lifecycle.publish_circle(context, farid, circle)
    await lifecycle.publish_circle(context, farid, circle)
    async with context.db.reading() as tx:
        count = "select count(*) from events where about = $1 and what = 'circle.published'"
        assert await tx.fetchval(count, circle) == 1


# Changing a circle


def saved(version: object, **changed: str) -> dict[str, str]:
    return TYPED | {"version": str(version), "then": "save"} | changed


async def test_the_form_holds_what_is_saved(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.farid) as page:
        text = (await page.get(f"/host/circles/{cast.circle}/edit")).text
    assert not missing(text, 'value="Tuesday group"', 'value="45"', 'name="version" value="1"')


async def test_saving_leaves_guidelines_alone(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    url = f"/host/circles/{cast.circle}/edit"
    async with browser(cast.farid) as page:
        form = (await page.get(url)).text
        assert f"/host/circles/{cast.circle}/guidelines" in form
        assert 'name="guidelines"' not in form
        await page.post(url, data=saved(1, guidelines="Entirely other words, which nobody has agreed to."))
        text = (await page.get(f"/circles/{cast.circle}")).text
    row = await circle_row(context, cast.circle)
    assert (row["versions"], row["version"], row["maximum"]) == (1, 2, 8050)
    assert "Entirely other words" not in text


async def test_two_who_change_a_circle_at_once(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    url = f"/host/circles/{cast.circle}/edit"
    async with browser(cast.farid) as page:
        await page.post(url, data=saved(1, name="Saved first"))
        late = await page.post(url, data=saved(1, name="Typed later"))
        assert late.status_code == 422
        assert "Somebody else saved this circle" in late.text
        assert "differs from theirs in: name" in late.text
        assert 'value="Typed later"' in late.text
        assert (await circle_row(context, cast.circle))["name"] == "Saved first"
        assert 'name="version" value="2"' in late.text
        await page.post(url, data=saved(2, name="Typed later"))
    assert (await circle_row(context, cast.circle))["name"] == "Typed later"


async def test_an_unreadable_version_is_out_of_date(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    async with browser(cast.farid) as page:
        for version in ("", "x", "9" * 5000, "-1"):
            answer = await page.post(f"/host/circles/{cast.circle}/edit", data=saved(version))
            assert (answer.status_code, "Somebody else saved" in answer.text) == (422, True)


async def test_seats_of_planned_gatherings_stay(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.farid) as page:
        await page.post(f"/host/circles/{cast.circle}/edit", data=saved(1, capacity="4"))
        assert 'value="4"' in (await page.get(f"/host/circles/{cast.circle}/gatherings/new")).text
    async with context.db.reading() as tx:
        assert await tx.fetchval("select capacity from gatherings where id = $1", cast.gathering) == 8


async def test_a_published_circle_needs_a_place_or_a_link(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.farid) as page:
        answer = await page.post(f"/host/circles/{cast.circle}/edit", data=saved(1, join_link=""))
    assert (answer.status_code, "give the link people join by" in answer.text) == (422, True)


async def test_a_circle_does_not_move_under_people_with_seats(context: Context, cast: Cast) -> None:
    await add_booking(context, cast.gathering, cast.mira)
    farid = await person(context, cast.farid)
    plan = forms.read_circle(TYPED | {"place": "in_person", "city": "Boston", "address": "1 Elm Street"})
    with pytest.raises(Refused) as refused:
        await circle_change.apply(context, CircleChange(farid, cast.circle, plan, 1), Consent(""))
    assert refused.value.codes == {"place_moved"}


# Whose circle it is


async def test_a_circle_of_others_is_not_found(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    gathering = await add_gathering(context, cast.circle, days=20, state="draft")
    nowhere = uuid4()
    for outsider in (cast.fern, cast.odile):
        async with browser(outsider) as page:
            for theirs, unknown in ((cast.circle, nowhere), (nowhere, nowhere)):
                for path in ("", "/edit", "/gatherings/new"):
                    answers = [
                        await page.get(f"/host/circles/{circle}{path}") for circle in (theirs, unknown)
                    ]
                    assert {answer.status_code for answer in answers} == {404}
                    assert len({answer.text for answer in answers}) == 1
            for url in (
                f"/host/circles/{cast.circle}/edit",
                f"/host/circles/{cast.circle}/publish",
                f"/host/circles/{cast.circle}/gatherings/new",
                f"/host/gatherings/{gathering}/publish",
                f"/host/gatherings/{gathering}/discard",
            ):
                assert (await page.post(url, data=saved(1) | dated(reason="x"))).status_code == 404
            # An organizer may cancel at any circle, once they have seen what it does.
            cancel, refused = (
                f"/host/gatherings/{cast.gathering}/cancel",
                422 if outsider == cast.odile else 404,
            )
            assert (await page.post(cancel, data=dated(reason="x"))).status_code == refused
    assert await gathering_state(context, gathering) == "draft"
    assert await gathering_state(context, cast.gathering) == "open"


async def test_helpers_see_and_co_hosts_change(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    helper = await add_person(context, "Hana", is_facilitator=True)
    co = await add_person(context, "Cody", is_facilitator=True)
    async with context.db.transaction() as tx:
        await tx.execute(
            "insert into hosts values ($1, $2, 'helper'), ($1, $3, 'co')", cast.circle, helper, co
        )
    async with browser(helper) as page:
        shown = await page.get(f"/host/circles/{cast.circle}")
        assert (shown.status_code, "Change the circle" in shown.text) == (200, False)
        assert (await page.get(f"/host/circles/{cast.circle}/edit")).status_code == 404
        assert (await page.post(f"/host/circles/{cast.circle}/edit", data=saved(1))).status_code == 404
    async with browser(co) as page:
        shown = await page.post(f"/host/circles/{cast.circle}/edit", data=saved(1))
        assert (shown.status_code, "Told by mail as hosts: Farid and Hana." in shown.text) == (200, True)
        confirmed = saved(1, then="do", seen=fingerprint(shown.text))
        assert (await page.post(f"/host/circles/{cast.circle}/edit", data=confirmed)).status_code == 303


async def test_the_host_pages_take_few_queries(cast: Cast, browser: OpenBrowser, queries: list[str]) -> None:
    async with browser(cast.farid) as page:
        for url, most in (("/host", 4), (f"/host/circles/{cast.circle}", 3)):
            await page.get(url)
            queries.clear()
            await page.get(url)
            assert len(queries) <= most


# Planning a gathering


async def test_publishing_a_draft_gathering(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.farid) as page:
        await page.post(f"/host/circles/{cast.circle}/gatherings/new", data=dated(note="Bring **water**"))
        async with context.db.reading() as tx:
            row = await tx.fetchrow("select * from gatherings where state = 'draft'")
        assert row is not None
        assert row["wall_start"].strftime("%H:%M") == "18:00"
        assert row["ends_at"] - row["starts_at"] == timedelta(minutes=90)
        assert (await page.get(f"/gatherings/{row['id']}")).status_code == 404
        assert (
            f"/host/gatherings/{row['id']}/publish" in (await page.get(f"/host/circles/{cast.circle}")).text
        )
        await page.post(f"/host/gatherings/{row['id']}/publish")
        assert "<strong>water</strong>" in (await page.get(f"/gatherings/{row['id']}")).text


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"length_minutes": "-30"}, "ends after it starts"),
        ({"date": "2026-01-05"}, "This time has passed"),
        ({"date": "2027-03-14", "time": "02:30"}, "The next time that exists is 3:30 am"),
        ({"date": "2027-02-30"}, "year-month-day"),
        ({"time": "25:00"}, "such as 18:00"),
        ({"capacity": "25"}, "1 to 24 seats"),
        ({"community_seats": "9"}, "more community seats than seats"),
        ({"note": "a\x00b"}, "hidden character"),
    ],
)
async def test_invalid_gatherings_are_refused_with_a_reason(
    cast: Cast, browser: OpenBrowser, changed: dict[str, str], words: str
) -> None:
    async with browser(cast.farid) as page:
        answer = await page.post(f"/host/circles/{cast.circle}/gatherings/new", data=dated(**changed))
    assert answer.status_code == 422
    assert words in answer.text


async def test_a_doubled_hour_is_the_first(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    # The last Sunday of an October ahead, when the clocks of Berlin go back at 3:00.
    year = datetime.now(ZoneInfo("Europe/Berlin")).year + 1
    day = max(d for d in range(25, 32) if date(year, 10, d).isoweekday() == 7)
    circle = await add_circle(context, cast.farid, zone="Europe/Berlin")
    async with browser(cast.farid) as page:
        await page.post(
            f"/host/circles/{circle}/gatherings/new", data=dated(date=f"{year}-10-{day}", time="02:30")
        )
        assert "show 2:30 am twice" in (await page.get(f"/host/circles/{circle}")).text
    async with context.db.reading() as tx:
        starts_at = await tx.fetchval("select starts_at from gatherings where circle_id = $1", circle)
    assert (starts_at.hour, starts_at.minute) == (0, 30)


async def test_one_gathering_per_start(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    url = f"/host/circles/{cast.circle}/gatherings/new"
    async with browser(cast.farid) as page:
        assert (await page.post(url, data=dated(then="publish"))).status_code == 303
        twice = await page.post(url, data=dated(then="publish", note="Another one."))
        assert (twice.status_code, "has a gathering at this time already" in twice.text) == (422, True)
        async with context.db.reading() as tx:
            mine = await tx.fetchval(
                "select id from gatherings where id <> all($1)", [cast.gathering, cast.free_gathering]
            )
        cancel = f"/host/gatherings/{mine}/cancel"
        seen = fingerprint((await page.get(cancel)).text)
        await page.post(cancel, data={"reason": "The room is closed.", "seen": seen})
        assert (await page.post(url, data=dated(then="publish"))).status_code == 303


async def test_gatherings_of_draft_circles_are_drafts(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    circle = await add_circle(context, cast.farid, state="draft")
    async with browser(cast.farid) as page:
        refused = await page.post(f"/host/circles/{circle}/gatherings/new", data=dated(then="publish"))
        assert (refused.status_code, "Publish the circle first" in refused.text) == (422, True)
        await page.post(f"/host/circles/{circle}/gatherings/new", data=dated())
        async with context.db.reading() as tx:
            mine = await tx.fetchval("select id from gatherings where circle_id = $1", circle)
        await page.post(f"/host/gatherings/{mine}/publish")
        assert "Publish the circle first" in (await page.get(f"/host/circles/{circle}")).text
    assert await gathering_state(context, mine) == "draft"


async def test_a_time_typed_before_the_circle_changed_zone_is_refused(context: Context, cast: Cast) -> None:
    farid = await person(context, cast.farid)
    now = datetime.now(ZoneInfo("UTC"))
    plan = schedule_forms.read_gathering(dated(), "Europe/Berlin", forms.read_circle(TYPED).scale, now)
    with pytest.raises(OutOfDate):
        await schedule_actions.plan_gathering(context, farid, cast.circle, plan)


async def test_only_draft_gatherings_are_discarded(
    context: Context, cast: Cast, browser: OpenBrowser
) -> None:
    draft = await add_gathering(context, cast.circle, days=20, state="draft")
    async with browser(cast.farid) as page:
        await page.post(f"/host/gatherings/{draft}/discard")
        await page.post(f"/host/gatherings/{cast.gathering}/discard")
        assert "You can cancel it instead" in (await page.get(f"/host/circles/{cast.circle}")).text
    assert await gathering_state(context, draft) is None
    assert await gathering_state(context, cast.gathering) == "open"


# Cancelling a gathering


async def test_cancelling_shows_consequences(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    await add_booking(context, cast.gathering, cast.mira)
    url = f"/host/gatherings/{cast.gathering}/cancel"
    async with browser(cast.farid) as page:
        text = (await page.get(url)).text
        assert "1 person has a seat" in text
        assert "sent back in full" in text
        empty = await page.post(url, data={"reason": "  "})
        assert (empty.status_code, "Please fill this in." in empty.text) == (422, True)
        assert await gathering_state(context, cast.gathering) == "open"
        await add_booking(context, cast.gathering, cast.milo)
        typed = {"reason": "The room is closed.", "seen": fingerprint(text)}
        stale = await page.post(url, data=typed)
        assert (stale.status_code, missing(stale.text, "look once more", "2 people", "room is closed")) == (
            422,
            [],
        )
        assert await gathering_state(context, cast.gathering) == "open"
        typed["seen"] = fingerprint(stale.text)
        assert (await page.post(url, data=typed)).status_code == 303
        assert (await page.post(url, data=typed)).status_code == 303  # a double press
        assert "canceled already" in (await page.get(url)).text
        assert "was canceled" in (await page.get(f"/gatherings/{cast.gathering}")).text
    assert await gathering_state(context, cast.gathering) == "cancelled"


async def test_bookings_end_once_in_the_transaction_that_cancels(
    context: Context, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[UUID, str, UUID]] = []

    async def record(tx: Tx, gathering_id: UUID, reason: str, *, actor_id: UUID) -> None:
        assert await tx.fetchval("select state from gatherings where id = $1", gathering_id) == "cancelled"
        calls.append((gathering_id, reason, actor_id))

    monkeypatch.setattr(bookings, "cancel_all", record)
    farid = await person(context, cast.farid)
    for _ in range(2):
        await change_actions.cancel_gathering(context, farid, cast.gathering, "The room is closed.")
    assert calls == [(cast.gathering, "The room is closed.", cast.farid)]


async def test_nothing_is_cancelled_when_ending_its_bookings_fails(
    context: Context, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(bookings, "cancel_all", fail)
    with pytest.raises(RuntimeError):
        await change_actions.cancel_gathering(
            context, await person(context, cast.farid), cast.gathering, "Ill."
        )
    assert await gathering_state(context, cast.gathering) == "open"


async def test_only_open_gatherings_are_cancelled(context: Context, cast: Cast, browser: OpenBrowser) -> None:
    past = await add_gathering(context, cast.circle, days=-3)
    draft = await add_gathering(context, cast.circle, days=20, state="draft")
    farid = await person(context, cast.farid)
    for gathering, code in ((past, "over"), (draft, "draft")):
        with pytest.raises(Refused) as refused:
            await change_actions.cancel_gathering(context, farid, gathering, "Ill.")
        assert refused.value.codes == {code}
    with pytest.raises(NotFound):
        await change_actions.cancel_gathering(context, farid, uuid4(), "Ill.")
    async with browser(cast.farid) as page:
        assert "It is over" in (await page.get(f"/host/gatherings/{past}/cancel")).text
        assert "This is a draft" in (await page.get(f"/host/gatherings/{draft}/cancel")).text


# Organizers


async def test_organizers_see_every_circle(
    context: Context, cast: Cast, browser: OpenBrowser, queries: list[str]
) -> None:
    await add_circle(context, cast.fern, name="Not yet", state="draft")
    async with browser(cast.odile) as page:
        await page.get("/organize/circles")
        queries.clear()
        text = (await page.get("/organize/circles")).text
        assert len(queries) == 3
        assert (await page.get("/organize/circles?page=x")).status_code == 200
    assert not missing(
        text, "First steps home", "Open door", "Not yet", "Farid", "Free of charge", "3 circles"
    )
    async with browser(cast.farid) as page:
        assert (await page.get("/organize/circles")).status_code == 404
