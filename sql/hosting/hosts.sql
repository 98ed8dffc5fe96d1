-- name: hosts_page(id, person)^
-- a circle with its hosts and its open invitations, for one of its hosts
select
    circles.id, circles.name, circles.discreet_name, circles.state, host.part,
    (
        select jsonb_agg(
            jsonb_build_object(
                'id', people.id, 'name', people.name, 'pronouns', people.pronouns, 'part', every_host.part,
                'may_lead', people.is_facilitator or people.is_organizer
            )
            order by every_host.part = 'lead' desc, every_host.part, people.name
        )
        from hosts as every_host join people on people.id = every_host.person_id
        where every_host.circle_id = circles.id
    ) as hosts,
    (
        select coalesce(jsonb_agg(
            jsonb_build_object('id', asked.id, 'email', asked.email, 'part', asked.part, 'until', asked.expires_at)
            order by asked.created_at
        ), '[]')
        from host_invitations as asked
        where asked.circle_id = circles.id and asked.state = 'open' and asked.gathering_id is null
            and asked.expires_at > now()
    ) as invitations
from circles
join may_host(circles.id, :person) as host on true
where circles.id = :id;

-- name: lock_circle(id, person)^
-- a circle for one of its hosts, locked while its hosts change
select circles.id, circles.name, circles.discreet_name, circles.state, host.part
from circles
join may_host(circles.id, :person) as host on true
where circles.id = :id
for update of circles;

-- name: host_with(circle_id, email)^
-- the host of a circle who has this address
select hosts.person_id, hosts.part, people.name, people.is_facilitator or people.is_organizer as may_lead
from hosts join people on people.id = hosts.person_id
where hosts.circle_id = :circle_id and people.email = :email;

-- name: host_of(circle_id, person_id)^
-- one host of a circle
select hosts.person_id, hosts.part, people.name, people.email,
    people.is_facilitator or people.is_organizer as may_lead
from hosts join people on people.id = hosts.person_id
where hosts.circle_id = :circle_id and hosts.person_id = :person_id;

-- name: how_many(circle_id)$
-- how many hosts a circle has, with those who are asked just now
select
    (select count(*) from hosts where hosts.circle_id = :circle_id)
    + (
        select count(*) from host_invitations
        where host_invitations.circle_id = :circle_id and state = 'open' and expires_at > now()
    );

-- name: replace_invitation(circle_id, gathering_id, email)!
-- a new invitation takes the place of an open one to the same address
update host_invitations set state = 'withdrawn', ended_at = now()
where circle_id = :circle_id and email = :email and state = 'open'
    and gathering_id is not distinct from :gathering_id::uuid;

-- name: invite(circle_id, gathering_id, email, part, token_hash, by, lasts)^
-- somebody is asked
insert into host_invitations (circle_id, gathering_id, email, part, token_hash, invited_by, expires_at)
values (:circle_id, :gathering_id, :email, :part, :token_hash, :by, now() + :lasts::interval)
returning id, expires_at;

-- name: invitation(token_hash)^
-- what an invitation is about
select
    asked.id, asked.circle_id, asked.gathering_id, asked.email, asked.part, asked.state, asked.invited_by,
    asked.expires_at, asked.expires_at <= now() as expired,
    circles.name as circle_name, circles.discreet_name, circles.purpose, circles.state as circle_state,
    inviter.name as inviter_name,
    gatherings.starts_at, gatherings.zone,
    coalesce(gatherings.state = 'cancelled' or gatherings.ends_at <= now(), false) as is_over,
    (
        select count(*) from bookings
        where bookings.gathering_id = asked.gathering_id and bookings.state = 'confirmed'
    )::int as seats
from host_invitations as asked
join circles on circles.id = asked.circle_id
left join people as inviter on inviter.id = asked.invited_by
left join gatherings on gatherings.id = asked.gathering_id
where asked.token_hash = :token_hash;

-- name: lock_invitation(token_hash)$
-- the same, locked so that it is answered once
select id from host_invitations where token_hash = :token_hash for update;

-- name: end_invitation(id, state, who)!
-- it was answered
update host_invitations set state = :state, ended_at = now(), answered_by = :who where id = :id;

-- name: withdraw(id, circle_id)<!
-- an open invitation is taken back
update host_invitations set state = 'withdrawn', ended_at = now()
where id = :id and circle_id = :circle_id and state = 'open'
returning id, gathering_id;

