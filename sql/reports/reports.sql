-- name: attendance(since, until, circle, format, place)
-- the gatherings that were held in a period, counted over all of it, by month, circle, format and place (`grouping`, and its `key`):
-- who was booked, came, and did not; different people, and those who came for the first time ever. A person who came twice to one
-- gathering (a booking and a walk-in of accounts that were merged) is one visit. `until` is the day after the period; null means
-- all. Gatherings are found by the index of their starts, which differ from the circles' calendars by a day at most. People are
-- told apart once, with a bit for each month, format and place they came in: five counts of different people took five times as long
with dates as materialized (
    select
        gatherings.id, gatherings.starts_at, gatherings.capacity, gatherings.seats_taken, gatherings.length_minutes,
        gatherings.circle_id, circles.format, circles.place, date_trunc('month', gatherings.wall_start)::date as month,
        (row_number() over (order by gatherings.starts_at, gatherings.id))::int as number
    from gatherings join circles on circles.id = gatherings.circle_id
    where gatherings.starts_at >= :since::date - 2 and gatherings.starts_at < :until::date + 3
        and gatherings.wall_start >= :since::date and gatherings.wall_start < :until::date
        and gatherings.state = 'open' and gatherings.ends_at <= now()
        and (:circle::uuid is null or gatherings.circle_id = :circle)
        and (:format::text is null or circles.format = :format)
        and (:place::text is null or circles.place = :place)
),

bits as (
    select
        (select array_agg(months.month order by months.month) from (select distinct month from dates) as months) as months,
        (select array_agg(formats.format order by formats.format) from (select distinct format from dates) as formats) as formats,
        (select array_agg(places.place order by places.place) from (select distinct place from dates) as places) as places
),

marks as materialized (
    select dates.number, facts.person_id, facts.mark
    from dates join register_facts as facts on facts.gathering_id = dates.id
    where facts.mark not in ('walk_in', 'second') or not exists (
        select from register_facts as booked
        where booked.gathering_id = facts.gathering_id and booked.person_id = facts.person_id and booked.mark = 'came'
    )
),

came as (
    select marks.number, marks.person_id from marks where marks.mark in ('came', 'walk_in', 'second') and marks.person_id is not null
),

visitors as materialized (
    select
        came.person_id, min(came.number) as first_number, bit_or(1::bigint << placed.month) as months,
        bit_or(1 << placed.format) as formats, bit_or(1 << placed.place) as places
    from came join (
        select
            dates.number, array_position(bits.months, dates.month) as month, array_position(bits.formats, dates.format) as format,
            array_position(bits.places, dates.place) as place
        from dates cross join bits
    ) as placed on placed.number = came.number
    group by came.person_id
),

firsts as (
    select dates.number, count(*) as newcomers
    from visitors join dates on dates.number = visitors.first_number
    where not exists (
        select from register_facts as earlier
        where earlier.came and earlier.person_id = visitors.person_id
            and (earlier.starts_at, earlier.gathering_id) < (dates.starts_at, dates.id)
    )
    group by dates.number
),

sums as (
    select
        case
            when grouping(month) = 0 then 'month' when grouping(circle_id) = 0 then 'circle'
            when grouping(format) = 0 then 'format' when grouping(place) = 0 then 'place' else ''
        end as grouping,
        coalesce(month::text, circle_id::text, format, place, '') as key,
        count(*)::int as gatherings, coalesce(sum(length_minutes), 0)::int as minutes, coalesce(sum(capacity), 0)::int as capacity,
        coalesce(sum(seats_taken), 0)::int as taken, coalesce(sum(booked.booked), 0)::int as booked,
        coalesce(sum(marked.came), 0)::int as came, coalesce(sum(marked.absent), 0)::int as absent,
        coalesce(sum(marked.excused), 0)::int as excused, coalesce(sum(marked.walk_ins), 0)::int as walk_ins,
        coalesce(sum(marked.guests), 0)::int as guests, coalesce(sum(newest.newcomers), 0)::int as newcomers
    from dates
    cross join lateral (
        select count(*) as booked from bookings where bookings.gathering_id = dates.id and bookings.state = 'confirmed'
    ) as booked
    left join (
        select
            marks.number, count(*) filter (where marks.mark in ('came', 'second')) as came,
            count(*) filter (where marks.mark = 'absent') as absent, count(*) filter (where marks.mark = 'excused') as excused,
            count(*) filter (where marks.mark = 'walk_in') as walk_ins, count(*) filter (where marks.person_id is null) as guests
        from marks group by marks.number
    ) as marked on marked.number = dates.number
    left join firsts as newest on newest.number = dates.number
    group by grouping sets ((), (month), (circle_id), (format), (place))
),

