-- name: hosts_page(id, actor_id)^
-- a circle with its hosts and its open invitations, for one of its hosts or an organizer
select
    circles.id, circles.name, circles.discreet_name, circles.state, host.part, host.may_change, host.is_organizer,
    (
        select jsonb_agg(
            jsonb_build_object(
                'id', people.id, 'name', people.name, 'pronouns', people.pronouns, 'part', all_hosts.part,
                'may_lead', people.is_facilitator or people.is_organizer
            )
            order by all_hosts.part = 'lead' desc, all_hosts.part, people.name_key
        )
        from hosts as all_hosts join people on people.id = all_hosts.person_id
        where all_hosts.circle_id = circles.id
    ) as hosts,
    (
        select coalesce(jsonb_agg(
            jsonb_build_object('id', invitations.id, 'email', invitations.email, 'part', invitations.part, 'until', invitations.expires_at)
            || jsonb_build_object(
                'unreached', exists (select from unreached_addresses where unreached_addresses.address = invitations.email)
            )
            order by invitations.created_at
        ), '[]')
        from host_invitations as invitations
        where invitations.circle_id = circles.id and invitations.state = 'open' and invitations.gathering_id is null
            and invitations.expires_at > now()
    ) as invitations
from circles
join may_manage(circles.id, :actor_id) as host on true
where circles.id = :id;

-- name: lock_circle(id, actor_id)^
-- a circle for one of its hosts or an organizer, locked while its hosts change
select circles.id, circles.name, circles.discreet_name, circles.state, host.part
from circles
join may_manage(circles.id, :actor_id) as host on true
where circles.id = :id
for update of circles;

-- name: lock(ids)!
-- circles, locked in the order of their ids while their hosts change
select id from circles where id = any(:ids::uuid []) order by id for update;

-- name: circle_hosts(ids, actor_id)
-- circles with their hosts, and who has a seat ahead at a gathering without a stand-in; for who may act for them, and
-- without an actor (null)
select
    circles.id, circles.name, circles.discreet_name, circles.state, coalesce(actor.part, '') as part,
    coalesce(actor.is_organizer, false) as is_organizer,
    (
        select coalesce(jsonb_agg(
            jsonb_build_object(
                'id', people.id, 'name', people.name, 'email', people.email, 'part', hosts.part,
                'may_lead', people.is_facilitator or people.is_organizer
            )
            order by hosts.part = 'lead' desc, people.name_key, people.id
        ), '[]')
        from hosts join people on people.id = hosts.person_id
        where hosts.circle_id = circles.id
    ) as hosts,
    (
        select coalesce(jsonb_agg(
            jsonb_build_object('id', people.id, 'name', people.name, 'email', people.email)
            order by people.name_key, people.id
        ), '[]')
        from people
        where people.id in (
            select bookings.person_id
            from bookings
            join gatherings on gatherings.id = bookings.gathering_id
            left join stand_ins on stand_ins.gathering_id = gatherings.id
            where gatherings.circle_id = circles.id and gatherings.ends_at > now() and bookings.state = 'confirmed'
                and stand_ins.gathering_id is null
        )
    ) as members,
    (
        select count(*) from gatherings
        where gatherings.circle_id = circles.id and gatherings.state = 'open' and gatherings.ends_at > now()
    )::int as gatherings,
    (
        select count(*) from bookings join gatherings on gatherings.id = bookings.gathering_id
        where gatherings.circle_id = circles.id and gatherings.state = 'open' and gatherings.ends_at > now()
            and bookings.state in ('held', 'confirmed')
    )::int as seats
from circles
left join may_manage(circles.id, :actor_id) as actor on true
where circles.id = any(:ids::uuid []) and (actor.part is not null or :actor_id::uuid is null)
order by circles.name_key, circles.id;

-- name: possible_leads()
-- everybody who may lead a circle, by name
select id, name, email from people where is_facilitator or is_organizer order by name_key, id;

-- name: possible_lead(id)^
-- somebody who may lead a circle
select id, name, email from people where id = :id and (is_facilitator or is_organizer);

-- name: lock_possible_lead(id)^
-- somebody who may lead a circle, their row locked so that they keep the role until the end of the transaction
select id, name, email from people where id = :id and (is_facilitator or is_organizer) for share;

-- name: hosts_to_notify(circle_id, actor_id)
-- who leads or co-facilitates a circle and may host it, but for the actor, if there is one
select people.id, people.name, people.email, circles.discreet_name
from hosts
join circles on circles.id = hosts.circle_id
join people on people.id = hosts.person_id
join may_host(hosts.circle_id, hosts.person_id) as host on host.may_change
where hosts.circle_id = :circle_id and hosts.person_id is distinct from :actor_id::uuid
order by people.id;

