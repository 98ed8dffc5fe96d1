-- name: waiting_for_a_person()$
-- how many refunds, findings and payments that no bank decided wait for a person
select
    (select count(*) from waiting_refunds where is_stuck)
    + (select count(*) from payment_findings where settled_at is null)
    + (select count(*) from checkouts where pending_at < now() - interval '15 days' and state = 'open');

-- name: waiting_refunds(most)
-- refunds that wait for a person or for their next try, with whom and what they are of; those that are stuck first
select
    waiting.*, coalesce(checkouts.currency, payment_findings.currency, '') as currency, now() as now,
    people.name as person_name, circles.name as circle_name, items.starts_at, items.zone
from waiting_refunds as waiting
cross join lateral (
    select * from paid_items as each where each.id = coalesce(waiting.booking_id, waiting.pass_id) offset 0
) as items
join people on people.id = items.person_id
join circles on circles.id = items.circle_id
left join checkouts on checkouts.id = waiting.checkout_id
left join payment_findings on payment_findings.id = waiting.finding_id
order by waiting.is_stuck desc, waiting.created_at limit :most;

-- name: refund_to_settle(id)^
-- one refund, with whom and what it is of
select
    operations.id, operations.kind, operations.booking_id, operations.pass_id, operations.checkout_id, operations.state,
    operations.fault, operations.tries,
    operations.again_at, operations.created_at, operations.settled_at, operations.amount - operations.covered as amount,
    coalesce(checkouts.currency, payment_findings.currency, '') as currency,
    coalesce(checkouts.payment_intent, payment_findings.payment_intent, '') as payment_intent,
    exists (
        select from disputes
        where disputes.checkout_id = operations.checkout_id and disputes.closed_at is null
    ) as disputed,
    people.name as person_name, circles.name as circle_name, items.starts_at, items.zone
from operations
cross join lateral (
    select * from paid_items as each where each.id = coalesce(operations.booking_id, operations.pass_id) offset 0
) as items
join people on people.id = items.person_id
join circles on circles.id = items.circle_id
left join checkouts on checkouts.id = operations.checkout_id
left join payment_findings on payment_findings.id = operations.finding_id
where operations.id = :id;

-- name: finding_to_settle(id)^
-- one finding, with whom and what it is of
select
    payment_findings.*, items.is_pass, items.state as booking_state, coalesce(bookings.kind, 'paid') as booking_kind,
    items.currency as booking_currency, checkouts.id as checkout_id, coalesce(checkouts.state, 'asked') as checkout_state,
    coalesce(checkouts.covers, 'booking') as covers, checkouts.amount as asked_amount,
    people.name as person_name, circles.name as circle_name, items.starts_at, items.zone
from payment_findings
cross join lateral (
    select * from paid_items as each where each.id = coalesce(payment_findings.booking_id, payment_findings.pass_id) offset 0
) as items
left join bookings on bookings.id = payment_findings.booking_id
left join checkouts on checkouts.id = coalesce(
    (select own.id from checkouts as own where own.stripe_id = payment_findings.stripe_id), checkout_named(items.id)
)
join people on people.id = items.person_id
join circles on circles.id = items.circle_id
where payment_findings.id = :id;

-- name: bank_payments(most)
-- payments that a bank has not decided for longer than banks take, the oldest first, then those of the last month that did
-- not arrive, the newest first
select
    checkouts.id, checkouts.amount, checkouts.currency, checkouts.pending_at, checkouts.debit_failed_at,
    checkouts.state = 'open' as is_undecided, people.name as person_name, circles.name as circle_name,
    items.starts_at, items.zone, lines.booking_id
from (
    select * from checkouts where pending_at < now() - interval '15 days' and state = 'open'
    union all
    select * from checkouts where debit_failed_at > now() - interval '30 days' and state = 'expired'
) as checkouts
join checkout_lines as lines on lines.checkout_id = checkouts.id and lines.position = 1
cross join lateral (
    select * from paid_items as each where each.id = coalesce(lines.booking_id, lines.pass_id) offset 0
) as items
join people on people.id = items.person_id
join circles on circles.id = items.circle_id
order by is_undecided desc, checkouts.pending_at, checkouts.debit_failed_at desc limit :most;

-- name: undecided_payment(id)^
-- one payment that a bank decides, with whom and what it is of
select
    checkouts.*, checkouts.pending_at < now() - interval '15 days' as is_overdue, people.name as person_name,
    circles.name as circle_name, items.starts_at, items.zone, lines.booking_id as of_booking, lines.pass_id as of_pass
from checkouts
join checkout_lines as lines on lines.checkout_id = checkouts.id and lines.position = 1
cross join lateral (
    select * from paid_items as each where each.id = coalesce(lines.booking_id, lines.pass_id) offset 0
) as items
join people on people.id = items.person_id
join circles on circles.id = items.circle_id
where checkouts.id = :id;

-- name: reference_of_checkout(id)$
-- the reference of a checkout
select booking_id from checkouts where id = :id;

