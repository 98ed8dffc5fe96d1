"""A therapist goes, in every way there is: who learns of it, what ends, what is deleted, and what stays whose."""

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
from circles.store import db, jobs
from circles.store.context import Context
from tests.cast import Cast, add_person
from tests.conftest import OpenBrowser
from tests.directory.helpers import add_listing
from tests.directory.introduction_helpers import TOLD, Drain, Hands

Hide = Callable[[Hands], Awaitable[object]]


async def by_organizer(hands: Hands) -> None:
    await organize_actions.hide_listing(
        hands.context, hands.river, actor_id=hands.cast.odile, message="Ask Odile."
    )


async def by_complaint(hands: Hands) -> None:
    (made,) = await hands.fetch(
        "insert into complaints (listing_id, person_id, body) values ($1, $2, 'No answer.') returning id",
        hands.river,
        hands.cast.milo,
    )
    await complaints_actions.decide(hands.context, made["id"], actor_id=hands.cast.odile, decision="hidden")


async def by_themselves(hands: Hands) -> None:
    (own,) = await hands.fetch("select person_id from listings where id = $1", hands.river)
    await own_actions.withdraw(hands.context, own["person_id"])


async def by_timetable(hands: Hands) -> None:
    await hands.run(
        "update listings set confirmed_at = now() - interval '220 days', asked_at = now() - interval '31 days', "
        "marked_at = now() - interval '17 days' where id = $1",
        hands.river,
    )
    await jobs.run_timetable(hands.context, "directory.look_after")


async def licenses_become(hands: Hands, listing: UUID, what: str) -> None:
    """Change a listing's licenses, and whom the search finds by them."""
    await hands.run(f"update licences set {what} where listing_id = $1", listing)
    async with hands.context.db.transaction() as tx:
        await db.queries("directory/listing").refresh_facets(tx, ids=[listing])


async def by_license(hands: Hands) -> None:
    await licenses_become(hands, hands.river, "status = 'inactive'")
    await hands.run(
        "update listings set asked_at = now() - interval '31 days', marked_at = now() - interval '17 days' "
        "where id = $1",
        hands.river,
    )
    await jobs.run_timetable(hands.context, "directory.look_after")


HIDING = {
    "organizer": by_organizer,
    "complaint": by_complaint,
    "therapist": by_themselves,
    "unconfirmed": by_timetable,
    "licence": by_license,
}
# Whose hiding leaves a yes as it is.
MILD = ("therapist", "unconfirmed", "licence")


@pytest_asyncio.fixture
async def hands(context: Context, cast: Cast) -> Hands:
    tess = await add_person(context, "Tess")
    return Hands(context, cast, await add_listing(context, person=tess))


async def told(hands: Hands, said_yes: bool = False) -> tuple[Key, UUID]:
    made = await hands.ask(shared=introductions_rules.read_shared(TOLD | {"tell_call_name": "on"}))
    key = Key(token=await hands.token())
    if said_yes:
        await actions.answer(hands.context, key, Answer("accepted", "I will call on Thursday."))
        await hands.run("delete from mails where kind = 'introduction_news'")
    return key, made


def says_nothing(mail: dict[str, object]) -> bool:
    """Whether a mail tells nobody who reads over a shoulder anything."""
    said = f"{mail['subject']} {mail['text_body']} {mail['html_body']}".lower()
    return not any(
        word in said for word in ("river", "therap", "ketamine", "directory", "organizer", "winter")
    )


# Whoever waits


