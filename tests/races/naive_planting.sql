-- name: lock_for_planting(horizon_days, most)
-- schedules to plant, read without any lock
select schedules.* from schedules
where planted_until is null or planted_until < (now() at time zone 'utc')::date + :horizon_days::int
order by id limit :most;

-- name: plant(schedules, dates, walls, starts, oddities)$
-- gatherings that no other transaction has committed yet, with a second between the read and the insert
with moment as materialized (
    select pg_sleep(1)
), planted as (
    insert into gatherings (
        circle_id, schedule_id, planned_for, wall_start, zone, length_minutes, starts_at, ends_at, capacity,
        community_seats, oddity, state
    )
    select
        schedules.circle_id, schedules.id, given.day, given.wall, schedules.zone, schedules.length_minutes,
        given.at, given.at + make_interval(mins => schedules.length_minutes), schedules.capacity,
        schedules.community_seats, given.oddity, 'open'
    from unnest(
        :schedules::uuid [], :dates::date [], :walls::timestamp [], :starts::timestamptz [], :oddities::text []
    ) as given (schedule, day, wall, at, oddity)
    join schedules on schedules.id = given.schedule
    cross join moment
    where not exists (
        select from gatherings as other where other.schedule_id = schedules.id and other.planned_for = given.day
    )
    returning id
)
select count(*) from planted;
