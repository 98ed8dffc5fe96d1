-- Forms as they were sent: those sent without a sign-in, kept for an hour, and those that are done once.

-- What was typed can be read with the browser's cookie alone: the key is not stored.
create table kept_forms (
    token_hash bytea primary key,
    sealed bytea not null,
    person_id uuid references people on delete cascade,
    created_at timestamptz not null default now()
);
create index kept_forms_created_at on kept_forms (created_at);

-- The key is a hash over who sent what from which page. location: where the first sending led, once it was done.
create table sent_forms (
    key bytea primary key,
    location text,
    sent_at timestamptz not null default now()
);
create index sent_forms_sent_at on sent_forms (sent_at);
