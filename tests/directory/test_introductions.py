"""Introductions over HTTP: asking, the mail, the answer, withdrawing, ending, expiry, the access log."""

from __future__ import annotations

import asyncio
import re
from uuid import uuid4

import pytest
import pytest_asyncio

from circles.base.errors import NotFound, Refused
from circles.commands import personal_data
from circles.directory.introductions import access_log, actions, rules
from circles.directory.introductions.actions import Key
from circles.directory.introductions.rules import Answer
from circles.store import jobs
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_person
from tests.conftest import OpenBrowser
from tests.directory.helpers import add_listing, form_id, present
from tests.directory.introduction_helpers import FORM, SHARED, Drain, Scene
from tests.helpers import missing
from tests.web.pages import read_page


@pytest_asyncio.fixture
async def scene(context: Context, cast: Cast) -> Scene:
    return Scene(context, cast, await add_listing(context))


# Asking


async def test_an_introduction_from_form_to_mail(scene: Scene, browser: OpenBrowser, drain: Drain) -> None:
    await add_booking(scene.context, scene.cast.gathering, scene.cast.mira)
    here = f"/therapists/{scene.river}/introduction"
    async with browser(scene.cast.mira) as page:
        first = (await page.get(here)).text
        assert re.findall(r'name="(tell_\w+)" value="on" checked', first) == ["tell_reach"]
        assert 'value="mira@example.org"' in first
        typed = {"id": form_id(first), **FORM}
        preview = (await page.post(here, data=typed | {"do": "look"})).text
        for words in ("Nothing is sent yet", "River Stone, and nobody else", "Circles: somebody asks"):
            assert words in preview
        assert "did not tick it: your own words" in preview
        told = next(form for form in read_page(preview, here)[0] if ("tell_own_words", "on") in form.sends())
        too = (await page.post(here, data=dict(told.sends()) | {"do": "look"})).text
        assert "Not in the mail" not in too
        assert "I typed this and did not tick it" in too.partition("mail-text")[2]
        assert await scene.fetch("select * from introductions") == []
        shown = await page.post(f"{here}/mail", data=typed)
        assert shown.headers["content-security-policy"].startswith("sandbox;")
        again = (await page.post(here, data=typed | {"do": "change"})).text
        for kept in (
            "mira at 555-0100, evenings",
            "Somebody for the winter",
            "I typed this and did not tick it",
        ):
            assert kept in again
        assert form_id(again) == typed["id"]
        sent = [await page.post(here, data=typed | {"do": "send"}) for _ in range(2)]
        assert {answer.headers["location"] for answer in sent} == {f"/my/introductions/{typed['id']}"}
        mine = (await page.get(sent[0].headers["location"])).text
    assert not missing(mine, "Waiting for an answer", "mira at 555-0100, evenings")
    (went,) = await scene.mails("introduction_asked")
    assert went["to_address"] == "river@example.org"
    # The mail equals its preview, but for the token.
    assert went["html_body"] == shown.text.replace(actions.NO_TOKEN, await scene.token())
    await drain()
    async with browser(scene.cast.mira) as page:
        assert "The mail left for River Stone" in (await page.get(sent[0].headers["location"])).text


async def test_the_mail_contains_only_what_was_ticked(scene: Scene) -> None:
    await add_booking(scene.context, scene.cast.gathering, scene.cast.mira)
    await scene.ask(shared=rules.read_shared(FORM))
    (went,) = await scene.mails("introduction_asked")
    for part in (went["text_body"], went["html_body"]):
        for never in (
            "Mira",
            "mira@example.org",
            "I typed this",
            "Tuesday group",
            "First steps home",
            "gathering",
        ):
            assert never not in part
        assert not re.search(r"\bcircle\b|attend|she/her", part)
        assert not missing(part, "Somebody for the winter", "answers to this mail reach")
    assert not re.search(r"ketamine|therapy|integration|circle\b", went["subject"], re.I)
    assert went["reply_to"] == ""


