-- name: lock(id)!
-- a circle is locked before it goes
select id from circles where id = :id for update;

-- name: led_circle(id, person)^
-- a circle for the one who leads it, with what would go along with it and who else would be told
select
    circles.id, circles.name, circles.discreet_name, circles.state, circles.guidelines_id,
    (select count(*) from gatherings where gatherings.circle_id = circles.id)::int as gatherings,
    (
        select count(*) from schedules where schedules.circle_id = circles.id and schedules.state = 'active'
    )::int as schedules,
    exists (
        select from bookings join gatherings on gatherings.id = bookings.gathering_id
        where gatherings.circle_id = circles.id
    ) as was_booked,
    (
        select coalesce(jsonb_agg(
            jsonb_build_object('id', people.id, 'name', people.name, 'email', people.email) order by people.name
        ), '[]')
        from hosts as others join people on people.id = others.person_id
        where others.circle_id = circles.id and others.person_id <> :person
    ) as others,
    array(
        select email from host_invitations as asked
        where asked.circle_id = circles.id and asked.state = 'open' and asked.expires_at > now()
        order by email
    ) as asked
from circles
join may_host(circles.id, :person) as host on host.part = 'lead'
where circles.id = :id;

-- name: threw_away(id, person)$
-- whether this person threw this draft away already
select exists (
    select from events where events.about = :id and events.what = 'circle.discarded' and events.who = :person
);

-- name: drop_gatherings(circle_id)
-- the planned gatherings of a draft go with it
delete from gatherings where circle_id = :circle_id returning id, state;

-- name: drop_schedules(circle_id)
-- and so do its schedules
delete from schedules where circle_id = :circle_id returning id, state;

-- name: drop_circle(id)!
-- a draft circle that only its hosts have seen, with all they wrote for it
delete from circles where id = :id and state = 'draft';
