"""Complaints about listings over HTTP: sent once, limited, decided by an organizer who is not the therapist."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from circles.base import clock
from circles.directory.upkeep import complaints_actions
from tests.cast import Cast, add_person
from tests.conftest import OpenBrowser
from tests.directory.helpers import add_listing, form_id, make_organizer, present
from tests.helpers import change, missing, rows, value


def closing(decision: str, **more: str) -> dict[str, str]:
    """The form that closes a complaint."""
    notes = {"answer": "Thank you. We wrote to the board.", "to_therapist": "Please check your license."}
    return {"then": "close", "decision": decision} | notes | more


async def complain(cast: Cast, listing: UUID, body: str = "The license is somebody else's.") -> UUID:
    """Mira says that something is wrong with a listing. Returns the complaint's id."""
    made_with = uuid4()
    await complaints_actions.complain(
        cast.context, actor_id=cast.mira, made_with=made_with, listing_id=listing, body=body
    )
    return made_with


async def mails(cast: Cast, *kinds: str) -> list[Any]:
    return await rows(
        cast.context, "select * from mails where kind = any($1) order by to_address, created_at", list(kinds)
    )


@pytest.mark.parametrize("decision", ["hidden", "kept"])
async def test_closing_answers_both_sides_once(cast: Cast, browser: OpenBrowser, decision: str) -> None:
    listing = await add_listing(cast.context, person=cast.farid)
    complaint = await complain(cast, listing)
    here = f"/organize/complaints/{complaint}"
    async with browser(cast.odile) as page:
        shown = (await page.get(here)).text
        assert not missing(
            shown, "The license is somebody else", "from Mira", "To be answered by", "Received"
        )
        for empty in ("answer", "to_therapist", "decision"):
            refused = await page.post(here, data=closing(decision) | {empty: " "})
            assert (refused.status_code, missing(refused.text, f'href="#f-{empty}"')) == (422, [])
        answers = await asyncio.gather(*(page.post(here, data=closing(decision)) for _ in range(3)))
        assert {answer.status_code for answer in answers} == {303}
        closed = (await page.get(here)).text
        assert not missing(
            closed, "Closed", "Odile", "We wrote to the board", "To the therapist", "check your license"
        )
        assert "Close it with an answer" not in closed
        assert here in (await page.get(f"/organize/therapists/{listing}")).text
    sender, therapist = await mails(cast, "complaint_answer", "listing_news")
    if sender["kind"] != "complaint_answer":
        sender, therapist = therapist, sender
    assert (sender["to_address"], sender["subject"]) == ("mira@example.org", "An answer for you")
    for text in (sender["subject"], sender["text_body"], sender["html_body"]):
        assert not present(text, "license", "Ines", "therapist", "board", "listing")
    assert f"/my/complaints/{complaint}" in sender["text_body"]
    assert therapist["subject"] == "About your page"
    assert "Please check your license." in therapist["text_body"]
    assert not present(
        therapist["text_body"] + therapist["html_body"], "Mira", "somebody else", "wrote to the board"
    )
    stays = "took your page off the directory" if decision == "hidden" else "the page stays as it is"
    assert stays in " ".join(therapist["text_body"].split())
    async with browser(cast.mira) as page:
        read = (await page.get(f"/my/complaints/{complaint}")).text
        assert not missing(read, "We wrote to the board.", "The license is somebody else")
        assert "check your license" not in read
        assert not missing(
            (await page.get("/my/complaints")).text, f"/my/complaints/{complaint}", "Answered."
        )
    for nobody in (cast.milo, cast.farid):
        async with browser(nobody) as page:
            assert (await page.get(f"/my/complaints/{complaint}")).status_code == 404
            assert str(complaint) not in (await page.get("/my/complaints")).text


async def test_nothing_goes_to_the_therapist_where_it_could_show_who_wrote(
    cast: Cast, browser: OpenBrowser
) -> None:
    listing = await add_listing(cast.context, person=cast.farid)
    complaint = await complain(cast, listing)
    async with browser(cast.odile) as page:
        form = closing("kept", silent="on", to_therapist="")
        assert (await page.post(f"/organize/complaints/{complaint}", data=form)).status_code == 303
    assert [mail["kind"] for mail in await mails(cast, "complaint_answer", "listing_news")] == [
        "complaint_answer"
    ]


