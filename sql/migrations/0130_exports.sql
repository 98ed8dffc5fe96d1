-- Exports: what each file held and for what, files that jobs make, presets, and the totals that were given out.

-- depth: how much a file says of people. made_by: a page that streamed it, a job, or a command. read_at: the moment whose rows it
-- has. gatherings: those it covers, where they were chosen otherwise than by dates and circles. hosts: the facilitators it names.
alter table exports
add column depth text not null default 'named',
add column purpose text not null default '',
add column format text not null default 'csv',
add column made_by text not null default 'page',
add column columns text [] not null default '{}',
add column read_at timestamptz default now(),
add column gatherings uuid [],
add column hosts uuid [],
add constraint export_depth_known check (depth in ('totals', 'pseudonymous', 'named')) not valid,
add constraint export_format_known check (format in ('csv', 'csv_semicolon', 'xlsx', 'jsonl')) not valid,
add constraint export_maker_known check (made_by in ('page', 'job', 'command')) not valid,
add constraint export_purpose_length check (char_length(purpose) <= 500) not valid;
update exports set read_at = at;
-- squawk-ignore require-concurrent-index-creation
create index exports_who on exports (who, at desc);

-- A file that a job makes. attempt: the run that may write, so that one which was given up writes nothing more.
create table export_files (
    export_id uuid primary key references exports (id) on delete cascade,
    state text not null default 'waiting',
    attempt integer not null default 0,
    rows_expected bigint not null,
    rows_done bigint not null default 0,
    bytes bigint not null default 0,
    made_at timestamptz,
    expires_at timestamptz not null,
    constraint export_file_state_known check (state in ('waiting', 'being_made', 'ready', 'failed', 'deleted'))
);
create index export_files_expiring on export_files (expires_at) where state <> 'deleted';

create table export_chunks (
    export_id uuid not null references export_files (export_id) on delete cascade,
    number integer not null,
    body bytea not null,
    primary key (export_id, number)
);

-- Every download of a file that was kept.
create table export_downloads (
    id uuid primary key default gen_random_uuid(),
    export_id uuid not null references exports (id) on delete cascade,
    who uuid references people (id) on delete set null,
    at timestamptz not null default now()
);
create index export_downloads_export on export_downloads (export_id, at desc);

-- Choices of an export under a name, for all organizers. Columns are kept as they were chosen, also those that are gone.
create table export_presets (
    id uuid primary key default gen_random_uuid(),
    name text not null,
    kind text not null,
    depth text not null,
    format text not null,
    columns text [] not null,
    made_by uuid references people (id) on delete set null,
    created_at timestamptz not null default now(),
    constraint export_preset_name_length check (char_length(name) between 1 and 80),
    constraint export_preset_name_once unique (kind, name)
);

-- What totals said last of a circle's month. people: how many were behind it; number: what is told, before it is rounded. It
-- changes only when at least five people changed it: docs/decisions/0027-totals-that-cannot-be-subtracted.md.
create table released_totals (
    circle_id uuid not null references circles (id) on delete cascade,
    month date not null,
    measure text not null,
    people integer not null,
    number integer not null,
    released_at timestamptz not null default now(),
    primary key (circle_id, month, measure),
    constraint released_month_begins check (extract(day from month) = 1)
);

-- When a row was added, whatever it says about when it happened; null for rows from before this migration.
alter table bookings add column recorded_at timestamptz;
alter table bookings alter column recorded_at set default now();
alter table walk_ins add column recorded_at timestamptz;
alter table walk_ins alter column recorded_at set default now();

-- Where a booking was, and of which kind, until it changed.
create table former_seats (
    booking_id uuid not null references bookings (id) on delete cascade,
    gathering_id uuid not null references gatherings (id) on delete cascade,
    kind text not null,
    until timestamptz not null
);
create index former_seats_booking on former_seats (booking_id, until);
create index former_seats_gathering on former_seats (gathering_id);

