-- Passes: several gatherings of a circle within some weeks, paid at once.

-- What a circle offers, as versions: the one with the highest number is in force, and says as well that none is sold any more.
-- Never changed, so that a pass keeps the terms it was sold with. minimum, suggested, maximum: for the whole pass, minor units.
-- What comes back of an unused gathering: refund_percent of its part of the price, or refund_per_use, minor units and never more
-- than that part; it is asked for within refund_weeks of the payment.
create table pass_offers (
    id uuid primary key default gen_random_uuid(),
    circle_id uuid not null references circles (id),
    number integer not null,
    is_sold boolean not null,
    uses smallint not null,
    weeks smallint not null,
    currency text not null,
    minimum integer not null,
    suggested integer not null,
    maximum integer not null,
    refund_kind text not null,
    refund_percent smallint not null default 0,
    refund_per_use integer not null default 0,
    refund_weeks smallint not null,
    published_by uuid references people (id),
    published_at timestamptz not null default now(),
    constraint pass_offer_number_once unique (circle_id, number),
    constraint pass_offer_number_from_one check (number >= 1),
    constraint pass_offer_uses check (uses between 2 and 52),
    constraint pass_offer_weeks check (weeks between 1 and 104),
    constraint pass_offer_scale_order check (
        0 < minimum and minimum <= suggested and suggested <= maximum and maximum <= 10000000
    ),
    constraint pass_offer_refund_is_a_word check (refund_kind ~ '^[a-z_]+$'),
    constraint pass_offer_refund_sane check (
        refund_percent between 0 and 100 and refund_per_use between 0 and maximum and refund_weeks between 0 and weeks
    )
);
create index pass_offers_published_by on pass_offers (published_by);
create trigger pass_offers_append_only before update or delete on pass_offers
for each row execute function refuse_change();

-- One person's pass. held: being paid; active: paid; lapsed: never paid; ended: refunded, expired, or over for another reason. used:
-- how many gatherings are taken of it, kept by a trigger. valid_until: gatherings that begin by then.
create table passes (
    id uuid primary key default gen_random_uuid(),
    offer_id uuid not null references pass_offers (id),
    circle_id uuid not null references circles (id),
    person_id uuid not null references people (id),
    state text not null,
    amount integer not null,
    currency text not null,
    uses smallint not null,
    used smallint not null default 0,
    acceptance_id uuid not null references acceptances (id),
    held_until timestamptz,
    let_go_at timestamptz,
    returned_at timestamptz,
    created_at timestamptz not null default now(),
    paid_at timestamptz,
    valid_until timestamptz,
    ended_at timestamptz,
    end_cause text not null default '',
    constraint pass_state_known check (state in ('held', 'active', 'lapsed', 'ended')),
    constraint pass_amount_positive check (amount > 0),
    constraint pass_never_used_more_often_than_sold check (used between 0 and uses),
    constraint pass_held_has_end check ((state = 'held') <= (held_until is not null)),
    constraint pass_paid_has_times check ((state in ('active', 'ended')) <= (paid_at is not null and valid_until is not null)),
    constraint pass_ended_has_cause check (
        (state in ('lapsed', 'ended')) = (ended_at is not null) and (ended_at is not null) = (end_cause <> '')
    ),
    constraint pass_end_cause_is_a_word check (end_cause ~ '^[a-z_]*$')
);
create unique index pass_held_once on passes (circle_id, person_id) where state = 'held';
create index passes_person on passes (person_id, created_at desc);
create index passes_circle on passes (circle_id, created_at desc);
create index passes_offer on passes (offer_id);
create index passes_acceptance on passes (acceptance_id);
create index passes_active on passes (valid_until) where state = 'active';
create index passes_held on passes (held_until) where state = 'held';

-- Which bookings are on a pass. place: the first, second ... of its gatherings; value: its part of the price, minor units. used: the
-- seat stands or was come to; given_back: it was let go in time, or nobody could come; spent: it was let go too late.
create table pass_uses (
    booking_id uuid primary key references bookings (id),
    pass_id uuid not null references passes (id),
    place smallint not null,
    value integer not null,
    state text not null default 'used',
    used_at timestamptz not null default now(),
    ended_at timestamptz,
    constraint pass_use_place_from_one check (place >= 1),
    constraint pass_use_value_not_negative check (value >= 0),
    constraint pass_use_state_known check (state in ('used', 'given_back', 'spent')),
    constraint pass_use_ended_has_time check ((state = 'used') = (ended_at is null))
);
create unique index pass_use_once on pass_uses (pass_id, place) where state <> 'given_back';
create index pass_uses_pass on pass_uses (pass_id);

