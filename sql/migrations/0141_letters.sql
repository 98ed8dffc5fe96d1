-- Letters: what the register says of one person in a period, printed for whoever they show it to, and checked by a code.

-- kind: 'attended', by somebody who came; 'hosted', by somebody who hosted. code_hash: of the code on the letter, which says
-- nothing of the person. name: as it is on the letter. names_said: whether the letter names circles ('none', 'discreet',
-- 'full'); kind_said: whether it says what kind of group it is; hours_said: whether it says the hours. circle_id: of one circle
-- alone. gatherings, minutes, people (who came, of what was hosted): as the register said when the letter was made. lines: the
-- same by circle, as far as the letter names them.
create table letters (
    id uuid primary key default gen_random_uuid(),
    person_id uuid not null references people (id) on delete cascade,
    kind text not null,
    code_hash bytea not null,
    name text not null,
    first_date date not null,
    last_date date not null,
    circle_id uuid references circles (id) on delete set null,
    names_said text not null default 'none',
    kind_said boolean not null default false,
    hours_said boolean not null default true,
    gatherings integer not null,
    minutes integer not null,
    people integer not null default 0,
    lines jsonb not null default '[]',
    made_at timestamptz not null default now(),
    constraint letter_once_per_code unique (code_hash),
    constraint letter_kind_known check (kind in ('attended', 'hosted')),
    constraint letter_names_said_known check (names_said in ('none', 'discreet', 'full')),
    constraint letter_name_length check (char_length(name) between 1 and 120),
    constraint letter_in_order check (first_date <= last_date),
    constraint letter_counts check (gatherings > 0 and minutes >= 0 and people >= 0)
);
create index letters_person on letters (person_id, made_at desc, id desc);
create index letters_made_at on letters (made_at);
create index letters_circle on letters (circle_id) where circle_id is not null;

-- What a letter says is never changed; it can be deleted.
create trigger letters_say_the_same before update of
code_hash, kind, name, first_date, last_date, names_said, kind_said, hours_said, gatherings, minutes, people, lines, made_at
on letters for each row execute function refuse_change();

-- Where somebody was, by the register: with a seat or without one. Each gathering once.
create function presences_of(person uuid)
returns table (gathering_id uuid, late boolean, left_early boolean, walked_in boolean)
language sql stable parallel safe
as $$
    select bookings.gathering_id, attendance.late, attendance.left_early, false
    from bookings join attendance on attendance.booking_id = bookings.id and attendance.mark = 'came'
    where bookings.person_id = person and bookings.state = 'confirmed'
    union all
    select walk_ins.gathering_id, walk_ins.late, walk_ins.left_early, true
    from walk_ins
    where walk_ins.person_id = person and walk_ins.removed_at is null and not exists (
        select from bookings join attendance on attendance.booking_id = bookings.id and attendance.mark = 'came'
        where bookings.gathering_id = walk_ins.gathering_id and bookings.person_id = person
            and bookings.state = 'confirmed'
    )
$$;
