-- An organizer acts for a circle that they neither lead nor co-facilitate: for a while, and with a reason that its hosts read.
create table acting_organizers (
    circle_id uuid not null references circles (id) on delete cascade,
    person_id uuid not null references people (id) on delete cascade,
    reason text not null,
    since timestamptz not null default now(),
    until timestamptz not null,
    primary key (circle_id, person_id),
    constraint acting_has_a_reason check (reason <> '')
);
create index acting_organizers_person on acting_organizers (person_id);

-- One row if somebody may do for a circle what its lead may: a host of it, as may_host says, or an organizer who acts for it now, with
-- their reason. What is private to hosts (answers, access needs, registers, notes) asks may_host.
create function may_act_for(circle uuid, person uuid)
returns table (part text, may_change boolean, why text)
language sql stable parallel safe rows 1
as $$
    select
        case when acting.circle_id is not null then 'organizer' else hosts.part end,
        acting.circle_id is not null or hosts.part <> 'helper',
        coalesce(acting.reason, '')
    from people
    left join hosts on hosts.circle_id = circle and hosts.person_id = people.id
    left join acting_organizers as acting
        on acting.circle_id = circle and acting.person_id = people.id and acting.until > now() and people.is_organizer
        and coalesce(hosts.part, 'helper') = 'helper'
    where people.id = person and (
        acting.circle_id is not null or hosts.part = 'helper'
        or (hosts.part in ('lead', 'co') and (people.is_facilitator or people.is_organizer))
    )
$$;

-- Somebody may be asked to lead a circle: they lead it once they accept.
-- squawk-ignore ban-drop-constraint
alter table host_invitations drop constraint host_invitation_part_known;
alter table host_invitations add constraint host_invitation_part_known check (part in ('co', 'helper', 'stand_in', 'lead'));
