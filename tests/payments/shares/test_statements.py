"""Statements of months: what they count and what they hold back, and what is owed after cash and passes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID, uuid4

from circles import payments
from circles.commands import personal_data
from circles.payments import shares
from circles.payments.shares import closing, rules
from circles.payments.shares.rules import CLOSES_AFTER, FEWEST, LEAST
from circles.store.context import Context
from tests.cast import Cast, add_booking, add_gathering, add_person
from tests.helpers import change, rows, value
from tests.payments.shares.helpers import close_months, name_account, pay_for, set_terms

MONTH = (
    "select month, circle_id, way, seats, amount, part, transferred, held from statement_lines"
    " join statements on statements.id = statement_id order by month, circle_id, way"
)


async def refund(context: Context, booking: UUID, amount: int) -> None:
    """Money of a booking that went back by a dispute, which needs no operation."""
    await change(
        context,
        "insert into disputes (stripe_id, booking_id, checkout_id, amount, currency, state, made_at)"
        " select 'dp_' || booking_id, booking_id, checkout_id, $2, currency, 'lost', now()"
        " from money_rows where booking_id = $1 and kind = 'payment'",
        booking,
        amount,
    )
    await change(
        context,
        "insert into money_rows (booking_id, checkout_id, kind, amount, currency, stripe_id)"
        " select booking_id, checkout_id, 'dispute', - $2::int, currency, 'moved_' || booking_id"
        " from money_rows where booking_id = $1 and kind = 'payment'",
        booking,
        amount,
    )


def test_months_that_are_over() -> None:
    months = rules.months_to_close
    after = datetime(2026, 12, 1, 5, tzinfo=UTC) + CLOSES_AFTER
    assert months(date(2026, 10, 17), None, after, "America/New_York") == [
        (date(2026, 10, 1), datetime(2026, 11, 1, 4, tzinfo=UTC)),
        (date(2026, 11, 1), datetime(2026, 12, 1, 5, tzinfo=UTC)),
    ]
    assert months(date(2026, 10, 17), date(2026, 10, 1), after, "UTC") == [
        (date(2026, 11, 1), datetime(2026, 12, 1, tzinfo=UTC))
    ]
    assert months(date(2026, 11, 1), date(2026, 11, 1), after, "UTC") == []


async def test_a_line_is_held_back_until_five_people_paid(context: Context, cast: Cast) -> None:
    await set_terms(context, None, 20_00)
    bookings = await pay_for(context, cast.gathering, [3000, 4500, 6000, 8000])
    await close_months(context)
    assert await rows(context, MONTH) == []
    # once more the same people: still four
    later = await add_gathering(context, cast.circle, days=9)
    await add_booking(
        context,
        later,
        await value(context, "select person_id from bookings where id = $1", bookings[0]),
        kind="paid",
        amount=5000,
    )
    await close_months(context, 2)
    assert await rows(context, MONTH) == []
    await pay_for(context, later, [4000], name="Fifth")
    await close_months(context, 3)
    (line,) = [dict(row) for row in await rows(context, MONTH)]
    month = shares.month_after(shares.month_after(shares.community_today(context).replace(day=1)))
    assert line == {
        "month": month, "circle_id": cast.circle, "way": "card", "seats": 6,
        "amount": 30_500, "part": 24_400, "transferred": 0, "held": 0,
    }  # fmt: skip
    assert await value(context, "select count(*) from mails where kind = 'payout_news'") == 1


async def test_who_got_everything_back_is_nobody(context: Context, cast: Cast) -> None:
    """Five who paid, of whom one got all of it back, are four: what is left is of four people."""
    await set_terms(context, None, 20_00)
    bookings = await pay_for(context, cast.gathering, [3500] * LEAST)
    await refund(context, bookings[0], 3500)
    await close_months(context)
    assert await rows(context, MONTH) == []


async def test_what_went_back_of_one_person_waits(context: Context, cast: Cast) -> None:
    """A month in which only one person's money moved says nothing: the difference would be theirs."""
    await set_terms(context, None, 20_00)
    bookings = await pay_for(context, cast.gathering, [3000, 4000, 5000, 6000, 7000])
    await close_months(context)
    await refund(context, bookings[2], 5000)
    await close_months(context, 2)
    assert [row["amount"] for row in await rows(context, MONTH)] == [25_000]
    assert await value(context, "select sum(part) from unstated_shares") == -4000


