-- Schedules: the rules that plant gatherings; and what a gathering has of its own beside its circle.

create table schedules (
    id uuid primary key default gen_random_uuid(),
    circle_id uuid not null references circles (id),
    kind text not null,
    first_date date not null,
    every smallint not null default 1,
    weekdays smallint [] not null default '{}',
    nth smallint not null default 0,
    month_day smallint not null default 0,
    dates date [] not null default '{}',
    until date,
    times smallint,
    skipped date [] not null default '{}',
    wall_time time not null,
    zone text not null,
    length_minutes smallint not null,
    capacity smallint not null,
    community_seats smallint not null default 0,
    note text not null default '',
    join_link text not null default '',
    city text not null default '',
    address text not null default '',
    state text not null default 'active',
    version integer not null default 1,
    -- How far it has been planted; nothing is planted yet when it is empty.
    planted_until date,
    created_by uuid references people (id) on delete set null,
    created_at timestamptz not null default now(),
    constraint schedule_kind_known check (kind in ('weekly', 'monthly_weekday', 'monthly_date', 'dates')),
    constraint schedule_every_sane check (every between 1 and 52),
    constraint schedule_weekdays_known check (weekdays <@ array[0, 1, 2, 3, 4, 5, 6]::smallint []),
    constraint schedule_nth_known check (nth between -1 and 4),
    constraint schedule_month_day_known check (month_day between 0 and 31),
    constraint schedule_end_after_first check (until >= first_date),
    constraint schedule_times_sane check (times between 1 and 400),
    constraint schedule_dates_not_too_many check (cardinality(dates) <= 400 and cardinality(skipped) <= 400),
    constraint schedule_length_sane check (length_minutes between 15 and 480),
    constraint schedule_capacity_limit check (capacity between 1 and 24),
    constraint schedule_community_seats_fit check (community_seats between 0 and capacity),
    constraint schedule_note_length check (char_length(note) <= 500),
    constraint schedule_state_known check (state in ('active', 'ended'))
);
create index schedules_circle on schedules (circle_id);
create index schedules_to_plant on schedules (planted_until) where state = 'active';

-- planned_for: the date of the rule, which stays when the gathering is moved, so that it is not planted again.
-- by_hand: changed by its hosts, so that a change of the rule leaves it alone. oddity: what the clock change did
-- to its start. join_link, city, address: its own, where they are not empty. told: counts the changes of its place.
alter table gatherings
add column schedule_id uuid,
add column planned_for date,
add column by_hand boolean not null default false,
add column oddity text not null default '',
add column join_link text not null default '',
add column city text not null default '',
add column address text not null default '',
add column told integer not null default 0;
alter table gatherings
add constraint gathering_has_schedule foreign key (schedule_id) references schedules (id) not valid,
add constraint gathering_planned_for_a_date check ((schedule_id is null) = (planned_for is null)) not valid,
add constraint gathering_oddity_known check (oddity in ('', 'missing', 'doubled')) not valid;
alter table gatherings validate constraint gathering_has_schedule;
alter table gatherings validate constraint gathering_planned_for_a_date;
alter table gatherings validate constraint gathering_oddity_known;
-- The runner migrates in one transaction, where no index can be made beside the writers.
-- squawk-ignore require-concurrent-index-creation
create unique index gathering_planted_once on gatherings (schedule_id, planned_for);

-- A paused circle takes no bookings and is not planted. The rule is widened: nothing that held is lost.
-- squawk-ignore ban-drop-constraint
alter table circles drop constraint circle_state_known;
alter table circles add constraint circle_state_known
check (state in ('draft', 'published', 'paused', 'archived')) not valid;
alter table circles validate constraint circle_state_known;

-- Until when a booking may be cancelled with all of it coming back, whatever its terms say.
alter table bookings add column full_refund_until timestamptz;
