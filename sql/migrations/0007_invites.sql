-- Invites: the calendar identity of one person's place at one gathering, and the private feeds.

-- One row per person and gathering, so that booking again after cancelling goes on with the same UID.
create table invites (
    id uuid primary key default gen_random_uuid(),
    gathering_id uuid not null references gatherings (id),
    person_id uuid not null references people (id),
    uid text not null,
    sequence integer not null default 0,
    changed_at timestamptz not null default now(),
    constraint invite_once unique (gathering_id, person_id),
    constraint invite_uid_once unique (uid),
    constraint invite_sequence_counts check (sequence >= 0)
);
create index invites_person on invites (person_id);

-- What was mailed for a booking. A mail in words alone, without a calendar, has no sequence.
create table sendings (
    id bigint generated always as identity primary key,
    invite_id uuid not null references invites (id) on delete cascade,
    booking_id uuid not null references bookings (id),
    method text not null,
    sequence integer,
    facts text not null,
    sent_at timestamptz not null default now(),
    constraint sending_method_known check (method in ('REQUEST', 'CANCEL')),
    constraint sending_sequence_counts check (sequence >= 0),
    constraint sending_sequence_once unique (invite_id, sequence),
    constraint sending_request_has_calendar check (method <> 'REQUEST' or sequence is not null)
);
create unique index sending_withdrawn_once on sendings (booking_id) where method = 'CANCEL';
create index sendings_invite on sendings (invite_id, id);

-- The feed's token is derived from the secret, the person and the number; only its hash is stored.
create table feeds (
    person_id uuid primary key references people (id) on delete cascade,
    number integer not null default 1,
    token_hash bytea not null,
    created_at timestamptz not null default now()
);
create unique index feed_token_once on feeds (token_hash);
