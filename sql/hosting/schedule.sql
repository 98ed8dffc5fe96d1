-- name: hosted_schedule(id, actor_id)^
-- a schedule for somebody who may change it, with its circle and the other hosts
select
    schedules.*, circles.name as circle_name, circles.state as circle_state, circles.place,
    circles.zone as circle_zone, circles.minimum, circles.suggested, circles.maximum, circles.currency,
    circles.discreet_name,
    (
        select coalesce(jsonb_agg(
            jsonb_build_object(
                'id', people.id, 'name', people.name, 'email', people.email, 'zone', people.zone,
                'clock_hours', people.clock_hours
            )
            order by people.name_key, people.id
        ), '[]')
        from people
        where people.id <> :actor_id and people.id in (
            select hosts.person_id from hosts join may_host(circles.id, hosts.person_id) as other_host on true
            where hosts.circle_id = circles.id
            union
            select stand_ins.person_id
            from stand_ins
            join gatherings on gatherings.id = stand_ins.gathering_id
            join people as stand_in on stand_in.id = stand_ins.person_id
            where gatherings.schedule_id = schedules.id and gatherings.starts_at > now()
                and (stand_in.is_facilitator or stand_in.is_organizer)
        )
    ) as other_hosts
from schedules join circles on circles.id = schedules.circle_id
join may_act_for(circles.id, :actor_id) as host on host.may_change
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

-- name: add_schedule(circle_id, kind, first_date, every, weekdays, nth, month_day, dates, until, times, skipped, wall_time, zone, length_minutes, capacity, community_seats, note, join_link, city, address, planted_until, actor_id)<!
-- a new schedule of a circle
insert into schedules (
    circle_id, kind, first_date, every, weekdays, nth, month_day, dates, until, times, skipped, wall_time, zone,
    length_minutes, capacity, community_seats, note, join_link, city, address, planted_until, created_by
) values (
    :circle_id, :kind, :first_date, :every, :weekdays, :nth, :month_day, :dates, :until, :times, :skipped,
    :wall_time, :zone, :length_minutes, :capacity, :community_seats, :note, :join_link, :city, :address,
    :planted_until, :actor_id
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
-- a schedule ends: nothing more is planted
update schedules set state = 'ended', version = version + 1 where id = :id;

-- name: add_gathering(circle_id, wall_start, zone, length_minutes, starts_at, ends_at, capacity, community_seats, note, state)<!
-- one dated meeting of a circle
insert into gatherings (
    circle_id, wall_start, zone, length_minutes, starts_at, ends_at, capacity, community_seats, note, state
) values (
    :circle_id, :wall_start, :zone, :length_minutes, :starts_at, :ends_at, :capacity, :community_seats, :note, :state
) returning id;

-- name: overlapping(circle_id, others, starts, ends, most)
-- gatherings of the same hosts that lie across one of these times, but for some; the earliest first
select distinct gatherings.id, gatherings.starts_at, gatherings.zone, circles.name as circle_name
from unnest(:starts::timestamptz [], :ends::timestamptz []) as given (starts_at, ends_at)
join gatherings on gatherings.starts_at < given.ends_at and gatherings.ends_at > given.starts_at
join circles on circles.id = gatherings.circle_id
where gatherings.state <> 'cancelled' and gatherings.ends_at > now()
    and gatherings.id <> all(:others::uuid [])
    and exists (
        select from hosts as here join hosts as there on there.person_id = here.person_id
        join people on people.id = here.person_id and (people.is_facilitator or people.is_organizer)
        where here.circle_id = :circle_id and there.circle_id = circles.id
            and here.part <> 'helper' and there.part <> 'helper'
    )
order by gatherings.starts_at
limit :most;

-- name: lock_for_planting(horizon_days, most)
-- schedules that are not planted far enough yet, each locked with its circle; those another worker holds are left to it
select schedules.*
from schedules join circles on circles.id = schedules.circle_id
where schedules.state = 'active' and circles.state = 'published'
    and (schedules.planted_until is null or schedules.planted_until < (now() at time zone 'utc')::date + :horizon_days::int)
order by schedules.id
limit :most
for update of schedules skip locked for share of circles skip locked;

-- name: lock_of_circle(circle_id)
-- the schedules of a circle that are still active, locked
select * from schedules where circle_id = :circle_id and state = 'active' order by id for update;

-- name: plant(schedules, dates, walls, starts, oddities)$
-- gatherings of schedules as real rows, each date once however often and on however many workers; how many are new
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
-- the dates up to which schedules are planted
update schedules set planted_until = given.until
from unnest(:ids::uuid [], :until::date []) as given (id, until)
where schedules.id = given.id;

-- name: seats_ahead(circle_id)$
-- how many seats are booked in the gatherings of a circle that are not over
select coalesce(sum(seats_taken - seats_offered(id)), 0)::int from gatherings
where circle_id = :circle_id and state = 'open' and ends_at > now();

-- name: open_ahead(circle_id)
-- the gatherings of a circle that have not begun, locked
select id, state from gatherings
where circle_id = :circle_id and state in ('open', 'draft') and starts_at > now()
order by id
for update;