-- name: stand_in_to_notify(gathering_id)^
-- the stand-in of a gathering who may host it and is no host of its circle
select people.id, people.name, people.email, circles.discreet_name
from stand_ins
join gatherings on gatherings.id = stand_ins.gathering_id
join circles on circles.id = gatherings.circle_id
join people on people.id = stand_ins.person_id
join may_host_gathering(gatherings.id, people.id) as host on host.may_change and host.part = 'stand_in'
where stand_ins.gathering_id = :gathering_id;

-- name: host_by_email(circle_id, email)^
-- the host of a circle with this email address
select hosts.person_id, hosts.part, people.name, people.is_facilitator or people.is_organizer as may_lead
from hosts join people on people.id = hosts.person_id
where hosts.circle_id = :circle_id and people.id = account_of(:email);

-- name: count_hosts(circle_id)$
-- how many hosts a circle has, open invitations included
select
    (select count(*) from hosts where hosts.circle_id = :circle_id)
    + (
        select count(*) from host_invitations
        where host_invitations.circle_id = :circle_id and state = 'open' and expires_at > now()
    );

-- name: replace_invitation(circle_id, gathering_id, email)!
-- an open invitation to the same address is withdrawn before a new one is made
update host_invitations set state = 'withdrawn', ended_at = now()
where circle_id = :circle_id and email = :email and state = 'open'
    and gathering_id is not distinct from :gathering_id::uuid;

-- name: insert_invitation(circle_id, gathering_id, email, part, token_hash, actor_id, lasts)^
-- a new invitation
insert into host_invitations (circle_id, gathering_id, email, part, token_hash, invited_by, expires_at)
values (:circle_id, :gathering_id, :email, :part, :token_hash, :actor_id, now() + :lasts::interval)
returning id, expires_at;

-- name: invitation(token_hash)^
-- an invitation with its circle and, for a stand-in, its gathering
select
    invitations.id, invitations.circle_id, invitations.gathering_id, invitations.email, invitations.part, invitations.state, invitations.invited_by,
    invitations.expires_at, invitations.expires_at <= now() as expired,
    circles.name as circle_name, circles.discreet_name, circles.purpose, circles.state as circle_state,
    inviter.name as inviter_name,
    gatherings.starts_at, gatherings.zone,
    coalesce(gatherings.state = 'cancelled' or gatherings.ends_at <= now(), false) as is_over,
    (
        select count(*) from bookings
        where bookings.gathering_id = invitations.gathering_id and bookings.state = 'confirmed'
    )::int as seats
from host_invitations as invitations
join circles on circles.id = invitations.circle_id
left join people as inviter on inviter.id = invitations.invited_by
left join gatherings on gatherings.id = invitations.gathering_id
where invitations.token_hash = :token_hash;

-- name: own_token_hash(id, email)$
-- the token hash of an invitation to this address
select token_hash from host_invitations where id = :id and email = :email;

-- name: lock_invitation(token_hash)$
-- an invitation, locked so that it is answered once
select id from host_invitations where token_hash = :token_hash for update;

-- name: end_invitation(id, state, actor_id)!
-- an invitation was answered
update host_invitations set state = :state, ended_at = now(), answered_by = :actor_id where id = :id;

-- name: withdraw(id, circle_id)<!
-- an open invitation is withdrawn
update host_invitations set state = 'withdrawn', ended_at = now()
where id = :id and circle_id = :circle_id and state = 'open'
returning id, gathering_id;

-- name: add_host(circle_id, person_id, part)!
-- somebody becomes host of a circle; a helper may become a co-facilitator, a lead stays the lead
insert into hosts (circle_id, person_id, part) values (:circle_id, :person_id, :part)
on conflict (circle_id, person_id) do update set part = excluded.part where hosts.part <> 'lead';

-- name: set_part(circle_id, person_id, part)!
-- somebody has another part in a circle, or joins it
insert into hosts (circle_id, person_id, part) values (:circle_id, :person_id, :part)
on conflict (circle_id, person_id) do update set part = excluded.part;

-- name: delete_host(circle_id, person_id)!
-- somebody is no host of a circle any more
delete from hosts where circle_id = :circle_id and person_id = :person_id;

-- name: withdraw_invitations(ids)
-- invitations, as far as they are open, are withdrawn
update host_invitations set state = 'withdrawn', ended_at = now()
where id = any(:ids::uuid []) and state = 'open'
returning id;

-- name: forget_old_invitations()!
-- invitations that ended or ran out a month ago
delete from host_invitations where coalesce(ended_at, expires_at) < now() - interval '30 days';
