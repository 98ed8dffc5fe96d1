-- Run sheets: what a circle does with its time, step by step, and the copies that single gatherings have of it.

create table run_sheets (
    id uuid primary key default gen_random_uuid(),
    circle_id uuid not null references circles (id) on delete cascade,
    -- Null: the circle's own, for every gathering that has no copy.
    gathering_id uuid references gatherings (id) on delete cascade,
    version integer not null default 1,
    changed_by uuid references people (id) on delete set null,
    changed_at timestamptz not null default now()
);
create unique index run_sheet_once_per_circle on run_sheets (circle_id) where gathering_id is null;
create unique index run_sheet_once_per_gathering on run_sheets (gathering_id);
create index run_sheets_changed_by on run_sheets (changed_by);

create table run_steps (
    sheet_id uuid not null references run_sheets (id) on delete cascade,
    position smallint not null,
    title text not null,
    minutes smallint not null,
    words text not null default '',
    primary key (sheet_id, position),
    constraint run_step_position_counts check (position between 1 and 24),
    constraint run_step_title_length check (char_length(title) between 1 and 80),
    constraint run_step_minutes_sane check (minutes between 1 and 240),
    constraint run_step_words_length check (char_length(words) <= 1000)
);
