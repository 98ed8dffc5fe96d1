"""Needs a hand: every kind is listed, leads to its fix, can be put off, and vanishes once it is done."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from uuid import UUID

import pytest

from circles.base.clock import Viewer
from circles.base.errors import Refused
from circles.organizing.needs import rules
from circles.organizing.needs.kinds import KINDS
from circles.organizing.needs.rules import Kind, Need
from circles.store import jobs
from tests.cast import Cast, add_booking, add_gathering
from tests.conftest import OpenBrowser
from tests.helpers import change, demoted, missing, rows, value
from tests.hosting.helpers import events

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)  # a Thursday

MAIL = (
    "insert into mails (kind, person_id, to_address, to_name, subject, text_body, html_body, message_id, state) "
    "values ('invite', $1, 'old@example.org', 'Mira', 'Tuesday group', 'x', 'x', '<1@x>', $2)"
)
LISTING = (
    "insert into listings (name, state, source, telehealth, languages, fee_minimum, fee_maximum, "
    "email, facets) "
    "values ($1, $2, 'organizer', true, '{en}', 10000, 20000, 'ines@example.org', '{in:NY}') returning id"
)


async def listed(browser: OpenBrowser, person: UUID) -> str:
    async with browser(person) as page:
        answer = await page.get("/organize")
    assert answer.status_code == 200
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


async def with_worker(cast: Cast) -> None:
    await change(
        cast.context,
        "insert into processes (id, kind) values (gen_random_uuid(), 'worker') on conflict do nothing",
    )


async def add_listing(cast: Cast, name: str, state: str = "shown", expires: int = 400) -> UUID:
    listing = await value(cast.context, LISTING, name, state)
    await change(
        cast.context,
        "insert into licences (listing_id, kind, area, number, expires_on) "
        "values ($1, 'LCSW', 'NY', '1', (now() at time zone 'utc')::date + $2::int)",
        listing,
        expires,
    )
    return listing


async def past_with_gap(cast: Cast) -> UUID:
    gathering = await add_gathering(
        cast.context, cast.circle, starts_at=datetime.now(UTC) - timedelta(days=3)
    )
    await add_booking(cast.context, gathering, cast.mira)
    return gathering


# What brings about a need of a kind by one statement.
BEGINS: dict[str, tuple[str, ...]] = {
    "rule": ("insert into check_runs (broken) values ('{\"no_seat_twice\": 1}')",),
    "timetable": (
        "insert into timetable_entries (name, due_at, failed_at, failures, failure) "
        "values ('mail.requeue', now(), now(), 1, 'OSError')",
    ),
    "job": (
        "insert into pgqueuer (priority, status, entrypoint, payload) values (0, 'failed', 'invites.send', '{}')",
    ),
    "key": ("insert into stripe_alarms (kind) values ('key_rejected')",),
    "concern": (
        "insert into concerns (id, person_id, about_person, body, answer_by) "
        "values (gen_random_uuid(), $1, $2, 'It hurt', (now() at time zone 'utc')::date + 2)",
        "mira",
        "farid",
    ),
    "role_request": ("insert into role_requests (person_id) values ($1)", "mira"),
    "stand_in": ("insert into stand_ins values ($1, $2)", "gathering", "milo"),
}


async def make(cast: Cast, name: str) -> None:
    """Bring about one need of a kind."""
    if name in BEGINS:
        statement, *arguments = BEGINS[name]
        await change(cast.context, statement, *(getattr(cast, argument) for argument in arguments))
    elif name in ("mail", "mail_waiting"):
        await change(cast.context, MAIL, cast.mira, "refused" if name == "mail" else "waiting")
        await change(cast.context, "update mails set created_at = now() - interval '2 hours'")
    elif name in ("complaint", "license", "listing"):
        await make_of_directory(cast, name)
    elif name in MONEY:
        await make_of_money(cast, name)
    elif name == "register":
        await past_with_gap(cast)


async def make_of_directory(cast: Cast, name: str) -> None:
    listing = await add_listing(
        cast, "Ines Arroyo", "waiting" if name == "listing" else "shown", 5 if name == "license" else 400
    )
    if name == "complaint":
        await change(
            cast.context,
            "insert into complaints (listing_id, person_id, body, answer_by) "
            "values ($1, $2, 'Wrong', (now() at time zone 'utc')::date + 1)",
            listing,
            cast.mira,
        )


# A payment of which a part goes to an account; one need leaves it as it is, the other has seen it.
_PART = (
    "with account as (insert into connect_accounts (person_id, idempotency_key, request, ended_at, ended_because) "
    "select person_id, 'k' || $1::uuid, '{}', now(), 'by_person' from hosts limit 1 returning id), "
    "payment as (insert into connected_payments (checkout_id, account_id, amount, currency, differs) "
    "select checkouts.id, account.id, 100, 'USD', '{\"part\": [1, 2]}' from account, checkouts "
    "where checkouts.booking_id = $1 returning checkout_id) "
)

MONEY = {
    "refund": "insert into operations (kind, booking_id, checkout_id, idempotency_key, amount, state, fault, reason, "
    "again_at) select 'refund', booking_id, id, 'k', 100, 'failed', 'charge_disputed', 'at_stripe', null "
    "from checkouts where booking_id = $1",
    "part": _PART.replace("'{\"part\": [1, 2]}'", "'{}'")
    + "insert into connect_operations (id, kind, checkout_id, amount, request, idempotency_key, state, "
    "fault, again_at) select gen_random_uuid(), 'reverse', checkout_id, 100, '{}', 'k_part', 'failed', "
    "'balance_insufficient', null from payment",
    "part_differs": _PART + "select checkout_id from payment",
    "refund_asked": "insert into refunds_by_hand (id, checkout_id, amount, currency, reason, state, asked_by) "
    "select gen_random_uuid(), checkouts.id, 100, 'USD', 'They could not come', 'asked', bookings.person_id "
    "from checkouts join bookings on bookings.id = checkouts.booking_id where booking_id = $1",
    "finding": "insert into payment_findings (kind, booking_id, stripe_id, expected, answered) "
    "values ('foreign', $1, 'cs_x', '{}', '{}')",
    "payment": "update checkouts set state = 'open', pending_at = now() - interval '16 days' where booking_id = $1",
    "dispute": "insert into disputes (stripe_id, booking_id, checkout_id, amount, currency, state, answer_by, made_at) "
    "select 'dp_1', $1, id, 4500, 'USD', 'needs_response', now() + interval '3 days', now() "
    "from checkouts where booking_id = $1",
    "difference": "insert into reconciliation_differences (kind, about, checkout_id, currency, stripe, at) "
    "select 'payment_not_here', 'txn_1', id, 'USD', 4500, now() from checkouts where booking_id = $1",
    "payout": "with month as (insert into statement_months (month, until, closed_at) "
    "values ('2020-01-01', '2020-02-01', now() - interval '43 days') returning month), "
    "statement as (insert into statements (facilitator_id, month, currency) "
    "select facilitator_id, month.month, 'USD' from payment_shares, month where booking_id = $1 returning id), "
    "moved as (update share_rows set statement_id = statement.id from statement "
    "where share_id = (select id from payment_shares where booking_id = $1) returning share_rows.*) "
    "insert into statement_lines (statement_id, circle_id, way, seats, amount, part, transferred, held, since) "
    "select statement.id, shares.circle_id, 'card', moved.seats, moved.amount, moved.part, 0, 0, now() "
    "from statement, moved, payment_shares as shares where shares.booking_id = $1",
}


# The community keeps $5 of each payment.
TERMS = (
    "insert into share_terms (currency, percent, flat, starts_at) "
    "values ('USD', 0, 500, now() - interval '1 year')"
)


async def make_of_money(cast: Cast, name: str) -> None:
    """Each has a booking of its own."""
    starts_at = datetime.now(UTC) + timedelta(days=20 + list(MONEY).index(name))
    gathering = await add_gathering(cast.context, cast.circle, starts_at=starts_at)
    if name == "payout":
        await change(cast.context, TERMS)
    booking = await add_booking(cast.context, gathering, cast.mira, kind="paid", amount=4500)
    await change(cast.context, MONEY[name], booking)


# What ends a need that was brought about by hand.
ENDS = {
    "rule": "insert into check_runs (broken) values ('{}')",
    "timetable": "update timetable_entries set succeeded_at = now()",
    "job": "delete from pgqueuer",
    "mail": "update mails set settled_at = now()",
    "mail_waiting": "update mails set state = 'sent', sent_at = now()",
    "key": "update stripe_alarms set at = now() - interval '1 hour'",
    "refund": "update operations set settled_at = now(), settled_reason = 'By hand' where kind = 'refund'",
    "refund_asked": "delete from refunds_by_hand",
    "finding": "update payment_findings set settled_at = now(), settled_reason = 'By hand'",
    "part": "update connect_operations set settled_at = now(), settled_reason = 'By hand'",
    "part_differs": "update connected_payments set seen_at = now()",
    "payment": "update checkouts set state = 'paid', pending_at = null",
    "dispute": "update disputes set state = 'won', closed_at = now()",
    "difference": "update reconciliation_differences set ended_at = now(), ended = 'gone'",
    "payout": "insert into hand_payouts (id, facilitator_id, currency, amount, paid_on) "
    "select gen_random_uuid(), facilitator_id, 'USD', 4000, '2020-03-01' from statements",
    "stand_in": "delete from stand_ins",
    "register": "insert into attendance (booking_id, mark) select id, 'came' from bookings",
    "complaint": "update complaints set state = 'kept', decided_at = now()",
    "concern": "update concerns set state = 'closed', closed_at = now()",
    "listing": "update listings set state = 'draft'",
    "license": "update licences set expires_on = null",
    "role_request": "update role_requests set state = 'declined', decided_at = now()",
}


async def unmake(cast: Cast, name: str) -> None:
    if name in ENDS:
        await change(cast.context, ENDS[name])


WORDS = {
    "worker": "No worker was seen",
    "rule": "found 1 rule of the data broken",
    "timetable": "“mail.requeue”, which the site does by itself, failed",
    "job": "1 job was given up after many tries: composing an invite for a booking",
    "mail": "1 mail to Mira did not arrive",
    "mail_waiting": "Mail has waited since",
    "key": "Stripe refuses the key",
    "refund": "A refund did not arrive: Mira, First steps home",
    "refund_asked": "Mira asks for a refund of their own payment.",
    "finding": "Stripe answered something other than was asked: Mira",
    "part": "Stripe did not move a facilitator’s part of a payment: Farid",
    "part_differs": "Stripe sent another part of a payment than was asked: Farid",
    "payment": "A bank has not decided a payment",
    "dispute": "A payment is disputed: Mira, First steps home. Answer it by",
    "difference": "Stripe has a payment that this site does not know",
    "payout": "$40 is due to Farid for more than six weeks",
    "circle": "Nobody can lead First steps home: 1 gathering ahead",
    "stand_in": "The stand-in of First steps home",
    "register": "1 of 1 not marked yet",
    "complaint": "A complaint about the listing of Ines Arroyo is to be answered by",
    "concern": "Something that was written to the organizers is to be answered by",
    "listing": "The listing of Ines Arroyo waits to be checked",
    "license": "A license of Ines Arroyo expires on",
    "role_request": "Mira asks to be a facilitator",
}


def test_every_kind_has_a_test() -> None:
    assert set(WORDS) == set(KINDS)


async def test_each_is_listed_and_can_be_put_off_until_it_is_done(cast: Cast, browser: OpenBrowser) -> None:
    names = [name for name in WORDS if name != "circle"]
    assert {name for name in names if WORDS[name] in await listed(browser, cast.odile)} == {"worker"}
    for name in names:
        await make(cast, name)

    async def seen() -> set[str]:
        text = await listed(browser, cast.odile)
        return {name for name in names if WORDS[name] in text}

    assert await seen() == set(names)
    for name in names:
        await put_off(cast, browser, name)
    text = await listed(browser, cast.odile)
    assert not missing(
        text, "Nothing needs a hand.", f"Put off: {min(len(names), rules.MAX_OF_KIND)}", "by Odile"
    )
    await change(cast.context, "update needs_put_off set until = now()")
    assert await seen() == set(names)
    for name in names:
        await unmake(cast, name)
    await with_worker(cast)
    assert "Nothing needs a hand." in await listed(browser, cast.odile)


async def put_off(cast: Cast, browser: OpenBrowser, name: str) -> None:
    async with browser(cast.odile) as page:
        text = (await page.get("/organize")).text
        about = re.findall(
            rf'name="kind" value="{name}"><input type="hidden" name="about" value="([^"]+)"', text
        )
        assert about
        answer = await page.post(
            "/organize/needs/put-off", data={"kind": name, "about": about[0], "until": "monday"}
        )
    assert answer.headers["Location"] == "/organize#needs"


async def test_a_circle_without_a_lead_is_listed_until_it_has_one(cast: Cast, browser: OpenBrowser) -> None:
    await with_worker(cast)
    async with demoted(cast.context, cast.farid):
        assert WORDS["circle"] in await listed(browser, cast.odile)
        await put_off(cast, browser, "circle")
        assert WORDS["circle"] not in await listed(browser, cast.odile)
        async with browser(cast.odile) as page:
            data = {"kind": "circle", "about": str(cast.circle)}
            await page.post("/organize/needs/bring-back", data=data)
        assert WORDS["circle"] in await listed(browser, cast.odile)
    assert "Nothing needs a hand." in await listed(browser, cast.odile)
    assert [event["details"]["about"] for event in await events(cast.context, "need.put_off")] == [
        str(cast.circle)
    ]
    assert len(await events(cast.context, "need.brought_back")) == 1


async def test_all_of_it_is_three_queries(cast: Cast, browser: OpenBrowser, queries: list[str]) -> None:
    await past_with_gap(cast)
    await make(cast, "key")
    async with browser(cast.odile) as page:
        queries.clear()
        await page.get("/organize")
    assert len(queries) <= 4  # one of them finds who is signed in


@pytest.mark.parametrize("name", ["concern", "complaint"])
async def test_whom_it_is_about_reads_neither_that_it_waits_nor_that_it_is_put_off(
    cast: Cast, browser: OpenBrowser, name: str
) -> None:
    await with_worker(cast)
    await change(cast.context, "update people set is_organizer = true where id = $1", cast.farid)
    await make(cast, name)
    await change(cast.context, "update listings set person_id = $1", cast.farid)
    assert WORDS[name] in await listed(browser, cast.odile)
    assert "Nothing needs a hand." in await listed(browser, cast.farid)
    await put_off(cast, browser, name)
    assert "Put off: 1" in await listed(browser, cast.odile)
    text = await listed(browser, cast.farid)
    assert "Put off" not in text
    about = await value(cast.context, "select about from needs_put_off")
    async with browser(cast.farid) as page:
        for path in ("put-off", "bring-back"):
            data = {"kind": name, "about": about, "until": "month"}
            await page.post(f"/organize/needs/{path}", data=data)
    assert "Put off: 1" in await listed(browser, cast.odile)
    assert {row["who"] for row in await events(cast.context, "need.put_off")} == {cast.odile}


async def test_broken_rules_stay_put_off_while_no_other_one_breaks(cast: Cast, browser: OpenBrowser) -> None:
    await with_worker(cast)
    await make(cast, "rule")
    await put_off(cast, browser, "rule")
    await change(cast.context, "insert into check_runs (broken) values ('{\"no_seat_twice\": 2}')")
    assert "Nothing needs a hand." in await listed(browser, cast.odile)
    await change(
        cast.context, 'insert into check_runs (broken) values (\'{"no_seat_twice": 2, "other": 1}\')'
    )
    assert "found 2 rules of the data broken" in await listed(browser, cast.odile)


async def test_a_hundred_of_some_kinds_hide_no_other(cast: Cast, browser: OpenBrowser) -> None:
    await with_worker(cast)
    many = "select 'A', 'waiting', source, telehealth, languages, fee_minimum, fee_maximum, email, '{}'"
    fields = LISTING[LISTING.index("(") : LISTING.index(")") + 1]
    await make(cast, "license")
    await change(cast.context, f"insert into listings {fields} {many} from listings, generate_series(1, 100)")
    body = "insert into concerns (id, body, answer_by) select gen_random_uuid(), 'x', current_date"
    await change(cast.context, f"{body} from generate_series(1, 100)")
    text = await listed(browser, cast.odile)
    assert "41+ things need a hand , 20 of them soon" in text
    assert WORDS["license"] in text
    assert (text.count(WORDS["concern"]), text.count("The listing of A waits")) == (5, 5)
    async with browser(cast.odile) as page:
        assert (await page.get("/organize")).text.count("button-primary") <= 1


@pytest.mark.parametrize("path", ["put-off", "bring-back", "act"])
async def test_only_organizers_act_on_what_is_there(cast: Cast, browser: OpenBrowser, path: str) -> None:
    for person in (cast.mira, cast.farid):
        async with browser(person) as page:
            answer = await page.post(
                f"/organize/needs/{path}", data={"kind": "worker", "about": "worker", "until": "week"}
            )
        assert answer.status_code == 404
    async with browser(cast.odile) as page:
        for data in (
            {"kind": "nonsense", "about": "x"},
            {"kind": "job", "about": ""},
            {"kind": "job", "about": "\0"},
            {"kind": "job", "about": "of.nobody"},
        ):
            answer = await page.post(f"/organize/needs/{path}", data=data | {"until": "week"})
            assert answer.status_code in (303, 404)
    assert await value(cast.context, "select count(*) from needs_put_off") == 0


async def test_hosts_are_reminded_of_a_register(cast: Cast, browser: OpenBrowser) -> None:
    await with_worker(cast)
    gathering = await past_with_gap(cast)
    async with browser(cast.odile) as page:
        for _ in range(2):
            answer = await page.post(
                "/organize/needs/act", data={"kind": "register", "about": str(gathering)}
            )
            assert answer.status_code == 303
        missing = await page.post(
            "/organize/needs/act", data={"kind": "register", "about": str(cast.gathering)}
        )
        assert missing.status_code == 404
    assert WORDS["register"] not in await listed(browser, cast.odile)
    mails = await rows(cast.context, "select to_address, text_body from mails where kind = 'host_news'")
    assert {mail["to_address"] for mail in mails} == {"farid@example.org"}
    text = " ".join(mails[0]["text_body"].split())
    assert "Odile, an organizer, asks you to complete the register of" in text
    assert "Mira" not in text


async def test_the_stand_in_is_reminded_too_and_nobody_is_not(cast: Cast, browser: OpenBrowser) -> None:
    await with_worker(cast)
    gathering = await past_with_gap(cast)
    await change(cast.context, "insert into stand_ins values ($1, $2)", gathering, cast.fern)
    data = {"kind": "register", "about": str(gathering)}
    async with demoted(cast.context, cast.farid), browser(cast.odile) as page:
        await change(cast.context, "update people set is_facilitator = false where id = $1", cast.fern)
        await page.post("/organize/needs/act", data=data)
        assert "Nobody can host this circle now" in (await page.get("/organize")).text
        assert WORDS["register"] in await listed(browser, cast.odile)
        await change(cast.context, "update people set is_facilitator = true where id = $1", cast.fern)
        await page.post("/organize/needs/act", data=data)
    mails = await rows(cast.context, "select to_address from mails where kind = 'host_news'")
    assert [mail["to_address"] for mail in mails] == ["fern@example.org"]


async def test_an_entry_of_the_timetable_is_run_by_a_button(cast: Cast, browser: OpenBrowser) -> None:
    await with_worker(cast)
    await make(cast, "timetable")
    async with browser(cast.odile) as page:
        data = {"kind": "timetable", "about": "mail.requeue"}
        assert (await page.post("/organize/needs/act", data=data)).status_code == 303
        unknown = await page.post("/organize/needs/act", data={"kind": "timetable", "about": "no.such"})
        assert unknown.status_code == 404
    await jobs.drain(cast.context)
    assert "Nothing needs a hand." in await listed(browser, cast.odile)


async def test_an_entry_that_this_version_does_not_know_needs_nobody(
    cast: Cast, browser: OpenBrowser
) -> None:
    await with_worker(cast)
    await change(
        cast.context,
        "insert into timetable_entries (name, due_at) values ('of.yesterday', now() - interval '1 day')",
    )
    assert "Nothing needs a hand." in await listed(browser, cast.odile)


async def test_data_are_checked_again_by_a_button(cast: Cast, browser: OpenBrowser) -> None:
    await with_worker(cast)
    await make(cast, "rule")
    run = await value(cast.context, "select id from check_runs")
    async with browser(cast.odile) as page:
        await page.post("/organize/needs/act", data={"kind": "rule", "about": str(run)})
    await jobs.drain(cast.context)
    assert await value(cast.context, "select broken from check_runs order by id desc limit 1") == {}
    assert "Nothing needs a hand." in await listed(browser, cast.odile)


async def test_organizers_get_one_mail_a_day_without_names_while_something_is_pressing(cast: Cast) -> None:
    await jobs.run_timetable(cast.context, "needs.tell_organizers")
    assert await value(cast.context, "select count(*) from mails") == 0
    for name in ("refund", "job", "listing", "role_request"):
        await make(cast, name)
    await jobs.run_timetable(cast.context, "needs.tell_organizers")
    (mail,) = await rows(cast.context, "select to_address, subject, text_body from mails")
    text = " ".join(mail["text_body"].split())
    assert "1 refund and 1 kind of job that was given up need a person." in text
    await unmake(cast, "refund")
    assert not [word for word in ("Mira", "Ines", "First steps", "$") if word in text + mail["subject"]]
    assert "payments.tell_organizers" not in jobs.timetable_names()


# Rules


def need(kind: str = "refund", **more: Any) -> Need:
    values: dict[str, Any] = {"about": "1", "at": NOW, "due": None, "not_for": None, "facts": {}} | more
    return Need(kind, **values)


def test_the_most_pressing_comes_first() -> None:
    later, soon = KINDS["license"], KINDS["circle"]
    pairs = [
        (later, need(about="later", due=NOW + timedelta(days=9))),
        (soon, need(about="far", due=NOW + timedelta(days=40))),
        (soon, need(about="near", due=NOW + timedelta(days=2))),
        (KINDS["refund"], need(about="old", at=NOW - timedelta(days=30))),
    ]
    assert [(level, one.about) for level, _, one in rules.in_order(pairs, NOW)] == [
        ("pressing", "old"),
        ("pressing", "near"),
        ("soon", "far"),
        ("in time", "later"),
    ]


def test_a_mail_counts_what_is_pressing_by_its_kind() -> None:
    def told(*pairs: tuple[Kind, Need]) -> str:
        return rules.daily_text(pairs, NOW)

    refund, dispute = KINDS["refund"], KINDS["dispute"]
    assert told() == ""
    assert told((KINDS["listing"], need())) == ""
    assert told((refund, need())) == "1 refund needs a person."
    assert (
        told((refund, need()), (refund, need()), (dispute, need()))
        == "2 refunds and 1 dispute need a person."
    )
    assert told(*[(refund, need())] * 21) == "more than 20 refunds need a person."


@pytest.mark.parametrize(
    ("choice", "zone", "expected"),
    [
        ("tomorrow", "America/New_York", datetime(2026, 11, 27, 12, tzinfo=UTC)),
        ("monday", "America/New_York", datetime(2026, 11, 30, 12, tzinfo=UTC)),
        ("monday", "Asia/Tokyo", datetime(2026, 11, 29, 22, tzinfo=UTC)),
        ("week", "", datetime(2026, 12, 3, 7, tzinfo=UTC)),
        ("month", "America/New_York", datetime(2026, 12, 24, 12, tzinfo=UTC)),
    ],
)
def test_it_comes_back_in_the_morning(choice: str, zone: str, expected: datetime) -> None:
    assert rules.until(choice, NOW, Viewer(zone)) == expected


def test_on_a_monday_monday_is_the_next_one() -> None:
    assert rules.until("monday", datetime(2026, 11, 30, 8, tzinfo=UTC), Viewer("UTC")).day == 7


def test_an_unknown_choice_is_refused() -> None:
    with pytest.raises(Refused):
        rules.until("never", NOW, Viewer())
