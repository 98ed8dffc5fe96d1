-- name: room(id, person)^
-- a gathering with its room, for whoever holds it or keeps its register
select
    gatherings.id, gatherings.circle_id, circles.name as circle_name, circles.place,
    coalesce(nullif(gatherings.city, ''), circles.city) as city,
    coalesce(nullif(gatherings.address, ''), circles.address) as address,
    coalesce(nullif(gatherings.join_link, ''), circles.join_link) as join_link,
    gatherings.starts_at, gatherings.ends_at, gatherings.zone, gatherings.length_minutes, gatherings.capacity,
    gatherings.seats_taken, gatherings.note, gatherings.state, gatherings.opened_at, gatherings.closed_at,
    gatherings.checks, circles.asks_co, circles.asks_card, opener.name as opener_name,
    coalesce(hosts.part, 'stand_in') as part, now() as now
from gatherings
join circles on circles.id = gatherings.circle_id
join people as viewer on viewer.id = :person
left join hosts on hosts.circle_id = circles.id and hosts.person_id = viewer.id
left join stand_ins on stand_ins.gathering_id = gatherings.id and stand_ins.person_id = viewer.id
left join people as opener on opener.id = gatherings.opened_by
where gatherings.id = :id
    and (
        hosts.part = 'helper'
        or (
            (hosts.part in ('lead', 'co') or stand_ins.person_id is not null)
            and (viewer.is_facilitator or viewer.is_organizer)
        )
    );

-- name: expected(gathering)
-- whoever has a confirmed seat, with what they want the room to know (until the day after) and the notes about them
select
    bookings.id, bookings.person_id, bookings.seat, people.name, people.pronouns,
    coalesce(attendance.mark, '') as mark,
    case when here.ends_at > now() - interval '1 day' then people.access_needs else '' end as access_needs,
    not exists (
        select from bookings as earlier
        join gatherings as before on before.id = earlier.gathering_id
        join attendance as kept on kept.booking_id = earlier.id
        where earlier.person_id = bookings.person_id and before.circle_id = here.circle_id
            and before.starts_at < here.starts_at and kept.mark = 'came'
    ) as first_time,
    (
        select count(*) from hand_over_notes
        where hand_over_notes.about = bookings.person_id and hand_over_notes.circle_id = here.circle_id
            and hand_over_notes.written_at > now() - interval '30 days'
    ) as notes
from bookings
join gatherings as here on here.id = bookings.gathering_id
join people on people.id = bookings.person_id
left join attendance on attendance.booking_id = bookings.id
where bookings.gathering_id = :gathering and bookings.state = 'confirmed'
order by lower(people.name), bookings.seat;

-- name: keep_tap(key, booking, mark, ago, who)$
-- one tap, kept once; nothing when its key was there before
insert into taps (key, booking_id, mark, tapped_at, who)
values (:key, :booking, :mark, clock_timestamp() - :ago::interval, :who)
on conflict (key) do nothing
returning key;

-- name: newest_tap(booking)$
-- the tap that stands
select key from taps where booking_id = :booking order by tapped_at desc, key desc limit 1;

-- name: marks(gathering)
-- what the register says of every confirmed booking
select bookings.id, coalesce(attendance.mark, '') as mark
from bookings left join attendance on attendance.booking_id = bookings.id
where bookings.gathering_id = :gathering and bookings.state = 'confirmed';

-- name: forget_old_taps()!
-- taps that no phone can still be sending
delete from taps where tapped_at < now() - interval '31 days';

-- name: lock_register(id)!
-- a gathering, locked while its register is closed
select id from gatherings where id = :id for update;

-- name: close_register(id, who)!
-- the register is whole
update gatherings set closed_at = now(), closed_by = :who where id = :id;

-- name: open_register(id)!
-- marks can be changed again
update gatherings set closed_at = null, closed_by = null where id = :id;

-- name: write_note(circle, gathering, about, who, body)<!
-- what one host tells the next
insert into hand_over_notes (circle_id, gathering_id, about, written_by, body)
values (:circle, :gathering, :about, :who, :body)
returning id;

-- name: take_note_away(id, who)^
-- a note taken away by whoever wrote it
delete from hand_over_notes where id = :id and written_by = :who returning id, gathering_id, circle_id;

-- name: notes_of_circle(circle, gathering)
-- the notes of a circle, or of one of its gatherings, newest first
select
    hand_over_notes.id, hand_over_notes.body, hand_over_notes.written_at, hand_over_notes.written_by,
    hand_over_notes.gathering_id, hand_over_notes.about, member.name, member.pronouns,
    writer.name as writer_name, gatherings.starts_at, gatherings.zone
from hand_over_notes
join people as member on member.id = hand_over_notes.about
join gatherings on gatherings.id = hand_over_notes.gathering_id
left join people as writer on writer.id = hand_over_notes.written_by
where hand_over_notes.circle_id = :circle
    and (:gathering::uuid is null or hand_over_notes.gathering_id = :gathering)
    and hand_over_notes.written_at > now() - interval '30 days'
order by hand_over_notes.written_at desc, hand_over_notes.id;

-- name: who_came(gathering, booking, person)^
-- somebody who came to a gathering, for whoever holds it
select
    bookings.id, bookings.person_id, member.name, gatherings.id as gathering_id, circles.name as circle_name,
    gatherings.starts_at, gatherings.zone, coalesce(hosts.part, 'stand_in') as part
from bookings
join gatherings on gatherings.id = bookings.gathering_id
join circles on circles.id = gatherings.circle_id
join attendance on attendance.booking_id = bookings.id and attendance.mark = 'came'
join people as member on member.id = bookings.person_id
join people as viewer on viewer.id = :person and (viewer.is_facilitator or viewer.is_organizer)
left join hosts on hosts.circle_id = circles.id and hosts.person_id = viewer.id
left join stand_ins on stand_ins.gathering_id = gatherings.id and stand_ins.person_id = viewer.id
where bookings.id = :booking and gatherings.id = :gathering and bookings.state = 'confirmed'
    and bookings.person_id <> viewer.id and (hosts.part in ('lead', 'co') or stand_ins.person_id is not null);

-- name: noted_circle(id, person)^
-- a circle for whoever may read its notes
select circles.id, circles.name, exists (
    select from hosts where hosts.circle_id = circles.id and hosts.person_id = viewer.id
) as hosts_it
from circles
join people as viewer on viewer.id = :person
where circles.id = :id and (
    viewer.is_organizer
    or (
        viewer.is_facilitator and exists (
            select from hosts
            where hosts.circle_id = circles.id and hosts.person_id = viewer.id and hosts.part in ('lead', 'co')
        )
    )
);

-- name: forget_old_notes()
-- notes older than 30 days, with the circle each was of
delete from hand_over_notes where written_at <= now() - interval '30 days' returning id;
