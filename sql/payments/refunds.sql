-- name: add_refund(id, booking_id, checkout_id, amount, disputed, reason, request, by_hand)!
-- a refund that is due, with the parameters of its call. disputed: how much of it a dispute has taken already. by_hand: the refund by
-- hand that it carries out, if it does
insert into operations (
    id, kind, booking_id, pass_id, checkout_id, idempotency_key, amount, covered, disputed, reason, request,
    by_hand, state, done_at
)
select
    :id, 'refund', lines.booking_id, lines.pass_id, lines.checkout_id, 'circles-refund-' || :id::uuid, given.amount,
    given.disputed, given.disputed, :reason, :request::jsonb, :by_hand,
    case when given.amount = given.disputed then 'done' else 'due' end,
    case when given.amount = given.disputed then now() end
from (values (:amount::int, :disputed::int)) as given (amount, disputed)
join checkout_lines as lines on lines.checkout_id = :checkout_id and :booking_id in (lines.booking_id, lines.pass_id);

-- name: add_kept(id, booking_id, checkout_id, amount, reason, fault)!
-- a refund that is not sent while a dispute of its payment is open
insert into operations (
    id, kind, booking_id, pass_id, checkout_id, idempotency_key, amount, reason, state, fault, again_at
)
select
    :id, 'refund', lines.booking_id, lines.pass_id, lines.checkout_id, 'circles-refund-' || :id::uuid, :amount, :reason,
    'failed', :fault, null
from checkout_lines as lines
where lines.checkout_id = :checkout_id and :booking_id in (lines.booking_id, lines.pass_id);

-- name: adopt_refund(id, booking_id, checkout_id, stripe_id, amount, reason)!
-- a refund that somebody made at Stripe, to be followed like one of ours; it is never sent by itself
insert into operations (
    id, kind, booking_id, pass_id, checkout_id, idempotency_key, amount, reason, again_at
)
select
    :id, 'refund', lines.booking_id, lines.pass_id, lines.checkout_id, 'stripe-' || :stripe_id, :amount, :reason, null
from checkout_lines as lines
where lines.checkout_id = :checkout_id and :booking_id in (lines.booking_id, lines.pass_id);

-- name: lock_payments(booking_id, checkout_id)
-- lock the paid checkouts of a booking or pass, the newest first: a refund is taken from them in this order; checkout_id: that one
-- alone. reverses: a part of it is at a connected account
select
    checkouts.id, checkouts.booking_id as reference, checkouts.payment_intent, checkouts.currency,
    exists (
        select from connected_payments as payments
        where payments.checkout_id = checkouts.id and payments.given_up_at is null
    ) and coalesce(
        (select sum(transfer_rows.amount) > 0 from transfer_rows where transfer_rows.checkout_id = checkouts.id), true
    ) as reverses
from checkout_lines as lines join checkouts on checkouts.id = lines.checkout_id
where (lines.booking_id = :booking_id or lines.pass_id = :booking_id) and checkouts.state = 'paid'
    and (:checkout_id::uuid is null or checkouts.id = :checkout_id)
order by checkouts.created_at desc, checkouts.id
for no key update of checkouts;

-- name: money_of(booking_id)
-- the money of a booking or pass in each of its payments, in minor units: its balance, what of it is to be refunded, and what disputes
-- took that is not counted against a refund
select
    lines.checkout_id, coalesce(ledger.balance, 0)::bigint as balance, coalesce(refunds.owed, 0)::bigint as owed,
    (coalesce(ledger.disputed, 0) - coalesce(refunds.disputed, 0))::bigint as disputed
from checkout_lines as lines
cross join lateral (
    select sum(amount) as balance, - sum(amount) filter (where kind like 'dispute%') as disputed
    from money_rows
    where money_rows.checkout_id = lines.checkout_id
        and (money_rows.booking_id = lines.booking_id or money_rows.pass_id = lines.pass_id)
) as ledger
cross join lateral (
    select sum(amount - covered) filter (where state in ('due', 'failed')) as owed, sum(disputed) as disputed
    from operations
    where operations.checkout_id = lines.checkout_id and kind = 'refund'
        and operations.booking_id is not distinct from lines.booking_id
) as refunds
where lines.booking_id = :booking_id or lines.pass_id = :booking_id;

