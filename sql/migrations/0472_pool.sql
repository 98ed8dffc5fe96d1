-- The pool: what was paid above the suggested amount, and what community seats and amounts below it drew.

-- See 0150. The pool, seat by seat. A paid seat brings what it costs above the suggested amount, as far as that was not refunded or
-- taken by a bank, and draws what it costs below; one whose money went back altogether is not in the pool. A community seat draws the
-- suggested amount. A gathering on a pass counts with its part of the price, against its part of the pass's suggested amount. The view
-- is read laterally, gathering by gathering, kept apart by "offset 0": a join would read all of it.
create or replace view pool_entries as
select
    bookings.id as booking_id, bookings.gathering_id, bookings.person_id, bookings.kind, bookings.currency, bookings.amount,
    bookings.scale_minimum, bookings.scale_maximum, scale.suggested,
    case bookings.kind when 'paid' then greatest(money.kept - scale.suggested, 0) else 0 end as paid_in,
    case
        when bookings.kind = 'community' then scale.suggested
        when money.kept > 0 then greatest(scale.suggested - bookings.amount, 0)
        else 0
    end as drawn
from bookings
join gatherings on gatherings.id = bookings.gathering_id
join circles on circles.id = gatherings.circle_id
cross join lateral (select coalesce(bookings.scale_suggested, circles.suggested) as suggested) as scale
cross join lateral (
    select
        case bookings.kind when 'paid' then least(
            bookings.amount,
            coalesce((select sum(money_rows.amount)::int from money_rows where money_rows.booking_id = bookings.id), bookings.amount)
        ) end as kept
) as money
where bookings.state = 'confirmed' and bookings.kind in ('paid', 'community')
union all
select
    bookings.id, bookings.gathering_id, bookings.person_id, 'pass', passes.currency, pass_uses.value,
    offers.minimum / offers.uses, offers.maximum / offers.uses, share.suggested,
    greatest(pass_uses.value - share.suggested, 0), greatest(share.suggested - pass_uses.value, 0)
from bookings
join pass_uses on pass_uses.booking_id = bookings.id and pass_uses.state = 'used'
join passes on passes.id = pass_uses.pass_id
join pass_offers as offers on offers.id = passes.offer_id
cross join lateral (
    select
        offers.suggested * pass_uses.place / offers.uses - offers.suggested * (pass_uses.place - 1) / offers.uses as suggested
) as share
where bookings.state = 'confirmed' and bookings.kind = 'free' and pass_uses.place <= offers.uses;

-- A circle may tie its community seats to its own pool. pool_empty_since: since when that does not carry another one: forms offer
-- none from then on, and an hour later, so that nobody is refused in the middle of booking, gatherings ahead have none left.
-- community_planned: how many community seats such a gathering has otherwise; null while none are held back.
alter table circles add column pool_tied boolean not null default false;
alter table circles add column pool_empty_since timestamptz;
alter table gatherings add column community_planned smallint;
-- squawk-ignore constraint-missing-not-valid
alter table gatherings add constraint gathering_holds_back_seats check (community_planned >= 0);
-- squawk-ignore require-concurrent-index-creation
create index circles_pool_tied on circles (id) where pool_tied;
-- squawk-ignore require-concurrent-index-creation
create index gatherings_holding_back on gatherings (circle_id) where community_planned is not null;

-- What the pool of a circle holds in the currency of its scale now: all that came in, less all that was drawn. Minor units.
create function pool_balance(circle uuid) returns bigint language plpgsql stable as $$
begin
    return (
        select coalesce(sum(pool_entries.paid_in - pool_entries.drawn), 0)
        from circles
        join gatherings on gatherings.circle_id = circles.id
        cross join lateral (select * from pool_entries where pool_entries.gathering_id = gatherings.id offset 0) as pool_entries
        where circles.id = circle and pool_entries.currency = circles.currency
    );
end
$$;

-- Money of a circle that ties its seats moved, or one of its community seats was taken or ended: the pool is counted again. Nothing is
-- added to booking a paid seat.
create function count_pool_again() returns trigger language plpgsql as $$
begin
    perform enqueue_job('pool.count', jsonb_build_object('circle_id', circles.id)::text, circles.id::text)
    from gatherings join circles on circles.id = gatherings.circle_id and circles.pool_tied
    where gatherings.id = case tg_table_name
        when 'bookings' then (to_jsonb(new) ->> 'gathering_id')::uuid
        else (select bookings.gathering_id from bookings where bookings.id = (to_jsonb(new) ->> 'booking_id')::uuid)
    end;
    return null;
end
$$;
create trigger money_rows_count_pool after insert on money_rows
for each row when (new.booking_id is not null) execute function count_pool_again();
create trigger bookings_count_pool after insert or update of state on bookings
for each row when (new.kind = 'community') execute function count_pool_again();

-- See 0060. pool_is_empty: whether no community seat is offered by a circle that ties them; community_planned: how many there would be.
create or replace view bookable_gatherings as
select
    gatherings.id as gathering_id, circles.id as circle_id, circles.name as circle_name,
    circles.discreet_name, gatherings.state, circles.state as circle_state,
    gatherings.starts_at, gatherings.ends_at, gatherings.zone, gatherings.wall_start,
    gatherings.length_minutes, gatherings.capacity, gatherings.seats_taken,
    gatherings.community_seats, gatherings.community_taken,
    circles.place, circles.format,
    coalesce(nullif(gatherings.city, ''), circles.city) as city,
    coalesce(nullif(gatherings.address, ''), circles.address) as address,
    coalesce(nullif(gatherings.join_link, ''), circles.join_link) as join_link,
    circles.currency, circles.minimum, circles.suggested, circles.maximum,
    circles.refund_hours, circles.late_refund_percent, circles.guidelines_id,
    gatherings.note, gatherings.cancel_reason,
    host.ids as host_ids, host.names as host_names,
    circles.pool_empty_since is not null as pool_is_empty,
    coalesce(gatherings.community_planned, gatherings.community_seats) as community_planned
from gatherings join circles on circles.id = gatherings.circle_id
cross join lateral (
    select
        coalesce(array_agg(people.id order by hosts.part = 'lead' desc, people.name_key), '{}') as ids,
        coalesce(array_agg(people.name order by hosts.part = 'lead' desc, people.name_key), '{}') as names
    from hosts join people on people.id = hosts.person_id
    where hosts.circle_id = circles.id and hosts.part <> 'helper' and (people.is_facilitator or people.is_organizer)
) as host
where gatherings.state <> 'draft' and circles.state <> 'draft';
