-- 10,000 people with a seat each, at gatherings of twenty that begin in 23 hours, booked a week ago, with their invites sent.
-- Run with session_replication_role = replica, so no trigger runs: what triggers keep is written here. $circle: a circle.

insert into people (email, name, zone)
select 'p' || i || '@example.org', 'Person ' || i, (array['America/New_York', '', 'Europe/Berlin'])[1 + i % 3]
from generate_series(0, 9999) as i;

insert into gatherings (
    circle_id, wall_start, zone, length_minutes, starts_at, ends_at, capacity, community_seats, state, seats_map
)
select
    circle.id, (start.at at time zone 'UTC'), 'UTC', 90, start.at, start.at + interval '90 minutes', 20, 0, 'open',
    (1 << 20) - 1
from (select id from circles order by created_at limit 1) as circle,
    lateral (
        select date_trunc('second', now()) + interval '23 hours' + i * interval '1 second' as at
        from generate_series(1, 500) as i
    ) as start;

insert into acceptances (person_id, version_id, sha256)
select people.id, versions.id, versions.sha256
from people, (select id, sha256 from guidelines_versions order by id limit 1) as versions
where people.email like 'p%@example.org';

insert into bookings (
    gathering_id, person_id, seat, kind, state, amount, currency, scale_minimum, scale_maximum, acceptance_id, confirmed_at
)
select
    gatherings.id, people.id, people.place % 20 + 1, 'free', 'confirmed', 0, 'USD', 0, 0, acceptances.id,
    now() - interval '7 days'
from (
    select people.id, row_number() over (order by people.id) - 1 as place from people where email like 'p%@example.org'
) as people
join (select id, row_number() over (order by id) - 1 as place from gatherings where ends_at > now()) as gatherings
    on gatherings.place = people.place / 20
join acceptances on acceptances.person_id = people.id;

insert into invites (gathering_id, person_id, uid)
select gathering_id, person_id, id || '@bench' from bookings;

insert into sendings (invite_id, booking_id, method, sequence, facts)
select invites.id, bookings.id, 'REQUEST', 0, ''
from invites join bookings using (gathering_id, person_id);

analyze;
