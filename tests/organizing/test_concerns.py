"""Writing to the organizers: who reads it and who never does, its date, its answer, its limits, its end."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from circles.base import clock
from circles.organizing.concerns import actions
from circles.people.suspended import actions as suspended
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_gathering, add_person
from tests.conftest import OpenBrowser
from tests.helpers import change, missing, person, rows, value

WORDS = "He told others what I had said in the room."


async def mails(context: Context, kind: str) -> list[Any]:
    return await rows(context, "select * from mails where kind = $1 order by created_at, to_address", kind)


def main_of(page: str) -> str:
    """A page without the bar of practice mode, which names people of the demo community."""
    return page.partition("<main")[2]


async def write(
    cast: Cast, browser: OpenBrowser, who: UUID | None, path: str = "/write", **more: str
) -> UUID:
    """Write by the form. Returns the concern's id."""
    made_with = uuid4()
    async with browser(who) if who else browser() as page:
        answer = await page.post(path, data={"id": str(made_with), "body": WORDS} | more)
        assert answer.status_code == 303, answer.text
    return made_with


async def test_a_concern_about_an_organizer_reaches_the_others_alone(
    cast: Cast, browser: OpenBrowser
) -> None:
    context = cast.context
    ola = await add_person(context, "Ola", is_organizer=True)
    await change(context, "update people set is_facilitator = true where id = $1", cast.odile)
    concern = await write(cast, browser, cast.mira, f"/facilitators/{cast.odile}/concern")
    (told,) = await mails(context, "organizers_todo")
    assert told["to_address"] == await value(context, "select email from people where id = $1", ola)
    assert missing(told["text_body"] + told["subject"], "Mira", "Odile", "room") == ["Mira", "Odile", "room"]
    async with browser(ola) as page:
        shown = (await page.get(f"/organize/concerns/{concern}")).text
        assert not missing(shown, "Mira", "About", "Odile", "He told others")
        assert str(concern) in (await page.get("/organize/concerns")).text
    forms: list[dict[str, str]] = [
        {"then": "answer", "answer": "Nothing happened."},
        {"then": "note", "note": "Read it."},
        {"then": "date", "answer_by": clock.now().date().isoformat()},
        {"then": "shut", "why": "No."},
    ]
    async with browser(cast.odile) as page:
        for path in ("/organize", "/organize/concerns", "/organize/audit"):
            assert str(concern) not in (await page.get(path)).text
        assert "Nothing waits for an answer" in (await page.get("/organize/concerns")).text
        assert (await page.get(f"/organize/concerns/{concern}")).status_code == 404
        for form in forms:
            assert (await page.post(f"/organize/concerns/{concern}", data=form)).status_code == 404
    assert await value(context, "select count(*) from concern_steps") == 0
    about = await rows(context, "select who, why, details::text from events where about = $1", concern)
    assert [(row["who"], row["why"], row["details"]) for row in about] == [(None, "", "{}")]


async def test_it_is_answered_once_and_written_again(cast: Cast, browser: OpenBrowser) -> None:
    context = cast.context
    concern = await write(cast, browser, cast.mira)
    here = f"/organize/concerns/{concern}"
    async with browser(cast.odile) as page:
        for field, then in (("answer", "answer"), ("note", "note"), ("why", "shut"), ("answer_by", "date")):
            refused = await page.post(here, data={"then": then, field: " "})
            assert (refused.status_code, missing(refused.text, f'href="#f-{field}"')) == (422, [])
        assert (await page.post(here, data={"then": "sing"})).status_code == 404
        note = {"then": "note", "note": "Talked with him."}
        for _ in range(2):
            assert (await page.post(here, data=note)).status_code == 303
        answers = await asyncio.gather(
            *(page.post(here, data={"then": "answer", "answer": "We talked."}) for _ in range(3))
        )
        assert {answer.status_code for answer in answers} == {303}
    (mail,) = await mails(context, "concern_answer")
    assert mail["to_address"] == "mira@example.org"
    assert f"/my/concerns/{concern}" in mail["text_body"]
    assert "talked" not in mail["text_body"]
    async with browser(cast.mira) as page:
        own = f"/my/concerns/{concern}"
        shown = (await page.get(own)).text
        assert not missing(shown, WORDS, "We talked.")
        assert "Talked with him" not in shown
        assert own in (await page.get("/my/concerns")).text
        for _ in range(2):
            assert (await page.post(own, data={"body": "He did it again."})).status_code == 303
        assert "look into it" in (await page.get(own)).text
    assert await value(context, "select state from concerns") == "open"
    steps = await rows(context, "select what from concern_steps order by at")
    assert [row["what"] for row in steps] == ["note", "answer", "reply"]
    assert len(await mails(context, "organizers_todo")) == 2
    for nobody in (cast.milo, cast.farid):
        async with browser(nobody) as page:
            assert (await page.get(f"/my/concerns/{concern}")).status_code == 404
            assert (await page.post(f"/my/concerns/{concern}", data={"body": "x"})).status_code == 404


