-- /organize/payments: one row for each payment, sums of them, refunds by hand, and notes.

-- A checkout that was paid, as organizers look for it: `at` is when its money came. Kept by triggers. gross, refunded, taken (by
-- disputes), waiting (to be sent back, and not sent yet), fee: minor units; fee is null until it is read at Stripe.
create table payment_facts (
    checkout_id uuid primary key references checkouts (id),
    at timestamptz not null,
    circle_id uuid not null references circles (id),
    currency text not null,
    state text not null,
    gross bigint not null,
    refunded bigint not null,
    taken bigint not null,
    waiting bigint not null,
    fee bigint
);
create index payment_facts_state on payment_facts (state, at, checkout_id);
create index payment_facts_circle on payment_facts (circle_id, state, at, checkout_id);

-- Sums of payments by day (UTC), circle (all zeros: of all circles), state and currency. What they are is the sum of all rows with the
-- same key: a payment that changes adds rows, so that no two payments wait for each other. The timetable folds them into one.
create table payment_sums (
    day date not null,
    circle_id uuid not null,
    state text not null,
    currency text not null,
    payments bigint not null,
    gross bigint not null,
    refunded bigint not null,
    taken bigint not null,
    waiting bigint not null,
    fee bigint not null,
    without_fee bigint not null,
    is_folded boolean not null default false
);
create index payment_sums_key on payment_sums (circle_id, day, state);
create index payment_sums_new on payment_sums (day) where not is_folded;

-- What payment_facts has to hold.
create view payment_sources as
select
    checkouts.id as checkout_id, moved.at, coalesce(gatherings.circle_id, passes.circle_id) as circle_id, checkouts.currency,
    case
        when coalesce(disputed.is_open, false) then 'disputed'
        when coalesce(refunds.waiting, 0) > 0 then 'waiting'
        when moved.taken > 0 then 'lost'
        when moved.refunded >= moved.gross then 'refunded'
        when moved.refunded > 0 then 'part'
        else 'paid'
    end as state,
    moved.gross, moved.refunded, moved.taken, coalesce(refunds.waiting, 0)::bigint as waiting,
    case when fees.currency = checkouts.currency then fees.fee end as fee
from (
    select
        checkout_id, min(at) filter (where kind = 'payment') as at,
        coalesce(sum(amount) filter (where kind = 'payment'), 0)::bigint as gross,
        coalesce(-sum(amount) filter (where kind in ('refund', 'refund_returned')), 0)::bigint as refunded,
        coalesce(-sum(amount) filter (where kind like 'dispute%'), 0)::bigint as taken
    from money_rows group by checkout_id
) as moved
join checkouts on checkouts.id = moved.checkout_id
join checkout_lines as lines on lines.checkout_id = checkouts.id and lines.position = 1
left join bookings on bookings.id = lines.booking_id
left join gatherings on gatherings.id = bookings.gathering_id
left join passes on passes.id = lines.pass_id
left join (
    select checkout_id, sum(amount - covered) as waiting from operations
    where kind = 'refund' and state in ('due', 'failed') and settled_at is null
    group by checkout_id
) as refunds on refunds.checkout_id = checkouts.id
left join (
    select checkout_id, bool_or(closed_at is null) as is_open from disputes group by checkout_id
) as disputed on disputed.checkout_id = checkouts.id
left join payment_fees as fees on fees.checkout_id = checkouts.id
where moved.at is not null;

-- What changes of a payment is added to its sums: of its circle and of all circles.
create function add_payment_sums(fact payment_facts, sign integer) returns void language sql as $$
insert into payment_sums (
    day, circle_id, state, currency, payments, gross, refunded, taken, waiting, fee, without_fee
)
select
    (fact.at at time zone 'UTC')::date, level.circle_id, fact.state, fact.currency, sign, sign * fact.gross, sign * fact.refunded,
    sign * fact.taken, sign * fact.waiting, sign * coalesce(fact.fee, 0), case when fact.fee is null then sign else 0 end
from (values (fact.circle_id), ('00000000-0000-0000-0000-000000000000')) as level (circle_id)
$$;

-- A payment anew. It runs at the end of a transaction, when that has all its other locks: so no two of them wait for each other.
create function keep_payment(checkout uuid) returns void language plpgsql as $$
declare
    was payment_facts;
    becomes payment_facts;
begin
    if not exists (select from money_rows where checkout_id = checkout and kind = 'payment') then
        return;
    end if;
    insert into payment_facts (checkout_id, at, circle_id, currency, state, gross, refunded, taken, waiting)
    select checkout_id, at, circle_id, currency, '', 0, 0, 0, 0 from payment_sources where checkout_id = checkout
    on conflict (checkout_id) do nothing;
    select * into was from payment_facts where checkout_id = checkout for update;
    select * into becomes from payment_sources where checkout_id = checkout;
    if was is not distinct from becomes or becomes.checkout_id is null then
        return;
    end if;
    if was.state <> '' then
        perform add_payment_sums(was, -1);
    end if;
    perform add_payment_sums(becomes, 1);
    update payment_facts set
        at = becomes.at, circle_id = becomes.circle_id, currency = becomes.currency, state = becomes.state, gross = becomes.gross,
        refunded = becomes.refunded, taken = becomes.taken, waiting = becomes.waiting, fee = becomes.fee
    where checkout_id = checkout;
end
$$;

create function keep_payment_of_row() returns trigger language plpgsql as $$
begin
    perform keep_payment(new.checkout_id);
    return null;