-- How many uses a pass has taken stands on its row: whoever takes one at the same moment waits for it.
create function count_pass_uses() returns trigger language plpgsql as $$
declare
    was_taken boolean := tg_op <> 'INSERT' and old.state <> 'given_back';
    is_taken boolean := tg_op <> 'DELETE' and new.state <> 'given_back';
begin
    if was_taken <> is_taken then
        update passes set used = used + case when is_taken then 1 else -1 end
        where id = coalesce(new.pass_id, old.pass_id);
    end if;
    return null;
end
$$;
create trigger pass_uses_count after insert or update or delete on pass_uses
for each row execute function count_pass_uses();

-- A checkout may pay a pass: its reference is the pass, and so is its only line. What a payment, a refund, a dispute or a finding is
-- of is a booking or a pass.
-- squawk-ignore ban-drop-constraint
alter table checkouts drop constraint checkout_covers_known;
-- squawk-ignore constraint-missing-not-valid
alter table checkouts add constraint checkout_covers_known check (covers in ('booking', 'bookings', 'addition', 'pass'));

-- squawk-ignore ban-drop-not-null
alter table checkout_lines alter column booking_id drop not null;
-- squawk-ignore ban-drop-not-null
alter table operations alter column booking_id drop not null;
-- squawk-ignore ban-drop-not-null
alter table money_rows alter column booking_id drop not null;
-- squawk-ignore ban-drop-not-null
alter table disputes alter column booking_id drop not null;
-- squawk-ignore ban-drop-not-null
alter table payment_findings alter column booking_id drop not null;
alter table checkout_lines add column pass_id uuid;
alter table operations add column pass_id uuid;
alter table money_rows add column pass_id uuid;
alter table disputes add column pass_id uuid;
alter table payment_findings add column pass_id uuid;
-- squawk-ignore adding-foreign-key-constraint, constraint-missing-not-valid
alter table checkout_lines add constraint line_has_pass foreign key (pass_id) references passes (id);
-- squawk-ignore adding-foreign-key-constraint, constraint-missing-not-valid
alter table operations add constraint operation_has_pass foreign key (pass_id) references passes (id);
-- squawk-ignore adding-foreign-key-constraint, constraint-missing-not-valid
alter table money_rows add constraint money_has_pass foreign key (pass_id) references passes (id);
-- squawk-ignore adding-foreign-key-constraint, constraint-missing-not-valid
alter table disputes add constraint dispute_has_pass foreign key (pass_id) references passes (id);
-- squawk-ignore adding-foreign-key-constraint, constraint-missing-not-valid
alter table payment_findings add constraint finding_has_pass foreign key (pass_id) references passes (id);
-- squawk-ignore constraint-missing-not-valid
alter table checkout_lines add constraint line_of_booking_or_pass check (num_nonnulls(booking_id, pass_id) = 1);
-- squawk-ignore constraint-missing-not-valid
alter table operations add constraint operation_of_booking_or_pass check (num_nonnulls(booking_id, pass_id) = 1);
-- squawk-ignore constraint-missing-not-valid
alter table money_rows add constraint money_of_booking_or_pass check (num_nonnulls(booking_id, pass_id) = 1);
-- squawk-ignore constraint-missing-not-valid
alter table disputes add constraint dispute_of_booking_or_pass check (num_nonnulls(booking_id, pass_id) = 1);
-- squawk-ignore constraint-missing-not-valid
alter table payment_findings add constraint finding_of_booking_or_pass check (num_nonnulls(booking_id, pass_id) = 1);
-- squawk-ignore require-concurrent-index-creation
create unique index checkout_lines_pass on checkout_lines (pass_id) where pass_id is not null;
-- squawk-ignore require-concurrent-index-creation
create index operations_pass on operations (pass_id) where pass_id is not null;
-- squawk-ignore require-concurrent-index-creation
create index money_rows_pass on money_rows (pass_id) where pass_id is not null;
-- squawk-ignore require-concurrent-index-creation
create index disputes_pass on disputes (pass_id) where pass_id is not null;
-- squawk-ignore require-concurrent-index-creation
create index payment_findings_pass on payment_findings (pass_id) where pass_id is not null;

