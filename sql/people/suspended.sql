-- name: suspend(person_id)!
-- an account is suspended: it has no role and no mail about hosting from now on
update people set suspended_at = now(), is_facilitator = false, is_organizer = false where id = :person_id;

-- name: sign_out(person_id)
-- end every sign-in of a person, with the codes that were sent, the browsers that are known and the forms that were kept
with requests as (
    update sign_in_requests set expires_at = now()
    where person_id = :person_id and used_at is null and expires_at > now()
    returning mail_id
), mailed as (
    update mails set useful_until = now()
    where id in (select mail_id from requests) and state = 'waiting'
), browsers as (
    delete from known_browsers where person_id = :person_id
), forms as (
    delete from kept_forms where person_id = :person_id
)
update sign_ins set ended_at = now()
where person_id = :person_id and ended_at is null and expires_at > now()
returning id;

-- name: end_feed(person_id)!
-- the addresses of a person's calendar feeds end; the next ones are others
update feeds set
    number = feeds.number + 1, token_hash = sha256(uuid_send(gen_random_uuid())), former_hashes = '{}', created_at = now()
where person_id = :person_id;

-- name: lift(person_id)!
-- an account can sign in again
update people set suspended_at = null where id = :person_id;

-- name: current(person_id)^
-- the suspension of a person as they may read it
select
    people.suspended_at as since, suspensions.until,
    case when suspensions.shares_reason then suspensions.reason else '' end as reason
from people join suspensions on suspensions.person_id = people.id and suspensions.state = 'active'
where people.id = :person_id and people.suspended_at is not null;

-- name: is_suspended(person_id)$
-- whether a person is suspended
select suspended_at is not null from people where id = :person_id;

-- name: stays_suspended(person_id)$
-- the same, their row locked so that it stays so
select suspended_at is not null from people where id = :person_id for share;
