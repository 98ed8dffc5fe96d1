"""Joining two accounts: agreed to by both addresses, everything follows, nothing is forgotten, what refuses it."""

from __future__ import annotations

import asyncio
import re
from uuid import UUID

import pytest

from circles import people
from circles.base.errors import NotFound, Refused
from circles.bookings import actions as booking_actions
from circles.bookings import rules as booking_rules
from circles.commands import personal_data
from circles.organizing.people import merging
from circles.store import jobs, privacy
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_gathering, add_person
from tests.conftest import OpenBrowser
from tests.directory.helpers import add_listing
from tests.directory.introduction_helpers import Scene
from tests.helpers import change, missing, person, rows, send_invites, value
from tests.organizing.helpers import suspend


async def ask(context: Context, cast: Cast, kept: UUID, gone: UUID) -> dict[str, str]:
    """Ask both addresses. Returns the token of each, by address."""
    await merging.ask(context, await person(context, cast.odile), kept, gone, "She told me.")
    found = await rows(context, "select to_address, text_body from mails where kind = 'join_accounts'")
    tokens = dict[str, str]()
    for row in found:
        link = re.search(r"/join-accounts/(\S+)", row["text_body"])
        assert link
        tokens[row["to_address"]] = link[1]
    return tokens


async def join(context: Context, cast: Cast, kept: UUID, gone: UUID) -> None:
    """Ask, and agree from both addresses."""
    tokens = await ask(context, cast, kept, gone)
    answers = [await merging.answer(context, token, agrees=True) for token in tokens.values()]
    assert answers == [False, True]


async def test_nothing_happens_before_both_agree_and_neither_mail_names_the_other(
    cast: Cast, browser: OpenBrowser
) -> None:
    context = cast.context
    seat = await add_booking(context, cast.gathering, cast.milo)
    async with browser(cast.odile) as page:
        url = f"/organize/people/{cast.mira}/merge"
        shown = (await page.post(url, data={"q": "milo"})).text
        assert f'value="{cast.milo}"' in shown
        shown = (await page.post(url, data={"other": str(cast.milo)})).text
        assert not missing(shown, "What will happen", "1 booking", "It cannot be undone")
        form = {"other": str(cast.milo), "then": "do", "why": "She told me."}
        assert (await page.post(url, data=form)).status_code == 303
        twice = await page.post(url, data=form)
        assert (twice.status_code, missing(twice.text, "asked already")) == (422, [])
    mails = await rows(
        context, "select to_address, text_body, html_body from mails where kind = 'join_accounts'"
    )
    assert {row["to_address"] for row in mails} == {"mira@example.org", "milo@example.org"}
    async with browser() as page:
        for row in mails:
            other = ({"mira@example.org", "milo@example.org"} - {row["to_address"]}).pop()
            assert other not in row["text_body"] + row["html_body"]
            link = re.search(r"/join-accounts/\S+", row["text_body"])
            assert link
            shown = (await page.get(link[0])).text
            assert other not in shown
            assert row["to_address"] in shown
            before = await value(context, "select person_id from bookings where id = $1", seat)
            assert before == cast.milo
            await page.post(link[0], data={"answer": "yes"})
            again = await page.post(link[0], data={"answer": "yes"})
            assert again.status_code == 303
    assert await value(context, "select person_id from bookings where id = $1", seat) == cast.mira
    assert await value(context, "select merged_into from people where id = $1", cast.milo) == cast.mira


async def test_either_can_decline_and_an_unknown_link_says_nothing(cast: Cast, browser: OpenBrowser) -> None:
    context = cast.context
    tokens = await ask(context, cast, cast.mira, cast.milo)
    async with browser() as page:
        await page.post(f"/join-accounts/{tokens['milo@example.org']}", data={"answer": "no"})
        late = await page.post(f"/join-accounts/{tokens['mira@example.org']}", data={"answer": "yes"})
        assert (late.status_code, missing(late.text, "no longer open")) == (422, [])
        assert (await page.get("/join-accounts/unknown")).status_code == 404
    assert await value(context, "select state from merges") == "declined"


