"""What the model test compares: the site's own state, the look-alike's books, and what people are owed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from circles.store import checks
from tests.payments.model.world import Site, due_jobs

LIVE = ("pending", "requires_action", "succeeded")

# Those that compare with the present time hold once the timetable has done its work.
_OF_TIME = "now()"

BOOKINGS = """select bookings.id, person_id, gathering_id, bookings.state, kind, amount, currency, end_cause, exists (
    select from checkout_lines as lines
    join checkouts on checkouts.id = lines.checkout_id
    join practice_objects as charge on charge.kind = 'payment_intent'
        and (charge.body ->> 'amount_received')::bigint > 0
        and charge.body -> 'metadata' ->> 'booking' is not null
        and bookings.id::text in (select value from jsonb_each_text(charge.body -> 'metadata'))
    where lines.booking_id = bookings.id
) as is_charged
from bookings join gatherings on gatherings.id = gathering_id order by bookings.created_at, starts_at"""

OBJECTS = "select id, kind, body from practice_objects where kind = any($1) order by created_at, id"

PASSES = """select passes.id, circle_id, person_id, state, amount, end_cause, exists (
    select from practice_objects as charge
    where charge.kind = 'payment_intent' and (charge.body ->> 'amount_received')::bigint > 0
        and passes.id::text in (select value from jsonb_each_text(charge.body -> 'metadata'))
) as is_charged from passes order by created_at"""

PAYMENTS = """select checkouts.payment_intent, coalesce(lines.booking_id, lines.pass_id) as item
from checkouts join checkout_lines as lines on lines.checkout_id = checkouts.id
where checkouts.payment_intent <> '' and checkouts.state = 'paid'"""

OURS = """select payment_intent, sum(money_rows.amount)::bigint as amount from money_rows
join checkouts on checkouts.id = checkout_id group by payment_intent"""

# What is still to go back of each booking. elsewhere: by refunds made at Stripe's dashboard that failed, which may have
# been owed, or not.
OWED = """select
    coalesce(booking_id, pass_id) as item, sum(amount - covered)::bigint as amount,
    coalesce(sum(amount - covered) filter (where reason = 'at_stripe'), 0)::bigint as elsewhere
from operations where kind = 'refund' and state in ('due', 'failed') group by 1"""

STRIPE_IDS = """select id from practice_objects
where kind = 'checkout' and body ->> 'client_reference_id' in (
    select checkouts.booking_id::text from checkouts join checkout_lines on checkout_lines.checkout_id = checkouts.id
    where checkout_lines.booking_id = any($1) and not checkout_lines.is_addition
)"""

# Additional payments of seats that ended, which could still be paid.
USELESS = """select checkouts.id from checkouts
join checkout_lines as lines on lines.checkout_id = checkouts.id and lines.is_addition
join bookings on bookings.id = lines.booking_id and bookings.state = 'cancelled'
join practice_objects as theirs on theirs.id = checkouts.stripe_id and theirs.body ->> 'status' = 'open'"""

# Checkouts of which nothing is decided, and no person is asked to.
OPEN = """select id, state, covers, stripe_id from checkouts
where state in ('asked', 'open') and not exists (
    select from payment_findings
    where payment_findings.stripe_id = checkouts.stripe_id and payment_findings.settled_at is null
)"""

UNDECIDED = """select id from practice_objects
where kind = 'checkout' and body ->> 'status' = 'complete' and body ->> 'payment_status' = 'unpaid'"""

# Whatever changes as long as something is under way.
STATE = """select about, state from (
    select id::text as about, state from bookings
    union all select id::text, concat_ws(' ', state, amount, covered, stripe_id) from operations
    union all select id::text, state from checkouts
    union all select id::text, state from waits
    union all select id::text, concat_ws(' ', state, used) from passes
    union all select stripe_id || kind, amount::text from money_rows
    union all select id, body ->> 'status' from practice_objects where kind <> 'event'
) as parts order by about, state"""

# What is stored of some bookings, for the reader of a failure.
STORY = (
    "select id, state, kind, amount, end_cause from bookings where id = any($1) order by created_at",
    "select id, booking_id, checkout_id, state, amount, covered, disputed, reason, fault, stripe_id, failed_ids "
    "from operations where booking_id = any($1) and kind <> 'create_checkout' order by created_at",
    "select booking_id, checkout_id, kind, amount, stripe_id from money_rows where booking_id = any($1)",
    "select about, what, before, after, why, details from events where about = any($1) order by id",
)

# The lines of paid payments, with what an organizer reads as left of the payment, and the bookings that it paid.
LINES = """select lines.checkout_id, coalesce(lines.booking_id, lines.pass_id) as item, (
        select (
            select coalesce(sum(amount), 0) from money_rows where money_rows.checkout_id = lines.checkout_id
        ) - (
            select coalesce(sum(amount - covered), 0) from operations as refunds
            where refunds.checkout_id = lines.checkout_id and kind = 'refund'
                and refunds.state in ('due', 'failed')
        )
    )::int as left,
    array(
        select coalesce(booking_id, pass_id) from checkout_lines as all_lines
        where all_lines.checkout_id = lines.checkout_id
    ) as together
