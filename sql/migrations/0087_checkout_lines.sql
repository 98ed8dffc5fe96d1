-- One checkout may pay several bookings, and a confirmed booking may be paid by more than one checkout.

-- What a checkout pays: 'booking', one seat; 'bookings', several held seats; 'addition', more for a confirmed booking.
-- booking_id of a checkout is its reference at Stripe: the booking, the first of several, or the additional payment's own id, which
-- is no booking's. Its lines say which bookings it pays, and how much for each.
alter table checkouts add column covers text not null default 'booking';
-- squawk-ignore constraint-missing-not-valid
alter table checkouts add constraint checkout_covers_known check (covers in ('booking', 'bookings', 'addition'));
-- squawk-ignore ban-drop-constraint
alter table checkouts drop constraint checkout_has_booking;

create table checkout_lines (
    checkout_id uuid not null references checkouts (id),
    position smallint not null,
    booking_id uuid not null references bookings (id),
    amount integer not null,
    is_addition boolean not null default false,
    primary key (checkout_id, position),
    constraint line_once_per_booking unique (checkout_id, booking_id),
    constraint line_position_from_one check (position between 1 and 100),
    constraint line_amount_positive check (amount > 0)
);
-- A booking has one first payment.
create unique index checkout_lines_first on checkout_lines (booking_id) where not is_addition;
create index checkout_lines_booking on checkout_lines (booking_id);

-- A checkout of one booking has one line. Written here, so that the version before writes it as well.
create function add_only_line() returns trigger language plpgsql as $$
begin
    insert into checkout_lines (checkout_id, position, booking_id, amount)
    values (new.id, 1, new.booking_id, new.amount);
    return null;
end
$$;
create trigger checkouts_add_only_line after insert on checkouts
for each row when (new.covers = 'booking') execute function add_only_line();

insert into checkout_lines (checkout_id, position, booking_id, amount)
select id, 1, booking_id, amount from checkouts;

-- The checkout that a reference names: that of an additional payment, or the one that first pays a booking.
create function checkout_named(reference uuid) returns uuid language sql stable strict parallel safe as $$
select checkout_id from checkout_lines where booking_id = reference and not is_addition
union all
select id from checkouts where booking_id = reference and covers = 'addition'
limit 1
$$;

-- How many checkouts of somebody's held seats are not paid: the seats of one checkout count once.
create function held_checkouts(person uuid) returns bigint language sql stable strict as $$
select count(distinct coalesce(lines.checkout_id, bookings.id))
from bookings
left join checkout_lines as lines on lines.booking_id = bookings.id and not lines.is_addition
where bookings.person_id = person and bookings.state = 'held'
$$;

-- See 0045. The seats of one checkout count once.
create or replace function may_hold_another(person uuid, most integer) returns boolean language plpgsql volatile as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('held seats of ' || person, 0));
    return held_checkouts(person) < most;
end
$$;

-- Whether somebody may have several seats held in one checkout: as `may_hold_another`, and of several at once one checkout at a
-- time, so that what one person keeps from others stays bounded.
create function may_hold_several(person uuid, most integer) returns boolean language plpgsql volatile as $$
begin
    return may_hold_another(person, most) and not exists (
        select from bookings
        join checkout_lines as lines on lines.booking_id = bookings.id and not lines.is_addition
        join checkouts on checkouts.id = lines.checkout_id and checkouts.covers = 'bookings'
        where bookings.person_id = person and bookings.state = 'held'
    );
end
$$;

-- See 0070. Disputes and open checkouts are found by the lines: all bookings of a checkout share them.
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
        (
            select disputes.state
            from checkout_lines as lines join disputes on disputes.checkout_id = lines.checkout_id
            where lines.booking_id = bookings.id order by disputes.made_at desc limit 1
        ), ''
    ) as disputed,
    greatest(
        0,
        (select coalesce(sum(amount), 0)::int from money_rows where booking_id = bookings.id)
        - coalesce(refunds.owed, 0)::int
    ) as kept,
    case when bookings.state = 'held' then coalesce((
        select
            case
                when checkouts.pending_at is not null then 'bank'
                when exists (
                    select from payment_findings
                    where payment_findings.booking_id = checkouts.booking_id
                        and payment_findings.stripe_id = checkouts.stripe_id and payment_findings.settled_at is null
                ) then 'person'
            end
        from checkout_lines as lines join checkouts on checkouts.id = lines.checkout_id and checkouts.state = 'open'
        where lines.booking_id = bookings.id and not lines.is_addition
    ), '') else '' end as payment_waits
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