async def test_everything_follows_to_the_account_that_stays(cast: Cast, browser: OpenBrowser) -> None:
    context = cast.context
    seat = await add_booking(context, cast.gathering, cast.milo)
    past = await add_gathering(context, cast.circle, days=-7)
    visit = await add_booking(context, past, cast.milo)
    await change(
        context,
        "insert into attendance (booking_id, mark, marked_by) values ($1, 'came', $2)",
        visit,
        cast.farid,
    )
    await change(context, "update people set is_facilitator = true where id = $1", cast.milo)
    await change(context, "insert into hosts values ($1, $2, 'co')", cast.other_circle, cast.milo)
    await send_invites(context)
    uid = await value(context, "select uid from invites where person_id = $1", cast.milo)
    feed = await value(context, "select token_hash from feeds where person_id = $1", cast.milo)
    async with browser(cast.milo) as his:
        await join(context, cast, cast.mira, cast.milo)
        await jobs.drain(context)
        assert not missing((await his.get("/me")).text, "mira@example.org")
    assert await value(context, "select count(*) from bookings where person_id = $1", cast.mira) == 2
    assert await value(context, "select person_id from bookings where id = $1", seat) == cast.mira
    assert await value(context, "select uid from invites where person_id = $1", cast.mira) == uid
    feeds = "select person_id from feeds where token_hash = $1 or former_hashes @> array[$1]"
    assert await value(context, feeds, feed) == cast.mira
    assert await value(context, "select part from hosts where person_id = $1", cast.mira) == "co"
    mira, pointer = await person(context, cast.mira), await person(context, cast.milo)
    assert mira.is_facilitator
    assert pointer == mira
    async with context.db.reading() as tx:
        assert await people.by_email(tx, "milo@example.org") == mira
    async with browser(cast.odile) as page:
        moved = await page.get(f"/organize/people/{cast.milo}")
        assert moved.headers["location"] == f"/organize/people/{cast.mira}"
        listed = (await page.get("/organize/people")).text
        assert "milo@example.org" not in listed
    found = await personal_data.export(context, "milo@example.org")
    assert {row["id"] for row in found["bookings"]} == {str(seat), str(visit)}


async def test_of_two_seats_at_one_gathering_one_is_let_go_and_paid_back(cast: Cast) -> None:
    context = cast.context
    hers = await add_booking(context, cast.gathering, cast.mira, kind="paid", amount=4500)
    his = await add_booking(context, cast.gathering, cast.milo, kind="paid", amount=3000)
    await send_invites(context)
    await join(context, cast, cast.mira, cast.milo)
    states = await rows(context, "select id, state, person_id from bookings")
    assert {(row["id"], row["state"], row["person_id"]) for row in states} == {
        (hers, "confirmed", cast.mira), (his, "cancelled", cast.mira)
    }  # fmt: skip
    refunds = await rows(context, "select booking_id, amount from operations where kind = 'refund'")
    assert [tuple(row) for row in refunds] == [(his, 3000)]
    mail = await value(
        context,
        "select calendar_method from mails where kind = 'accounts_joined' and to_address = $1",
        "milo@example.org",
    )
    assert mail == "CANCEL"


async def refused(context: Context, cast: Cast, kept: UUID, gone: UUID) -> set[str]:
    with pytest.raises(Refused) as caught:
        await ask(context, cast, kept, gone)
    return caught.value.codes


async def test_what_cannot_be_joined(cast: Cast, browser: OpenBrowser) -> None:
    context = cast.context
    assert await refused(context, cast, cast.mira, cast.mira) == {"same"}
    async with browser(cast.odile) as page:
        for data in ({"other": str(cast.mira)}, {"q": "mira@example.org"}):
            answer = await page.post(f"/organize/people/{cast.mira}/merge", data=data)
            assert (answer.status_code, missing(answer.text, "one account already")) == (422, [])
    await suspend(context, cast.odile, cast.milo)
    assert await refused(context, cast, cast.mira, cast.milo) == {"is_suspended"}
    with pytest.raises(NotFound):
        await merging.ask(context, await person(context, cast.farid), cast.mira, cast.fern, "x")


