-- What people write to the organizers.

-- name: people_to_write_about(person_id)
-- whom a signed-in person may name: those who host circles they had a seat in or waited for lately, who hosted the gatherings
-- themselves, as a stand-in or before they left, and the organizers
with seats as (
    select bookings.gathering_id from bookings where bookings.person_id = :person_id
    union
    select waits.gathering_id from waits where waits.person_id = :person_id
), met as (
    select hosts.person_id as id
    from seats
    join gatherings on gatherings.id = seats.gathering_id
    join hosts on hosts.circle_id = gatherings.circle_id
    where gatherings.starts_at > now() - interval '1 year'
    union
    select hosted.person_id
    from seats
    join gatherings on gatherings.id = seats.gathering_id
    join hosted_gatherings as hosted on hosted.gathering_id = seats.gathering_id
    where gatherings.starts_at > now() - interval '1 year'
    union
    select people.id from people where people.is_organizer
)

select people.id, people.name from met join people on people.id = met.id
where people.id <> :person_id and people.merged_into is null and people.email not like '%@gone.invalid'
order by people.name_key, people.id
limit 200;

-- name: somebody_to_write_about(id)^
-- somebody who may be named by a link to their page: a facilitator or an organizer
select id, name from people where id = :id and (is_facilitator or is_organizer);

-- name: other_organizers(about_person)$
-- how many organizers there are but for the one it is about
select count(*) from people where is_organizer and id is distinct from :about_person;

-- name: insert_concern(id, person_id, email, is_unnamed, about_person, body, days)$
-- what somebody writes; the date by which somebody answers. No row when the id is taken
insert into concerns (id, person_id, email, is_unnamed, about_person, body, answer_by)
values (
    :id, :person_id, :email, :is_unnamed, :about_person, :body, (now() at time zone 'utc')::date + :days::integer
)
on conflict (id) do nothing
returning answer_by;

-- name: sent_before(id)^
-- what was sent with this very form before, and by whom
select body, answer_by, person_id, email, answer_by < (now() at time zone 'utc')::date as is_late from concerns where id = :id;

-- name: to_answer(actor_id, most)
-- open concerns and complaints that this organizer may read, those to be answered first first
select * from (
    select
        'concern' as kind, concerns.id, concerns.answer_by, concerns.created_at, about.name as about_name,
        concerns.answer_by < (now() at time zone 'utc')::date as is_late
    from concerns left join people as about on about.id = concerns.about_person
    where concerns.state = 'open' and concerns.about_person is distinct from :actor_id
    union all
    select
        'complaint', complaints.id, complaints.answer_by, complaints.created_at, listings.name,
        complaints.answer_by < (now() at time zone 'utc')::date
    from complaints join listings on listings.id = complaints.listing_id
    where complaints.state = 'open' and listings.person_id is distinct from :actor_id
) as waiting
order by answer_by, created_at, id limit :most;

-- name: closed_concerns(actor_id, after, limit, offset)
-- closed concerns that this organizer may read, the newest first
select concerns.id, concerns.created_at, concerns.closed_at, about.name as about_name
from concerns left join people as about on about.id = concerns.about_person
where concerns.state = 'closed' and concerns.about_person is distinct from :actor_id
    and (
        :after::uuid is null
        or (concerns.created_at, concerns.id) < (
            select earlier.created_at, earlier.id from concerns as earlier where earlier.id = :after
        )
    )
order by concerns.created_at desc, concerns.id desc
limit :limit offset :offset;

-- name: concern(id, actor_id)^
-- one concern with all that followed, for organizers whom it is not about
select
    concerns.id, concerns.body, concerns.state, concerns.created_at, concerns.closed_at, concerns.answer_by,
    concerns.is_unnamed, concerns.forgotten_at is not null as is_forgotten, concerns.about_person,
    about.name as about_name,
    case when concerns.is_unnamed then null else people.id end as from_id,
    case when concerns.is_unnamed then '' else coalesce(people.name, '') end as from_name,
    case when concerns.is_unnamed then '' else coalesce(people.email, concerns.email) end as from_email,
    concerns.answer_by < (now() at time zone 'utc')::date as is_late, steps_of_concern(concerns.id, true) as steps,
    exists (select from mails where mails.about = concerns.id and mails.state in ('refused', 'expired')) as is_unreached
