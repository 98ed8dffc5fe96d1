-- Wall times of a zone whose offsets the program gives (circles/base/zones.py). The database has a table of zones of its
-- own, which may be years older, so nothing that a person reads is converted with it: `iso_time` is for older code only.

-- A moment on the clocks of a zone: since, ascending, are the moments from which they are so many seconds ahead of UTC.
create function local_time(at timestamptz, since timestamptz [], seconds integer [])
returns timestamp language sql immutable strict parallel safe
return at at time zone 'UTC'
    + make_interval(secs => seconds[greatest(width_bucket(at, since), 1)]);

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
