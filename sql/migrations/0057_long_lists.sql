-- Long lists: indexes in the order in which they are read, so that a page costs the same whatever lies behind it.

-- Gatherings by their start. The smaller one, of the open ones alone, is a part of it.
-- squawk-ignore require-concurrent-index-creation
create index gatherings_start on gatherings (starts_at, id);
-- squawk-ignore require-concurrent-index-deletion
drop index gatherings_ahead;

-- The open gatherings ahead of published circles that pass the filters of the public list; a filter that is null passes
-- all. days, parts, after, until: of a visitor whose offsets from UTC are given, or of each circle. means: the most a
-- visitor can pay. Written so that it becomes a part of the query that calls it.
create function open_ahead(
    since timestamptz [], seconds int [], place text, format text, days int [], parts text [], after date, until date,
    means int, seats boolean
)
returns table (id uuid, starts_at timestamptz)
language sql stable parallel safe
as $$
    select gatherings.id, gatherings.starts_at
    from gatherings
    join circles on circles.id = gatherings.circle_id
    cross join lateral (
        select coalesce(local_time(gatherings.starts_at, $1, $2), gatherings.wall_start) as wall
    ) as local
    where gatherings.state = 'open' and circles.state = 'published'
        -- A day is at most 26 hours from the same day in UTC; what lies further away is not looked at.
        and gatherings.starts_at > greatest(now(), $7 - interval '2 days')
        and gatherings.starts_at < coalesce($8 + interval '3 days', 'infinity')
        and ($3 is null or circles.place = $3)
        and ($4 is null or circles.format = $4)
        and ($5 is null or extract(isodow from local.wall) = any($5))
        and (
            $6 is null
            or case
                when extract(hour from local.wall) < 12 then 'morning'
                when extract(hour from local.wall) < 18 then 'afternoon'
                else 'evening'
            end = any($6)
        )
        and ($7 is null or local.wall::date >= $7)
        and ($8 is null or local.wall::date <= $8)
        and (
            $9 is null or circles.minimum <= $9
            or (
                gatherings.community_seats > gatherings.community_taken
                and gatherings.seats_taken < gatherings.capacity
            )
        )
        and (not $10 or gatherings.seats_taken < gatherings.capacity)
$$;

-- Bookings of a state, the latest first.
-- squawk-ignore require-concurrent-index-creation
create index bookings_state on bookings (state, created_at desc, id desc);

-- Those who host and organize, among all people.
-- squawk-ignore require-concurrent-index-creation
create index people_facilitators on people (name_key, email) where is_facilitator;
-- squawk-ignore require-concurrent-index-creation
create index people_organizers on people (name_key, email) where is_organizer;

-- The pieces of a text by which parts of it are found: every three letters in a row, and one or two letters that begin a
-- word, after ^. An index of them finds a part anywhere in a name, and needs no extension.
create function pieces(words text) returns text []
language sql immutable strict parallel safe
as $$
    select array(
        select substr(words, place, 3) from generate_series(1, length(words) - 2) as place
        union all
        select '^' || left(word, size)
        from regexp_split_to_table(words, '[ @._+-]+') as word, generate_series(1, 2) as size
    )
$$;

-- The pieces that a text has if it contains a part.
create function pieces_of_part(part text) returns text []
language sql immutable strict parallel safe
as $$
    select case when length(part) < 3 then array['^' || part] else array(
        select substr(part, place, 3) from generate_series(1, length(part) - 2) as place
    ) end
$$;

-- squawk-ignore require-concurrent-index-creation
create index people_pieces on people using gin (pieces(name_key || ' ' || email));

-- What a query, a page or the timetable looks rows up by, and had to read a whole table for.
-- squawk-ignore require-concurrent-index-creation
create index gatherings_zone on gatherings (zone);
-- squawk-ignore require-concurrent-index-creation
create index operations_checkout on operations (checkout_id);
-- squawk-ignore require-concurrent-index-creation
create index operations_stripe_id on operations (stripe_id) where kind = 'refund';
-- squawk-ignore require-concurrent-index-creation
create index sendings_booking on sendings (booking_id);
-- squawk-ignore require-concurrent-index-creation
create index requests_gathering on requests (gathering_id) where gathering_id is not null;
-- squawk-ignore require-concurrent-index-creation
create index messages_drafts on messages (created_at) where state = 'draft';
-- squawk-ignore require-concurrent-index-creation
create index mails_sign_in on mails (created_at) where kind = 'sign_in';
-- squawk-ignore require-concurrent-index-creation
create index mails_sent on mails (sent_at) where sent_at is not null;
-- squawk-ignore require-concurrent-index-creation
create index stripe_events_received on stripe_events (received_at);
-- squawk-ignore require-concurrent-index-creation
create index sign_ins_over on sign_ins (least(expires_at, coalesce(ended_at, expires_at)));
-- squawk-ignore require-concurrent-index-creation
create index circles_name_key on circles (name_key, id);

-- Who may lead and stand in, looked up at once: the planner took the exception for the rule, and read every gathering.
create or replace view orphaned_circles as
select circles.id
from circles
where circles.state <> 'archived' and not exists (
    select from hosts
    where hosts.circle_id = circles.id and hosts.part = 'lead' and hosts.person_id in (
        select people.id from people where people.is_facilitator
        union all
        select people.id from people where people.is_organizer
    )
);

create or replace view orphaned_stand_ins as
with others as materialized (
    select stand_ins.gathering_id, stand_ins.person_id from stand_ins
    where stand_ins.person_id not in (
        select people.id from people where people.is_facilitator
        union all
        select people.id from people where people.is_organizer
    )
)

select others.gathering_id, others.person_id, gatherings.circle_id
from others cross join lateral (
    select circle_id from gatherings
    where gatherings.id = others.gathering_id and gatherings.state = 'open' and gatherings.ends_at > now()
    limit 1
) as gatherings;

-- These give one row at most; taken for a thousand, they made the planner read whole tables.
alter function may_host(uuid, uuid) rows 1;
alter function may_host_gathering(uuid, uuid) rows 1;
alter function may_manage(uuid, uuid) rows 1;
alter function may_manage_gathering(uuid, uuid) rows 1;
alter function admission_to(uuid, uuid, uuid) rows 1;
alter function undelivered(uuid) rows 1;

-- How many of those booked at a gathering are marked in its register, and how many came: kept by the transaction that
-- marks, so that sums over many gatherings need not read every mark.
create table register_counts (
    gathering_id uuid primary key references gatherings (id) on delete cascade,
    marked smallint not null default 0,
    came smallint not null default 0
);

create function count_marks() returns trigger language plpgsql as $$
begin
    insert into register_counts as counts (gathering_id, marked, came)
    select
        bookings.gathering_id, (tg_op = 'INSERT')::int - (tg_op = 'DELETE')::int,
        coalesce((new.mark = 'came')::int, 0) - coalesce((old.mark = 'came')::int, 0)
    from bookings where bookings.id = coalesce(new.booking_id, old.booking_id)
    on conflict (gathering_id) do update set
        marked = counts.marked + excluded.marked, came = counts.came + excluded.came;
    return null;
end
$$;
-- At the end of the transaction, when it has every lock that it needs: two that mark the same register cannot wait for
-- each other.
create constraint trigger attendance_count_marks after insert or update of mark or delete on attendance
deferrable initially deferred
for each row execute function count_marks();

insert into register_counts (gathering_id, marked, came)
select bookings.gathering_id, count(*), count(*) filter (where attendance.mark = 'came')
from attendance join bookings on bookings.id = attendance.booking_id
group by bookings.gathering_id;
