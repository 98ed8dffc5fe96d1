-- The register as a record: every mark is a row that is never changed, and a correction is a new row. What is so now (attendance,
-- walk_ins) follows from the newest row. Closing locks the register.

-- Of somebody who came: whether they came late, and whether they left early.
alter table attendance
add column late boolean not null default false,
add column left_early boolean not null default false;
alter table walk_ins
add column late boolean not null default false,
add column left_early boolean not null default false;
alter table attendance
add constraint attendance_late_of_those_who_came check (mark = 'came' or not (late or left_early)) not valid;
alter table attendance validate constraint attendance_late_of_those_who_came;

-- A tap may be on a walk-in as well. When it was made is in tapped_at, when it came in register_marks.
-- squawk-ignore ban-drop-not-null
alter table taps alter column booking_id drop not null;
alter table taps
add column walk_in_id uuid,
add column late boolean not null default false,
add column left_early boolean not null default false;
alter table taps
add constraint tap_of_walk_in foreign key (walk_in_id) references walk_ins (id) on delete cascade not valid,
add constraint tap_of_one check ((booking_id is null) <> (walk_in_id is null)) not valid,
add constraint tap_late_of_those_who_came check (mark = 'came' or not (late or left_early)) not valid,
add constraint tap_of_walk_in_came check (walk_in_id is null or mark = 'came') not valid;
alter table taps validate constraint tap_of_walk_in;
alter table taps validate constraint tap_of_one;
alter table taps validate constraint tap_late_of_those_who_came;
alter table taps validate constraint tap_of_walk_in_came;
-- squawk-ignore require-concurrent-index-creation
create index taps_walk_in on taps (walk_in_id) where walk_in_id is not null;

-- Every mark. mark: empty where one was removed. made_at: when it was made (of a phone that was offline: the time of the tap);
-- received_at: when it came here. source: 'tap' of a host on a page or a phone; 'closing', the rest was absent; 'walk_in',
-- somebody was added or taken off; 'seat', a seat ended or moved away, with its mark; 'brought_in', from another list;
-- 'other', written by SQL. key: of the tap, so that one sent twice is one.
create table register_marks (
    id bigint generated always as identity primary key,
    gathering_id uuid not null references gatherings (id),
    booking_id uuid references bookings (id),
    walk_in_id uuid references walk_ins (id),
    mark text not null,
    late boolean not null default false,
    left_early boolean not null default false,
    made_at timestamptz not null default clock_timestamp(),
    received_at timestamptz not null default clock_timestamp(),
    made_by uuid references people (id),
    source text not null default 'tap',
    key uuid,
    constraint register_mark_of_one check ((booking_id is null) <> (walk_in_id is null)),
    constraint register_mark_known check (mark in ('', 'came', 'absent', 'excused')),
    constraint register_mark_late_of_those_who_came check (mark = 'came' or not (late or left_early)),
    constraint register_mark_source_known check (source in ('tap', 'closing', 'walk_in', 'seat', 'brought_in', 'other')),
    constraint register_mark_once_per_key unique (key)
);
create index register_marks_booking on register_marks (booking_id, made_at desc, id desc) where booking_id is not null;
create index register_marks_walk_in on register_marks (walk_in_id, made_at desc, id desc) where walk_in_id is not null;
create index register_marks_gathering on register_marks (gathering_id, id desc);
create index register_marks_made_by on register_marks (made_by) where made_by is not null;

create trigger register_marks_append_only before update or delete on register_marks
for each row execute function refuse_change();

-- reopened_at: when the register was opened again the last time; from then on it has its days anew until it closes by itself.
alter table gatherings add column reopened_at timestamptz;
-- squawk-ignore require-concurrent-index-creation
create index gatherings_with_open_register on gatherings (ends_at) where state = 'open' and closed_at is null;

-- When a register closed is after every mark of the transaction that closes it, whatever code does it.
create function note_closing() returns trigger language plpgsql as $$
begin
    if new.closed_at is null then
        new.reopened_at := now();
    elsif new.closed_at >= now() then
        new.closed_at := clock_timestamp();
    end if;
    return new;
end
$$;
create trigger gatherings_note_closing before update of closed_at on gatherings
for each row when ((old.closed_at is null) <> (new.closed_at is null)) execute function note_closing();

