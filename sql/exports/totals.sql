-- name: release_totals(first, last, circles, facilitators, least)!
-- bring what totals tell of each circle and month up to date: a number that was told changes only when at least `least` people
-- changed it, and all numbers of one circle and month are counted as if nobody else asked. Facilitators choose whole circles
with cells as (
    select
        gatherings.circle_id, date_trunc('month', gatherings.wall_start)::date as month,
        array_agg(gatherings.id) as gathering_ids
    from gatherings
    where gatherings.starts_at >= :first::date - 2 and gatherings.starts_at < :last::date + 3
        and gatherings.wall_start >= :first::date and gatherings.wall_start < :last::date + 1
        and gatherings.state <> 'draft'
        and (cardinality(:circles::uuid []) = 0 or gatherings.circle_id = any(:circles::uuid []))
        and (
            cardinality(:facilitators::uuid []) = 0 or gatherings.circle_id in (
                select hosts.circle_id from hosts where hosts.person_id = any(:facilitators::uuid [])
            )
        )
    group by gatherings.circle_id, date_trunc('month', gatherings.wall_start)
),

-- accounts that were joined to others, which are one person
joined as (
    select people.id, people.merged_into from people where people.merged_into is not null
),

counted as (
    select
        cells.circle_id, cells.month, seats.bookings, seats.people_booked, seats.people_kept, seats.people_community,
        seats.community_seats, came.people_came, came.attendances
    from cells
    cross join lateral (
        select
            count(*) filter (where bookings.state <> 'lapsed')::int as bookings,
            count(distinct seat.who) filter (where bookings.state <> 'lapsed')::int as people_booked,
            count(distinct seat.who) filter (where bookings.state = 'confirmed')::int as people_kept,
            count(distinct seat.who) filter (
                where bookings.state = 'confirmed' and bookings.kind = 'community'
            )::int as people_community,
            count(*) filter (where bookings.state = 'confirmed' and bookings.kind = 'community')::int as community_seats
        from bookings
        left join joined on joined.id = bookings.person_id
        cross join lateral (select coalesce(joined.merged_into, bookings.person_id) as who) as seat
        where bookings.gathering_id = any(cells.gathering_ids)
    ) as seats
    cross join lateral (
        select count(*)::int as attendances, count(distinct visits.who)::int as people_came
        from (
            select coalesce(joined.merged_into, bookings.person_id) as who
            from bookings join attendance on attendance.booking_id = bookings.id and attendance.mark = 'came'
            left join joined on joined.id = bookings.person_id
            where bookings.gathering_id = any(cells.gathering_ids)
            union all
            select coalesce(walk_ins.person_id, walk_ins.id)
            from walk_ins
            where walk_ins.gathering_id = any(cells.gathering_ids) and walk_ins.removed_at is null
        ) as visits
    ) as came
),

measures as (
    select counted.circle_id, counted.month, measure.name, measure.people, measure.number
    from counted cross join lateral (
        values
        ('people_booked', counted.people_booked, counted.people_booked),
        ('people_kept', counted.people_kept, counted.people_kept),
        ('bookings', counted.people_booked, counted.bookings),
        ('people_came', counted.people_came, counted.people_came),
        ('attendances', counted.people_came, counted.attendances),
        ('people_community', counted.people_community, counted.people_community),
        ('community_seats', counted.people_community, counted.community_seats)
    ) as measure (name, people, number)
)

insert into released_totals (circle_id, month, measure, people, number)
select circle_id, month, name, people, number from measures order by circle_id, month, name
on conflict (circle_id, month, measure) do update set
    people = excluded.people, number = excluded.number, released_at = now()
where abs(excluded.people - released_totals.people) >= :least;

-- name: released_cells(first, last, circles, facilitators, harmless)
-- every circle and month of a time with what anybody may read on its pages (gatherings, seats, hours), and what totals tell of it
select
    cells.circle_id, case when :harmless::bool then harmless(circles.name) else circles.name end as circle,
    circles.format, cells.month,
    cells.gatherings, cells.canceled, cells.seats, cells.community_offered, cells.minutes,
    coalesce((
        select jsonb_object_agg(released.measure, jsonb_build_array(released.people, released.number))
        from released_totals as released
        where released.circle_id = cells.circle_id and released.month = cells.month
    ), '{}') as released
from (
    select
        gatherings.circle_id, date_trunc('month', gatherings.wall_start)::date as month,
        count(*) filter (where gatherings.state = 'open')::int as gatherings,
        count(*) filter (where gatherings.state = 'cancelled')::int as canceled,
        coalesce(sum(gatherings.capacity) filter (where gatherings.state = 'open'), 0)::int as seats,
        coalesce(sum(gatherings.community_seats) filter (where gatherings.state = 'open'), 0)::int as community_offered,
        coalesce(sum(gatherings.length_minutes) filter (where gatherings.state = 'open'), 0)::int as minutes
    from gatherings
    where gatherings.starts_at >= :first::date - 2 and gatherings.starts_at < :last::date + 3
        and gatherings.wall_start >= :first::date and gatherings.wall_start < :last::date + 1
        and gatherings.state <> 'draft'
        and (cardinality(:circles::uuid []) = 0 or gatherings.circle_id = any(:circles::uuid []))
        and (
            cardinality(:facilitators::uuid []) = 0 or gatherings.circle_id in (
                select hosts.circle_id from hosts where hosts.person_id = any(:facilitators::uuid [])
            )
        )
    group by gatherings.circle_id, date_trunc('month', gatherings.wall_start)
) as cells
join circles on circles.id = cells.circle_id
order by cells.month, circles.name_key, cells.circle_id;
