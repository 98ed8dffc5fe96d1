-- name: to_agree(booking_id, actor_id)^
-- one booking of this person with the guidelines in force, those they agreed to last, and why they changed since
select
    bookings.*, stored.terms_start, clock_timestamp() as now, gatherings.starts_at, gatherings.zone,
    circles.name as circle_name,
    (must_agree_to(bookings.person_id, circles.guidelines_id) is not null or is_unanswered(bookings.id)) as must_agree,
    is_unanswered(bookings.id) as unanswered,
    newest.id as version_id, newest.number, newest.body, agreed.number as agreed_number, agreed.body as agreed_body,
    agreed.accepted_at,
    array(
        select why from guidelines_versions as versions
        where versions.guidelines_id = circles.guidelines_id and versions.number > agreed.number and why <> ''
        order by versions.number
    ) as whys
from bookings_with_money as bookings
join bookings as stored on stored.id = bookings.id
join gatherings on gatherings.id = bookings.gathering_id
join circles on circles.id = gatherings.circle_id
cross join lateral (
    select id, number, body from guidelines_versions
    where guidelines_versions.guidelines_id = circles.guidelines_id order by number desc limit 1
) as newest
left join lateral (
    select versions.number, versions.body, acceptances.accepted_at
    from acceptances join guidelines_versions as versions on versions.id = acceptances.version_id
    where acceptances.person_id = bookings.person_id and versions.guidelines_id = circles.guidelines_id
    order by versions.number desc limit 1
) as agreed on true
where bookings.id = :booking_id and bookings.person_id = :actor_id;

-- name: ask_again(guidelines_id)
-- record everybody with a seat ahead who must agree to a material change and was not asked yet, with their next seat; nobody
-- for a seat they are not to be told of yet
with asked as (
    insert into guidelines_asked (person_id, version_id)
    select seated.person_id, must_agree_to(seated.person_id, :guidelines_id)
    from (
        select distinct bookings.person_id
        from bookings
        join gatherings on gatherings.id = bookings.gathering_id
        join circles on circles.id = gatherings.circle_id
        where circles.guidelines_id = :guidelines_id and bookings.state = 'confirmed' and gatherings.ends_at > now()
            and not is_untold_seat(bookings.id)
    ) as seated
    where must_agree_to(seated.person_id, :guidelines_id) is not null
    on conflict do nothing
    returning person_id, version_id
)
select distinct on (people.id)
    people.id as person_id, people.email, people.name, asked.version_id, bookings.id as booking_id, bookings.state,
    circles.discreet_name, gatherings.starts_at, gatherings.zone, bookings.kept > 0 as has_paid,
    bookings.kept = bookings.paid as all_comes_back
from asked
join people on people.id = asked.person_id
join bookings_with_money as bookings on bookings.person_id = people.id and bookings.state = 'confirmed'
    and not is_untold_seat(bookings.id)
join gatherings on gatherings.id = bookings.gathering_id and gatherings.ends_at > now()
join circles on circles.id = gatherings.circle_id and circles.guidelines_id = :guidelines_id
order by people.id, gatherings.starts_at;

-- name: agreements_circle(circle_id, actor_id)^
-- a circle for somebody who may change it, with its guidelines in force and the newest version that had to be agreed to
select
    circles.id, circles.name, newest.number, newest.published_at,
    coalesce((
        select max(number) from guidelines_versions
        where guidelines_versions.guidelines_id = circles.guidelines_id and material
    ), 0) as material_number
from circles
join may_host(circles.id, :actor_id) as host on host.may_change
cross join lateral (
    select number, published_at from guidelines_versions
    where guidelines_versions.guidelines_id = circles.guidelines_id order by number desc limit 1
) as newest
where circles.id = :circle_id;

-- name: agreements(circle_id)
-- everybody with a seat ahead in a circle, but for given seats that nobody answered yet, and the newest version of its guidelines they agreed to
select
    people.id as person_id, people.name, people.pronouns, people.email, people.created_at,
    min(gatherings.starts_at) as next_at,
    must_agree_to(people.id, circles.guidelines_id) is not null as must_agree,
    agreed.number as agreed_number, agreed.accepted_at
from circles
join gatherings on gatherings.circle_id = circles.id and gatherings.ends_at > now() and gatherings.state = 'open'
join bookings on bookings.gathering_id = gatherings.id and bookings.state = 'confirmed' and not is_unanswered(bookings.id)
join people on people.id = bookings.person_id
left join lateral (
    select versions.number, acceptances.accepted_at
    from acceptances join guidelines_versions as versions on versions.id = acceptances.version_id
    where acceptances.person_id = people.id and versions.guidelines_id = circles.guidelines_id
    order by versions.number desc limit 1
) as agreed on true
where circles.id = :circle_id
group by people.id, circles.guidelines_id, agreed.number, agreed.accepted_at
order by must_agree desc, people.name_key, people.id;
