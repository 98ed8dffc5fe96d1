-- What the hosts of a gathering keep for themselves afterwards.

create table reflections (
    gathering_id uuid primary key references gatherings (id) on delete cascade,
    went_well text not null default '',
    carry_on text not null default '',
    version integer not null default 1,
    changed_by uuid references people (id) on delete set null,
    changed_at timestamptz not null default now(),
    constraint reflection_went_well_length check (char_length(went_well) <= 2000),
    constraint reflection_carry_on_length check (char_length(carry_on) <= 2000),
    constraint reflection_says_something check (went_well || carry_on <> '')
);
create index reflections_changed_by on reflections (changed_by);
