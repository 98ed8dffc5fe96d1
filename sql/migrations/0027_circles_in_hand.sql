-- Organizers may act for any circle; circles that nobody may lead; requests for the facilitator's role.

-- One row if somebody may act for a circle: a host of it, as may_host says, or an organizer, who may cancel its gatherings,
-- change who hosts them, and write to those booked. part: 'organizer' for an organizer who neither leads nor co-facilitates.
create function may_manage(circle uuid, person uuid)
returns table (part text, may_change boolean, is_organizer boolean)
language sql stable parallel safe
as $$
    select
        case when people.is_organizer and coalesce(hosts.part, 'helper') = 'helper' then 'organizer' else hosts.part end,
        people.is_organizer or hosts.part <> 'helper',
        people.is_organizer
    from people left join hosts on hosts.circle_id = circle and hosts.person_id = people.id
    where people.id = person
        and (people.is_organizer or hosts.part = 'helper' or (hosts.part in ('lead', 'co') and people.is_facilitator))
$$;

-- The same for one gathering, where its stand-in may act too, as may_host_gathering says.
create function may_manage_gathering(gathering uuid, person uuid)
returns table (part text, may_change boolean)
language sql stable parallel safe
as $$
    select
        case
            when people.is_organizer and coalesce(host.part, 'helper') not in ('lead', 'co') then 'organizer'
            else host.part
        end,
        people.is_organizer or host.may_change
    from people left join may_host_gathering(gathering, people.id) as host on true
    where people.id = person and (people.is_organizer or host.part is not null)
$$;

-- Circles that are not archived and that nobody may lead: without a lead, or with one who is neither facilitator nor organizer.
create view orphaned_circles as
select circles.id
from circles
where circles.state <> 'archived' and not exists (
    select from hosts join people on people.id = hosts.person_id
    where hosts.circle_id = circles.id and hosts.part = 'lead' and (people.is_facilitator or people.is_organizer)
);

-- Stand-ins of gatherings ahead who are neither facilitator nor organizer by now.
create view orphaned_stand_ins as
select stand_ins.gathering_id, stand_ins.person_id, gatherings.circle_id
from stand_ins
join gatherings on gatherings.id = stand_ins.gathering_id
join people on people.id = stand_ins.person_id
where gatherings.state = 'open' and gatherings.ends_at > now()
    and not (people.is_facilitator or people.is_organizer);

-- Somebody who was invited to host asks the organizers for the facilitator's role.
create table role_requests (
    id uuid primary key default gen_random_uuid(),
    person_id uuid not null references people (id) on delete cascade,
    invitation_id uuid references host_invitations (id) on delete set null,
    state text not null default 'open',
    created_at timestamptz not null default now(),
    decided_at timestamptz,
    decided_by uuid references people (id) on delete set null,
    constraint role_request_state_known check (state in ('open', 'granted', 'declined')),
    constraint role_request_decided check ((state = 'open') = (decided_at is null))
);
create unique index role_request_once on role_requests (person_id) where state = 'open';
create index role_requests_person on role_requests (person_id);
create index role_requests_invitation on role_requests (invitation_id);
create index role_requests_decided_by on role_requests (decided_by);
