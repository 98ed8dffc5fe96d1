-- Messages to people of a circle, messages that go at a set time, and reading them on the site.

-- A message is about one gathering, or about a circle. The code before reads those of gatherings alone.
-- squawk-ignore ban-drop-not-null
alter table messages alter column gathering_id drop not null;
alter table messages
add circle_id uuid references circles (id) on delete cascade,
-- To whom: those booked at its gathering (or the one of its booking), or on its waiting list; of a circle those with a seat
-- ahead, those on a waiting list, those who came or were absent last time, or those its writer chose.
add audience text not null default 'gathering',
-- The mail says only that there is a message.
add is_short boolean not null default false,
-- When it goes, as clocks show it in the zone of its gathering or circle, and in UTC. It goes by itself once scheduled.
add send_wall timestamp,
add send_at timestamptz,
add is_scheduled boolean not null default false,
-- Why it did not go at its time.
add held_because text not null default '',
add constraint message_is_about_one check ((gathering_id is null) <> (circle_id is null)),
add constraint message_audience_known check (audience in ('gathering', 'ahead', 'came', 'absent', 'chosen', 'waiting')),
add constraint message_audience_of_circle check (audience = 'waiting' or (audience = 'gathering') = (circle_id is null)),
add constraint message_time_has_wall check ((send_at is null) = (send_wall is null)),
add constraint message_scheduled_for_a_time check (not is_scheduled or (send_at is not null and state = 'draft'));
-- squawk-ignore require-concurrent-index-creation
create index messages_circle on messages (circle_id, sent_at desc) where circle_id is not null;
-- squawk-ignore require-concurrent-index-creation
create index messages_scheduled on messages (send_at) where is_scheduled;
-- squawk-ignore require-concurrent-index-creation
create index messages_sent on messages (sent_at) where state = 'sent';

-- The people of a message: those chosen for it (gone_at is null), and those it went to, who read it on the site.
create table message_people (
    message_id uuid not null references messages (id) on delete cascade,
    person_id uuid not null references people (id) on delete cascade,
    gone_at timestamptz,
    -- No host is shown this.
    read_at timestamptz,
    primary key (message_id, person_id),
    constraint message_read_after_it_went check (read_at is null or gone_at is not null)
);
create index message_people_person on message_people (person_id, gone_at desc, message_id);

-- One row if somebody may write to the people of a message's gathering or circle, with their part in it.
create function may_write(gathering uuid, circle uuid, person uuid) returns table (part text)
language sql stable parallel safe
as $$
    select part from may_manage_gathering(gathering, person) where gathering is not null and may_change
    union all
    select part from may_manage(circle, person) where circle is not null and may_change
$$;

-- The last gathering of a circle that is over and whose register has marks.
create function last_registered(circle uuid) returns uuid
language sql stable parallel safe
as $$
    select gatherings.id from gatherings
    where gatherings.circle_id = circle and gatherings.state = 'open' and gatherings.ends_at <= now()
        and exists (
            select from bookings join attendance on attendance.booking_id = bookings.id
            where bookings.gathering_id = gatherings.id
        )
    order by gatherings.starts_at desc limit 1
$$;

-- Who belongs to a circle: those with a seat ahead, and those with a mark in a register of the last year.
create function people_of_circle(circle uuid) returns table (person_id uuid)
language sql stable parallel safe
as $$
    select bookings.person_id
    from gatherings join bookings on bookings.gathering_id = gatherings.id
    left join attendance on attendance.booking_id = bookings.id
    where gatherings.circle_id = circle and gatherings.state = 'open'
        and gatherings.starts_at > now() - interval '1 year'
        and ((bookings.state = 'confirmed' and gatherings.ends_at > now()) or attendance.booking_id is not null)
    group by bookings.person_id
$$;

-- Whom a message would go to now, each with a seat that it is about, if there is one.
create function message_recipients(message_id uuid) returns table (person_id uuid, booking_id uuid)
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
    where people.email not like '%@gone.invalid'
    order by addressed.person_id, addressed.starts_at, addressed.booking_id
$$;
