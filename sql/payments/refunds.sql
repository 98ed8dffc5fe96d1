-- name: add_refund(id, booking_id, checkout_id, amount, reason, request)!
-- a refund that is due, with the parameters of its call
insert into operations (id, kind, booking_id, checkout_id, idempotency_key, amount, reason, request)
values (
    :id, 'refund', :booking_id, :checkout_id, 'circles-refund-' || :id::uuid, :amount, :reason, :request::jsonb
);

-- name: refunds_under_way(booking_id)$
-- refunds of a booking that are not in the ledger yet, in minor units
select coalesce(sum(amount), 0)::bigint from operations
where booking_id = :booking_id and kind = 'refund' and state <> 'done';

-- name: begin_refund(id)^
-- a refund that is due, with whether its call was made before
with before as (
    select id, called_at from operations where id = :id and kind = 'refund' and state = 'due' for update
)
update operations set called_at = now(), again_at = now() + interval '3 minutes'
from before where operations.id = before.id
returning
    operations.id, operations.booking_id, operations.request, operations.idempotency_key,
    before.called_at is not null as called_before;

-- name: lock_refund(id)^
-- a refund, locked
select id, booking_id, state, tries from operations where id = :id and kind = 'refund' for update;

-- name: add_refunded(operation_id, stripe_id)!
-- money that was refunded
insert into money_rows (booking_id, checkout_id, kind, amount, currency, stripe_id)
select operations.booking_id, operations.checkout_id, 'refund', - operations.amount, checkouts.currency, :stripe_id
from operations join checkouts on checkouts.id = operations.checkout_id
where operations.id = :operation_id
on conflict (kind, stripe_id) do nothing;

-- name: add_returned(operation_id)!
-- money of a refund that a bank sent back: it is ours again, and still owed
insert into money_rows (booking_id, checkout_id, kind, amount, currency, stripe_id)
select
    operations.booking_id, operations.checkout_id, 'refund_returned', operations.amount, checkouts.currency,
    operations.stripe_id
from operations join checkouts on checkouts.id = operations.checkout_id
where operations.id = :operation_id
on conflict (kind, stripe_id) do nothing;

-- name: refund_failed(id, fault, wait)!
-- a refund was refused or sent back; wait is the time until the next try, null when there is none
update operations set
    state = 'failed', done_at = null, fault = :fault, tries = tries + 1, again_at = now() + :wait::interval
where id = :id;

-- name: refund_by_stripe_id(stripe_id)^
-- the operation that made a refund at Stripe
select id, state from operations where kind = 'refund' and stripe_id = :stripe_id;

-- name: refunds_to_retry()
-- refunds whose next try is due; after a refusal that try has an idempotency key of its own
update operations set
    state = 'due',
    idempotency_key = case state
        when 'failed' then 'circles-refund-' || id || '-' || tries else idempotency_key
    end,
    again_at = now() + interval '3 minutes'
where kind = 'refund' and state <> 'done' and again_at <= now()
returning id;
