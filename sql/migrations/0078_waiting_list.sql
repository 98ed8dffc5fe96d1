-- The waiting list: who would come to a full gathering if a seat came free, and the seat that one of them is offered for a time.

create table waits (
    id uuid primary key default gen_random_uuid(),
    gathering_id uuid not null references gatherings (id) on delete cascade,
    person_id uuid not null references people (id),
    -- amount: a seat they pay for, or one of a circle that is free; community: a community seat. Each has a line of its own.
    line text not null,
    amount integer not null,
    currency text not null,
    -- The guidelines they agreed to beforehand.
    acceptance_id uuid not null references acceptances (id),
    state text not null default 'waiting',
    -- Their place in line, which a lapsed offer keeps.
    joined_at timestamptz not null default clock_timestamp(),
    moved_at timestamptz not null default clock_timestamp(),
    -- The seat that is offered, and until when.
    seat smallint,
    offered_at timestamptz,
    offer_ends_at timestamptz,
    -- A host put them first, and why.
    first_by uuid references people (id) on delete set null,
    first_at timestamptz,
    first_reason text not null default '',
    -- Free seats that they are passed over for, as in seats_map: they let an offer lapse, or were told that the first to answer
    -- has it. A seat that somebody books is offered to them again.
    passed_seats integer not null default 0,
    lapses smallint not null default 0,
    lapsed_at timestamptz,
    -- What they were mailed of, so that a job that runs twice mails once.
    told text [] not null default '{}',
    booking_id uuid references bookings (id),
    ended_at timestamptz,
    end_cause text not null default '',
    constraint wait_line_known check (line in ('amount', 'community')),
    constraint wait_amount_sane check (amount >= 0 and (line = 'amount' or amount = 0)),
    constraint wait_state_known check (
        state in ('waiting', 'offered', 'accepted', 'declined', 'left', 'lapsed', 'closed')
    ),
    constraint wait_offer_is_whole check (
        state <> 'offered' or (seat between 1 and 24 and offered_at is not null and offer_ends_at > offered_at)
    ),
    constraint wait_first_has_reason check ((first_at is not null) = (first_reason <> '')),
    constraint wait_first_reason_length check (char_length(first_reason) <= 500),
    constraint wait_ended_has_time check ((state in ('waiting', 'offered')) = (ended_at is null))
);
create unique index wait_once_per_person on waits (gathering_id, person_id) where state in ('waiting', 'offered');
create unique index wait_seat_offered_once on waits (gathering_id, seat) where state = 'offered';
create index waits_line on waits (gathering_id, joined_at) where state in ('waiting', 'offered');
create index waits_offers on waits (offer_ends_at) where state = 'offered';
create index waits_person on waits (person_id, joined_at desc);
create index waits_ended on waits (ended_at) where ended_at is not null;

-- An offered seat is taken on the gathering's row, like one that is booked; a seat that is taken already cannot be offered.
create function keep_offered_seats() returns trigger language plpgsql as $$
declare
    was_offered boolean := tg_op <> 'INSERT' and old.state = 'offered';
    is_offered boolean := tg_op <> 'DELETE' and new.state = 'offered';
begin
    if was_offered and is_offered and old.seat = new.seat then
        return null;
    end if;
    if was_offered then
        update gatherings
        set seats_map = seats_map & ~(1 << old.seat - 1),
            community_taken = community_taken - (old.line = 'community')::int
        where id = old.gathering_id;
    end if;
    if is_offered then
        update gatherings
        set seats_map = seats_map | (1 << new.seat - 1),
            community_taken = community_taken + (new.line = 'community')::int
        where id = new.gathering_id and seats_map & (1 << new.seat - 1) = 0;
        if not found then
            raise unique_violation using message = 'this seat is taken', constraint = 'seat_taken_once';
        end if;
    end if;
    return null;
end
$$;
create trigger waits_keep_seats after insert or update or delete on waits
for each row execute function keep_offered_seats();

-- Every change of state leaves an event row.
create function note_wait() returns trigger language plpgsql as $$
begin
    insert into events (what, about, who, before, after, why)
    values (
        'wait.' || case
            when tg_op = 'INSERT' then 'joined'
            when new.state <> 'waiting' then new.state
            when new.lapses > old.lapses then 'lapsed'
            else 'withdrawn'
        end,
        new.id,
        case
            when new.state in ('accepted', 'declined', 'left') or tg_op = 'INSERT' then new.person_id
            when new.state = 'offered' then new.first_by
        end,
        case when tg_op = 'UPDATE' then old.state else '' end,
        new.state,
        case when new.state = 'offered' then new.first_reason else new.end_cause end
    );
    return null;
