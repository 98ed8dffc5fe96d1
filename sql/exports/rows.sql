-- The rows of exports. Each query has every column of its kind, with the name that circles/exports/kinds.py has for it, and what its
-- rows are sorted by; whoever reads them names the columns they want (store/db/copying.py), and the others are not computed.
-- first, last: days on the calendars of the circles; circles: none named means all; gatherings: null, or the only ones.
-- zones, since, seconds: the offsets of every zone from UTC. salt: makes the codes of people, other ones in each file.
-- harmless: whether text is for a spreadsheet that would run formulas. Parameters are named in the order in which they appear.

-- name: attendance(zones, since, seconds, first, last, circles, gatherings, harmless, salt)
-- one row per booking, and per walk-in. It begins with the gatherings of those days, by the index of their starts, which differ
-- from the circles' calendars by a day at most. Their bookings are carried along with each visitor's first visit, and not joined
-- to it afterwards: statistics that are old could make of that a loop over both
with clocks as (
    select
        given.zone,
        array_agg(given.since order by given.since) as since,
        array_agg(given.seconds order by given.since) as seconds
    from unnest(:zones::text [], :since::timestamptz [], :seconds::int []) as given (zone, since, seconds)
    group by given.zone
),

visitors as materialized (
    select bookings.person_id, gatherings.circle_id, array_agg(bookings.id) as booking_ids
    from gatherings join bookings on bookings.gathering_id = gatherings.id
    where gatherings.starts_at >= :first::date - 2 and gatherings.starts_at < :last::date + 3
        and gatherings.wall_start >= :first::date and gatherings.wall_start < :last::date + 1
        and (cardinality(:circles::uuid[]) = 0 or gatherings.circle_id = any(:circles::uuid[]))
        and (:gatherings::uuid[] is null or gatherings.id = any(:gatherings::uuid[]))
    group by bookings.person_id, gatherings.circle_id
),

chosen as (
    select unnest(visitors.booking_ids) as booking_id, first_visit.starts_at as first_at
    from visitors cross join lateral (
        select min(earlier.starts_at) as starts_at
        from bookings
        join attendance on attendance.booking_id = bookings.id and attendance.mark = 'came'
        join gatherings as earlier on earlier.id = bookings.gathering_id
        where bookings.person_id = visitors.person_id and earlier.circle_id = visitors.circle_id
    ) as first_visit
)

select
    case when :harmless::bool then harmless(circles.name) else circles.name end as circle,
    gatherings.wall_start::date as date,
    gatherings.wall_start as starts,
    date_trunc('second', local_time(gatherings.ends_at, clocks.since, clocks.seconds)) as ends,
    case gatherings.state when 'cancelled' then 'canceled' else 'planned' end as gathering,
    case when :harmless::bool then harmless(people.name) else people.name end as name,
    'P-' || left(encode(sha256(convert_to(:salt::text || coalesce(people.merged_into, people.id)::text, 'UTF8')), 'hex'), 16) as code,
    case when :harmless::bool then harmless(people.pronouns) else people.pronouns end as pronouns,
    case when :harmless::bool then harmless(people.email) else people.email end as email,
    bookings.kind as seat,
    case bookings.state when 'cancelled' then 'canceled' when 'lapsed' then 'not taken up' else bookings.state end as booking,
    date_trunc('second', local_time(bookings.created_at, clocks.since, clocks.seconds)) as booked,
    attendance.mark,
    case when attendance.mark = 'came' then case when attendance.late then 'yes' else 'no' end end as late,
    case when attendance.mark = 'came' then case when attendance.left_early then 'yes' else 'no' end end as left_early,
    date_trunc('second', local_time(attendance.marked_at, clocks.since, clocks.seconds)) as marked,
    case when chosen.first_at < gatherings.starts_at then 'no' else 'yes' end as first_time,
    gatherings.zone,
    iso_local_time(gatherings.starts_at, clocks.since, clocks.seconds) as starts_exact,
    gatherings.id as gathering_id,
    bookings.id as booking_id,
    people.id as person_id,
    gatherings.starts_at as order_start,
    bookings.created_at as order_added,
    bookings.id as order_row
