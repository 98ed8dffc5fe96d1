"""Who comes, on a real database: asking first, the answer, newcomers, and two who are kept apart."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from circles import people
from circles.base.errors import NotFound, Refused
from circles.bookings import actions as booking_actions
from circles.bookings import rules as booking_rules
from circles.bookings.screening import actions as screening_actions
from circles.bookings.screening.rules import Screening
from circles.commands import personal_data
from circles.store import jobs
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_gathering, add_person
from tests.conftest import Browser, OpenBrowser

Drain = Callable[[], Awaitable[object]]
QUESTIONS = Screening("questions", ("What brings you?", "Who holds you?"), None, None)


class Hands:
    """What these tests do again and again."""

    def __init__(self, context: Context, cast: Cast) -> None:
        self.context, self.cast = context, cast

    async def person(self, person_id: UUID) -> people.Person:
        async with self.context.db.reading() as tx:
            return (await people.by_ids(tx, [person_id]))[person_id]

    async def screen(self, screening: Screening, version: int = 0) -> None:
        farid = await self.person(self.cast.farid)
        await screening_actions.save_screening(
            self.context, farid, self.cast.circle, screening, version=version
        )

    async def book(self, person: UUID, gathering: UUID | None = None) -> booking_rules.Booking:
        return await booking_actions.book(
            self.context,
            await self.person(person),
            gathering or self.cast.gathering,
            choice="community",
            amount="",
            version_id=self.cast.version,
            agreed=True,
        )

    async def refused(self, person: UUID, gathering: UUID | None = None) -> set[str]:
        with pytest.raises(Refused) as caught:
            await self.book(person, gathering)
        return caught.value.codes

    async def send(self, person: UUID) -> UUID:
        return await screening_actions.send_request(
            self.context,
            await self.person(person),
            self.cast.gathering,
            {"a1": "A long winter.", "a2": "My sister."},
            version=1,
        )

    async def keep_apart(self, one: UUID, other: UUID, by: UUID | None = None) -> None:
        host = await self.person(by or self.cast.farid)
        await screening_actions.keep_apart(self.context, host, self.cast.circle, str(one), str(other))

    async def value(self, query: str, *arguments: Any) -> Any:
        async with self.context.db.transaction() as tx:
            return await tx.fetchval(query, *arguments)

    async def mails(self) -> list[dict[str, Any]]:
        async with self.context.db.reading() as tx:
            found = await tx.fetch("select * from mails where kind = 'request' order by created_at, id")
        return [dict(row) for row in found]


@pytest_asyncio.fixture
async def hands(context: Context, cast: Cast) -> Hands:
    """The house with everybody in it, and community seats for all."""
    found = Hands(context, cast)
    await found.value("update gatherings set community_seats = 8 where circle_id = $1", cast.circle)
    await found.value("update circles set community_seats = 8 where id = $1", cast.circle)
    return found


@pytest_asyncio.fixture
async def mira(hands: Hands, browser: OpenBrowser) -> AsyncIterator[Browser]:
    """Mira's browser."""
    async with browser(hands.cast.mira) as page:
        yield page


@pytest_asyncio.fixture
async def farid(hands: Hands, browser: OpenBrowser) -> AsyncIterator[Browser]:
    """Farid's browser."""
    async with browser(hands.cast.farid) as page:
        yield page


def form_at(cast: Cast) -> str:
    return f"/gatherings/{cast.gathering}/book"


def typed(cast: Cast) -> dict[str, str]:
    return {"choice": "community", "currency": "USD", "version": str(cast.version), "agreed": "on"}


# Asking first


