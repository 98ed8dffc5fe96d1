-- The register, and who took which export.

create table attendance (
    booking_id uuid primary key references bookings (id),
    mark text not null,
    marked_by uuid references people (id) on delete set null,
    marked_at timestamptz not null default now(),
    constraint attendance_mark_known check (mark in ('came', 'absent', 'excused'))
);

-- The register opens a little before the start, when a seat can still be given back: then its mark goes too.
create function leave_register() returns trigger language plpgsql as $$
begin
    delete from attendance where booking_id = old.id;
    return null;
end
$$;
create trigger bookings_leave_register after update of state on bookings
for each row when (old.state = 'confirmed' and new.state <> 'confirmed') execute function leave_register();

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

-- A moment on the clocks of a zone with its offset from UTC (RFC 3339): 2026-11-24T18:00:00-05:00.
create function iso_time(at timestamptz, zone text) returns text language sql stable strict parallel safe
return to_char(at at time zone zone, 'YYYY-MM-DD"T"HH24:MI:SS')
    || case when at at time zone zone < at at time zone 'UTC' then '-' else '+' end
    || to_char(
        greatest(at at time zone zone, at at time zone 'UTC') - least(at at time zone zone, at at time zone 'UTC'),
        'HH24:MI'
    );
