"""Screening on a real database: requests, their answers, limits for newcomers."""

from __future__ import annotations

import re

import pytest

from circles.base.errors import Refused
from circles.bookings.screening import actions as screening_actions
from circles.bookings.screening.rules import Screening
from circles.store import jobs
from tests.bookings import screening_helpers
from tests.bookings.screening_helpers import QUESTIONS, Drain, Scene, form_at, typed
from tests.cast import Cast, add_booking, add_gathering, add_person
from tests.conftest import Browser, OpenBrowser

scene, mira, farid = screening_helpers.scene, screening_helpers.mira, screening_helpers.farid


# Asking first


async def test_from_the_questions_to_the_seat(
    scene: Scene, cast: Cast, mira: Browser, farid: Browser
) -> None:
    saved = await farid.post(
        f"/host/circles/{cast.circle}/screening",
        data={"asks": "questions", "version": "0", "q1": "What brings you?", "q3": "Who holds you?"},
    )
    assert saved.status_code == 303
    asked = (await mira.get(form_at(cast))).text
    for words in ("Before your first booking", "What brings you?", "Who holds you?", "Farid", "30 days"):
        assert words in asked
    assert 'name="agreed"' not in asked
    answers = {"version": "1", "a1": "A long winter.", "a2": "My sister."}
    sent = await mira.post(f"/gatherings/{cast.gathering}/request", data=answers)
    where = sent.headers["location"]
    assert where.startswith("/my/requests/")
    waiting = (await mira.get(where)).text
    assert "Your request is with the hosts" in waiting
    assert "A long winter." in waiting
    assert (await mira.get(form_at(cast))).headers["location"] == where
    inbox = (await farid.get("/host/requests")).text
    assert "Mira" in inbox
    address = where.replace("/my/", "/host/")
    assert "My sister." in (await farid.get(address)).text
    done = await farid.post(address, data={"then": "approve", "welcome": "Come as you are."})
    assert done.status_code == 303
    welcome = (await mira.get(where)).text
    assert "You are welcome here" in welcome
    assert "Come as you are." in welcome
    assert form_at(cast) in welcome
    assert 'name="agreed"' in (await mira.get(form_at(cast))).text
    assert (await mira.post(form_at(cast), data=typed(cast))).status_code == 303
    assert await scene.value("select count(*) from bookings where state = 'confirmed'") == 1


async def test_a_booking_without_approval_is_refused_by_direct_post_too(
    scene: Scene, cast: Cast, mira: Browser
) -> None:
    await scene.screen(QUESTIONS)
    answer = await mira.post(form_at(cast), data=typed(cast))
    assert answer.status_code == 422
    assert "send the hosts a request first" in answer.text
    request_id = await scene.send(cast.mira)
    answer = await mira.post(form_at(cast), data=typed(cast))
    assert answer.status_code == 422
    assert "with the hosts" in answer.text
    farid = await scene.person(cast.farid)
    await screening_actions.decide(scene.context, farid, request_id, approve=False, words="Not now.")
    assert await scene.refused(cast.mira) == {"not_approved"}
    assert await scene.value("select count(*) from bookings") == 0


async def test_members_with_a_seat_and_hosts_need_no_request(scene: Scene, cast: Cast) -> None:
    await add_booking(scene.context, cast.gathering, cast.mira)
    await scene.screen(QUESTIONS)
    later = await add_gathering(scene.context, cast.circle, days=14)
    assert (await scene.book(cast.mira, later)).state == "confirmed"
    assert (await scene.book(cast.farid, later)).state == "confirmed"
    assert await scene.refused(cast.milo, later) == {"not_approved"}


