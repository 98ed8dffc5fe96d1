-- name: hosted_gathering(id, actor_id)^
-- a gathering with its hosts, stand-in, confirmed seats and open invitations; for its hosts, its stand-in, organizers,
-- the stand-in who gave it back, and without an actor (null)
select
    gatherings.id, gatherings.circle_id, gatherings.starts_at, gatherings.zone,
    gatherings.state = 'cancelled' or gatherings.ends_at <= now() as is_over,
    circles.name as circle_name, circles.discreet_name, host.part,
    (
        select coalesce(jsonb_agg(
            jsonb_build_object('id', people.id, 'name', people.name, 'email', people.email)
            order by all_hosts.part = 'lead' desc, people.name_key
        ), '[]')
        from hosts as all_hosts
        join may_host(all_hosts.circle_id, all_hosts.person_id) as usual on usual.may_change
        join people on people.id = all_hosts.person_id
        where all_hosts.circle_id = circles.id
    ) as usual,
    (
        select jsonb_build_object('id', people.id, 'name', people.name, 'email', people.email)
        from people where people.id = stand_ins.person_id
    ) as stand_in,
    (
        select coalesce(jsonb_agg(
            jsonb_build_object(
                'booking', bookings.id, 'person', people.id, 'name', name_for_hosts(bookings.id, people.name),
                'email', people.email,
                'zone', people.zone, 'clock_hours', people.clock_hours
            )
            order by is_unanswered(bookings.id), people.name_key, people.id
        ), '[]')
        from bookings join people on people.id = bookings.person_id
        where bookings.gathering_id = gatherings.id and bookings.state = 'confirmed'
    ) as seats,
    (
        select coalesce(jsonb_agg(
            jsonb_build_object('id', invitations.id, 'email', invitations.email) order by invitations.created_at
        ), '[]')
        from host_invitations as invitations
        where invitations.gathering_id = gatherings.id and invitations.state = 'open' and invitations.expires_at > now()
    ) as invitations
from gatherings
join circles on circles.id = gatherings.circle_id
left join may_manage_gathering(gatherings.id, :actor_id) as host on true
left join stand_ins on stand_ins.gathering_id = gatherings.id
where gatherings.id = :id
    and (
        :actor_id::uuid is null
        or host.may_change
        or exists (
            select from events
            where events.about = gatherings.id and events.what = 'gathering.stand_in' and events.who = :actor_id
                and events.before = :actor_id::text and events.after = ''
        )
    );

-- name: lock_gathering(id)!
-- a gathering, locked while its stand-in changes
select id from gatherings where id = :id for update;

-- name: set_stand_in(gathering_id, person_id, actor_id)!
-- who hosts this gathering in place of its usual hosts
insert into stand_ins (gathering_id, person_id, added_by) values (:gathering_id, :person_id, :actor_id)
on conflict (gathering_id) do update
set person_id = excluded.person_id, added_by = excluded.added_by, created_at = now();

-- name: other_stand_in(gathering_id, actor_id)^
-- the stand-in of a gathering, unless that is the actor or has lost the role
select people.id, people.name, people.email, circles.discreet_name, gatherings.starts_at, gatherings.zone
from stand_ins
join people on people.id = stand_ins.person_id
join gatherings on gatherings.id = stand_ins.gathering_id
join circles on circles.id = gatherings.circle_id
where stand_ins.gathering_id = :gathering_id and people.id <> :actor_id
    and (people.is_facilitator or people.is_organizer);

-- name: delete_stand_in(gathering_id)!
-- the usual hosts host a gathering again
delete from stand_ins where gathering_id = :gathering_id;