async def test_of_two_people_of_one_name_each_is_shown_with_its_address(
    cast: Cast, browser: OpenBrowser
) -> None:
    other = await add_person(cast.context, "Mira", email="mira.lind@example.com")
    async with browser(cast.odile) as page:
        shown = (await page.get(f"/organize/people/{cast.mira}")).text
        assert not missing(shown, "Somebody else has this name", "mira.lind@example.com")
        found = (await page.post(f"/organize/people/{cast.mira}/merge", data={"q": "mira"})).text
        assert f'value="{other}"' in found
        assert f'value="{cast.mira}"' not in found


async def test_who_books_while_accounts_are_joined_gets_no_lost_seat(cast: Cast) -> None:
    context = cast.context
    milo = await person(context, cast.milo)
    version = await value(
        context,
        "select versions.id from guidelines_versions as versions join circles using (guidelines_id) "
        "where circles.id = $1",
        cast.other_circle,
    )
    async with context.db.transaction() as tx:
        own = await tx.fetchval("select pg_backend_pid()")
        await tx.execute("select merge_people($1, $2)", cast.mira, cast.milo)
        booking = asyncio.create_task(
            booking_actions.book(
                context,
                milo,
                cast.free_gathering,
                choice="amount",
                amount="0",
                version_id=version,
                agreed=True,
            )
        )
        waits = "select exists (select from pg_locks where not granted and $1 = any(pg_blocking_pids(pid)))"
        async with asyncio.timeout(60):
            while not await value(context, waits, own):
                await asyncio.sleep(0.01)
    with pytest.raises(booking_rules.Full):
        await booking
    assert await value(context, "select count(*) from bookings where person_id = $1", cast.milo) == 0


async def test_erasing_the_one_erases_the_pointer(cast: Cast) -> None:
    context = cast.context
    await join(context, cast, cast.mira, cast.milo)
    await personal_data.erase(context, "mira@example.org")
    assert await value(context, "select count(*) from people where name in ('Mira', 'Milo')") == 0
    assert await value(context, "select count(*) from mails where to_address = 'milo@example.org'") == 0


async def test_merging_forgets_no_column_that_refers_to_a_person(context: Context) -> None:
    """Each is a foreign key, which `merge_people` follows by itself, or one of those that it names.

    Lines of the ledger never change: who reads them follows `merged_into`.
    """
    found = await rows(
        context,
        "select conrelid::regclass::text as name, attname from pg_constraint join pg_attribute "
        "on attrelid = conrelid and attnum = conkey[1] where contype = 'f' and confrelid = 'people'::regclass",
    )
    keys = {(row["name"], row["attname"]) for row in found}
    of_people = {
        (table, column)
        for table, columns in privacy.MAP.items()
        for column, care in columns.items()
        if care is privacy.Care.PERSON
    }
    # ids of rows that have a person themselves
    by_rows = (
        "booking_id",
        "walk_in_id",
        "pass_id",
        "invite_id",
        "request_id",
        "listing_id",
        "complaint_id",
        "concern_id",
        "id",
    )
    others = {one for one in of_people - keys if one[1] not in by_rows}
    ledger = ("ledger_lines", "owner_id")
    assert others == {("events", "who"), ("events", "about"), ("mails", "person_id"), ledger}


async def test_merging_handles_every_table_that_has_one_row_for_a_person(context: Context) -> None:
    """Where two rows of both cannot be kept, `merge_people` says which one is."""
    found = await rows(
        context,
        "select distinct conrelid::regclass::text as name, attname from pg_constraint join pg_attribute "
        "on attrelid = conrelid and attnum = conkey[1] join pg_index on indrelid = conrelid and indisunique "
        "and attnum = any(indkey) where contype = 'f' and confrelid = 'people'::regclass",
    )
    text = await value(context, "select prosrc from pg_proc where proname = 'merge_people'")
    # refused or ended before: two listings, two open introductions, a suspension, two passes of a circle being paid
    # or an account at Stripe, of which a trigger of its table ends the second
    refused_before = {"listings", "introductions", "suspensions", "merges", "passes", "connect_accounts"}
    unhandled = {
        row["name"]
        for row in found
        if row["name"] not in refused_before
        and not re.search(rf"(update|delete from|from) {row['name']}\b", text)
    }
    assert unhandled == set()