people as (
    select '' as grouping, '' as key, count(*) as people from visitors
    union all
    select 'month', month.name::text, (select count(*) from visitors where months & (1::bigint << month.bit::int) <> 0)
    from bits cross join unnest(bits.months) with ordinality as month (name, bit)
    union all
    select 'format', format.name, (select count(*) from visitors where formats & (1 << format.bit::int) <> 0)
    from bits cross join unnest(bits.formats) with ordinality as format (name, bit)
    union all
    select 'place', place.name, (select count(*) from visitors where places & (1 << place.bit::int) <> 0)
    from bits cross join unnest(bits.places) with ordinality as place (name, bit)
    union all
    select 'circle', of_circle.circle_id::text, count(*)
    from (select distinct came.person_id, dates.circle_id from came join dates on dates.number = came.number) as of_circle
    group by of_circle.circle_id
)
select sums.*, coalesce(people.people, 0)::int as people, coalesce(circles.name, '') as name
from sums
left join people on people.grouping = sums.grouping and people.key = sums.key
left join circles on sums.grouping = 'circle' and circles.id::text = sums.key
order by sums.grouping, circles.name_key, sums.key;

-- name: returns(since, until, circle, format, place)
-- those who came for the first time ever at the gatherings of a period, by the month of that first time (`month`): how many they are
-- (`later` is null), and how many of them came in the same month again (0), in the month after (1), and so on, to any circle; `again`
-- counts those who came again at all, in the row without `later`
with dates as materialized (
    select
        gatherings.id, gatherings.starts_at,
        date_trunc('month', gatherings.wall_start)::date as month
    from gatherings join circles on circles.id = gatherings.circle_id
    where gatherings.starts_at >= :since::date - 2 and gatherings.starts_at < :until::date + 3
        and gatherings.wall_start >= :since::date and gatherings.wall_start < :until::date
        and gatherings.state = 'open' and gatherings.ends_at <= now()
        and (:circle::uuid is null or gatherings.circle_id = :circle)
        and (:format::text is null or circles.format = :format)
        and (:place::text is null or circles.place = :place)
),

firsts as materialized (
    select mine.*
    from (
        select distinct on (facts.person_id) facts.person_id, dates.id, dates.starts_at, dates.month
        from dates join register_facts as facts on facts.gathering_id = dates.id
        where facts.came and facts.person_id is not null
        order by facts.person_id, dates.starts_at, dates.id
    ) as mine
    where not exists (
        select from register_facts as earlier
        where earlier.came and earlier.person_id = mine.person_id
            and (earlier.starts_at, earlier.gathering_id) < (mine.starts_at, mine.id)
    )
),

repeats as materialized (
    select distinct
        firsts.person_id, firsts.month,
        (
            (extract(year from later.wall_start) - extract(year from firsts.month)) * 12
            + extract(month from later.wall_start) - extract(month from firsts.month)
        )::int as later
    from firsts
    join register_facts as facts on facts.came and facts.person_id = firsts.person_id and facts.gathering_id <> firsts.id
    join gatherings as later on later.id = facts.gathering_id
)
select firsts.month, null::int as later, count(*)::int as people, coalesce(came_again.people, 0)::int as again
from firsts
left join (
    select repeats.month, count(distinct repeats.person_id) as people from repeats group by repeats.month
) as came_again on came_again.month = firsts.month
group by firsts.month, came_again.people
union all
select repeats.month, repeats.later, count(*)::int, null from repeats group by repeats.month, repeats.later
order by month, later nulls first;