async def test_from_the_questions_to_the_seat(
    hands: Hands, cast: Cast, mira: Browser, farid: Browser
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
    assert await hands.value("select count(*) from bookings where state = 'confirmed'") == 1


async def test_a_booking_without_approval_is_refused_by_direct_post_too(
    hands: Hands, cast: Cast, mira: Browser
) -> None:
    await hands.screen(QUESTIONS)
    answer = await mira.post(form_at(cast), data=typed(cast))
    assert answer.status_code == 422
    assert "send the hosts a request first" in answer.text
    request_id = await hands.send(cast.mira)
    answer = await mira.post(form_at(cast), data=typed(cast))
    assert answer.status_code == 422
    assert "with the hosts" in answer.text
    farid = await hands.person(cast.farid)
    await screening_actions.decide(hands.context, farid, request_id, approve=False, words="Not now.")
    assert await hands.refused(cast.mira) == {"not_approved"}
    assert await hands.value("select count(*) from bookings") == 0


async def test_whoever_has_a_seat_already_or_holds_the_circle_is_not_asked(hands: Hands, cast: Cast) -> None:
    await add_booking(hands.context, cast.gathering, cast.mira)
    await hands.screen(QUESTIONS)
    later = await add_gathering(hands.context, cast.circle, days=14)
    assert (await hands.book(cast.mira, later)).state == "confirmed"
    assert (await hands.book(cast.farid, later)).state == "confirmed"
    assert await hands.refused(cast.milo, later) == {"not_approved"}


async def test_mail_says_nothing_of_what_was_written(hands: Hands, cast: Cast, drain: Drain) -> None:
    await hands.screen(QUESTIONS)
    request_id = await hands.send(cast.mira)
    farid = await hands.person(cast.farid)
    await screening_actions.ask_back(hands.context, farid, request_id, "Which winter?")
    mira = await hands.person(cast.mira)
    await screening_actions.answer(hands.context, mira, request_id, "The last one.")
    await screening_actions.decide(hands.context, farid, request_id, approve=False, words="A kind no.")
    await drain()
    found = await hands.mails()
    assert [(each["to_address"].split("@")[0], each["subject"]) for each in found] == [
        ("farid", "Tuesday group: a request is waiting"),
        ("mira", "About Tuesday group: a question for you"),
        ("farid", "Tuesday group: a request is waiting"),
        ("mira", "About Tuesday group: an answer"),
    ]
    every = "".join(each["text_body"] + each["html_body"] for each in found)
    for secret in ("winter", "sister", "last one", "kind no", "First steps home"):
        assert secret not in every
    assert len(re.findall(r"[.]\s+What it says stands on the site alone", every)) == 2 * len(found)
    assert f"/my/requests/{request_id}" in every
    assert f"/host/requests/{request_id}" in every


async def test_a_question_back_is_answered_once(
    hands: Hands, cast: Cast, mira: Browser, farid: Browser
) -> None:
    await hands.screen(QUESTIONS)
    request_id = await hands.send(cast.mira)
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


async def test_a_request_is_seen_by_the_hosts_alone(hands: Hands, cast: Cast, browser: OpenBrowser) -> None:
    await hands.screen(QUESTIONS)
    request_id = await hands.send(cast.mira)
    helper = await add_person(hands.context, "Hal", is_facilitator=True)
    async with hands.context.db.transaction() as tx:
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


async def test_words_are_deleted_thirty_days_after_the_decision(hands: Hands, cast: Cast) -> None:
    await hands.screen(QUESTIONS)
    farid = await hands.person(cast.farid)
    first, second = await hands.send(cast.mira), await hands.send(cast.milo)
    await screening_actions.decide(hands.context, farid, first, approve=False, words="Not now.")
    await hands.value(
        "update requests set decided_at = now() - interval '29 days 23 hours' where id = $1", first
    )
    await jobs.run_timetable(hands.context, "bookings.forget_requests")
    assert await hands.value("select count(*) from request_answers where request_id = $1", first) == 2
    assert await hands.refused(cast.mira) == {"not_approved"}
    with pytest.raises(Refused):
        await hands.send(cast.mira)
    await hands.value("update requests set decided_at = now() - interval '30 days' where id = $1", first)
    for _ in range(2):
        await jobs.run_timetable(hands.context, "bookings.forget_requests")
    assert await hands.value("select count(*) from request_answers where request_id = $1", first) == 0
    assert await hands.value("select count(*) from request_answers where request_id = $1", second) == 2
    assert await hands.value("select words from requests where id = $1", first) == ""
    assert await hands.value("select count(*) from events where what = 'request.forgotten'") == 1
    assert await hands.send(cast.mira) != first


async def test_a_request_taken_back_or_never_moved_leaves_no_words(
    hands: Hands, cast: Cast, mira: Browser
) -> None:
    await hands.screen(QUESTIONS)
    request_id, other = await hands.send(cast.mira), await hands.send(cast.milo)
    for _ in range(2):
        assert (await mira.post(f"/my/requests/{request_id}/withdraw")).status_code == 303
    assert "closed" in (await mira.get(f"/my/requests/{request_id}")).text
    await hands.value("update requests set moved_at = now() - interval '91 days' where id = $1", other)
    await jobs.run_timetable(hands.context, "bookings.forget_requests")
    assert await hands.value("select array_agg(distinct state) from requests") == ["withdrawn"]
    assert await hands.value("select count(*) from request_answers") == 0
    farid = await hands.person(cast.farid)
    with pytest.raises(Refused):
        await screening_actions.decide(hands.context, farid, request_id, approve=True)


async def test_bad_input_is_said_and_nothing_typed_is_lost(
    hands: Hands, cast: Cast, mira: Browser, farid: Browser
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
    await hands.screen(QUESTIONS)
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
    assert await hands.value("select count(*) from requests") == 0


async def test_a_call_asks_how_to_reach_somebody(hands: Hands, cast: Cast, mira: Browser) -> None:
    await hands.screen(Screening("call", (), None, None))
    page = (await mira.get(form_at(cast))).text
    assert "How can we reach you?" in page
    sent = await mira.post(
        f"/gatherings/{cast.gathering}/request",
        data={"version": "1", "a1": "+1 555 0100", "a2": "Evenings."},
    )
    assert sent.status_code == 303
    assert await hands.value("select kind from requests") == "call"


async def test_nobody_moves_the_request_of_somebody_else(
    hands: Hands, cast: Cast, browser: OpenBrowser
) -> None:
    await hands.screen(QUESTIONS)
    request_id = await hands.send(cast.mira)
    await screening_actions.ask_back(
        hands.context, await hands.person(cast.farid), request_id, "When did you come?"
    )
    async with browser(cast.milo) as page:
        for verb in ("answer", "withdraw"):
            answer = await page.post(f"/my/requests/{request_id}/{verb}", data={"answer": "Not mine."})
            assert answer.status_code == 404
    assert await hands.value("select state from requests where id = $1", request_id) == "asked"


async def test_nobody_decides_about_themselves(hands: Hands, cast: Cast, browser: OpenBrowser) -> None:
    await hands.screen(QUESTIONS)
    request_id = await hands.send(cast.milo)
    await hands.value("update people set is_facilitator = true where id = $1", cast.milo)
    await hands.value("insert into hosts values ($1, $2, 'co')", cast.circle, cast.milo)
    async with browser(cast.milo) as page:
        assert str(request_id) not in (await page.get("/host/requests")).text
        assert (await page.get(f"/host/requests/{request_id}")).status_code == 404
        for then in ("approve", "decline", "ask"):
            data = {"then": then, "question": "Who?", "words": "No."}
            assert (await page.post(f"/host/requests/{request_id}", data=data)).status_code == 404
    assert await hands.value("select state from requests where id = $1", request_id) == "waiting"


async def test_a_request_sent_again_leads_to_the_first_and_later_to_the_seat(
    hands: Hands, cast: Cast, mira: Browser, farid: Browser
) -> None:
    await hands.screen(QUESTIONS)
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
    assert await hands.value("select state from requests where id = $1", request_id) == "approved"


async def test_so_many_requests_a_day_and_no_more(
    hands: Hands, cast: Cast, mira: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hands.screen(QUESTIONS)
    monkeypatch.setattr(screening_actions, "MAX_A_DAY", 0)
    sent = {"version": "1", "a1": "A long winter.", "a2": "My sister."}
    answer = await mira.post(f"/gatherings/{cast.gathering}/request", data=sent)
    assert answer.status_code == 422
    assert "try again tomorrow" in answer.text
    assert "A long winter." in answer.text
    assert await hands.value("select count(*) from requests") == 0


# Newcomers


async def test_a_room_takes_so_many_newcomers(hands: Hands, cast: Cast, mira: Browser) -> None:
    past = await add_gathering(hands.context, cast.circle, days=-7)
    regular = await add_person(hands.context, "Regular")
    await add_booking(hands.context, past, regular)
    await hands.screen(Screening("off", (), 1, None))
    assert (await hands.book(cast.milo)).state == "confirmed"
    assert await hands.refused(cast.mira) == {"newcomers_full"}
    assert (await hands.book(regular)).state == "confirmed"
    answer = await mira.post(form_at(cast), data=typed(cast))
    assert answer.status_code == 422
    assert "as many people new to the circle as it takes" in answer.text
    assert "as many people new to the circle as it takes" in (await mira.get(form_at(cast))).text


async def test_returning_members_may_book_earlier(hands: Hands, cast: Cast, mira: Browser) -> None:
    past = await add_gathering(hands.context, cast.circle, days=-7)
    regular = await add_person(hands.context, "Regular")
    await add_booking(hands.context, past, regular)
    await hands.screen(Screening("off", (), None, 3))
    assert await hands.refused(cast.mira) == {"newcomers_later"}
    page = (await mira.get(form_at(cast))).text
    assert re.search(r"new to this circle can book from \w+day", page)
    assert (await hands.book(regular)).state == "confirmed"
    await hands.screen(Screening("off", (), None, 8), version=1)
    assert (await hands.book(cast.mira)).state == "confirmed"


# Two who are kept apart


async def test_for_the_other_it_is_a_gathering_that_is_full(
    hands: Hands, cast: Cast, mira: Browser, browser: OpenBrowser
) -> None:
    """The page is compared with that of a gathering which is full in truth, word for word."""
    await add_booking(hands.context, cast.gathering, cast.milo)
    past = await add_gathering(hands.context, cast.circle, days=-7)
    await add_booking(hands.context, past, cast.mira)
    await hands.keep_apart(cast.mira, cast.milo)
    full = await add_gathering(hands.context, cast.circle, days=7, hour=10, community_seats=8)
    for i in range(8):
        await add_booking(hands.context, full, await add_person(hands.context, f"Guest {i}"))

    async def look(gathering: UUID, *, post: bool) -> tuple[int, str]:
        at = f"/gatherings/{gathering}/book"
        answer = await (mira.post(at, data=typed(cast)) if post else mira.get(at))
        words = answer.text.replace(str(gathering), "ID").replace("10:00 in the morning", "TIME")
        words = words.replace("6:00 in the evening", "TIME").replace("10:00 am", "T").replace("6:00 pm", "T")
        return answer.status_code, re.sub(r'datetime="[^"]+"', "", words)

    for post in (False, True):
        assert await look(cast.gathering, post=post) == await look(full, post=post)
    status, words = await look(cast.gathering, post=True)
    assert status == 422
    assert "The last seat was taken a moment ago" in words
    assert "seats taken" in (await mira.get(f"/gatherings/{cast.gathering}")).text
    other = await add_person(hands.context, "Other")
    assert (await hands.book(other)).state == "confirmed"
    assert await hands.refused(cast.mira) == {"full"}


async def test_money_that_comes_late_seats_nobody_beside_the_other(hands: Hands, cast: Cast) -> None:
    late = await add_booking(hands.context, cast.gathering, cast.mira, state="lapsed")
    await add_booking(hands.context, cast.gathering, cast.milo)
    await hands.keep_apart(cast.mira, cast.milo)
    async with hands.context.db.transaction() as tx:
        assert await booking_actions.SQL.seat_again(tx, booking_id=late) is None
    await hands.value("delete from apart")
    async with hands.context.db.transaction() as tx:
        assert await booking_actions.SQL.seat_again(tx, booking_id=late)
        await tx.execute(
            "insert into events (what, about, after) values ('booking.confirmed', $1, 'confirmed')", late
        )


async def test_only_hosts_and_organizers_know(hands: Hands, cast: Cast, browser: OpenBrowser) -> None:
    for person in (cast.mira, cast.milo, cast.odile):
        await add_booking(hands.context, cast.gathering, person)
    await hands.keep_apart(cast.mira, cast.milo)
    at = f"/host/circles/{cast.circle}/apart"
    for who, status in ((cast.farid, 200), (cast.odile, 200), (cast.fern, 404), (cast.mira, 404)):
        async with browser(who) as page:
            answer = await page.get(at)
            assert answer.status_code == status
            if status == 200:
                assert "<strong>Milo</strong>" in answer.text
                assert "Both have a seat" in answer.text
    await hands.keep_apart(cast.mira, cast.odile)
    async with browser(cast.odile) as page:  # not even an organizer reads of a pair that holds them
        assert "<strong>Odile</strong>" not in (await page.get(at)).text
    await hands.value("update people set is_facilitator = true where id = $1", cast.mira)
    async with browser(cast.mira) as page:
        assert (await page.get(at)).status_code == 404
    async with browser(cast.farid) as page:
        register = (await page.get(f"/host/gatherings/{cast.gathering}")).text
    assert "apart" not in register.lower()
    for email in ("mira", "milo"):
        assert "apart" not in str(await personal_data.export(hands.context, f"{email}@example.org")).replace(
            at, ""
        )


async def test_a_pair_is_set_among_those_known_and_ended(
    hands: Hands, cast: Cast, farid: Browser, browser: OpenBrowser
) -> None:
    await add_booking(hands.context, cast.gathering, cast.mira)
    at = f"/host/circles/{cast.circle}/apart"
    for one, other in ((cast.mira, cast.milo), (cast.mira, cast.mira), (cast.mira, "x"), ("", "")):
        answer = await farid.post(at, data={"one": str(one), "other": str(other)})
        assert answer.status_code == 422
    await add_booking(hands.context, cast.gathering, cast.milo)
    for _ in range(2):
        answer = await farid.post(at, data={"one": str(cast.milo), "other": str(cast.mira)})
        assert answer.status_code == 303
    assert await hands.value("select count(*) from apart") == 1
    pair = await hands.value("select id from apart")
    await hands.value("insert into hosts values ($1, $2, 'helper')", cast.circle, cast.fern)
    for other in (cast.fern, cast.milo):
        async with browser(other) as page:
            assert (await page.post(f"/host/apart/{pair}/end")).status_code == 404
    assert (await farid.post(f"/host/apart/{pair}/end")).status_code == 303
    assert await hands.value("select array_agg(what order by at) from events where about = $1", pair) == [
        "apart.set",
        "apart.ended",
    ]


async def test_whoever_is_forgotten_leaves_no_request_and_no_pair(hands: Hands, cast: Cast) -> None:
    past = await add_gathering(hands.context, cast.circle, days=-7)
    await add_booking(hands.context, past, cast.milo)
    await hands.screen(QUESTIONS)
    await hands.send(cast.mira)
    await hands.keep_apart(cast.mira, cast.milo)
    found = await personal_data.export(hands.context, "mira@example.org")
    assert [each["answer"] for each in found["request_answers"]] == ["A long winter.", "My sister."]
    await personal_data.erase(hands.context, "mira@example.org")
    for table in ("requests", "request_answers", "apart"):
        assert await hands.value(f"select count(*) from {table}") == 0


async def test_strangers_find_no_pair_and_no_request(hands: Hands, cast: Cast) -> None:
    fern = await hands.person(cast.fern)
    with pytest.raises(NotFound):
        await screening_actions.save_screening(hands.context, fern, cast.circle, QUESTIONS, version=0)
    with pytest.raises(NotFound):
        await hands.keep_apart(cast.mira, cast.milo, by=cast.fern)


async def test_each_page_asks_the_database_little(
    hands: Hands, cast: Cast, mira: Browser, farid: Browser, queries: list[str]
) -> None:
    await hands.screen(QUESTIONS)
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
            request_id = await hands.send(cast.mira)
        queries.clear()
        assert (await page.get(address.format(request_id))).status_code == 200
        asked = [each for each in queries if "typeinfo_tree" not in each and "set_config" not in each]
        assert len(asked) <= most, (address, asked)


async def test_an_organizer_finds_the_way_to_a_circle_they_do_not_hold(
    hands: Hands, cast: Cast, browser: OpenBrowser
) -> None:
    at = f"/host/circles/{cast.circle}/apart"
    async with browser(cast.odile) as page:
        assert at in (await page.get("/organize/circles")).text
        shown = (await page.get(at)).text
    assert "/organize/circles" in shown
    assert f"/host/circles/{cast.circle}/screening" not in shown
