-- name: add(kind, person_id, to_address, to_name, subject, text_body, html_body, calendar, calendar_method, reply_to, domain)<!
-- add an outgoing mail; its Message-ID is the same in every attempt
insert into mails (
    kind, person_id, to_address, to_name, subject, text_body, html_body, calendar, calendar_method, reply_to,
    message_id
)
values (
    :kind, :person_id, :to_address, :to_name, :subject, :text_body, :html_body, :calendar, :calendar_method,
    :reply_to,
    '<' || gen_random_uuid() || '@' || :domain || '>'
)
returning id;

-- name: claim(id, hold)^
-- claim a waiting mail for a while against a second worker; no row when it was sent or is claimed
update mails set claimed_until = now() + :hold
where id = :id and state = 'waiting' and (claimed_until is null or claimed_until < now())
returning *;

-- name: is_waiting(id)$
-- whether a mail is waiting
select exists (select from mails where id = :id and state = 'waiting');

-- name: release_claim(id)!
-- release the claim after a temporary error
update mails set claimed_until = null where id = :id and state = 'waiting';

-- name: mark_sent(id)!
-- the mail was sent
update mails set state = 'sent', sent_at = now(), claimed_until = null where id = :id and state = 'waiting';

-- name: mark_refused(id)!
-- the server refused the mail permanently
update mails set state = 'refused', claimed_until = null where id = :id and state = 'waiting';

-- name: delete_old()!
-- mails a month old, in any state, and sign-in mails a day old
delete from mails
where created_at < now() - interval '30 days' or (kind = 'sign_in' and created_at < now() - interval '1 day');

-- name: recent(limit)
-- the newest mails, for the practice mailbox
select id, kind, to_address, to_name, subject, calendar_method, state, created_at
from mails order by created_at desc, id limit :limit;

-- name: one(id)^
-- one mail
select * from mails where id = :id;