async def test_a_listing_that_is_hidden_already_is_told_too(cast: Cast, browser: OpenBrowser) -> None:
    listing = await add_listing(cast.context, person=cast.farid)
    complaint = await complain(cast, listing)
    sql = "update listings set state = 'hidden', hidden_because = 'organizer' where id = $1"
    await change(cast.context, sql, listing)
    async with browser(cast.odile) as page:
        await page.post(f"/organize/complaints/{complaint}", data=closing("hidden"))
    (mail,) = await mails(cast, "listing_news")
    assert "stays off the directory for now" in " ".join(mail["text_body"].split())


async def test_a_complaint_has_a_date_and_a_history(cast: Cast, browser: OpenBrowser) -> None:
    listing = await add_listing(cast.context)
    complaint = await complain(cast, listing)
    today = clock.now().date()
    (told,) = await mails(cast, "organizers_todo")
    assert told["to_address"] == "odile@example.org"
    assert clock.format_date(today + timedelta(days=14)) in told["text_body"]
    assert not present(told["text_body"], "Mira", "Ines", "license")
    here = f"/organize/complaints/{complaint}"
    async with browser(cast.odile) as page:
        note = {"then": "note", "note": "Wrote to the board."}
        for _ in range(2):  # a double press
            assert (await page.post(here, data=note)).status_code == 303
        for wrong in ("", (today - timedelta(days=1)).isoformat(), (today + timedelta(days=91)).isoformat()):
            refused = await page.post(here, data={"then": "date", "answer_by": wrong})
            assert (refused.status_code, missing(refused.text, 'href="#f-answer_by"')) == (422, [])
        later = today + timedelta(days=30)
        for _ in range(2):
            moved = await page.post(here, data={"then": "date", "answer_by": later.isoformat()})
            assert moved.status_code == 303
        assert (await page.post(here, data={"then": "sing"})).status_code == 404
        shown = (await page.get(here)).text
        assert not missing(shown, "Wrote to the board.", "Another date", clock.format_date(later), "Odile")
        await page.post(here, data=closing("kept"))
        assert (await page.post(here, data=note | {"note": "Too late."})).status_code == 422
    async with browser(cast.mira) as page:
        assert "Wrote to the board." not in (await page.get(f"/my/complaints/{complaint}")).text
    steps = await rows(cast.context, "select what, who from complaint_steps order by at")
    assert [tuple(row) for row in steps] == [(what, cast.odile) for what in ("note", "date", "kept")]
    words = await value(
        cast.context, "select string_agg(why || details::text, '') from events where about = $1", complaint
    )
    assert not present(words, "board", "license")


async def test_organizers_are_reminded_once_of_each_date(cast: Cast) -> None:
    ola = await add_person(cast.context, "Ola", is_organizer=True)
    listing = await add_listing(cast.context, person=ola)
    complaint = await complain(cast, listing)
    assert [mail["to_address"] for mail in await mails(cast, "organizers_todo")] == ["odile@example.org"]
    await complaints_actions.remind(cast.context)
    assert len(await mails(cast, "organizers_todo")) == 1
    today = clock.now().date()
    for _ in range(2):
        await complaints_actions.set_answer_by(cast.context, complaint, actor_id=cast.odile, day=today)
        await complaints_actions.remind(cast.context)
    reminders = await mails(cast, "organizers_todo")
    assert [mail["to_address"] for mail in reminders] == ["odile@example.org"] * 2
    assert "an answer by today" in reminders[1]["text_body"]


async def test_yesterdays_code_still_adds_and_decides(cast: Cast, browser: OpenBrowser) -> None:
    listing = await add_listing(cast.context)
    complaint = await value(
        cast.context,
        "insert into complaints (listing_id, person_id, body, state, decided_at, decided_by) "
        "values ($1, $2, 'Old.', 'kept', now(), $3) returning id",
        listing,
        cast.mira,
        cast.odile,
    )
    async with browser(cast.odile) as page:
        assert not missing(
            (await page.get(f"/organize/complaints/{complaint}")).text, "Closed: the listing stays", "Odile"
        )
    async with browser(cast.mira) as page:
        assert "looked into it and closed it" in (await page.get(f"/my/complaints/{complaint}")).text


async def test_a_page_that_waits_is_not_hidden_without_a_word(cast: Cast, browser: OpenBrowser) -> None:
    listing = await add_listing(cast.context, person=cast.farid, state="waiting")
    async with browser(cast.odile) as page:
        await page.post(
            f"/organize/therapists/{listing}/hide", data={"why": "We could not find the license."}
        )
    (mail,) = await mails(cast, "listing_news")
    assert not missing(
        " ".join(mail["text_body"].split()), "cannot show it for now", "could not find the license"
    )