@pytest.mark.parametrize("because", HIDING)
async def test_whoever_waits_is_told_and_their_words_are_deleted(
    hands: Hands, browser: OpenBrowser, drain: Drain, because: str
) -> None:
    key, made = await told(hands)
    await drain()
    await HIDING[because](hands)
    row = await hands.row(made)
    assert (row["state"], row["ended_because"]) == ("ended", introductions_rules.END_REASONS[because])
    assert (row["reach"], row["looking_for"], row["call_name"]) == ("", "", "")
    assert await hands.mails("introduction_asked") == []
    (news,) = await hands.mails("introduction_news")
    assert news["to_address"] == "mira@example.org"
    assert says_nothing(news)
    (over,) = await hands.mails("introduction_over")
    assert over["to_address"] == "river@example.org"
    assert "Your page is not in the directory now" in over["text_body"]
    assert "Mira" not in over["text_body"] + over["html_body"] + over["subject"]
    assert (await hands.log())[0] == (
        "River Stone was no longer in the directory, so the introduction was closed. "
        "What you told was deleted here."
    )
    async with browser(hands.cast.mira) as page:
        mine = (await page.get(f"/my/introductions/{made}")).text
        assert "No longer in the directory" in mine
        assert "You can ask somebody else." in mine
        assert "You ended it" not in mine
        assert "555-0100" not in mine
        assert "No longer in the directory" in (await page.get("/my/introductions")).text
    async with browser() as page:
        shown = (await page.get(f"/introductions/{key.token}")).text
        assert "Your page is not in the directory now" in shown
        assert "winter" not in shown
        late = await page.post(f"/introductions/{key.token}", data={"answer": "accepted"})
        assert late.status_code == 422
        assert "this was closed" in late.text
    (event,) = await hands.fetch("select who, before, after from events where what = 'introduction.closed'")
    assert event == {"who": None, "before": "asked", "after": "ended"}


async def test_a_mail_that_has_not_left_yet_never_leaves(hands: Hands, drain: Drain) -> None:
    await told(hands)
    await by_organizer(hands)
    assert await hands.mails("introduction_asked") == []
    assert await hands.mails("introduction_over") == []
    assert (await hands.log())[0] == "The mail to River Stone had not left yet, and never will."
    await drain()


async def test_a_page_that_comes_back_can_be_asked_again(hands: Hands) -> None:
    await told(hands)
    await by_themselves(hands)
    (own,) = await hands.fetch("select person_id from listings where id = $1", hands.river)
    with pytest.raises(NotFound):
        await hands.ask()
    await own_actions.show_again(hands.context, own["person_id"])
    await hands.ask()


# Whoever got a yes


@pytest.mark.parametrize("because", MILD)
async def test_a_yes_outlives_a_page_that_its_therapist_or_time_took_off(
    hands: Hands, browser: OpenBrowser, drain: Drain, because: str
) -> None:
    key, made = await told(hands, said_yes=True)
    await drain()
    await HIDING[because](hands)
    row = await hands.row(made)
    assert (row["state"], row["reach"]) == ("accepted", "mira at 555-0100, evenings")
    (news,) = await hands.mails("introduction_news")
    assert says_nothing(news)
    assert await hands.mails("introduction_over") == []
    assert (await hands.log())[0] == (
        "The page of River Stone was taken off the directory. Their yes still stands."
    )
    async with browser(hands.cast.mira) as page:
        mine = (await page.get(f"/my/introductions/{made}")).text
        assert "River Stone is not in the directory now" in mine
        assert "Their yes still stands" in mine
        assert ("ask before you meet" in mine) == (because == "licence")
        assert "I will call on Thursday." in mine
        assert "Not in the directory now" in (await page.get("/my/introductions")).text
    async with browser() as page:  # the therapist still finds how to reach them
        assert "555-0100" in (await page.get(f"/introductions/{key.token}")).text
    async with browser(hands.cast.mira) as page:
        assert (await page.post(f"/my/introductions/{made}/end")).status_code == 303
        assert "You ended it" in (await page.get(f"/my/introductions/{made}")).text


async def test_a_page_that_comes_and_goes_brings_one_mail(hands: Hands, browser: OpenBrowser) -> None:
    _, made = await told(hands, said_yes=True)
    (own,) = await hands.fetch("select person_id from listings where id = $1", hands.river)
    for _ in range(3):
        await by_themselves(hands)
        await own_actions.show_again(hands.context, own["person_id"])
    assert len(await hands.mails("introduction_news")) == 1
    async with browser(hands.cast.mira) as page:
        assert "not in the directory" not in (await page.get(f"/my/introductions/{made}")).text


