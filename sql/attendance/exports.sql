-- name: zones_of_gatherings()
-- every time zone that gatherings are in
select distinct zone from gatherings order by zone;

-- name: attendance_csv(zones, since, seconds, first, last, circles)
-- one row per booking of the gatherings between two dates on the calendars of their circles; no circle named means all;
-- zones, since, seconds: the offsets of every zone from UTC
with clocks as (
    select
        given.zone,
        array_agg(given.since order by given.since) as since,
        array_agg(given.seconds order by given.since) as seconds
    from unnest(:zones::text [], :since::timestamptz [], :seconds::int []) as given (zone, since, seconds)
    group by given.zone
),

first_visits as (
    select bookings.person_id, gatherings.circle_id, min(gatherings.starts_at) as starts_at
    from attendance
    join bookings on bookings.id = attendance.booking_id
    join gatherings on gatherings.id = bookings.gathering_id
    where attendance.mark = 'came'
    group by bookings.person_id, gatherings.circle_id
)
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
    case when first_visits.starts_at < gatherings.starts_at then 'no' else 'yes' end as first_time
from gatherings
join clocks on clocks.zone = gatherings.zone
join circles on circles.id = gatherings.circle_id
join bookings on bookings.gathering_id = gatherings.id
join people on people.id = bookings.person_id
left join attendance on attendance.booking_id = bookings.id
left join first_visits
    on first_visits.person_id = bookings.person_id and first_visits.circle_id = gatherings.circle_id
where gatherings.wall_start >= :first::date
    and gatherings.wall_start < :last::date + 1
    and (cardinality(:circles::uuid[]) = 0 or gatherings.circle_id = any(:circles::uuid[]))
order by gatherings.starts_at, gatherings.id, bookings.created_at, bookings.id;

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

-- name: circle_choices()
-- every circle, for a choice in a form
select id, name, state from circles order by name_key, id;

-- name: todo()^
-- what waits for organizers: listings, complaints, circles that nobody can lead, stand-ins who cannot host, requests for the
-- facilitator's role
select
    (select count(*) from listings where state = 'waiting')::int as waiting,
    (select count(*) from complaints where state = 'open')::int as complaints,
    (select count(*) from orphaned_circles)::int as orphaned,
    (select count(*) from orphaned_stand_ins)::int as stand_ins,
    (select count(*) from role_requests where state = 'open')::int as role_requests;

-- name: fortnight()
-- the gatherings from a week ago to a week from now, with their seats and the counts of their register
select
    gatherings.id,
    circles.id as circle_id,
    circles.name as circle_name,
    gatherings.starts_at,
    gatherings.ends_at,
    gatherings.zone,
    gatherings.state,
    gatherings.capacity,
    gatherings.seats_taken,
    gatherings.community_taken,
    now() as now,
    kept.booked,
    kept.came,
    kept.unmarked
from gatherings
join circles on circles.id = gatherings.circle_id
cross join lateral (
    select
        count(*) as booked,
        count(*) filter (where attendance.mark = 'came') as came,
        count(*) filter (where attendance.mark is null) as unmarked
    from bookings left join attendance on attendance.booking_id = bookings.id
    where bookings.gathering_id = gatherings.id and bookings.state = 'confirmed'
) as kept
where gatherings.state in ('open', 'cancelled')
    and gatherings.starts_at between now() - interval '7 days' and now() + interval '7 days'
order by gatherings.starts_at, gatherings.id;

-- name: bookings_page(state, circle, most, skip)
-- one page of all bookings, newest gathering first, with what was paid and refunded (minor units)
select
    page.*,
    money.paid,
    money.refunded
from (
    select
        bookings.id,
        bookings.gathering_id,
        people.name,
        bookings.state,
        bookings.end_cause,
        bookings.kind,
        bookings.amount,
        bookings.currency,
        bookings.created_at,
        circles.id as circle_id,
        circles.name as circle_name,
        gatherings.starts_at,
        gatherings.zone,
        count(*) over () as total
    from bookings
    join gatherings on gatherings.id = bookings.gathering_id
    join circles on circles.id = gatherings.circle_id
    join people on people.id = bookings.person_id
    where (:state::text = '' or bookings.state = :state::text)
        and (:circle::uuid is null or circles.id = :circle::uuid)
    order by gatherings.starts_at desc, bookings.created_at desc, bookings.id
    limit :most offset :skip
) as page
cross join lateral (
    select
        coalesce(sum(amount) filter (where kind = 'payment'), 0) as paid,
        coalesce(-sum(amount) filter (where kind <> 'payment'), 0) as refunded
    from money_rows where booking_id = page.id
) as money
order by page.starts_at desc, page.created_at desc, page.id;