from concerns
left join people on people.id = concerns.person_id
left join people as about on about.id = concerns.about_person
where concerns.id = :id and concerns.about_person is distinct from :actor_id;

-- name: own_concern(id, person_id)^
-- one concern for the signed-in person who wrote it
select
    concerns.id, concerns.body, concerns.state, concerns.created_at, concerns.answer_by, about.name as about_name,
    concerns.answer_by < (now() at time zone 'utc')::date as is_late, steps_of_concern(concerns.id, false) as steps
from concerns left join people as about on about.id = concerns.about_person
where concerns.id = :id and concerns.person_id = :person_id;

-- name: concern_by_link(id)^
-- one concern by the link that was mailed to the person who wrote it: without an account, or with one that is suspended
select
    concerns.id, concerns.body, concerns.state, concerns.created_at, concerns.answer_by, about.name as about_name,
    concerns.answer_by < (now() at time zone 'utc')::date as is_late, steps_of_concern(concerns.id, false) as steps
from concerns left join people as about on about.id = concerns.about_person
where concerns.id = :id and (concerns.email <> '' or concerns.person_id is not null);

-- name: told_by(person_id)
-- what somebody told the organizers, of listings too, the newest first
select * from (
    select
        'concern' as kind, concerns.id, concerns.created_at, concerns.state = 'open' as is_open, concerns.answer_by,
        about.name as about_name, concerns.answer_by < (now() at time zone 'utc')::date as is_late,
        exists (
            select from concern_steps as steps where steps.concern_id = concerns.id and steps.what = 'answer'
        ) as is_answered
    from concerns left join people as about on about.id = concerns.about_person
    where concerns.person_id = :person_id
    union all
    select
        'complaint', complaints.id, complaints.created_at, complaints.state = 'open', complaints.answer_by,
        listings.name, complaints.answer_by < (now() at time zone 'utc')::date, complaints.answer <> ''
    from complaints join listings on listings.id = complaints.listing_id
    where complaints.person_id = :person_id
) as told
order by created_at desc, id limit 200;

-- name: lock_concern(id, actor_id)^
-- a concern, locked, for an organizer whom it is not about
select id, state, person_id, email, answer_by, about_person from concerns
where id = :id and about_person is distinct from :actor_id for update;

-- name: lock_own(id, person_id)^
-- a concern, locked, for the person who wrote it; person_id: null for who opened the link that was mailed to them
select id, state, about_person from concerns
where id = :id and (
    person_id = :person_id or (:person_id::uuid is null and (person_id is not null or email <> ''))
) for update;

-- name: last_step(concern_id)^
-- what came last
select what, body, who from concern_steps where concern_id = :concern_id order by at desc limit 1;

-- name: add_step(concern_id, actor_id, what, body, answer_by)!
-- something followed
insert into concern_steps (concern_id, who, what, body, answer_by)
values (:concern_id, :actor_id, :what, :body, :answer_by);

-- name: set_answer_by(id, answer_by)!
-- another date by which somebody answers; organizers are reminded of it again
update concerns set answer_by = :answer_by, reminded_at = null where id = :id;

-- name: close_concern(id)!
-- it is answered
update concerns set state = 'closed', closed_at = now() where id = :id and state = 'open';

-- name: reopen_concern(id, days)^
-- it is to be answered once more; the date by which somebody does, which stays while it is open
update concerns
set
    state = 'open', closed_at = null, reminded_at = null,
    answer_by = case when state = 'open' then answer_by else (now() at time zone 'utc')::date + :days::integer end
where id = :id
returning answer_by, answer_by < (now() at time zone 'utc')::date as is_late;

-- name: mark_reminded()
-- open concerns whose date has come, each once
update concerns set reminded_at = now()
where state = 'open' and reminded_at is null and answer_by <= (now() at time zone 'utc')::date
returning id, about_person;

-- name: forget_concerns(after)
-- forget words and senders of concerns closed long ago
with forgotten as (
    update concerns set body = '', person_id = null, email = '', is_unnamed = false, forgotten_at = now()
    where closed_at <= now() - :after::interval and forgotten_at is null
    returning id
), steps as (
    update concern_steps set body = '', who = case what when 'reply' then null else who end
    where concern_id in (select id from forgotten) returning id
)

select forgotten.id, (select count(*) from steps) as steps from forgotten;
