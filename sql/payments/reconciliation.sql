-- name: payment_of_transfer(transfer_id)$
-- the checkout whose money went to a connected account by a transfer
select checkout_id from transfer_rows where transfer_id = :transfer_id limit 1;

-- name: end_left_runs(patience)!
-- runs whose process stopped half way make way for another one
update reconciliation_runs set ended_at = now(), outcome = 'left'
where ended_at is null and beat_at < now() - :patience::interval;

-- name: begin_run(asked_by, since, until)$
-- begin a run, unless one is under way
insert into reconciliation_runs (asked_by, since, until) values (:asked_by, :since, :until)
on conflict ((true)) where ended_at is null do nothing
returning id;

-- name: window_of_run()^
-- what a run compares when nobody asks for a month: since the newest one that was complete, or since the first payment. A run of a
-- month ends at another moment than it began at, and says nothing of the time beside that month
select
    coalesce(
        (select max(until) from reconciliation_runs where outcome = 'done' and until = began_at),
        (select min(at) from money_rows)
    ) as since,
    now() as now;

-- name: beat(id, transactions)$
-- a run is still at work, and has read so many transactions more; its id while it is its turn
update reconciliation_runs set beat_at = now(), transactions = transactions + :transactions
where id = :id and ended_at is null
returning id;

-- name: end_run(id, outcome, mended)!
-- a run is over
update reconciliation_runs set ended_at = now(), outcome = :outcome, mended = :mended
where id = :id and ended_at is null;

-- name: unplaced(grace, most)
-- balance transactions that nobody placed, older than what is still on its way here, with why; those that are not listed for a
-- person yet first
select
    transactions.id, transactions.source_id, transactions.payment_intent, transactions.reference, transactions.currency,
    transactions.amount, transactions.net, transactions.made_at, transactions.checkout_id, transactions.movement,
    case
        when transactions.movement = 'other' then 'other_not_here'
        when own.parts = 0 and transactions.movement = 'payment' then 'payment_not_here'
        when own.parts = 0 and transactions.movement like 'refund%' then 'refund_not_here'
        when own.parts = 0 and transactions.movement like 'dispute%' then 'dispute_not_here'
        when own.parts = 0 then 'transfer_not_here'
        when exists (
            select from balance_transactions as placed
            where placed.place = transactions.movement
                and placed.own_key = own_key_of(
                    transactions.movement, transactions.id, transactions.source_id, transactions.checkout_id
                )
        ) then 'twice'
        when upper(own.currency) <> transactions.currency then 'currency_differs'
        else 'amount_differs'
    end as kind,
    case when own.parts > 0 then own.amount end as ours, upper(own.currency) as own_currency
from (
    select balance_transactions.*, movement_of(type, category, source_id, amount) as movement
    from balance_transactions
    where place is null and made_at < now() - :grace::interval
    order by
        exists (
            select from reconciliation_differences as known
            where known.transaction_id = balance_transactions.id and known.ended_at is null
        ), made_at, id
    limit :most
) as transactions
cross join lateral own_movement(
    transactions.movement,
    own_key_of(transactions.movement, transactions.id, transactions.source_id, transactions.checkout_id),
    transactions.checkout_id
) as own
order by transactions.made_at, transactions.id;

-- name: is_placed(id)$
-- whether a balance transaction is placed beside a movement of ours; money of a finding is listed elsewhere
select place is not null and place <> 'finding' from balance_transactions where id = :id;

-- name: unmatched(since, until, grace)
-- movements of ours within a time, older than what Stripe may still list late, that no transaction of Stripe's has; a refund that
-- failed before any money moved is none, nor what a person settled since Stripe counts it in another currency
select
    moved.kind as movement, moved.checkout_id, moved.key, upper(moved.currency) as currency, moved.amount, moved.at,
    checkouts.payment_intent