async def test_what_is_confidential_is_no_answer_to_an_organizer_or_to_either(
    cast: Cast, browser: OpenBrowser
) -> None:
    """Asking about two people tells nothing of what hosts or a therapist know of them."""
    context = cast.context
    first, second = sorted((cast.mira, cast.milo))
    await change(
        context,
        "insert into apart (circle_id, first_id, second_id) values ($1, $2, $3)",
        cast.circle,
        first,
        second,
    )
    async with browser(cast.odile) as page:
        url = f"/organize/people/{cast.mira}/merge"
        shown = await page.post(url, data={"other": str(cast.milo)})
        assert (shown.status_code, "apart" in shown.text) == (200, False)
    tokens = await ask(context, cast, cast.mira, cast.milo)
    async with browser() as page:
        for token in tokens.values():
            shown = await page.post(f"/join-accounts/{token}", data={"answer": "yes"})
        assert (shown.status_code, missing(shown.text, "cannot be made one right now")) == (422, [])
        assert "apart" not in shown.text
    async with browser(cast.odile) as page:
        shown = await page.post(f"/organize/people/{cast.mira}/merge/now")
        assert (shown.status_code, missing(shown.text, "a reason that is confidential")) == (422, [])
        assert "kept apart" not in shown.text
    assert await value(context, "select count(*) from people where merged_into is not null") == 0


async def test_of_two_introductions_to_one_therapist_the_accepted_one_stays(cast: Cast) -> None:
    context = cast.context
    scene = Scene(context, cast, await add_listing(context))
    mine, theirs = await scene.ask(member=cast.mira), await scene.ask(member=cast.milo)
    await scene.run("update introductions set state = 'accepted', answered_at = now() where id = $1", theirs)
    await scene.run(
        "insert into events (what, about, before, after) values ('introduction.accepted', $1, 'asked', 'accepted')",
        theirs,
    )
    await join(context, cast, cast.mira, cast.milo)
    found = await rows(context, "select id, state, person_id from introductions")
    assert {(row["id"], row["state"], row["person_id"]) for row in found} == {
        (mine, "withdrawn", cast.mira), (theirs, "accepted", cast.mira)
    }  # fmt: skip


async def test_two_organizers_who_act_for_a_circle_and_an_invitation_to_host_follow(cast: Cast) -> None:
    context = cast.context
    await change(context, "update people set is_organizer = true where id in ($1, $2)", cast.mira, cast.milo)
    for who in (cast.mira, cast.milo):
        await change(
            context,
            "insert into acting_organizers (circle_id, person_id, reason, until) "
            "values ($1, $2, 'Away.', now() + interval '1 day')",
            cast.circle,
            who,
        )
    for circle, email in (
        (cast.circle, "mira"), (cast.circle, "milo"), (cast.other_circle, "milo")
    ):  # fmt: skip
        await change(
            context,
            "insert into host_invitations (circle_id, email, part, token_hash, expires_at) "
            "values ($1, $2, 'helper', uuid_send(gen_random_uuid()), now() + interval '9 days')",
            circle,
            f"{email}@example.org",
        )
    await join(context, cast, cast.mira, cast.milo)
    assert await value(context, "select array_agg(person_id) from acting_organizers") == [cast.mira]
    waiting = await rows(context, "select circle_id, email from host_invitations where state = 'open'")
    assert {tuple(row) for row in waiting} == {
        (cast.circle, "mira@example.org"), (cast.other_circle, "mira@example.org")
    }  # fmt: skip