-- name: lock_gathering_of(booking_id)^
-- lock the gathering of a booking, before its checkout and its finding, as the verbs of bookings do; with the booking. A pass, which
-- is paid as well, has no gathering
select bookings.id, bookings.kind, bookings.amount, bookings.currency
from lock_gathering_of(:booking_id) as locked (id) join bookings on bookings.id = :booking_id
where locked.id is not null
union all
select id, 'paid', amount, currency from passes where id = :booking_id;

-- name: lock_undecided(id)^
-- a payment that a bank decides, locked, with the operation that made its checkout
select
    checkouts.booking_id, checkouts.state, checkouts.pending_at,
    checkouts.pending_at < now() - interval '15 days' as is_overdue, operations.id as operation_id
from checkouts
join operations on operations.checkout_id = checkouts.id and operations.kind = 'create_checkout'
where checkouts.id = :id
for no key update of checkouts;

-- name: refused_checkouts(most)
-- checkouts that Stripe would not open within the last month, and that nobody has dismissed
select
    operations.id, operations.booking_id, operations.fault, operations.created_at, checkouts.amount,
    checkouts.currency, people.name as person_name, circles.name as circle_name, items.starts_at,
    items.zone
from operations
join checkouts on checkouts.id = operations.checkout_id
cross join lateral (
    select * from paid_items as each where each.id = coalesce(operations.booking_id, operations.pass_id) offset 0
) as items
join people on people.id = items.person_id
join circles on circles.id = items.circle_id
where operations.kind = 'create_checkout' and operations.state = 'failed' and operations.settled_at is null
    and operations.fault not in ('', 'never_called') and operations.fault not like all('{differs,finding%}')
    and operations.created_at > now() - interval '30 days'
order by operations.created_at desc limit :most;

-- name: disputes(most)
-- disputes that are open or closed within three months, with whom and what they are of; the open ones first
select
    disputes.*, people.name as person_name, items.state as booking_state, items.is_pass, circles.name as circle_name,
    items.starts_at, items.zone
from disputes
cross join lateral (
    select * from paid_items as each where each.id = coalesce(disputes.booking_id, disputes.pass_id) offset 0
) as items
join people on people.id = items.person_id
join circles on circles.id = items.circle_id
where disputes.closed_at is null or disputes.closed_at > now() - interval '90 days'
order by disputes.closed_at is not null, disputes.made_at desc limit :most;

-- name: asked_refunds(most)
-- refunds that organizers ask for of their own payments, and that another one has to agree to, the first first
select asked.checkout_id, asked.amount, asked.currency, people.name as asker_name, asked.asked_at
from refunds_by_hand as asked join people on people.id = asked.asked_by
where asked.state = 'asked'
order by asked.asked_at limit :most;

-- name: alarms()
-- refusals of our key within the last quarter of an hour: whatever waits is tried again every few minutes
select kind, since, at from stripe_alarms where at > now() - interval '15 minutes' order by kind;

-- name: on_their_way()
-- refunds on their way to their people, by currency
select checkouts.currency, count(*) as refunds, sum(operations.amount - operations.covered)::bigint as amount
from operations join checkouts on checkouts.id = operations.checkout_id
where operations.kind = 'refund' and operations.state = 'sent'
group by checkouts.currency order by checkouts.currency;

-- name: settled(most)
-- refunds, findings and payments that no bank decided, which a person settled last
select * from (
    select
        operations.id, coalesce(operations.booking_id, operations.pass_id) as booking_id,
        case operations.kind
            when 'create_checkout' then checkouts.amount else operations.amount - operations.covered
        end as amount,
        coalesce(checkouts.currency, payment_findings.currency, '') as currency, operations.settled_at,
        operations.settled_reason, operations.settled_by,
        operations.kind <> 'create_checkout' and operations.state in ('sent', 'done') as went_out, false as gave_seat
    from operations
    left join checkouts on checkouts.id = operations.checkout_id
    left join payment_findings on payment_findings.id = operations.finding_id
    where operations.settled_at is not null
        and (operations.kind <> 'create_checkout' or checkouts.debit_failed_at is not null)
    union all
    select id, coalesce(booking_id, pass_id), amount, currency, settled_at, settled_reason, settled_by, false, gave_seat
    from payment_findings where settled_at is not null
) as settled
join lateral (select people.name as settled_name from people where people.id = settled.settled_by) as who on true
join lateral (
    select people.name as person_name, paid_items.is_pass from paid_items join people on people.id = paid_items.person_id
    where paid_items.id = settled.booking_id
) as whose on true
order by settled.settled_at desc limit :most;

-- name: lock_operation(id)^
-- a refund or the opening of a checkout, locked, with whether a dispute of its money is open that took the money
select
    operations.id, operations.kind, coalesce(operations.booking_id, operations.pass_id) as about, operations.state,
    operations.settled_at, operations.fault, operations.amount - operations.covered as amount,
    exists (
        select from disputes
        where disputes.checkout_id = operations.checkout_id and disputes.closed_at is null
    ) as disputed
from operations where operations.id = :id
for no key update of operations;

-- name: settle_operation(id, actor_id, reason)!
-- a person has settled a refund, or dismissed a checkout that could not be opened: nothing more is tried
update operations set
    state = case when state = 'due' then 'failed' else state end,
    settled_at = now(), settled_by = :actor_id, settled_reason = :reason, again_at = null
where id = :id;