async def test_sharing_the_circle_names_no_circle(scene: Scene) -> None:
    await add_booking(scene.context, scene.cast.gathering, scene.cast.mira)
    await scene.ask(shared=rules.read_shared(FORM | {"tell_circle": "on"}))
    (went,) = await scene.mails("introduction_asked")
    assert "They come to a peer integration circle." in went["text_body"]
    assert len(re.findall(r"\bcircle\b", went["text_body"])) == 1
    for never in ("Tuesday group", "First steps home", "gathering", "Farid"):
        assert never not in went["text_body"] + went["html_body"]


async def test_a_refused_form_keeps_its_input(scene: Scene, browser: OpenBrowser) -> None:
    here = f"/therapists/{scene.river}/introduction"
    async with browser(scene.cast.mira) as page:
        wrong = await page.post(here, data={"id": str(uuid4()), "do": "look", **FORM, "tell_reach": ""})
    assert wrong.status_code == 422
    assert not missing(wrong.text, "no answer can come", "Somebody for the winter")


async def test_all_refusals_of_asking_are_shown(scene: Scene, browser: OpenBrowser) -> None:
    closed = await add_listing(scene.context, name="Full House", room="closed")
    silent = await add_listing(scene.context, name="No Mail", email="")
    own = await add_listing(scene.context, name="Mira Herself", person=scene.cast.mira)
    hidden = await add_listing(scene.context, name="Draft", state="draft")
    made = await scene.ask()
    async with browser(scene.cast.mira) as page:
        for listing, words in (
            (closed, "is not taking new people now"),
            (silent, "nothing can be sent to them"),
            (own, "This is your own listing"),
            (scene.river, f"/my/introductions/{made}"),
        ):
            shown = await page.get(f"/therapists/{listing}/introduction")
            assert words in shown.text
            assert "<textarea" not in shown.text
            late = {"id": str(uuid4()), "do": "send", **FORM}
            assert (await page.post(f"/therapists/{listing}/introduction", data=late)).status_code == 422
        assert (await page.get(f"/therapists/{hidden}/introduction")).status_code == 404
        assert (await page.get(f"/therapists/{uuid4()}/introduction")).status_code == 404
        assert (await page.get("/therapists/nobody/introduction")).status_code == 404
    assert len(await scene.mails("introduction_asked")) == 1
    async with browser() as page:
        away = await page.get(f"/therapists/{scene.river}/introduction")
        assert away.headers["location"].startswith("/sign-in")


async def test_concurrent_requests_cannot_exceed_the_open_limit(scene: Scene) -> None:
    others = [await add_listing(scene.context, name=f"Therapist {n}") for n in range(7)]
    results = await asyncio.gather(*(scene.ask(item) for item in others), return_exceptions=True)
    refusals = [item for item in results if isinstance(item, Refused)]
    assert [item.codes for item in refusals] == [{"too_many"}, {"too_many"}]
    assert len(await scene.mails("introduction_asked")) == rules.MAX_OPEN


async def test_the_id_of_another_introduction_is_refused(scene: Scene) -> None:
    made = await scene.ask()
    milo = await scene.person(scene.cast.milo)
    with pytest.raises(Refused) as caught:
        await actions.ask(scene.context, milo, introduction_id=made, listing_id=scene.river, shared=SHARED)
    assert caught.value.codes == {"id_taken"}
    assert (await scene.row(made))["person_id"] == scene.cast.mira


async def test_the_address_of_a_therapist_is_on_no_page(scene: Scene, browser: OpenBrowser) -> None:
    made = await scene.ask(shared=rules.read_shared(FORM))
    token = await scene.token()
    second = await add_listing(scene.context, name="Brook", email="brook@example.org")
    here = f"/therapists/{second}/introduction"
    async with browser(scene.cast.mira) as page:
        pages = [
            await page.get(item)
            for item in (here, "/my/introductions", f"/my/introductions/{made}", "/my/access")
        ]
        pages.append(await page.post(here, data={"id": str(uuid4()), "do": "look", **FORM}))
        pages.append(await page.get(f"/introductions/{token}"))
    for item in pages:
        assert item.status_code == 200
        assert item.headers["cache-control"] == "no-store"
        assert not present(item.text, "river@example.org", "brook@example.org")


# The therapist


