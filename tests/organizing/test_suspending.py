"""Suspending: signed out and kept out, everything ahead let go, one mail, lifted by hand or by time."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from circles import people
from circles.base import clock
from circles.base.errors import NotFound, Refused
from circles.bookings import actions as booking_actions
from circles.bookings import rules as booking_rules
from circles.commands import personal_data
from circles.organizing.people import invitations, suspending
from circles.people import sign_in_actions
from circles.people.sign_in_actions import BrowserKeys
from circles.people.sign_in_rules import SignInRequest
from circles.store import audit, jobs
from circles.store.context import Context
from tests.bookings import helpers
from tests.bookings.helpers import Scene
from tests.cast import Cast, add_booking, add_circle, add_gathering, add_person
from tests.conftest import OpenBrowser
from tests.helpers import change, missing, person, rows, send_invites, value
from tests.organizing.helpers import suspend

scene = helpers.scene


async def mails_to(context: Context, address: str) -> list[str]:
    found = await rows(
        context, "select kind from mails where to_address = $1 order by created_at, id", address
    )
    return [row["kind"] for row in found]


async def sign_in(context: Context, email: str) -> sign_in_actions.SignIn:
    """Ask for a code, and use the link of its mail."""
    asked = SignInRequest(email, "", "", "", None, "")
    key = await sign_in_actions.request_mail(context, asked, network="")
    text = await value(
        context,
        "select text_body from mails where to_address = $1 and kind = 'sign_in' order by created_at desc",
        email,
    )
    link = re.search(r"/sign-in/link/(\S+)", text)
    assert link
    return await sign_in_actions.use_link(context, link=link[1], keys=BrowserKeys(asked=key))


async def test_a_suspended_person_is_signed_out_everywhere_and_kept_out(
    cast: Cast, browser: OpenBrowser
) -> None:
    context = cast.context
    async with browser(cast.mira) as hers:
        assert (await hers.get("/me")).status_code == 200
        await hers.post("/my/feed", data={})
        address = await value(context, "select token_hash from feeds where person_id = $1", cast.mira)
        await suspend(context, cast.odile, cast.mira, reason="She shouted.", shares_reason=True)
        assert (await hers.get("/me")).headers["location"].startswith("/sign-in")
    works = "select count(*) from feeds where token_hash = $1 or former_hashes @> array[$1]"
    assert await value(context, works, address) == 0
    result = await sign_in(context, "mira@example.org")
    assert (result.token, result.suspended) == ("", cast.mira)
    assert await value(context, "select count(*) from sign_ins where ended_at is null") == 0
    with pytest.raises(NotFound):
        async with browser(cast.mira):
            pass


async def test_after_the_code_they_read_one_page(cast: Cast, browser: OpenBrowser) -> None:
    context = cast.context
    await suspend(context, cast.odile, cast.mira, reason="She shouted.", shares_reason=True)
    await suspend(context, cast.odile, cast.milo, reason="For us alone.", shares_reason=False)
    for email, told in (("mira@example.org", True), ("milo@example.org", False)):
        async with browser() as page:
            await page.post("/sign-in", data={"email": email})
            text = await value(
                context,
                "select text_body from mails where to_address = $1 and kind = 'sign_in' order by created_at desc",
                email,
            )
            link = re.search(r"/sign-in/link/(\S+)", text)
            assert link
            answer = await page.post(f"/sign-in/link/{link[1]}")
            assert answer.headers["location"] == "/suspended"
            shown = await page.get("/suspended")
            assert shown.headers["cache-control"] == "no-store"
            assert not missing(
                shown.text, "Your account is suspended", "circles@example.org", "Your own data", "organizers"
            )
            assert ("She shouted." in shown.text) == told
            assert "For us alone." not in shown.text
            assert (await page.get("/me")).status_code == 303
            page.cookies.set("suspended", "f" * 32 + ".9.x", domain="circles.test")
    async with browser() as page:
        assert (await page.get("/suspended")).headers["location"] == "/sign-in"
        page.cookies.set(
            "suspended", f"{cast.mira.hex}.{int(clock.now().timestamp())}.abc", domain="circles.test"
        )
        assert (await page.get("/suspended")).headers["location"] == "/sign-in"


@pytest.mark.parametrize(("refund", "back"), [("all", 4500), ("terms", 0), ("none", 0)])
async def test_seats_ahead_are_let_go_with_the_refund_that_was_chosen(
    cast: Cast, refund: str, back: int
) -> None:
    """Tomorrow is past the circle's deadline, so its terms give nothing back."""
    context = cast.context
    tomorrow = await add_gathering(context, cast.circle, days=1)
    await change(
        context, "update circles set refund_hours = 72, late_refund_percent = 0 where id = $1", cast.circle
    )
    seat = await add_booking(context, tomorrow, cast.mira, kind="paid", amount=4500)
    await change(
        context,
        "update bookings set refund_hours = 72, late_refund_percent = 0, confirmed_at = now() - interval '9 days' "
        "where id = $1",
        seat,
    )
    past = await add_gathering(context, cast.circle, days=-7)
    kept = await add_booking(context, past, cast.mira)
    await suspend(context, cast.odile, cast.mira, refund=refund)
    ended = "select state || ' ' || end_cause from bookings where id = $1"
    assert await value(context, ended, seat) == "cancelled taken_off"
    assert await value(context, ended, kept) == "confirmed "
    operations = "select coalesce(sum(amount), 0) from operations where booking_id = $1 and kind = 'refund'"
    assert await value(context, operations, seat) == back
    assert await value(context, "select seats_taken from gatherings where id = $1", tomorrow) == 0


