-- A refund is due, sent (accepted by Stripe, not arrived), done or failed. What was sent is read again until it is final.

-- stripe_state: of the refund at Stripe as read last; null: never, such as rows of the version before, which called
-- everything done that Stripe had accepted. read_at: when it is read next; null: never again. The default has every row
-- that is there, and every row that the version before still adds, read once.
-- squawk-ignore adding-field-with-default
alter table operations add column read_at timestamptz default (now() + interval '3 minutes');
alter table operations add column stripe_state text;
-- sent_at: since when it is on its way. failed_ids: refunds at Stripe that a try of this one made and that failed.
alter table operations add column sent_at timestamptz;
alter table operations add column failed_ids text [] not null default '{}';
-- covered: how much of the amount went back in another way: a refund made at Stripe's dashboard, or a dispute. disputed: of
-- that, what a dispute took.
alter table operations add column covered integer not null default 0;
alter table operations add column disputed integer not null default 0;
-- Settled by a person: the money went another way, or none is owed. The state stays failed.
alter table operations add column settled_at timestamptz;
alter table operations add column settled_by uuid references people (id);
alter table operations add column settled_reason text not null default '';
alter table operations add constraint operation_covered_within_amount check (
    covered between 0 and amount and disputed between 0 and covered
);
alter table operations add constraint operation_settled_with_reason check (
    (settled_at is not null) = (settled_reason <> '')
);
-- squawk-ignore ban-drop-constraint
alter table operations drop constraint operation_state_known;
alter table operations add constraint operation_state_known check (state in ('due', 'sent', 'done', 'failed'));
-- squawk-ignore require-concurrent-index-creation
create index operations_to_read on operations (read_at)
where kind in ('refund', 'refund_finding') and state in ('sent', 'done') and read_at is not null;
-- squawk-ignore require-concurrent-index-creation
create index operations_unsettled on operations (created_at)
where state in ('due', 'failed') and settled_at is null;
-- squawk-ignore require-concurrent-index-creation
create index operations_settled_by on operations (settled_by) where settled_by is not null;
-- squawk-ignore require-concurrent-index-creation
create index operations_tried_again on operations (booking_id) where failed_ids <> '{}';
-- squawk-ignore require-concurrent-index-creation
create index checkouts_payment_intent on checkouts (payment_intent) where payment_intent is not null;

-- A refund that failed at Stripe is known by failed_ids; stripe_id is that of one which is on its way or arrived.
update operations set failed_ids = array[stripe_id], stripe_id = null
where kind = 'refund' and state = 'failed' and stripe_id is not null;

-- Disputes of payments, as Stripe says them. state: Stripe's own word. fee: what Stripe keeps, minor units, null while it
-- is unknown. answer_by: when an answer must have reached the bank.
create table disputes (
    stripe_id text primary key,
    booking_id uuid not null references bookings (id),
    checkout_id uuid not null references checkouts (id),
    amount integer not null,
    currency text not null,
    state text not null,
    reason text not null default '',
    fee integer,
    answer_by timestamptz,
    made_at timestamptz not null,
    closed_at timestamptz,
    read_at timestamptz not null default now(),
    created_at timestamptz not null default now(),
    constraint dispute_amount_positive check (amount > 0)
);
create index disputes_booking on disputes (booking_id);
create index disputes_checkout on disputes (checkout_id);
create index disputes_open on disputes (made_at) where closed_at is null;

-- The ledger knows money that a dispute took, and what came back of it when it was won.
-- squawk-ignore ban-drop-constraint
alter table money_rows drop constraint money_kind_known;
alter table money_rows add constraint money_kind_known check (
    kind in ('payment', 'refund', 'refund_returned', 'dispute', 'dispute_returned')
);
-- squawk-ignore ban-drop-constraint
alter table money_rows drop constraint money_sign;
alter table money_rows add constraint money_sign check (
    amount <> 0 and (kind in ('refund', 'dispute')) = (amount < 0)
);

-- When Stripe refuses our key (401) or a right of it (403): since when, and when last.
create table stripe_alarms (
    kind text primary key,
    since timestamptz not null default now(),
    at timestamptz not null default now()
);

