-- name: page(person, first, last, after, most)
-- where somebody was expected or came in a period, by the calendars of the circles, the newest first, after one of the gatherings;
-- mark: empty where nobody marked them yet
select
    gatherings.id, gatherings.circle_id, circles.name as circle_name, harmless(circles.name) as circle_cell,
    gatherings.starts_at, gatherings.wall_start, gatherings.zone, gatherings.length_minutes,
    visits.mark, visits.late, visits.left_early
from (
    select
        bookings.gathering_id, coalesce(attendance.mark, '') as mark, coalesce(attendance.late, false) as late,
        coalesce(attendance.left_early, false) as left_early
    from bookings left join attendance on attendance.booking_id = bookings.id
    where bookings.person_id = :person and bookings.state = 'confirmed'
    union all
    select presences.gathering_id, 'came', presences.late, presences.left_early
    from presences_of(:person) as presences where presences.walked_in
) as visits
join gatherings on gatherings.id = visits.gathering_id
join circles on circles.id = gatherings.circle_id
where gatherings.state = 'open' and gatherings.ends_at <= now()
    and gatherings.wall_start >= :first::date and gatherings.wall_start < :last::date + 1
    and (:after::uuid is null or (gatherings.starts_at, gatherings.id) < (
        select earlier.starts_at, earlier.id from gatherings as earlier where earlier.id = :after
    ))
order by gatherings.starts_at desc, gatherings.id desc
limit :most;

-- name: totals(person, first, last)
-- what somebody attended in a period: gatherings, minutes, how often they came late or left early; by circle, with its names
select
    circles.id as circle_id, circles.name, circles.discreet_name, count(*)::int as gatherings,
    sum(gatherings.length_minutes)::int as minutes, (count(*) filter (where presences.late))::int as late,
    (count(*) filter (where presences.left_early))::int as left_early, 0 as people
from presences_of(:person) as presences
join gatherings on gatherings.id = presences.gathering_id
join circles on circles.id = gatherings.circle_id
where gatherings.state = 'open' and gatherings.ends_at <= now()
    and gatherings.wall_start >= :first::date and gatherings.wall_start < :last::date + 1
group by circles.id
order by circles.name_key, circles.id;
