-- Circles, who hosts them, and their gatherings.

create table circles (
    id uuid primary key default gen_random_uuid(),
    name text not null,
    discreet_name text not null,
    purpose text not null,
    format text not null,
    place text not null,
    city text not null default '',
    address text not null default '',
    join_link text not null default '',
    zone text not null,
    capacity smallint not null,
    length_minutes smallint not null,
    currency text not null default 'USD',
    minimum integer not null,
    suggested integer not null,
    maximum integer not null,
    community_seats smallint not null default 0,
    refund_hours smallint not null default 48,
    late_refund_percent smallint not null default 0,
    guidelines_id uuid not null references guidelines (id),
    state text not null default 'draft',
    version integer not null default 1,
    created_by uuid references people (id) on delete set null,
    created_at timestamptz not null default now(),
    constraint circle_name_length check (char_length(name) between 1 and 80),
    constraint circle_discreet_name_length check (char_length(discreet_name) between 1 and 40),
    constraint circle_purpose_length check (char_length(purpose) between 1 and 5000),
    constraint circle_format_known check (format in ('facilitated', 'ceremony', 'peer')),
    constraint circle_place_known check (place in ('online', 'in_person')),
    constraint circle_capacity_limit check (capacity between 1 and 24),
    constraint circle_length_sane check (length_minutes between 15 and 480),
    constraint circle_scale_order check (
        0 <= minimum and minimum <= suggested and suggested <= maximum and maximum <= 10000000
    ),
    constraint circle_currency_form check (currency ~ '^[A-Z]{3}$'),
    constraint circle_community_seats_fit check (community_seats between 0 and capacity),
    constraint circle_refund_hours_sane check (refund_hours between 0 and 720),
    constraint circle_late_refund_percent check (late_refund_percent between 0 and 100),
    constraint circle_state_known check (state in ('draft', 'published', 'archived'))
);

create table hosts (
    circle_id uuid not null references circles (id) on delete cascade,
    person_id uuid not null references people (id) on delete cascade,
    part text not null default 'lead',
    primary key (circle_id, person_id),
    constraint host_part_known check (part in ('lead', 'co', 'helper'))
);
create index hosts_person on hosts (person_id);

create table gatherings (
    id uuid primary key default gen_random_uuid(),
    circle_id uuid not null references circles (id),
    wall_start timestamp not null,
    zone text not null,
    length_minutes smallint not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    capacity smallint not null,
    community_seats smallint not null,
    -- Which seats are taken: bit 0 is seat 1. Kept by the bookings, on this row, so that whoever holds the row's
    -- lock reads it as it is now, and not as it was when their statement began.
    seats_map integer not null default 0,
    seats_taken smallint not null generated always as (bit_count(seats_map::bit(24))) stored,
    community_taken smallint not null default 0,
    note text not null default '',
    state text not null default 'draft',
    cancel_reason text not null default '',
    version integer not null default 1,
    created_at timestamptz not null default now(),
    constraint gathering_ends_after_start check (ends_at > starts_at),
    constraint gathering_length_holds check (ends_at = starts_at + make_interval(mins => length_minutes)),
    constraint gathering_length_sane check (length_minutes between 15 and 480),
    constraint gathering_capacity_limit check (capacity between 1 and 24),
    constraint gathering_community_seats_fit check (community_seats between 0 and capacity),
    constraint gathering_seats_map_fits check (seats_map >= 0 and seats_map >> capacity = 0),
    constraint gathering_seats_taken_fit check (seats_taken between 0 and capacity),
    constraint gathering_community_taken_fit check (community_taken between 0 and seats_taken),
    constraint gathering_state_known check (state in ('draft', 'open', 'cancelled')),
    constraint gathering_note_length check (char_length(note) <= 500),
    constraint gathering_cancel_has_reason check ((state = 'cancelled') = (cancel_reason <> ''))
);
create index gatherings_ahead on gatherings (starts_at) where state = 'open';
-- A cancelled gathering leaves its hour free for another.
create unique index gathering_once_per_start on gatherings (circle_id, starts_at) where state <> 'cancelled';
create index gatherings_circle on gatherings (circle_id, starts_at);