async def test_one_mail_tells_it_all_and_removes_the_calendar_entries(cast: Cast) -> None:
    context = cast.context
    later = await add_gathering(context, cast.circle, days=14)
    for gathering in (cast.gathering, later):
        await add_booking(context, gathering, cast.mira)
    await send_invites(context)
    await change(context, "delete from mails")
    await suspend(context, cast.odile, cast.mira, reason="She shouted.", shares_reason=True)
    await jobs.drain(context)
    await suspending.release_all(context)
    assert await mails_to(context, "mira@example.org") == ["suspended"]
    mail = (await rows(context, "select * from mails where kind = 'suspended'"))[0]
    assert mail["subject"] == "About your account"
    assert not missing(mail["text_body"], "She shouted.", "Tuesday group", "circles@example.org")
    assert mail["calendar_method"] == "CANCEL"
    assert (
        mail["calendar"].count("STATUS:CANCELLED") + str(mail["more_calendars"]).count("STATUS:CANCELLED")
        == 2
    )


async def test_a_place_on_a_waiting_list_ends_and_an_offer_goes_on(cast: Cast) -> None:
    context = cast.context
    await change(
        context,
        "with agreed as (insert into acceptances (person_id, version_id, sha256) select $2, id, sha256 "
        "from guidelines_versions where id = $3 returning id) "
        "insert into waits (gathering_id, person_id, line, amount, currency, acceptance_id) "
        "select $1, $2, 'amount', 4500, 'USD', id from agreed",
        cast.gathering,
        cast.mira,
        cast.version,
    )
    await suspend(context, cast.odile, cast.mira)
    assert await value(context, "select state from waits") == "left"


async def test_a_facilitator_leaves_circles_that_are_listed_or_handed_over(
    cast: Cast, browser: OpenBrowser
) -> None:
    context = cast.context
    second = await add_circle(context, cast.farid, name="Second circle")
    helped = await add_circle(context, cast.fern, name="Helped")
    await change(context, "insert into hosts values ($1, $2, 'helper')", helped, cast.farid)
    async with browser(cast.odile) as page:
        url = f"/organize/people/{cast.farid}/suspend"
        form = {"reason": "Late too often.", "refund": "all", f"lead-{second}": str(cast.fern)}
        shown = (await page.post(url, data=form | {"then": "look"})).text
        assert not missing(
            shown,
            "nobody hosts it, and it is listed for organizers",
            "Second circle: Fern, fern@example.org leads it",
        )
        seen = re.search(r'name="seen" value="(\w+)"', shown)
        assert seen
        pressed_twice = (page.post(url, data=form | {"then": "do", "seen": seen[1]}) for _ in range(2))
        assert [done.status_code for done in await asyncio.gather(*pressed_twice)] == [303, 303]
        shown = (await page.get(f"/organize/people/{cast.farid}")).text
        assert not missing(shown, "Suspended", "Late too often.", "They do not read this reason")
    hosts = await rows(context, "select circle_id, person_id, part from hosts order by circle_id")
    assert {(row["circle_id"], row["person_id"]) for row in hosts} == {
        (cast.circle, cast.farid), (cast.other_circle, cast.fern), (second, cast.fern), (helped, cast.fern)
    }  # fmt: skip
    assert await value(context, "select array_agg(id) from orphaned_circles") == [cast.circle]
    assert await value(context, "select host_names from gathering_cards where id = $1", cast.gathering) == []


