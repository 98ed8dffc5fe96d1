-- name: lines_and_payee(checkout_id, country)
-- the bookings that a checkout pays, or its pass, and how much for each, in minor units. On the first: the account of its facilitator and their part,
-- where the account gets payments in this currency and is of this country
select
    coalesce(lines.booking_id, lines.pass_id) as booking_id, lines.amount, payee.account_id, payee.destination,
    case when payee.account_id is not null then add_shares(lines.checkout_id, payee.destination) end as part
from checkout_lines as lines
left join lateral (
    select accounts.id as account_id, accounts.stripe_id as destination
    from checkouts
    left join bookings on bookings.id = lines.booking_id
    left join gatherings on gatherings.id = bookings.gathering_id
    left join passes on passes.id = lines.pass_id
    join hosts on hosts.circle_id = coalesce(gatherings.circle_id, passes.circle_id) and hosts.part = 'lead'
    join people on people.id = hosts.person_id and people.suspended_at is null
    join connect_accounts as accounts on accounts.person_id = people.id and accounts.is_active
        and accounts.country = :country and accounts.currency = checkouts.currency
    where checkouts.id = lines.checkout_id
        and exists (select from terms_of(hosts.circle_id, checkouts.currency, checkouts.created_at))
) as payee on lines.position = 1
where lines.checkout_id = :checkout_id
order by lines.position;

-- name: add_connected(checkout_id, account_id, amount, currency)!
-- a part of this checkout is asked to go to an account
insert into connected_payments (checkout_id, account_id, amount, currency)
values (:checkout_id, :account_id, :amount, :currency)
on conflict (checkout_id) do nothing;

-- name: ask_without_part(operation_id, old_key)^
-- the call that creates a checkout is made anew without a part for an account, with a key of its own; the same for whoever comes second
with changed as (
    update operations set
        request = request #- '{payment_intent_data,transfer_data}',
        idempotency_key = 'circles-checkout-' || gen_random_uuid()
    where id = :operation_id and idempotency_key = :old_key and state = 'due'
    returning id, booking_id, request, idempotency_key, checkout_id
), given_up as (
    update connected_payments set given_up_at = now()
    from changed where connected_payments.checkout_id = changed.checkout_id
    returning connected_payments.account_id
)
select
    changed.*, accounts.stripe_id as account, add_shares(changed.checkout_id) as part
from changed
left join given_up on true
left join connect_accounts as accounts on accounts.id = given_up.account_id;

-- name: call_of(operation_id)^
-- the call that creates a checkout, as it is stored now
select id, booking_id, request, idempotency_key from operations where id = :operation_id and state = 'due';

-- name: payments_to_settle(most)
-- payments of which what went to an account is to be compared with what should have, or a call is to be made; the next look is put off
update connected_payments set read_at = now()
where checkout_id in (
    select checkout_id from connected_payments
    where (read_at is null or read_at < now() - interval '30 seconds')
        and checkout_id in (
            select checkout_id from connected_payments where settle_at <= now()
            union all
            select checkout_id from connect_operations where state <> 'done' and settled_at is null and again_at <= now()
        )
    order by settle_at limit :most
    for update skip locked
)
returning checkout_id;

-- name: payment_to_settle(checkout_id)^
-- a payment of which a part goes to an account, and when something of it moved last
select
    payments.*, checkouts.payment_intent, checkouts.state, accounts.stripe_id as destination, accounts.is_active
from connected_payments as payments
join checkouts on checkouts.id = payments.checkout_id
join connect_accounts as accounts on accounts.id = payments.account_id
where payments.checkout_id = :checkout_id and payments.given_up_at is null;

