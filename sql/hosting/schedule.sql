-- name: lock_for_planting(horizon_days, most)
-- schedules that are not planted far enough yet, each locked with its circle; those another worker holds are left to it
select schedules.*
from schedules join circles on circles.id = schedules.circle_id
where schedules.state = 'active' and circles.state = 'published'
    and (schedules.planted_until is null or schedules.planted_until < current_date + :horizon_days::int)
order by schedules.id
limit :most
for update of schedules skip locked for share of circles skip locked;

-- name: lock_of_circle(circle_id)
-- the schedules of a circle that are still active, locked
select * from schedules where circle_id = :circle_id and state = 'active' order by id for update;

-- name: plant(schedules, dates, walls, starts, oddities)$
-- gatherings of schedules as real rows, each date once however often and wherever this runs; how many are new
with planted as (
    insert into gatherings (
        circle_id, schedule_id, planned_for, wall_start, zone, length_minutes, starts_at, ends_at, capacity,
        community_seats, note, join_link, city, address, oddity, state
    )
    select
        schedules.circle_id, schedules.id, given.day, given.wall, schedules.zone, schedules.length_minutes,
        given.at, given.at + make_interval(mins => schedules.length_minutes), schedules.capacity,
        schedules.community_seats, schedules.note, schedules.join_link, schedules.city, schedules.address,
        given.oddity, 'open'
    from unnest(
        :schedules::uuid [], :dates::date [], :walls::timestamp [], :starts::timestamptz [], :oddities::text []
    ) as given (schedule, day, wall, at, oddity)
    join schedules on schedules.id = given.schedule
    where given.at > now()
    on conflict do nothing
    returning id
), noted as (
    insert into events (what, about, after) select 'gathering.planted', id, 'open' from planted
)
select count(*) from planted;

-- name: planted_to(ids, until)!
-- how far schedules are planted by now
update schedules set planted_until = :until where id = any(:ids::uuid []);

-- name: add_schedule(circle_id, kind, first_date, every, weekdays, nth, month_day, dates, until, times, skipped, wall_time, zone, length_minutes, capacity, community_seats, note, join_link, city, address, planted_until, by)<!
-- a new schedule of a circle
insert into schedules (
    circle_id, kind, first_date, every, weekdays, nth, month_day, dates, until, times, skipped, wall_time, zone,
    length_minutes, capacity, community_seats, note, join_link, city, address, planted_until, created_by
) values (
    :circle_id, :kind, :first_date, :every, :weekdays, :nth, :month_day, :dates, :until, :times, :skipped,
    :wall_time, :zone, :length_minutes, :capacity, :community_seats, :note, :join_link, :city, :address,
    :planted_until, :by
) returning id;

-- name: save_schedule(id, kind, first_date, every, weekdays, nth, month_day, dates, until, times, skipped, wall_time, zone, length_minutes, capacity, community_seats, note, join_link, city, address, planted_until)!
-- what a schedule is made of, and one more version of it
update schedules set
    kind = :kind, first_date = :first_date, every = :every, weekdays = :weekdays, nth = :nth,
    month_day = :month_day, dates = :dates, until = :until, times = :times, skipped = :skipped,
    wall_time = :wall_time, zone = :zone, length_minutes = :length_minutes, capacity = :capacity,
    community_seats = :community_seats, note = :note, join_link = :join_link, city = :city,
    address = :address, planted_until = :planted_until, version = version + 1
where id = :id;

-- name: end_schedule(id)!
-- a schedule plants no more
update schedules set state = 'ended', version = version + 1 where id = :id;

-- name: hosted_schedule(id, person)^
-- a schedule for somebody who may change it, with its circle
select
    schedules.*, circles.name as circle_name, circles.state as circle_state, circles.place,
    circles.zone as circle_zone, circles.minimum, circles.suggested, circles.maximum, circles.currency
from schedules join circles on circles.id = schedules.circle_id
join may_host(circles.id, :person) as host on host.may_change
where schedules.id = :id;

-- name: lock_schedule(id)^
-- a schedule, locked; its circle is locked by now
select * from schedules where id = :id for update;

-- name: schedules_of(circle_id)
-- the active schedules of a circle, with how many gatherings are planted ahead and how many of these were changed
select schedules.*, ahead.how_many, ahead.by_hand
from schedules
cross join lateral (
    select count(*) as how_many, count(*) filter (where gatherings.by_hand) as by_hand
    from gatherings
    where gatherings.schedule_id = schedules.id and gatherings.state <> 'cancelled' and gatherings.starts_at > now()
) as ahead
where schedules.circle_id = :circle_id and schedules.state = 'active'
order by schedules.created_at, schedules.id;

-- name: planted_ahead(schedule_id, since)
-- the gatherings of a schedule that have not begun, all of them or from one on, with who holds seats there
select
    gatherings.id, gatherings.planned_for, gatherings.state, gatherings.by_hand, gatherings.starts_at,
    gatherings.zone, gatherings.wall_start, gatherings.length_minutes, gatherings.capacity,
    gatherings.community_seats, gatherings.note, gatherings.join_link, gatherings.city, gatherings.address,
    gatherings.seats_taken, gatherings.community_taken,
    exists (select from bookings where bookings.gathering_id = gatherings.id) as was_booked,
    array(
        select people.name from bookings join people on people.id = bookings.person_id
        where bookings.gathering_id = gatherings.id and bookings.state = 'confirmed'
        order by lower(people.name), people.id
    ) as names
from gatherings
where gatherings.schedule_id = :schedule_id and gatherings.starts_at > now()
    and (
        :since::uuid is null
        or gatherings.planned_for >= (select planned_for from gatherings where id = :since)
    )
order by gatherings.planned_for;

-- name: lock_planted(schedule_id)
-- the same gatherings, locked in the order of their ids
select id from gatherings where schedule_id = :schedule_id and starts_at > now() order by id for update;

-- name: following(schedule_id, since)
-- a gathering of a schedule and all that were planned for a later date
select id, planned_for from gatherings
where schedule_id = :schedule_id and planned_for >= (select planned_for from gatherings where id = :since);

-- name: let_go(ids)!
-- gatherings follow no schedule for a moment, so that each can take a date which another has yet to leave
update gatherings set schedule_id = null, planned_for = null where id = any(:ids::uuid []);

-- name: belongs_to(ids, dates, schedule_id)!
-- gatherings follow another schedule, or other dates of their own, from now on
update gatherings set schedule_id = :schedule_id, planned_for = given.day
from unnest(:ids::uuid [], :dates::date []) as given (id, day)
where gatherings.id = given.id;

-- name: seats_ahead(circle_id)$
-- how many seats are taken in the gatherings of a circle that are not over
select coalesce(sum(seats_taken), 0)::int from gatherings
where circle_id = :circle_id and state = 'open' and ends_at > now();

-- name: open_ahead(circle_id)
-- the gatherings of a circle that have not begun, locked
select id, state from gatherings
where circle_id = :circle_id and state in ('open', 'draft') and starts_at > now()
order by id
for update;

-- name: add_gathering(circle_id, wall_start, zone, length_minutes, starts_at, ends_at, capacity, community_seats, note, state)<!
-- one dated meeting of a circle
insert into gatherings (
    circle_id, wall_start, zone, length_minutes, starts_at, ends_at, capacity, community_seats, note, state
) values (
    :circle_id, :wall_start, :zone, :length_minutes, :starts_at, :ends_at, :capacity, :community_seats, :note, :state
) returning id;
