-- name: save_transactions(rows)
-- store balance transactions as Stripe says them, each once, with the payment of ours that it is of; the ids of the new ones
insert into balance_transactions (
    id, type, category, amount, fee, net, currency, source_id, charge_id, payment_intent, reference, source_amount,
    source_currency, made_at, available_at, checkout_id
)
select
    given.id, given.type, given.category, given.amount, given.fee, given.amount - given.fee, given.currency, given.source_id,
    given.charge_id, given.payment_intent, given.reference, given.source_amount, given.source_currency, given.made_at,
    given.available_at, paid.id
from jsonb_to_recordset(:rows::jsonb) as given (
    id text, type text, category text, amount bigint, fee bigint, currency text, source_id text, charge_id text,
    payment_intent text, reference uuid, source_amount bigint, source_currency text, made_at timestamptz,
    available_at timestamptz
)
left join lateral (
    select checkouts.id from checkouts
    where checkouts.payment_intent = given.payment_intent and given.payment_intent <> ''
    order by checkouts.state = 'paid' desc, checkouts.created_at limit 1
) as paid on true
order by given.made_at, given.id
on conflict (id) do nothing
returning id;

-- name: place_transactions(ids)
-- place every balance transaction, or each of these, that has its counterpart here, with the same amount in the same currency: a payment, refund or
-- dispute of ours; what has none here and needs none (payouts, Stripe's own fees); a refund that failed before it was known here; and money that a
-- finding is about. Their ids
with waiting as (
    select
        transactions.*, movement_of(type, category, source_id, amount) as movement,
        coalesce(
            (
                select checkouts.id from checkouts
                where checkouts.payment_intent = transactions.payment_intent and transactions.payment_intent <> ''
                order by checkouts.state = 'paid' desc, checkouts.created_at limit 1
            ),
            transactions.checkout_id,
            (select transfers.checkout_id from transfer_rows as transfers where transfers.stripe_id = transactions.source_id)
        ) as checkout
    from balance_transactions as transactions
    where (place is null or place in ('finding', 'settled', 'undone'))
        and (:ids::text [] is null or transactions.id = any(:ids))
), own as (
    select
        waiting.id, waiting.movement, waiting.checkout, own.amount as own_amount,
        own_key_of(waiting.movement, waiting.id, waiting.source_id, waiting.checkout) as own_key,
        case
            when waiting.movement in ('payout', 'payout_returned', 'stripe_fee') then waiting.movement
            when own.parts > 0 and own.amount = waiting.amount and upper(own.currency) = waiting.currency then waiting.movement
            when waiting.place is null and exists (
                select from payment_findings as findings
                where findings.payment_intent = waiting.payment_intent and waiting.payment_intent <> ''
                    and (
                        waiting.movement = 'payment' or exists (
                            select from operations
                            where operations.finding_id = findings.id
                                and waiting.source_id = any(operations.failed_ids || operations.stripe_id)
                        )
                    )
            ) then 'finding'
            when waiting.place is null and own.parts = 0 and waiting.movement like 'refund%' and exists (
                select from waiting as back
                where back.place is null and back.source_id = waiting.source_id and back.amount = - waiting.amount
                    and back.movement like 'refund%' and back.movement <> waiting.movement
            ) then 'undone'
        end as place,
        row_number() over (
            partition by
                waiting.movement, own_key_of(waiting.movement, waiting.id, waiting.source_id, waiting.checkout),
                own.amount = waiting.amount
            order by waiting.made_at, waiting.id
        ) as turn
    from waiting
    cross join lateral own_movement(
        waiting.movement, own_key_of(waiting.movement, waiting.id, waiting.source_id, waiting.checkout), waiting.checkout
    ) as own
)
update balance_transactions as transactions set
    place = own.place, checkout_id = own.checkout,
    own_key = case when own.place = own.movement then own.own_key end,
    own_amount = case when own.place = own.movement and own.own_key is not null then own.own_amount else 0 end,
    placed_at = now()
from own
where own.id = transactions.id and own.place is not null and own.place is distinct from transactions.place
    and (transactions.place is null or transactions.place in ('finding', 'settled', 'undone'))
    and (
        own.own_key is null or own.place in ('finding', 'undone') or (
            own.turn = 1 and not exists (
                select from balance_transactions as placed
                where placed.place = own.place and placed.own_key = own.own_key
            )
        )
    )
returning transactions.id;

-- name: save_payout(id, amount, currency, state, is_automatic, made_at, arrives_at, transaction_id, failure_transaction_id, failure)!
-- a payout as it is at Stripe now
insert into payouts (
    id, amount, currency, state, is_automatic, made_at, arrives_at, transaction_id, failure_transaction_id, failure
)
values (
    :id, :amount, :currency, :state, :is_automatic, :made_at, :arrives_at, :transaction_id, :failure_transaction_id, :failure
)
on conflict (id) do update set
    state = excluded.state, arrives_at = excluded.arrives_at, transaction_id = excluded.transaction_id,
    failure_transaction_id = excluded.failure_transaction_id, failure = excluded.failure, read_at = now();

-- name: contents_to_read(most)
-- automatic payouts of which it was not read what is inside, the oldest first
select id from payouts where is_automatic and contents_read_at is null and state <> 'pending' order by made_at limit :most;

-- name: note_contents(payout, ids)
-- these transactions went out in a payout; the ids of those that are not known here
with noted as (
    update balance_transactions set payout_id = :payout
    where id = any(:ids::text []) and payout_id is distinct from :payout
)
select ids.id from unnest(:ids::text []) as ids (id)
where not exists (select from balance_transactions where balance_transactions.id = ids.id);

-- name: contents_read(payout)!
-- all that is inside a payout was read
update payouts set contents_read_at = now() where id = :payout;

-- name: payouts_on_their_way(most)
-- payouts that did not arrive yet, or arrived within ten days, since a bank may send them back, and were not read for an hour
select id from payouts
where read_at < now() - interval '1 hour'
    and (state in ('pending', 'in_transit') or (state = 'paid' and arrives_at > now() - interval '10 days'))
order by read_at limit :most;

-- name: read_until()^
-- up to when balance transactions at Stripe were read without a gap; null: never
select
    (select until from stripe_readings where kind = 'balance_transactions') as until,
    (select min(at) from money_rows) as first_payment,
    now() as now;

-- name: note_reading(until)!
-- balance transactions at Stripe were read up to this moment
insert into stripe_readings (kind, until) values ('balance_transactions', :until)
on conflict (kind) do update set until = greatest(stripe_readings.until, excluded.until);

-- name: payouts_page(after, most)
-- payouts, the newest first, that follow the one with the id `after`
select
    payouts.*,
    (select count(*) from balance_transactions as inside where inside.payout_id = payouts.id and inside.source_id <> payouts.id)
        as parts
from payouts
where :after::text = ''
    or (payouts.made_at, payouts.id) < (select last.made_at, last.id from payouts as last where last.id = :after)
order by payouts.made_at desc, payouts.id desc limit :most;

-- name: payout(id)^
-- one payout, with the sums of what is inside it
select
    payouts.*,
    (
        select jsonb_object_agg(sums.movement, jsonb_build_object('count', sums.count, 'amount', sums.amount, 'fee', sums.fee))
        from (
            select
                movement_of(type, category, source_id, amount) as movement, count(*) as count, sum(amount) as amount,
                sum(fee) as fee
            from balance_transactions as inside
            where inside.payout_id = payouts.id and inside.source_id <> payouts.id
            group by 1
        ) as sums
    ) as sums
from payouts where payouts.id = :id;

-- name: payout_contents(id, after, most)
-- what is inside a payout, the oldest first, with whom and what each is of
select
    inside.id, inside.type, inside.amount, inside.fee, inside.net, inside.currency, inside.made_at, inside.source_id,
    inside.payment_intent, inside.checkout_id, movement_of(inside.type, inside.category, inside.source_id, inside.amount) as movement,
    whose.booking_id, whose.person_name, whose.circle_name
from balance_transactions as inside
left join lateral payer_of_checkout(inside.checkout_id) as whose on true
where inside.payout_id = :id and inside.source_id <> :id
    and (
        :after::text = ''
        or (inside.made_at, inside.id) > (
            select last.made_at, last.id from balance_transactions as last where last.id = :after
        )
    )
order by inside.made_at, inside.id limit :most;

-- name: newest_balances()
-- what Stripe held for us at the end of the newest comparison, by currency
select balances.currency, balances.stripe as amount, newest.ended_at as at
from (
    select id, ended_at from reconciliation_runs where outcome = 'done' order by ended_at desc limit 1
) as newest
join reconciliation_balances as balances on balances.run_id = newest.id and balances.stripe <> 0
order by balances.currency;
