-- name: circle_for_pairs(circle_id, actor_id)^
-- a circle for somebody who may see who is kept apart in it
select
    circles.id, circles.name, circles.zone,
    host.part is not null as is_host
from circles
join people as viewer on viewer.id = :actor_id
left join may_host(circles.id, viewer.id) as host on true
where circles.id = :circle_id and (host.may_change or viewer.is_organizer);

-- name: pairs(circle_id, actor_id)
-- who is kept apart in a circle, and every date ahead at which both have a seat; no pair with the reader in it
select
    apart.id, apart.created_at, apart.first_id, apart.second_id, first.name as first_name, second.name as second_name,
    (
        select coalesce(jsonb_agg(
            jsonb_build_object('id', gatherings.id, 'starts_at', gatherings.starts_at, 'zone', gatherings.zone)
            order by gatherings.starts_at
        ), '[]')
        from gatherings
        join bookings as one on one.gathering_id = gatherings.id and one.person_id = apart.first_id
            and one.state in ('held', 'confirmed')
        join bookings as other on other.gathering_id = gatherings.id and other.person_id = apart.second_id
            and other.state in ('held', 'confirmed')
        where gatherings.circle_id = apart.circle_id and gatherings.ends_at > now()
    ) as together
from apart
join people as first on first.id = apart.first_id
join people as second on second.id = apart.second_id
where apart.circle_id = :circle_id and :actor_id not in (apart.first_id, apart.second_id)
order by apart.created_at desc;

-- name: known_people(circle_id, actor_id)
-- everybody who had a seat in a circle or sent it a request; without the reader
select people.id as person_id, people.name, people.pronouns, people.email, people.created_at
from people
where people.id <> :actor_id and people.id in (
    select bookings.person_id from bookings join gatherings on gatherings.id = bookings.gathering_id
    where gatherings.circle_id = :circle_id and not is_unanswered(bookings.id)
    union
    select requests.person_id from requests where requests.circle_id = :circle_id
)
order by people.name_key, people.id;

-- name: keep_apart(circle_id, one, other, actor_id)$
-- two people are kept apart; no row when they are already
insert into apart (circle_id, first_id, second_id, set_by)
values (:circle_id, least(:one::uuid, :other::uuid), greatest(:one::uuid, :other::uuid), :actor_id)
on conflict do nothing
returning id;

-- name: let_together(id, actor_id)^
-- two people may be seated together again
delete from apart
where id = :id and :actor_id not in (first_id, second_id) and (
    exists (select from may_host(apart.circle_id, :actor_id) as host where host.may_change)
    or exists (select from people where people.id = :actor_id and people.is_organizer)
)
returning id, circle_id, first_id, second_id;

-- name: seats_unused(circle_id, one, other)
-- the hosts' yes to seats of these two that nobody booked yet, for dates ahead; locked
select requests.id from requests
join gatherings on gatherings.id = requests.gathering_id
where requests.circle_id = :circle_id and requests.person_id in (:one::uuid, :other::uuid)
    and requests.kind = 'seat' and requests.state = 'approved' and gatherings.starts_at > now()
    and not exists (
        select from bookings
        where bookings.gathering_id = requests.gathering_id and bookings.person_id = requests.person_id
            and bookings.state in ('held', 'confirmed')
    )
order by requests.id
for update of requests;

-- name: seats_asked(circle_id, one, other)
-- the open requests for seats of those of these two who are kept apart from nobody there any more
select requests.id from requests
where requests.circle_id = :circle_id and requests.person_id in (:one::uuid, :other::uuid)
    and requests.kind = 'seat' and requests.state in ('waiting', 'asked')
    and not asks_for_seats(requests.circle_id, requests.person_id)
order by requests.id;
