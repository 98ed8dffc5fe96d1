-- Guidelines that bind: drafts, what a new version changes and why, and who was asked to read them again.

-- material: whoever has a seat ahead is asked again; why: one line from the publisher.
alter table guidelines_versions add column material boolean not null default false;
alter table guidelines_versions add column why text not null default '';
alter table guidelines_versions add constraint guidelines_why_length check (char_length(why) <= 200) not valid;
alter table guidelines_versions add constraint guidelines_material_has_why check (not material or why <> '') not valid;

create or replace function refuse_new_words() returns trigger language plpgsql as $$
begin
    if (new.body, new.number, new.guidelines_id, new.material, new.why, new.published_at)
        is distinct from (old.body, old.number, old.guidelines_id, old.material, old.why, old.published_at) then
        raise exception 'a published version never changes' using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end
$$;

-- One text in the making for each set of guidelines. The revision rises each time it is saved, so that two who
-- write at once notice each other.
create table guidelines_drafts (
    guidelines_id uuid primary key references guidelines (id) on delete cascade,
    body text not null,
    revision integer not null default 1,
    saved_at timestamptz not null default now(),
    saved_by uuid references people (id) on delete set null,
    constraint guidelines_draft_length check (char_length(body) between 1 and 20000)
);

-- Who was mailed about which material change, so that nobody is mailed twice.
create table guidelines_asked (
    person_id uuid not null references people (id) on delete cascade,
    version_id uuid not null references guidelines_versions (id),
    asked_at timestamptz not null default now(),
    primary key (person_id, version_id)
);

-- The newest material version of some guidelines that a person has not agreed to, nor to a later one. It is worked
-- out and never stored: whatever way somebody agrees, nothing is left to clear.
create function must_agree_to(person uuid, guidelines uuid) returns uuid language sql stable parallel safe
return (
    select changed.id from guidelines_versions as changed
    where changed.guidelines_id = guidelines and changed.material and changed.number > coalesce((
        select max(agreed.number)
        from acceptances join guidelines_versions as agreed on agreed.id = acceptances.version_id
        where acceptances.person_id = person and agreed.guidelines_id = guidelines
    ), 0)
    order by changed.number desc limit 1
);
