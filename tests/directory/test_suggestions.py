"""Suggestions over HTTP: who may make one, who reads it, and that nothing records its reading."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from circles import directory
from circles.base.errors import NotFound, Refused
from circles.directory.introductions import access_log, suggestions_rules
from circles.store import db, jobs
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_gathering, add_person
from tests.conftest import OpenBrowser
from tests.directory.helpers import add_listing
from tests.helpers import missing


class Scene:
    """A gathering of yesterday with Mira, who came, and Milo, who did not."""

    def __init__(self, context: Context, cast: Cast, gathering: UUID, mira: UUID, milo: UUID) -> None:
        self.context, self.cast, self.gathering, self.mira, self.milo = context, cast, gathering, mira, milo

    @property
    def here(self) -> str:
        return f"/host/gatherings/{self.gathering}/suggest/{self.mira}"

    async def fetch(self, sql: str, *arguments: object) -> list[dict[str, Any]]:
        async with self.context.db.reading() as tx:
            return [dict(row) for row in await tx.fetch(sql, *arguments)]

    async def log(self, who: UUID) -> list[str]:
        async with self.context.db.reading() as tx:
            return [access_log.text_of(row) for row in await access_log.read_page(tx, who, 1)]

    async def suggest(self, **more: Any) -> UUID:
        async with self.context.db.transaction() as tx:
            suggestion = directory.Suggestion(**more)
            made = await directory.suggest(
                tx, self.context, person_id=self.cast.mira, actor_id=self.cast.farid, suggestion=suggestion
            )
        assert made
        return made


@pytest_asyncio.fixture
async def scene(context: Context, cast: Cast) -> Scene:
    gathering = await add_gathering(context, cast.circle, days=-1)
    mira = await add_booking(context, gathering, cast.mira)
    milo = await add_booking(context, gathering, cast.milo, kind="paid", amount=4500)
    async with context.db.transaction() as tx:
        await tx.execute(
            "insert into attendance (booking_id, mark) values ($1, 'came'), ($2, 'absent')", mira, milo
        )
    return Scene(context, cast, gathering, mira, milo)


async def test_suggesting_the_directory(scene: Scene, browser: OpenBrowser) -> None:
    async with browser(scene.cast.farid) as page:
        after = (await page.get(f"/host/gatherings/{scene.gathering}/after")).text
        assert scene.here in after
        assert str(scene.milo) not in after.partition('id="suggest"')[2].partition("</section>")[0]
        assert "You will not be told whether it was read" in (await page.get(scene.here)).text
        made = await page.post(scene.here, data={"what": "directory", "words": "Be <kind> to yourself."})
        assert made.headers["location"] == f"/host/gatherings/{scene.gathering}/after#suggest"
    (note,) = await scene.fetch("select * from mails where kind = 'suggestion'")
    assert note["to_address"] == "mira@example.org"
    for never in ("Farid", "kind", "therapist", "Tuesday", "directory"):
        assert never not in note["text_body"] + note["subject"]
    async with browser(scene.cast.mira) as page:
        assert "There is a suggestion for you" in (await page.get("/my/gatherings")).text
        text = (await page.get("/my/suggestions")).text
        assert "Be &lt;kind&gt; to yourself." in text
        assert "Farid" in text.partition("<main")[2]
    assert await scene.log(scene.cast.mira) == ["Farid suggested that you look at the directory."]
    async with browser(scene.cast.milo) as page:
        assert "kind" not in (await page.get("/my/suggestions")).text.partition("<main")[2]
        assert "suggestion" not in (await page.get("/my/gatherings")).text.partition("<main")[2]


async def test_a_button_pressed_twice_makes_one_suggestion(scene: Scene, browser: OpenBrowser) -> None:
    async with browser(scene.cast.farid) as page:
        sent = {"what": "directory", "words": "Go gently."}
        both = await asyncio.gather(*(page.post(scene.here, data=sent) for _ in range(2)))
        assert [answer.status_code for answer in both] == [303, 303]
        assert (await page.post(scene.here, data=sent | {"words": "And sleep."})).status_code == 303
    assert len(await scene.fetch("select from suggestions")) == 2
    assert len(await scene.fetch("select from mails where kind = 'suggestion'")) == 2
    assert len(await scene.log(scene.cast.mira)) == 2


async def test_suggesting_listings_by_name(scene: Scene, browser: OpenBrowser) -> None:
    ids = [await add_listing(scene.context, name=name) for name in ("River Stone", "River Bank", "Zoë Brook")]
    async with browser(scene.cast.farid) as page:
        text = (await page.post(scene.here, data={"do": "find", "name": "river", "words": "Kept"})).text
        assert not missing(text, "River Stone", "River Bank")
        assert "Zoë" not in text
        assert "Kept" in text
        ticked = {
            "do": "find",
            "name": "ZOE",
            "listings": [str(listing) for listing in ids[:2]],
            "what": "listings",
        }
        text = (await page.post(scene.here, data=ticked)).text
        assert text.count(" checked") == 3  # the way, and the two that stay ticked
        assert "Zoë Brook" in text
        done = await page.post(
            scene.here, data={"what": "listings", "listings": [str(listing) for listing in ids]}
        )
        assert done.status_code == 303
    async with browser(scene.cast.mira) as page:
        text = (await page.get("/my/suggestions")).text
    for listing in ids:
        assert f'href="/therapists/{listing}"' in text
    assert sorted(await scene.log(scene.cast.mira)) == [
        f"Farid suggested {name} to you." for name in ("River Bank", "River Stone", "Zoë Brook")
    ]


async def test_refusals_are_shown_and_the_input_is_kept(scene: Scene, browser: OpenBrowser) -> None:
    draft = await add_listing(scene.context, name="Draft", state="draft")
    async with browser(scene.cast.farid) as page:
        empty = await page.post(scene.here, data={"what": "listings", "words": "Still here"})
        assert empty.status_code == 422
        assert not missing(empty.text, "tick at least one", "Still here")
        gone = await page.post(scene.here, data={"what": "listings", "listings": str(draft)})
        assert "no longer in the directory" in gone.text
    assert await scene.fetch("select from suggestions") == []
    assert await scene.fetch("select from mails where kind = 'suggestion'") == []


async def test_only_a_host_suggests_and_only_to_members_who_came(scene: Scene, browser: OpenBrowser) -> None:
    helper = await add_person(scene.context, "Helper", is_facilitator=True)
    async with scene.context.db.transaction() as tx:
        await tx.execute(
            "insert into hosts (circle_id, person_id, part) values ($1, $2, 'helper')",
            scene.cast.circle,
            helper,
        )
    for who in (scene.cast.fern, scene.cast.odile, scene.cast.mira, helper):
        async with browser(who) as page:
            assert (await page.get(scene.here)).status_code == 404
            assert (await page.post(scene.here, data={"what": "directory"})).status_code == 404
    async with browser(scene.cast.farid) as page:
        for other in (
            f"/host/gatherings/{scene.gathering}/suggest/{scene.milo}",
            f"/host/gatherings/{scene.gathering}/suggest/{uuid4()}",
            f"/host/gatherings/{scene.cast.free_gathering}/suggest/{scene.mira}",
        ):
            assert (await page.get(other)).status_code == 404
            assert (await page.post(other, data={"what": "directory"})).status_code == 404
    assert await scene.fetch("select from suggestions") == []


async def test_deleting_a_suggestion_leaves_no_trace(scene: Scene, browser: OpenBrowser) -> None:
    made = await scene.suggest(words="Breathe out")
    async with browser(scene.cast.farid) as page:
        before = (await page.get(f"/host/gatherings/{scene.gathering}/after")).text
    events = await scene.fetch("select count(*) from events")
    async with browser(scene.cast.milo) as page:
        assert (await page.post(f"/my/suggestions/{made}/put-away")).status_code == 404
    async with browser(scene.cast.mira) as page:
        await page.get("/my/suggestions")
        assert (await page.post(f"/my/suggestions/{made}/put-away")).status_code == 303
        assert "Nothing suggested" in (await page.get("/my/suggestions")).text
        assert (await page.post(f"/my/suggestions/{made}/put-away")).status_code == 404
    # The sign-ins of this test leave events of their own; of the suggestion there is none but that it was made.
    assert await scene.fetch("select what from events where about = $1", made) == [
        {"what": "suggestion.made"}
    ]
    assert events[0]["count"] >= 1
    assert await scene.fetch("select from suggestions") == []
    assert await scene.log(scene.cast.mira) == ["Farid suggested that you look at the directory."]
    async with browser(scene.cast.farid) as page:
        assert (await page.get(f"/host/gatherings/{scene.gathering}/after")).text == before


async def test_the_limit_does_not_depend_on_deleted_suggestions(scene: Scene, browser: OpenBrowser) -> None:
    async with browser(scene.cast.farid) as page, browser(scene.cast.mira) as mira:
        for _ in range(suggestions_rules.MAX_A_DAY):
            assert (await page.post(scene.here, data={"what": "directory"})).status_code == 303
            (made,) = await scene.fetch("select id from suggestions")
            assert (await mira.post(f"/my/suggestions/{made['id']}/put-away")).status_code == 303
        once_more = await page.post(scene.here, data={"what": "directory"})
    assert once_more.status_code == 422
    assert "leave it at that for now" in once_more.text


async def test_suggestions_are_deleted_after_thirty_days(scene: Scene, browser: OpenBrowser) -> None:
    made = await scene.suggest(words="Breathe out")
    async with scene.context.db.transaction() as tx:
        await tx.execute("update suggestions set created_at = now() - interval '30 days' where id = $1", made)
    async with browser(scene.cast.mira) as page:  # past its time it does not show, even before it is deleted
        assert "Breathe out" not in (await page.get("/my/suggestions")).text
        assert "a suggestion for you" not in (await page.get("/my/gatherings")).text
    for _ in range(2):
        await jobs.run_timetable(scene.context, "directory.forget_suggestions")
    assert await scene.fetch("select from suggestions") == []
    assert (await scene.log(scene.cast.mira))[0] == "A suggestion made to you was deleted after 30 days."


async def test_a_note_after_a_gathering_may_suggest_the_directory(scene: Scene, browser: OpenBrowser) -> None:
    notes = f"/host/gatherings/{scene.gathering}/notes"
    about = str(scene.cast.milo)
    async with browser(scene.cast.farid) as page:
        assert 'name="look"' in (await page.get(f"/host/gatherings/{scene.gathering}/after")).text
        await page.post(notes, data={"about": about, "body": "A quiet evening."})
        assert await scene.fetch("select from suggestions") == []
        wrong = await page.post(notes, data={"about": about, "body": "", "look": "on"})
        assert wrong.status_code == 422
        assert 'name="look" value="on" checked' in wrong.text
        assert await scene.fetch("select from suggestions") == []
        await page.post(notes, data={"about": about, "body": "A hard evening.", "look": "on"})
    (made,) = await scene.fetch("select * from suggestions")
    assert (made["person_id"], made["made_by"], made["words"]) == (scene.cast.milo, scene.cast.farid, "")
    async with browser(scene.cast.milo) as page:
        assert "A hard evening" not in (await page.get("/my/suggestions")).text
    assert len(await scene.fetch("select from hand_over_notes")) == 2


async def test_suggesting_to_an_unknown_person_raises_not_found(scene: Scene) -> None:
    async with scene.context.db.transaction() as tx:
        with pytest.raises(NotFound):
            await directory.suggest(
                tx,
                scene.context,
                person_id=uuid4(),
                actor_id=scene.cast.farid,
                suggestion=directory.Suggestion(),
            )
        with pytest.raises(Refused):
            await directory.suggest(
                tx,
                scene.context,
                person_id=scene.cast.mira,
                actor_id=scene.cast.farid,
                suggestion=directory.Suggestion((uuid4(),)),
            )


async def test_only_listings_with_room_and_a_valid_license_may_be_suggested(
    scene: Scene, browser: OpenBrowser
) -> None:
    closed = await add_listing(scene.context, name="River Closed", room="closed")
    lapsed = await add_listing(scene.context, name="River Lapsed")
    open_one = await add_listing(scene.context, name="River Open", room="waiting")
    await _lapse(scene, lapsed)
    async with browser(scene.cast.farid) as page:
        text = (await page.post(scene.here, data={"do": "find", "name": "river"})).text
        assert not missing(text, "River Open", "Licensed in Florida", "please make sure of it")
        for listing, name in ((closed, "River Closed"), (lapsed, "River Lapsed")):
            assert name not in text
            refused = await page.post(scene.here, data={"what": "listings", "listings": str(listing)})
            assert refused.status_code == 422
            assert "no license that counts today" in refused.text
        sent = await page.post(scene.here, data={"what": "listings", "listings": str(open_one)})
        assert sent.status_code == 303


async def test_a_suggested_listing_that_no_longer_may_be_named_is_not_shown(
    scene: Scene, browser: OpenBrowser
) -> None:
    made = await add_listing(scene.context, name="River Open")
    await scene.suggest(listings=(made,))
    async with browser(scene.cast.mira) as page:
        assert "River Open" in (await page.get("/my/suggestions")).text
        await _lapse(scene, made)
        text = (await page.get("/my/suggestions")).text
        assert "River Open" not in text
        assert "cannot be asked here at the moment" in text


async def _lapse(scene: Scene, listing: UUID) -> None:
    """Expire the licenses of a listing, and refresh its facets."""
    async with scene.context.db.transaction() as tx:
        await tx.execute("update licences set expires_on = current_date - 2 where listing_id = $1", listing)
        await db.queries("directory/listing").refresh_facets(tx, ids=[listing])