async def test_mail_contains_nothing_of_what_was_written(scene: Scene, cast: Cast, drain: Drain) -> None:
    await scene.screen(QUESTIONS)
    request_id = await scene.send(cast.mira)
    farid = await scene.person(cast.farid)
    await screening_actions.ask_back(scene.context, farid, request_id, "Which winter?")
    mira = await scene.person(cast.mira)
    await screening_actions.answer(scene.context, mira, request_id, "The last one.")
    await screening_actions.decide(scene.context, farid, request_id, approve=False, words="A kind no.")
    await drain()
    mails = await scene.mails()
    assert sorted((row["to_address"].split("@")[0], row["subject"]) for row in mails) == [
        ("farid", "Tuesday group: a request is waiting"),
        ("farid", "Tuesday group: a request is waiting"),
        ("mira", "About Tuesday group: a question for you"),
        ("mira", "About Tuesday group: an answer"),
        ("mira", "About Tuesday group: your request is sent"),
    ]
    every = "".join(row["text_body"] + row["html_body"] for row in mails)
    for secret in ("winter", "sister", "last one", "kind no", "First steps home"):
        assert secret not in every
    assert len(re.findall(r"[.]\s+You can read it only on the site", every)) == 2 * (len(mails) - 1)
    assert f"/my/requests/{request_id}" in every
    assert f"/host/requests/{request_id}" in every


async def test_a_question_back_is_answered_once(
    scene: Scene, cast: Cast, mira: Browser, farid: Browser
) -> None:
    await scene.screen(QUESTIONS)
    request_id = await scene.send(cast.mira)
    address = f"/host/requests/{request_id}"
    assert (await farid.post(address, data={"then": "ask", "question": " "})).status_code == 422
    assert (await farid.post(address, data={"then": "ask", "question": "Which one?"})).status_code == 303
    page = (await mira.get(f"/my/requests/{request_id}")).text
    assert "The hosts ask you something" in page
    assert "Which one?" in page
    assert (
        await mira.post(f"/my/requests/{request_id}/answer", data={"answer": "x" * 2001})
    ).status_code == 422
    for status in (303, 422):
        answer = await mira.post(f"/my/requests/{request_id}/answer", data={"answer": "The last one."})
        assert answer.status_code == status
    assert "The last one." in (await farid.get(address)).text
    for status in (303, 422):
        data = {"then": "decline", "words": "Not this time, and thank you."}
        assert (await farid.post(address, data=data)).status_code == status
    assert "Not this time, and thank you." in (await mira.get(f"/my/requests/{request_id}")).text


async def test_a_request_is_found_by_the_hosts_alone(scene: Scene, cast: Cast, browser: OpenBrowser) -> None:
    await scene.screen(QUESTIONS)
    request_id = await scene.send(cast.mira)
    helper = await add_person(scene.context, "Hal", is_facilitator=True)
    async with scene.context.db.transaction() as tx:
        await tx.execute("insert into hosts values ($1, $2, 'helper')", cast.circle, helper)
    for other in (cast.milo, cast.fern, cast.odile, helper):
        async with browser(other) as page:
            assert (await page.get(f"/my/requests/{request_id}")).status_code == 404
            assert (await page.get(f"/host/requests/{request_id}")).status_code == 404
            answer = await page.post(f"/host/requests/{request_id}", data={"then": "approve"})
            assert answer.status_code == 404
            settings = await page.get(f"/host/circles/{cast.circle}/screening")
            assert settings.status_code == 404
            inbox = (await page.get("/host/requests")).text
            assert str(request_id) not in inbox


async def test_what_was_written_is_deleted_thirty_days_after_the_decision(scene: Scene, cast: Cast) -> None:
    await scene.screen(QUESTIONS)
    farid = await scene.person(cast.farid)
    first, second = await scene.send(cast.mira), await scene.send(cast.milo)
    await screening_actions.decide(scene.context, farid, first, approve=False, words="Not now.")
    await scene.value(
        "update requests set decided_at = now() - interval '29 days 23 hours' where id = $1", first
    )
    await jobs.run_timetable(scene.context, "bookings.forget_requests")
    assert await scene.value("select count(*) from request_answers where request_id = $1", first) == 2
    assert await scene.refused(cast.mira) == {"not_approved"}
    with pytest.raises(Refused):
        await scene.send(cast.mira)
    await scene.value("update requests set decided_at = now() - interval '30 days' where id = $1", first)
    for _ in range(2):
        await jobs.run_timetable(scene.context, "bookings.forget_requests")
    assert await scene.value("select count(*) from request_answers where request_id = $1", first) == 0
    assert await scene.value("select count(*) from request_answers where request_id = $1", second) == 2
    assert await scene.value("select words from requests where id = $1", first) == ""
    assert await scene.value("select count(*) from events where what = 'request.forgotten'") == 1
    assert await scene.send(cast.mira) != first


