-- name: hosted_gathering(id, actor_id)^
-- one gathering for its hosts, its helpers and its stand-in, with the clock of the database and those who came without a
-- booking; no row for anybody else
select
    gatherings.id, gatherings.circle_id, circles.name as circle_name, circles.place, circles.currency,
    coalesce(nullif(gatherings.city, ''), circles.city) as city,
    coalesce(nullif(gatherings.address, ''), circles.address) as address,
    coalesce(nullif(gatherings.join_link, ''), circles.join_link) as join_link,
    gatherings.starts_at, gatherings.ends_at, gatherings.zone, gatherings.length_minutes, gatherings.capacity,
    gatherings.seats_taken, gatherings.note, gatherings.state, gatherings.cancel_reason, gatherings.opened_at,
    gatherings.closed_at, gatherings.checks, circles.asks_co, circles.asks_card, opener.name as opener_name,
    closer.name as closer_name,
    host.part, stand_in.name as stand_in_name, now() as now,
    case when host.may_change then pairs_together(gatherings.id, :actor_id) else '[]' end as kept_apart,
    (
        select coalesce(jsonb_agg(
            jsonb_build_object(
                'id', walk_ins.id, 'name', coalesce(people.name, walk_ins.name), 'seat', walk_ins.seat,
                'person_id', walk_ins.person_id, 'late', walk_ins.late, 'left_early', walk_ins.left_early
            )
            order by walk_ins.added_at, walk_ins.id
        ), '[]')
        from walk_ins left join people on people.id = walk_ins.person_id
        where walk_ins.gathering_id = gatherings.id and walk_ins.removed_at is null
    ) as walk_ins
from gatherings
join circles on circles.id = gatherings.circle_id
join may_host_gathering(gatherings.id, :actor_id) as host on true
left join stand_ins on stand_ins.gathering_id = gatherings.id
left join people as stand_in
    on stand_in.id = stand_ins.person_id and (stand_in.is_facilitator or stand_in.is_organizer)
left join people as opener on opener.id = gatherings.opened_by
left join people as closer on closer.id = gatherings.closed_by
where gatherings.id = :id;

-- name: roster(gathering)
-- the confirmed seats, each with its mark, what its person wants the hosts to know (until the day after), whether it is
-- their first time in this circle, whether they still have to agree to changed guidelines, how many notes there are
-- about them, whether mail does not reach them, and what they answered to the invite since it last changed. Of a given seat
-- that nobody answered yet hosts read what they typed themselves
select
    bookings.id, bookings.person_id, bookings.seat, name_for_hosts(bookings.id, people.name) as name,
    case when given.booking_id is null then people.pronouns else '' end as pronouns,
    coalesce(given.email, people.email) as email, coalesce(given.given_at, people.created_at) as created_at,
    given.booking_id is not null as unanswered,
    coalesce(attendance.mark, '') as mark, coalesce(attendance.late, false) as late,
    coalesce(attendance.left_early, false) as left_early,
    given.booking_id is null and must_agree_to(bookings.person_id, circles.guidelines_id) is not null as must_agree,
    case when here.ends_at > now() - interval '1 day' and given.booking_id is null then people.access_needs else '' end as access_needs,
    given.booking_id is null and not exists (
        select from bookings as earlier
        join gatherings as before on before.id = earlier.gathering_id
        join attendance as kept on kept.booking_id = earlier.id
        where earlier.person_id = bookings.person_id and before.circle_id = here.circle_id
            and before.starts_at < here.starts_at and kept.mark = 'came'
    ) as first_time,
    (
        select count(*) from hand_over_notes
        where hand_over_notes.about = bookings.person_id and hand_over_notes.circle_id = here.circle_id
            and hand_over_notes.written_at > now() - interval '30 days' and given.booking_id is null
    ) as notes,
    exists (
        select from unreached_addresses
        where unreached_addresses.address = people.email
            and unreached_addresses.since >= coalesce(given.given_at, unreached_addresses.since)
    ) as unreached,
    coalesce((
        select replies.answer from invites join invite_replies as replies on replies.invite_id = invites.id
        where invites.gathering_id = bookings.gathering_id and invites.person_id = bookings.person_id
            and replies.received_at >= invites.changed_at
    ), '') as calendar_answer
from bookings
left join given_seats as given on given.booking_id = bookings.id and given.answered_at is null
join gatherings as here on here.id = bookings.gathering_id
join circles on circles.id = here.circle_id
join people on people.id = bookings.person_id
left join attendance on attendance.booking_id = bookings.id
where bookings.gathering_id = :gathering and bookings.state = 'confirmed'
order by coalesce(given.name_key, people.name_key), bookings.seat;

