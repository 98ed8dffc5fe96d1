-- What people answered to an invite in their calendar program, as far as the mailbox of the invites is read.

create table invite_replies (
    invite_id uuid primary key references invites (id) on delete cascade,
    answer text not null,
    -- SEQUENCE of the entry that was answered, and the time of the answer on the clock of whoever answered.
    sequence integer not null,
    answered_at timestamptz not null,
    received_at timestamptz not null default now(),
    -- How many mails with a button that gives the seat back were sent for it.
    mails smallint not null default 0,
    constraint invite_reply_answer_known check (answer in ('accepted', 'tentative', 'declined'))
);

-- How far a mailbox was read: RFC 3501, 2.3.1.1. Its UIDs rise, as long as its validity stays the same.
create table reply_mailboxes (
    name text primary key,
    validity bigint not null,
    last_uid bigint not null,
    read_at timestamptz not null default now()
);
