-- name: add_checkout(booking_id, amount, currency, expires_at)!
-- a checkout to be created at Stripe, with the operation that will create it; nothing when the booking has one
with added as (
    insert into checkouts (booking_id, amount, currency, expires_at)
    values (:booking_id, :amount, :currency, :expires_at)
    on conflict (booking_id) do nothing
    returning id, booking_id
)
insert into operations (kind, booking_id, checkout_id, idempotency_key)
select 'create_checkout', booking_id, id, 'circles-checkout-' || gen_random_uuid() from added;

-- name: add_shared_checkout(booking_ids, amounts, currency, expires_at)!
-- a checkout of several bookings to be created at Stripe, with its lines in this order and the operation that will create it
with added as (
    insert into checkouts (covers, booking_id, amount, currency, expires_at)
    select 'bookings', (:booking_ids::uuid [])[1], sum(amount), :currency, :expires_at
    from unnest(:amounts::int []) as given (amount)
    returning id, booking_id
), lines as (
    insert into checkout_lines (checkout_id, position, booking_id, amount)
    select added.id, given.position, given.booking_id, given.amount
    from added
    cross join unnest(:booking_ids::uuid [], :amounts::int []) with ordinality as given (booking_id, amount, position)
)
insert into operations (kind, booking_id, checkout_id, idempotency_key)
select 'create_checkout', booking_id, id, 'circles-checkout-' || gen_random_uuid() from added;

-- name: add_addition(booking_id, amount, currency, expires_at)$
-- an additional payment for a booking, to be created at Stripe; its reference
with added as (
    insert into checkouts (covers, booking_id, amount, currency, expires_at)
    values ('addition', gen_random_uuid(), :amount, :currency, :expires_at)
    returning id, booking_id
), line as (
    insert into checkout_lines (checkout_id, position, booking_id, amount, is_addition)
    select id, 1, :booking_id, :amount, true from added
), operation as (
    insert into operations (kind, booking_id, checkout_id, idempotency_key)
    select 'create_checkout', :booking_id, id, 'circles-checkout-' || gen_random_uuid() from added
)
select booking_id from added;

-- name: add_pass_checkout(pass_id, amount, currency, expires_at)!
-- a checkout of a pass to be created at Stripe, with its line and the operation that will create it
with added as (
    insert into checkouts (covers, booking_id, amount, currency, expires_at)
    values ('pass', :pass_id, :amount, :currency, :expires_at)
    returning id
), line as (
    insert into checkout_lines (checkout_id, position, pass_id, amount)
    select id, 1, :pass_id, :amount from added
)
insert into operations (kind, pass_id, checkout_id, idempotency_key)
select 'create_checkout', :pass_id, id, 'circles-checkout-' || gen_random_uuid() from added;

-- name: lock_checkout(reference)^
-- the checkout that a reference names (see checkout_named), with the operation that creates it and the first booking, or the pass,
-- that it is about, locked so that others may still refer to the row
select
    checkouts.*,
    (
        select coalesce(lines.booking_id, lines.pass_id) from checkout_lines as lines
        where lines.checkout_id = checkouts.id order by lines.position limit 1
    ) as about,
    operations.id as operation_id,
    operations.request,
    operations.idempotency_key,
    now() as now
from checkouts
left join operations on operations.checkout_id = checkouts.id and operations.kind = 'create_checkout'
where checkouts.id = checkout_named(:reference)
for no key update of checkouts;

-- name: is_waited_for(id)$
-- whether a booking or a pass waits for a checkout: held for its first payment, or confirmed for an additional one
select exists (
    select from checkout_lines as lines join bookings on bookings.id = lines.booking_id
    where lines.checkout_id = :id and bookings.state = case when lines.is_addition then 'confirmed' else 'held' end
) or exists (
    select from checkout_lines as lines join passes on passes.id = lines.pass_id
    where lines.checkout_id = :id and passes.state = 'held'
);

-- name: checkout_of(reference)^
-- the checkout that a reference names
select * from checkouts where id = checkout_named(:reference);

-- name: open_additions(booking_id)
-- the additional payments of a booking that can still be paid, by their references
select checkouts.booking_id as reference
from checkout_lines as lines join checkouts on checkouts.id = lines.checkout_id
where lines.booking_id = :booking_id and lines.is_addition and checkouts.state in ('asked', 'open');

-- name: lines_of(checkout_id)
-- the bookings that a checkout pays, or its pass, and how much for each, in minor units
select coalesce(booking_id, pass_id) as booking_id, amount from checkout_lines where checkout_id = :checkout_id order by position;

-- name: checkout_by_stripe_id(stripe_id)^
-- the checkout that Stripe knows by this id
select * from checkouts where stripe_id = :stripe_id;

-- name: booking_named(reference)$
-- the booking or pass that a reference names: itself, or the booking of an additional payment; null when it names none of ours
select id from paid_items where id = :reference
union all
select lines.booking_id
from checkouts join checkout_lines as lines on lines.checkout_id = checkouts.id
where checkouts.booking_id = :reference and checkouts.covers = 'addition'
limit 1;

