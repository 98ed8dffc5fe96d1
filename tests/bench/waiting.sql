-- 200 full gatherings of eight seats, with 50 people waiting at each, 10,000 in all. Run with session_replication_role = replica, so
-- no trigger runs: what triggers keep is written here.

insert into people (email, name)
select 'p' || i || '@example.org', 'Person ' || i from generate_series(0, 11599) as i;

insert into gatherings (
    circle_id, wall_start, zone, length_minutes, starts_at, ends_at, capacity, community_seats, state, seats_map
)
select
    circle.id, (start.at at time zone 'UTC'), 'UTC', 90, start.at, start.at + interval '90 minutes', 8, 0, 'open', (1 << 8) - 1
from (select id from circles order by created_at limit 1) as circle,
    lateral (
        select date_trunc('second', now()) + interval '5 days' + i * interval '2 hours' as at
        from generate_series(1, 200) as i
    ) as start;

insert into acceptances (person_id, version_id, sha256)
select people.id, versions.id, versions.sha256
from people, (select id, sha256 from guidelines_versions order by id limit 1) as versions
where people.email like 'p%@example.org';

create temp table placed as
select people.id as person_id, acceptances.id as acceptance_id, gatherings.id as gathering_id, people.place / 200 as number
from (
    select id, row_number() over (order by id) - 1 as place from people where email like 'p%@example.org'
) as people
join (select id, row_number() over (order by id) - 1 as place from gatherings) as gatherings on gatherings.place = people.place % 200
join acceptances on acceptances.person_id = people.id;

insert into bookings (
    gathering_id, person_id, seat, kind, state, amount, currency, scale_minimum, scale_maximum, acceptance_id, confirmed_at
)
select gathering_id, person_id, number + 1, 'free', 'confirmed', 0, 'USD', 0, 0, acceptance_id, now() - interval '7 days'
from placed where number < 8;

insert into waits (gathering_id, person_id, line, amount, currency, acceptance_id, joined_at)
select gathering_id, person_id, 'amount', 0, 'USD', acceptance_id, now() - interval '1 day' + number * interval '1 minute'
from placed where number >= 8;

analyze;