@pytest.mark.parametrize("because", ["organizer", "complaint"])
async def test_a_yes_ends_with_a_page_that_organizers_took_off(
    hands: Hands, browser: OpenBrowser, drain: Drain, because: str
) -> None:
    key, made = await told(hands, said_yes=True)
    await drain()
    await by_themselves(hands)  # hidden already, and then for this
    await HIDING[because](hands) if because == "organizer" else await organize_hides(hands)
    row = await hands.row(made)
    assert (row["state"], row["ended_because"], row["reach"], row["answer_words"]) == (
        "ended",
        "organizer",
        "",
        "",
    )
    assert len(await hands.mails("introduction_news")) == 2
    (over,) = await hands.mails("introduction_over")
    assert "our part in it is over" in over["text_body"]
    async with browser(hands.cast.mira) as page:
        mine = (await page.get(f"/my/introductions/{made}")).text
        assert "It has nothing to do with you" in mine
        assert "that is between the two of you" in mine
        assert "River Stone answered: yes." in mine
    async with browser() as page:
        assert "555-0100" not in (await page.get(f"/introductions/{key.token}")).text


async def organize_hides(hands: Hands) -> None:
    async with hands.context.db.transaction() as tx:
        await organize_actions.hide(
            tx, hands.river, actor_id=hands.cast.odile, reason="complaint", settings=hands.context.settings
        )


@pytest.mark.parametrize("state", ["full", "not_a_fit"])
async def test_what_is_over_is_left_alone(hands: Hands, state: str) -> None:
    key, made = await told(hands)
    await actions.answer(hands.context, key, Answer(state))
    mails = len(await hands.fetch("select from mails"))
    await by_organizer(hands)
    assert (await hands.row(made))["state"] == state
    news = await hands.fetch("select from mails where kind <> 'listing_news'")
    assert len(news) == mails


# Whoever's account is erased


@pytest.mark.parametrize("said_yes", [False, True])
async def test_a_therapist_who_is_forgotten_leaves_the_name_to_those_who_told_them_something(
    hands: Hands, browser: OpenBrowser, drain: Drain, said_yes: bool
) -> None:
    key, made = await told(hands, said_yes)
    await drain()
    await personal_data.erase(hands.context, "tess@example.org")
    assert await hands.fetch("select from listings") == []
    row = await hands.row(made)
    assert (row["state"], row["ended_because"], row["listing_id"]) == ("ended", "left", None)
    assert (row["reach"], row["answer_words"], row["token_hash"]) == ("", "", None)
    assert row["forgotten_at"]
    (news,) = await hands.mails("introduction_news")
    assert (news["to_address"], says_nothing(news)) == ("mira@example.org", True)
    assert await hands.fetch("select from mails where to_address = 'river@example.org'") == []
    log = await hands.log()
    assert log[0].startswith("River Stone was no longer in the directory")
    assert log[-1].startswith("You asked to be introduced to River Stone, and told them")
    async with browser(hands.cast.mira) as page:
        mine = (await page.get(f"/my/introductions/{made}")).text
        assert "River Stone has left" in mine
        assert "River Stone" in (await page.get("/my/introductions")).text
        assert (await page.post(f"/my/introductions/{made}/end")).status_code == 303
    async with browser() as page:
        assert (await page.get(f"/introductions/{key.token}")).status_code == 404
    given = await personal_data.export(hands.context, "mira@example.org")
    assert given["introductions"][0]["listing_name"] == "River Stone"


