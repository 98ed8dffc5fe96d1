-- name: write(kind, person_id, to_address, to_name, subject, text_body, html_body, calendar, calendar_method, reply_to, domain)<!
-- one outgoing mail; its Message-ID is made here and stays the same for every try
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
-- a mail that still has to go, claimed for a while against a second carrier; no row when it went or is being carried
update mails set claimed_until = now() + :hold
where id = :id and state = 'waiting' and (claimed_until is null or claimed_until < now())
returning *;

-- name: is_waiting(id)$
-- whether a mail still has to go
select exists (select from mails where id = :id and state = 'waiting');

-- name: let_go(id)!
-- the claim is given back after a passing fault
update mails set claimed_until = null where id = :id and state = 'waiting';

-- name: mark_sent(id)!
-- it went out
update mails set state = 'sent', sent_at = now(), claimed_until = null where id = :id and state = 'waiting';

-- name: mark_refused(id)!
-- the other side refused it for good
update mails set state = 'refused', claimed_until = null where id = :id and state = 'waiting';

-- name: forget_old()!
-- what was written a month ago is forgotten, whatever became of it, and sign-in mail after a day
delete from mails
where created_at < now() - interval '30 days' or (kind = 'sign_in' and created_at < now() - interval '1 day');

-- name: recent(most)
-- the newest mails, for the practice mailbox
select id, kind, to_address, to_name, subject, calendar_method, state, created_at
from mails order by created_at desc, id limit :most;

-- name: one(id)^
-- one mail, whole
select * from mails where id = :id;