async def test_only_the_button_answers_not_the_link(scene: Scene, browser: OpenBrowser, drain: Drain) -> None:
    made = await scene.ask(shared=rules.read_shared(FORM))
    here = f"/introductions/{await scene.token()}"
    async with browser() as page:
        for answer in ("", "?answer=accepted", "?answer=full", "?answer=not_a_fit"):
            shown = await page.get(here + answer)
            assert shown.status_code == 200
            assert shown.headers["cache-control"] == "no-store"
            assert "Somebody for the winter" in shown.text
            for never in ("Mira", "I typed this", "mira@example.org"):
                assert never not in shown.text.partition("<main")[2]
        assert (await scene.row(made))["state"] == "asked"
        yes = {"answer": "accepted", "words": "I will call you on Thursday."}
        assert (await page.post(here, data=yes)).status_code == 303
        assert (await page.post(here, data=yes)).status_code == 303  # idempotent
        other = await page.post(here, data={"answer": "full"})
        assert other.status_code == 422
        assert "the first answer stands" in other.text
        assert "Somebody for the winter" in (await page.get(here)).text
    (news,) = await scene.mails("introduction_news")
    assert news["to_address"] == "mira@example.org"
    assert "River" not in news["text_body"] + news["subject"] + news["html_body"]
    assert "Thursday" not in news["text_body"]
    async with browser(scene.cast.mira) as page:
        mine = (await page.get(f"/my/introductions/{made}")).text
    assert not missing(mine, "I will call you on Thursday.", "River Stone answered: yes.")
    assert (await scene.log())[0] == "River Stone answered you: yes."
    await drain()


@pytest.mark.parametrize("answer", ["full", "not_a_fit"])
async def test_a_declined_introduction_shows_no_words(
    scene: Scene, browser: OpenBrowser, answer: str
) -> None:
    made = await scene.ask(shared=rules.read_shared(FORM))
    here = f"/introductions/{await scene.token()}"
    async with browser() as page:
        assert (await page.post(here, data={"answer": answer})).status_code == 303
        shown = await page.get(here)
        assert "This one is over" in shown.text
        for never in ("Somebody for the winter", "555-0100"):
            assert never not in shown.text
    async with browser(scene.cast.mira) as page:
        assert "Find another therapist" in (await page.get(f"/my/introductions/{made}")).text
        again = (await page.get(f"/therapists/{scene.river}/introduction")).text
        assert "You can ask again after" in again
        gone = await page.post(f"/my/introductions/{made}/forget")
        assert gone.status_code == 303
        assert (await page.post(f"/my/introductions/{made}/forget")).status_code == 303
        assert "555-0100" not in (await page.get(f"/my/introductions/{made}")).text
    assert await scene.mails("introduction_asked") == []


async def test_another_therapist_is_found_by_name(scene: Scene, browser: OpenBrowser) -> None:
    brook = await add_listing(scene.context, name="Zoë Brook", email="brook@example.org")
    await add_listing(scene.context, name="Zoë Draft", state="draft")
    made = await scene.ask()
    here = f"/introductions/{await scene.token()}"
    async with browser() as page:
        page_ = await page.post(
            here, data={"answer": "not_a_fit", "do": "find", "name": "zoe", "words": "Kept"}
        )
        assert "Zoë Brook, LMFT" in page_.text
        assert "Zoë Draft" not in page_.text
        assert "Kept" in page_.text
        nobody = await page.post(here, data={"answer": "not_a_fit", "do": "find", "name": "((("})
        assert "Nobody of that name" in nobody.text
        await page.post(here, data={"answer": "not_a_fit", "other": str(brook), "words": "Kept"})
    async with browser(scene.cast.mira) as page:
        mine = (await page.get(f"/my/introductions/{made}")).text
    assert not missing(mine, f'href="/therapists/{brook}"', "Kept")


async def test_an_unknown_token_shows_nothing(browser: OpenBrowser, scene: Scene) -> None:
    await scene.ask()
    async with browser() as page:
        for do in (
            page.get("/introductions/nothing"),
            page.post("/introductions/nothing", data={"answer": "full"}),
        ):
            gone = await do
            assert gone.status_code == 404
            assert "leads nowhere any more" in gone.text
            assert gone.headers["cache-control"] == "no-store"