from chosen
join bookings on bookings.id = chosen.booking_id
join gatherings on gatherings.id = bookings.gathering_id
join clocks on clocks.zone = gatherings.zone
join circles on circles.id = gatherings.circle_id
join people on people.id = bookings.person_id
left join attendance on attendance.booking_id = bookings.id
union all
select
    case when :harmless::bool then harmless(circles.name) else circles.name end,
    gatherings.wall_start::date,
    gatherings.wall_start,
    date_trunc('second', local_time(gatherings.ends_at, clocks.since, clocks.seconds)),
    case gatherings.state when 'cancelled' then 'canceled' else 'planned' end,
    case
        when :harmless::bool then harmless(coalesce(people.name, walk_ins.name)) else coalesce(people.name, walk_ins.name)
    end,
    'P-' || left(encode(sha256(convert_to(:salt::text || coalesce(people.merged_into, people.id, walk_ins.id)::text, 'UTF8')), 'hex'), 16),
    case when :harmless::bool then harmless(people.pronouns) else people.pronouns end,
    case when :harmless::bool then harmless(people.email) else people.email end,
    'walk-in',
    'walk-in',
    null,
    'came',
    case when walk_ins.late then 'yes' else 'no' end,
    case when walk_ins.left_early then 'yes' else 'no' end,
    date_trunc('second', local_time(walk_ins.added_at, clocks.since, clocks.seconds)),
    '',
    gatherings.zone,
    iso_local_time(gatherings.starts_at, clocks.since, clocks.seconds),
    gatherings.id,
    null,
    people.id,
    gatherings.starts_at,
    walk_ins.added_at,
    walk_ins.id
from gatherings
join walk_ins on walk_ins.gathering_id = gatherings.id and walk_ins.removed_at is null
join clocks on clocks.zone = gatherings.zone
join circles on circles.id = gatherings.circle_id
left join people on people.id = walk_ins.person_id
where gatherings.starts_at >= :first::date - 2 and gatherings.starts_at < :last::date + 3
    and gatherings.wall_start >= :first::date and gatherings.wall_start < :last::date + 1
    and (cardinality(:circles::uuid[]) = 0 or gatherings.circle_id = any(:circles::uuid[]))
    and (:gatherings::uuid[] is null or gatherings.id = any(:gatherings::uuid[]));

-- name: bookings(zones, since, seconds, harmless, salt, currencies, places, first, last, circles, gatherings)
-- one row per booking, with what was paid, given back and noted in cash. currencies, places: those that do not have two decimals
with clocks as (
    select
        given.zone,
        array_agg(given.since order by given.since) as since,
        array_agg(given.seconds order by given.since) as seconds
    from unnest(:zones::text [], :since::timestamptz [], :seconds::int []) as given (zone, since, seconds)
    group by given.zone
)

select
    case when :harmless::bool then harmless(circles.name) else circles.name end as circle,
    gatherings.wall_start::date as date,
    gatherings.wall_start as starts,
    case gatherings.state when 'cancelled' then 'canceled' else 'planned' end as gathering,
    case when :harmless::bool then harmless(people.name) else people.name end as name,
    'P-' || left(encode(sha256(convert_to(:salt::text || coalesce(people.merged_into, people.id)::text, 'UTF8')), 'hex'), 16) as code,
    case when :harmless::bool then harmless(people.pronouns) else people.pronouns end as pronouns,
    case when :harmless::bool then harmless(people.email) else people.email end as email,
    bookings.kind as seat,
    case bookings.state when 'cancelled' then 'canceled' when 'lapsed' then 'not taken up' else bookings.state end as booking,
    replace(bookings.end_cause, '_', ' ') as ended_because,
    in_units(bookings.amount, coalesce(decimals.places, 2)) as amount,
    in_units(money.paid, coalesce(decimals.places, 2)) as paid,
    in_units(money.refunded, coalesce(decimals.places, 2)) as refunded,
    in_units(cash.noted, coalesce(decimals.places, 2)) as cash,
    bookings.currency,
    date_trunc('second', local_time(bookings.created_at, clocks.since, clocks.seconds)) as booked,
    date_trunc('second', local_time(bookings.confirmed_at, clocks.since, clocks.seconds)) as confirmed,
    date_trunc('second', local_time(bookings.ended_at, clocks.since, clocks.seconds)) as ended,
    bookings.moves,
    gatherings.zone,
    iso_local_time(bookings.created_at, clocks.since, clocks.seconds) as booked_exact,
    gatherings.id as gathering_id,
    bookings.id as booking_id,
    people.id as person_id,
    gatherings.starts_at as order_start,
    bookings.created_at as order_added,
    bookings.id as order_row
from gatherings
join bookings on bookings.gathering_id = gatherings.id
join clocks on clocks.zone = gatherings.zone
join circles on circles.id = gatherings.circle_id
join people on people.id = bookings.person_id
left join unnest(:currencies::text [], :places::int []) as decimals (currency, places)
    on decimals.currency = bookings.currency
