-- name: everything(hidden, families, first, last, after_at, after_id, limit)
-- one page of the events between two moments, the newest first: neither those of the hidden kinds, nor those of the families whose
-- kinds begin so
select id, at, who, what, about, why, details from events
where at >= :first and at < :last and (at, id) < (:after_at, :after_id)
    and what <> all(:hidden::text []) and not what ^@ any(:families::text [])
order by at desc, id desc
limit :limit;

-- name: of_kinds(kinds, first, last, after_at, after_id, limit)
-- the same of some kinds, each read in the order of its index
select events.id, events.at, events.who, events.what, events.about, events.why, events.details
from unnest(:kinds::text []) as wanted (kind)
cross join lateral (
    select * from events as of_kind
    where of_kind.what = wanted.kind and of_kind.at >= :first and of_kind.at < :last
        and (of_kind.at, of_kind.id) < (:after_at, :after_id)
    order by of_kind.at desc, of_kind.id desc
    limit :limit
) as events
order by events.at desc, events.id desc
limit :limit;

-- name: of_person(person, kinds, first, last, after_at, after_id, limit)
-- the same of one person: what they did, and what was done to their account, their seats and their places on waiting lists
with wanted as (
    (
        select id from events
        where who = any(select people.id from people where people.id = :person or people.merged_into = :person) and at >= :first and at < :last and (at, id) < (:after_at, :after_id)
            and what = any(:kinds::text [])
        order by at desc, id desc
        limit :limit
    )
    union
    (
        select events.id
        from (
            select people.id from people where people.id = :person or people.merged_into = :person
            union all
            select bookings.id from bookings where bookings.person_id = :person
            union all
            select waits.id from waits where waits.person_id = :person
            union all
            select role_requests.id from role_requests where role_requests.person_id = :person
        ) as theirs
        join events on events.about = theirs.id
        where events.at >= :first and events.at < :last and (events.at, events.id) < (:after_at, :after_id)
            and events.what = any(:kinds::text [])
        order by events.at desc, events.id desc
        limit :limit
    )
)
select events.id, events.at, events.who, events.what, events.about, events.why, events.details
from wanted join events on events.id = wanted.id
order by events.at desc, events.id desc
limit :limit;

-- name: subjects(ids)
-- what events are about, and who did them: people, seats, passes, gatherings, circles, waits, listings
select people.id, people.id as person_id, people.name as person_name, null::uuid as circle_id, '' as circle_name,
    null::timestamptz as starts_at, '' as zone, null::uuid as booking_id
from people where people.id = any(:ids::uuid [])
union all
select bookings.id, people.id, people.name, circles.id, circles.name, gatherings.starts_at, gatherings.zone, bookings.id
from bookings
join people on people.id = bookings.person_id
join gatherings on gatherings.id = bookings.gathering_id
join circles on circles.id = gatherings.circle_id
where bookings.id = any(:ids::uuid [])
union all
select waits.id, people.id, people.name, circles.id, circles.name, gatherings.starts_at, gatherings.zone, null
from waits
join people on people.id = waits.person_id
join gatherings on gatherings.id = waits.gathering_id
join circles on circles.id = gatherings.circle_id
where waits.id = any(:ids::uuid [])
union all
select passes.id, people.id, people.name, circles.id, circles.name, null, '', null
from passes
join people on people.id = passes.person_id
join circles on circles.id = passes.circle_id
where passes.id = any(:ids::uuid [])
union all
select gatherings.id, null, '', circles.id, circles.name, gatherings.starts_at, gatherings.zone, null
from gatherings join circles on circles.id = gatherings.circle_id
where gatherings.id = any(:ids::uuid [])
union all
select circles.id, null, '', circles.id, circles.name, null, '', null
from circles where circles.id = any(:ids::uuid [])
union all
select role_requests.id, people.id, people.name, null, '', null, '', null
from role_requests join people on people.id = role_requests.person_id
where role_requests.id = any(:ids::uuid [])
union all
select listings.id, null, listings.name, null, '', null, '', null
from listings where listings.id = any(:ids::uuid []);

-- name: begin_export(actor_id, filters)<!
-- the log entry of an export
insert into exports (what, who, filters) values ('audit', :actor_id, :filters) returning id;

-- name: finish_export(id, row_count)!
-- the export is complete
update exports set row_count = :row_count, finished_at = now() where id = :id;
