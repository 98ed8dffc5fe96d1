-- Mail that does not arrive: until when it is worth sending, and the addresses that it did not reach.

-- Null: five days. expired: it was not sent while it was of use.
alter table mails add column useful_until timestamptz;
-- squawk-ignore ban-drop-constraint
alter table mails drop constraint mail_state_known;
alter table mails add constraint mail_state_known check (state in ('waiting', 'sent', 'refused', 'expired'));
-- squawk-ignore require-concurrent-index-creation
create index mails_waiting on mails (created_at) where state = 'waiting';

-- The mail with the code; a code that ended is not mailed any more.
alter table sign_in_requests add column mail_id uuid;

-- An address that mail does not reach at the moment. The row goes once a mail to it is accepted. It belongs to whoever
-- has the address, and so to nobody after they change it.
create table unreached_addresses (
    address text primary key,
    because text not null,
    since timestamptz not null default now(),
    constraint unreached_because_known check (because in ('refused', 'full', 'expired'))
);