async def test_a_therapist_with_an_account_lists_open_introductions(
    scene: Scene, browser: OpenBrowser
) -> None:
    tess = await add_person(scene.context, "Tess")
    listing = await add_listing(scene.context, name="Tess Brook", person=tess)
    made = await scene.ask(listing, rules.read_shared(FORM))
    elsewhere = await scene.ask()
    home = "/my/listing/introductions"
    async with browser(tess) as page:
        listed = (await page.get(home)).text
        assert f"{home}/{made}" in listed
        assert str(elsewhere) not in listed
        assert (await page.get(f"{home}/{elsewhere}")).status_code == 404
        assert (await page.post(f"{home}/{elsewhere}", data={"answer": "full"})).status_code == 404
        assert "Somebody for the winter" in (await page.get(f"{home}/{made}?answer=full")).text
        assert (await page.post(f"{home}/{made}", data={"answer": "full"})).status_code == 303
        assert str(made) not in (await page.get(home)).text
    async with browser(scene.cast.milo) as page:
        assert (await page.get(f"{home}/{made}")).status_code == 404
        assert "Nothing is open" in (await page.get(home)).text


# The member


async def test_withdrawing_deletes_the_words_and_an_unsent_mail(scene: Scene, browser: OpenBrowser) -> None:
    made = await scene.ask(shared=rules.read_shared(FORM))
    token = await scene.token()
    async with browser(scene.cast.mira) as page:
        for _ in range(2):
            done = await page.post(f"/my/introductions/{made}/withdraw")
            assert done.headers["location"] == f"/my/introductions/{made}"
        mine = (await page.get(f"/my/introductions/{made}")).text
    assert "555-0100" not in mine
    assert not missing(mine, "How to reach you", "You withdrew it")
    assert await scene.fetch("select * from mails where kind like 'introduction%'") == []
    assert (await scene.log())[:2] == [
        "The mail to River Stone had not left yet, and never will.",
        "You withdrew what you asked of River Stone. What you told was deleted here.",
    ]
    async with browser() as page:
        shown = (await page.get(f"/introductions/{token}")).text
        assert "They withdrew it" in shown
        assert "winter" not in shown
        late = await page.post(f"/introductions/{token}", data={"answer": "accepted"})
        assert late.status_code == 422
        assert "withdrew this before your answer came" in late.text


async def test_a_sent_mail_is_followed_by_one_that_names_nobody(scene: Scene, drain: Drain) -> None:
    made = await scene.ask(shared=rules.read_shared(FORM | {"tell_call_name": "on"}))
    await drain()
    (first,) = await scene.mails("introduction_asked")
    await actions.withdraw(scene.context, await scene.person(scene.cast.mira), made)
    (over,) = await scene.mails("introduction_over")
    assert over["to_address"] == "river@example.org"
    assert rules.reference(made) in over["text_body"]
    assert rules.reference(made) in first["text_body"]
    assert "Mira" not in over["text_body"] + over["html_body"] + over["subject"]
    assert await scene.mails("introduction_asked") == []


async def test_an_accepted_introduction_can_be_ended(
    scene: Scene, browser: OpenBrowser, drain: Drain
) -> None:
    made = await scene.ask()
    await drain()
    mira = await scene.person(scene.cast.mira)
    with pytest.raises(Refused):
        await actions.end(scene.context, mira, made)
    token = await scene.token()
    await actions.answer(scene.context, Key(token=token), Answer("accepted", "Come on Monday"))
    with pytest.raises(Refused):
        await actions.withdraw(scene.context, mira, made)
    async with browser(scene.cast.mira) as page:
        assert (await page.post(f"/my/introductions/{made}/withdraw")).status_code == 422
        assert (await page.post(f"/my/introductions/{made}/forget")).status_code == 422
        assert (await page.post(f"/my/introductions/{made}/end")).status_code == 303
        assert "Monday" not in (await page.get(f"/my/introductions/{made}")).text
    assert "have ended it" in (await scene.mails("introduction_over"))[0]["text_body"]
    async with browser() as page:
        assert "They ended it" in (await page.get(f"/introductions/{token}")).text
    assert (await scene.row(made))["answer_words"] == ""
    await scene.ask()  # the way is free for another