async def test_withdrawing_and_staleness_delete_what_was_written(
    scene: Scene, cast: Cast, mira: Browser
) -> None:
    await scene.screen(QUESTIONS)
    request_id, other = await scene.send(cast.mira), await scene.send(cast.milo)
    for _ in range(2):
        assert (await mira.post(f"/my/requests/{request_id}/withdraw")).status_code == 303
    assert "closed" in (await mira.get(f"/my/requests/{request_id}")).text
    await scene.value("update requests set moved_at = now() - interval '91 days' where id = $1", other)
    await jobs.run_timetable(scene.context, "bookings.forget_requests")
    assert await scene.value("select array_agg(distinct state) from requests") == ["withdrawn"]
    assert await scene.value("select count(*) from request_answers") == 0
    farid = await scene.person(cast.farid)
    with pytest.raises(Refused):
        await screening_actions.decide(scene.context, farid, request_id, approve=True)


async def test_bad_input_is_refused_and_typed_values_stay(
    scene: Scene, cast: Cast, mira: Browser, farid: Browser
) -> None:
    at = f"/host/circles/{cast.circle}/screening"
    bad = {
        "asks": "questions",
        "version": "0",
        "newcomers_most": "many",
        "newcomers_days": "0",
        "q2": "x" * 999,
    }
    answer = await farid.post(at, data=bad)
    assert answer.status_code == 422
    assert answer.text.count("field-error") >= 3
    await scene.screen(QUESTIONS)
    stale = await farid.post(at, data={"asks": "off", "version": "0"})
    assert stale.status_code == 422
    assert "Somebody else saved" in stale.text
    sent = await mira.post(
        f"/gatherings/{cast.gathering}/request", data={"version": "1", "a1": "Only this.", "a2": ""}
    )
    assert sent.status_code == 422
    assert "Only this." in sent.text
    assert "Please fill this in" in sent.text
    old = await mira.post(
        f"/gatherings/{cast.gathering}/request", data={"version": "0", "a1": "a", "a2": "b"}
    )
    assert old.status_code == 422
    assert "questions changed" in old.text
    assert await scene.value("select count(*) from requests") == 0


async def test_a_circle_that_calls_asks_how_to_reach_a_person(
    scene: Scene, cast: Cast, mira: Browser
) -> None:
    await scene.screen(Screening("call", (), None, None))
    page = (await mira.get(form_at(cast))).text
    assert "How can we reach you?" in page
    sent = await mira.post(
        f"/gatherings/{cast.gathering}/request", data={"version": "1", "a1": "+1 555 0100", "a2": "Evenings."}
    )
    assert sent.status_code == 303
    assert await scene.value("select kind from requests") == "call"


async def test_nobody_moves_the_request_of_somebody_else(
    scene: Scene, cast: Cast, browser: OpenBrowser
) -> None:
    await scene.screen(QUESTIONS)
    request_id = await scene.send(cast.mira)
    await screening_actions.ask_back(
        scene.context, await scene.person(cast.farid), request_id, "When did you come?"
    )
    async with browser(cast.milo) as page:
        for verb in ("answer", "withdraw"):
            answer = await page.post(f"/my/requests/{request_id}/{verb}", data={"answer": "Not mine."})
            assert answer.status_code == 404
    assert await scene.value("select state from requests where id = $1", request_id) == "asked"


async def test_nobody_decides_about_themselves(scene: Scene, cast: Cast, browser: OpenBrowser) -> None:
    await scene.screen(QUESTIONS)
    request_id = await scene.send(cast.milo)
    await scene.value("update people set is_facilitator = true where id = $1", cast.milo)
    await scene.value("insert into hosts values ($1, $2, 'co')", cast.circle, cast.milo)
    async with browser(cast.milo) as page:
        assert str(request_id) not in (await page.get("/host/requests")).text
        assert (await page.get(f"/host/requests/{request_id}")).status_code == 404
        for then in ("approve", "decline", "ask"):
            data = {"then": then, "question": "Who?", "words": "No."}
            assert (await page.post(f"/host/requests/{request_id}", data=data)).status_code == 404
    assert await scene.value("select state from requests where id = $1", request_id) == "waiting"