-- name: join_hosts(circle_id, person_id, part)!
-- somebody helps to hold a circle; a helper may become a co-facilitator, a lead stays the lead
insert into hosts (circle_id, person_id, part) values (:circle_id, :person_id, :part)
on conflict (circle_id, person_id) do update set part = excluded.part where hosts.part <> 'lead';

-- name: set_part(circle_id, person_id, part)!
-- what a host of a circle is in it
update hosts set part = :part where circle_id = :circle_id and person_id = :person_id;

-- name: leave_hosts(circle_id, person_id)!
-- somebody no longer helps to hold a circle
delete from hosts where circle_id = :circle_id and person_id = :person_id and part <> 'lead';

-- name: held(id, person)^
-- a gathering with who holds it, usually does, has a seat, is asked; for its hosts, its stand-in or who was that, or the house (null)
select
    gatherings.id, gatherings.circle_id, gatherings.starts_at, gatherings.zone,
    gatherings.state = 'cancelled' or gatherings.ends_at <= now() as is_over,
    circles.name as circle_name, circles.discreet_name, host.part,
    (
        select coalesce(jsonb_agg(
            jsonb_build_object('id', people.id, 'name', people.name, 'email', people.email)
            order by every_host.part = 'lead' desc, people.name
        ), '[]')
        from hosts as every_host join people on people.id = every_host.person_id
        where every_host.circle_id = circles.id and every_host.part <> 'helper'
            and (people.is_facilitator or people.is_organizer)
    ) as usual,
    (
        select jsonb_build_object('id', people.id, 'name', people.name, 'email', people.email)
        from people where people.id = stand_ins.person_id
    ) as stand_in,
    (
        select coalesce(jsonb_agg(
            jsonb_build_object(
                'booking', bookings.id, 'person', people.id, 'name', people.name, 'email', people.email,
                'zone', people.zone
            )
            order by lower(people.name), people.id
        ), '[]')
        from bookings join people on people.id = bookings.person_id
        where bookings.gathering_id = gatherings.id and bookings.state = 'confirmed'
    ) as seats,
    (
        select coalesce(jsonb_agg(jsonb_build_object('id', asked.id, 'email', asked.email) order by asked.created_at), '[]')
        from host_invitations as asked
        where asked.gathering_id = gatherings.id and asked.state = 'open' and asked.expires_at > now()
    ) as asked
from gatherings
join circles on circles.id = gatherings.circle_id
left join may_host_gathering(gatherings.id, :person) as host on true
left join stand_ins on stand_ins.gathering_id = gatherings.id
where gatherings.id = :id
    and (
        :person::uuid is null
        or host.may_change
        or exists (
            select from events
            where events.about = gatherings.id and events.what = 'gathering.stand_in' and events.who = :person
                and events.before = :person::text and events.after = ''
        )
    );

-- name: lock_gathering(id)!
-- a gathering, locked while somebody steps in
select id from gatherings where id = :id for update;

-- name: put_stand_in(gathering_id, person_id, by)!
-- who holds this gathering
insert into stand_ins (gathering_id, person_id, added_by) values (:gathering_id, :person_id, :by)
on conflict (gathering_id) do update
set person_id = excluded.person_id, added_by = excluded.added_by, created_at = now();

-- name: stand_in_of(gathering_id, but)^
-- whoever stands in at a gathering, unless they did it themselves
select people.id, people.name, people.email, circles.discreet_name, gatherings.starts_at, gatherings.zone
from stand_ins
join people on people.id = stand_ins.person_id
join gatherings on gatherings.id = stand_ins.gathering_id
join circles on circles.id = gatherings.circle_id
where stand_ins.gathering_id = :gathering_id and people.id <> :but;

-- name: drop_stand_in(gathering_id)!
-- the usual hosts hold a gathering again
delete from stand_ins where gathering_id = :gathering_id;

-- name: withdraw_asked(ids)
-- open invitations that have no use any more
update host_invitations set state = 'withdrawn', ended_at = now()
where id = any(:ids::uuid []) and state = 'open'
returning id;

-- name: forget_old_invitations()!
-- invitations that ended or ran out a month ago
delete from host_invitations where coalesce(ended_at, expires_at) < now() - interval '30 days';
