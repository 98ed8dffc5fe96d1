"""The ledger in double entry: what each movement posts, that entries add up and are never changed, sums of months."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from circles.payments.ledger import sums
from circles.store import db
from circles.store.context import Context
from tests.cast import Cast, add_booking
from tests.helpers import change, rows, value

ACCOUNTS = ("stripe", "bank", "cash", "sales", "fees", "facilitators", "passes", "unknown")
POST = "select post_entry($1, $2, $3, $4, null, $5, $6, $7)"


class UndoneError(Exception):
    """Raised to roll back what a test posted without a source."""


async def lines(context: Context, kind: str) -> list[tuple[str, int]]:
    """The lines of the entries of a kind, in the order in which they were posted."""
    found = await rows(
        context,
        "select lines.account, lines.amount from ledger_lines as lines join ledger_entries on id = entry_id"
        " where kind = $1 order by entry_id, position",
        kind,
    )
    return [(row["account"], row["amount"]) for row in found]


@pytest.mark.parametrize(
    ("kind", "amount"),
    [("refund", -2000), ("refund_returned", 1500), ("dispute", -2500), ("dispute_returned", 2500)],
)
async def test_what_moves_at_stripe_moves_the_income_of_its_circle(
    cast: Cast, kind: str, amount: int
) -> None:
    booking = await add_booking(cast.context, cast.gathering, cast.mira, kind="paid", amount=4500)
    assert await lines(cast.context, "payment") == [("stripe", 4500), ("sales", -4500)]
    async with cast.context.db.transaction() as tx:
        with pytest.raises(UndoneError):
            async with tx.transaction():
                await tx.execute(
                    "insert into money_rows (booking_id, checkout_id, kind, amount, currency, stripe_id)"
                    " select booking_id, checkout_id, $2, $3, currency, 'moved' from money_rows where booking_id = $1",
                    booking, kind, amount,
                )  # fmt: skip
                found = await tx.fetch(
                    "select lines.account, lines.amount, lines.owner_id, entries.booking_id, entries.circle_id"
                    " from ledger_lines as lines join ledger_entries as entries on entries.id = entry_id"
                    " where entries.kind = $1 order by position",
                    kind,
                )
                assert [tuple(row.values()) for row in found] == [
                    ("stripe", amount, None, booking, cast.circle),
                    ("sales", -amount, cast.circle, booking, cast.circle),
                ]
                raise UndoneError


async def test_cash_is_an_account_of_its_own(cast: Cast) -> None:
    """Of a booking, and of somebody who came without one."""
    booking = await add_booking(cast.context, cast.free_gathering, cast.mira, kind="free")
    walk_in = uuid4()
    await change(
        cast.context,
        "insert into walk_ins (id, gathering_id, name, added_by) values ($1, $2, 'Ann', $3)",
        walk_in, cast.gathering, cast.farid,
    )  # fmt: skip
    await change(
        cast.context, "insert into events (what, about, after) values ('walk_in.added', $1, '')", walk_in
    )
    for of, id, kind, amount in (
        ("booking_id", booking, "received", 3000), ("booking_id", booking, "given_back", -1000),
        ("walk_in_id", walk_in, "received", 2000),
    ):  # fmt: skip
        row = await value(
            cast.context,
            f"insert into cash_rows (id, {of}, kind, amount, currency, noted_by)"
            " values (gen_random_uuid(), $1, $2, $3, 'USD', $4) returning id",
            id, kind, amount, cast.farid,
        )  # fmt: skip
        await change(
            cast.context, "insert into events (what, about, after) values ('cash.noted', $1, '')", row
        )
    assert await lines(cast.context, "cash") == [
        ("cash", 3000), ("sales", -3000), ("cash", -1000), ("sales", 1000), ("cash", 2000), ("sales", -2000),
    ]  # fmt: skip
    circles = await rows(
        cast.context, "select circle_id, booking_id from ledger_entries where kind = 'cash' order by id"
    )
    assert [tuple(row.values()) for row in circles] == [
        (cast.other_circle, booking), (cast.other_circle, booking), (cast.circle, None),
    ]  # fmt: skip


async def test_the_same_source_is_posted_once(cast: Cast) -> None:
    async with cast.context.db.transaction() as tx:
        with pytest.raises(UndoneError):
            async with tx.transaction():
                first = await tx.fetchval(
                    POST, "fee", "txn_1", "usd", None, ["fees", "stripe"], [None, None], [9, -9]
                )
                again = await tx.fetchval(
                    POST, "fee", "txn_1", "usd", None, ["fees", "stripe"], [None, None], [8, -8]
                )
                other = await tx.fetchval(
                    POST, "payout", "txn_1", "usd", None, ["bank", "stripe"], [None, None], [9, -9]
                )
                nothing = await tx.fetchval(
                    POST, "fee", "txn_0", "usd", None, ["fees", "stripe"], [None, None], [0, 0]
                )
                assert first == again != other
                assert nothing is None
                assert await tx.fetchval(
                    "select array_agg(amount) from ledger_lines where entry_id = $1", first
                ) == [9, -9]
                raise UndoneError


@pytest.mark.parametrize(
    "statement",
    [
        "update ledger_lines set amount = amount + 1",
        "update ledger_entries set circle_id = null",
        "delete from ledger_lines",
        "delete from ledger_entries",
        "truncate ledger_entries, ledger_lines",
        "insert into ledger_lines select entry_id, 3, account, owner_id, amount, currency, at from ledger_lines",
        "insert into ledger_lines (entry_id, position, account, amount, currency, at)"
        " select id, place + 2, 'bank', place * 2 - 3, currency, at"
        " from ledger_entries, generate_series(1, 2) as place",
        "insert into ledger_entries (at, kind, source, currency, lines) values (now(), 'fee', 'txn_1', 'USD', 2)",
        "insert into ledger_lines (entry_id, position, account, amount, currency, at)"
        " select id, 3, 'sale', 1, currency, at from ledger_entries",
    ],
)
async def test_entries_are_never_changed_and_always_add_up(cast: Cast, statement: str) -> None:
    """A pair of lines that adds up to nothing cannot be added to an entry either."""
    await add_booking(cast.context, cast.gathering, cast.mira, kind="paid", amount=4500)
    before = await lines(cast.context, "payment")
    with pytest.raises(db.IntegrityConstraintViolationError):
        await change(cast.context, statement)
    assert await lines(cast.context, "payment") == before


ENTRY = st.lists(st.tuples(st.sampled_from(ACCOUNTS), st.integers(-(10**12), 10**12)), min_size=1, max_size=6)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries=st.lists(ENTRY, min_size=1, max_size=12))
async def test_any_entry_adds_up_or_is_refused(
    context: Context, entries: list[list[tuple[str, int]]]
) -> None:
    """Whatever accounts it touches, it is read as what came in, went back, was kept and was paid out, to the cent."""
    async with context.db.transaction() as tx:
        with pytest.raises(UndoneError):
            async with tx.transaction():
                for number, entry in enumerate(entries):
                    await _post_closed(tx, f"any_{number}", entry)
                await tx.execute("set constraints all immediate")
                await _compare(tx, entries)
                raise UndoneError
        unequal = [*entries[0], ("fees", 1 - sum(amount for _, amount in entries[0]))]
        with pytest.raises(db.IntegrityConstraintViolationError):
            async with tx.transaction():
                await _post(tx, "unequal", unequal)
                await tx.execute("set constraints all immediate")


async def _post(tx: db.Tx, source: str, entry: list[tuple[str, int]]) -> None:
    accounts, amounts = [account for account, _ in entry], [amount for _, amount in entry]
    await tx.execute(POST, "any", source, "EUR", None, accounts, [None] * len(entry), amounts)


async def _post_closed(tx: db.Tx, source: str, entry: list[tuple[str, int]]) -> None:
    """An entry whose last line makes it add up to nothing."""
    await _post(tx, source, [*entry, ("sales", -sum(amount for _, amount in entry))])


async def _compare(tx: db.Tx, entries: list[list[tuple[str, int]]]) -> None:
    found = {
        row["source"]: row for row in await tx.fetch("select * from ledger_movements where kind = 'any'")
    }
    for number, entry in enumerate(entries):
        closed = [*entry, ("sales", -sum(amount for _, amount in entry))]
        of: dict[str, int] = {account: sum(n for a, n in closed if a == account) for account in ACCOUNTS}
        if not any(amount for _, amount in closed):
            assert f"any_{number}" not in found
            continue
        row: Any = found[f"any_{number}"]
        assert (row["income"], row["owed"]) == (-of["sales"], -of["facilitators"])
        assert (row["stripe"], row["bank"], row["cash"], row["fee"]) == (
            of["stripe"],
            of["bank"],
            of["cash"],
            of["fees"],
        )
        held = of["stripe"] + of["bank"] + of["cash"]
        if any(account in ("stripe", "bank", "cash") and amount for account, amount in closed):
            assert row["gross"] - row["refund"] - row["fee"] - row["paid_out"] == held
        assert row["gross"] >= 0
        assert row["gross"] == 0 or row["refund"] == 0


# Sums of months


async def kept(context: Context) -> list[tuple[Any, ...]]:
    found = await rows(
        context,
        "select to_char(month, 'YYYY-MM'), kind, entries, gross, refund from ledger_sums order by month, kind",
    )
    return [tuple(row.values()) for row in found]


async def test_sums_of_months_are_kept_by_the_timetable(cast: Cast) -> None:
    """What was posted since is added once; what nobody kept yet is counted by pages."""
    booking = await add_booking(cast.context, cast.gathering, cast.mira, kind="paid", amount=4500)
    month = await value(cast.context, "select to_char(at at time zone 'UTC', 'YYYY-MM') from ledger_entries")
    await sums.sum_months(cast.context)
    await sums.sum_months(cast.context)
    assert await kept(cast.context) == [(month, "payment", 1, 4500, 0)]
    await add_booking(cast.context, cast.gathering, cast.milo, kind="paid", amount=3000)
    assert await kept(cast.context) == [(month, "payment", 1, 4500, 0)]
    await sums.sum_months(cast.context)
    assert await kept(cast.context) == [(month, "payment", 2, 7500, 0)]
    assert booking


async def test_many_entries_are_summed_in_batches(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sums, "PER_BATCH", 1)
    for person in (cast.mira, cast.milo, cast.fern):
        await add_booking(cast.context, cast.gathering, person, kind="paid", amount=4500)
    await sums.sum_months(cast.context)
    assert [row[2:] for row in await kept(cast.context)] == [(3, 13500, 0)]


async def test_nothing_is_summed_while_an_entry_is_being_written(cast: Cast) -> None:
    """It may have a lower number than one that is there already: it would never be counted."""
    booking = await add_booking(cast.context, cast.gathering, cast.mira, kind="paid", amount=4500)
    async with cast.context.db.transaction() as tx:
        await tx.execute(
            "insert into money_rows (booking_id, checkout_id, kind, amount, currency, stripe_id)"
            " select booking_id, checkout_id, 'dispute', -1, currency, 'moved' from money_rows where booking_id = $1",
            booking,
        )
        await add_booking(cast.context, cast.gathering, cast.milo, kind="paid", amount=3000)
        await sums.sum_months(cast.context)
        assert await kept(cast.context) == []
        await tx.execute(
            "insert into disputes (stripe_id, booking_id, checkout_id, amount, currency, state, made_at)"
            " select 'dp_1', booking_id, id, 1, currency, 'lost', now() from checkouts where booking_id = $1",
            booking,
        )
    await sums.sum_months(cast.context)
    assert sorted(row[1:] for row in await kept(cast.context)) == [
        ("dispute", 1, 0, 1),
        ("payment", 2, 7500, 0),
    ]


# Of each kind of entry: its lines, and what a bookkeeper reads.
READ: dict[str, tuple[dict[str, int], dict[str, int]]] = {
    "payment": ({"stripe": 4500, "sales": -4500}, {"gross": 4500, "income": 4500}),
    "refund": ({"stripe": -1000, "sales": 1000}, {"refund": 1000, "income": -1000}),
    "refund_returned": ({"stripe": 1000, "sales": -1000}, {"refund": -1000, "income": 1000}),
    "dispute_returned": ({"stripe": 4500, "sales": -4500}, {"refund": -4500, "income": 4500}),
    "cash": ({"cash": -500, "sales": 500}, {"refund": 500, "income": -500}),
    "fee": ({"fees": 161, "stripe": -161}, {"fee": 161}),
    "payout": ({"bank": 4000, "stripe": -4000}, {"payout": 4000}),
    "payout_returned": ({"bank": -4000, "stripe": 4000}, {"payout": -4000}),
    "unassigned": ({"stripe": 700, "unknown": -700}, {"gross": 700}),
    "share": ({"sales": 3000, "facilitators": -3000}, {"income": -3000, "owed": 3000}),
    "transfer": ({"facilitators": 3000, "stripe": -3000}, {"paid_out": 3000, "owed": -3000}),
    "reversal": ({"facilitators": -200, "stripe": 200}, {"paid_out": -200, "owed": 200}),
    "hand_payout": ({"facilitators": 3000, "bank": -3000}, {"paid_out": 3000, "owed": -3000}),
    "cash_share": (
        {"sales": 1500, "facilitators": 500, "cash": -2000},
        {"paid_out": 2000, "income": -1500, "owed": -500},
    ),
    "payment_of_pass": ({"stripe": 9000, "passes": -9000}, {"gross": 9000, "passes_sold": 9000}),
    "pass_settled": ({"passes": 1500, "sales": -1500}, {"income": 1500, "passes_sold": -1500}),
}
AMOUNTS = ("gross", "refund", "fee", "payout", "paid_out", "income", "owed", "passes_sold")


async def test_a_bookkeeper_reads_what_each_kind_means(context: Context) -> None:
    async with context.db.transaction() as tx:
        with pytest.raises(UndoneError):
            async with tx.transaction():
                for kind, (entry, _) in READ.items():
                    owners = [None] * len(entry)
                    await tx.execute(POST, kind, "1", "USD", None, list(entry), owners, list(entry.values()))
                found = await tx.fetch("select * from ledger_movements")
                assert {row["kind"]: {name: row[name] for name in AMOUNTS if row[name]} for row in found} == {
                    kind: expected for kind, (_, expected) in READ.items()
                }
                raise UndoneError