end
$$;
create trigger waits_note after insert on waits for each row execute function note_wait();
create trigger waits_note_moved after update of state on waits
for each row when (old.state <> new.state) execute function note_wait();

-- Who books needs to wait no more, whichever way they book; and a seat that was booked may be offered to everybody when it comes
-- free again. No booking takes a seat that is offered to somebody else.
create function end_waits() returns trigger language plpgsql as $$
begin
    if not exists (
        select from waits where waits.gathering_id = new.gathering_id and waits.state in ('waiting', 'offered')
    ) then
        return null;
    end if;
    update waits
    set state = 'accepted', booking_id = new.id, moved_at = clock_timestamp(), ended_at = clock_timestamp()
    where waits.gathering_id = new.gathering_id and waits.person_id = new.person_id
        and waits.state in ('waiting', 'offered');
    if exists (
        select from waits
        where waits.gathering_id = new.gathering_id and waits.state = 'offered' and waits.seat = new.seat
    ) then
        raise unique_violation using message = 'this seat is offered to somebody', constraint = 'seat_taken_once';
    end if;
    update waits set passed_seats = passed_seats & ~(1 << new.seat - 1)
    where waits.gathering_id = new.gathering_id and waits.state in ('waiting', 'offered')
        and waits.passed_seats & (1 << new.seat - 1) <> 0;
    return null;
end
$$;
create trigger bookings_end_waits_new after insert on bookings
for each row when (new.state in ('held', 'confirmed')) execute function end_waits();
create trigger bookings_end_waits after update of state, seat, gathering_id on bookings
for each row when (
    new.state in ('held', 'confirmed')
    and (old.state, old.seat, old.gathering_id) is distinct from (new.state, new.seat, new.gathering_id)
) execute function end_waits();

-- Which seats were last confirmed as community seats, as in seats_map: one that comes free goes to who waits for a community seat.
alter table gatherings add column community_map integer not null default 0;
create function keep_community_map() returns trigger language plpgsql as $$
begin
    update gatherings set community_map = case
        when old.kind = 'community' then community_map | (1 << old.seat - 1)
        else community_map & ~(1 << old.seat - 1)
    end
    where id = old.gathering_id and (old.kind = 'community') <> (community_map & (1 << old.seat - 1) <> 0);
    return null;
end
$$;
create trigger bookings_keep_community_map after update of state, seat, gathering_id on bookings
for each row when (
    old.state = 'confirmed'
    and (old.state, old.seat, old.gathering_id) is distinct from (new.state, new.seat, new.gathering_id)
) execute function keep_community_map();

-- Seats at a gathering that are offered to somebody, of seats_taken and of community_taken.
create function seats_offered(gathering uuid) returns integer language sql stable parallel safe
return (
    select count(*)::int from waits where waits.gathering_id = gathering and waits.state = 'offered'
);
create function community_offered(gathering uuid) returns integer language sql stable parallel safe
return (
    select count(*)::int from waits
    where waits.gathering_id = gathering and waits.state = 'offered' and waits.line = 'community'
);

-- Somebody's place in their line, from 1; those who are offered a seat are counted as well.
create function place_in_line(wait waits) returns bigint language sql stable parallel safe
return (
    select count(*) from waits as others
    where others.gathering_id = wait.gathering_id and others.line = wait.line
        and others.state in ('waiting', 'offered') and (others.joined_at, others.id) <= (wait.joined_at, wait.id)
);

-- An offered seat counts as theirs, for the newcomers of a gathering (see 0014 and 0073) and for those who are kept apart.
create or replace function newcomers_at(gathering uuid) returns bigint
language plpgsql stable parallel safe as $$
begin
    return (
        select count(*) from (
            select bookings.person_id from bookings
            where bookings.gathering_id = gathering and bookings.state in ('held', 'confirmed')
            union all
            select waits.person_id from waits where waits.gathering_id = gathering and waits.state = 'offered'
        ) as coming
        join gatherings on gatherings.id = gathering
        where not been_here(gatherings.circle_id, coming.person_id)
    );