async def test_the_introduction_of_another_is_404(scene: Scene, browser: OpenBrowser) -> None:
    made = await scene.ask()
    async with browser(scene.cast.milo) as page:
        assert (await page.get(f"/my/introductions/{made}")).status_code == 404
        for verb in ("withdraw", "end", "forget"):
            assert (await page.post(f"/my/introductions/{made}/{verb}")).status_code == 404
        assert "You have asked nobody yet" in (await page.get("/my/introductions")).text
        assert "River" not in (await page.get("/my/access")).text
    with pytest.raises(NotFound):
        await actions.answer(scene.context, Key(id=made, actor_id=scene.cast.milo), Answer("full"))


# Time


async def test_an_unanswered_introduction_expires_once_with_a_mail_to_both(
    scene: Scene, drain: Drain, browser: OpenBrowser
) -> None:
    made = await scene.ask(shared=rules.read_shared(FORM))
    await drain()
    token = await scene.token()
    await scene.backdate(made, 28)
    await jobs.run_timetable(scene.context, "directory.close_introductions")
    assert (await scene.row(made))["state"] == "asked"
    await scene.backdate(made, 1)
    async with browser() as page:  # past its time nothing shows, even before the job runs
        assert "winter" not in (await page.get(f"/introductions/{token}")).text
        assert (await page.post(f"/introductions/{token}", data={"answer": "full"})).status_code == 422
    async with browser(scene.cast.mira) as page:
        assert "555-0100" not in (await page.get(f"/my/introductions/{made}")).text
    await asyncio.gather(
        *(jobs.run_timetable(scene.context, "directory.close_introductions") for _ in range(3))
    )
    row = await scene.row(made)
    assert row["state"] == "expired"
    assert row["told"] == ["reach", "looking_for"]
    assert (row["reach"], row["looking_for"], row["token_hash"], row["mail_id"]) == ("", "", None, None)
    assert await scene.mails("introduction_asked") == []
    assert [mail["to_address"] for mail in await scene.mails("introduction_news")] == ["mira@example.org"]
    assert [mail["to_address"] for mail in await scene.mails("introduction_over")] == ["river@example.org"]
    assert (await scene.log())[:2] == [
        "What you told River Stone was deleted here.",
        "River Stone did not answer in time, so the introduction closed.",
    ]
    async with browser() as page:
        assert (await page.get(f"/introductions/{token}")).status_code == 404


async def test_the_words_of_an_answered_one_are_deleted_in_time_without_mail(
    scene: Scene, drain: Drain
) -> None:
    made = await scene.ask()
    await drain()
    await actions.answer(scene.context, Key(token=await scene.token()), Answer("accepted", "Come on Monday"))
    await scene.backdate(made)
    mails = len(await scene.fetch("select from mails"))
    await jobs.run_timetable(scene.context, "directory.close_introductions")
    row = await scene.row(made)
    assert (row["state"], row["reach"], row["answer_words"]) == ("accepted", "", "")
    assert len(await scene.fetch("select from mails")) == mails - 1
    await scene.ask()


async def test_more_than_one_batch_closes_at_once(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "BATCH_SIZE", 2)
    others = [await add_listing(scene.context, name=f"Therapist {n}") for n in range(5)]
    for listing in others:
        await scene.backdate(await scene.ask(listing))
    await jobs.run_timetable(scene.context, "directory.close_introductions")
    assert await scene.fetch("select from introductions where state = 'asked'") == []


# The access log, and erasing


async def test_the_access_log_lists_everything_newest_first_in_pages(
    scene: Scene, browser: OpenBrowser
) -> None:
    await scene.ask(shared=rules.read_shared(FORM))
    await actions.answer(scene.context, Key(token=await scene.token()), Answer("full"))
    assert await scene.log() == [
        "River Stone answered you: not taking new people now.",
        "A mail with what you told was put on its way to River Stone.",
        "You asked to be introduced to River Stone, and told them how to reach you and what you are looking for.",
    ]
    async with scene.context.db.transaction() as tx:
        for _ in range(access_log.PER_PAGE):
            await access_log.log(tx, scene.cast.mira, "suggestion.directory", actor_id=scene.cast.farid)
        with pytest.raises(KeyError):
            await access_log.log(tx, scene.cast.mira, "something.else")
    async with browser(scene.cast.mira) as page:
        first, second = (await page.get("/my/access")).text, (await page.get("/my/access?page=2")).text
        assert (await page.get("/my/access?page=nine")).status_code == 200
    assert "Page 1 of 2" in first
    assert first.count("Farid suggested that you look at the directory.") == access_log.PER_PAGE
    assert "You asked to be introduced to River Stone" in second
    assert "winter" not in first + second
    async with browser(scene.cast.milo) as page:
        assert "Nothing yet" in (await page.get("/my/access")).text


