-- What hosts write to those booked at a gathering.

-- A message is written as a draft, looked at as the mail it will be, and sent once; then it stays on record.
create table messages (
    id uuid primary key,
    gathering_id uuid not null references gatherings (id) on delete cascade,
    -- Null: everybody who has a seat when it is sent.
    booking_id uuid references bookings (id),
    written_by uuid references people (id) on delete set null,
    body text not null,
    -- Where answers go. It stands on the message, so that the record says where they went.
    reply_to text not null default '',
    state text not null default 'draft',
    mails smallint not null default 0,
    created_at timestamptz not null default now(),
    sent_at timestamptz,
    constraint message_state_known check (state in ('draft', 'sent')),
    constraint message_sent_has_time check ((state = 'sent') = (sent_at is not null)),
    constraint message_sent_to_somebody check ((state = 'sent') = (mails > 0)),
    constraint message_to_one_is_one check (booking_id is null or mails <= 1),
    constraint message_body_length check (char_length(body) between 1 and 5000),
    constraint message_reply_to_length check (char_length(reply_to) <= 254)
);
create index messages_gathering on messages (gathering_id, sent_at desc);
create index messages_booking on messages (booking_id) where booking_id is not null;
create index messages_written_by on messages (written_by, created_at desc);

-- The address that answers to a mail go to; empty: nobody reads them.
alter table mails add column reply_to text not null default '';
