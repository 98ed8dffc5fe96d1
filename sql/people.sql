-- name: signed_in(token_hash)^
-- the person whose browser holds a sign-in that has neither ended nor expired
select people.id, email, name, pronouns, zone, is_facilitator, is_organizer
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
    people.id, name, pronouns, about,
    coalesce(
        (
            select jsonb_agg(
                jsonb_build_object('id', credentials.id, 'kind', kind, 'body', body, 'year', year)
                order by year desc nulls last, kind, credentials.id
            )
            from credentials where person_id = people.id
        ),
        '[]'
    ) as credentials
from people where people.id = any(:ids::uuid[]);