-- name: parts_of_payment(checkout_id)
-- what is left of a payment for each of its bookings, or for its pass, in minor units, in the order of its lines: the balance, what of
-- it is to be refunded, what disputes took of it, and whether the booking or pass has ended
select
    coalesce(lines.booking_id, lines.pass_id) as booking_id, coalesce(ledger.balance, 0)::bigint as balance, coalesce(ledger.disputed, 0)::bigint as disputed,
    coalesce(bookings.state in ('cancelled', 'lapsed'), passes.state in ('ended', 'lapsed')) as is_over,
    (
        select coalesce(sum(amount - covered), 0) from operations
        where operations.booking_id is not distinct from lines.booking_id and operations.checkout_id = lines.checkout_id
            and kind = 'refund' and operations.state in ('due', 'failed')
    )::bigint as owed
from checkout_lines as lines
left join bookings on bookings.id = lines.booking_id
left join passes on passes.id = lines.pass_id
cross join lateral (
    select sum(amount) as balance, - sum(amount) filter (where kind like 'dispute%') as disputed
    from money_rows
    where money_rows.checkout_id = lines.checkout_id
        and (money_rows.booking_id = lines.booking_id or money_rows.pass_id = lines.pass_id)
) as ledger
where lines.checkout_id = :checkout_id
order by lines.position;

-- name: shares_of(checkout_id, ids)
-- the operations that follow one refund made at Stripe's dashboard, each with its booking's part of it, locked
select
    operations.*, coalesce(operations.booking_id, operations.pass_id) as about, now() as now
from operations
where checkout_id = :checkout_id and kind = 'refund'
    and (stripe_id = any(:ids::text []) or failed_ids && :ids::text [])
order by created_at, id
for no key update;

-- name: begin_refund(id)^
-- a refund that is due, locked, with the money it is of, and whether a dispute of that is open
select
    operations.id, coalesce(operations.booking_id, operations.pass_id) as about,
    operations.amount - operations.covered as amount, operations.request, operations.idempotency_key, operations.tries,
    operations.called_at is not null as called_before,
    operations.stripe_id, operations.stripe_state, operations.failed_ids, operations.state,
    operations.finding_id is not null as is_of_finding,
    coalesce(checkouts.currency, payment_findings.currency) as currency,
    coalesce(checkouts.payment_intent, payment_findings.payment_intent) as payment_intent,
    exists (
        select from disputes
        where disputes.checkout_id = operations.checkout_id and disputes.closed_at is null
    ) as disputed
from operations
left join checkouts on checkouts.id = operations.checkout_id
left join payment_findings on payment_findings.id = operations.finding_id
where operations.id = :id and operations.kind in ('refund', 'refund_finding') and operations.state = 'due'
    and operations.settled_at is null
for no key update of operations;

-- name: call_refund(id, request, idempotency_key, tries)!
-- the call of a refund is made now, with these parameters
update operations set
    called_at = now(), again_at = now() + interval '3 minutes', request = :request::jsonb,
    idempotency_key = :idempotency_key, tries = :tries
where id = :id;

-- name: note_wait(id, fault, wait)!
-- what went wrong with a call that may still have happened, or that waits for a person
update operations set fault = :fault, again_at = now() + :wait::interval
where id = :id and state = 'due';

-- name: refund_of(operation_id, stripe_id, payment_intent)^
-- what a refund at Stripe belongs to: the operation that made it, or the payment it is of
with made_by as (
    select id from operations where stripe_id = :stripe_id and kind in ('refund', 'refund_finding')
    union all
    select id from operations where failed_ids <> '{}' and failed_ids @> array[:stripe_id::text]
    union all
    select id from operations where id = :operation_id and kind in ('refund', 'refund_finding')
)
select
    operations.id, checkouts.id as checkout_id, coalesce(operations.booking_id, operations.pass_id) as booking_id,
    checkouts.currency