@pytest.mark.parametrize("state", ["full", "withdrawn", "expired"])
async def test_what_was_over_is_forgotten_with_them_and_nobody_is_bothered(hands: Hands, state: str) -> None:
    key, made = await told(hands)
    if state == "full":
        await actions.answer(hands.context, key, Answer("full", "Try in spring"))
    elif state == "withdrawn":
        await actions.withdraw(hands.context, await hands.person(hands.cast.mira), made)
    else:
        await hands.make_old(made)
    await hands.run("delete from mails where kind <> 'introduction_asked'")
    await personal_data.erase(hands.context, "tess@example.org")
    row = await hands.row(made)
    assert (row["state"], row["reach"], row["answer_words"]) == (state, "", "")
    assert row["forgotten_at"]
    assert await hands.fetch("select from mails") == []


async def test_a_suggestion_keeps_no_name_of_who_is_forgotten(hands: Hands) -> None:
    await hands.run(
        "insert into accesses (person_id, what, listing_id, who) values ($1, 'suggestion.listing', $2, $3)",
        hands.cast.mira,
        hands.river,
        hands.cast.farid,
    )
    await personal_data.erase(hands.context, "tess@example.org")
    assert await hands.log() == ["Farid suggested a therapist who is no longer listed to you."]


async def test_what_an_older_house_left_behind_runs_out_in_time(hands: Hands) -> None:
    _, made = await told(hands)
    await hands.run("delete from listings where id = $1", hands.river)
    await hands.make_old(made)
    await jobs.run_timetable(hands.context, "directory.close_introductions")
    assert (await hands.row(made))["state"] == "expired"
    assert "therapist who is no longer listed did not answer in time" in (await hands.log())[1]
    assert "You asked to be introduced to River Stone" in (await hands.log())[-1]


# At once


async def test_nobody_asks_a_page_that_goes_at_that_moment(hands: Hands) -> None:
    others = [await add_person(hands.context, f"Member {n}") for n in range(6)]
    asking = [hands.ask(who=each) for each in others]
    await asyncio.gather(*asking[:3], by_organizer(hands), *asking[3:], return_exceptions=True)
    assert await hands.fetch("select from introductions where state = 'asked'") == []
    assert await hands.mails("introduction_asked") == []


async def test_an_answer_at_the_moment_of_hiding_leaves_nothing_behind(hands: Hands) -> None:
    for _ in range(6):
        key, made = await told(hands)
        await asyncio.gather(
            actions.answer(hands.context, key, Answer("accepted", "Monday")),
            by_organizer(hands),
            return_exceptions=True,
        )
        row = await hands.row(made)
        assert (row["state"], row["ended_because"], row["reach"], row["answer_words"]) == (
            "ended",
            "organizer",
            "",
            "",
        )
        await hands.run(
            "update listings set state = 'shown', hidden_because = '', hidden_words = '' where id = $1",
            hands.river,
        )


# What organizers wrote


async def test_why_it_was_hidden_stands_with_the_listing_and_in_no_event(
    hands: Hands, browser: OpenBrowser
) -> None:
    await by_organizer(hands)
    assert "Odile" not in str(await hands.fetch("select * from events where what like 'listing.%'"))
    (own,) = await hands.fetch("select person_id, hidden_words from listings where id = $1", hands.river)
    assert own["hidden_words"] == "Ask Odile."
    for who, here in (
        (own["person_id"], "/my/listing"),
        (hands.cast.odile, f"/organize/therapists/{hands.river}"),
    ):
        async with browser(who) as page:
            assert "Ask Odile." in (await page.get(here)).text
    (version,) = await hands.fetch("select version from listings where id = $1", hands.river)
    await organize_actions.show_listing(
        hands.context, hands.river, actor_id=hands.cast.odile, version=version["version"]
    )
    (shown,) = await hands.fetch("select hidden_words from listings where id = $1", hands.river)
    assert shown["hidden_words"] == ""


# Complaints


