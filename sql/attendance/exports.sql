-- name: zones_of_gatherings()
-- every time zone that gatherings are in: from one to the next in the index, which has a million entries and few zones
with recursive zones as (
    (select zone from gatherings order by zone limit 1)
    union all
    select (select gatherings.zone from gatherings where gatherings.zone > zones.zone order by gatherings.zone limit 1)
    from zones where zones.zone is not null
)

select zone from zones where zone is not null order by zone;

-- name: attendance_csv(zones, since, seconds, first, last, circles)
-- one row per booking, and per walk-in, of the gatherings between two dates on the calendars of their circles; no circle named means all;
-- zones, since, seconds: the offsets of every zone from UTC. It begins with the gatherings of those days, by the index of their
-- starts, which differ from the circles' calendars by a day at most. Their bookings are carried along with each visitor's first
-- visit, and not joined to it afterwards: statistics that are old could make of that a loop over both
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
    gathering_id, circle, starts_at, ends_at, zone, gathering_state, booking_id, person_id, name, pronouns, seat_kind,
    booking_state, booked_at, mark, marked_at, first_time
from (
    select
        gatherings.id as gathering_id,
        harmless(circles.name) as circle,
        iso_local_time(gatherings.starts_at, clocks.since, clocks.seconds) as starts_at,
        iso_local_time(gatherings.ends_at, clocks.since, clocks.seconds) as ends_at,
        gatherings.zone,
        gatherings.state as gathering_state,
        bookings.id as booking_id,
        people.id as person_id,
        harmless(people.name) as name,
        harmless(people.pronouns) as pronouns,
        bookings.kind as seat_kind,
        bookings.state as booking_state,
        iso_local_time(bookings.created_at, clocks.since, clocks.seconds) as booked_at,
        attendance.mark,
        iso_local_time(attendance.marked_at, clocks.since, clocks.seconds) as marked_at,
        case when chosen.first_at < gatherings.starts_at then 'no' else 'yes' end as first_time,
        gatherings.starts_at as start, bookings.created_at as added_at, bookings.id as row_id
    from chosen
    join bookings on bookings.id = chosen.booking_id
    join gatherings on gatherings.id = bookings.gathering_id
    join clocks on clocks.zone = gatherings.zone
    join circles on circles.id = gatherings.circle_id
    join people on people.id = bookings.person_id
    left join attendance on attendance.booking_id = bookings.id
    union all
    select
        gatherings.id,
        harmless(circles.name),
        iso_local_time(gatherings.starts_at, clocks.since, clocks.seconds),
        iso_local_time(gatherings.ends_at, clocks.since, clocks.seconds),
        gatherings.zone,
        gatherings.state,
        null,
        people.id,
        harmless(coalesce(people.name, walk_ins.name)),
        harmless(people.pronouns),
        'walk_in',
        'walk_in',
        null,
        'came',
        iso_local_time(walk_ins.added_at, clocks.since, clocks.seconds),
        '',
        gatherings.starts_at, walk_ins.added_at, walk_ins.id
    from gatherings
    join walk_ins on walk_ins.gathering_id = gatherings.id and walk_ins.removed_at is null
    join clocks on clocks.zone = gatherings.zone
    join circles on circles.id = gatherings.circle_id
    left join people on people.id = walk_ins.person_id
    where gatherings.starts_at >= :first::date - 2 and gatherings.starts_at < :last::date + 3
        and gatherings.wall_start >= :first::date and gatherings.wall_start < :last::date + 1
        and (cardinality(:circles::uuid[]) = 0 or gatherings.circle_id = any(:circles::uuid[]))
) as listed
order by start, gathering_id, added_at, row_id;

-- name: known_circles(ids)$
-- how many of these circles there are
select count(*) from circles where id = any(:ids::uuid[]);

-- name: begin_export(what, actor_id, filters)<!
-- the log entry of an export: who, what, with which filters
insert into exports (what, who, filters) values (:what, :actor_id, :filters) returning id;

-- name: finish_export(id, row_count)!
-- the export is complete
update exports set row_count = :row_count, finished_at = now() where id = :id;

