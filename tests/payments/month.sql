-- A month of payments at both sides: $3 additional payments of a booking that was canceled, every twentieth refunded, and a
-- payout of each day. $1: the booking, $2: the first moment of the month, UTC.
create temporary table planned on commit drop as
select
    n, gen_random_uuid() as checkout, gen_random_uuid() as reference, gen_random_uuid() as operation,
    3000 + n % 51 * 100 as amount, $2::timestamptz + n * interval '29 days' / $3 as at,
    extract(epoch from $2::timestamptz + n * interval '29 days' / $3)::bigint as second, n % 20 = 0 as is_refunded,
    'po_' || (n / 180) as payout
from generate_series(1, $3) as numbers (n);
--
insert into checkouts (id, covers, booking_id, amount, currency, state, stripe_id, payment_intent, expires_at, created_at, looked_at)
select checkout, 'addition', reference, amount, 'USD', 'paid', 'cs_' || n, 'pi_' || n, at + interval '1 hour', at, at from planned;
--
insert into checkout_lines (checkout_id, position, booking_id, amount, is_addition)
select checkout, 1, $1::uuid, amount, true from planned;
--
insert into money_rows (at, booking_id, checkout_id, kind, amount, currency, stripe_id)
select at + interval '5 seconds', $1::uuid, checkout, 'payment', amount, 'USD', 'cs_' || n from planned order by n;
--
insert into operations (
    id, kind, booking_id, checkout_id, idempotency_key, amount, state, stripe_id, stripe_state, created_at, done_at, sent_at, read_at,
    again_at
)
select
    operation, 'refund', $1::uuid, checkout, 'refund-' || n, amount, 'done', 're_' || n, 'succeeded', at, at, at, null, null
from planned where is_refunded;
--
insert into money_rows (at, booking_id, checkout_id, kind, amount, currency, stripe_id)
select at + interval '65 seconds', $1::uuid, checkout, 'refund', - amount, 'USD', 're_' || n
from planned where is_refunded order by n;
--
insert into practice_objects (id, kind, body, created_at)
select
    'pi_' || n, 'payment_intent', jsonb_build_object(
        'id', 'pi_' || n, 'object', 'payment_intent', 'amount', amount, 'amount_received', amount, 'created', second,
        'currency', 'usd', 'latest_charge', 'ch_' || n, 'status', 'succeeded', 'metadata', '{}'::jsonb
    ), at
from planned
union all
select
    'ch_' || n, 'charge', jsonb_build_object(
        'id', 'ch_' || n, 'object', 'charge', 'amount', amount, 'amount_refunded', case when is_refunded then amount else 0 end,
        'balance_transaction', 'txn_' || n, 'created', second, 'currency', 'usd', 'disputed', false, 'refunded', is_refunded,
        'payment_intent', 'pi_' || n, 'status', 'succeeded', 'metadata', jsonb_build_object('additional_payment', reference)
    ), at
from planned
union all
select
    're_' || n, 'refund', jsonb_build_object(
        'id', 're_' || n, 'object', 'refund', 'amount', amount, 'balance_transaction', 'txn_re_' || n, 'charge', 'ch_' || n,
        'created', second + 60, 'currency', 'usd', 'payment_intent', 'pi_' || n, 'status', 'succeeded',
        'metadata', jsonb_build_object('operation', operation)
    ), at
from planned where is_refunded;
--
insert into practice_objects (id, kind, body, created_at, payout)
select
    moved.id, 'balance_transaction', jsonb_build_object(
        'id', moved.id, 'object', 'balance_transaction', 'amount', moved.amount, 'fee', moved.fee, 'net', moved.amount - moved.fee,
        'currency', 'usd', 'source', moved.source, 'type', moved.type, 'reporting_category', moved.type, 'created', moved.second,
        'available_on', moved.second, 'balance_type', 'payments', 'description', null, 'exchange_rate', null,
        'fee_details', '[]'::jsonb, 'status', 'available'
    ), to_timestamp(moved.second), moved.payout
from (
    select 'txn_' || n as id, amount, (amount * 290 + 5000) / 10000 + 30 as fee, 'ch_' || n as source, 'charge' as type, second, payout
    from planned
    union all
    select 'txn_re_' || n, - amount, 0, 're_' || n, 'refund', second + 60, payout from planned where is_refunded
) as moved;
--
insert into practice_objects (id, kind, body, created_at)
select
    sums.payout, 'payout', jsonb_build_object(
        'id', sums.payout, 'object', 'payout', 'amount', sums.net, 'currency', 'usd', 'status', 'paid', 'automatic', true,
        'created', sums.second, 'arrival_date', sums.second, 'balance_transaction', 'txn_' || sums.payout
    ), to_timestamp(sums.second)
from (
    select
        payout, sum((body ->> 'net')::bigint) as net, max((body ->> 'created')::bigint) + 60 as second
    from practice_objects where kind = 'balance_transaction' group by payout
) as sums;
--
insert into practice_objects (id, kind, body, created_at, payout)
select
    'txn_' || id, 'balance_transaction', jsonb_build_object(
        'id', 'txn_' || id, 'object', 'balance_transaction', 'amount', - (body ->> 'amount')::bigint, 'fee', 0,
        'net', - (body ->> 'amount')::bigint, 'currency', 'usd', 'source', id, 'type', 'payout', 'reporting_category', 'payout',
        'created', body -> 'created', 'available_on', body -> 'created', 'balance_type', 'payments', 'description', null,
        'exchange_rate', null, 'fee_details', '[]'::jsonb, 'status', 'available'
    ), created_at, id
from practice_objects where kind = 'payout';
