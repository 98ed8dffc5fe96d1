-- Wall times of a zone whose offsets the program gives (circles/base/zones.py). The database has a table of zones of its
-- own, which may be years older, so nothing that a person reads is converted with it: `iso_time` is for older code only.

-- A moment on the clocks of a zone: since, ascending, are the moments from which they are so many seconds ahead of UTC.
-- Not strict, so that it becomes a part of the query that calls it.
create function local_time(at timestamptz, since timestamptz [], seconds integer [])
returns timestamp language sql immutable parallel safe
return at at time zone 'UTC' + seconds[width_bucket(at, since)] * interval '1 second';

-- The same with its offset from UTC (RFC 3339): 2026-11-24T18:00:00-05:00.
create function iso_local_time(at timestamptz, since timestamptz [], seconds integer [])
returns text language sql immutable strict parallel safe
return (
    select
        to_char(at at time zone 'UTC' + make_interval(secs => ahead.seconds), 'YYYY-MM-DD"T"HH24:MI:SS')
        || case when ahead.seconds < 0 then '-' else '+' end
        || to_char(make_interval(secs => abs(ahead.seconds)), 'HH24:MI')
    from (select seconds[greatest(width_bucket(at, since), 1)]) as ahead (seconds)
);

-- With the wall time, which is when a gathering is for its circle.
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
            where stand_ins.gathering_id = gatherings.id
        ),
        array(
            select people.name from hosts join people on people.id = hosts.person_id
            where hosts.circle_id = circles.id and hosts.part <> 'helper'
            order by hosts.part = 'lead' desc, people.name
        )
    ) as host_names,
    gatherings.wall_start
from gatherings join circles on circles.id = gatherings.circle_id
where gatherings.state = 'open' and circles.state = 'published';
