"""Seats that hosts give, take back and move: invitations, cash, refunds, what each of them may know."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from circles import bookings
from circles.base import clock
from circles.base.errors import Refused
from circles.bookings import Gift
from circles.commands import personal_data
from circles.store import jobs
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_gathering, add_person
from tests.conftest import OpenBrowser
from tests.helpers import change, missing, person, rows, start_in, value
from tests.hosting.helpers import events

Drain = Callable[[], Any]
NEW = "ana.new@example.com"


def gift(email: str = NEW, name: str = "Ana", **more: Any) -> Gift:
    return Gift(uuid4(), email, name, **more)


async def give(
    cast: Cast, one: Gift | None = None, gathering: UUID | None = None, by: UUID | None = None
) -> UUID:
    actor = await person(cast.context, by or cast.farid)
    return await bookings.given_seats.give_seat(
        cast.context, actor, gathering or cast.gathering, one or gift()
    )


def form(**more: str) -> dict[str, str]:
    return {"id": str(uuid4()), "name": "Ana", "email": NEW, "how": "free", "then": "do"} | more


async def mails(context: Context, kind: str) -> list[Any]:
    return await rows(context, "select * from mails where kind = $1 order by created_at", kind)


# Giving


async def test_a_seat_is_given_after_its_preview_and_its_person_invited(
    cast: Cast, browser: OpenBrowser, drain: Drain
) -> None:
    address = f"/host/gatherings/{cast.gathering}/give"
    async with browser(cast.farid) as host:
        sent = form(how="cash", cash="$25", then="")
        preview = await host.post(address, data=sent)
        assert preview.status_code == 200
        assert not missing(preview.text, "$25 paid in cash, noted by you", NEW, "Give the seat")
        assert await value(cast.context, "select count(*) from bookings") == 0
        assert (await host.post(address, data=sent | {"then": "do"})).status_code == 303
        seats = (await host.get(f"/host/gatherings/{cast.gathering}/seats")).text
        assert not missing(seats, "Ana", "Invited, has not agreed yet")
    await drain()
    (invite,) = await mails(cast.context, "invite")
    assert invite["to_address"] == NEW
    assert "Farid has given you a seat" in invite["text_body"]
    assert "ketamine" not in invite["subject"].lower()
    booking = (await rows(cast.context, "select * from bookings"))[0]
    assert (booking["kind"], booking["state"], booking["amount"], booking["acceptance_id"]) == (
        "free", "confirmed", 0, None,
    )  # fmt: skip
    cash = (await rows(cast.context, "select * from cash_rows"))[0]
    assert (cash["kind"], cash["amount"], cash["currency"], cash["noted_by"]) == (
        "received",
        2500,
        "USD",
        cast.farid,
    )
    assert await value(cast.context, "select count(*) from money_rows") == 0
    assert await value(cast.context, "select count(*) from operations") == 0
    who = await value(
        cast.context, "select who from events where about = $1 and after = 'confirmed'", booking["id"]
    )
    assert who == cast.farid


async def test_the_person_agrees_and_then_has_the_seat(cast: Cast, browser: OpenBrowser) -> None:
    booking = await give(cast, gift(cash=1500))
    ana = await value(cast.context, "select id from people where email = $1", NEW)
    async with browser(ana) as member, browser(cast.farid) as host:
        page = (await member.get(f"/bookings/{booking}")).text
        assert not missing(
            page, "This seat was given to you.", "Given to you by Farid", "$15", "noted by Farid"
        )
        asked = (await member.get(f"/bookings/{booking}/guidelines")).text
        assert not missing(asked, "A seat was given to you", "What is said here stays here.")
        refused = await member.post(f"/bookings/{booking}/guidelines", data={"version": str(cast.version)})
        assert refused.status_code == 422
        agreed = {"version": str(cast.version), "agreed": "on"}
        for _ in range(2):
            assert (await member.post(f"/bookings/{booking}/guidelines", data=agreed)).status_code == 303
        assert "This seat was given to you." not in (await member.get(f"/bookings/{booking}")).text
        await change(cast.context, "update people set name = 'Ana Maria' where id = $1", ana)
        assert not missing((await host.get(f"/host/gatherings/{cast.gathering}")).text, "Ana Maria")
    assert await value(cast.context, "select count(*) from acceptances where person_id = $1", ana) == 1
    assert await value(cast.context, "select acceptance_id is not null from bookings where id = $1", booking)
    assert await value(cast.context, "select count(*) from events where what = 'booking.answered'") == 1


async def test_a_host_learns_nothing_of_an_address(cast: Cast, browser: OpenBrowser, drain: Drain) -> None:
    """The pages of an address with an account, bookings and a name of its own, and of one without, are the same."""
    secret = await add_person(
        cast.context,
        "Valeria Quist",
        email="valeria@example.com",
        pronouns="she/they",
        access_needs="I limp.",
    )
    past = await add_gathering(cast.context, cast.circle, days=-7)
    await add_booking(cast.context, past, secret, kind="paid", amount=4500)
    await change(cast.context, "insert into attendance (booking_id, mark) select id, 'came' from bookings")
    pages: list[list[bool]] = []
    for email in ("valeria@example.com", NEW):
        gathering = await add_gathering(cast.context, cast.circle, days=9 + len(pages))
        booking = await give(cast, gift(email), gathering)
        await drain()
        paths = [
            f"/host/gatherings/{gathering}", f"/host/gatherings/{gathering}/seats", f"/host/seats/{booking}",
            f"/host/gatherings/{gathering}/messages/new", f"/host/gatherings/{gathering}/change",
            f"/host/gatherings/{gathering}/room", f"/host/circles/{cast.circle}/agreements",
        ]  # fmt: skip
        async with browser(cast.farid) as host:
            texts = [(await host.get(path)).text for path in paths]
        for path, text in zip(paths, texts, strict=True):
            assert not [word for word in ("Valeria", "Quist", "she/they", "I limp.") if word in text], path
        pages.append(
            ["Invited, has not agreed yet" in text for text in texts]
            + ["First time" in text for text in texts]
        )
    assert pages[0] == pages[1]


async def test_lists_of_a_circle_name_nobody_who_has_not_answered(cast: Cast, browser: OpenBrowser) -> None:
    await add_person(cast.context, "Xenia Known", email="xenia@example.com")
    await give(cast, gift("xenia@example.com"))
    gathering, circle = f"/host/gatherings/{cast.gathering}", f"/host/circles/{cast.circle}"
    async with browser(cast.farid) as host:
        for path in (f"{circle}/messages/new", f"{circle}/apart", f"{circle}/edit", f"{gathering}/stand-in"):
            answer = await host.get(path)
            assert answer.status_code == 200, path
            assert "Xenia" not in answer.text, path
        sent = {"who": "host", "host": str(cast.farid)}
        assert "Xenia" not in (await host.post(f"{gathering}/stand-in", data=sent)).text


async def test_what_is_typed_wrongly_comes_back_with_every_reason(cast: Cast, browser: OpenBrowser) -> None:
    address = f"/host/gatherings/{cast.gathering}/give"
    async with browser(cast.farid) as host:
        answer = await host.post(address, data=form(email="nobody", name="", how=""))
        assert answer.status_code == 422
        assert not missing(
            answer.text, 'href="#f-email"', 'href="#f-name"', 'href="#f-how"', 'value="nobody"'
        )
        for cash in ("0", "-5", "abc", "1000.01", "20 €", "1.234"):
            answer = await host.post(address, data=form(how="cash", cash=cash))
            assert answer.status_code == 422, cash
            assert f'value="{cash}"' in answer.text
        for cash in ("0", "", " "):
            answer = await host.post(address, data=form(how="cash", cash=cash))
            words = "Please give an amount above 0, or choose that the seat costs nothing."
            assert words in answer.text, cash
    assert await value(cast.context, "select count(*) from bookings") == 0
    assert await value(cast.context, "select count(*) from people where email = $1", NEW) == 0


async def test_reasons_against_a_seat(cast: Cast) -> None:
    async def codes(one: Gift, **more: Any) -> set[str]:
        with pytest.raises(Refused) as refused:
            await give(cast, one, **more)
        return refused.value.codes

    await add_booking(cast.context, cast.gathering, cast.mira, kind="paid", amount=4500)
    assert await codes(gift("mira@example.org")) == {"has_seat"}
    await change(
        cast.context,
        "insert into apart (circle_id, first_id, second_id) values ($1, least($2::uuid, $3), greatest($2, $3))",
        cast.circle, cast.mira, cast.milo,
    )  # fmt: skip
    assert await codes(gift("milo@example.org")) == {"kept_apart"}
    await change(
        cast.context, "update gatherings set capacity = 1, community_seats = 0 where id = $1", cast.gathering
    )
    assert await codes(gift()) == {"full"}
    past = await add_gathering(cast.context, cast.circle, days=-1)
    assert await codes(gift(), gathering=past) == {"has_begun"}
    await change(cast.context, "update gatherings set state = 'draft' where id = $1", past)
    assert await codes(gift(), gathering=past) == {"not_published"}
    assert await value(cast.context, "select count(*) from people where email = $1", NEW) == 0


async def test_the_limit_of_newcomers_asks_for_every_address(cast: Cast, browser: OpenBrowser) -> None:
    await change(
        cast.context, "insert into screenings (circle_id, newcomers_most) values ($1, 0)", cast.circle
    )
    past = await add_gathering(cast.context, cast.circle, days=-7)
    await add_booking(cast.context, past, cast.milo, kind="paid", amount=4500)
    async with browser(cast.farid) as host:
        for email in ("milo@example.org", NEW):
            sent = form(email=email)
            answer = await host.post(f"/host/gatherings/{cast.gathering}/give", data=sent)
            assert answer.status_code == 422
            assert 'name="over"' in answer.text
            again = await host.post(f"/host/gatherings/{cast.gathering}/give", data=sent | {"over": "on"})
            assert again.status_code == 303


async def test_who_may_act_on_seats(cast: Cast, browser: OpenBrowser) -> None:
    booking = await add_booking(cast.context, cast.gathering, cast.mira, kind="paid", amount=4500)
    gets = (
        f"/host/gatherings/{cast.gathering}/seats", f"/host/gatherings/{cast.gathering}/give",
        f"/host/seats/{booking}", f"/host/seats/{booking}/take-off", f"/host/seats/{booking}/move",
    )  # fmt: skip
    posts = (
        *gets[1:2], *gets[3:], f"/host/seats/{booking}/cash", f"/host/seats/{booking}/note",
        f"/host/seats/{booking}/invite",
    )  # fmt: skip
    data = form(
        refund="all", to=str(cast.free_gathering), reason="x", kind="received", cash="5", left_note="x"
    )
    for actor, status in ((cast.fern, 404), (cast.mira, 404), (cast.farid, 200), (cast.odile, 200)):
        async with browser(actor) as anybody:
            for path in gets:
                assert (await anybody.get(path)).status_code == status, path
            for path in posts if status == 404 else ():
                assert (await anybody.post(path, data=data)).status_code == 404, path
    assert await value(cast.context, "select state from bookings where id = $1", booking) == "confirmed"
    assert await value(cast.context, "select count(*) from bookings") == 1


async def test_an_organizer_says_why_and_hosts_are_told_in_the_same_step(
    cast: Cast, browser: OpenBrowser
) -> None:
    why = "Farid is in hospital."
    async with browser(cast.odile) as organizer, browser(cast.farid) as host:
        await host.post(f"/host/gatherings/{cast.gathering}/give", data=form(email="one@example.com"))
        assert await mails(cast.context, "host_news") == []
        address = f"/host/gatherings/{cast.gathering}/give"
        refused = await organizer.post(address, data=form())
        assert refused.status_code == 422
        assert 'href="#f-why"' in refused.text
        assert await value(cast.context, "select count(*) from given_seats where email = $1", NEW) == 0
        await organizer.post(address, data=form(why=why))
        booking = await value(cast.context, "select booking_id from given_seats where email = $1", NEW)
        seat = f"/host/seats/{booking}"
        done = [
            (f"{seat}/cash", {"kind": "received", "cash": "5"}, "noted cash for a seat"),
            (f"{seat}/take-off", {"refund": "none", "then": "do"}, "took somebody off"),
            (f"{seat}/note", {"left_note": "Ill"}, "noted why somebody left"),
        ]
        for path, data, _ in done:
            sent = {"id": str(uuid4()), **data}
            answer = await organizer.post(path, data=sent)
            assert (answer.status_code, 'href="#f-why"' in answer.text) == (422, True), path
            for _ in range(1 if path.endswith("note") else 2):  # pressed twice, the hosts are told once
                assert (await organizer.post(path, data=sent | {"why": why})).status_code == 303
    did = ["gave somebody a seat", *(words for _, _, words in done)]
    told = await mails(cast.context, "host_news")
    assert [mail["person_id"] for mail in told] == [cast.farid] * len(did)
    for mail, words in zip(told, did, strict=True):
        text = " ".join(mail["text_body"].split())
        assert not missing(text, f"Odile, an organizer, {words} at the gathering of", f"The reason: {why}")
        assert "Ana" not in text
    acted = await events(cast.context, "organizer.acted")
    assert [(event["details"]["did"], event["why"]) for event in acted] == [
        (f"{words} at the gathering", why) for words in did
    ]


async def test_nothing_is_done_where_hosts_cannot_be_told(
    cast: Cast, browser: OpenBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object, **__: object) -> None:
        raise OSError

    monkeypatch.setattr("circles.hosting.hosts.mail.notify_hosts", fails)
    booking = await give(cast, gift())
    other = await add_gathering(cast.context, cast.circle, starts_at=clock.now() + timedelta(days=9))
    async with browser(cast.odile) as organizer:
        moved = {"to": str(other), "reason": "As you asked.", "then": "do"}
        for path, data in (
            (f"/host/seats/{booking}/take-off", form(refund="none", why="Ill")),
            (f"/host/seats/{booking}/move", moved),
            (f"/host/gatherings/{cast.gathering}/give", form(email="b@example.com", why="Ill")),
        ):
            assert (await organizer.post(path, data=data)).status_code == 500, path
    kept = await rows(cast.context, "select id, gathering_id from bookings where state = 'confirmed'")
    assert [tuple(row) for row in kept] == [(booking, cast.gathering)]


# Cash


async def test_cash_is_noted_given_back_and_corrected(cast: Cast, browser: OpenBrowser) -> None:
    await change(cast.context, "insert into hosts values ($1, $2, 'co')", cast.circle, cast.fern)
    booking = await give(cast, gift(cash=2500))
    address = f"/host/seats/{booking}/cash"
    async with browser(cast.farid) as host, browser(cast.fern) as co, browser(cast.odile) as organizer:
        too_much = await host.post(address, data={"id": str(uuid4()), "kind": "given_back", "cash": "30"})
        assert too_much.status_code == 422
        assert "Only $25 in cash is noted" in too_much.text
        twice = {"id": str(uuid4()), "kind": "given_back", "cash": "5", "note": "Change"}
        for _ in range(2):
            assert (await host.post(address, data=twice)).status_code == 303
        for nothing in ("0", ""):
            answer = await host.post(address, data={"id": str(uuid4()), "kind": "received", "cash": nothing})
            assert not missing(answer.text, "Please give an amount above 0.")
            assert "leave the field empty" not in answer.text
        no_note = await host.post(address, data={"id": str(uuid4()), "kind": "correction", "cash": "10"})
        assert 'href="#f-note"' in no_note.text
        right = {"id": str(uuid4()), "kind": "correction", "cash": "10", "note": "It was ten"}
        assert (await host.post(address, data=right)).status_code == 303
        assert not missing(
            (await host.get(f"/host/seats/{booking}")).text, "$10 in all", "It was ten", "as far as you"
        )
        others = (await co.get(f"/host/seats/{booking}")).text
        assert "You noted no cash." in others
        assert "$" not in others
        assert not missing(
            (await organizer.get(f"/host/seats/{booking}")).text, "$10 in all", "noted by Farid"
        )
        assert not missing((await organizer.get("/organize/bookings")).text, "$10", "in cash", "Given")
        none = {"id": str(uuid4()), "kind": "correction", "cash": "$0", "note": "Nobody paid"}
        assert (await host.post(address, data=none)).status_code == 303
    found = await rows(cast.context, "select kind, amount from cash_rows order by at")
    assert [tuple(row) for row in found] == [
        ("received", 2500),
        ("given_back", -500),
        ("correction", -1000),
        ("correction", -1000),
    ]
    own = await personal_data.export(cast.context, NEW)
    assert [row["amount"] for row in own["cash_rows"]] == [2500, -500, -1000, -1000]


async def test_cash_is_not_noted_of_a_seat_paid_by_card(cast: Cast, browser: OpenBrowser) -> None:
    booking = await add_booking(cast.context, cast.gathering, cast.mira, kind="paid", amount=4500)
    async with browser(cast.farid) as host:
        sent = {"id": str(uuid4()), "kind": "received", "cash": "5"}
        assert (await host.post(f"/host/seats/{booking}/cash", data=sent)).status_code == 422
        assert "Note cash" not in (await host.get(f"/host/seats/{booking}")).text


# Taking off


@pytest.mark.parametrize(("refund", "back"), [("all", 4500), ("terms", 2250), ("none", None)])
async def test_one_person_is_taken_off_with_the_refund_chosen(
    cast: Cast, browser: OpenBrowser, drain: Drain, refund: str, back: int | None
) -> None:
    booking = await add_booking(cast.context, cast.gathering, cast.mira, kind="paid", amount=4500)
    await change(
        cast.context,
        "update bookings set refund_hours = 720, late_refund_percent = 50, confirmed_at = now() - interval '1 hour'",
    )
    sent = {"id": str(uuid4()), "refund": refund, "message": "See you in May.", "left_note": "Asked by phone"}
    async with browser(cast.farid) as host:
        preview = await host.post(f"/host/seats/{booking}/take-off", data=sent)
        assert preview.status_code == 200
        assert not missing(preview.text, "See you in May.", "Take them off")
        assert "$" not in preview.text.replace("$(", "")
        assert await value(cast.context, "select state from bookings") == "confirmed"
        answer = await host.post(f"/host/seats/{booking}/take-off", data=sent | {"then": "do"})
        assert answer.status_code == 303
        again = await host.post(f"/host/seats/{booking}/take-off", data=sent | {"then": "do"})
        assert again.status_code == 303
        assert not missing(
            (await host.get(answer.headers["location"])).text, "was taken off", "Asked by phone"
        )
    await drain()
    assert await value(cast.context, "select end_cause from bookings") == "taken_off"
    assert await value(cast.context, "select amount from operations where kind = 'refund'") == back
    assert await value(cast.context, "select seats_taken from gatherings where id = $1", cast.gathering) == 0
    (mail,) = await mails(cast.context, "withdrawn")
    assert not missing(mail["text_body"], "taken back your seat", "See you in May.")
    assert "Asked by phone" not in mail["text_body"]
    event = (await rows(cast.context, "select * from events where what = 'booking.taken_off'"))[0]
    assert (event["who"], event["why"], event["details"]["refund"]) == (cast.farid, "Asked by phone", refund)
    async with browser(cast.mira) as member:
        assert "Your host has taken this seat back." in (await member.get(f"/bookings/{booking}")).text
    own = await personal_data.export(cast.context, "mira@example.org")
    assert [row["body"] for row in own["leaving_notes"]] == ["Asked by phone"]


async def test_cash_is_given_back_with_the_seat(cast: Cast, browser: OpenBrowser) -> None:
    booking = await give(cast, gift(cash=2500))
    async with browser(cast.farid) as host:
        assert 'name="cash_back"' in (await host.get(f"/host/seats/{booking}/take-off")).text
        sent = {"id": str(uuid4()), "refund": "none", "cash_back": "on", "then": "do"}
        assert (await host.post(f"/host/seats/{booking}/take-off", data=sent)).status_code == 303
    assert await value(cast.context, "select sum(amount) from cash_rows") == 0


async def test_nobody_is_taken_off_once_it_has_begun(
    cast: Cast, tonight: UUID, booked: UUID, browser: OpenBrowser
) -> None:
    async with browser(cast.farid) as host:
        assert "Mark them absent or excused" in (await host.get(f"/host/seats/{booked}/take-off")).text
        sent = {"id": str(uuid4()), "refund": "all", "then": "do"}
        assert (await host.post(f"/host/seats/{booked}/take-off", data=sent)).status_code == 422
    assert await value(cast.context, "select state from bookings where id = $1", booked) == "confirmed"


async def test_a_note_says_why_somebody_left(cast: Cast, browser: OpenBrowser) -> None:
    booking = await add_booking(cast.context, cast.gathering, cast.mira, kind="paid", amount=4500)
    async with browser(cast.farid) as host, browser(cast.mira) as member:
        early = await host.post(f"/host/seats/{booking}/note", data={"left_note": "Moved away"})
        assert early.status_code == 422
        shown = (await member.get(f"/bookings/{booking}/cancel")).text
        refund = shown.partition('name="refund" value="')[2].partition('"')[0]
        assert (await member.post(f"/bookings/{booking}/cancel", data={"refund": refund})).status_code == 303
        assert (
            await host.post(f"/host/seats/{booking}/note", data={"left_note": "Moved away"})
        ).status_code == 303
        seats = (await host.get(f"/host/gatherings/{cast.gathering}/seats")).text
        assert not missing(seats, "gave the seat back", "Moved away")
        assert "Moved away" not in (await member.get(f"/bookings/{booking}")).text
        assert (await host.post(f"/host/seats/{booking}/note", data={"left_note": ""})).status_code == 303
    assert await value(cast.context, "select count(*) from leaving_notes") == 0


# The invite, and another date


async def test_an_invite_is_sent_again_with_its_own_sequence(
    cast: Cast, browser: OpenBrowser, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("circles.hosting.seats.actions.DAY", timedelta(days=36_500))  # no day ends meanwhile
    booking = await give(cast)
    async with browser(cast.farid) as host:
        early = await host.post(f"/host/seats/{booking}/invite")
        assert early.status_code == 422
        assert "on its way already" in early.text
        await drain()
        for status in (303, 303, 303, 422):
            assert (await host.post(f"/host/seats/{booking}/invite")).status_code == status
    await drain()
    assert await value(cast.context, "select count(*) from sendings") == 1
    sent = await mails(cast.context, "invite")
    assert len(sent) == 4
    assert len({mail["calendar"] for mail in sent}) == 1
    assert "SEQUENCE:0" in sent[0]["calendar"]


async def test_a_host_moves_a_seat_to_another_date(cast: Cast, browser: OpenBrowser, drain: Drain) -> None:
    booking = await add_booking(cast.context, cast.gathering, cast.mira, kind="paid", amount=4500)
    later = await add_gathering(cast.context, cast.circle, days=14)
    await drain()
    address = f"/host/seats/{booking}/move"
    async with browser(cast.farid) as host:
        page = (await host.get(address)).text
        assert str(later) in page
        assert str(cast.free_gathering) not in page
        sent = {"to": str(later), "reason": "The room is closed", "then": "show"}
        preview = await host.post(address, data=sent)
        assert not missing(preview.text, "The room is closed", "Move it")
        missing_reason = await host.post(address, data={"to": str(later), "then": "do"})
        assert missing_reason.status_code == 422
        gone = await host.post(address, data=sent | {"to": str(cast.free_gathering)})
        assert not missing(gone.text, "That date takes no seat any more", "The room is closed")
        assert gone.status_code == 422
        elsewhere = await host.post(address, data=sent | {"then": "do", "to": str(cast.free_gathering)})
        assert elsewhere.status_code in (404, 422)
        assert (await host.post(address, data=sent | {"then": "do"})).status_code == 303
    assert await value(cast.context, "select gathering_id from bookings where id = $1", booking) == later


async def test_hosts_are_told_once_of_a_seat_that_an_organizer_moved(
    cast: Cast, browser: OpenBrowser
) -> None:
    booking = await add_booking(cast.context, cast.gathering, cast.mira, kind="paid", amount=4500)
    later = await add_gathering(cast.context, cast.circle, days=14)
    sent = {"to": str(later), "reason": "The room is closed", "then": "do"}
    async with browser(cast.odile) as organizer:
        for _ in range(2):
            assert (await organizer.post(f"/host/seats/{booking}/move", data=sent)).status_code == 303
    assert len(await mails(cast.context, "host_news")) == 1


# What is kept


async def test_an_account_that_nobody_ever_used_is_forgotten(cast: Cast) -> None:
    booking = await give(cast)
    known = await give(cast, gift("milo@example.org"))
    await start_in(cast.context, cast.gathering, timedelta(days=-40))
    await change(cast.context, "update given_seats set given_at = given_at - interval '40 days'")
    for _ in range(2):
        await jobs.run_timetable(cast.context, "bookings.forget_given")
    assert await value(cast.context, "select count(*) from people where email = $1", NEW) == 0
    assert await value(cast.context, "select name from people where id = $1", cast.milo) == "Milo"
    found = await rows(
        cast.context, "select name, email from given_seats where booking_id = any($1)", [booking, known]
    )
    assert [tuple(row) for row in found] == [("", ""), ("", "")]