async def test_a_complaint_is_forgotten_a_year_after_it_was_decided(
    hands: Hands, browser: OpenBrowser
) -> None:
    await by_complaint(hands)
    still = await complaint_of(hands, "2 days")
    old = await complaint_of(hands, "364 days")
    await jobs.run_timetable(hands.context, "directory.forget_complaints")
    rows = {row["id"]: row for row in await hands.fetch("select * from complaints")}
    assert all(row["body"] for row in rows.values())
    await hands.run("update complaints set decided_at = decided_at - interval '1 day' where id = $1", old)
    for _ in range(2):
        await jobs.run_timetable(hands.context, "directory.forget_complaints")
    rows = {row["id"]: row for row in await hands.fetch("select * from complaints")}
    assert (rows[old]["body"], rows[old]["person_id"], rows[old]["state"]) == ("", None, "kept")
    assert rows[still]["body"] == "Too late."
    assert len(await hands.fetch("select from events where what = 'complaint.forgotten'")) == 1
    assert str(hands.cast.milo) not in str(await hands.fetch("select * from events where about = $1", old))
    async with browser(hands.cast.odile) as page:
        assert "deleted after 12 months" in (await page.get(f"/organize/therapists/{hands.river}")).text
    await hands.run("update listings set state = 'shown', hidden_because = '' where id = $1", hands.river)
    async with browser(hands.cast.mira) as page:
        assert "12 months" in (await page.get(f"/therapists/{hands.river}/complaint")).text


async def complaint_of(hands: Hands, ago: str) -> UUID:
    (made,) = await hands.fetch(
        "insert into complaints (listing_id, person_id, body, state, decided_at) "
        "values ($1, $2, 'Too late.', 'kept', now() - $3::text::interval) returning id",
        hands.river,
        hands.cast.milo,
        ago,
    )
    return made["id"]


# Pages of nobody


async def test_a_page_that_nobody_claimed_goes_after_a_year_of_hiding(
    hands: Hands, browser: OpenBrowser, drain: Drain
) -> None:
    _, made = await told(hands, said_yes=True)
    await drain()
    await hands.run("update listings set person_id = null where id = $1", hands.river)
    kept = await add_listing(hands.context, name="Kept", person=await add_person(hands.context, "Kit"))
    await by_timetable(hands)
    await hands.run(
        "update listings set state = 'hidden', hidden_because = 'unconfirmed', marked_at = now(), asked_at = now() "
        "- interval '400 days' where id = $1",
        kept,
    )
    await hands.run("update listings set asked_at = now() - interval '394 days' where id = $1", hands.river)
    await jobs.run_timetable(hands.context, "directory.forget_unclaimed")
    assert len(await hands.fetch("select from listings")) == 2
    await hands.run("update listings set asked_at = now() - interval '395 days' where id = $1", hands.river)
    await jobs.run_timetable(hands.context, "directory.forget_unclaimed")
    assert await hands.fetch("select name from listings") == [{"name": "Kept"}]
    row = await hands.row(made)
    assert (row["ended_because"], row["reach"], row["listing_name"]) == ("left", "", "River Stone")
    async with browser(hands.cast.mira) as page:
        assert "River Stone has left" in (await page.get(f"/my/introductions/{made}")).text
    (event,) = await hands.fetch("select about from events where what = 'listing.forgotten'")
    assert event["about"] == hands.river


# Somebody else to try


async def offered(hands: Hands, browser: OpenBrowser, name: str) -> str:
    """What a therapist finds by a name when they say that it is not a fit."""
    here = f"/introductions/{await hands.token()}"
    async with browser() as page:
        found = await page.post(here, data={"answer": "not_a_fit", "do": "find", "name": name})
    return found.text.partition("Whom do you mean?")[2].partition("A few words")[0]


def licenses(*areas: str, days: int = 400) -> tuple[License, ...]:
    ends = datetime.now(UTC).date() + timedelta(days=days)
    return tuple(License("lmft", area, f"N{area}", expires_on=ends) for area in areas)


