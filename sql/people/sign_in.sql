-- name: find_signed_in(token_hash)^
-- the person of a sign-in that has neither ended nor expired, and the version of the community's settings in force
select
    people.id, email, name, pronouns, zone, clock_hours, clock_chosen, is_facilitator, is_organizer,
    is_facilitator
    or exists (
        select from hosts where hosts.person_id = people.id and (hosts.part = 'helper' or people.is_organizer)
    ) as is_host,
    coalesce(unreached_addresses.because, '') as unreached, unreached_addresses.since as unreached_since,
    coalesce((select max(number) from community_versions), 0) as community_number
from sign_ins join people on people.id = sign_ins.person_id
left join unreached_addresses on unreached_addresses.address = people.email
where token_hash = :token_hash and ended_at is null and expires_at > now() and people.suspended_at is null;

-- name: start_sign_in(person_id, token_hash, lasts)<!
-- a new sign-in; returns its id, nothing for somebody who is suspended. The lock makes it wait for a suspension just being made
insert into sign_ins (person_id, token_hash, expires_at)
select allowed.id, :token_hash, now() + :lasts::interval
from (select people.id from people where people.id = :person_id and people.suspended_at is null for share) as allowed
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

-- name: known_browser(email, key)^
-- whether the account of an address was signed in before in the browser with this key
select
    (
        select known_browsers.id from known_browsers join people on people.id = known_browsers.person_id
        where people.id = account_of(:email) and key_hash = sha256(:key::bytea || uuid_send(people.id))
    ) as id;

-- name: know_browser(person_id, key)!
-- note that an account was signed in in the browser with this key
insert into known_browsers (person_id, key_hash) values (:person_id, sha256(:key::bytea || uuid_send(:person_id)))
on conflict (key_hash) do update set used_at = now();

-- name: forget_browsers(person_id)!
-- from now on no browser is known to a person's account
delete from known_browsers where person_id = :person_id;

-- name: delete_old_browsers(lasts)!
-- browsers whose cookie is over
delete from known_browsers where used_at < now() - :lasts::interval;

-- name: failures(address_hash)$
-- the wrong codes of an address
select failures from code_failures where address_hash = :address_hash;

-- name: lock_failures(address_hash)$
-- the wrong codes of an address, locked so that codes of several requests are judged one after the other
insert into code_failures as kept (address_hash) values (:address_hash)
on conflict (address_hash) do update set failures = kept.failures
returning failures;

-- name: count_failure(address_hash)!
-- count one more wrong code
update code_failures set failures = failures + 1, changed_at = now() where address_hash = :address_hash;

-- name: forgive_failures(address_hash, tries)!
-- the wrong codes of one request that a right one followed do not count
update code_failures set failures = greatest(failures - :tries, 0) where address_hash = :address_hash;

-- name: may_tell(address_hash)$
-- once a day: note that a person is told of wrong codes; null where they were already
update code_failures set told_at = now()
where address_hash = :address_hash and (told_at is null or told_at < now() - interval '1 day')
returning failures;

-- name: delete_old_failures(lasts)!
-- wrong codes of long ago
delete from code_failures where changed_at < now() - :lasts::interval;

-- name: person_of_request(id)^
-- who has the address that a code was asked for, if anybody
select people.id, people.email from sign_in_requests join people on people.id = account_of(sign_in_requests.email)
where sign_in_requests.id = :id;

-- name: add_request(id, email, name, pronouns, zone, clock_hours, next_path, browser_hash, code_hash, code_digits, link_hash, lasts)^
-- a request of a sign-in mail; returns whose address it is, or null, and when it ends
insert into sign_in_requests (
    id, email, person_id, name, pronouns, zone, clock_hours, next_path, browser_hash, code_hash, code_digits,
    link_hash, expires_at
)
values (
    :id, :email, account_of(:email), :name, :pronouns, :zone, :clock_hours,
    :next_path, :browser_hash, :code_hash, :code_digits, :link_hash, now() + :lasts::interval
)
returning person_id, expires_at;

-- name: set_mail(id, mail_id)!
-- the mail with the code of a request
update sign_in_requests set mail_id = :mail_id where id = :id;

-- name: expire_requests(browser_hash, email)!
-- expire the earlier requests of a browser for an address; what of their mail waits is not sent any more. Those for another
-- address stay: they are of use to nobody but who reads that mail, who may have no other way to sign in just now
with earlier as (
    update sign_in_requests set expires_at = now()
    where browser_hash = :browser_hash and email = :email and used_at is null and expires_at > now()
    returning mail_id
)

update mails set useful_until = now()
where id in (select mail_id from earlier) and state = 'waiting';

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
