-- The register, and who took which export.

create table attendance (
    booking_id uuid primary key references bookings (id),
    mark text not null,
    marked_by uuid references people (id) on delete set null,
    marked_at timestamptz not null default now(),
    constraint attendance_mark_known check (mark in ('came', 'absent', 'excused'))
);

create table exports (
    id uuid primary key default gen_random_uuid(),
    what text not null,
    who uuid references people (id) on delete set null,
    at timestamptz not null default now(),
    filters jsonb not null,
    row_count integer,
    finished_at timestamptz
);
create index exports_at on exports (at desc);
