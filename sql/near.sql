-- name: between(online_from, in_person_from, until, city, most)
-- open gatherings with a free seat that begin within a span; a beginning that is null leaves that place out
select
    gatherings.id, circles.name as circle_name, gatherings.starts_at, gatherings.zone,
    gatherings.length_minutes, gatherings.capacity, gatherings.seats_taken,
    gatherings.community_seats, gatherings.community_taken, gatherings.state,
    circles.place, coalesce(nullif(gatherings.city, ''), circles.city) as city, circles.format,
    circles.currency, circles.minimum, circles.suggested, circles.maximum,
    array(
        select people.name from hosts join people on people.id = hosts.person_id
        where hosts.circle_id = circles.id and hosts.part <> 'helper'
        order by hosts.part = 'lead' desc, people.name
    ) as host_names
from gatherings join circles on circles.id = gatherings.circle_id
where gatherings.state = 'open' and circles.state = 'published'
    and gatherings.seats_taken < gatherings.capacity
    and gatherings.starts_at > now()
    and gatherings.starts_at >= least(:online_from::timestamptz, :in_person_from::timestamptz)
    and gatherings.starts_at <= :until::timestamptz
    and gatherings.starts_at >= case circles.place
        when 'online' then :online_from::timestamptz else :in_person_from::timestamptz
    end
    and (
        :city::text = '' or circles.place = 'online'
        or position(lower(:city::text) in lower(coalesce(nullif(gatherings.city, ''), circles.city))) > 0
    )
order by gatherings.starts_at, gatherings.id
limit :most;

-- name: nearest(moments, within, online, in_person, city)
-- for each moment, counted from 1, the open gathering with a free seat that begins nearest to it, where there is one
select moments.number::int as number, found.*
from unnest(:moments::timestamptz []) with ordinality as moments (at, number)
cross join lateral (
    select
        gatherings.id, circles.name as circle_name, gatherings.starts_at, gatherings.zone,
        gatherings.length_minutes, gatherings.capacity, gatherings.seats_taken,
        gatherings.community_seats, gatherings.community_taken, gatherings.state,
        circles.place, coalesce(nullif(gatherings.city, ''), circles.city) as city, circles.format,
        circles.currency, circles.minimum, circles.suggested, circles.maximum,
        array(
            select people.name from hosts join people on people.id = hosts.person_id
            where hosts.circle_id = circles.id and hosts.part <> 'helper'
            order by hosts.part = 'lead' desc, people.name
        ) as host_names
    from gatherings join circles on circles.id = gatherings.circle_id
    where gatherings.state = 'open' and circles.state = 'published'
        and gatherings.seats_taken < gatherings.capacity
        and gatherings.starts_at > now()
        and gatherings.starts_at >= moments.at - :within::interval
        and gatherings.starts_at <= moments.at + :within::interval
        and case circles.place when 'online' then :online::boolean else :in_person::boolean end
        and (
            :city::text = '' or circles.place = 'online'
            or position(lower(:city::text) in lower(coalesce(nullif(gatherings.city, ''), circles.city))) > 0
        )
    order by abs(extract(epoch from gatherings.starts_at - moments.at)), gatherings.starts_at, gatherings.id
    limit 1
) as found
order by moments.number;