from (
    select
        kind, checkout_id, currency, sum(amount)::bigint as amount, min(at) as at,
        case kind when 'payment' then checkout_id::text else split_part(stripe_id, ':', 1) end as key
    from money_rows
    where at >= :since and at < least(:until::timestamptz, now() - :grace::interval)
    group by kind, checkout_id, currency, case kind when 'payment' then checkout_id::text else split_part(stripe_id, ':', 1) end
    union all
    select 'transfer', checkout_id, currency, - amount, at, stripe_id
    from transfer_rows
    where at >= :since and at < least(:until::timestamptz, now() - :grace::interval)
) as moved
join checkouts on checkouts.id = moved.checkout_id
where not exists (
    select from balance_transactions as placed where placed.place = moved.kind and placed.own_key = moved.key
)
and not exists (
    select from balance_transactions as waiting
    where waiting.place is null
        and movement_of(waiting.type, waiting.category, waiting.source_id, waiting.amount) = moved.kind
        and own_key_of(moved.kind, waiting.id, waiting.source_id, waiting.checkout_id) = moved.key
)
and not exists (
    select from reconciliation_differences as settled
    join balance_transactions as theirs on theirs.id = settled.transaction_id
    where settled.kind = 'currency_differs' and settled.ended = 'settled' and settled.checkout_id = moved.checkout_id
        and movement_of(theirs.type, theirs.category, theirs.source_id, theirs.amount) = moved.kind
        and own_key_of(moved.kind, theirs.id, theirs.source_id, moved.checkout_id) = moved.key
)
and not (
    moved.kind like 'refund%' and (
        select sum(both_ways.amount) from money_rows as both_ways
        where both_ways.kind in ('refund', 'refund_returned') and both_ways.checkout_id = moved.checkout_id
            and split_part(both_ways.stripe_id, ':', 1) = moved.key
    ) = 0 and not exists (
        select from balance_transactions as listed where listed.source_id = moved.key
    )
)
order by moved.at, moved.key;

-- name: payouts_that_differ(since, until)
-- payouts of a time of which the parts do not add up, and those that failed while no later one arrived
select
    payouts.id, payouts.amount, payouts.currency, payouts.made_at, 'payout_does_not_add_up' as kind,
    inside.net as inside
from payouts
cross join lateral (
    select coalesce(sum(transactions.net), 0)::bigint as net from balance_transactions as transactions
    where transactions.payout_id = payouts.id and transactions.source_id <> payouts.id
) as inside
where payouts.made_at >= :since and payouts.made_at < :until and payouts.contents_read_at is not null
    and inside.net <> payouts.amount
union all
select payouts.id, payouts.amount, payouts.currency, payouts.made_at, 'payout_failed', null
from payouts
where payouts.made_at >= :since and payouts.made_at < :until and payouts.state = 'failed'
    and not exists (
        select from payouts as later
        where later.currency = payouts.currency and later.state = 'paid' and later.made_at > payouts.made_at
    )
union all
select transactions.source_id, - transactions.amount, transactions.currency, transactions.made_at, 'payout_unknown', null
from balance_transactions as transactions
where transactions.place = 'payout' and transactions.made_at >= :since and transactions.made_at < :until
    and not exists (select from payouts where payouts.id = transactions.source_id)
order by 4, 1;

-- name: record_differences(rows)
-- note what differs, each once: the ids of what is new or differs again. What a person settled stays settled, unless it is
-- another amount by now
insert into reconciliation_differences as known (
    kind, about, transaction_id, checkout_id, payout_id, currency, ours, stripe, other_currency, at
)
select
    given.kind, given.about, given.transaction_id, given.checkout_id, given.payout_id, given.currency, given.ours, given.stripe,
    given.other_currency, given.at
from jsonb_to_recordset(:rows::jsonb) as given (
    kind text, about text, transaction_id text, checkout_id uuid, payout_id text, currency text, ours bigint, stripe bigint,
    other_currency text, at timestamptz
)
on conflict (kind, about) do update set
    ours = excluded.ours, stripe = excluded.stripe, ended_at = null, ended = null, settled_by = null, reason = '',
    found_at = now()
