-- People whom organizers suspended: nobody who is may sign in, book, or wait for a seat.
alter table people add column suspended_at timestamptz;
-- squawk-ignore require-concurrent-index-creation
create index people_suspended on people (suspended_at) where suspended_at is not null;

-- state: 'asked' while another organizer has to agree, since it is about an organizer. refund: what comes back of seats ahead.
-- released_at: when the seats and places ahead were all let go, and the person was told. leads: who leads which circle instead.
create table suspensions (
    id uuid primary key default gen_random_uuid(),
    person_id uuid not null references people (id) on delete cascade,
    state text not null,
    reason text not null,
    shares_reason boolean not null,
    refund text not null,
    until timestamptz,
    leads jsonb not null default '{}',
    asked_by uuid references people (id) on delete set null,
    asked_at timestamptz not null default clock_timestamp(),
    begun_by uuid references people (id) on delete set null,
    begun_at timestamptz,
    released_at timestamptz,
    ended_by uuid references people (id) on delete set null,
    ended_at timestamptz,
    was_facilitator boolean not null default false,
    was_organizer boolean not null default false,
    constraint suspension_state_known check (state in ('asked', 'active', 'lifted', 'withdrawn')),
    constraint suspension_refund_known check (refund in ('all', 'terms', 'none')),
    constraint suspension_has_a_reason check (reason <> ''),
    constraint suspension_begun check (state not in ('active', 'lifted') or begun_at is not null),
    constraint suspension_ended check ((state in ('lifted', 'withdrawn')) = (ended_at is not null))
);
create unique index suspension_once on suspensions (person_id) where state in ('asked', 'active');
create index suspensions_person on suspensions (person_id, asked_at);
create index suspensions_asked_by on suspensions (asked_by);
create index suspensions_begun_by on suspensions (begun_by);
create index suspensions_ended_by on suspensions (ended_by);
create index suspensions_until on suspensions (until) where state = 'active';

-- Whoever is suspended gets no seat and no place in a line, whichever way it would come about. The lock on the person's row makes a
-- booking wait for a suspension that is just being made, and the other way round, so that what was booked before is let go with the
-- rest. No row is inserted then, as when somebody else was faster.
create function keep_suspended_out() returns trigger language plpgsql as $$
declare
    since timestamptz;
begin
    select people.suspended_at into since from people where people.id = new.person_id for share;
    if since is not null then
        return null;
    end if;
    return new;
end
$$;
create trigger bookings_of_nobody_suspended before insert on bookings
for each row execute function keep_suspended_out();
create trigger bookings_again_of_nobody_suspended before update of state on bookings
for each row when (old.state not in ('held', 'confirmed') and new.state in ('held', 'confirmed'))
execute function keep_suspended_out();
create trigger waits_of_nobody_suspended before insert on waits
for each row execute function keep_suspended_out();

-- Hosts write to nobody who is suspended.
create or replace function people_of_circle(circle uuid) returns table (person_id uuid)
language sql stable parallel safe
as $$
    select bookings.person_id
    from gatherings join bookings on bookings.gathering_id = gatherings.id
    join people on people.id = bookings.person_id and people.suspended_at is null
    left join attendance on attendance.booking_id = bookings.id
    where gatherings.circle_id = circle and gatherings.state = 'open'
        and gatherings.starts_at > now() - interval '1 year'
        and ((bookings.state = 'confirmed' and gatherings.ends_at > now()) or attendance.booking_id is not null)
    group by bookings.person_id
$$;

create or replace function message_recipients(message_id uuid) returns table (person_id uuid, booking_id uuid)
language sql stable parallel safe
as $$
    with message as (select * from messages where messages.id = message_id),

    addressed as (
        select bookings.person_id, bookings.id as booking_id, gatherings.starts_at
        from message
        join gatherings on gatherings.id = message.gathering_id
        join bookings on bookings.gathering_id = gatherings.id and bookings.state = 'confirmed'
        where message.audience = 'gathering' and (message.booking_id is null or message.booking_id = bookings.id)
        union all
        select bookings.person_id, bookings.id, gatherings.starts_at
        from message
        join gatherings on gatherings.circle_id = message.circle_id
        join bookings on bookings.gathering_id = gatherings.id and bookings.state = 'confirmed'
        where message.audience = 'ahead' and gatherings.state = 'open' and gatherings.ends_at > now()
        union all
        select bookings.person_id, bookings.id, null
        from message
        join bookings on bookings.gathering_id = last_registered(message.circle_id)
        join attendance on attendance.booking_id = bookings.id
        where (message.audience, attendance.mark) in (('came', 'came'), ('absent', 'absent'))
        union all
        select waits.person_id, null, null
        from message
        join gatherings on gatherings.id = message.gathering_id or gatherings.circle_id = message.circle_id
        join waits on waits.gathering_id = gatherings.id and waits.state in ('waiting', 'offered')
        where message.audience = 'waiting' and gatherings.state = 'open' and gatherings.starts_at > now()
        union all
        select chosen.person_id, null, null
        from message
        join message_people as chosen on chosen.message_id = message.id
        where message.audience = 'chosen'
            and chosen.person_id in (select people_of_circle.person_id from people_of_circle(message.circle_id))
    )

    select distinct on (addressed.person_id) addressed.person_id, addressed.booking_id
    from addressed join people on people.id = addressed.person_id
    where people.email not like '%@gone.invalid' and people.suspended_at is null
    order by addressed.person_id, addressed.starts_at, addressed.booking_id
$$;
