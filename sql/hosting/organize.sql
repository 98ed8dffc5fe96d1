-- name: circle(id, actor_id)^
-- one circle for an organizer, with its hosts and whether somebody may lead it
select
    circles.id, circles.name, circles.discreet_name, circles.state, circles.place, circles.city, circles.maximum,
    circles.currency, actor.part,
    exists (select from may_host(circles.id, :actor_id) as host where host.part in ('lead', 'co')) as is_host,
    exists (select from orphaned_circles where orphaned_circles.id = circles.id) as is_orphaned,
    (
        select coalesce(jsonb_agg(
            jsonb_build_object(
                'id', people.id, 'name', people.name, 'email', people.email, 'part', hosts.part,
                'may_lead', people.is_facilitator or people.is_organizer
            )
            order by hosts.part = 'lead' desc, hosts.part, people.name_key, people.id
        ), '[]')
        from hosts join people on people.id = hosts.person_id
        where hosts.circle_id = circles.id
    ) as hosts
from circles
join may_manage(circles.id, :actor_id) as actor on actor.is_organizer
where circles.id = :id;

-- name: ahead(circle_id, most)
-- the open gatherings of a circle that are not over, with their seats and stand-in, the nearest first; and how many
select
    gatherings.id, gatherings.starts_at, gatherings.zone, gatherings.capacity, gatherings.seats_taken,
    coalesce(people.name, '') as stand_in_name,
    coalesce(people.is_facilitator or people.is_organizer, true) as stand_in_may_host,
    count(*) over () as total, sum(gatherings.seats_taken) over () as seats
from gatherings
left join stand_ins on stand_ins.gathering_id = gatherings.id
left join people on people.id = stand_ins.person_id
where gatherings.circle_id = :circle_id and gatherings.state = 'open' and gatherings.ends_at > now()
order by gatherings.starts_at, gatherings.id
limit :most;

-- name: booked_ahead(circle_id)
-- who would lose a seat if a circle ended now: the bookings of its gatherings that are not over
select bookings.id, bookings.gathering_id
from bookings join gatherings on gatherings.id = bookings.gathering_id
where gatherings.circle_id = :circle_id and gatherings.state = 'open' and gatherings.ends_at > now()
    and bookings.state in ('held', 'confirmed')
order by bookings.id;

-- name: orphans(most)
-- circles that nobody may lead, and those with a gathering ahead whose stand-in may not host it, with what is ahead
with without_lead as materialized (
    select id from orphaned_circles
), with_stand_ins as materialized (
    select circle_id as id, count(*)::int as stand_ins from orphaned_stand_ins group by circle_id
), orphans as materialized (
    select circles.id, circles.name, circles.state, circles.name_key from circles
    where circles.id in (select id from without_lead union all select id from with_stand_ins)
    order by circles.name_key, circles.id
    limit :most
)

select
    orphans.id, orphans.name, orphans.state, orphans.id in (select id from without_lead) as has_no_lead,
    coalesce((select stand_ins from with_stand_ins where with_stand_ins.id = orphans.id), 0) as stand_ins,
    ahead.gatherings, ahead.seats,
    coalesce((
        select people.name from hosts join people on people.id = hosts.person_id
        where hosts.circle_id = orphans.id and hosts.part = 'lead'
    ), '') as lead_name
from orphans
cross join lateral (
    select count(*)::int as gatherings, coalesce(sum(gatherings.seats_taken), 0)::int as seats from gatherings
    where gatherings.circle_id = orphans.id and gatherings.state = 'open' and gatherings.ends_at > now()
) as ahead
order by orphans.name_key, orphans.id;

-- name: acting(circle_id, actor_id)^
-- the reason of an organizer who acts for a circle now, and until when
select acting.reason, acting.until
from acting_organizers as acting
join may_act_for(acting.circle_id, acting.person_id) as host on host.part = 'organizer'
where acting.circle_id = :circle_id and acting.person_id = :actor_id;

-- name: begin_acting(circle_id, actor_id, reason, lasts)$
-- an organizer acts for a circle for a while; the newest reason counts
insert into acting_organizers (circle_id, person_id, reason, until)
values (:circle_id, :actor_id, :reason, now() + :lasts::interval)
on conflict (circle_id, person_id) do update set
    reason = excluded.reason, since = now(), until = excluded.until
returning until;

-- name: end_acting(circle_id, actor_id)$
-- an organizer acts for a circle no more
delete from acting_organizers where circle_id = :circle_id and person_id = :actor_id and until > now() returning reason;

-- name: forget_acting()!
-- what ended a month ago
delete from acting_organizers where until < now() - interval '30 days';

-- name: asked_to_lead(circle_id)
-- who is asked to lead a circle and has not answered
select coalesce(people.name, invitations.email) as name, invitations.id, invitations.expires_at
from host_invitations as invitations left join people on people.email = invitations.email
where invitations.circle_id = :circle_id and invitations.part = 'lead' and invitations.state = 'open'
    and invitations.expires_at > now()
order by invitations.created_at;
