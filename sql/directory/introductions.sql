-- What members ask of therapists, what is suggested to them, and their own log of it.

-- name: log_access(person, what, who, listing, details)!
-- one more line of somebodys own access log; to whom they told something stays in it by name
insert into accesses (person_id, what, who, listing_id, listing_name, details)
values (
    :person, :what, :who, :listing::uuid,
    coalesce((select listings.name from listings where listings.id = :listing::uuid and :what like 'introduction.%'), ''),
    :details::text []
);

-- name: accesses(person, most, skip)
-- one page of somebodys own access log, newest first
select
    accesses.at, accesses.what, accesses.details, people.name as who_name,
    coalesce(nullif(accesses.listing_name, ''), listings.name) as listing_name,
    count(*) over () as total
from accesses
left join people on people.id = accesses.who
left join listings on listings.id = accesses.listing_id
where accesses.person_id = :person
order by accesses.at desc, accesses.id desc
limit :most offset :skip;

-- name: asking(listing, person)^
-- a shown listing as somebody who would ask for an introduction needs it, with what they asked before
select
    listings.id, listings.name, listings.letters, listings.room, listings.email <> '' as takes_mail,
    coalesce(listings.person_id = :person, false) as own,
    (
        select introductions.id from introductions
        where introductions.person_id = :person and introductions.listing_id = listings.id
            and introductions.state in ('asked', 'accepted') and introductions.forgotten_at is null
    ) as open_id,
    (
        select max(introductions.expires_at) from introductions
        where introductions.person_id = :person and introductions.listing_id = listings.id
            and introductions.state in ('full', 'not_a_fit') and introductions.expires_at > now()
    ) as no_until,
    (
        select count(*) from introductions
        where introductions.person_id = :person and introductions.state in ('asked', 'accepted')
            and introductions.forgotten_at is null
    ) as open_all
from listings
where listings.id = :listing and listings.state = 'shown';

-- name: lock_person(id)!
-- what one person asks is sent one after another, so that it is counted right
select id from people where id = :id for no key update;

-- name: hold_listing(id)!
-- whoever hides a listing at this moment waits until what is asked of it stands there, or has hidden it before
select id from listings where id = :id for share;

-- name: sent_already(id, person)$
-- whether this very form was sent before
select exists (select from introductions where id = :id and person_id = :person);

-- name: ask(id, person, listing, name, told, call_name, reach, looking_for, own_words, token_hash, lasts)^
-- one more introduction; no row when its id is taken
insert into introductions (
    id, person_id, listing_id, listing_name, told, call_name, reach, looking_for, own_words, token_hash, expires_at
)
values (
    :id, :person, :listing, :name, :told::text [], :call_name, :reach, :looking_for, :own_words, :token_hash,
    now() + :lasts::interval
)
on conflict (id) do nothing
returning id, expires_at;

-- name: address(listing)^
-- where an introduction goes
select email, name, person_id from listings where id = :listing;

-- name: keep_mail(id, mail)!
-- the mail that tells it
update introductions set mail_id = :mail where id = :id;

-- name: mine(person)
-- everything somebody ever asked, newest first
select
    introductions.id, introductions.state, introductions.told, introductions.created_at, introductions.answered_at,
    introductions.expires_at, introductions.ended_because, introductions.expires_at <= now() as over,
    coalesce(listings.name, introductions.listing_name) as listing_name, coalesce(listings.letters, '') as letters,
    coalesce(listings.state, '') = 'shown' as is_shown
from introductions left join listings on listings.id = introductions.listing_id
where introductions.person_id = :person
order by introductions.created_at desc, introductions.id
limit 200;

-- name: one_of_mine(id, person)^
-- one introduction as whoever asked for it sees it; past its time without any words. Somebody else to try is told
-- only while they still may be
select
    introductions.id, introductions.state, introductions.told, introductions.created_at, introductions.answered_at,
    introductions.ended_at, introductions.ended_because, introductions.forgotten_at, introductions.expires_at,
    introductions.expires_at <= now() as over, introductions.listing_id,
    coalesce(listings.name, introductions.listing_name) as listing_name, coalesce(listings.letters, '') as letters,
    coalesce(listings.state, '') as listing_state, coalesce(listings.hidden_because, '') as hidden_because,
    mails.state as mail_state, mails.sent_at as mail_sent_at, live.call_name, live.reach, live.looking_for,
    live.own_words, live.answer_words, live.other_listing_id is not null as named_somebody,
    case
        when may_be_named(live.other_listing_id, introductions.listing_id) then live.other_listing_id
    end as other_listing_id