-- How far the timetable has listed what happened at Stripe's dashboard, of each kind of object.
create table stripe_readings (
    kind text primary key,
    until timestamptz not null
);

-- What the nightly check of the invariants found, the newest last.
create table check_runs (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    broken jsonb not null
);

-- A booking with its money in minor units: paid; refunded, once requested; refund_done, once it arrived; and of what was
-- requested, refund_failed: did not arrive, refund_stuck: of that, no further try follows, refund_settled: a person settled it.
-- disputed: the state of its latest dispute, empty without one. kept: what is ours of it now.
create or replace view bookings_with_money as
select
    bookings.id, bookings.gathering_id, bookings.person_id, bookings.seat, bookings.kind, bookings.state,
    bookings.amount, bookings.currency, bookings.scale_minimum, bookings.scale_maximum, bookings.refund_hours,
    bookings.late_refund_percent, bookings.acceptance_id, bookings.held_until, bookings.let_go_at,
    bookings.created_at, bookings.confirmed_at, bookings.ended_at, bookings.end_cause, bookings.full_refund_until,
    bookings.returned_at,
    (select coalesce(sum(amount), 0)::int from money_rows where booking_id = bookings.id and kind = 'payment') as paid,
    coalesce(refunds.requested, 0)::int as refunded,
    coalesce(refunds.done, 0)::int as refund_done,
    coalesce(refunds.failed, 0)::int as refund_failed,
    coalesce(refunds.stuck, 0)::int as refund_stuck,
    coalesce(refunds.settled, 0)::int as refund_settled,
    coalesce(
        (select disputes.state from disputes where booking_id = bookings.id order by made_at desc limit 1), ''
    ) as disputed,
    greatest(
        0,
        (select coalesce(sum(amount), 0)::int from money_rows where booking_id = bookings.id)
        - coalesce(refunds.owed, 0)::int
    ) as kept
from bookings
left join lateral (
    select
        sum(amount - covered) as requested,
        sum(amount - covered) filter (where state = 'done') as done,
        sum(amount - covered) filter (where state in ('due', 'failed')) as owed,
        sum(amount - covered) filter (where state = 'failed' and settled_at is null) as failed,
        sum(amount - covered) filter (where state = 'failed' and settled_at is null and again_at is null) as stuck,
        sum(amount - covered) filter (where state = 'failed' and settled_at is not null) as settled
    from operations where booking_id = bookings.id and kind = 'refund'
) as refunds on true;

-- Somebody's own seat at a gathering; see 0029. Its money says as well what did not arrive, and a dispute.
create or replace function own_seat(gathering uuid, person uuid) returns jsonb
language sql stable strict parallel safe as $$
select
    jsonb_build_object(
        'gathering_id', gatherings.id, 'gathering_state', gatherings.state, 'starts_at', gatherings.starts_at,
        'ends_at', gatherings.ends_at, 'zone', gatherings.zone, 'now', clock_timestamp(),
        'booking', case when booking.id is not null then to_jsonb(booking) end,
        'request', case when request.id is not null then to_jsonb(request) end
    )
from gatherings
left join lateral (
    select
        bookings.id, bookings.state, bookings.kind, bookings.amount, bookings.currency, bookings.end_cause,
        bookings.held_until, bookings.let_go_at, bookings.returned_at, bookings.full_refund_until, bookings.paid,
        bookings.refunded, bookings.refund_done, bookings.refund_failed, bookings.refund_stuck,
        bookings.refund_settled, bookings.disputed
    from bookings_with_money as bookings
    where bookings.gathering_id = gatherings.id and bookings.person_id = person
    order by bookings.state in ('held', 'confirmed') desc, bookings.created_at desc limit 1
) as booking on true
left join lateral (
    select requests.id, requests.state from requests
    where requests.gathering_id = gatherings.id and requests.person_id = person
        and requests.state <> 'withdrawn' and requests.forgotten_at is null
    order by requests.created_at desc limit 1
) as request on true
where gatherings.id = gathering and (booking.id is not null or request.id is not null)
$$;
