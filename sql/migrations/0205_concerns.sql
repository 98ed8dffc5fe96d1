-- What people write to the organizers: questions, and concerns about somebody who hosts or organizes.

-- person_id, email: who wrote, with an account or without. is_unnamed: organizers do not read their name.
-- about_person: whom it is about; they never read it, organizer or not.
create table concerns (
    id uuid primary key,
    person_id uuid references people (id) on delete set null,
    email text not null default '',
    is_unnamed boolean not null default false,
    about_person uuid references people (id) on delete set null,
    body text not null,
    state text not null default 'open',
    answer_by date not null,
    created_at timestamptz not null default now(),
    closed_at timestamptz,
    reminded_at timestamptz,
    forgotten_at timestamptz,
    constraint concern_length check (
        case
            when forgotten_at is null then char_length(body) between 1 and 4000
            else body = '' and person_id is null and email = '' and state = 'closed'
        end
    ),
    constraint concern_state_known check (state in ('open', 'closed')),
    constraint concern_closed check ((state = 'open') = (closed_at is null)),
    constraint concern_unnamed_has_account check (not is_unnamed or email = '')
);
create index concerns_open on concerns (answer_by, id) where state = 'open';
create index concerns_created on concerns (created_at desc, id desc);
create index concerns_person on concerns (person_id);
create index concerns_about on concerns (about_person);
create index concerns_closed on concerns (closed_at) where forgotten_at is null;

-- What followed. reply: the person who wrote, again. answer: what they read. note: for organizers alone. shut: closed
-- without an answer.
create table concern_steps (
    id uuid primary key default gen_random_uuid(),
    concern_id uuid not null references concerns (id) on delete cascade,
    at timestamptz not null default clock_timestamp(),
    who uuid references people (id) on delete set null,
    what text not null,
    body text not null default '',
    answer_by date,
    constraint concern_step_known check (what in ('reply', 'answer', 'note', 'date', 'shut')),
    constraint concern_step_length check (char_length(body) <= 4000),
    constraint concern_step_date_given check (what <> 'date' or answer_by is not null)
);
create index concern_steps_concern on concern_steps (concern_id, at);
create index concern_steps_who on concern_steps (who);

-- What followed a concern as JSON, in order; whole: with what organizers alone read.
create function steps_of_concern(concern uuid, whole boolean) returns jsonb
language sql stable parallel safe
as $$
    select coalesce(jsonb_agg(
        jsonb_build_object(
            'at', steps.at, 'what', steps.what, 'body', steps.body, 'answer_by', steps.answer_by,
            'who', case when whole and steps.what <> 'reply' then coalesce(people.name, 'Somebody who left') end
        )
        order by steps.at
    ), '[]')
    from concern_steps as steps left join people on people.id = steps.who
    where steps.concern_id = concern and (whole or steps.what in ('reply', 'answer'))
$$;