from made_by
join operations on operations.id = made_by.id
left join checkouts on checkouts.id = operations.checkout_id
left join payment_findings on payment_findings.id = operations.finding_id
where operations.stripe_id = :stripe_id or :stripe_id::text = any(operations.failed_ids)
    or coalesce(checkouts.payment_intent, payment_findings.payment_intent) = :payment_intent
union all
select null, checkouts.id, null, checkouts.currency
from checkouts
where checkouts.payment_intent = :payment_intent and checkouts.state = 'paid'
order by id nulls last limit 1;

-- name: lock_payment(checkout_id)$
-- lock the checkout that a refund or dispute is of, always before its operations
select id from checkouts where id = :checkout_id for no key update;

-- name: is_call_under_way(checkout_id)$
-- whether a refund of a payment of several bookings was called and has no answer here yet
select exists (
    select from operations
    where operations.checkout_id = :checkout_id and operations.kind = 'refund' and operations.state = 'due'
        and operations.called_at is not null and operations.settled_at is null
) and (select count(*) from checkout_lines where checkout_lines.checkout_id = :checkout_id) > 1;

-- name: lock_refund(id)^
-- a refund, locked
select
    operations.*, coalesce(operations.booking_id, operations.pass_id) as about, now() as now
from operations where id = :id and kind in ('refund', 'refund_finding')
for no key update;

-- name: refund_lives(id, state, stripe_id, stripe_state, amount, wait)!
-- Stripe has a refund, on its way or arrived. amount: Stripe's; what of ours is more went back in another way
update operations set
    amount = greatest(amount, :amount::int),
    covered = greatest(amount, :amount::int) - :amount::int,
    disputed = least(disputed, greatest(amount, :amount::int) - :amount::int),
    state = :state, stripe_id = :stripe_id, stripe_state = :stripe_state, fault = '', again_at = null,
    sent_at = case when stripe_id is distinct from :stripe_id then now() else coalesce(sent_at, done_at, now()) end,
    done_at = case when :state = 'done' then coalesce(done_at, now()) end,
    read_at = now() + :wait::interval
where id = :id;

-- name: refund_read(id, wait)!
-- a refund was read and is as it was
update operations set read_at = now() + :wait::interval, fault = '' where id = :id;

-- name: put_off_reading(ids, fault)!
-- Stripe does not know a refund, of which these are the shares: it is asked again later
update operations set
    read_at = now() + interval '6 hours', fault = case when state = 'sent' then :fault else fault end
where stripe_id = any(:ids::text []) and kind in ('refund', 'refund_finding') and state in ('sent', 'done')
    and read_at is not null;

-- name: refund_failed(id, fault, stripe_id, wait)!
-- a refund was refused or sent back; wait is the time until the next try, null when there is none
update operations set
    state = 'failed', done_at = null, sent_at = null, stripe_id = null, stripe_state = null, fault = :fault,
    failed_ids = case when :stripe_id::text = '' then failed_ids else failed_ids || :stripe_id::text end,
    tries = tries + 1, again_at = now() + :wait::interval
where id = :id;

-- name: note_failed_id(id, stripe_id)!
-- a refund at Stripe failed that no try waits for
update operations set failed_ids = failed_ids || :stripe_id::text where id = :id;

-- name: add_refunded(operation_id, stripe_id, amount)!
-- money that left for its person
insert into money_rows (booking_id, pass_id, checkout_id, kind, amount, currency, stripe_id)
select operations.booking_id, operations.pass_id, operations.checkout_id, 'refund', - :amount::int, checkouts.currency, :stripe_id
from operations join checkouts on checkouts.id = operations.checkout_id
where operations.id = :operation_id and operations.kind = 'refund'
on conflict (kind, stripe_id) do nothing;