-- name: waiting(since, until, circle, format, place)
-- the waiting lists of the gatherings held in a period by weekday (1 is Monday) and hour on their circles' calendars: gatherings, those
-- that were full, how many people waited, and how many of them got a seat
with dates as materialized (
    select
        gatherings.id, gatherings.wall_start, gatherings.seats_taken >= gatherings.capacity as is_full,
        date_trunc('month', gatherings.wall_start)::date as month
    from gatherings join circles on circles.id = gatherings.circle_id
    where gatherings.starts_at >= :since::date - 2 and gatherings.starts_at < :until::date + 3
        and gatherings.wall_start >= :since::date and gatherings.wall_start < :until::date
        and gatherings.state = 'open' and gatherings.ends_at <= now()
        and (:circle::uuid is null or gatherings.circle_id = :circle)
        and (:format::text is null or circles.format = :format)
        and (:place::text is null or circles.place = :place)
)
select
    extract(isodow from dates.wall_start)::int as weekday, extract(hour from dates.wall_start)::int as hour,
    count(*)::int as gatherings, count(*) filter (where dates.is_full)::int as full_ones,
    coalesce(sum(counts.waited), 0)::int as waited, coalesce(sum(counts.seated), 0)::int as seated
from dates left join waiting_counts as counts on counts.gathering_id = dates.id
group by 1, 2
order by 1, 2;

-- name: amounts(since, until, circle, format, place)
-- what the seats of the gatherings held in a period were paid, over all of it, by month, circle, format and place (`grouping`, `key`),
-- for each currency: seats by where their amount lies on the scale (at its minimum, below the suggested amount, at it, above, at the
-- maximum), what they paid, what of it was above the suggested amount, and the community seats. paid_in, drawn: what came into the pool
-- and went out of it, gatherings on a pass included
with dates as materialized (
    select
        gatherings.id, gatherings.circle_id, circles.format, circles.place,
        date_trunc('month', gatherings.wall_start)::date as month
    from gatherings join circles on circles.id = gatherings.circle_id
    where gatherings.starts_at >= :since::date - 2 and gatherings.starts_at < :until::date + 3
        and gatherings.wall_start >= :since::date and gatherings.wall_start < :until::date
        and gatherings.state = 'open' and gatherings.ends_at <= now()
        and (:circle::uuid is null or gatherings.circle_id = :circle)
        and (:format::text is null or circles.format = :format)
        and (:place::text is null or circles.place = :place)
),

entries as (
    select
        dates.circle_id, dates.format, dates.place, dates.month, pool_entries.kind, pool_entries.currency, pool_entries.amount,
        pool_entries.paid_in, pool_entries.drawn,
        case
            when pool_entries.kind <> 'paid' then 'community'
            when pool_entries.amount = pool_entries.suggested then 'suggested'
            when pool_entries.amount = pool_entries.scale_minimum then 'minimum'
            when pool_entries.amount = pool_entries.scale_maximum then 'maximum'
            when pool_entries.amount < pool_entries.suggested then 'below'
            else 'above'
        end as place_on_scale
    from dates
    cross join lateral (select * from pool_entries where pool_entries.gathering_id = dates.id offset 0) as pool_entries
)
select
    case
        when grouping(month) = 0 then 'month' when grouping(circle_id) = 0 then 'circle'
        when grouping(entries.format) = 0 then 'format' when grouping(entries.place) = 0 then 'place' else ''
    end as grouping,
    coalesce(month::text, circle_id::text, entries.format, entries.place, '') as key, entries.currency,
    coalesce((select circles.name from circles where circles.id = entries.circle_id), '') as name,
    count(*) filter (where kind = 'paid')::int as paid_seats,
    count(*) filter (where place_on_scale = 'minimum')::int as minimum,
    count(*) filter (where place_on_scale = 'below')::int as below,
    count(*) filter (where place_on_scale = 'suggested')::int as suggested,
    count(*) filter (where place_on_scale = 'above')::int as above,
    count(*) filter (where place_on_scale = 'maximum')::int as maximum,
    coalesce(sum(amount) filter (where kind = 'paid'), 0)::bigint as paid, coalesce(sum(paid_in), 0)::bigint as paid_in,
    count(*) filter (where kind = 'community')::int as community_seats, coalesce(sum(drawn), 0)::bigint as drawn