where case known.ended
    when 'settled' then (known.ours, known.stripe) is distinct from (excluded.ours, excluded.stripe)
    else known.ended_at is not null or (known.ours, known.stripe) is distinct from (excluded.ours, excluded.stripe)
end
returning known.id;

-- name: note_mended(kind, about, transaction_id, checkout_id, payout_id, currency, ours, stripe, other_currency, at)!
-- note what differed and had one right answer; what a person's settling posted before is taken back
insert into reconciliation_differences (
    kind, about, transaction_id, checkout_id, payout_id, currency, ours, stripe, other_currency, at, ended_at, ended
)
values (
    :kind, :about, :transaction_id, :checkout_id, :payout_id, :currency, :ours, :stripe, :other_currency, :at, now(), 'mended'
)
on conflict (kind, about) do update set ended_at = now(), ended = 'mended', settled_by = null, reason = '', posted = 0
where reconciliation_differences.ended is distinct from 'mended';

-- name: end_what_holds_no_longer()
-- differences that are none any more: what was not placed is, what Stripe did not have it has, a payout adds up or another one
-- arrived. What their settling posted is taken back, since the transaction itself is posted now
update reconciliation_differences as known set
    ended_at = now(), ended = 'gone', settled_by = null, reason = '', posted = 0
where (
    known.ended_at is null and exists (
        select from balance_transactions as transactions
        where transactions.id = known.transaction_id and transactions.place is not null
    )
    or known.ended = 'settled' and known.transaction_id is not null and exists (
        select from balance_transactions as transactions
        where transactions.id = known.transaction_id and transactions.place <> 'settled'
            and transactions.own_amount = transactions.amount
    )
    or known.kind in ('payment_not_there', 'refund_not_there', 'dispute_not_there', 'transfer_not_there', 'fee_unknown')
    and (known.ended_at is null or known.ended = 'settled')
    and exists (select from balance_transactions as placed where placed.own_key = known.about)
    or known.ended_at is null and (
        known.kind = 'payout_does_not_add_up' and exists (
            select from payouts where payouts.id = known.payout_id and payouts.amount = (
                select coalesce(sum(net), 0) from balance_transactions as inside
                where inside.payout_id = payouts.id and inside.source_id <> payouts.id
            )
        )
        or known.kind = 'payout_failed' and exists (
            select from payouts join payouts as later on later.currency = payouts.currency
            where payouts.id = known.payout_id and later.state = 'paid' and later.made_at > payouts.made_at
        )
        or known.kind = 'payout_unknown' and exists (select from payouts where payouts.id = known.payout_id)
    )
)
returning id;

-- name: books()
-- by currency: the sum of all of Stripe's transactions that were read, what our ledger says that Stripe holds, and what was settled of
-- a balance that Stripe's transactions do not explain
select
    currency, coalesce(sum(listed), 0)::bigint as listed, coalesce(sum(ledger), 0)::bigint as ledger,
    coalesce(sum(settled), 0)::bigint as settled
from (
    select currency, sum(net) as listed, null::numeric as ledger, null::numeric as settled
    from balance_transactions group by currency
    union all
    select currency, null, sum(amount), null from ledger_lines where account = 'stripe' group by currency
    union all
    select currency, null, null, posted from reconciliation_differences where kind = 'balance_differs'
) as parts
group by currency order by currency;

-- name: note_balance(run_id, currency, stripe, listed, ledger)!
-- what was so at the end of a run
insert into reconciliation_balances (run_id, currency, stripe, listed, ledger)
values (:run_id, :currency, :stripe, :listed, :ledger)
on conflict (run_id, currency) do update set
    stripe = excluded.stripe, listed = excluded.listed, ledger = excluded.ledger;

-- name: balance_agrees(currency)!
-- Stripe's balance is explained by its transactions: nothing is to be settled of it
update reconciliation_differences set ended_at = now(), ended = 'gone'
where kind = 'balance_differs' and about = :currency and ended_at is null;

