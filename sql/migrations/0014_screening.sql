-- Screening before a first booking, and who is in the room.

-- How a circle takes in people: what it asks before their first booking, how many newcomers it takes at once, and
-- how many days before the start newcomers may book. No row: it asks nothing and takes everybody.
create table screenings (
    circle_id uuid primary key references circles (id) on delete cascade,
    asks text not null default 'off',
    questions text [] not null default '{}',
    newcomers_most smallint,
    newcomers_days smallint,
    version integer not null default 1,
    constraint screening_asks_known check (asks in ('off', 'questions', 'call')),
    constraint screening_has_questions check (asks <> 'questions' or cardinality(questions) >= 1),
    constraint screening_few_questions check (cardinality(questions) <= 6),
    constraint screening_newcomers_sane check (newcomers_most between 0 and 24),
    constraint screening_days_sane check (newcomers_days between 1 and 90)
);

-- Somebody asks to come to a circle. gathering_id: the one they were about to book. words: what a host wrote to
-- them last. forgotten_at: when all that was said in it was deleted.
create table requests (
    id uuid primary key default gen_random_uuid(),
    circle_id uuid not null references circles (id) on delete cascade,
    person_id uuid not null references people (id) on delete cascade,
    gathering_id uuid references gatherings (id) on delete set null,
    kind text not null,
    state text not null default 'waiting',
    words text not null default '',
    created_at timestamptz not null default now(),
    moved_at timestamptz not null default now(),
    decided_at timestamptz,
    decided_by uuid references people (id) on delete set null,
    forgotten_at timestamptz,
    constraint request_kind_known check (kind in ('questions', 'call')),
    constraint request_state_known check (state in ('waiting', 'asked', 'approved', 'declined', 'withdrawn')),
    constraint request_decided_has_time check (
        (state in ('approved', 'declined', 'withdrawn')) = (decided_at is not null)
    ),
    constraint request_words_length check (char_length(words) <= 2000)
);
create unique index request_once on requests (circle_id, person_id) where state in ('waiting', 'asked', 'approved');
create index requests_person on requests (person_id, circle_id);
create index requests_waiting on requests (circle_id, moved_at) where state in ('waiting', 'asked');
create index requests_to_forget on requests (decided_at) where forgotten_at is null;

-- What was asked and what the person answered, until it is forgotten.
create table request_answers (
    request_id uuid not null references requests (id) on delete cascade,
    number smallint not null,
    question text not null,
    answer text not null default '',
    primary key (request_id, number),
    constraint answer_question_length check (char_length(question) between 1 and 500),
    constraint answer_length check (char_length(answer) <= 2000)
);

-- Two people who are not to be seated together in a circle. Only its hosts and the organizers know.
create table apart (
    id uuid primary key default gen_random_uuid(),
    circle_id uuid not null references circles (id) on delete cascade,
    first_id uuid not null references people (id) on delete cascade,
    second_id uuid not null references people (id) on delete cascade,
    set_by uuid references people (id) on delete set null,
    created_at timestamptz not null default now(),
    constraint apart_in_order check (first_id < second_id),
    constraint apart_once unique (circle_id, first_id, second_id)
);
create index apart_first on apart (first_id);
create index apart_second on apart (second_id);

-- Whether somebody kept a seat at a gathering of this circle that has begun. Whoever did not is a newcomer there.
-- It only ever turns true, so that a room once within its limit stays within it.
create function been_here(circle uuid, person uuid) returns boolean language sql stable parallel safe
return exists (
    select from bookings join gatherings on gatherings.id = bookings.gathering_id
    where bookings.person_id = person and bookings.state = 'confirmed'
        and gatherings.circle_id = circle and gatherings.starts_at <= now()
);

-- How many newcomers have a seat at a gathering.
create function newcomers_at(gathering uuid) returns bigint language sql stable parallel safe
return (
    select count(*) from bookings join gatherings on gatherings.id = bookings.gathering_id
    where gatherings.id = gathering and bookings.state in ('held', 'confirmed')
        and not been_here(gatherings.circle_id, bookings.person_id)
);

-- Whether somebody sits at a gathering with whom this person is not to be seated.
create function kept_apart(gathering uuid, person uuid) returns boolean language sql stable parallel safe
return exists (
    select from apart
    join gatherings on gatherings.circle_id = apart.circle_id
    join bookings on bookings.gathering_id = gatherings.id
        and bookings.person_id = case when apart.first_id = person then apart.second_id else apart.first_id end
    where gatherings.id = gathering and person in (apart.first_id, apart.second_id)
        and bookings.state in ('held', 'confirmed')
);

-- Whether the rules of the room let somebody take a seat. Called once the gathering's row is locked: being volatile,
-- it sees what was committed while its caller waited for the lock, which the caller's own statement does not.
create function room_lets_in(gathering uuid, person uuid) returns boolean language plpgsql volatile as $$
declare
    here uuid;
    most smallint;
begin
    select gatherings.circle_id, screenings.newcomers_most into here, most
    from gatherings left join screenings on screenings.circle_id = gatherings.circle_id
    where gatherings.id = gathering;
    if kept_apart(gathering, person) then
        return false;
    end if;
    return most is null or been_here(here, person) or newcomers_at(gathering) < most;
end
$$;
