-- name: record_finding(kind, booking_id, stripe_id, payment_intent, amount, currency, expected, answered)$
-- a finding; its id when it is new, or when more money came by it than was known, which makes a settled one open again
insert into payment_findings (kind, booking_id, pass_id, stripe_id, payment_intent, amount, currency, expected, answered)
values (
    :kind, (select id from bookings where id = :booking_id), (select id from passes where id = :booking_id), :stripe_id,
    :payment_intent, :amount, :currency, :expected::jsonb, :answered::jsonb
)
on conflict (kind, stripe_id) do update set
    payment_intent = excluded.payment_intent, amount = excluded.amount, currency = excluded.currency,
    expected = excluded.expected, answered = excluded.answered,
    settled_at = null, settled_by = null, settled_reason = ''
where payment_findings.amount < excluded.amount
returning id;

-- name: open_findings(most)
-- findings that nobody settled, oldest first, with the person they are about and how far a refund of each is
select
    payment_findings.id, payment_findings.kind, payment_findings.booking_id, payment_findings.stripe_id,
    payment_findings.payment_intent, payment_findings.amount, payment_findings.currency, payment_findings.expected,
    payment_findings.answered, payment_findings.created_at, people.name as person_name, people.id as person_id,
    circles.name as circle_name, items.starts_at, items.zone
from payment_findings
cross join lateral (
    select * from paid_items as each where each.id = coalesce(payment_findings.booking_id, payment_findings.pass_id) offset 0
) as items
join people on people.id = items.person_id
join circles on circles.id = items.circle_id
where payment_findings.settled_at is null
order by payment_findings.created_at limit :most;

-- name: lock_finding(id)^
-- a finding, locked, with the booking or pass that it is about
select *, coalesce(booking_id, pass_id) as about from payment_findings where id = :id for no key update;

-- name: booking_of_finding(id)$
-- the booking or pass that a finding is about
select coalesce(booking_id, pass_id) from payment_findings where id = :id;

-- name: reference_of_finding(id)$
-- the reference of the checkout that a finding is about, or of the booking or pass that it names
select coalesce(checkouts.booking_id, findings.booking_id, findings.pass_id)
from payment_findings as findings left join checkouts on checkouts.stripe_id = findings.stripe_id
where findings.id = :id;

-- name: settle_finding(id, actor_id, reason)!
-- a person has settled a finding
update payment_findings set settled_at = now(), settled_by = :actor_id, settled_reason = :reason
where id = :id;

-- name: note_seat_given(id)!
-- the person who settled a finding gave the seat for its money
update payment_findings set gave_seat = true where id = :id;

-- name: known_again(stripe_id)$
-- Stripe knows a checkout again of which it knew nothing: nobody needs to settle that any more
update payment_findings set settled_at = now(), settled_reason = 'Stripe knows it again.'
where stripe_id = :stripe_id and kind = 'unknown' and settled_at is null
returning coalesce(booking_id, pass_id);

-- name: add_finding_refund(id, finding_id, amount, reason, request)!
-- the refund of a finding's money that is due, with the parameters of its call; once for each finding
insert into operations (id, kind, booking_id, pass_id, finding_id, idempotency_key, amount, reason, request)
select
    :id, 'refund_finding', findings.booking_id, findings.pass_id, findings.id, 'circles-refund-' || :id::uuid, :amount,
    :reason, :request::jsonb
from payment_findings as findings where findings.id = :finding_id
on conflict (finding_id) do nothing;