from checkout_lines as lines join checkouts on checkouts.id = lines.checkout_id and checkouts.state = 'paid'
order by checkouts.created_at, lines.position"""

# The part of each line of a payment of which something moved: what it is of, what went back of that, and what is due by
# our rows.
PARTS = """select lines.booking_id, shares.facilitator_id, checkouts.currency, lines.amount, lines.is_addition,
    shares.part,
    coalesce(moved.part, 0) as due, least(greatest(lines.amount - kept.amount, 0), lines.amount) as gone
from checkout_lines as lines
join checkouts on checkouts.id = lines.checkout_id
cross join lateral (
    select sum(amount)::bigint as amount from money_rows
    where money_rows.checkout_id = lines.checkout_id and money_rows.booking_id = lines.booking_id
) as kept
left join payment_shares as shares
    on shares.checkout_id = lines.checkout_id and shares.booking_id = lines.booking_id
left join lateral (select sum(part)::bigint as part from share_rows where share_id = shares.id) as moved on true
where kept.amount is not null"""

# The same of each pass. used: what the gatherings on it are worth; waiting: what is still to go back of it.
PASS_PARTS = """select passes.id, state, passes.amount, uses, passes.currency, hosts.person_id as facilitator_id,
    paid.amount as paid, coalesce(shown.income, 0) as income, coalesce(moved.part, 0) as due,
    (
        select coalesce(sum(value), 0) from pass_uses where pass_id = passes.id and state <> 'given_back'
    )::bigint as used,
    (
        select coalesce(sum(operations.amount - covered), 0) from operations
        where pass_id = passes.id and kind = 'refund' and state in ('due', 'failed') and settled_at is null
    )::bigint as waiting
from passes
join hosts on hosts.circle_id = passes.circle_id and hosts.part = 'lead'
cross join lateral (select sum(amount)::bigint as amount from money_rows where pass_id = passes.id) as paid
left join lateral (
    select - sum(lines.amount)::bigint as income from ledger_entries as entries
    join ledger_lines as lines on lines.entry_id = entries.id and lines.account = 'sales'
    where entries.pass_id = passes.id and entries.kind <> 'pass_share'
) as shown on true
left join lateral (
    select sum(rows.part)::bigint as part from pass_shares
    join pass_share_rows as rows on rows.share_id = pass_shares.id where pass_shares.pass_id = passes.id
) as moved on true
where paid.amount is not null"""

# What each facilitator got: transferred by the look-alike's books, paid by hand, and kept of cash beyond their part.
HAD = """select person_id, currency, sum(amount)::bigint as amount from (
    select accounts.person_id, upper(body ->> 'currency') as currency,
        (body ->> 'amount')::bigint - (body ->> 'amount_reversed')::bigint as amount
    from practice_objects
    join connect_accounts as accounts on accounts.stripe_id = body ->> 'destination' where kind = 'transfer'
    union all
    select facilitator_id, currency, amount from hand_payouts
    union all
    select facilitator_id, currency, rows.amount - rows.part from cash_shares
    join cash_share_rows as rows on rows.share_id = cash_shares.id
) as parts group by person_id, currency"""

NOTED = "select id, amount from hand_payouts order by at"

DEBTS = """select owner_id, currency, - sum(amount)::bigint as amount from ledger_lines
where account = 'facilitators' group by owner_id, currency"""

# What an organizer asked for of their own payment, with what would be freed.
ASKED = """select id, frees_seat, array(
    select coalesce(lines.booking_id, lines.pass_id) from checkout_lines as lines
    where lines.checkout_id = asked.checkout_id
        and (asked.booking_id is null or asked.booking_id in (lines.booking_id, lines.pass_id))
) as items
from refunds_by_hand as asked where state = 'asked' order by asked_at"""

# What each account has of a payment by the look-alike's books, what it should have, and whether that waits for a
# person or for the account.
TRANSFERS = """select payments.checkout_id, coalesce(due.amount, 0) as due, coalesce(had.amount, 0) as transferred,
    payments.settle_at is not null or payments.fault <> '' or payments.differs <> '{}' or not accounts.is_active
    or exists (
        select from connect_operations as operations
        where operations.checkout_id = payments.checkout_id and operations.state <> 'done'
    ) as waits