from introductions
left join listings on listings.id = introductions.listing_id
left join mails on mails.id = introductions.mail_id
left join introductions as live on live.id = introductions.id and live.expires_at > now()
where introductions.id = :id and introductions.person_id = :person;

-- name: lock_mine(id, person)^
-- ones own introduction, locked while it changes
select
    introductions.id, introductions.person_id, introductions.listing_id, introductions.state, introductions.created_at,
    introductions.mail_id, introductions.forgotten_at, introductions.expires_at <= now() as over,
    coalesce(listings.name, introductions.listing_name) as listing_name, listings.email,
    listings.person_id as therapist_id
from introductions left join listings on listings.id = introductions.listing_id
where introductions.id = :id and introductions.person_id = :person
for update of introductions;

-- name: for_therapist(token_hash, id, person)^
-- an introduction for whoever holds its link, or whose listing it is about; what was told only while it is open
select
    introductions.id, introductions.state, introductions.created_at, introductions.answered_at,
    introductions.expires_at, introductions.ended_because, introductions.expires_at <= now() as over,
    introductions.listing_id, listings.name as listing_name, licensed_areas(listings.id) as licensed,
    coalesce(live.told, '{}') as told, live.call_name, live.reach,
    live.looking_for, live.own_words
from introductions
join listings on listings.id = introductions.listing_id
left join introductions as live
    on live.id = introductions.id and live.state in ('asked', 'accepted') and live.expires_at > now()
where introductions.id = coalesce(
    (select keyed.id from introductions as keyed where keyed.token_hash = :token_hash::bytea),
    (
        select own.id from introductions as own join listings as theirs on theirs.id = own.listing_id
        where own.id = :id::uuid and theirs.person_id = :person::uuid
    )
);

-- name: lock_for_therapist(token_hash, id, person)^
-- the same, locked while it is answered
select
    introductions.id, introductions.person_id, introductions.listing_id, introductions.state,
    introductions.ended_because, introductions.expires_at <= now() as over, listings.name as listing_name,
    people.email as member_email, people.name as member_name
from introductions
join listings on listings.id = introductions.listing_id
join people on people.id = introductions.person_id
where introductions.id = coalesce(
    (select keyed.id from introductions as keyed where keyed.token_hash = :token_hash::bytea),
    (
        select own.id from introductions as own join listings as theirs on theirs.id = own.listing_id
        where own.id = :id::uuid and theirs.person_id = :person::uuid
    )
)
for update of introductions;

-- name: of_my_listing(person)
-- what is asked of the listing somebody has, while it is open
select
    introductions.id, introductions.state, introductions.created_at, introductions.expires_at, introductions.told,
    introductions.call_name
from introductions join listings on listings.id = introductions.listing_id
where listings.person_id = :person and introductions.state in ('asked', 'accepted') and introductions.expires_at > now()
order by introductions.state desc, introductions.created_at desc, introductions.id;

-- name: answer(id, state, words, other)!
-- what the therapist says
update introductions
set state = :state, answered_at = now(), answer_words = :words, other_listing_id = :other::uuid
where id = :id;

-- name: finish(id, state, because)!
-- withdrawn or ended by whoever asked, or ended because the therapist is gone; nothing that was told stays
update introductions
set state = :state, ended_at = now(), ended_because = :because, other_listing_id = null,
    call_name = '', reach = '', looking_for = '', own_words = '', answer_words = ''
where id = :id;

-- name: forget_words(id, state)!
-- nothing that was told stays, and no link leads here any more
update introductions
set state = :state, forgotten_at = now(), token_hash = null, other_listing_id = null,
    call_name = '', reach = '', looking_for = '', own_words = '', answer_words = ''
where id = :id;

-- name: drop_mail(id)^
-- the mail that told it goes too; answers whether it had left
delete from mails where id = :id
returning state = 'waiting' and coalesce(claimed_until < now(), true) as unsent;