-- name: lock_register(gathering)$
-- a gathering, held while marks are made, so that its register does not close meanwhile; always before any booking of it
select id from gatherings where id = :gathering for share;

-- name: lock_seat(booking, gathering)$
-- a confirmed booking of this gathering, locked so that it cannot be canceled while it is marked
select id from bookings
where id = :booking and gathering_id = :gathering and state = 'confirmed'
for update;

-- name: lock_walk_in(walk_in, gathering)$
-- somebody who came to this gathering without a booking, locked so that they cannot be taken off while they are marked
select id from walk_ins
where id = :walk_in and gathering_id = :gathering and removed_at is null
for no key update;

-- name: marks(gathering)
-- the mark of every confirmed booking, empty where there is none
select
    bookings.id, coalesce(attendance.mark, '') as mark, coalesce(attendance.late, false) as late,
    coalesce(attendance.left_early, false) as left_early
from bookings left join attendance on attendance.booking_id = bookings.id
where bookings.gathering_id = :gathering and bookings.state = 'confirmed';

-- name: present_mark(booking, walk_in)^
-- the mark of one booking or walk-in as it is now
select mark, late, left_early from attendance where booking_id = :booking
union all
select 'came', late, left_early from walk_ins where id = :walk_in;

-- name: insert_tap(key, booking, walk_in, mark, late, left_early, ago, actor_id)$
-- one tap, by its key, which is a mark of the register; no row when the key was there before
insert into taps (key, booking_id, walk_in_id, mark, late, left_early, tapped_at, who)
values (:key, :booking, :walk_in, :mark, :late, :left_early, clock_timestamp() - :ago::interval, :actor_id)
on conflict (key) do nothing
returning key;

-- name: mark_rest_absent(gathering, actor_id)
-- whoever has a confirmed seat and no mark is marked absent, as the register closes
insert into register_marks (gathering_id, booking_id, mark, made_by, source)
select bookings.gathering_id, bookings.id, 'absent', :actor_id, 'closing'
from bookings
where bookings.gathering_id = :gathering and bookings.state = 'confirmed'
    and not exists (select from attendance where attendance.booking_id = bookings.id)
returning booking_id;

-- name: forget_old_taps()!
-- taps older than 31 days: no phone sends them again
delete from taps where tapped_at < now() - interval '31 days';

-- name: recorded_gathering(id, actor_id)^
-- a gathering for who may read the record of its register: its hosts, its helpers, its stand-in, and organizers
select
    gatherings.id, gatherings.circle_id, gatherings.starts_at, gatherings.ends_at, gatherings.zone, gatherings.state,
    gatherings.closed_at, circles.name as circle_name, host.part is not null as hosts_it, now() as now
from gatherings
join circles on circles.id = gatherings.circle_id
join people as viewer on viewer.id = :actor_id
left join may_host_gathering(gatherings.id, viewer.id) as host on true
where gatherings.id = :id and (host.part is not null or viewer.is_organizer);

-- name: record(gathering, line, after, most)
-- the marks of a register, or of one line of it (a booking or a walk-in), the last that came first, after one of them
select
    marks.id, marks.booking_id, marks.walk_in_id, marks.mark, marks.late, marks.left_early, marks.made_at, marks.received_at,
    marks.source, makers.name as maker_name,
    coalesce(
        case when marks.booking_id is not null then name_for_hosts(marks.booking_id, booked.name) end,
        came.name, nullif(walk_ins.name, ''), 'Somebody'
    ) as name
from register_marks as marks
left join bookings on bookings.id = marks.booking_id
left join people as booked on booked.id = bookings.person_id
left join walk_ins on walk_ins.id = marks.walk_in_id
left join people as came on came.id = walk_ins.person_id
left join people as makers on makers.id = marks.made_by
where marks.gathering_id = :gathering and (:after::bigint = 0 or marks.id < :after)
    and (:line::uuid is null or :line::uuid in (marks.booking_id, marks.walk_in_id))
order by marks.id desc
limit :most;

-- name: closings(gathering, most)
-- when a register was closed and opened again, by whom and why, the newest first
select events.what, events.at, events.why, people.name
from events left join people on people.id = events.who
where events.about = :gathering and events.what in ('register.closed', 'register.reopened')
order by events.id desc
limit :most;