-- When a gathering was to be, until it moved.
create table former_starts (
    gathering_id uuid not null references gatherings (id) on delete cascade,
    wall_start timestamp not null,
    until timestamptz not null
);
create index former_starts_gathering on former_starts (gathering_id, until);

create function keep_former_seat() returns trigger language plpgsql as $$
begin
    insert into former_seats (booking_id, gathering_id, kind, until) values (old.id, old.gathering_id, old.kind, now());
    return null;
end
$$;
create trigger bookings_keep_former_seat after update of gathering_id, kind on bookings
for each row when (old.gathering_id <> new.gathering_id or old.kind <> new.kind) execute function keep_former_seat();

create function keep_former_start() returns trigger language plpgsql as $$
begin
    insert into former_starts (gathering_id, wall_start, until) values (old.id, old.wall_start, now());
    return null;
end
$$;
create trigger gatherings_keep_former_start after update of wall_start on gatherings
for each row when (old.wall_start <> new.wall_start) execute function keep_former_start();

-- The exports that had a row about a person, when they were made: by the dates and circles of each and the moment it read, at which
-- the person's bookings and walk-ins were where they were then; or, of facilitators, by its list of them.
create function exports_about(person uuid) returns setof uuid language sql stable parallel safe as $$
    with moves as (
        select former_seats.booking_id, former_seats.gathering_id, former_seats.kind, former_seats.until
        from bookings join former_seats on former_seats.booking_id = bookings.id
        where bookings.person_id = person
        union all
        select bookings.id, bookings.gathering_id, bookings.kind, 'infinity' from bookings where bookings.person_id = person
    ),

    seats as (
        select
            moves.gathering_id, moves.kind, moves.until,
            coalesce(
                lag(moves.until) over (partition by moves.booking_id order by moves.until),
                (
                    select coalesce(bookings.recorded_at, bookings.created_at) from bookings
                    where bookings.id = moves.booking_id
                )
            ) as since
        from moves
        union all
        select
            walk_ins.gathering_id, 'walk_in', coalesce(walk_ins.removed_at, 'infinity'),
            coalesce(walk_ins.recorded_at, walk_ins.added_at)
        from walk_ins where walk_ins.person_id = person
    ),

    starts as (
        select former_starts.gathering_id, former_starts.wall_start, former_starts.until
        from former_starts where former_starts.gathering_id in (select seats.gathering_id from seats)
        union all
        select gatherings.id, gatherings.wall_start, 'infinity'
        from gatherings where gatherings.id in (select seats.gathering_id from seats)
    ),

    times as (
        select
            starts.gathering_id, starts.wall_start, starts.until,
            coalesce(
                lag(starts.until) over (partition by starts.gathering_id order by starts.until), '-infinity'
            ) as since
        from starts
    ),

    rows as materialized (
        select
            seats.gathering_id, gatherings.circle_id, seats.kind, times.wall_start::date as day,
            greatest(seats.since, times.since) as since, least(seats.until, times.until) as until
        from seats
        join times on times.gathering_id = seats.gathering_id and times.since < seats.until and seats.since < times.until
        join gatherings on gatherings.id = seats.gathering_id
    )

    select exports.id
    from exports
    where exports.depth <> 'totals' and exports.read_at is not null and (
        person = any(exports.hosts)
        or exports.what in ('attendance', 'bookings', 'community_seats') and exists (
            select from rows
            where rows.since <= exports.read_at and exports.read_at < rows.until
                and rows.day between (exports.filters ->> 'from')::date and (exports.filters ->> 'to')::date
                and (exports.filters -> 'circles' = '[]' or exports.filters -> 'circles' ? rows.circle_id::text)
                and (exports.gatherings is null or rows.gathering_id = any(exports.gatherings))
                and (exports.what <> 'community_seats' or rows.kind = 'community')
                and (exports.what = 'attendance' or rows.kind <> 'walk_in')
        )
    )
$$;

-- An amount of minor units as a decimal number; places: how many decimals its currency has.
create function in_units(minor bigint, places integer) returns numeric language sql immutable parallel safe
return round(minor / 10::numeric ^ places, places);
