-- Who lost the facilitator's role hosts nothing, so they are named nowhere, though their row in hosts or stand_ins stays.

create or replace view gathering_cards as
select
    gatherings.id, circles.name as circle_name, gatherings.starts_at, gatherings.zone,
    gatherings.length_minutes, gatherings.capacity, gatherings.seats_taken,
    gatherings.community_seats, gatherings.community_taken, gatherings.state,
    circles.place, coalesce(nullif(gatherings.city, ''), circles.city) as city, circles.format,
    circles.currency, circles.minimum, circles.suggested, circles.maximum,
    coalesce(
        (
            select array[people.name] from stand_ins join people on people.id = stand_ins.person_id
            where stand_ins.gathering_id = gatherings.id and (people.is_facilitator or people.is_organizer)
        ),
        array(
            select people.name from hosts join people on people.id = hosts.person_id
            where hosts.circle_id = circles.id and hosts.part <> 'helper'
                and (people.is_facilitator or people.is_organizer)
            order by hosts.part = 'lead' desc, people.name_key
        )
    ) as host_names,
    gatherings.wall_start
from gatherings join circles on circles.id = gatherings.circle_id
where gatherings.state = 'open' and circles.state = 'published';

create or replace function gathering_facts(gathering uuid) returns jsonb
language sql stable parallel safe
as $$
    select jsonb_build_object(
        'starts_at', extract(epoch from gatherings.starts_at)::bigint,
        'ends_at', extract(epoch from gatherings.ends_at)::bigint,
        'zone', gatherings.zone,
        'wall_start', to_char(gatherings.wall_start, 'YYYY-MM-DD HH24:MI'),
        'discreet_name', circles.discreet_name,
        'name', circles.name,
        'format', circles.format,
        'place', circles.place,
        'city', case circles.place
            when 'in_person' then coalesce(nullif(gatherings.city, ''), circles.city) else ''
        end,
        'address', case circles.place
            when 'in_person' then coalesce(nullif(gatherings.address, ''), circles.address) else ''
        end,
        'join_link', case circles.place
            when 'online' then encode(sha256(convert_to(
                coalesce(nullif(gatherings.join_link, ''), circles.join_link), 'UTF8'
            )), 'hex')
            else ''
        end,
        'note', gatherings.note,
        'hosts', coalesce(
            (
                select jsonb_build_array(stand_ins.person_id)
                from stand_ins join people on people.id = stand_ins.person_id
                where stand_ins.gathering_id = gatherings.id and (people.is_facilitator or people.is_organizer)
            ),
            (
                select jsonb_agg(hosts.person_id order by hosts.person_id)
                from hosts join people on people.id = hosts.person_id
                where hosts.circle_id = circles.id and hosts.part <> 'helper'
                    and (people.is_facilitator or people.is_organizer)
            ),
            '[]'
        )
    )
    from gatherings join circles on circles.id = gatherings.circle_id
    where gatherings.id = gathering
$$;
