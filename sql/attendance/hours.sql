-- name: page(person, first, last, after, most)
-- the gatherings somebody hosted in a period, the newest first, after one of them, each with how many came
select
    gatherings.id, circles.name as circle_name, harmless(circles.name) as circle_cell, gatherings.starts_at,
    gatherings.wall_start, gatherings.zone, gatherings.length_minutes, hosted.part, gatherings.closed_at,
    present.people as came
from hosted_gatherings as hosted
join gatherings on gatherings.id = hosted.gathering_id
join circles on circles.id = gatherings.circle_id
cross join lateral (select came_to(gatherings.id) as people) as present
where hosted.person_id = :person and gatherings.state = 'open' and gatherings.ends_at <= now()
    and gatherings.wall_start >= :first::date and gatherings.wall_start < :last::date + 1
    and (:after::uuid is null or (gatherings.starts_at, gatherings.id) < (
        select earlier.starts_at, earlier.id from gatherings as earlier where earlier.id = :after
    ))
order by gatherings.starts_at desc, gatherings.id desc
limit :most;

-- name: months(person, first, last)
-- what somebody held in a period, by month and circle: gatherings at which somebody came, their minutes, how many came in all;
-- and how many gatherings have nobody marked as there, which are not counted
select
    date_trunc('month', gatherings.wall_start)::date as month, circles.id as circle_id, circles.name,
    circles.discreet_name, (count(*) filter (where present.people > 0))::int as gatherings,
    coalesce(sum(gatherings.length_minutes) filter (where present.people > 0), 0)::int as minutes,
    coalesce(sum(present.people), 0)::int as people, (count(*) filter (where present.people = 0))::int as empty
from hosted_gatherings as hosted
join gatherings on gatherings.id = hosted.gathering_id
join circles on circles.id = gatherings.circle_id
cross join lateral (select came_to(gatherings.id) as people) as present
where hosted.person_id = :person and gatherings.state = 'open' and gatherings.ends_at <= now()
    and gatherings.wall_start >= :first::date and gatherings.wall_start < :last::date + 1
group by 1, circles.id
order by 1, circles.name_key, circles.id;
