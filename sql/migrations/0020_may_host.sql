-- Who may host a circle or a gathering. Table functions, so that the planner inlines them into each query.

-- One row if somebody may host a circle: their part in it (lead, co or helper), and whether they may change it. A lead or
-- co-facilitator has to be a facilitator or an organizer; a helper changes nothing.
create function may_host(circle uuid, person uuid)
returns table (part text, may_change boolean)
language sql stable parallel safe
as $$
    select hosts.part, hosts.part <> 'helper'
    from hosts join people on people.id = hosts.person_id
    where hosts.circle_id = circle and hosts.person_id = person
        and (hosts.part = 'helper' or people.is_facilitator or people.is_organizer)
$$;

-- One row if somebody may host a gathering: as host of its circle or as its stand-in, who hosts this gathering as a
-- co-facilitator would. part: their part in the circle, 'stand_in' without one.
create function may_host_gathering(gathering uuid, person uuid)
returns table (part text, may_change boolean)
language sql stable parallel safe
as $$
    select
        coalesce(hosts.part, 'stand_in'),
        (hosts.part in ('lead', 'co') or stand_ins.person_id is not null)
        and (people.is_facilitator or people.is_organizer)
    from gatherings
    join people on people.id = person
    left join hosts on hosts.circle_id = gatherings.circle_id and hosts.person_id = people.id
    left join stand_ins on stand_ins.gathering_id = gatherings.id and stand_ins.person_id = people.id
    where gatherings.id = gathering
        and (
            hosts.part = 'helper'
            or (
                (hosts.part in ('lead', 'co') or stand_ins.person_id is not null)
                and (people.is_facilitator or people.is_organizer)
            )
        )
$$;
