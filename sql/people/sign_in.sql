-- name: find_signed_in(token_hash)^
-- the person of a sign-in that has neither ended nor expired
select
    people.id, email, name, pronouns, zone, clock_hours, clock_chosen, is_facilitator, is_organizer,
    is_facilitator
    or exists (
        select from hosts where hosts.person_id = people.id and (hosts.part = 'helper' or people.is_organizer)
    ) as is_host,
    coalesce(unreached_addresses.because, '') as unreached, unreached_addresses.since as unreached_since
from sign_ins join people on people.id = sign_ins.person_id
left join unreached_addresses on unreached_addresses.address = people.email
where token_hash = :token_hash and ended_at is null and expires_at > now();

-- name: start_sign_in(person_id, token_hash, lasts)<!
-- a new sign-in; returns its id
insert into sign_ins (person_id, token_hash, expires_at)
values (:person_id, :token_hash, now() + :lasts::interval)
returning id;

-- name: end_sign_in(token_hash)^
-- end one sign-in
update sign_ins set ended_at = now()
where token_hash = :token_hash and ended_at is null
returning id, person_id;

-- name: end_every_sign_in(person_id)
-- end every sign-in of a person
update sign_ins set ended_at = now()
where person_id = :person_id and ended_at is null and expires_at > now()
returning id;

-- name: add_request(id, email, name, pronouns, zone, clock_hours, next_path, browser_hash, code_hash, link_hash, lasts)^
-- a request of a sign-in mail; returns whose address it is, or null, and when it ends
insert into sign_in_requests (
    id, email, person_id, name, pronouns, zone, clock_hours, next_path, browser_hash, code_hash, link_hash, expires_at
)
values (
    :id, :email, (select people.id from people where people.email = :email), :name, :pronouns, :zone, :clock_hours,
    :next_path, :browser_hash, :code_hash, :link_hash, now() + :lasts::interval
)
returning person_id, expires_at;

-- name: set_mail(id, mail_id)!
-- the mail with the code of a request
update sign_in_requests set mail_id = :mail_id where id = :id;

-- name: expire_requests(browser_hash)!
-- expire the earlier requests of a browser; what of their mail waits is not sent any more
with expired as (
    update sign_in_requests set expires_at = now()
    where browser_hash = :browser_hash and used_at is null and expires_at > now()
    returning mail_id
)

update mails set useful_until = now()
where id in (select mail_id from expired) and state = 'waiting';

-- name: latest_request(browser_hash)^
-- the latest request of a browser
select
    *, expires_at <= now() as expired,
    exists (select from mails where mails.id = sign_in_requests.mail_id and mails.state = 'refused') as mail_refused
from sign_in_requests
where browser_hash = :browser_hash order by created_at desc limit 1;

-- name: lock_latest_request(browser_hash)^
-- the latest request of a browser, locked so that tries are counted one after the other
select *, expires_at <= now() as expired from sign_in_requests
where browser_hash = :browser_hash order by created_at desc limit 1 for update;

-- name: request_of_link(link_hash)^
-- the request a link belongs to
select *, expires_at <= now() as expired from sign_in_requests where link_hash = :link_hash;

-- name: lock_request_of_link(link_hash)^
-- the request a link belongs to, locked so that a link is used once
select *, expires_at <= now() as expired from sign_in_requests where link_hash = :link_hash for update;

-- name: count_try(id)!
-- count one more wrong code
update sign_in_requests set tries = tries + 1 where id = :id;

-- name: mark_proven(id, browser_hash, lasts)!
-- the code or the link was right; a name is missing, to be given in this browser
update sign_in_requests
set proven_at = now(), browser_hash = :browser_hash, expires_at = now() + :lasts::interval
where id = :id;

-- name: mark_used(id, person_id)!
-- a browser was signed in by the request
update sign_in_requests
set proven_at = coalesce(proven_at, now()), used_at = now(), person_id = :person_id
where id = :id;

-- name: delete_old_requests()!
-- requests that expired a day ago
delete from sign_in_requests where expires_at < now() - interval '1 day';

-- name: delete_old_sign_ins()!
-- sign-ins that ended or expired a month ago
delete from sign_ins where least(expires_at, coalesce(ended_at, expires_at)) < now() - interval '30 days';