from entries
group by grouping sets ((entries.currency), (entries.currency, month), (entries.currency, circle_id), (entries.currency, entries.format), (entries.currency, entries.place))
order by 1, entries.currency, name, 2;

-- name: hours(since, until, circle, format, place)
-- the hours that facilitators held in a period, those with most first. A gathering counts for everybody who held it
with dates as materialized (
    select
        gatherings.id, gatherings.circle_id, gatherings.length_minutes,
        date_trunc('month', gatherings.wall_start)::date as month
    from gatherings join circles on circles.id = gatherings.circle_id
    where gatherings.starts_at >= :since::date - 2 and gatherings.starts_at < :until::date + 3
        and gatherings.wall_start >= :since::date and gatherings.wall_start < :until::date
        and gatherings.state = 'open' and gatherings.ends_at <= now()
        and (:circle::uuid is null or gatherings.circle_id = :circle)
        and (:format::text is null or circles.format = :format)
        and (:place::text is null or circles.place = :place)
)
select
    people.id, people.name, count(*)::int as gatherings, sum(dates.length_minutes)::int as minutes,
    count(distinct dates.circle_id)::int as circles, count(*) filter (where hosted_gatherings.part = 'stand_in')::int as stood_in
from dates
join hosted_gatherings on hosted_gatherings.gathering_id = dates.id
join people on people.id = hosted_gatherings.person_id
group by people.id, people.name, people.name_key
order by minutes desc, people.name_key, people.id;

-- name: circles(chosen, most)
-- the chosen circle, and by name so many others, for a choice in a form
(select id, name from circles where id = :chosen)
union all
(select id, name from circles where id is distinct from :chosen order by name_key, id limit :most);

-- name: funder_totals(since, until)^
-- what the funder's report says that is about nobody in particular: the gatherings held in a period, in all and by format and place,
-- their hours, circles and facilitators; and how many different people came, which is never said exactly
with dates as materialized (
    select gatherings.id, gatherings.circle_id, gatherings.length_minutes, circles.format, circles.place
    from gatherings join circles on circles.id = gatherings.circle_id
    where gatherings.starts_at >= :since::date - 2 and gatherings.starts_at < :until::date + 3
        and gatherings.wall_start >= :since::date and gatherings.wall_start < :until::date
        and gatherings.state = 'open' and gatherings.ends_at <= now()
)
select
    count(*)::int as gatherings, coalesce(sum(dates.length_minutes), 0)::int as minutes,
    count(distinct dates.circle_id)::int as circles,
    count(*) filter (where dates.place = 'online')::int as online,
    count(*) filter (where dates.place = 'in_person')::int as in_person,
    (
        select count(distinct hosted_gatherings.person_id)
        from dates join hosted_gatherings on hosted_gatherings.gathering_id = dates.id
    )::int as facilitators,
    (
        select count(distinct facts.person_id)
        from dates join register_facts as facts on facts.gathering_id = dates.id
        where facts.came
    )::int as people
from dates;

-- name: funder_parts(since, until, again_until)
-- the counts of the funder's report by month, before small groups are folded: for each measure its groups, what they add up to, and
-- the people in them (`people`) where those are few; null where they are enough, and for what is about nobody, such as seats
-- (`is_of_nobody`). A walk-in without an account is somebody else each time. Those who came back did so before the end of the second month after their first; `again_until` is the first day
-- for whose month that is not known yet
with dates as materialized (
    select
        gatherings.id, gatherings.starts_at, gatherings.capacity, date_trunc('month', gatherings.wall_start)::date as month
    from gatherings
    where gatherings.starts_at >= :since::date - 2 and gatherings.starts_at < :until::date + 3
        and gatherings.wall_start >= :since::date and gatherings.wall_start < :until::date
        and gatherings.state = 'open' and gatherings.ends_at <= now()
),

