-- People and how they sign in.

create table people (
    id uuid primary key default gen_random_uuid(),
    email text not null,
    name text not null,
    pronouns text not null default '',
    zone text not null default '',
    is_facilitator boolean not null default false,
    is_organizer boolean not null default false,
    about text not null default '',
    created_at timestamptz not null default now(),
    constraint person_email_tidy check (email = lower(email) and email ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
    constraint person_name_length check (char_length(name) between 1 and 80),
    constraint person_pronouns_length check (char_length(pronouns) <= 40),
    constraint person_about_length check (char_length(about) <= 2000)
);
create unique index person_email_once on people (email);

-- A facilitator's training and credentials, as shown beside their circles.
create table credentials (
    id uuid primary key default gen_random_uuid(),
    person_id uuid not null references people (id) on delete cascade,
    kind text not null,
    body text not null,
    year smallint,
    constraint credential_kind_length check (char_length(kind) between 1 and 120),
    constraint credential_body_length check (char_length(body) between 1 and 120),
    constraint credential_year_sane check (year between 1950 and 2100)
);
create index credentials_person on credentials (person_id);

-- One asking for a sign-in mail. person_id is null while nobody has the address yet.
create table sign_in_requests (
    id uuid primary key default gen_random_uuid(),
    email text not null,
    person_id uuid references people (id) on delete cascade,
    name text not null default '',
    pronouns text not null default '',
    zone text not null default '',
    next_path text not null default '',
    browser_hash bytea not null,
    code_hash bytea not null,
    link_hash bytea not null,
    tries smallint not null default 0,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    -- proven: the code or the link was right, once. used: a browser was signed in by it. Between the two
    -- somebody new says what they want to be called.
    proven_at timestamptz,
    used_at timestamptz,
    constraint sign_in_tries_limited check (tries between 0 and 5),
    constraint sign_in_used_is_proven check (used_at is null or proven_at is not null)
);
create unique index sign_in_link_once on sign_in_requests (link_hash);
create index sign_in_browser on sign_in_requests (browser_hash, created_at desc);
create index sign_in_requests_expiry on sign_in_requests (expires_at);

-- A signed-in browser.
create table sign_ins (
    id uuid primary key default gen_random_uuid(),
    person_id uuid not null references people (id) on delete cascade,
    token_hash bytea not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    ended_at timestamptz
);
create unique index sign_in_token_once on sign_ins (token_hash);
create index sign_ins_person on sign_ins (person_id) where ended_at is null;
create index sign_ins_expiry on sign_ins (expires_at);