-- A closed register takes no mark. Its gathering is held until the transaction ends, so that it cannot close meanwhile; code
-- that locks a booking before has locked the gathering before that. Seats may end whenever they end. What came before the
-- closing, by its own word, is let in (the demo's past), unless it came in this transaction: it may have waited for the closing.
create function refuse_closed_register() returns trigger language plpgsql as $$
begin
    if not exists (select from added where source <> 'seat') then
        return null;
    end if;
    perform from gatherings
    where gatherings.id in (select added.gathering_id from added where added.source <> 'seat')
    order by gatherings.id for share;
    if exists (
        select from added join gatherings on gatherings.id = added.gathering_id
        where added.source <> 'seat' and gatherings.closed_at is not null
            and (added.received_at > gatherings.closed_at or added.received_at between now() and clock_timestamp())
    ) then
        raise exception 'this register is closed'
        using errcode = 'check_violation', constraint = 'register_takes_no_mark_once_closed', table = 'register_marks';
    end if;
    return null;
end
$$;
create trigger register_marks_closed after insert on register_marks
referencing new table as added for each statement execute function refuse_closed_register();

-- What is so now follows from the newest row: the one that was made last, whenever it came.
create function keep_present_marks() returns trigger language plpgsql as $$
begin
    if not exists (select from added) then
        return null;
    end if;
    with newest as (
        select distinct on (marks.booking_id) marks.booking_id, marks.mark
        from register_marks as marks
        where marks.booking_id in (select added.booking_id from added)
        order by marks.booking_id, marks.made_at desc, marks.id desc
    )
    delete from attendance using newest
    where attendance.booking_id = newest.booking_id and newest.mark = '';
    insert into attendance as present (booking_id, mark, late, left_early, marked_by, marked_at)
    select newest.booking_id, newest.mark, newest.late, newest.left_early, newest.made_by, newest.made_at
    from (
        select distinct on (marks.booking_id) marks.*
        from register_marks as marks
        where marks.booking_id in (select added.booking_id from added)
        order by marks.booking_id, marks.made_at desc, marks.id desc
    ) as newest
    where newest.mark <> ''
    order by newest.booking_id
    on conflict (booking_id) do update set
        mark = excluded.mark, late = excluded.late, left_early = excluded.left_early,
        marked_by = excluded.marked_by, marked_at = excluded.marked_at
    where (present.mark, present.late, present.left_early) <> (excluded.mark, excluded.late, excluded.left_early);
    update walk_ins set late = newest.late, left_early = newest.left_early
    from (
        select distinct on (marks.walk_in_id) marks.walk_in_id, marks.late, marks.left_early
        from register_marks as marks
        where marks.walk_in_id in (select added.walk_in_id from added)
        order by marks.walk_in_id, marks.made_at desc, marks.id desc
    ) as newest
    where walk_ins.id = newest.walk_in_id
        and (walk_ins.late, walk_ins.left_early) <> (newest.late, newest.left_early);
    return null;
end
$$;
create trigger register_marks_decide after insert on register_marks
referencing new table as added for each statement execute function keep_present_marks();

-- Whoever writes attendance directly, as code of before and SQL by hand do, adds the row of the record with it. What the
-- trigger above writes is the newest row already, so it adds none.
create function record_direct_marks() returns trigger language plpgsql as $$
begin
    if not exists (select from written) then
        return null;
    end if;
    insert into register_marks (gathering_id, booking_id, mark, late, left_early, made_at, made_by, source)
    select
        bookings.gathering_id, bookings.id, coalesce(present.mark, ''), coalesce(present.late, false),
        coalesce(present.left_early, false),
        greatest(case when present.mark is null then clock_timestamp() else present.marked_at end, newest.made_at),
        present.marked_by, 'other'
    from written
    join bookings on bookings.id = written.booking_id
    left join attendance as present on present.booking_id = bookings.id
    left join lateral (
        select marks.mark, marks.late, marks.left_early, marks.made_at from register_marks as marks
        where marks.booking_id = bookings.id
        order by marks.made_at desc, marks.id desc limit 1
    ) as newest on true
    where (coalesce(present.mark, ''), coalesce(present.late, false), coalesce(present.left_early, false))
        <> (coalesce(newest.mark, ''), coalesce(newest.late, false), coalesce(newest.left_early, false));
    return null;
end
$$;
create trigger attendance_record_new after insert on attendance
referencing new table as written for each statement execute function record_direct_marks();
create trigger attendance_record_changed after update on attendance
referencing new table as written for each statement execute function record_direct_marks();
create trigger attendance_record_removed after delete on attendance
referencing old table as written for each statement execute function record_direct_marks();

-- Code of before does not know late and left early: with another mark they are over.
create function end_lateness() returns trigger language plpgsql as $$
begin
    new.late := false;
    new.left_early := false;
    return new;
end
$$;
create trigger attendance_end_lateness before insert or update on attendance
for each row when (new.mark <> 'came' and (new.late or new.left_early)) execute function end_lateness();

-- A tap is a mark; its key is forgotten after a month, the mark stays.
create function record_tap_as_mark() returns trigger language plpgsql as $$
begin
    insert into register_marks (gathering_id, booking_id, walk_in_id, mark, late, left_early, made_at, made_by, key)
    select
        coalesce(bookings.gathering_id, walk_ins.gathering_id), new.booking_id, new.walk_in_id, new.mark, new.late,
        new.left_early, new.tapped_at, new.who, new.key
    from (select) as one
    left join bookings on bookings.id = new.booking_id
    left join walk_ins on walk_ins.id = new.walk_in_id
    on conflict (key) do nothing;
    return null;
end
$$;
create trigger taps_record_marks after insert on taps
for each row execute function record_tap_as_mark();

-- Somebody who came without a booking is there from when they were added until they are taken off.
create function record_walk_in_as_mark() returns trigger language plpgsql as $$
begin
    insert into register_marks (gathering_id, walk_in_id, mark, made_at, made_by, source)
    values (
        new.gathering_id, new.id, case when new.removed_at is null then 'came' else '' end,
        coalesce(new.removed_at, new.added_at), case when new.removed_at is null then new.added_by else new.removed_by end,
        'walk_in'
    );
    return null;
end
$$;
create trigger walk_ins_record_new after insert on walk_ins
for each row when (new.removed_at is null) execute function record_walk_in_as_mark();
create trigger walk_ins_record_removed after update of removed_at on walk_ins
for each row when (old.removed_at is null and new.removed_at is not null) execute function record_walk_in_as_mark();

-- A seat that ends or moves away takes its mark off the register that it leaves. See 0008 and 0090.
create or replace function leave_register() returns trigger language plpgsql as $$
begin
    insert into register_marks (gathering_id, booking_id, mark, made_at, source)
    select old.gathering_id, old.id, '', greatest(clock_timestamp(), attendance.marked_at), 'seat'
    from attendance where attendance.booking_id = old.id;
    return null;
end
$$;
create or replace function leave_former_register() returns trigger language plpgsql as $$
begin
    if exists (select from attendance where booking_id = old.id) then
        set constraints attendance_count_marks immediate;
        insert into register_marks (gathering_id, booking_id, mark, made_at, source)
        select old.gathering_id, old.id, '', greatest(clock_timestamp(), attendance.marked_at), 'seat'
        from attendance where attendance.booking_id = old.id;
        set constraints attendance_count_marks deferred;
    end if;
    return new;
end
$$;

-- What was marked before: by the taps of the last month, else by the event rows, else as it is now.
alter table register_marks disable trigger user;
insert into register_marks (gathering_id, booking_id, mark, made_at, received_at, made_by, key)
select bookings.gathering_id, taps.booking_id, taps.mark, taps.tapped_at, taps.tapped_at, taps.who, taps.key
from taps join bookings on bookings.id = taps.booking_id
order by taps.tapped_at, taps.key;
insert into register_marks (gathering_id, booking_id, mark, made_at, received_at, made_by)
select bookings.gathering_id, bookings.id, events.after, events.at, events.at, people.id
from events
join bookings on bookings.id = events.about
left join people on people.id = events.who
where events.what = 'attendance.marked' and events.after in ('', 'came', 'absent', 'excused')
    and not exists (select from taps where taps.booking_id = bookings.id)
order by events.id;
insert into register_marks (gathering_id, booking_id, mark, made_at, received_at, made_by, source)
select
    bookings.gathering_id, bookings.id, coalesce(attendance.mark, ''),
    greatest(attendance.marked_at, newest.made_at, bookings.ended_at),
    greatest(attendance.marked_at, newest.made_at, bookings.ended_at),
    attendance.marked_by, case when attendance.mark is null then 'seat' else 'other' end
from (
    select distinct on (marks.booking_id) marks.booking_id, marks.mark, marks.made_at
    from register_marks as marks
    order by marks.booking_id, marks.made_at desc, marks.id desc
) as newest
full join attendance on attendance.booking_id = newest.booking_id
join bookings on bookings.id = coalesce(attendance.booking_id, newest.booking_id)
where coalesce(attendance.mark, '') <> coalesce(newest.mark, '');
insert into register_marks (gathering_id, walk_in_id, mark, made_at, received_at, made_by, source)
select gathering_id, id, 'came', added_at, added_at, added_by, 'walk_in' from walk_ins
union all
select gathering_id, id, '', removed_at, removed_at, removed_by, 'walk_in' from walk_ins where removed_at is not null;
-- A register that closed in the transaction of its last marks closed after them.
alter table gatherings disable trigger user;
update gatherings set closed_at = newest.received_at
from (
    select marks.gathering_id, max(marks.received_at) as received_at from register_marks as marks
    where marks.source <> 'seat' group by marks.gathering_id
) as newest
where newest.gathering_id = gatherings.id and gatherings.closed_at < newest.received_at;
alter table gatherings enable trigger user;
alter table register_marks enable trigger user;
