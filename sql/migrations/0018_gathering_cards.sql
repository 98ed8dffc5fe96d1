-- Every gathering that stands open to visitors, with all that its card shows: said once, for every list of them. It names
-- whoever holds it this time; its usual hosts where nobody stands in.

create view gathering_cards as
select
    gatherings.id, circles.name as circle_name, gatherings.starts_at, gatherings.zone,
    gatherings.length_minutes, gatherings.capacity, gatherings.seats_taken,
    gatherings.community_seats, gatherings.community_taken, gatherings.state,
    circles.place, coalesce(nullif(gatherings.city, ''), circles.city) as city, circles.format,
    circles.currency, circles.minimum, circles.suggested, circles.maximum,
    coalesce(
        (
            select array[people.name] from stand_ins join people on people.id = stand_ins.person_id
            where stand_ins.gathering_id = gatherings.id
        ),
        array(
            select people.name from hosts join people on people.id = hosts.person_id
            where hosts.circle_id = circles.id and hosts.part <> 'helper'
            order by hosts.part = 'lead' desc, people.name
        )
    ) as host_names
from gatherings join circles on circles.id = gatherings.circle_id
where gatherings.state = 'open' and circles.state = 'published';
