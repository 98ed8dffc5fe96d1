-- Guidelines: versioned texts, and who agreed to which version.

create table guidelines (
    id uuid primary key default gen_random_uuid(),
    created_at timestamptz not null default now()
);

-- convert_to() counts as changeable because encodings can be redefined; for UTF8 it never changes.
create function words_hash(words text) returns bytea language sql immutable strict parallel safe
return sha256(convert_to(words, 'UTF8'));

create table guidelines_versions (
    id uuid primary key default gen_random_uuid(),
    guidelines_id uuid not null references guidelines (id),
    number integer not null,
    body text not null,
    sha256 bytea not null generated always as (words_hash(body)) stored,
    published_at timestamptz not null default now(),
    published_by uuid references people (id) on delete set null,
    constraint guidelines_number_once unique (guidelines_id, number),
    constraint guidelines_number_counts check (number >= 1),
    constraint guidelines_body_length check (char_length(body) between 1 and 20000)
);

create function refuse_new_words() returns trigger language plpgsql as $$
begin
    if new.body is distinct from old.body or new.number <> old.number then
        raise exception 'a published version never changes' using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end
$$;
create trigger guidelines_versions_fixed before update on guidelines_versions
for each row execute function refuse_new_words();

create table acceptances (
    id uuid primary key default gen_random_uuid(),
    person_id uuid not null references people (id) on delete cascade,
    version_id uuid not null references guidelines_versions (id),
    sha256 bytea not null,
    accepted_at timestamptz not null default now(),
    constraint accepted_once unique (person_id, version_id)
);