async def test_after_three_months_three_people_are_enough(context: Context, cast: Cast) -> None:
    await set_terms(context, None, 20_00)
    await pay_for(context, cast.gathering, [3000, 4000, 5000])
    await close_months(context, 3)
    assert await rows(context, MONTH) == []
    await close_months(context, 4)
    assert [row["amount"] for row in await rows(context, MONTH)] == [12_000]
    other = await add_gathering(context, cast.circle, days=9)
    await pay_for(context, other, [3000] * (FEWEST - 1), name="Other")
    await close_months(context, 9)
    assert len(await rows(context, MONTH)) == 1


async def test_a_month_is_closed_once(context: Context, cast: Cast) -> None:
    await pay_for(context, cast.gathering, [3500] * LEAST)
    await close_months(context)
    await pay_for(context, await add_gathering(context, cast.circle, days=9), [4000] * LEAST, name="Late")
    await close_months(context)
    assert [row["amount"] for row in await rows(context, MONTH)] == [17_500]
    assert await value(context, "select count(*) from mails") == 0  # without terms nobody is written to


async def test_cash_counts_as_paid_to_the_lead(context: Context, cast: Cast) -> None:
    """Cash stays with the lead: what is due to them changes by their part less the cash."""
    await set_terms(context, None, 20_00, 100)
    bookings = [
        await add_booking(context, cast.gathering, await add_person(context, f"Member {n}")) for n in range(1)
    ]
    keys = [uuid4(), uuid4(), uuid4()]
    async with context.db.transaction() as tx:
        for key, kind, amount in zip(
            keys, ("received", "given_back", "correction"), (4000, 1000, 0), strict=True
        ):
            await payments.note_cash(
                tx, key, bookings[0], kind, amount, "USD", actor_id=cast.farid, note="Counted again"
            )  # type: ignore[arg-type]
    found = await rows(context, "select amount, part, seats from cash_share_rows order by at")
    assert [tuple(row) for row in found] == [(4000, 3100, 1), (-1000, -800, 0), (-3000, -2300, -1)]
    accounts = "select sum(amount) from ledger_lines where account = $1"
    assert await value(context, accounts, "cash") == 0
    assert await value(context, accounts, "facilitators") == 0
    async with context.db.transaction() as tx:
        await payments.note_cash(tx, uuid4(), bookings[0], "received", 4000, "USD", actor_id=cast.farid)
    async with context.db.reading() as tx:
        assert (await shares.owed(tx, cast.farid, "USD")).held_back == 3100 - 4000


async def test_cash_without_terms_stays_with_the_host(context: Context, cast: Cast) -> None:
    """So does what corrects it after terms began: nothing of before becomes a debt."""
    booking = await add_booking(context, cast.gathering, cast.mira)
    async with context.db.transaction() as tx:
        await payments.note_cash(tx, uuid4(), booking, "received", 4000, "USD", actor_id=cast.farid)
    await set_terms(context, None, 20_00)
    async with context.db.transaction() as tx:
        await payments.note_cash(tx, uuid4(), booking, "given_back", 4000, "USD", actor_id=cast.farid)
    assert await value(context, "select count(*) from cash_share_rows") == 0


async def test_a_lead_who_is_new_gets_what_is_paid_from_then_on(context: Context, cast: Cast) -> None:
    await set_terms(context, None, 20_00)
    await pay_for(context, cast.gathering, [3000])
    await change(context, "update hosts set part = 'co' where circle_id = $1", cast.circle)
    await change(
        context,
        "insert into hosts (circle_id, person_id, part) values ($1, $2, 'lead')",
        cast.circle,
        cast.fern,
    )
    await pay_for(context, cast.gathering, [4000], name="Later")
    found = await rows(context, "select facilitator_id, part from payment_shares order by amount")
    assert [tuple(row) for row in found] == [(cast.farid, 2400), (cast.fern, 3200)]


async def test_an_export_of_a_facilitator_tells_nobodys_amount(context: Context, cast: Cast) -> None:
    """Their statements are in it, and no row of a single payment."""
    await set_terms(context, None, 20_00)
    bookings = await pay_for(context, cast.gathering, [3011, 4022, 5033, 6044, 7055])
    await close_months(context)
    async with context.db.reading() as tx:
        tables = dict(await personal_data.SQL.everything_of(tx, person=cast.farid))
        members = dict(
            await personal_data.SQL.everything_of(
                tx, person=await tx.fetchval("select person_id from bookings where id = $1", bookings[0])
            )
        )
    text = str(tables)
    assert tables["statement_lines"]
    assert "25165" in text
    assert not [amount for amount in ("3011", "4022", "5033", "6044", "7055", "2409") if amount in text]
    assert members["payment_shares"]
    assert members["ledger_lines"]
    assert not members["statements"]


