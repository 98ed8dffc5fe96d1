-- name: add_transaction(id, body)!
-- a balance transaction, in the order of when it was made, once
insert into practice_objects (id, kind, body, created_at)
select
    :id, 'balance_transaction', given.body,
    case
        when (given.body ->> 'created')::bigint < extract(epoch from now())::bigint - 60
            then to_timestamp((given.body ->> 'created')::bigint)
        else clock_timestamp()
    end
from (values (:body::jsonb)) as given (body)
on conflict (id) do nothing;

-- name: unbooked()
-- charges and refunds that moved money and have no balance transaction, the oldest first, locked
select kind, body from practice_objects
where kind in ('charge', 'refund') and body ->> 'balance_transaction' is null
    and coalesce(body ->> 'status', 'succeeded') not in ('failed', 'canceled')
order by created_at, id
for update;

-- name: unbooked_moves()
-- movements of disputes that are no balance transactions of their own yet
select move.body as move, disputes.id as dispute
from practice_objects as disputes
cross join lateral jsonb_array_elements(disputes.body -> 'balance_transactions') as move (body)
where disputes.kind = 'dispute'
    and not exists (select from practice_objects as known where known.id = move.body ->> 'id');

-- name: balances()
-- what is available and what is pending, by currency, in the smallest unit
select
    body ->> 'currency' as currency,
    coalesce(sum((body ->> 'net')::bigint) filter (
        where (body ->> 'available_on')::bigint <= extract(epoch from now())
    ), 0)::bigint as available,
    coalesce(sum((body ->> 'net')::bigint) filter (
        where (body ->> 'available_on')::bigint > extract(epoch from now())
    ), 0)::bigint as pending
from practice_objects where kind = 'balance_transaction'
group by body ->> 'currency' order by 1;

-- name: payable(now, with_pending)
-- what of each currency can be paid out: transactions that are in no payout, where more than nothing is left of them and of the
-- whole balance
select currency, amount from (
    select
        body ->> 'currency' as currency,
        coalesce(sum((body ->> 'net')::bigint) filter (where is_open), 0)::bigint as amount,
        sum((body ->> 'net')::bigint) as balance
    from (
        select
            body,
            payout is null
            and (:with_pending::boolean or (body ->> 'available_on')::bigint <= :now::bigint) as is_open
        from practice_objects where kind = 'balance_transaction'
    ) as transactions
    group by body ->> 'currency'
) as sums
where amount > 0 and balance >= amount order by currency;

-- name: pay_out(payout, currency, now, with_pending)!
-- the transactions of a currency that can be paid out are in this payout, and available by now
update practice_objects set
    payout = :payout,
    body = jsonb_set(body, '{available_on}', to_jsonb(least((body ->> 'available_on')::bigint, :now::bigint)))
where kind = 'balance_transaction' and payout is null
    and body ->> 'currency' = :currency
    and (:with_pending::boolean or (body ->> 'available_on')::bigint <= :now::bigint);

-- name: note_payout(id, payout)!
-- a payout's own transaction is among those that are listed of it
update practice_objects set payout = :payout where id = :id;

-- name: arriving()
-- payouts whose days have passed
select id from practice_objects
where kind = 'payout' and body ->> 'status' = 'in_transit'
    and (body ->> 'arrival_date')::bigint <= extract(epoch from now())
order by created_at;