-- Code of before reads no booking of such a payment and writes none: the pass is then known by the checkout.
create function name_pass_of_payment() returns trigger language plpgsql as $$
begin
    new.pass_id := case
        when tg_table_name = 'payment_findings' then (
            select lines.pass_id from checkouts join checkout_lines as lines on lines.checkout_id = checkouts.id
            where checkouts.stripe_id = to_jsonb(new) ->> 'stripe_id'
        )
        else (
            select lines.pass_id from checkout_lines as lines
            where lines.checkout_id = (to_jsonb(new) ->> 'checkout_id')::uuid
        )
    end;
    return new;
end
$$;
create trigger operations_name_pass before insert on operations
for each row when (new.booking_id is null and new.pass_id is null) execute function name_pass_of_payment();
create trigger money_rows_name_pass before insert on money_rows
for each row when (new.booking_id is null and new.pass_id is null) execute function name_pass_of_payment();
create trigger disputes_name_pass before insert on disputes
for each row when (new.booking_id is null and new.pass_id is null) execute function name_pass_of_payment();
create trigger payment_findings_name_pass before insert on payment_findings
for each row when (new.booking_id is null and new.pass_id is null) execute function name_pass_of_payment();

-- See 0089. A pass names its checkout as well.
create or replace function checkout_named(reference uuid) returns uuid language plpgsql stable strict parallel safe as $$
begin
    return coalesce(
        (select checkout_id from checkout_lines where booking_id = reference and not is_addition),
        (select id from checkouts where booking_id = reference and covers in ('addition', 'pass'))
    );
end
$$;

-- What money can be of: a booking, with its gathering's time, or a pass, with none.
create view paid_items as
select
    bookings.id, bookings.person_id, gatherings.circle_id, gatherings.starts_at, gatherings.zone, bookings.currency,
    bookings.state, false as is_pass
from bookings join gatherings on gatherings.id = bookings.gathering_id
union all
select
    passes.id, passes.person_id, passes.circle_id, null, 'UTC', passes.currency, passes.state, true
from passes;

-- A pass with its money in minor units; see bookings_with_money in 0121.
create view passes_with_money as
select
    passes.*,
    (select coalesce(sum(amount), 0)::int from money_rows where pass_id = passes.id and kind = 'payment') as paid,
    coalesce(refunds.requested, 0)::int as refunded,
    coalesce(refunds.done, 0)::int as refund_done,
    coalesce(refunds.failed, 0)::int as refund_failed,
    coalesce(refunds.stuck, 0)::int as refund_stuck,
    coalesce(refunds.settled, 0)::int as refund_settled,
    coalesce((select disputes.state from disputes where pass_id = passes.id order by made_at desc limit 1), '') as disputed,
    greatest(
        0,
        (select coalesce(sum(amount), 0)::int from money_rows where pass_id = passes.id) - coalesce(refunds.owed, 0)::int
    ) as kept,
    (select coalesce(sum(value), 0)::int from pass_uses where pass_id = passes.id and pass_uses.state <> 'given_back')
        as used_value,
    case when passes.state = 'held' then coalesce((
        select
            case
                when checkouts.pending_at is not null then 'bank'
                when exists (
                    select from payment_findings as findings
                    where findings.pass_id = passes.id and findings.stripe_id = checkouts.stripe_id
                        and findings.settled_at is null
                ) then 'person'
            end
        from checkout_lines as lines join checkouts on checkouts.id = lines.checkout_id and checkouts.state = 'open'
        where lines.pass_id = passes.id
    ), '') else '' end as payment_waits
from passes
left join lateral (
    select
        sum(amount - covered) as requested,
        sum(amount - covered) filter (where state = 'done') as done,
        sum(amount - covered) filter (where state in ('due', 'failed')) as owed,
        sum(amount - covered) filter (where state = 'failed' and settled_at is null) as failed,
        sum(amount - covered) filter (where state = 'failed' and settled_at is null and again_at is null) as stuck,
        sum(amount - covered) filter (where state = 'failed' and settled_at is not null) as settled
    from operations where pass_id = passes.id and kind = 'refund'
) as refunds on true;