async def test_a_visitor_reads_the_answer_by_a_mailed_link(cast: Cast, browser: OpenBrowser) -> None:
    context = cast.context
    async with browser() as page:
        refused = await page.post("/write", data={"id": str(uuid4()), "body": WORDS, "email": "nobody"})
        assert (refused.status_code, missing(refused.text, 'href="#f-email"', WORDS)) == (422, [])
    concern = await write(cast, browser, None, email="Vera@example.org")
    async with browser(cast.odile) as page:
        assert "vera@example.org" in (await page.get(f"/organize/concerns/{concern}")).text
        form = {"then": "answer", "answer": "Thank you, Vera.", "stays_open": "on"}
        await page.post(f"/organize/concerns/{concern}", data=form)
    (mail,) = await mails(context, "concern_answer")
    assert (mail["to_address"], mail["person_id"]) == ("vera@example.org", None)
    found = re.search(r"http://circles\.test(/write/\S+)", mail["text_body"])
    assert found
    link = found[1]
    async with browser() as page:
        shown = await page.get(link)
        assert "Thank you, Vera." in shown.text
        assert shown.headers["cache-control"] == "no-store"
        assert (await page.post(link, data={"body": "One thing more."})).status_code == 303
        for wrong in (link[:-2] + "AA", "/write/abc", f"/write/{concern}", "/write/%C3%A9"):
            assert (await page.get(wrong)).status_code == 404
    # A link of another purpose opens nothing here, and what a member wrote opens by no link.
    assert await value(context, "select state from concerns") == "open"


async def test_somebody_who_keeps_their_name_is_answered(cast: Cast, browser: OpenBrowser) -> None:
    concern = await write(cast, browser, cast.mira, unnamed="on")
    async with browser(cast.odile) as page:
        shown = main_of((await page.get(f"/organize/concerns/{concern}")).text)
        assert "Somebody who gave no name" in shown
        assert not re.search("Mira|mira@|" + str(cast.mira), shown)
        await page.post(f"/organize/concerns/{concern}", data={"then": "answer", "answer": "We look."})
        assert "Mira" not in main_of((await page.get(f"/organize/concerns/{concern}")).text)
    (mail,) = await mails(cast.context, "concern_answer")
    assert mail["to_address"] == "mira@example.org"


async def test_a_member_names_those_they_met(cast: Cast, browser: OpenBrowser) -> None:
    await add_booking(cast.context, cast.gathering, cast.mira)
    async with browser(cast.mira) as page:
        shown = (await page.get("/write")).text
        assert not missing(shown, f'value="{cast.farid}"', f'value="{cast.odile}"')
        assert f'value="{cast.fern}"' not in shown
        form = {"id": str(uuid4()), "body": WORDS, "about": str(cast.fern)}
        refused = await page.post("/write", data=form)
        assert (refused.status_code, missing(refused.text, 'href="#f-about"', WORDS)) == (422, [])
    await write(cast, browser, cast.mira, about=str(cast.farid))
    days = await value(cast.context, "select answer_by - (now() at time zone 'utc')::date from concerns")
    assert days == 3


