-- Complaints have a date by which somebody answers, an answer, and a history.

-- answer_by: yesterday's code adds complaints without it. answer: what the person who wrote reads.
-- squawk-ignore adding-field-with-default
alter table complaints add column answer_by date not null default ((now() at time zone 'utc')::date + 14);
alter table complaints add column answer text not null default '';
alter table complaints add column reminded_at timestamptz;
alter table complaints add constraint complaint_answer_length check (char_length(answer) <= 2000) not valid;
alter table complaints validate constraint complaint_answer_length;

-- What organizers did about a complaint. note: theirs, or what they wrote to the therapist; read by organizers alone.
create table complaint_steps (
    id uuid primary key default gen_random_uuid(),
    complaint_id uuid not null references complaints (id) on delete cascade,
    at timestamptz not null default clock_timestamp(),
    who uuid references people (id) on delete set null,
    what text not null,
    note text not null default '',
    answer_by date,
    constraint complaint_step_known check (what in ('note', 'date', 'hidden', 'kept')),
    constraint complaint_step_note_length check (char_length(note) <= 2000),
    constraint complaint_step_date_given check ((what = 'date') = (answer_by is not null))
);
create index complaint_steps_complaint on complaint_steps (complaint_id, at);
create index complaint_steps_who on complaint_steps (who);