-- name: add_returned(stripe_id)!
-- money of a refund that a bank sent back: it is ours again, and still owed
insert into money_rows (booking_id, pass_id, checkout_id, kind, amount, currency, stripe_id)
select booking_id, pass_id, checkout_id, 'refund_returned', - amount, currency, stripe_id
from money_rows where kind = 'refund' and stripe_id = :stripe_id
on conflict (kind, stripe_id) do nothing;

-- name: owed_refunds(booking_id, checkout_id, other_than)
-- the refunds of a booking from one payment that are due or failed, locked, the oldest first, and those a person settled last
select id, state, amount - covered as owed from operations
where (booking_id = :booking_id or pass_id = :booking_id) and checkout_id = :checkout_id and kind = 'refund'
    and state in ('due', 'failed') and amount > covered
    and id <> :other_than
order by settled_at is not null, created_at, id
for no key update;

-- name: cover(id, amount, disputed)!
-- so much of a refund went back in another way; it is done when that is all of it
update operations set
    covered = covered + :amount,
    disputed = disputed + :disputed,
    state = case when covered + :amount = amount then 'done' else state end,
    done_at = case when covered + :amount = amount then now() else done_at end,
    again_at = case when covered + :amount = amount then null else again_at end,
    read_at = case when covered + :amount = amount then null else read_at end,
    fault = case when covered + :amount = amount then '' else fault end,
    stripe_id = null
where id = :id;

-- name: disputed_refunds(booking_id, checkout_id)
-- the refunds of a booking from one payment that count as done as far as a dispute took the money, locked
select id, checkout_id, amount, disputed, reason, stripe_id, state from operations
where (booking_id = :booking_id or pass_id = :booking_id) and checkout_id = :checkout_id and kind = 'refund' and disputed > 0
order by created_at, id
for no key update;

-- name: uncover(id, amount, fault)!
-- a dispute gave money back: so much of a refund is open again. Its next call has a key of its own, and looks first for what
-- an earlier one made
update operations set
    covered = covered - :amount, disputed = disputed - :amount, state = 'failed', done_at = null, again_at = null,
    fault = :fault, tries = tries + 1
where id = :id;

-- name: take_off(id, amount)!
-- a dispute gave money back of a refund that went out in part: the rest becomes a refund of its own
update operations set amount = amount - :amount, covered = covered - :amount, disputed = disputed - :amount
where id = :id;

-- name: retry_now(id)$
-- a refund that failed is due again, with a key of its own; one that waits is tried now with the key it has
update operations set
    state = 'due',
    called_at = case state when 'failed' then null else called_at end,
    again_at = now() + interval '3 minutes'
where id = :id and kind in ('refund', 'refund_finding') and state in ('due', 'failed') and settled_at is null
returning id;

-- name: refunds_to_retry()
-- refunds whose next try is due; after a refusal that try has an idempotency key of its own
update operations set
    state = 'due',
    called_at = case state when 'failed' then null else called_at end,
    again_at = now() + interval '3 minutes'
where kind in ('refund', 'refund_finding') and state in ('due', 'failed') and settled_at is null
    and again_at <= now()
returning id;

-- name: refunds_to_read(most)
-- refunds whose state at Stripe is to be read again; the next reading is put off, so that a slow one is not repeated
update operations set read_at = now() + interval '10 minutes'
where id in (
    select id from operations
    where kind in ('refund', 'refund_finding') and state in ('sent', 'done') and stripe_id is not null
        and read_at <= now()
    order by read_at limit :most
    for update skip locked
)
returning id, stripe_id;

-- name: told_of_failure(operation_id)^
-- whom to tell that a refund did not arrive, and of what
select
    items.id as booking_id, items.is_pass, items.currency, people.id as person_id, people.email, people.name,
    circles.discreet_name, items.starts_at, items.zone, operations.amount - operations.covered as amount,
    operations.again_at
from operations
cross join lateral (
    select * from paid_items as each where each.id = coalesce(operations.booking_id, operations.pass_id) offset 0
) as items
join people on people.id = items.person_id
join circles on circles.id = items.circle_id
where operations.id = :operation_id and people.email not like '%@gone.invalid';