-- name: lock_connected(checkout_id)^
-- the same row, locked after its checkout, with what decides: what its account should have of the payment by now, and what is open.
-- has_returned: money of it came back to us, which a dispute or a bank had taken
select
    payments.settle_at, payments.amount, accounts.is_active, accounts.stripe_id as destination, payments.account_id,
    coalesce(
        (
            select sum(share_rows.part) from payment_shares
            join share_rows on share_rows.share_id = payment_shares.id
            where payment_shares.checkout_id = payments.checkout_id
        ), 0
    )::bigint as should_have,
    (select count(*) from checkout_lines where checkout_lines.checkout_id = payments.checkout_id) as lines,
    (select coalesce(sum(transfer_rows.amount), 0) from transfer_rows where transfer_rows.checkout_id = payments.checkout_id)::bigint
        as has,
    (
        select coalesce(sum(case operations.kind when 'reverse' then operations.amount else - operations.amount end), 0)
        from connect_operations as operations
        where operations.checkout_id = payments.checkout_id and operations.settled_at is not null
    )::bigint as settled,
    exists (
        select from money_rows
        where money_rows.checkout_id = payments.checkout_id and money_rows.kind in ('dispute_returned', 'refund_returned')
    ) as has_returned,
    exists (
        select from operations
        where operations.checkout_id = payments.checkout_id and operations.kind = 'refund' and operations.state = 'due'
            and operations.called_at is not null and operations.settled_at is null
    ) as is_refunding,
    exists (
        select from operations
        where operations.checkout_id = payments.checkout_id and operations.kind = 'refund' and operations.state in ('due', 'failed')
            and operations.settled_at is null and operations.amount > operations.covered
    ) or exists (
        select from disputes where disputes.checkout_id = payments.checkout_id and disputes.closed_at is null
    ) as is_undecided
from connected_payments as payments
join connect_accounts as accounts on accounts.id = payments.account_id
where payments.checkout_id = :checkout_id and payments.given_up_at is null
for no key update of payments;

-- name: note_settled(checkout_id, settle_at)!
-- what went to an account is what should have, unless something moved meanwhile
update connected_payments set settle_at = null, fault = '', read_at = now()
where checkout_id = :checkout_id and settle_at is not distinct from :settle_at;

-- name: put_off(checkout_id, fault, wait)!
-- a payment is looked at again after a while
update connected_payments set settle_at = now() + :wait::interval, fault = :fault where checkout_id = :checkout_id;

-- name: note_difference(checkout_id, differs)$
-- where Stripe's answer is another than what was asked; its id only when that is new
update connected_payments set differs = :differs::jsonb, seen_at = null, seen_by = null
where checkout_id = :checkout_id and differs <> :differs::jsonb
returning checkout_id;

-- name: add_transfer_row(checkout_id, destination, kind, amount, currency, stripe_id, transfer_id, at)$
-- money that went to an account, or came back, once; its id only when it is new
insert into transfer_rows (checkout_id, account_id, kind, amount, currency, stripe_id, transfer_id, at)
values (
    :checkout_id, (select id from connect_accounts where stripe_id = :destination), :kind, :amount, :currency, :stripe_id,
    :transfer_id, :at
)
on conflict (stripe_id) do nothing
returning id;

-- name: transfers_left(checkout_id)
-- what each transfer of a payment left at its account, the newest first, in minor units
select transfer_id, sum(amount)::bigint as amount, max(id) as newest from transfer_rows
where checkout_id = :checkout_id
group by transfer_id having sum(amount) > 0 order by newest desc;

-- name: add_operation(id, kind, checkout_id, transfer_id, amount, request)$
-- a call that brings back or sends a part, to be made; no row while another of the payment is open
insert into connect_operations (id, kind, checkout_id, transfer_id, amount, request, idempotency_key)
values (:id, :kind, :checkout_id, :transfer_id, :amount, :request::jsonb, 'circles-part-' || :id::uuid)
on conflict (checkout_id) where state <> 'done' and settled_at is null do nothing
returning id;

-- name: open_operation(checkout_id)^
-- the call of a payment that is open, locked: due, or refused
select *, again_at <= now() as may_try from connect_operations
where checkout_id = :checkout_id and state <> 'done' and settled_at is null
for no key update;