async def test_a_complaint_hides_a_listing_at_once(cast: Cast, browser: OpenBrowser) -> None:
    listing = await add_listing(cast.context, person=cast.farid)
    async with browser(cast.mira) as page:
        assert (await page.post(f"/therapists/{listing}/complaint", data={"body": " "})).status_code == 422
        sent = await page.post(
            f"/therapists/{listing}/complaint", data={"body": "The license is somebody else's."}
        )
        assert sent.status_code == 303
        assert (await page.get("/organize/therapists")).status_code == 404
    async with browser(cast.odile) as page:
        listed = (await page.get("/organize/therapists")).text
        assert not missing(listed, "The license is somebody else", "Mira")
        assert "About the listing of" in (await page.get("/organize/concerns")).text
        async with cast.context.db.reading() as tx:
            complaint = await tx.fetchval("select id from complaints")
        here = f"/organize/complaints/{complaint}"
        response = await page.post(here, data=closing("hidden"))
        assert response.status_code == 303
        again = await page.post(here, data=closing("kept"))
        assert again.status_code == 422
    async with browser(cast.farid) as page:
        own = (await page.get("/my/listing")).text
        assert "The organizers hid this page" in own
        assert "Mira" not in own.split("<main")[1]
        assert (await page.post("/my/listing/return")).status_code == 422
    async with browser() as page:
        assert (await page.get(f"/therapists/{listing}")).status_code == 404


async def test_a_complaint_submitted_twice_is_created_once(cast: Cast, browser: OpenBrowser) -> None:
    listing = await add_listing(cast.context)
    path = f"/therapists/{listing}/complaint"
    async with browser(cast.mira) as page:
        made_with = form_id((await page.get(path)).text)
        form = {"id": made_with, "body": "The fee is another one."}
        answers = await asyncio.gather(*(page.post(path, data=form) for _ in range(4)))
        assert {(answer.status_code, answer.headers["location"]) for answer in answers} == {
            (303, f"/therapists/{listing}")
        }
        assert (await page.post(path, data=form)).status_code == 303
        more = await page.post(path, data=form | {"body": "The fee is another one, and the name."})
        assert more.status_code == 422
        assert not missing(more.text, "have changed it since", "and the name.")
        assert form_id(more.text) != made_with
    async with browser(cast.milo) as page:
        assert (await page.post(path, data=form)).status_code == 404  # an id of somebody else's form
    async with cast.context.db.reading() as tx:
        assert await tx.fetchval("select count(*) from complaints where body like 'The fee%'") == 1
        assert await tx.fetchval("select count(*) from events where what = 'complaint.made'") == 1


async def test_a_complaint_about_an_own_listing_is_decided_by_another_organizer(
    cast: Cast, browser: OpenBrowser
) -> None:
    listing = await add_listing(cast.context, person=cast.fern)
    await make_organizer(cast.context, cast.fern)
    async with browser(cast.mira) as page:
        await page.post(f"/therapists/{listing}/complaint", data={"body": "Not what it says."})
    async with cast.context.db.reading() as tx:
        complaint = await tx.fetchval("select id from complaints")
    async with browser(cast.fern) as page:
        for path in ("/organize/therapists", f"/organize/therapists/{listing}"):
            text = (await page.get(path)).text.split("<main")[1]
            assert not present(text, "Not what it says", "Mira")
        listed = (await page.get("/organize/therapists?show=complaints")).text
        assert "One complaint is about your own listing" in listed
        assert (await page.get(f"/organize/complaints/{complaint}")).status_code == 404
        for then in ("close", "note", "date"):
            form = closing("kept") | {"note": "Mine.", "answer_by": "2030-01-01", "then": then}
            assert (await page.post(f"/organize/complaints/{complaint}", data=form)).status_code in (404, 422)
    assert await value(cast.context, "select state from complaints") == "open"
    assert await value(cast.context, "select count(*) from complaint_steps") == 0
    async with browser(cast.odile) as page:
        listed = (await page.get("/organize/therapists")).text
        assert "Not what it says" in listed
        assert "your own listing" not in listed
        response = await page.post(f"/organize/complaints/{complaint}", data=closing("kept"))
        assert response.status_code == 303


async def test_complaints_are_limited_without_counting_a_double_press(
    cast: Cast, browser: OpenBrowser
) -> None:
    listing = await add_listing(cast.context)
    path = f"/therapists/{listing}/complaint"
    sent = [{"id": str(uuid4()), "body": f"{n}"} for n in range(7)]
    async with browser(cast.mira) as page:
        twice = [form for form in sent[:6] for _ in range(2)]
        answers = [(await page.post(path, data=form)).status_code for form in [*twice, sent[6]]]
    assert answers == [303] * 12 + [429]
