-- Seats that a host or an organizer gives, takes back, and notes of why somebody left.

-- A given seat is a booking of kind free, which every release knows, with its row in given_seats. It is confirmed before its person
-- agreed to the guidelines; cash is in cash_rows. taken_off: a host or an organizer took one person off.
-- squawk-ignore ban-drop-not-null
alter table bookings alter column acceptance_id drop not null;
alter table bookings add constraint booking_paid_with_acceptance check (
    acceptance_id is not null or kind = 'free'
) not valid;
alter table bookings validate constraint booking_paid_with_acceptance;
-- squawk-ignore ban-drop-constraint
alter table bookings drop constraint booking_end_cause_known;
alter table bookings add constraint booking_end_cause_known check (
    end_cause in (
        '', 'by_member', 'by_host', 'gathering_cancelled', 'not_paid', 'let_go', 'no_checkout', 'paid_late',
        'payment_differs', 'taken_off'
    )
);

-- A seat that was given: by whom, under which name, and since when its person has it by their own word (answered_at). Until
-- then hosts read that name and nothing else of the person: whether the address had an account is not for them to learn.
-- made_account: the account was made for this seat, and is forgotten if nobody ever answers.
create table given_seats (
    booking_id uuid primary key references bookings (id) on delete cascade,
    given_by uuid references people (id) on delete set null,
    name text not null,
    name_key text collate "C" generated always as (name_key(name)) stored,
    email text not null,
    made_account boolean not null,
    given_at timestamptz not null default now(),
    answered_at timestamptz,
    constraint given_seat_name_length check (char_length(name) <= 80)
);
create index given_seats_given_by on given_seats (given_by);
create index given_seats_unanswered on given_seats (given_at) where answered_at is null;

-- The name that hosts read of a booking: the one it was given under until its person has answered.
create function name_for_hosts(booking uuid, name text) returns text language sql stable parallel safe
return coalesce(
    (
        select coalesce(nullif(given.name, ''), 'Somebody') from given_seats as given
        where given.booking_id = booking and given.answered_at is null
    ),
    name
);

-- Whether a seat was given and its person has not answered yet.
create function is_unanswered(booking uuid) returns boolean language sql stable parallel safe
return exists (select from given_seats as given where given.booking_id = booking and given.answered_at is null);

-- Why somebody left, in a host's words: for the hosts of the circle, the organizers, and in the person's own export.
create table leaving_notes (
    booking_id uuid primary key references bookings (id) on delete cascade,
    body text not null,
    written_by uuid references people (id) on delete set null,
    written_at timestamptz not null default now(),
    constraint leaving_note_length check (char_length(body) between 1 and 300)
);
create index leaving_notes_written_by on leaving_notes (written_by);
create index leaving_notes_written_at on leaving_notes (written_at);