async def test_erasing_a_member_deletes_their_introductions(scene: Scene) -> None:
    await scene.ask(shared=rules.read_shared(FORM))
    given = await personal_data.export(scene.context, "mira@example.org")
    assert given["introductions"][0]["looking_for"] == "Somebody for the winter"
    assert "token_hash" not in given["introductions"][0]
    assert [entry["what"] for entry in given["accesses"]] == ["introduction.asked", "introduction.mailed"]
    await personal_data.erase(scene.context, "mira@example.org")
    for table in ("introductions", "accesses"):
        assert await scene.fetch(f"select from {table}") == []
    assert await scene.mails("introduction_asked") == []


async def test_erasing_a_therapist_deletes_what_members_shared(scene: Scene) -> None:
    made = await scene.ask(shared=rules.read_shared(FORM))
    wren = await add_person(scene.context, "Wren")
    async with scene.context.db.transaction() as tx:  # assigned after the mail was written
        await tx.execute("update listings set person_id = $1 where id = $2", wren, scene.river)
    await personal_data.erase(scene.context, "wren@example.org")
    row = await scene.row(made)
    assert (row["reach"], row["looking_for"], row["token_hash"]) == ("", "", None)
    assert await scene.mails("introduction_asked") == []


async def test_words_of_members_are_quoted_in_mail(scene: Scene) -> None:
    like_ours = "Hello\n\nYes:\nhttps://evil.example/yes"
    both = {"looking_for": like_ours, "tell_own_words": "on", "own_words": like_ours}
    await scene.ask(shared=rules.read_shared(FORM | both))
    (went,) = await scene.mails("introduction_asked")
    lines = went["text_body"].splitlines()
    assert "> https://evil.example/yes" in lines
    assert "Yes:" in lines
    assert lines.count("Yes:") == 1
    assert "https://evil.example/yes" not in lines


async def test_an_export_holds_the_events_of_introductions(scene: Scene) -> None:
    await scene.ask(shared=rules.read_shared(FORM))
    await actions.answer(scene.context, Key(token=await scene.token()), Answer("full"))
    given = await personal_data.export(scene.context, "mira@example.org")
    assert {"introduction.asked", "introduction.full"} <= {event["what"] for event in given["events"]}


async def test_events_hold_no_words(scene: Scene) -> None:
    await scene.ask(shared=rules.read_shared(FORM))
    await actions.answer(scene.context, Key(token=await scene.token()), Answer("full", "Try in spring"))
    logged = str(await scene.fetch("select * from events")) + str(await scene.fetch("select * from accesses"))
    for never in ("winter", "555-0100", "spring", "example.org"):
        assert never not in logged


async def test_pages_take_few_queries(scene: Scene, browser: OpenBrowser, queries: list[str]) -> None:
    made = await scene.ask()
    token = await scene.token()
    async with browser(scene.cast.mira) as page:
        for address in (
            f"/therapists/{scene.river}/introduction",
            "/my/introductions",
            f"/my/introductions/{made}",
            "/my/access",
            "/my/suggestions",
            f"/introductions/{token}?answer=full",
        ):
            queries.clear()
            assert (await page.get(address)).status_code == 200
            assert len(queries) <= 3, (address, queries)


# Invalid input


@pytest.mark.parametrize("words", ["x" * 10_000, "a\x00b", "\u202e"])
async def test_bad_words_are_refused_or_cleaned(scene: Scene, browser: OpenBrowser, words: str) -> None:
    here = f"/therapists/{scene.river}/introduction"
    typed = {"id": "nothing", "do": "look", "tell_reach": "on", "reach": words}
    async with browser(scene.cast.mira) as page:
        assert (await page.post(here, data=typed)).status_code == 422
