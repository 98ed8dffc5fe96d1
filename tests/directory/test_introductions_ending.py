"""What happens to introductions when a listing is hidden, deleted, or its therapist is erased."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from circles.base.errors import NotFound, Refused
from circles.commands import personal_data
from circles.directory.introductions import actions
from circles.directory.introductions import rules as introductions_rules
from circles.directory.introductions.actions import Key
from circles.directory.introductions.rules import Answer
from circles.directory.listing import organize_actions, own_actions
from circles.directory.listing.values import License
from circles.directory.upkeep import complaints_actions
from circles.directory.upkeep.complaints_rules import Closing
from circles.store import db, jobs
from circles.store.context import Context
from tests.cast import Cast, add_person
from tests.conftest import OpenBrowser
from tests.directory.helpers import add_listing, present
from tests.directory.introduction_helpers import FORM, Drain, Scene
from tests.helpers import change, missing

Hide = Callable[[Scene], Awaitable[object]]


async def hide_as_organizer(scene: Scene) -> None:
    await organize_actions.hide_listing(
        scene.context, scene.river, actor_id=scene.cast.odile, message="Ask Odile."
    )


async def hide_for_complaint(scene: Scene) -> None:
    (made,) = await scene.fetch(
        "insert into complaints (listing_id, person_id, body) values ($1, $2, 'No answer.') returning id",
        scene.river,
        scene.cast.milo,
    )
    closing = Closing("hidden", "Thank you, we hid it.", "Please write to us.")
    await complaints_actions.close(scene.context, made["id"], closing, actor_id=scene.cast.odile)


async def withdraw_as_therapist(scene: Scene) -> None:
    (own,) = await scene.fetch("select person_id from listings where id = $1", scene.river)
    await own_actions.withdraw(scene.context, own["person_id"])


async def hide_as_unconfirmed(scene: Scene) -> None:
    await scene.run(
        "update listings set confirmed_at = now() - interval '220 days', asked_at = now() - interval '31 days', "
        "marked_at = now() - interval '17 days' where id = $1",
        scene.river,
    )
    await jobs.run_timetable(scene.context, "directory.look_after")


async def set_licenses(scene: Scene, listing: UUID, what: str) -> None:
    """Change the licenses of a listing, and its facets."""
    await scene.run(f"update licences set {what} where listing_id = $1", listing)
    async with scene.context.db.transaction() as tx:
        await db.queries("directory/listing").refresh_facets(tx, ids=[listing])


async def hide_for_license(scene: Scene) -> None:
    await set_licenses(scene, scene.river, "status = 'inactive'")
    await scene.run(
        "update listings set asked_at = now() - interval '31 days', marked_at = now() - interval '17 days' "
        "where id = $1",
        scene.river,
    )
    await jobs.run_timetable(scene.context, "directory.look_after")


HIDING = {
    "organizer": hide_as_organizer,
    "complaint": hide_for_complaint,
    "therapist": withdraw_as_therapist,
    "unconfirmed": hide_as_unconfirmed,
    "licence": hide_for_license,
}
# Reasons of hiding that keep accepted introductions.
KEEPING_ACCEPTED = ("therapist", "unconfirmed", "licence")


@pytest_asyncio.fixture
async def scene(context: Context, cast: Cast) -> Scene:
    tess = await add_person(context, "Tess")
    return Scene(context, cast, await add_listing(context, person=tess))


async def ask_one(scene: Scene, said_yes: bool = False) -> tuple[Key, UUID]:
    made = await scene.ask(shared=introductions_rules.read_shared(FORM | {"tell_call_name": "on"}))
    key = Key(token=await scene.token())
    if said_yes:
        await actions.answer(scene.context, key, Answer("accepted", "I will call on Thursday."))
        await scene.run("delete from mails where kind = 'introduction_news'")
    return key, made


def is_discreet(mail: dict[str, object]) -> bool:
    """Whether a mail reveals nothing to somebody who happens to read it."""
    text = f"{mail['subject']} {mail['text_body']} {mail['html_body']}".lower()
    text = text.replace("to write to the organizers:", "")  # the foot of every mail
    return not any(
        word in text for word in ("river", "therap", "ketamine", "directory", "organizer", "winter")
    )


# Waiting introductions


@pytest.mark.parametrize("because", HIDING)
async def test_a_waiting_introduction_ends_with_the_listing(
    scene: Scene, browser: OpenBrowser, drain: Drain, because: str
) -> None:
    key, made = await ask_one(scene)
    await drain()
    await HIDING[because](scene)
    row = await scene.row(made)
    assert (row["state"], row["ended_because"]) == ("ended", introductions_rules.END_REASONS[because])
    assert (row["reach"], row["looking_for"], row["call_name"]) == ("", "", "")
    assert await scene.mails("introduction_asked") == []
    (news,) = await scene.mails("introduction_news")
    assert news["to_address"] == "mira@example.org"
    assert is_discreet(news)
    (over,) = await scene.mails("introduction_over")
    assert over["to_address"] == "river@example.org"
    assert "Your page is not in the directory now" in over["text_body"]
    assert "Mira" not in over["text_body"] + over["html_body"] + over["subject"]
    assert (await scene.log())[0] == (
        "River Stone was no longer in the directory, so the introduction was closed. "
        "What you told was deleted here."
    )
    async with browser(scene.cast.mira) as page:
        mine = (await page.get(f"/my/introductions/{made}")).text
        assert not missing(mine, "No longer in the directory", "You can ask somebody else.")
        assert not present(mine, "You ended it", "555-0100")
        assert "No longer in the directory" in (await page.get("/my/introductions")).text
    async with browser() as page:
        shown = (await page.get(f"/introductions/{key.token}")).text
        assert "Your page is not in the directory now" in shown
        assert "winter" not in shown
        late = await page.post(f"/introductions/{key.token}", data={"answer": "accepted"})
        assert late.status_code == 422
        assert "this was closed" in late.text
    (event,) = await scene.fetch("select who, before, after from events where what = 'introduction.closed'")
    assert event == {"who": None, "before": "asked", "after": "ended"}


@pytest.mark.parametrize("state", ["waiting", "refused", "expired"])
async def test_an_unsent_mail_is_deleted(scene: Scene, drain: Drain, state: str) -> None:
    await ask_one(scene)
    await change(scene.context, "update mails set state = $1", state)
    await hide_as_organizer(scene)
    assert await scene.mails("introduction_asked") == []
    assert await scene.mails("introduction_over") == []
    assert (await scene.log())[0] == "The mail to River Stone had not left yet, and never will."
    await drain()


async def test_a_listing_shown_again_can_be_asked_again(scene: Scene) -> None:
    await ask_one(scene)
    await withdraw_as_therapist(scene)
    (own,) = await scene.fetch("select person_id from listings where id = $1", scene.river)
    with pytest.raises(NotFound):
        await scene.ask()
    await own_actions.show_again(scene.context, own["person_id"])
    await scene.ask()


# Accepted introductions


@pytest.mark.parametrize("because", KEEPING_ACCEPTED)
async def test_an_accepted_one_stays_when_therapist_or_upkeep_hides_the_listing(
    scene: Scene, browser: OpenBrowser, drain: Drain, because: str
) -> None:
    key, made = await ask_one(scene, said_yes=True)
    await drain()
    await HIDING[because](scene)
    row = await scene.row(made)
    assert (row["state"], row["reach"]) == ("accepted", "mira at 555-0100, evenings")
    (news,) = await scene.mails("introduction_news")
    assert is_discreet(news)
    assert await scene.mails("introduction_over") == []
    assert (await scene.log())[0] == (
        "The page of River Stone was taken off the directory. Their yes still counts."
    )
    async with browser(scene.cast.mira) as page:
        mine = (await page.get(f"/my/introductions/{made}")).text
        assert not missing(mine, "River Stone is not in the directory now", "Their yes still counts")
        assert ("ask before you meet" in mine) == (because == "licence")
        assert "I will call on Thursday." in mine
        assert "Not in the directory now" in (await page.get("/my/introductions")).text
    async with browser() as page:  # the therapist still finds how to reach them
        assert "555-0100" in (await page.get(f"/introductions/{key.token}")).text
    async with browser(scene.cast.mira) as page:
        assert (await page.post(f"/my/introductions/{made}/end")).status_code == 303
        assert "You ended it" in (await page.get(f"/my/introductions/{made}")).text


async def test_hiding_twice_sends_one_mail(scene: Scene, browser: OpenBrowser) -> None:
    _, made = await ask_one(scene, said_yes=True)
    (own,) = await scene.fetch("select person_id from listings where id = $1", scene.river)
    for _ in range(3):
        await withdraw_as_therapist(scene)
        await own_actions.show_again(scene.context, own["person_id"])
    assert len(await scene.mails("introduction_news")) == 1
    async with browser(scene.cast.mira) as page:
        assert "not in the directory" not in (await page.get(f"/my/introductions/{made}")).text


@pytest.mark.parametrize("because", ["organizer", "complaint"])
async def test_an_accepted_one_ends_when_organizers_hide_the_listing(
    scene: Scene, browser: OpenBrowser, drain: Drain, because: str
) -> None:
    key, made = await ask_one(scene, said_yes=True)
    await drain()
    await withdraw_as_therapist(scene)  # hidden already, and then for this
    await HIDING[because](scene) if because == "organizer" else await hide_now(scene)
    row = await scene.row(made)
    expected = ("ended", "organizer", "", "")
    assert (row["state"], row["ended_because"], row["reach"], row["answer_words"]) == expected
    assert len(await scene.mails("introduction_news")) == 2
    (over,) = await scene.mails("introduction_over")
    assert "our part in it is over" in over["text_body"]
    async with browser(scene.cast.mira) as page:
        mine = (await page.get(f"/my/introductions/{made}")).text
        assert "It has nothing to do with you" in mine
        assert "that is between the two of you" in mine
        assert "River Stone answered: yes." in mine
    async with browser() as page:
        assert "555-0100" not in (await page.get(f"/introductions/{key.token}")).text


async def hide_now(scene: Scene) -> None:
    async with scene.context.db.transaction() as tx:
        await organize_actions.hide(
            tx, scene.river, actor_id=scene.cast.odile, reason="complaint", settings=scene.context.settings
        )


@pytest.mark.parametrize("state", ["full", "not_a_fit"])
async def test_hiding_changes_nothing_that_is_over(scene: Scene, state: str) -> None:
    key, made = await ask_one(scene)
    await actions.answer(scene.context, key, Answer(state))
    mails = len(await scene.fetch("select from mails"))
    await hide_as_organizer(scene)
    assert (await scene.row(made))["state"] == state
    news = await scene.fetch("select from mails where kind <> 'listing_news'")
    assert len(news) == mails


# Erasing


@pytest.mark.parametrize("said_yes", [False, True])
async def test_erasing_a_therapist_keeps_their_name_in_introductions(
    scene: Scene, browser: OpenBrowser, drain: Drain, said_yes: bool
) -> None:
    key, made = await ask_one(scene, said_yes)
    await drain()
    await personal_data.erase(scene.context, "tess@example.org")
    assert await scene.fetch("select from listings") == []
    row = await scene.row(made)
    assert (row["state"], row["ended_because"], row["listing_id"]) == ("ended", "left", None)
    assert (row["reach"], row["answer_words"], row["token_hash"]) == ("", "", None)
    assert row["forgotten_at"]
    (news,) = await scene.mails("introduction_news")
    assert (news["to_address"], is_discreet(news)) == ("mira@example.org", True)
    assert await scene.fetch("select from mails where to_address = 'river@example.org'") == []
    log = await scene.log()
    assert log[0].startswith("River Stone was no longer in the directory")
    assert log[-1].startswith("You asked to be introduced to River Stone, and told them")
    async with browser(scene.cast.mira) as page:
        mine = (await page.get(f"/my/introductions/{made}")).text
        assert "River Stone has left" in mine
        assert "River Stone" in (await page.get("/my/introductions")).text
        assert (await page.post(f"/my/introductions/{made}/end")).status_code == 303
    async with browser() as page:
        assert (await page.get(f"/introductions/{key.token}")).status_code == 404
    given = await personal_data.export(scene.context, "mira@example.org")
    assert given["introductions"][0]["listing_name"] == "River Stone"


@pytest.mark.parametrize("state", ["full", "withdrawn", "expired"])
async def test_erasing_a_therapist_deletes_the_words_of_past_ones_without_mail(
    scene: Scene, state: str
) -> None:
    key, made = await ask_one(scene)
    if state == "full":
        await actions.answer(scene.context, key, Answer("full", "Try in spring"))
    elif state == "withdrawn":
        await actions.withdraw(scene.context, await scene.person(scene.cast.mira), made)
    else:
        await scene.backdate(made)
    await scene.run("delete from mails where kind <> 'introduction_asked'")
    await personal_data.erase(scene.context, "tess@example.org")
    row = await scene.row(made)
    assert (row["state"], row["reach"], row["answer_words"]) == (state, "", "")
    assert row["forgotten_at"]
    assert await scene.fetch("select from mails") == []


async def test_a_suggestion_keeps_no_name_of_an_erased_therapist(scene: Scene) -> None:
    await scene.run(
        "insert into accesses (person_id, what, listing_id, who) values ($1, 'suggestion.listing', $2, $3)",
        scene.cast.mira,
        scene.river,
        scene.cast.farid,
    )
    await personal_data.erase(scene.context, "tess@example.org")
    assert await scene.log() == ["Farid suggested a therapist who is no longer listed to you."]


async def test_an_introduction_without_a_listing_expires_in_time(scene: Scene) -> None:
    _, made = await ask_one(scene)
    await scene.run("delete from listings where id = $1", scene.river)
    await scene.backdate(made)
    await jobs.run_timetable(scene.context, "directory.close_introductions")
    assert (await scene.row(made))["state"] == "expired"
    assert "therapist who is no longer listed did not answer in time" in (await scene.log())[1]
    assert "You asked to be introduced to River Stone" in (await scene.log())[-1]


# Races


async def test_asking_and_hiding_at_the_same_moment(scene: Scene) -> None:
    others = [await add_person(scene.context, f"Member {n}") for n in range(6)]
    asking = [scene.ask(member=member) for member in others]
    await asyncio.gather(*asking[:3], hide_as_organizer(scene), *asking[3:], return_exceptions=True)
    assert await scene.fetch("select from introductions where state = 'asked'") == []
    assert await scene.mails("introduction_asked") == []


async def test_answering_and_hiding_at_the_same_moment(scene: Scene) -> None:
    for _ in range(6):
        key, made = await ask_one(scene)
        await asyncio.gather(
            actions.answer(scene.context, key, Answer("accepted", "Monday")),
            hide_as_organizer(scene),
            return_exceptions=True,
        )
        row = await scene.row(made)
        expected = ("ended", "organizer", "", "")
        assert (row["state"], row["ended_because"], row["reach"], row["answer_words"]) == expected
        await scene.run(
            "update listings set state = 'shown', hidden_because = '', hidden_words = '' where id = $1",
            scene.river,
        )


# What organizers wrote


async def test_the_message_of_hiding_is_kept_with_the_listing_and_in_no_event(
    scene: Scene, browser: OpenBrowser
) -> None:
    await hide_as_organizer(scene)
    assert "Odile" not in str(await scene.fetch("select * from events where what like 'listing.%'"))
    (own,) = await scene.fetch("select person_id, hidden_words from listings where id = $1", scene.river)
    assert own["hidden_words"] == "Ask Odile."
    for who, here in (
        (own["person_id"], "/my/listing"),
        (scene.cast.odile, f"/organize/therapists/{scene.river}"),
    ):
        async with browser(who) as page:
            assert "Ask Odile." in (await page.get(here)).text
    (version,) = await scene.fetch("select version from listings where id = $1", scene.river)
    await organize_actions.show_listing(
        scene.context, scene.river, actor_id=scene.cast.odile, version=version["version"]
    )
    (shown,) = await scene.fetch("select hidden_words from listings where id = $1", scene.river)
    assert shown["hidden_words"] == ""


# Complaints


async def test_a_complaint_is_forgotten_a_year_after_it_was_decided(
    scene: Scene, browser: OpenBrowser
) -> None:
    await hide_for_complaint(scene)
    still = await complaint_of(scene, "2 days")
    old = await complaint_of(scene, "364 days")
    await jobs.run_timetable(scene.context, "directory.forget_complaints")
    rows = {row["id"]: row for row in await scene.fetch("select * from complaints")}
    assert all(row["body"] for row in rows.values())
    await scene.run(
        "update complaints set decided_at = decided_at - interval '1 day', answer = 'No.' where id = $1", old
    )
    await scene.run(
        "insert into complaint_steps (complaint_id, what, note) values ($1, 'note', 'Rang them.')", old
    )
    for _ in range(2):
        await jobs.run_timetable(scene.context, "directory.forget_complaints")
    rows = {row["id"]: row for row in await scene.fetch("select * from complaints")}
    assert (rows[old]["body"], rows[old]["person_id"], rows[old]["state"]) == ("", None, "kept")
    assert rows[still]["body"] == "Too late."
    assert (
        rows[old]["answer"],
        await scene.fetch("select from complaint_steps where note = 'Rang them.'"),
    ) == ("", [])
    assert len(await scene.fetch("select from events where what = 'complaint.forgotten'")) == 1
    assert str(scene.cast.milo) not in str(await scene.fetch("select * from events where about = $1", old))
    async with browser(scene.cast.odile) as page:
        assert "deleted after 12 months" in (await page.get(f"/organize/therapists/{scene.river}")).text
    await scene.run("update listings set state = 'shown', hidden_because = '' where id = $1", scene.river)
    async with browser(scene.cast.mira) as page:
        assert "12 months" in (await page.get(f"/therapists/{scene.river}/complaint")).text


async def complaint_of(scene: Scene, ago: str) -> UUID:
    (made,) = await scene.fetch(
        "insert into complaints (listing_id, person_id, body, state, decided_at) "
        "values ($1, $2, 'Too late.', 'kept', now() - $3::text::interval) returning id",
        scene.river,
        scene.cast.milo,
        ago,
    )
    return made["id"]


# Unclaimed listings


async def test_an_unclaimed_listing_is_deleted_a_year_after_hiding(
    scene: Scene, browser: OpenBrowser, drain: Drain
) -> None:
    _, made = await ask_one(scene, said_yes=True)
    await drain()
    await scene.run("update listings set person_id = null where id = $1", scene.river)
    kept = await add_listing(scene.context, name="Kept", person=await add_person(scene.context, "Kit"))
    await hide_as_unconfirmed(scene)
    await scene.run(
        "update listings set state = 'hidden', hidden_because = 'unconfirmed', marked_at = now(), asked_at = now() "
        "- interval '400 days' where id = $1",
        kept,
    )
    await scene.run("update listings set asked_at = now() - interval '394 days' where id = $1", scene.river)
    await jobs.run_timetable(scene.context, "directory.forget_unclaimed")
    assert len(await scene.fetch("select from listings")) == 2
    await scene.run("update listings set asked_at = now() - interval '395 days' where id = $1", scene.river)
    await jobs.run_timetable(scene.context, "directory.forget_unclaimed")
    assert await scene.fetch("select name from listings") == [{"name": "Kept"}]
    row = await scene.row(made)
    assert (row["ended_because"], row["reach"], row["listing_name"]) == ("left", "", "River Stone")
    async with browser(scene.cast.mira) as page:
        assert "River Stone has left" in (await page.get(f"/my/introductions/{made}")).text
    (event,) = await scene.fetch("select about from events where what = 'listing.forgotten'")
    assert event["about"] == scene.river


# Naming another therapist


async def offered(scene: Scene, browser: OpenBrowser, name: str) -> str:
    """The listings offered by name with the answer "not a fit"."""
    here = f"/introductions/{await scene.token()}"
    async with browser() as page:
        answer = await page.post(here, data={"answer": "not_a_fit", "do": "find", "name": name})
    return answer.text.partition("Whom do you mean?")[2].partition("A few words")[0]


def licenses(*areas: str, days: int = 400) -> tuple[License, ...]:
    ends = datetime.now(UTC).date() + timedelta(days=days)
    return tuple(License("lmft", area, f"N{area}", expires_on=ends) for area in areas)


async def test_only_open_listings_licensed_in_the_same_state_may_be_named(
    scene: Scene, browser: OpenBrowser
) -> None:
    await scene.ask()
    await add_listing(scene.context, name="Ash Fits", licenses=licenses("NY", "FL"))
    await add_listing(scene.context, name="Ash Waiting", room="waiting")
    unfit: dict[str, dict[str, Any]] = {
        "Ash Elsewhere": {"licenses": licenses("NY")},
        "Ash Late": {"licenses": licenses("FL", days=-1) + licenses("NY")},
        "Ash Closed": {"room": "closed"},
        "Ash Far": {
            "licenses": licenses("FL", "NY"),
            "telehealth": False,
            "area": "NY",
            "zip": "",
            "city": "Ely",
        },
    }
    for name, more in unfit.items():
        await add_listing(scene.context, state="shown", name=name, **more)
    await add_listing(scene.context, name="Ash Draft", state="draft")
    names = await offered(scene, browser, "ash")
    assert "Ash Fits" in names
    assert "Licensed in Florida and New York" in names
    assert "Ash Waiting" in names
    for name in ("Ash Elsewhere", "Ash Late", "Ash Closed", "Ash Far", "Ash Draft"):
        assert name not in names
    async with browser() as page:
        shown = (await page.get(f"/introductions/{await scene.token()}?answer=not_a_fit")).text
    assert "licensed in Florida today, as you are" in shown


async def test_a_therapist_without_a_valid_license_can_name_nobody(
    scene: Scene, browser: OpenBrowser
) -> None:
    await scene.ask()
    fits = await add_listing(scene.context, name="Ash Fits")
    await set_licenses(scene, scene.river, "status = 'inactive'")
    assert "Ash Fits" not in await offered(scene, browser, "ash")
    here = f"/introductions/{await scene.token()}"
    async with browser() as page:
        assert "you can name nobody" in (await page.get(f"{here}?answer=not_a_fit")).text
        refused = await page.post(here, data={"answer": "not_a_fit", "other": str(fits), "words": "Kept"})
        assert refused.status_code == 422
        assert not missing(refused.text, "cannot be asked here now", "Kept")


@pytest.mark.parametrize("because", ["closed", "hidden", "license", "elsewhere"])
async def test_a_named_listing_that_no_longer_may_be_named_is_not_shown(
    scene: Scene, browser: OpenBrowser, because: str
) -> None:
    made = await scene.ask()
    other = await add_listing(scene.context, name="Ash Fits")
    key = Key(token=await scene.token())
    await actions.answer(scene.context, key, Answer("not_a_fit", other=other))
    async with browser(scene.cast.mira) as page:
        text = (await page.get(f"/my/introductions/{made}")).text
        assert not missing(text, f'href="/therapists/{other}"', "They are licensed in Florida")
        if because == "closed":
            await scene.run("update listings set room = 'closed' where id = $1", other)
        elif because == "hidden":
            async with scene.context.db.transaction() as tx:
                await organize_actions.hide(
                    tx, other, actor_id=scene.cast.odile, reason="organizer", settings=scene.context.settings
                )
        else:
            is_elsewhere = because == "elsewhere"
            await set_licenses(
                scene, other, "area = 'NY'" if is_elsewhere else "expires_on = current_date - 2"
            )
        text = (await page.get(f"/my/introductions/{made}")).text
        assert f'href="/therapists/{other}"' not in text
        assert "cannot be asked here at the moment" in text


async def test_a_posted_id_that_may_not_be_named_is_refused(scene: Scene) -> None:
    await scene.ask()
    elsewhere = await add_listing(scene.context, name="Ash Elsewhere", licenses=licenses("NY"))
    key = Key(token=await scene.token())
    for other in (elsewhere, scene.river):
        with pytest.raises(Refused) as caught:
            await actions.answer(scene.context, key, Answer("not_a_fit", other=other))
        assert caught.value.codes == {"not_to_be_named"}


async def test_the_message_of_organizers_is_quoted_in_mail_and_not_in_its_preview(scene: Scene) -> None:
    await organize_actions.hide_listing(
        scene.context,
        scene.river,
        actor_id=scene.cast.odile,
        message="Call us.\nOpen it:\nhttps://evil.example",
    )
    (news,) = await scene.mails("listing_news")
    assert news["subject"] == "About your page"
    assert "> https://evil.example" in news["text_body"].splitlines()
    assert "Call us" not in news["html_body"].partition("<h1")[0]
