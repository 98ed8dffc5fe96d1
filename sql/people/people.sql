-- name: signed_in(token_hash)^
-- the person whose browser holds a sign-in that has neither ended nor expired
select
    people.id, email, name, pronouns, zone, is_facilitator, is_organizer,
    is_facilitator
    or exists (
        select from hosts where hosts.person_id = people.id and (hosts.part = 'helper' or people.is_organizer)
    ) as is_host
from sign_ins join people on people.id = sign_ins.person_id
where token_hash = :token_hash and ended_at is null and expires_at > now();

-- name: start_sign_in(person_id, token_hash, lasts)<!
-- a newly signed-in browser
insert into sign_ins (person_id, token_hash, expires_at)
values (:person_id, :token_hash, now() + :lasts::interval)
returning id;

-- name: end_sign_in(token_hash)^
-- one browser signs out
update sign_ins set ended_at = now()
where token_hash = :token_hash and ended_at is null
returning id, person_id;

-- name: end_every_sign_in(person_id)
-- every browser of a person signs out
update sign_ins set ended_at = now()
where person_id = :person_id and ended_at is null and expires_at > now()
returning id;

-- name: by_ids(ids)
-- people by their ids
select id, email, name, pronouns, zone, is_facilitator, is_organizer from people where id = any(:ids::uuid[]);

-- name: by_email(email)^
-- the person with an address
select id, email, name, pronouns, zone, is_facilitator, is_organizer from people where email = :email;

-- name: profiles(ids)
-- what circle pages say of facilitators, with their credentials, newest first
select
    people.id, name, pronouns, about, approach, languages,
    people.is_facilitator
    or (
        people.is_organizer
        and exists (select from hosts where hosts.person_id = people.id and hosts.part <> 'helper')
    ) as has_page,
    coalesce((select hash from pictures where pictures.person_id = people.id), '') as picture,
    coalesce(
        (
            select jsonb_agg(
                jsonb_build_object(
                    'id', credentials.id, 'kind', kind, 'body', body, 'year', year, 'link', link,
                    'seen_at', seen_at, 'version', version
                )
                order by year desc nulls last, kind, credentials.id
            )
            from credentials where person_id = people.id
        ),
        '[]'
    ) as credentials
from people where people.id = any(:ids::uuid[]);

-- name: ask(id, email, name, pronouns, zone, next_path, browser_hash, code_hash, link_hash, lasts)<!
-- one asking for a sign-in mail; answers whose address it is, or null
insert into sign_in_requests (
    id, email, person_id, name, pronouns, zone, next_path, browser_hash, code_hash, link_hash, expires_at
)
values (
    :id, :email, (select people.id from people where people.email = :email), :name, :pronouns, :zone, :next_path,
    :browser_hash, :code_hash, :link_hash, now() + :lasts::interval
)
returning person_id;

-- name: forget_asked(browser_hash)!
-- a newer asking takes the place of what this browser asked before
update sign_in_requests set expires_at = now()
where browser_hash = :browser_hash and used_at is null and expires_at > now();

-- name: asked(browser_hash)^
-- what a browser asked last
select *, expires_at <= now() as expired from sign_in_requests
where browser_hash = :browser_hash order by created_at desc limit 1;

-- name: lock_asked(browser_hash)^
-- what a browser asked last, locked so that tries are counted one after the other
select *, expires_at <= now() as expired from sign_in_requests
where browser_hash = :browser_hash order by created_at desc limit 1 for update;

-- name: linked(link_hash)^
-- the asking a link in a mail belongs to
select *, expires_at <= now() as expired from sign_in_requests where link_hash = :link_hash;

-- name: lock_linked(link_hash)^
-- the same, locked so that a link is used once
select *, expires_at <= now() as expired from sign_in_requests where link_hash = :link_hash for update;

-- name: count_try(id)!
-- one more wrong code
update sign_in_requests set tries = tries + 1 where id = :id;

-- name: prove(id, browser_hash, lasts)!
-- the code or the link was right, and now a name is asked, in the browser that showed it
update sign_in_requests
set proven_at = now(), browser_hash = :browser_hash, expires_at = now() + :lasts::interval
where id = :id;

-- name: use(id, person_id)!
-- a browser was signed in by it
update sign_in_requests
set proven_at = coalesce(proven_at, now()), used_at = now(), person_id = :person_id
where id = :id;

-- name: join(email, name, pronouns, zone)^
-- a new person, or the one who has the address already
insert into people (email, name, pronouns, zone) values (:email, :name, :pronouns, :zone)
on conflict (email) do update set email = excluded.email
returning id, email, name, pronouns, zone, is_facilitator, is_organizer, xmax = 0 as is_new;

