-- What keeps strangers from guessing codes, and from using up the allowance of the person whose address they type.

-- How many digits the code of a request has: more after wrong ones.
alter table sign_in_requests add column code_digits smallint not null default 6;

-- Browsers in which an account was signed in before. A browser has one key for all its accounts, in a cookie; what is
-- stored is hashed with the account's id, so that the rows of two people do not show that they share a browser.
create table known_browsers (
    id uuid primary key default gen_random_uuid(),
    person_id uuid not null references people (id) on delete cascade,
    key_hash bytea not null,
    created_at timestamptz not null default now(),
    used_at timestamptz not null default now(),
    constraint known_browser_once unique (key_hash)
);
create index known_browsers_person on known_browsers (person_id);
create index known_browsers_use on known_browsers (used_at);

-- Wrong codes of an address, whether or not somebody has it, except those that a right one followed in the same browser.
create table code_failures (
    address_hash bytea primary key,
    failures integer not null default 0,
    changed_at timestamptz not null default now(),
    -- The last mail that said so.
    told_at timestamptz,
    constraint code_failures_counted check (failures >= 0)
);
create index code_failures_age on code_failures (changed_at);
