-- Introductions, suggestions, and the access log of members.

-- name: log_access(person_id, kind, actor_id, listing_id, details)!
-- an entry of a person's access log; entries of introductions keep the name of the therapist
insert into accesses (person_id, what, who, listing_id, listing_name, details)
values (
    :person_id, :kind, :actor_id, :listing_id::uuid,
    coalesce(
        (select listings.name from listings where listings.id = :listing_id::uuid and :kind like 'introduction.%'), ''
    ),
    :details::text []
);

-- name: accesses(person_id, per_page, skip)
-- a page of a person's access log, newest first
select
    accesses.at, accesses.what, accesses.details, people.name as who_name,
    coalesce(nullif(accesses.listing_name, ''), listings.name) as listing_name,
    count(*) over () as total
from accesses
left join people on people.id = accesses.who
left join listings on listings.id = accesses.listing_id
where accesses.person_id = :person_id
order by accesses.at desc, accesses.id desc
limit :per_page offset :skip;

-- name: listing_to_ask(listing_id, actor_id)^
-- a shown listing, with the introductions that a member has asked of it and of others
select
    listings.id, listings.name, listings.letters, listings.room, listings.email <> '' as takes_mail,
    coalesce(listings.person_id = :actor_id, false) as is_own,
    (
        select introductions.id from introductions
        where introductions.person_id = :actor_id and introductions.listing_id = listings.id
            and introductions.state in ('asked', 'accepted') and introductions.forgotten_at is null
    ) as open_id,
    (
        select max(introductions.expires_at) from introductions
        where introductions.person_id = :actor_id and introductions.listing_id = listings.id
            and introductions.state in ('full', 'not_a_fit') and introductions.expires_at > now()
    ) as no_until,
    (
        select count(*) from introductions
        where introductions.person_id = :actor_id and introductions.state in ('asked', 'accepted')
            and introductions.forgotten_at is null
    ) as open_count
from listings
where listings.id = :listing_id and listings.state = 'shown';

-- name: lock_person(id)!
-- a person, locked, so that their open introductions are counted right
select id from people where id = :id for no key update;

-- name: share_lock_listing(id)!
-- a listing, locked against being hidden or deleted before the introduction is committed
select id from listings where id = :id for share;

-- name: is_sent(id, actor_id)$
-- whether this very form was sent before
select exists (select from introductions where id = :id and person_id = :actor_id);

-- name: ask(id, actor_id, listing_id, name, kinds, call_name, reach, looking_for, own_words, token_hash, lifetime)^
-- a new introduction; no row when its id is taken
insert into introductions (
    id, person_id, listing_id, listing_name, told, call_name, reach, looking_for, own_words, token_hash, expires_at
)
values (
    :id, :actor_id, :listing_id, :name, :kinds::text [], :call_name, :reach, :looking_for, :own_words, :token_hash,
    now() + :lifetime::interval
)
on conflict (id) do nothing
returning id, expires_at;

-- name: recipient(listing_id)^
-- where the mail of an introduction goes
select email, name, person_id from listings where id = :listing_id;

-- name: set_mail(id, mail_id)!
-- the mail to the therapist
update introductions set mail_id = :mail_id where id = :id;

-- name: own_introductions(actor_id)
-- all introductions a member asked for, newest first
select
    introductions.id, introductions.state, introductions.told, introductions.created_at, introductions.answered_at,
    introductions.expires_at, introductions.ended_because, introductions.expires_at <= now() as over,
    coalesce(listings.name, introductions.listing_name) as listing_name, coalesce(listings.letters, '') as letters,
    coalesce(listings.state, '') = 'shown' as is_shown
from introductions left join listings on listings.id = introductions.listing_id
where introductions.person_id = :actor_id
order by introductions.created_at desc, introductions.id
limit 200;

-- name: own_introduction(id, actor_id)^
-- a member's own introduction, after its time without words; the other therapist only while they may be named
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
where introductions.id = :id and introductions.person_id = :actor_id;

-- name: lock_own(id, actor_id)^
-- a member's own introduction, locked
select
    introductions.id, introductions.person_id, introductions.listing_id, introductions.state, introductions.created_at,
    introductions.mail_id, introductions.forgotten_at, introductions.expires_at <= now() as over,
    coalesce(listings.name, introductions.listing_name) as listing_name, listings.email,
    listings.person_id as therapist_id
from introductions left join listings on listings.id = introductions.listing_id
where introductions.id = :id and introductions.person_id = :actor_id
for update of introductions;

-- name: lock_doubles(kept_id, gone_id)
-- of two open introductions of two accounts to one therapist, the one that is to end, locked, as lock_own has it
select
    introductions.id, introductions.person_id, introductions.listing_id, introductions.state, introductions.created_at,
    introductions.mail_id, introductions.forgotten_at, introductions.expires_at <= now() as over,
    coalesce(listings.name, introductions.listing_name) as listing_name, listings.email,
    listings.person_id as therapist_id
from introductions
join introductions as other on other.listing_id = introductions.listing_id
left join listings on listings.id = introductions.listing_id
where introductions.person_id in (:kept_id, :gone_id) and other.person_id in (:kept_id, :gone_id)
    and introductions.person_id <> other.person_id and introductions.state in ('asked', 'accepted')
    and other.state in ('asked', 'accepted') and introductions.forgotten_at is null and other.forgotten_at is null
    and case
        when introductions.state = other.state then introductions.person_id = :gone_id
        else introductions.state = 'asked'
    end
order by introductions.id
for update of introductions;

-- name: for_therapist(token_hash, id, actor_id)^
-- an introduction by the token of its mail or for the owner of its listing; with words only while it is open
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
        where own.id = :id::uuid and theirs.person_id = :actor_id::uuid
    )
);