-- name: export_log(most)
-- the newest exports, with the names of those who made them
select exports.id, exports.at, exports.filters, exports.row_count, exports.finished_at, people.name
from exports left join people on people.id = exports.who
order by exports.at desc, exports.id limit :most;

-- name: circle_choices(chosen, most)
-- the chosen circles, and by name so many others, for a choice in a form
(select id, name from circles where id = any(:chosen::uuid []) order by name_key, id)
union all
(select id, name from circles where id <> all(:chosen::uuid []) order by name_key, id limit :most);

-- name: circle_names(ids)
-- the names of some circles
select id, name from circles where id = any(:ids::uuid []);

-- name: bookings_page(states, circle, most, after, limit, offset)
-- one page of the bookings in these states, of all circles or of one, the latest first, with what was paid, refunded and noted in cash (minor
-- units); after: the last booking of the page before; total counts them all, up to `most`. Of all circles, the index of each
-- state is read in its order; of one circle, the bookings of its gatherings are put in order
with start as (
    select coalesce(max(created_at), 'infinity') as at from bookings where id = :after
)

select
    bookings.id, bookings.gathering_id, people.name, bookings.state, bookings.end_cause, bookings.kind, bookings.amount,
    bookings.currency, bookings.created_at, circles.id as circle_id, circles.name as circle_name, gatherings.starts_at,
    gatherings.zone, money.paid, money.refunded, cash.noted as cash,
    exists (select from given_seats where given_seats.booking_id = bookings.id) as given, waiting.on_its_way,
    waiting.not_arrived,
    coalesce((
        select disputes.state
        from checkout_lines as lines join disputes on disputes.checkout_id = lines.checkout_id
        where lines.booking_id = page.id order by disputes.made_at desc limit 1
    ), '') as disputed,
    case when :circle::uuid is null
        then (
            select count(*) from (
                select from unnest(:states::text []) as wanted (state)
                cross join lateral (
                    select from bookings as of_state where of_state.state = wanted.state limit :most
                ) as few
                limit :most
            ) as counted
        )
        else (
            select count(*) from (
                select from gatherings as dates join bookings as of_circle on of_circle.gathering_id = dates.id
                where dates.circle_id = :circle and of_circle.state = any(:states::text [])
                limit :most
            ) as counted
        )
    end as total
from (
    (
        select latest.id, latest.created_at
        from unnest(:states::text []) as wanted (state)
        cross join lateral (
            select of_state.id, of_state.created_at from bookings as of_state
            where of_state.state = wanted.state and :circle::uuid is null
                and (of_state.created_at, of_state.id) < (
                    (select at from start), coalesce(:after, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
                )
            order by of_state.created_at desc, of_state.id desc
            limit :limit + :offset::bigint
        ) as latest
        order by latest.created_at desc, latest.id desc
        limit :limit offset :offset
    )
    union all
    (
        select of_circle.id, of_circle.created_at
        from gatherings as dates join bookings as of_circle on of_circle.gathering_id = dates.id
        where dates.circle_id = :circle and of_circle.state = any(:states::text [])
            and (of_circle.created_at, of_circle.id) < (
                (select at from start), coalesce(:after, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
            )
        order by of_circle.created_at desc, of_circle.id desc
        limit :limit offset :offset
    )
) as page
join bookings on bookings.id = page.id
join gatherings on gatherings.id = bookings.gathering_id
join circles on circles.id = gatherings.circle_id
join people on people.id = bookings.person_id
cross join lateral (
    select
        coalesce(sum(amount) filter (where kind = 'payment'), 0) as paid,
        coalesce(-sum(amount) filter (where kind in ('refund', 'refund_returned')), 0) as refunded
    from money_rows where booking_id = page.id
) as money
cross join lateral (
    select coalesce(sum(amount), 0) as noted from cash_rows where booking_id = page.id
) as cash
cross join lateral (
    select
        coalesce(bool_or(state = 'sent'), false) as on_its_way,
        coalesce(bool_or(state = 'failed' and settled_at is null), false) as not_arrived
    from operations where booking_id = page.id and kind = 'refund'
) as waiting
order by page.created_at desc, page.id desc;
