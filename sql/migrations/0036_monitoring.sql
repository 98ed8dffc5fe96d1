-- What health checks and metrics read: which processes run, and how each entry of the timetable went.

create table processes (
    id uuid primary key,
    kind text not null,
    started_at timestamptz not null default now(),
    seen_at timestamptz not null default now(),
    -- its connections go through a pooler, which hands over no notifications to a worker
    pooled boolean not null default false,
    constraint process_has_a_kind check (kind in ('web', 'worker'))
);

create table timetable_entries (
    name text primary key,
    -- the next time at which it has to succeed; it stays in the past until a run succeeds
    due_at timestamptz not null,
    succeeded_at timestamptz,
    failed_at timestamptz,
    failures bigint not null default 0,
    -- the kind and place of the last exception, never its text
    failure text not null default ''
);