async def test_the_only_organizer_is_named_aloud(cast: Cast, browser: OpenBrowser) -> None:
    async with browser(cast.mira) as page:
        assert "Just one person organizes here now" in (await page.get("/write")).text
        form = {"id": str(uuid4()), "body": WORDS, "about": str(cast.odile)}
        sent = await page.post("/write", data=form, follow_redirects=True)
        assert "nobody reads it until somebody does" in sent.text
        shown = (await page.get(f"/facilitators/{cast.odile}/concern")).text
        assert "Nobody else organizes here just now" in shown
        assert (await page.get(f"/facilitators/{cast.milo}/concern")).status_code == 404
    await write(cast, browser, cast.mira, f"/facilitators/{cast.odile}/concern")
    assert await mails(cast.context, "organizers_todo") == []
    ola = await add_person(cast.context, "Ola", is_organizer=True)
    async with browser(ola) as page:
        assert "About Odile" in (await page.get("/organize/concerns")).text


async def test_a_form_sent_twice_is_one(cast: Cast, browser: OpenBrowser) -> None:
    made_with = str(uuid4())
    async with browser(cast.mira) as page:
        form = {"id": made_with, "body": WORDS}
        answers = await asyncio.gather(*(page.post("/write", data=form) for _ in range(3)))
        assert {answer.status_code for answer in answers} == {303}
        changed = await page.post("/write", data=form | {"body": "Something else."})
        assert (changed.status_code, missing(changed.text, "Something else.", "a moment ago")) == (422, [])
    async with browser(cast.milo) as page:
        assert (await page.post("/write", data=form)).status_code == 422
    assert await value(cast.context, "select count(*) from concerns") == 1
    assert len(await mails(cast.context, "organizers_todo")) == 1


@pytest.mark.parametrize("signed_in", [True, False])
async def test_nobody_writes_without_end(cast: Cast, browser: OpenBrowser, signed_in: bool) -> None:
    most = actions.MAX_A_DAY if signed_in else actions.MAX_OF_ADDRESS
    more = {} if signed_in else {"email": "vera@example.org"}
    for _ in range(most):
        await write(cast, browser, cast.mira if signed_in else None, **more)
    async with browser(cast.mira) if signed_in else browser() as page:
        refused = await page.post("/write", data={"id": str(uuid4()), "body": WORDS} | more)
    assert (refused.status_code, missing(refused.text, WORDS, "tomorrow")) == (429, [])
    assert await value(cast.context, "select count(*) from concerns") == most


async def test_organizers_are_reminded_once_of_each_date(cast: Cast, browser: OpenBrowser) -> None:
    context = cast.context
    concern = await write(cast, browser, cast.mira)
    await actions.remind(context)
    assert len(await mails(context, "organizers_todo")) == 1
    await change(context, "update concerns set answer_by = current_date - 1")
    for _ in range(2):
        await actions.remind(context)
    assert len(await mails(context, "organizers_todo")) == 2
    async with browser(cast.odile) as page:
        assert "Late" in (await page.get("/organize/concerns")).text
        later = clock.now().date() + timedelta(days=9)
        await page.post(
            f"/organize/concerns/{concern}", data={"then": "date", "answer_by": later.isoformat()}
        )
    async with browser(cast.mira) as page:
        assert clock.format_date(later) in (await page.get(f"/my/concerns/{concern}")).text


async def test_it_is_forgotten_a_year_after_it_was_closed(cast: Cast, browser: OpenBrowser) -> None:
    context = cast.context
    concern = await write(cast, browser, cast.mira)
    odile = await person(context, cast.odile)
    await actions.answer(context, odile, concern, body="We talked.", stays_open=False)
    await change(context, "update concerns set closed_at = now() - interval '364 days'")
    await actions.forget(context)
    assert await value(context, "select body from concerns") == WORDS
    await change(context, "update concerns set closed_at = now() - interval '366 days'")
    await actions.forget(context)
    (row,) = await rows(context, "select body, person_id, email, about_person from concerns")
    assert tuple(row) == ("", None, "", None)
    assert await value(context, "select string_agg(body, '') from concern_steps") == ""
    async with browser(cast.odile) as page:
        shown = (await page.get(f"/organize/concerns/{concern}")).text
        assert not missing(shown, "deleted after 12 months", "Somebody who left")


