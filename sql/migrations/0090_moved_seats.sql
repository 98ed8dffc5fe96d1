-- A booking may move to another gathering of its circle: it keeps its id, its payments and its calendar entry.

-- terms_start: the start that the refund terms count from, where it is not that of the gathering: the seat was moved when
-- the time for a full refund had passed already. moves: how often its member moved it.
alter table bookings add column terms_start timestamptz;
alter table bookings add column moves smallint not null default 0;

-- Lock the gathering of a booking, and another one with it, in the order of their ids. A booking may move while this waits;
-- then the locks are given back and those of where it is now are taken, so that nobody locks out of order. Being volatile,
-- each statement sees what was committed while the one before waited. Once it returns, the booking cannot move.
create function lock_gathering_of(booking uuid, other uuid default null) returns uuid language plpgsql volatile as $$
declare
    here uuid;
begin
    loop
        begin
            select gathering_id into here from bookings where id = booking;
            perform from gatherings where id in (here, other) order by id for no key update;
            if here is not distinct from (select gathering_id from bookings where id = booking) then
                return here;
            end if;
            raise exception using errcode = 'MOVED';
        exception when sqlstate 'MOVED' then
            null;
        end;
    end loop;
end
$$;

-- The register of the gathering that somebody leaves says nothing of them. Its counts are kept at the end of the transaction,
-- when the booking is elsewhere, so here they are kept at once.
create function leave_former_register() returns trigger language plpgsql as $$
begin
    if exists (select from attendance where booking_id = old.id) then
        set constraints attendance_count_marks immediate;
        delete from attendance where booking_id = old.id;
        set constraints attendance_count_marks deferred;
    end if;
    return new;
end
$$;
create trigger bookings_leave_former_register before update of gathering_id on bookings
for each row when (old.gathering_id <> new.gathering_id) execute function leave_former_register();

-- Null for the moment in which two invites of a person exchange their gatherings.
-- squawk-ignore ban-drop-not-null
alter table invites alter column gathering_id drop not null;

-- A moved booking takes its invite along, so that its calendar entry moves. What the person had of the other gathering before
-- stays with the one they leave, and so does a new UID where they had nothing: a later booking there is another entry.
-- first_uid: of an invite that is not mailed yet, but that a feed may have shown. The caller holds both gatherings.
create function move_invite(booking uuid, here uuid, there uuid, first_uid text) returns void
language plpgsql volatile as $$
declare
    who uuid;
    moved uuid;
    other uuid;
begin
    select person_id into who from bookings where id = booking;
    insert into invites (gathering_id, person_id, uid, sequence, changed_at)
    select here, who, first_uid, early_sequence, greatest(now(), early_changed_at)
    from bookings where id = booking
    on conflict do nothing;
    perform from invites where person_id = who and gathering_id in (here, there) order by gathering_id for no key update;
    select id into moved from invites where person_id = who and gathering_id = here;
    select id into other from invites where person_id = who and gathering_id = there;
    update invites set gathering_id = null where id = other;
    update invites set
        gathering_id = there,
        sequence = sequence + 1,
        changed_at = greatest(now(), date_trunc('second', changed_at) + interval '1 second')
    where id = moved;
    update invites set gathering_id = here where id = other;
    insert into invites (gathering_id, person_id, uid)
    select here, who, gen_random_uuid() || '@' || split_part(uid, '@', 2) from invites where id = moved
    on conflict do nothing;
end
$$;