left join lateral (
    select
        coalesce(sum(money_rows.amount) filter (where money_rows.kind = 'payment'), 0)::bigint as paid,
        coalesce(-sum(money_rows.amount) filter (where money_rows.kind in ('refund', 'refund_returned')), 0)::bigint
            as refunded
    from money_rows where money_rows.booking_id = bookings.id
) as money on true
left join lateral (
    select coalesce(sum(cash_rows.amount), 0)::bigint as noted from cash_rows where cash_rows.booking_id = bookings.id
) as cash on true
where gatherings.starts_at >= :first::date - 2 and gatherings.starts_at < :last::date + 3
    and gatherings.wall_start >= :first::date and gatherings.wall_start < :last::date + 1
    and (cardinality(:circles::uuid[]) = 0 or gatherings.circle_id = any(:circles::uuid[]))
    and (:gatherings::uuid[] is null or gatherings.id = any(:gatherings::uuid[]));

-- name: gatherings(zones, since, seconds, harmless, first, last, circles, gatherings)
-- one row per gathering that was ever published, with how many booked and came
with clocks as (
    select
        given.zone,
        array_agg(given.since order by given.since) as since,
        array_agg(given.seconds order by given.since) as seconds
    from unnest(:zones::text [], :since::timestamptz [], :seconds::int []) as given (zone, since, seconds)
    group by given.zone
)

select
    case when :harmless::bool then harmless(circles.name) else circles.name end as circle,
    gatherings.wall_start::date as date,
    gatherings.wall_start as starts,
    date_trunc('second', local_time(gatherings.ends_at, clocks.since, clocks.seconds)) as ends,
    case
        when gatherings.state = 'cancelled' then 'canceled' when gatherings.ends_at <= now() then 'held' else 'planned'
    end as gathering,
    case when :harmless::bool then harmless(gatherings.cancel_reason) else gatherings.cancel_reason end as cancel_reason,
    circles.format,
    replace(circles.place, '_', ' ') as place,
    case when :harmless::bool then harmless(coalesce(nullif(gatherings.city, ''), circles.city))
        else coalesce(nullif(gatherings.city, ''), circles.city)
    end as city,
    (
        select string_agg(
            case when :harmless::bool then harmless(people.name) else people.name end, ', '
            order by people.name_key, people.id
        )
        from hosted_gatherings join people on people.id = hosted_gatherings.person_id
        where hosted_gatherings.gathering_id = gatherings.id
    ) as hosts,
    in_units(gatherings.length_minutes * 100 / 60, 2) as hours,
    gatherings.capacity,
    gatherings.seats_taken as seats_taken,
    gatherings.community_seats as community_offered,
    gatherings.community_taken as community_taken,
    marks.came + walked.count as came,
    marks.absent,
    marks.excused,
    marks.unmarked,
    walked.count as walk_ins,
    marks.canceled as canceled_bookings,
    gatherings.zone,
    iso_local_time(gatherings.starts_at, clocks.since, clocks.seconds) as starts_exact,
    circles.id as circle_id,
    gatherings.id as gathering_id,
    gatherings.starts_at as order_start,
    gatherings.created_at as order_added,
    gatherings.id as order_row
from gatherings
join clocks on clocks.zone = gatherings.zone
join circles on circles.id = gatherings.circle_id
left join lateral (
    select
        count(*) filter (where attendance.mark = 'came')::int as came,
        count(*) filter (where attendance.mark = 'absent')::int as absent,
        count(*) filter (where attendance.mark = 'excused')::int as excused,
        count(*) filter (where bookings.state = 'confirmed' and attendance.mark is null)::int as unmarked,
        count(*) filter (where bookings.state = 'cancelled')::int as canceled
    from bookings left join attendance on attendance.booking_id = bookings.id
    where bookings.gathering_id = gatherings.id
) as marks on true
left join lateral (
    select count(*)::int as count from walk_ins
    where walk_ins.gathering_id = gatherings.id and walk_ins.removed_at is null
) as walked on true
where gatherings.starts_at >= :first::date - 2 and gatherings.starts_at < :last::date + 3
    and gatherings.wall_start >= :first::date and gatherings.wall_start < :last::date + 1
    and gatherings.state <> 'draft'
    and (cardinality(:circles::uuid[]) = 0 or gatherings.circle_id = any(:circles::uuid[]))
    and (:gatherings::uuid[] is null or gatherings.id = any(:gatherings::uuid[]));