marks as materialized (
    select dates.month, dates.id, dates.starts_at, coalesce(facts.person_id, facts.source_id) as person, facts.mark, facts.came
    from dates join register_facts as facts on facts.gathering_id = dates.id
    where facts.mark not in ('walk_in', 'second') or not exists (
        select from register_facts as booked
        where booked.gathering_id = facts.gathering_id and booked.person_id = facts.person_id and booked.mark = 'came'
    )
),

firsts as materialized (
    select mine.*
    from (
        select distinct on (marks.person) marks.person, marks.id, marks.starts_at, marks.month
        from marks where marks.came
        order by marks.person, marks.starts_at, marks.id
    ) as mine
    where exists (select from people where people.id = mine.person) and not exists (
        select from register_facts as earlier
        where earlier.came and earlier.person_id = mine.person
            and (earlier.starts_at, earlier.gathering_id) < (mine.starts_at, mine.id)
    )
),

seats as materialized (
    select dates.month, pool_entries.*
    from dates
    cross join lateral (select * from pool_entries where pool_entries.gathering_id = dates.id offset 0) as pool_entries
),

entries as materialized (
    select 'visits' as measure, 'visits' as part, marks.month, marks.person, 1::bigint as value from marks where marks.came
    union all
    select 'visits', 'seats', dates.month, null, dates.capacity from dates
    union all
    select 'register', case marks.mark when 'absent' then 'absent' else 'came' end, marks.month, marks.person, 1
    from marks where marks.mark in ('absent', 'came', 'second')
    union all
    select 'newcomers', 'newcomers', firsts.month, firsts.person, 1 from firsts
    union all
    select
        'returns',
        case when exists (
            select from register_facts as facts join gatherings as later on later.id = facts.gathering_id
            where facts.came and facts.person_id = firsts.person and facts.gathering_id <> firsts.id
                and later.wall_start < firsts.month + interval '3 months'
        ) then 'again' else 'once' end,
        firsts.month, firsts.person, 1
    from firsts where firsts.month < :again_until::date
    union all
    select
        'scale',
        case when seats.amount < seats.suggested then 'below' when seats.amount > seats.suggested then 'above' else 'suggested' end,
        seats.month, seats.person_id, 1
    from seats where seats.kind = 'paid'
    union all
    select 'pool ' || seats.currency, 'paid_in', seats.month, seats.person_id, seats.paid_in from seats where seats.paid_in > 0
    union all
    select 'community ' || seats.currency, shown.part, seats.month, shown.person, shown.value
    from seats cross join lateral (
        values ('seats', seats.person_id, 1::bigint), ('drawn', null, seats.drawn)
    ) as shown (part, person, value)
    where seats.kind = 'community'
    union all
    select 'below ' || seats.currency, 'drawn', seats.month, seats.person_id, seats.drawn
    from seats where seats.kind <> 'community' and seats.drawn > 0
),

-- Different people are at least as many as the bits that they set; where those are few, they are counted.
sums as materialized (
    select
        entries.measure, entries.part, entries.month, sum(entries.value)::bigint as value,
        bit_count(coalesce(bit_or(1::bigint << (hashtext(entries.person::text) & 63)), 0)::bit(64)) >= 5 as is_large,
        count(entries.person) = 0 as is_of_nobody
    from entries group by entries.measure, entries.part, entries.month
)
select
    sums.measure, sums.part, sums.month, sums.value, sums.is_of_nobody,
    case when not sums.is_large then to_jsonb(few.people) end as people
from sums left join (
    select entries.measure, entries.part, entries.month, array_agg(distinct entries.person) as people
    from entries join sums using (measure, part, month)
    where entries.person is not null and not sums.is_large
    group by entries.measure, entries.part, entries.month
) as few using (measure, part, month)
order by measure, part, month;
