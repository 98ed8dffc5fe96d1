-- What waits for organizers, and what they decided about it; the numbers of months for their overview.

-- An item of "Needs a hand" that is put off until a time. source: the kind of item; about: what it is, mostly an id.
create table needs_put_off (
    source text not null,
    about text not null,
    until timestamptz not null,
    put_off_by uuid references people (id) on delete set null,
    at timestamptz not null default now(),
    primary key (source, about)
);
create index needs_put_off_by on needs_put_off (put_off_by);
create index needs_put_off_until on needs_put_off (until);

-- A mail that did not arrive is settled once it was sent again, or an organizer lets it be.
alter table mails
add column settled_at timestamptz,
add column settled_by uuid,
add column settled_reason text not null default '';
-- squawk-ignore require-concurrent-index-creation
create index mails_undelivered on mails (created_at desc, id) where state in ('refused', 'expired') and settled_at is null;

-- The numbers of a month, counted by the timetable: of the gatherings that began in it on the clocks of their circles.
-- people, newcomers: persons who came, and those of them who had never come before. paid, given: minor units by currency, what is
-- kept of payments by card, and what the community seats would have cost at the suggested amount.
create table month_numbers (
    month date primary key,
    gatherings integer not null,
    seats integer not null,
    taken integer not null,
    people integer not null,
    came integer not null,
    newcomers integer not null,
    paid jsonb not null,
    given jsonb not null,
    counted_at timestamptz not null default now()
);

-- Count a month that begins on a day, see month_numbers. No row where more than so many gatherings (most) began in it.
create function count_month(first_day date, most integer)
returns table (
    gatherings integer, seats integer, taken integer, people integer, came integer, newcomers integer, paid jsonb, given jsonb
)
language plpgsql stable
as $$
declare
    next_day date := (first_day + interval '1 month')::date;
    ids uuid [];
begin
    select array_agg(begun.id) into ids
    from (
        select one.id from gatherings as one
        where one.starts_at >= first_day - 2 and one.starts_at < next_day + 2 and one.starts_at <= now()
            and one.wall_start >= first_day and one.wall_start < next_day and one.state = 'open'
        order by one.starts_at
        limit most + 1
    ) as begun;
    if cardinality(ids) > most then
        return;
    end if;
    return query
    with begun as materialized (
        select one.id, one.circle_id, one.capacity, one.seats_taken, one.community_taken
        from unnest(ids) as chosen (id) join gatherings as one on one.id = chosen.id
    ), present as materialized (
        select bookings.person_id
        from unnest(ids) as chosen (id)
        join bookings on bookings.gathering_id = chosen.id
        join attendance on attendance.booking_id = bookings.id and attendance.mark not in ('absent', 'excused')
        union all
        select coalesce(walk_ins.person_id, walk_ins.id)
        from unnest(ids) as chosen (id)
        join walk_ins on walk_ins.gathering_id = chosen.id and walk_ins.removed_at is null
    ), persons as materialized (
        select distinct present.person_id from present
    ), kept as (
        select bookings.currency, sum(money_rows.amount)::bigint as amount
        from unnest(ids) as chosen (id)
        join bookings on bookings.gathering_id = chosen.id
        join money_rows on money_rows.booking_id = bookings.id
        group by bookings.currency
    ), presents as (
        select circles.currency, sum(begun.community_taken * circles.suggested)::bigint as amount
        from begun join circles on circles.id = begun.circle_id
        where begun.community_taken > 0
        group by circles.currency
    )
    select
        (select count(*)::integer from begun),
        (select coalesce(sum(begun.capacity), 0)::integer from begun),
        (select coalesce(sum(begun.seats_taken), 0)::integer from begun),
        (select count(*)::integer from persons),
        (select count(*)::integer from present),
        (
            select count(*)::integer from persons
            where exists (select from people as known where known.id = persons.person_id)
                and not exists (
                    select from bookings
                    join attendance on attendance.booking_id = bookings.id and attendance.mark not in ('absent', 'excused')
                    join gatherings as earlier on earlier.id = bookings.gathering_id
                    where bookings.person_id = persons.person_id and earlier.wall_start < first_day
                )
        ),
        coalesce((select jsonb_object_agg(kept.currency, kept.amount) from kept where kept.amount <> 0), '{}'),
        coalesce((select jsonb_object_agg(presents.currency, presents.amount) from presents where presents.amount <> 0), '{}');
end
$$;
