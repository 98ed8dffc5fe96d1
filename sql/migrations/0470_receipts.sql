-- Receipts: one of each payment, numbered when its money arrives.

-- Numbers come from a sequence, so that two payments never wait for each other: one that is rolled back leaves a gap.
create sequence receipt_numbers start 1001;

-- A receipt is of one checkout, whatever it paid (one seat, several, an addition, a pass), or of the cash that was noted of one seat.
-- name: the number as people say it. at: when the first of the money arrived. discreet_name: of the circle then. Its lines, refunds among them, are read from the ledger.
create table receipts (
    id uuid primary key default gen_random_uuid(),
    number bigint not null default nextval('receipt_numbers'),
    name text not null generated always as ('R-' || number) stored,
    person_id uuid not null references people (id),
    circle_id uuid not null references circles (id),
    discreet_name text not null,
    currency text not null,
    checkout_id uuid references checkouts (id),
    booking_id uuid references bookings (id),
    walk_in_id uuid references walk_ins (id),
    at timestamptz not null default clock_timestamp(),
    constraint receipt_number_once unique (number),
    constraint receipt_once_per_checkout unique (checkout_id),
    constraint receipt_once_per_seat_in_cash unique (booking_id),
    constraint receipt_once_per_walk_in unique (walk_in_id),
    constraint receipt_of_one_payment check (num_nonnulls(checkout_id, booking_id, walk_in_id) = 1),
    constraint receipt_currency_form check (currency ~ '^[A-Z]{3}$')
);
create index receipts_person on receipts (person_id, number desc);
create index receipts_circle on receipts (circle_id);

-- Only whose it is may change, when two accounts become one. A generated column has no value yet before a change.
create function refuse_change_but_person() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' or to_jsonb(new) - '{person_id,name}'::text [] is distinct from to_jsonb(old) - '{person_id,name}'::text [] then
        raise exception 'receipts are never changed' using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end
$$;
create trigger receipts_append_only before update or delete on receipts
for each row execute function refuse_change_but_person();

-- The account that a payment is of, and its circle.
create function payer_of(checkout uuid, out person_id uuid, out circle_id uuid) language sql stable as $$
select items.person_id, items.circle_id
from checkout_lines as lines
cross join lateral (
    select * from paid_items where paid_items.id = coalesce(lines.booking_id, lines.pass_id) offset 0
) as items
where lines.checkout_id = checkout
order by lines.position limit 1
$$;

-- The first money of a checkout gets its receipt. The caller holds the lock of the checkout.
create function number_payment() returns trigger language plpgsql as $$
begin
    if not exists (select from receipts where receipts.checkout_id = new.checkout_id) then
        insert into receipts (person_id, circle_id, discreet_name, currency, checkout_id, at)
        select payer.person_id, payer.circle_id, circles.discreet_name, new.currency, new.checkout_id, new.at
        from payer_of(new.checkout_id) as payer join circles on circles.id = payer.circle_id
        on conflict do nothing;
    end if;
    return null;
end
$$;
create trigger money_rows_number_payment after insert on money_rows
for each row when (new.kind = 'payment') execute function number_payment();

-- The first cash of a seat too; not that of a walk-in without an account.
create function number_cash() returns trigger language plpgsql as $$
begin
    if not exists (
        select from receipts where receipts.booking_id = new.booking_id or receipts.walk_in_id = new.walk_in_id
    ) then
        insert into receipts (person_id, circle_id, discreet_name, currency, booking_id, walk_in_id, at)
        select seat.person_id, circles.id, circles.discreet_name, new.currency, new.booking_id, new.walk_in_id, new.at
        from (
            select bookings.person_id, bookings.gathering_id from bookings where bookings.id = new.booking_id
            union all
            select walk_ins.person_id, walk_ins.gathering_id from walk_ins
            where walk_ins.id = new.walk_in_id and walk_ins.person_id is not null
        ) as seat
        join gatherings on gatherings.id = seat.gathering_id
        join circles on circles.id = gatherings.circle_id
        on conflict do nothing;
    end if;
    return null;
end
$$;
create trigger cash_rows_number_cash after insert on cash_rows
for each row when (new.amount > 0) execute function number_cash();

-- squawk-ignore require-concurrent-index-creation
create index money_rows_checkout on money_rows (checkout_id);

-- What a receipt says, line by line. kind: that of the row of money; 'cash', 'cash_back' of cash. reference: what one movement at
-- Stripe has in common, whose shares of several bookings are one line.
create view receipt_lines as
select
    receipts.id as receipt_id, min(money_rows.at) as at, min(money_rows.id)::text as position, money_rows.kind,
    sum(money_rows.amount)::bigint as amount
from receipts join money_rows on money_rows.checkout_id = receipts.checkout_id
group by receipts.id, money_rows.kind,
    case when money_rows.kind = 'payment' then '' else split_part(money_rows.stripe_id, ':', 1) end
union all
select
    receipts.id, cash_rows.at, cash_rows.id::text,
    case when cash_rows.amount > 0 then 'cash' else 'cash_back' end, cash_rows.amount::bigint
from receipts
join cash_rows on cash_rows.booking_id = receipts.booking_id or cash_rows.walk_in_id = receipts.walk_in_id;

-- The receipt of the first payment of a booking, as its mails name it; null without one.
create function receipt_of(booking uuid) returns jsonb language sql stable strict parallel safe as $$
select jsonb_build_object('id', receipts.id, 'name', receipts.name)
from checkout_lines as lines join receipts on receipts.checkout_id = lines.checkout_id
where lines.booking_id = booking and not lines.is_addition
$$;

-- Payments of before, in the order in which they came.
insert into receipts (person_id, circle_id, discreet_name, currency, checkout_id, booking_id, walk_in_id, at)
select paid.person_id, circles.id, circles.discreet_name, paid.currency, paid.checkout_id, paid.booking_id, paid.walk_in_id, paid.at
from (
    select
        payer.person_id, payer.circle_id, first.currency, first.checkout_id, null::uuid as booking_id, null::uuid as walk_in_id, first.at
    from (
        select checkout_id, min(currency) as currency, min(at) as at from money_rows where kind = 'payment' group by checkout_id
    ) as first
    cross join payer_of(first.checkout_id) as payer
    union all
    select
        coalesce(bookings.person_id, walk_ins.person_id), gatherings.circle_id, first.currency, null, first.booking_id,
        first.walk_in_id, first.at
    from (
        select booking_id, walk_in_id, min(currency) as currency, min(at) as at
        from cash_rows where amount > 0 group by booking_id, walk_in_id
    ) as first
    left join bookings on bookings.id = first.booking_id
    left join walk_ins on walk_ins.id = first.walk_in_id
    join gatherings on gatherings.id = coalesce(bookings.gathering_id, walk_ins.gathering_id)
) as paid
join circles on circles.id = paid.circle_id
where paid.person_id is not null
order by paid.at, paid.checkout_id;
