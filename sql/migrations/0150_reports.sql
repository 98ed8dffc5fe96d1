-- What reports count: what the pool of community seats took in and gave, and who waited.

-- The suggested amount of the scale when a seat was booked, beside its minimum and maximum: a circle may change it later. Without
-- one (a booking of before, or of an older version) that of the circle counts.
alter table bookings add column scale_suggested integer;
create function keep_suggested() returns trigger language plpgsql as $$
begin
    new.scale_suggested := (
        select circles.suggested from gatherings join circles on circles.id = gatherings.circle_id
        where gatherings.id = new.gathering_id
    );
    return new;
end
$$;
create trigger bookings_keep_suggested before insert on bookings
for each row when (new.scale_suggested is null) execute function keep_suggested();

-- The pool, seat by seat: what members paid above the suggested amount, and what each community seat drew from it, which is the
-- suggested amount.
create view pool_entries as
select
    bookings.id as booking_id, bookings.gathering_id, bookings.person_id, bookings.kind, bookings.currency, bookings.amount,
    bookings.scale_minimum, bookings.scale_maximum, scale.suggested,
    case bookings.kind when 'paid' then greatest(bookings.amount - scale.suggested, 0) else 0 end as paid_in,
    case bookings.kind when 'community' then scale.suggested else 0 end as drawn
from bookings
join gatherings on gatherings.id = bookings.gathering_id
join circles on circles.id = gatherings.circle_id
cross join lateral (select coalesce(bookings.scale_suggested, circles.suggested) as suggested) as scale
where bookings.state = 'confirmed' and bookings.kind in ('paid', 'community');

-- How many people waited for a seat of a gathering, and how many of them got one. Waits are deleted a month after they ended.
create table waiting_counts (
    gathering_id uuid primary key references gatherings (id) on delete cascade,
    waited integer not null default 0,
    seated integer not null default 0
);

create function count_waits() returns trigger language plpgsql as $$
declare
    is_first boolean := tg_op = 'INSERT' and not exists (
        select from waits
        where waits.gathering_id = new.gathering_id and waits.person_id = new.person_id and waits.id <> new.id
    );
begin
    insert into waiting_counts as counts (gathering_id, waited, seated)
    values (
        new.gathering_id, is_first::int,
        (new.state = 'accepted')::int - (tg_op = 'UPDATE' and old.state = 'accepted')::int
    )
    on conflict (gathering_id) do update set
        waited = counts.waited + excluded.waited, seated = counts.seated + excluded.seated;
    return null;
end
$$;
-- At the end of the transaction, as for marks: two that change the waits of a gathering cannot wait for each other.
create constraint trigger waits_count_new after insert on waits
deferrable initially deferred
for each row execute function count_waits();
create constraint trigger waits_count_moved after update of state on waits
deferrable initially deferred
for each row when ((old.state = 'accepted') <> (new.state = 'accepted')) execute function count_waits();

insert into waiting_counts (gathering_id, waited, seated)
select waits.gathering_id, count(distinct waits.person_id), count(*) filter (where waits.state = 'accepted')
from waits group by waits.gathering_id;
