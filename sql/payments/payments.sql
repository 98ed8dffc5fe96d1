-- name: add_checkout(booking_id, amount, currency, expires_at)!
-- a checkout to be asked for, with the operation that will ask; nothing when the booking has one
with added as (
    insert into checkouts (booking_id, amount, currency, expires_at)
    values (:booking_id, :amount, :currency, :expires_at)
    on conflict (booking_id) do nothing
    returning id, booking_id
)
insert into operations (kind, booking_id, checkout_id, idempotency_key)
select 'create_checkout', booking_id, id, 'circles-checkout-' || gen_random_uuid() from added;

-- name: lock_checkout(booking_id)^
-- the checkout of a booking, locked, with the operation that asked for it; the lock lets others refer to the row
select
    checkouts.*,
    operations.id as operation_id,
    operations.request,
    operations.idempotency_key,
    now() as now
from checkouts
left join operations on operations.checkout_id = checkouts.id and operations.kind = 'create_checkout'
where checkouts.booking_id = :booking_id
for no key update of checkouts;

-- name: checkout_of(booking_id)^
-- the checkout of a booking
select * from checkouts where booking_id = :booking_id;

-- name: write_request(operation_id, request)^
-- the words of the call are written down before it; a second call says those of the first
update operations set request = coalesce(request, :request::jsonb), called_at = now()
where id = :operation_id
returning request, idempotency_key;

-- name: note_fault(operation_id, fault)!
-- what went wrong with a call that may still have happened
update operations set fault = :fault where id = :operation_id and state = 'due';

-- name: checkout_opened(id, stripe_id, url, expires_at)!
-- the checkout is there and can be paid
update checkouts set state = 'open', stripe_id = :stripe_id, url = :url, expires_at = :expires_at, looked_at = now()
where id = :id;

-- name: operation_done(id, stripe_id)^
-- the call went through; only the first to say so gets the row
update operations set state = 'done', stripe_id = :stripe_id, done_at = now(), fault = '', again_at = null
where id = :id and state <> 'done'
returning id, kind, booking_id, checkout_id, amount;

-- name: operation_failed(id, fault)!
-- the call was refused for good
update operations set state = 'failed', fault = :fault, tries = tries + 1, again_at = null
where id = :id and state = 'due';

-- name: move_checkout(id, state, stripe_id, payment_intent)!
-- what Stripe told of the checkout
update checkouts set
    state = :state,
    stripe_id = coalesce(stripe_id, :stripe_id),
    payment_intent = coalesce(nullif(:payment_intent, ''), payment_intent),
    looked_at = now()
where id = :id;

-- name: add_payment(booking_id, checkout_id, amount, currency, stripe_id)!
-- money that arrived, once for each checkout at Stripe
insert into money_rows (booking_id, checkout_id, kind, amount, currency, stripe_id)
values (:booking_id, :checkout_id, 'payment', :amount, :currency, :stripe_id)
on conflict (kind, stripe_id) do nothing;

-- name: paid_total(booking_id)$
-- what came for a booking and has not gone back, in minor units
select coalesce(sum(amount), 0)::bigint from money_rows where booking_id = :booking_id;

-- name: refunds_under_way(booking_id)$
-- what is on its way back and not in the ledger yet, in minor units
select coalesce(sum(amount), 0)::bigint from operations
where booking_id = :booking_id and kind = 'refund' and state <> 'done';

-- name: add_refund(id, booking_id, checkout_id, amount, reason, request)!
-- money that shall go back
insert into operations (id, kind, booking_id, checkout_id, idempotency_key, amount, reason, request)
values (
    :id, 'refund', :booking_id, :checkout_id, 'circles-refund-' || :id::uuid, :amount, :reason, :request::jsonb
);

-- name: begin_refund(id)^
-- a refund that is due, with whether it was tried before
with before as (
    select id, called_at from operations where id = :id and kind = 'refund' and state = 'due' for update
)
update operations set called_at = now(), again_at = now() + interval '3 minutes'
from before where operations.id = before.id
returning
    operations.id, operations.booking_id, operations.request, operations.idempotency_key,
    before.called_at is not null as called_before;

-- name: add_refunded(operation_id, stripe_id)!
-- money that went back
insert into money_rows (booking_id, checkout_id, kind, amount, currency, stripe_id)
select operations.booking_id, operations.checkout_id, 'refund', - operations.amount, checkouts.currency, :stripe_id
from operations join checkouts on checkouts.id = operations.checkout_id
where operations.id = :operation_id
on conflict (kind, stripe_id) do nothing;

-- name: lock_refund(id)^
-- a refund, locked
select id, booking_id, state, tries from operations where id = :id and kind = 'refund' for update;

-- name: refund_failed(id, fault, wait)!
-- a refund was refused or came back; wait says when to try again, and null says never by itself
update operations set
    state = 'failed', done_at = null, fault = :fault, tries = tries + 1, again_at = now() + :wait::interval
where id = :id;

-- name: refund_by_stripe_id(stripe_id)^
-- the operation that made a refund at Stripe
select id, state from operations where kind = 'refund' and stripe_id = :stripe_id;

-- name: add_returned(operation_id)!
-- money that a bank would not take back is ours to give again
insert into money_rows (booking_id, checkout_id, kind, amount, currency, stripe_id)
select
    operations.booking_id, operations.checkout_id, 'refund_returned', operations.amount, checkouts.currency,
    operations.stripe_id
from operations join checkouts on checkouts.id = operations.checkout_id
where operations.id = :operation_id
on conflict (kind, stripe_id) do nothing;

-- name: refunds_to_try_again()
-- refunds whose time for another try has come; after a refusal the next try has a key of its own
update operations set
    state = 'due',
    idempotency_key = case state
        when 'failed' then 'circles-refund-' || id || '-' || tries else idempotency_key
    end,
    again_at = now() + interval '3 minutes'
where kind = 'refund' and state <> 'done' and again_at <= now()
returning id;

-- name: never_opened()
-- bookings whose checkout was asked for a while ago and never came to be
select booking_id from checkouts where state = 'asked' and created_at < now() - interval '2 minutes' limit 100;

-- name: to_look_at()
-- bookings whose open checkout is past its time, or was not looked at for a while
select booking_id from checkouts
where state = 'open' and (expires_at < now() or looked_at < now() - interval '5 minutes')
order by looked_at limit 100;

-- name: add_event(id, type, object_id)$
-- what a webhook told; an id only when it is new
insert into stripe_events (id, type, object_id) values (:id, :type, :object_id)
on conflict (id) do nothing
returning id;

-- name: forget_old_events()!
-- Stripe repeats an event for three days at most; what is older is only a record of what was told
delete from stripe_events where received_at < now() - interval '90 days';

-- name: troubles()
-- calls that Stripe refused, newest first
select
    operations.id, operations.kind, operations.booking_id, operations.amount, checkouts.currency, operations.fault,
    coalesce(operations.called_at, operations.created_at) as since, operations.again_at is not null as tries_again
from operations join checkouts on checkouts.id = operations.checkout_id
where operations.state = 'failed'
order by since desc limit 100;

-- name: in_minutes(minutes)$
-- a moment so many minutes from now, on the clock of the database
select now() + make_interval(mins => :minutes::int);
