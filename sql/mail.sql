-- name: write(kind, person_id, to_address, to_name, subject, text_body, html_body, calendar, calendar_method, domain)<!
-- one outgoing mail; its Message-ID is made here and stays the same for every try
insert into mails (
    kind, person_id, to_address, to_name, subject, text_body, html_body, calendar, calendar_method, message_id
)
values (
    :kind, :person_id, :to_address, :to_name, :subject, :text_body, :html_body, :calendar, :calendar_method,
    '<' || gen_random_uuid() || '@' || :domain || '>'
)
returning id;

-- name: lock_waiting(id)^
-- a mail that still has to go, locked against a second carrier
select * from mails where id = :id and state = 'waiting' for update skip locked;

-- name: mark_sent(id)!
-- it went out
update mails set state = 'sent', sent_at = now() where id = :id;

-- name: mark_refused(id)!
-- the other side refused it for good
update mails set state = 'refused' where id = :id;

-- name: forget_old()!
-- what went out a month ago is forgotten
delete from mails where created_at < now() - interval '30 days' and state <> 'waiting';

-- name: recent(most)
-- the newest mails, for the practice mailbox
select id, kind, to_address, to_name, subject, calendar_method, state, created_at
from mails order by created_at desc, id limit :most;

-- name: one(id)^
-- one mail, whole
select * from mails where id = :id;