-- name: community_seats(zones, since, seconds, harmless, salt, currencies, places, first, last, circles, gatherings)
-- one row per community seat that somebody has or had, with what the circle suggests others pay
with clocks as (
    select
        given.zone,
        array_agg(given.since order by given.since) as since,
        array_agg(given.seconds order by given.since) as seconds
    from unnest(:zones::text [], :since::timestamptz [], :seconds::int []) as given (zone, since, seconds)
    group by given.zone
)

select
    case when :harmless::bool then harmless(circles.name) else circles.name end as circle,
    gatherings.wall_start::date as date,
    gatherings.wall_start as starts,
    case gatherings.state when 'cancelled' then 'canceled' else 'planned' end as gathering,
    case when :harmless::bool then harmless(people.name) else people.name end as name,
    'P-' || left(encode(sha256(convert_to(:salt::text || coalesce(people.merged_into, people.id)::text, 'UTF8')), 'hex'), 16) as code,
    case when :harmless::bool then harmless(people.pronouns) else people.pronouns end as pronouns,
    case when :harmless::bool then harmless(people.email) else people.email end as email,
    case bookings.state when 'cancelled' then 'canceled' when 'lapsed' then 'not taken up' else bookings.state end as booking,
    attendance.mark,
    in_units(circles.suggested, coalesce(decimals.places, 2)) as suggested,
    circles.currency,
    gatherings.community_seats as community_offered,
    date_trunc('second', local_time(bookings.created_at, clocks.since, clocks.seconds)) as booked,
    gatherings.zone,
    gatherings.id as gathering_id,
    bookings.id as booking_id,
    people.id as person_id,
    gatherings.starts_at as order_start,
    bookings.created_at as order_added,
    bookings.id as order_row
from gatherings
join bookings on bookings.gathering_id = gatherings.id and bookings.kind = 'community'
join clocks on clocks.zone = gatherings.zone
join circles on circles.id = gatherings.circle_id
join people on people.id = bookings.person_id
left join attendance on attendance.booking_id = bookings.id
left join unnest(:currencies::text [], :places::int []) as decimals (currency, places)
    on decimals.currency = circles.currency
where gatherings.starts_at >= :first::date - 2 and gatherings.starts_at < :last::date + 3
    and gatherings.wall_start >= :first::date and gatherings.wall_start < :last::date + 1
    and (cardinality(:circles::uuid[]) = 0 or gatherings.circle_id = any(:circles::uuid[]))
    and (:gatherings::uuid[] is null or gatherings.id = any(:gatherings::uuid[]));

-- name: hours(zones, since, seconds, harmless, salt, first, last, circles, gatherings)
-- one row per gathering that was held and facilitator who hosted it
with clocks as (
    select
        given.zone,
        array_agg(given.since order by given.since) as since,
        array_agg(given.seconds order by given.since) as seconds
    from unnest(:zones::text [], :since::timestamptz [], :seconds::int []) as given (zone, since, seconds)
    group by given.zone
)

select
    case when :harmless::bool then harmless(people.name) else people.name end as name,
    'P-' || left(encode(sha256(convert_to(:salt::text || coalesce(people.merged_into, people.id)::text, 'UTF8')), 'hex'), 16) as code,
    case when :harmless::bool then harmless(circles.name) else circles.name end as circle,
    gatherings.wall_start::date as date,
    gatherings.wall_start as starts,
    date_trunc('second', local_time(gatherings.ends_at, clocks.since, clocks.seconds)) as ends,
    in_units(gatherings.length_minutes * 100 / 60, 2) as hours,
    case hosted_gatherings.part
        when 'co' then 'co-facilitator' when 'stand_in' then 'stand-in' else hosted_gatherings.part
    end as part,
    circles.format,
    replace(circles.place, '_', ' ') as place,
    case when :harmless::bool then harmless(people.email) else people.email end as email,
    gatherings.zone,
    gatherings.id as gathering_id,
    people.id as person_id,
    gatherings.starts_at as order_start,
    gatherings.created_at as order_added,
    people.id as order_row
from gatherings
join clocks on clocks.zone = gatherings.zone
join circles on circles.id = gatherings.circle_id
join hosted_gatherings on hosted_gatherings.gathering_id = gatherings.id
join people on people.id = hosted_gatherings.person_id
where gatherings.starts_at >= :first::date - 2 and gatherings.starts_at < :last::date + 3
    and gatherings.wall_start >= :first::date and gatherings.wall_start < :last::date + 1
    and gatherings.state = 'open' and gatherings.ends_at <= now()
    and (cardinality(:circles::uuid[]) = 0 or gatherings.circle_id = any(:circles::uuid[]))
    and (:gatherings::uuid[] is null or gatherings.id = any(:gatherings::uuid[]));
