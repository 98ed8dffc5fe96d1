-- name: of_gathering(id, person)^
-- a gathering with what its hosts keep for themselves; for them and for organizers, not for helpers
select
    gatherings.id, gatherings.starts_at, gatherings.zone, gatherings.state, circles.id as circle_id,
    circles.name as circle_name,
    gatherings.starts_at <= now() as has_begun,
    hosts.person_id is not null or stand_ins.person_id is not null as may_change,
    coalesce(reflections.went_well, '') as went_well, coalesce(reflections.carry_on, '') as carry_on,
    coalesce(reflections.version, 0) as version, reflections.changed_at, writers.name as changed_by_name
from gatherings
join circles on circles.id = gatherings.circle_id
join people as viewer on viewer.id = :person
left join hosts
    on hosts.circle_id = circles.id and hosts.person_id = viewer.id and hosts.part in ('lead', 'co')
left join stand_ins on stand_ins.gathering_id = gatherings.id and stand_ins.person_id = viewer.id
left join reflections on reflections.gathering_id = gatherings.id
left join people as writers on writers.id = reflections.changed_by
where gatherings.id = :id
    and (hosts.person_id is not null or stand_ins.person_id is not null or viewer.is_organizer);

-- name: of_circle(circle, most)
-- the newest reflections of a circle, which the caller may read, without their words
select gatherings.id, gatherings.starts_at, gatherings.zone, reflections.changed_at, writers.name as changed_by_name
from reflections
join gatherings on gatherings.id = reflections.gathering_id
left join people as writers on writers.id = reflections.changed_by
where gatherings.circle_id = :circle
order by gatherings.starts_at desc, gatherings.id
limit :most;

-- name: lock_gathering(id)$
-- a gathering whose reflection is about to change
select id from gatherings where id = :id for no key update;

-- name: keep(gathering, went_well, carry_on, person)!
-- what went well and what to carry on, in its newest words
insert into reflections (gathering_id, went_well, carry_on, changed_by)
values (:gathering, :went_well, :carry_on, :person)
on conflict (gathering_id) do update set
    went_well = excluded.went_well, carry_on = excluded.carry_on, version = reflections.version + 1,
    changed_by = excluded.changed_by, changed_at = now();

-- name: drop_reflection(gathering)!
-- nothing is kept any more
delete from reflections where gathering_id = :gathering;