end
$$;
create constraint trigger money_rows_keep_payment after insert on money_rows
deferrable initially deferred
for each row execute function keep_payment_of_row();
create constraint trigger operations_keep_new_payment after insert on operations
deferrable initially deferred
for each row when (new.kind = 'refund') execute function keep_payment_of_row();
create constraint trigger operations_keep_payment after update of amount, covered, state, settled_at on operations
deferrable initially deferred
for each row when (
    new.kind = 'refund' and (old.amount - old.covered, old.state in ('due', 'failed') and old.settled_at is null)
        is distinct from (new.amount - new.covered, new.state in ('due', 'failed') and new.settled_at is null)
) execute function keep_payment_of_row();
create constraint trigger balance_keeps_payment after insert or update of checkout_id, fee on balance_transactions
deferrable initially deferred
for each row when (new.checkout_id is not null) execute function keep_payment_of_row();
create constraint trigger disputes_keep_payment after insert or update of closed_at on disputes
deferrable initially deferred
for each row execute function keep_payment_of_row();

-- A payment as organizers read it in a list, with the pass or the first booking that it pays. at: null where no money came.
create view payments_listed as
select
    checkouts.id, facts.at, coalesce(facts.at, checkouts.created_at) as listed_at, checkouts.created_at, checkouts.amount,
    checkouts.currency, checkouts.covers,
    coalesce(facts.state, case when checkouts.state in ('asked', 'open') then 'open' else 'unpaid' end) as state,
    facts.gross, facts.refunded, facts.taken, facts.waiting, facts.fee, first.booking_id, first.pass_id, people.id as person_id,
    people.name, circles.id as circle_id, circles.name as circle_name, gatherings.id as gathering_id, gatherings.starts_at, gatherings.zone,
    (select count(*) from checkout_lines as others where others.checkout_id = checkouts.id) as lines
from checkouts
left join payment_facts as facts on facts.checkout_id = checkouts.id
join checkout_lines as first on first.checkout_id = checkouts.id and first.position = 1
left join bookings on bookings.id = first.booking_id
left join gatherings on gatherings.id = bookings.gathering_id
left join passes on passes.id = first.pass_id
join people on people.id = coalesce(bookings.person_id, passes.person_id)
join circles on circles.id = coalesce(gatherings.circle_id, passes.circle_id);

insert into payment_facts (checkout_id, at, circle_id, currency, state, gross, refunded, taken, waiting, fee)
select * from payment_sources;
insert into payment_sums (
    day, circle_id, state, currency, payments, gross, refunded, taken, waiting, fee, without_fee, is_folded
)
select
    (facts.at at time zone 'UTC')::date, level.circle_id, facts.state, facts.currency, count(*), sum(facts.gross), sum(facts.refunded),
    sum(facts.taken), sum(facts.waiting), coalesce(sum(facts.fee), 0), count(*) filter (where facts.fee is null), true
from payment_facts as facts
cross join lateral (values (facts.circle_id), ('00000000-0000-0000-0000-000000000000')) as level (circle_id)
group by 1, 2, 3, 4;

-- A refund that an organizer asked for. booking_id: of that booking or pass alone; null: all of the payment that is left. amount: minor units.
-- state: asked (another organizer has to agree, since the payment is the asking one's own), done, declined or withdrawn. note: what its
-- member reads. frees_seat: the seat ends as well.
create table refunds_by_hand (
    id uuid primary key,
    checkout_id uuid not null references checkouts (id),
    booking_id uuid,
    amount integer not null,
    currency text not null,
    reason text not null,
    note text not null default '',
    frees_seat boolean not null default false,
    state text not null,
    asked_by uuid not null references people (id),
    asked_at timestamptz not null default clock_timestamp(),
    decided_by uuid references people (id),
    decided_at timestamptz,
    constraint refund_by_hand_amount_positive check (amount > 0),
    constraint refund_by_hand_has_reason check (reason <> ''),
    constraint refund_by_hand_state_known check (state in ('asked', 'done', 'declined', 'withdrawn')),
    constraint refund_by_hand_decided_by_somebody check (
        (state <> 'asked') = (decided_at is not null) and (decided_at is not null) = (decided_by is not null)
    )
);
create unique index refund_by_hand_asked_once on refunds_by_hand (checkout_id) where state = 'asked';
create index refunds_by_hand_asked on refunds_by_hand (asked_at) where state = 'asked';
create index refunds_by_hand_checkout on refunds_by_hand (checkout_id);
create index refunds_by_hand_asked_by on refunds_by_hand (asked_by);
create index refunds_by_hand_decided_by on refunds_by_hand (decided_by);

-- The refund by hand that an operation carries out.
alter table operations add column by_hand uuid;
-- squawk-ignore adding-foreign-key-constraint, constraint-missing-not-valid
alter table operations add constraint operation_by_hand foreign key (by_hand) references refunds_by_hand (id);
-- squawk-ignore require-concurrent-index-creation
create index operations_by_hand on operations (by_hand) where by_hand is not null;

-- What organizers wrote beside a payment. Nothing of it changes, except that an erasure empties it.
create table payment_notes (
    id uuid primary key,
    checkout_id uuid not null references checkouts (id),
    written_by uuid not null references people (id),
    body text not null,
    at timestamptz not null default clock_timestamp(),
    constraint payment_note_not_empty check (body <> '')
);
create index payment_notes_checkout on payment_notes (checkout_id);
create index payment_notes_written_by on payment_notes (written_by);
create function keep_payment_note() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and (new.id, new.checkout_id, new.at) = (old.id, old.checkout_id, old.at)
        and new.body in (old.body, 'Erased') then
        return new;
    end if;
    raise exception 'notes on payments are append-only' using errcode = 'restrict_violation';
end
$$;
create trigger payment_notes_append_only before update or delete on payment_notes
for each row execute function keep_payment_note();
