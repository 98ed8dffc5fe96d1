-- name: to_agree(booking_id, actor_id)^
-- one booking of this person with the guidelines in force, those they agreed to last, and why they changed since
select
    bookings.*, clock_timestamp() as now, gatherings.starts_at, gatherings.zone, circles.name as circle_name,
    must_agree_to(bookings.person_id, circles.guidelines_id) is not null as must_agree,
    newest.id as version_id, newest.number, newest.body, agreed.number as agreed_number, agreed.body as agreed_body,
    agreed.accepted_at,
    array(
        select why from guidelines_versions as versions
        where versions.guidelines_id = circles.guidelines_id and versions.number > agreed.number and why <> ''
        order by versions.number
    ) as whys,
    (select coalesce(sum(amount), 0)::int from money_rows where booking_id = bookings.id and kind = 'payment') as paid
from bookings
join gatherings on gatherings.id = bookings.gathering_id
join circles on circles.id = gatherings.circle_id
cross join lateral (
    select id, number, body from guidelines_versions
    where guidelines_versions.guidelines_id = circles.guidelines_id order by number desc limit 1
) as newest
cross join lateral (
    select versions.number, versions.body, acceptances.accepted_at
    from acceptances join guidelines_versions as versions on versions.id = acceptances.version_id
    where acceptances.person_id = bookings.person_id and versions.guidelines_id = circles.guidelines_id
    order by versions.number desc limit 1
) as agreed
where bookings.id = :booking_id and bookings.person_id = :actor_id;

-- name: ask_again(guidelines_id)
-- record everybody with a seat ahead who must agree to a material change and was not asked yet, with their next seat
with asked as (
    insert into guidelines_asked (person_id, version_id)
    select seated.person_id, must_agree_to(seated.person_id, :guidelines_id)
    from (
        select distinct bookings.person_id
        from bookings
        join gatherings on gatherings.id = bookings.gathering_id
        join circles on circles.id = gatherings.circle_id
        where circles.guidelines_id = :guidelines_id and bookings.state = 'confirmed' and gatherings.ends_at > now()
    ) as seated
    where must_agree_to(seated.person_id, :guidelines_id) is not null
    on conflict do nothing
    returning person_id, version_id
)
select distinct on (people.id)
    people.id as person_id, people.email, people.name, asked.version_id, bookings.id as booking_id, bookings.state,
    circles.discreet_name, gatherings.starts_at, gatherings.zone
from asked
join people on people.id = asked.person_id
join bookings on bookings.person_id = people.id and bookings.state = 'confirmed'
join gatherings on gatherings.id = bookings.gathering_id and gatherings.ends_at > now()
join circles on circles.id = gatherings.circle_id and circles.guidelines_id = :guidelines_id
order by people.id, gatherings.starts_at;