async def test_a_total_at_the_end_of_the_scale_waits(context: Context, cast: Cast) -> None:
    """Six who all paid the least: the total would say so of each of them. One who paid more is enough."""
    await set_terms(context, None, 20_00)
    await pay_for(context, cast.gathering, [3000] * (LEAST + 1))
    await close_months(context)
    assert await rows(context, MONTH) == []
    await pay_for(context, await add_gathering(context, cast.circle, days=9), [3500], name="Later")
    await close_months(context, 2)
    assert [row["amount"] for row in await rows(context, MONTH)] == [21_500]


async def test_fees_are_added_once_all_are_known(context: Context, cast: Cast) -> None:
    await set_terms(context, None, 20_00)
    await pay_for(context, cast.gathering, [3000, 4000, 5000, 6000, 7000])
    await close_months(context)
    known = (
        "insert into balance_transactions (id, type, amount, fee, net, currency, made_at, available_at, checkout_id)"
        " select 'txn_' || id, 'charge', amount, 150, amount - 150, 'USD', now(), now(), id from checkouts"
        " order by amount limit $1 on conflict do nothing"
    )
    await change(context, known, 4)
    await closing.close_months(context)
    assert await value(context, "select fees from statement_lines") is None
    await change(context, known, 5)
    await closing.close_months(context)
    assert await value(context, "select fees from statement_lines") == 750


async def at_an_account(context: Context, bookings: list[UUID], person: UUID) -> None:
    """The parts of these payments went to somebody's account at Stripe."""
    account = await value(
        context,
        "insert into connect_accounts (person_id, idempotency_key, request, stripe_id)"
        " values ($1, 'key', '{}', 'acct_1') on conflict (stripe_id) do update set stripe_id = 'acct_1' returning id",
        person,
    )
    await name_account(context, bookings, "acct_1")
    await change(
        context,
        "insert into transfer_rows (at, checkout_id, account_id, kind, amount, currency, stripe_id, transfer_id)"
        " select now(), checkout_id, $2, 'transfer', part, currency, 'tr_' || checkout_id, 'tr_' || checkout_id"
        " from payment_shares where booking_id = any($1)",
        bookings,
        account,
    )


async def test_what_an_account_got_is_of_as_many_people(context: Context, cast: Cast) -> None:
    """Four were collected by the community, one went to a new account: "You have" would be the part of the one."""
    await set_terms(context, None, 20_00)
    bookings = await pay_for(context, cast.gathering, [3000, 4000, 5000, 6000, 7000])
    await at_an_account(context, bookings[4:], cast.farid)
    await close_months(context)
    assert await rows(context, MONTH) == []
    more = await pay_for(
        context, await add_gathering(context, cast.circle, days=9), [3100, 4100, 5100, 6100], name="Later"
    )
    await at_an_account(context, more, cast.farid)
    await close_months(context, 2)
    (line,) = await rows(context, MONTH)
    assert (line["way"], line["amount"], line["part"], line["transferred"]) == (
        "account", 25_400, 20_320, 20_320,
    )  # fmt: skip
    assert await value(context, "select sum(amount) from unstated_shares") == 18_000


FEE = (
    "insert into balance_transactions (id, type, amount, fee, net, currency, made_at, available_at, checkout_id)"
    " select 'txn_' || id, 'charge', amount, amount / 30, amount - amount / 30, 'USD', now(), now(), id from checkouts"
)


async def test_fees_do_not_tell_what_one_person_got_back(context: Context, cast: Cast) -> None:
    """Fees follow from all that was paid; less what was received, they leave what went back."""
    await set_terms(context, None, 20_00)
    bookings = await pay_for(context, cast.gathering, [3000, 4000, 5000, 6000, 7000, 4500])
    await refund(context, bookings[5], 4500)
    await close_months(context)
    await change(context, FEE)
    await closing.close_months(context)
    (line,) = await rows(context, "select amount, fees, hides_fees from statement_lines")
    assert tuple(line) == (25_000, None, True)


async def test_fees_are_of_enough_people_who_paid(context: Context, cast: Cast) -> None:
    """What went back of many and was paid by one: the fees would be of that one payment."""
    await set_terms(context, None, 20_00)
    bookings = await pay_for(context, cast.gathering, [3000, 4000, 5000, 6000, 7000])
    await close_months(context)
    for booking in bookings:
        await refund(context, booking, 1000)
    await pay_for(context, await add_gathering(context, cast.circle, days=9), [6500], name="Later")
    await change(context, FEE)
    await close_months(context, 2)
    await closing.close_months(context)
    found = await rows(context, "select amount, fees from statement_lines order by since")
    assert [tuple(row) for row in found] == [(25_000, 832), (1500, None)]