async def test_lifting_lets_them_in_and_brings_nothing_else_back(cast: Cast, browser: OpenBrowser) -> None:
    context = cast.context
    seat = await add_booking(context, cast.gathering, cast.farid)
    await suspend(context, cast.odile, cast.farid)
    async with browser(cast.odile) as page:
        done = await page.post(f"/organize/people/{cast.farid}/lift")
        assert done.status_code == 303
        again = await page.post(f"/organize/people/{cast.farid}/lift")
        assert again.status_code == 303
        assert not missing((await page.get(f"/organize/people/{cast.farid}")).text, "lifted a suspension")
    assert (await mails_to(context, "farid@example.org"))[-1] == "suspension_lifted"
    assert await value(context, "select count(*) from mails where kind = 'suspension_lifted'") == 1
    assert (await sign_in(context, "farid@example.org")).token
    assert not (await person(context, cast.farid)).is_facilitator
    assert await value(context, "select state from bookings where id = $1", seat) == "cancelled"


async def test_a_timed_suspension_is_lifted_by_the_timetable(cast: Cast) -> None:
    context = cast.context
    await suspend(context, cast.odile, cast.mira, until=clock.now() + timedelta(days=3))
    await suspending.lift_those_over(context)
    assert await value(context, "select suspended_at is not null from people where id = $1", cast.mira)
    await change(context, "update suspensions set until = now() - interval '1 minute'")
    await suspending.lift_those_over(context)
    assert await value(context, "select suspended_at is null from people where id = $1", cast.mira)
    assert await value(context, "select who is null from events where what = 'person.lifted'")