-- See 0071. What waits may be of a pass.
create or replace view waiting_refunds as
select
    operations.id, operations.kind, operations.booking_id, operations.checkout_id, operations.finding_id,
    operations.state, operations.amount - operations.covered as amount, operations.fault, operations.reason,
    operations.tries, operations.again_at, operations.sent_at, operations.created_at,
    operations.state = 'failed' and operations.again_at is null
    or operations.state = 'due' and (
        operations.fault in ('key_rejected', 'right_missing') or operations.created_at < now() - interval '1 hour'
    )
    or operations.state = 'sent' as is_stuck,
    operations.pass_id
from operations
where operations.kind in ('refund', 'refund_finding') and operations.settled_at is null and (
    operations.state = 'failed'
    or operations.state = 'due' and (operations.fault <> '' or operations.created_at < now() - interval '1 hour')
    or operations.state = 'sent' and (operations.fault <> '' or operations.sent_at < now() - interval '14 days')
);

-- See 0360. What was paid for a pass is owed in gatherings, and no income yet.
create or replace function post_money_row() returns trigger language plpgsql as $$
declare
    circle constant uuid := case
        when new.pass_id is null then (
            select gatherings.circle_id from bookings join gatherings on gatherings.id = bookings.gathering_id
            where bookings.id = new.booking_id
        )
        else (select passes.circle_id from passes where passes.id = new.pass_id)
    end;
begin
    perform post_entry(
        new.kind, new.id::text, new.currency, circle, new.booking_id,
        array['stripe', case when new.pass_id is null then 'sales' else 'passes' end], array[null, circle],
        array[new.amount, - new.amount], new.at, new.pass_id
    );
    return null;
end
$$;

-- Bring what the ledger owes of a pass to what is owed of it now; the difference is income of its circle, or was none. Of a pass in use it is
-- the value of what is not taken, as far as its money is here; of one that ended, what is to be refunded and did not go out yet; of one
-- that was never begun, all its money. Its row is locked, so that two changes at once count one after the other.
create function settle_pass(pass uuid, moment timestamptz default clock_timestamp()) returns void language plpgsql as $$
declare
    one passes;
    owed bigint;
    booked bigint;
    entries bigint;
begin
    select passes.* into one from passes where passes.id = pass for no key update;
    if one.id is null then
        return;
    end if;
    select coalesce(sum(- lines.amount), 0) into booked
    from ledger_entries join ledger_lines as lines on lines.entry_id = ledger_entries.id
    where ledger_entries.pass_id = pass and lines.account = 'passes';
    owed := greatest(0, least(
        (select coalesce(sum(amount), 0) from money_rows where money_rows.pass_id = pass),
        case one.state
            when 'active' then one.amount - (
                select coalesce(sum(value), 0) from pass_uses where pass_uses.pass_id = pass and state <> 'given_back'
            )
            when 'ended' then (
                select coalesce(sum(operations.amount - covered), 0) from operations
                where operations.pass_id = pass and kind = 'refund' and state in ('due', 'failed') and settled_at is null
            )
        end
    ));
    if owed = booked then
        return;
    end if;
    select count(*) into entries from ledger_entries where ledger_entries.pass_id = pass and kind = 'pass_settled';
    perform post_entry(
        'pass_settled', pass || ':' || entries + 1, one.currency, one.circle_id, null, array['passes', 'sales'],
        array[one.circle_id, one.circle_id], array[booked - owed, owed - booked], moment, pass
    );
end
$$;

-- At the end of the transaction, so that what changes in several steps is posted once.
create function settle_pass_of_row() returns trigger language plpgsql as $$
begin
    perform settle_pass(coalesce(to_jsonb(new) ->> 'pass_id', to_jsonb(new) ->> 'id')::uuid);
    return null;
end
$$;
create constraint trigger money_rows_settle_pass after insert on money_rows
deferrable initially deferred
for each row when (new.pass_id is not null) execute function settle_pass_of_row();
create constraint trigger pass_uses_settle_pass after insert or update on pass_uses
deferrable initially deferred
for each row execute function settle_pass_of_row();
create constraint trigger operations_settle_pass after insert or update on operations
deferrable initially deferred
for each row when (new.pass_id is not null and new.kind = 'refund') execute function settle_pass_of_row();
create constraint trigger passes_settle after update on passes
deferrable initially deferred
for each row when (old.state is distinct from new.state) execute function settle_pass_of_row();
