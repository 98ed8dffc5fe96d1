-- Upkeep of listings: confirmations, complaints, retention.

-- name: confirm(id, room, is_settled)!
-- a listing is confirmed as current; the question is closed unless a license still runs out
update listings
set confirmed_at = now(), therapist_confirmed_at = now(), room = :room, room_confirmed_at = now(),
    unsaid = array_remove(unsaid, 'room'), version = version + 1,
    asked_at = case when :is_settled::boolean then null else asked_at end,
    marked_at = case when :is_settled::boolean then null else marked_at end
where id = :id;

-- name: extend_licenses(listing_id, ids, expiries)!
-- new last days of licenses, stated by the therapist; earlier checks no longer apply
update licences
set expires_on = new.expires_on, checked_at = null, checked_by = null, checked_against = ''
from unnest(:ids::uuid [], :expiries::date []) as new (id, expires_on)
where licences.id = new.id and licences.listing_id = :listing_id
    and licences.expires_on is distinct from new.expires_on;

-- name: due_listings(after, ask_after, expires_within_days, batch_size)
-- shown listings that may need a step of upkeep, in batches by id
select listings.id
from listings
where listings.state = 'shown' and (:after::uuid is null or listings.id > :after::uuid) and (
    listings.asked_at is not null
    or listings.confirmed_at <= now() - :ask_after::interval
    -- as sums over the licenses of one listing: as "exists", each batch would read the licenses of all
    or coalesce((
        select min(licences.expires_on) from licences
        where licences.listing_id = listings.id and licences.status = 'active'
    ) <= (now() at time zone 'utc')::date + :expires_within_days::integer, false)
    or coalesce((
        select max(coalesce(licences.expires_on, 'infinity')) from licences
        where licences.listing_id = listings.id and licences.status = 'active'
    ) < (now() at time zone 'utc')::date, true)
)
order by listings.id limit :batch_size;

-- name: mark_asked(id)$
-- the therapist is asked to confirm; returns when
update listings set asked_at = now() where id = :id returning asked_at;

-- name: mark_unconfirmed(id)!
-- mark the page as not confirmed lately
update listings set marked_at = now() where id = :id;

-- name: clear_asked(id)!
-- the question is closed
update listings set asked_at = null, marked_at = null where id = :id;

-- name: lapsed_listings()
-- listings still found in a state where a license of theirs has expired
select distinct licences.listing_id as id
from licences join listings on listings.id = licences.listing_id
where licences.expires_on < (now() at time zone 'utc')::date and ('in:' || licences.area) = any(listings.facets)
    and not exists (
        select from licences as others
        where others.listing_id = listings.id and others.area = licences.area and others.status = 'active'
            and coalesce(others.expires_on >= (now() at time zone 'utc')::date, true)
    )
limit 5000;

-- name: lock_listings(ids)!
-- several listings, locked in the order of their ids, as everywhere
select id from listings where id = any(:ids::uuid []) order by id for no key update;

-- name: insert_complaint(id, listing_id, person_id, body)$
-- a complaint about a shown listing; the date by which somebody answers. No row when the listing is not shown, or the id
-- is taken
insert into complaints (id, listing_id, person_id, body)
select :id, listings.id, :person_id, :body from listings where listings.id = :listing_id and listings.state = 'shown'
on conflict (id) do nothing
returning answer_by;

-- name: sent_complaint(id, person_id)^
-- what a person sent with this very form before
select body, answer_by from complaints where id = :id and person_id = :person_id;

-- name: therapist_of(listing_id)$
-- the account of a listing's therapist
select person_id from listings where id = :listing_id;

-- name: shown_name(listing_id)$
-- the name of a shown listing
select name from listings where id = :listing_id and state = 'shown';

-- name: open_complaints(viewer_id)
-- open complaints about the listings of others, the first to answer first
select
    complaints.id, complaints.body, complaints.created_at, complaints.answer_by, listings.id as listing_id, listings.name,
    listings.state, coalesce(people.name, 'Somebody who left') as from_name,
    complaints.answer_by < (now() at time zone 'utc')::date as is_late
from complaints
join listings on listings.id = complaints.listing_id
left join people on people.id = complaints.person_id
where complaints.state = 'open' and listings.person_id is distinct from :viewer_id
order by complaints.answer_by, complaints.created_at limit 100;

-- name: complaints_of(listing_id)
-- all complaints about a listing, open ones first, then the newest
select
    complaints.id, complaints.body, complaints.created_at, complaints.state, complaints.decided_at, complaints.answer_by,
    coalesce(people.name, 'Somebody who left') as from_name, coalesce(deciders.name, '') as decided_by