async def test_a_request_sent_again_leads_to_the_first_and_later_to_the_seat(
    scene: Scene, cast: Cast, mira: Browser, farid: Browser
) -> None:
    await scene.screen(QUESTIONS)
    at = f"/gatherings/{cast.gathering}/request"
    sent = {"version": "1", "a1": "A long winter.", "a2": "My sister."}
    first, second = await mira.post(at, data=sent), await mira.post(at, data=sent)
    assert first.headers["Location"] == second.headers["Location"]
    request_id = first.headers["Location"].rsplit("/", 1)[1]
    assert (await farid.post(f"/host/requests/{request_id}", data={"then": "dance"})).status_code == 404
    assert (await farid.post(f"/host/requests/{request_id}", data={"then": "approve"})).status_code == 303
    assert (await mira.post(at, data=sent)).headers["Location"] == form_at(cast)
    late = await mira.post(f"/my/requests/{request_id}/withdraw")
    assert late.status_code == 422
    assert await scene.value("select state from requests where id = $1", request_id) == "approved"


async def test_requests_a_day_are_limited(
    scene: Scene, cast: Cast, mira: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scene.screen(QUESTIONS)
    monkeypatch.setattr(screening_actions, "MAX_REQUESTS_PER_DAY", 0)
    sent = {"version": "1", "a1": "A long winter.", "a2": "My sister."}
    answer = await mira.post(f"/gatherings/{cast.gathering}/request", data=sent)
    assert answer.status_code == 422
    assert "try again tomorrow" in answer.text
    assert "A long winter." in answer.text
    assert await scene.value("select count(*) from requests") == 0


# Newcomers


async def test_newcomers_at_a_gathering_are_limited(scene: Scene, cast: Cast, mira: Browser) -> None:
    past = await add_gathering(scene.context, cast.circle, days=-7)
    regular = await add_person(scene.context, "Regular")
    await add_booking(scene.context, past, regular)
    await scene.screen(Screening("off", (), 1, None))
    assert (await scene.book(cast.milo)).state == "confirmed"
    assert await scene.refused(cast.mira) == {"newcomers_full"}
    assert (await scene.book(regular)).state == "confirmed"
    answer = await mira.post(form_at(cast), data=typed(cast))
    assert answer.status_code == 422
    assert "as many people new to the circle as it takes" in answer.text
    assert "as many people new to the circle as it takes" in (await mira.get(form_at(cast))).text


async def test_returning_members_may_book_earlier(scene: Scene, cast: Cast, mira: Browser) -> None:
    past = await add_gathering(scene.context, cast.circle, days=-7)
    regular = await add_person(scene.context, "Regular")
    await add_booking(scene.context, past, regular)
    await scene.screen(Screening("off", (), None, 3))
    assert await scene.refused(cast.mira) == {"newcomers_later"}
    page = (await mira.get(form_at(cast))).text
    assert re.search(r"new to this circle can book from \w+day", page)
    assert (await scene.book(regular)).state == "confirmed"
    await scene.screen(Screening("off", (), None, 8), version=1)
    assert (await scene.book(cast.mira)).state == "confirmed"


# Queries


async def test_queries_per_page(
    scene: Scene, cast: Cast, mira: Browser, farid: Browser, queries: list[str]
) -> None:
    await scene.screen(QUESTIONS)
    asking = form_at(cast)
    request_id = None
    for page, address, most in (
        (mira, asking, 3),
        (mira, "/my/requests/{}", 2),
        (farid, "/host/requests", 2),
        (farid, "/host/requests/{}", 2),
        (farid, f"/host/circles/{cast.circle}/screening", 2),
        (farid, f"/host/circles/{cast.circle}/apart", 4),
    ):
        if "{}" in address and request_id is None:
            request_id = await scene.send(cast.mira)
        queries.clear()
        assert (await page.get(address.format(request_id))).status_code == 200
        statements = [
            query for query in queries if "typeinfo_tree" not in query and "set_config" not in query
        ]
        assert len(statements) <= most, (address, statements)
