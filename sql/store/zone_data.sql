-- name: planned_times()
-- the gatherings that have not begun, with their stored times, and the time that their schedule has for them
select
    gatherings.id, gatherings.circle_id, circles.name as circle_name, gatherings.wall_start, gatherings.zone,
    gatherings.starts_at, gatherings.seats_taken, gatherings.oddity,
    case when not gatherings.by_hand then gatherings.planned_for + schedules.wall_time end as schedule_start
from gatherings
join circles on circles.id = gatherings.circle_id
left join schedules on schedules.id = gatherings.schedule_id
where gatherings.state <> 'cancelled' and gatherings.starts_at > now()
order by gatherings.starts_at, gatherings.id;

-- name: zones_in_use()
-- every zone that a row names
select zone from circles where zone <> ''
union
select zone from gatherings where zone <> ''
union
select zone from schedules where zone <> ''
union
select zone from people where zone <> '';