-- name: begin_operation(id, amount, transfer_id, tries, request, idempotency_key)^
-- a call is made now
update connect_operations set
    state = 'due', called_at = now(), again_at = now() + interval '1 minute', amount = :amount, transfer_id = :transfer_id,
    tries = :tries, request = :request::jsonb, idempotency_key = :idempotency_key
where id = :id and state <> 'done' and settled_at is null
returning *;

-- name: about(checkout_id)$
-- the first booking that a checkout pays, or its pass
select coalesce(booking_id, pass_id) from checkout_lines where checkout_id = :checkout_id order by position limit 1;

-- name: operation_done(id, stripe_id)!
-- a call went through
update connect_operations set state = 'done', stripe_id = :stripe_id, done_at = now(), again_at = null, fault = ''
where id = :id and state <> 'done';

-- name: operation_failed(id, key, fault, wait)$
-- Stripe refused a call; it is tried again after a while, or a person decides
update connect_operations set state = 'failed', fault = :fault, tries = tries + 1, again_at = now() + :wait::interval
where id = :id and state = 'due' and idempotency_key = :key
returning checkout_id;

-- name: retry(id)$
-- a call that was refused is to be made again
update connect_operations set again_at = now() where id = :id and state <> 'done' and settled_at is null
returning checkout_id;

-- name: settle(id, actor_id, reason)$
-- a person settled by hand what Stripe refused
update connect_operations set settled_at = now(), settled_by = :actor_id, settled_reason = :reason, again_at = null
where id = :id and state <> 'done' and settled_at is null
returning checkout_id;

-- name: see_difference(checkout_id, actor_id)$
-- a person has seen where Stripe's answer differs
update connected_payments set seen_at = now(), seen_by = :actor_id
where checkout_id = :checkout_id and differs <> '{}' and seen_at is null
returning checkout_id;

-- name: settle_again(checkout_id)!
-- what went to an account is compared with what should have, now
update connected_payments set settle_at = clock_timestamp() where checkout_id = :checkout_id and given_up_at is null;

-- name: transfer_changed(transfer_id)!
-- Stripe says that a transfer changed: what its account has is compared with what it should have
update connected_payments set settle_at = clock_timestamp()
where checkout_id in (select checkout_id from transfer_rows where transfer_id = :transfer_id) and given_up_at is null;

-- name: stuck_operations(most)
-- calls that Stripe refused, those that are not tried again by themselves first, with whose they are
select operations.*, payments.currency, people.name as person_name, circles.name as circle_name
from connect_operations as operations
join connected_payments as payments on payments.checkout_id = operations.checkout_id
join connect_accounts as accounts on accounts.id = payments.account_id
join people on people.id = accounts.person_id
left join circles on circles.id = (
    select circle_id from payment_shares where payment_shares.checkout_id = operations.checkout_id limit 1
)
where operations.state <> 'done' and operations.settled_at is null and operations.tries > 0
order by operations.again_at is null desc, operations.created_at limit :most;

-- name: operation_to_settle(id)^
-- one call, with whose it is
select operations.*, payments.currency, people.name as person_name, circles.name as circle_name
from connect_operations as operations
join connected_payments as payments on payments.checkout_id = operations.checkout_id
join connect_accounts as accounts on accounts.id = payments.account_id
join people on people.id = accounts.person_id
left join circles on circles.id = (
    select circle_id from payment_shares where payment_shares.checkout_id = operations.checkout_id limit 1
)
where operations.id = :id;

-- name: differences(most)
-- payments of which Stripe's answer is another than what was asked, and that nobody has looked at
select payments.*, people.name as person_name, checkouts.payment_intent
from connected_payments as payments
join checkouts on checkouts.id = payments.checkout_id
join connect_accounts as accounts on accounts.id = payments.account_id
join people on people.id = accounts.person_id
where payments.differs <> '{}' and payments.seen_at is null
order by payments.created_at limit :most;