-- name: note_stripe_id(id, stripe_id)!
-- the checkout that a call without an answer has created
update checkouts set stripe_id = coalesce(stripe_id, :stripe_id) where id = :id;

-- name: checkout_opened(id, stripe_id, url, expires_at)!
-- a checkout exists at Stripe and can be paid
update checkouts set state = 'open', stripe_id = :stripe_id, url = :url, expires_at = :expires_at, looked_at = now()
where id = :id;

-- name: move_checkout(id, state, stripe_id, payment_intent, pending, debit_failed)!
-- a checkout takes the state that Stripe answered; pending: its money is under way; debit_failed: it was, and did not arrive
update checkouts set
    state = :state,
    pending_at = case when :pending then coalesce(pending_at, now()) end,
    debit_failed_at = case
        when :debit_failed then coalesce(debit_failed_at, now()) when :state <> 'paid' then debit_failed_at
    end,
    stripe_id = coalesce(stripe_id, :stripe_id),
    payment_intent = coalesce(nullif(:payment_intent, ''), payment_intent),
    looked_at = now()
where id = :id;

-- name: note_looked(stripe_id)!
-- Stripe was asked about a checkout, and nothing of it changes
update checkouts set looked_at = now() where stripe_id = :stripe_id;

-- name: add_payments(checkout_id, stripe_id)!
-- money that arrived by a checkout, once for each of its lines; the second line and those after it are numbered
insert into money_rows (booking_id, pass_id, checkout_id, kind, amount, currency, stripe_id)
select
    lines.booking_id, lines.pass_id, lines.checkout_id, 'payment', lines.amount, checkouts.currency,
    :stripe_id::text || case when lines.position > 1 then ':' || lines.position else '' end
from checkout_lines as lines join checkouts on checkouts.id = lines.checkout_id
where lines.checkout_id = :checkout_id
order by lines.position
on conflict (kind, stripe_id) do nothing;

-- name: unknown_checkouts()
-- checkouts requested a while ago whose creation Stripe never confirmed
select booking_id from checkouts where state = 'asked' and created_at < now() - interval '2 minutes' limit 100;

-- name: checkouts_to_sync()
-- open checkouts that are past their time, or were not compared with Stripe for a while; one whose money is under way
-- is compared every half hour, likewise one that Stripe does not know (until the key is right again), and one with another
-- finding waits for a person
select checkouts.booking_id from checkouts
left join payment_findings as findings on findings.kind in ('differs', 'unknown')
    and findings.stripe_id = checkouts.stripe_id and findings.settled_at is null
where checkouts.state = 'open'
    and case
        when findings.kind <> 'unknown' then false
        when findings.kind = 'unknown' or checkouts.pending_at is not null then checkouts.looked_at < now() - interval '30 minutes'
        else checkouts.expires_at < now() or checkouts.looked_at < now() - interval '5 minutes'
    end
order by checkouts.looked_at limit 100;

-- name: may_ask_for_page(reference, most)$
-- note that the page of a booking has Stripe asked about its open checkout: at first after ten seconds, then after twice as
-- long each time, and so often at most. No row when it is too early, or enough, or while an answer of Stripe is taken in
update checkouts set page_asks = page_asks + 1, page_asked_at = now()
where id = (
    select id from checkouts
    where id = checkout_named(:reference) and state = 'open' and pending_at is null and page_asks < :most
        and greatest(looked_at, page_asked_at) < now() - interval '10 seconds' * (2 ^ page_asks)
    for update skip locked
)
returning id;

-- name: in_minutes(minutes)$
-- a moment so many minutes from now, on the clock of the database
select now() + make_interval(mins => :minutes::int);

-- name: received(booking_id)$
-- what was paid for a booking or pass, in minor units, whatever became of it
select coalesce(sum(amount), 0)::bigint from money_rows
where (booking_id = :booking_id or pass_id = :booking_id) and kind = 'payment';

-- name: given_up_payments(most)
-- checkouts whose money a person gave up waiting for within two months, and that were not read for a day: it may still arrive
select checkouts.stripe_id from checkouts
join operations on operations.checkout_id = checkouts.id and operations.kind = 'create_checkout'
where checkouts.debit_failed_at > now() - interval '60 days' and checkouts.state = 'expired'
    and operations.settled_at is not null and checkouts.looked_at < now() - interval '1 day'
order by checkouts.looked_at limit :most;

-- name: accept_money(id, stripe_id, payment_intent, amount)$
-- a checkout is paid by money that a person judged right: with what really came, at whatever checkout of Stripe it came by.
-- The id of another checkout at Stripe that was open for it until then, if any
with line as (
    update checkout_lines set amount = :amount
    from checkouts
    where checkouts.id = :id and checkout_lines.checkout_id = checkouts.id and checkouts.covers = 'booking'
)
update checkouts set
    state = 'paid', stripe_id = :stripe_id, payment_intent = :payment_intent, amount = :amount,
    pending_at = null, debit_failed_at = null, looked_at = now()
from checkouts as before
where checkouts.id = :id and before.id = checkouts.id
returning case when before.state = 'open' and before.stripe_id <> :stripe_id then before.stripe_id end;