from connected_payments as payments
join connect_accounts as accounts on accounts.id = payments.account_id
join checkouts on checkouts.id = payments.checkout_id and checkouts.state = 'paid'
cross join lateral (
    select sum(share_rows.part)::bigint as amount
    from payment_shares join share_rows on share_rows.share_id = payment_shares.id
    where payment_shares.checkout_id = payments.checkout_id
) as due
cross join lateral (
    select sum((sent.body ->> 'amount')::bigint - (sent.body ->> 'amount_reversed')::bigint) as amount
    from practice_objects as charge
    join practice_objects as sent on sent.kind = 'transfer'
        and (
            sent.body ->> 'source_transaction' = charge.id
            or sent.body ->> 'transfer_group' = charge.body ->> 'transfer_group'
        )
    where charge.kind = 'charge' and charge.body ->> 'payment_intent' = checkouts.payment_intent
) as had
where payments.given_up_at is null"""

# By currency, what our ledger says that Stripe holds for us, and what the look-alike holds.
BALANCES = """select currency, sum(ours)::bigint as ours, sum(stripe)::bigint as stripe from (
    select currency, sum(amount) as ours, 0 as stripe from ledger_lines where account = 'stripe' group by currency
    union all
    select upper(body ->> 'currency'), 0, sum((body ->> 'net')::bigint) from practice_objects
    where kind = 'balance_transaction' group by 1
) as parts group by currency"""

LEFT = "select id from practice_objects where id = $1"

BALANCE_STORY = (
    "select lines.currency, lines.amount, kind, source from ledger_lines as lines "
    "join ledger_entries on ledger_entries.id = entry_id where account = 'stripe' order by ledger_entries.at",
    "select body ->> 'type' as type, body ->> 'currency' as currency, body ->> 'net' as net, body ->> 'fee' as fee, "
    "body ->> 'source' as source, place, own_amount, to_timestamp((body ->> 'created')::bigint), made_at "
    "from practice_objects as theirs left join balance_transactions as ours on ours.id = theirs.id "
    "where kind = 'balance_transaction' order by created_at",
    "select kind, about, ours, stripe, ended from reconciliation_differences",
)

CASH = "select booking_id, sum(amount)::bigint as amount from cash_rows group by booking_id"


@dataclass(frozen=True)
class Snapshot:
    """The bookings of the site, and the objects of the look-alike by their kinds."""

    bookings: Mapping[UUID, asyncpg.Record]
    objects: Mapping[str, list[dict[str, Any]]]
    refunds: list[asyncpg.Record]
    findings: list[asyncpg.Record]
    cash: Mapping[UUID, int]
    jobs: Sequence[asyncpg.Record]
    passes: Mapping[UUID, asyncpg.Record]

    @classmethod
    async def read(cls, site: Site) -> Snapshot:
        kinds = ("checkout", "payment_intent", "refund", "dispute", "payout")
        objects: dict[str, list[dict[str, Any]]] = {kind: [] for kind in kinds}
        async with site.context.db.reading() as tx:
            bookings = await tx.fetch(BOOKINGS)
            for row in await tx.fetch(OBJECTS, kinds):
                objects[row["kind"]].append(row["body"])
            refunds = await tx.fetch(
                "select * from operations where kind like 'refund%' order by created_at, id"
            )
            findings = await tx.fetch(
                "select * from payment_findings where settled_at is null order by created_at, id"
            )
            due, passes = await due_jobs(tx), {row["id"]: row for row in await tx.fetch(PASSES)}
            cash = {row["booking_id"]: row["amount"] for row in await tx.fetch(CASH)}
        return cls({row["id"]: row for row in bookings}, objects, refunds, findings, cash, due, passes)

    @property
    def by_hand(self) -> dict[UUID, int]:
        """What organizers refunded by hand of each booking, in minor units."""
        sums: Counter[UUID] = Counter()
        for row in self.refunds:
            if row["by_hand"]:
                sums[row["booking_id"] or row["pass_id"]] += row["amount"]
        return dict(sums)

    @property
    def of_returned_uses(self) -> dict[UUID, int]:
        """What was to go back of each pass that had ended, since a seat on it was given back."""
        sums: Counter[UUID] = Counter()
        for row in self.refunds:
            if row["reason"] == "pass_use_returned":
                sums[row["pass_id"]] += row["amount"]
        return dict(sums)

    def of_state(self, *states: str) -> list[asyncpg.Record]:
        return [row for row in self.bookings.values() if row["state"] in states]

    def charges(self) -> dict[str, dict[str, Any]]:
        """The payments that moved money, by their ids."""
        return {body["id"]: body for body in self.objects["payment_intent"] if body["amount_received"]}

    def left_at_stripe(self) -> dict[str, int]:
        """Of every payment, what the look-alike's books say is left of it."""
        books = {id: body["amount_received"] for id, body in self.charges().items()}
        for refund in self.objects["refund"]:
            if refund["status"] in LIVE:
                books[refund["payment_intent"]] -= refund["amount"]
        for dispute in self.objects["dispute"]:
            books[dispute["payment_intent"]] += sum(
                move["amount"] for move in dispute["balance_transactions"]
            )
        return books

    def gone_elsewhere(self) -> dict[str, int]:
        """Of every payment, what went back at Stripe's dashboard and by disputes that were lost."""
        gone: dict[str, int] = dict.fromkeys(self.charges(), 0)
        # One that failed may be tried again by an organizer, and is then a refund of ours.
        made_there = {str(row["id"]) for row in self.refunds if row["reason"] == "at_stripe"}
        for refund in self.objects["refund"]:
            if refund["status"] in LIVE and refund["metadata"].get("operation") in (None, *made_there):
                gone[refund["payment_intent"]] += refund["amount"]
        for dispute in self.objects["dispute"]:
            gone[dispute["payment_intent"]] -= sum(move["amount"] for move in dispute["balance_transactions"])
        return gone