from complaints
left join people on people.id = complaints.person_id
left join people as deciders on deciders.id = complaints.decided_by
where complaints.listing_id = :listing_id
order by complaints.state <> 'open', complaints.created_at desc limit 50;

-- name: complaint(id, actor_id)^
-- one complaint with its history, for organizers who are not its therapist
select
    complaints.id, complaints.body, complaints.created_at, complaints.state, complaints.decided_at, complaints.answer_by,
    complaints.answer, complaints.person_id, coalesce(people.name, '') as from_name, people.email as from_email,
    coalesce(deciders.name, '') as decided_by, complaints.forgotten_at is not null as is_forgotten,
    listings.id as listing_id, listings.name, listings.state as listing_state,
    coalesce(nullif(listings.email, ''), therapists.email, '') <> '' as has_address,
    complaints.answer_by < (now() at time zone 'utc')::date as is_late, (now() at time zone 'utc')::date as today,
    (
        select coalesce(jsonb_agg(
            jsonb_build_object(
                'at', steps.at, 'what', steps.what, 'note', steps.note, 'answer_by', steps.answer_by,
                'who', coalesce(actors.name, 'Somebody who left')
            )
            order by steps.at
        ), '[]')
        from complaint_steps as steps left join people as actors on actors.id = steps.who
        where steps.complaint_id = complaints.id
    ) as steps
from complaints
join listings on listings.id = complaints.listing_id
left join people on people.id = complaints.person_id
left join people as deciders on deciders.id = complaints.decided_by
left join people as therapists on therapists.id = listings.person_id
where complaints.id = :id and listings.person_id is distinct from :actor_id;

-- name: lock_complaint(id, actor_id)^
-- a complaint, locked, for organizers who are not its therapist
select complaints.id, complaints.state, complaints.listing_id, complaints.person_id, complaints.decided_by, complaints.answer_by
from complaints join listings on listings.id = complaints.listing_id
where complaints.id = :id and listings.person_id is distinct from :actor_id
for update of complaints;

-- name: add_step(complaint_id, actor_id, what, note, answer_by)!
-- an organizer did something about a complaint
insert into complaint_steps (complaint_id, who, what, note, answer_by)
values (:complaint_id, :actor_id, :what, :note, :answer_by);

-- name: last_note(complaint_id)$
-- the note that was written last
select note from complaint_steps where complaint_id = :complaint_id and what = 'note' order by at desc limit 1;

-- name: set_answer_by(id, answer_by)!
-- the date by which somebody answers a complaint; organizers are reminded of it again
update complaints set answer_by = :answer_by, reminded_at = null where id = :id;

-- name: decide_complaint(id, state, actor_id, answer)!
-- an organizer hides the listing or keeps it, with an answer to the person who wrote
update complaints set state = :state, decided_at = now(), decided_by = :actor_id, answer = :answer where id = :id;

-- name: own_complaint(id, person_id)^
-- one complaint for the person who wrote it
select
    complaints.id, complaints.body, complaints.created_at, complaints.state, complaints.answer_by, complaints.answer,
    complaints.decided_at, complaints.answer_by < (now() at time zone 'utc')::date as is_late, listings.name
from complaints join listings on listings.id = complaints.listing_id
where complaints.id = :id and complaints.person_id = :person_id;

-- name: mark_reminded()
-- open complaints whose date has come, each once
update complaints set reminded_at = now()
from listings
where listings.id = complaints.listing_id and complaints.state = 'open' and complaints.reminded_at is null
    and complaints.answer_by <= (now() at time zone 'utc')::date
returning complaints.id, listings.person_id as therapist_id;

-- name: forget_complaints(after)
-- forget text, sender, answer and notes of complaints decided long ago
with forgotten as (
    update complaints set body = '', answer = '', person_id = null, forgotten_at = now()
    where decided_at <= now() - :after::interval and forgotten_at is null
    returning id, state
), notes as (
    update complaint_steps set note = '' where complaint_id in (select id from forgotten) returning id
)

select forgotten.id, forgotten.state, (select count(*) from notes) as notes from forgotten;

-- name: unclaimed(after, batch_size)
-- listings without an account, hidden by upkeep, whose last question is long past; locked
select id from listings
where
    state = 'hidden' and hidden_because in ('unconfirmed', 'licence') and person_id is null
    and asked_at <= now() - :after::interval
order by id
limit :batch_size
for no key update skip locked;

-- name: delete_listing(id)!
-- a listing with everything that belongs to it
delete from listings where id = :id;