-- name: newest_run()^
-- the newest run that compared everything, with the balances at its end; the end of a newer one that did not; and whether one is under way
select
    runs.*, broken_off.outcome as broken_off, broken_off.ended_at as broken_off_at,
    exists (
        select from reconciliation_runs as running
        where running.ended_at is null and running.beat_at > now() - interval '2 minutes'
    ) as is_running,
    (
        select jsonb_agg(to_jsonb(balances) order by balances.currency)
        from reconciliation_balances as balances where balances.run_id = runs.id
    ) as balances
from (select 1) as always
left join lateral (
    select * from reconciliation_runs where outcome = 'done' order by ended_at desc limit 1
) as runs on true
left join lateral (
    select outcome, ended_at from reconciliation_runs where ended_at is not null order by ended_at desc limit 1
) as broken_off on broken_off.outcome <> 'done';

-- name: open_differences(after, most)
-- what differs and nobody settled, the oldest first, with whom and what it is of
select differences.*, whose.booking_id, whose.person_name, whose.circle_name
from reconciliation_differences as differences
left join lateral payer_of_checkout(differences.checkout_id) as whose on true
where differences.ended_at is null
    and (
        :after::uuid is null
        or (differences.at, differences.id) > (
            select last.at, last.id from reconciliation_differences as last where last.id = :after
        )
    )
order by differences.at, differences.id limit :most;

-- name: ended_differences(most)
-- what was mended, settled or went away last
select differences.*, whose.booking_id, whose.person_name, whose.circle_name, people.name as settled_name
from (
    select * from reconciliation_differences where ended_at is not null order by ended_at desc limit :most
) as differences
left join people on people.id = differences.settled_by
left join lateral payer_of_checkout(differences.checkout_id) as whose on true
order by differences.ended_at desc;

-- name: open_of_kind(kind, most)
-- the differences of a kind that nobody settled, the oldest first
select id from reconciliation_differences where ended_at is null and kind = :kind order by at, id limit :most;

-- name: difference(id)^
-- one difference, with whom and what it is of, and how many others of its kind are open
select
    differences.*, whose.booking_id, whose.person_name, whose.circle_name, people.name as settled_name,
    (
        select count(*) from reconciliation_differences as others
        where others.ended_at is null and others.kind = differences.kind and others.id <> differences.id
    ) as others
from reconciliation_differences as differences
left join people on people.id = differences.settled_by
left join lateral payer_of_checkout(differences.checkout_id) as whose on true
where differences.id = :id;

-- name: lock_difference(id)^
-- a difference, locked
select * from reconciliation_differences where id = :id for no key update;

-- name: settle_difference(id, actor_id, reason, posted)!
-- a person settled a difference; posted: what that adds to what the ledger says that Stripe holds, in all
update reconciliation_differences set
    ended_at = now(), ended = 'settled', settled_by = :actor_id, reason = :reason, posted = :posted
where id = :id;

-- name: settle_transaction(id)!
-- place a transaction by a person's word: as what it is of where only the amount differs, else as money of nobody known
update balance_transactions as transactions set
    place = case when own.keeps then own.movement else 'settled' end,
    own_key = case when own.keeps then own.key end,
    own_amount = case when own.keeps then own.amount else 0 end,
    placed_at = now()
from (
    select
        waiting.id, waiting.movement, moved.amount,
        own_key_of(waiting.movement, waiting.id, waiting.source_id, waiting.checkout_id) as key,
        moved.parts > 0 and upper(moved.currency) = waiting.currency and not exists (
            select from balance_transactions as placed
            where placed.place = waiting.movement and placed.own_key = own_key_of(
                waiting.movement, waiting.id, waiting.source_id, waiting.checkout_id
            )
        ) as keeps
    from (
        select *, movement_of(type, category, source_id, amount) as movement
        from balance_transactions where id = :id and place is null
    ) as waiting
    cross join lateral own_movement(
        waiting.movement, own_key_of(waiting.movement, waiting.id, waiting.source_id, waiting.checkout_id), waiting.checkout_id
    ) as moved
) as own
where transactions.id = own.id;