def groups(pairs: Collection[tuple[str, UUID]]) -> list[tuple[set[str], set[UUID]]]:
    """Payments and bookings that belong together: a payment may pay several bookings, and a booking have several."""
    together: list[tuple[set[str], set[UUID]]] = []
    for payment, booking in pairs:
        joined: tuple[set[str], set[UUID]] = ({payment}, {booking})
        others = []
        for payments, bookings in together:
            if payment in payments or booking in bookings:
                joined = joined[0] | payments, joined[1] | bookings
            else:
                others.append((payments, bookings))
        together = [*others, joined]
    return together


# asyncpg prepares shorter statements once; planning takes longer than all of these checks.
_MAX_STATEMENT = 14_000


def invariants(*, of_time: bool) -> list[str]:
    """All invariants of checks.sql, in few statements. of_time: also those that hold once the timetable has run."""
    statements, length = [[]], 0
    for name in sorted(name for name in checks.SQL.available_queries if not name.endswith("_cursor")):
        sql = getattr(checks.SQL, name).sql.rstrip().rstrip(";")
        if _OF_TIME in sql and not of_time:
            continue
        part = f"select '{name}' as name, ({sql}) as broken"
        if length + len(part) > _MAX_STATEMENT:
            statements.append([])
            length = 0
        statements[-1].append(part)
        length += len(part) + len(_JOIN)
    return [_JOIN.join(parts) for parts in statements]


_JOIN = " union all "
ALWAYS, IN_THE_END = invariants(of_time=False), invariants(of_time=True)