async def test_undelivered_answers_do_not_say_who_wrote_without_their_name(
    cast: Cast, browser: OpenBrowser
) -> None:
    context = cast.context
    concern = await write(cast, browser, cast.mira, unnamed="on")
    async with browser(cast.odile) as page:
        await page.post(f"/organize/concerns/{concern}", data={"then": "answer", "answer": "Thank you."})
        await change(context, "update mails set state = 'refused' where kind = 'concern_answer'")
        (mail,) = await mails(context, "concern_answer")
        for path in ("/organize", "/organize/mail"):
            assert "Mira" not in main_of((await page.get(path)).text)
        assert (await page.post(f"/organize/mail/{mail['id']}/again")).status_code == 404
        assert "did not arrive" in (await page.get(f"/organize/concerns/{concern}")).text
    named = await write(cast, browser, cast.mira)
    async with browser(cast.odile) as page:
        await page.post(f"/organize/concerns/{named}", data={"then": "answer", "answer": "Thank you too."})
        await change(context, "update mails set state = 'refused' where kind = 'concern_answer'")
        shown = main_of((await page.get("/organize/mail")).text)
        assert not missing(shown, "Mira", "A mail in confidence")


async def test_somebody_suspended_reads_the_answer_and_writes_again(cast: Cast, browser: OpenBrowser) -> None:
    context = cast.context
    concern = await write(cast, browser, cast.mira)
    async with context.db.transaction() as tx:
        await suspended.suspend_account(tx, cast.mira, actor_id=cast.odile)
    async with browser(cast.odile) as page:
        await page.post(f"/organize/concerns/{concern}", data={"then": "answer", "answer": "Thank you."})
    (mail,) = await mails(context, "concern_answer")
    found = re.search(r"http://circles\.test(/write/\S+)", mail["text_body"])
    assert found
    async with browser() as page:
        assert "Thank you." in (await page.get(found[1])).text
        assert (await page.post(found[1], data={"body": "One thing more."})).status_code == 303
    assert await value(context, "select state from concerns") == "open"
    await change(context, "update people set suspended_at = null")


async def test_writing_again_does_not_put_off_a_date_that_is_late(cast: Cast, browser: OpenBrowser) -> None:
    context = cast.context
    concern = await write(cast, browser, cast.mira)
    await change(
        context,
        "update concerns set answer_by = (now() at time zone 'utc')::date - 2, reminded_at = now(), "
        "body = 'Something else.'",
    )
    async with browser(cast.mira) as page:
        answer = await page.post(
            f"/my/concerns/{concern}", data={"body": "Are you there?"}, follow_redirects=True
        )
        assert not missing(answer.text, "is due", "You were to have an answer by", "see that it is late")
        assert "You were to have an answer by" in (await page.get("/my/concerns")).text
    days = "select answer_by - (now() at time zone 'utc')::date from concerns where reminded_at is null"
    assert await value(context, days) == -2
    async with browser(cast.odile) as page:
        await page.post(f"/organize/concerns/{concern}", data={"then": "shut", "why": "Talked on the phone."})
    async with browser(cast.mira) as page:
        assert not missing(main_of((await page.get("/my/concerns")).text), "Closed.")
        shown = main_of((await page.get(f"/my/concerns/{concern}")).text)
    assert not missing(shown, "The organizers closed this", "there is no answer")
    assert "on the phone" not in shown


async def test_who_hosted_a_gathering_and_left_since_can_be_named(cast: Cast, browser: OpenBrowser) -> None:
    context = cast.context
    past = await add_gathering(context, cast.circle, days=-3)
    await add_booking(context, past, cast.mira)
    await change(context, "insert into hosted_gatherings values ($1, $2, 'stand_in')", past, cast.fern)
    async with browser(cast.mira) as page:
        assert str(cast.fern) in (await page.get("/write")).text
    concern = await write(cast, browser, cast.mira, about=str(cast.fern))
    assert await value(context, "select about_person from concerns where id = $1", concern) == cast.fern
    async with browser(cast.milo) as page:  # who was not there
        assert str(cast.fern) not in (await page.get("/write")).text
