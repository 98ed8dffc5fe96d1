-- The marks of all registers in one narrow table, for reports: a year of a large community is read by one index, and a person's
-- first visit is one row of another. Triggers keep it, in the transaction of each mark.

-- source_id: the booking or the walk-in. mark: of the booking's seat, or walk_in; second for somebody who came and has another seat
-- there (their two accounts were joined). Nothing of a canceled gathering is in it.
create table register_facts (
    source_id uuid primary key,
    gathering_id uuid not null references gatherings (id) on delete cascade,
    person_id uuid references people (id) on delete set null,
    starts_at timestamptz not null,
    mark text not null,
    came boolean generated always as (mark in ('came', 'walk_in', 'second')) stored,
    constraint register_fact_known check (mark in ('came', 'absent', 'excused', 'walk_in', 'second'))
);
create index register_facts_gathering on register_facts (gathering_id) include (person_id, mark, came);
create index register_facts_person on register_facts (person_id, starts_at, gathering_id) where came;

-- What the table has to hold.
create view register_sources as
select bookings.id as source_id, bookings.gathering_id, bookings.person_id, gatherings.starts_at, attendance.mark
from attendance
join bookings on bookings.id = attendance.booking_id and bookings.state = 'confirmed'
join gatherings on gatherings.id = bookings.gathering_id and gatherings.state <> 'cancelled'
union all
select walk_ins.id, walk_ins.gathering_id, walk_ins.person_id, gatherings.starts_at, 'walk_in'
from walk_ins
join gatherings on gatherings.id = walk_ins.gathering_id and gatherings.state <> 'cancelled'
where walk_ins.removed_at is null;

-- A booking or a walk-in anew. Who calls it holds the row that it follows from, so two transactions cannot wait for each other.
create function keep_register_fact(source uuid) returns void language plpgsql as $$
begin
    insert into register_facts as facts (source_id, gathering_id, person_id, starts_at, mark)
    select sources.* from register_sources as sources where sources.source_id = source
    on conflict (source_id) do update set
        gathering_id = excluded.gathering_id, person_id = excluded.person_id, starts_at = excluded.starts_at,
        mark = excluded.mark;
    if not found then
        delete from register_facts where register_facts.source_id = source;
    end if;
end
$$;

create function keep_fact_of_mark() returns trigger language plpgsql as $$
begin
    perform keep_register_fact(case when tg_op = 'DELETE' then old.booking_id else new.booking_id end);
    return null;
end
$$;
create trigger attendance_keep_fact after insert or update of mark, booking_id or delete on attendance
for each row execute function keep_fact_of_mark();

create function keep_fact_of_row() returns trigger language plpgsql as $$
begin
    perform keep_register_fact(case when tg_op = 'DELETE' then old.id else new.id end);
    return null;
end
$$;
create trigger walk_ins_keep_fact after insert or update of gathering_id, person_id, removed_at or delete on walk_ins
for each row execute function keep_fact_of_row();
-- Of bookings, most changes come before there is a mark.
create trigger bookings_keep_fact after update of gathering_id, person_id, state on bookings
for each row when (
    old.state = 'confirmed'
    and (old.gathering_id, old.person_id, old.state) is distinct from (new.gathering_id, new.person_id, new.state)
) execute function keep_fact_of_row();

create function keep_facts_of_gathering() returns trigger language plpgsql as $$
begin
    delete from register_facts where register_facts.gathering_id = new.id;
    insert into register_facts (source_id, gathering_id, person_id, starts_at, mark)
    select sources.* from register_sources as sources where sources.gathering_id = new.id;
    return null;
end
$$;
create trigger gatherings_keep_facts after update of starts_at, state on gatherings
for each row when ((old.starts_at, old.state = 'cancelled') is distinct from (new.starts_at, new.state = 'cancelled'))
execute function keep_facts_of_gathering();

insert into register_facts (source_id, gathering_id, person_id, starts_at, mark)
select sources.* from register_sources as sources;