end
$$;
create or replace function kept_apart(gathering uuid, person uuid) returns boolean
language plpgsql stable parallel safe as $$
begin
    return exists (
        select from apart
        join gatherings on gatherings.circle_id = apart.circle_id
        cross join lateral (
            select case when apart.first_id = person then apart.second_id else apart.first_id end as id
        ) as other
        where gatherings.id = gathering and person in (apart.first_id, apart.second_id)
            and (
                exists (
                    select from bookings
                    where bookings.gathering_id = gatherings.id and bookings.person_id = other.id
                        and bookings.state in ('held', 'confirmed')
                )
                or exists (
                    select from waits
                    where waits.gathering_id = gatherings.id and waits.person_id = other.id
                        and waits.state = 'offered'
                )
            )
    );
end
$$;

-- Whether somebody could take a seat of a gathering now, if they were offered one. Being volatile it sees what was committed while
-- its caller waited for the gathering's lock. Who could not is passed over, and keeps their place.
create function may_be_offered(gathering uuid, person uuid) returns boolean language plpgsql volatile as $$
declare
    here record;
begin
    select gatherings.circle_id, gatherings.starts_at, gatherings.ends_at, circles.guidelines_id into here
    from gatherings join circles on circles.id = gatherings.circle_id
    where gatherings.id = gathering;
    if exists (
        select from bookings join gatherings as dates on dates.id = bookings.gathering_id
        where bookings.person_id = person and bookings.state in ('held', 'confirmed')
            and dates.starts_at < here.ends_at and dates.ends_at > here.starts_at
    ) then
        return false;
    end if;
    if must_agree_to(person, here.guidelines_id) is not null then
        return false;
    end if;
    if exists (
        select from admission_to(here.circle_id, person, gathering) as admission
        where not admission.approved
            or admission.newcomer and admission.newcomers_days is not null
            and clock_timestamp() < here.starts_at - make_interval(days => admission.newcomers_days)
    ) then
        return false;
    end if;
    return room_lets_in(gathering, person);
end
$$;

-- The next offer of a gathering: a free seat, and who is first in line for it; no row where there is none to make. A seat that was a
-- community seat goes to who waits for one, any other to who waits to pay; to the other line where nobody of the first can take
-- it. Who was put first by a host comes before both. The caller holds the gathering's lock.
create function next_offer(gathering uuid)
returns table (wait_id uuid, seat smallint, put_first boolean, starts_at timestamptz, read_at timestamptz)
language plpgsql volatile rows 1 as $$
declare
    here record;
    candidate record;
    was_community boolean;
begin
    if not exists (select from waits where waits.gathering_id = gathering and waits.state = 'waiting') then
        return;
    end if;
    select gatherings.* into here
    from gatherings join circles on circles.id = gatherings.circle_id
    where gatherings.id = gathering and gatherings.state = 'open' and gatherings.seats_taken < gatherings.capacity
        and gatherings.starts_at > clock_timestamp() and circles.state = 'published';
    if not found then
        return;
    end if;
    for number in 1..here.capacity loop
        continue when here.seats_map & (1 << number - 1) <> 0;
        was_community := here.community_map & (1 << number - 1) <> 0;
        for candidate in
            select waits.id, waits.person_id, waits.first_at from waits
            where waits.gathering_id = gathering and waits.state = 'waiting'
                and waits.passed_seats & (1 << number - 1) = 0
                and (waits.line <> 'community' or here.community_taken < here.community_seats)
            order by waits.first_at nulls last, (waits.line = 'community') <> was_community, waits.joined_at, waits.id
        loop
            if may_be_offered(gathering, candidate.person_id) then
                return query select
                    candidate.id, number::smallint, candidate.first_at is not null, here.starts_at, clock_timestamp();
                return;
            end if;
        end loop;
    end loop;
end
$$;

-- Of the last gatherings of a circle, up to ten: how many there were whose seats were all booked at some time, and at how many of
-- them somebody gave up a seat before the start.
create function seats_came_free(circle uuid) returns table (gatherings bigint, freed bigint)
language sql stable parallel safe rows 1 as $$
select count(*), count(*) filter (where gave_up)
from (
    select
        exists (
            select from bookings
            where bookings.gathering_id = dates.id and bookings.state = 'cancelled' and bookings.end_cause = 'by_member'
                and bookings.ended_at < dates.starts_at
        ) as gave_up
    from gatherings as dates
    where dates.circle_id = circle and dates.state = 'open' and dates.ends_at between now() - interval '180 days' and now()
        and dates.capacity <= (
            select count(*) from bookings
            where bookings.gathering_id = dates.id
                and (bookings.state = 'confirmed' or bookings.end_cause = 'by_member')
        )
    order by dates.starts_at desc limit 10
) as lately
$$;