-- name: overdue(most)
-- introductions whose time is over and whose words are still here, each locked by one worker alone
select
    introductions.id, introductions.person_id, introductions.listing_id, introductions.state,
    introductions.created_at, introductions.mail_id,
    coalesce(listings.name, introductions.listing_name) as listing_name, listings.email,
    listings.person_id as therapist_id, people.email as member_email, people.name as member_name
from introductions
left join listings on listings.id = introductions.listing_id
join people on people.id = introductions.person_id
where introductions.expires_at <= now() and introductions.forgotten_at is null
order by introductions.expires_at
limit :most
for update of introductions skip locked;

-- name: unforgotten_of(listing)
-- what was asked of a listing and has not been forgotten, locked
select
    introductions.id, introductions.person_id, introductions.listing_id, introductions.state,
    introductions.created_at, introductions.answered_at, introductions.mail_id,
    introductions.expires_at <= now() as over, listings.name as listing_name, listings.email,
    listings.person_id as therapist_id, people.email as member_email, people.name as member_name,
    exists (
        select from accesses
        where accesses.person_id = introductions.person_id and accesses.listing_id = introductions.listing_id
            and accesses.what = 'introduction.page_gone' and accesses.at >= introductions.created_at
    ) as knows
from introductions
join listings on listings.id = introductions.listing_id
join people on people.id = introductions.person_id
where introductions.listing_id = :listing and introductions.forgotten_at is null
order by introductions.id
for update of introductions;

-- name: keep_name(listing)!
-- the name a listing had when it went, for those who asked something of it
with logged as (
    update accesses set listing_name = listings.name from listings
    where listings.id = :listing and accesses.listing_id = listings.id and accesses.listing_name = ''
        and accesses.what like 'introduction.%'
)

update introductions set listing_name = listings.name from listings
where listings.id = :listing and introductions.listing_id = listings.id and introductions.listing_name = '';

-- name: listing_of(person)$
-- the listing somebody has of their own, locked
select id from listings where person_id = :person for no key update;

-- name: by_name(terms, but, asked_first, most)
-- listings that may be named, and whose names begin with all of these words. Sorted first, so that no more of them are
-- looked at closely than are shown
select
    named.id, named.name, named.letters, named.city, named.area, named.telehealth, named.in_person,
    licensed_areas(named.id) as licensed
from (
    select id, name, letters, city, area, telehealth, in_person, lower(name) as folded_name from listings
    where state = 'shown' and search @@ to_tsquery('simple', folded(:terms)) and not id = any(:but::uuid [])
    order by lower(name), id offset 0
) as named
where may_be_named(named.id, :asked_first::uuid)
order by named.folded_name, named.id
limit :most;

-- name: chosen(ids, asked_first)
-- those of these listings that may be named
select id, name, letters, city, area, telehealth, in_person, licensed_areas(id) as licensed from listings
where id = any(:ids::uuid []) and may_be_named(id, :asked_first::uuid)
order by lower(name), id;

-- name: suggest(person, who, listings, words)$
-- what a facilitator suggests to one member; no row for the very same within minutes, which is a second press
insert into suggestions (person_id, made_by, listing_ids, words)
select :person::uuid, :who::uuid, :listings::uuid [], :words::text
where not exists (
    select from suggestions
    where person_id = :person::uuid and made_by = :who::uuid and listing_ids = :listings::uuid []
        and words = :words::text and created_at > now() - interval '10 minutes'
)
returning id;

-- name: suggestions(person)
-- what was suggested to somebody in the last 30 days, newest first; of the therapists those who still may be named
select
    suggestions.id, suggestions.words, suggestions.created_at, people.name as who_name,
    cardinality(suggestions.listing_ids) > 0 as named_somebody,
    array(
        select named.id from unnest(suggestions.listing_ids) with ordinality as named (id, place)
        where may_be_named(named.id, null) order by named.place
    ) as listing_ids
from suggestions left join people on people.id = suggestions.made_by
where suggestions.person_id = :person and suggestions.created_at > now() - interval '30 days'
order by suggestions.created_at desc, suggestions.id;

-- name: put_away(id, person)$
-- a suggestion put away by the one it was made to
delete from suggestions where id = :id and person_id = :person returning id;

-- name: forget_suggestions()
-- suggestions older than 30 days
delete from suggestions where created_at <= now() - interval '30 days' returning id, person_id;
