-- The room: what is asked before it opens, what a gathering's hosts may know of those who come, and afterwards.

-- What a circle asks of its host before a room opens.
alter table circles add column asks_co boolean not null default true;
alter table circles add column asks_card boolean not null default true;

-- opened: the way in shows to those booked; checks: what was asked and answered then. closed: the register is whole.
alter table gatherings
add column opened_at timestamptz,
add column opened_by uuid,
add column checks jsonb not null default '{}',
add column closed_at timestamptz,
add column closed_by uuid;
alter table gatherings
add constraint gathering_opened_by_somebody foreign key (opened_by) references people (id)
on delete set null not valid,
add constraint gathering_closed_by_somebody foreign key (closed_by) references people (id)
on delete set null not valid,
add constraint gathering_opened_with_checks check ((opened_at is null) = (checks = '{}')) not valid;
alter table gatherings validate constraint gathering_opened_by_somebody;
alter table gatherings validate constraint gathering_closed_by_somebody;
alter table gatherings validate constraint gathering_opened_with_checks;

-- What somebody wants the hosts of their gatherings to know. Nobody else reads it.
alter table people add column access_needs text not null default '';
alter table people add constraint person_access_needs_length check (char_length(access_needs) <= 500) not valid;
alter table people validate constraint person_access_needs_length;

-- Every tap on the register by the key its phone gave it, so that none counts twice and the last one stands.
create table taps (
    key uuid primary key,
    booking_id uuid not null references bookings (id) on delete cascade,
    mark text not null,
    tapped_at timestamptz not null,
    who uuid references people (id) on delete set null,
    constraint tap_mark_known check (mark in ('', 'came', 'absent', 'excused'))
);
create index taps_booking on taps (booking_id, tapped_at desc);
create index taps_tapped_at on taps (tapped_at);

-- What one host tells the next of somebody in the circle. Kept for 30 days.
create table hand_over_notes (
    id uuid primary key default gen_random_uuid(),
    circle_id uuid not null references circles (id) on delete cascade,
    gathering_id uuid not null references gatherings (id) on delete cascade,
    about uuid not null references people (id) on delete cascade,
    written_by uuid references people (id) on delete set null,
    body text not null,
    written_at timestamptz not null default now(),
    constraint hand_over_note_length check (char_length(body) between 1 and 2000)
);
create index hand_over_notes_circle on hand_over_notes (circle_id, written_at desc);
create index hand_over_notes_about on hand_over_notes (about);
create index hand_over_notes_written_at on hand_over_notes (written_at);
