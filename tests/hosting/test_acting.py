"""An organizer acts for a circle with a reason: what its lead can do, recorded and told; nothing private is read."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from circles.base import clock
from circles.hosting.change.circle_change import CircleChange
from circles.hosting.change.circle_change import apply as apply_to_circle
from circles.hosting.change.planned_change import Consent, GatheringChange
from circles.hosting.circle import actions as circle_actions
from circles.hosting.circle import lifecycle
from circles.hosting.circle.rules import CirclePlan
from circles.hosting.schedule import actions as schedule_actions
from circles.hosting.schedule.forms import GatheringPlan
from circles.store import jobs
from tests.cast import GUIDELINES, Cast, add_booking, add_circle
from tests.conftest import OpenBrowser
from tests.helpers import change, demoted, missing, person, rows, send_invites, value
from tests.hosting.helpers import TERMS, apply, events, fingerprint, plan_change, weekly
from tests.hosting.test_hosts_change import add_host, mails, parts

WHY = "Farid is in hospital."


async def begin(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.odile) as page:
        answer = await page.post(f"/organize/circles/{cast.circle}/act", data={"why": WHY})
    assert answer.headers["Location"] == f"/host/circles/{cast.circle}"


async def told(cast: Cast, kind: str = "host_news") -> str:
    found = await rows(
        cast.context,
        "select text_body from mails where kind = $1 and to_address = 'farid@example.org' order by created_at",
        kind,
    )
    return " ".join(" ".join(row["text_body"].split()) for row in found)


async def did(cast: Cast) -> list[str]:
    found = await events(cast.context, "organizer.acted")
    assert all(
        (one["who"], one["why"], one["details"]["as"]) == (cast.odile, WHY, "organizer") for one in found
    )
    return [one["details"]["did"] for one in found]


async def test_it_begins_with_a_reason_and_ends(cast: Cast, browser: OpenBrowser) -> None:
    own = f"/host/circles/{cast.circle}"
    async with browser(cast.odile) as page:
        assert (await page.get(own)).status_code == 404
        refused = await page.post(f"/organize/circles/{cast.circle}/act", data={"why": " "})
        assert refused.status_code == 422
        await begin(cast, browser)
        shown = (await page.get(own)).text
        assert not missing(shown, "You act for this circle", WHY, f"{own}/edit")
        assert WHY in (await page.get(f"/organize/circles/{cast.circle}")).text
        await page.post(f"/organize/circles/{cast.circle}/stop")
        assert (await page.get(own)).status_code == 404
    assert f"Odile, an organizer, may change this circle for a day. The reason: {WHY}" in await told(cast)
    assert [one["why"] for one in await events(cast.context, "organizer.began")] == [WHY]
    assert len(await events(cast.context, "organizer.ended")) == 1


async def test_it_ends_by_itself_and_with_the_role(cast: Cast, browser: OpenBrowser) -> None:
    await begin(cast, browser)
    odile = await person(cast.context, cast.odile)
    await change(cast.context, "update acting_organizers set until = now()")
    async with browser(cast.odile) as page:
        assert (await page.get(f"/host/circles/{cast.circle}")).status_code == 404
    await change(cast.context, "update acting_organizers set until = now() + interval '1 day'")
    await change(
        cast.context, "update people set is_organizer = false, is_facilitator = true where id = $1", odile.id
    )
    async with browser(cast.odile) as page:
        assert (await page.get(f"/host/circles/{cast.circle}")).status_code == 404
    await change(cast.context, "update acting_organizers set until = now() - interval '31 days'")
    await jobs.run_timetable(cast.context, "hosting.forget_acting")
    assert await value(cast.context, "select count(*) from acting_organizers") == 0


async def test_only_organizers_who_do_not_host_it_begin(cast: Cast, browser: OpenBrowser) -> None:
    for who in (cast.mira, cast.farid, cast.fern):
        async with browser(who) as page:
            for path in ("act", "stop", "ask"):
                answer = await page.post(f"/organize/circles/{cast.circle}/{path}", data={"why": WHY})
                assert answer.status_code == 404
    await add_host(cast.context, cast.circle, cast.odile, "co")
    async with browser(cast.odile) as page:
        answer = await page.post(f"/organize/circles/{cast.circle}/act", data={"why": WHY})
        assert answer.status_code == 404, "a host needs no reason"


@pytest.mark.parametrize(
    "path",
    [
        "/host/circles/{circle}/screening",
        "/host/circles/{circle}/run-sheet",
        "/host/circles/{circle}/room",
        "/host/circles/{circle}/agreements",
        "/host/gatherings/{gathering}",
        "/host/gatherings/{gathering}/room",
        "/host/gatherings/{gathering}/after",
        "/host/gatherings/{gathering}/run-sheet",
        "/host/gatherings/{gathering}/waiting-list",
    ],
)
async def test_what_is_private_to_hosts_stays_so(cast: Cast, browser: OpenBrowser, path: str) -> None:
    await begin(cast, browser)
    url = path.format(circle=cast.circle, gathering=cast.gathering)
    async with browser(cast.odile) as page:
        assert (await page.get(url)).status_code == 404
        shown = (await page.get(f"/host/circles/{cast.circle}")).text
    assert url not in re.findall(r'href="([^"]+)"', shown), "no page leads there"


async def test_without_a_reason_nothing_is_changed(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.odile) as page:
        for path in ("edit", "pause", "archive", "schedules/new", "gatherings/new", "guidelines", "discard"):
            answer = await page.post(f"/host/circles/{cast.circle}/{path}", data={"name": "x"})
            assert answer.status_code == 404, path
        for path in ("change", "publish", "discard", "put-back"):
            answer = await page.post(f"/host/gatherings/{cast.gathering}/{path}", data={})
            assert answer.status_code == 404, path
        shown = (await page.get(f"/host/circles/{cast.circle}/hosts/{cast.fern}/lead")).text
        refused = await page.post(
            f"/host/circles/{cast.circle}/hosts/{cast.fern}/lead", data={"seen": fingerprint(shown)}
        )
        assert refused.status_code == 422
        asked = await page.post(
            f"/host/circles/{cast.circle}/hosts", data={"email": "fern@example.org", "part": "co"}
        )
        assert asked.status_code == 422
    assert await parts(cast.context, cast.circle) == {cast.farid: "lead"}
    assert await value(cast.context, "select count(*) from mails") == 0


async def test_a_circle_is_paused_resumed_and_ended(cast: Cast, browser: OpenBrowser) -> None:
    await begin(cast, browser)
    async with browser(cast.odile) as page:
        for path in ("pause", "resume", "archive"):
            await page.post(f"/host/circles/{cast.circle}/{path}")
    assert await did(cast) == ["paused the circle", "resumed the circle", "ended the circle"]
    text = await told(cast)
    assert not missing(
        text,
        "Odile, an organizer, paused this circle.",
        "Odile, an organizer, resumed this circle.",
        "Odile, an organizer, ended this circle.",
    )
    assert text.count(f"The reason: {WHY}") == 4


async def test_a_circle_is_changed(cast: Cast, browser: OpenBrowser) -> None:
    await begin(cast, browser)
    odile = await person(cast.context, cast.odile)
    async with cast.context.db.transaction() as tx:
        row = await circle_actions.lock_circle(tx, cast.circle, odile)
        wider = replace(CirclePlan.of(row), capacity=9, minimum=2000)
        planned = CircleChange(odile, cast.circle, wider, row["version"])
        outcome = await planned.preview(tx)
    await apply_to_circle(cast.context, planned, Consent(outcome.fingerprint))
    assert await value(cast.context, "select capacity from circles where id = $1", cast.circle) == 9
    assert await did(cast) == ["changed the circle"]
    assert f"Odile, an organizer, changed “Tuesday group”. The reason: {WHY}" in await told(
        cast, "host_changes"
    )


async def test_dates_are_planned_changed_and_published(cast: Cast, browser: OpenBrowser) -> None:
    await begin(cast, browser)
    odile = await person(cast.context, cast.odile)
    await schedule_actions.create_schedule(cast.context, odile, cast.circle, weekly(), TERMS)
    start = clock.moment(
        clock.wall_time(clock.now(), TERMS.zone).replace(microsecond=0) + timedelta(days=40), TERMS.zone
    )
    draft = await schedule_actions.plan_gathering(
        cast.context, odile, cast.circle, GatheringPlan(start, 90, 8, 1, "")
    )
    async with browser(cast.odile) as page:
        await page.post(f"/host/gatherings/{draft}/publish")
    planned = await plan_change(cast.context, cast, cast.gathering, capacity=10)
    await apply(cast.context, GatheringChange(odile, planned.gathering_id, planned.moment, planned.terms))
    assert await did(cast) == [
        "made a schedule",
        "planned a gathering",
        "opened a gathering for booking",
        "changed gatherings",
    ]
    assert not missing(await told(cast), "Odile, an organizer, made a schedule.", "planned a gathering.")
    assert f"Odile, an organizer, changed “Tuesday group”. The reason: {WHY}" in await told(
        cast, "host_changes"
    )


async def test_a_change_leads_back_to_the_circle_and_not_to_the_register(
    cast: Cast, browser: OpenBrowser
) -> None:
    await begin(cast, browser)
    url = f"/host/gatherings/{cast.gathering}/change"
    async with browser(cast.odile) as page:
        shown = (await page.get(url)).text
        typed: dict[str, Any] = dict(re.findall(r'name="([a-z_]+)"[^>]* value="([^"]*)"', shown))
        typed = {name: text for name, text in typed.items() if name not in ("then", "seen")} | {
            "scope": "one"
        }
        preview = await page.post(url, data=typed | {"capacity": "9"})
        assert preview.status_code == 200, preview.text
        done = await page.post(
            url, data=typed | {"capacity": "9", "then": "do", "seen": fingerprint(preview.text)}
        )
    assert done.headers["Location"] == f"/host/circles/{cast.circle}"


async def test_guidelines_are_published(cast: Cast, browser: OpenBrowser) -> None:
    await begin(cast, browser)
    url = f"/host/circles/{cast.circle}/guidelines"
    async with browser(cast.odile) as page:
        saved = await page.post(
            url, data={"guidelines": f"{GUIDELINES} We listen.", "seen": "1.0", "then": "save"}
        )
        assert saved.status_code == 303, re.findall(r'class="problems.*?</div>', saved.text, re.S)
        assert (await page.get(f"{url}/publish")).status_code == 200
        done = await page.post(
            f"{url}/publish", data={"seen": "1.1", "material": "yes", "why": "It is clearer now."}
        )
        assert done.headers["Location"] == url
    await jobs.drain(cast.context)
    assert await did(cast) == ["changed the guidelines", "changed the guidelines"]
    assert f"Odile, an organizer, changed the session guidelines. The reason: {WHY}" in await told(cast)


async def test_a_draft_is_discarded(cast: Cast, browser: OpenBrowser) -> None:
    draft = await add_circle(cast.context, cast.farid, name="Draft", state="draft")
    odile = await person(cast.context, cast.odile)
    async with browser(cast.odile) as page:
        await page.post(f"/organize/circles/{draft}/act", data={"why": WHY})
    await lifecycle.discard_circle(cast.context, odile, draft)
    assert await did(cast) == ["discarded the draft"]
    assert "Odile, an organizer, threw this draft away." in await told(cast)


async def test_an_orphaned_circle_is_led_by_whom_the_organizer_asks_once_they_accept(
    cast: Cast, browser: OpenBrowser
) -> None:
    await add_booking(cast.context, cast.gathering, cast.mira)
    await send_invites(cast.context)
    async with demoted(cast.context, cast.farid):
        async with browser(cast.odile) as page:
            url = f"/organize/circles/{cast.circle}"
            for data in (
                {"lead": str(cast.mira), "why": WHY},
                {"lead": "", "why": WHY},
                {"lead": str(cast.fern)},
            ):
                assert (await page.post(f"{url}/ask", data=data)).status_code == 422
            asked = await page.post(f"{url}/ask", data={"lead": str(cast.fern), "why": WHY})
            assert asked.headers["Location"] == url
            assert "Fern is asked to lead it" in (await page.get(url)).text
        assert await parts(cast.context, cast.circle) == {cast.farid: "lead"}, (
            "nobody leads before they accept"
        )
        invitation = (await mails(cast.context, "host_invitation"))["fern@example.org"]["text_body"]
        assert "Would you lead Tuesday group from now on?" in " ".join(invitation.split())
        link = re.findall(r"/host/invitations/\S+", invitation)[0]
        async with browser(cast.fern) as page:
            assert "you lead it at once" in (await page.get(link)).text
            for _ in range(2):
                await page.post(link, data={"answer": "accept"})
            assert (await page.get(f"/host/circles/{cast.circle}/edit")).status_code == 200
        assert await parts(cast.context, cast.circle) == {cast.fern: "lead"}
        async with browser(cast.odile) as page:
            assert "Nobody can lead" not in (await page.get("/organize")).text
    (event,) = await events(cast.context, "host.lead")
    assert (event["who"], event["after"]) == (cast.fern, str(cast.fern))
    await jobs.drain(cast.context)
    changed = await rows(
        cast.context, "select text_body from mails where person_id = $1 and kind = 'changed'", cast.mira
    )
    assert any("Fern" in row["text_body"] for row in changed), "those booked learn who hosts it"


async def test_a_host_asks_nobody_to_lead(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.farid) as page:
        answer = await page.post(
            f"/host/circles/{cast.circle}/hosts", data={"email": "fern@example.org", "part": "lead"}
        )
    assert answer.status_code == 422


async def test_handing_over_says_why(cast: Cast, browser: OpenBrowser) -> None:
    url = f"/host/circles/{cast.circle}/hosts/{cast.fern}/lead"
    async with browser(cast.odile) as page:
        seen = fingerprint((await page.get(url)).text)
        await page.post(url, data={"seen": seen, "why": WHY})
    (event,) = await events(cast.context, "host.lead")
    assert (event["why"], event["details"]) == (WHY, {"as": "organizer"})
    assert f"You are co-facilitator from now on. The reason: {WHY}" in await told(cast)