async def test_only_who_is_open_and_licensed_in_the_same_place_may_be_named(
    hands: Hands, browser: OpenBrowser
) -> None:
    await hands.ask()
    await add_listing(hands.context, name="Ash Fits", licenses=licenses("NY", "FL"))
    await add_listing(hands.context, name="Ash Waiting", room="waiting")
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
        await add_listing(hands.context, state="shown", name=name, **more)
    await add_listing(hands.context, name="Ash Draft", state="draft")
    found = await offered(hands, browser, "ash")
    assert "Ash Fits" in found
    assert "Licensed in Florida and New York" in found
    assert "Ash Waiting" in found
    for name in ("Ash Elsewhere", "Ash Late", "Ash Closed", "Ash Far", "Ash Draft"):
        assert name not in found
    async with browser() as page:
        shown = (await page.get(f"/introductions/{await hands.token()}?answer=not_a_fit")).text
    assert "licensed in Florida today, as you are" in shown


async def test_who_has_no_license_today_can_name_nobody(hands: Hands, browser: OpenBrowser) -> None:
    await hands.ask()
    fits = await add_listing(hands.context, name="Ash Fits")
    await licenses_become(hands, hands.river, "status = 'inactive'")
    assert "Ash Fits" not in await offered(hands, browser, "ash")
    here = f"/introductions/{await hands.token()}"
    async with browser() as page:
        assert "you can name nobody" in (await page.get(f"{here}?answer=not_a_fit")).text
        said = await page.post(here, data={"answer": "not_a_fit", "other": str(fits), "words": "Kept"})
        assert said.status_code == 422
        assert "cannot be asked here now" in said.text
        assert "Kept" in said.text


@pytest.mark.parametrize("because", ["closed", "hidden", "license", "elsewhere"])
async def test_who_may_not_be_named_any_more_is_not_offered(
    hands: Hands, browser: OpenBrowser, because: str
) -> None:
    made = await hands.ask()
    other = await add_listing(hands.context, name="Ash Fits")
    key = Key(token=await hands.token())
    await actions.answer(hands.context, key, Answer("not_a_fit", other=other))
    async with browser(hands.cast.mira) as page:
        seen = (await page.get(f"/my/introductions/{made}")).text
        assert f'href="/therapists/{other}"' in seen
        assert "They are licensed in Florida" in seen
        if because == "closed":
            await hands.run("update listings set room = 'closed' where id = $1", other)
        elif because == "hidden":
            async with hands.context.db.transaction() as tx:
                await organize_actions.hide(
                    tx, other, actor_id=hands.cast.odile, reason="organizer", settings=hands.context.settings
                )
        else:
            is_elsewhere = because == "elsewhere"
            await licenses_become(
                hands, other, "area = 'NY'" if is_elsewhere else "expires_on = current_date - 2"
            )
        seen = (await page.get(f"/my/introductions/{made}")).text
        assert f'href="/therapists/{other}"' not in seen
        assert "cannot be asked here at the moment" in seen


async def test_nobody_is_named_past_the_form(hands: Hands) -> None:
    await hands.ask()
    elsewhere = await add_listing(hands.context, name="Ash Elsewhere", licenses=licenses("NY"))
    key = Key(token=await hands.token())
    for other in (elsewhere, hands.river):
        with pytest.raises(Refused) as caught:
            await actions.answer(hands.context, key, Answer("not_a_fit", other=other))
        assert caught.value.codes == {"not_to_be_named"}


async def test_what_organizers_wrote_is_marked_as_theirs_and_shows_in_no_preview(hands: Hands) -> None:
    await organize_actions.hide_listing(
        hands.context,
        hands.river,
        actor_id=hands.cast.odile,
        message="Call us.\nOpen it:\nhttps://evil.example",
    )
    (news,) = await hands.mails("listing_news")
    assert news["subject"] == "About your page"
    assert "> https://evil.example" in news["text_body"].splitlines()
    assert "Call us" not in news["html_body"].partition("<h1")[0]
