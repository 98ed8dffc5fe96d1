-- Walk-ins: people who came to a gathering without a booking, and cash that somebody noted.

-- id: made by the phone or the page that adds them, so that one sent twice is one. name: a first name as the host typed it;
-- empty for somebody with an account, and once it is forgotten. seat: a numbered seat that counts toward the capacity, or null
-- for a chair beyond it.
create table walk_ins (
    id uuid primary key,
    gathering_id uuid not null references gatherings (id),
    name text not null default '',
    person_id uuid references people (id) on delete set null,
    seat smallint,
    added_by uuid references people (id) on delete set null,
    added_at timestamptz not null default clock_timestamp(),
    removed_at timestamptz,
    removed_by uuid references people (id) on delete set null,
    constraint walk_in_name_length check (char_length(name) <= 80),
    constraint walk_in_seat_number check (seat between 1 and 24),
    constraint walk_in_removed_without_seat check (removed_at is null or seat is null)
);
create unique index walk_in_seat_once on walk_ins (gathering_id, seat) where seat is not null;
create unique index walk_in_once_per_person on walk_ins (gathering_id, person_id)
where person_id is not null and removed_at is null;
create index walk_ins_gathering on walk_ins (gathering_id, added_at, id);
create index walk_ins_person on walk_ins (person_id) where person_id is not null;
create index walk_ins_named on walk_ins (added_at) where name <> '';

-- A walk-in with a seat takes it on the gathering's row, as a booking does; see 0006. A seat that somebody else has is refused.
create function keep_walk_in_seats() returns trigger language plpgsql as $$
declare
    before smallint := case when tg_op <> 'INSERT' then old.seat end;
    after smallint := case when tg_op <> 'DELETE' then new.seat end;
    gathering uuid := case when tg_op = 'DELETE' then old.gathering_id else new.gathering_id end;
begin
    if before is not distinct from after then
        return null;
    end if;
    if before is not null then
        update gatherings set seats_map = seats_map & ~(1 << before - 1) where id = gathering;
    end if;
    if after is not null then
        update gatherings set seats_map = seats_map | (1 << after - 1)
        where id = gathering and seats_map & (1 << after - 1) = 0;
        if not found then
            raise exception 'this seat is taken' using errcode = 'unique_violation', constraint = 'walk_in_seat_free';
        end if;
    end if;
    return null;
end
$$;
create trigger walk_ins_keep_seats after insert or update or delete on walk_ins
for each row execute function keep_walk_in_seats();

-- Whether somebody has a seat at a gathering, or came to it without one.
create function is_at_gathering(person uuid, gathering uuid) returns boolean language sql stable parallel safe
return exists (
    select from bookings
    where bookings.gathering_id = gathering and bookings.person_id = person and bookings.state in ('held', 'confirmed')
) or exists (
    select from walk_ins
    where walk_ins.gathering_id = gathering and walk_ins.person_id = person and walk_ins.removed_at is null
);

-- The ledger of cash: what a host or an organizer noted as received (positive), gave back (negative), or corrected (either).
-- A correction is a new row. Nothing of it is sent to Stripe, and no sum of money_rows holds it.
create table cash_rows (
    id uuid primary key,
    at timestamptz not null default clock_timestamp(),
    booking_id uuid references bookings (id),
    walk_in_id uuid references walk_ins (id),
    kind text not null,
    amount integer not null,
    currency text not null,
    noted_by uuid references people (id),
    note text not null default '',
    constraint cash_of_one_seat check ((booking_id is null) <> (walk_in_id is null)),
    constraint cash_kind_known check (kind in ('received', 'given_back', 'correction')),
    constraint cash_sign check (
        amount <> 0 and (kind <> 'received' or amount > 0) and (kind <> 'given_back' or amount < 0)
    ),
    constraint cash_amount_sane check (amount between -10000000 and 10000000),
    constraint cash_currency_form check (currency ~ '^[A-Z]{3}$'),
    constraint cash_note_length check (char_length(note) <= 300),
    constraint cash_correction_has_note check (kind <> 'correction' or note <> '')
);
create index cash_rows_booking on cash_rows (booking_id) where booking_id is not null;
create index cash_rows_walk_in on cash_rows (walk_in_id) where walk_in_id is not null;
create index cash_rows_noted_by on cash_rows (noted_by, at desc);
create index cash_rows_at on cash_rows (at desc);

-- Only the note may be emptied, when somebody is erased.
create function refuse_change_but_note() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' or to_jsonb(new) - 'note' is distinct from to_jsonb(old) - 'note' then
        raise exception 'cash rows are never changed' using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end
$$;
create trigger cash_rows_append_only before update or delete on cash_rows
for each row execute function refuse_change_but_note();