-- name: lock_for_therapist(token_hash, id, actor_id)^
-- the same, locked for an answer
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
        where own.id = :id::uuid and theirs.person_id = :actor_id::uuid
    )
)
for update of introductions;

-- name: open_of_own_listing(actor_id)
-- the open introductions of a person's own listing
select
    introductions.id, introductions.state, introductions.created_at, introductions.expires_at, introductions.told,
    introductions.call_name
from introductions join listings on listings.id = introductions.listing_id
where
    listings.person_id = :actor_id and introductions.state in ('asked', 'accepted')
    and introductions.expires_at > now()
order by introductions.state desc, introductions.created_at desc, introductions.id;

-- name: answer(id, state, words, other_id)!
-- the answer of the therapist
update introductions
set state = :state, answered_at = now(), answer_words = :words, other_listing_id = :other_id::uuid
where id = :id;

-- name: finish(id, state, reason)!
-- withdrawn or ended, by the member or with the listing; the words are deleted
update introductions
set state = :state, ended_at = now(), ended_because = :reason, other_listing_id = null,
    call_name = '', reach = '', looking_for = '', own_words = '', answer_words = ''
where id = :id;

-- name: forget_words(id, state)!
-- delete words and token
update introductions
set state = :state, forgotten_at = now(), token_hash = null, other_listing_id = null,
    call_name = '', reach = '', looking_for = '', own_words = '', answer_words = ''
where id = :id;

-- name: delete_mail(id)^
-- delete the mail to the therapist; whether it was never sent
delete from mails where id = :id
returning state <> 'sent' and coalesce(claimed_until < now(), true) as unsent;

-- name: overdue(batch_size)
-- introductions past their time that still have words, each locked by one worker
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
limit :batch_size
for update of introductions skip locked;

-- name: unforgotten_of_listing(listing_id)
-- introductions of a listing that still have words, locked, with whether the member was notified that the page is gone
select
    introductions.id, introductions.person_id, introductions.listing_id, introductions.state,
    introductions.created_at, introductions.answered_at, introductions.mail_id,
    introductions.expires_at <= now() as over, listings.name as listing_name, listings.email,
    listings.person_id as therapist_id, people.email as member_email, people.name as member_name,
    exists (
        select from accesses
        where accesses.person_id = introductions.person_id and accesses.listing_id = introductions.listing_id
            and accesses.what = 'introduction.page_gone' and accesses.at >= introductions.created_at
    ) as is_notified
from introductions
join listings on listings.id = introductions.listing_id
join people on people.id = introductions.person_id
where introductions.listing_id = :listing_id and introductions.forgotten_at is null
order by introductions.id
for update of introductions;

-- name: keep_listing_name(listing_id)!
-- the name of a listing about to be deleted, for the members who shared something with it
with logged as (
    update accesses set listing_name = listings.name from listings
    where listings.id = :listing_id and accesses.listing_id = listings.id and accesses.listing_name = ''
        and accesses.what like 'introduction.%'
)

update introductions set listing_name = listings.name from listings
where listings.id = :listing_id and introductions.listing_id = listings.id and introductions.listing_name = '';

-- name: lock_listing_of(person_id)$
-- the listing of a person, locked
select id from listings where person_id = :person_id for no key update;

-- name: nameable_by_name(terms, except_ids, asked_first, max_rows)
-- listings that may be named whose names match; sorted first, so that may_be_named() runs for few of them
select
    named.id, named.name, named.letters, named.city, named.area, named.telehealth, named.in_person,
    licensed_areas(named.id) as licensed
from (
    select id, name, letters, city, area, telehealth, in_person, name_key from listings
    where state = 'shown' and search @@ name_query(:terms::text []) and not id = any(:except_ids::uuid [])
    order by name_key, id offset 0
) as named
where may_be_named(named.id, :asked_first::uuid)
order by named.name_key, named.id
limit :max_rows;

-- name: nameable(ids, asked_first)
-- those of these listings that may be named
select id, name, letters, city, area, telehealth, in_person, licensed_areas(id) as licensed from listings
where id = any(:ids::uuid []) and may_be_named(id, :asked_first::uuid)
order by name_key, id;

-- name: suggest(person_id, actor_id, listing_ids, words)$
-- a suggestion to a member; no row for the very same within 10 minutes, a second press of the button
insert into suggestions (person_id, made_by, listing_ids, words)
select :person_id::uuid, :actor_id::uuid, :listing_ids::uuid [], :words::text
where not exists (
    select from suggestions
    where person_id = :person_id::uuid and made_by = :actor_id::uuid and listing_ids = :listing_ids::uuid []
        and words = :words::text and created_at > now() - interval '10 minutes'
)
returning id;

-- name: suggestions(actor_id)
-- suggestions made to a person in the last 30 days, newest first, with the listings that still may be named
select
    suggestions.id, suggestions.words, suggestions.created_at, people.name as who_name,
    cardinality(suggestions.listing_ids) > 0 as named_somebody,
    array(
        select named.id from unnest(suggestions.listing_ids) with ordinality as named (id, place)
        where may_be_named(named.id, null) order by named.place
    ) as listing_ids
from suggestions left join people on people.id = suggestions.made_by
where suggestions.person_id = :actor_id and suggestions.created_at > now() - interval '30 days'
order by suggestions.created_at desc, suggestions.id;

-- name: delete_suggestion(id, actor_id)$
-- a suggestion deleted by the member it was made to
delete from suggestions where id = :id and person_id = :actor_id returning id;

-- name: delete_old_suggestions()
-- suggestions older than 30 days
delete from suggestions where created_at <= now() - interval '30 days' returning id, person_id;