async def test_what_a_crash_left_is_let_go_by_the_timetable(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies after the account was suspended, before its seats were let go."""
    context = cast.context
    seat = await add_booking(context, cast.gathering, cast.mira)

    async def crash(*_: object, **__: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(suspending, "release", crash)
        with pytest.raises(ConnectionError):
            await suspend(context, cast.odile, cast.mira)
    assert await value(context, "select suspended_at is not null from people where id = $1", cast.mira)
    assert await value(context, "select state from bookings where id = $1", seat) == "confirmed"
    await suspending.release_all(context)
    assert await value(context, "select state from bookings where id = $1", seat) == "cancelled"
    assert await value(context, "select count(*) from mails where kind = 'suspended'") == 1


async def refused(context: Context, actor: UUID, who: UUID) -> set[str]:
    with pytest.raises(Refused) as caught:
        await suspend(context, actor, who)
    return caught.value.codes


async def test_neither_oneself_nor_somebody_twice(cast: Cast) -> None:
    context = cast.context
    assert await refused(context, cast.odile, cast.odile) == {"oneself"}
    await suspend(context, cast.odile, cast.mira)
    assert await refused(context, cast.odile, cast.mira) == {"suspended_already"}
    with pytest.raises(NotFound):
        await suspend(context, cast.farid, cast.milo)


async def test_an_organizer_is_suspended_by_two_others(cast: Cast, browser: OpenBrowser) -> None:
    context = cast.context
    olga = await add_person(context, "Olga", is_organizer=True)
    assert await refused(context, cast.odile, olga) == {"no_second"}
    otto = await add_person(context, "Otto", is_organizer=True)
    assert await suspend(context, cast.odile, olga) == "asked"
    assert await mails_to(context, "otto@example.org") == ["organizers_todo"]
    assert await mails_to(context, "olga@example.org") == []
    assert (await person(context, olga)).is_organizer
    path = f"/organize/people/{olga}"
    async with browser(cast.odile) as page:
        same = await page.post(f"{path}/suspend/agree")
        assert (same.status_code, missing(same.text, "another organizer has to agree")) == (422, [])
    async with browser(olga) as page:
        shown = (await page.get(path)).text
        assert "He shouted" not in shown
        assert (await page.post(f"{path}/suspend/agree")).status_code == 422
        assert (await page.post(f"{path}/suspend/withdraw")).status_code == 404
    async with browser(otto) as page:
        assert "He shouted at others." in (await page.get(path)).text
        pressed_twice = (page.post(f"{path}/suspend/agree") for _ in range(2))
        assert [done.status_code for done in await asyncio.gather(*pressed_twice)] == [303, 303]
    assert await value(context, "select state from suspensions") == "active"
    assert not (await person(context, olga)).is_organizer


async def test_taking_the_role_away_first_does_not_spare_the_second_yes(cast: Cast) -> None:
    context = cast.context
    olga = await add_person(context, "Olga", is_organizer=True)
    await set_organizer(context, olga, on=False, actor=cast.odile)
    assert await refused(context, cast.odile, olga) == {"no_second"}
    otto = await add_person(context, "Otto", is_organizer=True)
    assert await suspend(context, cast.odile, olga) == "asked"
    assert await mails_to(context, "otto@example.org") == ["organizers_todo"]
    with pytest.raises(Refused):
        await suspending.agree(context, await person(context, cast.odile), olga)
    await suspending.agree(context, await person(context, otto), olga)
    assert await value(context, "select state from suspensions") == "active"
    # who stepped down by themselves, or was appointed and dismissed by command, is a person like everybody else
    for actor in (otto, None):
        await set_organizer(context, otto, on=True, actor=cast.odile)
        await set_organizer(context, otto, on=False, actor=actor)
        assert await suspend(context, cast.odile, otto) == "active"
        await suspending.lift(context, await person(context, cast.odile), otto)


async def set_organizer(context: Context, who: UUID, *, on: bool, actor: UUID | None) -> None:
    async with context.db.transaction() as tx:
        await people.set_role(tx, await person(context, who), "organizer", on, actor_id=actor)


async def test_a_suspended_person_gets_no_seat_role_or_message(cast: Cast, browser: OpenBrowser) -> None:
    context = cast.context
    await suspend(context, cast.odile, cast.mira)
    async with browser(cast.farid) as page:
        form = {"name": "Mira", "email": "mira@example.org"}
        answer = await page.post(f"/host/gatherings/{cast.gathering}/give", data=form | {"then": "do"})
        assert answer.status_code == 422
        assert "suspended" not in answer.text
    assert await value(context, "select count(*) from bookings") == 0
    async with browser(cast.odile) as page:
        answer = await page.post(
            f"/organize/people/{cast.mira}/roles",
            data={"role": "facilitator", "on": "yes", "then": "do", "seen": "x"},
        )
        assert (answer.status_code, missing(answer.text, "suspended")) == (422, [])


async def test_the_form_says_what_is_missing_and_keeps_what_was_typed(
    cast: Cast, browser: OpenBrowser
) -> None:
    url = f"/organize/people/{cast.mira}/suspend"
    async with browser(cast.odile) as page:
        assert not missing((await page.get(url)).text, "Suspend Mira?", "All of it comes back")
        answer = await page.post(url, data={"reason": "", "refund": "half", "until": "2001-01-01"})
        assert answer.status_code == 422
        assert not missing(answer.text, "what comes back", "still to come", 'value="2001-01-01"')
        stale = await page.post(url, data={"reason": "A.", "refund": "all", "then": "do", "seen": "old"})
        assert (stale.status_code, missing(stale.text, "Something changed since you looked")) == (422, [])
    async with browser(cast.farid) as page:
        assert (await page.get(url)).status_code == 404


async def test_a_booking_that_is_just_made_ends_with_the_others(cast: Cast) -> None:
    """Whichever is first: nobody who is suspended keeps a seat. Both orders, each held open by its transaction."""
    context = cast.context
    mira = await person(context, cast.mira)

    async def book() -> None:
        await booking_actions.book(
            context, mira, cast.free_gathering, choice="amount", amount="0", version_id=version, agreed=True
        )

    version = await value(
        context,
        "select versions.id from guidelines_versions as versions join circles using (guidelines_id) "
        "where circles.id = $1",
        cast.other_circle,
    )
    async with context.db.transaction() as tx:
        await tx.execute("update people set suspended_at = now() where id = $1", cast.mira)
        booking = asyncio.create_task(book())
        await _until_waiting(context, tx)
    with pytest.raises(booking_rules.Full):
        await booking
    assert await value(context, "select count(*) from bookings") == 0
    await change(context, "update people set suspended_at = null")
    async with context.db.transaction() as tx:
        await tx.execute("select from people where id = $1 for share", cast.mira)
        await add_booking_within(tx, cast)
        suspended = asyncio.create_task(suspend(context, cast.odile, cast.mira))
        await _until_waiting(context, tx)
    assert await suspended == "active"
    assert await value(context, "select array_agg(state) from bookings") == ["cancelled"]


async def test_without_the_lock_a_seat_would_stay(cast: Cast) -> None:
    """The control: the same without the triggers leaves a suspended person with a seat."""
    context = cast.context
    await change(context, "alter table bookings disable trigger bookings_of_nobody_suspended")
    await change(context, "alter table acceptances disable trigger acceptances_lock_their_person")
    async with context.db.transaction() as tx:
        await tx.execute("update people set suspended_at = now() where id = $1", cast.mira)
        async with context.db.transaction() as other:
            await add_booking_within(other, cast)
    assert await value(context, "select state from bookings") == "confirmed"
    await change(context, "delete from bookings")
    await change(context, "alter table bookings enable trigger bookings_of_nobody_suspended")
    await change(context, "alter table acceptances enable trigger acceptances_lock_their_person")
    await change(context, "update people set suspended_at = null")


async def add_booking_within(tx: object, cast: Cast) -> None:
    await tx.execute(  # pyright: ignore[reportAttributeAccessIssue]
        "with agreed as (insert into acceptances (person_id, version_id, sha256) select $2, id, sha256 "
        "from guidelines_versions where id = $3 returning id) "
        "insert into bookings (gathering_id, person_id, seat, kind, state, amount, currency, scale_minimum, "
        "scale_maximum, refund_hours, late_refund_percent, confirmed_at, acceptance_id) "
        "select $1, $2, 1, 'free', 'confirmed', 0, 'USD', 0, 0, 48, 50, now(), id from agreed",
        cast.free_gathering,
        cast.mira,
        cast.version,
    )


async def _until_waiting(context: Context, tx: object) -> None:
    """Wait until another connection waits for a lock that this transaction holds."""
    own = await tx.fetchval("select pg_backend_pid()")  # pyright: ignore[reportAttributeAccessIssue]
    async with asyncio.timeout(60):
        while not await value(
            context,
            "select exists (select from pg_locks where not granted and $1 = any(pg_blocking_pids(pid)))",
            own,
        ):
            await asyncio.sleep(0.01)


async def test_an_export_has_no_reason_that_was_not_shared(cast: Cast) -> None:
    await suspend(cast.context, cast.odile, cast.mira, reason="Not for her eyes.")
    found = await personal_data.export(cast.context, "mira@example.org")
    assert "Not for her eyes." not in str(found)
    assert found["suspensions"][0]["state"] == "active"


async def test_an_erasure_takes_the_reason_along(cast: Cast) -> None:
    await suspend(cast.context, cast.odile, cast.mira, reason="She shouted.")
    await personal_data.erase(cast.context, "mira@example.org")
    assert await value(cast.context, "select count(*) from suspensions") == 0
    assert await value(cast.context, "select count(*) from events where why like '%shouted%'") == 0


@pytest.mark.parametrize("held", [True, False])
async def test_money_that_comes_while_suspended_goes_back_whole(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, held: bool
) -> None:
    """A payment that was under way is no payment for a seat ahead, whatever the organizers chose for those."""
    context, cast = scene.context, scene.cast
    booking = await scene.book(cast.mira)
    if not held:
        await scene.end_hold(booking.id)

    async def later(*_: object, **__: object) -> None:
        """The process ends before it releases the seat."""

    with monkeypatch.context() as patch:
        patch.setattr(suspending, "release", later)
        await suspend(context, cast.odile, cast.mira, refund="none")
    await scene.pay(booking.id)
    await jobs.drain(context)
    await suspending.release_all(context)
    await jobs.drain(context)
    assert (await scene.row(booking.id))["state"] == "lapsed"
    assert await scene.value("select sum(amount) from money_rows where booking_id = $1", booking.id) == 0
    mails = await mails_to(context, "mira@example.org")
    assert (mails.count("apology"), mails.count("suspended"), "invite" in mails) == (1, 1, False)
    text = await value(context, "select text_body || html_body from mails where kind = 'apology'")
    assert not missing(text, "While you paid, your account was suspended", "All of it, $45")
    assert "welcome" not in text
    assert "/bookings/" not in text


async def test_a_request_to_a_circle_and_an_invitation_end_too(cast: Cast) -> None:
    """Hosts are asked nothing by somebody suspended, and a yes that was under way gives no role."""
    context = cast.context
    asked = uuid4()
    async with context.db.transaction() as tx:
        await tx.execute(
            "insert into requests (id, circle_id, person_id, kind, words) values ($1, $2, $3, 'call', 'Please')",
            asked,
            cast.circle,
            cast.mira,
        )
        await audit.record(tx, "request.waiting", asked, actor_id=cast.mira, after="waiting")
    mira = await person(context, cast.mira)
    await invitations.invite(context, await person(context, cast.odile), mira.email)
    text = await value(context, "select text_body from mails where kind = 'facilitator_invitation'")
    link = re.search(r"/facilitator-invitations/(\S+)", text)
    assert link
    await suspend(context, cast.odile, cast.mira)
    request = await rows(context, "select state, words from requests where id = $1", asked)
    assert [tuple(row) for row in request] == [("withdrawn", "")]
    with pytest.raises(NotFound):
        await invitations.answer(context, mira, link[1], accepts=True, is_mine=True)
    assert not (await person(context, cast.mira)).is_facilitator