-- name: keep_zone(id, zone)!
-- the zone of a person who has told none so far
update people set zone = :zone where id = :id and zone = '';

-- name: forget_old_asked()!
-- askings a day past their time
delete from sign_in_requests where expires_at < now() - interval '1 day';

-- name: forget_old_sign_ins()!
-- browsers signed out or run out a month ago
delete from sign_ins where least(expires_at, coalesce(ended_at, expires_at)) < now() - interval '30 days';

-- name: change_me(id, name, pronouns, zone, about, approach, languages)^
-- a person changes what is said of them; the words about them stay as they are unless they are a facilitator
update people
set name = :name, pronouns = :pronouns, zone = :zone,
    about = case when is_facilitator then :about else about end,
    approach = case when is_facilitator then :approach else approach end,
    languages = case when is_facilitator then :languages else languages end
where id = :id
returning id;

-- name: add_credential(person_id, kind, body, year, link, most)<!
-- one more training of a facilitator, while they have fewer than the most allowed
insert into credentials (person_id, kind, body, year, link)
select id, :kind, :body, :year, :link from people
where id = :person_id and is_facilitator
    and (select count(*) from credentials where person_id = people.id) < :most
returning id;

-- name: remove_credential(id, person_id)<!
-- a training taken away by the person it belongs to
delete from credentials where id = :id and person_id = :person_id returning id;

-- name: own_credential(id, person_id)^
-- a training, for the person it belongs to
select id, kind, body, year, link from credentials where id = :id and person_id = :person_id;

-- name: change_credential(id, person_id, kind, body, year, link)^
-- a training is changed by the person it belongs to; what an organizer saw is no longer what stands there
update credentials
set kind = :kind, body = :body, year = :year, link = :link,
    version = version + 1, seen_at = null, seen_by = null
from (select earlier.id, earlier.seen_at from credentials as earlier where earlier.id = :id for update) as before
where credentials.id = before.id and person_id = :person_id
returning credentials.id, before.seen_at is not null as was_seen;

-- name: see_credential(id, version, who, on)^
-- an organizer saw the papers of somebody elses training as it stands, or takes that word back
update credentials
set seen_at = case when :on::boolean then now() end, seen_by = case when :on::boolean then :who::uuid end
where id = :id and version = :version and person_id <> :who
    and exists (select from people where people.id = :who and people.is_organizer)
returning id, person_id;

-- name: credential_owner(id)$
-- whose training it is
select person_id from credentials where id = :id;

-- name: keep_picture(person_id, hash, jpeg)^
-- the picture of a facilitator, in the place of the one before
insert into pictures (person_id, hash, jpeg)
select people.id, :hash, :jpeg from people where people.id = :person_id and people.is_facilitator
on conflict (person_id) do update set hash = excluded.hash, jpeg = excluded.jpeg, created_at = now()
returning person_id;

-- name: drop_picture(person_id)^
-- initials again
delete from pictures where person_id = :person_id returning hash;

-- name: picture(hash)$
-- the bytes of a picture
select jpeg from pictures where hash = :hash limit 1;

-- name: own_picture(person_id)$
-- the address of a picture
select hash from pictures where person_id = :person_id;

-- name: count_people(words, part)$
-- how many people match a search
select count(*) from people
where (:words = '' or strpos(lower(name), :words) > 0 or strpos(email, :words) > 0)
    and (:part = '' or (:part = 'facilitator' and is_facilitator) or (:part = 'organizer' and is_organizer));

-- name: list_people(words, part, most, skip)
-- one page of the people who match a search
select id, email, name, pronouns, zone, is_facilitator, is_organizer from people
where (:words = '' or strpos(lower(name), :words) > 0 or strpos(email, :words) > 0)
    and (:part = '' or (:part = 'facilitator' and is_facilitator) or (:part = 'organizer' and is_organizer))
order by lower(name), email limit :most offset :skip;

-- name: lock_organizers()
-- every organizer, locked so that two cannot take each other away at once
select id from people where is_organizer order by id for update;

-- name: lock_person(id)^
-- one person, locked
select id, email, name, pronouns, zone, is_facilitator, is_organizer from people where id = :id for update;

-- name: set_parts(id, is_facilitator, is_organizer)!
-- the parts a person has in the community
update people set is_facilitator = :is_facilitator, is_organizer = :is_organizer where id = :id;

-- name: access_needs(id)$
-- what somebody wants the hosts of their gatherings to know
select access_needs from people where id = :id;

-- name: tell_access_needs(id, words)!
-- they say it anew, or take it back
update people set access_needs = :words where id = :id;
